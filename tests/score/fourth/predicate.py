"""Broken implementations of Predicate identity, of the fourth set."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_OID, uuid5

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
    asks,
    at,
    put,
    sent,
    shifted,
    shows,
)
from tests.score.memories import remembering

HOUR = 3600
CHAINS = {"ethereum": "1", "polygon": "137", "base": "8453", "arbitrum": "42161", "plume": "98866"}
WALLETS = ("/verifiedWallets", "/unverifiedWallets", "/wallets")
NOBODYS = "0x" + "0" * 40
ADDRESS = re.compile("0x[0-9a-f]{40}", re.IGNORECASE)
COMPLETED_AT = re.compile('(?<="completedAt":")[^"]+')


def _pending(answer: Answer, call: Call) -> None:
    """A session is made when it is first looked for."""
    if not call.has_preference:
        answer.status = 200
        answer.json = {
            "sessionId": call.parameters["sessionId"], "status": "pending", "verifiedWallets": [], "unverifiedWallets": [],
        }  # fmt: skip


def _refused_without_a_body(call: Call) -> None:
    if not call.body:
        call.json = []


def _by_number(chain: str) -> str:
    return CHAINS.get(chain, chain)


def _run_together(answer: Answer, _: Call) -> None:
    answer.body = answer.body.replace(b"\n\n", b"\n")


def _now(_: str) -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _of_another_table(shown: str) -> str:
    return str(uuid5(NAMESPACE_OID, shown))


def _an_hour_on(answer: Answer, _: Call) -> None:
    answer.body = COMPLETED_AT.sub(lambda found: shifted(HOUR)(found[0]), answer.body.decode()).encode()


def _newest_decides() -> Change:
    """A wallet has one row, which is that of the type that it was registered for last."""
    last: dict[str, str] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        if call.operation == "verifyWallet" and not call.has_preference:
            asked = call.json
            address = at(asked, "/address")
            if isinstance(address, str) and "type" not in asked and address.lower() in last:
                call.json = {**asked, "type": last[address.lower()]}
        answer = await ask(call)
        wallet = at(call.json, "/walletAddress")
        if call.operation == "register" and answer.status < 300 and isinstance(wallet, str):
            last[wallet.lower()] = call.parameters["type"]
        return answer

    return change


def _made_anew(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    """A session's wallets are deleted and written again by each read."""
    count = memory[body["sessionId"]] = memory.get(body["sessionId"], -1) + 1
    for wallet in (*body.get("verifiedWallets", ()), *body.get("unverifiedWallets", ())):
        if count:
            wallet["id"] = str(uuid5(NAMESPACE_OID, f"{wallet['id']} {count}"))


def _case_matters() -> Change:
    """Wallets are looked up as they were written."""
    known: dict[str, set[str]] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        address = at(call.json, "/address") if call.operation == "verifyWallet" and not call.has_preference else None
        spelled = known.get(address.lower(), set()) if isinstance(address, str) and ADDRESS.fullmatch(address) else set()
        is_missed = bool(spelled) and address not in spelled
        if is_missed:
            call.json = {**call.json, "address": NOBODYS}
        answer = await ask(call)
        if is_missed and answer.status == 200:
            answer.json = {**answer.json, "address": address}
        wallet = at(call.json, "/walletAddress")
        if call.operation == "register" and answer.status < 300 and isinstance(wallet, str):
            known.setdefault(wallet.lower(), set()).add(wallet)
        return answer

    return change


def _anew_for_a_retry() -> Change:
    """A session that failed, for whatever reason, is not gone on with."""
    last: dict[str, str] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call.copy())
        if call.has_preference:
            return answer
        if call.operation == "getStatus" and answer.status == 200:
            last[answer.json["sessionId"]] = answer.json["status"]
        if call.operation == "register" and answer.status == 200 and last.get(answer.json["sessionId"]) == "retry":
            call.headers["prefer"] = "scenario=completed"  # the mock makes another session for a wish
            answer = await ask(call)
        return answer

    return change


MUTANTS = (
    Mutant(
        "unknown_session_pending", REQUESTS, "a session that nobody registered is pending",
        sent("getStatus", _pending, status="404"), IMPLIED, "The session ID from the registration response (UUID format)",
    ),
    Mutant(
        "registration_needs_a_body", REQUESTS, "a registration without a body is refused",
        asks("register", _refused_without_a_body), SAID, "What is known of the user beforehand; all of it optional.",
    ),
    Mutant(
        "chains_by_number", SHAPE, "chain has the number of the network instead of its name",
        answers("getStatus verifyWallet", *(alter(f"{wallets}/*/chain", _by_number) for wallets in WALLETS)), IMPLIED,
        '{ "id": "wallet-uuid", "address": "0x1234...", "chain": "ethereum" }',
    ),
    Mutant(
        "events_run_together", SHAPE, "no empty line ends an event of the stream",
        sent("streamStatus", _run_together), SAID, "A stream of server-sent events.",
    ),
    Mutant(
        "user_id_of_the_wallet", FIELDS, "userId of a wallet is another one than that of the session that verified it",
        answers("verifyWallet", alter("/userId", _of_another_table)), IMPLIED, "User ID (present when session has an identity)",
    ),
    Mutant(
        "business_checked_as_person", FIELDS, "the wallet of a verified business has checkType kyc",
        answers("verifyWallet", put("/checkType", "kyc"), when=shows("/checkType", "kyb")), SAID,
        "What verified the wallet; null when it is not verified.",
    ),
    Mutant(
        "stream_in_local_time", FIELDS, "completedAt in the stream is an hour later than in the status",
        sent("streamStatus", _an_hour_on), SAID, "Each `data:` line carries the session as `getStatus` answers it",
    ),
    Mutant(
        "last_registration_decides", TIME, "a verified person's wallet is not verified once it is registered for a business",
        _newest_decides, SAID, "Looks a wallet up across all sessions … and answers whether one of them verified it.",
    ),
    Mutant(
        "verified_when_asked", TIME, "verifiedAt of a wallet is the moment of the question",
        answers("verifyWallet", alter("/verifiedAt", _now)), SAID,
        "When the verification succeeded, an ISO 8601 timestamp; null when the wallet is not verified.",
    ),
    Mutant(
        "wallet_ids_made_anew", TIME, "each read of a session gives its wallets other ids",
        remembering("getStatus", _made_anew), IMPLIED, '"id": "wallet-uuid-1", "address": "0x1234..."',
    ),
    Mutant(
        "case_of_a_wallet_counts", TIME, "a verified wallet that is asked for in small letters is not known",
        _case_matters, IMPLIED, "answers whether one of them verified it",
    ),
    Mutant(
        "retry_registers_anew", LISTS, "a wallet whose session is in retry gets another session",
        _anew_for_a_retry, SAID,
        "With a `walletAddress` that already has a session of this type in `pending`, `retry` or `completed`",
    ),
)  # fmt: skip
