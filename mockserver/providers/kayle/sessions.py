"""Kayle ID: sessions created by an API key, listed, read, and cancelled by the key or by a one-shot token."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from specimen.fixtures.recipes import kayle as recipe
from specimen.fixtures.recipes.kayle_requests import account_fault, body_fault, created_with, milliseconds
from specimen.fixtures.recipes.recipe import DEFAULT_NAMESPACE
from specimen.mockserver.preferences.preferences import NO_PREFERENCE
from specimen.mockserver.provider_api import (
    Credential,
    Credentials,
    IllegalTransition,
    Problem,
    Reply,
    Request,
    SchemaError,
    Session,
    Sessions,
    operation,
)
from specimen.mockserver.providers.kayle.webhook_endpoints import is_any_unavailable, refusal

# The library's codes for what breaks a JSON Schema keyword; for others it says `custom`.
_CODES = {
    "type": "invalid_type", "pattern": "invalid_format", "enum": "invalid_value", "anyOf": "invalid_union",
    "maxLength": "too_big", "maximum": "too_big", "maxItems": "too_big",
    "minLength": "too_small", "minimum": "too_small", "minItems": "too_small",
}  # fmt: skip
_MOST_MESSAGE = 300
_HUNDRED_YEARS_SECONDS = 100 * 365 * 86_400
# A session that can be cancelled is an hour old at most, by a clock that tests may move.
_TOKEN_SECONDS = 30 * 86_400
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
async def create_session(request: Request, sessions: Sessions) -> Reply:
    """A new session, with its one-shot token.

    Source: Kayle ID documentation, Create a session.
    """
    if not request.raw and _is_json(request.headers.get("content-type")):
        return request.example("invalid_request", {"/error/message": _issues(((), "Malformed JSON in request body"))})
    asked: dict[str, Any] = dict(request.body or {})
    fault = account_fault(asked)
    if fault is not None:
        return request.example(fault)
    if "webhook_endpoint_id" in asked and await is_any_unavailable(asked["webhook_endpoint_id"], request, sessions):
        return request.example("webhook_endpoint_unavailable")
    organization = request.credential.facts.get("organization")
    facts = {**created_with(asked), **({} if organization is None else {"organization": organization})}
    session = await sessions.create(facts, owner=_owner(request))
    if sessions.namespace != DEFAULT_NAMESPACE:
        # A browser presents the token without headers: its namespace is kept in the default one.
        everybodys = await sessions.for_namespace(DEFAULT_NAMESPACE)
        await everybodys.set_value(f"issued:{session.ids['cancel_token']}", sessions.namespace, _TOKEN_SECONDS)
    return await sessions.answer(session, "createSession")


@operation("getSession")
async def get_session(request: Request, sessions: Sessions) -> Reply:
    """The session of that id."""
    session = _own(await sessions.get(request.path["id"]), request)
    return request.example("not_found") if session is None else await sessions.answer(session, "getSession")


@operation("listSessions")
async def list_sessions(request: Request, sessions: Sessions) -> Reply:
    """A page of the sessions, in the order of their ids.

    Source: Kayle ID documentation, List sessions.
    """
    names = [name for name, _ in parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)]
    twice = next((name for name in request.query if names.count(name) > 1), None)
    if twice is not None:
        return request.example("invalid_parameter", {"/error/message": _issues(((twice,), "Invalid input: given twice"))})
    query, limit = request.query, request.query["limit"]
    created_from, created_to = query.get("created_from"), query.get("created_to")
    rows = await sessions.page(
        "id",
        limit + 1,
        after=query.get("starting_after"),
        owner=_owner(request),
        state=query.get("status"),
        created_from=None if created_from is None else milliseconds(created_from, is_rounded_up=True),
        created_to=None if created_to is None else milliseconds(created_to, is_rounded_up=False),
    )
    return Reply(200, recipe.page([session.snapshot for session in rows[:limit]], limit, len(rows) > limit))


@operation("cancelSession")
async def cancel_session(request: Request, sessions: Sessions) -> Reply:
    """Cancels the session, unless it is over: then nothing changes.

    Source: Kayle ID documentation, Cancel a session.
    """
    session = _own(await _as_it_is(request.path["id"], sessions), request)
    if session is None:
        return request.example("not_found")
    await _cancel(session, sessions, withdraws=False)
    return _done(session)


@operation("cancelByToken")
async def cancel_by_token(request: Request, sessions: Sessions) -> Reply:
    """Cancels the session for who holds its token, once; one that has succeeded or failed is withdrawn.

    Source: Get a session by ID, OpenAPI, cancel_token ("one-shot"); Kayle ID public source, verify routes.
    """
    token: str = request.body["cancel_token"]
    issued_in = await (await sessions.for_namespace(DEFAULT_NAMESPACE)).value(f"issued:{token}")
    there = sessions if issued_in is None else await sessions.for_namespace(issued_in)
    session = await _as_it_is(request.path["id"], there)
    if session is None and there is not sessions:
        there = sessions
        session = await _as_it_is(request.path["id"], there)
    if session is None:
        return request.example("session_not_found")
    if session.ids["cancel_token"] != token:
        return request.example("cancel_token_invalid")
    if not await there.is_first(f"cancel_token_used:{session.id}", _HUNDRED_YEARS_SECONDS):
        return request.example("cancel_token_used") if session.state in _WITHDRAWN_FROM else _done(session)
    await _cancel(session, there, withdraws=True)
    return _done(session)


def render_error(problem: Problem, request: Request) -> Reply | None:
    """The vendor's answer to a refused request; the reason stands in it."""
    by_token = request.operation.id == "cancelByToken"
    if problem.kind == "invalid_parameter":
        if by_token:
            return request.example("invalid_session_id")
        name = "invalid_parameter" if request.operation.example("invalid_parameter") is not None else "invalid_request"
        return request.example(name, {"/error/message": _zod_message(problem)})
    if problem.kind not in ("invalid_body", "not_json", "body_required"):
        return None
    if by_token:
        return request.example("invalid_request")
    refused = refusal(problem, request)
    if refused is not None:
        return refused
    is_creation = request.operation.id == "createSession"
    fault = body_fault(request.body) if problem.kind == "invalid_body" and is_creation else None
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


def _owner(request: Request) -> str:
    """The account whose lists show what the key makes."""
    return str(request.credential.facts.get("organization", ""))


async def _cancel(session: Session, sessions: Sessions, *, withdraws: bool) -> None:
    """Cancels a session that is open; one that succeeded or failed is withdrawn, where that is asked for."""
    is_open = not session.is_terminal
    while is_open or (withdraws and session.state in _WITHDRAWN_FROM):
        try:
            await sessions.transition(session, "cancelled", "cancelled" if is_open else "withdrawn")
        except IllegalTransition:  # it ended meanwhile
            is_open = False
            session = await sessions.get(session.id, poll=False) or session
        else:
            return


async def _as_it_is(session_id: str, sessions: Sessions) -> Session | None:
    # A state asked for with Prefer is one of an answer; cancelling must not make it the session's own.
    sessions.preference = NO_PREFERENCE
    return await sessions.get(session_id, poll=False)


def _done(session: Session) -> Reply:
    return Reply(204, session=(session.seed, session.scenario))
