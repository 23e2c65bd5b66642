"""Whether a read costs more in a full store: reads of it and of a small one, which another process has, in turns."""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from specimen import specs
from specimen.mockserver.app import App, build_app
from specimen.mockserver.sessions.store import Page
from specimen.mockserver.settings import Pace, Settings
from tests.bench.filling import KAYLE, fill, newest
from tests.bench.inprocess import exchange
from tests.bench.load import Work
from tests.bench.targets import create_request

SMALL = 1_000
# So many sessions are read, a slice of them at a time: their ids are random, so they were made at any time.
_SESSIONS = 300
_SLICE = 50
_SLICES = 240

Slice = Callable[[], Awaitable[float]]
Small = Callable[[], float]


def reading(app: App, session: str) -> Callable[[], Awaitable[bytes]]:
    """A read of one kayle session."""
    return exchange(app, Work("GET", f"/kayle/v1/sessions/{session}", {"Authorization": "Bearer kk_live_specimen"}))


async def flatness(app: App, small: Small) -> tuple[float, float]:
    """Seconds of CPU of this process a read, each of another session, and that as a multiple of the small store's.

    Both are of the quickest slices: whatever else the machine does makes a slice slower, and both stores have as many.
    """
    full = await _slices(app)
    ours, theirs = zip(*[(await full(), small()) for _ in range(_SLICES)], strict=True)
    return min(ours), min(ours) / min(theirs)


@contextmanager
def small_store(url: str) -> Iterator[Small]:
    """A process with a store of a thousand sessions; gives what measures a slice of reads there, while this process waits."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(url, theirs), daemon=True)
    process.start()
    theirs.close()  # if that process ends, what waits here for an answer is told so

    def once() -> float:
        ours.send(True)
        cost: float = ours.recv()
        return cost

    try:
        yield once
    finally:
        ours.close()
        process.join()


async def _slices(app: App) -> Slice:
    """What reads the next sessions of some, once each, and gives seconds of CPU of this process a read."""
    records = []
    while len(records) < _SESSIONS:
        after = records[-1].id if records else None
        records += await app.store.page(KAYLE, Page("id", 100, after=after))
    reads = [reading(app, record.id) for record in records]
    first = await reads[0]()
    assert records[0].id.encode() in first, first
    begins = itertools.cycle(range(0, len(reads), _SLICE))

    async def once() -> float:
        begin = next(begins)
        begun = time.process_time()
        for read in reads[begin : begin + _SLICE]:
            await read()
        return (time.process_time() - begun) / _SLICE

    return once


def _serve(url: str, asked: Connection) -> None:
    async def answer() -> None:
        app = build_app(Settings(pace=Pace("instant"), store=url))
        await app.open()
        await exchange(app, Work.of(create_request(specs.load("kayle"))))()
        await fill(app.store, await newest(app.store), SMALL)
        once = await _slices(app)
        while True:
            try:
                asked.recv()
            except EOFError:
                break
            asked.send(await once())
        await app.close()

    asyncio.run(answer())
