"""Broken implementations of Neuro-Vision, of the fourth set."""

from __future__ import annotations

from typing import Any

from specimen.specs.core.multipart import FORM_TYPE, FormError, boundary_of, read
from tests.score.asgi import Answer, Ask, Call
from tests.score.changes import (
    FIELDS,
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
    at,
    put,
    sent,
    shows,
)
from tests.score.memories import remembering

READ = "getSessionStatus"
BOTH = "getSessionStatus processImages"
ENDED = ("success", "failed", "exception", "expired")
NOT_FOUND = {"status": "error", "message": "session not found"}


def _both(answer: Answer, call: Call) -> None:
    asked = at(call.json, "/sessionId")
    shown = at(answer.json, "/sessionId")
    if at(call.json, "/clientKey") is not None and asked is not None and shown is not None and shown != asked.lower():
        answer.json = NOT_FOUND


def _not_given(call: Call) -> None:
    """What counts as false counts as missing."""
    asked = call.json
    if isinstance(asked, dict) and asked.get("clientKey") == "" and "sessionId" not in asked:
        del asked["clientKey"]
        call.json = asked


def _in_milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _without_earlier_tries(body: Any, _: Call) -> None:
    for task in body.get("results", ()):
        if "history" in task:
            task["history"] = []


def _with_itself(body: Any, _: Call) -> None:
    for task in body.get("results", ()):
        if task["type"] == "faces":
            for item in (item for group in task["checks"] for item in group["items"]):
                item["images"] = [item["images"][0]] * 2


def _time_of_the_copy(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    """The answer is kept until the status changes."""
    if "sessionId" in body:
        body["responseTime"] = memory.setdefault((body["sessionId"], body["status"]), body["responseTime"])


def _forgotten(answer: Answer, call: Call) -> None:
    """The index by key is of the sessions that are at work."""
    if at(call.json, "/clientKey") is not None and at(answer.json, "/status") in ENDED:
        answer.json = NOT_FOUND


def _unread(call: Call) -> None:
    """The form's ocr is looked for under another name."""
    call.body = call.body.replace(b'name="ocr"', b'name="useOcr"')


def _fields(call: Call) -> dict[str, str]:
    content_type = call.headers.get("content-type", "")
    if not content_type.startswith(FORM_TYPE):
        return {}
    try:
        return {part.name: part.text for part in read(call.body, content_type) if part.filename is None}
    except FormError:
        return {}


def _one_for_a_key() -> Change:
    """A client has one session, which further images go on with."""
    known: dict[str, str] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        given = _fields(call) if call.operation == "processImages" and not call.has_preference else {}
        key = given.get("clientKey", "")
        boundary = boundary_of(call.headers.get("content-type", "")) if key in known and "sessionId" not in given else None
        if boundary is not None:
            part = f'Content-Disposition: form-data; name="sessionId"\r\n\r\n{known[key]}\r\n'
            call.body = b"--" + boundary + b"\r\n" + part.encode() + call.body
        answer = await ask(call)
        shown = at(answer.json, "/sessionId")
        if key and isinstance(shown, str):
            known.setdefault(key, shown)
        return answer

    return change


def _without_failed(body: Any, _: Call) -> None:
    if "results" in body:
        body["results"] = [task for task in body["results"] if task["status"] != "failed"]


MUTANTS = (
    Mutant(
        "both_identifiers_must_match", REQUESTS, "a clientKey beside the sessionId of another session finds nothing",
        sent(READ, _both), SAID, "the search will be performed by clientKey, sessionId will be ignored",
    ),
    Mutant(
        "empty_key_as_missing", REQUESTS, "an empty clientKey alone is answered as if there were no identifier",
        asks(READ, _not_given), SAID, "Typical causes: clientKey — empty string",
    ),
    Mutant(
        "detail_path_within_the_request", SHAPE, "the path of an error's detail begins with body",
        answers(READ, alter("/details/*/path", lambda path: f"body.{path}"), status="4"), SAID,
        '"actual": "not-a-uuid", "path": "sessionId"',
    ),
    Mutant(
        "tasks_in_milliseconds", FIELDS, "spent of a task is in milliseconds",
        answers(BOTH, alter("/results/*/spent", _in_milliseconds)), SAID, "spent | number | Processing time in seconds",
    ),
    Mutant(
        "earlier_tries_not_kept", FIELDS, "history is empty, however many tries there were",
        answers(BOTH, _without_earlier_tries), SAID, "History of previous attempts (if tries > 1)",
    ),
    Mutant(
        "face_compared_with_itself", FIELDS, "the pair of a face match is the same picture twice",
        answers(BOTH, _with_itself), SAID, "Pair of compared images",
    ),
    Mutant(
        "lifetime_below_zero", FIELDS, "secondsToLive of an expired session is below zero",
        answers(READ, put("/secondsToLive", -1), when=shows("/status", "expired")), SAID,
        "Remaining session lifetime in seconds (0 = expired)",
    ),
    Mutant(
        "response_time_of_a_copy", TIME, "responseTime stays that of the first answer while the status stays",
        remembering(READ, _time_of_the_copy), SAID, "Response generation time",
    ),
    Mutant(
        "ended_not_found_by_key", TIME, "a session that has ended is not found by its clientKey any more",
        sent(READ, _forgotten), SAID, "Get the status and results of a KYC session by sessionId or clientKey.",
    ),
    Mutant(
        "text_read_against_the_wish", TIME, "the document's text is read although ocr is false",
        asks("processImages", _unread), SAID, "Whether to read the document's text, `true` or `false`",
    ),
    Mutant(
        "one_session_for_a_key", LISTS, "images of a clientKey that is known go into its first session",
        _one_for_a_key, SAID, "An existing session to go on with; without it a session is made.",
    ),
    Mutant(
        "failed_tasks_left_out", LISTS, "results has the tasks that did not fail",
        answers(BOTH, _without_failed), SAID, "The results array contains the results for each KYC session task.",
    ),
)  # fmt: skip
