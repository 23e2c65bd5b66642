"""Broken implementations of IDnow."""

from __future__ import annotations

from typing import Any

from tests.score.asgi import Answer, Ask, Call
from tests.score.changes import (
    FIELDS,
    LISTS,
    REQUESTS,
    SHAPE,
    TIME,
    Change,
    Mutant,
    alter,
    answers,
    at,
    body,
    drop,
    is_no_json,
    is_no_object,
    put,
    sent,
    shifted,
    shows,
    status,
    takes,
    takes_body,
    traced,
    trims,
    unbraced,
    unlocked,
)
from tests.score.memories import first_for_all, lost, moving, nth, unknown_is_known

CREATED, RUNNING = shows("/sessionStatus", "CREATED"), shows("/sessionStatus", "RUNNING")
COMPLETED = shows("/sessionStatus", "COMPLETED")
ENDED = shows("/sessionStatus", "COMPLETED", "ABORTED", "EXPIRED", "ERROR")
TIME_OF_DAY = "2026-03-19T10:31:30.000Z"
STEP = {"stepId": "step_start_001", "stepDescription": "", "verdict": "completed"}


def has_blocks(value: Any) -> bool:
    """Whether an answer lists data blocks."""
    return bool(at(value, "/dataBlocks"))


def _other_environment() -> Change:
    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        if call.operation == "getSession" and answer.status == 404 and call.parameters.get("environment") in ("live", "staging"):
            other = call.copy()
            pair = ("/live/", "/staging/") if "/live/" in call.path else ("/staging/", "/live/")
            other.path = call.path.replace(*pair)
            found = await ask(other)
            if found.status == 200:
                value = found.json
                value["environment"] = call.parameters["environment"]
                return Answer.of(200, value)
        return answer

    return change


def _wrong_references(value: Any, _: Call) -> None:
    for name, reference in value["results"].items():
        value["results"][name] = {**reference, "id": reference["id"][:-4] + "0000"}


def _swapped_references(value: Any, _: Call) -> None:
    names, found = list(value["results"]), list(value["results"].values())
    value["results"] = dict(zip(names, found[1:] + found[:1], strict=True))


def _twice(value: Any, _: Call) -> None:
    value["dataBlocks"].append(value["dataBlocks"][0])


def _backwards(value: Any, _: Call) -> None:
    value["dataBlocks"].reverse()
    for index, block in enumerate(value["dataBlocks"]):
        block["createdAt"] = shifted(-index)(block["createdAt"])


MUTANTS = (
    Mutant("no_credentials_read", REQUESTS, "getSession answers without credentials", unlocked("getSession", only_missing=True)),
    Mutant("no_credentials_create", REQUESTS, "createSession answers without credentials", unlocked("createSession", only_missing=True)),
    Mutant("any_token_blocks", REQUESTS, "listDatablocks takes any token", unlocked("listDatablocks", only_missing=False)),
    Mutant("id_trimmed", REQUESTS, "white space around an id is cut off", trims("getSession", "sessionId", str.strip)),
    Mutant("id_in_braces", REQUESTS, "an id in braces is taken", trims("getSession", "sessionId", unbraced)),
    Mutant("id_as_urn", REQUESTS, "an id as a URN is taken", trims("getSession", "sessionId", lambda text: text.removeprefix("urn:uuid:"))),
    Mutant("unknown_id_found", REQUESTS, "an id that nobody issued finds a session", unknown_is_known("getSession", "sessionId", "/sessionId")),
    Mutant("unknown_id_blocks", REQUESTS, "an id that nobody issued has data blocks: none", sent("listDatablocks", lambda *_: Answer.of(200, {"dataBlocks": []}), status="404")),
    Mutant("any_environment", REQUESTS, "an environment that does not exist is taken for live", trims("getSession", "environment", lambda text: text if text in ("live", "staging") else "live")),
    Mutant("subject_type", REQUESTS, "metadata.subjectId may be no string", takes("createSession", "/metadata/subjectId", lambda value: not isinstance(value, str))),
    Mutant("state_too_long", REQUESTS, "state may be longer than 2048 characters", takes("createSession", "/state", lambda value: isinstance(value, str) and len(value) > 2048)),
    Mutant("state_type", REQUESTS, "state may be no string", takes("createSession", "/state", lambda value: not isinstance(value, str))),
    Mutant("redirect_url_form", REQUESTS, "redirectUrl may be any text", takes("createSession", "/redirectUrl", lambda value: isinstance(value, str) and not value.startswith("http"))),
    Mutant("input_type", REQUESTS, "input may be no object", takes("createSession", "/input", lambda value: not isinstance(value, dict))),
    Mutant("body_missing", REQUESTS, "createSession needs no body", takes_body("createSession", lambda call: not call.body, {})),
    Mutant("body_no_object", REQUESTS, "a body that is no object is taken", takes_body("createSession", is_no_object, {})),
    Mutant("body_no_json", REQUESTS, "a body that is no JSON is taken", takes_body("createSession", is_no_json, {})),
    Mutant("outcome_missing", SHAPE, "outcome is missing", answers("getSession", drop("/outcome"))),
    Mutant("created_at_number", SHAPE, "createdAt is a number", answers("getSession", put("/createdAt", 1773916290))),
    Mutant("started_at_empty", SHAPE, "startedAt is an empty string before the start", answers("getSession", put("/startedAt", ""), when=CREATED)),
    Mutant("verdict_missing", SHAPE, "lastStep has no verdict", answers("getSession", drop("/lastStep/verdict"))),
    Mutant("flow_version_text", SHAPE, "flowVersion is a string", answers("getSession", alter("/flowVersion", lambda number: f"v{number}"))),
    Mutant("status_lower", SHAPE, "sessionStatus is in small letters once the session ended", answers("getSession", alter("/sessionStatus", str.lower), when=ENDED)),
    Mutant("blocks_as_object", SHAPE, "dataBlocks is an object", answers("listDatablocks", put("/dataBlocks", {}))),
    Mutant("block_without_type", SHAPE, "a data block has no type", answers("listDatablocks", drop("/dataBlocks/0/type"))),
    Mutant("block_status", SHAPE, "a data block's status is unknown", answers("listDatablocks", put("/dataBlocks/0/status", "KEPT"))),
    Mutant("created_with_200", SHAPE, "createSession answers 200", status("createSession", 201, 200)),
    Mutant("created_running", SHAPE, "a new session is RUNNING in its answer", answers("createSession", put("/sessionContext/sessionStatus", "RUNNING"))),
    Mutant("player_url_missing", SHAPE, "createSession answers no playerUrl", answers("createSession", drop("/playerUrl"))),
    Mutant("not_found_text", SHAPE, "a 404 is plain text", body("getSession", "404", "Session not found", "text/plain")),
    Mutant("not_found_traceback", SHAPE, "a 404 shows a traceback", traced("getSession", "/message", "404")),
    Mutant("unauthorized_envelope", SHAPE, "a 401 has another envelope", body("getSession", "401", {"code": "UNAUTHORIZED"})),
    Mutant("unknown_id_502", SHAPE, "an unknown id is answered 502", status("getSession", 404, 502)),
    Mutant("session_cut_off", SHAPE, "the session's JSON is cut off", sent("getSession", lambda answer, _: Answer(200, answer.headers, answer.body[:-1]))),
    Mutant("results_missing", FIELDS, "results is missing until the session ended", answers("getSession", drop("/results"), when=lambda value: not ENDED(value))),
    Mutant("results_early", FIELDS, "results are there while RUNNING", answers("getSession", put("/results/documentVerification", {"type": "dataBlock", "id": "1"}), when=RUNNING)),
    Mutant("reference_type", FIELDS, "a reference is of another type", answers("getSession", put("/results/*/type", "block"))),
    Mutant("reference_without_id", FIELDS, "a reference has no id", answers("getSession", drop("/results/*/id"))),
    Mutant("completed_at_early", FIELDS, "completedAt is set while RUNNING", answers("getSession", put("/completedAt", TIME_OF_DAY), when=RUNNING)),
    Mutant("completed_at_missing", FIELDS, "completedAt is missing although the user aborted", answers("getSession", drop("/completedAt"), when=shows("/sessionStatus", "ABORTED"))),
    Mutant("started_in_created", FIELDS, "startedAt is set in CREATED", answers("getSession", put("/startedAt", TIME_OF_DAY), when=CREATED)),
    Mutant("step_in_created", FIELDS, "lastStep is there in CREATED", answers("getSession", put("/lastStep", STEP), when=CREATED)),
    Mutant("outcome_early", FIELDS, "outcome is accepted while RUNNING", answers("getSession", put("/outcome", "accepted"), when=RUNNING)),
    Mutant("outcome_on_abort", FIELDS, "outcome is rejected although the user aborted", answers("getSession", put("/outcome", "rejected"), when=shows("/sessionStatus", "ABORTED"))),
    Mutant("no_outcome", FIELDS, "outcome is NO_OUTCOME in COMPLETED", answers("getSession", put("/outcome", "NO_OUTCOME"), when=COMPLETED)),
    Mutant("started_before_created", FIELDS, "startedAt is before createdAt", answers("getSession", alter("/startedAt", shifted(-3600)))),
    Mutant("completed_after_updated", FIELDS, "completedAt is after updatedAt", answers("getSession", alter("/completedAt", shifted(60)))),
    Mutant("updated_before_created", FIELDS, "updatedAt is before createdAt", answers("getSession", alter("/updatedAt", shifted(-86_400)), when=CREATED)),
    Mutant("terminal_left", TIME, "a completed session runs again from the second look on", nth("getSession", "/sessionId", 2, put("/sessionStatus", "RUNNING"), put("/outcome", "NO_OUTCOME"), drop("/completedAt"), put("/results", {}), when=COMPLETED)),
    Mutant("completed_then_aborted", TIME, "a completed session is later aborted", nth("getSession", "/sessionId", 2, put("/sessionStatus", "ABORTED"), put("/outcome", "NO_OUTCOME"), when=COMPLETED)),
    Mutant("back_to_created", TIME, "a running session is CREATED again", nth("getSession", "/sessionId", 2, put("/sessionStatus", "CREATED"), put("/startedAt", None), drop("/lastStep"), when=RUNNING)),
    Mutant("updated_at_falls", TIME, "updatedAt of a running session goes back from read to read", moving("getSession", "/updatedAt", lambda text, count: shifted(max(0, 9 - count))(text), when=RUNNING)),
    Mutant("created_at_moves", TIME, "createdAt moves with every read", moving("getSession", "/createdAt", lambda text, count: shifted(-count)(text))),
    Mutant("id_of_another", TIME, "the answer shows another id than asked for", answers("getSession", alter("/sessionId", lambda text: text[:-1] + ("0" if text[-1] != "0" else "1")))),
    Mutant("environment_of_another", TIME, "the answer shows another environment than asked for", answers("getSession", put("/environment", "production"))),
    Mutant("found_in_any_environment", TIME, "a session is found in the other environment too", _other_environment),
    Mutant("first_session_for_all", TIME, "every read answers with the first session that was read", first_for_all("getSession")),
    Mutant("created_not_found", TIME, "a new session is not found", lost("createSession", "/sessionContext/sessionId", "getSession", "sessionId")),
    Mutant("references_to_nothing", LISTS, "results refer to data blocks that do not exist", answers("getSession", _wrong_references)),
    Mutant("references_swapped", LISTS, "results refer to data blocks of other types", answers("getSession", _swapped_references)),
    Mutant("blocks_hidden", LISTS, "the list of data blocks is always empty", answers("listDatablocks", put("/dataBlocks", []))),
    Mutant("block_twice", LISTS, "a data block is listed twice", answers("listDatablocks", _twice, when=has_blocks)),
    Mutant("blocks_backwards", LISTS, "the newest data block comes first", answers("listDatablocks", _backwards, when=has_blocks)),
    Mutant("deleted_with_content", LISTS, "a deleted data block still has its content", answers("listDatablocks", put("/dataBlocks/0/status", "DELETED"), when=has_blocks)),
)
