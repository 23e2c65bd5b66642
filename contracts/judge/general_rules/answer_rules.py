"""Rules about an answer by itself: its status, its form, and what it must not show."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.no_response import ARE_NOTES, SENTENCES
from specimen.contracts.http.sse import EVENT_STREAM
from specimen.contracts.judge.checks.body_mark import body_mark
from specimen.contracts.judge.history import History
from specimen.contracts.judge.kind import FAILURE, REFUSAL, SAFETY, SCHEMA
from specimen.contracts.judge.rule import EXAMINED, Examined, Finding, Rule, rule
from specimen.contracts.judge.validation.request_validation import readers_differ, request_errors
from specimen.contracts.redaction.spelling import letters
from specimen.contracts.redaction.values import Words
from specimen.specs import Operation, Provider
from specimen.specs.core.json_pointer import escape
from specimen.specs.loading.openapi import mark_of

_TRACEBACK = re.compile(
    rb"Traceback \(most recent call last\)|File \"[^\"]+\.py\", line \d+|\n\s+at [\w.$<>]+\([\w.]+:\d+|goroutine \d+ \[|"
    rb"node_modules/|SQLSTATE\[|ORA-\d{5}|System\.\w+Exception|java\.lang\.\w+|werkzeug\.|Stack trace:"
)
# Rules about the form of an answer, which holds even where a mock was asked for a certain one.
ABOUT_FORM = frozenset({"GEN-001", "GEN-002", "GEN-003", "GEN-004", "GEN-007", "GEN-022", "GEN-070"})
# Rules that hold even for operations that no page documents: what is never safe, and what the catalogue of errors says.
ABOUT_SAFETY = frozenset({"GEN-004", "GEN-007", "GEN-008"})
ABOUT_ANY_OPERATION = frozenset({*ABOUT_SAFETY, "GEN-024", "GEN-049"})
# Rules whose finding explains all others about the same answer: its status or its content type is unknown, or it cannot be read.
ABOUT_WHOLE_ANSWER = frozenset({"GEN-001", "GEN-002", "GEN-004"})
# The one rule about a request that has no answer.
ABOUT_SILENCE = "GEN-022"
# What a gateway or a rate limit in front of the vendor answers on its own: no breach of the vendor's contract.
_FROM_IN_BETWEEN = frozenset({429, 502, 503, 504})
_MALFORMED = frozenset({400, 422})
_FAILURES = range(500, 600)
# What stands in these is not the vendor's: the caller put it there, or a step of a flow.
_FREE = frozenset({"content", "metadata"})
_DEEPEST = 8
_MOST_ENTRIES = 100
# Found by the validators of the document, in judge.py.
FROM_SCHEMAS = (
    Rule("GEN-005", "the answer keeps its schema", "D", "OpenAPI 3.1, Schema Object", kind=SCHEMA),
    Rule("GEN-006", "an error comes in the documented envelope", "D", "OpenAPI 3.1, Schema Object", kind=REFUSAL),
)


@rule("GEN-001", "the status code is documented for the operation", mark="D", source="OpenAPI 3.1, Responses Object", kind=SCHEMA)
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


@rule(
    "GEN-002",
    "the answer has a body of a content type documented for its status",
    mark="D",
    source="OpenAPI 3.1, Response Object, content",
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


@rule("GEN-003", "every required header is there", mark="D", source="OpenAPI 3.1, Header Object, required", kind=SCHEMA)
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


@rule("GEN-004", "an answer of a JSON type is JSON", mark="D", source="RFC 8259", kind=SCHEMA)
def json_is_json(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """A body that says it is JSON can be read as JSON."""
    if exchange.method == "HEAD" or not exchange.response_type.endswith("json") or not exchange.response_body:
        return
    yield EXAMINED
    if exchange.response_json is None and exchange.response_body.strip() != b"null":
        yield Finding("", "a JSON value", Words(f"{len(exchange.response_body)} bytes that are none"))


@rule("GEN-007", "an error shows nothing of the server's inside", mark="P", source="OWASP, Improper Error Handling", kind=SAFETY)
def errors_leak_nothing(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """No traceback, file name or SQL state in an error."""
    if exchange.status < 400:
        return
    yield EXAMINED
    if _TRACEBACK.search(exchange.response_body):
        yield Finding("", "no traceback", Words(f"{len(exchange.response_body)} bytes with one"))


@rule(ABOUT_SILENCE, "a request is answered", mark="P", source="RFC 9110, section 3.4, Messages", kind=FAILURE)
def requests_are_answered(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """A connection does not end before its answer is whole; one that is late or too large to be read is a note."""
    yield EXAMINED
    if exchange.failure:
        yield Finding("", "an answer", Words(SENTENCES[exchange.failure]), exchange.failure in ARE_NOTES)


@rule(
    "GEN-023",
    "a valid request does not make the server fail",
    mark="D",
    source="OpenAPI 3.1, Responses Object; RFC 9110, section 15.6",
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


def _statuses_are_assumed(operation: Operation, status: int) -> bool:
    """Whether everything that the document lists of a status's kind, success or refusal, is assumed."""
    of_its_kind = [response for name, response in operation.responses.items() if (name >= "400") == (status >= 400)]
    return bool(of_its_kind) and all(response.mark == "A" for response in of_its_kind)


@rule(
    "GEN-070",
    "a word that the vendor's page has is written as it is there",
    mark="I",
    source="tables and examples of the vendor's page; x-words of the document",
    quote="(e.g., accepted, rejected, NO_OUTCOME) … isMRZValid | MRZ zone validity",
    kind=SCHEMA,
)
def words_are_spelt_alike(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Where the page names some values and others are allowed: one of them in other capitals, or with other signs between."""
    known = _words(exchange.provider) if exchange.is_success else {}
    for pointer, name, value in _named_texts(exchange.response_json, "", known) if known else ():
        words = known[name].get(letters(value))
        if words is None:
            continue
        yield EXAMINED
        if value not in words:
            yield Finding(pointer, f"'{min(words)}', as the page writes it", value)


@cache
def _words(provider: Provider) -> Mapping[str, Mapping[str, frozenset[str]]]:
    """By the name of a field, and by its letters alone, the words that the document has for it."""
    found: dict[str, set[str]] = {}
    _add_words(provider.document.raw, found)
    return {
        name: {key: frozenset(one for one in words if letters(one) == key) for key in map(letters, words)}
        for name, words in found.items()
    }


def _add_words(node: Any, found: dict[str, set[str]]) -> None:
    if isinstance(node, Mapping):
        properties = node.get("properties")
        for name, schema in properties.items() if isinstance(properties, Mapping) else ():
            if isinstance(schema, Mapping) and "x-words" in schema:
                found.setdefault(name, set()).update(schema["x-words"])
            if isinstance(schema, Mapping) and "x-known-captions" in schema:
                found.setdefault("caption", set()).update(schema["x-known-captions"])
    for below in node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ():
        _add_words(below, found)


def _named_texts(node: Any, pointer: str, names: Collection[str], depth: int = 0) -> Iterator[tuple[str, str, str]]:
    """The texts under some names, with their pointers; not those within what the caller or a step put there."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name in names and isinstance(value, str):
                yield f"{pointer}/{name}", name, value
            elif name not in _FREE and isinstance(value, (dict, list)) and depth < _DEEPEST:
                yield from _named_texts(value, f"{pointer}/{escape(name)}", names, depth + 1)
    for index, value in enumerate(node[:_MOST_ENTRIES]) if isinstance(node, list) and depth < _DEEPEST else ():
        yield from _named_texts(value, f"{pointer}/{index}", names, depth + 1)
