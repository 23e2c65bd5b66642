"""Broken implementations of Kyve, of the fifth set."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from tests.score.asgi import Answer, Ask, Call
from tests.score.changes import FIELDS, IMPLIED, LISTS, REQUESTS, SAID, SHAPE, TIME, Change, Mutant, alter, answers, asks, at

KEY = "idempotency-key"
LONGEST = 64  # characters of a key
TOO_LONG = "k" * 256
TEST, LIVE = "Bearer ak_test_nodefault", "Bearer ak_live_nodefault"
LONGER = 86_400 - 1800  # seconds, of a day
SESSIONS = "createSession getSession cancelSession"
VERIFICATIONS = "getVerification listVerifications"
EVERY = f"{SESSIONS} {VERIFICATIONS}"
NOBODYS = "ver_" + "0" * 26
OTHERS = b'{"metadata":{"another":"body"}}'


def _entries(body: Any) -> Iterator[Any]:
    yield from body["data"] if isinstance(body.get("data"), list) else [body]


def _longer_than_the_column(call: Call) -> None:
    if len(call.headers.get(KEY, "")) > LONGEST:
        call.headers[KEY] = TOO_LONG


def _as_in_live_mode(call: Call) -> None:
    asked = call.json
    has_template = at(asked, "/template_id") is not None or at(asked, "/template_slug") is not None
    if call.headers.get("authorization") == TEST and not has_template and not call.has_preference:
        call.headers["authorization"] = LIVE


def _null_where_empty(body: Any, _: Call) -> None:
    for entry in _entries(body):
        entry["metadata"] = entry["metadata"] or None


def _as_a_link(cursor: str) -> str:
    return f"/v1/verifications?starting_after={cursor}"


def _in_the_other_order(body: Any, _: Call) -> None:
    fields = body.get("fields")
    if fields is not None:
        fields["given_names"], fields["family_name"] = fields["family_name"], fields["given_names"]


def _for_a_day(token: str) -> str:
    head, claims, signature = token.split(".")
    value = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    value["exp"] += LONGER
    shown = base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")
    return f"{head}.{shown}.{signature}"


def _newest(body: Any, _: Call) -> None:
    for entry in _entries(body):
        entry["template_version"] += 1


def _still_open(body: Any, _: Call) -> None:
    for entry in _entries(body):
        if entry["status"] == "canceled":
            entry["closed_at"] = None


def _made_when_loaded() -> Change:
    """The row is made when there is something to write into it."""

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        is_read = call.operation == "getVerification" and answer.status == 200 and not call.has_preference
        if is_read and answer.json["status"] == "created":
            return await ask(call.to(call.parameters["id"], NOBODYS))
        return answer

    return change


def _hash_of_the_last() -> Change:
    """The hash is written before it is compared with the one that was there."""
    first: dict[tuple[str, str], bytes] = {}
    last: dict[tuple[str, str], bytes] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        key = call.headers.get("authorization", ""), call.headers.get(KEY, "")
        if call.operation != "createSession" or not key[1]:
            return await ask(call)
        body = call.body
        if key in first:
            call.body = first[key] if body == last[key] else OTHERS if body == first[key] else body
        answer = await ask(call)
        if answer.status == 201:
            first.setdefault(key, body)
        if key in first:
            last[key] = body
        return answer

    return change


def _not_kept(call: Call) -> None:
    """What is empty counts as not being there."""
    if not call.json:
        call.headers.pop(KEY, None)


def _kept_lists() -> Change:
    """A list is kept for who asks the same again."""
    kept: dict[tuple[str, str], bytes] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        if call.operation == "listVerifications" and answer.status == 200 and not call.has_preference:
            answer.body = kept.setdefault((call.headers.get("authorization", ""), call.query), answer.body)
        return answer

    return change


MUTANTS = (
    Mutant(
        "long_keys_refused", REQUESTS, "an Idempotency-Key of more than 64 characters is refused",
        asks("createSession cancelSession", _longer_than_the_column), IMPLIED,
        "Every mutating /v1/* request supports an Idempotency-Key header.",
    ),
    Mutant(
        "no_scaffold_in_test_mode", REQUESTS, "a test key without a default template is refused a session that names none",
        asks("createSession", _as_in_live_mode), SAID,
        "In test mode, if no default is set, the platform scaffold is used as a fallback",
    ),
    Mutant(
        "no_metadata_is_null", SHAPE, "metadata of what was made without any is null",
        answers(EVERY, _null_where_empty), IMPLIED, '"metadata": { "customer_id": "cus_123" }',
    ),
    Mutant(
        "cursor_as_a_link", SHAPE, "next_cursor is a link to the next page, which starting_after does not take",
        answers("listVerifications", alter("/next_cursor", _as_a_link)), SAID,
        "The id of the last verification of the page before; `next_cursor` gives it.",
    ),
    Mutant(
        "names_the_other_way_round", FIELDS, "given names stand where the family name belongs, and the reverse",
        answers("getVerification", _in_the_other_order), SAID, "the resolved fields extracted from the ID",
    ),
    Mutant(
        "sdk_token_for_a_day", FIELDS, "the sdk_token of a session of half an hour is good for a day",
        answers(SESSIONS, alter("/sdk_token", _for_a_day)), SAID,
        "A JWT for the iframe, good for this session only and for at most 30 minutes.",
    ),
    Mutant(
        "verification_of_a_newer_version", FIELDS, "a verification has the template_version after that of its session",
        answers(VERIFICATIONS, _newest), IMPLIED, "we snapshot the template's flow_config onto the session",
    ),
    Mutant(
        "canceling_does_not_close", TIME, "closed_at of a canceled verification is null",
        answers(VERIFICATIONS, _still_open), IMPLIED, "When the status became final, or null.",
    ),
    Mutant(
        "verification_made_when_loaded", TIME, "the verification of a session whose page was not loaded is answered 404",
        _made_when_loaded, IMPLIED, "The verification that receives the result.",
    ),
    Mutant(
        "conflict_takes_the_key", LISTS, "after a conflict the first body of a key is the one that conflicts",
        _hash_of_the_last, SAID, "Replaying the same key with the same body returns the original response",
    ),
    Mutant(
        "keys_of_empty_bodies_not_kept", LISTS, "a creation with an empty body is made again when it is replayed",
        asks("createSession", _not_kept), SAID, "Replaying the same key with the same body returns the original response",
    ),
    Mutant(
        "lists_from_a_cache", LISTS, "a list that was asked for before is answered as it was then",
        _kept_lists, IMPLIED, "GET /v1/verifications?status=requires_review&limit=50",
    ),
)  # fmt: skip
