"""Broken implementations of Kayle ID, of the fourth set."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.score.asgi import Answer, Ask, Call
from tests.score.changes import FIELDS, IMPLIED, LISTS, REQUESTS, SAID, SHAPE, TIME, Change, Mutant, answers, asks, at, sent
from tests.score.memories import remembering

READ = "getSession listSessions"
EVERY = f"createSession {READ}"
KNOWN_PART = 32  # characters of a token that are compared
MOST = 50  # sessions on a page
NOBODYS = "vs_" + "0" * 64
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z")
TRIES = ("nfc_tries_used", "liveness_tries_used")


def _sessions(body: Any) -> Iterator[Any]:
    yield from body["data"] if isinstance(body["data"], list) else [body["data"]]


def _in_any_case() -> Change:
    """The column of the ids is compared as text that people write."""
    known: dict[str, str] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call.copy())
        if call.operation == "createSession" and answer.status == 200:
            shown = answer.json["data"]["id"]
            known[shown.lower()] = shown
        if call.operation == "getSession" and answer.status == 404 and not call.has_preference:
            shown = call.parameters["id"]
            found = known.get(shown.lower(), shown)
            if found != shown:
                return await ask(call.to(shown, found))
        return answer

    return change


def _compared_in_part() -> Change:
    """The token's column is shorter than the token."""
    issued: dict[str, str] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        if call.operation == "cancelByToken":
            shown, token = at(call.json, "/cancel_token"), issued.get(call.parameters["id"])
            is_like = isinstance(shown, str) and token is not None and len(shown) == len(token)
            if is_like and shown[:KNOWN_PART] == token[:KNOWN_PART]:  # type: ignore[index]
                call.json = {**call.json, "cancel_token": token}
        answer = await ask(call)
        if call.operation == "createSession" and answer.status == 200:
            data = answer.json["data"]
            issued[data["id"]] = data["cancel_token"]
        return answer

    return change


def _with_a_body(answer: Answer, call: Call) -> None:
    answer.status = 200
    answer.set_header("content-type", "application/json")
    answer.json = {"data": {"id": call.parameters["id"]}, "error": None}


def _cut(call: Call) -> None:
    wanted = call.queries
    limit = wanted.get("limit", "")
    if limit.isdecimal() and limit.isascii() and MOST < int(limit) <= 100:
        call.queries = {**wanted, "limit": str(MOST)}


def _still_failed(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    for session in _sessions(body):
        if session["status"] == "failed":
            memory[session["id"]] = session["failure_code"]
        elif session["status"] == "cancelled":
            session["failure_code"] = memory.get(session["id"])


def _swapped(body: Any, _: Call) -> None:
    for session in _sessions(body):
        session[TRIES[0]], session[TRIES[1]] = session[TRIES[1]], session[TRIES[0]]


def _all_required(body: Any, _: Call) -> None:
    for session in _sessions(body):
        for field in session["share_fields"].values():
            field["required"] = True


def _begun_anew(body: Any, _: Call) -> None:
    for session in _sessions(body):
        if session["status"] == "succeeded":
            session.update(dict.fromkeys(TRIES, 0))


def _required_alone(body: Any, _: Call) -> None:
    for session in _sessions(body):
        if session["status"] == "succeeded":
            session["share_fields"] = {name: field for name, field in session["share_fields"].items() if field["required"]}


def _cancelled_before_the_start() -> Change:
    """The update is made where the status is created; that it changed no row is not looked at."""
    last: dict[tuple[str, str], str] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        key = call.headers.get("authorization", "")
        if call.operation == "cancelSession" and not call.has_preference:
            shown = call.parameters["id"]
            if last.get((key, shown)) == "in_progress":
                refused = await ask(call.to(shown, NOBODYS))
                return Answer(204) if refused.status == 404 else refused
        answer = await ask(call)
        if call.operation in READ.split() and answer.status == 200 and not call.has_preference:
            last.update({(key, session["id"]): session["status"] for session in _sessions(answer.json)})
        return answer

    return change


def _any_status_after_the_first_page(call: Call) -> None:
    wanted = call.queries
    if "starting_after" in wanted and wanted.get("status") in call.provider.lifecycle.states:
        del wanted["status"]
        call.queries = wanted


def _from_the_day(call: Call) -> None:
    """The parameter is read as a date."""
    wanted = call.queries
    earliest = wanted.get("created_from", "")
    if MOMENT.fullmatch(earliest):
        call.queries = {**wanted, "created_from": f"{earliest[:10]}T00:00:00Z"}


MUTANTS = (
    Mutant(
        "ids_in_any_case", REQUESTS, "an id with capitals for small letters finds the session",
        _in_any_case, IMPLIED, "The session with the given ID was not found.",
    ),
    Mutant(
        "token_compared_in_part", REQUESTS, "a cancel_token that differs after its 32nd character alone is taken",
        _compared_in_part, SAID, "One-shot token required by `POST /v1/verify/session/:id/cancel`.",
    ),
    Mutant(
        "cancelling_answers_a_body", SHAPE, "a cancellation is answered 200 with a body instead of 204",
        sent("cancelSession", _with_a_body, status="204"), SAID, "'204': description: The session is in a terminal status now.",
    ),
    Mutant(
        "limit_cut_at_fifty", FIELDS, "a limit of more than 50 is taken for 50, and the answer says so",
        asks("listSessions", _cut), SAID, "How many sessions a page holds at most. minimum: 1, maximum: 100",
    ),
    Mutant(
        "failure_kept_when_withdrawn", FIELDS, "a failed session that was withdrawn by its token keeps its failure_code",
        remembering(READ, _still_failed), SAID, "Terminal failure code when status='failed'. Null in any other state.",
    ),
    Mutant(
        "tries_of_the_other_check", FIELDS, "failed liveness checks are counted as failed chip reads and the other way about",
        answers(READ, _swapped), SAID, "Number of NFC chip-read failures the session has consumed.",
    ),
    Mutant(
        "every_field_required", FIELDS, "fields that are asked for as optional are required",
        answers(EVERY, _all_required), SAID, "Whether this field must always be shared.",
    ),
    Mutant(
        "tries_begun_anew_by_success", TIME, "the failures before a success are forgotten with it",
        answers(READ, _begun_anew), SAID, "Number of liveness check failures the session has consumed.",
    ),
    Mutant(
        "optional_fields_gone_once_shared", TIME, "a session that succeeded lists its required fields alone",
        answers(READ, _required_alone), IMPLIED, "Effective normalized share fields used by this session.",
    ),
    Mutant(
        "cancelled_before_the_start_alone", TIME, "cancelling a session in progress is answered 204, and it goes on",
        _cancelled_before_the_start, SAID, "Cancels an unfinished session.",
    ),
    Mutant(
        "status_lost_after_the_first_page", LISTS, "pages after the first hold sessions of any status",
        asks("listSessions", _any_status_after_the_first_page), SAID, "Only sessions with this status.",
    ),
    Mutant(
        "created_from_by_the_day", LISTS, "created_from finds what was created on that day, also before the moment",
        asks("listSessions", _from_the_day), SAID, "Only sessions created at this moment or later",
    ),
)  # fmt: skip
