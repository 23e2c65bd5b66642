"""Broken implementations of Predicate, of the sixth set."""

from __future__ import annotations

import json
import re
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
    Mutant,
    alter,
    answers,
    asks,
    at,
    sent,
    shifted,
    shows,
)  # fmt: skip
from tests.score.memories import recalling

READ, STREAM, REGISTER, VERIFY = "getStatus", "streamStatus", "register", "verifyWallet"
DATA = re.compile(rb"^data: (\{.*\})$", re.MULTILINE)
FIRST_EVENT = re.compile(rb"\Adata: [^\n]*\n\n")
BEHIND_HOURS = 5
UNKNOWN = {"verified": False, "status": None, "checkType": None, "verifiedAt": None, "wallets": []}


def _wallet(call: Call) -> Any:
    return at(call.json, "/walletAddress")


def _another(shown: str) -> str:
    return str(uuid5(NAMESPACE_OID, shown))


def _for_persons_alone(call: Call) -> None:
    if call.parameters["type"] == "business":
        call.path = call.path.replace("/business/", "/individual/", 1)


def _encoded_twice(answer: Answer, _: Call) -> None:
    answer.body = DATA.sub(lambda found: b"data: " + json.dumps(found[1].decode()).encode(), answer.body)


def _status_alone(answer: Answer, _: Call) -> None:
    def bare(found: re.Match[bytes]) -> bytes:
        session = json.loads(found[1])
        return b"data: " + json.dumps({name: session[name] for name in ("sessionId", "status")}).encode()

    answer.body = DATA.sub(bare, answer.body)


def _after_the_first(answer: Answer, _: Call) -> None:
    answer.body = FIRST_EVENT.sub(b"", answer.body)


async def _body_needed(call: Call, ask: Ask, _: dict[Any, Any]) -> Answer:
    answer = await ask(call)
    if call.operation == REGISTER and answer.status in (200, 201) and not call.body:
        return Answer.of(400, {"error": {"code": "invalid_body", "message": "the body is required"}})
    return answer


def _one_an_address(body: Any, _: Call) -> None:
    body["verifiedWallets"] = list({wallet["address"]: wallet for wallet in body["verifiedWallets"]}.values())


def _page_of_another(body: Any, _: Call) -> None:
    body["redirectUrl"] = body["redirectUrl"].replace(body["sessionId"], _another(body["sessionId"]))


async def _also_under_review(call: Call, ask: Ask, memory: dict[Any, Any]) -> Answer:
    """`memory` has the status in which a session was seen last, and the registration of each wallet."""
    place = (call.parameters.get("type"), _wallet(call)) if call.operation == REGISTER else None
    if place is not None and isinstance(place[1], str) and not call.has_preference:
        known = memory.get(place)
        if known is not None and memory.get(known["sessionId"]) == "submitted":
            return Answer.of(200, known)
    answer = await ask(call)
    if call.operation == READ and answer.status == 200:
        memory[answer.json["sessionId"]] = answer.json["status"]
    elif place is not None and isinstance(place[1], str) and answer.status == 201:
        memory[place] = answer.json
    return answer


async def _by_the_newest(call: Call, ask: Ask, memory: dict[Any, Any]) -> Answer:
    """Of a wallet's sessions the newest is taken; only then its type is looked at."""
    answer = await ask(call)
    if call.operation == REGISTER and answer.status == 201 and isinstance(_wallet(call), str):
        memory[_wallet(call)] = call.parameters["type"]
    elif call.operation == VERIFY and answer.status == 200 and not call.has_preference:
        wanted, address = at(call.json, "/type"), at(call.json, "/address")
        if wanted is not None and memory.get(address, wanted) != wanted:
            return Answer.of(200, {"address": address, **UNKNOWN})
    return answer


MUTANTS = (
    Mutant(
        "registering_needs_a_body", REQUESTS, "a registration without a body is refused, one with {} is not",
        recalling(_body_needed),
        SAID, "What is known of the user beforehand; all of it optional",
    ),
    Mutant(
        "no_stream_for_businesses", REQUESTS, "only a person's session can be followed: a company's is 404 in the stream",
        asks(STREAM, _for_persons_alone),
        SAID, "What is verified, a person (individual, KYC) or a company (business, KYB)",
    ),
    Mutant(
        "stream_of_the_bare_status", SHAPE, "the stream's events hold sessionId and status alone",
        sent(STREAM, _status_alone),
        SAID, "Each data: line carries the session as getStatus answers it",
    ),
    Mutant(
        "event_in_a_text", SHAPE, "an event's data is a JSON text in which the session stands as JSON",
        sent(STREAM, _encoded_twice),
        SAID, "Each data: line carries the session as getStatus answers it",
    ),
    Mutant(
        "wallets_keyed_by_address", FIELDS, "of verified wallets with one address, on several chains, the last alone is listed",
        answers(READ, _one_an_address, when=lambda body: bool(body.get("verifiedWallets"))),
        IMPLIED, "Wallets connected to this session. Populated when completed.",
    ),
    Mutant(
        "verified_at_in_local_time", FIELDS, "verifiedAt is the wall clock of New York with a Z behind it",
        answers(VERIFY, alter("/verifiedAt", shifted(-BEHIND_HOURS * 3600))),
        IMPLIED, "When the verification succeeded, an ISO 8601 timestamp",
    ),
    Mutant(
        "stream_waits_for_a_change", TIME, "the stream begins with the first change, not with the session as it is",
        sent(STREAM, _after_the_first),
        SAID, "one at once, then one at each change",
    ),
    Mutant(
        "wallets_numbered_anew", TIME, "a wallet that is verified gets another id than it had before",
        answers(READ, alter("/verifiedWallets/*/id", _another)),
        IMPLIED, "Wallets connected to this session. Populated when completed.",
    ),
    Mutant(
        "another_user_once_completed", TIME, "a completed session shows another userId than under review and than its wallet",
        answers(READ, alter("/userId", _another), when=shows("/status", "completed")),
        IMPLIED, "User ID (present when session has an identity)",
    ),
    Mutant(
        "submitted_is_used_again", LISTS, "a wallet whose session is under review is answered with that session",
        recalling(_also_under_review),
        SAID, "already has a session of this type in pending, retry or completed, that session is answered instead",
    ),
    Mutant(
        "redirect_of_another_session", LISTS, "who registers a wallet again is sent to a page of another session",
        answers(REGISTER, _page_of_another, status="200"),
        IMPLIED, "that session is answered instead, with status 200",
    ),
    Mutant(
        "type_looked_at_last", LISTS, "a wallet is looked up by its newest session, and unknown where that is of the other type",
        recalling(_by_the_newest),
        SAID, "Look only at sessions of this type; at all of them when absent",
    ),
)  # fmt: skip
