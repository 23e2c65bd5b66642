"""Predicate's identity API as its public page describes it, in some two hundred lines."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import re
import struct
import time
import uuid
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tests.reference_implementations.web import answer, application, body_of, time_text

TOKEN = "predicate-standin-0123456789"
CHECKS = {"individual": "kyc", "business": "kyb"}
KINDS = tuple(CHECKS)
STATUSES = ("pending", "submitted", "completed", "rejected", "retry")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
STREAM_SECONDS = 1.0
STEP_SECONDS = 0.1


@dataclass
class Session:
    """A verification of one wallet's owner, or of nobody's yet."""

    id: str
    kind: str
    wallet: dict[str, str] | None
    status: str = "pending"
    user: str | None = None
    completed: float | None = None

    def shown(self) -> dict[str, Any]:
        """The answer to a read; what does not apply is absent."""
        wallets = [self.wallet] if self.wallet else []
        is_done = self.status == "completed"
        found: dict[str, Any] = {"sessionId": self.id, "status": self.status}
        if self.user:
            found["userId"] = self.user
        if self.completed is not None:
            found["completedAt"] = time_text(self.completed)
        found["verifiedWallets"] = wallets if is_done else []
        found["unverifiedWallets"] = [] if is_done else wallets
        return found


@dataclass
class Predicate:
    """The service: its sessions by id. `seed` makes its ids; with `is_sparse` it leaves out all that need not be there."""

    seed: int = 1
    is_sparse: bool = False
    sessions: dict[str, Session] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def uuid(self) -> str:
        """A made-up UUID."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def open_for(self, kind: str, address: str | None) -> Session | None:
        """The session that a wallet's new registration meets again."""
        if address is None:
            return None
        fitting = (one for one in reversed(self.sessions.values()) if one.kind == kind and one.wallet)
        open_states = ("pending", "retry", "completed")
        return next((one for one in fitting if one.wallet["address"] == address and one.status in open_states), None)

    def create(self, kind: str, address: str | None) -> Session:
        """Keeps a new session."""
        wallet = None if address is None else {"id": self.uuid(), "address": address, "chain": "ethereum"}
        made = Session(self.uuid(), kind, wallet)
        self.sessions[made.id] = made
        return made

    def find(self, kind: str, session_id: str) -> Session | None:
        """A session of a type."""
        found = self.sessions.get(session_id.lower())
        return found if found and found.kind == kind else None

    def drive(self, state: str) -> str | None:
        """A new session in a state; None for a state that there is not."""
        if state not in STATUSES:
            return None
        made = self.create("individual", f"0x{self.random.getrandbits(160):040x}")
        made.status = state
        if state != "pending":
            made.user = self.uuid()
        if state == "completed":
            made.completed = time.time() - 5
        return made.id


def error(status: int, code: str, message: str, **headers: str) -> Response:
    """A refusal."""
    return answer(problem(code, message), status, **headers)


def problem(code: str, message: str) -> dict[str, Any]:
    """The body of a refusal."""
    return {"error": {"code": code, "message": message}}


def picture(size: int, link: str) -> str:
    """A white square as a PNG in a data URL, with the session's link in place of its code as the comment."""
    rows = zlib.compress((b"\0" + b"\xff" * ((size + 7) // 8)) * size)
    comment = b"Comment\0" + link.encode("latin-1", "replace")
    head = struct.pack(">IIBBBBB", size, size, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"tEXt", comment), (b"IDAT", rows), (b"IEND", b""))
    parts = (struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks)
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(parts)).decode()


def secured(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """The handler behind a check of the API key."""

    async def checked(request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return error(401, "unauthorized", "The API key is missing or unknown.", **{"WWW-Authenticate": "Bearer"})
        return await handler(request)

    return checked


@dataclass
class Api:
    """The service's operations."""

    service: Predicate

    def asked(self, request: Request) -> Session | Response:
        """The session that a path asks for, or the refusal."""
        kind, session_id = request.path_params["type"], request.path_params["id"]
        if kind not in KINDS:
            return error(400, "invalid_type", "The type is individual or business.")
        if not UUID.fullmatch(session_id):
            if self.service.is_sparse:
                return error(404, "not_found", "There is no such session.")
            return error(400, "invalid_session_id", "The session ID is a UUID.")
        return self.service.find(kind, session_id) or error(404, "not_found", "There is no such session.")

    def shown(self, session: Session) -> dict[str, Any]:
        """A session as an answer shows it."""
        found = session.shown()
        return {name: value for name, value in found.items() if value != []} if self.service.is_sparse else found

    async def get_status(self, request: Request) -> Response:
        """GET /api/v1/status/{type}/{sessionId}."""
        found = self.asked(request)
        return answer(self.shown(found)) if isinstance(found, Session) else found

    async def stream_status(self, request: Request) -> Response:
        """GET /api/v1/status/realtime/{type}/{sessionId}."""
        found = self.asked(request)
        if not isinstance(found, Session):
            return found

        async def events() -> AsyncIterator[bytes]:
            last = None
            for _ in range(round(STREAM_SECONDS / STEP_SECONDS)):
                now = json.dumps(self.shown(found))
                if now != last:
                    yield f"data: {now}\n\n".encode()
                    last = now
                if found.status in ("completed", "rejected"):
                    return
                await asyncio.sleep(STEP_SECONDS)

        return StreamingResponse(events(), media_type="text/event-stream", headers={"Cache-Control": "no-cache"})

    async def register(self, request: Request) -> Response:
        """POST /api/v1/register/{type}."""
        kind, size = request.path_params["type"], request.query_params.get("size", "300")
        if kind not in KINDS:
            return error(400, "invalid_type", "The type is individual or business.")
        if not re.fullmatch(r"[0-9]{1,4}", size, re.ASCII) or not 80 <= int(size) <= 2000:
            return error(400, "invalid_size", "The size is between 80 and 2000.")
        body = await body_of(request)
        if not isinstance(body, dict):
            return error(400, "invalid_body", "The body is a JSON object.")
        address, origin = body.get("walletAddress"), body.get("originUrl")
        if "walletAddress" in body and (not isinstance(address, str) or not address):
            return error(400, "invalid_wallet", "The wallet address is a text.")
        if "originUrl" in body and not is_url(origin):
            return error(400, "invalid_origin", "The origin is an https URL.")
        found = self.service.open_for(kind, address)
        made = found or self.service.create(kind, address)
        link = f"https://identity.predicate.io/{kind}/{made.id}"
        return answer({"sessionId": made.id, "redirectUrl": link, "qrCode": picture(int(size), link)}, 200 if found else 201)

    async def verify_wallet(self, request: Request) -> Response:
        """POST /api/v1/verify."""
        body = await body_of(request)
        if not isinstance(body, dict) or not isinstance(body.get("address"), str) or not body["address"]:
            return error(400, "invalid_body", "The body has an address.")
        kind = body.get("type", "individual")
        if kind not in KINDS:
            return error(400, "invalid_type", "The type is individual or business.")
        known = [one for one in self.service.sessions.values() if one.kind == kind and one.wallet]
        found = next((one for one in reversed(known) if one.wallet["address"] == body["address"]), None)
        is_verified = found is not None and found.completed is not None
        reply: dict[str, Any] = {"address": body["address"], "verified": is_verified, "status": found.status if found else None}
        if found and found.user:
            reply["userId"] = found.user
        reply["checkType"] = CHECKS[kind] if is_verified else None
        reply["verifiedAt"] = time_text(found.completed) if found and found.completed is not None else None
        reply["wallets"] = [{"address": body["address"], "chain": "ethereum"}] if is_verified else []
        if self.service.is_sparse:
            reply = {name: value for name, value in reply.items() if value not in (None, [])}
        return answer(reply)


def refuse(status: int) -> dict[str, Any]:
    """The body of an answer that no operation gives."""
    return problem({404: "not_found", 405: "method_not_allowed"}.get(status, "bad_request"), f"Status {status}.")


def app(seed: int = 1, *, is_sparse: bool = False) -> Starlette:
    """A service of its own."""
    api = Api(Predicate(seed, is_sparse))
    routes = [
        Route("/api/v1/status/realtime/{type}/{id}", secured(api.stream_status), methods=["GET"]),
        Route("/api/v1/status/{type}/{id}", secured(api.get_status), methods=["GET"]),
        Route("/api/v1/register/{type}", secured(api.register), methods=["POST"]),
        Route("/api/v1/verify", secured(api.verify_wallet), methods=["POST"]),
    ]
    return application(routes, api.service.drive, refuse)


def is_url(text: Any) -> bool:
    """Whether a text is an absolute https URL."""
    if not isinstance(text, str) or re.search(r"\s", text):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname)
