"""Broken implementations of Kyve, held out from the authors of the rules."""

from __future__ import annotations

from collections import Counter
from heapq import merge
from typing import Any

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
    drop,
    is_number_above,
    shows,
    takes_query,
)
from tests.score.memories import remembering

KEY = "idempotency-key"
PAGE = 20  # the default limit
DETAIL = ("/checks", "/fields", "/media", "/review")  # what a list leaves out


def _dates_swapped(body: Any, _: Call) -> None:
    document = (body["fields"] or {}).get("document")
    if document:
        document["issued_on"], document["expires_on"] = document["expires_on"], document["issued_on"]


def _one_before(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    """The verification is written behind, and the creation answers what was written last."""
    shown = memory.setdefault(body["id"], memory.get("last", body["verification_id"]))
    memory["last"], body["verification_id"] = body["verification_id"], shown


def _answered_before_the_change() -> Change:
    async def change(call: Call, ask: Ask) -> Answer:
        if call.operation != "cancelSession" or call.has_preference:
            return await ask(call)
        read = Call(call.provider, "GET", call.path.removesuffix("/cancel"), "", dict(call.headers), b"")
        for name in (KEY, "content-type"):
            read.headers.pop(name, None)
        before, answer = await ask(read), await ask(call)
        if answer.status == before.status == 200:
            answer.json = {**answer.json, "status": before.json["status"]}
        return answer

    return change


def _piled_up() -> Change:
    """The metadata of all sessions are one object that each creation adds to."""
    pile: dict[str, Any] = {}
    shown: dict[str, dict[str, Any]] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        body = answer.json
        if call.operation == "createSession" and answer.status == 201:
            pile.update(body["metadata"] or {})
            shown.setdefault(body["id"], dict(pile))
        if call.operation in ("createSession", "getSession", "getVerification") and answer.status < 300:
            place = body.get("session_id", body["id"])
            if place in shown:
                body["metadata"] = shown[place]
                answer.json = body
        return answer

    return change


def _limit_first() -> Change:
    """The newest are taken first, and those with the status out of them."""

    async def change(call: Call, ask: Ask) -> Answer:
        wanted = call.queries
        answer = await ask(call)
        if call.operation != "listVerifications" or answer.status != 200 or "status" not in wanted or call.has_preference:
            return answer
        call.queries = {name: value for name, value in wanted.items() if name != "status"}
        answer = await ask(call)
        body = answer.json
        body["data"] = [row for row in body["data"] if row["status"] == wanted["status"]]
        answer.json = body
        return answer

    return change


def _unfiltered_from_the_second(call: Call) -> None:
    wanted = call.queries
    if "starting_after" in wanted and "status" in wanted:
        del wanted["status"]
        call.queries = wanted


def _last_key_alone() -> Change:
    """A cache of one key: another key drives it out."""
    last: dict[str, str] = {}
    driven_out: Counter[tuple[str, str]] = Counter()

    async def change(call: Call, ask: Ask) -> Answer:
        key, holder = call.headers.get(KEY), call.headers.get("authorization", "")
        if call.operation == "createSession" and key is not None and not call.has_preference:
            before = last.get(holder)
            if before is not None and before != key:
                driven_out[holder, before] += 1
            last[holder] = key
            if driven_out[holder, key]:
                call.headers[KEY] = f"{key}-{driven_out[holder, key]}"
        return await ask(call)

    return change


def _created_anyway() -> Change:
    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        if call.operation == "createSession" and answer.status == 409 and not call.has_preference:
            again = call.copy()
            again.headers.pop(KEY, None)
            await ask(again)
        return answer

    return change


def _both_modes() -> Change:
    """The list asks for the workspace alone."""

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        good = [entry for entry in call.provider.lifecycle.credentials.values() if entry.fails is None]
        own = next((entry for entry in good if entry.headers["Authorization"] == call.headers.get("authorization")), None)
        if call.operation != "listVerifications" or answer.status != 200 or own is None or call.has_preference:
            return answer
        rest = next(
            entry for entry in good
            if entry.facts["workspace"] == own.facts["workspace"] and entry.facts["livemode"] != own.facts["livemode"]
        )  # fmt: skip
        other = call.copy()
        other.headers["authorization"] = rest.headers["Authorization"]
        more = await ask(other)
        if more.status == 200:
            limit = int(call.queries.get("limit", PAGE))
            rows = (answer.json["data"], more.json["data"])
            found = list(merge(*rows, key=lambda row: str(row["created_at"]), reverse=True))
            has_more = answer.json["has_more"] or more.json["has_more"] or len(found) > limit
            answer.json = {
                "data": found[:limit], "has_more": has_more, "next_cursor": found[:limit][-1]["id"] if has_more else None
            }  # fmt: skip
        return answer

    return change


MUTANTS = (
    Mutant(
        "page_of_fifty_refused", REQUESTS, "a list of more than 25 is refused",
        takes_query("listVerifications", "limit", is_number_above(25), "0"), SAID,
        "GET /v1/verifications?status=requires_review&limit=50",
    ),
    Mutant(
        "no_detail_under_review", SHAPE, "the detail of a verification under review is the entry of the list",
        answers("getVerification", *map(drop, DETAIL), when=shows("/status", "requires_review")), SAID,
        "The detail endpoint returns every check, the resolved fields extracted from the ID, and media URLs",
    ),
    Mutant(
        "media_not_signed", SHAPE, "media URLs have no signature, so that no image is given for them",
        answers("getVerification", alter("/media/*/url", lambda url: url.partition("?")[0])), SAID,
        "media URLs (R2 pre-signed, expire in 15 minutes)",
    ),
    Mutant(
        "document_dates_swapped", FIELDS, "a document's day of issue and day of expiry stand in one another's place",
        answers("getVerification", _dates_swapped), IMPLIED, "the resolved fields extracted from the ID",
    ),
    Mutant(
        "verification_of_the_session_before", TIME, "a creation answers the verification_id of the one before it",
        remembering("createSession", _one_before), IMPLIED, "the platform writes the result to a verification record",
    ),
    Mutant(
        "cancellation_answers_the_state_before", TIME, "a cancellation answers the session as it was before it",
        _answered_before_the_change, IMPLIED, "canceled — user or tenant aborted",
    ),
    Mutant(
        "metadata_pile_up", TIME, "a session's metadata hold those of the sessions that were created before it",
        _piled_up, IMPLIED, '"metadata": { "customer_id": "cus_123" }',
    ),
    Mutant(
        "limit_before_filter", LISTS, "a list takes the newest up to its limit first, and those with the status out of them",
        _limit_first, IMPLIED, "GET /v1/verifications?status=requires_review&limit=50",
    ),
    Mutant(
        "second_page_unfiltered", LISTS, "the pages after the first hold verifications of every status",
        asks("listVerifications", _unfiltered_from_the_second), ASSUMED, "Only verifications with this status.",
    ),
    Mutant(
        "last_key_alone_kept", LISTS, "a key is forgotten as soon as another one is used",
        _last_key_alone, SAID, "The platform stores the request body hash in KV for 24 hours.",
    ),
    Mutant(
        "conflict_creates_anyway", LISTS, "what is answered idempotency_conflict makes a session all the same, which is listed",
        _created_anyway, IMPLIED, "replaying with a different body returns idempotency_conflict",
    ),
    Mutant(
        "live_and_test_listed_together", LISTS, "a list holds the verifications of both modes; the detail keeps them apart",
        _both_modes, ASSUMED, "A test key sees test objects only, a live key live objects only.",
    ),
)  # fmt: skip
