"""Broken implementations of IDnow, of the ninth set."""

from __future__ import annotations

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
    drop,
    put,
    shifted,
    shows,
)
from tests.score.memories import moving, recalling

SESSION, BLOCKS = "getSession", "listDatablocks"
ENDS = ("COMPLETED", "ERROR", "ABORTED", "EXPIRED")
# What an identifier's column is wide.
WIDTH = 32


def _scheme_added(call: Call) -> None:
    shown = call.headers.get("authorization", "")
    if shown and " " not in shown:
        call.headers["authorization"] = f"Bearer {shown}"


def _rotated(results: Any) -> Any:
    """Each reference is that of the next type."""
    names = list(results)
    return {name: results[names[(place + 1) % len(names)]] for place, name in enumerate(names)}


def _updated_at_the_start(body: Any, _: Call) -> None:
    body["updatedAt"] = body["startedAt"] or body["createdAt"]


async def _blocks_of_completed(call: Call, ask: Ask, memory: dict[Any, Any]) -> Answer:
    answer = await ask(call)
    body = answer.json
    if answer.status == 200 and call.operation == SESSION:
        memory[body["sessionId"]] = body["sessionStatus"]
    elif answer.status == 200 and call.operation == BLOCKS and memory.get(call.parameters["sessionId"]) in ENDS[1:]:
        body["dataBlocks"] = []
        answer.json = body
    return answer


MUTANTS = (
    Mutant(
        "token_without_its_scheme",
        REQUESTS,
        "The Authorization header is taken without the word Bearer",
        asks(SESSION, _scheme_added),
        IMPLIED,
        "Bearer token for authentication",
    ),
    Mutant(
        "discriminator_in_lower_case",
        SHAPE,
        "A reference's type is datablock",
        answers(SESSION, alter("/results/*/type", str.lower)),
        SAID,
        'Reference discriminator. Always "dataBlock".',
    ),
    Mutant(
        "not_started_is_an_empty_text",
        SHAPE,
        "startedAt of a session that has not started is an empty text",
        answers(SESSION, put("/startedAt", ""), when=shows("/startedAt", None)),
        SAID,
        "ISO 8601 timestamp when processing started (null if not started)",
    ),
    Mutant(
        "subject_cut_to_its_column",
        FIELDS,
        "Of a long subjectId the first 32 characters are kept",
        answers(SESSION, alter("/subjectId", lambda text: text[:WIDTH])),
        SAID,
        "The original subjectId value provided in metadata when creating the session",
    ),
    Mutant(
        "references_of_an_abortion_left_out",
        FIELDS,
        "The results of a session that was aborted or has expired are empty, though steps produced output",
        answers(SESSION, put("/results", {}), when=shows("/sessionStatus", "ABORTED", "EXPIRED")),
        SAID,
        "or when terminal but no step produced output",
    ),
    Mutant(
        "keys_before_the_end",
        FIELDS,
        "The results of a running session have the keys that are to come, with null",
        answers(
            SESSION,
            put("/results", {"documentVerification": None, "comparisonResults": None}),
            when=shows("/sessionStatus", "RUNNING"),
        ),
        SAID,
        "An empty object {} when the session has not yet reached a terminal state (CREATED, RUNNING)",
    ),
    Mutant(
        "end_is_no_update",
        FIELDS,
        "updatedAt of an ended session is still that of its start, some time before completedAt",
        answers(SESSION, _updated_at_the_start, when=shows("/sessionStatus", *ENDS)),
        IMPLIED,
        "ISO 8601 timestamp of last update",
    ),
    Mutant(
        "completed_at_of_each_read",
        TIME,
        "completedAt of an ended session grows with every read",
        moving(SESSION, "/completedAt", lambda text, count: shifted(count)(text)),
        IMPLIED,
        "ISO 8601 timestamp when session reached a terminal state (COMPLETED, ERROR, ABORTED, or EXPIRED)",
    ),
    Mutant(
        "references_of_the_next_type",
        TIME,
        "Each reference has the id of the next type's datablock",
        answers(SESSION, alter("/results", _rotated), when=shows("/sessionStatus", *ENDS)),
        SAID,
        "The key is the datablock type (e.g., documentVerification).",
    ),
    Mutant(
        "expiry_forgets_the_last_step",
        TIME,
        "An expired session has no lastStep, though it had one while it ran",
        answers(SESSION, drop("/lastStep"), when=shows("/sessionStatus", "EXPIRED")),
        SAID,
        "present whenever at least one step has been executed",
    ),
    Mutant(
        "flow_version_of_the_newest_flow",
        TIME,
        "flowVersion of an ended session is that of the flow's next version, while it ran that of its own",
        answers(SESSION, alter("/flowVersion", lambda number: number + 1), when=shows("/sessionStatus", *ENDS)),
        IMPLIED,
        "Version of the flow executed",
    ),
    Mutant(
        "blocks_of_completed_alone",
        LISTS,
        "The datablocks of a session that ended otherwise than COMPLETED are not listed, though it refers to them",
        recalling(_blocks_of_completed),
        SAID,
        "The dataBlockId of the referenced datablock. Fetch its content via",
    ),
)
