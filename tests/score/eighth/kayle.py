"""Broken implementations of Kayle ID, of the eighth set."""

from __future__ import annotations

from collections.abc import Callable
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
    Edit,
    Mutant,
    alter,
    answers,
    body,
    drop,
    unlocked,
)
from tests.score.memories import recalling

CREATE, READ, LIST, CANCEL = "createSession", "getSession", "listSessions", "cancelSession"
READS = f"{READ} {LIST}"
ALL = f"{CREATE} {READS}"
ENDS = ("succeeded", "failed", "expired")
TRIES = ("nfc_tries_used", "liveness_tries_used")
MOST_TRIES = 3


def each(edit: Callable[[Any], None]) -> Edit:
    """Changes the session that is shown, or each of those that are listed."""

    def function(shown: Any, _: Call) -> None:
        for session in shown["data"] if isinstance(shown["data"], list) else [shown["data"]]:
            edit(session)

    return function


def _end_as_failure_code(session: Any) -> None:
    if session["status"] in ("expired", "cancelled"):
        session["failure_code"] = session["status"]


def _end_of_a_verdict_alone(session: Any) -> None:
    if session["status"] in ("expired", "cancelled"):
        session["completed_at"] = None


def _third_not_counted(session: Any) -> None:
    for name in TRIES:
        session[name] = min(session[name], MOST_TRIES - 1)


def _fields_of_the_request(session: Any) -> None:
    for field in session["share_fields"].values():
        field["source"] = "rc"


def _never_updated(session: Any) -> None:
    session["updated_at"] = session["created_at"]


def _first_endpoint(session: Any) -> None:
    if isinstance(session["webhook_endpoint_id"], list):
        session["webhook_endpoint_id"] = session["webhook_endpoint_id"][0]


async def _cancelled_whatever_it_was(call: Call, ask: Ask, cancelled: dict[Any, Any]) -> Answer:
    """Remembers whom a cancellation came for."""
    answer = await ask(call)
    if call.has_preference:
        return answer
    if call.operation == CANCEL and (answer.status < 300 or answer.status == 409):
        cancelled[call.parameters["id"]] = True
        return Answer(204)

    def edit(session: Any) -> None:
        if session["id"] in cancelled and session["status"] in ENDS:
            session["status"], session["failure_code"] = "cancelled", None

    if call.operation in READS.split() and answer.status == 200:
        shown = answer.json
        each(edit)(shown, call)
        answer.json = shown
    return answer


def _status_as_stored(shown: Any, call: Call) -> None:
    """Expiry is not stored: who reads a session alone learns it."""
    if call.queries.get("status") == "expired":
        shown["data"] = []
        shown["pagination"] |= {"has_more": False, "next_cursor": None}
    for session in shown["data"]:
        if session["status"] == "expired":
            session["status"] = "in_progress" if any(session[name] for name in TRIES) else "created"
            session["completed_at"] = None


MUTANTS = (
    Mutant(
        "session_read_by_anyone",
        REQUESTS,
        "A session is read without a key",
        unlocked(READ, only_missing=True),
        SAID,
        "security: - bearerAuth: []",
    ),
    Mutant(
        "success_without_error",
        SHAPE,
        "The answers that succeed have no `error`",
        answers(ALL, drop("/error")),
        SAID,
        "error: type: 'null' required: - data - error",
    ),
    Mutant(
        "not_found_as_plain_text",
        SHAPE,
        "A session that is not there is answered by the framework, in plain text",
        body(READ, "404", "404 Not Found", "text/plain; charset=UTF-8"),
        SAID,
        "message: Session not found.",
    ),
    Mutant(
        "failure_code_of_every_bad_end",
        FIELDS,
        "A session that expired or was cancelled has its status as failure_code",
        answers(READS, each(_end_as_failure_code)),
        SAID,
        "Terminal failure code when status='failed'. Null in any other state.",
    ),
    Mutant(
        "completed_at_of_verdicts_alone",
        FIELDS,
        "A session that expired or was cancelled has no completed_at",
        answers(READS, each(_end_of_a_verdict_alone)),
        SAID,
        "reached a terminal state (i.e., succeeded, failed, expired or cancelled), or null if not yet terminal.",
    ),
    Mutant(
        "last_try_not_counted",
        FIELDS,
        "The failure that ends a session is not counted",
        answers(READS, each(_third_not_counted)),
        SAID,
        "The session terminalizes on the 3rd failure.",
    ),
    Mutant(
        "every_field_from_the_request",
        FIELDS,
        "The source of a default field is the request",
        answers(ALL, each(_fields_of_the_request)),
        SAID,
        "Whether the field came from defaults or RC request.",
    ),
    Mutant(
        "verification_url_without_the_token",
        FIELDS,
        "The verification_url of a new session lacks the cancel_token",
        answers(CREATE, alter("/data/verification_url", lambda url: url.partition("?")[0])),
        SAID,
        "Includes the one-shot `cancel_token` as a query parameter",
    ),
    Mutant(
        "updated_at_of_the_creation",
        TIME,
        "updated_at is never set again",
        answers(READS, each(_never_updated)),
        SAID,
        "The time the verification session was last updated",
    ),
    Mutant(
        "cancelled_after_its_end",
        TIME,
        "A session that is at its end is cancelled all the same",
        recalling(_cancelled_whatever_it_was),
        IMPLIED,
        "reached a terminal state (i.e., succeeded, failed, expired or cancelled)",
    ),
    Mutant(
        "list_knows_no_expiry",
        LISTS,
        "A session expires when it is read alone, the list shows what is stored",
        answers(LIST, _status_as_stored),
        IMPLIED,
        "The status of the verification session",
    ),
    Mutant(
        "first_of_the_endpoints",
        LISTS,
        "Of a list of webhook endpoints the first is stored",
        answers(ALL, each(_first_endpoint)),
        SAID,
        "The webhook endpoint or endpoint list selected for this session",
    ),
)
