"""Handlers of Predicate identity: sessions of persons and businesses, their event stream, and the wallets they verify."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

from msgspec.structs import replace

from specimen.fixtures.recipes.predicate import answers, connected_wallets, registration, verification
from specimen.mockserver.provider_api import Problem, Reply, Request, Session, Sessions, operation

REUSABLE_STATES = frozenset({"pending", "retry", "completed"})
EVENT_STREAM = "text/event-stream"
KEEP_ALIVE = b": keep-alive\n\n"
_MOST_MESSAGE = 300
_WALLET = "wallet"
# Of a wallet's sessions the newest are looked at.
_MOST_SESSIONS = 1_000
_EVM_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


@operation("getStatus")
async def get_status(request: Request, sessions: Sessions) -> Reply:
    """The session of the path's type and id."""
    session = await sessions.get(request.path["sessionId"])
    if session is None or session.facts["type"] != request.path["type"]:
        return request.example("session_not_found")
    return await sessions.answer(session, "getStatus")


@operation("streamStatus")
async def stream_status(request: Request, sessions: Sessions) -> Reply:
    """The session as a stream of events, one at once and one at each change."""
    session = await sessions.get(request.path["sessionId"], poll=False)
    if session is None or session.facts["type"] != request.path["type"]:
        return request.example("session_not_found")
    return Reply(
        200,
        content_type=EVENT_STREAM,
        stream=_events(session, sessions),
        session=(session.seed, session.scenario),
    )


@operation("register")
async def register(request: Request, sessions: Sessions) -> Reply:
    """A new session, or the one that the wallet already has.

    A preference for a status or a scenario creates a new session: an older one would take another path.

    Source: Predicate docs, Register Session, "Wallet Constraint" and "Origin URL".
    """
    asked: dict[str, Any] = request.body or {}
    facts = {"type": request.path["type"]}
    if wallet := asked.get("walletAddress"):
        facts["wallet_address"] = wallet
    if origin := asked.get("originUrl"):
        facts["redirect_url"] = origin
    if wallet and not _has_preferred_state(sessions):
        async with sessions.lock(f"register {facts['type']} {_known_wallet(wallet)}"):
            session = await _reusable(sessions, wallet, facts["type"])
            status = 200 if session else 201
            session = session or await sessions.create(facts, complete=_with_wallets)
    else:
        session, status = await sessions.create(facts, complete=_with_wallets), 201
    body = registration(session.snapshot, request.query["size"])
    return Reply(status, body, session=(session.seed, session.scenario))


@operation("verifyWallet")
async def verify_wallet(request: Request, sessions: Sessions) -> Reply:
    """Whether a session of the asked type, or of any, verified the wallet."""
    address: str = request.body["address"]
    known = await _sessions_of(sessions, address, request.body.get("type"))
    verified = next((session for session in known if session.state == "completed"), None)
    newest = known[0] if known else None
    snapshots = [None if session is None else session.snapshot for session in (newest, verified)]
    body = verification(address, *snapshots)
    shown = verified or newest
    return Reply(200, body, session=None if shown is None else (shown.seed, shown.scenario))


def render_error(problem: Problem, request: Request) -> Reply | None:
    """The error body of a refused request, from the assumed examples of the document, with the reason in its message."""
    if problem.kind == "unauthenticated":
        return request.example("missing_api_key")
    if problem.kind in ("unknown_credential", "failing_credential"):
        return request.example("invalid_api_key")
    if problem.kind == "invalid_parameter":
        return request.example("invalid_parameter", {"/error/message": problem.detail[:_MOST_MESSAGE]})
    if problem.kind in ("invalid_body", "not_json", "body_required"):
        broken = "; ".join(f"{error.pointer or 'the body'}: {error.message}" for error in problem.errors)
        message = broken if problem.kind == "invalid_body" else problem.detail
        return request.example("invalid_body", {"/error/message": message[:_MOST_MESSAGE]})
    return None


async def _events(session: Session, sessions: Sessions) -> AsyncIterator[bytes]:
    settings = sessions.settings
    is_pinned = _has_preferred_state(sessions)  # for this answer only: the session makes no transition
    loop = asyncio.get_running_loop()
    end = loop.time() + settings.sse_max_seconds
    if session.is_terminal:
        yield _event(session, len(session.events))
        return
    async with sessions.watch(session) as watch:
        yield _event(session, len(session.events))
        while not session.is_terminal and (left := end - loop.time()) > 0:
            quiet_seconds = min(left, settings.keep_alive_seconds)
            if is_pinned:
                await asyncio.sleep(quiet_seconds)
                yield KEEP_ALIVE
                continue
            known = len(session.events)
            session = await sessions.changed(session, watch, quiet_seconds)
            # A fast session may have made several transitions: each state is sent.
            for count in range(known + 1, len(session.events) + 1):
                yield _event(session, count)
            if len(session.events) <= known:
                yield KEEP_ALIVE


def _event(session: Session, count: int) -> bytes:
    """The session as it was after its first `count` events."""
    body = answers["getStatus"](replace(session.snapshot, events=session.events[:count]))
    return b"data: " + Reply(200, body).payload() + b"\n\n"


def _has_preferred_state(sessions: Sessions) -> bool:
    return sessions.preference.status is not None or sessions.preference.scenario is not None


async def _reusable(sessions: Sessions, wallet: str, kind: str) -> Session | None:
    known = await _sessions_of(sessions, wallet, kind)
    return next((session for session in known if session.state in REUSABLE_STATES), None)


async def _sessions_of(sessions: Sessions, wallet: str, kind: str | None) -> list[Session]:
    """The sessions with this wallet, newest first; of one type, or of both when `kind` is None."""
    found = await sessions.owners(_known_wallet(wallet), _WALLET, _MOST_SESSIONS)
    return [session for session in found if kind in (None, session.facts["type"])]


async def _with_wallets(session: Session) -> tuple[dict[str, Any], list[str]]:
    """The keys by which a new session is found from its wallets."""
    addresses = {_known_wallet(wallet["address"]) for wallet in connected_wallets(session.snapshot)}
    return {}, [f"{_WALLET}:{address}" for address in sorted(addresses)]


def _known_wallet(address: str) -> str:
    # The case of an Ethereum address is only its checksum (EIP-55); elsewhere, as on Solana, it counts.
    return address.lower() if _EVM_ADDRESS.fullmatch(address) else address
