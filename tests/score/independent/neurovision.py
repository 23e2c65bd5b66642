"""Broken implementations of Neuro-Vision, written from the vendor's page without knowledge of the rules."""

from __future__ import annotations

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
    alter,
    answers,
    asks,
    shows,
)
from tests.score.memories import moving, remembering

READ = "getSessionStatus"
BOTH = "getSessionStatus processImages"
NOT_FOUND = shows("/message", "session not found")
MOST = 36  # characters of a clientKey


def _asked(call: Call) -> dict[str, Any]:
    return call.json if isinstance(call.json, dict) else {}


def _falls_back() -> Change:
    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        wanted = _asked(call)
        if call.operation == READ and "clientKey" in wanted and "sessionId" in wanted and NOT_FOUND(answer.json):
            call.json = {name: value for name, value in wanted.items() if name != "clientKey"}
            return await ask(call)
        return answer

    return change


def _longest_is_too_long(call: Call) -> None:
    """The mock refuses a character more."""
    wanted = _asked(call)
    key = wanted.get("clientKey")
    if isinstance(key, str) and len(key) == MOST:
        call.json = {**wanted, "clientKey": key + "x"}


def _form_before_token() -> Change:
    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        if call.operation != READ or answer.status != 401 or "token" in call.headers or "token" in _asked(call):
            return answer
        call.headers["token"] = call.provider.lifecycle.credentials["jwt"].headers["token"]
        earlier = await ask(call)
        return earlier if earlier.status == 400 else answer

    return change


def _fraction(value: Any) -> Any:
    return f"{float(value[:-1]) / 100:g}" if isinstance(value, str) and value.endswith("%") else value


def _cached_time(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    if "responseTime" in body:
        body["responseTime"] = memory.setdefault(body["sessionId"], body["responseTime"])


def _age(body: Any, _: Call) -> None:
    created, now = (datetime.fromisoformat(body[name]) for name in ("createdAt", "responseTime"))
    body["secondsToLive"] = int((now - created).total_seconds())


def _key_lost(body: Any, call: Call) -> None:
    if "clientKey" in body and "clientKey" not in _asked(call):
        body["clientKey"] = ""


def _key_in_any_case() -> Change:
    known: dict[str, str] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        shown = answer.json.get("clientKey") if isinstance(answer.json, dict) else None
        if shown:
            known[shown.lower()] = shown
        key = _asked(call).get("clientKey")
        if call.operation == READ and isinstance(key, str) and NOT_FOUND(answer.json) and key.lower() in known:
            call.json = {**_asked(call), "clientKey": known[key.lower()]}
            return await ask(call)
        return answer

    return change


MUTANTS = (
    Mutant(
        "session_id_after_unknown_key", REQUESTS, "where no session has the clientKey, the sessionId beside it is looked up",
        _falls_back, SAID, "the search will be performed by clientKey, sessionId will be ignored",
    ),
    Mutant(
        "longest_key_refused", REQUESTS, "a clientKey of 36 characters is refused as too long",
        asks(READ, _longest_is_too_long), SAID, "a non-empty string with a maximum length of 36 characters",
    ),
    Mutant(
        "form_before_token", REQUESTS, "a malformed request without a token is answered invalid schema",
        _form_before_token, SAID, 'Without a token … the request will return "access denied"',
    ),
    Mutant(
        "match_as_fraction", SHAPE, "a face match is a fraction of 1, not a percentage",
        answers(BOTH, alter("/results/*/checks/*/items/*/value", _fraction)), SAID, "Percentage of face match",
    ),
    Mutant(
        "detail_names_another_field", FIELDS, "an invalid clientKey is told as a fault of sessionId",
        answers(READ, alter("/details/*/path", lambda path: "sessionId" if path == "clientKey" else path), status="400"),
        SAID, '"actual": "not-a-uuid", "path": "sessionId"',
    ),
    Mutant(
        "spent_in_milliseconds", FIELDS, "spent is in milliseconds, of the session and of its tasks",
        answers(BOTH, *(alter(at, lambda spent: round(spent * 1000)) for at in ("/spent", "/results/*/spent"))),
        SAID, "Total processing time in seconds",
    ),
    Mutant(
        "tries_without_history", FIELDS, "a document that needed several tries has an empty history",
        answers(BOTH, alter("/results/*/history", lambda _: [])), SAID, "History of previous attempts (if tries > 1)",
    ),
    Mutant(
        "response_time_cached", TIME, "responseTime is that of the first answer about the session",
        remembering(READ, _cached_time), SAID, "Response generation time",
    ),
    Mutant(
        "age_as_seconds_to_live", TIME, "secondsToLive counts up from the session's creation",
        answers(BOTH, _age, when=shows("/status", "idle", "processing")), SAID,
        "Remaining session lifetime in seconds (0 = expired)",
    ),
    Mutant(
        "reading_is_a_visit", TIME, "isClientNew is true in the first read alone",
        moving(READ, "/isClientNew", lambda value, count: value and count == 0), IMPLIED,
        "true — first client visit, false — repeat visit",
    ),
    Mutant(
        "key_shown_to_its_searcher_alone", TIME, "a read by sessionId shows no clientKey, though the session has one",
        answers(READ, _key_lost), SAID, "Client key passed during session creation",
    ),
    Mutant(
        "key_in_any_case", LISTS, "a clientKey finds the session of a key that differs in capitals",
        _key_in_any_case, IMPLIED, "Sessions with the specified sessionId or clientKey do not exist",
    ),
)  # fmt: skip
