"""Broken implementations of Kayle ID, held out from the authors of the rules."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from tests.score.asgi import Answer, Ask, Call
from tests.score.changes import (
    FIELDS,
    IMPLIED,
    LISTS,
    SAID,
    SHAPE,
    TIME,
    Change,
    Mutant,
    alter,
    answers,
    asks,
    put,
    shows,
)

ENDED = shows("/data/status", "succeeded", "failed", "expired", "cancelled")


def _sessions(body: Any) -> Iterator[Any]:
    yield from body["data"] if isinstance(body["data"], list) else [body["data"]]


def _nulls_left_out(body: Any, _: Call) -> None:
    for session in _sessions(body):
        for name in [name for name, value in session.items() if value is None]:
            del session[name]


def _swapped(body: Any, _: Call) -> None:
    for session in _sessions(body):
        names = "nfc_tries_used", "liveness_tries_used"
        session.update(zip(names, [session[name] for name in reversed(names)], strict=True))


def _ended_at_the_deadline(body: Any, _: Call) -> None:
    body["data"]["completed_at"] = body["data"]["expires_at"]


def _another_token(body: Any, _: Call) -> None:
    data = body["data"]
    data["verification_url"] = data["verification_url"].replace(data["cancel_token"], data["cancel_token"][::-1])


def _tokens_listed() -> Change:
    """A session is stored with the answer to its creation, and listed as it is stored."""
    tokens: dict[str, str] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        body = answer.json
        if call.operation == "createSession" and answer.status == 200:
            tokens[body["data"]["id"]] = body["data"]["cancel_token"]
        if call.operation == "listSessions" and answer.status == 200:
            for session in body["data"]:
                if session["id"] in tokens:
                    session["cancel_token"] = tokens[session["id"]]
            answer.json = body
        return answer

    return change


def _read_from_a_copy() -> Change:
    """The first read after a cancellation is answered by a copy that does not have it yet."""
    before: dict[str, bytes] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        shown = call.parameters.get("id", "")
        if call.operation in ("cancelSession", "cancelByToken") and not call.has_preference:
            live = call.provider.lifecycle.credentials["live"].headers["Authorization"]
            read = await ask(Call(call.provider, "GET", f"/v1/sessions/{quote(shown)}", "", {"authorization": live}, b""))
            answer = await ask(call)
            if answer.status == 204 and read.status == 200:
                before[shown] = read.body
            return answer
        answer = await ask(call)
        if call.operation == "getSession" and answer.status == 200 and not call.has_preference:
            answer.body = before.pop(shown, answer.body)
        return answer

    return change


def _required_alone(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: field for name, field in fields.items() if field["required"]}


def _promises_another(body: Any, _: Call) -> None:
    """Whether there is more is told from the page being full."""
    pagination = body["pagination"]
    if len(body["data"]) == pagination["limit"]:
        pagination.update(has_more=True, next_cursor=body["data"][-1]["id"])


def _status_alone(call: Call) -> None:
    wanted = call.queries
    if "status" in wanted:
        call.queries = {name: value for name, value in wanted.items() if name not in ("created_from", "created_to")}


def _cancelled_hidden(body: Any, call: Call) -> None:
    if "status" not in call.queries:
        body["data"] = [session for session in body["data"] if session["status"] != "cancelled"]


MUTANTS = (
    Mutant(
        "nulls_left_out", SHAPE, "what is null is left out: failure_code, completed_at, redirect_url and webhook_endpoint_id",
        answers("createSession getSession listSessions", _nulls_left_out), SAID,
        "required: … failure_code … redirect_url, webhook_endpoint_id … completed_at",
    ),
    Mutant(
        "counters_swapped", FIELDS, "the tries of the chip are counted as those of the liveness check, and the reverse",
        answers("getSession listSessions", _swapped), SAID, "Number of NFC chip-read failures the session has consumed.",
    ),
    Mutant(
        "ended_at_the_deadline", FIELDS, "an ended session's completed_at is its expires_at, which may lie ahead",
        answers("getSession", _ended_at_the_deadline, when=ENDED), SAID,
        "The time the verification session reached a terminal state",
    ),
    Mutant(
        "another_token_in_the_url", FIELDS, "the cancel_token in the verification_url is not the cancel_token beside it",
        answers("createSession", _another_token), SAID, "Includes the one-shot `cancel_token` as a query parameter",
    ),
    Mutant(
        "read_from_a_copy", TIME, "the first read after a cancellation shows the session as it was before",
        _read_from_a_copy, IMPLIED, "The status of the verification session",
    ),
    Mutant(
        "optional_fields_forgotten", TIME, "a read shows the share fields that are required alone",
        answers("getSession", alter("/data/share_fields", _required_alone)), SAID,
        "Effective normalized share fields used by this session.",
    ),
    Mutant(
        "reasons_escaped_for_html", TIME, "a read shows the reasons with &quot; for each quotation mark",
        answers("getSession", alter("/data/share_fields/*/reason", html.escape)), IMPLIED,
        "Reason shown to the user for this field.",
    ),
    Mutant(
        "redirect_forgotten_at_the_end", TIME, "redirect_url is null once the session has ended",
        answers("getSession", put("/data/redirect_url", None), when=ENDED), SAID,
        "The URL to redirect to after the verification session is completed, if provided by the integrator.",
    ),
    Mutant(
        "tokens_in_lists", TIME, "lists show the cancel_token of each session",
        _tokens_listed, SAID, "One-shot token … Returned only on session creation.",
    ),
    Mutant(
        "full_page_promises_another", LISTS, "a last page that is full has a next_cursor, to an empty page",
        answers("listSessions", _promises_another), SAID, "Whether another page follows.",
    ),
    Mutant(
        "dates_ignored_beside_a_status", LISTS, "created_from and created_to are ignored where a status is asked for too",
        asks("listSessions", _status_alone), SAID, "Only sessions created at this moment or later",
    ),
    Mutant(
        "cancelled_not_listed", LISTS, "a list without a filter leaves cancelled sessions out",
        answers("listSessions", _cancelled_hidden), IMPLIED, "Answers the sessions in the order of their ids, page by page.",
    ),
)  # fmt: skip
