"""The stores that webhooks are tested on."""

from __future__ import annotations

import pytest

from tests.mockserver.store import redis_server

needs_redis = pytest.mark.skipif(redis_server.PROGRAM is None, reason=redis_server.WHY_NOT)
REDIS = pytest.param("redis", marks=needs_redis)


def _url(kind, folder):
    if kind == "redis":
        (folder / "redis").mkdir()
        with redis_server.serving(folder / "redis") as server:
            yield server.url
        return
    yield {"memory": "memory", "sqlite": f"sqlite:///{folder / 'store.db'}"}[kind]


@pytest.fixture(params=["memory", "sqlite", REDIS])
def store_url(request, tmp_path):
    """The URL of a store, of each kind."""
    yield from _url(request.param, tmp_path)


@pytest.fixture(params=["sqlite", REDIS])
def shared_store_url(request, tmp_path):
    """The URL of a store that several processes may share, of each kind."""
    yield from _url(request.param, tmp_path)
