"""Broken implementations of Predicate identity, of the fifth set."""

from __future__ import annotations

import json
import re
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
    asks,
    at,
    sent,
    shifted,
)
from tests.score.memories import remembering

ADDRESS = re.compile("0x[0-9a-f]{40}", re.IGNORECASE)
TYPES = {"kyc": "individual", "kyb": "business"}
BARE = re.compile(r"https://[^/?#]*/?", re.IGNORECASE)
DATA = re.compile(r"^data: (\{.*\})$", re.MULTILINE)


def _with_a_path(call: Call) -> None:
    asked = call.json
    origin = at(asked, "/originUrl")
    if isinstance(origin, str) and BARE.fullmatch(origin) is None:
        asked["originUrl"] = "http://"
        call.json = asked


def _of_another_chain(call: Call) -> None:
    asked = call.json
    address = at(asked, "/address")
    if isinstance(address, str) and ADDRESS.fullmatch(address) is None:
        asked["address"] = None
        call.json = asked


def _type_missing(call: Call) -> None:
    asked = call.json
    if isinstance(asked, dict) and "type" not in asked:
        call.json = {**asked, "type": None}


def _over_several_lines(answer: Answer, _: Call) -> None:
    """The first line alone is marked as data."""

    def indented(found: re.Match[str]) -> str:
        return "data: " + json.dumps(json.loads(found[1]), ensure_ascii=False, indent=2)

    answer.body = DATA.sub(indented, answer.body.decode()).encode()


def _status_of_any_type() -> Change:
    """The two questions are asked apart, and one of them without the type."""

    async def change(call: Call, ask: Ask) -> Answer:
        asked = call.json if call.operation == "verifyWallet" and not call.has_preference else None
        answer = await ask(call.copy())
        if at(asked, "/type") is not None and answer.status == 200:
            call.json = {name: value for name, value in call.json.items() if name != "type"}
            answer.json = {**answer.json, "status": (await ask(call)).json["status"]}
        return answer

    return change


def _completed_again() -> Change:
    """Registering touches the row, and the row's last change is shown."""
    times: dict[str, int] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        if call.has_preference or answer.status != 200:
            return answer
        if call.operation == "register":
            shown = answer.json["sessionId"]
            times[shown] = times.get(shown, 0) + 1
        if call.operation == "getStatus":
            body = answer.json
            if "completedAt" in body and body["sessionId"] in times:
                body["completedAt"] = shifted(times[body["sessionId"]])(body["completedAt"])
                answer.json = body
        return answer

    return change


def _known_by_the_question(body: Any, call: Call, memory: dict[Any, Any]) -> None:
    """Who is looked for is inserted where he is missing."""
    asked = body["address"].lower(), at(call.json, "/type")
    if body.get("status") is None:
        if asked in memory:
            body["status"] = "pending"
        memory[asked] = True


def _status_of_the_first() -> Change:
    """The sessions of a wallet are not sorted, and the first row is taken."""
    first: dict[str, str] = {}
    now: dict[str, str] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        body = answer.json
        if call.operation == "register" and answer.status == 201 and isinstance(at(call.json, "/walletAddress"), str):
            first.setdefault(call.json["walletAddress"].lower(), body["sessionId"])
        if answer.status != 200 or call.has_preference:
            return answer
        if call.operation == "getStatus":
            now[body["sessionId"]] = body["status"]
        if call.operation == "verifyWallet" and "type" not in call.json:
            status = now.get(first.get(body["address"].lower(), ""))
            if status is not None and body["status"] is not None:
                answer.json = {**body, "status": status}
        return answer

    return change


def _kept_by_size(body: Any, call: Call, memory: dict[Any, Any]) -> None:
    body["qrCode"] = memory.setdefault(call.queries.get("size", "300"), body["qrCode"])


MUTANTS = (
    Mutant(
        "origin_must_be_bare", REQUESTS, "an originUrl with a path or a query is refused",
        asks("register", _with_a_path), SAID, "An absolute https URL; the hosted pages show a button back to it.",
    ),
    Mutant(
        "wallets_of_other_chains_refused", REQUESTS, "looking up an address that is none of Ethereum's is refused",
        asks("verifyWallet", _of_another_chain), SAID, "The address of the wallet.",
    ),
    Mutant(
        "type_needed_to_look_up", REQUESTS, "looking a wallet up without a type is refused",
        asks("verifyWallet", _type_missing), SAID, "Look only at sessions of this type; at all of them when absent.",
    ),
    Mutant(
        "event_over_several_lines", SHAPE, "an event's JSON goes over several lines, the first of which alone is data",
        sent("streamStatus", _over_several_lines), SAID, "Each `data:` line carries the session as `getStatus` answers it",
    ),
    Mutant(
        "checked_as_in_paths", SHAPE, "checkType has the types of the paths, individual and business",
        answers("verifyWallet", alter("/checkType", lambda shown: TYPES.get(shown, shown))), SAID,
        "What verified the wallet; null when it is not verified.",
    ),
    Mutant(
        "verified_by_the_day", FIELDS, "verifiedAt is the midnight before the verification",
        answers("verifyWallet", alter("/verifiedAt", lambda shown: f"{shown[:10]}T00:00:00Z")), SAID,
        "When the verification succeeded, an ISO 8601 timestamp; null when the wallet is not verified.",
    ),
    Mutant(
        "one_chain_for_all_wallets", FIELDS, "each wallet of a verified identity is said to be of ethereum",
        answers("verifyWallet", alter("/wallets/*/chain", lambda _: "ethereum")), IMPLIED,
        "The name of the chain, as `ethereum` or `polygon`.",
    ),
    Mutant(
        "status_of_any_type", FIELDS, "asked for one type, a wallet has the status of its newest session of either",
        _status_of_any_type, SAID, "Look only at sessions of this type; at all of them when absent.",
    ),
    Mutant(
        "completed_again_by_registering", TIME, "completedAt moves when the wallet of a completed session is registered again",
        _completed_again, IMPLIED, "With a `walletAddress` that already has a session … that session is answered instead",
    ),
    Mutant(
        "known_by_the_question", TIME, "a wallet that nobody registered is pending once it was asked for",
        remembering("verifyWallet", _known_by_the_question), SAID,
        "The status of the newest session with this wallet; null when there is none.",
    ),
    Mutant(
        "status_of_the_first_session", LISTS, "a wallet of several sessions has the status of the first one",
        _status_of_the_first, SAID, "The status of the newest session with this wallet; null when there is none.",
    ),
    Mutant(
        "codes_kept_by_size", LISTS, "all QR codes of a size are that of the first session that was registered",
        remembering("register", _kept_by_size), SAID, "A QR code of `redirectUrl`, a PNG as data URI.",
    ),
)  # fmt: skip
