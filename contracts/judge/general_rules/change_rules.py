"""General rules about change: what was announced stays, a change is dated, and answers in between tell the same state."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta

from specimen.contracts.http.exchange import Exchange, parsed
from specimen.contracts.http.sse import EVENT_STREAM, has_data
from specimen.contracts.judge.checks.consecutive_reads import consecutive_reads
from specimen.contracts.judge.checks.fields import (
    epoch_seconds,
    is_read,
    made_by,
    reachable,
    read_of,
    same_value,
    state_of,
    status_pointer,
)
from specimen.contracts.judge.checks.precision import unit
from specimen.contracts.judge.checks.service_clock import date_of, is_running
from specimen.contracts.judge.history import History, read_subject, same_caller
from specimen.contracts.judge.history.session_objects import session_objects
from specimen.contracts.judge.rule import EXAMINED, Examined, Finding, rule
from specimen.contracts.judge.severity import weakest
from specimen.contracts.redaction.values import Words
from specimen.specs import Provider
from specimen.specs.core.json_pointer import at, escape

_DEADLINE = re.compile(r"expires?_?(?:at|on)|expir(?:y|ation)_?(?:date|time|at)?", re.IGNORECASE)
_COUNTED = re.compile(r"\w*(?:tries|attempts)\w*", re.IGNORECASE)
_CREATED = re.compile(r"created_?at", re.IGNORECASE)
_HAPPENED = re.compile(r"(?:started|completed|closed|ended|finished|verified|decided)_?at", re.IGNORECASE)
_ROUNDING_SECONDS = 1
# By how much the clocks of two machines of one service may differ.
_CLOCKS_SECONDS = 300
_CLOSE = timedelta(milliseconds=1)
# In so many of the latest answers of another operation a session is looked for.
_MOST_BEFORE = 5


@rule(
    "GEN-053",
    "the end of a session's time stays as it was announced",
    mark="I",
    source="names of the fields",
    quote="ISO 8601 timestamp when session expires … The expiration time of the verification session",
)
def deadlines_stay(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """From its creation, and from the first read on, whatever becomes of the session."""
    read = read_of(exchange)
    if read is None or read.id is None or not is_read(exchange) or exchange.has_preference:
        return
    place = read.id.rpartition("/")[0]
    shown = at(exchange.response_json, place)
    made = made_by(exchange, history)
    known = [at(one.response_json, place) for one in history.reads(exchange)[:1]]
    known += [entry.members for entry in session_objects(made)] if made is not None and not made.has_preference else []
    for name, value in shown.items() if isinstance(shown, Mapping) else ():
        if value is None or not _DEADLINE.fullmatch(name):
            continue
        before = next((one[name] for one in known if isinstance(one, Mapping) and one.get(name) is not None), None)
        if before is None:
            continue
        yield EXAMINED
        if not same_value(before, value):
            yield Finding(f"{place}/{escape(name)}", "the time that was announced first", value)


@rule(
    "GEN-057",
    "a session's time is as long as the page says",
    mark="I",
    source="lifetime in lifecycle.yaml, which names the vendor's own source",
    quote="ISO 8601 timestamp when session expires … The expiration time of the verification session",
)
def lifetimes_are_kept(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """By the answer to its creation; one that is announced to end as it is made, as on a page, is not measured."""
    lifetime = exchange.provider.lifecycle.lifetime
    is_creation = exchange.operation is not None and exchange.operation.id == exchange.provider.lifecycle.create.operation
    for shown in session_objects(exchange) if lifetime is not None and is_creation and not exchange.has_preference else ():
        times = {name: (value, epoch_seconds(value)) for name, value in shown.members.items() if isinstance(value, str)}
        made = next((seconds for name, (_, seconds) in times.items() if _CREATED.fullmatch(name)), None)
        for name, (value, ends) in times.items():
            if made is None or ends is None or lifetime is None or not _DEADLINE.fullmatch(name):
                continue
            yield EXAMINED
            # A time without seconds says no more than its minute.
            units = (unit(text).total_seconds() for text, moment in times.values() if moment in (made, ends))
            if ends != made and abs(ends - made - lifetime.seconds) > max(_ROUNDING_SECONDS, *units):
                pointer, mark = f"{shown.pointer}/{escape(name)}", weakest("I", lifetime.mark)
                yield Finding(pointer, f"{lifetime.seconds} seconds after its creation", value, mark=mark)


@rule(
    "GEN-054",
    "a change of a session moves the time of its last change",
    mark="I",
    source="names of the fields",
    quote="ISO 8601 timestamp of last update … The time the verification session was last updated",
)
def changes_are_dated(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Another status than in the read before, or another number of tries: where the time is shown to the millisecond.

    A clock that stands, as that of a mock may, dates all alike: nothing is said before it is seen to run.
    """
    reads = consecutive_reads(exchange, history)
    if reads is None:
        return
    before, now, updated = reads.before, reads.now, reads.updated
    if updated is None or not isinstance(now[updated], str) or not isinstance(before.get(updated), str):
        return
    if unit(now[updated]) > _CLOSE or unit(before[updated]) > _CLOSE:
        return  # two changes may fall into one second
    counts = [
        name for name in now if _COUNTED.fullmatch(name) and isinstance(before.get(name), int) and isinstance(now[name], int)
    ]
    is_same = state_of(reads.earlier) == state_of(exchange) and not any(now[name] > before[name] for name in counts)
    if is_same or state_of(reads.earlier) in exchange.provider.lifecycle.terminal or not is_running(exchange, history):
        return
    yield EXAMINED
    if same_value(before[updated], now[updated]):
        yield Finding(
            f"{reads.place}/{escape(updated)}", "another time than in the read before, for the session has changed", now[updated]
        )


@rule(
    "GEN-055",
    "a stream begins with what the session is now",
    mark="I",
    source="document of the operation, text/event-stream",
    quote="`data:` … at once and on change",
)
def streams_begin_at_once(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """The first event is not behind what was read before the stream was asked for; data in no event tell nothing.

    A stream of comments alone, which keep a connection open, may have been left before its first event.
    """
    operation, lifecycle = exchange.operation, exchange.provider.lifecycle
    if operation is None or not exchange.is_success or exchange.response_type != EVENT_STREAM or exchange.has_preference:
        return
    if not exchange.events and not has_data(exchange.response_body):
        return  # none of it is there yet, or its reader has left
    yield EXAMINED
    if not exchange.events:
        yield Finding("", "an event with the present state", Words("data that no event holds"))
        return
    first = parsed(exchange.events[0])
    name = _status_name(exchange.provider)
    shown = first.get(name) if isinstance(first, Mapping) else None
    for read in lifecycle.reads:
        for session in exchange.parameters.values():
            before = [state_of(one) for one in history.of(f"read {read.operation} {session}")[-1:] if same_caller(one, exchange)]
            if not before or not isinstance(shown, str) or shown not in lifecycle.states or before[0] not in lifecycle.states:
                continue
            if shown not in reachable(lifecycle, str(before[0])):
                yield Finding(f"/0/{name}", f"'{before[0]}', as it was read before, or what follows", shown)
            return


@rule(
    "GEN-056",
    "answers between two reads say the same state as both",
    mark="I",
    source="lifecycle of the vendor's page",
    quote="the platform writes the result to a verification record",
)
def answers_in_between_agree(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """A list, or the read of what a session names as its own, that came between two reads which show one state."""
    earlier = history.reads(exchange)[-1:] if is_read(exchange) else ()
    state, lifecycle = state_of(exchange), exchange.provider.lifecycle
    if not earlier or state not in lifecycle.states or state_of(earlier[0]) != state or exchange.operation is None:
        return
    if not same_caller(earlier[0], exchange):
        return
    ids = {id_ for shown in session_objects(exchange) for id_ in (shown.id, *_ids_beside(exchange.provider, shown.members))}
    name = _status_name(exchange.provider)
    for operation in _showing(exchange.provider):
        is_other = operation != exchange.operation.id
        for one in history.after(f"operation {operation}", str(read_subject(exchange)))[-_MOST_BEFORE:] if is_other else ():
            is_between = one.started >= earlier[0].at and one.at <= exchange.started
            if not is_between or not one.is_success or not same_caller(one, exchange):
                continue
            for shown in session_objects(one):
                told = shown.members.get(name)
                if shown.id not in ids or told not in lifecycle.states:
                    continue
                yield EXAMINED
                if told != state:
                    yield Finding(str(status_pointer(exchange)), f"'{told}', as {operation} said in between", state)
                    return


@rule(
    "GEN-062",
    "what happened between two reads is dated between them",
    mark="I",
    source="names of the fields; RFC 9110, section 6.6.1, Date",
    quote="timestamp when processing started … The time the verification session reached a terminal state",
)
def happenings_are_dated(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """A time that the read before did not have yet, by the service's own header Date, give or take five minutes."""
    reads = consecutive_reads(exchange, history)
    until = date_of(exchange) if reads is not None and not exchange.has_preference else None
    since = date_of(reads.earlier) if reads is not None and until is not None else None
    if reads is None or since is None or until is None or until < since:
        return
    for name, value in reads.now.items():
        when = epoch_seconds(value) if _HAPPENED.fullmatch(name) and reads.before.get(name) is None else None
        if when is None or not (name in reads.before or state_of(reads.earlier) != state_of(exchange)):
            continue
        yield EXAMINED
        if not since - _CLOCKS_SECONDS <= when <= until + _CLOCKS_SECONDS:
            yield Finding(f"{reads.place}/{escape(name)}", "a time between this read and the one before", value)


def _ids_beside(provider: Provider, members: Mapping[str, object]) -> Iterator[str]:
    """The ids of other kinds that a session's members name as its own."""
    for kind in provider.lifecycle.ids:
        value = members.get(f"{kind}_id")
        if isinstance(value, str):
            yield value


def _status_name(provider: Provider) -> str:
    return next((read.status.rpartition("/")[2] for read in provider.lifecycle.reads if read.status is not None), "status")


def _showing(provider: Provider) -> Iterator[str]:
    """The reads, and the operations that list sessions."""
    for operation in provider.document.operations.values():
        is_of_one = any(read.operation == operation.id for read in provider.lifecycle.reads)
        if operation.is_safe and operation.part is None and (is_of_one or "{" not in operation.path):
            yield operation.id
