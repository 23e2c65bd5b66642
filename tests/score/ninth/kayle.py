"""Broken implementations of Kayle ID, of the ninth set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

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
    answers,
    shifted,
)
from tests.score.memories import recalling, remembering

SESSION, LIST, CREATE = "getSession", "listSessions", "createSession"
SHOWN = f"{SESSION} {LIST} {CREATE}"
READ = f"{SESSION} {LIST}"
NFC, LIVENESS = "nfc_tries_used", "liveness_tries_used"
MOST_TRIES = 3
ENDS = ("succeeded", "failed", "expired", "cancelled")


def _sessions(body: Any) -> Iterator[dict[str, Any]]:
    """The sessions that an answer shows."""
    data = body.get("data")
    yield from data if isinstance(data, list) else [data] if isinstance(data, dict) else []


def each(change: Callable[[dict[str, Any]], None]) -> Edit:
    """Changes every session that an answer shows."""

    def edit(body: Any, _: Call) -> None:
        for session in _sessions(body):
            change(session)

    return edit


def _source_spelled_out(session: dict[str, Any]) -> None:
    for field in session["share_fields"].values():
        field["source"] = {"rc": "request"}.get(field["source"], field["source"])


def _url_without_host(session: dict[str, Any]) -> None:
    session["verification_url"] = urlsplit(session["verification_url"]).path


def _code_of_a_try(session: dict[str, Any]) -> None:
    if session["status"] == "in_progress" and session[NFC]:
        session["failure_code"] = "document_data_invalid"
    if session["status"] == "in_progress" and session[LIVENESS]:
        session["failure_code"] = "liveness_failed"


def _one_counter(session: dict[str, Any]) -> None:
    session[LIVENESS] = min(MOST_TRIES, session[NFC] + session[LIVENESS])


def _of_the_deadline(session: dict[str, Any]) -> None:
    if session["status"] in ("succeeded", "failed"):
        session["completed_at"] = session["expires_at"]


def _later_deadline(session: dict[str, Any]) -> None:
    if session["status"] == "expired":
        session["expires_at"] = shifted(1800)(session["expires_at"])


def _no_code_of_tries(session: dict[str, Any]) -> None:
    if session["status"] == "failed" and MOST_TRIES in (session[NFC], session[LIVENESS]):
        session["failure_code"] = None


def _tries_forgiven(session: dict[str, Any]) -> None:
    if session["status"] == "succeeded":
        session[NFC] = session[LIVENESS] = 0


def _without_tries(session: dict[str, Any]) -> None:
    session[NFC] = session[LIVENESS] = 0


def _null_token(session: dict[str, Any]) -> None:
    session["cancel_token"] = None


def _behind(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    """Every second read of an ended session comes from a replica that has not heard of its end."""
    session = body["data"]
    if session["status"] not in ENDS:
        return
    count = memory[session["id"]] = memory.get(session["id"], 0) + 1
    if count % 2 == 0:
        session.update(status="in_progress", failure_code=None, completed_at=None)


async def _any_case(call: Call, ask: Ask, memory: dict[Any, Any]) -> Answer:
    answer = await ask(call)
    if call.operation != SESSION:
        return answer
    shown = call.parameters["id"]
    if answer.status == 200:
        memory[shown.lower()] = shown
    elif answer.status == 404 and shown.lower() in memory:
        return await ask(call.to(shown, memory[shown.lower()]))
    return answer


MUTANTS = (
    Mutant(
        "id_found_in_any_case",
        REQUESTS,
        "A session is found by its id in other letter case, as a collation of the database makes it",
        recalling(_any_case),
        IMPLIED,
        "The ID of the verification session to retrieve (e.g. vs_...).",
    ),
    Mutant(
        "source_request",
        SHAPE,
        "The source of a field that was asked for is request",
        answers(SHOWN, each(_source_spelled_out)),
        SAID,
        "source: rc",
    ),
    Mutant(
        "verification_url_without_host",
        SHAPE,
        "verification_url is a path",
        answers(SHOWN, each(_url_without_host)),
        SAID,
        "format: uri",
    ),
    Mutant(
        "failure_code_while_retrying",
        FIELDS,
        "A session that goes on after a failed try shows the failure's code",
        answers(READ, each(_code_of_a_try)),
        SAID,
        "Terminal failure code when status='failed'. Null in",
    ),
    Mutant(
        "tries_in_one_counter",
        FIELDS,
        "Failed chip reads count as liveness tries too",
        answers(READ, each(_one_counter)),
        SAID,
        "Number of liveness check failures the session has",
    ),
    Mutant(
        "completed_at_of_the_deadline",
        FIELDS,
        "completed_at of a verdict is the time at which the session would have expired",
        answers(READ, each(_of_the_deadline)),
        SAID,
        "The time the verification session reached a terminal",
    ),
    Mutant(
        "expired_ahead_of_time",
        FIELDS,
        "A session has expired half an hour before its expires_at",
        answers(READ, each(_later_deadline)),
        IMPLIED,
        "The expiration time of the verification session",
    ),
    Mutant(
        "third_failure_without_a_code",
        FIELDS,
        "A session that failed because its tries were used up has no failure_code",
        answers(READ, each(_no_code_of_tries)),
        SAID,
        "Terminal failure code when status='failed'.",
    ),
    Mutant(
        "tries_forgiven_by_success",
        TIME,
        "A session that succeeds shows none of the tries that it used",
        answers(READ, each(_tries_forgiven)),
        SAID,
        "Number of NFC chip-read failures the session has",
    ),
    Mutant(
        "end_unknown_to_a_replica",
        TIME,
        "Every second read shows an ended session in progress again",
        remembering(SESSION, _behind),
        IMPLIED,
        "or null if not yet terminal.",
    ),
    Mutant(
        "cancel_token_null_in_lists",
        LISTS,
        "The sessions of a list have a cancel_token that is null",
        answers(LIST, each(_null_token)),
        SAID,
        "/v1/verify/session/:id/cancel`. Returned only on",
    ),
    Mutant(
        "list_without_tries",
        LISTS,
        "The list counts no tries",
        answers(LIST, each(_without_tries)),
        IMPLIED,
        "Number of NFC chip-read failures the session has",
    ),
)
