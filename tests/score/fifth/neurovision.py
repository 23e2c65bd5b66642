"""Broken implementations of Neuro-Vision, of the fifth set."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from specimen.specs.core.multipart import FORM_TYPE, FormError, read
from tests.score.asgi import Answer, Ask, Call
from tests.score.changes import FIELDS, IMPLIED, LISTS, REQUESTS, SAID, SHAPE, TIME, Change, Mutant, alter, answers, asks, at
from tests.score.memories import remembering

READ = "getSessionStatus"
BOTH = "getSessionStatus processImages"
ENDED = ("success", "failed", "exception", "expired")
DATE = re.compile(r"^([0-9]{2})\.([0-9]{2})\.([0-9]{4})$")


def _header_alone(call: Call) -> None:
    asked = call.json
    if "token" not in call.headers and isinstance(asked, dict) and "token" in asked:
        del asked["token"]
        call.json = asked


def _as_a_number(call: Call) -> None:
    """What looks like a number becomes one before the schema is looked at."""
    asked = call.json
    key = at(asked, "/clientKey")
    if isinstance(key, str) and key.isdecimal() and key.isascii():
        asked["clientKey"] = int(key)
        call.json = asked


def _without_its_sign(body: Any, _: Call) -> None:
    for task in body.get("results", ()):
        for item in (item for group in task["checks"] for item in group["items"]):
            if task["type"] == "faces" and isinstance(item.get("value"), str):
                item["value"] = item["value"].removesuffix("%")


def _null_where_empty(body: Any, _: Call) -> None:
    if body.get("clientId") == "":
        body["clientId"] = None


def _month_first(body: Any, _: Call) -> None:
    for task in body.get("results", ()):
        for field in (task.get("ocr") or {}).get("fields", ()):
            field["value"] = DATE.sub(r"\2.\1.\3", field["value"])


def _as_at_first(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    if "sessionId" in body and body["status"] not in ENDED:
        body["secondsToLive"] = memory.setdefault(body["sessionId"], body["secondsToLive"])


def _started_now(body: Any, _: Call) -> None:
    """Who serialises a task writes the present where there should be its start."""
    for task in body.get("results", ()):
        if task.get("startedAt") is not None:
            task["startedAt"] = body["responseTime"]


def _handed_over(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    """Results are personal data, which are deleted once their owner has got them."""
    if body["status"] in ENDED and "sessionId" in body:
        if body["sessionId"] in memory:
            body["results"] = []
        memory[body["sessionId"]] = True


def _of_the_session_before() -> Change:
    """The path of the pictures is that of the session that was read last."""
    before: str | None = None

    async def change(call: Call, ask: Ask) -> Answer:
        nonlocal before
        answer = await ask(call)
        body = answer.json
        shown = at(body, "/sessionId")
        if call.operation in BOTH.split() and isinstance(shown, str) and not call.has_preference:
            if before is not None and before != shown:
                body["results"] = json.loads(json.dumps(body["results"]).replace(shown, before))
                answer.json = body
            before = shown
        return answer

    return change


def _client_of_the_session(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    """Each visit makes a row of the client's, also where the client is known."""
    if body.get("clientKey") and body["clientId"]:
        first = memory.setdefault(body["clientKey"], body["sessionId"])
        if body["sessionId"] != first:
            body["clientId"] = str(uuid5(NAMESPACE_OID, body["sessionId"]))


def _fields(call: Call) -> dict[str, str]:
    content_type = call.headers.get("content-type", "")
    if not content_type.startswith(FORM_TYPE):
        return {}
    try:
        return {part.name: part.text for part in read(call.body, content_type) if part.filename is None}
    except FormError:
        return {}


def _key_of_the_upload() -> Change:
    """The form is written over the session."""
    given: dict[str, str] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        body = answer.json
        shown = at(body, "/sessionId")
        if call.operation not in BOTH.split() or not isinstance(shown, str) or call.has_preference:
            return answer
        sent = _fields(call) if call.operation == "processImages" else {}
        if "sessionId" in sent and "clientKey" in sent:
            given[shown] = sent["clientKey"]
        if shown in given:
            body["clientKey"] = given[shown]
            answer.json = body
        return answer

    return change


MUTANTS = (
    Mutant(
        "token_in_the_header_alone", REQUESTS, "an API token in the body is not looked at",
        asks(READ, _header_alone), SAID, "Two authorization methods are supported: … API Token (timeuuid) in the request body",
    ),
    Mutant(
        "keys_of_digits_refused", REQUESTS, "a clientKey that has digits alone is refused as invalid schema",
        asks(READ, _as_a_number), SAID, "clientKey — a non-empty string with a maximum length of 36 characters",
    ),
    Mutant(
        "match_without_its_sign", SHAPE, "a face match is a number in a string, without the percent sign",
        answers(BOTH, _without_its_sign), SAID, 'checks[].items[].value | string | Percentage of face match, "value": "92%"',
    ),
    Mutant(
        "unknown_client_is_null", SHAPE, "clientId of a client that is not identified is null",
        answers(BOTH, _null_where_empty), SAID, "Client UUID (empty string if client is not identified)",
    ),
    Mutant(
        "dates_with_the_month_first", FIELDS, "dates that were read from a document have the month before the day",
        answers(BOTH, _month_first), IMPLIED, '{ "title": "Date of birth", "value": "01.01.1970", "conf": "high" }',
    ),
    Mutant(
        "key_in_small_letters", FIELDS, "clientKey is shown in small letters, though it is found as it was given alone",
        answers(BOTH, alter("/clientKey", str.lower)), SAID, "Client key passed during session creation",
    ),
    Mutant(
        "lifetime_stands_still", TIME, "secondsToLive of a session that is open stays what it was at first",
        remembering(BOTH, _as_at_first), SAID, "Remaining session lifetime in seconds (0 = expired)",
    ),
    Mutant(
        "task_started_when_asked", TIME, "startedAt of a task is the moment of each answer",
        answers(BOTH, _started_now), SAID, "Processing start time",
    ),
    Mutant(
        "results_handed_over_once", TIME, "an ended session has no results any more once they were read",
        remembering(BOTH, _handed_over), SAID, "The results array contains the results for each KYC session task.",
    ),
    Mutant(
        "pictures_of_the_session_before", LISTS, "the links to pictures are those of the session that was read before",
        _of_the_session_before, IMPLIED, "Links to processed images (thumbnails)",
    ),
    Mutant(
        "client_numbered_by_session", LISTS, "a client's later sessions have another clientId each",
        remembering(BOTH, _client_of_the_session), IMPLIED, "true — first client visit, false — repeat visit",
    ),
    Mutant(
        "key_replaced_by_an_upload", LISTS, "images with another clientKey that are sent to a session give it that key",
        _key_of_the_upload, SAID, "Client key passed during session creation",
    ),
)  # fmt: skip
