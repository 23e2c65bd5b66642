"""Where the tests keep sessions: each kind of store is named once, in KINDS."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from specimen.mockserver.sessions.session_record import FOREVER, Record
from specimen.mockserver.sessions.store import Bounds, Phase, Space, Store
from specimen.mockserver.sessions.store.memory import MemoryStore
from specimen.mockserver.sessions.store.sqlite import SqliteStore
from tests.mockserver.store import redis_server

SPACE = Space("default", "atlas")
OTHER = Space("default", "boreas")
ELSEWHERE = Space("team-a", "atlas")
_BOUNDS = Bounds()
_prefixes = itertools.count()


class Place:
    """A store's data; `connect` gives one more client of it, as another process would have."""

    def __init__(self, kind: str, connect: Callable[[Bounds], Store], url: str = "") -> None:
        self.kind = kind
        self.connect = connect
        self.url = url

    @contextlib.asynccontextmanager
    async def opened(self, bounds: Bounds = _BOUNDS) -> AsyncIterator[Store]:
        """An open client."""
        store = self.connect(bounds)
        await store.open()
        try:
            yield store
        finally:
            await store.close()


def _sqlite(folder: Path, request: pytest.FixtureRequest) -> Place:
    path = folder / "store.db"
    return Place("sqlite", lambda bounds: SqliteStore(path, bounds), f"sqlite:///{path}")


def _at(kind: str, url: str) -> Place:
    from specimen.mockserver.sessions.store.redis import RedisStore

    own = f"{url}?prefix=test-{next(_prefixes)}:"
    return Place(kind, lambda bounds: RedisStore(own, bounds), own)


def _redis(folder: Path, request: pytest.FixtureRequest) -> Place:
    return _at("redis", request.getfixturevalue("redis_url"))


def _cluster(folder: Path, request: pytest.FixtureRequest) -> Place:
    return _at("cluster", request.getfixturevalue("cluster_url"))


def _memory(folder: Path, request: pytest.FixtureRequest) -> Place:
    kept: list[Store] = []

    def connect(bounds: Bounds) -> Store:
        if not kept:  # all clients are one
            kept.append(MemoryStore(bounds))
        return kept[0]

    return Place("memory", connect)


KINDS: dict[str, Callable[[Path, pytest.FixtureRequest], Place]] = {
    "memory": _memory,
    "sqlite": _sqlite,
    "redis": _redis,
    "cluster": _cluster,
}
SHARED = [kind for kind in KINDS if kind != "memory"]
needs_redis = pytest.mark.skipif(redis_server.PROGRAM is None, reason=redis_server.WHY_NOT)


def params(kinds: list[str]) -> list[Any]:
    """Kinds as parameters of a test; those that need Redis say so where it is missing."""
    return [pytest.param(kind, marks=[needs_redis] if kind in ("redis", "cluster") else []) for kind in kinds]


def record(session_id: str, space: Space = SPACE, **more: Any) -> Record:
    """A session."""
    values: dict[str, Any] = {"scenario": "done", "seed": 1, "created_at": 0, "made_at": 0, "speed": 1.0, "steps": 2, **more}
    return Record(space.namespace, session_id, **values)


def phase(state: str = "open", until: int = FOREVER) -> Phase:
    """A phase."""
    return Phase(state, until)


async def fill(store: Store, *session_ids: str, space: Space = SPACE, state: str = "open", **more: Any) -> list[Record]:
    """Adds sessions, in this order."""
    made = [record(session_id, space, **more) for session_id in session_ids]
    for each in made:
        assert await store.add(space, each, phase(state))
    return made
