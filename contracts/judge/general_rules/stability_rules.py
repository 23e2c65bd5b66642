"""General rules on what stays: what was sent, what was shown, and what a refused call leaves alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.url_equivalence import same_url
from specimen.contracts.judge.checks.consecutive_reads import consecutive_reads
from specimen.contracts.judge.checks.fields import is_read, read_of, same_value, state_of, status_pointer
from specimen.contracts.judge.checks.shown_sessions import is_plain
from specimen.contracts.judge.history import History, same_caller
from specimen.contracts.judge.history.session_objects import (
    SessionObject,
    field_names,
    request_names,
    session_objects,
    shown_names,
)
from specimen.contracts.judge.rule import EXAMINED, Examined, Finding, rule
from specimen.specs import Operation
from specimen.specs.core.json_pointer import at, escape

# Members that may go: what is signed anew or no longer needed, and the reason of a failure that is over.
_PASSING = re.compile(
    r"\w*(?:token|secret|url|link|code|reason|errors?|message|hint|seconds\w*|expires?_?(?:at|on|in)|next\w*)|is_\w+",
    re.IGNORECASE,
)
_HAPPENED = re.compile(r"(?:created|started|completed|closed|ended|finished|verified|decided|checked)_?at", re.IGNORECASE)
# Members that move without a change of the session.
_MOVING = re.compile(
    r"\w*(?:url|link|token|secret|images?|media|seconds\w*|response_?time|request_?id|spent|tries\w*|attempts\w*|count\w*)",
    re.IGNORECASE,
)
# Lists whose entries pass, and what names an entry of the others.
_TRANSIENT = re.compile(r"\w*(?:media|images?\w*|links?|history|errors|events)", re.IGNORECASE)
_NAMES = ("id", "type", "caption")
# What parsers of JSON drop by themselves.
_DROPPED = frozenset({"__proto__"})
# Letters that a verb and its participle share.
_STEM = 5
_DEEPEST = 8


@rule(
    "GEN-036",
    "what a session was shown with is not gone later",
    mark="I",
    source="names of the fields",
    quote="present when",
)
def shown_stays_shown(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """A value that a read showed has a value in the next one, unless it is a link, a secret or the reason of a failure."""
    reads = consecutive_reads(exchange, history)
    if reads is None:
        return
    documented, theirs = shown_names(exchange.provider, reads.operation), request_names(exchange.provider)
    for name, was in reads.before.items():
        is_known = name in theirs or (name in documented and not _PASSING.fullmatch(name))
        if not is_known or was in (None, "", [], {}) or isinstance(was, (list, dict)):
            continue
        yield EXAMINED
        if reads.now.get(name) in (None, ""):
            yield Finding(f"{reads.place}/{escape(name)}", "a value, as in the read before", reads.now.get(name))


@rule(
    "GEN-037",
    "a session that was not updated is answered as before",
    mark="I",
    source="names of the fields",
    quote="last update",
)
def untouched_sessions_rest(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Where neither its status nor the time of its last change has moved, nothing has but links and counted time."""
    reads = consecutive_reads(exchange, history)
    if reads is None or state_of(reads.earlier) != state_of(exchange):
        return
    before, now, updated = reads.before, reads.now, reads.updated
    if updated is None or now[updated] is None or before.get(updated) != now[updated]:
        return
    yield EXAMINED
    documented = shown_names(exchange.provider, reads.operation)  # what a service adds is its own
    for pointer, value in _changes({name: before[name] for name in before if name in documented}, now, reads.place, 0):
        yield Finding(pointer, "what the read before showed, for the session was not updated since", value)
        return


@rule(
    "GEN-067",
    "an entry that a session was shown with is not gone later",
    mark="I",
    source="lists within the vendor's answers",
    quote="returns every check … contains the results for each KYC session task",
)
def entries_stay(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """By its id or its type; it may move to another list of the session. Not of pictures, earlier tries and errors."""
    reads = consecutive_reads(exchange, history)
    if reads is None:
        return
    documented = shown_names(exchange.provider, reads.operation)
    now = {key for name, value in reads.now.items() for key in _keys(name, value)}
    for name, value in reads.before.items() if now else ():
        known = _keys(name, value) if name in documented and isinstance(reads.now.get(name), list) else ()
        if known:
            yield EXAMINED
        if not set(known) <= now:
            yield Finding(f"{reads.place}/{escape(name)}", "each entry that the read before showed", reads.now[name])
            return


def _keys(name: str, value: Any) -> list[str]:
    """What tells the entries of a list from one another; nothing where an entry has nothing that does."""
    entries = value if isinstance(value, list) and not _TRANSIENT.fullmatch(name) else []
    found = [next((one[key] for key in _NAMES if key in one), None) if isinstance(one, Mapping) else None for one in entries]
    return [str(key) for key in found] if all(isinstance(key, str) for key in found) else []


def _changes(before: Any, now: Any, pointer: str, depth: int) -> Iterator[tuple[str, Any]]:
    if isinstance(before, Mapping) and isinstance(now, Mapping) and depth < _DEEPEST:
        if depth and any(_is_link(value) for value in (*before.values(), *now.values())):
            return
        for name in before:
            if not _MOVING.fullmatch(name):
                yield from _changes(before[name], now.get(name), f"{pointer}/{escape(name)}", depth + 1)
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for index, pair in enumerate(zip(before, now, strict=True)):
            yield from _changes(*pair, f"{pointer}/{index}", depth + 1)
    elif not same_value(before, now) and not (_is_link(before) and _is_link(now)):
        yield pointer, now


def _is_link(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("http://", "https://"))


@rule(
    "GEN-038",
    "a call that is refused changes nothing",
    mark="I",
    source="RFC 9110, section 15.5, Client Error 4xx; lifecycle of the vendor's page",
    quote='the request will return "access denied"',
)
def refused_calls_change_nothing(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """A session that only refused calls were to end between two reads is not in the state that they lead to."""
    earlier = history.reads(exchange)[-1:] if is_read(exchange) else ()
    before, now = (state_of(earlier[0]) if earlier else None), state_of(exchange)
    if before is None or now is None or before in exchange.provider.lifecycle.terminal:
        return
    refused: list[Operation] = []
    for operation in exchange.provider.document.operations.values():
        if operation.is_safe or "{" not in operation.path or operation.id == exchange.provider.lifecycle.create.operation:
            continue
        calls = [one for one in history.calls(operation.id) if one.at >= earlier[0].at and _names(one, exchange)]
        if any(not 400 <= one.status < 500 for one in calls):
            return
        refused += [operation] if calls else []
    if refused:
        yield EXAMINED
    for operation in refused if now != before else ():
        if _leads_to(operation, now):
            yield Finding(str(status_pointer(exchange)), f"'{before}', for {operation.id} was refused", now)
            return


def _leads_to(operation: Operation, state: str) -> bool:
    """Whether an operation is named after a state, as cancelSession is after canceled."""
    return operation.id.lower().startswith(state.lower()[:_STEM])


def _names(call: Exchange, read: Exchange) -> bool:
    """Whether a call is of the session that a read asks for."""
    return bool(set(call.parameters.values()) & set(read.parameters.values()))


@rule(
    "GEN-039",
    "what was sent comes back in every answer that has a field for it",
    mark="I",
    source="creation of a session",
    quote="Client key passed during session creation … if provided by the integrator",
)
def all_that_was_sent_comes_back(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """A value of the creation's path or body stands under its name in the creation's answer, in reads, lists and streams.

    Of an object every part does; the service may add others. That an optional field is there at all is assumed.
    """
    if exchange.has_preference:
        return
    is_creation = exchange.operation is not None and exchange.operation.id == exchange.provider.lifecycle.create.operation
    read = read_of(exchange)
    expected = shown_names(exchange.provider, read.operation) if read is not None and read.id is not None else frozenset[str]()
    for shown in session_objects(exchange):
        made = exchange if is_creation else history.maker(shown.id, exchange.provider)
        if made is None or made.has_preference or not (is_creation or same_caller(made, exchange)):
            continue
        if is_creation and (history.created(shown.id) is not None or history.under_key(exchange)):
            continue  # the session is an earlier creation's
        documented = request_names(exchange.provider)  # a service ignores the others
        sent = {**made.parameters, **{name: made.declared_fields[name] for name in made.declared_fields if name in documented}}
        if not _ways_to_name(sent):
            yield from _not_as_sent(shown, sent, field_names(exchange.provider), expected)


def _ways_to_name(sent: Mapping[str, Any]) -> bool:
    """Whether one thing is named in two ways, as by an id and a slug: no page says which one counts."""
    stems = [name.rpartition("_")[0] for name in sent if name.endswith(("_id", "_slug", "_name"))]
    return len(stems) != len(set(stems))


def _not_as_sent(
    shown: SessionObject, sent: Mapping[str, Any], known: frozenset[str], expected: frozenset[str]
) -> Iterator[Finding | Examined]:
    for name, value in sent.items():
        answered = shown.members.get(name)
        if value not in (None, "", [], {}) and name in expected and name not in shown.members:
            yield EXAMINED
            yield Finding(f"{shown.pointer}/{escape(name)}", "what the creation sent", None, is_assumed=True)
        if value in (None, "", [], {}) or answered is None or isinstance(value, list) or isinstance(answered, list):
            continue
        yield EXAMINED
        place = next(_differing(value, answered, "", known), None)
        if place is not None:
            pointer = f"{shown.pointer}/{escape(name)}{place}"
            yield Finding(pointer, "what the creation sent", at(answered, place) if place else answered)


def _differing(sent: Any, answered: Any, pointer: str, known: frozenset[str]) -> Iterator[str]:
    """The places that both have with other values; of an object with documented names, what stands under another one is free."""
    if isinstance(sent, Mapping) and isinstance(answered, Mapping):
        is_documented = bool(known & {*sent, *answered})
        for name, value in sent.items():
            # What was not asked for, and is effective all the same, is the service's to say.
            is_asked = value is not None and value is not False and not (isinstance(value, str) and not value.strip())
            if is_asked and name not in answered and not is_documented and name not in _DROPPED:
                yield pointer
            elif is_asked and name in answered and (name in known or not is_documented):
                yield from _differing(value, answered[name], f"{pointer}/{escape(str(name))}", known)
    elif isinstance(sent, str) and isinstance(answered, (int, float)) and not isinstance(answered, bool):
        if sent != str(answered):
            yield pointer
    elif not same_value(sent, answered) and not same_url(sent, answered) and not (pointer and _is_same_text(sent, answered)):
        yield pointer


def _is_same_text(first: Any, second: Any) -> bool:
    """Whether two texts differ in white space alone, which a service may normalise within an object."""
    return isinstance(first, str) and isinstance(second, str) and first.split() == second.split()


@rule(
    "GEN-047",
    "the time at which something happened is the same whenever it is asked",
    mark="I",
    source="names of the fields",
    quote="The time the verification session reached a terminal state … Session creation date and time",
)
def past_times_stay(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """The same question to an operation that makes and ends no session, where all else is answered as before."""
    operation, body = exchange.operation, exchange.response_json
    if operation is None or not exchange.is_success or exchange.has_preference or not isinstance(body, Mapping):
        return
    if read_of(exchange) is not None or operation.id == exchange.provider.lifecycle.create.operation:
        return
    for earlier in reversed(history.calls(operation.id)):
        is_same = (earlier.path, earlier.query, earlier.request_body) == (exchange.path, exchange.query, exchange.request_body)
        before = earlier.response_json
        if not is_same or not earlier.is_success or not same_caller(earlier, exchange) or not isinstance(before, Mapping):
            continue
        times = [name for name, value in body.items() if _HAPPENED.fullmatch(name) and value is not None and before.get(name)]
        if not times or any(before.get(name) != value for name, value in body.items() if name not in times and is_plain(value)):
            return
        yield EXAMINED
        for name in times:
            if not same_value(before[name], body[name]):
                yield Finding(f"/{escape(name)}", "the time that was answered before", body[name])
        return
