"""Rules that hold for every provider."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.no_response import ARE_NOTES, SENTENCES
from specimen.contracts.http.sse import EVENT_STREAM
from specimen.contracts.judge.account_refusals import is_account_dependent
from specimen.contracts.judge.checks.body_mark import body_mark
from specimen.contracts.judge.checks.fields import (
    NEAR_MISS,
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
from specimen.contracts.judge.history import History, read_subject
from specimen.contracts.judge.kind import CONSISTENCY, FAILURE, REFUSAL, SAFETY, SCHEMA
from specimen.contracts.judge.request_validation import may_mean_nothing, readers_differ, request_errors
from specimen.contracts.judge.rule import EXAMINED, Check, Examined, Finding, Rule
from specimen.contracts.redaction.curl_command import OWN
from specimen.contracts.redaction.values import Words
from specimen.specs import Operation, Provider
from specimen.specs.core.json_pointer import at
from specimen.specs.loading.openapi import mark_of

_TRACEBACK = re.compile(
    rb"Traceback \(most recent call last\)|File \"[^\"]+\.py\", line \d+|\n\s+at [\w.$<>]+\([\w.]+:\d+|goroutine \d+ \[|"
    rb"node_modules/|SQLSTATE\[|ORA-\d{5}|System\.\w+Exception|java\.lang\.\w+|werkzeug\.|Stack trace:"
)
_CREATED = re.compile(r"created_?at", re.IGNORECASE)
_ENDED = re.compile(r"(?:completed|closed|ended|finished)_?at", re.IGNORECASE)
_ANSWERED = re.compile(r"response_?time", re.IGNORECASE)
_MOVING = re.compile(rf"updated_?at|{_ANSWERED.pattern}", re.IGNORECASE)
# So long after its creation nobody has deleted a session.
_NEW_MILLISECONDS = 60_000
RULES: list[Rule] = []
# Rules about the form of an answer, which holds even where a mock was asked for a certain one.
ABOUT_FORM = frozenset({"GEN-001", "GEN-002", "GEN-003", "GEN-004", "GEN-007", "GEN-022"})
# Rules that hold even for operations that no page documents.
ABOUT_SAFETY = frozenset({"GEN-004", "GEN-007", "GEN-008"})
# Rules whose finding explains all others about the same answer: its status or its content type is unknown, or it cannot be read.
ABOUT_WHOLE_ANSWER = frozenset({"GEN-001", "GEN-002", "GEN-004"})
# The one rule about a request that has no answer.
ABOUT_SILENCE = "GEN-022"


def _rule(
    rule_id: str, sentence: str, mark: str, source: str, reason: str = "", quote: str = "", kind: str = ""
) -> Callable[[Check | None], Check | None]:
    def wrap(function: Check | None) -> Check | None:
        RULES.append(Rule(rule_id, sentence, mark, source, function, reason, quote=quote, kind=kind))
        return function

    return wrap


# What a gateway or a rate limit in front of the vendor answers on its own: no breach of the vendor's contract.
_FROM_IN_BETWEEN = frozenset({429, 502, 503, 504})
_MALFORMED = frozenset({400, 422})
_FAILURES = range(500, 600)


@_rule("GEN-001", "the status code is documented for the operation", "D", "OpenAPI 3.1, Responses Object", kind=SCHEMA)
def status_is_documented(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """An operation answers with the statuses that its document lists; where the list is assumed, this is a note."""
    operation = exchange.operation
    if operation is None or "default" in operation.responses:
        return
    yield EXAMINED
    if str(exchange.status) not in operation.responses:
        expected = f"one of {', '.join(operation.responses)}"
        # An id that is almost right may be called malformed, whatever the document says of ids that are not there.
        is_malformed = exchange.status in _MALFORMED and bool(exchange.intent.get("malformed_id"))
        is_assumed = is_malformed or exchange.status in _FROM_IN_BETWEEN or _statuses_are_assumed(operation, exchange.status)
        yield Finding("", expected, exchange.status, is_assumed)


@_rule(
    "GEN-002",
    "the answer has a body of a content type documented for its status",
    "D",
    "OpenAPI 3.1, Response Object, content",
    kind=SCHEMA,
)
def content_type_is_documented(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Where the document lists content types for a status, there is a body of one of them."""
    response = exchange.operation.responses.get(str(exchange.status)) if exchange.operation else None
    if response is None or not response.media or exchange.method == "HEAD":
        return
    yield EXAMINED
    expected = ", ".join(media.content_type for media in response.media)
    mark = body_mark(exchange.provider.document, response)
    if response.content(exchange.response_type) is None and (exchange.response_body or exchange.response_type):
        yield Finding("", expected, exchange.response_type or Words("no content type"), mark=mark)
    elif not exchange.response_body and exchange.response_type != EVENT_STREAM:
        yield Finding("", f"a body of {expected}", Words("an empty body"), mark=mark)


@_rule("GEN-003", "every required header is there", "D", "OpenAPI 3.1, Header Object, required", kind=SCHEMA)
def required_headers_are_there(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """An answer carries the headers that its document requires."""
    response = exchange.operation.responses.get(str(exchange.status)) if exchange.operation else None
    if response is None:
        return
    for name, node in response.headers.items():
        header = exchange.provider.document.resolve(node)[0]
        if not header.get("required"):
            continue
        yield EXAMINED
        if name.lower() not in exchange.response_headers:
            yield Finding("", f"the header {name}", None, "A" in (mark_of(header), response.mark))


@_rule("GEN-004", "an answer of a JSON type is JSON", "D", "RFC 8259", kind=SCHEMA)
def json_is_json(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """A body that says it is JSON can be read as JSON."""
    if exchange.method == "HEAD" or not exchange.response_type.endswith("json") or not exchange.response_body:
        return
    yield EXAMINED
    if exchange.response_json is None and exchange.response_body.strip() != b"null":
        yield Finding("", "a JSON value", Words(f"{len(exchange.response_body)} bytes that are none"))


# Found by the validators of the document, in judge.py.
_rule("GEN-005", "the answer keeps its schema", "D", "OpenAPI 3.1, Schema Object", kind=SCHEMA)(None)
_rule("GEN-006", "an error comes in the documented envelope", "D", "OpenAPI 3.1, Schema Object", kind=REFUSAL)(None)


@_rule("GEN-007", "an error shows nothing of the server's inside", "P", "OWASP, Improper Error Handling", kind=SAFETY)
def errors_leak_nothing(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """No traceback, file name or SQL state in an error."""
    if exchange.status < 400:
        return
    yield EXAMINED
    if _TRACEBACK.search(exchange.response_body):
        yield Finding("", "no traceback", Words(f"{len(exchange.response_body)} bytes with one"))


@_rule("GEN-008", "nothing is answered without credentials", "D", "OpenAPI 3.1, Security Requirement Object", kind=SAFETY)
def credentials_are_needed(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """A secured operation answers nothing to who shows no credentials."""
    if not _is_secured(exchange) or exchange.has_credentials:
        return
    yield EXAMINED
    if exchange.is_success:
        yield Finding("", "a refusal of a request without credentials", exchange.status)


@_rule(
    "GEN-009",
    "an id that is almost right is refused",
    "P",
    "RFC 9562, section 4; contracts of the id's pattern",
    kind=REFUSAL,
)
def near_misses_are_refused(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """An id in braces, as a URN, or with white space at an end does not find the session; a note where any text may be one."""
    asked = asked_id(exchange)
    if not isinstance(asked, str) or not NEAR_MISS.fullmatch(asked):
        return
    yield EXAMINED
    if read_subject(exchange) is not None:
        yield Finding("", "a refusal", exchange.status, is_assumed=_any_text_is_an_id(exchange))


@_rule("GEN-010", "a terminal state is never left", "I", "lifecycle of the vendor's page", quote="terminal state")
def terminal_states_stay(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """Once a session was seen in a terminal state, it is never seen in another one."""
    return terminal_stays()(exchange, history)


@_rule(
    "GEN-011", "a session moves along the lifecycle's edges", "A", "transitions in lifecycle.yaml", "most edges are drawn by us"
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


@_rule("GEN-012", "the time of an answer never runs backwards", "I", "names of the fields", quote="last updated")
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


@_rule("GEN-013", "the time of creation never changes", "I", "name of the field", quote="when session was created")
def creation_stays(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """A session was made once."""
    earlier = history.reads(exchange) if is_read(exchange) else ()
    for pointer, value in _fields(exchange.response_json, _CREATED) if earlier else ():
        yield EXAMINED
        if value != at(earlier[0].response_json, pointer):
            yield Finding(pointer, "the same value in every read", value)


@_rule("GEN-014", "the id in the answer is the id that was asked for", "D", "path parameter of the operation")
def ids_are_echoed(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """An answer shows the session that was asked for."""
    read = read_of(exchange)
    if read is None or read.id is None or read_subject(exchange) is None:
        return
    asked, shown = asked_id(exchange), at(exchange.response_json, read.id)
    if not isinstance(asked, str) or NEAR_MISS.fullmatch(asked):
        return
    yield EXAMINED
    if not same_id(asked, shown):
        yield Finding(read.id, "the id that was asked for", shown)


@_rule(
    "GEN-015",
    "a request that breaks the documented schema is refused",
    "D",
    "OpenAPI 3.1, Parameter and Request Body Object",
    kind=REFUSAL,
)
def invalid_requests_are_refused(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """What the document forbids is not answered with success; what only we forbid makes a note."""
    is_refused = exchange.status in _MALFORMED
    if is_refused and exchange.intent.get("invalid"):
        yield EXAMINED
    # Of a refused request its sender knows; only what others sent is looked at.
    if exchange.operation is None or not (exchange.is_success or (is_refused and exchange.seen_by not in OWN)):
        return
    broken = request_errors(exchange)
    if not broken:
        return
    yield EXAMINED
    # Some vendors answer "not found" with 200: a read that shows no session accepted nothing.
    if is_refused or (read_of(exchange) is not None and read_subject(exchange) is None):
        return
    worst = min(broken, key=lambda fault: fault.is_assumed)
    yield Finding("", f"a refusal: {worst.sentence}", exchange.status, worst.is_assumed)


@_rule(
    "GEN-016",
    "a valid request is not refused as malformed",
    "D",
    "OpenAPI 3.1, Parameter and Request Body Object",
    kind=CONSISTENCY,
)
def valid_requests_are_accepted(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """A request that its sender knows to be valid gets no 400 or 422; a note where its values may mean nothing.

    A refusal that the document ties to the account says nothing of the request.
    """
    if not exchange.intent.get("valid") or readers_differ(exchange):
        return
    is_refused = exchange.status in _MALFORMED
    if is_refused and (is_account_dependent(exchange) or request_errors(exchange)):
        return
    yield EXAMINED
    if is_refused:
        yield Finding("", "an answer other than 400 or 422", exchange.status, may_mean_nothing(exchange))


@_rule("GEN-017", "nothing is answered to unknown credentials", "P", "OpenAPI 3.1, Security Requirement Object", kind=SAFETY)
def credentials_are_checked(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """A secured operation answers nothing to a caller with invalid credentials."""
    if not _is_secured(exchange) or exchange.intent.get("credentials") != "unknown":
        return
    yield EXAMINED
    if exchange.is_success:
        yield Finding("", "a refusal of unknown credentials", exchange.status)


@_rule("GEN-018", "an unknown id finds no session", "P", "RFC 9110, section 15.5.5, 404 Not Found")
def unknown_ids_find_nothing(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """A well-formed id that the service did not issue is answered with a refusal; and one that it issued to another session."""
    is_asked = exchange.intent.get("unknown_id") or exchange.intent.get("foreign_id")
    if exchange.operation is None or not is_asked:
        return
    yield EXAMINED
    if not exchange.is_success or not shows_session(exchange):
        return
    if exchange.intent.get("unknown_id"):
        yield Finding("", "a refusal of an unknown id", exchange.status)
    elif exchange.intent.get("foreign_id"):
        yield Finding("", "a refusal of another session's id", exchange.status, mark="I")


@_rule(
    "GEN-019",
    "a session that was made is found",
    "I",
    "creation of a session",
    quote="the unique identifier of the session",
    kind=CONSISTENCY,
)
def new_sessions_are_found(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """For a minute after its creation, who made a session can read it in the place where it was made."""
    asked = asked_id(exchange)
    made = history.created(asked) if isinstance(asked, str) else None
    if made is None or exchange.has_preference or exchange.at - made.at > _NEW_MILLISECONDS:
        return
    shared = set(exchange.parameters) & set(made.parameters)
    if _caller(exchange) != _caller(made) or any(exchange.parameters[name] != made.parameters[name] for name in shared):
        return
    yield EXAMINED
    if exchange.status in (404, 410) or (exchange.is_success and not shows_session(exchange)):
        yield Finding("", "the session that was made", exchange.status)


@_rule("GEN-020", "a session is found in its own place only", "I", "path parameters of the operation", quote="path parameters")
def sessions_stay_in_their_place(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Under another type or environment the id leads nowhere."""
    if not exchange.intent.get("elsewhere"):
        return
    yield EXAMINED
    if exchange.is_success and shows_session(exchange):
        yield Finding("", "a refusal", exchange.status)


@_rule(
    "GEN-021",
    "the time at which a session ended never changes",
    "I",
    "name of the field",
    quote="when session reached a terminal state",
)
def end_stays(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """A session that stays in its state ended once."""
    earlier = [one for one in history.reads(exchange)[-1:] if state_of(one) == state_of(exchange)] if is_read(exchange) else []
    for pointer, value in _fields(exchange.response_json, _ENDED) if earlier else ():
        before = at(earlier[0].response_json, pointer)
        if value is None or before is None:
            continue
        yield EXAMINED
        if before != value:
            yield Finding(pointer, "the same value in every read", value)


@_rule(ABOUT_SILENCE, "a request is answered", "P", "RFC 9110, section 3.4, Messages", kind=FAILURE)
def requests_are_answered(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """A connection does not end before its answer is whole; one that is late or too large to be read is a note."""
    yield EXAMINED
    if exchange.failure:
        yield Finding("", "an answer", Words(SENTENCES[exchange.failure]), exchange.failure in ARE_NOTES)


@_rule(
    "GEN-023",
    "a valid request does not make the server fail",
    "D",
    "OpenAPI 3.1, Responses Object; RFC 9110, section 15.6",
    kind=FAILURE,
)
def server_does_not_fail(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """A request that the document allows gets no 5xx, whether the document lists that answer or not.

    A documented 502, 503 or 504 says that something else is down. A note where a gateway may have answered, where readers may
    differ about the request, and where the document forbids the request: then a refusal was due, and a failure in its place
    accepts nothing.
    """
    if exchange.operation is None or exchange.intent.get("asked_for"):
        return
    yield EXAMINED
    is_from_in_between = exchange.status in _FROM_IN_BETWEEN
    if exchange.status not in _FAILURES or (is_from_in_between and str(exchange.status) in exchange.operation.responses):
        return
    is_in_doubt = is_from_in_between or readers_differ(exchange) or bool(request_errors(exchange))
    yield Finding("", "an answer other than a failure of the server", exchange.status, is_in_doubt)


def shows_session(exchange: Exchange) -> bool:
    """Whether a success is one: some vendors answer "not found" with 200, without an id and with a status of its own."""
    read, create = read_of(exchange), exchange.provider.lifecycle.create
    if read is None and exchange.operation is not None and exchange.operation.id == create.operation:
        return at(exchange.response_json, create.session) is not None
    if read is None or read.status is None:
        return True
    shows_id = read.id is not None and at(exchange.response_json, read.id) is not None
    return shows_id or state_of(exchange) in exchange.provider.lifecycle.states


def _caller(exchange: Exchange) -> tuple[str | None, ...]:
    """The credentials that a request shows, and the namespace of a mock."""
    names = ("authorization", "specimen-namespace", *_key_headers(exchange.provider))
    return tuple(exchange.request_headers.get(name) for name in names)


@cache
def _key_headers(provider: Provider) -> tuple[str, ...]:
    schemes = provider.document.raw.get("components", {}).get("securitySchemes", {}).values()
    return tuple(scheme["name"].lower() for scheme in schemes if scheme["type"] == "apiKey")


def _is_secured(exchange: Exchange) -> bool:
    return exchange.operation is not None and bool(exchange.operation.security)


def _statuses_are_assumed(operation: Operation, status: int) -> bool:
    """Whether everything that the document lists of a status's kind, success or refusal, is assumed."""
    of_its_kind = [response for name, response in operation.responses.items() if (name >= "400") == (status >= 400)]
    return bool(of_its_kind) and all(response.mark == "A" for response in of_its_kind)


def _any_text_is_an_id(exchange: Exchange) -> bool:
    """Whether the document gives the id in the path no form: then no page says which texts are none."""
    placed = [entry for entry in exchange.operation.parameters if entry.location == "path"] if exchange.operation else []
    read = read_of(exchange)
    placeholders = {f"{{{name}}}" for name in exchange.provider.lifecycle.ids}
    named = {name for name, value in read.request.path.items() if value in placeholders} if read is not None else set()
    return any(entry.name in named and not {"pattern", "format", "enum"} & entry.schema.keys() for entry in placed)


def _fields(body: Any, names: re.Pattern[str]) -> Iterator[tuple[str, Any]]:
    """The fields of an object, or of its `data`, whose names match, with their JSON pointers."""
    for prefix, node in (("", body), ("/data", body.get("data") if isinstance(body, Mapping) else None)):
        if isinstance(node, Mapping):
            for name, value in node.items():
                if names.fullmatch(name):
                    yield f"{prefix}/{name}", value
