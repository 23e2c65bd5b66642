"""General rules that compare what an implementation says in one place with what it says in another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.url_equivalence import same_url
from specimen.contracts.judge.checks import fields
from specimen.contracts.judge.checks.body_mark import body_mark
from specimen.contracts.judge.checks.fields import made_by, read_of, same_value
from specimen.contracts.judge.checks.shown_sessions import is_plain
from specimen.contracts.judge.history import History
from specimen.contracts.judge.rule import EXAMINED, Examined, Finding, rule
from specimen.specs import Operation
from specimen.specs.core.json_pointer import at, escape
from specimen.specs.loading.error_bodies import error_code

# Members that change with each answer.
_CHANGING = re.compile(r"response_?time|\w*seconds\w*|\w*url\w*|\w*token\w*|\w*images?\w*|media|request_?id", re.IGNORECASE)
_IDENTITY = re.compile(r"\w*_?id|\w*version|environment|livemode|client_?key", re.IGNORECASE)
_ENDED = re.compile(r"(?:completed|closed|ended|finished)_?at", re.IGNORECASE)
# So far may the clocks of two machines be apart.
_CLOCKS_SECONDS = 300


@rule(
    "GEN-024",
    "an error says what it is in the words that the document has for its status",
    mark="I",
    source="OpenAPI 3.1, Response Object, examples",
    quote="The error code … Session not found. … The session with the given ID was not found.",
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
    "GEN-026",
    "what a session was made with comes back",
    mark="I",
    source="creation of a session",
    quote="Client key passed during session creation … if provided by the integrator",
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
    read = read_of(exchange)
    own = "" if read is None or read.id is None else read.id.rpartition("/")[0]
    for pointer, value in _changes(earlier[0].response_json, exchange.response_json, own):
        yield Finding(pointer, "what the read before showed", value)
        return


def _changes(before: Any, now: Any, own: str, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """The places at which two answers differ, with the later value; without links and what stands beside them.

    What stands beside the links of the session itself, at `own`, is compared.
    """
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        if any(_is_link(value) for value in (*before.values(), *now.values())) and pointer not in ("", own):
            return
        for name in dict.fromkeys((*before, *now)):
            if not _CHANGING.fullmatch(name):
                yield from _changes(before.get(name), now.get(name), own, f"{pointer}/{escape(name)}")
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for index, pair in enumerate(zip(before, now, strict=True)):
            yield from _changes(*pair, own, f"{pointer}/{index}")
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
        if not is_plain(was) or was == "" or not _IDENTITY.fullmatch(name):
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
    """By the time at which its creation was asked for, give or take the difference of two clocks."""
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
        if when < made.started / 1000 - _CLOCKS_SECONDS:
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
