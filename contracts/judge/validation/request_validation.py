"""Requests against the schemas of their operation, as a judge reads them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.validation.expectations import expected
from specimen.contracts.redaction.values import shown_pointer, words
from specimen.specs import Document, Operation
from specimen.specs.core.json_pointer import escape
from specimen.specs.core.multipart import FORM_TYPE
from specimen.specs.loading.forms import form_value
from specimen.specs.loading.openapi import mark_at, mark_of
from specimen.specs.loading.parameters import Parameter
from specimen.specs.loading.serialization import ABSENT, read_header, read_path, read_query

# What settles the form of a text in a schema.
_SETTLED = frozenset({"enum", "const", "pattern", "format"})
_EARLY = re.compile(r"(0\d{3}|1[0-4]\d{2}|15[0-7]\d|158[0-2])-\d{2}-\d{2}", re.ASCII)


class RequestError(NamedTuple):
    """What is wrong with a request, without its values; `is_assumed` where only we forbid it."""

    sentence: str
    is_assumed: bool


def request_errors(exchange: Exchange) -> list[RequestError]:
    """What a request's parameters and its body, JSON or a form, break of the document."""
    operation = exchange.operation
    return [] if operation is None else [*_parameters(exchange, operation), *_body(exchange, operation)]


def invalid_fields(exchange: Exchange) -> frozenset[str]:
    """The fields at the top of a JSON body that break the document; none where the body itself does."""
    operation, body = exchange.operation, exchange.declared_json
    media = operation.body(exchange.request_headers.get("content-type", "")) if operation is not None else None
    if media is None or media.pointer is None or not isinstance(body, Mapping):
        return frozenset()
    try:
        errors = list(exchange.provider.schemas.validator(media.pointer).iter_errors(body))
    except (ValueError, OverflowError):
        return frozenset()
    return frozenset(str(error.instance_path[0]) for error in errors if error.instance_path)


def invalid_parameters(exchange: Exchange) -> frozenset[str]:
    """The names of a request's parameters that break the document."""
    operation = exchange.operation
    found: set[str] = set()
    for parameter in operation.parameters if operation is not None else ():
        value = _value(exchange, parameter) if parameter.location != "cookie" else ABSENT
        if value is not ABSENT and _first_error(exchange.provider.schemas.validator(parameter.pointer), value) is not None:
            found.add(parameter.name)
    return frozenset(found)


def _parameters(exchange: Exchange, operation: Operation) -> Iterator[RequestError]:
    for parameter in operation.parameters:
        if parameter.location == "cookie":
            continue
        value = _value(exchange, parameter)
        is_assumed = _is_assumed(exchange.provider.document, parameter)
        if value is ABSENT:
            if parameter.required:
                yield RequestError(f"the {parameter.location} parameter '{parameter.name}' is missing", is_assumed)
            continue
        wrong = _first_error(exchange.provider.schemas.validator(parameter.pointer), value)
        if wrong is not None:
            yield RequestError(f"the {parameter.location} parameter '{parameter.name}' breaks its schema{wrong}", is_assumed)


def _value(exchange: Exchange, parameter: Parameter) -> Any:
    """What a request says for a parameter, or ABSENT."""
    if parameter.location == "query":
        return read_query(parameter, exchange.query)
    if parameter.location == "path":
        text = exchange.encoded_parameters.get(parameter.name)
        return ABSENT if text is None else read_path(parameter, text)
    text = exchange.request_headers.get(parameter.name.lower())
    return ABSENT if text is None else read_header(parameter, text)


def _body(exchange: Exchange, operation: Operation) -> Iterator[RequestError]:
    if not exchange.request_body:
        if operation.body_required:
            yield RequestError("the body is missing", False)
        return
    # A body that does not say what it is, or is of another type than the document's, need not be read.
    content_type = exchange.request_headers.get("content-type", "")
    media = operation.body(content_type) if operation.bodies else None
    if media is None or media.pointer is None:
        return
    if media.content_type == FORM_TYPE:
        yield from _form(exchange, media.pointer)
        return
    if not media.content_type.endswith("json") or _is_in_capitals(exchange):
        return
    body = exchange.declared_json
    if body is None and exchange.request_body.strip() != b"null":
        yield RequestError("the body is not JSON", _is_too_deep(exchange.request_body))
        return
    yield from _breaches(exchange, media.pointer, body)


def _form(exchange: Exchange, pointer: str) -> Iterator[RequestError]:
    form, document = exchange.request_form, exchange.provider.document
    if form is None:
        return
    if form.error:
        # No vendor says that a form must be whole, and there are parsers that take what came.
        yield RequestError(f"the body is not {FORM_TYPE}: {form.error}", True)
        return
    yield from _breaches(exchange, pointer, form_value(form.parts, document.resolve(document.at(pointer))[0], document))


def _is_too_deep(body: bytes) -> bool:
    """Whether a body is nested too deep for a reader, which says nothing of whether it is JSON."""
    try:
        json.loads(body)
    except RecursionError:
        return True
    except ValueError:
        return False
    return False


def _breaches(exchange: Exchange, pointer: str, body: Any) -> Iterator[RequestError]:
    try:
        errors = list(exchange.provider.schemas.validator(pointer).iter_errors(body))
    except (ValueError, OverflowError):  # nested too deep, or half of a surrogate pair
        yield RequestError("the body cannot be read", True)
        return
    for error in errors:
        counts, is_assumed = _along(exchange.provider.document, pointer, error.evaluation_path, body)
        if counts:
            is_assumed = is_assumed or _fits_but_for_ours(exchange.provider.document, pointer, error, body)
            place = shown_pointer("".join(f"/{escape(str(part))}" for part in error.instance_path), words(exchange.provider))
            yield RequestError(f"{place or 'the body'} breaks '{error.kind.name}' ({expected(error)})", is_assumed)


def _along(document: Document, place: str, path: list[Any], body: Any) -> tuple[bool, bool]:
    """Whether what stands along a failing keyword's path counts, and whether it is assumed.

    A field with `x-ignored-beside: NAME` may or may not be looked at when the body has NAME.
    """
    node: Any = document.resolve(document.at(place))[0]
    is_assumed = False
    for part in path:
        if isinstance(node, Mapping):
            is_assumed = is_assumed or mark_at(node, str(part)) == "A"
            other = node.get("x-ignored-beside")
            if other is not None and isinstance(body, Mapping) and other in body:
                return False, is_assumed
        if part == "$ref":
            node = document.at(node["$ref"][1:]) if isinstance(node, Mapping) and "$ref" in node else node
        else:
            node = node[int(part)] if isinstance(node, list) else node.get(str(part), {})
    return True, is_assumed


def _fits_but_for_ours(document: Document, pointer: str, error: Any, body: Any) -> bool:
    """Whether a value would fit a branch of the union that it breaks, were it not for what only we forbid there."""
    branches = getattr(error.kind, "context", None) if error.kind.name in ("oneOf", "anyOf") else None
    return any(
        branch
        and all(
            _along(document, pointer, each.evaluation_path, body)[1] or _fits_but_for_ours(document, pointer, each, body)
            for each in branch
        )
        for branch in branches or ()
    )


def _is_assumed(document: Document, parameter: Parameter) -> bool:
    owner = document.at(parameter.pointer.rpartition("/")[0])
    return "A" in (mark_of(owner), mark_of(parameter.schema))


def _first_error(validator: Any, value: Any) -> str | None:
    """What the value should be, in brackets; empty where that cannot be said, None where the value is valid."""
    try:
        error = next(validator.iter_errors(value), None)
    except (ValueError, OverflowError):
        return ""
    return None if error is None else f" ({expected(error)})"


def _is_in_capitals(exchange: Exchange) -> bool:
    """Whether a content type is spelled so that a framework that compares letter for letter does not know it."""
    spelled = exchange.request_headers.get("content-type", "").partition(";")[0]
    return spelled != spelled.lower()


def readers_differ(exchange: Exchange) -> bool:
    """Whether some read a body as JSON and others refuse it or leave it unread.

    Behind a byte order mark, empty and called JSON all the same, or called so in capitals.
    """
    is_called_json = exchange.request_headers.get("content-type", "").lower().startswith("application/json")
    takes_body = exchange.operation is not None and bool(exchange.operation.bodies)
    return exchange.has_bom or (takes_body and ((is_called_json and not exchange.request_body) or _is_in_capitals(exchange)))


def may_mean_nothing(exchange: Exchange) -> bool:
    """Whether a fuzzer chose a parameter that a service may refuse to read, though it keeps its schema.

    A text that the document leaves open, such as a cursor, or a year before 1583, which ISO 8601 leaves to agreement.
    """
    if exchange.seen_by != "fuzz" or exchange.operation is None:
        return False
    sent = {"path": exchange.parameters, "query": exchange.queries, "header": exchange.request_headers}
    for entry in exchange.operation.parameters:
        value = sent.get(entry.location, {}).get(entry.name.lower() if entry.location == "header" else entry.name)
        is_open = entry.schema.get("type") == "string" and not _SETTLED & entry.schema.keys()
        if value is not None and (is_open or _EARLY.match(value)):
            return True
    return False
