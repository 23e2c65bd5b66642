"""Broken implementations of Neuro-Vision, of the sixth set."""

from __future__ import annotations

import html
import re
from typing import Any

from tests.score.asgi import Answer, Ask, Call
from tests.score.changes import FIELDS, IMPLIED, LISTS, REQUESTS, SAID, SHAPE, TIME, Mutant, alter, answers, asks, at, shows
from tests.score.memories import recalling, remembering

STATUS, UPLOAD = "getSessionStatus", "processImages"
BOTH = f"{STATUS} {UPLOAD}"
LONGEST = 36  # characters of a client's key
PICTURES = ("images", "imagesFull", "imageObjects")
# A form's field with a well-formed id, whatever further headers the field has.
NAMED = re.compile(rb'name="sessionId"((?:\r\n[^\r\n]+)*\r\n\r\n[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-1[0-9A-Fa-f-]{21}\r\n)')
# What the Olympic Committee calls a country, where that is not ISO 3166-1 alpha-3.
OLYMPIC = {"DEU": "GER", "GRC": "GRE", "PRT": "POR", "NLD": "NED", "CHE": "SUI", "DNK": "DEN", "BGR": "BUL", "HRV": "CRO"}


def _tasks(body: Any) -> list[dict[str, Any]]:
    return [entry for entry in at(body, "/results") or [] if isinstance(entry, dict)]


def _is_unknown(answer: Answer) -> bool:
    return answer.status == 200 and at(answer.json, "/message") == "session not found"


async def _by_bytes(call: Call, ask: Ask, _: dict[Any, Any]) -> Answer:
    answer = await ask(call)
    key = at(call.json, "/clientKey")
    is_long = isinstance(key, str) and len(key.encode("utf-8", "replace")) > LONGEST
    if call.operation != STATUS or answer.status != 200 or not is_long:
        return answer
    detail = {"expected": {"maxLength": LONGEST}, "actual": key, "path": "clientKey"}
    return Answer.of(400, {"status": "error", "message": "invalid schema", "details": [detail]})


async def _unknown_for_good(call: Call, ask: Ask, memory: dict[Any, Any]) -> Answer:
    answer = await ask(call)
    key = at(call.json, "/clientKey")
    if call.operation == STATUS and isinstance(key, str) and answer.status == 200 and not call.has_preference:
        if _is_unknown(answer):
            memory[key] = answer.json
        elif key in memory:
            return Answer.of(200, memory[key])
    return answer


def _blank_as_empty(call: Call) -> None:
    key = at(call.json, "/clientKey")
    if isinstance(key, str) and not key.strip():
        call.json = {**call.json, "clientKey": ""}


def _null_where_none(body: Any, _: Call) -> None:
    for task in _tasks(body):
        for name in PICTURES:
            if task.get(name) == []:
                task[name] = None


def _face_of_the_document(body: Any, _: Call) -> None:
    for task in _tasks(body):
        if task.get("faceDoc"):
            task["faceSelfie"] = task["faceDoc"]


def _as_an_exception(body: Any, _: Call) -> None:
    if any(task["type"] == "faces" and task["status"] == "failed" for task in _tasks(body)):
        body["status"] = "exception"


def _email_of_before(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    if at(body, "/sessionId") is not None and memory.get("email", body.get("email")) is not None:
        memory["email"] = body.setdefault("email", memory.get("email"))


def _new_while_alone(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    if at(body, "/sessionId") is None or not body["clientId"]:
        return
    known = memory.setdefault(body["clientId"], set())
    known.add(body["sessionId"])
    body["isClientNew"] = body["isClientNew"] and len(known) == 1


def _under_another_name(call: Call) -> None:
    call.body = NAMED.sub(rb'name="session_id"\1', call.body)


MUTANTS = (
    Mutant(
        "key_counted_in_bytes", REQUESTS, "a clientKey is measured in bytes: thirty Cyrillic letters are too long",
        recalling(_by_bytes),
        SAID, "a non-empty string with a maximum length of 36 characters",
    ),
    Mutant(
        "blank_key_refused", REQUESTS, "a clientKey of blanks counts as an empty one",
        asks(STATUS, _blank_as_empty),
        SAID, "a non-empty string with a maximum length of 36 characters",
    ),
    Mutant(
        "no_pictures_is_null", SHAPE, "a task without pictures says null in place of an empty array",
        answers(BOTH, _null_where_none),
        SAID, "images | array | Links to processed images (thumbnails)",
    ),
    Mutant(
        "total_cut_to_seconds", FIELDS, "the session's spent is whole seconds, less than its tasks took",
        answers(BOTH, alter("/spent", int)),
        SAID, "spent | number | Total processing time in seconds",
    ),
    Mutant(
        "both_faces_of_the_document", FIELDS, "faceSelfie links to the face that was cut from the document",
        answers(BOTH, _face_of_the_document),
        SAID, "faceSelfie | string | Link to the face cutout from the selfie",
    ),
    Mutant(
        "countries_of_the_olympics", FIELDS, "a document's country is named as at the Olympic Games: GER, GRE, POR",
        answers(BOTH, alter("/results/*/countryCode", lambda code: OLYMPIC.get(code, code))),
        SAID, "Document country code (ISO 3166-1 alpha-3)",
    ),
    Mutant(
        "mismatch_is_an_exception", FIELDS, "a session whose faces do not match ends as an exception",
        answers(BOTH, _as_an_exception, when=shows("/status", "failed")),
        SAID, "failed | One or more tasks failed",
    ),
    Mutant(
        "email_left_from_the_last", TIME, "a session without an e-mail shows that of the session answered before",
        remembering(BOTH, _email_of_before),
        IMPLIED, "email | string | Client email (optional)",
    ),
    Mutant(
        "new_until_there_is_another", TIME, "a client's first session is no longer new once there is a second one",
        remembering(BOTH, _new_while_alone),
        IMPLIED, "true — first client visit, false — repeat visit",
    ),
    Mutant(
        "named_session_not_gone_on_with", TIME, "images for a session begin another one: no field sessionId is read",
        asks(UPLOAD, _under_another_name),
        SAID, "An existing session to go on with; without it a session is made",
    ),
    Mutant(
        "key_escaped_for_html", TIME, "a clientKey is answered as HTML: & as &amp;",
        answers(BOTH, alter("/clientKey", html.escape)),
        SAID, "Client key passed during session creation",
    ),
    Mutant(
        "not_found_is_kept", LISTS, "a clientKey that was not found stays so when a session with it is made",
        recalling(_unknown_for_good),
        IMPLIED, "Sessions with the specified sessionId or clientKey do not exist",
    ),
)  # fmt: skip
