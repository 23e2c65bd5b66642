"""Broken implementations of Kayle ID, of the seventh set."""

from __future__ import annotations

import copy
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
    Make,
    Mutant,
    alter,
    answers,
    at,
    drop,
    is_number_above,
    takes_query,
)
from tests.score.memories import recalling, remembering

CREATE, READ, LIST, BY_TOKEN = "createSession", "getSession", "listSessions", "cancelByToken"
DELETE_HOOK = "deleteWebhookEndpoint"
ONE_HOOK = ("getWebhookEndpoint", "updateWebhookEndpoint", DELETE_HOOK)
NO_HOOK = "whe_" + "0" * 24
TOKEN = re.compile("[a-z0-9]{48}")
DELETION = {"data": {"message": "Webhook endpoint deleted.", "status": "success"}, "error": None}


def each(operations: str, pointer: str, new: Any) -> Make:
    """A value in the session of an answer, or in each of a list, is another one."""
    return answers(operations, alter(f"/data{pointer}", lambda _: new), alter(f"/data/*{pointer}", lambda _: new))


def _rows_as_first_seen(body: Any, _: Call, seen: dict[Any, Any]) -> None:
    body["data"] = [copy.deepcopy(seen.setdefault(row["id"], row)) for row in body["data"]]


def _from_the_cursor(body: Any, call: Call, seen: dict[Any, Any]) -> None:
    seen.update({row["id"]: row for row in body["data"]})
    limit, after = body["pagination"]["limit"], call.queries.get("starting_after")
    if after in seen and limit > 1:
        rows = [seen[after], *body["data"]]
        body["data"] = rows[:limit]
        if len(rows) > limit:
            body["pagination"] |= {"has_more": True, "next_cursor": rows[limit - 1]["id"]}


def _last_cursor(body: Any, _: Call) -> None:
    if body["data"]:
        body["pagination"]["next_cursor"] = body["data"][-1]["id"]


async def _told_again(call: Call, ask: Ask, tokens: dict[Any, Any]) -> Answer:
    answer = await ask(call)
    session = at(answer.json, "/data")
    if call.operation == CREATE and answer.status == 200:
        tokens[session["id"]] = session["cancel_token"]
    elif call.operation == READ and answer.status == 200 and session["id"] in tokens:
        body = answer.json
        body["data"]["cancel_token"] = tokens[session["id"]]
        answer.json = body
    return answer


async def _any_token(call: Call, ask: Ask, tokens: dict[Any, Any]) -> Answer:
    if call.operation == BY_TOKEN:
        value = call.json
        given = value.get("cancel_token") if isinstance(value, dict) else None
        right = tokens.get(call.parameters["id"])
        if right is not None and isinstance(given, str) and TOKEN.fullmatch(given):
            call.json = {**value, "cancel_token": right}
    answer = await ask(call)
    if call.operation == CREATE and answer.status == 200:
        session = answer.json["data"]
        tokens[session["id"]] = session["cancel_token"]
    return answer


async def _still_listed(call: Call, ask: Ask, deleted: dict[Any, Any]) -> Answer:
    if call.operation not in ONE_HOOK or call.has_preference:
        return await ask(call)
    endpoint = call.parameters["endpoint_id"]
    if endpoint in deleted:
        return await ask(call.to(endpoint, NO_HOOK))
    if call.operation == DELETE_HOOK:
        found = await ask(replace(call.copy(), method="GET", body=b""))
        if found.status == 200:
            deleted[endpoint] = True
            return Answer.of(200, DELETION)
    return await ask(call)


MUTANTS = (
    Mutant(
        "token_told_at_each_read",
        SHAPE,
        "cancel_token is in each answer of a session",
        recalling(_told_again),
        SAID,
        "Returned only on session creation.",
    ),
    Mutant(
        "not_found_without_help",
        SHAPE,
        "The error of a session that is not found has neither hint nor docs",
        answers(READ, drop("/error/hint"), drop("/error/docs"), status="404"),
        SAID,
        "A hint to help the user fix the error",
    ),
    Mutant(
        "any_token_cancels",
        REQUESTS,
        "The cancel_token is not compared: that of another session cancels too",
        recalling(_any_token),
        SAID,
        "One-shot token required by `POST /v1/verify/session/:id/cancel`.",
    ),
    Mutant(
        "limit_cut_to_a_hundred",
        REQUESTS,
        "A limit of more than a hundred is taken as a hundred",
        takes_query(LIST, "limit", is_number_above(100), "100"),
        SAID,
        "maximum: 100",
    ),
    Mutant(
        "failure_code_never_set",
        FIELDS,
        "A failed session has no failure_code",
        each(f"{READ} {LIST}", "/failure_code", None),
        SAID,
        "Terminal failure code when status='failed'.",
    ),
    Mutant(
        "liveness_tries_not_counted",
        FIELDS,
        "liveness_tries_used stays 0",
        each(f"{READ} {LIST}", "/liveness_tries_used", 0),
        SAID,
        "Number of liveness check failures the session has consumed.",
    ),
    Mutant(
        "every_field_by_default",
        FIELDS,
        "A share field that was asked for is said to come from the defaults",
        each(f"{CREATE} {READ} {LIST}", "/share_fields/*/source", "default"),
        SAID,
        "Whether the field came from defaults or RC request.",
    ),
    Mutant(
        "redirect_url_not_stored",
        TIME,
        "The redirect_url of the creation is null when the session is read",
        each(f"{READ} {LIST}", "/redirect_url", None),
        SAID,
        "if provided by the integrator.",
    ),
    Mutant(
        "rows_as_first_listed",
        TIME,
        "A session is listed as it was when it was listed first",
        remembering(LIST, _rows_as_first_seen),
        IMPLIED,
        "The status of the verification session",
    ),
    Mutant(
        "page_begins_with_its_cursor",
        LISTS,
        "A page repeats the last session of the page before",
        remembering(LIST, _from_the_cursor),
        SAID,
        "the answer begins after it.",
    ),
    Mutant(
        "cursor_on_the_last_page",
        LISTS,
        "next_cursor is the last session's id where no page follows",
        answers(LIST, _last_cursor),
        SAID,
        "null on the last page.",
    ),
    Mutant(
        "deleted_endpoint_still_listed",
        LISTS,
        "A webhook endpoint that was deleted is in the list",
        recalling(_still_listed),
        SAID,
        "Removes the endpoint with its keys.",
    ),
)
