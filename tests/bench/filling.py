"""Stores with as many sessions as asked for, all like one that was made through the API."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable

from msgspec.structs import replace

from specimen.mockserver.sessions.session_record import FOREVER, Record
from specimen.mockserver.sessions.store import Page, Phase, Space, Store
from specimen.mockserver.sessions.store.codec import encode_record
from specimen.mockserver.sessions.store.portable import Row
from specimen.mockserver.sessions.store.sqlite import SqliteStore

KAYLE = Space("default", "kayle")
# One in a thousand sessions is in this state.
RARE, _USUAL = "failed", "succeeded"
_AT_ONCE = 64


async def newest(store: Store) -> Record:
    """The kayle session that was made last: what others are made like."""
    (found,) = await store.page(KAYLE, Page("newest", 1))
    return found


async def fill(store: Store, template: Record, size: int) -> None:
    """Adds sessions like one, until there are so many; their ids are random."""
    begin = await store.count(KAYLE)
    chosen = random.Random(begin)

    def made(number: int) -> tuple[Record, Phase]:
        name = f"vs_{chosen.getrandbits(128):032x}"
        keys = tuple(f"{key.partition(':')[0]}:{name}" for key in template.keys)
        return replace(template, id=name, keys=keys, version=1), Phase(RARE if number % 1_000 == 500 else _USUAL, FOREVER)

    async def add(numbers: Iterable[int]) -> None:
        for number in numbers:
            await store.add(KAYLE, *made(number))

    if isinstance(store, SqliteStore):  # a thousand in one transaction
        rows = (Row("session", KAYLE, (encode_record(one), *phase)) for one, phase in map(made, range(begin, size)))
        await store.restore(rows)
        return
    step = -(-max(0, size - begin) // _AT_ONCE)
    await asyncio.gather(*(add(range(start, min(size, start + step))) for start in range(begin, size, max(1, step))))
