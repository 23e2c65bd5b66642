"""Broken implementations of Predicate."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.score.asgi import Answer, Ask, Call
from tests.score.changes import (
    FIELDS,
    LISTS,
    REQUESTS,
    SHAPE,
    TIME,
    Change,
    Mutant,
    alter,
    answers,
    asks,
    at,
    body,
    drop,
    header,
    is_no_json,
    is_number_above,
    is_number_below,
    put,
    sent,
    shows,
    status,
    takes,
    takes_body,
    takes_query,
    traced,
    trims,
    unbraced,
    unlocked,
)
from tests.score.memories import after_seen, first_for_all, lost, moving, nth, remembering, unknown_is_known

COMPLETED, OPEN = shows("/status", "completed"), shows("/status", "pending", "submitted", "retry")
WALLET = {"id": "9f1c", "address": "0x1111111111111111111111111111111111111111", "chain": "ethereum"}
TYPES = ("individual", "business")


def _other_type() -> Change:
    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        if call.operation == "getStatus" and answer.status == 404:
            other = call.copy()
            pair = ("/individual/", "/business/") if "/individual/" in call.path else ("/business/", "/individual/")
            other.path = call.path.replace(*pair)
            found = await ask(other)
            return found if found.status == 200 else answer
        return answer

    return change


def _new_wallets_each_time(call: Call) -> None:
    value = call.json
    if isinstance(value, dict) and isinstance(value.get("walletAddress"), str):
        call.json = {name: entry for name, entry in value.items() if name != "walletAddress"}


def _other_wallet() -> Change:
    known: dict[str, str] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        """One wallet has one session, whatever its type."""
        wallet = at(call.json, "/walletAddress")
        answer = await ask(call)
        if call.operation == "register" and answer.status == 201 and isinstance(wallet, str) and not call.has_preference:
            value = answer.json
            value["sessionId"] = known.setdefault(wallet.lower(), value["sessionId"])
            answer.json = value
        return answer

    return change


def _events(edit: Callable[[Any], Any]) -> Any:
    def function(answer: Answer, _: Call) -> None:
        lines = [
            "data: " + edit(json.loads(line[6:])) if line.startswith("data: ") else line
            for line in answer.body.decode().split("\n")
        ]
        answer.body = "\n".join(lines).encode()

    return sent("streamStatus", function)


def _keeps_one_open(value: Any, _: Call) -> None:
    value["unverifiedWallets"] = value.get("verifiedWallets", [])[:1]


def _verified_as_one_type() -> Change:
    """Two rows of a wallet are one too many for the query."""
    types: dict[str, set[str]] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        wallet = at(call.json, "/walletAddress")
        if call.operation == "register" and answer.status < 300 and isinstance(wallet, str):
            types.setdefault(wallet.lower(), set()).add(call.parameters["type"])
        asked = at(call.json, "/address")
        is_double = isinstance(asked, str) and len(types.get(asked.lower(), ())) > 1 and not call.has_preference
        if call.operation == "verifyWallet" and answer.status == 200 and is_double and "type" not in call.json:
            nothing = dict.fromkeys(("status", "checkType", "verifiedAt"))
            answer.json = {"address": asked, "verified": False, **nothing, "wallets": []}
        return answer

    return change


def _moves_other_wallets(value: Any, _: Call, memory: dict[Any, Any]) -> None:
    if value["status"] == "completed":
        for wallet in value["verifiedWallets"]:
            wallet["address"], wallet["id"] = WALLET["address"], WALLET["id"]
    memory[value["sessionId"]] = value["status"]


def _twice(value: Any, _: Call) -> None:
    for name in ("verifiedWallets", "unverifiedWallets"):
        value[name] = value.get(name, []) * 2


MUTANTS = (
    Mutant("no_credentials_read", REQUESTS, "getStatus answers without credentials", unlocked("getStatus", only_missing=True)),
    Mutant("no_credentials_stream", REQUESTS, "streamStatus answers without credentials", unlocked("streamStatus", only_missing=True)),
    Mutant("no_credentials_register", REQUESTS, "register answers without credentials", unlocked("register", only_missing=True)),
    Mutant("any_key_verify", REQUESTS, "verifyWallet takes any key", unlocked("verifyWallet", only_missing=False)),
    Mutant("id_in_braces", REQUESTS, "an id in braces is taken", trims("getStatus", "sessionId", unbraced)),
    Mutant("id_as_urn", REQUESTS, "an id as a URN is taken", trims("getStatus", "sessionId", lambda text: text.removeprefix("urn:uuid:"))),
    Mutant("id_trimmed", REQUESTS, "white space around an id is cut off", trims("getStatus", "sessionId", str.strip)),
    Mutant("stream_id_trimmed", REQUESTS, "streamStatus cuts white space off the id", trims("streamStatus", "sessionId", str.strip)),
    Mutant("unknown_id_found", REQUESTS, "an id that nobody issued finds a session", unknown_is_known("getStatus", "sessionId", "/sessionId")),
    Mutant("any_type_read", REQUESTS, "a type that does not exist is taken for individual", trims("getStatus", "type", lambda text: text if text in TYPES else "individual")),
    Mutant("any_type_register", REQUESTS, "register takes a type that does not exist", trims("register", "type", lambda text: text if text in TYPES else "individual")),
    Mutant("size_below_80", REQUESTS, "a size below 80 is taken", takes_query("register", "size", is_number_below(80), "80")),
    Mutant("size_above_2000", REQUESTS, "a size above 2000 is taken", takes_query("register", "size", is_number_above(2000), "2000")),
    Mutant("size_text", REQUESTS, "a size that is no number is taken", takes_query("register", "size", lambda text: not text.lstrip("-").isdigit())),
    Mutant("origin_http", REQUESTS, "originUrl may be http", takes("register", "/originUrl", lambda value: isinstance(value, str) and value.startswith("http://"))),
    Mutant("wallet_type", REQUESTS, "walletAddress may be no string", takes("register", "/walletAddress", lambda value: not isinstance(value, str))),
    Mutant("address_missing", REQUESTS, "verifyWallet needs no address", takes_body("verifyWallet", lambda call: isinstance(call.json, dict) and "address" not in call.json, {"address": "0x1"})),
    Mutant("verify_type", REQUESTS, "verifyWallet takes a type that does not exist", takes("verifyWallet", "/type", lambda value: value not in TYPES)),
    Mutant("body_no_json", REQUESTS, "a body that is no JSON is taken", takes_body("register", is_no_json, {})),
    Mutant("session_id_missing", SHAPE, "sessionId is missing", answers("getStatus", drop("/sessionId"))),
    Mutant("status_approved", SHAPE, "completed is called approved", answers("getStatus", put("/status", "approved"), drop("/completedAt"), put("/verifiedWallets", []), when=COMPLETED)),
    Mutant("status_capitals", SHAPE, "the status is in capitals while pending", answers("getStatus", put("/status", "PENDING"), when=shows("/status", "pending"))),
    Mutant("user_id_null", SHAPE, "userId is null where there is none", answers("getStatus", lambda value, _: value.setdefault("userId"))),
    Mutant("wallets_null", SHAPE, "verifiedWallets is null while pending", answers("getStatus", put("/verifiedWallets", None), when=OPEN)),
    Mutant("wallets_as_text", SHAPE, "wallets are addresses only", answers("getStatus", alter("/unverifiedWallets/*", lambda wallet: wallet["address"]))),
    Mutant("qr_code_bare", SHAPE, "qrCode is base64 without its media type", answers("register", alter("/qrCode", lambda text: text.partition(",")[2]))),
    Mutant("redirect_url_missing", SHAPE, "register answers no redirectUrl", answers("register", drop("/redirectUrl"))),
    Mutant("registered_with_202", SHAPE, "register answers 202", status("register", 201, 202)),
    Mutant("session_id_number", SHAPE, "register answers an id that is no UUID", answers("register", alter("/sessionId", lambda text: text.replace("-", "")))),
    Mutant("unauthorized_text", SHAPE, "a 401 is plain text", body("getStatus", "401", "Unauthorized", "text/plain")),
    Mutant("not_found_flat", SHAPE, "a 404 has no envelope", body("getStatus", "404", {"message": "session not found"})),
    Mutant("bad_request_traceback", SHAPE, "a 400 shows a traceback", traced("getStatus", "/error/message", "400")),
    Mutant("not_found_503", SHAPE, "an unknown id is answered 503", status("getStatus", 404, 503)),
    Mutant("stream_as_json", SHAPE, "the stream says it is JSON", header("streamStatus", "content-type", "application/json")),
    Mutant("event_no_json", SHAPE, "an event's data is no JSON", _events(str)),
    Mutant("event_without_status", SHAPE, "an event shows no status", _events(lambda value: json.dumps({"sessionId": value["sessionId"]}))),
    Mutant("verified_text", SHAPE, "verified is a string", answers("verifyWallet", alter("/verified", lambda value: str(value).lower()))),
    Mutant("address_not_echoed", SHAPE, "verifyWallet answers no address", answers("verifyWallet", drop("/address"))),
    Mutant("completed_at_early", FIELDS, "completedAt is set while pending", answers("getStatus", put("/completedAt", "2026-03-19T10:31:30Z"), when=OPEN)),
    Mutant("completed_at_on_reject", FIELDS, "completedAt is set although the user was rejected", answers("getStatus", put("/completedAt", "2026-03-19T10:31:30Z"), when=shows("/status", "rejected"))),
    Mutant("completed_at_missing", FIELDS, "a completed session has no completedAt", answers("getStatus", drop("/completedAt"))),
    Mutant("completed_at_form", FIELDS, "completedAt is day, month, year", answers("getStatus", alter("/completedAt", lambda text: f"{text[8:10]}.{text[5:7]}.{text[:4]}"))),
    Mutant("verified_while_pending", FIELDS, "a wallet is verified while pending", answers("getStatus", put("/verifiedWallets", [WALLET]), when=OPEN)),
    Mutant("verified_on_reject", FIELDS, "a wallet is verified although the user was rejected", answers("getStatus", put("/verifiedWallets", [WALLET]), when=shows("/status", "rejected"))),
    Mutant("user_id_missing", FIELDS, "a completed session has no userId", answers("getStatus", drop("/userId"), when=COMPLETED)),
    Mutant("unverified_when_completed", FIELDS, "a completed session has unverified wallets", answers("getStatus", put("/unverifiedWallets", [WALLET]), when=COMPLETED)),
    Mutant("wallet_in_both_lists", FIELDS, "a verified wallet is also unverified", answers("getStatus", _keeps_one_open, when=COMPLETED)),
    Mutant("check_type_unverified", FIELDS, "a wallet that is not verified has a check type", answers("verifyWallet", put("/checkType", "kyc"), when=shows("/verified", False))),
    Mutant("wallets_unverified", FIELDS, "a wallet that is not verified has wallets", answers("verifyWallet", put("/wallets", [{"address": "0x1", "chain": "ethereum"}]), when=shows("/verified", False))),
    Mutant("event_completed_at", FIELDS, "an event of a completed session has no completedAt, a pending one has", _events(lambda value: json.dumps({**value, "completedAt": "2026-03-19T10:31:30Z", "status": "pending", "verifiedWallets": []}))),
    Mutant("terminal_left", TIME, "a completed session is pending again from the second look on", nth("getStatus", "/sessionId", 2, put("/status", "pending"), drop("/completedAt"), put("/verifiedWallets", []), when=COMPLETED)),
    Mutant("rejected_may_retry", TIME, "a rejected session is to retry from the second look on", nth("getStatus", "/sessionId", 2, put("/status", "retry"), when=shows("/status", "rejected"))),
    Mutant("id_of_another", TIME, "the answer shows another id than asked for", answers("getStatus", alter("/sessionId", lambda text: text[:-1] + ("0" if text[-1] != "0" else "1")))),
    Mutant("first_session_for_all", TIME, "every read answers with the first session that was read", first_for_all("getStatus")),
    Mutant("found_under_any_type", TIME, "a session is found under the other type too", _other_type),
    Mutant("other_wallets_verified", TIME, "other wallets are verified than were connected", remembering("getStatus", _moves_other_wallets)),
    Mutant("wallets_vanish", TIME, "the wallets are gone when the session is completed", after_seen("getStatus", "/sessionId", OPEN, put("/verifiedWallets", []), when=COMPLETED)),
    Mutant("completed_at_moves", TIME, "completedAt moves with every read", moving("getStatus", "/completedAt", lambda text, count: f"2026-03-19T10:31:{count % 60:02}Z")),
    Mutant("created_not_found", TIME, "a new session is not found", lost("register", "/sessionId", "getStatus", "sessionId")),
    Mutant("stream_of_another", TIME, "the stream shows another session", _events(lambda value: json.dumps({**value, "sessionId": "6a1ff1c2-5d66-4f2e-a6a3-5a9f2f4d0f11"}))),
    Mutant("wallet_not_reused", LISTS, "register makes a new session for a wallet that has one", asks("register", _new_wallets_each_time)),
    Mutant("reused_with_201", LISTS, "a session that is used again is answered 201", status("register", 200, 201)),
    Mutant("reused_across_types", LISTS, "one wallet has one session, whatever its type", _other_wallet),
    Mutant("wallets_twice", LISTS, "each wallet is listed twice", answers("getStatus", _twice)),
    Mutant("verify_shows_other_wallets", LISTS, "verifyWallet lists other wallets than the one asked for", answers("verifyWallet", put("/wallets", [{"address": WALLET["address"], "chain": "ethereum"}]), when=shows("/verified", True))),
    Mutant("verified_as_one_type", TIME, "a wallet with sessions of both types is not verified", _verified_as_one_type),
)
