"""Broken implementations of Kyve, written from the vendor's page without knowledge of the rules."""

from __future__ import annotations

import re
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
    shifted,
    shows,
)
from tests.score.memories import nth

KEY = "idempotency-key"
DAY = 86_400
MEDIA_SECONDS = 900
PAGE = 20  # the default limit
FIRST_REVISION = {"type": "address_upload", "max_attempts": 3}


def _named(call: Call, name: str) -> Any:
    """What a creation asks for; None where it asks for nothing."""
    return call.json.get(name) if isinstance(call.json, dict) else None


def _default_for_unknown() -> Change:
    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        if call.operation == "createSession" and answer.status == 404 and isinstance(call.json, dict) and not call.has_preference:
            call.json = {name: value for name, value in call.json.items() if name not in ("template_id", "template_slug")}
            return await ask(call)
        return answer

    return change


def _no_version(body: Any, call: Call) -> None:
    if _named(call, "template_id") is None and _named(call, "template_slug") is None:
        body["template_version"] = None


def _slug(body: Any, call: Call) -> None:
    slug = _named(call, "template_slug")
    if isinstance(slug, str) and _named(call, "template_id") is None:
        body["template_id"] = slug


def _undecided(body: Any, _: Call) -> None:
    if body["checks"]:
        body["checks"][-1].update(status="pending", score=None, checked_at=None)


def _later_url(url: str) -> str:
    return re.sub(r"(?<=[?&]exp=)\d+", lambda found: str(int(found[0]) + DAY - MEDIA_SECONDS), url)


def _present_template(body: Any, _: Call) -> None:
    flow = body.get("flow_config")
    if flow is not None:
        flow["steps"] = [*flow["steps"], FIRST_REVISION]
        flow["checks"] = [*flow["checks"], "proof_of_address"]


def _not_written(body: Any, _: Call) -> None:
    for entry in body.get("data", [body]):
        if entry["status"] == "canceled":
            entry.update(status="created", closed_at=None)


def _conflict_by_length() -> Change:
    """Bodies are compared by their length."""
    first: dict[tuple[str, str], bytes] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        key = call.headers.get(KEY)
        if key is not None and call.operation == "createSession":
            known = first.setdefault((call.headers.get("authorization", ""), key), call.body)
            if len(known) == len(call.body):
                call.body = known
        return await ask(call)

    return change


def _replayed_as_it_is_now() -> Change:
    seen: set[tuple[str, str, bytes]] = set()

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        key = call.headers.get(KEY)
        if key is None or call.operation != "createSession" or answer.status != 201 or call.has_preference:
            return answer
        place = (call.headers.get("authorization", ""), key, call.body)
        if place in seen:
            read = Call(call.provider, "GET", f"/v1/sessions/{answer.json['id']}", "", dict(call.headers), b"")
            for name in (KEY, "content-type"):
                read.headers.pop(name, None)
            answer.body = (await ask(read)).body
        seen.add(place)
        return answer

    return change


def _filter_by_first_word() -> Change:
    """`requires_review` and `requires_input` are one filter."""

    async def change(call: Call, ask: Ask) -> Answer:
        wanted = call.queries
        if call.operation != "listVerifications" or not wanted.get("status", "").startswith("requires_") or call.has_preference:
            return await ask(call)
        other = call.copy()
        other.queries = {**wanted, "status": {"requires_review": "requires_input"}.get(wanted["status"], "requires_review")}
        answer, second = await ask(call), await ask(other)
        if answer.status != 200 or second.status != 200:
            return answer
        limit = int(wanted.get("limit", PAGE))
        body, more = answer.json, second.json
        found = sorted([*body["data"], *more["data"]], key=lambda entry: (entry["created_at"], entry["id"]), reverse=True)
        has_more = body["has_more"] or more["has_more"] or len(found) > limit
        rows = found[:limit]
        answer.json = {"data": rows, "has_more": has_more, "next_cursor": rows[-1]["id"] if has_more else None}
        return answer

    return change


MUTANTS = (
    Mutant(
        "default_for_unknown_template", REQUESTS, "a template that does not exist is replaced by the default one, unasked",
        _default_for_unknown, SAID, "Pass template_id or template_slug to pin a specific template.",
    ),
    Mutant(
        "no_version_of_the_default", SHAPE, "a session of the default template is answered with template_version null",
        answers("createSession", _no_version), SAID, "The response returns the resolved template_id and template_version.",
    ),
    Mutant(
        "slug_answered_as_id", FIELDS, "a session pinned by slug is answered with the slug as its template_id",
        answers("createSession", _slug), SAID, "The response returns the resolved template_id",
    ),
    Mutant(
        "last_check_left_out", FIELDS, "the detail leaves the last check of the flow out",
        answers("getVerification", alter("/checks", lambda checks: checks[:-1])), SAID,
        "The detail endpoint returns every check",
    ),
    Mutant(
        "completed_beside_a_pending_check", FIELDS, "a verification is completed while its last check is pending",
        answers("getVerification", _undecided, when=shows("/status", "completed")), SAID,
        "all checks passed, verification approved",
    ),
    Mutant(
        "media_for_a_day", FIELDS, "media URLs are good for 24 hours",
        answers(
            "getVerification", alter("/media/*/url", _later_url),
            alter("/media/*/expires_at", shifted(DAY - MEDIA_SECONDS)),
        ),
        SAID, "media URLs (R2 pre-signed, expire in 15 minutes)",
    ),
    Mutant(
        "flow_follows_the_template", TIME, "later reads show the template's newest flow instead of the session's snapshot",
        nth("getSession", "/id", 2, _present_template), SAID,
        "edits to the template never change an in-flight session",
    ),
    Mutant(
        "cancellation_not_written", TIME, "the verification of a canceled session stays created, in detail and list",
        answers("getVerification listVerifications", _not_written), IMPLIED,
        "the platform writes the result to a verification record",
    ),
    Mutant(
        "bodies_compared_by_length", LISTS, "a key replays its first answer to any other body of the same length",
        _conflict_by_length, SAID, "replaying with a different body returns idempotency_conflict",
    ),
    Mutant(
        "replay_shows_the_present", LISTS, "a replayed creation answers the session as it is now",
        _replayed_as_it_is_now, SAID, "Replaying the same key with the same body returns the original response",
    ),
    Mutant(
        "key_of_a_cancellation_ignored", LISTS, "a cancellation does not look at its Idempotency-Key",
        asks("cancelSession", lambda call: call.headers.pop(KEY, None) and None), SAID,
        "Every mutating /v1/* request supports an Idempotency-Key header",
    ),
    Mutant(
        "filter_by_first_word", LISTS, "a list of requires_review holds verifications in requires_input too, and the reverse",
        _filter_by_first_word, IMPLIED, "GET /v1/verifications?status=requires_review&limit=50",
    ),
)  # fmt: skip
