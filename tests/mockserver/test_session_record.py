"""Where a session stands at a time: the laws of its record, for every provider and scenario."""

from __future__ import annotations

from itertools import pairwise
from unittest import mock

from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from specimen import specs
from specimen.fixtures.primitives.timelines import Event, plan, plan_at_pace
from specimen.mockserver.sessions import session_record
from specimen.mockserver.sessions.session_record import FOREVER, Record, first_event, last_state, timeline

PROVIDERS = {name: specs.load(name) for name in specs.names()}
MINUTE = 60_000


@st.composite
def records(draw: st.DrawFn) -> tuple[specs.Lifecycle, Record]:
    """A record of any provider and scenario, at any pace, with valid events that happened to it."""
    lifecycle = PROVIDERS[draw(st.sampled_from(sorted(PROVIDERS)))].lifecycle
    scenario = lifecycle.scenarios[draw(st.sampled_from(list(lifecycle.scenarios)))]
    made_at = draw(st.integers(0, 4 * 10**12))
    pinned = draw(st.sampled_from([False, False, False, True]))
    record = Record(
        namespace="default",
        id="x",
        scenario=scenario.name,
        seed=0,
        created_at=made_at - draw(st.sampled_from([0, 0, 1, 59 * MINUTE, 10**9])),
        made_at=made_at,
        speed=1.0 if pinned else draw(st.sampled_from([0.5, 1.0, 10.0, 1000.0, 999999.0])),
        steps=draw(st.integers(0, len(scenario.path) - 1)),
        pinned=pinned,
    )
    at = timeline(record, lifecycle, made_at).events[-1].at
    for _ in range(draw(st.integers(0, 3))):
        at += draw(st.integers(0, 100 * MINUTE))
        before = timeline(record, lifecycle, at).state
        after = [edge for edge in lifecycle.transitions if edge.origin == before]
        if not after:
            break
        edge = draw(st.sampled_from(after))
        record = replace(record, events=(*record.events, Event(edge.to, at, edge.cause)))
    return lifecycle, record


def _after(record: Record) -> st.SearchStrategy[int]:
    """Times around all that can happen to a record."""
    return st.integers(record.created_at - MINUTE, record.made_at + 4 * 10**9)


@given(records(), st.data())
def test_law__terminal_states_never_move(made: tuple[specs.Lifecycle, Record], data: st.DataObject) -> None:
    """Once terminal, a session answers the same events forever."""
    lifecycle, record = made
    first, later = sorted((data.draw(_after(record)), data.draw(_after(record))))
    line = timeline(record, lifecycle, first)
    if line.state in lifecycle.terminal:
        assert timeline(record, lifecycle, later).events == line.events


@given(records(), st.data())
def test_law__two_steps_equal_one(made: tuple[specs.Lifecycle, Record], data: st.DataObject) -> None:
    """What happened by a time is the beginning of what happened by a later one; the rest happened later."""
    lifecycle, record = made
    first, later = sorted((data.draw(_after(record)), data.draw(_after(record))))
    early, late = timeline(record, lifecycle, first), timeline(record, lifecycle, later)
    assert late.events[: len(early.events)] == early.events
    if first >= early.events[-1].at:  # a look at the time before it was made shows the first state
        assert early.events == tuple(event for event in late.events if event.at <= first)


@given(records(), st.data())
def test_law__until_is_exact(made: tuple[specs.Lifecycle, Record], data: st.DataObject) -> None:
    """A timeline is the same up to the moment before `until`, and another one at it."""
    lifecycle, record = made
    now = data.draw(_after(record))
    line = timeline(record, lifecycle, now)
    assert line.until > now or record.pinned
    if line.until == FOREVER:
        assert timeline(record, lifecycle, now + 10**12).events == line.events
    else:
        assert timeline(record, lifecycle, line.until - 1).events == line.events
        assert len(timeline(record, lifecycle, line.until).events) > len(line.events)


@given(records(), st.data())
def test_law__only_legal_moves_in_order(made: tuple[specs.Lifecycle, Record], data: st.DataObject) -> None:
    """Every timeline walks edges of the lifecycle, forwards in time, from the initial state."""
    lifecycle, record = made
    events = timeline(record, lifecycle, data.draw(_after(record))).events
    assert events[0].state == lifecycle.initial
    for before, after in pairwise(events):
        assert lifecycle.is_edge(before.state, after.state)
        assert before.at <= after.at


@given(records(), st.data())
def test_law__lifetime_moves_whatever_is_open(made: tuple[specs.Lifecycle, Record], data: st.DataObject) -> None:
    """At the end of its lifetime no session is in a state that the lifetime ends."""
    lifecycle, record = made
    lifetime = lifecycle.lifetime
    assume(lifetime is not None and not record.pinned)
    assert lifetime is not None
    end = record.created_at + lifetime.seconds * 1000
    now = max(end, record.made_at) + data.draw(st.integers(0, 10**9))
    assert timeline(record, lifecycle, now).state not in lifetime.froms


@given(records(), st.data())
def test_law__an_event_ends_the_plan(made: tuple[specs.Lifecycle, Record], data: st.DataObject) -> None:
    """After something happened to a session its plan adds nothing; only its lifetime may."""
    lifecycle, record = made
    assume(record.events)
    line = timeline(record, lifecycle, data.draw(_after(record)))
    later = [event for event in line.events if event.at > record.events[0].at]
    for event in later:
        is_end = lifecycle.lifetime is not None and event.state == lifecycle.lifetime.to
        assert event in record.events or is_end


@given(made=records())
def test_law__a_pace_that_is_known_plans_the_same(made: tuple[specs.Lifecycle, Record]) -> None:
    """As the plan that is worked out anew, to the millisecond, also where the lifetime ends the path."""
    lifecycle, record = made
    path = lifecycle.scenarios[record.scenario].path[: record.steps + 1]
    anew = plan(lifecycle, path, record.made_at, speed=record.speed, created_at=record.created_at)
    assert plan_at_pace(lifecycle, path, record.made_at, record.speed, record.created_at) == anew


@given(made=records(), data=st.data())
def test_law__what_has_not_moved_is_found_at_once_as_at_length(made: tuple[specs.Lifecycle, Record], data: st.DataObject) -> None:
    """The short way for a session that is as it was made gives the events and the end that the long way gives."""
    lifecycle, record = made
    now = data.draw(st.one_of(_after(record), st.integers(record.created_at - 1, record.made_at + 30_000)))
    short = timeline(record, lifecycle, now)
    with mock.patch.object(session_record, "before_first_move", return_value=None):
        assert timeline(record, lifecycle, now) == short


@given(made=records(), data=st.data())
def test_law__what_is_over_is_found_at_once_as_at_length(made: tuple[specs.Lifecycle, Record], data: st.DataObject) -> None:
    """The last state, where it is known without the events, is theirs, for good; where there is no lifetime, it is known."""
    lifecycle, record = made
    now = data.draw(_after(record))
    line, state = timeline(record, lifecycle, now), last_state(record, lifecycle, now)
    assert line.events[0] == first_event(record, lifecycle)
    if state is not None:
        assert (line.state, line.until) == (state, FOREVER)
    elif lifecycle.lifetime is None and record.steps and not record.events and not record.pinned:
        assert line.until != FOREVER
