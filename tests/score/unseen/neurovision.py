"""Broken implementations of Neuro-Vision, unseen by the authors of the rules."""

from __future__ import annotations

import re
from typing import Any

from tests.score.asgi import Answer, Call
from tests.score.changes import (
    FIELDS,
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
    sent,
    shows,
    takes,
)

READ = "getSessionStatus"
BOTH = "getSessionStatus processImages"
UNKNOWN = "1f0e2a60-237e-11f1-8a3c-5d2b9c7e4f10"  # nobody's, of version 1
DETAILS = [{"expected": {"required": ["sessionId"]}, "actual": None, "path": "sessionId"}]
ENDED = shows("/status", "success", "failed")
KEY_PART = re.compile(rb'(name="clientKey"(?:\r\n[^\r]+)*\r\n\r\n)(.*?)(?=\r\n--)', re.DOTALL)


def _is_of_another_version(value: Any) -> bool:
    form = "[0-9a-f]{8}-[0-9a-f]{4}-[2-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    return isinstance(value, str) and re.fullmatch(form, value.lower()) is not None


def _missing(answer: Answer, _: Call) -> None:
    body = answer.json
    if isinstance(body, dict) and body.get("message") == "session not found":
        answer.status = 404


def _status_of_the_last(body: Any, _: Call) -> None:
    if body["results"]:
        body["status"] = body["results"][-1]["status"]


def _spent_of_the_last(body: Any, _: Call) -> None:
    if body["results"]:
        body["spent"] = body["results"][-1]["spent"]


def _small_ones(body: Any, _: Call) -> None:
    for task in body.get("results", ()):
        if "imagesFull" in task:
            task["imagesFull"] = list(task["images"])


def _without_faces(body: Any, _: Call) -> None:
    if "results" in body:
        body["results"] = [task for task in body["results"] if task["type"] != "faces"]


def _mojibake(found: re.Match[bytes]) -> bytes:
    return found[1] + found[2].decode("latin-1").encode()


def _latin_1(call: Call) -> None:
    """The form's texts are UTF-8 and taken for Latin-1."""
    call.body = KEY_PART.sub(_mojibake, call.body)


def _unnamed(call: Call) -> None:
    """The form's sessionId is looked for under another name."""
    call.body = call.body.replace(b'name="sessionId"', b'name="session"')


MUTANTS = (
    Mutant(
        "uuids_of_any_version", REQUESTS, "a sessionId that is a UUID of another version than 1 is looked up",
        takes(READ, "/sessionId", _is_of_another_version, UNKNOWN), SAID, "sessionId must be a valid timeuuid (UUID v1)",
    ),
    Mutant(
        "no_identifier_as_invalid_schema", REQUESTS, "a request without sessionId and clientKey is answered invalid schema",
        answers(
            READ, put("/message", "invalid schema"), put("/details", DETAILS),
            when=shows("/message", "sessionId or clientKey is required"), status="400",
        ),
        SAID, "Identifier not specified (400) … sessionId or clientKey is required",
    ),
    Mutant(
        "not_found_as_404", REQUESTS, "a session that does not exist is answered with the status 404",
        sent(BOTH, _missing), SAID, "Session not found (200)",
    ),
    Mutant(
        "country_in_two_letters", SHAPE, "countryCode has two letters",
        answers(BOTH, alter("/results/*/countryCode", lambda code: code[:2])), SAID,
        "Document country code (ISO 3166-1 alpha-3)",
    ),
    Mutant(
        "status_of_the_last_task", FIELDS, "an ended session has the status of its last task, also where another one failed",
        answers(BOTH, _status_of_the_last, when=ENDED), SAID, "failed | One or more tasks failed",
    ),
    Mutant(
        "spent_of_the_last_task", FIELDS, "an ended session's spent is that of its last task alone",
        answers(BOTH, _spent_of_the_last, when=ENDED), SAID, "Total processing time in seconds",
    ),
    Mutant(
        "thumbnails_as_full_images", FIELDS, "imagesFull has the links of images",
        answers(BOTH, _small_ones), SAID, "imagesFull | array | Links to full-size images",
    ),
    Mutant(
        "faces_left_out", FIELDS, "a session with a document and a selfie has no comparison of faces",
        answers(BOTH, _without_faces), SAID, "Appears when both a document and a selfie are present in the session.",
    ),
    Mutant(
        "success_while_tasks_run", FIELDS, "a session is a success while its tasks are still at work",
        answers(BOTH, put("/status", "success"), when=shows("/status", "processing")), SAID,
        "success | All tasks completed successfully",
    ),
    Mutant(
        "every_client_is_new", TIME, "isClientNew is true at every visit of a client",
        answers(BOTH, put("/isClientNew", True), when=shows("/isClientNew", False)), SAID,
        "true — first client visit, false — repeat visit",
    ),
    Mutant(
        "form_read_as_latin_1", TIME, "a clientKey with letters beyond ASCII is kept as other letters, and not found by itself",
        asks("processImages", _latin_1), SAID, "Client key passed during session creation",
    ),
    Mutant(
        "images_make_a_new_session", LISTS, "images that are sent to a session make another session",
        asks("processImages", _unnamed), SAID, "An existing session to go on with; without it a session is made.",
    ),
)  # fmt: skip
