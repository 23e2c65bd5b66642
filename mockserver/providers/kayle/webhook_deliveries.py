"""Kayle ID's operations on webhook events and their deliveries.

Source: Kayle ID API reference, OpenAPI 1.5.0, Webhooks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specimen.fixtures.primitives.times import iso_millis
from specimen.fixtures.recipes.kayle_requests import milliseconds
from specimen.mockserver.provider_api import AccountWebhooks, Reply, Request, Sessions, operation
from specimen.mockserver.providers.kayle.webhook_answers import done, iso_or_none, listed, own_webhooks, paged
from specimen.mockserver.providers.kayle.webhook_endpoints import DEFAULT_HOURS
from specimen.mockserver.webhooks.account import page
from specimen.mockserver.webhooks.attempts import NO_KEY

_HOUR = 3_600_000


@operation("listWebhookEvents")
async def list_events(request: Request, sessions: Sessions) -> Reply:
    """A page of the organization's events."""
    own, query = own_webhooks(request, sessions), request.query
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
    return listed(request, bodies, has_more)


@operation("getWebhookEvent")
async def get_event(request: Request, sessions: Sessions) -> Reply:
    """The event of that id."""
    own = own_webhooks(request, sessions)
    found = await own.event(request.path["event_id"])
    return request.example("not_found") if found is None else done(await _event(own, found, await _hours(own)))


@operation("replayWebhookEvent")
async def replay_event(request: Request, sessions: Sessions) -> Reply:
    """The event, whose failed deliveries are sent again while their payloads are kept."""
    own = own_webhooks(request, sessions)
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
    own, query = own_webhooks(request, sessions), request.query
    hours = await _hours(own)
    rows = [
        one for one in await own.deliveries()
        if query.get("status") in (None, _status(one))
        and query.get("endpoint_id") in (None, one["endpoint"]) and query.get("event_id") in (None, one["event"])
    ]  # fmt: skip
    return paged(request, rows, lambda one: str(one["id"]), lambda one: _delivery(one, hours, own.now))


@operation("retryWebhookDelivery")
async def retry_delivery(request: Request, sessions: Sessions) -> Reply:
    """The delivery, which is sent again; not one that waits, nor one whose payload is not kept any more."""
    own = own_webhooks(request, sessions)
    found = await own.delivery(request.path["delivery_id"])
    if found is None:
        return request.example("not_found")
    hours = await _hours(own)
    if _status(found) == "pending":
        return request.example("conflict")
    if not _is_kept(found, hours, own.now):
        return request.example("webhook_payload_expired")
    again = await own.resend(found["id"])
    return request.example("not_found") if again is None else done(_delivery(again, hours, own.now))


async def _hours(own: AccountWebhooks) -> dict[str, int]:
    """For how many hours each endpoint's failed payloads are kept."""
    return {one.id: (one.more or {}).get("undelivered_payload_retention_hours", DEFAULT_HOURS) for one in await own.endpoints()}


def _status(one: Mapping[str, Any]) -> str:
    return "failed" if one["status"] == "cancelled" else str(one["status"])


def _expires_at(one: Mapping[str, Any], hours: Mapping[str, int]) -> int | None:
    """Until when a payload is kept: of a delivery that has failed for good, if it ever was encrypted."""
    if _status(one) != "failed" or _unsealed(one) is not None:
        return None
    return int(one["updated_at"]) + hours.get(one["endpoint"], DEFAULT_HOURS) * _HOUR


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
        "last_attempt_at": iso_or_none(one["last_at"]),
        "payload_expires_at": iso_or_none(until),
        "payload_scrubbed_at": iso_or_none(scrubbed_at),
        "payload_retention_reason": reason,
    }


def _delivery(one: Mapping[str, Any], hours: Mapping[str, int], now: int) -> dict[str, Any]:
    return {
        **_summary(one, hours, now),
        "event_id": one["event"],
        "webhook_encryption_key_id": one["key"],
        "next_attempt_at": iso_or_none(one["next_at"]) if _status(one) == "pending" else None,
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
