"""Broken implementations of Kyve, of the fourth set."""

from __future__ import annotations

from collections.abc import Iterator
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
    at,
    is_number_above,
    shifted,
    takes_query,
)
from tests.score.memories import remembering

KEY = "idempotency-key"
MOST = 25  # verifications on a page
LONGER = 86_400 - 900  # seconds, of a day
SESSIONS = "createSession getSession cancelSession"
EVERY = f"{SESSIONS} getVerification listVerifications"
OPEN = ("created", "requires_input", "in_progress")


def _default_for_unknown() -> Change:
    """A slug that finds no row is as good as none."""

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call.copy())
        asked = call.json
        if call.operation == "createSession" and answer.status == 404 and at(asked, "/template_id") is None:
            call.json = {name: value for name, value in asked.items() if name != "template_slug"}
            call.headers.pop(KEY, None)
            answer = await ask(call)
        return answer

    return change


def _british(status: str) -> str:
    return status.replace("canceled", "cancelled")


def _id_as_asked(body: Any, call: Call) -> None:
    body["template_id"] = at(call.json, "/template_id")


def _until_the_first_failure(body: Any, _: Call) -> None:
    """Who fails a check is through; what the others found is not read."""
    statuses = [check["status"] for check in body["checks"]]
    if "failed" in statuses:
        body["checks"] = body["checks"][: statuses.index("failed") + 1]


def _edited(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    """From its second read on the template has a new version, which lets the person try less often."""
    shown = body["id"]
    memory[shown] = memory.get(shown, 0) + 1
    if memory[shown] > 1 and body["status"] in OPEN:
        body["template_version"] += 1
        for step in body["flow_config"]["steps"]:
            step["max_attempts"] = 1


def _loaded_again(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    if body["status"] == "in_progress":
        body["status"] = memory.get(body["id"], "in_progress")
        memory[body["id"]] = "requires_input"


def _entries(body: Any) -> Iterator[Any]:
    yield from body["data"] if isinstance(body.get("data"), list) else [body]


def _default_that_is_written_to() -> Change:
    """The map that stands for none is one for all calls, and each call writes to it."""
    last: Any = None
    given: dict[str, Any] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        nonlocal last
        answer = await ask(call)
        body = answer.json
        if call.operation not in EVERY.split() or answer.status >= 300:
            return answer
        if call.operation == "createSession" and body["id"] not in given:
            if body["metadata"]:
                last = body["metadata"]
            elif last is not None:
                given[body["id"]] = last
        for entry in _entries(body):
            owner = entry.get("session_id", entry["id"])
            if owner in given:
                entry["metadata"] = given[owner]
                answer.json = body
        return answer

    return change


def _rest(body: Any) -> Any:
    return {name: value for name, value in body.items() if name != "metadata"} if isinstance(body, dict) else body


def _hash_of_the_rest() -> Change:
    """The hash is of the members that decide about the flow."""
    first: dict[tuple[str, str], tuple[Any, bytes]] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        key = call.headers.get(KEY)
        if call.operation == "createSession" and key is not None:
            rest, raw = first.setdefault((call.headers.get("authorization", ""), key), (_rest(call.json), call.body))
            if rest == _rest(call.json):
                call.body = raw
        return await ask(call)

    return change


def _session_of_the_moment() -> Change:
    """Under the key stands the session's id, and the answer is made anew."""
    now: dict[str, str] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        body = answer.json
        if call.operation in SESSIONS.split() and answer.status < 300 and not call.has_preference:
            if call.operation != "createSession":
                now[body["id"]] = body["status"]
            elif KEY in call.headers and body["id"] in now:
                body["status"] = now[body["id"]]
                answer.json = body
        return answer

    return change


def _filtered_late() -> Change:
    """So many of the newest are read as are asked for, and then looked through."""

    async def change(call: Call, ask: Ask) -> Answer:
        wanted = call.queries
        status = wanted.get("status")
        if call.operation != "listVerifications" or call.has_preference or status not in call.provider.lifecycle.states:
            return await ask(call)
        del wanted["status"]
        call.queries = wanted
        answer = await ask(call)
        body = answer.json
        if answer.status == 200:
            found = [entry for entry in body["data"] if entry["status"] == status]
            is_full = body["has_more"] and len(found) == len(body["data"])
            answer.json = {**body, "data": found, "has_more": is_full, "next_cursor": found[-1]["id"] if is_full else None}
        return answer

    return change


MUTANTS = (
    Mutant(
        "default_for_an_unknown_slug", REQUESTS, "a template_slug that the workspace has not takes the default template",
        _default_for_unknown, SAID, "Pass template_id or template_slug to pin a specific template.",
    ),
    Mutant(
        "fifty_is_too_many", REQUESTS, "a limit of more than 25 is refused",
        takes_query("listVerifications", "limit", is_number_above(MOST), "101"), SAID,
        "GET /v1/verifications?status=requires_review&limit=50",
    ),
    Mutant(
        "cancelled_in_british", SHAPE, "what was canceled has the status cancelled",
        answers(EVERY, alter("/status", _british), alter("/data/*/status", _british)), SAID, "canceled — user or tenant aborted.",
    ),
    Mutant(
        "template_id_as_asked", SHAPE, "a creation without a template_id is answered with template_id null",
        answers("createSession", _id_as_asked), SAID, "The response returns the resolved template_id and template_version.",
    ),
    Mutant(
        "media_links_for_a_day", FIELDS, "the media URLs say that they end after a day",
        answers("getVerification", alter("/media/*/expires_at", shifted(LONGER))), SAID,
        "media URLs (R2 pre-signed, expire in 15 minutes)",
    ),
    Mutant(
        "checks_end_at_the_first_failure", FIELDS, "the checks after one that failed are left out",
        answers("getVerification", _until_the_first_failure), SAID, "The detail endpoint returns every check",
    ),
    Mutant(
        "edits_reach_open_sessions", TIME, "a new version of the template shows in the sessions that are open",
        remembering("getSession", _edited), SAID, "edits to the template never change an in-flight session",
    ),
    Mutant(
        "input_required_again", TIME, "a session in progress that is read again is in requires_input, as when its page is loaded",
        remembering("getSession", _loaded_again), SAID, "created → requires_input → in_progress → (completed | failed",
    ),
    Mutant(
        "metadata_of_the_call_before", TIME, "a session that is made without metadata has those of an earlier one",
        _default_that_is_written_to, IMPLIED, '"metadata": { "customer_id": "cus_123" }',
    ),
    Mutant(
        "metadata_not_in_the_hash", LISTS, "a key that is used again with other metadata answers the first session",
        _hash_of_the_rest, SAID, "replaying with a different body returns idempotency_conflict",
    ),
    Mutant(
        "replay_with_the_present_status", LISTS, "a creation that is replayed shows the status that the session has by now",
        _session_of_the_moment, SAID, "Replaying the same key with the same body returns the original response",
    ),
    Mutant(
        "filter_after_the_limit", LISTS, "a list by status looks through as many of the newest verifications as its limit says",
        _filtered_late, IMPLIED, "GET /v1/verifications?status=requires_review&limit=50",
    ),
)  # fmt: skip
