"""The memory store's locks: one holder at a time, in order, and none is left over."""

from __future__ import annotations

import asyncio
import random

from specimen.mockserver.sessions.store import Space
from specimen.mockserver.sessions.store.memory.locks import Locks

SPACE = Space("default", "atlas")


def test_lock__one_at_a_time_in_order() -> None:
    """Of several who want it, each has it alone, in the order in which they came; then nothing is kept."""
    locks = Locks()
    seen: list[str] = []

    async def hold(name: int) -> None:
        async with locks.hold(SPACE, "k"):
            seen.append(f"in {name}")
            await asyncio.sleep(0)
            seen.append(f"out {name}")

    async def go() -> None:
        await asyncio.gather(*(hold(number) for number in range(5)))

    asyncio.run(go())
    assert seen == [f"{what} {number}" for number in range(5) for what in ("in", "out")]
    assert not locks._held


def test_lock__cancelled_at_any_time() -> None:
    """Whoever is cancelled, while it waits, as its turn comes or while it holds: the others get their turn."""
    draw = random.Random(7)
    for _ in range(200):
        locks = Locks()
        inside = 0

        async def hold(locks: Locks = locks) -> None:
            nonlocal inside
            async with locks.hold(SPACE, "k"):
                inside += 1
                assert inside == 1
                try:
                    await asyncio.sleep(0)
                finally:
                    inside -= 1

        async def go() -> int:
            tasks = [asyncio.ensure_future(hold()) for _ in range(6)]
            kept = tasks.pop()
            for _ in range(draw.randrange(8)):
                await asyncio.sleep(0)
                draw.choice(tasks).cancel()
            async with asyncio.timeout(10):
                await kept
                results = await asyncio.gather(*tasks, return_exceptions=True)
            return sum(isinstance(result, AssertionError) for result in results)

        assert asyncio.run(go()) == 0
        assert not locks._held
