"""Kayle ID's operations on webhook endpoints, with their secrets and keys.

Source: Kayle ID API reference, OpenAPI 1.5.0, Webhooks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from specimen.fixtures.primitives.times import iso_millis
from specimen.mockserver.provider_api import Problem, Reply, Request, Sessions, operation
from specimen.mockserver.providers.kayle.webhook_answers import done, own_webhooks, paged
from specimen.mockserver.webhooks.endpoints import NO_TYPES, Endpoint

TYPES = tuple(f"verification.session.{end}" for end in ("succeeded", "failed", "expired", "cancelled"))
DEFAULT_HOURS = 72
# What the request may set and the vendor shows again, with what it is where nothing is said (null, none, 72 are its document's).
_SHOWN: Mapping[str, Any] = {"name": None, "labels": [], "undelivered_payload_retention_hours": DEFAULT_HOURS}


@operation("listWebhookEndpoints")
async def list_endpoints(request: Request, sessions: Sessions) -> Reply:
    """A page of the organization's endpoints."""
    wanted = request.query.get("enabled")
    found = [one for one in await own_webhooks(request, sessions).endpoints() if wanted is None or one.enabled == wanted]
    return paged(request, found, lambda one: one.id, _endpoint)


@operation("createWebhookEndpoint")
async def create_endpoint(request: Request, sessions: Sessions) -> Reply:
    """A new endpoint, with its secret."""
    body = request.body
    enabled, now = body.get("enabled", True), sessions.now
    more = {**{name: body.get(name, default) for name, default in _SHOWN.items()}, "updated_at": now}
    more["disabled_at"] = None if enabled else now
    types = _types(body.get("subscribed_event_types", TYPES))
    made = await own_webhooks(request, sessions).add(body["url"], types, enabled=enabled, more=more)
    return done({"endpoint": _endpoint(made), "signing_secret": made.secret})


@operation("getWebhookEndpoint")
async def get_endpoint(request: Request, sessions: Sessions) -> Reply:
    """The endpoint of that id."""
    found = await own_webhooks(request, sessions).endpoint(request.path["endpoint_id"])
    return request.example("not_found") if found is None else done(_endpoint(found))


@operation("updateWebhookEndpoint")
async def update_endpoint(request: Request, sessions: Sessions) -> Reply:
    """The endpoint with what the request gives."""
    own, body = own_webhooks(request, sessions), request.body
    found = await own.endpoint(request.path["endpoint_id"])
    if found is None:
        return request.example("not_found")
    more = {**(found.more or {}), **{name: body[name] for name in _SHOWN if name in body}, "updated_at": sessions.now}
    changes: dict[str, Any] = {name: body[name] for name in ("url", "enabled") if name in body}
    if "enabled" in body:
        more["disabled_at"] = None if body["enabled"] else more.get("disabled_at") or sessions.now
    if "subscribed_event_types" in body:
        changes["types"] = _types(body["subscribed_event_types"])
    newer = await own.change(found, more=more, **changes)
    return request.example("not_found") if newer is None else done(_endpoint(newer))


@operation("deleteWebhookEndpoint")
async def delete_endpoint(request: Request, sessions: Sessions) -> Reply:
    """Nothing is sent to the endpoint any more."""
    own = own_webhooks(request, sessions)
    found = await own.endpoint(request.path["endpoint_id"])
    if found is None or not await own.remove(found):
        return request.example("not_found")
    return request.example("deleted_webhook_endpoint")


@operation("listWebhookKeys")
async def list_keys(request: Request, sessions: Sessions) -> Reply:
    """A page of the keys of an endpoint; of one that the organization has not, none."""
    found = await own_webhooks(request, sessions).endpoint(request.path["endpoint_id"])
    wanted = request.query.get("is_active")
    rows = [] if found is None else [key for key in reversed(found.keys) if wanted is None or key["is_active"] == wanted]
    return paged(request, rows, lambda key: str(key["id"]), lambda key: _key(request.path["endpoint_id"], key))


@operation("createWebhookKey")
async def create_key(request: Request, sessions: Sessions) -> Reply:
    """A new key of an endpoint. One that is no RSA key is found out when a payload is to be encrypted for it (assumed)."""
    own, body = own_webhooks(request, sessions), request.body
    found = await own.endpoint(request.path["endpoint_id"])
    made = None if found is None else await own.add_key(found, body["key_id"], body["jwk"])
    return request.example("not_found") if made is None else done(_key(request.path["endpoint_id"], made))


@operation("deactivateWebhookKey")
async def deactivate_key(request: Request, sessions: Sessions) -> Reply:
    """New deliveries do not use the key any more."""
    return await _switch(request, sessions, is_active=False)


@operation("reactivateWebhookKey")
async def reactivate_key(request: Request, sessions: Sessions) -> Reply:
    """New deliveries use the key again."""
    return await _switch(request, sessions, is_active=True)


async def _switch(request: Request, sessions: Sessions, *, is_active: bool) -> Reply:
    found = await own_webhooks(request, sessions).set_active(request.path["key_id"], is_active=is_active)
    return request.example("not_found") if found is None else done(_key(found[0].id, found[1]))


@operation("revealSigningSecret")
async def reveal_secret(request: Request, sessions: Sessions) -> Reply:
    """The endpoint's secret."""
    found = await own_webhooks(request, sessions).endpoint(request.path["endpoint_id"])
    return request.example("not_found") if found is None else _secret(found)


@operation("rotateSigningSecret")
async def rotate_secret(request: Request, sessions: Sessions) -> Reply:
    """The endpoint's new secret."""
    own = own_webhooks(request, sessions)
    found = await own.endpoint(request.path["endpoint_id"])
    newer = None if found is None else await own.rotate(found)
    return request.example("not_found") if newer is None else _secret(newer)


async def is_any_unavailable(named: str | Sequence[str], request: Request, sessions: Sessions) -> bool:
    """Whether a session cannot be told to the endpoints that its creation names."""
    own = own_webhooks(request, sessions)
    return any([await own.is_unavailable(one) for one in ([named] if isinstance(named, str) else named)])


def refusal(problem: Problem, request: Request) -> Reply | None:
    """BAD_REQUEST for what the vendor refuses by itself: a target that is not https, and a change of nothing."""
    by_vendor = {"createWebhookEndpoint", "updateWebhookEndpoint"}
    if problem.kind != "invalid_body" or request.operation.id not in by_vendor or not isinstance(request.body, dict):
        return None
    pointers = {error.pointer for error in problem.errors}
    if pointers == {""} and "url" not in request.body and request.operation.id == "createWebhookEndpoint":
        return None
    is_url = pointers == {"/url"} and isinstance(request.body.get("url"), str)
    return request.example("bad_request") if is_url or pointers == {""} else None


def _types(asked: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(asked)) or NO_TYPES


def _endpoint(one: Endpoint) -> dict[str, Any]:
    more = one.more or {}
    disabled_at = more.get("disabled_at")
    return {
        "id": one.id,
        "organization_id": f"org_{one.owner or 'specimen'}",
        "name": more.get("name"),
        "labels": list(more.get("labels", ())),
        "url": one.url,
        "enabled": one.enabled,
        "subscribed_event_types": [name for name in one.types if name],
        "undelivered_payload_retention_hours": more.get("undelivered_payload_retention_hours", DEFAULT_HOURS),
        "created_at": iso_millis(one.created_at),
        "updated_at": iso_millis(more.get("updated_at", one.created_at)),
        "disabled_at": None if disabled_at is None else iso_millis(disabled_at),
    }


def _key(endpoint_id: str, key: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": key["id"],
        "webhook_endpoint_id": endpoint_id,
        "key_id": key["kid"],
        "algorithm": "RSA-OAEP-256",
        "key_type": "RSA",
        "jwk": dict(key["jwk"]),
        "is_active": key["is_active"],
        "created_at": iso_millis(key["created_at"]),
        "updated_at": iso_millis(key["updated_at"]),
        "disabled_at": None if key["disabled_at"] is None else iso_millis(key["disabled_at"]),
    }


def _secret(one: Endpoint) -> Reply:
    return done({"endpoint_id": one.id, "signing_secret": one.secret})
