"""A timer that is set anew with each request, and ends seldom.

A loop's timer is made, put into a heap, compared with others and marked as cancelled each time; that takes longer than to parse
a short request. This one has one of them, which looks when it ends whether the time was moved meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class ResetTimer:
    """Calls a function once the time is over that it was set to last; `set` and `cancel` cost hardly more than an assignment."""

    __slots__ = ("_call_at", "_ends_at", "_function", "_handle", "_time")

    def __init__(self, loop: asyncio.AbstractEventLoop, function: Callable[[], object]) -> None:
        self._call_at, self._time = loop.call_at, loop.time
        self._function = function
        self._ends_at: float | None = None  # by the loop's clock; None while it is not set
        self._handle: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """Sets it to so many seconds from now, in the place of an earlier time."""
        self._ends_at = ends_at = self._time() + seconds
        if self._handle is not None and self._handle.when() > ends_at:
            self.end()
            self._ends_at = ends_at
        if self._handle is None:
            self._handle = self._call_at(ends_at, self._look)

    def cancel(self) -> None:
        """Has it call nothing, until it is set again."""
        self._ends_at = None

    def end(self) -> None:
        """Cancels it, and lets go of the loop."""
        self._ends_at = None
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _look(self) -> None:
        self._handle = None
        if self._ends_at is None:
            return
        if self._ends_at > self._time():
            self._handle = self._call_at(self._ends_at, self._look)
        else:
            self._ends_at = None
            self._function()
