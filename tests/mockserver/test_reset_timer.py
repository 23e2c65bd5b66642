"""The timer of a connection: it calls as a loop's own timers would that are set and cancelled each time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from specimen.mockserver.http.connection.begun_task import BeginningLoop
from specimen.mockserver.http.connection.reset_timer import ResetTimer

_STEPS = st.one_of(
    st.tuples(st.just("set"), st.integers(0, 9)),
    st.tuples(st.just("cancel"), st.just(0)),
    st.tuples(st.just("pass"), st.integers(0, 9)),
)


class _Handle:
    def __init__(self, at: float, function: Callable[[], object]) -> None:
        self.at = at
        self.function: Callable[[], object] | None = function

    def when(self) -> float:
        return self.at

    def cancel(self) -> None:
        self.function = None


class _Clock:
    """A loop of which only the timers run, by a clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.handles: list[_Handle] = []

    def time(self) -> float:
        return self.now

    def call_at(self, at: float, function: Callable[[], object]) -> _Handle:
        self.handles.append(_Handle(at, function))
        return self.handles[-1]

    @property
    def waiting(self) -> list[_Handle]:
        return [handle for handle in self.handles if handle.function is not None]

    def advance(self, seconds: float) -> None:
        end = self.now + seconds
        while due := sorted((one for one in self.waiting if one.at <= end), key=_Handle.when):
            function, self.now = due[0].function, max(self.now, due[0].at)
            due[0].cancel()
            assert function is not None
            function()
        self.now = end

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return cast("asyncio.AbstractEventLoop", self)


@given(steps=st.lists(_STEPS, max_size=30))
def test_reset_timer__calls_when_a_timer_of_the_loop_would(steps: list[tuple[str, int]]) -> None:
    """Each time that was set and neither moved nor cancelled before it came; and never more than one timer of the loop waits."""
    clock, plain = _Clock(), _Clock()
    called: list[float] = []
    expected: list[float] = []
    timer = ResetTimer(clock.loop, lambda: called.append(clock.now))
    handle: _Handle | None = None
    for step, value in steps:
        if step == "pass":
            clock.advance(value)
            plain.advance(value)
            continue
        if handle is not None:
            handle.cancel()
        if step == "set":
            timer.set(value)
            handle = plain.call_at(plain.now + value, lambda: expected.append(plain.now))
        else:
            timer.cancel()
        assert len(clock.waiting) <= 1
    clock.advance(20)
    plain.advance(20)
    assert called == expected
    assert clock.waiting == []


def test_reset_timer__ended() -> None:
    """One that has ended leaves nothing in the loop that would keep its connection."""
    clock = _Clock()
    called: list[Any] = []
    timer = ResetTimer(clock.loop, lambda: called.append(clock.now))
    timer.set(5)
    timer.end()
    assert clock.waiting == []
    clock.advance(9)
    assert called == []


def test_beginning_loop__one_timer_a_function() -> None:
    """To call the same later once more moves its time; another function has its own."""
    clock = _Clock()
    called: list[Any] = []

    def idle() -> None:
        called.append(("idle", clock.now))

    def late() -> None:
        called.append(("late", clock.now))

    loop = BeginningLoop(clock.loop)
    loop.call_later(5, idle)
    loop.call_later(7, late).cancel()
    clock.advance(4)
    loop.call_later(5, idle)
    loop.call_later(1, late)
    clock.advance(6)
    assert called == [("late", 5.0), ("idle", 9.0)]
    loop.call_later(5, idle)
    loop.end_timers()
    assert clock.waiting == []
