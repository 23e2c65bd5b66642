"""What each store costs: CPU a request, round trips, lists up to a million sessions: `python -m tests.bench.stores`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from specimen.mockserver.app import App, build_app
from specimen.mockserver.sessions.session_record import FOREVER
from specimen.mockserver.sessions.store import Page, Store
from specimen.mockserver.settings import Pace, Settings
from specimen.specs import Provider
from tests.bench.filling import KAYLE, RARE, fill, newest
from tests.bench.flatness import SMALL, Small, flatness, reading, small_store
from tests.bench.inprocess import exchange
from tests.bench.load import Work
from tests.bench.machine import resident_bytes
from tests.bench.targets import CASES, Ask, Case, Entry, create_request, created
from tests.bench.worker_costs import ONE, ROUNDS, worker_costs
from tests.mockserver.store import redis_server

SIZES = (1_000, 100_000, 1_000_000)
REQUESTS = 2_000
_PAGES = 50
_PARTS = 10
_HEALTH_SECONDS = 3.0


@dataclass
class Measured:
    """The figures of one store, by their titles; times are seconds of CPU of this process, or of the servers."""

    store: str
    figures: dict[str, str] = field(default_factory=dict)

    def time(self, title: str, seconds: float, more: str = "") -> None:
        """Notes a time."""
        shown = f"{seconds * 1e6:.0f} µs" if seconds < 0.01 else f"{seconds * 1e3:.0f} ms"
        self.figures[title] = shown + more


async def _asked(app: App, entry: Entry) -> tuple[int, bytes]:
    answer = await exchange(app, Work.of(entry))()
    return 200, answer


async def _repeated(once: Callable[[], Awaitable[Any]], count: int, clock: Callable[[], float] = time.process_time) -> float:
    """Seconds of CPU, or by another clock, of one call, of the quickest tenth: the machine is at times slower."""
    await once()
    each = max(1, count // _PARTS)
    parts = []
    for _ in range(_PARTS):
        gc.collect()
        begun = clock()
        for _ in range(each):
            await once()
        parts.append((clock() - begun) / each)
    return min(parts)


def _kyve_get(provider: Provider, ask: Ask) -> Entry:
    headers = {name: value for name, value in create_request(provider)["headers"].items() if name != "Content-Type"}
    return {"method": "GET", "path": f"{provider.mount}/v1/sessions/{created(provider, ask)}", "headers": headers, "body": None}


async def requests(app: App, found: Measured, count: int) -> None:
    """The three requests of the benchmark and another read, in process: CPU and round trips."""
    loop = asyncio.get_running_loop()
    for case in (*CASES, Case("kyve", "kyve GET session", 0, _kyve_get)):
        entries: list[Entry] = []

        def ask(entry: Entry, entries: list[Entry] = entries) -> tuple[int, bytes]:
            future = asyncio.run_coroutine_threadsafe(_asked(app, entry), loop)
            entries.append(entry)
            return future.result()

        work = await asyncio.to_thread(case.work, ask)
        once = exchange(app, work)
        await once()
        before = getattr(app.store, "round_trips", None)
        seconds = await _repeated(once, count)
        asked = _PARTS * max(1, count // _PARTS) + 1
        more = "" if before is None else f", {(app.store.round_trips - before) / asked:.2f} round trips"
        found.time(case.title, seconds, more)


async def lists(store: Store, found: Measured, owner: str, size: int) -> None:
    """Pages of a hundred: CPU of this process, and how long the store itself takes (for Redis they differ)."""
    pages = {
        "by id": Page("id", 100, owner=owner),
        "by creation": Page("newest", 100, owner=owner),
        "by id, one in a thousand": Page("id", 100, owner=owner, state=RARE),
        "by creation, one in a thousand": Page("newest", 10, owner=owner, state=RARE),
    }
    for title, page in pages.items():
        cpu = await _repeated(lambda page=page: store.page(KAYLE, page), _PAGES)
        elapsed = await _repeated(lambda page=page: store.page(KAYLE, page), _PAGES, time.perf_counter)
        found.time(f"{size:,}: {title}", cpu, f" ({elapsed * 1e3:.1f} ms elapsed)")


async def _asked_for_health(app: App, until: Callable[[], bool]) -> tuple[float, float]:
    """The 99th percentile of how late `/_specimen/live` is answered: milliseconds of this process's CPU, and elapsed ones."""
    ask = exchange(app, Work("GET", "/_specimen/live", {}))
    clocks = (time.process_time, time.perf_counter)
    times: list[tuple[float, ...]] = []
    while len(times) < 2 or not until():
        begun = [clock() for clock in clocks]
        await asyncio.sleep(0)  # a turn of the loop, as a request on a socket waits for
        await ask()
        times.append(tuple(clock() - since for clock, since in zip(clocks, begun, strict=True)))
        await asyncio.sleep(0.001)
    cpu, elapsed = (statistics.quantiles(each, n=100)[98] * 1e3 for each in zip(*times, strict=True))
    return cpu, elapsed


async def health(app: App, found: Measured, size: int) -> None:
    """How late health is answered while lists look at all sessions, one after another, and find none."""
    page = Page("newest", 100, created_from=FOREVER)

    def over(seconds: float) -> Callable[[], bool]:
        until = time.perf_counter() + seconds
        return lambda: time.perf_counter() >= until

    async def sift(is_over: Callable[[], bool]) -> None:
        while not is_over():
            assert not await app.store.page(KAYLE, page)
            await asyncio.sleep(0)  # each list is a request of its own

    sifting = asyncio.create_task(sift(over(_HEALTH_SECONDS)))
    cpu, elapsed = await _asked_for_health(app, sifting.done)
    await sifting
    found.figures[f"{size:,}: health amid lists, p99"] = f"{cpu:.1f} ms ({elapsed:.1f} ms elapsed)"


async def measured(name: str, url: str, sizes: list[int], count: int, kept: Callable[[], int], small: Small) -> Measured:
    """All figures of one store in process; `kept` gives the bytes that it takes, `small` is another one of its kind."""
    found = Measured(name)
    app = build_app(Settings(pace=Pace("instant"), store=url))
    await app.open()
    store = app.store
    await requests(app, found, count)
    template = await newest(store)
    for size in sizes:
        before, had = kept(), await store.count(KAYLE)
        await fill(store, template, size)
        added = size - had
        if added >= 900:
            found.figures[f"{size:,}: bytes a session"] = f"{(kept() - before) / added:,.0f}"
        await lists(store, found, template.owner, size)
        found.time(f"{size:,}: kayle GET", await _repeated(reading(app, template.id), count))
        seconds, ratio = await flatness(app, small)
        found.time(f"{size:,}: kayle GET, each of another session", seconds, f", {ratio:.2f} × in a store of {SMALL:,}")
        await health(app, found, size)
        if store.is_shared:
            begun = time.perf_counter()
            other = build_app(Settings(pace=Pace("instant"), store=url))
            await other.open()
            await other.store.page(KAYLE, Page("newest", 1))
            found.time(f"{size:,}: opens and lists in", time.perf_counter() - begun)
            await other.close()
    await app.close()
    return found


def table(measurements: list[Measured]) -> str:
    """The figures as a Markdown table."""
    titles = list(dict.fromkeys(title for one in measurements for title in one.figures))
    lines = ["| | " + " | ".join(one.store for one in measurements) + " |", "|---" * (len(measurements) + 1) + "|"]
    lines += [f"| {title} | " + " | ".join(one.figures.get(title, "–") for one in measurements) + " |" for title in titles]
    return "\n".join(lines)


@contextlib.contextmanager
def _place(name: str) -> Iterator[tuple[str, Path, Callable[[], int]]]:
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        if name == "memory":
            yield "memory", folder, lambda: resident_bytes(os.getpid()) or 0
        elif name == "sqlite":
            yield f"sqlite:///{folder}/store.db", folder, lambda: sum(f.stat().st_size for f in folder.glob("store.db*"))
        else:
            with redis_server.serving(folder, "--appendfsync", "everysec") as server, server.client() as client:
                yield server.url, folder, lambda: int(client.info("memory")["used_memory"])


def main() -> None:
    """Measures and prints."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    options.add_argument("--requests", type=int, default=REQUESTS)
    options.add_argument("--rounds", type=int, default=ROUNDS, help="of a second for each kind of server")
    options.add_argument("--stores", nargs="+", default=["memory", "sqlite", "redis"], choices=["memory", "sqlite", "redis"])
    given = options.parse_args()
    done = []
    for name in given.stores:
        with _place(name) as (url, folder, kept):
            with _place(name) as (small_url, _, _), small_store(small_url) as small:
                found = asyncio.run(measured(name, url, given.sizes, given.requests, kept, small))
            with _place(name) as (other_url, _, _):
                costs = worker_costs(url, other_url, folder, is_shared=name != "memory", rounds=given.rounds)
            for title, seconds in costs.items():
                # the median is of the rounds' ratios, not of their medians: the machine is as fast in both of a round
                usual = statistics.median(cost / one for cost, one in zip(seconds, costs[ONE], strict=True))
                more = "" if title == ONE else f", {min(seconds) / min(costs[ONE]):.2f} × one (median {usual:.2f})"
                found.time(f"{title}: kayle GET", min(seconds), more)
            done.append(found)
    print(table(done))


if __name__ == "__main__":
    main()
