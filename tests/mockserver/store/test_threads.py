"""The memory store of a sandbox in a test's process: the test's thread reads while the server's thread writes."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator

import pytest

from specimen.mockserver.sessions.store import Bounds, Page, Space
from specimen.mockserver.sessions.store.memory import MemoryStore
from tests.mockserver.store.places import phase, record

SPACE = Space("default", "atlas")
_ROUNDS = 1_000


@pytest.fixture(autouse=True)
def _often() -> Iterator[None]:
    """Threads take turns a thousand times as often as they do by default."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(before)


def test_reads__while_another_thread_writes() -> None:
    """None of them raises, and each gives what was there at some moment."""
    store, is_over, failures = MemoryStore(Bounds(log_entries=2_000)), threading.Event(), []

    async def write() -> None:
        for number in range(_ROUNDS):
            await store.append(SPACE, "log", list(range(10)))
            await store.set_value(SPACE, f"key{number:04}", number, 10**15, 0)
            await store.namespace(f"n{number:04}")
            space = Space("default", f"owner{number}")
            await store.add(space, record(f"s{number:04}", space), phase())
            await store.add(SPACE, record(f"s{number:04}", SPACE), phase(state=f"state{number}"))
            if number % 2:
                await store.delete(SPACE, f"s{number:04}")
                await store.pop(SPACE, f"key{number:04}", 0)

    async def read() -> None:
        while not is_over.is_set():
            numbers = [entry.number for entry in await store.entries(SPACE, "log", 0, 2_000)]
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True
            keys = [key for key, _ in await store.values(SPACE, "key", 0, "", 1000)]
            assert keys == sorted(keys)
            names = await store.namespaces("", 1000)
            assert list(names) == sorted(names)
            ids = [one.id for one in await store.page(SPACE, Page("id", 1000))]
            assert ids == sorted(ids)

    def reading() -> None:
        try:
            asyncio.run(read())
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is told by the test
            failures.append(error)

    thread = threading.Thread(target=reading)
    thread.start()
    asyncio.run(write())
    is_over.set()
    thread.join()
    assert failures == []
