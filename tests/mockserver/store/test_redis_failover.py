"""What becomes of a process's connections when the servers behind its URL change: a failover, a node that is gone, a gateway."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis
from msgspec.structs import replace

from specimen.mockserver.sessions.store import Space, StoreUnavailable
from specimen.mockserver.sessions.store.redis import RedisStore, watches
from tests.mockserver.store import redis_server
from tests.mockserver.store.places import SPACE, fill, needs_redis, phase

pytestmark = needs_redis


class Gateway:
    """Passes bytes on between a client and a server; what it has `forgotten` stays open, and is passed on no more.

    `port` is where new connections go.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self._writers: list[tuple[asyncio.StreamWriter, list[bool]]] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port)
        forgotten: list[bool] = []
        self._writers += [(writer, forgotten), (far_writer, forgotten)]
        try:
            await asyncio.gather(self._pass(reader, far_writer, forgotten), self._pass(far_reader, writer, forgotten))
        finally:
            for each in (writer, far_writer):
                each.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, forgotten: list[bool]) -> None:
        while data := await reader.read(65536):
            if not forgotten:
                writer.write(data)
        if not forgotten:
            writer.close()

    def forget(self) -> None:
        """Passes nothing on of the connections that there are."""
        for _, forgotten in self._writers:
            forgotten.append(True)

    def close(self) -> None:
        """Ends all."""
        for writer, _ in self._writers:
            writer.close()


@contextlib.asynccontextmanager
async def gateway_to(port: int) -> AsyncIterator[tuple[Gateway, int]]:
    """A gateway to a server, and the port where it listens."""
    gateway = Gateway(port)
    listening = await asyncio.start_server(gateway, "127.0.0.1", 0)
    yield gateway, listening.sockets[0].getsockname()[1]
    gateway.close()
    listening.close()


@contextlib.asynccontextmanager
async def opened(port: int) -> AsyncIterator[RedisStore]:
    """A store that is open, and closed at the end."""
    store = RedisStore(f"redis://127.0.0.1:{port}?prefix=failover:")
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def wakes(watch: Any, writer: RedisStore, space: Space = SPACE) -> None:
    """Returns when a change that `writer` makes ends the wait."""
    while await watch.wait(0.2):  # it was told to look
        pass
    (old,) = await fill(writer, f"changed-{secrets.token_hex(4)}", space=space)
    while not await watch.wait(0.1):  # until it is subscribed again
        old = replace(old, version=old.version + 1)
        assert await writer.swap(space, old, phase())


async def test_watch__connection_that_a_gateway_forgot(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that says nothing is asked; without an answer who watches looks, and is subscribed again."""
    monkeypatch.setattr(watches, "QUIET_SECONDS", 0.1)
    port = int(redis_url.rpartition(":")[2])
    async with (
        gateway_to(port) as (gateway, own), opened(own) as store, opened(port) as other,
        asyncio.timeout(20), store.watch(SPACE, None) as watch,
    ):  # fmt: skip
        assert not await watch.wait(0.5)  # it answers: the watch sleeps on
        gateway.forget()
        assert await watch.wait(10)
        await wakes(watch, other)


async def test_watch__change_while_it_is_not_subscribed(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was told of a lost connection, and has looked, is told again when it is subscribed: there may have been a change."""
    monkeypatch.setattr(watches, "_RECONNECT_SECONDS", 1.0)
    port = int(redis_url.rpartition(":")[2])
    async with (
        gateway_to(port) as (gateway, own), opened(own) as store, opened(port) as other,
        asyncio.timeout(20), store.watch(SPACE, None) as watch,
    ):  # fmt: skip
        gateway.close()
        assert await watch.wait(10)
        assert not await watch.wait(0.2)
        await fill(other, "meanwhile")
        assert await watch.wait(10)
        assert not await watch.wait(0.2)


async def test_watch__lost_again_and_again(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each new connection for messages takes the place of the last one in the pool, and none is left when nobody watches."""
    monkeypatch.setattr(watches, "_RECONNECT_SECONDS", 0.0)
    port = int(redis_url.rpartition(":")[2])
    async with gateway_to(port) as (gateway, own), opened(own) as store, opened(port) as other, asyncio.timeout(60):
        async with store.watch(SPACE, None) as watch:
            for _ in range(70):  # the pool has 64
                gateway.close()
                assert await watch.wait(10)
            await wakes(watch, other)
            gateway.close()
        async with store.watch(SPACE, None) as watch:
            await wakes(watch, other)


async def test_failover__behind_an_address_that_stays(tmp_path: Path) -> None:
    """A primary that has become a replica refuses writes; the next ones go to the server that new connections reach."""
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    with redis_server.serving(tmp_path / "old") as old, redis_server.serving(tmp_path / "new") as new:
        with new.client() as client:
            client.execute_command("REPLICAOF", "127.0.0.1", old.port)
        async with (
            gateway_to(old.port) as (gateway, port), opened(port) as store, opened(port) as idle,
            asyncio.timeout(20), store.watch(SPACE, None) as watch,
        ):  # fmt: skip
            await fill(store, "before")
            with new.client() as ahead, old.client() as behind:
                behind.execute_command("WAIT", 1, 5_000)
                ahead.execute_command("REPLICAOF", "NO", "ONE")
                behind.execute_command("REPLICAOF", "127.0.0.1", new.port)
            gateway.port = new.port
            with pytest.raises(StoreUnavailable, match="it is a replica, which takes no writes"):
                await store.increment(SPACE, "n")
            assert await store.increment(SPACE, "n") == 1
            assert await store.get(SPACE, "before") is not None
            with pytest.raises(StoreUnavailable, match="it is a replica, which takes no writes"):
                await idle.namespace("new")  # what goes over redis-py's own connections
            await idle.namespace("new")
            await idle.ping()
            old.kill()
            await wakes(watch, store)


def subscribed(nodes: list[redis_server.RedisServer]) -> redis_server.RedisServer:
    """The node that has the subscriptions."""
    for node in nodes:
        with node.client() as client:
            if client.pubsub_channels():
                return node
    raise AssertionError("no node has a subscription")


def holds(node: redis_server.RedisServer, key: str) -> bool:
    """Whether a node of a cluster is the one for a key."""
    with node.client() as client:
        try:
            client.exists(key)
        except redis.ResponseError:  # MOVED
            return False
        return True


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP], ids=["gone", "hangs"])
async def test_cluster__node_that_passed_messages_on(end: signal.Signals, tmp_path: Path) -> None:
    """Who watches is subscribed at another node, and who begins to watch later too."""
    with redis_server.cluster(tmp_path, "--cluster-require-full-coverage", "no") as nodes:
        async with opened(nodes[0].port) as store, opened(nodes[0].port) as late, asyncio.timeout(60):
            ports = [node.port for node in store._redis._client.get_nodes()]
            lost = next(node for node in nodes if not holds(node, store._registry))
            names = (Space(f"n{number}", "atlas") for number in range(1_000))
            space = next(space for space in names if not holds(lost, store._redis.namespace_key(space.namespace)))
            store._redis.next_node = ports.index(lost.port)
            async with store.watch(space, None) as watch:
                assert subscribed(nodes) is lost
                assert lost.process is not None
                lost.process.send_signal(end)
                assert await watch.wait(10)
                await wakes(watch, store, space)
            for position in range(len(nodes)):  # a subscriber that begins at the lost node is one of these
                late._redis.next_node = position
                async with late.watch(space, None) as watch:
                    await wakes(watch, store, space)
                await late._watches.close()
