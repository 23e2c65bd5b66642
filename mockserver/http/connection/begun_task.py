"""A task that runs at once, and becomes one of the event loop only where it waits.

Uvicorn starts a task for each request. Of a request that is answered without waiting for anything, that takes longer than the
half of the answer: the loop makes a task, puts it into its queue and comes back to it. Python 3.12 has tasks that start
eagerly, but no way to begin one after the body is there; this module does what Python documents for tasks of one's own.

Source: Python library reference, Extending asyncio, Task lifetime support.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context, copy_context
from typing import Any

from specimen.mockserver.http.connection.reset_timer import ResetTimer

# Documented for tasks of one's own, in spite of their names.
_enter_task: Any = asyncio._enter_task  # noqa: SLF001
_leave_task: Any = asyncio._leave_task  # noqa: SLF001


class BegunTask:
    """A coroutine that is begun by `begin`; until it waits, it is the current task, then a real one takes its place."""

    __slots__ = ("__weakref__", "_context", "_coroutine", "_done", "_loop", "_task")

    def __init__(self, coroutine: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop, context: Context | None) -> None:
        self._coroutine = coroutine
        self._loop = loop
        self._context = context
        self._done: Callable[[Any], object] | None = None
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> bool:
        """Runs the coroutine until it waits for something; then, or where another task is running, the loop goes on with it.

        Returns whether it came to its end.
        """
        loop, context = self._loop, self._context or copy_context()
        if asyncio.current_task(loop) is not None:
            self.hand_over()
            return False
        _enter_task(loop, self)
        try:
            first = context.run(self._coroutine.send, None)
        except StopIteration:
            self._is_done(self)
            return True
        finally:
            _leave_task(loop, self)
        self._follow(loop.create_task(_rest(self._coroutine, first), context=context))
        return False

    def hand_over(self) -> None:
        """Lets the loop run the coroutine from its beginning."""
        self._follow(self._loop.create_task(self._coroutine, context=self._context))

    def add_done_callback(self, function: Callable[[Any], object]) -> None:
        """Calls a function once the coroutine is at its end."""
        self._done = function

    def cancel(self, msg: Any = None) -> bool:
        """Cancels the coroutine where it waits."""
        return self._task is not None and self._task.cancel(msg)

    def cancelling(self) -> int:
        """How many requests to cancel there are."""
        return 0 if self._task is None else self._task.cancelling()

    def uncancel(self) -> int:
        """Takes a request to cancel back."""
        return 0 if self._task is None else self._task.uncancel()

    def _follow(self, task: asyncio.Task[None]) -> None:
        self._task = task
        task.add_done_callback(self._is_done)

    def _is_done(self, _: object) -> None:
        if self._done is not None:
            self._done(self)


class _Awaited:
    """What a coroutine that has begun still gives to who awaits it; `first` is what it waits for."""

    __slots__ = ("_coroutine", "_first")

    def __init__(self, coroutine: Coroutine[Any, Any, None], first: Any) -> None:
        self._coroutine = coroutine
        self._first = first

    def __await__(self) -> Generator[Any, Any, None]:
        coroutine, waited = self._coroutine, self._first
        step: Callable[[Any], Any]
        while True:
            try:
                sent = yield waited
            except GeneratorExit:
                coroutine.close()
                raise
            except BaseException as error:  # noqa: BLE001 # whatever the loop throws is the coroutine's to handle
                step, value = coroutine.throw, error
            else:
                step, value = coroutine.send, sent
            try:
                waited = step(value)
            except StopIteration:
                return


async def _rest(coroutine: Coroutine[Any, Any, None], first: Any) -> None:
    await _Awaited(coroutine, first)


class BeginningLoop:
    """An event loop as a connection sees it: while it `receives`, a task is kept in `begun` for the connection to begin.

    Each function that a connection has called later has one timer: to call it later once more is to set that anew.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._timers: dict[Callable[[], object], ResetTimer] = {}
        self.receives = False
        self.begun: BegunTask | None = None
        self.time = loop.time

    def call_later(self, seconds: float, function: Callable[[], object]) -> ResetTimer:
        """Calls a function in so many seconds from now, and not when it was to be called before."""
        timer = self._timers.get(function)
        if timer is None:
            timer = self._timers[function] = ResetTimer(self._loop, function)
        timer.set(seconds)
        return timer

    def end_timers(self) -> None:
        """Has nothing be called later."""
        for timer in self._timers.values():
            timer.end()
        self._timers.clear()

    def create_task(self, coroutine: Coroutine[Any, Any, None], *, context: Context | None = None, **options: Any) -> Any:
        """A task of the loop, or one that the connection begins."""
        if not self.receives or self.begun is not None:
            return self._loop.create_task(coroutine, context=context, **options)
        self.begun = BegunTask(coroutine, self._loop, context)
        return self.begun

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)
