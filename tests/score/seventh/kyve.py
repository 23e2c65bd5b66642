"""Broken implementations of Kyve, of the seventh set."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

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
    at,
    put,
    shows,
    takes,
    takes_query,
    unlocked,
)
from tests.score.memories import recalling

KEY = "idempotency-key"
CREATE, READ, CANCEL, DETAIL, LIST = "createSession", "getSession", "cancelSession", "getVerification", "listVerifications"
OPEN = ("created", "requires_input", "in_progress")
MOST, DEFAULT = 100, "20"  # entries of a page


def _keyless(call: Call) -> None:
    call.headers.pop(KEY, None)


async def _first_answer(call: Call, ask: Ask, kept: dict[Any, Any]) -> Answer:
    answer = await ask(call)
    if call.operation == CREATE and KEY in call.headers and not call.has_preference:
        place = (call.headers.get("authorization"), call.headers[KEY])
        if answer.status == 201:
            kept[place] = answer
        elif place in kept and at(answer.json, "/error/code") == "idempotency_conflict":
            return copy.deepcopy(kept[place])  # type: ignore[no-any-return]
    return answer


async def _look_ahead(call: Call, ask: Ask, _: dict[Any, Any]) -> Answer:
    answer = await ask(call)
    if call.operation != LIST or answer.status != 200 or call.has_preference:
        return answer
    limit = int(call.queries.get("limit", DEFAULT))
    if limit < MOST:
        longer = call.copy()
        longer.queries = {**call.queries, "limit": str(limit + 1)}
        page = answer.json
        page["data"] = (await ask(longer)).json["data"]
        answer.json = page
    return answer


async def _unsigned(call: Call, ask: Ask, signed: dict[Any, Any]) -> Answer:
    if call.operation is None and not call.query:
        call.query = signed.get(call.path, "")
    answer = await ask(call)
    if call.operation == DETAIL and answer.status == 200:
        body = answer.json
        for entry in body["media"]:
            parts = urlsplit(entry["url"])
            signed[parts.path.removeprefix(call.provider.mount)] = parts.query
            entry["url"] = parts._replace(query="").geturl()
        answer.json = body
    return answer


async def _as_first_read(call: Call, ask: Ask, first: dict[Any, Any]) -> Answer:
    answer = await ask(call)
    if call.operation == DETAIL and answer.status == 200 and not call.has_preference:
        answer.body = first.setdefault((call.headers.get("authorization"), call.path), answer.body)
    return answer


async def _unsaved(call: Call, ask: Ask, kept: dict[Any, Any]) -> Answer:
    if call.operation != CANCEL or call.has_preference:
        return await ask(call)
    place = (call.headers.get("authorization"), call.path, call.headers.get(KEY))
    if KEY in call.headers and place in kept:
        first, answer = kept[place]
        if first == call.body:
            return copy.deepcopy(answer)  # type: ignore[no-any-return]
        call.headers["prefer"] = "example=idempotency_conflict"
        return await ask(call)
    shown = await ask(replace(call.copy(), method="GET", path=call.path.removesuffix("/cancel"), body=b""))
    body = shown.json
    if shown.status != 200 or body["status"] not in OPEN:
        return await ask(call)
    body["status"] = "canceled"
    shown.json = body
    kept[place] = (call.body, copy.deepcopy(shown))
    return shown


def _passed(body: Any, _: Call) -> None:
    for check in body["checks"]:
        if check["status"] == "failed":
            check["status"] = "passed"


def _british(status: Any) -> Any:
    return "cancelled" if status == "canceled" else status


MUTANTS = (
    Mutant(
        "listed_without_a_key",
        REQUESTS,
        "Verifications are listed for who sends no API key",
        unlocked(LIST, only_missing=True),
        IMPLIED,
        "Authorization: Bearer ak_test_...",
    ),
    Mutant(
        "canceled_with_two_ls",
        SHAPE,
        "The status canceled is written cancelled",
        answers(f"{READ} {CANCEL} {DETAIL} {LIST}", alter("/status", _british), alter("/data/*/status", _british)),
        SAID,
        "canceled — user or tenant aborted.",
    ),
    Mutant(
        "media_from_a_public_store",
        SHAPE,
        "Media have links of a public store, without expiry and signature",
        recalling(_unsigned),
        SAID,
        "media URLs (R2 pre-signed, expire in 15 minutes)",
    ),
    Mutant(
        "failed_with_passed_checks",
        FIELDS,
        "A failed verification shows the check that failed as passed, with its reason",
        answers(DETAIL, _passed, when=shows("/status", "failed")),
        SAID,
        "failed — at least one check failed decisively.",
    ),
    Mutant(
        "fields_not_joined",
        FIELDS,
        "A completed verification has no fields",
        answers(DETAIL, put("/fields", None), when=shows("/status", "completed")),
        SAID,
        "The detail endpoint returns every check, the resolved fields extracted from the ID",
    ),
    Mutant(
        "slug_not_looked_at",
        FIELDS,
        "template_slug is ignored, and the default template is taken",
        takes(CREATE, "/template_slug", lambda slug: isinstance(slug, str)),
        SAID,
        "Pass template_id or template_slug to pin a specific template.",
    ),
    Mutant(
        "detail_as_first_read",
        TIME,
        "The detail of a verification is cached at its first read",
        recalling(_as_first_read),
        IMPLIED,
        "the platform writes the result to a verification record",
    ),
    Mutant(
        "cancellation_not_saved",
        TIME,
        "A session is answered as canceled and goes on",
        recalling(_unsaved),
        IMPLIED,
        "canceled — user or tenant aborted.",
    ),
    Mutant(
        "creation_without_idempotency",
        LISTS,
        "The Idempotency-Key of a creation is ignored",
        asks(CREATE, _keyless),
        SAID,
        "Replaying the same key with the same body returns the original response",
    ),
    Mutant(
        "key_without_the_bodys_hash",
        LISTS,
        "A key that is used again with another body gets the first answer",
        recalling(_first_answer),
        SAID,
        "replaying with a different body returns idempotency_conflict.",
    ),
    Mutant(
        "list_of_every_status",
        LISTS,
        "A list with a status has verifications of every status",
        takes_query(LIST, "status", lambda _: True),
        SAID,
        "GET /v1/verifications?status=requires_review&limit=50",
    ),
    Mutant(
        "look_ahead_not_cut_off",
        LISTS,
        "A page has one verification more than its limit, where there are more",
        recalling(_look_ahead),
        SAID,
        "GET /v1/verifications?status=requires_review&limit=50",
    ),
)
