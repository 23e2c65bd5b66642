"""What a client of `specimen serve` gets while its Redis hangs, from every vendor."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from specimen import specs
from specimen.mockserver.sessions.catalogue.scenario_requests import encoded_body
from tests.mockserver.calling import assert_vendors_error, create_entry, frozen_app
from tests.mockserver.store import redis_server
from tests.mockserver.store.places import needs_redis
from tests.serving import serving

CLIENTS = 12
# What docs/store.md promises of an answer while the store is away.
SECONDS = 2.0


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """The URL of a server of all vendors, and its Redis' process id."""
    folder = tmp_path_factory.mktemp("served")
    with redis_server.serving(folder) as redis, serving("--store", redis.url, folder=folder) as url:
        assert redis.process is not None
        try:
            yield url, redis.process.pid
        finally:
            os.kill(redis.process.pid, signal.SIGCONT)


async def _timed(client: httpx.AsyncClient, entry: dict[str, Any], key: str | None) -> tuple[float, httpx.Response]:
    body, content_type = encoded_body(entry["body"])
    headers = {"Content-Type": content_type, **entry["headers"], **({} if key is None else {"Idempotency-Key": key})}
    began = time.monotonic()
    answer = await client.request(entry["method"], entry["path"], headers=headers, content=body)
    return time.monotonic() - began, answer


@needs_redis
@pytest.mark.parametrize("name", specs.names())
async def test_store__hangs(name: str, served: tuple[str, int]) -> None:
    """Creates with one Idempotency-Key are 503 in the vendor's form after one wait; when Redis goes on, one is made at once."""
    url, redis = served
    app = frozen_app(name)
    entry = create_entry(app, name)
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        _, before = await _timed(client, entry, None)
        assert before.is_success, before.text
        os.kill(redis, signal.SIGSTOP)
        try:
            answers = await asyncio.gather(*(_timed(client, entry, "one-key") for _ in range(CLIENTS)))
        finally:
            os.kill(redis, signal.SIGCONT)
        assert {answer.status_code for _, answer in answers} == {503}
        for _, answer in answers:
            assert_vendors_error(app.mounted[name].provider, entry["operation"], answer)
        assert max(took for took, _ in answers) < SECONDS
        took, after = await _timed(client, entry, "one-key")
        assert after.status_code == before.status_code
        assert took < SECONDS
