"""Rules that hold for every provider."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from contracts.checks import is_read, moment, reachable, read_of, same_id, status_pointer
from contracts.exchange import Exchange, at
from contracts.history import History, read_subject
from contracts.requests import request_errors
from contracts.rule import Check, Finding, Rule
from specs.documents import mark_of

_TRACEBACK = re.compile(
    rb"Traceback \(most recent call last\)|File \"[^\"]+\.py\", line \d+|\n\s+at [\w.$<>]+\([\w.]+:\d+|goroutine \d+ \[|"
    rb"node_modules/|SQLSTATE\[|ORA-\d{5}|System\.\w+Exception|java\.lang\.\w+|werkzeug\.|Stack trace:"
)
_NEAR_MISS = re.compile(r"\{.*\}|urn:uuid:.*|\s.*|.*\s", re.DOTALL | re.IGNORECASE)
_CREATED = re.compile(r"created_?at", re.IGNORECASE)
_MOVING = re.compile(r"updated_?at|response_?time", re.IGNORECASE)
RULES: list[Rule] = []


def _rule(rule_id: str, sentence: str, mark: str, source: str) -> Callable[[Check | None], Check | None]:
    def wrap(function: Check | None) -> Check | None:
        RULES.append(Rule(rule_id, sentence, mark, source, function))
        return function

    return wrap


@_rule("GEN-001", "the status code is documented for the operation", "D", "OpenAPI 3.1, Responses Object")
def status_is_documented(exchange: Exchange, _: History) -> Iterator[Finding]:
    """An operation answers with the statuses that its document lists."""
    operation = exchange.operation
    if operation is not None and str(exchange.status) not in operation.responses and "default" not in operation.responses:
        yield Finding("", f"one of {', '.join(operation.responses)}", exchange.status)


@_rule("GEN-002", "the content type is documented for the status code", "D", "OpenAPI 3.1, Response Object, content")
def content_type_is_documented(exchange: Exchange, _: History) -> Iterator[Finding]:
    """A body has one of the content types that the document lists for its status."""
    response = exchange.operation.responses.get(str(exchange.status)) if exchange.operation else None
    if response is None or not exchange.response_body or exchange.method == "HEAD":
        return
    if response.media and response.content(exchange.response_type) is None:
        expected = ", ".join(media.content_type for media in response.media)
        yield Finding("", expected, exchange.response_type or "no content type")


@_rule("GEN-003", "every required header is there", "D", "OpenAPI 3.1, Header Object, required")
def required_headers_are_there(exchange: Exchange, _: History) -> Iterator[Finding]:
    """An answer carries the headers that its document requires."""
    response = exchange.operation.responses.get(str(exchange.status)) if exchange.operation else None
    if response is None:
        return
    for name, node in response.headers.items():
        header = exchange.provider.document.resolve(node)[0]
        if header.get("required") and mark_of(header) != "A" and name.lower() not in exchange.response_headers:
            yield Finding("", f"the header {name}", None)


@_rule("GEN-004", "an answer of a JSON type is JSON", "D", "RFC 8259")
def json_is_json(exchange: Exchange, _: History) -> Iterator[Finding]:
    """A body that says it is JSON can be read as JSON."""
    if exchange.method == "HEAD" or not exchange.response_type.endswith("json"):
        return
    if exchange.response_json is None and exchange.response_body.strip() != b"null":
        yield Finding("", "a JSON value", f"{len(exchange.response_body)} bytes that are none")


# Found by the validators of the document, in judge.py.
_rule("GEN-005", "the answer keeps its schema", "D", "OpenAPI 3.1, Schema Object")(None)
_rule("GEN-006", "an error comes in the documented envelope", "D", "OpenAPI 3.1, Schema Object")(None)


@_rule("GEN-007", "an error shows nothing of the server's inside", "P", "OWASP, Improper Error Handling")
def errors_leak_nothing(exchange: Exchange, _: History) -> Iterator[Finding]:
    """No traceback, file name or SQL state in an error."""
    if exchange.status >= 400 and _TRACEBACK.search(exchange.response_body):
        yield Finding("", "no traceback", f"{len(exchange.response_body)} bytes with one")


@_rule("GEN-008", "nothing is answered without good credentials", "D", "OpenAPI 3.1, Security Requirement Object")
def credentials_are_needed(exchange: Exchange, _: History) -> Iterator[Finding]:
    """A secured operation answers neither without credentials nor with made-up ones."""
    operation = exchange.operation
    if operation is None or not operation.security or not exchange.is_success:
        return
    if exchange.intent.get("credentials") == "unknown":
        yield Finding("", "a refusal of made-up credentials", exchange.status)
    elif not exchange.has_credentials:
        yield Finding("", "a refusal of a request without credentials", exchange.status)


@_rule("GEN-009", "an id that is almost right is refused", "P", "RFC 9562, section 4; contracts of the id's pattern")
def near_misses_are_refused(exchange: Exchange, _: History) -> Iterator[Finding]:
    """An id in braces, as a URN, or with white space at an end does not find the session."""
    read = read_of(exchange)
    if read is None or read_subject(exchange) is None:
        return
    asked = _asked_id(exchange)
    if isinstance(asked, str) and _NEAR_MISS.fullmatch(asked):
        yield Finding("", "a refusal", exchange.status)


@_rule("GEN-010", "a terminal state is never left", "D", "lifecycle of the vendor's page")
def terminal_states_stay(exchange: Exchange, history: History) -> Iterator[Finding]:
    """Once a session was seen in a terminal state, it is never seen in another one."""
    pointer = status_pointer(exchange)
    if pointer is None or not is_read(exchange):
        return
    shown = at(exchange.response_json, pointer)
    for earlier in history.reads(exchange):
        before = at(earlier.response_json, pointer)
        if before in exchange.provider.lifecycle.terminal and shown != before:
            yield Finding(pointer, f"'{before}', which is terminal", shown)
            return


@_rule("GEN-011", "a session moves along the lifecycle's edges", "A", "transitions in lifecycle.yaml, with their marks")
def moves_are_legal(exchange: Exchange, history: History) -> Iterator[Finding]:
    """What is seen of a session now can be reached from what was seen before."""
    pointer = status_pointer(exchange)
    earlier = history.reads(exchange) if pointer is not None and is_read(exchange) else ()
    if pointer is None or not earlier:
        return
    lifecycle, shown = exchange.provider.lifecycle, at(exchange.response_json, pointer)
    before = at(earlier[-1].response_json, pointer)
    if before in lifecycle.states and before not in lifecycle.terminal and shown not in reachable(lifecycle, before):
        yield Finding(pointer, f"a state that can follow '{before}'", shown)


@_rule("GEN-012", "the time of an answer never runs backwards", "A", "what the fields' names say")
def time_runs_forward(exchange: Exchange, history: History) -> Iterator[Finding]:
    """Times of the last change or of the answer are not earlier than in the read before."""
    earlier = history.reads(exchange) if is_read(exchange) else ()
    for pointer, value in _fields(exchange.response_json, _MOVING) if earlier else ():
        now, before = moment(value), moment(at(earlier[-1].response_json, pointer))
        if now is not None and before is not None and now < before:
            yield Finding(pointer, "not earlier than in the read before", value)


@_rule("GEN-013", "the time of creation never changes", "A", "what the field's name says")
def creation_stays(exchange: Exchange, history: History) -> Iterator[Finding]:
    """A session was made once."""
    earlier = history.reads(exchange) if is_read(exchange) else ()
    for pointer, value in _fields(exchange.response_json, _CREATED) if earlier else ():
        if value != at(earlier[0].response_json, pointer):
            yield Finding(pointer, "the same value in every read", value)


@_rule("GEN-014", "the id in the answer is the id that was asked for", "D", "path parameter of the operation")
def ids_are_echoed(exchange: Exchange, _: History) -> Iterator[Finding]:
    """Nobody gets somebody else's session."""
    read = read_of(exchange)
    if read is None or read.id is None or read_subject(exchange) is None:
        return
    asked, shown = _asked_id(exchange), at(exchange.response_json, read.id)
    if isinstance(asked, str) and not _NEAR_MISS.fullmatch(asked) and not same_id(asked, shown):
        yield Finding(read.id, "the id that was asked for", shown)


@_rule("GEN-015", "a request that breaks the documented schema is refused", "D", "OpenAPI 3.1, Parameter and Request Body Object")
def unlawful_requests_are_refused(exchange: Exchange, _: History) -> Iterator[Finding]:
    """What the document forbids is not answered with success."""
    if exchange.is_success and exchange.operation is not None and (broken := request_errors(exchange)):
        # Some vendors answer "not found" with 200: a read that shows no session accepted nothing.
        if read_of(exchange) is not None and read_subject(exchange) is None:
            return
        yield Finding("", f"a refusal: {broken[0]}", exchange.status)


@_rule("GEN-016", "a lawful request is not refused as malformed", "D", "OpenAPI 3.1, Parameter and Request Body Object")
def lawful_requests_are_taken(exchange: Exchange, _: History) -> Iterator[Finding]:
    """A request that its sender knows to be lawful gets no 400 or 422."""
    if exchange.intent.get("lawful") and exchange.status in (400, 422) and not request_errors(exchange):
        yield Finding("", "an answer other than 400 or 422", exchange.status)


def _asked_id(exchange: Exchange) -> Any:
    """The id in the place where the read's request in lifecycle.yaml has a placeholder for it."""
    read = read_of(exchange)
    if read is None:
        return None
    for name, value in read.request.path.items():
        if value in _placeholders(exchange):
            return exchange.parameters.get(name)
    if isinstance(read.request.body, Mapping) and isinstance(exchange.request_json, Mapping):
        for name, value in read.request.body.items():
            # Another identifier beside it may have decided.
            if value in _placeholders(exchange) and set(exchange.request_json) <= {name, "token"}:
                return exchange.request_json.get(name)
    return None


def _placeholders(exchange: Exchange) -> frozenset[str]:
    return frozenset("{" + name + "}" for name in exchange.provider.lifecycle.ids)


def _fields(body: Any, names: re.Pattern[str]) -> Iterator[tuple[str, Any]]:
    """The fields of an object, or of its `data`, whose names match, with their JSON pointers."""
    for prefix, node in (("", body), ("/data", body.get("data") if isinstance(body, Mapping) else None)):
        if isinstance(node, Mapping):
            for name, value in node.items():
                if names.fullmatch(name):
                    yield f"{prefix}/{name}", value
