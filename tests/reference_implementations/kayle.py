"""Kayle ID as its public page describes it, in some two hundred lines."""

from __future__ import annotations

import random
import re
import string
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.reference_implementations.kayle_creation import Refused, endpoints, redirect, shares
from tests.reference_implementations.web import NO_BODY, NotJson, answer, application, body_of, time_text

TOKEN = "kk_standin_0123456789abcdef"
HOUR = 3600
STATUSES = ("created", "in_progress", "succeeded", "failed", "expired", "cancelled")
# A failure code with the tries of chip and face that lie behind it.
FAILURES = (
    ("liveness_failed", 0, 3),
    ("document_authenticity_failed", 3, 0),
    ("selfie_face_mismatch", 1, 3),
    ("document_anti_cloning_attestation_failed", 0, 1),
    ("document_chip_authentication_failed", 3, 2),
)
ID = re.compile(r"vs_[A-Za-z0-9]{64}")
TOKEN_FORM = re.compile(r"[a-z0-9]{48}")


@dataclass
class Session:
    """A verification session, as it is stored."""

    id: str
    cancel_token: str
    share_fields: dict[str, Any]
    redirect_url: str | None
    webhook_endpoint_id: Any
    created: float
    updated: float
    status: str = "created"
    failure_code: str | None = None
    tries: tuple[int, int] = (0, 0)
    completed: float | None = None
    token_used: bool = False


@dataclass
class Kayle:
    """The service: its sessions by id. `seed` makes its ids; with `is_lively` the user has done one more step after each read."""

    seed: int = 1
    is_lively: bool = False
    sessions: dict[str, Session] = field(default_factory=dict)
    failures: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def text(self, prefix: str, length: int) -> str:
        """A made-up id."""
        return prefix + "".join(self.random.choices(string.ascii_letters + string.digits, k=length))

    def token(self) -> str:
        """A cancel token."""
        return "".join(self.random.choices(string.ascii_lowercase + string.digits, k=48))

    def create(self, body: dict[str, Any], age: float = 0) -> Session:
        """Keeps a new session, made `age` seconds ago."""
        now = time.time() - age
        made = Session(
            self.text("vs_", 64), self.token(), shares(body.get("share_fields")), redirect(body.get("redirect_url")),
            endpoints(body), now, now,
        )  # fmt: skip
        self.sessions[made.id] = made
        return made

    def find(self, session_id: str) -> Session | None:
        """A session as it is now: an hour after its creation it has expired."""
        found = self.sessions.get(session_id)
        if found and found.completed is None and time.time() >= found.created + HOUR:
            self.finish(found, "expired", found.created + HOUR)
        return found

    def finish(self, session: Session, status: str, at: float) -> None:
        """Ends a session that has not ended."""
        if session.completed is None:
            session.status, session.completed, session.updated = status, at, at

    def go_on(self, session: Session) -> None:
        """The user does one more step: opens the link, fails a chip read, ends."""
        if not self.is_lively or session.completed is not None:
            return
        session.updated = time.time()
        if session.status == "created":
            session.status = "in_progress"
        elif session.tries == (0, 0):
            session.tries = (1, 0)
        else:
            self.finish(session, "succeeded", time.time())

    def drive(self, state: str) -> str | None:
        """A new session in a state; None for a state that there is not."""
        if state not in STATUSES:
            return None
        made = self.create({}, HOUR + 60 if state == "expired" else 120)
        if state == "created":
            return made.id
        made.status, made.updated = "in_progress", made.created + 30
        if state == "failed":
            made.failure_code, *tries = FAILURES[self.failures % len(FAILURES)]
            made.tries = (tries[0], tries[1])
            self.failures += 1
        if state in ("succeeded", "failed", "cancelled"):
            self.finish(made, state, time.time() - 20)
        self.find(made.id)
        return made.id


def shown(session: Session, *, is_new: bool = False) -> dict[str, Any]:
    """A session as an answer shows it; `organization_id` is a field that no public page tells of."""
    url = f"https://verify.kayle.id/{session.id}"
    token = {"cancel_token": session.cancel_token} if is_new else {}
    return {
        "id": session.id, "organization_id": "org_standin", "status": session.status, "failure_code": session.failure_code,
        "nfc_tries_used": session.tries[0], "liveness_tries_used": session.tries[1], "contract_version": 1,
        "share_fields": session.share_fields, "redirect_url": session.redirect_url,
        "webhook_endpoint_id": session.webhook_endpoint_id,
        "verification_url": f"{url}?cancel_token={session.cancel_token}" if is_new else url, **token,
        "expires_at": time_text(session.created + HOUR),
        "completed_at": None if session.completed is None else time_text(session.completed),
        "created_at": time_text(session.created), "updated_at": time_text(session.updated),
    }  # fmt: skip


def data(value: Any, **more: Any) -> Response:
    """An answer in the envelope of success."""
    return answer({"data": value, "error": None, **more})


def error(status: int, code: str, message: str, hint: str) -> Response:
    """A refusal in the documented envelope."""
    return answer(envelope(code, message, hint), status)


def short_error(status: int, code: str, message: str) -> Response:
    """A refusal as the verify routes answer it."""
    return answer({"data": None, "error": {"code": code, "message": message}}, status)


def envelope(code: str, message: str, hint: str) -> dict[str, Any]:
    """The documented body of an error."""
    return {"data": None, "error": {"code": code, "message": message, "hint": hint, "docs": "https://kayle.id/docs/api/errors"}}


def malformed(what: str) -> Response:
    """How the service's own schema library refuses a request."""
    return answer({"success": False, "error": {"name": "ZodError", "message": what}}, 400)


def not_found(code: str = "NOT_FOUND") -> Response:
    """The documented 404."""
    return error(404, code, "Session not found.", "The session with the given ID was not found.")


def secured(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """The handler behind a check of the API key."""

    async def checked(request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return answer({"error": {"code": "UNAUTHORIZED", "message": "Unauthorized"}}, 401)
        return await handler(request)

    return checked


@dataclass
class Api:
    """The service's operations."""

    service: Kayle

    async def get_session(self, request: Request) -> Response:
        """GET /v1/sessions/{id}."""
        if not ID.fullmatch(request.path_params["id"]):
            return malformed("Invalid id")
        found = self.service.find(request.path_params["id"])
        if found is None:
            return not_found()
        reply = data(shown(found))
        self.service.go_on(found)
        return reply

    async def create_session(self, request: Request) -> Response:
        """POST /v1/sessions."""
        body = await body_of(request)
        body = {} if body is NO_BODY else body
        if not isinstance(body, dict):
            return malformed("Expected object")
        if any(name in body and body[name] is None for name in ("redirect_url", "share_fields")):
            return malformed("Expected a value, received null")
        try:
            return data(shown(self.service.create(body), is_new=True))
        except Refused as reason:
            return error(400, str(reason), "The request was refused.", "Look at the request body.")

    async def list_sessions(self, request: Request) -> Response:
        """GET /v1/sessions."""
        query = request.query_params
        limit, status, after = query.get("limit", "10"), query.get("status"), query.get("starting_after")
        if not re.fullmatch(r"-?[0-9]{1,4}", limit, re.ASCII) or not 1 <= int(limit) <= 100:
            return malformed("Invalid limit")
        if (status is not None and status not in STATUSES) or (after is not None and not ID.fullmatch(after)):
            return malformed("Invalid query")
        since, until = moment(query.get("created_from")), moment(query.get("created_to"))
        if since is False or until is False:
            return malformed("Invalid time")
        found = [self.service.find(name) for name in sorted(self.service.sessions)]
        found = [
            one for one in found if one is not None
            and (status is None or one.status == status) and (after is None or one.id > after)
            and (since is None or shown_moment(one) >= since) and (until is None or shown_moment(one) <= until)
        ]  # fmt: skip
        page = found[: int(limit)]
        has_more = len(found) > len(page)
        pages = {"limit": int(limit), "has_more": has_more, "next_cursor": page[-1].id if has_more else None}
        return data([shown(one) for one in page], pagination=pages)

    async def cancel_session(self, request: Request) -> Response:
        """POST /v1/sessions/{id}/cancel."""
        if not ID.fullmatch(request.path_params["id"]):
            return malformed("Invalid id")
        found = self.service.find(request.path_params["id"])
        if found is None:
            return not_found()
        self.service.finish(found, "cancelled", time.time())
        return Response(status_code=204)

    async def cancel_by_token(self, request: Request) -> Response:
        """POST /v1/verify/session/{id}/cancel, of the user's browser."""
        try:
            body = await body_of(request)
        except NotJson as reason:
            if reason.status != 400:
                raise
            body = None
        if not ID.fullmatch(request.path_params["id"]):
            return short_error(400, "INVALID_SESSION_ID", "The session id is malformed.")
        token = body.get("cancel_token") if isinstance(body, dict) else None
        if not isinstance(token, str) or not TOKEN_FORM.fullmatch(token):
            return short_error(400, "INVALID_REQUEST", "The cancel_token is missing.")
        found = self.service.find(request.path_params["id"])
        if found is None:
            return short_error(404, "SESSION_NOT_FOUND", "Session not found.")
        if token != found.cancel_token:
            return short_error(401, "CANCEL_TOKEN_INVALID", "The token is not this session's.")
        if found.token_used and found.status in ("succeeded", "failed"):
            return short_error(401, "CANCEL_TOKEN_USED", "The token was used.")
        if not found.token_used and found.status in ("succeeded", "failed"):
            found.status, found.failure_code, found.updated = "cancelled", None, time.time()
        found.token_used = True
        self.service.finish(found, "cancelled", time.time())
        return Response(status_code=204)


def refuse(status: int) -> dict[str, Any]:
    """The body of an answer that no operation gives."""
    if status == 400:
        return {"success": False, "error": {"name": "ZodError", "message": "Malformed JSON in request body"}}
    return envelope({404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(status, "ERROR"), f"Status {status}.", "See the docs.")


def app(seed: int = 1, *, is_lively: bool = False, service: Kayle | None = None) -> Starlette:
    """A service of its own, or the given one."""
    api = Api(service or Kayle(seed, is_lively))
    routes = [
        Route("/v1/sessions", secured(api.list_sessions), methods=["GET"]),
        Route("/v1/sessions", secured(api.create_session), methods=["POST"]),
        Route("/v1/sessions/{id}", secured(api.get_session), methods=["GET"]),
        Route("/v1/sessions/{id}/cancel", secured(api.cancel_session), methods=["POST"]),
        Route("/v1/verify/session/{id}/cancel", api.cancel_by_token, methods=["POST"]),
    ]
    return application(routes, api.service.drive, refuse)


def shown_moment(session: Session) -> float:
    """When a session was made, as exactly as its answers say."""
    return moment(time_text(session.created)) or 0


def moment(text: str | None) -> float | bool | None:
    """Seconds since the epoch; None for no text, False for one that is no time."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return False
    return found.timestamp() if found.tzinfo else False
