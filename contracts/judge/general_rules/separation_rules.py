"""General rules that keep sessions apart: what is one session's own is not another's, and each creation makes one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.checks.fields import same_id, same_value
from specimen.contracts.judge.history import History, same_caller
from specimen.contracts.judge.history.own_values import SECRET, own_values
from specimen.contracts.judge.history.session_objects import SessionObject, request_names, session_objects
from specimen.contracts.judge.rule import EXAMINED, Examined, Finding, rule
from specimen.contracts.judge.severity import weakest
from specimen.contracts.redaction.values import Words
from specimen.specs import Provider
from specimen.specs.core.json_pointer import at

_SHORTEST_SECRET = 16
_DEEPEST = 8


@rule(
    "GEN-031",
    "what one session was given is not shown for another",
    mark="I",
    source="creation of a session",
    quote="the unique identifier of the session",
)
def sessions_have_their_own(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Its link, its token, the ids of what was made for it: shown for two sessions, they lead to the wrong one."""
    if exchange.has_preference or not history.has_holders or history.under_key(exchange):
        return
    for own in own_values(exchange):
        holder = history.holder(own.name, own.value)
        if holder is None or _is_no_place_for(own.name, exchange):
            continue
        yield EXAMINED
        if not same_id(holder, own.session):
            yield Finding(own.pointer, "a value of this session's own", Words("what another session was shown with"))
            return
    for shown in session_objects(exchange):
        yield from _refers_back(shown, history)


def _is_no_place_for(name: str, exchange: Exchange) -> bool:
    """Whether a name is a secret's, which no documented answer of the operation has: that it is shown at all is the fault."""
    if not SECRET.fullmatch(name) or exchange.operation is None:
        return False
    return name not in _shown_names(exchange.provider, exchange.operation.id)


def _refers_back(shown: SessionObject, history: History) -> Iterator[Finding | Examined]:
    """An object that a session named as its own names that session."""
    named = shown.members.get("session_id", shown.members.get("sessionId"))
    holder = history.holder("verification_id", shown.id)
    if holder is None or not isinstance(named, str) or named == shown.id:
        return
    yield EXAMINED
    if not same_id(holder, named):
        yield Finding(f"{shown.pointer}/session_id", "the session that names this as its own", named)


@rule(
    "GEN-032",
    "the ids and values in a session's link are the session's",
    mark="I",
    source="creation of a session",
    quote="Includes the one-shot `cancel_token` as a query parameter … the search will be performed by clientKey",
)
def links_are_their_own(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """An id of the session's form in its link is its id; a parameter that is named as a field beside it has its value."""
    theirs = request_names(exchange.provider)
    for shown in session_objects(exchange) if not history.under_key(exchange) else ():
        for name, value in shown.members.items():
            if name in theirs or not isinstance(value, str) or not value.startswith(("http://", "https://")):
                continue
            found = [*_ids_in(exchange.provider, value)]
            if found:
                yield EXAMINED
            if found and not any(same_id(shown.id, one) for one in found) and any(history.created(one) for one in found):
                yield Finding(f"{shown.pointer}/{name}", "a link with the id of this session", Words("a link with another's"))
            for parameter, text in _parameters(value):
                beside = _beside(shown.members, parameter)
                if not isinstance(beside, str) or not beside:
                    continue
                yield EXAMINED
                if text != beside:
                    expected = f"the value of {parameter} beside it, in the link too"
                    yield Finding(f"{shown.pointer}/{name}", expected, Words("a link with another value"))


def _parameters(url: str) -> list[tuple[str, str]]:
    try:
        parts = urlsplit(url)
        return [*parse_qsl(parts.query), *parse_qsl(parts.fragment)]
    except ValueError:
        return []


def _beside(members: Mapping[str, Any], parameter: str) -> Any:
    plain = parameter.replace("_", "").lower()
    return next((value for name, value in members.items() if name.replace("_", "").lower() == plain), None)


def _ids_in(provider: Provider, text: str) -> Iterator[str]:
    pattern = _id_pattern(provider)
    yield from (found.group() for found in pattern.finditer(text)) if pattern is not None else ()


@cache
def _id_pattern(provider: Provider) -> re.Pattern[str] | None:
    form = next(iter(provider.lifecycle.ids.values()), None)
    if form is None:
        return None
    if form.prefix:
        return re.compile(rf"(?<![A-Za-z0-9]){re.escape(form.prefix)}[A-Za-z0-9]{{{form.length}}}")
    return re.compile(r"(?<![0-9a-fA-F-])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9a-fA-F-])")


@rule(
    "GEN-033",
    "a secret that only the creation shows is not shown again",
    mark="I",
    source="creation of a session",
    quote="Returned only on session creation",
)
def secrets_are_shown_once(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Neither in a field nor in a link, where no documented answer of the operation has a field of its name."""
    operation = exchange.operation
    if operation is None or exchange.has_preference or operation.id == exchange.provider.lifecycle.create.operation:
        return
    for shown in session_objects(exchange):
        made = history.created(shown.id)
        for name, value in _secrets(made) if made is not None else ():
            if name in _shown_names(exchange.provider, operation.id):
                continue
            yield EXAMINED
            if _bytes(value) in exchange.response_body:
                yield Finding(shown.pointer, f"a session without its {name}", Words(f"an answer with the {name}"))
                return


def _bytes(text: str) -> bytes:
    """A text as it stands in a body; JSON may hold half of a surrogate pair, which is no character."""
    return text.encode("utf-8", "surrogatepass")


def _secrets(made: Exchange) -> Iterator[tuple[str, str]]:
    for shown in session_objects(made):
        for name, value in shown.members.items():
            if SECRET.fullmatch(name) and isinstance(value, str) and len(value) >= _SHORTEST_SECRET:
                yield name, value


@cache
def _shown_names(provider: Provider, operation_id: str) -> frozenset[str]:
    """The names of all members in the documented answers of an operation."""
    operation = provider.document.operations[operation_id]
    found: set[str] = set()
    todo: list[Any] = [
        body for response in operation.responses.values() for media in response.media for body in media.examples.values()
    ]
    while todo:
        node = todo.pop()
        if isinstance(node, Mapping):
            found |= node.keys()
            todo += node.values()
        elif isinstance(node, list):
            todo += node
    return frozenset(found)


@rule(
    "GEN-034",
    "each creation makes a session of its own",
    mark="I",
    source="creation of a session",
    quote="the unique identifier of the session",
)
def creations_make_their_own(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Unless it repeats a key, names a session or the caller's own key of one, or may answer an existing session."""
    operation, lifecycle = exchange.operation, exchange.provider.lifecycle
    if operation is None or operation.id != lifecycle.create.operation or not exchange.is_success or exchange.has_preference:
        return
    shown = at(exchange.response_json, lifecycle.create.session)
    if not isinstance(shown, str) or {"200", "201"} <= operation.responses.keys() or _bytes(shown) in exchange.request_body:
        return
    if history.under_key(exchange):
        return  # the first answer under this key comes again
    yield EXAMINED
    made = history.created(shown)
    if made is None:
        return
    keys = [one.request_headers.get("idempotency-key") for one in (made, exchange)]
    if keys != [None, None]:
        if keys[0] != keys[1] or not same_caller(made, exchange):
            yield Finding(lifecycle.create.session, "a new session, for this key was not used before", shown)
        return
    pointer = lifecycle.magic.pointer if lifecycle.magic is not None else ""
    key = _sent_at(exchange, pointer)
    if key is None or not same_value(key, _sent_at(made, pointer)):
        yield Finding(lifecycle.create.session, "a new session", shown)


@rule(
    "GEN-035",
    "a creation that is refused makes no session",
    mark="I",
    source="creation of a session",
    quote='the request will return "access denied"',
)
def refused_creations_make_nothing(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """No session is shown with the caller's own key of a request that was refused, unless another request sent it too."""
    lifecycle = exchange.provider.lifecycle
    is_creation = exchange.operation is not None and exchange.operation.id == lifecycle.create.operation
    if lifecycle.magic is None or exchange.has_preference or is_creation:
        return
    refused: dict[str, None] | None = None
    for shown in session_objects(exchange):
        if history.created(shown.id) is not None:
            continue
        value = at(shown.members, lifecycle.magic.pointer)
        if not isinstance(value, str):
            continue
        if refused is None:
            refused = _refused_values(history.calls(lifecycle.create.operation), lifecycle.magic.pointer)
        if not refused:
            return
        yield EXAMINED
        if value in refused:
            pointer = f"{shown.pointer}{lifecycle.magic.pointer}"
            yield Finding(pointer, "no session of a creation that was refused", Words("the value that it sent"))


@rule(
    "GEN-064",
    "what only the caller gives is shown only where the creation sent it",
    mark="I",
    source="creation of a session; only_given in lifecycle.yaml",
    quote="if provided by the integrator … Client key passed during session creation … The original subjectId value provided",
)
def nothing_is_made_up(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """What a session holds of its creation alone is null, empty or not there where the creation did not send it."""
    create = exchange.provider.lifecycle.create
    if exchange.has_preference or not create.only_given or history.under_key(exchange) or exchange.intent.get("stand_in"):
        return
    is_creation = exchange.operation is not None and exchange.operation.id == create.operation
    for shown in session_objects(exchange):
        made = exchange if is_creation and history.created(shown.id) is None else history.created(shown.id)
        if made is None or made.has_preference:
            continue
        sent = _names_in(made.declared_fields)
        for one in history.calls(create.operation):  # a later one may name the session
            if shown.id in map(str, one.declared_fields.values()):
                sent |= _names_in(one.declared_fields)
        for name, mark in create.only_given.items():
            if name in sent or name not in shown.members:
                continue
            yield EXAMINED
            value = shown.members[name]
            if value not in (None, "", [], {}):
                yield Finding(f"{shown.pointer}/{name}", "nothing, for the creation sent none", value, mark=weakest("I", mark))
                return


def _names_in(node: Any, depth: int = 0) -> frozenset[str]:
    """The names of all members of what was sent, without those that have no value."""
    if depth > _DEEPEST or not isinstance(node, (Mapping, list)):
        return frozenset()
    entries = node.values() if isinstance(node, Mapping) else node
    names = {name for name, value in node.items() if value is not None} if isinstance(node, Mapping) else set()
    return frozenset(names).union(*(_names_in(one, depth + 1) for one in entries))


def _refused_values(calls: Any, pointer: str) -> dict[str, None]:
    taken = {_sent_at(one, pointer) for one in calls if one.is_success}
    found = (_sent_at(one, pointer) for one in calls if 400 <= one.status < 500)
    return {value: None for value in found if isinstance(value, str) and value and value not in taken}


def _sent_at(exchange: Exchange, pointer: str) -> Any:
    found = at(exchange.declared_json, pointer) if pointer else None
    return exchange.declared_fields.get(pointer[1:]) if found is None and pointer else found
