"""Broken implementations of IDnow, unseen by the authors of the rules."""

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
    Change,
    Mutant,
    alter,
    answers,
    asks,
    at,
    put,
    sent,
    shifted,
    shows,
)
from tests.score.memories import moving, remembering

MOST = 2048  # characters of a state
ENDED = shows("/sessionStatus", "COMPLETED", "ABORTED", "EXPIRED", "ERROR")
OPEN = shows("/sessionStatus", "CREATED", "RUNNING")


def _cut(call: Call) -> None:
    """What does not fit into the column is left away, and nobody is told."""
    state = at(call.json, "/state")
    if isinstance(state, str) and len(state) > MOST:
        call.json = {**call.json, "state": state[:MOST]}


def _no_blocks(answer: Answer, call: Call) -> Answer | None:
    """A query for the blocks of a session that does not exist finds none."""
    return Answer.of(200, {"dataBlocks": []}) if call.parameters["environment"] in ("live", "staging") else None


def _completed_when_started(body: Any, _: Call) -> None:
    if "completedAt" in body and body.get("startedAt") is not None:
        body["completedAt"] = body["startedAt"]


def _first_token_for_all() -> Change:
    """The token is kept under a key that does not name the session."""
    tokens: list[str] = []

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        if call.operation == "createSession" and answer.status == 201:
            body = answer.json
            tokens.append(body["sdkToken"])
            body["sdkToken"] = tokens[0]
            answer.json = body
        return answer

    return change


def _blocks_before(body: Any, call: Call, memory: dict[Any, Any]) -> None:
    """The answer is taken from a cache before the cache is told which session is asked for."""
    path, blocks = memory.get("last", (call.path, body["dataBlocks"]))
    memory["last"] = call.path, body["dataBlocks"]
    if path != call.path:
        body["dataBlocks"] = blocks


MUTANTS = (
    Mutant(
        "longer_states_cut", REQUESTS, "a state of more than 2048 characters is taken and cut",
        asks("createSession", _cut), SAID,
        "An opaque value that is sent along with the redirect, at most 2048 characters.",
    ),
    Mutant(
        "no_blocks_for_unknown_sessions", REQUESTS, "a session that does not exist has an empty list of data blocks",
        sent("listDatablocks", _no_blocks, status="404"), SAID, "There is no such session in this environment",
    ),
    Mutant(
        "empty_text_before_the_start", SHAPE, "startedAt is an empty string while processing has not started",
        answers("getSession", put("/startedAt", ""), when=shows("/startedAt", None)), SAID,
        "ISO 8601 timestamp when processing started (null if not started)",
    ),
    Mutant(
        "version_as_text_once_ended", SHAPE, "flowVersion of an ended session, which comes from another table, is a string",
        answers("getSession", alter("/flowVersion", str), when=ENDED), SAID,
        "flowVersion | number | Version of the flow executed",
    ),
    Mutant(
        "accepted_while_running", FIELDS, "a session that runs has the outcome accepted already",
        answers("getSession", put("/outcome", "accepted"), when=shows("/sessionStatus", "RUNNING")), IMPLIED,
        "Final session outcome (e.g., accepted, rejected, NO_OUTCOME)",
    ),
    Mutant(
        "completed_when_it_started", FIELDS, "completedAt of an ended session is its startedAt",
        answers("getSession", _completed_when_started), SAID, "ISO 8601 timestamp when session reached a terminal state",
    ),
    Mutant(
        "created_as_live", FIELDS, "a session made in staging is said to be of live by the answer to its creation",
        answers("createSession", put("/environment", "live")), SAID, "Name of the environment.",
    ),
    Mutant(
        "expiry_slides", TIME, "each read of an open session moves its expiresAt",
        moving("getSession", "/expiresAt", lambda value, count: shifted(count)(value), when=OPEN), IMPLIED,
        "ISO 8601 timestamp when session expires",
    ),
    Mutant(
        "plus_of_a_state_read_as_a_blank", TIME, "a + in the state comes back as a blank, as if it had come in a form",
        answers("getSession", alter("/state", lambda text: text.replace("+", " "))), IMPLIED,
        "State parameter for CSRF protection in redirect",
    ),
    Mutant(
        "redirect_url_in_small_letters", TIME, "redirectUrl comes back in small letters, its path and query too",
        answers("getSession", alter("/redirectUrl", str.lower)), IMPLIED, "Redirect URL for session completion",
    ),
    Mutant(
        "one_sdk_token_for_all", TIME, "every creation answers the sdkToken of the first session",
        _first_token_for_all, SAID, "Starts the vendor's SDK for this session.",
    ),
    Mutant(
        "blocks_of_the_session_before", LISTS, "a session's data blocks are at first those of the session listed before it",
        remembering("listDatablocks", _blocks_before), SAID,
        "id matches the dataBlockId returned by the /datablocks endpoint",
    ),
)  # fmt: skip
