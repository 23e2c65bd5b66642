"""Handlers of Neuro-Vision: sessions read by id or by the client's key, and created by sending images."""

from __future__ import annotations

import json
from typing import Any

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
from specimen.specs.core.multipart import FORM_TYPE, FormError, read

_KEY = "clientKey"
# How long a client is known by its key, in seconds.
_CLIENT_SECONDS = 30 * 86_400


@operation("getSessionStatus")
async def get_session_status(request: Request, sessions: Sessions) -> Reply:
    """The session by the client's key (the newest) or by its id; `clientKey` wins over `sessionId`.

    Source: Get session status, Parameter Priority.
    """
    client_key = request.body.get("clientKey")
    by, value = (_KEY, client_key) if client_key is not None else (None, request.body["sessionId"].lower())
    session = await sessions.get(value, by)
    return request.example("session_not_found") if session is None else await sessions.answer(session, "getSessionStatus")


@operation("processImages")
async def process_images(request: Request, sessions: Sessions) -> Reply:
    """Creates a session, or continues the named one; answers at once in both modes, with the state that the pace gives."""
    if any(part.name == "images" and part.filename is None for part in request.form):
        # A plain field of that name is no file, although the schema's "string" accepts it.
        detail = {"expected": {"format": "binary"}, "actual": None, "path": "images"}
        return request.example("invalid_schema", {"/details": [detail]})
    fields = {part.name: part.text if part.filename is None else part.filename for part in request.form}
    if "sessionId" in fields:
        session = await sessions.get(fields["sessionId"].lower(), poll=False)
        if session is None:
            return request.example("session_not_found")
        if _waits(session, sessions):
            try:
                session = await sessions.transition(session, "processing", "images_received")
            except IllegalTransition:  # other images came meanwhile
                session = await sessions.get(session.id, poll=False) or session
    else:
        session = await _create(request, sessions, fields)
    return await sessions.answer(session, "processImages")


def _waits(session: Session, sessions: Sessions) -> bool:
    """Whether a session stays idle until it gets images; a preference for this one answer moves no session."""
    is_as_it_is = sessions.preference.status is None and sessions.preference.scenario is None
    return is_as_it_is and session.state == "idle" and session.record.steps == 0


async def _create(request: Request, sessions: Sessions, fields: dict[str, str]) -> Session:
    facts: dict[str, Any] = {
        "ocr": fields.get("ocr") != "false",
        "images": sum(part.name == "images" for part in request.form),
    }
    if "schemaId" in fields:
        facts["schema_id"] = fields["schemaId"].lower()
    client_key = fields.get("clientKey")
    if client_key is None:
        return await sessions.create(facts)
    facts["client_key"] = client_key

    async def as_known(session: Session) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The client's id, where the key is known: the first identified session of a key gives it its own."""
        place, own = f"client {client_key}", session.ids["client"]
        if session.facts.get("client") == "unidentified":
            known_as = await sessions.value(place)
        else:
            known_as = await sessions.get_or_set(place, own, _CLIENT_SECONDS)
        return ({} if known_as in (None, own) else {"client_id": known_as}), ()

    return await sessions.create(facts, {_KEY: client_key}, complete=as_known)


def authenticate(request: Request, credentials: Credentials) -> Credential | Problem:
    """A JWT in the header `token`, else an API token as `token` in the body; a header decides alone.

    Source: Get session status, Authorization.
    """
    if request.headers.get("token"):
        return credentials.check(request)
    token = _body_token(request)
    if token is None:
        return Problem("unauthenticated")
    for credential in credentials.listed:
        if credential.facts.get("body_token") == token.lower():
            return credential
    return Problem("unknown_credential")


def render_error(problem: Problem, request: Request) -> Reply | None:
    """The vendor's error body of a refused request: access first, then the fields, then a missing session id.

    Source: Get session status, Errors.
    """
    if problem.kind in ("unauthenticated", "unknown_credential", "failing_credential"):
        return request.example("access_denied")
    if problem.kind in ("not_json", "body_required"):
        return request.example("invalid_schema", {"/details": [{"expected": problem.detail, "actual": None, "path": ""}]})
    if problem.kind == "invalid_body":
        # The only anyOf of a request says that it names a session.
        broken = [error for error in problem.errors if (error.pointer, error.name) != ("", "anyOf")]
        if not broken:
            return request.example("identifier_required")
        return request.example("invalid_schema", {"/details": [_detail(error) for error in broken]})
    return None


def _detail(error: SchemaError) -> dict[str, Any]:
    path = error.pointer[1:].replace("/", ".")
    # The vendor repeats the actual value; the mock does not repeat a token, or a body that may contain one.
    actual = None if path in ("", "token") else error.actual
    expected = {} if error.expected is None else {error.name: error.expected}
    return {"expected": expected, "actual": actual, "path": path}


def _body_token(request: Request) -> str | None:
    """The `token` of a body that is not parsed yet; None where there is none, or no body that can be read."""
    content_type = request.headers.get("content-type", "application/json")
    if content_type.lower().startswith(FORM_TYPE):
        return _form_token(request.raw, content_type)
    try:
        body = json.loads(request.raw)
    except (ValueError, RecursionError):  # refused later as invalid JSON; without a token access is refused first
        return None
    token = body.get("token") if isinstance(body, dict) else None
    return token if isinstance(token, str) else None


def _form_token(raw: bytes, content_type: str) -> str | None:
    try:
        parts = read(raw, content_type)
    except FormError as error:  # refused later as an invalid form, where a part before the error has a valid token
        parts = error.parts
    return next((part.text for part in parts if part.name == "token"), None)
