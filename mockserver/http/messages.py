"""The reply of a handler, and the problem of a refused request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from msgspec.json import Encoder

from specimen.specs.loading.lifecycle import Credential

JSON_TYPE = "application/json"
CONTENT_ENCODING = "content-encoding"  # where a problem is about how a body is compressed


@dataclass(frozen=True, slots=True)
class SchemaError:
    """One violation of a request's schema: `pointer` into the body (or the parameter's name), the JSON Schema keyword."""

    pointer: str
    name: str
    message: str
    expected: Any = None
    actual: Any = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request is refused before its handler runs.

    `kind`: unauthenticated, unknown_credential, failing_credential, invalid_parameter, invalid_body, not_json,
    body_required, route_not_found, method_not_allowed, request_timeout, content_too_large, unsupported_media_type.
    `location` is where it stands: `header`, `body`, `query`, `path`, or CONTENT_ENCODING.
    """

    kind: str
    detail: str = ""
    location: str = ""
    errors: tuple[SchemaError, ...] = ()
    credential: Credential | None = None
    allow: tuple[str, ...] = ()


@dataclass(slots=True)
class Reply:
    """Status, body (a JSON value, bytes that are sent as they are, or None for no body) and headers.

    `stream`, where given, replaces the body. `session` names the session that the answer shows, for the
    `Specimen-Seed` and `Specimen-Scenario` headers.
    """

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = JSON_TYPE
    stream: AsyncIterator[bytes] | None = None
    session: tuple[int, str] | None = None

    def payload(self) -> bytes:
        """The body's bytes."""
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else encode(self.body)


def plain(value: Any) -> Any:
    """Converts a value of a type that the encoder does not know: another mapping, or a subclass of text or numbers.

    Raises:
        TypeError: it is of another type.
    """
    if isinstance(value, MappingProxyType):
        return value.copy()  # ten times quicker than dict(value)
    if isinstance(value, Mapping):
        return dict(value)
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")


# A JSON value as UTF-8 bytes, without spaces; some ten times quicker than the standard library's.
encode: Callable[[Any], bytes] = Encoder(enc_hook=plain).encode
