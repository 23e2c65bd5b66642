"""What Kayle ID's operations on webhooks share: whose they are, and the forms of answers.

Source: Kayle ID API reference, OpenAPI 1.5.0, Webhooks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from specimen.fixtures.primitives.times import iso_millis
from specimen.mockserver.provider_api import AccountWebhooks, Reply, Request, Sessions
from specimen.mockserver.webhooks.account import page


def own_webhooks(request: Request, sessions: Sessions) -> AccountWebhooks:
    """What the organization of the API key has."""
    return AccountWebhooks(sessions, str(request.credential.facts.get("organization", "")))


def iso_or_none(at: int | None) -> str | None:
    """A time, or none, as answers show it."""
    return None if at is None else iso_millis(at)


def done(data: Any) -> Reply:
    """The answer with one thing."""
    return Reply(200, {"data": data, "error": None})


def paged(request: Request, rows: Sequence[Any], id_of: Callable[[Any], str], body: Callable[[Any], Any]) -> Reply:
    """The answer with the page of rows that the request asks for."""
    shown, has_more = page(rows, id_of, request.query.get("starting_after"), request.query["limit"])
    return listed(request, [body(one) for one in shown], has_more)


def listed(request: Request, bodies: list[Any], has_more: bool) -> Reply:
    """The answer with a page."""
    cursor = bodies[-1]["id"] if has_more else None
    pagination = {"limit": request.query["limit"], "has_more": has_more, "next_cursor": cursor}
    return Reply(200, {"data": bodies, "error": None, "pagination": pagination})
