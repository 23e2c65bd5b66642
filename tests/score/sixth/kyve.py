"""Broken implementations of Kyve, of the sixth set."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
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
    Mutant,
    alter,
    answers,
    asks,
    at,
    put,
    shows,
    takes_query,
)
from tests.score.memories import recalling, remembering

KEY = "idempotency-key"
CREATE, READ, CANCEL, DETAIL, LIST = "createSession", "getSession", "cancelSession", "getVerification", "listVerifications"
LONGER = 45 * 60  # seconds that a link is good for beyond its fifteen minutes
LINK_END = re.compile(r"((?:^|[?&])exp=)([0-9]+)")
UNDECIDED = ("pending", "skipped")


def _entries(body: Any) -> Iterator[dict[str, Any]]:
    values = body["data"] if isinstance(at(body, "/data"), list) else [body]
    yield from (entry for entry in values if isinstance(entry, dict))


def _place(call: Call) -> tuple[Any, ...]:
    return (call.headers.get("authorization"), call.path, call.headers[KEY])


async def _signed_anew(call: Call, ask: Ask, memory: dict[Any, Any]) -> Answer:
    answer = await ask(call)
    if call.operation == CREATE and KEY in call.headers and answer.status == 201:
        memory[_place(call)] = memory.get(_place(call), -1) + 1
        if memory[_place(call)]:
            body = answer.json
            head, _, signature = body["sdk_token"].rpartition(".")
            body["sdk_token"] = f"{head}.{signature[::-1]}"
            answer.json = body
    return answer


def _small_letters(call: Call) -> None:
    if KEY in call.headers:
        call.headers[KEY] = call.headers[KEY].lower()


async def _filtered_late(call: Call, ask: Ask, _: dict[Any, Any]) -> Answer:
    answer = await ask(call)
    wanted = call.queries.get("status")
    if call.operation != LIST or answer.status != 200 or wanted is None or call.has_preference:
        return answer
    every = call.copy()
    every.queries = {name: value for name, value in call.queries.items() if name != "status"}
    page = (await ask(every)).json
    answer.json = {"data": [entry for entry in page["data"] if entry["status"] == wanted], "has_more": False, "next_cursor": None}
    return answer


def _decided_alone(body: Any, _: Call) -> None:
    body["checks"] = [check for check in body["checks"] if check["status"] not in UNDECIDED]


def _last_one_pending(body: Any, _: Call) -> None:
    body["checks"][-1] |= {"status": "pending", "checked_at": None}


def _without_canceled(body: Any, _: Call) -> None:
    body["data"] = [entry for entry in body["data"] if entry["status"] != "canceled"]


def _ends(seconds: int, text: str) -> str:
    return LINK_END.sub(lambda found: f"{found[1]}{int(found[2]) + seconds}", text)


async def _for_an_hour(call: Call, ask: Ask, _: dict[Any, Any]) -> Answer:
    if call.operation is None and "exp=" in call.query:
        call.query = _ends(-LONGER, call.query)
    answer = await ask(call)
    if call.operation == DETAIL and answer.status == 200:
        body = answer.json
        alter("/media/*/url", lambda url: _ends(LONGER, url))(body, call)
        answer.json = body
    return answer


async def _canceled_late(call: Call, ask: Ask, canceled: dict[Any, Any]) -> Answer:
    answer = await ask(call)
    if call.has_preference:
        return answer
    body = answer.json
    if call.operation == CANCEL and at(body, "/error/code") == "verification_not_cancelable":
        shown = await ask(replace(call.copy(), method="GET", path=call.path.removesuffix("/cancel"), body=b""))
        if at(shown.json, "/status") != "completed":
            return answer
        canceled[shown.json["id"]] = True
        answer, body = shown, shown.json
    if call.operation in (READ, CANCEL, DETAIL, LIST) and answer.status == 200:
        for entry in _entries(body):
            if entry.get("session_id", entry.get("id")) in canceled:
                entry["status"] = "canceled"
        answer.json = body
    return answer


def _back_once(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    """After a read in progress, the next one finds the person at the start again."""
    shown = body["status"]
    if memory.get(body["id"]) == "in_progress" and shown in ("in_progress", "completed", "failed", "requires_review"):
        body["status"] = "requires_input"
        memory[body["id"]] = "back"
    elif memory.get(body["id"]) != "back":
        memory[body["id"]] = shown


MUTANTS = (
    Mutant(
        "queue_by_the_events_name", REQUESTS, "the list takes the event's name review_required for a status, not requires_review",
        takes_query(LIST, "status", lambda text: text == "requires_review", "review_required"),
        SAID, "GET /v1/verifications?status=requires_review&limit=50",
    ),
    Mutant(
        "cancelled_in_the_list", SHAPE, "the list spells canceled with two l",
        answers(LIST, alter("/data/*/status", lambda shown: "cancelled" if shown == "canceled" else shown)),
        SAID, "canceled — user or tenant aborted",
    ),
    Mutant(
        "undecided_checks_left_out", FIELDS, "the detail shows the checks alone that are decided",
        answers(DETAIL, _decided_alone),
        SAID, "The detail endpoint returns every check",
    ),
    Mutant(
        "fields_for_reviewers_alone", FIELDS, "the fields read from the document are shown during a review alone",
        answers(DETAIL, put("/fields", None), when=lambda body: body["status"] != "requires_review"),
        SAID, "The detail endpoint returns every check, the resolved fields extracted from the ID, and media URLs",
    ),
    Mutant(
        "link_outlives_its_word", FIELDS, "media links are signed for an hour while expires_at says fifteen minutes",
        recalling(_for_an_hour),
        SAID, "media URLs (R2 pre-signed, expire in 15 minutes)",
    ),
    Mutant(
        "last_check_still_pending", FIELDS, "a verification is completed before its last check is",
        answers(DETAIL, _last_one_pending, when=shows("/status", "completed")),
        SAID, "completed — all checks passed, verification approved",
    ),
    Mutant(
        "completed_can_be_canceled", TIME, "a completed session is canceled when that is asked for",
        recalling(_canceled_late),
        IMPLIED, "in_progress → (completed | failed | requires_review | canceled | expired)",
    ),
    Mutant(
        "reload_goes_back", TIME, "once, a session in progress is seen to wait for input again",
        remembering(READ, _back_once),
        SAID, "created → requires_input → in_progress → (completed | failed | requires_review | canceled | expired)",
    ),
    Mutant(
        "replay_signs_anew", LISTS, "a key that comes again is answered with another sdk_token",
        recalling(_signed_anew),
        SAID, "Replaying the same key with the same body returns the original response",
    ),
    Mutant(
        "canceled_ones_not_listed", LISTS, "a canceled verification is in no list, not even in that of the canceled ones",
        answers(LIST, _without_canceled),
        IMPLIED, "canceled — user or tenant aborted",
    ),
    Mutant(
        "keys_fold_case", LISTS, "Idempotency-Keys that differ in capitals are one key",
        asks(f"{CREATE} {CANCEL}", _small_letters),
        SAID, "Replaying the same key with the same body returns the original response",
    ),
    Mutant(
        "filtered_after_the_limit", LISTS, "the status is looked for among the newest `limit` alone, and has_more is false",
        recalling(_filtered_late),
        IMPLIED, "GET /v1/verifications?status=requires_review&limit=50",
    ),
)  # fmt: skip
