"""Broken implementations of Predicate, of the eighth set."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tests.score.asgi import Answer, Ask, Call, Change
from tests.score.changes import (
    FIELDS,
    IMPLIED,
    LISTS,
    REQUESTS,
    SAID,
    SHAPE,
    TIME,
    Make,
    Mutant,
    alter,
    answers,
    put,
    shows,
    unlocked,
)
from tests.score.memories import Remembering, recalling

STATUS, STREAM, REGISTER, VERIFY = "getStatus", "streamStatus", "register", "verifyWallet"
WALLETS = ("verifiedWallets", "unverifiedWallets")
OTHER = {"individual": "business", "business": "individual"}
LINE = "data: "


def told(edit: Remembering, watch: Remembering | None = None) -> Make:
    """A session's state is changed, in an answer and in the events of a stream; `watch` sees the registrations."""

    def make() -> Change:
        memory: dict[Any, Any] = {}

        def line(text: str, call: Call) -> str:
            if not text.startswith(LINE):
                return text
            before = json.loads(text.removeprefix(LINE))
            now = copy.deepcopy(before)
            edit(now, call, memory)
            return text if now == before else LINE + json.dumps(now, separators=(",", ":"))

        async def change(call: Call, ask: Ask) -> Answer:
            answer = await ask(call)
            if answer.status >= 300:
                return answer
            if call.operation == STATUS:
                body = answer.json
                edit(body, call, memory)
                answer.json = body
            elif call.operation == STREAM:
                answer.body = "\n".join(line(text, call) for text in answer.body.decode().split("\n")).encode()
            elif call.operation == REGISTER and watch is not None and answer.status == 200:
                watch(answer.json, call, memory)
            return answer

        return change

    return make


async def _either_type(call: Call, ask: Ask, _: dict[Any, Any]) -> Answer:
    answer = await ask(call)
    if call.operation in (STATUS, STREAM) and answer.status == 404 and not call.has_preference:
        asked = call.parameters["type"]
        return await ask(replace(call, path=call.path.replace(f"/{asked}/", f"/{OTHER.get(asked, asked)}/")))
    return answer


def _milliseconds(body: Any, call: Call, _: dict[Any, Any]) -> None:
    alter("/completedAt", lambda text: int(datetime.fromisoformat(text).timestamp() * 1000))(body, call)


def _null_for_none(body: Any, _: Call, __: dict[Any, Any]) -> None:
    for name in WALLETS:
        body[name] = body[name] or None


def _user_null(body: Any, _: Call, __: dict[Any, Any]) -> None:
    body.setdefault("userId", None)


def _completed_null(body: Any, _: Call, __: dict[Any, Any]) -> None:
    body.setdefault("completedAt", None)


def _end_of_a_rejection(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    if body["status"] == "rejected":
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        body["completedAt"] = memory.setdefault(body["sessionId"], now)


def _unverified_kept(body: Any, _: Call, __: dict[Any, Any]) -> None:
    if body["status"] == "completed":
        body["unverifiedWallets"] = copy.deepcopy(body["verifiedWallets"])


def _retry_as_rejected(body: Any, _: Call, __: dict[Any, Any]) -> None:
    if body["status"] == "retry":
        body["status"] = "rejected"


def _first_wallet(body: Any, _: Call, __: dict[Any, Any]) -> None:
    for name in WALLETS:
        del body[name][1:]


def _reused(body: Any, call: Call, memory: dict[Any, Any]) -> None:
    memory.setdefault(body["sessionId"], []).append(str((call.json or {}).get("walletAddress")).lower())


def _wallets_again(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    for name in WALLETS:
        for number, address in enumerate(memory.get(body["sessionId"], [])):
            found = [wallet for wallet in body[name] if wallet["address"].lower() == address]
            if found:
                body[name].append({**found[0], "id": f"{found[0]['id'][:-4]}{number:04x}"})


MUTANTS = (
    Mutant(
        "status_without_a_key",
        REQUESTS,
        "A session's status is told to everyone",
        unlocked(STATUS, only_missing=True),
        SAID,
        "Authorization: Bearer YOUR_API_KEY",
    ),
    Mutant(
        "status_under_either_type",
        REQUESTS,
        "A session is found by its id, whichever type the path has",
        recalling(_either_type),
        IMPLIED,
        "Verification type: `individual` or `business`",
    ),
    Mutant(
        "completed_at_in_milliseconds",
        SHAPE,
        "completedAt is a number of milliseconds",
        told(_milliseconds),
        SAID,
        "ISO 8601 timestamp (only present when `completed`)",
    ),
    Mutant(
        "no_wallets_is_null",
        SHAPE,
        "A list of wallets that has none is null",
        told(_null_for_none),
        SAID,
        '<ResponseField name="unverifiedWallets" type="array">',
    ),
    Mutant(
        "user_null_without_an_identity",
        FIELDS,
        "userId is null while the session has no identity",
        told(_user_null),
        SAID,
        "User ID (present when session has an identity)",
    ),
    Mutant(
        "completed_at_null_until_then",
        FIELDS,
        "completedAt is null in every other status",
        told(_completed_null),
        SAID,
        "ISO 8601 timestamp (only present when `completed`)",
    ),
    Mutant(
        "completed_at_of_a_rejection",
        FIELDS,
        "A rejection has a completedAt too",
        told(_end_of_a_rejection),
        SAID,
        "ISO 8601 timestamp (only present when `completed`)",
    ),
    Mutant(
        "unverified_wallets_not_emptied",
        FIELDS,
        "The wallets of a completed session are unverified too",
        told(_unverified_kept),
        SAID,
        "Wallets connected to this session. Populated when not `completed`.",
    ),
    Mutant(
        "retry_told_as_rejected",
        TIME,
        "Whatever is not approved is rejected, also what the user can mend, and is completed later",
        told(_retry_as_rejected),
        SAID,
        "Fixable issue (e.g., blurry document), user can retry",
    ),
    Mutant(
        "wallet_verified_while_in_review",
        TIME,
        "A wallet is verified as soon as the documents are submitted",
        answers(VERIFY, put("/verified", True), when=shows("/status", "submitted")),
        SAID,
        "The wallet is **not** verified until status becomes `completed`.",
    ),
    Mutant(
        "first_wallet_alone",
        LISTS,
        "Only one wallet of a session is shown",
        told(_first_wallet),
        SAID,
        "Wallets connected to this session.",
    ),
    Mutant(
        "wallet_connected_again",
        LISTS,
        "A registration that finds its session connects the wallet to it once more",
        told(_wallets_again, _reused),
        IMPLIED,
        "Wallets connected to this session.",
    ),
)
