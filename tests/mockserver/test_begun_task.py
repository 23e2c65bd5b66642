"""A task that runs at once behaves as one that the loop runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import pytest

from specimen.mockserver.http.connection.begun_task import BeginningLoop, BegunTask

Body = Callable[[list[Any]], Awaitable[None]]
_VARIABLE: ContextVar[str] = ContextVar("_VARIABLE", default="outside")


async def _ready(seen: list[Any]) -> None:
    seen.append("done")


async def _waiting(seen: list[Any]) -> None:
    seen.append("before")
    await asyncio.sleep(0)
    seen.append("between")
    await asyncio.sleep(0.001)
    seen.append("after")


async def _late(seen: list[Any]) -> None:
    try:
        async with asyncio.timeout(0.001):
            await asyncio.Event().wait()
    except TimeoutError:
        seen.append("late")


async def _raised(seen: list[Any]) -> None:
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.set_exception, ValueError("no"))
    try:
        await future
    except ValueError as error:
        seen.append(str(error))


async def _several(seen: list[Any]) -> None:
    seen.extend(await asyncio.gather(asyncio.sleep(0.001, "a"), asyncio.sleep(0, "b")))


@pytest.mark.parametrize("body", [_ready, _waiting, _late, _raised, _several])
@pytest.mark.parametrize("how", ["begin", "hand_over"])
def test_task__does_what_another_does(body: Body, how: str) -> None:
    """Begun at once or by the loop, a coroutine does the same, and its end is told once."""

    async def both() -> tuple[list[Any], list[Any]]:
        expected: list[Any] = []
        await body(expected)
        seen: list[Any] = []
        ended = asyncio.Event()
        ends: list[object] = []
        loop = asyncio.get_running_loop()
        task = BegunTask(body(seen), loop, None)  # type: ignore[arg-type]  # a coroutine

        def tell(one: object) -> None:
            ends.append(one)
            ended.set()

        task.add_done_callback(tell)
        loop.call_soon(getattr(task, how))
        async with asyncio.timeout(10):
            await ended.wait()
        await asyncio.sleep(0)
        assert ends == [task]
        return expected, seen

    expected, seen = asyncio.run(both())
    assert seen == expected


def test_begin__runs_at_once() -> None:
    """What needs no waiting is done when `begin` returns, as the current task and in a context of its own."""
    seen: list[Any] = []

    async def look() -> None:
        _VARIABLE.set("inside")
        seen.append(asyncio.current_task())

    async def go() -> None:
        loop = asyncio.get_running_loop()
        done = loop.create_future()

        def start() -> None:
            task = BegunTask(look(), loop, None)
            task.begin()
            done.set_result((task, list(seen), _VARIABLE.get(), asyncio.current_task()))

        loop.call_soon(start)
        task, found, value, current = await done
        assert (found, value, current) == ([task], "outside", None)

    asyncio.run(go())


def test_cancel__reaches_the_coroutine() -> None:
    """Cancelled where it waits, a coroutine hears of it and may clean up."""
    seen: list[str] = []

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            seen.append("cleaned up")

    async def go() -> None:
        loop = asyncio.get_running_loop()
        ended = loop.create_future()
        task = BegunTask(wait(), loop, None)
        task.add_done_callback(ended.set_result)
        assert not task.cancel()
        loop.call_soon(task.begin)
        loop.call_later(0.001, task.cancel)
        async with asyncio.timeout(10):
            assert await ended is task

    asyncio.run(go())
    assert seen == ["cleaned up"]


def test_loop__keeps_a_task_while_it_receives() -> None:
    """Of the tasks that are made while a connection receives, the first is the connection's to begin; others are the loop's."""

    async def go() -> None:
        loop = BeginningLoop(asyncio.get_running_loop())
        plain = loop.create_task(asyncio.sleep(0))
        loop.receives = True
        kept, other = loop.create_task(asyncio.sleep(0)), loop.create_task(asyncio.sleep(0))
        assert kept is loop.begun
        assert isinstance(kept, BegunTask)
        assert isinstance(plain, asyncio.Task)
        assert isinstance(other, asyncio.Task)
        kept.hand_over()
        await asyncio.gather(plain, other)
        assert loop.is_running()

    asyncio.run(go())
