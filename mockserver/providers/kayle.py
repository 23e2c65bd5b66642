"""Kayle ID: sessions created by an API key, listed, read, and cancelled by the key or by a one-shot token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from specimen.fixtures.primitives.times import iso_millis
from specimen.fixtures.recipes import kayle as recipe
from specimen.mockserver.preferences.preferences import NO_PREFERENCE
from specimen.mockserver.provider_api import Problem, Reply, Request, SchemaError, Session, Sessions, operation
from specimen.mockserver.sessions.namespaces import is_namespace_name

# Every other endpoint id is taken for one that exists and is enabled.
UNAVAILABLE_ENDPOINT = "specimen_unavailable_webhook_endpoint"
_HUNDRED_YEARS_SECONDS = 100 * 365 * 86_400
_MOST_MESSAGE = 300
# Of several faults in share_fields, the first in this order is told.
_SHARE_FIELD_FAULTS = (
    "too_many_share_fields",
    "invalid_share_fields",
    "reason_too_long",
    "reason_required",
    "invalid_age_gate_key",
    "unknown_claim_key",
    "multiple_age_gates_not_allowed",
)


@operation("createSession")
def create_session(request: Request, sessions: Sessions) -> Reply:
    """A new session, with its one-shot token.

    Source: Kayle ID documentation, Create a session.
    """
    asked: dict[str, Any] = request.body or {}
    endpoints = asked.get("webhook_endpoint_id", ())
    if UNAVAILABLE_ENDPOINT in ([endpoints] if isinstance(endpoints, str) else endpoints):
        return request.example("webhook_endpoint_unavailable")
    names = ("share_fields", "redirect_url", "webhook_endpoint_id")
    session = sessions.create({name: asked[name] for name in names if name in asked})
    return sessions.answer(session, "createSession")


@operation("getSession")
def get_session(request: Request, sessions: Sessions) -> Reply:
    """The session of that id."""
    session = sessions.get(request.path["id"])
    return request.example("not_found") if session is None else sessions.answer(session, "getSession")


@operation("listSessions")
def list_sessions(request: Request, sessions: Sessions) -> Reply:
    """A page of the sessions, in the order of their ids.

    Source: Kayle ID documentation, List sessions.
    """
    limit: int = request.query["limit"]
    rows = sorted(_matching(request.query, sessions), key=lambda session: session.id)
    return Reply(200, recipe.page([session.moment for session in rows[:limit]], limit, len(rows) > limit))


@operation("cancelSession")
def cancel_session(request: Request, sessions: Sessions) -> Reply:
    """Cancels the session, unless it is over: then nothing changes.

    Source: Kayle ID documentation, Cancel a session.
    """
    session = _as_it_is(request.path["id"], sessions)
    return request.example("not_found") if session is None else _cancelled(session, sessions)


@operation("cancelByToken")
def cancel_by_token(request: Request, sessions: Sessions) -> Reply:
    """Cancels the session for who holds its token, once; a session that is over stays as it is.

    Source: Get a session by ID, OpenAPI, cancel_token ("one-shot").
    """
    token, point, namespace = request.body["cancel_token"].partition(".")
    own: Sessions | None = sessions
    if point:
        own = sessions.for_namespace(namespace) if is_namespace_name(namespace) else None
    session = None if own is None else _as_it_is(request.path["id"], own)
    if own is None or session is None:
        # What stands behind the point is no namespace of this session: the token is wrong, if the session is there.
        is_here = point and _as_it_is(request.path["id"], sessions) is not None
        return request.example("cancel_token_invalid" if is_here else "session_not_found")
    if session.ids["cancel_token"] != token:
        return request.example("cancel_token_invalid")
    used = f"cancel_token_used:{session.id}"
    if own.cache_get(used) is not None:
        return request.example("cancel_token_used")
    own.cache_set(used, own.now, _HUNDRED_YEARS_SECONDS)
    return _cancelled(session, own)


def render_error(problem: Problem, request: Request) -> Reply | None:
    """The vendor's answer to a refused request; the reason stands in it."""
    by_token = request.operation.id == "cancelByToken"
    if problem.kind == "invalid_parameter":
        if by_token:
            return request.example("invalid_session_id")
        return request.example("invalid_parameter", {"/error/message": problem.detail[:_MOST_MESSAGE]})
    if problem.kind not in ("invalid_body", "not_json", "body_required"):
        return None
    if by_token:
        return request.example("invalid_request", {"/error/message": _reason(problem)})
    fault = share_fields_fault(problem.errors)
    if fault is not None:
        return request.example(fault)
    if any(error.pointer == "/redirect_url" for error in problem.errors):
        return request.example("invalid_redirect_url")
    return request.example("invalid_request", {"/error/message": _reason(problem)})


def share_fields_fault(errors: tuple[SchemaError, ...]) -> str | None:
    """The example that tells what is wrong with share_fields, or None where nothing is."""
    found = {_fault(error) for error in errors if error.pointer.split("/")[1:2] == ["share_fields"]}
    return next((fault for fault in _SHARE_FIELD_FAULTS if fault in found), None)


def _fault(error: SchemaError) -> str:
    is_in_field = error.pointer.count("/") > 2
    about_reason = (is_in_field and error.pointer.endswith("/reason")) or error.message.startswith('"reason" is a required')
    if error.name == "maxProperties":
        return "too_many_share_fields"
    if error.name == "propertyNames":
        return "invalid_age_gate_key" if error.message.startswith('"age_over_') else "unknown_claim_key"
    if error.name == "anyOf":
        return "multiple_age_gates_not_allowed"
    if error.name == "maxLength":
        return "reason_too_long"
    return "reason_required" if about_reason else "invalid_share_fields"


def _reason(problem: Problem) -> str:
    told = "; ".join(f"{error.pointer or 'the body'}: {error.message}" for error in problem.errors)
    return (told if problem.kind == "invalid_body" else problem.detail)[:_MOST_MESSAGE]


def _as_it_is(session_id: str, sessions: Sessions) -> Session | None:
    # A wished state is one of an answer; cancelling must not make it the session's own.
    sessions.preference = NO_PREFERENCE
    return sessions.get(session_id, poll=False)


def _cancelled(session: Session, sessions: Sessions) -> Reply:
    if not session.is_terminal:
        sessions.transition(session, "cancelled", "cancelled")
    return Reply(204, session=(session.seed, session.scenario))


def _matching(query: dict[str, Any], sessions: Sessions) -> Iterator[Session]:
    status, after = query.get("status"), query.get("starting_after", "")
    earliest, latest = query.get("created_from"), query.get("created_to")
    for session in sessions.list():
        if session.id <= after or status not in (None, session.state):
            continue
        created_at = _instant(iso_millis(session.created_at))
        if earliest is not None and created_at < _instant(earliest):
            continue
        if latest is None or created_at <= _instant(latest):
            yield session


def _instant(text: str) -> tuple[str, str]:
    """What orders UTC timestamps, however many digits their seconds have."""
    seconds, _, digits = text.rstrip("Z").partition(".")
    return seconds, digits.rstrip("0")
