"""What callers choose is bounded: an answer names the flag, and memory stays flat."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from specimen.mockserver.app import App
from specimen.mockserver.sessions.request_log import log
from specimen.mockserver.sessions.store import Bounds, Space
from specimen.mockserver.sessions.store.memory import MemoryStore
from specimen.mockserver.testing.in_process import completed
from tests.mockserver.calling import ask, ask_entry, ask_raw, create_entry, frozen_app

KAYLE = {"Authorization": "Bearer kk_live_specimen"}
KYVE = {"Authorization": "Bearer ak_test_specimen", "Content-Type": "application/json"}


def _create(app: App, name: str, **headers: str) -> Any:
    return ask_entry(app, create_entry(app, name), **headers)


def test_sessions__one_too_many() -> None:
    """Another session than the store keeps is 507, and the answer says which flag lets it keep more; reads go on."""
    app = frozen_app("kayle", most_sessions=2)
    made = [_create(app, "kayle") for _ in range(3)]
    assert [answer.status_code for answer in made] == [200, 200, 507]
    assert made[2].headers["content-type"] == "application/problem+json"
    assert "at most 2 sessions" in made[2].json()["detail"]
    assert "--most-sessions" in made[2].json()["detail"]
    assert completed(app.store.count(Space("default", "kayle"))) == 2
    assert len(ask(app, "GET", "/kayle/v1/sessions", KAYLE).json()["data"]) == 2


def test_namespaces__the_least_recently_used_is_ended() -> None:
    """For one namespace too many, the one that nobody used longest ends with its sessions; the default one stays."""
    app = frozen_app("kayle", most_namespaces=3)
    for name in ("default", "a", "b", "a", "c"):
        assert _create(app, "kayle", Specimen_Namespace=name).status_code == 200
    assert completed(app.store.namespaces("", 9)) == ["a", "c", "default"]
    counts = [completed(app.store.count(Space(name, "kayle"))) for name in ("default", "a", "b", "c")]
    assert counts == [1, 2, 0, 1]


def test_namespaces__no_room_for_another() -> None:
    """Where there is room for the default namespace only, another one is 429, and the answer names the flag."""
    app = frozen_app("kayle", most_namespaces=1)
    assert _create(app, "kayle").status_code == 200
    refused = _create(app, "kayle", Specimen_Namespace="a")
    assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")
    assert "--most-namespaces" in refused.json()["detail"]


def test_values__those_that_end_first_go() -> None:
    """Of more idempotency results than the store keeps, the oldest are forgotten; the newest answer again."""
    app = frozen_app("kyve", most_values=3)
    first = [_create(app, "kyve", Idempotency_Key=f"k-{number}").json()["id"] for number in range(5)]
    again = [_create(app, "kyve", Idempotency_Key=f"k-{number}").json()["id"] for number in (4, 0)]
    assert again[0] == first[4]
    assert again[1] != first[0]


def test_values__one_that_is_too_large() -> None:
    """A result that alone is larger than all may be is 507, and the answer names the flag."""
    app = frozen_app("kyve", most_value_bytes=100)
    refused = _create(app, "kyve", Idempotency_Key="k-1")
    assert (refused.status_code, refused.headers["content-type"]) == (507, "application/problem+json")
    assert "--most-value-bytes" in refused.json()["detail"]


@pytest.fixture
def tracing() -> Iterator[None]:
    """Counts what Python allocates."""
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.parametrize(
    "requests",
    [pytest.param(600, id="quick"), pytest.param(200_000, id="many", marks=pytest.mark.long("200,000 requests take minutes"))],
)
def test_memory__flat(requests: int, tracing: None) -> None:
    """New namespaces, idempotency keys, hosts and paths with every request: memory grows up to the bounds, and no further."""
    app = frozen_app("kyve", "kayle", most_namespaces=40, most_values=100, request_log_entries=5, cached_answers=50)
    body = b"{}"

    async def send(number: int) -> int:
        headers = {
            **KYVE,
            "Host": f"host-{number}.example",
            "Specimen-Namespace": f"job-{number}",
            "Idempotency-Key": f"key-{number}",
            "Content-Length": str(len(body)),
        }
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/kyve/v1/sessions",
            "query_string": b"",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }
        statuses: list[int] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def answer(message: Any) -> None:
            statuses.append(message.get("status", 0))

        await app(scope, receive, answer)
        return statuses[0]

    async def send_all(first: int, count: int) -> None:
        for number in range(first, first + count):
            assert await send(number) == 201
            if not number % 100:
                await asyncio.sleep(0)  # as between a server's requests: the loop lets go of timers that were cancelled

    async def measured() -> tuple[int, int]:
        # The caches of places, paths, known namespaces and bodies hold a thousand entries each, those of heads four times that.
        full = min(1_200 + requests, 5_000)
        await send_all(0, full)
        before = tracemalloc.get_traced_memory()[0]
        await send_all(full, requests)
        return before, tracemalloc.get_traced_memory()[0]

    before, after = asyncio.run(measured())
    assert after - before < 2_000_000, f"{before} bytes once the caches are full, {after} after {requests} more"
    assert isinstance(app.store, MemoryStore)
    assert len(completed(app.store.namespaces("", 1_000))) <= 40


def test_bounds__are_those_of_the_settings() -> None:
    """Each bound of the store is a setting."""
    settings = {"most_sessions": 1, "most_namespaces": 2, "most_values": 3, "most_value_bytes": 4, "most_tasks": 6}
    app = frozen_app("kayle", request_log_entries=5, **settings)
    assert app.store.bounds == Bounds(1, 2, 3, 4, 5, 6)


def test_request_log__long_heads_count_as_bodies_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Headers, paths and queries are kept with an exchange, so they count for what the log may hold."""
    monkeypatch.setattr(log, "MOST_BODY_BYTES", 200_000)
    long = "x" * 50_000
    for path, headers, query in (("", {"x-long": long}, b""), (long, {}, b""), ("", {}, long.encode())):
        app = frozen_app("kayle")
        for _ in range(12):
            ask_raw(app, "GET", f"/kayle/v1/sessions/{path}", headers, query=query)
        assert 1 <= len(list(app.namespaces.request_log.exchanges("default"))) <= 4
