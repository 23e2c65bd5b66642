"""Broken implementations of Kyve, unseen by the authors of the rules."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from tests.score.asgi import Answer, Ask, Call
from tests.score.changes import (
    ASSUMED,
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
    put,
    sent,
    shifted,
    shows,
)
from tests.score.memories import remembering

KEY = "idempotency-key"
COLUMN = 16  # characters of a key that are kept
HALF_AN_HOUR = 1800
SESSIONS = "createSession getSession cancelSession"
EVERY = f"{SESSIONS} getVerification listVerifications"


def _unprocessable(answer: Answer, _: Call) -> None:
    if answer.json["error"]["code"] == "verification_not_cancelable":
        answer.status = 422


def _path_alone(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def _header_of_another(answer: Answer, _: Call) -> None:
    """The header is made by a proxy, which has ids of its own."""
    if answer.status >= 400:
        shown = answer.header("KYC-Request-Id")
        answer.set_header("KYC-Request-Id", "req_" + shown.removeprefix("req_")[::-1])


def _undecided(body: Any, _: Call) -> None:
    for check in body.get("checks", ()):
        if check["status"] == "failed":
            check["status"] = "review"


def _one_link(body: Any, _: Call) -> None:
    for picture in body.get("media", ()):
        picture["url"] = body["media"][0]["url"]


def _as_text(values: Any) -> Any:
    """Each value as a column of text keeps it."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}


def _old_copy(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    """Each third read comes to a copy that still has what the first read found."""
    count, first = memory.get(body["id"], (1, body["status"]))
    memory[body["id"]] = count + 1, first
    if count % 3 == 0:
        body["status"] = first


def _repeated_as_found() -> Change:
    seen: set[tuple[str, str]] = set()

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        key = call.headers.get(KEY)
        if call.operation == "createSession" and key is not None and answer.status == 201:
            place = call.headers.get("authorization", ""), key
            answer.status = 200 if place in seen else 201
            seen.add(place)
        return answer

    return change


def _cut(call: Call) -> None:
    if KEY in call.headers:
        call.headers[KEY] = call.headers[KEY][:COLUMN]


def _unfiltered(call: Call) -> None:
    wanted = call.queries
    if wanted.get("status") in call.provider.lifecycle.states and "limit" not in wanted:
        del wanted["status"]
        call.queries = wanted


MUTANTS = (
    Mutant(
        "not_cancelable_as_unprocessable", REQUESTS, "a session that can no longer be canceled is answered 422 instead of 409",
        sent("cancelSession", _unprocessable, status="409"), SAID, "The session can no longer be canceled",
    ),
    Mutant(
        "media_without_a_host", SHAPE, "media URLs begin with the path",
        answers("getVerification", alter("/media/*/url", _path_alone)), SAID, "media URLs (R2 pre-signed, expire in 15 minutes)",
    ),
    Mutant(
        "request_id_of_another", FIELDS, "the header of an error has another request id than its body",
        sent(EVERY, _header_of_another, status=""), SAID, "The request's id; the header KYC-Request-Id repeats it.",
    ),
    Mutant(
        "failed_without_a_failed_check", FIELDS, "the checks of a failed verification are under review where they failed",
        answers("getVerification", _undecided, when=shows("/status", "failed")), SAID,
        "failed — at least one check failed decisively",
    ),
    Mutant(
        "an_hour_to_live", FIELDS, "a session expires an hour after its creation",
        answers(SESSIONS, alter("/expires_at", shifted(HALF_AN_HOUR))), SAID, "session TTL exceeded (default 30 minutes)",
    ),
    Mutant(
        "one_link_for_all_media", FIELDS, "all media of a verification have the URL of the first one",
        answers("getVerification", _one_link), IMPLIED, "the resolved fields extracted from the ID, and media URLs",
    ),
    Mutant(
        "metadata_as_text", TIME, "numbers and objects in the metadata come back as strings",
        answers(EVERY, alter("/metadata", _as_text), alter("/data/*/metadata", _as_text)), ASSUMED,
        "What the tenant wants to find again, as sent on creation. Free form.",
    ),
    Mutant(
        "review_does_not_reach_the_verification", TIME, "the verification of a session in requires_review stays in_progress",
        answers("getVerification", put("/status", "in_progress"), when=shows("/status", "requires_review")), IMPLIED,
        "the platform writes the result to a verification record",
    ),
    Mutant(
        "third_read_from_an_old_copy", TIME, "each third read of a session shows the status that the first one showed",
        remembering("getSession", _old_copy), IMPLIED, "created → requires_input → in_progress → (completed | failed",
    ),
    Mutant(
        "replay_as_found", LISTS, "a creation that is replayed is answered 200, the original one was answered 201",
        _repeated_as_found, SAID, "Replaying the same key with the same body returns the original response",
    ),
    Mutant(
        "keys_cut_to_the_column", LISTS, "keys that have the same first 16 characters are taken for the same",
        asks("createSession cancelSession", _cut), SAID,
        "Replaying the same key with the same body returns the original response",
    ),
    Mutant(
        "filter_needs_a_limit", LISTS, "a list without a limit does not look at the status that is asked for",
        asks("listVerifications", _unfiltered), SAID, "Only verifications with this status.",
    ),
)  # fmt: skip
