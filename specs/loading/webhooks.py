"""A provider's webhooks.yaml as frozen values: what it sends when a session moves, how it is signed, when it is tried again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from specimen.specs.core.errors import SpecError, did_you_mean
from specimen.specs.core.json_pointer import escape
from specimen.specs.core.yaml_files import read_yaml
from specimen.specs.loading.lifecycle import Lifecycle, nothing
from specimen.specs.loading.openapi import Document

SCHEMA_FILE = Path(__file__).parent / "file_schemas" / "webhooks.schema.yaml"
CREATION, TRANSITION = "creation", "transition"


@dataclass(frozen=True, slots=True)
class Signature:
    """An HMAC-SHA256 over the time and the body as they are sent: `t=<unix seconds>,v1=<hex>` in a header."""

    header: str
    tolerance_seconds: int


@dataclass(frozen=True, slots=True)
class Encryption:
    """The body is a compact JWE (RFC 7516) for the receiver's key."""

    algorithm: str
    content_encryption: str


@dataclass(frozen=True, slots=True)
class Token:
    """The body is a compact JWT (RFC 7519), signed with one of the keys at the path `jwks` of the sender."""

    algorithm: str
    jwks: str
    tolerance_seconds: int


@dataclass(frozen=True, slots=True)
class ShownEndpoints:
    """Where answers show an endpoint: JSON pointers to it by operation, and in it to its URL, its switch and its types."""

    shown_by: Mapping[str, str]
    target: str
    enabled: str
    types: str


@dataclass(frozen=True, slots=True)
class EventType:
    """A type of event, the states at whose beginning it is sent, and where its cleartext's schema stands (a JSON pointer)."""

    name: str
    after: tuple[str, ...]
    schema: str
    webhook: str

    def is_sent(self, before: str | None, state: str) -> bool:
        """Whether a session's move from one state (None: it was created) to another is told by this event."""
        if before is None:
            return CREATION in self.after
        return TRANSITION in self.after or state in self.after


@dataclass(frozen=True, eq=False)
class Webhooks:
    """What a vendor sends. `identity` is the header and the field (a JSON pointer) that name the event; either may be None.

    `endpoint_fact` is the fact of a session that names the endpoints it is told to. `endpoints` says where the vendor's own
    operations show them.

    `type_at`, `session_at`, `status_at` are JSON pointers into the cleartext. A failed attempt is repeated after each of
    `retry_seconds`, so that there is one attempt more than it has entries.
    """

    mark: str
    source: str
    content_type: str
    events: Mapping[str, EventType]
    type_at: str
    session_at: str
    status_at: str | None
    identity: tuple[str | None, str | None]
    timeout_seconds: float
    retry_seconds: tuple[float, ...]
    schedule_mark: str
    schedule_reason: str = ""
    headers: Mapping[str, str] = field(default_factory=nothing)
    endpoint_fact: str | None = None
    endpoints: ShownEndpoints | None = None
    signature: Signature | None = None
    encryption: Encryption | None = None
    token: Token | None = None

    @property
    def tolerance_seconds(self) -> int:
        """By how much the time of sending may differ from the receiver's."""
        part = self.signature or self.token
        return 300 if part is None else part.tolerance_seconds

    def told(self, before: str | None, after: str) -> tuple[EventType, ...]:
        """The types of event that tell of a session's move, in the order in which they are sent."""
        return tuple(entry for entry in self.events.values() if entry.is_sent(before, after))


@cache
def _schema() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(read_yaml(SCHEMA_FILE))


def read_webhooks(path: Path, document: Document, lifecycle: Lifecycle) -> Webhooks | None:
    """What a provider's webhooks.yaml states; None where it has none.

    Raises:
        SpecError: a key or a value that cannot be, a type or an operation that openapi.yaml does not describe, or a state that
            does not exist.
    """
    if not path.is_file():
        return None
    data = read_yaml(path)
    error = next(_schema().iter_errors(data), None)
    if error is not None:
        place = "/".join(str(part) for part in error.instance_path) or "top level"
        raise SpecError(f"{path}: {place}", f"{error.message}.")
    events = {name: _event_type(path, name, entry, document, lifecycle) for name, entry in data["events"].items()}
    delivery, identity, endpoints = data["delivery"], data["identity"], data.get("endpoints")
    for operation in () if endpoints is None else endpoints["shown_by"]:
        if operation not in document.operations:
            mistake = f"no such operation '{operation}'. {did_you_mean(operation, document.operations)}"
            raise SpecError(f"{path}: endpoints/shown_by", mistake)
    return Webhooks(
        mark=data["mark"],
        source=data["source"],
        content_type=data["content_type"],
        events=events,
        type_at=data["type"],
        session_at=data["session"],
        status_at=data.get("status"),
        identity=(identity.get("header"), identity.get("field")),
        timeout_seconds=delivery["timeout_seconds"],
        retry_seconds=tuple(delivery["retry_seconds"]),
        schedule_mark=delivery["mark"],
        schedule_reason=delivery.get("reason", ""),
        headers=data.get("headers", {}),
        endpoint_fact=data.get("endpoint_fact"),
        endpoints=None if endpoints is None else ShownEndpoints(**endpoints),
        signature=Signature(**data["signature"]) if "signature" in data else None,
        encryption=Encryption(**data["encryption"]) if "encryption" in data else None,
        token=Token(**data["token"]) if "token" in data else None,
    )


def _event_type(path: Path, name: str, entry: Mapping[str, Any], document: Document, lifecycle: Lifecycle) -> EventType:
    where, described = f"{path}: events/{name}", document.raw.get("webhooks", {})
    webhook = entry.get("webhook", name)
    if webhook not in described:
        raise SpecError(where, f"openapi.yaml has no webhook '{webhook}'. {did_you_mean(webhook, described)}")
    possible = (CREATION, TRANSITION, *lifecycle.states)
    for state in entry["after"]:
        if state not in possible:
            raise SpecError(where, f"no such state '{state}'. {did_you_mean(state, possible)}")
    pointer = f"/webhooks/{escape(webhook)}/post/requestBody/content"
    for content_type, media in document.at(pointer).items():
        at = f"{pointer}/{escape(content_type)}"
        if "x-claims-schema" in media:
            return EventType(name, tuple(entry["after"]), f"{at}/x-claims-schema", webhook)
        if "contentSchema" in media.get("schema", {}):
            return EventType(name, tuple(entry["after"]), f"{at}/schema/contentSchema", webhook)
        if "schema" in media:
            return EventType(name, tuple(entry["after"]), f"{at}/schema", webhook)
    raise SpecError(where, f"the webhook '{webhook}' of openapi.yaml has no schema.")
