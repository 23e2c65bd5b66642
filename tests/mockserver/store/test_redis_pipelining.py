"""The one connection over which the scripts of all requests go: in order, shared, made anew where it is lost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from specimen.mockserver.sessions.store import Space, StoreUnavailable
from specimen.mockserver.sessions.store.redis import RedisStore
from specimen.mockserver.sessions.store.redis.client import connection
from specimen.mockserver.sessions.store.redis.client import pipelining as module
from tests.mockserver.store import redis_server
from tests.mockserver.store.places import SPACE, needs_redis, phase, record


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long a call may take is not the subject here: a machine that does much else takes seconds for two hundred."""
    monkeypatch.setattr(connection, "CALL_SECONDS", 30.0)


@contextlib.asynccontextmanager
async def opened(url: str) -> AsyncIterator[RedisStore]:
    """A store that is open, and closed at the end. Its space is known already: what names one goes over another connection."""
    store = RedisStore(url)
    await store.open()
    await store.increment(SPACE, "first")
    await store.ping()  # what that connection does last is no script
    try:
        yield store
    finally:
        await store.close()


def connections(server: redis_server.RedisServer) -> set[str]:
    """The ids of the connections that ran a script last."""
    with server.client() as client:
        return {one["id"] for one in client.client_list() if one["cmd"] in ("evalsha", "eval")}


@needs_redis
async def test_many_at_once__share_a_connection_and_have_their_own_answers(tmp_path: Path) -> None:
    """Two hundred reads at once, of two hundred sessions."""
    with redis_server.serving(tmp_path) as server:
        async with opened(server.url) as store:
            ids = [f"id{number}" for number in range(200)]
            await asyncio.gather(*(store.add(SPACE, record(name), phase()) for name in ids))
            found = await asyncio.gather(*(store.get(SPACE, name) for name in ids))
            assert [one.id for one in found] == ids
            assert len(connections(server)) == 1


@needs_redis
async def test_caller__that_leaves_takes_no_others_answer(tmp_path: Path) -> None:
    """Every second of a hundred reads is cancelled after it was sent."""
    with redis_server.serving(tmp_path) as server:
        async with opened(server.url) as store:
            ids = [f"id{number}" for number in range(100)]
            await asyncio.gather(*(store.add(SPACE, record(name), phase()) for name in ids))
            tasks = [asyncio.ensure_future(store.get(SPACE, name)) for name in ids]
            await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            found = await asyncio.gather(*tasks, return_exceptions=True)
            assert [one.id for one in found[1::2]] == ids[1::2]
            assert all(isinstance(one, asyncio.CancelledError) for one in found[::2])


@needs_redis
async def test_connection__cut_is_made_anew(tmp_path: Path) -> None:
    """What waits meanwhile is refused with a sentence; what comes after is answered, over one connection again."""
    with redis_server.serving(tmp_path) as server:
        async with opened(server.url) as store:
            await store.add(SPACE, record("a"), phase())
            before = connections(server)
            with server.client() as client:
                for name in before:
                    client.execute_command("CLIENT", "KILL", "ID", name)
            found = await asyncio.gather(*(store.get(SPACE, "a") for _ in range(5)), return_exceptions=True)
            assert all(isinstance(one, StoreUnavailable) or one.id == "a" for one in found)
            found = await asyncio.gather(*(store.get(SPACE, "a") for _ in range(20)))
            assert {one.id for one in found} == {"a"}
            after = connections(server)
            assert len(after) == 1
            assert after != before


@needs_redis
async def test_errors__are_of_the_command_that_made_them(tmp_path: Path) -> None:
    """A script's word ends its own call, and none that was sent with it."""
    with redis_server.serving(tmp_path) as server:
        async with opened(server.url) as store:
            await store.add(SPACE, record("a"), phase())
            missing, found, again = await asyncio.gather(
                store.get(Space("nowhere", SPACE.provider), "a"),
                store.get(SPACE, "a"),
                store.add(SPACE, record("a"), phase()),
                return_exceptions=True,
            )
            assert missing is None
            assert found.id == "a"
            assert again is False or isinstance(again, Exception)


@needs_redis
async def test_client__that_shows_no_transport(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later redis-py may keep it elsewhere: its own way is taken, and everything works."""
    monkeypatch.setattr(module, "_WRITER", "renamed")
    with redis_server.serving(tmp_path) as server:
        async with opened(server.url) as store:
            await store.add(SPACE, record("a"), phase())
            found = await asyncio.gather(*(store.get(SPACE, "a") for _ in range(20)))
            assert {one.id for one in found} == {"a"}


async def test_answer__that_is_no_answer() -> None:
    """What a peer of another protocol says ends the connection: a sentence, and no other command gets it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    store = RedisStore(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    with pytest.raises(StoreUnavailable):
        await store.open()
    await store.close()
    server.close()
