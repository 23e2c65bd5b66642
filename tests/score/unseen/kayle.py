"""Broken implementations of Kayle ID, unseen by the authors of the rules."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
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
    answers,
    asks,
    at,
    drop,
    put,
    shifted,
    shows,
)

MOST = 200  # characters of a reason
STEP = 0.04  # seconds between two requests
TRIES = ("nfc_tries_used", "liveness_tries_used")
READ = "getSession listSessions"
ENDED = shows("/data/status", "succeeded", "failed", "expired", "cancelled")
ANOTHER_TOKEN = "0" * 48


def _sessions(body: Any) -> Iterator[Any]:
    yield from body["data"] if isinstance(body["data"], list) else [body["data"]]


def _longest_is_too_long(call: Call) -> None:
    """The mock refuses a character more."""
    asked = call.json
    fields = at(asked, "/share_fields")
    wanted = list(fields.values()) if isinstance(fields, dict) else []
    for field in wanted:
        reason = at(field, "/reason")
        if isinstance(reason, str) and len(reason) == MOST:
            field["reason"] = reason + "x"
            call.json = asked


def _whoever_asks() -> Change:
    """The session is looked up by its id alone."""

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call.copy())
        if call.operation == "cancelSession" and answer.status == 404 and not call.has_preference:
            for entry in call.provider.lifecycle.credentials.values():
                if entry.fails is None and "refused" not in entry.facts:
                    other = call.copy()
                    other.headers["authorization"] = entry.headers["Authorization"]
                    found = await ask(other)
                    if found.status != 404:
                        return found
        return answer

    return change


def _two_at_most(body: Any, _: Call) -> None:
    """The session ends before the failure that ends it is counted."""
    for session in _sessions(body):
        for name in TRIES:
            session[name] = min(2, session[name])


def _asked_for_alone(body: Any, _: Call) -> None:
    for session in _sessions(body):
        fields = session["share_fields"]
        if any(field["source"] == "rc" for field in fields.values()):
            session["share_fields"] = {name: field for name, field in fields.items() if field["source"] == "rc"}


def _without_an_end(body: Any, _: Call) -> None:
    for session in _sessions(body):
        if session["status"] == "cancelled":
            session["completed_at"] = None


def _from_the_last_update(body: Any, _: Call) -> None:
    for session in _sessions(body):
        if session["status"] != "expired":
            created, updated = (datetime.fromisoformat(session[name]) for name in ("created_at", "updated_at"))
            session["expires_at"] = shifted((updated - created).total_seconds())(session["expires_at"])


def _spent_by_any_try() -> Change:
    """The token is marked as used before it is compared."""
    spent: set[str] = set()

    async def change(call: Call, ask: Ask) -> Answer:
        token = at(call.json, "/cancel_token") if call.operation == "cancelByToken" else None
        if call.has_preference or not isinstance(token, str) or not re.fullmatch("[a-z0-9]{48}", token):
            return await ask(call)
        shown = call.parameters["id"]
        is_spent = shown in spent
        if is_spent:
            call.json = {**call.json, "cancel_token": ANOTHER_TOKEN}
        answer = await ask(call)
        body = answer.json
        if answer.status == 401 and body["error"]["code"] == "CANCEL_TOKEN_INVALID":
            spent.add(shown)
            if is_spent:
                body["error"].update(code="CANCEL_TOKEN_USED", message="The cancel token was used before.")
                answer.json = body
        return answer

    return change


def _each_cancellation_updates() -> Change:
    """A cancellation writes its time, whatever the session's status is."""
    count: Counter[str] = Counter()

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        if call.operation == "cancelSession" and answer.status == 204 and not call.has_preference:
            count[call.parameters["id"]] += 1
        if call.operation in READ.split() and answer.status == 200:
            body = answer.json
            for session in _sessions(body):
                session["updated_at"] = shifted(STEP * max(0, count[session["id"]] - 1))(session["updated_at"])
            answer.json = body
        return answer

    return change


def _instant(text: str) -> tuple[str, str]:
    """What tells whether two UTC timestamps are the same, however many digits their seconds have."""
    seconds, _, digits = text.removesuffix("Z").partition(".")
    return seconds, digits.rstrip("0")


def _one_late(body: Any, call: Call) -> None:
    if "starting_after" in call.queries:
        body["data"] = body["data"][1:]


def _earlier_than_the_last_moment(body: Any, call: Call) -> None:
    latest = call.queries.get("created_to")
    if latest is not None:
        body["data"] = [session for session in body["data"] if _instant(session["created_at"]) != _instant(latest)]


MUTANTS = (
    Mutant(
        "longest_reason_refused", REQUESTS, "a reason of 200 characters is refused as too long",
        asks("createSession", _longest_is_too_long), SAID, "reason: type: string, maxLength: 200",
    ),
    Mutant(
        "other_organizations_cancel", REQUESTS, "a key of one organization cancels the sessions of another one",
        _whoever_asks, SAID, "No session has this id.",
    ),
    Mutant(
        "not_found_without_hint", SHAPE, "the error of a session that does not exist has no hint",
        answers("getSession", drop("/error/hint"), status="404"), SAID, "required: code, message, hint, docs",
    ),
    Mutant(
        "expiry_null_once_ended", SHAPE, "expires_at is null once the session has ended",
        answers("getSession", put("/data/expires_at", None), when=ENDED), SAID,
        "expires_at: type: string, description: The expiration time of the verification session",
    ),
    Mutant(
        "third_failure_not_counted", FIELDS, "a session that failed at its third try has used two",
        answers(READ, _two_at_most), SAID, "Number of liveness check failures … The session terminalizes on the 3rd failure.",
    ),
    Mutant(
        "document_id_not_added", FIELDS, "a session that asks for some fields does not get kayle_document_id beside them",
        answers(f"createSession {READ}", _asked_for_alone), SAID,
        "`kayle_document_id` is added where it is missing, and always required.",
    ),
    Mutant(
        "cancelled_without_an_end", FIELDS, "a cancelled session has completed_at null",
        answers(READ, _without_an_end), SAID, "reached a terminal state (… expired or cancelled), or null if not yet terminal",
    ),
    Mutant(
        "expiry_from_the_last_update", TIME, "each change of a session moves its expires_at, as its hour begins anew",
        answers(READ, _from_the_last_update), IMPLIED, "The expiration time of the verification session",
    ),
    Mutant(
        "token_spent_by_a_wrong_try", TIME, "after a try with a wrong cancel_token the right one is answered CANCEL_TOKEN_USED",
        _spent_by_any_try, SAID, "it is used up by its first success",
    ),
    Mutant(
        "cancelling_again_updates", LISTS, "cancelling a session a second time moves its updated_at",
        _each_cancellation_updates, SAID, "It may be repeated; a session in a terminal status is left as it is.",
    ),
    Mutant(
        "page_begins_one_late", LISTS, "each page after the first leaves its first session out",
        answers("listSessions", _one_late), SAID,
        "The `next_cursor` of the page before, a session's id; the answer begins after it.",
    ),
    Mutant(
        "created_to_exclusive", LISTS, "created_to leaves out what was created at that very moment",
        answers("listSessions", _earlier_than_the_last_moment), SAID, "Only sessions created at this moment or earlier",
    ),
)  # fmt: skip
