"""The session that must exist before a request case is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from specimen.contracts.payloads.model.valid_payloads import REQUEST, Base
from specimen.contracts.requests.request_templates import RequestTemplate, minimal_request
from specimen.specs import Provider, SpecimenError

_KEY = "client_key"


def made_with(base: Base, payload: Any) -> dict[str, str]:
    """Returns the fields of the session that a read names by the caller's own key."""
    reads = {read.operation for read in base.provider.lifecycle.reads}
    if base.direction != REQUEST or base.operation.id not in reads:
        return {}
    name = next((place.name for place in base.places() if place.holds == _KEY and place.parts[0] == "body"), None)
    value = _object(payload.get("body")).get(name) if name is not None else None
    return {name: value} if name is not None and isinstance(value, str) and name in _creatable(base.provider) else {}


def creation(provider: Provider, fields: Mapping[str, str]) -> RequestTemplate:
    """Returns the request that creates a session with these fields.

    Raises:
        SpecimenError: lifecycle.yaml shows none.
    """
    made = minimal_request(provider, provider.lifecycle.create.operation)
    if made is None:
        raise SpecimenError(f"{provider.lifecycle.create.operation}: lifecycle.yaml shows no request that makes a session.")
    if made.parts:
        return replace(made, parts=(*made.parts, *({"name": name, "value": value} for name, value in fields.items())))
    return replace(made, body={**made.body, **fields}) if isinstance(made.body, Mapping) else made


def _object(body: Any) -> Mapping[str, Any]:
    """Returns a body as a JSON object, from its bytes too; an empty one where it is none."""
    if isinstance(body, bytes):
        try:
            body = json.loads(body)
        except (ValueError, RecursionError):
            return {}
    return body if isinstance(body, Mapping) else {}


def _creatable(provider: Provider) -> frozenset[str]:
    """Returns the fields that a session can be created with."""
    operation = provider.document.operations[provider.lifecycle.create.operation]
    schemas = [provider.document.resolve(provider.document.at(media.pointer))[0] for media in operation.bodies if media.pointer]
    return frozenset(name for schema in schemas for name in schema.get("properties", {}))
