"""Kayle ID's operations on webhooks: endpoints with their secrets and keys, events, deliveries.

Source: Kayle ID API reference, OpenAPI 1.5.0, Webhooks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from specimen.fixtures.primitives.times import iso_millis
from specimen.fixtures.recipes.kayle_requests import milliseconds
from specimen.mockserver.provider_api import AccountWebhooks, Problem, Reply, Request, Sessions, operation
from specimen.mockserver.webhooks.account import page
from specimen.mockserver.webhooks.attempts import NO_KEY
from specimen.mockserver.webhooks.endpoints import NO_TYPES, Endpoint

TYPES = tuple(f"verification.session.{end}" for end in ("succeeded", "failed", "expired", "cancelled"))
_HOUR = 3_600_000
_DEFAULT_HOURS = 72
# What the request may set and the vendor shows again, with what it is where nothing is said (null, none, 72 are its document's).
_SHOWN: Mapping[str, Any] = {"name": None, "labels": [], "undelivered_payload_retention_hours": _DEFAULT_HOURS}


def _own(request: Request, sessions: Sessions) -> AccountWebhooks:
    return AccountWebhooks(sessions, str(request.credential.facts.get("organization", "")))


@operation("listWebhookEndpoints")
async def list_endpoints(request: Request, sessions: Sessions) -> Reply:
    """A page of the organization's endpoints."""
    wanted = request.query.get("enabled")
    found = [one for one in await _own(request, sessions).endpoints() if wanted is None or one.enabled == wanted]
    return _page(request, found, lambda one: one.id, _endpoint)


@operation("createWebhookEndpoint")
async def create_endpoint(request: Request, sessions: Sessions) -> Reply:
    """A new endpoint, with its secret."""
    body = request.body
    enabled, now = body.get("enabled", True), sessions.now
    more = {**{name: body.get(name, default) for name, default in _SHOWN.items()}, "updated_at": now}
    more["disabled_at"] = None if enabled else now
    types = _types(body.get("subscribed_event_types", TYPES))
    made = await _own(request, sessions).add(body["url"], types, enabled=enabled, more=more)
    return _done({"endpoint": _endpoint(made), "signing_secret": made.secret})


@operation("getWebhookEndpoint")
async def get_endpoint(request: Request, sessions: Sessions) -> Reply:
    """The endpoint of that id."""
    found = await _own(request, sessions).endpoint(request.path["endpoint_id"])
    return request.example("not_found") if found is None else _done(_endpoint(found))


@operation("updateWebhookEndpoint")
async def update_endpoint(request: Request, sessions: Sessions) -> Reply:
    """The endpoint with what the request gives."""
    own, body = _own(request, sessions), request.body
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
    return request.example("not_found") if newer is None else _done(_endpoint(newer))


@operation("deleteWebhookEndpoint")
async def delete_endpoint(request: Request, sessions: Sessions) -> Reply:
    """Nothing is sent to the endpoint any more."""
    own = _own(request, sessions)
    found = await own.endpoint(request.path["endpoint_id"])
    if found is None or not await own.remove(found):
        return request.example("not_found")
    return request.example("deleted_webhook_endpoint")


@operation("listWebhookKeys")
async def list_keys(request: Request, sessions: Sessions) -> Reply:
    """A page of the keys of an endpoint; of one that the organization has not, none."""
    found = await _own(request, sessions).endpoint(request.path["endpoint_id"])
    wanted = request.query.get("is_active")
    rows = [] if found is None else [key for key in reversed(found.keys) if wanted is None or key["is_active"] == wanted]
    return _page(request, rows, lambda key: str(key["id"]), lambda key: _key(request.path["endpoint_id"], key))


@operation("createWebhookKey")
async def create_key(request: Request, sessions: Sessions) -> Reply:
    """A new key of an endpoint. One that is no RSA key is found out when a payload is to be encrypted for it (assumed)."""
    own, body = _own(request, sessions), request.body
    found = await own.endpoint(request.path["endpoint_id"])
    made = None if found is None else await own.add_key(found, body["key_id"], body["jwk"])
    return request.example("not_found") if made is None else _done(_key(request.path["endpoint_id"], made))


@operation("deactivateWebhookKey")
async def deactivate_key(request: Request, sessions: Sessions) -> Reply:
    """New deliveries do not use the key any more."""
    return await _switch(request, sessions, is_active=False)


@operation("reactivateWebhookKey")
async def reactivate_key(request: Request, sessions: Sessions) -> Reply:
    """New deliveries use the key again."""
    return await _switch(request, sessions, is_active=True)


async def _switch(request: Request, sessions: Sessions, *, is_active: bool) -> Reply:
    found = await _own(request, sessions).set_active(request.path["key_id"], is_active=is_active)
    return request.example("not_found") if found is None else _done(_key(found[0].id, found[1]))


@operation("revealSigningSecret")
async def reveal_secret(request: Request, sessions: Sessions) -> Reply:
    """The endpoint's secret."""
    found = await _own(request, sessions).endpoint(request.path["endpoint_id"])
    return request.example("not_found") if found is None else _secret(found)


@operation("rotateSigningSecret")
async def rotate_secret(request: Request, sessions: Sessions) -> Reply:
    """The endpoint's new secret."""
    own = _own(request, sessions)
    found = await own.endpoint(request.path["endpoint_id"])
    newer = None if found is None else await own.rotate(found)
    return request.example("not_found") if newer is None else _secret(newer)


@operation("listWebhookEvents")
async def list_events(request: Request, sessions: Sessions) -> Reply:
    """A page of the organization's events."""
    own, query = _own(request, sessions), request.query
    since, until = (
        milliseconds(query[name], is_rounded_up=name == "created_from") if name in query else None
        for name in ("created_from", "created_to")
    )
    rows = [
        one for one in await own.events()
        if query.get("type") in (None, one["type"])
        and (since is None or one["at"] >= since) and (until is None or one["at"] <= until)
    ]  # fmt: skip
    shown, has_more = page(rows, lambda one: str(one["id"]), query.get("starting_after"), query["limit"])
    hours = await _hours(own)
    bodies = [await _event(own, one, hours) for one in shown]
    return _listed(request, bodies, has_more)


@operation("getWebhookEvent")
async def get_event(request: Request, sessions: Sessions) -> Reply:
    """The event of that id."""
    own = _own(request, sessions)
    found = await own.event(request.path["event_id"])
    return request.example("not_found") if found is None else _done(await _event(own, found, await _hours(own)))


@operation("replayWebhookEvent")
async def replay_event(request: Request, sessions: Sessions) -> Reply:
    """The event, whose failed deliveries are sent again while their payloads are kept."""
    own = _own(request, sessions)
    found = await own.event(request.path["event_id"])
    if found is None:
        return request.example("not_found")
    hours = await _hours(own)
    again = [one for one in await own.deliveries_of(found) if _is_kept(one, hours, own.now)]
    if not again:
        return request.example("conflict")
    for one in again:
        await own.resend(one["id"])
    return Reply(202, {"data": await _event(own, found, hours), "error": None})


@operation("listWebhookDeliveries")
async def list_deliveries(request: Request, sessions: Sessions) -> Reply:
    """A page of the organization's deliveries."""
    own, query = _own(request, sessions), request.query
    hours = await _hours(own)
    rows = [
        one for one in await own.deliveries()
        if query.get("status") in (None, _status(one))
        and query.get("endpoint_id") in (None, one["endpoint"]) and query.get("event_id") in (None, one["event"])
    ]  # fmt: skip
    return _page(request, rows, lambda one: str(one["id"]), lambda one: _delivery(one, hours, own.now))


@operation("retryWebhookDelivery")
async def retry_delivery(request: Request, sessions: Sessions) -> Reply:
    """The delivery, which is sent again; not one that waits, nor one whose payload is not kept any more."""
    own = _own(request, sessions)
    found = await own.delivery(request.path["delivery_id"])
    if found is None:
        return request.example("not_found")
    hours = await _hours(own)
    if _status(found) == "pending":
        return request.example("conflict")
    if not _is_kept(found, hours, own.now):
        return request.example("webhook_payload_expired")
    again = await own.resend(found["id"])
    return request.example("not_found") if again is None else _done(_delivery(again, hours, own.now))


async def is_any_unavailable(named: str | Sequence[str], request: Request, sessions: Sessions) -> bool:
    """Whether a session cannot be told to the endpoints that its creation names."""
    own = _own(request, sessions)
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
        "undelivered_payload_retention_hours": more.get("undelivered_payload_retention_hours", _DEFAULT_HOURS),
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


async def _hours(own: AccountWebhooks) -> dict[str, int]:
    """For how many hours each endpoint's failed payloads are kept."""
    return {one.id: (one.more or {}).get("undelivered_payload_retention_hours", _DEFAULT_HOURS) for one in await own.endpoints()}


def _status(one: Mapping[str, Any]) -> str:
    return "failed" if one["status"] == "cancelled" else str(one["status"])


def _expires_at(one: Mapping[str, Any], hours: Mapping[str, int]) -> int | None:
    """Until when a payload is kept: of a delivery that has failed for good, if it ever was encrypted."""
    if _status(one) != "failed" or _unsealed(one) is not None:
        return None
    return int(one["updated_at"]) + hours.get(one["endpoint"], _DEFAULT_HOURS) * _HOUR


def _unsealed(one: Mapping[str, Any]) -> str | None:
    """Why there never was a payload."""
    failure = one.get("failure")
    if failure == NO_KEY:
        return "no_active_key"
    return "jwe_creation_failed" if str(failure).startswith("jwk:") else None


def _is_kept(one: Mapping[str, Any], hours: Mapping[str, int], now: int) -> bool:
    until = _expires_at(one, hours)
    return until is not None and now < until


def _summary(one: Mapping[str, Any], hours: Mapping[str, int], now: int) -> dict[str, Any]:
    status, until = _status(one), _expires_at(one, hours)
    scrubbed_at = one["updated_at"] if status == "succeeded" else None
    reason = _unsealed(one) if status == "failed" else None
    if reason is None:
        reason = {"pending": "pending_delivery", "succeeded": "delivered"}.get(status, "terminal_failure_retention")
    if until is not None and now >= until:
        reason, scrubbed_at, until = "expired", until, None
    return {
        "id": one["id"],
        "webhook_endpoint_id": one["endpoint"],
        "status": status,
        "last_status_code": one["last_status"],
        "attempt_count": one["attempts"],
        "last_attempt_at": _iso(one["last_at"]),
        "payload_expires_at": _iso(until),
        "payload_scrubbed_at": _iso(scrubbed_at),
        "payload_retention_reason": reason,
    }


def _delivery(one: Mapping[str, Any], hours: Mapping[str, int], now: int) -> dict[str, Any]:
    return {
        **_summary(one, hours, now),
        "event_id": one["event"],
        "webhook_encryption_key_id": one["key"],
        "next_attempt_at": _iso(one["next_at"]) if _status(one) == "pending" else None,
        "created_at": iso_millis(one["created_at"]),
        "updated_at": iso_millis(one["updated_at"]),
    }


async def _event(own: AccountWebhooks, one: Mapping[str, Any], hours: Mapping[str, int]) -> dict[str, Any]:
    return {
        "id": one["id"],
        "type": one["type"],
        "trigger_type": "verification_session",
        "trigger_id": one["session"],
        "created_at": iso_millis(one["at"]),
        "deliveries": [_summary(each, hours, own.now) for each in await own.deliveries_of(one)],
    }


def _iso(at: int | None) -> str | None:
    return None if at is None else iso_millis(at)


def _secret(one: Endpoint) -> Reply:
    return _done({"endpoint_id": one.id, "signing_secret": one.secret})


def _done(data: Any) -> Reply:
    return Reply(200, {"data": data, "error": None})


def _page(request: Request, rows: Sequence[Any], id_of: Callable[[Any], str], body: Callable[[Any], Any]) -> Reply:
    shown, has_more = page(rows, id_of, request.query.get("starting_after"), request.query["limit"])
    return _listed(request, [body(one) for one in shown], has_more)


def _listed(request: Request, bodies: list[Any], has_more: bool) -> Reply:
    cursor = bodies[-1]["id"] if has_more else None
    pagination = {"limit": request.query["limit"], "has_more": has_more, "next_cursor": cursor}
    return Reply(200, {"data": bodies, "error": None, "pagination": pagination})
