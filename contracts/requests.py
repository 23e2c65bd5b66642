"""Requests against the schemas of their operation, as a judge reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.exchange import Exchange
from specs.parameters import typed


def request_errors(exchange: Exchange) -> list[str]:
    """What a request's parameters and JSON body break of the document, one sentence each, without its values."""
    operation = exchange.operation
    if operation is None:
        return []
    found = []
    schemas = exchange.provider.schemas
    sources: Mapping[str, Mapping[str, str]] = {
        "path": exchange.parameters,
        "query": exchange.queries,
        "header": exchange.request_headers,
    }
    for parameter in operation.parameters:
        values = sources.get(parameter.location, {})
        name = parameter.name.lower() if parameter.location == "header" else parameter.name
        if name not in values:
            if parameter.required:
                found.append(f"the {parameter.location} parameter '{parameter.name}' is missing")
        elif not _holds(schemas.validator(parameter.pointer), typed(values[name], parameter.schema)):
            found.append(f"the {parameter.location} parameter '{parameter.name}' breaks its schema")
    content_type = exchange.request_headers.get("content-type", "application/json")
    media = operation.body(content_type) if operation.bodies else None
    if media is None or not media.content_type.endswith("json") or media.pointer is None:
        return found
    if not exchange.request_body:
        return [*found, "the body is missing"] if operation.body_required else found
    if exchange.request_json is None:
        return [*found, "the body is not JSON"]
    for error in schemas.validator(media.pointer).iter_errors(exchange.request_json):
        place = "".join(f"/{part}" for part in error.instance_path) or "the body"
        found.append(f"{place} breaks '{error.kind.name}'")
    return found


def _holds(validator: Any, value: Any) -> bool:
    try:
        return bool(validator.is_valid(value))
    except (ValueError, OverflowError):
        return False
