"""Broken implementations of Kayle ID."""

from __future__ import annotations

from typing import Any

from specimen.specs import load
from tests.score.asgi import Answer, Ask, Call
from tests.score.changes import (
    FIELDS,
    LISTS,
    REQUESTS,
    SHAPE,
    TIME,
    Change,
    Make,
    Mutant,
    alter,
    answers,
    asks,
    at,
    body,
    drop,
    header,
    is_no_json,
    is_no_object,
    is_number_above,
    is_number_below,
    put,
    sent,
    shifted,
    shows,
    status,
    takes,
    takes_body,
    takes_query,
    traced,
    trims,
    unbraced,
    unlocked,
)
from tests.score.memories import after_seen, first_for_all, lost, moving, nth, remembering, unknown_is_known

ENDS = ("succeeded", "failed", "expired", "cancelled")
ENDED, OPEN = shows("/data/status", *ENDS), shows("/data/status", "created", "in_progress")
IN_PROGRESS = shows("/data/status", "in_progress")
STATES = ("created", "in_progress", *ENDS)
CLAIMS = ("family_name", "given_names", "date_of_birth", "kayle_document_id", "kayle_human_id", "nationality_code")


def _without_unknown_claims(call: Call) -> None:
    fields = (call.json or {}).get("share_fields") if isinstance(call.json, dict) else None
    if isinstance(fields, dict) and any("age_over" not in name and name.count("_") == 1 and name not in CLAIMS for name in fields):
        call.json = {**call.json, "share_fields": {name: value for name, value in fields.items() if name in CLAIMS}}


def _one_age_gate(call: Call) -> None:
    fields = (call.json or {}).get("share_fields") if isinstance(call.json, dict) else None
    gates = [name for name in fields if name.startswith("age_over_")] if isinstance(fields, dict) else []
    if len(gates) > 1:
        call.json = {**call.json, "share_fields": {name: value for name, value in fields.items() if name not in gates[1:]}}


def _unasked_age_gate(value: Any, _: Call) -> None:
    fields = value["data"]["share_fields"]
    gate = {"required": True, "reason": 'Sharing "Age Over 18"', "source": "rc"}
    fields["age_over_18"], fields["age_over_21"] = gate, {**gate}


def _asked_required(value: Any, _: Call) -> None:
    for field in value["data"]["share_fields"].values():
        field["required"] = field["required"] or field["source"] == "rc"


def _fewer_later(value: Any, _: Call, memory: dict[Any, Any]) -> None:
    fields = value["data"]["share_fields"]
    if memory.setdefault(value["data"]["id"], 0) and "family_name" in fields:
        del fields["family_name"]
    memory[value["data"]["id"]] += 1


def _any_token() -> Change:
    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        if call.operation == "cancelByToken" and answer.status == 401 and at(answer.json, "/error/code") == "CANCEL_TOKEN_INVALID":
            return Answer(204)
        return answer

    return change


def _times_exclusive() -> Change:
    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        if call.operation == "listSessions" and answer.status == 200:
            value, bounds = answer.json, {call.queries.get("created_from"), call.queries.get("created_to")}
            value["data"] = [entry for entry in value["data"] if entry["created_at"] not in bounds]
            answer.json = value
        return answer

    return change


def _times_late() -> Change:
    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        first = call.queries.get("created_from", "")
        if call.operation == "listSessions" and answer.status == 200 and "1970" < first < "9999":
            value, late = answer.json, shifted(1)(first)
            value["data"] = [entry for entry in value["data"] if entry["created_at"] >= late]
            answer.json = value
        return answer

    return change


def _apart_no_more(operation: str) -> Make:
    """What one organization's key asks for is answered as to the other one's, where that shows more."""
    keys = [entry.headers["Authorization"] for entry in load("kayle").lifecycle.credentials.values() if entry.fails is None]

    def make() -> Change:
        async def change(call: Call, ask: Ask) -> Answer:
            answer = await ask(call)
            others = [key for key in keys[:2] if key != call.headers.get("authorization")]
            if call.operation == operation and answer.status in (200, 404) and len(others) == 1 and not call.has_preference:
                asked = call.copy()
                asked.headers["authorization"] = others[0]
                other = await ask(asked)
                if answer.status == 404 and other.status == 200:
                    return other
                if answer.status == 200 and operation == "listSessions":
                    value = answer.json
                    rows = {row["id"]: row for row in (*value["data"], *other.json["data"])}
                    value["data"] = [rows[name] for name in sorted(rows)][: int(call.queries.get("limit", 20))]
                    answer.json = value
            return answer

        return change

    return make


def _cancels_the_ended() -> Change:
    cancelled: set[str] = set()

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        if call.operation == "cancelSession" and answer.status == 204:
            cancelled.add(call.parameters["id"])
        value = answer.json
        if call.operation == "getSession" and answer.status == 200 and call.parameters["id"] in cancelled:
            value["data"]["status"], value["data"]["failure_code"] = "cancelled", None
            value["data"]["nfc_tries_used"] = min(2, value["data"]["nfc_tries_used"])
            value["data"]["liveness_tries_used"] = min(2, value["data"]["liveness_tries_used"])
            answer.json = value
        return answer

    return change


def _cancels_nothing() -> Change:
    async def change(call: Call, ask: Ask) -> Answer:
        if call.operation != "cancelSession":
            return await ask(call)
        read = call.copy()
        read.method, read.path, read.body = "GET", call.path.removesuffix("/cancel"), b""
        answer = await ask(read)
        return Answer(204) if answer.status == 200 else await ask(call)

    return change


def _cancels_once() -> Change:
    done: set[str] = set()

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        if call.operation == "cancelSession" and answer.status == 204:
            if call.path in done:
                error = {"code": "CONFLICT", "message": "Session is over.", "hint": "Nothing to do.", "docs": "https://kayle.id"}
                return Answer.of(409, {"data": None, "error": error})
            done.add(call.path)
        return answer

    return change


def _unreadable_in_list(value: Any, _: Call) -> None:
    for entry in value["data"]:
        entry["id"] = entry["id"][:-8] + "".join(reversed(entry["id"][-8:]))


def _reversed(value: Any, _: Call) -> None:
    value["data"].reverse()


def _without_newest(value: Any, _: Call) -> None:
    newest = max((entry["created_at"] for entry in value["data"]), default=None)
    value["data"] = [entry for entry in value["data"] if entry["created_at"] != newest]


def _unfiltered(name: str) -> Any:
    return takes_query("listSessions", name, lambda _: True)


MUTANTS = (
    Mutant("no_credentials_read", REQUESTS, "getSession answers without credentials", unlocked("getSession", only_missing=True)),
    Mutant("no_credentials_create", REQUESTS, "createSession answers without credentials", unlocked("createSession", only_missing=True)),
    Mutant("no_credentials_cancel", REQUESTS, "cancelSession works without credentials", unlocked("cancelSession", only_missing=True)),
    Mutant("any_token_list", REQUESTS, "listSessions takes any token", unlocked("listSessions", only_missing=False)),
    Mutant("id_trimmed", REQUESTS, "white space around an id is cut off", trims("getSession", "id", str.strip)),
    Mutant("id_in_braces", REQUESTS, "an id in braces is taken", trims("getSession", "id", unbraced)),
    Mutant("cancel_id_trimmed", REQUESTS, "cancelSession cuts white space off the id", trims("cancelSession", "id", str.strip)),
    Mutant("unknown_id_found", REQUESTS, "an id that nobody issued finds a session", unknown_is_known("getSession", "id", "/data/id")),
    Mutant("limit_above_100", REQUESTS, "a limit above 100 is taken", takes_query("listSessions", "limit", is_number_above(100), "100")),
    Mutant("limit_below_1", REQUESTS, "a limit below 1 is taken", takes_query("listSessions", "limit", is_number_below(1), "1")),
    Mutant(
        "unknown_status_filter", REQUESTS, "a status that does not exist is taken for a filter",
        takes_query("listSessions", "status", lambda text: text not in STATES),
    ),
    Mutant(
        "created_from_unchecked", REQUESTS, "created_from may be any text",
        takes_query("listSessions", "created_from", lambda text: "T" not in text or not text.endswith("Z")),
    ),
    Mutant(
        "redirect_url_http", REQUESTS, "redirect_url may be http",
        takes("createSession", "/redirect_url", lambda v: isinstance(v, str) and v.startswith("http://")),
    ),
    Mutant(
        "redirect_url_type", REQUESTS, "redirect_url may be no string",
        takes("createSession", "/redirect_url", lambda value: not isinstance(value, str)),
    ),
    Mutant(
        "reason_too_long", REQUESTS, "a reason may be longer than 200 characters",
        takes("createSession", "/share_fields/*/reason", lambda v: isinstance(v, str) and len(v) > 200, "We ask"),
    ),
    Mutant("unknown_claim", REQUESTS, "a claim key that does not exist is passed over", asks("createSession", _without_unknown_claims)),
    Mutant("two_age_gates", REQUESTS, "a second age gate is passed over", asks("createSession", _one_age_gate)),
    Mutant("body_no_object", REQUESTS, "a body that is no object is taken", takes_body("createSession", is_no_object, {})),
    Mutant("body_no_json", REQUESTS, "a body that is no JSON is taken", takes_body("createSession", is_no_json, {})),
    Mutant(
        "share_fields_type", REQUESTS, "share_fields may be no object",
        takes("createSession", "/share_fields", lambda value: not isinstance(value, dict)),
    ),
    Mutant("any_cancel_token", REQUESTS, "cancelByToken takes any token", _any_token),
    Mutant("updated_at_missing", SHAPE, "updated_at is missing", answers("getSession", drop("/data/updated_at"))),
    Mutant("tries_are_text", SHAPE, "nfc_tries_used is a string", answers("getSession", alter("/data/nfc_tries_used", str))),
    Mutant("status_capitals", SHAPE, "the status is in capitals once it is over", answers("getSession", alter("/data/status", str.upper), when=ENDED)),
    Mutant("error_not_null", SHAPE, "error is an object beside data", answers("getSession createSession", put("/error", {}))),
    Mutant("created_with_201", SHAPE, "createSession answers 201", status("createSession", 200, 201)),
    Mutant("cancel_with_200", SHAPE, "cancelSession answers 200 with a body", sent("cancelSession", lambda *_: Answer.of(200, {"data": {}, "error": None}))),
    Mutant("cancel_token_missing", SHAPE, "createSession answers no cancel_token", answers("createSession", drop("/data/cancel_token"))),
    Mutant("verification_url_relative", SHAPE, "verification_url is a path", answers("getSession", put("/data/verification_url", "/v/1"))),
    Mutant("share_field_source", SHAPE, "a share field's source is unknown", answers("getSession", put("/data/share_fields/family_name/source", "api"))),
    Mutant("list_as_text", SHAPE, "listSessions answers as text/plain", header("listSessions", "content-type", "text/plain")),
    Mutant("list_cut_off", SHAPE, "listSessions' JSON is cut off", sent("listSessions", lambda answer, _: Answer(200, answer.headers, answer.body[:-2]))),
    Mutant("pagination_missing", SHAPE, "listSessions answers no pagination", answers("listSessions", drop("/pagination"))),
    Mutant("not_found_flat", SHAPE, "the error of a 404 is a string", body("getSession", "404", {"data": None, "error": "Session not found."})),
    Mutant("not_found_html", SHAPE, "a 404 is a page for browsers", body("getSession", "404", "<h1>Not Found</h1>", "text/html")),
    Mutant("not_found_410", SHAPE, "an unknown id is answered 410", status("getSession", 404, 410)),
    Mutant("not_found_traceback", SHAPE, "a 404 shows a traceback", traced("getSession", "/error/hint", "404")),
    Mutant("unauthorized_detail", SHAPE, "a 401 has another envelope", body("listSessions", "401", {"detail": "Unauthorized"})),
    Mutant("bad_request_envelope", SHAPE, "a 400 of createSession has no code", answers("createSession", drop("/error/code"), status="400", when=shows("/data", None))),
    Mutant("failure_code_on_success", FIELDS, "failure_code is set although the session succeeded", answers("getSession", put("/data/failure_code", "document_data_invalid"), when=shows("/data/status", "succeeded"))),
    Mutant("failure_code_on_cancel", FIELDS, "failure_code is set although the session was cancelled", answers("getSession", put("/data/failure_code", "document_data_invalid"), when=shows("/data/status", "cancelled"))),
    Mutant("failure_code_missing", FIELDS, "failure_code is null although the session failed", answers("getSession", put("/data/failure_code", None), when=shows("/data/status", "failed"))),
    Mutant("completed_at_missing", FIELDS, "completed_at is null although the session expired", answers("getSession", put("/data/completed_at", None), when=shows("/data/status", "expired"))),
    Mutant("completed_at_early", FIELDS, "completed_at is set while in progress", answers("getSession", put("/data/completed_at", "2026-03-19T10:31:30.000Z"), when=IN_PROGRESS)),
    Mutant("three_tries_in_progress", FIELDS, "three failed tries do not fail the session", answers("getSession", put("/data/liveness_tries_used", 3), when=IN_PROGRESS)),
    Mutant("liveness_after_two", FIELDS, "liveness fails after two tries", answers("getSession", put("/data/liveness_tries_used", 2), when=shows("/data/failure_code", "liveness_failed", "selfie_face_mismatch"))),
    Mutant("chip_after_no_try", FIELDS, "the chip check fails after no try", answers("getSession", put("/data/nfc_tries_used", 0), when=shows("/data/failure_code", "document_authenticity_failed", "document_active_authentication_failed", "document_chip_authentication_failed"))),
    Mutant("cancel_token_read", FIELDS, "a read shows the cancel_token", answers("getSession", put("/data/cancel_token", "a" * 48))),
    Mutant("document_id_optional", FIELDS, "kayle_document_id is not required", answers("getSession", put("/data/share_fields/kayle_document_id/required", False))),
    Mutant("two_age_gates_shown", FIELDS, "a session has two age gates", answers("getSession", _unasked_age_gate)),
    Mutant("updated_before_created", FIELDS, "updated_at is before created_at", answers("getSession", alter("/data/updated_at", shifted(-86_400)), when=OPEN)),
    Mutant("completed_after_updated", FIELDS, "completed_at is after updated_at", answers("getSession", alter("/data/completed_at", shifted(1)))),
    Mutant("expires_before_created", FIELDS, "expires_at is before created_at", answers("getSession", alter("/data/expires_at", shifted(-7200)))),
    Mutant("not_found_error_null", FIELDS, "the error of a 404 is null", answers("getSession", put("/error", None), status="404")),
    Mutant("terminal_left", TIME, "an ended session is in progress again from the second look on", nth("getSession", "/data/id", 2, put("/data/status", "in_progress"), put("/data/completed_at", None), put("/data/failure_code", None), put("/data/nfc_tries_used", 0), put("/data/liveness_tries_used", 0), when=ENDED)),
    Mutant("succeeded_then_expired", TIME, "a session that succeeded is later expired", nth("getSession", "/data/id", 2, put("/data/status", "expired"), when=shows("/data/status", "succeeded"))),
    Mutant("back_to_created", TIME, "a session in progress is created again", nth("getSession", "/data/id", 2, put("/data/status", "created"), when=IN_PROGRESS)),
    Mutant("id_of_another", TIME, "the answer shows another id than asked for", answers("getSession", alter("/data/id", lambda text: text[:-1] + ("A" if text[-1] != "A" else "B")))),
    Mutant("first_session_for_all", TIME, "every read answers with the first session that was read", first_for_all("getSession")),
    Mutant("created_at_moves", TIME, "created_at moves with every read", moving("getSession", "/data/created_at", lambda text, count: shifted(-count)(text))),
    Mutant("updated_at_falls", TIME, "updated_at of an open session goes back from read to read", moving("getSession", "/data/updated_at", lambda text, count: shifted(0.02 * max(0, 4 - count))(text), when=OPEN)),
    Mutant("counter_falls", TIME, "the counter of failed tries goes back to 0", after_seen("getSession", "/data/id", lambda value: IN_PROGRESS(value) and max(at(value, "/data/nfc_tries_used"), at(value, "/data/liveness_tries_used")) > 0, put("/data/nfc_tries_used", 0), put("/data/liveness_tries_used", 0), when=lambda value: at(value, "/data/status") in ("in_progress", "succeeded"))),
    Mutant("share_fields_shrink", TIME, "a share field is gone at the second read", remembering("getSession", _fewer_later)),
    Mutant("contract_version_grows", TIME, "contract_version grows with every read", moving("getSession", "/data/contract_version", lambda number, count: number + count)),
    Mutant("created_not_found", TIME, "a new session is not found", lost("createSession", "/data/id", "getSession", "id")),
    Mutant("cancel_without_effect", TIME, "cancelSession changes nothing", _cancels_nothing),
    Mutant("cancel_of_ended", TIME, "cancelSession cancels sessions that are over", _cancels_the_ended),
    Mutant("status_filter_ignored", LISTS, "the list ignores the status asked for", _unfiltered("status")),
    Mutant("limit_ignored", LISTS, "the list ignores the limit", takes_query("listSessions", "limit", lambda text: text.isdigit() and 1 <= int(text) < 100, "100")),
    Mutant("cursor_ignored", LISTS, "the list begins anew behind a cursor", _unfiltered("starting_after")),
    Mutant("created_to_ignored", LISTS, "the list ignores created_to", _unfiltered("created_to")),
    Mutant("list_backwards", LISTS, "the list is in the reverse order of the ids", answers("listSessions", _reversed)),
    Mutant("has_more_always", LISTS, "has_more is true on the last page", answers("listSessions", put("/pagination/has_more", True))),
    Mutant("cursor_missing", LISTS, "next_cursor is null although there is more", answers("listSessions", put("/pagination/next_cursor", None), when=shows("/pagination/has_more", True))),
    Mutant("unreadable_in_list", LISTS, "the list shows ids that cannot be read", answers("listSessions", _unreadable_in_list)),
    Mutant("list_without_newest", LISTS, "the newest session is not in the list", answers("listSessions", _without_newest)),
    Mutant("list_shows_token", LISTS, "the list shows cancel tokens", answers("listSessions", put("/data/*/cancel_token", "a" * 48))),
    Mutant("second_cancel_409", LISTS, "a second cancel is answered 409", _cancels_once),
    Mutant("times_exclusive", LISTS, "created_from and created_to leave out the sessions of that moment", _times_exclusive),
    Mutant("times_late", LISTS, "created_from leaves out the sessions of the second after it", _times_late),
    Mutant("other_organization_read", TIME, "a session is shown to another organization", _apart_no_more("getSession")),
    Mutant("other_organization_listed", LISTS, "a list shows another organization's sessions", _apart_no_more("listSessions")),
    Mutant("asked_fields_required", FIELDS, "what is asked for is required", answers("createSession", _asked_required)),
)
