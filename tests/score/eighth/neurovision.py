"""Broken implementations of Neuro-Vision, of the eighth set."""

from __future__ import annotations

import copy
from typing import Any

from tests.score.asgi import Answer, Call
from tests.score.changes import (
    FIELDS,
    LISTS,
    REQUESTS,
    SAID,
    SHAPE,
    TIME,
    Mutant,
    alter,
    answers,
    asks,
    at,
    sent,
    takes,
)
from tests.score.memories import remembering

STATUS, PROCESS = "getSessionStatus", "processImages"
BOTH = f"{STATUS} {PROCESS}"
MOST = 36  # characters of a clientKey
LIFETIME = 1800  # seconds
ATTEMPT = ("status", "spent", "errors", "docName", "startedAt", "checks", "images", "imagesFull")


def _without_the_bodys_token(call: Call) -> None:
    asked = call.json
    if "token" not in call.headers and isinstance(asked, dict) and "token" in asked:
        del asked["token"]
        call.json = asked


def _is_not_found(answer: Answer) -> bool:
    return bool(at(answer.json, "/message") == "session not found")


def _404(answer: Answer, _: Call) -> None:
    if _is_not_found(answer):
        answer.status = 404


def _is_key(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MOST


def _by_session_id(call: Call) -> None:
    asked = call.json
    if isinstance(asked, dict) and "sessionId" in asked and _is_key(asked.get("clientKey")):
        del asked["clientKey"]
        call.json = asked


def _status_of_the_last_task(body: Any, _: Call) -> None:
    if body.get("results"):
        body["status"] = body["results"][-1]["status"]


def _is_judged(body: Any) -> bool:
    return body.get("status") in ("success", "failed")


def _first_response_time(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    body["responseTime"] = memory.setdefault((body["sessionId"], body["status"]), body["responseTime"])


def _history_of_every_attempt(body: Any, _: Call) -> None:
    for task in body["results"]:
        if task["type"] == "document" and task["status"] in ("success", "failed"):
            task["history"].append({name: copy.deepcopy(task[name]) for name in ATTEMPT})


def _has_results(body: Any) -> bool:
    return "results" in body


MUTANTS = (
    Mutant(
        "api_token_of_the_body_not_read",
        REQUESTS,
        "A token is looked for in the header alone",
        asks(STATUS, _without_the_bodys_token),
        SAID,
        "API Token (timeuuid) in the request body:",
    ),
    Mutant(
        "missing_session_with_404",
        REQUESTS,
        "A session that is not there is answered with status 404",
        sent(STATUS, _404),
        SAID,
        "Session not found (200)",
    ),
    Mutant(
        "client_key_of_any_length",
        REQUESTS,
        "A clientKey that is too long is looked for",
        takes(STATUS, "/clientKey", lambda key: isinstance(key, str) and len(key) > MOST, "-" * MOST),
        SAID,
        "a non-empty string with a maximum length of 36 characters",
    ),
    Mutant(
        "whole_time_in_milliseconds",
        SHAPE,
        "The session's processing time is in milliseconds",
        answers(BOTH, alter("/spent", lambda seconds: round(seconds * 1000))),
        SAID,
        "Total processing time in seconds",
    ),
    Mutant(
        "no_errors_is_null",
        SHAPE,
        "The errors of a session and of a task that has none are null",
        answers(BOTH, alter("/errors", lambda errors: errors or None), alter("/results/*/errors", lambda errors: errors or None)),
        SAID,
        '"errors": [],',
    ),
    Mutant(
        "id_goes_before_the_key",
        FIELDS,
        "Where both are given the session is found by sessionId",
        asks(STATUS, _by_session_id),
        SAID,
        "the search will be performed by clientKey, sessionId will be ignored",
    ),
    Mutant(
        "unidentified_client_is_null",
        FIELDS,
        "The clientId of a client that is not identified is null",
        answers(BOTH, alter("/clientId", lambda client: client or None)),
        SAID,
        "Client UUID (empty string if client is not identified)",
    ),
    Mutant(
        "last_task_decides_alone",
        FIELDS,
        "The session's status is that of its last task, whatever the others have",
        answers(BOTH, _status_of_the_last_task, when=_is_judged),
        SAID,
        "One or more tasks failed",
    ),
    Mutant(
        "seconds_to_live_not_counted_down",
        TIME,
        "secondsToLive is the whole lifetime, also of an expired session",
        answers(BOTH, alter("/secondsToLive", lambda _: LIFETIME)),
        SAID,
        "Remaining session lifetime in seconds (0 = expired)",
    ),
    Mutant(
        "client_is_always_new",
        TIME,
        "isClientNew is true at every visit",
        answers(BOTH, alter("/isClientNew", lambda _: True)),
        SAID,
        "true — first client visit, false — repeat visit",
    ),
    Mutant(
        "response_time_of_the_first_answer",
        TIME,
        "responseTime is kept with the answer until the status changes",
        remembering(STATUS, _first_response_time, when=_has_results),
        SAID,
        "Response generation time",
    ),
    Mutant(
        "history_with_the_current_attempt",
        LISTS,
        "The history has every attempt, also the current one",
        answers(BOTH, _history_of_every_attempt, when=_has_results),
        SAID,
        "History of previous attempts (if tries > 1)",
    ),
)
