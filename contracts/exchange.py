"""One request and its answer, whoever observed it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote

from contracts.matching import Match, match
from specs import Operation, Provider


@dataclass(frozen=True)
class Exchange:
    """A request to a provider and the answer to it.

    `path` begins at the provider's base URL and is percent-encoded as it was sent (`/v1/sessions/vs_…`); header names are
    lower-case. `at` is when the answer came, in milliseconds since the epoch. `seen_by` says who observed it: walk, fuzz,
    machine, watch, proxy, har, client. `intent` is what the observer knows about the request: `credentials` none or unknown,
    `near_miss` for an id that is almost one, `unlawful` for a body made to break the schema.
    """

    provider: Provider
    method: str
    path: str
    query: str
    request_headers: Mapping[str, str]
    request_body: bytes
    status: int
    response_headers: Mapping[str, str]
    response_body: bytes
    at: int
    seen_by: str = "client"
    intent: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def _match(self) -> Match | None:
        return match(self.provider.document, self.method, self.path)

    @property
    def operation(self) -> Operation | None:
        """The documented operation that the request is for."""
        return None if self._match is None else self._match.operation

    @property
    def parameters(self) -> Mapping[str, str]:
        """The path's parameters, decoded."""
        return {} if self._match is None else self._match.parameters

    @cached_property
    def queries(self) -> Mapping[str, str]:
        """The query's parameters; of a repeated one the last."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @cached_property
    def request_json(self) -> Any:
        """The request's JSON value; None where there is none."""
        return _json(self.request_body)

    @cached_property
    def response_json(self) -> Any:
        """The answer's JSON value; None where there is none."""
        return _json(self.response_body)

    @property
    def response_type(self) -> str:
        """The answer's content type without parameters, in lower case."""
        return self.response_headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @cached_property
    def has_credentials(self) -> bool:
        """Whether the request shows any credential that the document's security schemes know."""
        schemes = self.provider.document.raw.get("components", {}).get("securitySchemes", {})
        for scheme in schemes.values():
            header = "authorization" if scheme["type"] == "http" else scheme.get("name", "").lower()
            if self.request_headers.get(header):
                return True
            field_name = scheme.get("x-also-in-body")
            if field_name and isinstance(self.request_json, Mapping) and self.request_json.get(field_name):
                return True
        return False

    @property
    def label(self) -> str:
        """Method and path template, without any id or token."""
        return f"{self.method} {self.operation.path if self.operation else '(no documented operation)'}"


def _json(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None


def at(value: Any, pointer: str) -> Any:
    """The value at a JSON pointer (RFC 6901), or None where there is none."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def decoded(path: str) -> str:
    """A path as its receiver reads it."""
    return unquote(path)
