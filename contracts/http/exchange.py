"""One request and its answer."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote

from specimen.contracts.http.multipart import Form, form
from specimen.contracts.http.operation_matching import Match, match
from specimen.contracts.http.sse import EVENT_STREAM, events
from specimen.specs import Operation, Provider

_BOM = b"\xef\xbb\xbf"
_WISH = re.compile(r"(^|[,;\s])(status|scenario|code|example)\s*=", re.IGNORECASE)


@dataclass(frozen=True, repr=False)
class Exchange:
    """A request to a provider and the answer to it.

    `path` begins at the provider's base URL and is percent-encoded as it was sent (`/v1/sessions/vs_…`); header names are
    lower-case. `began` is when the request was sent (0 where nobody knows), `at` when the answer came, both in milliseconds since
    the epoch; where nobody knows when it came, `is_end_known` is false and `at` is no later than that.
    `seen_by` says who observed it: walk, fuzz, machine, watch, proxy, har, client.
    `intent` is what the observer knows about the request: `credentials` none or unknown,
    `malformed_id` for a malformed id, `unknown_id` for an unknown one, `foreign_id` for another session's,
    `case` for one that is documented with its refusal, by the case's name,
    `unknown_reference` for a creation that names what the provider does not have, `refused` for what is documented to be refused,
    `invalid` for an invalid request, `valid` for a valid one, `stand_in` for one that was made up to go with an answer.
    `failure` says why a request
    that was sent has no answer: one of `specimen.contracts.http.no_response`; its status is 0 then, and it has no answer's body.
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
    failure: str = ""
    began: int = 0
    is_end_known: bool = True

    def __repr__(self) -> str:
        """Leaves out what was sent, which may hold a token."""
        return f"<Exchange {self.label} {self.status} at {self.at}>"

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

    @property
    def encoded_parameters(self) -> Mapping[str, str]:
        """The path's parameters, percent-encoded as they were sent."""
        return {} if self._match is None else self._match.encoded

    @cached_property
    def queries(self) -> Mapping[str, str]:
        """The query's parameters; of a repeated one the last."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @cached_property
    def request_json(self) -> Any:
        """The request's JSON value; None where there is none."""
        return _json(self.request_body)

    @property
    def has_bom(self) -> bool:
        """Whether the request's body begins with a byte order mark: a reader may pass over it or not (RFC 8259, section 8.1)."""
        return self.request_body.startswith(_BOM)

    @cached_property
    def declared_json(self) -> Any:
        """The request's JSON value where its content type says that it is JSON; a receiver may leave another type unread.

        So may it one in capitals: media types are case-insensitive (RFC 9110, section 8.3.1), and some frameworks do not know.
        """
        is_json = self.request_headers.get("content-type", "").partition(";")[0].strip().endswith("json")
        return _json(self.request_body.removeprefix(_BOM)) if is_json else None

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
            name = scheme.get("x-also-in-body")
            if name and self.request_fields.get(name):
                return True
        return False

    @cached_property
    def request_fields(self) -> Mapping[str, Any]:
        """The top fields of the request's body: of a JSON object, or the texts of a multipart form."""
        return self.request_json if isinstance(self.request_json, Mapping) else self._form_texts

    @cached_property
    def request_form(self) -> Form | None:
        """The request's multipart form; None where there is none."""
        return form(self.request_headers.get("content-type", ""), self.request_body)

    @property
    def declared_fields(self) -> Mapping[str, Any]:
        """The same, of a body whose content type says what it is."""
        return self.declared_json if isinstance(self.declared_json, Mapping) else self._form_texts

    @property
    def _form_texts(self) -> Mapping[str, Any]:
        parts = self.request_form.parts if self.request_form is not None else ()
        return {part.name: part.text for part in parts if part.filename is None}

    @cached_property
    def has_preference(self) -> bool:
        """Whether the request asks a mock for an answer (RFC 7240, Prefer), which says nothing of the session."""
        return _WISH.search(self.request_headers.get("prefer", "")) is not None

    @cached_property
    def events(self) -> tuple[str, ...]:
        """The data of a stream's whole events (HTML standard, Server-sent events)."""
        return tuple(events(self.response_body)) if self.response_type == EVENT_STREAM else ()

    @property
    def started(self) -> int:
        """When the request was sent; where nobody knows, when the answer came."""
        return self.began or self.at

    @property
    def ended(self) -> float:
        """When the answer came; infinite where nobody knows, so that it came before nothing."""
        return self.at if self.is_end_known else math.inf

    @property
    def label(self) -> str:
        """Method and path template, without any id or token."""
        return f"{self.method} {self.operation.path if self.operation else '(no documented operation)'}"


def _json(body: bytes) -> Any:
    try:
        return parsed(body.decode("utf-8"))
    except UnicodeDecodeError:
        return None


def parsed(text: str) -> Any:
    """The JSON value of a text (RFC 8259: neither NaN nor Infinity); None where it is none."""
    try:
        return json.loads(text, parse_constant=_no_json)
    except (ValueError, RecursionError):
        return None


def _no_json(name: str) -> Any:
    raise ValueError(name)


def decoded(path: str) -> str:
    """Decodes a path as its receiver does."""
    return unquote(path)
