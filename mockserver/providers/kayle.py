"""Kayle ID: sessions created by an API key, listed, read, and cancelled by the key or by a one-shot token."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from specimen.fixtures.primitives.times import iso_millis
from specimen.fixtures.recipes import kayle as recipe
from specimen.fixtures.recipes.kayle_requests import account_fault, body_fault, created_with
from specimen.fixtures.recipes.recipe import DEFAULT_NAMESPACE
from specimen.mockserver.preferences.preferences import NO_PREFERENCE
from specimen.mockserver.provider_api import (
    Credential,
    Credentials,
    Problem,
    Reply,
    Request,
    SchemaError,
    Session,
    Sessions,
    operation,
)

# The library's codes for what breaks a JSON Schema keyword; for others it says `custom`.
_CODES = {
    "type": "invalid_type", "pattern": "invalid_format", "enum": "invalid_value", "anyOf": "invalid_union",
    "maxLength": "too_big", "maximum": "too_big", "maxItems": "too_big",
    "minLength": "too_small", "minimum": "too_small", "minItems": "too_small",
}  # fmt: skip
_MOST_MESSAGE = 300
_HUNDRED_YEARS_SECONDS = 100 * 365 * 86_400
# What the holder of the token may withdraw once it is over.
_WITHDRAWN_FROM = frozenset({"succeeded", "failed"})


def authenticate(request: Request, credentials: Credentials) -> Credential | Problem:
    """The request's API key; one whose facts refuse the operation is answered with the error that they name."""
    found = credentials.check(request)
    if isinstance(found, Problem) or "refused" not in found.facts:
        return found
    fails = found.facts["refused"].get(request.operation.id)
    return found if fails is None else Problem("failing_credential", credential=replace(found, fails=fails))


@operation("createSession")
def create_session(request: Request, sessions: Sessions) -> Reply:
    """A new session, with its one-shot token.

    Source: Kayle ID documentation, Create a session.
    """
    if not request.raw and _is_json(request.headers.get("content-type")):
        return request.example("invalid_request", {"/error/message": _issues(((), "Malformed JSON in request body"))})
    asked: dict[str, Any] = dict(request.body or {})
    fault = account_fault(asked)
    if fault is not None:
        return request.example(fault)
    organization = request.credential.facts.get("organization")
    facts = {**created_with(asked), **({} if organization is None else {"organization": organization})}
    session = sessions.create(facts)
    if sessions.namespace != DEFAULT_NAMESPACE:
        # A browser presents the token without headers: its namespace is kept in the default one.
        token = session.ids["cancel_token"]
        sessions.for_namespace(DEFAULT_NAMESPACE).cache_set(f"issued:{token}", sessions.namespace, _HUNDRED_YEARS_SECONDS)
    return sessions.answer(session, "createSession")


@operation("getSession")
def get_session(request: Request, sessions: Sessions) -> Reply:
    """The session of that id."""
    session = _own(sessions.get(request.path["id"]), request)
    return request.example("not_found") if session is None else sessions.answer(session, "getSession")


@operation("listSessions")
def list_sessions(request: Request, sessions: Sessions) -> Reply:
    """A page of the sessions, in the order of their ids.

    Source: Kayle ID documentation, List sessions.
    """
    names = [name for name, _ in parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)]
    twice = next((name for name in request.query if names.count(name) > 1), None)
    if twice is not None:
        return request.example("invalid_parameter", {"/error/message": _issues(((twice,), "Invalid input: given twice"))})
    limit: int = request.query["limit"]
    found = (session for session in _matching(request.query, sessions) if _own(session, request) is not None)
    rows = sorted(found, key=lambda session: session.id)
    return Reply(200, recipe.page([session.snapshot for session in rows[:limit]], limit, len(rows) > limit))


@operation("cancelSession")
def cancel_session(request: Request, sessions: Sessions) -> Reply:
    """Cancels the session, unless it is over: then nothing changes.

    Source: Kayle ID documentation, Cancel a session.
    """
    session = _own(_as_it_is(request.path["id"], sessions), request)
    if session is None:
        return request.example("not_found")
    if not session.is_terminal:
        sessions.transition(session, "cancelled", "cancelled")
    return _done(session)


@operation("cancelByToken")
def cancel_by_token(request: Request, sessions: Sessions) -> Reply:
    """Cancels the session for who holds its token, once; one that has succeeded or failed is withdrawn.

    Source: Get a session by ID, OpenAPI, cancel_token ("one-shot"); Kayle ID public source, verify routes.
    """
    token: str = request.body["cancel_token"]
    issued_in = sessions.for_namespace(DEFAULT_NAMESPACE).cache_get(f"issued:{token}")
    there = sessions if issued_in is None else sessions.for_namespace(issued_in)
    if _as_it_is(request.path["id"], there) is None:
        there = sessions
    session = _as_it_is(request.path["id"], there)
    if session is None:
        return request.example("session_not_found")
    if session.ids["cancel_token"] != token:
        return request.example("cancel_token_invalid")
    used = f"cancel_token_used:{session.id}"
    if there.cache_get(used) is not None:
        return request.example("cancel_token_used") if session.state in _WITHDRAWN_FROM else _done(session)
    there.cache_set(used, there.now, _HUNDRED_YEARS_SECONDS)
    if session.state in _WITHDRAWN_FROM:
        there.transition(session, "cancelled", "withdrawn")
    elif not session.is_terminal:
        there.transition(session, "cancelled", "cancelled")
    return _done(session)


def render_error(problem: Problem, request: Request) -> Reply | None:
    """The vendor's answer to a refused request; the reason stands in it."""
    by_token = request.operation.id == "cancelByToken"
    if problem.kind == "invalid_parameter":
        if by_token:
            return request.example("invalid_session_id")
        return request.example("invalid_parameter", {"/error/message": _zod_message(problem)})
    if problem.kind not in ("invalid_body", "not_json", "body_required"):
        return None
    if by_token:
        return request.example("invalid_request")
    fault = body_fault(request.body) if problem.kind == "invalid_body" else None
    return request.example(*((fault,) if fault is not None else ("invalid_request", {"/error/message": _zod_message(problem)})))


def _is_json(content_type: str | None) -> bool:
    """Whether a body is read."""
    return (content_type or "").partition(";")[0].strip().lower() == "application/json"


def _zod_message(problem: Problem) -> str:
    """What is wrong, as the validation library writes its issues."""
    if problem.kind not in ("invalid_body", "invalid_parameter"):
        return _issues(((), "Malformed JSON in request body" if problem.kind == "not_json" else problem.detail))
    return _issues(*((_path(error), error.message, _CODES.get(error.name, "custom")) for error in problem.errors[:1]))


def _issues(*found: tuple[Any, ...]) -> str:
    """The text of issues, each a path and a message, and a code unless it is `custom`."""
    shown = [
        {"code": code[0] if code else "custom", "path": list(path), "message": message[:_MOST_MESSAGE]}
        for path, message, *code in found
    ]
    return json.dumps(shown, indent=2)


def _path(error: SchemaError) -> list[str]:
    return [part for part in error.pointer.split("/") if part]


def _own(session: Session | None, request: Request) -> Session | None:
    """The session, where it is one of the organization whose key the request shows."""
    asked_by = request.credential.facts.get("organization")
    return session if session is not None and session.record.facts.get("organization") == asked_by else None


def _as_it_is(session_id: str, sessions: Sessions) -> Session | None:
    # A state asked for with Prefer is one of an answer; cancelling must not make it the session's own.
    sessions.preference = NO_PREFERENCE
    return sessions.get(session_id, poll=False)


def _done(session: Session) -> Reply:
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
