"""Kayle ID's own behaviour: the share contract, tokens, lists, counters, and the rules of its document."""

from __future__ import annotations

import asyncio
import copy
import json
import re
from collections.abc import Callable, Mapping
from itertools import combinations, pairwise
from typing import Any
from unittest.mock import ANY

import httpx
import pytest

from specimen import specs
from specimen.fixtures.recipes.kayle import LABELS, LIVENESS_CODES, NFC_CODES, share_fields
from specimen.mockserver.app import App, build_app
from specimen.mockserver.settings import Pace, Settings
from specimen.specs.loading.schemas import Schemas
from tests.mockserver.calling import forward

KEY = {"Authorization": "Bearer kk_live_specimen"}
NOW = 1_773_916_266_000  # 2026-03-19T10:31:06Z
KAYLE = specs.load("kayle")
SCENARIOS = KAYLE.lifecycle.scenarios
TERMINAL = KAYLE.lifecycle.terminal
Json = Any


class Caller:
    """Sends requests to an application in process."""

    def __init__(self, app: App) -> None:
        self.app = app

    def __call__(self, method: str, path: str, headers: Mapping[str, str] = KEY, **rest: Any) -> httpx.Response:
        """The answer to one request."""

        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
                return await client.request(method, path, headers=headers, **rest)

        return asyncio.run(go())

    def create(self, body: Json = None, **headers: str) -> Json:
        """A new session."""
        answer = self("POST", "/kayle/v1/sessions", {**KEY, **headers}, json={} if body is None else body)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def read(self, session_id: str, **headers: str) -> Json:
        """The session of an id."""
        answer = self("GET", f"/kayle/v1/sessions/{session_id}", {**KEY, **headers})
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]


@pytest.fixture
def call() -> Caller:
    """Kayle alone, its clock stopped, its sessions moved by nobody."""
    return Caller(build_app(Settings(providers=("kayle",), now=NOW, freeze=True, pace=Pace("manual"))))


def entries(app: App) -> list[dict[str, Any]]:
    """The wishes table."""
    return list(app.mounted["kayle"].table.entries())


# creating


def test_create__without_a_body(call: Caller) -> None:
    """Nothing asked for: all twelve claims by default, only the document id required."""
    answer = call("POST", "/kayle/v1/sessions")
    assert answer.status_code == 200
    session = answer.json()["data"]
    assert list(session["share_fields"]) == list(LABELS)
    assert {key for key, field in session["share_fields"].items() if field["required"]} == {"kayle_document_id"}
    assert {field["source"] for field in session["share_fields"].values()} == {"default"}
    assert session["share_fields"]["family_name"]["reason"] == 'Sharing "Family Name"'
    assert session["status"] == "created"
    assert session["expires_at"] == "2026-03-19T11:31:06.000Z"


def test_create__token_in_the_url_once(call: Caller) -> None:
    """The token, alone and in the verification URL, is answered on creation only; the URL is the mock's."""
    session = call.create()
    assert session["verification_url"].startswith("http://127.0.0.1:8080/kayle/_specimen/flow/vs_")
    assert session["verification_url"].endswith(f"?cancel_token={session['cancel_token']}")
    read = call.read(session["id"])
    assert "cancel_token" not in read
    assert read["verification_url"] == session["verification_url"].partition("?")[0]


def test_create__echoes_what_was_asked(call: Caller) -> None:
    """Redirect, endpoints and claims are those of the request, in the request's order."""
    asked = {
        "redirect_url": "https://shop.example/done?order=7",
        "webhook_endpoint_id": ["we_1", "we_2"],
        "share_fields": {
            "given_names": {"required": True, "reason": "  To greet\n you  "},
            "age_over_18": {"required": False, "reason": "Adults only"},
        },
    }
    session = call.read(call.create(asked)["id"])
    assert session["redirect_url"] == asked["redirect_url"]
    assert session["webhook_endpoint_id"] == ["we_1", "we_2"]
    assert list(session["share_fields"]) == ["given_names", "age_over_18", "kayle_document_id"]
    assert session["share_fields"]["given_names"] == {
        "required": True,
        "reason": "To greet you",
        "source": "rc",
    }


@pytest.mark.parametrize("date_of_birth", [True, False])
@pytest.mark.parametrize("age_gate", [True, False])
def test_share_fields__age_gate_beside_date_of_birth(*, date_of_birth: bool, age_gate: bool) -> None:
    """If either is required, both are."""
    fields = share_fields(
        {
            "date_of_birth": {"required": date_of_birth, "reason": "Age"},
            "age_over_21": {"required": age_gate, "reason": ""},
        }
    )
    expected = date_of_birth or age_gate
    assert fields["date_of_birth"]["required"] is expected
    assert fields["age_over_21"]["required"] is expected


def test_share_fields__document_id_cannot_be_optional() -> None:
    """kayle_document_id is required even where the request asks otherwise."""
    fields = share_fields({"kayle_document_id": {"required": False, "reason": "Deduplication"}})
    assert fields == {"kayle_document_id": {"required": True, "reason": "Deduplication", "source": "rc"}}


FIELD = {"required": True, "reason": "Needed"}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        (None, "INVALID_SHARE_FIELDS"),
        ("family_name", "INVALID_SHARE_FIELDS"),
        ({"family_name": None}, "INVALID_SHARE_FIELDS"),
        ({"family_name": {"reason": "Needed"}}, "INVALID_SHARE_FIELDS"),
        ({"family_name": {"required": "yes", "reason": "Needed"}}, "INVALID_SHARE_FIELDS"),
        ({"family_name": {"required": True}}, "REASON_REQUIRED"),
        ({"family_name": {"required": True, "reason": None}}, "REASON_REQUIRED"),
        ({"family_name": {"required": True, "reason": ""}}, "REASON_REQUIRED"),
        ({"family_name": {"required": True, "reason": "\u00a0\t"}}, "REASON_REQUIRED"),
        ({"age_over_18": {"required": True, "reason": ""}}, "REASON_REQUIRED"),
        ({"family_name": {"required": True, "reason": "x" * 201}}, "REASON_TOO_LONG"),
        ({f"claim_{number}": FIELD for number in range(33)}, "TOO_MANY_SHARE_FIELDS"),
        ({"shoe_size": FIELD}, "UNKNOWN_CLAIM_KEY"),
        ({"": FIELD}, "UNKNOWN_CLAIM_KEY"),
        ({"reason": 7}, "INVALID_SHARE_FIELDS"),
        ({"age_over_11": FIELD}, "INVALID_AGE_GATE_KEY"),
        ({"age_over_131": FIELD}, "INVALID_AGE_GATE_KEY"),
        ({"age_over_018": FIELD}, "INVALID_AGE_GATE_KEY"),
        ({"age_over_18\n": FIELD}, "INVALID_AGE_GATE_KEY"),
        ({"age_over_abc": FIELD}, "INVALID_AGE_GATE_KEY"),
        ({"age_over_18": FIELD, "age_over_21": FIELD}, "MULTIPLE_AGE_GATES_NOT_ALLOWED"),
        ({"age_over_12": FIELD, "age_over_112": FIELD}, "MULTIPLE_AGE_GATES_NOT_ALLOWED"),
    ],
)
def test_create__share_field_errors(call: Caller, fields: Json, code: str) -> None:
    """Each fault of the share contract is reported by its own code."""
    answer = call("POST", "/kayle/v1/sessions", json={"share_fields": fields})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code
    assert answer.json()["data"] is None


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"family_name": {"required": True, "reason": "x" * 199 + "  "}}, "REASON_TOO_LONG"),
        ({"family_name": {"required": True, "reason": "\U0001f600" * 101}}, "REASON_TOO_LONG"),
        ({"family_name": {}}, "REASON_REQUIRED"),
        ({"family_name": {"reason": "x"}, "given_names": {"required": True}}, "REASON_REQUIRED"),
        ({"family_name": {"required": True, "reason": "x" * 201}, "given_names": {"required": True}}, "REASON_TOO_LONG"),
        ({"family_name": {"required": True}, "given_names": {"required": True, "reason": "x" * 201}}, "REASON_REQUIRED"),
        ({"shoe_size": FIELD, "family_name": {"required": True, "reason": " "}}, "UNKNOWN_CLAIM_KEY"),
        ({"family_name": {"required": True, "reason": " "}, "shoe_size": FIELD}, "REASON_REQUIRED"),
        ({"shoe_size": {"required": True, "reason": ""}}, "REASON_REQUIRED"),
        ({"shoe_size": FIELD, "family_name": {"required": True}}, "REASON_REQUIRED"),
        ({**{f"claim_{number}": FIELD for number in range(33)}, "family_name": {"required": True}}, "REASON_REQUIRED"),
        ({"age_over_18": FIELD, "age_over_5": FIELD}, "INVALID_AGE_GATE_KEY"),
        ({"age_over_18": {"required": False}, "date_of_birth": FIELD}, "REASON_REQUIRED"),
        ({"age_over_5": {"required": False, "reason": ""}, "date_of_birth": FIELD}, "INVALID_AGE_GATE_KEY"),
    ],
)
def test_create__first_of_several_share_field_errors(call: Caller, fields: Json, code: str) -> None:
    """Shapes before meanings, each in the order of the body; of a field the reason first. Reasons count in UTF-16, blanks too."""
    answer = call("POST", "/kayle/v1/sessions", json={"share_fields": fields})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


@pytest.mark.parametrize("reason", ["\U0001f600" * 100, "\u0085", "\u180e", "x" * 200])
def test_create__reasons_that_are_taken(call: Caller, reason: str) -> None:
    """What JavaScript takes for a character of its own, as many as fit."""
    asked = {"share_fields": {"family_name": {"required": True, "reason": reason}}}
    assert call.create(asked)["share_fields"]["family_name"]["reason"] == reason


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/",
        "http://localhost:3000/x",
        "https://",
        "https:",
        "shop.example",
        "https://user:word@shop.example/",
        "https://user@shop.example/",
        "https://shop.example:99999/",
        "https://shop.example/" + "x" * 2048,
        None,
        7,
    ],
)
def test_create__malformed_redirect_url(call: Caller, url: Json) -> None:
    """Only https URLs of at most 2048 characters are taken, with no user in them; others get the validation library's form."""
    answer = call("POST", "/kayle/v1/sessions", json={"redirect_url": url})
    assert answer.status_code == 400
    assert answer.json()["error"]["name"] == "ZodError"
    assert json.loads(answer.json()["error"]["message"])[0]["path"] == ["redirect_url"]


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("shop", "INVALID_REDIRECT_URL"),
        ("[::1]", "INVALID_REDIRECT_URL"),
        ("b\u00fccher.example", "INVALID_REDIRECT_URL"),
        ("xn--bcher-kva.example", "INVALID_REDIRECT_URL"),
        ("a_b.shop.example", "INVALID_REDIRECT_URL"),
        ("203.0.113.7", "REDIRECT_URL_DOMAIN_NOT_VERIFIED"),
        ("shop.example.", "REDIRECT_URL_DOMAIN_NOT_VERIFIED"),
        ("never-verified.example", "REDIRECT_URL_DOMAIN_NOT_VERIFIED"),
        ("pay.never-verified.example:8443", "REDIRECT_URL_DOMAIN_NOT_VERIFIED"),
    ],
)
def test_create__host_of_the_redirect_url(call: Caller, host: str, code: str) -> None:
    """A name that is no domain is reported as that, an address and one reserved domain as not verified."""
    answer = call("POST", "/kayle/v1/sessions", json={"redirect_url": f"https://{host}/x"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("https://shop.example", "https://shop.example/"),
        ("HTTPS://SHOP.EXAMPLE/A", "https://shop.example/A"),
        ("https://shop.example:443/a", "https://shop.example/a"),
        ("https://shop.example/a/../b", "https://shop.example/b"),
        ("https://shop.example/a b?x=\u00e9#\u00e9", "https://shop.example/a%20b?x=%C3%A9#%C3%A9"),
        ("https://@shop.example/", "https://shop.example/"),
        (" https:\\shop.example\\a\n", "https://shop.example/a"),
        ("https:/shop.example/a", "https://shop.example/a"),
        ("https://localhost/x", "https://localhost/x"),
    ],
)
def test_create__redirect_url_as_a_browser_writes_it(call: Caller, sent: str, shown: str) -> None:
    """The URL is answered in the form of the WHATWG URL Standard."""
    assert call.read(call.create({"redirect_url": sent})["id"])["redirect_url"] == shown


def test_create__order_of_faults(call: Caller) -> None:
    """The shape of share_fields, then the redirect URL, then what share_fields mean, then the endpoint."""
    unknown, reserved = {"shoe_size": FIELD}, "specimen_unavailable_webhook_endpoint"
    cases: list[tuple[Json, str]] = [
        ({"redirect_url": "x", "share_fields": []}, "INVALID_SHARE_FIELDS"),
        ({"redirect_url": "x", "share_fields": unknown}, "ZodError"),
        ({"redirect_url": "https://never-verified.example/", "share_fields": unknown}, "REDIRECT_URL_DOMAIN_NOT_VERIFIED"),
        ({"webhook_endpoint_id": "", "share_fields": []}, "INVALID_SHARE_FIELDS"),
        ({"webhook_endpoint_id": "", "share_fields": unknown}, "ZodError"),
        ({"webhook_endpoint_id": reserved, "share_fields": unknown}, "UNKNOWN_CLAIM_KEY"),
    ]
    for body, reported in cases:
        error = call("POST", "/kayle/v1/sessions", json=body).json()["error"]
        assert error.get("code", error.get("name")) == reported, body


def test_create__endpoints_once_each(call: Caller) -> None:
    """Duplicates go, and one endpoint alone is answered as a text."""
    for sent, shown in ((["we_1", "we_2", "we_1"], ["we_1", "we_2"]), (["we_1"], "we_1"), (["we_1", "we_1"], "we_1")):
        assert call.create({"webhook_endpoint_id": sent})["webhook_endpoint_id"] == shown


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_create__body_of_another_type_is_not_read(call: Caller, content_type: str | None) -> None:
    """It is no reason to refuse: the session asks for the defaults."""
    headers = {**KEY, **({} if content_type is None else {"Content-Type": content_type})}
    answer = call("POST", "/kayle/v1/sessions", headers, content=b'{"redirect_url": "https://shop.example/"}')
    assert answer.status_code == 200
    assert answer.json()["data"]["redirect_url"] is None


def test_create__empty_body_that_says_it_is_json(call: Caller) -> None:
    """Nothing is no JSON; without a content type it is no body."""
    assert call("POST", "/kayle/v1/sessions", {**KEY, "Content-Type": "application/json"}, content=b"").status_code == 400


def test_create__byte_order_mark(call: Caller) -> None:
    """It is passed over."""
    headers = {**KEY, "Content-Type": "application/json"}
    answer = call("POST", "/kayle/v1/sessions", headers, content=b'\xef\xbb\xbf{"redirect_url": "https://a.example/"}')
    assert answer.json()["data"]["redirect_url"] == "https://a.example/"


def test_create__too_large(call: Caller) -> None:
    """More than 2 MiB is refused before the key is looked at, without the envelope."""
    answer = call("POST", "/kayle/v1/sessions", {}, content=b'{"x":"' + b"a" * 2 * 1024 * 1024 + b'"}')
    assert (answer.status_code, answer.json()) == (413, {"error": {"code": "PAYLOAD_TOO_LARGE", "message": ANY}})


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b'"x"', b'{"webhook_endpoint_id": []}'])
def test_create__other_bad_bodies(call: Caller, body: bytes) -> None:
    """What no code of the vendor covers gets the form of its validation library, with the reason."""
    answer = call("POST", "/kayle/v1/sessions", {**KEY, "Content-Type": "application/json"}, content=body)
    assert answer.status_code == 400
    assert answer.json()["success"] is False
    assert answer.json()["error"]["name"] == "ZodError"


def test_create__webhook_endpoint_unavailable(call: Caller) -> None:
    """The reserved endpoint is unavailable, alone and in a list; any other is taken."""
    reserved = "specimen_unavailable_webhook_endpoint"
    for endpoint in (reserved, ["we_1", reserved]):
        answer = call("POST", "/kayle/v1/sessions", json={"webhook_endpoint_id": endpoint})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "WEBHOOK_ENDPOINT_UNAVAILABLE")
    assert call.create({"webhook_endpoint_id": "we_1"})["webhook_endpoint_id"] == "we_1"


def test_age_gates__any_one_and_no_two() -> None:
    """The schema takes each of the 119 age gates alone, and no two of them together."""
    media = KAYLE.document.operations["createSession"].bodies[0]
    assert media.pointer is not None
    validator = KAYLE.schemas.validator(media.pointer)
    gates = [f"age_over_{threshold}" for threshold in range(12, 131)]
    assert all(validator.is_valid({"share_fields": {gate: FIELD}}) for gate in gates)
    assert not any(validator.is_valid({"share_fields": {a: FIELD, b: FIELD}}) for a, b in combinations(gates, 2))


# reading


def test_read__errors(call: Caller) -> None:
    """401 has no envelope, a malformed id gets the validation library's form, an unknown one the envelope."""
    unknown = "vs_" + "z" * 64
    for headers in (
        {},
        {"Authorization": "Bearer kk_live_other"},
        {"Authorization": "Bearer kk_live_revoked"},
    ):
        answer = call("GET", f"/kayle/v1/sessions/{unknown}", headers)
        assert answer.status_code == 401
        assert answer.json() == {"error": {"code": "UNAUTHORIZED", "message": "Unauthorized"}}
    for malformed in (
        "vs_1",
        "{" + unknown + "}",
        f"urn:{unknown}",
        unknown + "%0A",
        unknown + "%20",
        unknown.upper(),
    ):
        answer = call("GET", f"/kayle/v1/sessions/{malformed}")
        assert answer.status_code == 400, malformed
        assert answer.json()["success"] is False
    answer = call("GET", f"/kayle/v1/sessions/{unknown}")
    assert answer.status_code == 404
    assert answer.json()["error"]["docs"] == "https://kayle.id/docs/api/sessions#get-by-id"


def test_every_error__by_a_request(call: Caller) -> None:
    """Each error of the wishes table is answered with its status and its code."""
    for entry in entries(call.app):
        for step in (*entry["setup"], entry):
            body = step["body"]
            sent: dict[str, Any] = {} if body is None else {"json": body}
            if isinstance(body, dict) and "$raw" in body:
                sent = {"content": body["$raw"].encode()}
            answer = call(step["method"], step["path"], step["headers"], **sent)
        assert answer.status_code == entry["expect_status"], entry
        error = answer.json().get("error") if answer.content else None
        if error is not None and "code" in error and not entry["example"].startswith("route"):
            assert error["code"] == entry["example"].upper()


# cancelling


def test_cancel__by_key(call: Caller) -> None:
    """Cancelling may be repeated; the second time changes nothing."""
    session_id = call.create()["id"]
    forward(call.app, 5000)
    first = call("POST", f"/kayle/v1/sessions/{session_id}/cancel")
    assert (first.status_code, first.content) == (204, b"")
    cancelled = call.read(session_id)
    assert cancelled["status"] == "cancelled"
    assert cancelled["completed_at"] == cancelled["updated_at"] == "2026-03-19T10:31:11.000Z"
    forward(call.app, 5000)
    assert call("POST", f"/kayle/v1/sessions/{session_id}/cancel").status_code == 204
    assert call.read(session_id) == cancelled


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_cancel__terminal_session_is_left_alone(call: Caller, state: str) -> None:
    """A session that is over stays as it is under the key's cancel."""
    session = call.create(Prefer=f"status={state}")
    before = call.read(session["id"])
    assert before["status"] == state
    assert call("POST", f"/kayle/v1/sessions/{session['id']}/cancel").status_code == 204
    assert call.read(session["id"]) == before


@pytest.mark.parametrize("scenario", ["succeeded", "liveness_failed", "document_authenticity_failed", "expired", "cancelled"])
def test_cancel__by_token_withdraws_what_had_ended(call: Caller, scenario: str) -> None:
    """What succeeded or failed is cancelled: its end and its counters stay, its code goes. Other ends stay as they are."""
    session = call.create(Prefer=f"status={SCENARIOS[scenario].path[-1]}, scenario={scenario}")
    before = call.read(session["id"])
    forward(call.app, 5000)
    path = f"/kayle/v1/verify/session/{session['id']}/cancel"
    for _ in range(3):
        assert call("POST", path, {}, json={"cancel_token": session["cancel_token"]}).status_code == 204
    after = call.read(session["id"])
    if before["status"] in ("expired", "cancelled"):
        assert after == before
    else:
        now = "2026-03-19T10:31:11.000Z"
        assert after == {**before, "status": "cancelled", "failure_code": None, "updated_at": now}


def test_cancel__never_moves_what_was_only_preferred(call: Caller) -> None:
    """A wished state changes one answer: cancelling "as if in progress" leaves a succeeded session alone."""
    before = call.create(Prefer="status=succeeded")
    headers = {**KEY, "Prefer": "status=in_progress"}
    assert call("POST", f"/kayle/v1/sessions/{before['id']}/cancel", headers).status_code == 204
    assert call.read(before["id"])["status"] == "succeeded"


def test_cancel__by_token_once(call: Caller) -> None:
    """The token cancels its own session, without an API key, once."""
    session, other = call.create(), call.create()
    path = f"/kayle/v1/verify/session/{session['id']}/cancel"

    def cancel(token: str) -> tuple[int, str | None]:
        answer = call("POST", path, {}, json={"cancel_token": token})
        return answer.status_code, answer.json()["error"]["code"] if answer.content else None

    assert cancel(other["cancel_token"]) == (401, "CANCEL_TOKEN_INVALID")
    for form in ("", "ct_any", session["cancel_token"].upper(), f"{session['cancel_token']}.", session["cancel_token"][1:]):
        assert cancel(form) == (400, "INVALID_REQUEST"), form
    assert call.read(session["id"])["status"] == "created"
    assert cancel(session["cancel_token"]) == (204, None)
    assert call.read(session["id"])["status"] == "cancelled"
    assert cancel(session["cancel_token"]) == (204, None)
    assert cancel("a" + session["cancel_token"][1:]) == (401, "CANCEL_TOKEN_INVALID")
    assert call.read(other["id"])["status"] == "created"


def test_cancel__by_token_of_a_namespace(call: Caller) -> None:
    """A token is known to be of its namespace: a browser presents it without headers."""
    session = call.create(**{"Specimen-Namespace": "team.7"})
    assert re.fullmatch("[a-z0-9]{48}", session["cancel_token"])
    path = f"/kayle/v1/verify/session/{session['id']}/cancel"
    assert call("POST", path, {}, json={"cancel_token": session["cancel_token"]}).status_code == 204
    assert call.read(session["id"], **{"Specimen-Namespace": "team.7"})["status"] == "cancelled"


def test_cancel__by_token_goes_by_the_clock_of_its_namespace(call: Caller) -> None:
    """The session is cancelled at the time of its own namespace, wherever the caller's clock is."""
    inside = {"Specimen-Namespace": "job-17"}
    session = call.create(**inside)
    forward(call.app, 3_600_000)
    path = f"/kayle/v1/verify/session/{session['id']}/cancel"
    assert call("POST", path, {}, json={"cancel_token": session["cancel_token"]}).status_code == 204
    cancelled = call.read(session["id"], **inside)
    assert cancelled["status"] == "cancelled"
    assert cancelled["completed_at"] == session["created_at"]
    assert call("POST", path, inside, json={"cancel_token": session["cancel_token"]}).status_code == 204
    assert call.read(session["id"], **inside) == cancelled


def test_cancel__catalogue_session_in_the_own_namespace(call: Caller) -> None:
    """Cancelling a catalogue session changes it for the caller's namespace only."""
    entry = next(entry for entry in entries(call.app) if entry["status"] == "in_progress")
    session_id = entry["path"].rpartition("/")[2]
    headers = {"Specimen-Namespace": "mine"}
    assert call("POST", f"/kayle/v1/sessions/{session_id}/cancel", {**KEY, **headers}).status_code == 204
    assert call.read(session_id, **headers)["status"] == "cancelled"
    assert call.read(session_id)["status"] == "in_progress"


# keys


def test_keys__of_another_organization(call: Caller) -> None:
    """A second organization neither sees nor cancels what the first one made, nor the other way round."""
    other = {"Authorization": "Bearer kk_live_other_organization"}
    for mine, theirs in ((KEY, other), (other, KEY)):
        session_id = call("POST", "/kayle/v1/sessions", mine).json()["data"]["id"]
        assert call("GET", f"/kayle/v1/sessions/{session_id}", mine).status_code == 200
        assert call("GET", f"/kayle/v1/sessions/{session_id}", theirs).json()["error"]["code"] == "NOT_FOUND"
        assert call("POST", f"/kayle/v1/sessions/{session_id}/cancel", theirs).status_code == 404
        shown = [session["id"] for session in call("GET", "/kayle/v1/sessions", theirs).json()["data"]]
        assert session_id not in shown


@pytest.mark.parametrize(
    ("key", "made", "read"),
    [("read_only", (403, "FORBIDDEN"), 404), ("write_only", (200, None), 403), ("frozen", (410, "ORGANIZATION_FROZEN"), 410),
     ("unverified", (429, "ORG_NOT_VERIFIED_LIMIT_EXCEEDED"), 404)],
)  # fmt: skip
def test_keys__that_may_not_do_everything(call: Caller, key: str, made: tuple[int, str | None], read: int) -> None:
    """Refusals of the account come before those of the request."""
    headers = {"Authorization": f"Bearer kk_live_{key}"}
    answer = call("POST", "/kayle/v1/sessions", headers)
    assert (answer.status_code, (answer.json()["error"] or {}).get("code")) == made
    assert call("GET", f"/kayle/v1/sessions/vs_{'z' * 64}", headers).status_code == read


# listing


def test_list__pages_in_the_order_of_ids(call: Caller) -> None:
    """The pages give every session once, in the order of the ids; the last has no cursor."""
    ids = sorted(call.create()["id"] for _ in range(7))
    found: list[str] = []
    query: dict[str, Any] = {"limit": 3}
    while True:
        page = call("GET", "/kayle/v1/sessions", params=query).json()
        found += [session["id"] for session in page["data"]]
        assert page["pagination"]["limit"] == 3
        assert page["pagination"]["has_more"] is (page["pagination"]["next_cursor"] is not None)
        if not page["pagination"]["has_more"]:
            break
        query["starting_after"] = page["pagination"]["next_cursor"]
    assert found == ids


def test_list__filters(call: Caller) -> None:
    """By status and by time of creation, both ends included, whatever the digits of the seconds."""
    early = call.create()["id"]
    call("POST", f"/kayle/v1/sessions/{early}/cancel")
    forward(call.app, 1500)
    late = call.create()["id"]

    def listed(**query: str) -> set[str]:
        return {session["id"] for session in call("GET", "/kayle/v1/sessions", params=query).json()["data"]}

    assert listed() == {early, late}
    assert listed(status="cancelled") == {early}
    assert listed(created_from="2026-03-19T10:31:06Z") == {early, late}
    assert listed(created_from="2026-03-19T10:31:06.001Z") == {late}
    assert listed(created_to="2026-03-19T10:31:07.5Z") == {early, late}
    assert listed(created_to="2026-03-19T10:31:07.49999Z") == {early}
    assert listed(created_to="2026-03-19T10:31:06Z", created_from="2026-03-19T10:31:06.0Z") == {early}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=1.5",
        "limit=ten",
        "limit=1&limit=2",
        "starting_after=abc",
        "starting_after=",
        "status=done",
        "status=",
        "created_from=yesterday",
        "created_from=2026-02-30T00:00:00Z",
        "created_to=2025-02-29T00:00:00Z",
        "created_to=2026-03-19T10:31:06%2B01:00",
    ],
)
def test_list__bad_query(call: Caller, query: str) -> None:
    """A malformed filter is refused in the form of the validation library."""
    answer = call("GET", f"/kayle/v1/sessions?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["name"] == "ZodError"


# counters


@pytest.mark.parametrize("name", SCENARIOS)
def test_tries__climb_to_what_the_scenario_states(call: Caller, name: str) -> None:
    """Read after each step of its path, the counters never go down and end at the facts of the scenario."""
    scenario = SCENARIOS[name]
    session = call.create(Prefer=f"scenario={name}, pace=polls:1")
    seen = [session]
    for state in scenario.path[1:]:
        seen.append(call.read(session["id"]))
        assert seen[-1]["status"] == state
    counters = [(data["nfc_tries_used"], data["liveness_tries_used"]) for data in seen]
    assert counters[0] == (0, 0)
    for before, after in pairwise(counters):
        assert before[0] <= after[0]
        assert before[1] <= after[1]
        assert sum(after) - sum(before) <= 1
    assert counters[-1] == (scenario.facts["nfc_tries_used"], scenario.facts["liveness_tries_used"])
    assert seen[-1]["failure_code"] == scenario.facts["failure_code"]
    assert call.read(session["id"]) == seen[-1]


@pytest.mark.parametrize("code", KAYLE.lifecycle.choices["failure_code"].values)
def test_failure_code__narrowed(call: Caller, code: str) -> None:
    """Any failure code can be asked for; the counters follow it."""
    session = call.read(call.create(Prefer=f"status=failed, failure_code={code}, nfc_tries_used=1")["id"])
    assert session["failure_code"] == code
    assert session["nfc_tries_used"] == (3 if code in NFC_CODES else 1)
    assert session["liveness_tries_used"] == (3 if code in LIVENESS_CODES else 0)


# rules of the document

Change = Callable[[dict[str, Any]], object]


def having(**fields: Json) -> Change:
    """Sets fields of the session."""
    return lambda session: session.update(fields)


def asking(**fields: bool | None) -> Change:
    """Sets claims, required or not; None takes one away."""

    def change(session: dict[str, Any]) -> None:
        for key, is_required in fields.items():
            if is_required is None:
                del session["share_fields"][key]
            else:
                session["share_fields"][key] = {"required": is_required, "reason": "Needed", "source": "rc"}

    return change


def failed(code: str, **fields: Json) -> Change:
    """Ends the session with a failure code."""
    return having(status="failed", completed_at="2025-01-01T00:00:00Z", failure_code=code, **fields)


VALID: list[Change] = [
    having(),
    having(status="in_progress", nfc_tries_used=2, liveness_tries_used=2),
    having(status="succeeded", completed_at="2025-01-01T01:00:00+01:00", nfc_tries_used=2),
    failed("selfie_face_mismatch", liveness_tries_used=3, nfc_tries_used=2),
    failed("document_chip_authentication_failed", nfc_tries_used=3),
    failed("document_anti_cloning_attestation_failed"),
    asking(date_of_birth=False, age_over_130=False),
    asking(date_of_birth=None, age_over_12=True),
    having(webhook_endpoint_id=["we_1"], redirect_url=None),
    having(status="cancelled", completed_at="2025-01-01T00:00:00Z", nfc_tries_used=3),
]


def fired(change: Change, *, strict: bool) -> set[str]:
    """The rules that a change to the page's own example breaks."""
    operation = KAYLE.document.operations["getSession"]
    media = operation.responses["200"].media[0]
    assert media.pointer is not None
    schemas = Schemas(KAYLE.document, strict=strict)
    answer = copy.deepcopy(media.examples["session"])
    change(answer["data"])
    errors = schemas.validator(media.pointer).iter_errors(answer)
    return {(schemas.rule_title(error) or error.message)[:7] for error in errors}


@pytest.mark.parametrize("strict", [False, True])
def test_rules__silent_on_valid_sessions(*, strict: bool) -> None:
    """What the vendor may answer breaks no rule."""
    for change in VALID:
        assert fired(change, strict=strict) == set()


def test_scenarios__that_the_public_source_never_takes_are_assumed() -> None:
    """No public page says how a session fails unseen, or ends by its document's data; a driver need not show either."""
    scenarios = specs.load("kayle").lifecycle.scenarios
    assert {name for name, one in scenarios.items() if one.mark == "A"} >= {"failed_unseen", "document_data_invalid"}
