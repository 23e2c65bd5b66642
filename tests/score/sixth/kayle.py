"""Broken implementations of Kayle ID, of the sixth set."""

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
    answers,
    asks,
    at,
    drop,
    header,
    shifted,
)  # fmt: skip
from tests.score.memories import recalling

READ, LIST, CREATE, CANCEL, BY_TOKEN = "getSession", "listSessions", "createSession", "cancelSession", "cancelByToken"
PATCH = "updateWebhookEndpoint"
SHOWN = f"{READ} {LIST}"
CODES = {"nfc_tries_used": "document_authenticity_failed", "liveness_tries_used": "liveness_failed"}
UPDATED = {"name", "url", "enabled", "subscribed_event_types", "undelivered_payload_retention_hours"}
NOBODYS = "0" * 48
PAGE = 20  # sessions, where nothing is asked for


def _sessions(body: Any) -> list[dict[str, Any]]:
    data = at(body, "/data")
    return data if isinstance(data, list) else [data] if isinstance(data, dict) else []


def _with_its_code(body: Any, _: Call) -> None:
    for session in _sessions(body):
        for name, code in CODES.items():
            if session["status"] != "failed" and session[name] > 0:
                session["failure_code"] = code


def _without_an_end(body: Any, _: Call) -> None:
    for session in _sessions(body):
        if session["status"] == "expired":
            session["completed_at"] = None


def _no_fields(call: Call) -> None:
    if at(call.json, "/share_fields") == {}:
        call.json = {**call.json, "share_fields": []}


def _twenty(call: Call) -> None:
    if "limit" not in call.queries:
        call.queries = {**call.queries, "limit": str(PAGE)}


def _as_many_as_came(body: Any, _: Call) -> None:
    body["pagination"]["limit"] = len(body["data"])


def _required_alone(body: Any, _: Call) -> None:
    for session in _sessions(body):
        session["share_fields"] = {key: field for key, field in session["share_fields"].items() if field["required"]}


async def _opened_alone(call: Call, ask: Ask, _: dict[Any, Any]) -> Answer:
    answer = await ask(call)
    if call.operation == LIST and answer.status == 200 and "status" not in call.queries:
        body = answer.json
        body["data"] = [session for session in body["data"] if session["status"] != "created"]
        answer.json = body
    return answer


async def _ends_again(call: Call, ask: Ask, memory: dict[Any, Any]) -> Answer:
    """The time of each further cancellation is the session's end; `memory` counts the cancellations of each session."""
    answer = await ask(call)
    if call.operation == CANCEL and answer.status == 204 and not call.has_preference:
        memory[call.parameters["id"]] = memory.get(call.parameters["id"], -1) + 1
    elif call.operation in (READ, LIST) and answer.status == 200:
        body = answer.json
        for session in _sessions(body):
            further = memory.get(session["id"], 0)
            if session["status"] == "cancelled" and further > 0:
                for name in ("completed_at", "updated_at"):
                    session[name] = shifted(further * STEP_MILLISECONDS / 1000)(session[name])
        answer.json = body
    return answer


async def _the_same_token(call: Call, ask: Ask, memory: dict[Any, Any]) -> Answer:
    """The first token is everybody's; `memory` has it, and each session's own."""
    asked = call.json
    if call.operation == BY_TOKEN and at(asked, "/cancel_token") in memory.values() and call.parameters["id"] in memory:
        is_everybodys = asked["cancel_token"] == memory[CREATE]
        call.json = {**asked, "cancel_token": memory[call.parameters["id"]] if is_everybodys else NOBODYS}
    answer = await ask(call)
    if call.operation == CREATE and answer.status == 200 and not call.has_preference:
        session = answer.json["data"]
        own = memory[session["id"]] = session["cancel_token"]
        answer.body = answer.body.replace(own.encode(), memory.setdefault(CREATE, own).encode())
    return answer


def _labels_too(call: Call) -> None:
    asked = call.json
    if isinstance(asked, dict) and "labels" not in asked and asked.keys() & UPDATED:
        call.json = {**asked, "labels": []}


MUTANTS = (
    Mutant(
        "no_fields_refused", REQUESTS, "share_fields without a field are refused",
        asks(CREATE, _no_fields),
        SAID, "Optional map of requested share fields keyed by claim key.",
    ),
    Mutant(
        "not_found_said_to_be_html", SHAPE, "the answer about an unknown session calls its JSON text/html",
        header(READ, "content-type", "text/html; charset=UTF-8", of="404"),
        SAID, "'404': description: Session not found. content: application/json: schema",
    ),
    Mutant(
        "no_error_no_member", SHAPE, "a session and a list are answered without error, which would be null",
        answers(SHOWN, drop("/error")),
        SAID, "required: - data - error",
    ),
    Mutant(
        "code_of_the_last_try", FIELDS, "a failed try that may be repeated leaves its failure_code on the session",
        answers(SHOWN, _with_its_code),
        SAID, "Terminal failure code when status='failed'. Null in any other state.",
    ),
    Mutant(
        "expired_without_an_end", FIELDS, "a session that expired has no completed_at",
        answers(SHOWN, _without_an_end),
        SAID, "The time the verification session reached a terminal state (i.e., succeeded, failed, expired or cancelled)",
    ),
    Mutant(
        "cancelling_again_moves_the_end", TIME, "a cancelled session that is cancelled again ends anew",
        recalling(_ends_again),
        SAID, "It may be repeated; a session in a terminal status is left as it is",
    ),
    Mutant(
        "one_token_for_all", TIME, "every session is created with the token of the first one",
        recalling(_the_same_token),
        IMPLIED, "One-shot token required by POST /v1/verify/session/:id/cancel. Returned only on session creation.",
    ),
    Mutant(
        "labels_lost_by_other_updates", TIME, "an update of a webhook endpoint that names no labels empties them",
        asks(PATCH, _labels_too),
        IMPLIED, "Update URL and/or enabled state of a webhook endpoint",
    ),
    Mutant(
        "limit_says_how_many_came", LISTS, "the limit of a page is the number of sessions on it",
        answers(LIST, _as_many_as_came),
        SAID, "The maximum number of items returned.",
    ),
    Mutant(
        "twenty_without_a_limit", LISTS, "without a limit a page holds twenty sessions, and says so",
        asks(LIST, _twenty),
        SAID, "Maximum number of sessions to return. Defaults to 10 if not specified.",
    ),
    Mutant(
        "unopened_not_listed", LISTS, "without a status, sessions that nobody has opened are not listed",
        recalling(_opened_alone),
        IMPLIED, "Returns a list of verification sessions for the organization.",
    ),
    Mutant(
        "list_of_required_fields", LISTS, "a session in a list shows of its share fields the required ones",
        answers(LIST, _required_alone),
        SAID, "Effective normalized share fields used by this session.",
    ),
)  # fmt: skip
