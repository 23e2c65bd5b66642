"""Two servers that share a store, and fifty clients at once: each promise holds as if there were one server."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from specimen.mockserver.sessions.store import Page, Space, Store
from tests.mockserver.store.peer import connected
from tests.mockserver.store.places import KINDS, SHARED, params
from tests.mockserver.store.servers import CLIENTS, at_once, clients, replicas

KAYLE = {"Authorization": "Bearer kk_live_specimen"}
KYVE = {"Authorization": "Bearer ak_test_specimen"}
PREDICATE = {"Authorization": "Bearer pk_specimen"}


@pytest.fixture(params=params([kind for kind in SHARED if kind != "cluster"]))
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a store that processes share."""
    place = KINDS[request.param](tmp_path, request)
    return place.url


async def opened(url: str) -> Store:
    """The store itself, beside the servers."""
    store = connected(url)
    await store.open()
    return store


async def test_idempotency_key__of_many(url: str, tmp_path: Path) -> None:
    """One key at once from all is one session and one answer."""
    with replicas(tmp_path, url, "kyve") as urls:
        async with clients(urls, KYVE | {"Idempotency-Key": "one"}) as group:
            answers = await at_once(group, lambda client: client.post("/v1/sessions", json={}))
            assert {answer.status_code for answer in answers} == {201}
            assert len({answer.content for answer in answers}) == 1
            others = await at_once(group, lambda client: client.post("/v1/sessions", json={"metadata": {"a": "b"}}))
            assert {answer.status_code for answer in others} == {409}
        store = await opened(url)
        assert await store.count(Space("default", "kyve")) == 1
        await store.close()


async def test_polls__each_read_once(url: str, tmp_path: Path) -> None:
    """Of 200 reads under polls:100 the first 99 show one state, the next 100 another, and the last a third: no read is lost."""

    async def read(client: httpx.AsyncClient) -> list[str]:
        return [(await client.get(f"/v1/sessions/{session_id}")).json()["data"]["status"] for _ in range(4)]

    with replicas(tmp_path, url, "kayle", "--pace", "polls:100") as urls:
        async with clients(urls, KAYLE) as group:
            session_id = (await group[0].post("/v1/sessions", json={})).json()["data"]["id"]
            seen = Counter(state for states in await at_once(group, read) for state in states)
        assert sorted(seen.values()) == [1, 99, 100]
        store = await opened(url)
        kept = await store.get(Space("default", "kayle"), session_id)
        assert (kept.reads, kept.version, len(kept.events)) == (200, 201, 2)
        await store.close()


async def test_cancel_token__works_once(url: str, tmp_path: Path) -> None:
    """Of many who use it at the same time one withdraws the session; all after that change nothing."""
    with replicas(tmp_path, url, "kayle", "--pace", "manual") as urls:
        async with clients(urls, KAYLE) as group:
            made = (await group[0].post("/v1/sessions", json={})).json()["data"]
            path, body = f"/v1/verify/session/{made['id']}/cancel", {"cancel_token": made["cancel_token"]}
            answers = await at_once(group, lambda client: client.post(path, json=body))
            assert {answer.status_code for answer in answers} <= {204, 409}
            assert 204 in {answer.status_code for answer in answers}
        store = await opened(url)
        kept = await store.get(Space("default", "kayle"), made["id"])
        assert [event.state for event in kept.events] == ["cancelled"]
        await store.close()


async def test_cancel__once_among_reads(url: str, tmp_path: Path) -> None:
    """Cancelling and reads that count, all at once: every change is one version, and the session is cancelled once."""

    async def act(client: httpx.AsyncClient) -> int:
        turn = group.index(client)
        if turn % 5 == 0:
            return (await client.post(f"/v1/sessions/{session_id}/cancel")).status_code
        return (await client.get(f"/v1/sessions/{session_id}")).status_code

    with replicas(tmp_path, url, "kayle", "--pace", "polls:1000") as urls:
        async with clients(urls, KAYLE) as group:
            session_id = (await group[0].post("/v1/sessions", json={})).json()["data"]["id"]
            statuses = await at_once(group, act)
        assert max(statuses) < 500
        store = await opened(url)
        kept = await store.get(Space("default", "kayle"), session_id)
        assert [event.state for event in kept.events] == ["cancelled"]
        assert (kept.reads, kept.version) == (CLIENTS * 4 // 5, 1 + CLIENTS * 4 // 5 + 1)
        await store.close()


async def test_drop__while_others_create(url: str, tmp_path: Path) -> None:
    """Every create is answered, and what is kept afterwards is whole in lists, reads and counts."""

    async def create(client: httpx.AsyncClient) -> list[int]:
        return [(await client.post("/v1/sessions", json={})).status_code for _ in range(6)]

    async def drop(store: Store) -> None:
        for _ in range(8):
            await store.drop("team")
            await asyncio.sleep(0.05)

    with replicas(tmp_path, url, "kayle") as urls:
        store = await opened(url)
        async with clients(urls, KAYLE | {"Specimen-Namespace": "team"}) as group:
            created, _ = await asyncio.gather(at_once(group, create), drop(store))
            assert {status for statuses in created for status in statuses} == {200}
            space = Space("team", "kayle")
            kept = await store.page(space, Page("oldest", 1000))
            assert len(kept) == await store.count(space)
            listed = [len((await client.get("/v1/sessions", params={"limit": 100})).json()["data"]) for client in group[:2]]
            assert listed == [min(100, len(kept))] * 2
        await store.close()


async def test_stream__wakes_across_replicas(url: str, tmp_path: Path) -> None:
    """Fifty streams on one server see at once what reads on the other one move."""

    async def states(stream: httpx.Response) -> list[str]:
        lines = [line async for line in stream.aiter_lines()]
        assert not [line for line in lines if line.startswith(":")]  # what keeps a connection open is not what woke it
        return [json.loads(line.removeprefix("data:"))["status"] for line in lines if line.startswith("data:")]

    with replicas(tmp_path, url, "predicate", "--pace", "polls:1", "--sse-max", "60") as urls:
        async with clients(urls[:1], PREDICATE) as listeners, clients(urls[1:], PREDICATE, 1) as movers:
            made = (await movers[0].post("/api/v1/register/individual", json={})).json()
            session_id = made["data"]["sessionId"] if "data" in made else made["sessionId"]
            began = asyncio.Barrier(CLIENTS + 1)

            async def listen(client: httpx.AsyncClient) -> list[str]:
                async with client.stream("GET", f"/api/v1/status/realtime/individual/{session_id}") as stream:
                    await began.wait()
                    return await states(stream)

            listening = [asyncio.create_task(listen(client)) for client in listeners]
            await began.wait()
            async with asyncio.timeout(50):
                while not all(task.done() for task in listening):
                    assert (await movers[0].get(f"/api/v1/status/individual/{session_id}")).is_success
                    await asyncio.sleep(0.1)
                heard = await asyncio.gather(*listening)
            assert heard == [["pending", "completed"]] * CLIENTS
