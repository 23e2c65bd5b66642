"""Broken implementations of IDnow, of the fourth set."""

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
    Change,
    Mutant,
    alter,
    answers,
    asks,
    at,
    drop,
    put,
    sent,
    shifted,
    shows,
)
from tests.score.memories import remembering

MOST = 2048  # characters of a state
HOUR = 3600
UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
CRASH = {"statusCode": 500, "error": "Internal Server Error", "message": "Internal server error"}
ENDED = shows("/sessionStatus", "COMPLETED", "ABORTED", "EXPIRED", "ERROR")


def _counted_in_bytes(call: Call) -> None:
    """The mock refuses what is longer in characters."""
    asked = call.json
    state = at(asked, "/state")
    if isinstance(state, str) and len(state) <= MOST < len(state.encode()):
        asked["state"] = state + "." * MOST
        call.json = asked


def _not_cast(answer: Answer, call: Call) -> None:
    """The database has a column of UUIDs and throws at any other text."""
    if UUID.fullmatch(call.parameters["sessionId"]) is None:
        answer.status, answer.json = 500, CRASH


def _list_where_empty(body: Any, _: Call) -> None:
    """An empty map and an empty list are the same to the server's language."""
    body["results"] = body["results"] or []


def _null_where_empty(body: Any, _: Call) -> None:
    if "lastStep" in body:
        body["lastStep"]["stepDescription"] = body["lastStep"]["stepDescription"] or None


def _first_step(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    if "lastStep" in body:
        body["lastStep"] = memory.setdefault(body["sessionId"], body["lastStep"])


def _first_four(body: Any, _: Call) -> None:
    body["dataBlocks"] = body["dataBlocks"][:4]


def _one_for_a_subject() -> Change:
    """Who is known already gets the session that there is."""
    known: dict[tuple[str, str], bytes] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        subject = at(call.json, "/metadata/subjectId")
        place = call.path, subject
        is_concerned = call.operation == "createSession" and isinstance(subject, str) and not call.has_preference
        answer = Answer(201, [("content-type", "application/json")], known[place]) if is_concerned and place in known else None
        if answer is None:
            answer = await ask(call)
            if is_concerned and answer.status == 201:
                known[place] = answer.body
        return answer

    return change


MUTANTS = (
    Mutant(
        "state_limit_in_bytes", REQUESTS, "a state of 2048 characters is refused where they are more bytes than that",
        asks("createSession", _counted_in_bytes), SAID,
        "An opaque value that is sent along with the redirect, at most 2048 characters.",
    ),
    Mutant(
        "other_ids_crash", REQUESTS, "a sessionId that is no UUID is answered 500 instead of 404",
        sent("getSession listDatablocks", _not_cast, status="404"), IMPLIED,
        "sessionId | string | Yes | The unique identifier of the session",
    ),
    Mutant(
        "empty_results_as_list", SHAPE, "results is an empty list where there are none",
        answers("getSession", _list_where_empty), SAID, "The `results` field is always present in the response as an object.",
    ),
    Mutant(
        "description_null_when_not_set", SHAPE, "stepDescription of a step without one is null",
        answers("getSession", _null_where_empty), SAID,
        "Human-readable description of the step (as configured in the flow). Empty string if not set.",
    ),
    Mutant(
        "references_without_hyphens", FIELDS, "the ids in results are the data blocks' ids in another spelling, without hyphens",
        answers("getSession", alter("/results/*/id", lambda shown: shown.replace("-", ""))), SAID,
        "where `id` matches the `dataBlockId` returned by the `/datablocks` endpoint",
    ),
    Mutant(
        "no_results_when_rejected", FIELDS, "a rejected session has data blocks and empty results",
        answers("getSession", put("/results", {}), when=shows("/outcome", "rejected")), SAID,
        "it contains a record of datablock references — or an empty object {} if no step produced output",
    ),
    Mutant(
        "last_step_written_once", TIME, "lastStep stays the step that the first read showed",
        remembering("getSession", _first_step), SAID, "Information about the last executed step",
    ),
    Mutant(
        "read_times_in_local_zone", TIME, "a read shows the times of Berlin as if they were UTC, a creation does not",
        answers(
            "getSession",
            *(alter(f"/{name}", shifted(HOUR)) for name in ("createdAt", "startedAt", "updatedAt", "completedAt")),
        ), IMPLIED, "ISO 8601 timestamp when session was created",
    ),
    Mutant(
        "newest_flow_version_shown", TIME, "an ended session shows the version that its flow has by now",
        answers("getSession", alter("/flowVersion", lambda shown: shown + 1), when=ENDED), SAID, "Version of the flow executed",
    ),
    Mutant(
        "subject_gone_once_ended", TIME, "subjectId is left out once the session has ended, to keep less personal data",
        answers("getSession", drop("/subjectId"), when=ENDED), SAID,
        "The original subjectId value provided in metadata when creating the session",
    ),
    Mutant(
        "blocks_cut_at_four", LISTS, "of more than four data blocks the first four are listed",
        answers("listDatablocks", _first_four), SAID,
        "Fetch full datablock content via GET /v1/{environment}/sessions/{sessionId}/datablocks",
    ),
    Mutant(
        "one_session_for_a_subject", LISTS, "a second creation for the same subjectId answers the first one's session",
        _one_for_a_subject, SAID, "Makes a session of the named flow in the named environment.",
    ),
)  # fmt: skip
