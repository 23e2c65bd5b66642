"""Attacks a running mock: hostile requests, leavers, slow connections; and watches its health meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.attack.hostile_requests import HostileRequests

HANG_SECONDS = 15.0
CONCURRENT = 48


@dataclass
class Outcome:
    """What became of a part of the attack."""

    what: str
    tried: int = 0
    server_errors: int = 0
    hangs: int = 0
    statuses: dict[int, int] = field(default_factory=dict)


async def _exchange(port: int, request: bytes, outcome: Outcome, *, leaves: float | None = None) -> None:
    outcome.tried += 1
    with contextlib.suppress(OSError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(request if leaves is None else request[: int(len(request) * leaves)])
            if leaves is not None:
                if int(leaves * 1000) % 2:
                    writer.transport.abort()
                return
            writer.write_eof()
            async with asyncio.timeout(HANG_SECONDS):
                head = await reader.read(200)
                while await reader.read(65536):
                    pass
            found = re.match(rb"HTTP/1\.1 (\d{3})", head)
            status = int(found[1]) if found else 0
            outcome.statuses[status] = outcome.statuses.get(status, 0) + 1
            outcome.server_errors += status >= 500
        except TimeoutError:
            outcome.hangs += 1
        finally:
            writer.close()


async def _many(port: int, count: int, seed: int, outcome: Outcome, until: float, *, leave: bool = False) -> None:
    requests, chance = HostileRequests(seed), random.Random(seed)
    left = count

    async def worker() -> None:
        nonlocal left
        while left > 0 and time.monotonic() < until:
            left -= 1
            await _exchange(port, requests.next(), outcome, leaves=chance.random() if leave else None)

    await asyncio.gather(*(worker() for _ in range(CONCURRENT)))


async def _slow(port: int, count: int, outcome: Outcome) -> None:
    """Connections that send a byte of a head a second, until the server ends them."""

    async def drip() -> None:
        outcome.tried += 1
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                async with asyncio.timeout(HANG_SECONDS):
                    ended = asyncio.ensure_future(reader.read(100))
                    while not ended.done():
                        writer.write(b"G")
                        await asyncio.wait([ended], timeout=1)
            except TimeoutError:
                outcome.hangs += 1
            finally:
                writer.close()

    await asyncio.gather(*(drip() for _ in range(count)))


async def _health(port: int, seen: list[float], done: asyncio.Event) -> None:
    while not done.is_set():
        started = time.perf_counter()
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /_specimen/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            await reader.read(4096)
            writer.close()
            seen.append(time.perf_counter() - started)
        await asyncio.sleep(0.05)


async def attack(port: int, requests: int, seconds: float, seed: int) -> tuple[list[Outcome], float]:
    """Attacks a mock on a port; returns what became of each part, and the 99th percentile of its health check in seconds."""
    fuzz, leavers, slow = Outcome("hostile requests"), Outcome("clients that leave"), Outcome("slow connections")
    seen: list[float] = []
    done = asyncio.Event()
    watching = asyncio.ensure_future(_health(port, seen, done))
    slowly = asyncio.ensure_future(_slow(port, 200, slow))
    await _many(port, requests, seed, fuzz, time.monotonic() + seconds)
    await _many(port, requests // 5, seed + 1, leavers, time.monotonic() + seconds / 5, leave=True)
    await slowly
    done.set()
    await watching
    return [fuzz, leavers, slow], sorted(seen)[int(len(seen) * 0.99)] if seen else float("inf")


def resident_megabytes(pid: int) -> float:
    """The memory that a process holds."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0
