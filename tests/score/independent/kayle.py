"""Broken implementations of Kayle ID, written from the vendor's page without knowledge of the rules."""

from __future__ import annotations

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
    put,
    shows,
    trims,
)
from tests.score.memories import remembering

ID_CHARACTERS = 67  # of a session's id
TRIES = ("nfc_tries_used", "liveness_tries_used")
MOST_TRIES = 3
ENDED = shows("/data/status", "succeeded", "failed", "expired", "cancelled")


def _longer_key(call: Call) -> None:
    """A key is compared up to the length of the known one."""
    for entry in call.provider.lifecycle.credentials.values():
        known = entry.headers["Authorization"]
        if entry.fails is None and call.headers.get("authorization", "").startswith(known):
            call.headers["authorization"] = known


def _never_updated(body: Any, _: Call) -> None:
    body["data"]["updated_at"] = body["data"]["created_at"]


def _one_try_more(body: Any, _: Call) -> None:
    for name in TRIES:
        body["data"][name] = min(MOST_TRIES, body["data"][name] + 1)


def _anybodys_token() -> Change:
    """A token is looked up, and not whose it is."""
    tokens: dict[str, str] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        if call.operation == "createSession" and answer.status == 200:
            tokens[answer.json["data"]["id"]] = answer.json["data"]["cancel_token"]
        sent = call.json.get("cancel_token") if isinstance(call.json, dict) else None
        if call.operation == "cancelByToken" and answer.status == 401 and sent in tokens.values() and not call.has_preference:
            own = tokens.get(call.parameters["id"])
            if own is not None:
                call.json = {**call.json, "cancel_token": own}
                return await ask(call)
        return answer

    return change


def _code_stays(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    data = body["data"]
    if data["status"] == "cancelled":
        data["failure_code"] = memory.get(data["id"])
    else:
        memory[data["id"]] = data["failure_code"]


def _cancelled_after_all() -> Change:
    """A cancellation by id writes the status, whatever it was."""
    cancelled: set[str] = set()

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        if call.operation == "cancelSession" and answer.status == 204:
            cancelled.add(call.parameters["id"])
        body = answer.json
        if call.operation == "getSession" and answer.status == 200 and body["data"]["id"] in cancelled:
            body["data"].update(status="cancelled", failure_code=None)
            answer.json = body
        return answer

    return change


def _listed_as_created(body: Any, call: Call) -> None:
    for entry in body["data"] if "status" not in call.queries else ():
        if entry["status"] == "in_progress":
            entry.update(status="created", updated_at=entry["created_at"])


MUTANTS = (
    Mutant(
        "longer_ids_taken", REQUESTS, "an id with something behind its 64 characters finds the session of those 64",
        trims("getSession cancelSession", "id", lambda text: text[:ID_CHARACTERS]), SAID, "pattern: ^vs_[A-Za-z0-9]{64}$",
    ),
    Mutant(
        "longer_keys_taken", REQUESTS, "an API key with something behind it is accepted",
        asks("getSession createSession listSessions cancelSession", _longer_key), IMPLIED, "type: http, scheme: bearer",
    ),
    Mutant(
        "url_without_scheme", SHAPE, "verification_url begins with the host",
        answers("createSession getSession", alter("/data/verification_url", lambda url: url.partition("://")[2])), SAID,
        "verification_url: type: string, format: uri",
    ),
    Mutant(
        "end_is_no_update", FIELDS, "an ended session's updated_at is that of its creation",
        answers("getSession", _never_updated, when=ENDED), IMPLIED, "The time the verification session was last updated",
    ),
    Mutant(
        "source_always_default", FIELDS, "every share field is said to come from the defaults, also those of the request",
        answers("createSession getSession", put("/data/share_fields/*/source", "default")), SAID,
        "Whether the field came from defaults or RC request.",
    ),
    Mutant(
        "attempts_counted_as_failures", FIELDS, "the counters of a session that succeeded count the good attempt too",
        answers("getSession", _one_try_more, when=shows("/data/status", "succeeded")), SAID,
        "Number of NFC chip-read failures … The session terminalizes on the 3rd failure.",
    ),
    Mutant(
        "anybodys_cancel_token", TIME, "the token of one session cancels another one",
        _anybodys_token, IMPLIED, "One-shot token required by `POST /v1/verify/session/:id/cancel`.",
    ),
    Mutant(
        "failure_code_outlives_the_failure", TIME, "a failed session that was withdrawn is cancelled and keeps its failure_code",
        remembering("getSession", _code_stays), SAID, "Terminal failure code when status='failed'. Null in any other state.",
    ),
    Mutant(
        "tries_forgotten_at_the_end", TIME, "the counters go back to 0 when a session succeeds, expires or is cancelled",
        answers(
            "getSession", *(put(f"/data/{name}", 0) for name in TRIES),
            when=shows("/data/status", "succeeded", "expired", "cancelled"),
        ),
        IMPLIED, "Number of NFC chip-read failures the session has consumed.",
    ),
    Mutant(
        "first_endpoint_alone", TIME, "of several webhook endpoints the first one alone is kept",
        answers(
            "createSession getSession",
            alter("/data/webhook_endpoint_id", lambda chosen: chosen[0] if isinstance(chosen, list) and chosen else chosen),
        ),
        SAID, "The webhook endpoint or endpoint list selected for this session",
    ),
    Mutant(
        "end_overwritten_by_cancelling", TIME, "cancelling by id turns a session that succeeded or failed into a cancelled one",
        _cancelled_after_all, IMPLIED, "reached a terminal state (i.e., succeeded, failed, expired or cancelled)",
    ),
    Mutant(
        "list_behind_the_detail", LISTS, "a list without a filter shows sessions in progress as created",
        answers("listSessions", _listed_as_created), IMPLIED, "The status of the verification session",
    ),
)  # fmt: skip
