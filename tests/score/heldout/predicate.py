"""Broken implementations of Predicate, held out from the authors of the rules."""

from __future__ import annotations

import json
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from tests.score.asgi import Answer, Ask, Call
from tests.score.changes import (
    FIELDS,
    IMPLIED,
    LISTS,
    REQUESTS,
    SAID,
    SHAPE,
    TIME,
    Change,
    Mutant,
    alter,
    answers,
    drop,
    sent,
    shifted,
    shows,
    takes,
    trims,
)
from tests.score.memories import moving, remembering

COMPLETED, REJECTED = shows("/status", "completed"), shows("/status", "rejected")
OTHER_CHECK = {"kyc": "kyb", "kyb": "kyc"}
DATA = b"data: "


def _twice(wallets: list[Any]) -> list[Any]:
    return [wallet for wallet in wallets for _ in range(2)]


def _link_before(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    shown = memory.setdefault(body["sessionId"], memory.get("last", body["redirectUrl"]))
    memory["last"], body["redirectUrl"] = body["redirectUrl"], shown


def _pending(event: Any) -> None:
    """As a completed session was before."""
    for name in ("userId", "completedAt"):
        event.pop(name, None)
    event.update(status="pending", verifiedWallets=[], unverifiedWallets=event.get("verifiedWallets", []))


def _not_yet_completed(answer: Answer, _: Call) -> None:
    """The events are sent before the change is written."""
    lines = answer.body.split(b"\n")
    for number, line in enumerate(lines):
        if line.startswith(DATA):
            event = json.loads(line.removeprefix(DATA))
            if event.get("status") == "completed":
                _pending(event)
                lines[number] = DATA + json.dumps(event).encode()
    answer.body = b"\n".join(lines)


def _wallets_before(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    """The list of wallets is not emptied between two sessions."""
    name = "verifiedWallets" if COMPLETED(body) else "unverifiedWallets"
    shown, before = memory.get("last", (body["sessionId"], []))
    memory["last"] = body["sessionId"], list(body[name])
    if shown != body["sessionId"]:
        body[name] = [*body[name], *before]


def _starts_over() -> Change:
    """Registering writes the first state, also where it finds the wallet's session."""
    again: set[str] = set()

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        body = answer.json
        if call.operation == "register" and answer.status == 200 and not call.has_preference:
            again.add(body["sessionId"])
        if call.operation == "getStatus" and answer.status == 200 and COMPLETED(body) and body["sessionId"] in again:
            _pending(body)
            answer.json = body
        return answer

    return change


MUTANTS = (
    Mutant(
        "other_types_are_individual", REQUESTS, "a type that is not business is taken as individual, whatever it is",
        trims("getStatus streamStatus register", "type", lambda text: text if text == "business" else "individual"), SAID,
        "Verification type: `individual` or `business`",
    ),
    Mutant(
        "completed_at_as_in_headers", SHAPE, 'completedAt is written as in HTTP headers, "Tue, 21 Jan 2025 10:30:00 GMT"',
        answers("getStatus", alter("/completedAt", lambda text: format_datetime(datetime.fromisoformat(text), usegmt=True))),
        SAID, "ISO 8601 timestamp (only present when `completed`)",
    ),
    Mutant(
        "persons_and_businesses_mixed_up", FIELDS, "a wallet verified as a person's is answered as kyb, a business's as kyc",
        answers("verifyWallet", alter("/checkType", lambda kind: OTHER_CHECK[kind])), IMPLIED, "Individual (KYC)",
    ),
    Mutant(
        "wallets_doubled_by_a_join", FIELDS, "each verified wallet is listed twice",
        answers("getStatus", alter("/verifiedWallets", _twice)), IMPLIED, "Wallets connected to this session.",
    ),
    Mutant(
        "link_of_the_session_before", TIME, "a registration's redirectUrl is that of the session that was made before it",
        remembering("register", _link_before), IMPLIED, "The hosted page where the user goes through the verification.",
    ),
    Mutant(
        "chain_in_capitals_once_verified", TIME, "a wallet's chain is ethereum while it is unverified and ETHEREUM afterwards",
        answers("getStatus", alter("/verifiedWallets/*/chain", str.upper)), IMPLIED, '"chain": "ethereum"',
    ),
    Mutant(
        "stream_behind_the_status", TIME, "the stream shows a completed session as pending, with its wallets unverified",
        sent("streamStatus", _not_yet_completed), IMPLIED,
        "Current status: `pending`, `submitted`, `completed`, `rejected`, or `retry`",
    ),
    Mutant(
        "user_forgotten_when_rejected", TIME, "a session that had a userId has none once it is rejected",
        answers("getStatus", drop("/userId"), when=REJECTED), SAID, "User ID (present when session has an identity)",
    ),
    Mutant(
        "wallets_of_the_session_before", TIME, "a session lists the wallets of the session that was read before it too",
        remembering("getStatus", _wallets_before), IMPLIED, "Wallets connected to this session.",
    ),
    Mutant(
        "verified_whenever_asked", TIME, "each look at a verified wallet moves its verifiedAt",
        moving("verifyWallet", "/verifiedAt", lambda value, count: shifted(count)(value)), IMPLIED,
        "When the verification succeeded, an ISO 8601 timestamp",
    ),
    Mutant(
        "verified_as_anything", TIME, "a wallet verified as a person's is answered as verified where businesses are asked for",
        takes("verifyWallet", "/type", lambda _: True), IMPLIED,
        "Look only at sessions of this type; at all of them when absent.",
    ),
    Mutant(
        "registering_again_starts_over", LISTS, "registering a wallet again makes its completed session a pending one",
        _starts_over, IMPLIED, "Verification successful, user is verified",
    ),
)  # fmt: skip
