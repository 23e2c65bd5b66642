"""Broken implementations of Predicate, written from the vendor's page without knowledge of the rules."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from tests.score.asgi import Answer, Ask, Call
from tests.score.changes import (
    ASSUMED,
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
    asks,
    put,
    shifted,
    shows,
    trims,
)
from tests.score.memories import moving

COMPLETED, SUBMITTED = shows("/status", "completed"), shows("/status", "submitted")


def _key_in_any_case(call: Call) -> None:
    for entry in call.provider.lifecycle.credentials.values():
        if entry.fails is None and call.headers.get("authorization", "").lower() == entry.headers["Authorization"].lower():
            call.headers["authorization"] = entry.headers["Authorization"]


def _one_left(body: Any, _: Call) -> None:
    if len(body["verifiedWallets"]) > 1:
        body["unverifiedWallets"] = [body["verifiedWallets"].pop()]


def _new_id(value: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, value))


def _verified(body: Any, _: Call) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    wallets = [{"address": body["address"], "chain": "ethereum"}]
    body.update(verified=True, checkType="kyc", verifiedAt=now, wallets=wallets)


def _not_yet_readable() -> Change:
    """The first read after the registration comes to a copy that does not know the session yet."""
    fresh: set[str] = set()

    async def change(call: Call, ask: Ask) -> Answer:
        shown = call.parameters.get("sessionId", "")
        if call.operation == "getStatus" and shown in fresh:
            fresh.remove(shown)
            call = call.to(shown, shown[:-8] + "".join(reversed(shown[-8:])))
        answer = await ask(call)
        if call.operation == "register" and answer.status == 201:
            fresh.add(answer.json["sessionId"])
        return answer

    return change


def _rejected_reused() -> Change:
    """A wallet keeps its session, rejected or not."""
    last: dict[tuple[str, str], Any] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        wallet = call.json.get("walletAddress") if isinstance(call.json, dict) else None
        if call.operation != "register" or not isinstance(wallet, str) or answer.status != 201:
            return answer
        kind = call.parameters["type"]
        known = last.get((kind, wallet))
        if known is not None:
            read = Call(call.provider, "GET", f"/api/v1/status/{kind}/{known['sessionId']}", "", dict(call.headers), b"")
            for name in ("content-type", "prefer"):
                read.headers.pop(name, None)
            if (await ask(read)).json.get("status") == "rejected":
                return Answer.of(200, known)
        last[kind, wallet] = answer.json
        return answer

    return change


MUTANTS = (
    Mutant(
        "type_in_any_case", REQUESTS, "Individual and BUSINESS are taken as types",
        trims("getStatus streamStatus register", "type", str.lower), SAID, "Verification type: `individual` or `business`",
    ),
    Mutant(
        "key_in_any_case", REQUESTS, "an API key is accepted in other capitals",
        asks("getStatus streamStatus register verifyWallet", _key_in_any_case), IMPLIED, "Authorization: Bearer YOUR_API_KEY",
    ),
    Mutant(
        "completed_at_null_until_completed", SHAPE, "completedAt is there, as null, before the session is completed",
        answers("getStatus", put("/completedAt", None), when=lambda body: not COMPLETED(body)), SAID,
        "ISO 8601 timestamp (only present when `completed`)",
    ),
    Mutant(
        "one_wallet_left_behind", FIELDS, "of several wallets the last one stays unverified in a completed session",
        answers("getStatus", _one_left, when=COMPLETED), SAID,
        "Wallets connected to this session. Populated when not `completed`.",
    ),
    Mutant(
        "user_id_made_anew", TIME, "each read of a session shows another userId",
        moving("getStatus", "/userId", lambda value, count: value if count == 0 else _new_id(f"{value}{count}")), IMPLIED,
        "User ID (present when session has an identity)",
    ),
    Mutant(
        "no_wallets_under_review", TIME, "a submitted session lists no wallets, though it listed them when pending",
        answers("getStatus", put("/unverifiedWallets", []), when=SUBMITTED), SAID, "Populated when not `completed`.",
    ),
    Mutant(
        "wallets_renumbered_when_verified", TIME, "a wallet has another id once it is verified",
        answers("getStatus", alter("/verifiedWallets/*/id", _new_id), when=COMPLETED), IMPLIED,
        "Wallets connected to this session.",
    ),
    Mutant(
        "verified_under_review", TIME, "the wallet of a session under review is answered as verified",
        answers("verifyWallet", _verified, when=SUBMITTED), SAID,
        "The wallet is **not** verified until status becomes `completed`.",
    ),
    Mutant(
        "first_read_finds_nothing", TIME, "the first read after a registration is answered 404",
        _not_yet_readable, IMPLIED, "The session ID from the registration response",
    ),
    Mutant(
        "completed_before_it_was", TIME, "completedAt is a local time marked as UTC, five hours before the session was completed",
        answers("getStatus", alter("/completedAt", shifted(-18_000))), IMPLIED,
        "ISO 8601 timestamp (only present when `completed`)",
    ),
    Mutant(
        "first_wallet_alone_verified", LISTS, "of several wallets a completed session lists the first one alone",
        answers("getStatus", alter("/verifiedWallets", lambda wallets: wallets[:1]), when=COMPLETED), SAID,
        "Wallets connected to this session. Populated when `completed`.",
    ),
    Mutant(
        "rejected_session_reused", LISTS, "a wallet whose session was rejected gets that session again",
        _rejected_reused, ASSUMED, "already has a session of this type in `pending`, `retry` or `completed`",
    ),
)  # fmt: skip
