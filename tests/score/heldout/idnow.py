"""Broken implementations of IDnow, held out from the authors of the rules."""

from __future__ import annotations

import re
import uuid
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
    at,
    put,
    shows,
    trims,
)
from tests.score.memories import remembering

SESSION = "/sessionContext/sessionId"
OTHER = {"live": "staging", "staging": "live"}
START = {"stepId": "step_start_001", "stepType": "START", "stepDescription": "Session initialization", "verdict": "success"}
ENDED = shows("/sessionStatus", "COMPLETED", "ABORTED", "EXPIRED", "ERROR")


def _dashed(text: str) -> str:
    """An id as it is kept, whatever form of a UUID it came in."""
    return str(uuid.UUID(text)) if re.fullmatch("[0-9a-fA-F]{32}", text) else text


def _sql(text: str) -> str:
    return text.replace("T", " ").removesuffix("Z")


def _snake_case(text: str) -> str:
    return re.sub("(?<=[a-z])[A-Z]", lambda found: "_" + found[0].lower(), text)


def _found_by_id_alone() -> Change:
    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        if call.operation in ("getSession", "listDatablocks") and answer.status == 404 and not call.has_preference:
            environment = call.parameters["environment"]
            if environment in OTHER:
                found = await ask(call.to(environment, OTHER[environment]))
                return found if found.status == 200 else answer
        return answer

    return change


def _status_cached(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    """The status comes from a cache that the end of a session does not empty, the rest from the database."""
    shown, status = body["sessionId"], body["sessionStatus"]
    if ENDED(body) and shown in memory:
        body["sessionStatus"] = memory.pop(shown)
    elif not ENDED(body):
        memory[shown] = status


def _subject_of_the_last() -> Change:
    """The subject is kept in a variable of the process."""
    last: list[str] = []

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        if call.operation == "createSession" and answer.status == 201:
            subject = at(call.json, "/metadata/subjectId")
            last[:] = [subject] if isinstance(subject, str) else last
        body = answer.json
        if call.operation == "getSession" and answer.status == 200 and last and "subjectId" in body:
            body["subjectId"] = last[0]
            answer.json = body
        return answer

    return change


def _state_in_the_url(body: Any, _: Call) -> None:
    url = body.get("redirectUrl")
    if url is not None:
        body["redirectUrl"] = f"{url}{'&' if '?' in url else '?'}state={body.get('state', '')}"


def _listed_again(body: Any, call: Call, memory: dict[Any, Any]) -> None:
    """Each read adds to the list that the reads before it have filled."""
    count = memory[call.path] = memory.get(call.path, 0) + 1
    body["dataBlocks"] = body["dataBlocks"] * count


def _one_without_subject() -> Change:
    """A session is looked up by its subject first, and null is a subject like others."""
    first: dict[tuple[str, str], bytes] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        has_no_subject = at(call.json, "/metadata/subjectId") is None
        if call.operation == "createSession" and answer.status == 201 and has_no_subject and not call.has_preference:
            answer.body = first.setdefault((call.headers.get("authorization", ""), call.path), answer.body)
        return answer

    return change


MUTANTS = (
    Mutant(
        "id_without_dashes", REQUESTS, "a session is found by its id without the dashes, as any form of a UUID is taken",
        trims("getSession listDatablocks", "sessionId", _dashed), IMPLIED, "The unique identifier of the session",
    ),
    Mutant(
        "no_results_as_list", SHAPE, "results is an empty list instead of an empty object",
        answers("getSession", put("/results", []), when=shows("/results", {})), SAID,
        "An empty object {} when the session has not yet reached a terminal state",
    ),
    Mutant(
        "expiry_as_the_database_writes_it", SHAPE, "expiresAt has a blank between day and time and no zone",
        answers("getSession", alter("/expiresAt", _sql)), SAID, "ISO 8601 timestamp when session expires",
    ),
    Mutant(
        "last_step_is_the_first", FIELDS, "lastStep of an ended session is its first step, though later ones made data blocks",
        answers("getSession", put("/lastStep", START), when=lambda body: ENDED(body) and body["results"] != {}), SAID,
        "Information about the last executed step",
    ),
    Mutant(
        "block_types_in_snake_case", FIELDS, "data blocks are listed under a type in snake_case, referenced in camelCase",
        answers("listDatablocks", alter("/dataBlocks/*/type", _snake_case)), SAID,
        "The key is the datablock type (e.g., documentVerification).",
    ),
    Mutant(
        "results_of_completed_sessions_alone", FIELDS, "a session that ended otherwise has no results, though it lists blocks",
        answers("getSession", put("/results", {}), when=shows("/sessionStatus", "ABORTED", "EXPIRED", "ERROR")), SAID,
        "Once terminal (COMPLETED, ERROR, ABORTED, or EXPIRED), it contains a record of datablock references",
    ),
    Mutant(
        "status_cached_apart", TIME, "the first read after the end shows the status before it, beside the results of the end",
        remembering("getSession", _status_cached), SAID, "Retrieve … its current status, outcome, and session results.",
    ),
    Mutant(
        "found_in_the_other_environment", TIME, "a session of one environment is found in the other one too",
        _found_by_id_alone, IMPLIED, "environment | String | Yes | Environment name",
    ),
    Mutant(
        "subject_of_the_last_created", TIME, "every session shows the subjectId of the one that was created last",
        _subject_of_the_last, SAID, "The original subjectId value provided in metadata when creating the session",
    ),
    Mutant(
        "state_appended_to_the_url", TIME, "redirectUrl comes back with the state appended to it",
        answers("getSession", _state_in_the_url), IMPLIED, "Redirect URL for session completion",
    ),
    Mutant(
        "blocks_listed_again", LISTS, "the second read of the data blocks lists each twice, the third three times",
        remembering("listDatablocks", _listed_again), IMPLIED, "The dataBlockId of the referenced datablock",
    ),
    Mutant(
        "one_session_for_nobody", LISTS, "creating without a subjectId answers the first session that was created without one",
        _one_without_subject, IMPLIED, "The unique identifier of the session",
    ),
)  # fmt: skip
