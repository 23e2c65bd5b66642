"""Broken implementations of IDnow, of the fifth set."""

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
    shows,
)

NOBODYS = "00000000-0000-7000-8000-000000000000"


def _looked_up_first() -> Change:
    """The session is loaded for its owner to be compared with the token's."""
    known: set[str] = set()

    async def change(call: Call, ask: Ask) -> Answer:
        if call.operation == "getSession" and "authorization" not in call.headers and call.parameters["sessionId"] not in known:
            accepted = next(entry for entry in call.provider.lifecycle.credentials.values() if entry.fails is None)
            call.headers |= {name.lower(): value for name, value in accepted.headers.items()}
        answer = await ask(call)
        if call.operation == "createSession" and answer.status == 201:
            known.add(at(answer.json, "/sessionContext/sessionId"))
        return answer

    return change


def _subject_missing(call: Call) -> None:
    asked = call.json
    metadata = at(asked, "/metadata")
    if isinstance(metadata, dict) and "subjectId" not in metadata:
        asked["metadata"] = {**metadata, "subjectId": None}
        call.json = asked


def _step_of_nothing(body: Any, _: Call) -> None:
    body.setdefault("lastStep", {})


def _numbered(body: Any, _: Call) -> None:
    """A step may run again, so that its outputs are counted."""
    body["results"] = {f"{name}_1": reference for name, reference in body["results"].items()}


def _as_a_number(shown: str) -> str:
    return str(int(shown)) if shown.isdecimal() and shown.isascii() else shown


def _made_when_started(body: Any, _: Call) -> None:
    body["createdAt"] = body.get("startedAt") or body["createdAt"]


def _not_found_where_empty() -> Change:
    """No row is no session."""

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        is_listed = call.operation == "listDatablocks" and answer.status == 200 and not call.has_preference
        if is_listed and not answer.json["dataBlocks"]:
            return await ask(call.to(call.parameters["sessionId"], NOBODYS))
        return answer

    return change


def _of_the_person() -> Change:
    """The blocks are looked up by the person that they are of."""
    subjects: dict[str, tuple[str, str]] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        if call.has_preference and call.operation == "listDatablocks":
            return answer
        if call.operation == "createSession" and answer.status == 201:
            subject = at(call.json, "/metadata/subjectId")
            if isinstance(subject, str):
                subjects[answer.json["sessionContext"]["sessionId"]] = call.parameters["environment"], subject
        if call.operation == "listDatablocks" and answer.status == 200:
            shown = call.parameters["sessionId"]
            others = [other for other, of in subjects.items() if other != shown and of == subjects.get(shown)]
            blocks = [block for other in others for block in (await ask(call.to(shown, other))).json.get("dataBlocks", ())]
            if blocks:
                answer.json = {"dataBlocks": [*blocks, *answer.json["dataBlocks"]]}
        return answer

    return change


def _flow_of_the_environment() -> Change:
    """The flow is kept for the environment that it was first loaded in."""
    first: dict[str, str] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        if call.operation != "createSession":
            return await ask(call)
        environment, flow = call.parameters["environment"], call.parameters["flowId"]
        kept = first.get(environment, flow)
        if kept != flow:
            call.path = f"/api/v1/flows/{kept}/{environment}/sessions"
        answer = await ask(call)
        if answer.status == 201:
            first.setdefault(environment, call.path.split("/")[4])
        return answer

    return change


MUTANTS = (
    Mutant(
        "session_looked_up_before_the_token", REQUESTS, "without a token an unknown session is answered 404, a known one 401",
        _looked_up_first, IMPLIED, "Authorization | string | Yes | Bearer token for authentication",
    ),
    Mutant(
        "metadata_need_a_subject", REQUESTS, "metadata without a subjectId are refused",
        asks("createSession", _subject_missing), IMPLIED,
        "The `metadata.subjectId` given when the session was created; absent when none was given.",
    ),
    Mutant(
        "empty_step_before_the_first", SHAPE, "lastStep is an empty object while no step has run",
        answers("getSession", _step_of_nothing), SAID, "optional, present whenever at least one step has been executed",
    ),
    Mutant(
        "results_numbered", SHAPE, "the keys of results are the types with a number behind them",
        answers("getSession", _numbered), SAID, "Keys are datablock type names.",
    ),
    Mutant(
        "zeros_before_a_subject_lost", FIELDS, "a subjectId of digits comes back without the zeros that it begins with",
        answers("getSession", alter("/subjectId", _as_a_number)), SAID,
        "The original subjectId value provided in metadata when creating the session",
    ),
    Mutant(
        "query_cut_from_the_redirect", FIELDS, "redirectUrl comes back without its query",
        answers("getSession", alter("/redirectUrl", lambda shown: shown.partition("?")[0])), IMPLIED,
        "Redirect URL for session completion",
    ),
    Mutant(
        "clock_stands_still", FIELDS, "the clock of every data block is 1, whichever step made it",
        answers("listDatablocks", alter("/dataBlocks/*/createdBy/clock", lambda _: 1)), SAID,
        "A counter that grows with each step of the session.",
    ),
    Mutant(
        "created_when_it_started", TIME, "createdAt of a session that was started is its startedAt",
        answers("getSession", _made_when_started), SAID, "ISO 8601 timestamp when session was created",
    ),
    Mutant(
        "start_lost_when_broken_off", TIME, "startedAt is null once a session that ran is aborted or has expired",
        answers("getSession", put("/startedAt", None), when=shows("/sessionStatus", "ABORTED", "EXPIRED")), SAID,
        "ISO 8601 timestamp when processing started (null if not started)",
    ),
    Mutant(
        "blocks_of_the_person", LISTS, "the data blocks of other sessions for the same subjectId are listed too",
        _of_the_person, IMPLIED, "The data blocks of a session.",
    ),
    Mutant(
        "no_blocks_no_session", LISTS, "the data blocks of a session that has none are answered 404",
        _not_found_where_empty, IMPLIED, "or an empty object {} if no step produced output",
    ),
    Mutant(
        "flow_kept_for_the_environment", LISTS, "a session of a second flow in an environment is one of the first flow",
        _flow_of_the_environment, SAID, "Makes a session of the named flow in the named environment.",
    ),
)  # fmt: skip
