"""Broken implementations of IDnow, of the seventh set."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote

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
    drop,
    shows,
    unlocked,
)
from tests.score.memories import recalling

READ, BLOCKS = "getSession", "listDatablocks"
STATUS = "/sessionStatus"
OPEN = ("CREATED", "RUNNING")
ENDED_EARLY = ("ABORTED", "EXPIRED", "ERROR")
OTHER = {"live": "staging", "staging": "live"}


def _started(body: Any, _: Call) -> None:
    body["startedAt"] = body["createdAt"]


def _never_updated(body: Any, _: Call) -> None:
    body["updatedAt"] = body["createdAt"]


def _newest_first(body: Any, _: Call) -> None:
    body["dataBlocks"].reverse()


def _emptied(body: Any, _: Call) -> None:
    for block in body["dataBlocks"]:
        if block["status"] == "DELETED":
            block["content"] = {}


async def _by_id_alone(call: Call, ask: Ask, _: dict[Any, Any]) -> Answer:
    answer = await ask(call)
    if call.operation not in (READ, BLOCKS) or answer.status != 404 or call.has_preference:
        return answer
    environment, session_id = call.parameters["environment"], call.parameters["sessionId"]
    if environment not in OTHER:
        return answer
    end = "/datablocks" if call.operation == BLOCKS else ""
    path = f"/api/v1/{OTHER[environment]}/sessions/{quote(session_id, safe='')}{end}"
    found = await ask(replace(call.copy(), path=path))
    return found if found.status == 200 else answer


MUTANTS = (
    Mutant(
        "results_left_out_while_empty",
        SHAPE,
        "results is left out until the session has ended",
        answers(READ, drop("/results"), when=shows(STATUS, *OPEN)),
        SAID,
        "An empty object {} when the session has not yet reached a terminal state (CREATED, RUNNING)",
    ),
    Mutant(
        "aborted_called_cancelled",
        SHAPE,
        "A session that the user stopped is CANCELLED",
        answers(READ, alter(STATUS, lambda status: "CANCELLED" if status == "ABORTED" else status)),
        SAID,
        "One of CREATED, RUNNING, EXPIRED, ERROR, ABORTED, or COMPLETED",
    ),
    Mutant(
        "blocks_without_a_token",
        REQUESTS,
        "Data blocks are listed for who sends no token",
        unlocked(BLOCKS, only_missing=True),
        IMPLIED,
        "Data block access is separated to allow granular access control",
    ),
    Mutant(
        "environment_not_looked_at",
        REQUESTS,
        "A session is looked up by its id alone, in whichever environment",
        recalling(_by_id_alone),
        IMPLIED,
        "GET /api/v1/{environment}/sessions/{sessionId}",
    ),
    Mutant(
        "completed_at_of_completed_alone",
        FIELDS,
        "completedAt is left out of a session that was aborted, expired or broke",
        answers(READ, drop("/completedAt"), when=shows(STATUS, *ENDED_EARLY)),
        IMPLIED,
        "ISO 8601 timestamp when session reached a terminal state (COMPLETED, ERROR, ABORTED, or EXPIRED)",
    ),
    Mutant(
        "started_when_created",
        FIELDS,
        "startedAt is the time of creation before anything has started",
        answers(READ, _started, when=shows(STATUS, "CREATED")),
        SAID,
        "ISO 8601 timestamp when processing started (null if not started)",
    ),
    Mutant(
        "last_step_lost_at_an_early_end",
        FIELDS,
        "lastStep is left out of a session that was aborted, expired or broke",
        answers(READ, drop("/lastStep"), when=shows(STATUS, *ENDED_EARLY)),
        SAID,
        "present whenever at least one step has been executed",
    ),
    Mutant(
        "deleted_content_is_an_empty_object",
        FIELDS,
        "The content of a deleted data block is {}",
        answers(BLOCKS, _emptied),
        SAID,
        "null once deleted",
    ),
    Mutant(
        "updated_at_is_never_moved",
        TIME,
        "updatedAt stays the time of creation",
        answers(READ, _never_updated),
        SAID,
        "ISO 8601 timestamp of last update",
    ),
    Mutant(
        "subject_not_stored",
        TIME,
        "The subjectId of the creation is not shown again",
        answers(READ, drop("/subjectId")),
        SAID,
        "The original subjectId value provided in metadata when creating the session",
    ),
    Mutant(
        "references_by_ids_of_their_own",
        TIME,
        "results refer by ids that the list of data blocks does not have",
        answers(READ, alter("/results/*/id", lambda shown: shown[:-12] + shown[-12:][::-1])),
        SAID,
        "The dataBlockId of the referenced datablock.",
    ),
    Mutant(
        "blocks_newest_first",
        LISTS,
        "Data blocks are listed newest first",
        answers(BLOCKS, _newest_first),
        SAID,
        "The data blocks, oldest first.",
    ),
)
