"""Rules about a session from read to read: its states, its times and its id."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.checks.fields import (
    MALFORMED_ID,
    asked_id,
    epoch_seconds,
    is_read,
    reachable,
    read_of,
    same_id,
    state_of,
    status_pointer,
    terminal_stays,
)
from specimen.contracts.judge.checks.service_clock import date_of
from specimen.contracts.judge.checks.shown_sessions import shows_session
from specimen.contracts.judge.history import History, read_subject, same_caller
from specimen.contracts.judge.kind import CONSISTENCY
from specimen.contracts.judge.rule import EXAMINED, Examined, Finding, rule
from specimen.specs.core.json_pointer import at

_CREATED = re.compile(r"created_?at", re.IGNORECASE)
_STARTED = re.compile(r"started_?at", re.IGNORECASE)
_ENDED = re.compile(rf"(?:completed|closed|ended|finished)_?at|{_STARTED.pattern}", re.IGNORECASE)
_ANSWERED = re.compile(r"response_?time", re.IGNORECASE)
_MOVING = re.compile(rf"updated_?at|{_ANSWERED.pattern}", re.IGNORECASE)
# So long after its creation nobody has deleted a session.
_NEW_MILLISECONDS = 60_000
# By how much the clocks of two machines of one service may differ.
_CLOCK_SECONDS = 300
# By which the header Date, which has no parts of a second, surely tells two moments apart.
_SECONDS_APART = 2
_OK, _CREATED_STATUS = 200, 201


@rule("GEN-010", "a terminal state is never left", mark="I", source="lifecycle of the vendor's page", quote="terminal state")
def terminal_states_stay(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """Once a session was seen in a terminal state, it is never seen in another one."""
    return terminal_stays()(exchange, history)


@rule(
    "GEN-011",
    "a session moves along the lifecycle's edges",
    mark="A",
    source="transitions in lifecycle.yaml",
    reason="most edges are drawn by us",
)
def moves_are_legal(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """What is seen of a session now can be reached from what was seen before."""
    earlier = history.reads(exchange) if is_read(exchange) else ()
    lifecycle, shown = exchange.provider.lifecycle, state_of(exchange)
    before = state_of(earlier[-1]) if earlier else None
    if before is None or before not in lifecycle.states or before in lifecycle.terminal:
        return
    yield EXAMINED
    if shown not in reachable(lifecycle, before):
        yield Finding(str(status_pointer(exchange)), f"a state that can follow '{before}'", shown)


@rule("GEN-012", "the time of an answer never runs backwards", mark="I", source="names of the fields", quote="last updated")
def time_runs_forward(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Times of the last change or of the answer are not earlier than in the read before."""
    earlier = history.reads(exchange) if is_read(exchange) else ()
    for pointer, value in _fields(exchange.response_json, _MOVING) if earlier else ():
        now, before = epoch_seconds(value), epoch_seconds(at(earlier[-1].response_json, pointer))
        if now is None or before is None:
            continue
        yield EXAMINED
        if now < before:
            is_assumed = _ANSWERED.fullmatch(pointer.rpartition("/")[2]) is not None  # two servers may have two clocks
            yield Finding(pointer, "not earlier than in the read before", value, is_assumed)


@rule("GEN-013", "the time of creation never changes", mark="I", source="name of the field", quote="when session was created")
def creation_stays(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """A session was made once."""
    earlier = history.reads(exchange) if is_read(exchange) else ()
    for pointer, value in _fields(exchange.response_json, _CREATED) if earlier else ():
        yield EXAMINED
        if value != at(earlier[0].response_json, pointer):
            yield Finding(pointer, "the same value in every read", value)


@rule("GEN-014", "the id in the answer is the id that was asked for", mark="D", source="path parameter of the operation")
def ids_are_echoed(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """An answer shows the session that was asked for."""
    read = read_of(exchange)
    if read is None or read.id is None or read_subject(exchange) is None:
        return
    asked, shown = asked_id(exchange), at(exchange.response_json, read.id)
    if not isinstance(asked, str) or MALFORMED_ID.fullmatch(asked):
        return
    yield EXAMINED
    if not same_id(asked, shown):
        yield Finding(read.id, "the id that was asked for", shown)


@rule(
    "GEN-019",
    "a session that was made is found",
    mark="I",
    source="creation of a session",
    quote="the unique identifier of the session",
    kind=CONSISTENCY,
)
def new_sessions_are_found(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """For a minute after its creation, who made a session can read it in the place where it was made."""
    asked = asked_id(exchange)
    made = history.created(asked) if isinstance(asked, str) else None
    if made is None or exchange.has_preference or exchange.at - made.at > _NEW_MILLISECONDS or exchange.intent.get("unknown_id"):
        return  # an id of another kind than the operation's may be asked for as unknown
    shared = set(exchange.parameters) & set(made.parameters)
    if not same_caller(exchange, made) or any(exchange.parameters[name] != made.parameters[name] for name in shared):
        return
    yield EXAMINED
    if exchange.status in (404, 410) or (exchange.is_success and not shows_session(exchange)):
        yield Finding("", "the session that was made", exchange.status)


@rule(
    "GEN-060",
    "a session that was made with the caller's own key is found by it",
    mark="I",
    source="creation of a session",
    quote="Client key passed during session creation … the search will be performed by clientKey",
    kind=CONSISTENCY,
)
def keys_find_their_session(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """For a minute after its creation, in every state, and with any id beside the key."""
    magic = exchange.provider.lifecycle.magic
    key = exchange.declared_fields.get(magic.pointer[1:]) if magic is not None and read_of(exchange) is not None else None
    if magic is None or not isinstance(key, str) or not key or exchange.has_preference:
        return
    for made in reversed(history.creations):
        is_new = exchange.at - made.at <= _NEW_MILLISECONDS
        if not is_new or made.declared_fields.get(magic.pointer[1:]) != key or not same_caller(made, exchange):
            continue
        yield EXAMINED
        if exchange.status in (404, 410) or (exchange.is_success and not shows_session(exchange)):
            yield Finding("", "the session that was made with this key", exchange.status)
        return


@rule(
    "GEN-061",
    "the time of an answer is that of its making",
    mark="I",
    source="name of the field; RFC 9110, section 6.6.1, Date",
    quote="Response generation time",
)
def answers_are_of_now(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Two answers at times that are seconds apart, by the service's own header Date, do not say the same one."""
    answered = date_of(exchange)
    for pointer, value in _fields(exchange.response_json, _ANSWERED) if answered is not None and is_read(exchange) else ():
        for earlier in history.reads(exchange):
            before = date_of(earlier)
            if before is None or answered is None or answered - before < _SECONDS_APART:
                break  # those that follow are of later still
            yield EXAMINED
            if value is not None and at(earlier.response_json, pointer) == value:
                yield Finding(pointer, "another time than an answer of seconds before", value)
                return


@rule(
    "GEN-021",
    "the time at which a session started or ended never changes",
    mark="I",
    source="name of the field",
    quote="when processing started … when session reached a terminal state",
)
def end_stays(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """A session that has ended did so once, also where a later call leads it into another end."""
    terminal = exchange.provider.lifecycle.terminal
    earlier = history.reads(exchange)[-1:] if is_read(exchange) else ()
    is_settled = any(state_of(one) == state_of(exchange) or {state_of(one), state_of(exchange)} <= terminal for one in earlier)
    for pointer, value in _fields(exchange.response_json, _ENDED if is_settled else _STARTED) if earlier else ():
        before = at(earlier[0].response_json, pointer)
        if value is None or before is None:
            continue
        yield EXAMINED
        if before != value:
            yield Finding(pointer, "the same value in every read", value)


@rule(
    "GEN-059",
    "a session that is made now says so",
    mark="I",
    source="name of the field; RFC 9110, section 6.6.1, Date",
    quote="ISO 8601 timestamp when session was created",
)
def creations_are_of_now(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """By the clock of the service itself, which its header Date shows, give or take five minutes: an hour is another zone."""
    create, operation = exchange.provider.lifecycle.create, exchange.operation
    if operation is None or operation.id != create.operation or not exchange.is_success or exchange.has_preference:
        return
    answered = date_of(exchange)
    is_reused = exchange.status == _OK and str(_CREATED_STATUS) in operation.responses
    if answered is None or is_reused or history.under_key(exchange) or _is_known(exchange, history):
        return
    place = create.session.rpartition("/")[0]
    shown = at(exchange.response_json, place)
    for name, value in shown.items() if isinstance(shown, Mapping) else ():
        made = epoch_seconds(value) if _CREATED.fullmatch(name) else None
        if made is None:
            continue
        yield EXAMINED
        if abs(made - answered) > _CLOCK_SECONDS:
            yield Finding(f"{place}/{name}", "the time of the answer, by its header Date", value)


def _is_known(exchange: Exchange, history: History) -> bool:
    """Whether the answer to a creation shows a session that was made before, or that the request itself names."""
    shown = at(exchange.response_json, exchange.provider.lifecycle.create.session)
    return isinstance(shown, str) and (history.created(shown) is not None or shown in str(exchange.request_fields.values()))


def _fields(body: Any, names: re.Pattern[str]) -> Iterator[tuple[str, Any]]:
    """The fields of an object, or of its `data`, whose names match, with their JSON pointers."""
    for prefix, node in (("", body), ("/data", body.get("data") if isinstance(body, Mapping) else None)):
        if isinstance(node, Mapping):
            for name, value in node.items():
                if names.fullmatch(name):
                    yield f"{prefix}/{name}", value
