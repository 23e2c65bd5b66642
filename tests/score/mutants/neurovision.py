"""Broken implementations of Neuro-Vision."""

from __future__ import annotations

from typing import Any

from tests.score.asgi import Answer, Ask, Call
from tests.score.changes import (
    FIELDS,
    LISTS,
    REQUESTS,
    SHAPE,
    TIME,
    Change,
    Mutant,
    alter,
    answers,
    asks,
    at,
    body,
    drop,
    is_no_json,
    put,
    sent,
    shifted,
    shows,
    status,
    takes,
    takes_body,
    traced,
    unbraced,
    unlocked,
)
from tests.score.memories import moving, nth, remembering

READ, UPLOAD = "getSessionStatus", "processImages"
BOTH = f"{READ} {UPLOAD}"
IDLE, RUNNING, SUCCESS, FAILED = (shows("/status", name) for name in ("idle", "processing", "success", "failed"))
ENDED = shows("/status", "success", "failed", "exception", "expired")
SESSION = lambda value: "results" in value  # noqa: E731 - a table's shorthand


def _tasks(value: Any, kind: str) -> list[Any]:
    return [task for task in value.get("results", []) if task["type"] == kind]


def _failed_lost_by_key(answer: Answer, call: Call) -> None:
    if at(call.json, "/clientKey") is not None and at(answer.json, "/status") == "failed":
        answer.json = {"status": "error", "message": "session not found"}


def _answered_once(value: Any, _: Call, memory: dict[Any, Any]) -> None:
    value["responseTime"] = memory.setdefault(value["sessionId"], value["responseTime"])


def _first_of_client(value: Any, _: Call, memory: dict[Any, Any]) -> None:
    if value.get("clientKey"):
        value["sessionId"] = memory.setdefault(value["clientKey"], value["sessionId"])


def _mended(mend: Any) -> Any:
    """The sessionId in a body is mended before it is looked up."""

    def function(call: Call) -> None:
        value = call.json
        if isinstance(value, dict) and isinstance(value.get("sessionId"), str) and mend(value["sessionId"]) != value["sessionId"]:
            call.json = {**value, "sessionId": mend(value["sessionId"])}

    return asks(READ, function)


def _unknown_found() -> Change:
    last: dict[str, Any] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        value = answer.json
        if call.operation != READ or answer.status != 200 or call.has_preference:
            return answer
        if "results" in value:
            last.update(value)
        elif last and isinstance(call.json, dict) and "sessionId" in call.json:
            answer.json = {**last, "sessionId": call.json["sessionId"]}
        return answer

    return change


def _without_images(call: Call) -> None:
    if b'name="images"' not in call.body and call.headers.get("content-type", "").startswith("multipart/form-data"):
        boundary = call.headers["content-type"].partition("boundary=")[2].strip('"').encode()
        part = b"--" + boundary + b'\r\nContent-Disposition: form-data; name="images"; filename="a.png"\r\n\r\nPNG\r\n'
        call.body = part + call.body


def _any_mode(call: Call) -> None:
    parts = call.body.split(b'name="mode"\r\n\r\n')
    if len(parts) == 2:
        value, rest = parts[1].split(b"\r\n", 1)
        if value not in (b"sync", b"async"):
            call.body = parts[0] + b'name="mode"\r\n\r\nsync\r\n' + rest


def _failed_task(value: Any, _: Call) -> None:
    value["results"][0]["status"] = "failed"
    value["results"][0]["errors"] = ["no"]


def _every_task_succeeded(value: Any, _: Call) -> None:
    for task in value["results"]:
        task["status"] = "success"


def _no_reason(value: Any, _: Call) -> None:
    value["errors"] = []
    for task in value["results"]:
        task["errors"], task["checks"] = [], []


def _without(kind: str) -> Any:
    def edit(value: Any, _: Call) -> None:
        value["results"] = [task for task in value["results"] if task["type"] != kind]

    return edit


def _history(count: int) -> Any:
    def edit(value: Any, _: Call) -> None:
        for task in _tasks(value, "document"):
            task["history"] = [{} for _ in range(max(0, task["tries"] - 1 + count))]

    return edit


def _item(caption: str, key: str, new: Any) -> Any:
    def edit(value: Any, _: Call) -> None:
        for task in value["results"]:
            for group in task.get("checks", []):
                for item in group["items"]:
                    if caption in item["caption"].lower():
                        item[key] = new

    return edit


def _first_item(key: str, new: Any) -> Any:
    def edit(value: Any, _: Call) -> None:
        for task in value["results"]:
            for group in task.get("checks", [])[:1]:
                for item in group["items"][:1]:
                    item[key] = new

    return edit


def _faces(edit_item: Any) -> Any:
    def edit(value: Any, _: Call) -> None:
        for task in _tasks(value, "faces"):
            for group in task["checks"]:
                for item in group["items"]:
                    edit_item(item)

    return edit


def _starts_early(value: Any, _: Call) -> None:
    for task in value["results"]:
        if task.get("startedAt"):
            task["startedAt"] = shifted(-3600)(value["createdAt"])


def _starts_late(value: Any, _: Call) -> None:
    for task in value["results"]:
        if task.get("startedAt"):
            task["startedAt"] = shifted(60)(value["responseTime"])


def _key_of_another(value: Any, call: Call) -> None:
    if isinstance(call.json, dict) and "clientKey" in call.json:
        value["clientKey"] = "somebody else"


def _oldest_of_key() -> Change:
    first: dict[str, bytes] = {}

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        key = at(call.json, "/clientKey") if call.operation == READ else None
        if call.operation == UPLOAD and answer.status == 200 and "results" in answer.json and answer.json["clientKey"]:
            first.setdefault(answer.json["clientKey"], answer.body)
        if isinstance(key, str) and key in first and answer.status == 200 and not call.has_preference:
            answer.body = first[key]
        return answer

    return change


def _goes_on_with_another() -> Change:
    async def change(call: Call, ask: Ask) -> Answer:
        if call.operation == UPLOAD and not call.has_preference:
            call.body = call.body.replace(b'name="sessionId"', b'name="session"')
        return await ask(call)

    return change


def _lost() -> Change:
    known: set[str] = set()

    async def change(call: Call, ask: Ask) -> Answer:
        asked = at(call.json, "/sessionId")
        if call.operation == READ and isinstance(asked, str) and asked in known:
            return Answer.of(200, {"status": "error", "message": "session not found"})
        answer = await ask(call)
        if call.operation == UPLOAD and answer.status == 200 and "results" in answer.json:
            known.add(answer.json["sessionId"])
        return answer

    return change


def _back_to_idle(value: Any, _: Call) -> None:
    value["status"], value["spent"] = "idle", 0
    value["results"] = [{**task, "status": "idle"} for task in value["results"] if task["type"] != "faces"]


def _runs_again(value: Any, _: Call) -> None:
    value["status"], value["secondsToLive"] = "processing", 60
    value["results"][0]["status"] = "processing"
    value["results"] = [task for task in value["results"] if task["type"] != "faces"]


def _grows(value: Any, _: Call, memory: dict[Any, Any]) -> None:
    if value.get("secondsToLive"):
        count = memory[value["sessionId"]] = memory.get(value["sessionId"], 0) + 1
        value["secondsToLive"] += 600 * count


def _first_for_all() -> Change:
    first: list[bytes] = []

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        if call.operation == READ and answer.status == 200 and not call.has_preference and "results" in answer.json:
            first.append(answer.body)
            answer.body = first[0]
        return answer

    return change


MUTANTS = (
    Mutant("no_token_read", REQUESTS, "getSessionStatus answers without a token", unlocked(READ, only_missing=True)),
    Mutant("no_token_upload", REQUESTS, "processImages answers without a token", unlocked(UPLOAD, only_missing=True)),
    Mutant("any_token_read", REQUESTS, "getSessionStatus takes any token", unlocked(READ, only_missing=False)),
    Mutant("version_4_taken", REQUESTS, "a sessionId of version 4 is looked up", _mended(lambda text: text[:14] + "1" + text[15:] if text[14:15] == "4" else text)),
    Mutant("id_in_braces", REQUESTS, "an id in braces is taken", _mended(unbraced)),
    Mutant("id_as_urn", REQUESTS, "an id as a URN is taken", _mended(lambda text: text.removeprefix("urn:uuid:"))),
    Mutant("id_trimmed", REQUESTS, "white space around an id is cut off", _mended(str.strip)),
    Mutant("unknown_id_found", REQUESTS, "an id that nobody issued finds a session", _unknown_found),
    Mutant("client_key_too_long", REQUESTS, "clientKey may be longer than 36 characters", takes(READ, "/clientKey", lambda value: isinstance(value, str) and len(value) > 36, "long")),
    Mutant("client_key_empty", REQUESTS, "clientKey may be empty", takes(READ, "/clientKey", lambda value: value == "", "empty")),
    Mutant("client_key_type", REQUESTS, "clientKey may be no string", takes(READ, "/clientKey", lambda value: not isinstance(value, str), "any")),
    Mutant("no_identifier", REQUESTS, "neither sessionId nor clientKey is needed", takes_body(READ, lambda call: isinstance(call.json, dict) and not {"sessionId", "clientKey"} & set(call.json), {"clientKey": "none"})),
    Mutant("body_no_json", REQUESTS, "a body that is no JSON is taken", takes_body(READ, is_no_json, {"clientKey": "none"})),
    Mutant("images_missing", REQUESTS, "processImages needs no image", asks(UPLOAD, _without_images)),
    Mutant("any_mode", REQUESTS, "a mode that does not exist is taken", asks(UPLOAD, _any_mode)),
    Mutant("response_time_missing", SHAPE, "responseTime is missing", answers(READ, drop("/responseTime"), when=SESSION)),
    Mutant("seconds_as_text", SHAPE, "secondsToLive is a string", answers(READ, alter("/secondsToLive", str))),
    Mutant("client_id_form", SHAPE, "clientId is no UUID", answers(READ, put("/clientId", "client-1"), when=SESSION)),
    Mutant("session_id_version_4", SHAPE, "a sessionId is of version 4", answers(UPLOAD, alter("/sessionId", lambda text: text[:14] + "4" + text[15:]))),
    Mutant("results_object", SHAPE, "results is an object", answers(READ, put("/results", {}), when=SESSION)),
    Mutant("task_without_checks", SHAPE, "a task has no checks", answers(READ, drop("/results/0/checks"))),
    Mutant("task_status_done", SHAPE, "a task's status is done", answers(READ, put("/results/0/status", "done"), when=SUCCESS)),
    Mutant("item_without_caption", SHAPE, "an item of a check has no caption", answers(READ, drop("/results/0/checks/0/items/0/caption"))),
    Mutant("item_value_boolean", SHAPE, "an item's value is true", answers(READ, _first_item("value", True), when=SESSION)),
    Mutant("country_two_letters", SHAPE, "countryCode has two letters", answers(READ, alter("/results/0/countryCode", lambda text: text[:2]))),
    Mutant("created_at_day", SHAPE, "createdAt is a day", answers(READ, alter("/createdAt", lambda text: text[:10]))),
    Mutant("status_done", SHAPE, "success is called done", answers(READ, put("/status", "done"), when=SUCCESS)),
    Mutant("wallet_null", SHAPE, "wallet is null where there is none", answers(READ, put("/wallet", None), when=SESSION)),
    Mutant("detail_without_path", SHAPE, "the details of a 400 have no path", answers(READ, drop("/details/*/path"), status="400")),
    Mutant("unauthorized_text", SHAPE, "a 401 is plain text", body(READ, "401", "access denied", "text/plain")),
    Mutant("bad_request_traceback", SHAPE, "a 400 shows a traceback", traced(READ, "/message", "400")),
    Mutant("not_found_404", SHAPE, "an unknown session is answered 404", sent(READ, lambda answer, _: Answer(404, answer.headers, answer.body) if b"session not found" in answer.body else None)),
    Mutant("not_found_other_words", SHAPE, "an unknown session is answered with other words", answers(READ, alter("/message", lambda _: "no such session"), when=shows("/message", "session not found"))),
    Mutant("upload_with_201", SHAPE, "processImages answers 201", status(UPLOAD, 200, 201)),
    Mutant("success_with_failed_task", FIELDS, "a task failed although the session succeeded", answers(READ, _failed_task, when=SUCCESS)),
    Mutant("failed_without_failed_task", FIELDS, "no task failed although the session did", answers(READ, _every_task_succeeded, when=FAILED)),
    Mutant("failed_without_reason", FIELDS, "a session failed for no reason", answers(READ, _no_reason, when=FAILED)),
    Mutant("idle_with_spent", FIELDS, "an idle session spent time", answers(READ, put("/spent", 2.5), when=IDLE)),
    Mutant("processing_every_task_succeeded", FIELDS, "a session is processing although all tasks are finished", answers(READ, _every_task_succeeded, when=RUNNING)),
    Mutant("expired_with_life", FIELDS, "an expired session has seconds to live", answers(READ, put("/secondsToLive", 30), when=shows("/status", "expired"))),
    Mutant("idle_without_life", FIELDS, "an idle session has no seconds to live", answers(BOTH, put("/secondsToLive", 0), when=IDLE)),
    Mutant("faces_missing", FIELDS, "faces were not compared although the session succeeded", answers(READ, _without("faces"), when=SUCCESS)),
    Mutant("faces_without_selfie", FIELDS, "faces were compared without a selfie", answers(READ, _without("selfie"), when=SUCCESS)),
    Mutant("history_too_long", FIELDS, "history holds one entry too many", answers(READ, _history(1), when=SUCCESS)),
    Mutant("spent_too_little", FIELDS, "the session spent less than its tasks", answers(READ, put("/spent", 0.001), when=SUCCESS)),
    Mutant("task_before_session", FIELDS, "a task starts before its session", answers(READ, _starts_early, when=SUCCESS)),
    Mutant("task_after_answer", FIELDS, "a task starts after the answer", answers(READ, _starts_late, when=SUCCESS)),
    Mutant("match_above_100", FIELDS, "faces match by more than 100 per cent", answers(READ, _faces(lambda item: item.update(value="120%")), when=SUCCESS)),
    Mutant("match_with_one_image", FIELDS, "a match of faces has one image", answers(READ, _faces(lambda item: item.update(images=item.get("images", [])[:1])), when=SUCCESS)),
    Mutant("age_mismatch_text", FIELDS, "isAgeMismatch has no number of years", answers(READ, _item("isagemismatch", "value", "old"), when=SUCCESS)),
    Mutant("gender_unknown", FIELDS, "isGenderMismatch names no gender", answers(READ, _item("isgendermismatch", "value", "x1"), when=SUCCESS)),
    Mutant("terminal_left", TIME, "an ended session is processing again from the second look on", nth(READ, "/sessionId", 2, _runs_again, when=lambda value: ENDED(value) and bool(value.get("results")))),
    Mutant("success_then_failed", TIME, "a session that succeeded has failed at the second look", nth(READ, "/sessionId", 2, put("/status", "failed"), _failed_task, when=SUCCESS)),
    Mutant("back_to_idle", TIME, "a session being processed is idle again", nth(READ, "/sessionId", 2, _back_to_idle, when=RUNNING)),
    Mutant("id_of_another", TIME, "the answer shows another id than asked for", answers(READ, alter("/sessionId", lambda text: text[:-1] + ("0" if text[-1] != "0" else "1")))),
    Mutant("first_session_for_all", TIME, "every read answers with the first session that was read", _first_for_all),
    Mutant("created_at_moves", TIME, "createdAt moves with every read", moving(READ, "/createdAt", lambda text, count: shifted(-count)(text))),
    Mutant("schema_id_moves", TIME, "schemaId is another at every read", moving(READ, "/schemaId", lambda text, count: text[:-2] + f"{count % 256:02x}")),
    Mutant("life_grows", TIME, "secondsToLive grows from read to read", remembering(READ, _grows)),
    Mutant("response_time_falls", TIME, "responseTime goes back from read to read", moving(READ, "/responseTime", lambda text, count: shifted(max(0, 30 - 2 * count))(text))),
    Mutant("created_not_found", TIME, "a new session is not found", _lost),
    Mutant("key_of_another", LISTS, "a clientKey finds another client's session", answers(READ, _key_of_another, when=SESSION)),
    Mutant("oldest_of_key", LISTS, "a clientKey finds the oldest of its sessions", _oldest_of_key),
    Mutant("upload_makes_another", LISTS, "more images for a session make another session", _goes_on_with_another),
    Mutant("history_lost", LISTS, "earlier tries are not in history", answers(READ, put("/results/0/history", []), when=lambda value: (at(value, "/results/0/tries") or 0) > 1)),
    Mutant("failed_lost_by_key", TIME, "a session that failed is not found by its clientKey", sent(READ, _failed_lost_by_key)),
    Mutant("answered_at_creation", TIME, "responseTime of an ended session is that of its first answer", remembering(READ, _answered_once, when=ENDED)),
    Mutant("first_session_of_a_client", LISTS, "an upload of a known clientKey answers the client's first session", remembering(UPLOAD, _first_of_client)),
)
