"""Broken implementations of Neuro-Vision, of the seventh set."""

from __future__ import annotations

import re
from typing import Any

from tests.score.asgi import Answer, Call
from tests.score.changes import (
    FIELDS,
    IMPLIED,
    REQUESTS,
    SAID,
    SHAPE,
    TIME,
    Mutant,
    alter,
    answers,
    asks,
    at,
    put,
    sent,
    takes,
)

READ, SEND = "getSessionStatus", "processImages"
BOTH = f"{READ} {SEND}"
LIFETIME = 1800  # seconds
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
NOBODYS = "00000000-0000-1000-8000-000000000000"


def _is_session(body: Any) -> bool:
    return isinstance(body, dict) and "results" in body


def _is_other_uuid(value: Any) -> bool:
    found = UUID.fullmatch(value) if isinstance(value, str) else None
    return found is not None and found[1] != "1"


def _not_found(answer: Answer, _: Call) -> None:
    if at(answer.json, "/message") == "session not found":
        answer.status = 404


def _without_key(call: Call) -> None:
    value = call.json
    if isinstance(value, dict) and isinstance(value.get("sessionId"), str) and isinstance(value.get("clientKey"), str):
        del value["clientKey"]
        call.json = value


def _nulls(body: Any, _: Call) -> None:
    for name in ("email", "wallet"):
        body.setdefault(name, None)


def _succeeded(body: Any, _: Call) -> None:
    for task in body["results"]:
        if task["status"] == "failed":
            task["status"] = "success"


def _made_now(body: Any, _: Call) -> None:
    body["createdAt"] = body["responseTime"]


MUTANTS = (
    Mutant(
        "not_found_by_its_status",
        SHAPE,
        "A session that is not found is answered 404",
        sent(READ, _not_found),
        SAID,
        "Session not found (200)",
    ),
    Mutant(
        "contacts_null",
        SHAPE,
        "email and wallet are null where they are not known",
        answers(BOTH, _nulls, when=_is_session),
        SAID,
        "email | string | Client email (optional)",
    ),
    Mutant(
        "uuid_of_any_version",
        REQUESTS,
        "A sessionId that is a UUID of another version is looked up",
        takes(READ, "/sessionId", _is_other_uuid, NOBODYS),
        SAID,
        "is not a valid timeuuid (UUID v1)",
    ),
    Mutant(
        "empty_key_is_left_out",
        REQUESTS,
        "An empty clientKey is taken as if it were not there",
        takes(READ, "/clientKey", lambda key: key == ""),
        SAID,
        "a non-empty string with a maximum length of 36 characters",
    ),
    Mutant(
        "total_in_milliseconds",
        FIELDS,
        "The session's spent is in milliseconds, that of its tasks in seconds",
        answers(BOTH, alter("/spent", lambda spent: round(spent * 1000)), when=_is_session),
        SAID,
        "Total processing time in seconds",
    ),
    Mutant(
        "session_id_before_client_key",
        FIELDS,
        "Of both identifiers the sessionId is looked up",
        asks(READ, _without_key),
        SAID,
        "the search will be performed by clientKey, sessionId will be ignored.",
    ),
    Mutant(
        "history_always_empty",
        FIELDS,
        "history is empty, however many tries there were",
        answers(BOTH, alter("/results/*/history", lambda _: []), when=_is_session),
        IMPLIED,
        "History of previous attempts (if tries > 1)",
    ),
    Mutant(
        "failed_tasks_succeed",
        FIELDS,
        "The task for which a session failed says success",
        answers(BOTH, _succeeded, when=lambda body: _is_session(body) and body["status"] == "failed"),
        SAID,
        "One or more tasks failed",
    ),
    Mutant(
        "lifetime_not_counted_down",
        TIME,
        "secondsToLive is the whole lifetime, also once the session has expired",
        answers(BOTH, put("/secondsToLive", LIFETIME), when=_is_session),
        SAID,
        "Remaining session lifetime in seconds (0 = expired)",
    ),
    Mutant(
        "client_always_new",
        TIME,
        "isClientNew is always true",
        answers(BOTH, put("/isClientNew", True), when=_is_session),
        SAID,
        "true — first client visit, false — repeat visit",
    ),
    Mutant(
        "created_when_answered",
        TIME,
        "createdAt is the time of the answer",
        answers(BOTH, _made_now, when=_is_session),
        SAID,
        "Session creation date and time",
    ),
    Mutant(
        "client_key_not_shown",
        TIME,
        "clientKey is empty, whatever was passed",
        answers(BOTH, put("/clientKey", ""), when=_is_session),
        SAID,
        "Client key passed during session creation",
    ),
)
