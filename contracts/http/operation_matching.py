"""Finds the documented operation of a request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple
from urllib.parse import unquote

from specimen.specs import Document, Operation


class Match(NamedTuple):
    """An operation and the request's path parameters, decoded and as they stand in the path."""

    operation: Operation
    parameters: Mapping[str, str]
    encoded: Mapping[str, str]


def match(document: Document, method: str, path: str) -> Match | None:
    """Returns the operation for a method and a percent-encoded path below the base URL; plain paths before templated ones."""
    if any(part in (".", "..") for part in path.split("/")):  # a server takes these away first (RFC 3986, section 6.2.2.3)
        return None
    for pattern, operation in _patterns(document):
        found = pattern.fullmatch(path)
        if found is not None and operation.method == method.lower():
            encoded = found.groupdict()
            return Match(operation, {name: unquote(value) for name, value in encoded.items()}, encoded)
    return None


@cache
def _patterns(document: Document) -> tuple[tuple[re.Pattern[str], Operation], ...]:
    ordered = sorted(document.operations.values(), key=lambda operation: operation.path.count("{"))
    return tuple((re.compile(_source(operation.path), re.DOTALL), operation) for operation in ordered)


def _source(path: str) -> str:
    parts = re.split(r"({[^}]+})", path)
    return "".join(f"(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") else re.escape(part) for part in parts)
