"""Broken implementations of Kyve."""

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
    body,
    drop,
    header,
    is_no_json,
    is_no_object,
    is_number_above,
    is_number_below,
    put,
    shifted,
    shows,
    status,
    takes,
    takes_body,
    takes_query,
    traced,
    trims,
    unlocked,
)
from tests.score.memories import after_seen, first_for_all, lost, moving, nth, remembering, unknown_is_known

STATES = ("created", "requires_input", "in_progress", "completed", "failed", "requires_review", "canceled", "expired")
COMPLETED, FAILED = shows("/status", "completed"), shows("/status", "failed")
ENDED = shows("/status", "completed", "failed", "canceled", "expired")
OTHER_FLOW = {"steps": [{"type": "liveness", "max_attempts": 1}], "checks": ["liveness"]}
KEY = "idempotency-key"


def _keyed(replay: Any) -> Any:
    """What a repeated key does: `replay(first body, first answer, call, ask)`; the mock itself never sees a key."""

    def make() -> Change:
        known: dict[tuple[str, str], tuple[bytes, Answer]] = {}

        async def change(call: Call, ask: Ask) -> Answer:
            key = call.headers.pop(KEY, None)
            if key is None or call.operation not in ("createSession", "cancelSession"):
                return await ask(call)
            place = (call.path, key)
            if place in known:
                return await replay(known[place], call, ask)
            answer = await ask(call)
            if answer.status < 300:
                known[place] = (call.body, answer)
            return answer

        return change

    return make


def _conflict(code: int) -> Answer:
    error = {"code": "idempotency_conflict", "message": "The key was used for another request.", "request_id": "req_0"}
    answer = Answer.of(code, {"error": error})
    answer.set_header("KYC-Request-Id", "req_0")
    return answer


async def _no_conflict(first: tuple[bytes, Answer], *_: Any) -> Answer:
    return first[1]


async def _forgets_other_body(first: tuple[bytes, Answer], call: Call, ask: Ask) -> Answer:
    return first[1] if first[0] == call.body else await ask(call)


async def _conflict_422(first: tuple[bytes, Answer], call: Call, _: Ask) -> Answer:
    return first[1] if first[0] == call.body else _conflict(422)


async def _always_conflict(*_: Any) -> Answer:
    return _conflict(409)


async def _status_200(first: tuple[bytes, Answer], call: Call, _: Ask) -> Answer:
    if first[0] != call.body:
        return _conflict(409)
    return Answer(200 if first[1].status == 201 else first[1].status, first[1].headers, first[1].body)


async def _other_request_id(first: tuple[bytes, Answer], call: Call, _: Ask) -> Answer:
    if first[0] != call.body:
        return _conflict(409)
    answer = Answer(first[1].status, list(first[1].headers), first[1].body)
    answer.set_header("KYC-Request-Id", "req_replayed")
    return answer


async def _replays_as_it_is(first: tuple[bytes, Answer], call: Call, _: Ask) -> Answer:
    if first[0] != call.body:
        return _conflict(409)
    answer = Answer(first[1].status, first[1].headers, first[1].body)
    value = answer.json
    value["template_version"] += 1
    answer.json = value
    return answer


def _cancels_ended() -> Change:
    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        if call.operation == "cancelSession" and answer.status == 409 and "not_cancelable" in answer.body.decode():
            read = call.copy()
            read.method, read.path, read.body = "GET", call.path.removesuffix("/cancel"), b""
            answer = await ask(read)
            value = answer.json
            value["status"] = "canceled"
            answer.json = value
        return answer

    return change


def _cancel_without_effect() -> Change:
    async def change(call: Call, ask: Ask) -> Answer:
        if call.operation != "cancelSession":
            return await ask(call)
        read = call.copy()
        read.method, read.path, read.body = "GET", call.path.removesuffix("/cancel"), b""
        answer = await ask(read)
        value = answer.json
        if answer.status != 200 or value["status"] in ("completed", "failed", "requires_review", "canceled", "expired"):
            return await ask(call)
        value["status"] = "canceled"
        answer.json = value
        return answer

    return change


def _default_template(call: Call) -> None:
    value = call.json
    if isinstance(value, dict) and isinstance(value.get("template_id"), str):
        call.json = {name: entry for name, entry in value.items() if name not in ("template_id", "template_slug")}


def _known_slug(call: Call) -> None:
    value = call.json
    if isinstance(value, dict) and isinstance(value.get("template_slug"), str) and "template_id" not in value:
        call.json = {name: entry for name, entry in value.items() if name != "template_slug"}


def _any_mode() -> Change:
    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        if call.operation in ("getSession", "getVerification") and answer.status == 404:
            other = call.copy()
            other.headers["authorization"] = "Bearer ak_live_specimen"
            return await ask(other)
        return answer

    return change


def _twice(value: Any, _: Call) -> None:
    value["data"] += value["data"][:1]


def _from_cursor() -> Change:
    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        after = call.queries.get("starting_after")
        if call.operation == "listVerifications" and answer.status == 200 and after:
            whole = call.copy()
            whole.queries = {"limit": "100"}
            before = (await ask(whole)).json["data"]
            value = answer.json
            value["data"] = [row for row in before if row["id"] == after] + value["data"][:-1 or None]
            answer.json = value
        return answer

    return change


def _unreadable(value: Any, _: Call) -> None:
    for row in value["data"]:
        row["id"] = row["id"][:-6] + "".join(reversed(row["id"][-6:]))


def _other_template_later(value: Any, _: Call, memory: dict[Any, Any]) -> None:
    memory[value["id"]] = memory.get(value["id"], 0) + 1
    if memory[value["id"]] > 1:
        value["flow_config"] = OTHER_FLOW


def _list_fails() -> Change:
    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        if call.operation == "listVerifications" and answer.status == 200 and call.queries.get("limit") == "100":
            request = "req_01jq8vn2m4s6t8v0w2x4y6z8a0"
            error = {"code": "internal_error", "message": "Something went wrong.", "request_id": request}
            failed = Answer.of(500, {"error": error})
            failed.set_header("KYC-Request-Id", request)
            return failed
        return answer

    return change


MUTANTS = (
    Mutant("list_fails", LISTS, "the longest list makes the server fail, in the documented form", _list_fails),
    Mutant("no_credentials_read", REQUESTS, "getSession answers without credentials", unlocked("getSession", only_missing=True)),
    Mutant("no_credentials_create", REQUESTS, "createSession answers without credentials", unlocked("createSession", only_missing=True)),
    Mutant("no_credentials_list", REQUESTS, "listVerifications answers without credentials", unlocked("listVerifications", only_missing=True)),
    Mutant("any_key_verification", REQUESTS, "getVerification takes any key", unlocked("getVerification", only_missing=False)),
    Mutant("any_key_cancel", REQUESTS, "cancelSession takes any key", unlocked("cancelSession", only_missing=False)),
    Mutant("id_trimmed", REQUESTS, "white space around a session's id is cut off", trims("getSession", "id", str.strip)),
    Mutant("verification_id_trimmed", REQUESTS, "white space around a verification's id is cut off", trims("getVerification", "id", str.strip)),
    Mutant("unknown_id_found", REQUESTS, "an id that nobody issued finds a session", unknown_is_known("getSession", "id", "/id")),
    Mutant("unknown_verification_found", REQUESTS, "an id that nobody issued finds a verification", unknown_is_known("getVerification", "id", "/id")),
    Mutant("limit_above_100", REQUESTS, "a limit above 100 is taken", takes_query("listVerifications", "limit", is_number_above(100), "100")),
    Mutant("limit_below_1", REQUESTS, "a limit below 1 is taken", takes_query("listVerifications", "limit", is_number_below(1), "1")),
    Mutant("limit_text", REQUESTS, "a limit that is no number is taken", takes_query("listVerifications", "limit", lambda text: not text.lstrip("-").isdigit())),
    Mutant("unknown_status_filter", REQUESTS, "a status that does not exist is taken for a filter", takes_query("listVerifications", "status", lambda text: text not in STATES)),
    Mutant("metadata_type", REQUESTS, "metadata may be no object", takes("createSession", "/metadata", lambda value: not isinstance(value, dict))),
    Mutant("redirect_url_form", REQUESTS, "redirect_url may be any text", takes("createSession", "/redirect_url", lambda value: isinstance(value, str) and not value.startswith("http"))),
    Mutant("template_id_type", REQUESTS, "template_id may be no string", takes("createSession", "/template_id", lambda value: not isinstance(value, str))),
    Mutant("template_slug_type", REQUESTS, "template_slug may be no string", takes("createSession", "/template_slug", lambda value: not isinstance(value, str))),
    Mutant("unknown_slug", REQUESTS, "a slug is not looked at", asks("createSession", _known_slug)),
    Mutant("body_no_object", REQUESTS, "a body that is no object is taken", takes_body("createSession", is_no_object, {})),
    Mutant("body_no_json", REQUESTS, "a body that is no JSON is taken", takes_body("createSession", is_no_json, {})),
    Mutant("request_id_header_missing", SHAPE, "an error has no KYC-Request-Id", header("getSession", "kyc-request-id", None, of="404")),
    Mutant("request_id_differs", SHAPE, "an error's request_id is not KYC-Request-Id", answers("getSession", put("/error/request_id", "req_1"), status="404")),
    Mutant("error_flat", SHAPE, "an error has no envelope", body("getVerification", "404", {"code": "verification_not_found", "message": "No."})),
    Mutant("error_without_code", SHAPE, "a 422 has no code", answers("createSession listVerifications", drop("/error/code"), status="422")),
    Mutant("unauthorized_text", SHAPE, "a 401 is plain text", body("listVerifications", "401", "Unauthorized", "text/plain")),
    Mutant("not_found_traceback", SHAPE, "a 404 shows a traceback", traced("getSession", "/error/message", "404")),
    Mutant("created_with_200", SHAPE, "createSession answers 200", status("createSession", 201, 200)),
    Mutant("invalid_with_400", SHAPE, "what is invalid is answered 400", status("createSession", 422, 400)),
    Mutant("template_version_text", SHAPE, "template_version is a string", answers("getSession createSession", alter("/template_version", str))),
    Mutant("sdk_token_missing", SHAPE, "a new session has no sdk_token", answers("createSession", drop("/sdk_token"))),
    Mutant("id_without_prefix", SHAPE, "a verification's id has no prefix in lists", answers("listVerifications", alter("/data/*/id", lambda text: text[4:]))),
    Mutant("status_spelling", SHAPE, "canceled is spelt cancelled", answers("getSession getVerification cancelSession", put("/status", "cancelled"), when=shows("/status", "canceled"))),
    Mutant("status_unknown", SHAPE, "requires_review is called pending_review", answers("getVerification", put("/status", "pending_review"), when=shows("/status", "requires_review"))),
    Mutant("checks_null", SHAPE, "checks is null before the first", answers("getVerification", put("/checks", None), when=shows("/status", "created"))),
    Mutant("check_without_status", SHAPE, "a check has no status", answers("getVerification", drop("/checks/0/status"))),
    Mutant("media_without_url", SHAPE, "media have no URL", answers("getVerification", drop("/media/*/url"))),
    Mutant("score_in_percent", SHAPE, "a check's score is in percent", answers("getVerification", alter("/checks/*/score", lambda number: number * 100))),
    Mutant("data_object", SHAPE, "a list's data is an object", answers("listVerifications", put("/data", {}))),
    Mutant("has_more_text", SHAPE, "has_more is a string", answers("listVerifications", alter("/has_more", lambda value: str(value).lower()))),
    Mutant("created_at_unix", SHAPE, "created_at is a number", answers("getSession", put("/created_at", 1773916290))),
    Mutant("completed_with_failed_check", FIELDS, "a check failed although all was completed", answers("getVerification", put("/checks/1/status", "failed"), when=COMPLETED)),
    Mutant("completed_with_pending_check", FIELDS, "a check is pending although all was completed", answers("getVerification", put("/checks/2/status", "pending"), when=COMPLETED)),
    Mutant("failed_without_failed_check", FIELDS, "no check failed although the verification did", answers("getVerification", put("/checks/*/status", "passed"), when=FAILED)),
    Mutant("failed_without_checks", FIELDS, "a failed verification has no checks", answers("getVerification", put("/checks", []), when=FAILED)),
    Mutant("media_for_an_hour", FIELDS, "media URLs hold for an hour", answers("getVerification", alter("/media/*/expires_at", shifted(2700)))),
    Mutant("lifetime_of_a_day", FIELDS, "a session expires after a day", answers("createSession getSession", alter("/expires_at", shifted(84_600)))),
    Mutant("mode_of_key", FIELDS, "a session of a test key is live", answers("createSession getSession", put("/livemode", True))),
    Mutant("metadata_lost", FIELDS, "the metadata that was sent is not answered", answers("createSession getSession", put("/metadata", {}))),
    Mutant("redirect_url_changed", FIELDS, "redirect_url is answered with a slash at its end", answers("createSession getSession", alter("/redirect_url", lambda text: text + "/"))),
    Mutant("template_default", FIELDS, "the pinned template is not taken", asks("createSession", _default_template)),
    Mutant("terminal_left", TIME, "an ended session is in progress again from the second look on", nth("getSession", "/id", 2, put("/status", "in_progress"), when=ENDED)),
    Mutant("verification_left", TIME, "a completed verification has failed at the second look", nth("getVerification", "/id", 2, put("/status", "failed"), put("/checks/0/status", "failed"), when=COMPLETED)),
    Mutant("back_to_created", TIME, "a session in progress is created again", nth("getSession", "/id", 2, put("/status", "created"), when=shows("/status", "in_progress"))),
    Mutant("review_undone", TIME, "a verification in review is in progress again", after_seen("getVerification", "/id", shows("/status", "requires_review"), put("/status", "in_progress"), when=lambda _: True)),
    Mutant("created_at_moves", TIME, "created_at moves with every read", moving("getSession", "/created_at", lambda text, count: shifted(-count / 1000)(text))),
    Mutant("template_version_grows", TIME, "template_version follows the template", moving("getSession", "/template_version", lambda number, count: number + count)),
    Mutant("snapshot_follows_template", TIME, "flow_config follows the template", remembering("getSession", _other_template_later)),
    Mutant("id_of_another", TIME, "the answer shows another id than asked for", answers("getSession", alter("/id", lambda text: text[:-1] + ("a" if text[-1] != "a" else "b")))),
    Mutant("verification_of_another", TIME, "every read answers with the first verification that was read", first_for_all("getVerification")),
    Mutant("verification_lags", TIME, "a verification never leaves in_progress", answers("getVerification", put("/status", "in_progress"), when=shows("/status", "completed", "failed", "canceled", "expired", "requires_review"))),
    Mutant("created_not_found", TIME, "a new session is not found", lost("createSession", "/id", "getSession", "id")),
    Mutant("cancel_without_effect", TIME, "cancelSession changes nothing", _cancel_without_effect),
    Mutant("live_seen_by_test", TIME, "a test key sees live sessions", _any_mode),
    Mutant("key_ignored", LISTS, "Idempotency-Key is ignored", asks("createSession cancelSession", lambda call: call.headers.pop(KEY, None))),
    Mutant("no_conflict", LISTS, "another body under a key gets the first answer", _keyed(_no_conflict)),
    Mutant("other_body_new_session", LISTS, "another body under a key makes another session", _keyed(_forgets_other_body)),
    Mutant("conflict_422", LISTS, "a conflict of keys is answered 422", _keyed(_conflict_422)),
    Mutant("repeat_conflicts", LISTS, "the same body under a key is a conflict", _keyed(_always_conflict)),
    Mutant("repeat_with_200", LISTS, "a repeated creation is answered 200", _keyed(_status_200)),
    Mutant("repeat_changed", LISTS, "a repeated answer shows another template_version", _keyed(_replays_as_it_is)),
    Mutant("repeat_other_request_id", LISTS, "a repeated answer has another KYC-Request-Id", _keyed(_other_request_id)),
    Mutant("status_filter_ignored", LISTS, "the list ignores the status asked for", takes_query("listVerifications", "status", lambda _: True)),
    Mutant("limit_ignored", LISTS, "the list ignores the limit", takes_query("listVerifications", "limit", lambda text: text.isdigit() and 1 <= int(text) < 100, "100")),
    Mutant("cursor_ignored", LISTS, "the list begins anew behind a cursor", takes_query("listVerifications", "starting_after", lambda _: True)),
    Mutant("cursor_included", LISTS, "a page begins with the last entry of the page before", _from_cursor),
    Mutant("cursor_missing", LISTS, "next_cursor is null although there is more", answers("listVerifications", put("/next_cursor", None), when=shows("/has_more", True))),
    Mutant("has_more_always", LISTS, "has_more is true on the last page", answers("listVerifications", put("/has_more", True))),
    Mutant("listed_twice", LISTS, "an entry is listed twice", answers("listVerifications", _twice, when=lambda value: bool(value.get("data")))),
    Mutant("unreadable_in_list", LISTS, "the list shows ids that cannot be read", answers("listVerifications", _unreadable)),
    Mutant("list_shows_other_status", LISTS, "the list shows another status than the verification", answers("listVerifications", put("/data/*/status", "created"))),
    Mutant("cancel_of_ended", LISTS, "cancelSession cancels sessions that are over", _cancels_ended),
)
