"""Broken implementations of Neuro-Vision, of the ninth set."""

from __future__ import annotations

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
    Mutant,
    alter,
    answers,
    put,
    shows,
    takes,
)
from tests.score.memories import recalling, remembering

STATUS = "getSessionStatus"
NOT_FOUND = "session not found"
LIFETIME = 1800
# An id that is a UUID of another version than 1, and an unknown id of version 1.
OTHER_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[2-7][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)
UNKNOWN = "00000000-0000-1000-8000-000000000000"
FACES = {"status": "success", "type": "faces", "spent": 0, "errors": [], "checks": []}


def _is_other_uuid(value: Any) -> bool:
    return isinstance(value, str) and OTHER_UUID.fullmatch(value) is not None


async def _key_then_id(call: Call, ask: Ask, memory: dict[Any, Any]) -> Answer:
    answer = await ask(call)
    wanted = call.json
    if call.operation != STATUS or answer.status != 200 or not isinstance(wanted, dict):
        return answer
    if answer.json.get("message") == NOT_FOUND and {"sessionId", "clientKey"} <= set(wanted):
        other = call.copy()
        other.json = {name: value for name, value in wanted.items() if name != "clientKey"}
        return await ask(other)
    return answer


async def _key_by_its_beginning(call: Call, ask: Ask, memory: dict[Any, Any]) -> Answer:
    answer = await ask(call)
    wanted = call.json
    if call.operation != STATUS or answer.status != 200 or not isinstance(wanted, dict):
        return answer
    found = answer.json
    if found.get("clientKey"):
        memory[found["clientKey"]] = True
    elif found.get("message") == NOT_FOUND and wanted.get("clientKey"):
        longer = next((key for key in memory if key.startswith(wanted["clientKey"])), None)
        if longer is not None:
            other = call.copy()
            other.json = {**wanted, "clientKey": longer}
            return await ask(other)
    return answer


def _fractions(body: Any, _: Call) -> None:
    for task in body.get("results", []):
        if task["type"] == "faces":
            for item in (item for check in task["checks"] for item in check["items"]):
                if isinstance(item.get("value"), str):
                    item["value"] = int(item["value"].rstrip("%")) / 100


def _without_history(body: Any, _: Call) -> None:
    for task in body.get("results", []):
        if "history" in task:
            task["history"] = []


def _faces_of_one(body: Any, _: Call) -> None:
    tasks = body.get("results", [])
    if {task["type"] for task in tasks} == {"document"}:
        tasks.append(dict(FACES))


def _status_of_the_last(body: Any, _: Call) -> None:
    if body["results"] and body["results"][-1]["status"] == "success":
        body["status"] = "success"


def _same_response_time(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    if "sessionId" in body:
        body["responseTime"] = memory.setdefault((body["sessionId"], body["status"]), body["responseTime"])


def _known_since_the_read(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    if "sessionId" in body and memory.setdefault(body["sessionId"], 0):
        body["isClientNew"] = False
    if "sessionId" in body:
        memory[body["sessionId"]] += 1


MUTANTS = (
    Mutant(
        "id_where_the_key_finds_none",
        REQUESTS,
        "Where a clientKey finds no session, the sessionId beside it is searched for",
        recalling(_key_then_id),
        SAID,
        "the search will be performed by clientKey, sessionId will be ignored.",
    ),
    Mutant(
        "key_empty_as_if_not_passed",
        REQUESTS,
        "An empty clientKey is answered as if none had been sent",
        takes(STATUS, "/clientKey", lambda key: key == ""),
        SAID,
        "a non-empty string with a maximum length of 36 characters",
    ),
    Mutant(
        "id_not_held_to_version_one",
        REQUESTS,
        "A sessionId that is a UUID of another version is searched for and not found",
        takes(STATUS, "/sessionId", _is_other_uuid, UNKNOWN),
        SAID,
        "must be a valid timeuuid (UUID v1)",
    ),
    Mutant(
        "match_as_a_fraction",
        SHAPE,
        "A match of faces is a number between 0 and 1",
        answers(STATUS, _fractions),
        SAID,
        "Percentage of face match",
    ),
    Mutant(
        "session_spent_in_thousandths",
        FIELDS,
        "spent of a session is in milliseconds, those of its tasks in seconds",
        answers(STATUS, alter("/spent", lambda seconds: round(seconds * 1000))),
        SAID,
        "Total processing time in seconds",
    ),
    Mutant(
        "retries_without_history",
        FIELDS,
        "history is empty, whatever was tried before",
        answers(STATUS, _without_history),
        SAID,
        "History of previous attempts (if tries > 1)",
    ),
    Mutant(
        "faces_of_a_document_alone",
        FIELDS,
        "A session without a selfie has a comparison of faces",
        answers(STATUS, _faces_of_one),
        SAID,
        "Appears when both a document and a selfie are present in the session.",
    ),
    Mutant(
        "last_task_decides_for_all",
        FIELDS,
        "A session has succeeded once its last task has, though one before it failed",
        answers(STATUS, _status_of_the_last, when=shows("/status", "failed")),
        SAID,
        "All tasks completed successfully",
    ),
    Mutant(
        "whole_lifetime_at_every_read",
        TIME,
        "secondsToLive of an open session is its whole lifetime",
        answers(STATUS, put("/secondsToLive", LIFETIME), when=shows("/status", "idle", "processing")),
        SAID,
        "Remaining session lifetime in seconds (0 = expired)",
    ),
    Mutant(
        "response_time_from_a_cache",
        TIME,
        "responseTime stays that of the first answer as long as the status stays",
        remembering(STATUS, _same_response_time),
        SAID,
        "Response generation time",
    ),
    Mutant(
        "visit_counted_by_reads",
        TIME,
        "From the second read of a session on its client is no new one",
        remembering(STATUS, _known_since_the_read),
        IMPLIED,
        "first client visit, false — repeat visit",
    ),
    Mutant(
        "key_matched_as_a_prefix",
        LISTS,
        "A clientKey finds the session of a longer key that begins with it",
        recalling(_key_by_its_beginning),
        IMPLIED,
        "Get the status and results of a KYC session by sessionId or clientKey.",
    ),
)
