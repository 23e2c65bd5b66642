"""Broken implementations of IDnow, of the sixth set."""

from __future__ import annotations

from typing import Any

from tests.score.asgi import Answer, Ask, Call
from tests.score.changes import FIELDS, IMPLIED, LISTS, REQUESTS, SAID, SHAPE, TIME, Mutant, alter, answers, asks, at, put
from tests.score.memories import recalling

READ, BLOCKS, CREATE = "getSession", "listDatablocks", "createSession"
LONGEST = 255  # characters of a state
OVER = ("COMPLETED", "ERROR", "ABORTED", "EXPIRED")
JSON = "application/json"
NO_JSON = {"statusCode": 415, "error": "Unsupported Media Type", "message": "The request body must be application/json"}
CROSSED = ("documentVerification", "comparisonResults")
NO_TIME = "0001-01-01T00:00:00Z"  # what a language without null has for a time


async def _json_to_the_letter(call: Call, ask: Ask, _: dict[Any, Any]) -> Answer:
    content_type = call.headers.get("content-type", JSON)
    if call.operation == CREATE and content_type != JSON and content_type.partition(";")[0] == JSON:
        call.headers["content-type"] = "application/octet-stream"  # who has no token is refused before
        answer = await ask(call)
        return Answer.of(415, NO_JSON) if answer.status == 415 else answer
    return await ask(call)


async def _with_inputs(call: Call, ask: Ask, _: dict[Any, Any]) -> Answer:
    """Each block of a session that is over is among its results, also what the session was begun with."""
    answer = await ask(call)
    body = answer.json
    if call.operation == READ and answer.status == 200 and at(body, "/sessionStatus") in OVER and not call.has_preference:
        again = call.copy()
        again.path += "/datablocks"
        for block in at((await ask(again)).json, "/dataBlocks") or []:
            body["results"].setdefault(block["type"], {"type": "dataBlock", "id": block["dataBlockId"]})
        answer.json = body
    return answer


def _crossed(body: Any, _: Call) -> None:
    one, other = (body["results"].get(name) for name in CROSSED)
    if one and other:
        one["id"], other["id"] = other["id"], one["id"]


def _short_state(call: Call) -> None:
    asked = call.json
    if isinstance(at(asked, "/state"), str) and LONGEST < len(asked["state"]) <= 2048:
        call.json = {**asked, "state": asked["state"][:LONGEST]}


def _first_three(body: Any, _: Call) -> None:
    del body["dataBlocks"][3:]


def _without_deleted(body: Any, _: Call) -> None:
    body["dataBlocks"] = [block for block in body["dataBlocks"] if block["status"] != "DELETED"]


MUTANTS = (
    Mutant(
        "charset_beside_json_refused", REQUESTS, "a body is refused that says application/json with its charset",
        recalling(_json_to_the_letter),
        IMPLIED, "requestBody: required: true content: application/json",
    ),
    Mutant(
        "discriminator_in_small_letters", SHAPE, "a reference says that it is a datablock, in small letters",
        answers(READ, alter("/results/*/type", lambda shown: shown.lower())),
        SAID, 'Reference discriminator. Always "dataBlock".',
    ),
    Mutant(
        "last_step_in_a_list", SHAPE, "the last step is answered as a list of one",
        answers(READ, alter("/lastStep", lambda step: [step])),
        SAID, "lastStep | object | Information about the last executed step",
    ),
    Mutant(
        "updated_to_the_second", FIELDS, "updatedAt has lost its milliseconds, and lies before the change that it is of",
        answers(READ, alter("/updatedAt", lambda text: f"{text[:19]}.000Z")),
        IMPLIED, "ISO 8601 timestamp of last update",
    ),
    Mutant(
        "references_in_capitals", FIELDS, "the results write a block's id in capitals, the list of blocks does not",
        answers(READ, alter("/results/*/id", str.upper)),
        SAID, "id matches the dataBlockId returned by the /datablocks endpoint",
    ),
    Mutant(
        "references_crossed", FIELDS, "the references to the document's check and to the comparison point at one another's block",
        answers(READ, _crossed),
        SAID, "The key is the datablock type (e.g., documentVerification).",
    ),
    Mutant(
        "inputs_among_the_results", FIELDS, "results point at what the session was begun with, too",
        recalling(_with_inputs),
        SAID, "References to the output datablocks produced by the workflow",
    ),
    Mutant(
        "not_started_is_year_one", FIELDS, "a session that was not started says that it was, in the year one",
        answers(READ, put("/startedAt", NO_TIME), when=lambda body: at(body, "/startedAt") is None),
        SAID, "ISO 8601 timestamp when processing started (null if not started)",
    ),
    Mutant(
        "state_cut_at_255", TIME, "a state of more than 255 characters is cut, and read back so",
        asks(CREATE, _short_state),
        SAID, "State parameter for CSRF protection in redirect (optional)",
    ),
    Mutant(
        "subject_in_ascii", TIME, "letters of a subjectId beyond ASCII are answered as question marks",
        answers(READ, alter("/subjectId", lambda text: text.encode("ascii", "replace").decode())),
        SAID, "The original subjectId value provided in metadata when creating the session",
    ),
    Mutant(
        "three_blocks_at_most", LISTS, "the first three data blocks are listed, and no way to the others",
        answers(BLOCKS, _first_three),
        SAID, "Fetch full datablock content via GET /v1/{environment}/sessions/{sessionId}/datablocks.",
    ),
    Mutant(
        "deleted_blocks_not_listed", LISTS, "a data block whose content was erased is not listed, though the results point at it",
        answers(BLOCKS, _without_deleted),
        SAID, "id matches the dataBlockId returned by the /datablocks endpoint",
    ),
)  # fmt: skip
