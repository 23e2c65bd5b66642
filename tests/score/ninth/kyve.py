"""Broken implementations of Kyve, of the ninth set."""

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
    Mutant,
    alter,
    answers,
    asks,
    put,
    shifted,
    shows,
    takes,
)
from tests.score.memories import nth, recalling

CREATE, SESSION, LIST, DETAIL = "createSession", "getSession", "listVerifications", "getVerification"
KEY = "idempotency-key"
NO_DEFAULT = {"Bearer ak_test_nodefault": "Bearer ak_live_nodefault"}


def _without_scaffold(call: Call) -> None:
    shown = call.headers.get("authorization", "")
    call.headers["authorization"] = NO_DEFAULT.get(shown, shown)


def _edited(config: Any) -> Any:
    """The template's flow after an edit."""
    return {**config, "steps": [*config["steps"], {"type": "proof_of_address"}]}


def _unfailed(checks: Any) -> Any:
    return [{**check, "status": "review"} if check["status"] == "failed" else check for check in checks]


def _last_skipped(checks: Any) -> Any:
    return [*checks[:-1], {**checks[-1], "status": "skipped", "score": None, "checked_at": None}]


def _ever_open(body: Any, _: Call) -> None:
    for entry in body.get("data", [body]):
        if entry.get("status") == "expired":
            entry["status"] = "in_progress"
            if "closed_at" in entry:
                entry["closed_at"] = None


async def _conflict_not_told(call: Call, ask: Ask, memory: dict[Any, Any]) -> Answer:
    answer = await ask(call)
    if call.operation == CREATE and KEY in call.headers:
        place = call.headers.get("authorization"), call.headers[KEY]
        if answer.status == 201:
            memory.setdefault(place, answer)
        elif answer.status == 409 and place in memory:
            first = memory[place]
            return Answer(first.status, list(first.headers), first.body)
    return answer


async def _dated_again(call: Call, ask: Ask, memory: dict[Any, Any]) -> Answer:
    answer = await ask(call)
    if call.operation == CREATE and KEY in call.headers and answer.status == 201:
        body = answer.json
        count = memory[body["id"]] = memory.get(body["id"], -1) + 1
        if count:
            for name in ("created_at", "expires_at"):
                body[name] = shifted(count)(body[name])
            answer.json = body
    return answer


def _one_more(call: Call) -> None:
    limit = call.queries.get("limit", "")
    if limit.isascii() and limit.isdigit() and 0 < int(limit) < 50:
        call.queries = {**call.queries, "limit": str(int(limit) + 1)}


async def _by_its_beginning(call: Call, ask: Ask, memory: dict[Any, Any]) -> Answer:
    """What is asked to require a review finds whatever requires something."""
    answer = await ask(call)
    if call.operation == LIST and answer.status == 200 and call.queries.get("status") == "requires_review":
        other = call.copy()
        other.queries = {**call.queries, "status": "requires_input"}
        found, more = answer.json, (await ask(other)).json
        most = int(call.queries.get("limit", "50"))
        if more and more.get("data"):
            found["data"] = sorted([*found["data"], *more["data"]], key=lambda entry: entry["created_at"], reverse=True)[:most]
            answer.json = found
    return answer


MUTANTS = (
    Mutant(
        "slug_not_read",
        REQUESTS,
        "template_slug is not read: the default template is used",
        takes(CREATE, "/template_slug", lambda slug: isinstance(slug, str)),
        SAID,
        "Pass template_id or template_slug to pin a specific template.",
    ),
    Mutant(
        "test_mode_without_its_fallback",
        REQUESTS,
        "A workspace without a default template must name one in test mode too",
        asks(CREATE, _without_scaffold),
        SAID,
        "In test mode, if no default is set, the platform scaffold is used as a fallback",
    ),
    Mutant(
        "media_links_unsigned",
        SHAPE,
        "The media's links have neither a signature nor an end",
        answers(DETAIL, alter("/media/*/url", lambda url: url.partition("?")[0])),
        SAID,
        "media URLs (R2 pre-signed, expire in 15 minutes)",
    ),
    Mutant(
        "failed_check_told_as_review",
        FIELDS,
        "The check that a verification failed by is in review",
        answers(DETAIL, alter("/checks", _unfailed), when=shows("/status", "failed")),
        SAID,
        "at least one check failed decisively.",
    ),
    Mutant(
        "last_check_skipped_by_success",
        FIELDS,
        "The last check of a completed verification was skipped",
        answers(DETAIL, alter("/checks", _last_skipped), when=shows("/status", "completed")),
        SAID,
        "all checks passed, verification approved.",
    ),
    Mutant(
        "flow_of_the_edited_template",
        TIME,
        "A session that has begun shows the flow_config of the template as it is now",
        answers(
            SESSION,
            alter("/flow_config", _edited),
            when=shows("/status", "in_progress"),
        ),
        SAID,
        "edits to the template never change an in-flight session.",
    ),
    Mutant(
        "expiry_not_watched",
        TIME,
        "A session whose time is over is in progress for ever",
        answers(f"{SESSION} {LIST} {DETAIL}", _ever_open),
        SAID,
        "session TTL exceeded (default 30 minutes).",
    ),
    Mutant(
        "progress_taken_back_by_reading",
        TIME,
        "From its second read on a session in progress requires input again",
        nth(SESSION, "/id", 2, put("/status", "requires_input"), when=shows("/status", "in_progress")),
        SAID,
        "created → requires_input → in_progress → (completed | failed | requires_review | canceled | expired)",
    ),
    Mutant(
        "conflict_not_told",
        LISTS,
        "A key that comes again with another body gets the first response",
        recalling(_conflict_not_told),
        SAID,
        "replaying with a different body returns idempotency_conflict.",
    ),
    Mutant(
        "replay_dated_again",
        LISTS,
        "The answer to a replay is dated anew, with a new lifetime",
        recalling(_dated_again),
        SAID,
        "Replaying the same key with the same body returns the original response",
    ),
    Mutant(
        "limit_of_one_more",
        LISTS,
        "A page has one verification more than its limit",
        asks(LIST, _one_more),
        IMPLIED,
        "GET /v1/verifications?status=requires_review&limit=50",
    ),
    Mutant(
        "review_filter_by_its_beginning",
        LISTS,
        "The filter of those that require a review lets through those that require input",
        recalling(_by_its_beginning),
        IMPLIED,
        "GET /v1/verifications?status=requires_review&limit=50",
    ),
)
