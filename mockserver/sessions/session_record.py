"""A session's record, and its state at a time as a pure function of the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from specimen.fixtures.primitives.timelines import CREATED, Event, before_first_move, plan_at_pace, state_at_end
from specimen.specs.loading.lifecycle import Lifecycle, nothing

FOREVER = 1 << 62


class Record(Struct, frozen=True, gc=False):
    """A session: its plan, and its events so far. Times are milliseconds since the epoch.

    A struct of msgspec: a frozen dataclass takes ten times as long to make (4 µs), and each read of a shared store makes one.
    `msgspec.structs.replace` makes the next version. No collection of garbage looks at it (`gc=False`): it is in no cycle, and to
    look at all that are kept pauses a server for tens of milliseconds.

    The plan: `scenario` from `made_at` on, `speed` times the vendor's own, up to state number `steps` of its path.
    `created_at` is the time in answers. `polls` is after how many reads the next event is due (0: reads change nothing),
    `reads` how many there were. A `pinned` record makes no transition by itself. `version` counts its changes from 1; `owner`
    is the account whose lists show it. The order of the fields is part of the stored form: see `store.codec`.

    `told_after` says of the events that requests made, by their first place among all and the one behind their last, after which
    change of the webhook endpoints they happened: (first, end, number).
    """

    namespace: str
    id: str
    scenario: str
    seed: int
    created_at: int
    made_at: int
    speed: float
    steps: int
    facts: Mapping[str, Any] = field(default_factory=nothing)
    keys: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    polls: int = 0
    reads: int = 0
    pinned: bool = False
    version: int = 1
    owner: str = ""
    told_after: tuple[tuple[int, int, int], ...] = ()

    def change_before(self, place: int) -> int | None:
        """The number of the last change of the webhook endpoints before an event, where that is known."""
        return next((number for first, end, number in self.told_after if first <= place < end), None)


def first_event(record: Record, lifecycle: Lifecycle) -> Event:
    """That the session was created."""
    return Event(lifecycle.scenarios[record.scenario].path[0], record.created_at, CREATED)


class Timeline(Struct, frozen=True, gc=False):
    """The events of a session up to a time, oldest first, and until when (exclusive) that is all of them."""

    events: tuple[Event, ...]
    until: int

    @property
    def state(self) -> str:
        """The state the session is in."""
        return self.events[-1].state


def last_state(record: Record, lifecycle: Lifecycle, now: int) -> str | None:
    """The state in which a session is for good, where that is known without its events: one that only its plan has moved."""
    if record.events or record.pinned:
        return None
    path = lifecycle.scenarios[record.scenario].path[: record.steps + 1]
    return state_at_end(lifecycle, path, record.made_at, record.speed, record.created_at, now)


def timeline(record: Record, lifecycle: Lifecycle, now: int) -> Timeline:
    """All events of a session at `now`.

    The recorded events (`record.events`) end its plan. A session that is still open expires at the end of its lifetime.
    """
    path = lifecycle.scenarios[record.scenario].path[: record.steps + 1]
    if not record.events and not record.pinned:
        unmoved = before_first_move(lifecycle, path, record.made_at, record.speed, record.created_at, now)
        if unmoved is not None:
            return Timeline(*unmoved)
    planned = plan_at_pace(lifecycle, path, record.made_at, record.speed, record.created_at)
    if record.pinned:
        return Timeline(planned + record.events, FOREVER)
    if record.events:
        first = record.events[0].at
        planned = tuple(event for index, event in enumerate(planned) if index == 0 or event.at <= first)
    lifetime = lifecycle.lifetime
    end = FOREVER if lifetime is None else record.created_at + lifetime.seconds * 1000
    if not record.events and planned[-1].at <= min(now, end) and (lifetime is None or planned[-1].state not in lifetime.froms):
        return Timeline(planned, FOREVER)  # as below, but at once: it is over
    found: list[Event] = []
    until = FOREVER
    for event in planned + record.events:
        if found:
            is_open = lifetime is not None and found[-1].state in lifetime.froms
            if is_open and event.at > end:
                break
            if event.at > now:
                until = event.at
                break
        found.append(event)
    if lifetime is not None and found[-1].state in lifetime.froms:
        if now >= end:
            cause = lifecycle.transition(found[-1].state, lifetime.to).cause
            found.append(Event(lifetime.to, max(end, found[-1].at), cause))
            until = FOREVER
        else:
            until = min(until, end)
    return Timeline(tuple(found), until)


def next_step(record: Record, lifecycle: Lifecycle) -> str | None:
    """Under a pace of polls: the next state of the scenario's path, or None where the session left it or is at its end."""
    path = lifecycle.scenarios[record.scenario].path
    walked = (path[0], *(event.state for event in record.events))
    if len(walked) >= len(path) or walked != path[: len(walked)]:
        return None
    return path[len(walked)]
