"""Broken implementations of Kyve, of the eighth set."""

from __future__ import annotations

import re
from dataclasses import replace
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
    drop,
    put,
    shifted,
    shows,
)
from tests.score.memories import recalling

KEY = "idempotency-key"
CREATE, READ, CANCEL, DETAIL, LIST = "createSession", "getSession", "cancelSession", "getVerification", "listVerifications"
DEFAULT_LIMIT = "20"
LONGER = 45 * 60  # seconds that an hour has more than a quarter of one


async def _default_for_unknown(call: Call, ask: Ask, _: dict[Any, Any]) -> Answer:
    answer = await ask(call)
    if call.operation == CREATE and answer.status == 404 and not call.has_preference:
        plain = call.copy()
        plain.headers.pop(KEY, None)
        plain.json = {name: value for name, value in call.json.items() if name not in ("template_id", "template_slug")}
        return await ask(plain)
    return answer


def _template_as_asked(body: Any, call: Call) -> None:
    body["template_id"] = (call.json or {}).get("template_id")


def _checks_that_ran(body: Any, _: Call) -> None:
    body["checks"] = [check for check in body["checks"] if check["status"] not in ("pending", "skipped")]


def _still_in_review(body: Any, _: Call) -> None:
    for check in body["checks"]:
        if body["review"] and check["checked_at"] == body["review"]["decided_at"]:
            check["status"] = "review"


def _later(seconds: int, text: str) -> str:
    return re.sub(r"(?<=exp=)\d+", lambda found: str(int(found[0]) + seconds), text)


async def _media_of_an_hour(call: Call, ask: Ask, _: dict[Any, Any]) -> Answer:
    """The links go on to lead to the pictures."""
    if call.operation is None:
        call = replace(call, query=_later(-LONGER, call.query))
    answer = await ask(call)
    shown = answer.json
    if call.operation == DETAIL and answer.status == 200:
        alter("/media/*/expires_at", shifted(LONGER))(shown, call)
        alter("/media/*/url", lambda url: _later(LONGER, url))(shown, call)
        answer.json = shown
    return answer


async def _cancelled_session_alone(call: Call, ask: Ask, statuses: dict[Any, Any]) -> Answer:
    """Remembers what a verification was before its session was canceled."""
    answer = await ask(call)
    shown = answer.json
    if answer.status >= 300 or call.has_preference or shown is None:
        return answer
    if call.operation in (CREATE, READ):
        if shown["status"] != "canceled":
            statuses[shown["verification_id"]] = shown["status"]
    elif call.operation == CANCEL:
        place = shown["verification_id"]
        statuses["canceled", place] = statuses.get(place, "created")
    elif call.operation in (DETAIL, LIST):
        rows = shown["data"] if call.operation == LIST else [shown]
        for row in rows:
            if row["status"] == "canceled" and ("canceled", row["id"]) in statuses:
                row["status"] = statuses["canceled", row["id"]]
                row["closed_at"] = None
                put("/checks/*/status", "pending")(row, call)
            else:
                statuses[row["id"]] = row["status"]
        if call.operation == LIST and call.queries.get("status") == "canceled":
            shown["data"] = [row for row in rows if row["status"] == "canceled"]
        answer.json = shown
    return answer


def _keyless(call: Call) -> None:
    call.headers.pop(KEY, None)


async def _replay_as_it_is_now(call: Call, ask: Ask, known: dict[Any, Any]) -> Answer:
    answer = await ask(call)
    if call.operation != CREATE or answer.status != 201 or KEY not in call.headers:
        return answer
    place = (call.headers.get("authorization"), call.headers[KEY])
    if place in known:
        left = {name: value for name, value in call.headers.items() if name not in (KEY, "content-type", "prefer")}
        current = await ask(replace(call, method="GET", path=f"/v1/sessions/{answer.json['id']}", headers=left, body=b""))
        if current.status == 200:
            answer.json = current.json
    known[place] = True
    return answer


async def _limit_before_the_filter(call: Call, ask: Ask, _: dict[Any, Any]) -> Answer:
    answer = await ask(call)
    status = call.queries.get("status")
    if call.operation != LIST or status is None or answer.status != 200 or call.has_preference:
        return answer
    unfiltered = call.copy()
    unfiltered.queries = {name: value for name, value in call.queries.items() if name != "status"}
    rows = [row for row in (await ask(unfiltered)).json["data"] if row["status"] == status]
    is_full = len(rows) == int(call.queries.get("limit", DEFAULT_LIMIT))
    shown = answer.json
    has_more = is_full and shown["has_more"]
    answer.json = {**shown, "data": rows, "has_more": has_more, "next_cursor": rows[-1]["id"] if has_more else None}
    return answer


MUTANTS = (
    Mutant(
        "unknown_template_is_the_default",
        REQUESTS,
        "A template that is not found is replaced by the default one",
        recalling(_default_for_unknown),
        SAID,
        "Pass template_id or template_slug to pin a specific template.",
    ),
    Mutant(
        "creation_without_the_template_version",
        SHAPE,
        "The answer to a creation has no template_version",
        answers(CREATE, drop("/template_version")),
        SAID,
        "The response returns the resolved template_id and template_version.",
    ),
    Mutant(
        "template_as_asked_for",
        FIELDS,
        "The answer to a creation has the template_id of the request: null where it names a slug or nothing",
        answers(CREATE, _template_as_asked),
        SAID,
        "The response returns the resolved template_id and template_version.",
    ),
    Mutant(
        "checks_not_run_left_out",
        FIELDS,
        "The detail has only the checks that have run",
        answers(DETAIL, _checks_that_ran),
        SAID,
        "The detail endpoint returns every check",
    ),
    Mutant(
        "approved_with_a_check_in_review",
        FIELDS,
        "An approval sets the verification's status and leaves its check in review",
        answers(DETAIL, _still_in_review, when=shows("/status", "completed")),
        SAID,
        "completed — all checks passed, verification approved.",
    ),
    Mutant(
        "fields_of_completed_alone",
        FIELDS,
        "The fields of a verification that failed or is to be reviewed are null",
        answers(DETAIL, put("/fields", None), when=shows("/status", "failed", "requires_review")),
        SAID,
        "the resolved fields extracted from the ID",
    ),
    Mutant(
        "media_links_of_an_hour",
        TIME,
        "The media's links expire after an hour, as the library does by default",
        recalling(_media_of_an_hour),
        SAID,
        "media URLs (R2 pre-signed, expire in 15 minutes)",
    ),
    Mutant(
        "session_stays_in_progress",
        TIME,
        "The result is written to the verification alone, the session stays in progress",
        answers(READ, put("/status", "in_progress"), when=shows("/status", "completed", "failed", "requires_review")),
        SAID,
        "in_progress — user is actively submitting.",
    ),
    Mutant(
        "verification_knows_no_cancellation",
        TIME,
        "A cancellation is written to the session alone, the verification stays as it was",
        recalling(_cancelled_session_alone),
        IMPLIED,
        "the platform writes the result to a verification record",
    ),
    Mutant(
        "idempotency_of_creations_alone",
        LISTS,
        "The key of a cancellation is not looked at",
        asks(CANCEL, _keyless),
        SAID,
        "Every mutating /v1/* request supports an Idempotency-Key header.",
    ),
    Mutant(
        "replay_shows_the_session_of_now",
        LISTS,
        "A repeated creation answers with the session as it is now",
        recalling(_replay_as_it_is_now),
        SAID,
        "Replaying the same key with the same body returns the original response",
    ),
    Mutant(
        "limit_before_the_filter",
        LISTS,
        "The filter is applied to the first entries of all statuses, so that others are lost",
        recalling(_limit_before_the_filter),
        IMPLIED,
        "GET /v1/verifications?status=requires_review&limit=50",
    ),
)
