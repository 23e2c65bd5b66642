"""General rules that compare what an implementation says in one place with what it says in another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.url_equivalence import same_url
from specimen.contracts.judge.checks import fields
from specimen.contracts.judge.checks.body_mark import body_mark
from specimen.contracts.judge.checks.fields import made_by, read_of, same_value
from specimen.contracts.judge.history import History, same_caller
from specimen.contracts.judge.rule import EXAMINED, RULE_ATTRIBUTE, Examined, Finding, Rule, rule
from specimen.specs import Operation
from specimen.specs.core.json_pointer import at, escape
from specimen.specs.loading.error_bodies import error_code
from specimen.specs.loading.lifecycle import Lifecycle

# Members that say with what a session was made: they are the same wherever the session is shown.
_MADE_WITH = re.compile(
    r"created_?at|livemode|environment|\w*version|(?:flow|template|subject|schema|contract|client|workspace)_?(?:id|key|version)",
    re.IGNORECASE,
)
# Members that may differ although nothing happened between two answers.
_MOVING = re.compile(r"updated_?at|response_?time|\w*seconds\w*|\w*spent|\w*url\w*|\w*token\w*|is_?client_?new", re.IGNORECASE)
_MOST_LISTS = 5
_NOT_FOUND = 404
# Members that change with each answer.
_CHANGING = re.compile(r"response_?time|\w*seconds\w*|\w*url\w*|\w*token\w*|\w*images?\w*|media|request_?id", re.IGNORECASE)
_IDENTITY = re.compile(r"\w*_?id|\w*version|environment|livemode|client_?key", re.IGNORECASE)
_ENDED = re.compile(r"(?:completed|closed|ended|finished)_?at", re.IGNORECASE)
# So far may the clocks of two machines be apart.
_CLOCKS_SECONDS = 300


class Shown(NamedTuple):
    """A session's object in an answer, with its pointer and the name of the member that holds its id."""

    pointer: str
    members: Mapping[str, Any]
    id: str


@rule(
    "GEN-024",
    "an error says what it is in the words that the document has for its status",
    mark="I",
    source="OpenAPI 3.1, Response Object, examples",
    quote="the codes and messages of the documented errors",
)
def errors_say_what_they_are(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """A code of another status tells a client the wrong thing; a code that the document does not know may be a new one.

    Where errors have no code, the message is all that tells them apart, and is one of those in the document.
    """
    operation = exchange.operation
    response = operation.responses.get(str(exchange.status)) if operation is not None else None
    if operation is None or response is None or exchange.is_success:
        return
    known, elsewhere, has_codes = _words(operation, str(exchange.status))
    pointer, said = _word(exchange.response_json, has_codes=has_codes)
    if said is None or not known:
        return
    yield EXAMINED
    if said not in known and (said in elsewhere or not has_codes):
        mark = body_mark(exchange.provider.document, response)
        yield Finding(pointer, f"one of {', '.join(sorted(known))}", said, mark=mark)


def _words(operation: Operation, status: str) -> tuple[set[str], set[str], bool]:
    """The words of the documented errors of a status, those of other statuses, and whether they are codes."""
    bodies = [
        (name, body)
        for name, response in operation.responses.items()
        if name >= "400"
        for media in response.media
        for body in media.examples.values()
    ]
    has_codes = any(error_code(body) is not None for _, body in bodies)
    words = [(name, _word(body, has_codes=has_codes)[1]) for name, body in bodies]
    here = {word for name, word in words if name == status and word is not None}
    return here, {word for name, word in words if name != status and word is not None} - here, has_codes


def _word(body: Any, *, has_codes: bool) -> tuple[str, str | None]:
    """The code of an error, or its message where the document has no codes, with its pointer."""
    if not has_codes:
        message = at(body, "/message")
        return "/message", message if isinstance(message, str) else None
    return "/error/code" if isinstance(at(body, "/error"), Mapping) else "/code", error_code(body)


@rule(
    "GEN-025",
    "answers of different operations say the same of a session",
    mark="I",
    source="lifecycle of the vendor's page",
    quote="the same field of the same session",
)
def answers_agree(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """What a session was made with is the same everywhere; of one that has ended, so is all else that does not move.

    What a list shows, a read finds. A session that was seen in a later state is nowhere back in its first one, unless the
    lifecycle leads there.
    """
    if exchange.has_preference or exchange.operation is None or history.under_key(exchange):
        return  # under a repeated key the first answer comes again, whatever became of the session
    if read_of(exchange) is not None and _is_listed(exchange, history):
        yield EXAMINED
        if exchange.status == _NOT_FOUND:
            yield Finding("", "the session that a list showed", exchange.status)
    is_creation = exchange.operation.id == exchange.provider.lifecycle.create.operation
    if not exchange.is_success or is_creation:
        return
    for shown in _sessions(exchange):
        for earlier in _elsewhere(shown.id, exchange, history):
            yield from _differences(exchange, shown, earlier)
            break


def _is_listed(exchange: Exchange, history: History) -> bool:
    """Whether the last answer of a list that the same caller got shows an id that a read asks for."""
    asked = set(exchange.parameters.values())
    for operation in exchange.provider.document.operations.values():
        if operation.is_safe and "{" not in operation.path:
            for listed in history.calls(operation.id)[-1:]:
                if listed.is_success and not listed.has_preference and same_caller(listed, exchange):
                    return any(shown.id in asked for shown in _sessions(listed))
    return False


def _differences(exchange: Exchange, shown: Shown, earlier: Mapping[str, Any]) -> Iterator[Finding | Examined]:
    lifecycle = exchange.provider.lifecycle
    status = next((read.status.rpartition("/")[2] for read in lifecycle.reads if read.status is not None), "status")
    now, before = shown.members.get(status), earlier.get(status)
    may_leave = {edge.origin for edge in lifecycle.transitions if edge.operation is not None}
    has_ended = before in lifecycle.terminal
    if has_ended and before not in may_leave and now in lifecycle.states:
        yield EXAMINED
        if now != before:
            yield Finding(f"{shown.pointer}/{status}", f"'{before}', as another answer said", now)
            return
    if before in lifecycle.states and now in lifecycle.states and not _leads_to(lifecycle, lifecycle.initial):
        yield EXAMINED
        if now == lifecycle.initial and now != before:
            yield Finding(f"{shown.pointer}/{status}", f"'{before}', as another answer said, or what follows", now)
            return
    is_read = read_of(exchange) is not None
    for name, was in earlier.items():
        value, is_made_with = shown.members.get(name), _MADE_WITH.fullmatch(name) is not None
        is_stable = is_made_with or (has_ended and now == before and not _MOVING.fullmatch(name))
        is_gone = is_made_with and was != "" and (name in shown.members or is_read) and value in (None, "")
        if not is_stable or not _is_plain(was) or not (is_gone or _is_plain(value)):
            continue
        yield EXAMINED
        if is_gone or not same_value(value, was):
            yield Finding(f"{shown.pointer}/{name}", "the value that another answer showed", value)


def _leads_to(lifecycle: Lifecycle, state: str) -> bool:
    return any(edge.to == state for edge in lifecycle.transitions)


def _is_plain(value: Any) -> bool:
    return isinstance(value, (str, int, float, bool))


def _sessions(exchange: Exchange) -> Iterator[Shown]:
    """The sessions that an answer shows: a read's, a creation's, or the rows of a list."""
    read, create, operation = read_of(exchange), exchange.provider.lifecycle.create, exchange.operation
    pointer = read.id if read is not None else create.session if operation and operation.id == create.operation else None
    if pointer is not None:
        place, _, name = pointer.rpartition("/")
        found = at(exchange.response_json, place)
        if isinstance(found, Mapping) and isinstance(found.get(name), str):
            yield Shown(place, found, found[name])
        return
    if operation is None or not operation.is_safe:
        return
    for member, found in exchange.response_json.items() if isinstance(exchange.response_json, Mapping) else ():
        for index, row in enumerate(found if isinstance(found, list) else ()):
            for name in _id_names(exchange):
                if isinstance(row, Mapping) and isinstance(row.get(name), str):
                    yield Shown(f"/{member}/{index}", row, row[name])
                    break


def _id_names(exchange: Exchange) -> tuple[str, ...]:
    reads = exchange.provider.lifecycle.reads
    return tuple(dict.fromkeys(read.id.rpartition("/")[2] for read in reads if read.id is not None))


def _elsewhere(session: str, exchange: Exchange, history: History) -> Iterator[Mapping[str, Any]]:
    """What the last answer of each other operation that showed a session to the same caller said of it."""
    here = exchange.operation.id if exchange.operation is not None else ""
    others = [(one.operation, history.of(f"read {one.operation} {session}")[-1:]) for one in exchange.provider.lifecycle.reads]
    made = history.created(session)
    others.append((exchange.provider.lifecycle.create.operation, (made,) if made is not None else ()))
    others += [
        (operation.id, history.calls(operation.id)[-_MOST_LISTS:])
        for operation in exchange.provider.document.operations.values()
        if operation.is_safe and "{" not in operation.path
    ]
    for name, earlier in others:
        for one in reversed(earlier) if name != here else ():
            if one.is_success and not one.has_preference and same_caller(one, exchange):
                yield from (shown.members for shown in _sessions(one) if shown.id == session)


@rule(
    "GEN-026",
    "what a session was made with comes back",
    mark="I",
    source="creation of a session",
    quote="the field that the request and the answer share",
)
def sent_comes_back(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """A text that the creation sent under a name stands under that name in the session, where it stands there at all."""
    read = read_of(exchange)
    made = made_by(exchange, history)
    if made is None or made.has_preference or read is None or read.id is None or exchange.has_preference:
        return
    place = read.id.rpartition("/")[0]
    shown, sent = at(exchange.response_json, place), made.declared_fields
    for name, value in sent.items() if isinstance(shown, Mapping) else ():
        answered = shown.get(name)
        if not isinstance(value, str) or not isinstance(answered, str):
            continue
        yield EXAMINED
        if not same_value(value, answered) and not same_url(value, answered):
            yield Finding(f"{place}/{name}", "what the creation sent", answered)


@rule(
    "GEN-027",
    "a session that has ended is answered alike in every read",
    mark="I",
    source="lifecycle of the vendor's page",
    quote="terminal state",
)
def ended_sessions_rest(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Reading changes nothing, and nothing else does: but for the time of the answer, and for links that are signed anew."""
    earlier = [one for one in history.reads(exchange)[-1:] if fields.state_of(one) == fields.state_of(exchange)]
    if not earlier or fields.state_of(exchange) not in exchange.provider.lifecycle.terminal:
        return
    yield EXAMINED
    for pointer, value in _changes(earlier[0].response_json, exchange.response_json):
        yield Finding(pointer, "what the read before showed", value)
        return


def _changes(before: Any, now: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """The places at which two answers differ, with the later value; without links and what stands beside them."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        if any(_is_link(value) for value in (*before.values(), *now.values())) and pointer:
            return
        for name in dict.fromkeys((*before, *now)):
            if not _CHANGING.fullmatch(name):
                yield from _changes(before.get(name), now.get(name), f"{pointer}/{escape(name)}")
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for index, pair in enumerate(zip(before, now, strict=True)):
            yield from _changes(*pair, f"{pointer}/{index}")
    elif not same_value(before, now) and not (_is_link(before) and _is_link(now)):
        yield pointer, now


def _is_link(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("http://", "https://"))


@rule(
    "GEN-028",
    "an id that a session was shown with stays",
    mark="I",
    source="names of the fields",
    quote="the unique identifier",
)
def ids_stay(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Such as the user's, once there is one, or the version of the flow."""
    read = read_of(exchange)
    earlier = history.reads(exchange)[-1:]
    if read is None or read.id is None or not earlier:
        return
    place = read.id.rpartition("/")[0]
    before, now = at(earlier[0].response_json, place), at(exchange.response_json, place)
    for name, value in now.items() if isinstance(now, Mapping) and isinstance(before, Mapping) else ():
        was = before.get(name)
        if not _is_plain(was) or was == "" or not _IDENTITY.fullmatch(name):
            continue
        yield EXAMINED
        if not same_value(was, value):
            yield Finding(f"{place}/{name}", "the same value in every read", value)


@rule(
    "GEN-029",
    "a session does not end before it was made",
    mark="I",
    source="names of the fields",
    quote="timestamp when session reached a terminal state",
)
def ends_come_after_creations(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """By the time at which its creation was answered, give or take the difference of two clocks."""
    read, made = read_of(exchange), made_by(exchange, history)
    if exchange.has_preference or read is None or read.id is None or made is None or made.has_preference:
        return
    place = read.id.rpartition("/")[0]
    shown = at(exchange.response_json, place)
    for name, value in shown.items() if isinstance(shown, Mapping) else ():
        when = fields.epoch_seconds(value) if _ENDED.fullmatch(name) else None
        if when is None:
            continue
        yield EXAMINED
        if when < made.at / 1000 - _CLOCKS_SECONDS:
            yield Finding(f"{place}/{name}", "not earlier than the session's creation", value)


@rule(
    "GEN-030",
    "a creation that names something unknown is refused",
    mark="I",
    source="creation of a session",
    quote="to pin a specific template",
)
def unknown_references_are_refused(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Such as a template or a flow: a session of another one is not what was asked for."""
    operation = exchange.operation
    is_creation = operation is not None and operation.id == exchange.provider.lifecycle.create.operation
    if not exchange.intent.get("unknown_reference") or not is_creation:
        return
    yield EXAMINED
    if exchange.is_success:
        yield Finding("", "a refusal of what the provider does not have", exchange.status)


RULES: tuple[Rule, ...] = tuple(
    getattr(function, RULE_ATTRIBUTE)
    for function in (
        errors_say_what_they_are,
        answers_agree,
        sent_comes_back,
        ended_sessions_rest,
        ids_stay,
        ends_come_after_creations,
        unknown_references_are_refused,
    )
)
