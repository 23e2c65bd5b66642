"""A namespace of a Redis store is replaced as a whole or not at all, wherever its connection is lost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import redis

from specimen.mockserver.sessions.store import Page, StoreUnavailable
from specimen.mockserver.sessions.store.redis import RedisStore
from tests.mockserver.store.places import OTHER, SPACE, fill, needs_redis, phase, record

pytestmark = needs_redis
COUNT = 1_100


class Relay:
    """Passes bytes on to a Redis server; after `left` packets of its clients (None: never) it cuts them off and takes no more."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: set[asyncio.StreamWriter] = set()
        self.left: int | None = None

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        """The relay's port while the context lasts."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            self._cut()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.left == 0:
            writer.transport.abort()
            return
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self._port)
        self._open |= {writer, to_server}
        back = asyncio.create_task(self._pass(from_server, writer))
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 22):
                if self.left == 0:
                    break
                to_server.write(data)
                await to_server.drain()
                if self.left is not None:
                    self.left -= 1
                    if self.left == 0:
                        break
        if self.left == 0:
            self._cut()
        back.cancel()

    @staticmethod
    async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()

    def _cut(self) -> None:
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()


async def test_replace__cut_off_anywhere(redis_url: str) -> None:
    """After each packet in turn: sessions and document are the old ones or the new ones, and nothing stays beside them."""
    relay, outcomes = Relay(urlsplit(redis_url).port or 0), []
    newer = [(space, record(f"{number:04}", space), phase()) for number in range(COUNT // 2) for space in (SPACE, OTHER)]
    async with relay.serving() as port:
        while not outcomes or outcomes[-1] == "cut off":
            prefix = f"test-cut-{len(outcomes)}:"
            relay.left = None
            there, cut = RedisStore(f"{redis_url}?prefix={prefix}"), RedisStore(f"redis://127.0.0.1:{port}?prefix={prefix}")
            await there.open()
            assert await there.set_namespace("default", "old", 0)
            await fill(there, "a", "b")
            await cut.open()
            relay.left = len(outcomes) + 1
            try:
                await cut.replace("default", "new", newer)
                outcomes.append("done")
            except StoreUnavailable:
                outcomes.append("cut off")
            relay.left = 0
            await cut.close()
            await there.close()
            await there.open()
            found = (await there.namespace("default")).value, await there.count(SPACE), await there.count(OTHER)
            assert found in (("old", 2, 0), ("new", COUNT // 2, COUNT // 2)), (outcomes, found)
            assert outcomes[-1] == "cut off" or found[0] == "new"
            await there.drop("default")
            await there.close()
            with redis.Redis.from_url(redis_url) as client:
                kept = [key for key in client.keys(f"{prefix}*") if client.ttl(key) < 0]
            assert kept == [f"{prefix}layout".encode()]
    assert outcomes.count("cut off") >= 4


async def test_replace__by_two_at_once(redis_url: str) -> None:
    """Each is whole; the later one stays."""
    stores = [RedisStore(f"{redis_url}?prefix=test-two:") for _ in range(2)]
    for store in stores:
        await store.open()
    sessions = [[(SPACE, record(f"{name}{number:04}"), phase()) for number in range(COUNT)] for name in "ab"]
    await asyncio.gather(*(stores[at].replace("default", "ab"[at], sessions[at]) for at in range(2)))
    kept = (await stores[0].namespace("default")).value
    assert await stores[0].count(SPACE) == COUNT
    assert {one.id[0] for one in await stores[0].page(SPACE, Page("oldest", COUNT))} == {kept}
    for store in stores:
        await store.close()
