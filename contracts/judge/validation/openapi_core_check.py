"""Validates answers with openapi-core as a second opinion; disagreements are listed and never decide."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, NamedTuple

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.rule import Finding, Rule, Violation
from specimen.specs import Provider
from specimen.specs.core.extras import needs

RULE = Rule(
    "GEN-900",
    "a second validator, openapi-core, says the same of the answer's schema",
    "A",
    "OpenAPI 3.1, Schema Object",
    reason="two validators that differ show a doubtful schema or value; jsonschema-rs decides",
)
_HOST = "http://specimen.invalid"
_UNIONS = ("anyOf", "oneOf")

# Where the two are known to differ, and why jsonschema-rs is right: (a JSON Schema keyword, which of them accepts, why).
# A disagreement that is none of these is listed.
REVIEWED: tuple[tuple[str, str, str], ...] = (
    ("pattern", "second", "Python's `$` lets a newline at the end pass, ECMA 262's and jsonschema-rs's do not"),
    ("format", "second", "openapi-core checks fewer formats, and dates and times less strictly"),
    ("format", "first", "RFC 3339 allows leap seconds at 23:59:60 UTC; Python's datetime knows none"),
)


def disagreements(exchange: Exchange) -> list[Violation]:
    """Where openapi-core sees an answer's body otherwise than jsonschema-rs, without the reviewed differences.

    Raises:
        MissingExtra: openapi-core, which the extra `contracts` brings, is not installed.
    """
    operation = exchange.operation
    response = operation.responses.get(str(exchange.status)) if operation is not None else None
    media = response.content(exchange.response_type) if response is not None else None
    if media is None or media.pointer is None or not media.content_type.endswith("json") or exchange.method == "HEAD":
        return []
    if exchange.response_json is None or not _is_writable(exchange.response_json):
        return []  # another rule says so where it is wrong
    first = {_of_rust(error) for error in _first(exchange, media.pointer)}
    second = _second(exchange)
    if second is None or bool(first) == bool(second):
        return []
    accepts = "first" if second else "second"
    differing = {(error.place, error.keyword) for error in first | second if not _is_reviewed(error, accepts)}
    who = "openapi-core refuses what jsonschema-rs accepts" if second else "jsonschema-rs refuses what openapi-core accepts"
    return sorted(Violation.of(RULE, exchange, Finding(place, f"{keyword}: {who}", None)) for place, keyword in differing)


class _Broken(NamedTuple):
    """A keyword that a value breaks; of a union what each branch has against the value."""

    place: str
    keyword: str
    branches: tuple[tuple[_Broken, ...], ...] = ()


def _is_writable(value: Any) -> bool:
    """Whether a value that was read can be handed on: no number past all doubles, no half of a surrogate pair."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return False
    return True


def _of_rust(error: Any) -> _Broken:
    branches = getattr(error.kind, "context", None) if error.kind.name in _UNIONS else None
    below = tuple(tuple(_of_rust(each) for each in branch) for branch in branches or ())
    return _Broken(_pointer(error.instance_path), error.kind.name, below)


def _of_python(error: Any) -> _Broken:
    branches: dict[Any, list[_Broken]] = {}
    for each in error.context if error.validator in _UNIONS else ():
        branches.setdefault(each.relative_schema_path[0], []).append(_of_python(each))
    return _Broken(_pointer(error.absolute_path), str(error.validator), tuple(tuple(each) for each in branches.values()))


def _first(exchange: Exchange, pointer: str) -> Any:
    return exchange.provider.schemas.validator(pointer).iter_errors(exchange.response_json)


def _second(exchange: Exchange) -> set[_Broken] | None:
    """What openapi-core complains about; None where it cannot tell."""
    with needs("contracts", "a second opinion"):
        from openapi_core.testing import MockRequest, MockResponse  # noqa: PLC0415 - a quarter of a second to import
        from openapi_core.validation.response.exceptions import InvalidData  # noqa: PLC0415

    # The body goes in as the first validator saw it: the two disagree about schemas here, not about bytes.
    body = json.dumps(exchange.response_json).encode()
    request = MockRequest(_HOST, exchange.method, exchange.path)
    answer = MockResponse(body, exchange.status, dict(exchange.response_headers), exchange.response_type)
    found: set[_Broken] = set()
    for error in _openapi(exchange.provider).iter_response_errors(request, answer):
        if isinstance(error, InvalidData):
            for cause in getattr(error.__cause__, "schema_errors", ()):
                found.add(_of_python(cause))
        elif type(error).__name__ in ("PathNotFound", "OperationNotFound", "ServerNotFound"):
            return None
    return found


@cache
def _openapi(provider: Provider) -> Any:
    from openapi_core import OpenAPI  # noqa: PLC0415 - slow to import, and asked by --second-opinion only

    document = provider.document.served(_HOST)
    document["servers"] = [{"url": _HOST}]  # else it finds no server for the request
    return OpenAPI.from_dict(document)


def _is_reviewed(error: _Broken, accepts: str) -> bool:
    """Whether a known difference is behind it; in a union, behind all that one of the branches has against the value."""
    if any((error.keyword, accepts) == (known, who) for known, who, _ in REVIEWED):
        return True
    return any(branch and all(_is_reviewed(each, accepts) for each in branch) for branch in error.branches)


def _pointer(path: Any) -> str:
    return "".join(f"/{part}" for part in path)
