"""What callers of one key get while their store hangs, and what is left of it afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from specimen.mockserver.sessions.store import Store, StoreUnavailable
from specimen.mockserver.sessions.store.sqlite import SqliteStore
from tests.mockserver.store import redis_server
from tests.mockserver.store.places import SPACE, needs_redis

CALLERS = 12
# One wait of a store (1.5 s), and the work of the callers; two waits one after another are more.
SECONDS = 2.5


class Hanging:
    """A store of a place of its own that hangs and goes on."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def hang(self) -> None:
        """No call is answered from now on."""
        raise NotImplementedError

    def go_on(self) -> None:
        """What waits, and what was sent meanwhile, is worked on."""
        raise NotImplementedError


class _Redis(Hanging):
    def __init__(self, server: redis_server.RedisServer) -> None:
        from specimen.mockserver.sessions.store.redis import RedisStore

        super().__init__(RedisStore(server.url))
        assert server.process is not None
        self._id = server.process.pid

    def hang(self) -> None:
        os.kill(self._id, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self._id, signal.SIGCONT)


class _Sqlite(Hanging):
    def __init__(self, path: Path) -> None:
        super().__init__(SqliteStore(path))
        self._other = sqlite3.connect(path, isolation_level=None)

    def hang(self) -> None:
        self._other.execute("BEGIN IMMEDIATE")

    def go_on(self) -> None:
        if self._other.in_transaction:
            self._other.execute("ROLLBACK")


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=needs_redis)])
def hanging(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hanging]:
    """A store of each kind that processes share."""
    with contextlib.ExitStack() as stack:
        if request.param == "sqlite":
            made: Hanging = _Sqlite(tmp_path / "store.db")
        else:
            made = _Redis(stack.enter_context(redis_server.serving(tmp_path)))
            stack.callback(made.go_on)  # a stopped process is not ended by its parent's wish alone
        yield made


async def _refused(calling: Any) -> float:
    """How long a call took that found the store away, in seconds."""
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        await calling
    return time.monotonic() - began


async def test_turn__store_hangs_before_it_begins(hanging: Hanging) -> None:
    """All callers of a key hear it after one wait of the store, not one after another; then the key is free at once."""
    store = hanging.store
    await store.open()

    async def enter() -> None:
        async with store.turn(SPACE, "k", 0):
            pytest.fail("a turn began")

    await store.increment(SPACE, "n")
    hanging.hang()
    took = await asyncio.gather(*(_refused(enter()) for _ in range(CALLERS)))
    assert max(took) < SECONDS
    hanging.go_on()
    async with asyncio.timeout(SECONDS), store.turn(SPACE, "k", 0):
        pass
    await store.close()


async def test_turn__store_hangs_while_it_is_held(hanging: Hanging) -> None:
    """Who holds it hears it after one wait, and so do those that wait; what it held is given back when the store goes on."""
    store = hanging.store
    await store.open()

    async def hold(is_held: asyncio.Event) -> None:
        async with store.turn(SPACE, "k", 0) as turn:
            is_held.set()
            await asyncio.sleep(0)
            hanging.hang()
            await turn.finish(None, 1, 100, 0)

    async def enter() -> None:
        async with store.turn(SPACE, "k", 0):
            pytest.fail("a turn began")

    await store.increment(SPACE, "n")
    is_held = asyncio.Event()
    holder = asyncio.create_task(_refused(hold(is_held)))
    await is_held.wait()
    took = [*await asyncio.gather(*(_refused(enter()) for _ in range(CALLERS))), await holder]
    assert max(took) < SECONDS
    hanging.go_on()
    async with asyncio.timeout(SECONDS), store.turn(SPACE, "k", 0):
        pass
    await store.close()


async def test_lock__error_of_its_holder_alone(hanging: Hanging) -> None:
    """Where the store answers, what goes wrong in a holder's own work is no concern of those that wait."""
    store = hanging.store
    await store.open()

    async def fail() -> None:
        async with store.lock(SPACE, "k"):
            await asyncio.sleep(0.01)
            raise ZeroDivisionError

    async def enter() -> bool:
        async with store.lock(SPACE, "k"):
            return True

    found = await asyncio.gather(fail(), *(enter() for _ in range(CALLERS)), return_exceptions=True)
    assert isinstance(found[0], ZeroDivisionError)
    assert found[1:] == [True] * CALLERS
    await store.close()
