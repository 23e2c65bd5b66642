"""Broken implementations of Predicate, of the seventh set."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.score.asgi import STEP_MILLISECONDS, Answer, Ask, Call
from tests.score.changes import (
    FIELDS,
    IMPLIED,
    LISTS,
    REQUESTS,
    SAID,
    SHAPE,
    TIME,
    Edit,
    Make,
    Mutant,
    When,
    alter,
    drop,
    header,
    sent,
    shows,
    takes,
    unlocked,
)
from tests.score.memories import recalling, remembering

REGISTER, READ, STREAM, VERIFY = "register", "getStatus", "streamStatus", "verifyWallet"
BOTH = f"{READ} {STREAM}"
DATA = b"data: "
OTHER = {"individual": "business", "business": "individual"}
DEFAULT = {"individual": "completed", "business": "business_completed"}  # what becomes of a session


def shown(operations: str, *edits: Edit, when: When = lambda _: True) -> Make:
    """A session is changed in JSON answers and in each event of a stream."""

    def changed(text: bytes, call: Call) -> bytes:
        body = json.loads(text)
        if not when(body):
            return text
        for edit in edits:
            edit(body, call)
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()

    def function(answer: Answer, call: Call) -> None:
        if call.operation == STREAM:
            lines = answer.body.split(b"\n")
            answer.body = b"\n".join(
                DATA + changed(line.removeprefix(DATA), call) if line.startswith(DATA) else line for line in lines
            )
        else:
            answer.body = changed(answer.body, call)

    return sent(operations, function)


def _is_open(body: Any) -> bool:
    return bool(body["status"] != "completed")


def _null(body: Any, _: Call) -> None:
    body.setdefault("completedAt", None)


def _unverified(body: Any, _: Call) -> None:
    body["unverifiedWallets"], body["verifiedWallets"] = body["verifiedWallets"], []


def _verified(body: Any, _: Call) -> None:
    body["verifiedWallets"], body["unverifiedWallets"] = body["unverifiedWallets"], []


async def _by_id_alone(call: Call, ask: Ask, _: dict[Any, Any]) -> Answer:
    answer = await ask(call)
    if call.operation not in (READ, STREAM) or answer.status != 404 or call.has_preference:
        return answer
    kind = call.parameters["type"]
    found = await ask(replace(call.copy(), path=call.path.replace(f"/{kind}/", f"/{OTHER[kind]}/")))
    return found if found.status == 200 else answer


async def _always_new(call: Call, ask: Ask, known: dict[Any, Any]) -> Answer:
    value = call.json
    wallet = value.get("walletAddress") if isinstance(value, dict) else None
    if call.operation == REGISTER and isinstance(wallet, str) and not call.has_preference:
        kind = call.parameters["type"]
        if (kind, wallet) in known and kind in DEFAULT:
            call.headers["prefer"] = f"scenario={DEFAULT[kind]}"
        known[kind, wallet] = True
    return await ask(call)


async def _completed_now(call: Call, ask: Ask, memory: dict[Any, Any]) -> Answer:
    memory["calls"] = memory.get("calls", 0) + 1  # what the clock moves with
    answer = await ask(call)
    body = answer.json
    if call.operation == READ and answer.status == 200 and "completedAt" in body and not call.has_preference:
        passed = memory["calls"] - memory.setdefault(body["sessionId"], memory["calls"])
        moment = datetime.fromisoformat(body["completedAt"]) + timedelta(milliseconds=passed * STEP_MILLISECONDS)
        body["completedAt"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        answer.json = body
    return answer


def _as_asked_first(body: Any, call: Call, first: dict[Any, Any]) -> None:
    value = call.json
    place = (value["address"], value.get("type"))
    if place in first:
        body.clear()
        body.update(copy.deepcopy(first[place]))
    elif not body["verified"]:
        first[place] = copy.deepcopy(body)


MUTANTS = (
    Mutant(
        "stream_open_to_all",
        REQUESTS,
        "The stream is sent to who sends no API key",
        unlocked(STREAM, only_missing=True),
        IMPLIED,
        "Authorization: Bearer YOUR_API_KEY",
    ),
    Mutant(
        "type_of_the_path_ignored",
        REQUESTS,
        "A session is looked up by its id alone, under whichever type",
        recalling(_by_id_alone),
        IMPLIED,
        "Verification type: `individual` or `business`",
    ),
    Mutant(
        "submitted_called_in_review",
        SHAPE,
        "The status submitted is called in_review",
        shown(f"{BOTH} {VERIFY}", alter("/status", lambda status: "in_review" if status == "submitted" else status)),
        SAID,
        "Current status: `pending`, `submitted`, `completed`, `rejected`, or `retry`",
    ),
    Mutant(
        "stream_in_plain_text",
        SHAPE,
        "The stream of events says that it is plain text",
        header(STREAM, "content-type", "text/plain; charset=utf-8"),
        SAID,
        "A stream of server-sent events.",
    ),
    Mutant(
        "completed_at_null_before",
        FIELDS,
        "completedAt is there and null in a session that is not completed",
        shown(BOTH, _null, when=_is_open),
        SAID,
        "ISO 8601 timestamp (only present when `completed`)",
    ),
    Mutant(
        "wallets_not_moved_when_completed",
        FIELDS,
        "The wallets of a completed session are among the unverified ones",
        shown(BOTH, _unverified, when=shows("/status", "completed")),
        SAID,
        "Wallets connected to this session. Populated when `completed`.",
    ),
    Mutant(
        "wallets_verified_when_submitted",
        FIELDS,
        "The wallets of a session under review are among the verified ones",
        shown(BOTH, _verified, when=shows("/status", "submitted")),
        SAID,
        "The wallet is **not** verified until status becomes `completed`.",
    ),
    Mutant(
        "user_missing_when_completed",
        FIELDS,
        "A completed session has no userId",
        shown(BOTH, drop("/userId"), when=shows("/status", "completed")),
        IMPLIED,
        "User ID (present when session has an identity)",
    ),
    Mutant(
        "completed_anew_at_each_read",
        TIME,
        "completedAt is stamped anew at each read",
        recalling(_completed_now),
        IMPLIED,
        "ISO 8601 timestamp (only present when `completed`)",
    ),
    Mutant(
        "unverified_is_cached",
        TIME,
        "A wallet that was asked for before it was verified stays as it was then",
        remembering(VERIFY, _as_asked_first),
        IMPLIED,
        "Verification successful, user is verified",
    ),
    Mutant(
        "wallet_registered_twice",
        LISTS,
        "A wallet that has a session gets another one",
        recalling(_always_new),
        SAID,
        "already has a session of this type in `pending`, `retry` or `completed`, that session is answered instead,",
    ),
    Mutant(
        "type_asked_for_ignored",
        LISTS,
        "A wallet is looked up in sessions of both types, whichever is asked for",
        takes(VERIFY, "/type", lambda kind: isinstance(kind, str) and kind in OTHER),
        SAID,
        "Look only at sessions of this type; at all of them when absent.",
    ),
)
