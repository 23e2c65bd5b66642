"""Broken implementations of Kayle ID, of the fifth set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.score.asgi import Answer, Ask, Call
from tests.score.changes import FIELDS, IMPLIED, LISTS, REQUESTS, SAID, SHAPE, TIME, Change, Mutant, alter, answers, asks, at

READ = "getSession listSessions"
EVERY = f"createSession {READ}"
HOST = "https://kayle.id"
LEAST, BELOW = "age_over_12", "age_over_11"
ROWS = {"created": 1, "in_progress": 2}
USED = {"data": None, "error": {"code": "CANCEL_TOKEN_USED", "message": "Cancel token has already been used."}}
EMPTY = {
    "success": False,
    "error": {"name": "ZodError", "message": '[{"code":"invalid_type","expected":"object","path":[],"message":"Required"}]'},
}


def _sessions(body: Any) -> Iterator[Any]:
    yield from body["data"] if isinstance(body["data"], list) else [body["data"]]


def _body_needed() -> Change:
    """The handler that all operations share reads a JSON body before anything else."""

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        if call.operation == "cancelSession" and answer.status == 204 and call.json is None:
            return Answer.of(400, EMPTY)
        return answer

    return change


def _above_twelve() -> Change:
    async def change(call: Call, ask: Ask) -> Answer:
        fields = at(call.json, "/share_fields") if call.operation == "createSession" else None
        if not isinstance(fields, dict) or LEAST not in fields:
            return await ask(call)
        call.json = {**call.json, "share_fields": {BELOW if name == LEAST else name: field for name, field in fields.items()}}
        answer = await ask(call)
        answer.body = answer.body.replace(BELOW.encode(), LEAST.encode())
        return answer

    return change


def _joined(body: Any, _: Call) -> None:
    """The column holds one text."""
    for session in _sessions(body):
        if isinstance(session["webhook_endpoint_id"], list):
            session["webhook_endpoint_id"] = ",".join(session["webhook_endpoint_id"])


def _home(body: Any, _: Call) -> None:
    for session in _sessions(body):
        session["redirect_url"] = session["redirect_url"] or f"{HOST}/"


def _as_it_was_asked() -> Change:
    """What is asked for is kept as it came, without the rule about the day of birth."""
    optional: dict[str, list[str]] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        body = answer.json
        if call.operation not in EVERY.split() or answer.status != 200:
            return answer
        asked = at(call.json, "/share_fields") if call.operation == "createSession" else None
        if isinstance(asked, dict):
            gates = [name for name, field in asked.items() if name.startswith("age_over_") and not field["required"]]
            optional[body["data"]["id"]] = gates
        for session in _sessions(body):
            for gate in optional.get(session["id"], ()):
                session["share_fields"][gate]["required"] = False
        answer.json = body
        return answer

    return change


def _one_code(body: Any, _: Call) -> None:
    for session in _sessions(body):
        session["failure_code"] = session["failure_code"] and "document_authenticity_failed"


def _version_of_the_row(body: Any, _: Call) -> None:
    """A column of that name counts the updates of the row, for those that are made at the same time."""
    for session in _sessions(body):
        session["contract_version"] = ROWS.get(session["status"], 3)


def _ended_when_withdrawn() -> Change:
    """Whatever makes a session terminal writes the time of it."""
    withdrawn: set[str] = set()

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        if call.operation == "cancelByToken" and answer.status == 204:
            withdrawn.add(call.parameters["id"])
        body = answer.json
        if call.operation in READ.split() and answer.status == 200 and not call.has_preference:
            for session in _sessions(body):
                if session["id"] in withdrawn and session["status"] == "cancelled":
                    session["completed_at"] = session["updated_at"]
            answer.json = body
        return answer

    return change


def _token_ends_with_it() -> Change:
    """Cancelling by id deletes the token."""
    cancelled: set[str] = set()

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        if call.operation == "cancelSession" and answer.status == 204 and not call.has_preference:
            cancelled.add(call.parameters["id"])
        if call.operation == "cancelByToken" and answer.status == 204 and call.parameters["id"] in cancelled:
            return Answer.of(401, USED)
        return answer

    return change


def _either_bound(call: Call) -> None:
    """What is late enough or early enough is everything, unless the bounds are the wrong way round."""
    wanted = call.queries
    if wanted.get("created_from", "") and wanted["created_from"] <= wanted.get("created_to", ""):
        call.queries = {name: value for name, value in wanted.items() if name not in ("created_from", "created_to")}


def _from_the_start() -> Change:
    """The cursor is looked for among what the filter finds; where it is not, the page is the first."""
    last: dict[str, str] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        wanted = call.queries if call.operation == "listSessions" else {}
        status, cursor = wanted.get("status"), wanted.get("starting_after", "")
        if status in call.provider.lifecycle.states and last.get(cursor, status) != status:
            call.queries = {name: value for name, value in wanted.items() if name != "starting_after"}
        answer = await ask(call)
        if call.operation in EVERY.split() and answer.status == 200 and not call.has_preference:
            last.update({session["id"]: session["status"] for session in _sessions(answer.json)})
        return answer

    return change


MUTANTS = (
    Mutant(
        "cancelling_needs_a_body", REQUESTS, "a cancellation by id without a JSON body is refused",
        _body_needed, SAID, "Cancels an unfinished session. It may be repeated",
    ),
    Mutant(
        "lowest_age_refused", REQUESTS, "the age gate age_over_12 is refused as none",
        _above_twelve, SAID, "with at most one age gate `age_over_12` … `age_over_130`",
    ),
    Mutant(
        "endpoints_in_one_text", FIELDS, "several webhook endpoints come back as one id, with commas",
        answers(EVERY, _joined), SAID, "The webhook endpoint or endpoint list selected for this session",
    ),
    Mutant(
        "documentation_without_a_host", SHAPE, "docs of a session that is not found begins with the path",
        answers("getSession cancelSession", alter("/error/docs", lambda link: link.removeprefix(HOST)), status="404"), IMPLIED,
        "A link to the documentation for the error",
    ),
    Mutant(
        "redirect_that_nobody_gave", FIELDS, "a session without a redirect_url has one to the vendor's own page",
        answers(EVERY, _home), SAID,
        "The URL to redirect to after the verification session is completed, if provided by the integrator.",
    ),
    Mutant(
        "age_gate_left_optional", FIELDS, "an optional age gate beside a required date_of_birth stays optional",
        _as_it_was_asked, SAID, "An age gate beside `date_of_birth` becomes required where the other is.",
    ),
    Mutant(
        "one_failure_for_all", FIELDS, "whatever a session failed for, its failure_code is document_authenticity_failed",
        answers(READ, _one_code), IMPLIED, "Terminal failure code when status='failed'.",
    ),
    Mutant(
        "contract_counts_updates", TIME, "contract_version grows with each step of the session",
        answers(EVERY, _version_of_the_row), SAID, "Version of the session share contract.",
    ),
    Mutant(
        "end_moved_by_the_withdrawal", TIME, "completed_at of a session that is withdrawn is the moment of its withdrawal",
        _ended_when_withdrawn, SAID, "it is cancelled, and keeps the time of its end",
    ),
    Mutant(
        "token_deleted_by_cancelling", TIME, "the right cancel_token of a session that was cancelled by id is answered as used",
        _token_ends_with_it, SAID, "The session is cancelled now, or has expired.",
    ),
    Mutant(
        "either_bound_is_enough", LISTS, "created_from and created_to together find what is within either of them",
        asks("listSessions", _either_bound), SAID, "Only sessions created at this moment or earlier",
    ),
    Mutant(
        "cursor_must_match_the_filter", LISTS, "after a session whose status is not the one asked for the first page comes again",
        _from_the_start, SAID, "The `next_cursor` of the page before, a session's id; the answer begins after it.",
    ),
)  # fmt: skip
