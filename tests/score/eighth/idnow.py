"""Broken implementations of IDnow, of the eighth set."""

from __future__ import annotations

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
    Mutant,
    alter,
    answers,
    at,
    drop,
    put,
    shifted,
    shows,
    unlocked,
)
from tests.score.memories import recalling

CREATE, READ, BLOCKS = "createSession", "getSession", "listDatablocks"
OPEN = ("CREATED", "RUNNING")
MOST_BLOCKS = 3


def _description_null(body: Any, _: Call) -> None:
    step = body.get("lastStep")
    if step and step.get("stepDescription") == "":
        step["stepDescription"] = None


def _completed_at_as_updated(body: Any, _: Call) -> None:
    body.setdefault("completedAt", body["updatedAt"])


def _without_the_last_result(body: Any, _: Call) -> None:
    if body["results"]:
        body["results"].popitem()


def _first_blocks(body: Any, _: Call) -> None:
    del body["dataBlocks"][MOST_BLOCKS:]


async def _expiry_from_now(call: Call, ask: Ask, memory: dict[Any, Any]) -> Answer:
    """Knows how long a session is there by the requests since its creation, or since it was read first."""
    answer = await ask(call)
    count = memory["requests"] = memory.get("requests", 0) + 1
    shown = answer.json
    if call.operation == CREATE and answer.status == 201:
        memory[at(shown, "/sessionContext/sessionId")] = count
    elif call.operation == READ and answer.status == 200:
        since = count - memory.setdefault(shown["sessionId"], count - 1)
        alter("/expiresAt", shifted(since * STEP_MILLISECONDS / 1000))(shown, call)
        answer.json = shown
    return answer


MUTANTS = (
    Mutant(
        "session_open_to_everyone",
        REQUESTS,
        "A session is read without a token: the check stands before the creation alone",
        unlocked(READ, only_missing=True),
        SAID,
        "Bearer token for authentication",
    ),
    Mutant(
        "flow_version_is_a_text",
        SHAPE,
        "The flow's version is a text",
        answers(READ, alter("/flowVersion", str)),
        SAID,
        '"flowVersion": 1,',
    ),
    Mutant(
        "no_description_is_null",
        SHAPE,
        "The description of a step that has none is null",
        answers(READ, _description_null),
        SAID,
        "Empty string if not set.",
    ),
    Mutant(
        "outcome_by_its_enum_name",
        SHAPE,
        "The outcome is written in capitals, as the constant is called",
        answers(READ, alter("/outcome", str.upper)),
        SAID,
        "Final session outcome (e.g., accepted, rejected, NO_OUTCOME)",
    ),
    Mutant(
        "outcome_null_before_the_end",
        FIELDS,
        "The outcome of a session that is not at its end is null",
        answers(READ, put("/outcome", None), when=shows("/sessionStatus", *OPEN)),
        SAID,
        '"outcome": "NO_OUTCOME",',
    ),
    Mutant(
        "started_at_left_out_before_the_start",
        FIELDS,
        "startedAt is left out while it is null",
        answers(READ, drop("/startedAt"), when=shows("/startedAt", None)),
        SAID,
        "ISO 8601 timestamp when processing started (null if not started)",
    ),
    Mutant(
        "completed_at_from_the_start",
        FIELDS,
        "completedAt is there in every status, as the time of the last update",
        answers(READ, _completed_at_as_updated),
        SAID,
        "ISO 8601 timestamp when session reached a terminal state (COMPLETED, ERROR, ABORTED, or EXPIRED) (optional)",
    ),
    Mutant(
        "results_null_before_the_end",
        FIELDS,
        "The results are null until the session is at its end",
        answers(READ, put("/results", None), when=shows("/sessionStatus", *OPEN)),
        SAID,
        "An empty object {} when the session has not yet reached a terminal state (CREATED, RUNNING)",
    ),
    Mutant(
        "expiry_counted_from_each_read",
        TIME,
        "expiresAt is the moment of the read and the lifetime",
        recalling(_expiry_from_now),
        IMPLIED,
        "ISO 8601 timestamp when session expires (optional)",
    ),
    Mutant(
        "subject_in_lower_case",
        TIME,
        "The subject's id is stored in lower case",
        answers(READ, alter("/subjectId", str.lower)),
        SAID,
        "The original subjectId value provided in metadata when creating the session",
    ),
    Mutant(
        "last_result_not_referenced",
        LISTS,
        "The results are collected before the last datablock is stored, which has no reference",
        answers(READ, _without_the_last_result, when=lambda body: bool(body.get("results"))),
        SAID,
        "References to the output datablocks produced by the workflow.",
    ),
    Mutant(
        "blocks_of_one_short_page",
        LISTS,
        "The list of datablocks ends after three, so that references lead nowhere",
        answers(BLOCKS, _first_blocks),
        IMPLIED,
        "Fetch its content via GET /v1/{environment}/sessions/{sessionId}/datablocks.",
    ),
)
