"""Kyve over HTTP: templates, errors, idempotency, the lifecycle, modes and lists."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from specimen import specs
from specimen.fixtures.primitives import times
from specimen.fixtures.recipes import kyve as recipe
from specimen.fixtures.recipes import kyve_templates
from specimen.mockserver.app import App, build_app
from specimen.mockserver.preferences.preferences import magic_value
from specimen.mockserver.providers import kyve as handlers
from specimen.mockserver.sessions.store import Space
from specimen.mockserver.settings import Settings
from specimen.specs.core.errors import SpecError
from tests.mockserver.calling import forward

KYVE = specs.load("kyve")
LIFECYCLE = KYVE.lifecycle
SCENARIOS = sorted(LIFECYCLE.scenarios)
NOW = 1_770_000_000_000  # 2026-02-02T02:40:00Z
SESSION_ID = "ses_" + "a" * 26
VERIFICATION_ID = "ver_" + "b" * 26
STANDARD, VENDOR, FULL, PASSPORT = "tpl_2n8k4r6t0w1y", "tpl_abc123def456", "tpl_5v7x9z1b3d5f", "tpl_8h0j2l4n6q8s"
NODEFAULT, SCAFFOLD = "tpl_4g6i8k0m2p4r", "tpl_platformscaf"


def breaks(body: Any, schema: str) -> list[str]:
    """What in a body the strict schema refuses."""
    errors = KYVE.strict_schemas.validator(f"/components/schemas/{schema}").iter_errors(body)
    return [error.message for error in errors]


class Mock:
    """The mock in process, driven synchronously; `key` names a credential of lifecycle.yaml."""

    def __init__(self, loop: asyncio.AbstractEventLoop, **settings: Any) -> None:
        self.app: App = build_app(Settings(providers=("kyve",), now=NOW, freeze=True, **settings))
        self.loop = loop
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://127.0.0.1:8080")

    def send(self, method: str, path: str, key: str = "test", **options: Any) -> httpx.Response:
        """What the mock answers."""
        return self.loop.run_until_complete(self.sending(method, path, key, **options))

    async def sending(self, method: str, path: str, key: str = "test", **options: Any) -> httpx.Response:
        """The same, to be awaited."""
        headers = {**LIFECYCLE.credentials[key].headers, **options.pop("headers", {})}
        url = path if path.startswith("http") else f"/kyve{path}"
        return await self.client.request(method, url, headers=headers, **options)

    def create(self, key: str = "test", *, headers: dict[str, str] | None = None, **body: Any) -> dict[str, Any]:
        """A new session."""
        answer = self.send("POST", "/v1/sessions", key, json=body, headers=headers or {})
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def forward(self, seconds: float) -> None:
        """Moves the clock."""
        forward(self.app, round(seconds * 1000))


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop of the test's own."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture
def mock(loop: asyncio.AbstractEventLoop) -> Iterator[Mock]:
    """A fresh mock with a frozen clock."""
    mock = Mock(loop)
    yield mock
    loop.run_until_complete(mock.client.aclose())


# -- templates ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "body", "template", "version"),
    [
        ("test", {}, STANDARD, 4),
        ("live", {}, STANDARD, 4),
        ("test", {"template_id": VENDOR}, VENDOR, 7),
        ("test", {"template_slug": "full-kyc"}, FULL, 2),
        ("live", {"template_slug": "passport-only"}, PASSPORT, 1),
        ("test", {"template_id": VENDOR, "template_slug": "full-kyc"}, VENDOR, 7),
        ("test", {"template_id": VENDOR, "template_slug": "no-such"}, VENDOR, 7),
        ("test_nodefault", {}, SCAFFOLD, 1),
        ("test_nodefault", {"template_id": NODEFAULT}, NODEFAULT, 5),
        ("live_nodefault", {"template_id": NODEFAULT}, NODEFAULT, 5),
        ("test", {"template_id": SCAFFOLD}, SCAFFOLD, 1),
    ],
)
def test_templates__which_one_is_taken(mock: Mock, key: str, body: dict[str, str], template: str, version: int) -> None:
    """A pinned one, id before slug; else the default; in test mode without one the scaffold."""
    session = mock.create(key, **body)
    assert (session["template_id"], session["template_version"]) == (template, version)
    assert session["livemode"] is key.startswith("live")


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("test", {"template_id": "tpl_000000000000"}),
        ("test", {"template_slug": "no-such"}),
        ("test", {"template_id": ""}),
        ("test", {"template_id": NODEFAULT}),
        ("test_nodefault", {"template_id": VENDOR}),
        ("live", {"template_id": SCAFFOLD}),
    ],
)
def test_templates__what_the_workspace_has_not_is_not_found(mock: Mock, key: str, body: dict[str, str]) -> None:
    """Unknown templates, those of another workspace and, in live mode, the scaffold: 404."""
    answer = mock.send("POST", "/v1/sessions", key, json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_templates__live_mode_without_a_default(mock: Mock) -> None:
    """There is no fallback in live mode."""
    answer = mock.send("POST", "/v1/sessions", "live_nodefault", json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "validation_error")


def test_templates__no_body_asks_for_the_default(mock: Mock) -> None:
    """A create without any body is valid."""
    assert mock.send("POST", "/v1/sessions").json()["template_id"] == STANDARD


def test_templates__a_passport_template_shows_a_passport(mock: Mock) -> None:
    """The document fits what the flow accepts, whatever else was wished."""
    session = mock.create(template_id=PASSPORT, headers={"Prefer": "document=id_card"})
    mock.forward(60)
    body = mock.send("GET", f"/v1/verifications/{session['verification_id']}").json()
    assert (body["status"], body["fields"]["document"]["type"]) == ("completed", "passport")


@pytest.mark.parametrize("body", [{}, {"template_id": STANDARD}])
def test_templates__an_edit_never_reaches_an_open_session(
    mock: Mock, monkeypatch: pytest.MonkeyPatch, body: dict[str, str]
) -> None:
    """The session keeps the snapshot that was taken when it was made; a new one gets the new version."""
    before = mock.create(**body)
    found = kyve_templates.templates()
    edited = dataclasses.replace(found.versions[STANDARD][-1], version=5, flow_config={"steps": [], "checks": ["document"]})
    newer = dataclasses.replace(found, versions={**found.versions, STANDARD: (edited,)})
    monkeypatch.setattr(handlers, "templates", lambda: newer)
    monkeypatch.setattr(recipe, "templates", lambda: newer)
    mock.forward(60)
    after = mock.send("GET", f"/v1/sessions/{before['id']}").json()
    assert (after["template_version"], after["flow_config"]) == (4, before["flow_config"])
    checks = mock.send("GET", f"/v1/verifications/{before['verification_id']}").json()["checks"]
    assert [check["type"] for check in checks] == before["flow_config"]["checks"]
    assert mock.create(**body)["flow_config"]["checks"] == ["document"]


def test_templates__a_snapshot_is_read_only() -> None:
    """What a session keeps cannot be changed in place."""
    snapshot = kyve_templates.templates().versions[STANDARD][-1].snapshot
    with pytest.raises(TypeError):
        snapshot["flow_config"]["checks"] = ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("scaffold:", "scafold:"), "unknown key 'scafold'. Did you mean 'scaffold'?"),
        (lambda text: text.replace("default: null", "defualt: null"), "unknown key 'defualt'. Did you mean 'default'?"),
        (lambda text: text.replace("    slug: full-kyc\n", ""), "the key 'slug' is missing"),
        (lambda text: text.replace("default: tpl_2n8k4r6t0w1y", "default: tpl_2n8k4r6t0w1z"), "no such template"),
        (lambda text: text.replace("scaffold: tpl_platformscaf", "scaffold: tpl_none"), "no such template"),
    ],
)
def test_templates__a_wrong_file_says_where(tmp_path: Path, change: Callable[[str], str], message: str) -> None:
    """An unknown or a missing key, and a template that does not exist, raise with the place."""
    path = tmp_path / "templates.yaml"
    path.write_text(change((KYVE.folder / "templates.yaml").read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(SpecError, match=r"templates\.yaml") as raised:
        kyve_templates.read_templates(path)
    assert message in str(raised.value)


def test_templates__a_version_that_does_not_exist() -> None:
    """A scenario cannot name a version that the file does not have."""
    with pytest.raises(SpecError, match="no version 99"):
        kyve_templates.templates().version(STANDARD, 99)


# -- errors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(LIFECYCLE.errors))
def test_errors__each_named_answer_can_be_asked_for(mock: Mock, name: str) -> None:
    """Every entry of the table gets its status, a body that fits the strict schema, and the request's id twice."""
    case = LIFECYCLE.errors[name]
    operation = KYVE.document.operations[case.operation]
    index = list(LIFECYCLE.errors).index(name)
    entries = [entry for entry in mock.app.scenarios()["entries"] if entry["example"] is not None]
    entry = entries[index]
    for step in (*entry["setup"], entry):
        body = step["body"]
        raw = body["$raw"].encode() if isinstance(body, dict) and "$raw" in body else json.dumps(body).encode()
        answer = mock.loop.run_until_complete(
            mock.client.request(step["method"], step["path"], headers=step["headers"], content=b"" if body is None else raw)
        )
    assert answer.status_code == case.status == entry["expect_status"]
    schema = operation.responses[str(case.status)].content("application/json")
    assert schema is not None
    assert list(KYVE.strict_schemas.validator(str(schema.pointer)).iter_errors(answer.json())) == []
    if case.status >= 400:
        documented = operation.example(case.example)
        assert documented is not None
        assert answer.json()["error"]["code"] == documented[2]["error"]["code"]
        assert answer.headers["KYC-Request-Id"] == answer.json()["error"]["request_id"]
    assert ("Retry-After" in answer.headers) == (case.status == 429)


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("GET", "/v1/nothing", {}, 404, "not_found"),
        ("DELETE", "/v1/sessions", {}, 405, "method_not_allowed"),
        ("POST", "/v1/sessions", {"content": b"a=b", "headers": {"Content-Type": "text/plain"}}, 415, "unsupported_media_type"),
        ("POST", "/v1/sessions", {"json": {"metadata": "x" * 2_100_000}}, 413, "content_too_large"),
        ("POST", "/v1/sessions", {"content": b"{", "headers": {"Content-Type": "application/json"}}, 422, "validation_error"),
        ("POST", "/v1/sessions", {"json": []}, 422, "validation_error"),
        ("POST", "/v1/sessions", {"json": {"metadata": []}}, 422, "validation_error"),
        ("POST", "/v1/sessions", {"json": {"redirect_url": "javascript:alert(1)"}}, 422, "validation_error"),
        ("POST", "/v1/sessions", {"json": {"redirect_url": "https://example.com/\n"}}, 422, "validation_error"),
        ("POST", "/v1/sessions", {"json": {}, "headers": {"Idempotency-Key": "k" * 256}}, 422, "validation_error"),
        ("GET", "/v1/verifications?status=done", {}, 422, "validation_error"),
        ("GET", "/v1/sessions/%7Bses_1%7D", {}, 404, "not_found"),
        ("GET", f"/v1/sessions/{SESSION_ID}%0A", {}, 404, "not_found"),
        ("GET", f"/v1/verifications/urn:{VERIFICATION_ID}", {}, 404, "verification_not_found"),
    ],
)
def test_errors__bad_requests(mock: Mock, method: str, path: str, options: dict[str, Any], status: int, code: str) -> None:
    """What does not fit is refused in the vendor's envelope, with the request's id in header and body."""
    answer = mock.send(method, path, **options)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.headers["KYC-Request-Id"] == answer.json()["error"]["request_id"]
    assert breaks(answer.json(), "Error") == []
    assert ("Allow" in answer.headers) == (status == 405)


def test_errors__fields_name_what_is_wrong(mock: Mock) -> None:
    """A 422 says for each wrong field where it stands."""
    answer = mock.send("POST", "/v1/sessions", json={"redirect_url": 42, "metadata": 1})
    fields = {(entry["location"], entry["field"]) for entry in answer.json()["error"]["fields"]}
    assert fields == {("body", "redirect_url"), ("body", "metadata")}
    answer = mock.send("GET", "/v1/verifications?limit=101")
    assert [(entry["location"], entry["field"]) for entry in answer.json()["error"]["fields"]] == [("query", "limit")]


def test_errors__request_ids_repeat_under_a_frozen_clock(loop: asyncio.AbstractEventLoop) -> None:
    """The same request at the same time has the same id on any machine; another time gives another id."""
    first, second = Mock(loop), Mock(loop)
    ids = [mock.send("GET", "/v1/sessions/ses_1").headers["KYC-Request-Id"] for mock in (first, second)]
    assert ids[0] == ids[1]
    first.forward(1)
    assert first.send("GET", "/v1/sessions/ses_1").headers["KYC-Request-Id"] != ids[0]


# -- idempotency --------------------------------------------------------------------------------------------------


def keyed(key: str = "k-1") -> dict[str, str]:
    """Headers with an Idempotency-Key."""
    return {"Idempotency-Key": key}


def test_idempotency__a_repetition_is_the_original_answer(mock: Mock) -> None:
    """The same key and body repeat status, bytes and request id, and make no second session."""
    first = mock.send("POST", "/v1/sessions", json={"metadata": {"n": 1}}, headers=keyed())
    mock.forward(3600)
    again = mock.send("POST", "/v1/sessions", json={"metadata": {"n": 1}}, headers=keyed())
    assert (again.status_code, again.content) == (first.status_code, first.content) == (201, first.content)
    for name in ("KYC-Request-Id", "Specimen-Seed", "Specimen-Scenario"):
        assert again.headers[name] == first.headers[name]
    assert len(mock.send("GET", "/v1/verifications").json()["data"]) == 1


def test_idempotency__another_body_conflicts(mock: Mock) -> None:
    """Another body, even one that means the same: 409."""
    mock.send("POST", "/v1/sessions", content=b"{}", headers={**keyed(), "Content-Type": "application/json"})
    answer = mock.send("POST", "/v1/sessions", content=b"{ }", headers={**keyed(), "Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "idempotency_conflict")


def test_idempotency__the_bodys_hash_is_what_is_compared(mock: Mock) -> None:
    """The vendor compares the body's hash: the same bytes with a charset named are the same request."""
    kinds = ("application/json", "application/json; charset=utf-8", "Application/JSON")
    headers = [{**keyed(), "Content-Type": kind} for kind in kinds]
    made = [mock.send("POST", "/v1/sessions", content=b"{}", headers=one) for one in headers]
    assert [one.status_code for one in made] == [201, 201, 201]
    assert {one.content for one in made} == {made[0].content}


def test_idempotency__a_key_counts_for_one_api_key_and_one_path(mock: Mock) -> None:
    """Another API key, another path or another key is another call."""
    ids = {mock.create(key, headers=keyed())["id"] for key in ("test", "live", "test_nodefault")}
    ids.add(mock.create(headers=keyed("k-2"))["id"])
    assert len(ids) == 4
    one, other = sorted(ids)[:2]
    assert mock.send("POST", f"/v1/sessions/{one}/cancel", headers=keyed()).status_code in (200, 404)
    assert mock.send("POST", f"/v1/sessions/{other}/cancel", headers=keyed()).status_code in (200, 404)


def test_idempotency__lasts_24_hours(mock: Mock) -> None:
    """A day later the key is free again."""
    first = mock.create(headers=keyed())
    mock.forward(24 * 3600 - 1)
    assert mock.create(headers=keyed())["id"] == first["id"]
    mock.forward(1)
    assert mock.create(headers=keyed())["id"] != first["id"]


def test_idempotency__a_refused_request_is_not_kept(mock: Mock) -> None:
    """After a validation error the mended request may use the key."""
    assert mock.send("POST", "/v1/sessions", json={"redirect_url": 1}, headers=keyed()).status_code == 422
    assert mock.create(headers=keyed())["id"]
    assert mock.send("POST", "/v1/sessions", "live_nodefault", json={}, headers=keyed()).status_code == 422
    assert mock.create("live_nodefault", template_id=NODEFAULT, headers=keyed())["id"]


def test_idempotency__concurrent_calls_make_one_session(mock: Mock) -> None:
    """Of two calls at once the second waits and repeats the first."""

    async def both() -> list[httpx.Response]:
        return await asyncio.gather(*(mock.sending("POST", "/v1/sessions", json={}, headers=keyed()) for _ in range(8)))

    answers = mock.loop.run_until_complete(both())
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["KYC-Request-Id"] for answer in answers}) == 1
    assert len(mock.send("GET", "/v1/verifications").json()["data"]) == 1


def test_idempotency__a_second_call_waits_for_the_first(mock: Mock) -> None:
    """While a call with the key is under way, the next one with it is not answered."""

    async def held() -> tuple[bool, httpx.Response]:
        async with mock.app.store.lock(Space("default", "kyve"), "idempotency test createSession  k-1"):
            waiting = asyncio.ensure_future(mock.sending("POST", "/v1/sessions", json={}, headers=keyed()))
            done, _ = await asyncio.wait([waiting], timeout=0.05)
        return bool(done), await waiting

    answered_early, answer = mock.loop.run_until_complete(held())
    assert (answered_early, answer.status_code) == (False, 201)


def test_idempotency__covers_cancel(mock: Mock) -> None:
    """A cancel that is repeated under its key is the original answer; without a key the second one is refused."""
    session = mock.create()
    path = f"/v1/sessions/{session['id']}/cancel"
    first, again = (mock.send("POST", path, headers=keyed()) for _ in range(2))
    assert (first.status_code, first.json()["status"]) == (200, "canceled")
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["KYC-Request-Id"] == first.headers["KYC-Request-Id"]
    other = mock.send("POST", path, json={"why": "changed"}, headers=keyed())
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_conflict")
    bare = mock.send("POST", path)
    assert (bare.status_code, bare.json()["error"]["code"]) == (409, "verification_not_cancelable")


# -- lifecycle over HTTP ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_sessions__magic_values_play_the_scenario(mock: Mock, scenario: str) -> None:
    """A magic value in the metadata leads a session to the scenario's end, and stays in the metadata."""
    entry = LIFECYCLE.scenarios[scenario]
    magic = magic_value(KYVE, entry)
    session = mock.create(metadata={"specimen": magic, "customer_id": "cus_1"})
    assert session["status"] == "created"
    mock.forward(1800)
    read = mock.send("GET", f"/v1/sessions/{session['id']}")
    assert (read.json()["status"], read.headers["Specimen-Scenario"]) == (entry.path[-1], scenario)
    assert read.json()["metadata"] == {"specimen": magic, "customer_id": "cus_1"}
    found = mock.send("GET", f"/v1/verifications/{session['verification_id']}").json()
    assert (found["status"], found["session_id"]) == (entry.path[-1], session["id"])


@pytest.mark.parametrize("state", LIFECYCLE.states)
def test_sessions__what_can_be_canceled(mock: Mock, state: str) -> None:
    """Open sessions can be canceled; those in review and those that have ended cannot."""
    session = mock.create(headers={"Prefer": f"status={state}"})
    answer = mock.send("POST", f"/v1/sessions/{session['id']}/cancel")
    if state in ("created", "requires_input", "in_progress"):
        assert (answer.status_code, answer.json()["status"]) == (200, "canceled")
        mock.forward(7200)
        assert mock.send("GET", f"/v1/sessions/{session['id']}").json()["status"] == "canceled"
    else:
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "verification_not_cancelable")


@pytest.mark.parametrize("state", ["created", "requires_input", "in_progress", "requires_review"])
def test_sessions__what_expires(mock: Mock, state: str) -> None:
    """An open session expires 30 minutes after its creation; one in review waits for its reviewer."""
    session = mock.create(headers={"Prefer": f"status={state}"})
    left = (times.parse(session["expires_at"]) - NOW) / 1000
    mock.forward(left - 1)
    assert mock.send("GET", f"/v1/sessions/{session['id']}").json()["status"] == state
    mock.forward(1)
    expected = "requires_review" if state == "requires_review" else "expired"
    assert mock.send("GET", f"/v1/sessions/{session['id']}").json()["status"] == expected


@pytest.mark.parametrize("decision", ["completed", "failed"])
def test_sessions__a_review_is_decided(mock: Mock, decision: str) -> None:
    """After a review the verification is completed or failed, and says who decided when."""
    alias = {"completed": "approved", "failed": "rejected"}[decision]
    session = mock.create(metadata={"specimen": f"specimen.{alias}.1"})
    path = f"/v1/verifications/{session['verification_id']}"
    mock.forward(20)
    assert mock.send("GET", path).json()["status"] == "requires_review"
    mock.forward(600)
    found = mock.send("GET", path).json()
    assert (found["status"], found["review"]["decision"]) == (decision, alias)


def test_sessions__preferences_narrow_the_failure(mock: Mock) -> None:
    """`Prefer` names the reason of a failure."""
    session = mock.create(headers={"Prefer": "scenario=failed_face_match, failure_reason=sanctions_hit"})
    mock.forward(60)
    found = mock.send("GET", f"/v1/verifications/{session['verification_id']}").json()
    assert [check["type"] for check in found["checks"] if check["status"] == "failed"] == ["sanctions"]


def test_media__links_are_good_for_15_minutes_from_the_read(mock: Mock) -> None:
    """A signed link opens until it expires; reading again gives a fresh one; a changed signature is refused."""
    session = mock.create()
    mock.forward(60)
    path = f"/v1/verifications/{session['verification_id']}"
    entry = mock.send("GET", path).json()["media"][0]
    assert times.parse(entry["expires_at"]) == NOW + 60_000 + 900_000
    assert entry["url"].startswith("http://127.0.0.1:8080/kyve/_specimen/images/")
    mock.forward(899)
    answer = mock.send("GET", entry["url"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert mock.send("GET", entry["url"].replace("sig=", "sig=0")).status_code == 403
    mock.forward(1)
    assert mock.send("GET", entry["url"]).status_code == 403
    assert mock.send("GET", mock.send("GET", path).json()["media"][0]["url"]).status_code == 200


def test_flow__the_page_leads_back(mock: Mock) -> None:
    """The session's url is a page of the mock with a link to the redirect_url."""
    session = mock.create(redirect_url="https://yourapp.example.com/kyc/complete")
    page = mock.send("GET", session["url"])
    assert page.status_code == 200
    assert 'href="https://yourapp.example.com/kyc/complete"' in page.text


# -- modes and lists ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("maker", "other"), [("live", "test"), ("test", "live"), ("test", "test_nodefault")])
def test_modes__a_key_sees_its_own_mode_and_workspace_only(mock: Mock, maker: str, other: str) -> None:
    """What another key made is not found, not canceled and not listed."""
    session = mock.create(maker)
    assert mock.send("GET", f"/v1/sessions/{session['id']}", other).status_code == 404
    assert mock.send("POST", f"/v1/sessions/{session['id']}/cancel", other).status_code == 404
    assert mock.send("GET", f"/v1/verifications/{session['verification_id']}", other).status_code == 404
    assert mock.send("GET", "/v1/verifications", other).json()["data"] == []
    answer = mock.send("GET", f"/v1/verifications?starting_after={session['verification_id']}", other)
    assert answer.status_code == 404
    assert len(mock.send("GET", "/v1/verifications", maker).json()["data"]) == 1


def test_modes__catalogue_sessions_belong_to_a_key_too(mock: Mock) -> None:
    """The live scenario is read with the live key and hidden from the test key."""
    entry = next(entry for entry in mock.app.scenarios()["entries"] if entry["scenario"] == "template_default_live")
    path = entry["path"].removeprefix("/kyve")
    assert mock.send("GET", path, "live").json()["livemode"] is True
    assert mock.send("GET", path, "test").status_code == 404


def test_list__newest_first_in_pages(mock: Mock) -> None:
    """Pages follow each other by `next_cursor` and together show every verification once."""
    made = []
    for number in range(25):
        made.append(mock.create(metadata={"n": number})["verification_id"])
        mock.forward(0.01)
    first = mock.send("GET", "/v1/verifications").json()
    assert (len(first["data"]), first["has_more"], first["next_cursor"]) == (20, True, first["data"][-1]["id"])
    second = mock.send("GET", f"/v1/verifications?starting_after={first['next_cursor']}&limit=100").json()
    assert (second["has_more"], second["next_cursor"]) == (False, None)
    assert [entry["id"] for entry in first["data"] + second["data"]] == made[::-1]


def test_list__status_and_limit(mock: Mock) -> None:
    """A list holds only the status asked for, at most `limit` of them, and each is readable by its id."""
    for state in ("created", "requires_review", "requires_review", "completed", "requires_review"):
        mock.create(headers={"Prefer": f"status={state}"})
    page = mock.send("GET", "/v1/verifications?status=requires_review&limit=2").json()
    assert [entry["status"] for entry in page["data"]] == ["requires_review"] * 2
    assert page["has_more"] is True
    rest = mock.send("GET", f"/v1/verifications?status=requires_review&limit=2&starting_after={page['next_cursor']}").json()
    assert (len(rest["data"]), rest["has_more"]) == (1, False)
    assert breaks(page, "VerificationList") == []
    for entry in page["data"] + rest["data"]:
        detail = mock.send("GET", f"/v1/verifications/{entry['id']}").json()
        assert {key: detail[key] for key in entry} == entry


def test_list__catalogue_sessions_join_once_written_to(mock: Mock) -> None:
    """A list begins empty; a canceled catalogue session is then in it."""
    assert mock.send("GET", "/v1/verifications").json() == {"data": [], "has_more": False, "next_cursor": None}
    catalogue = mock.app.mounted["kyve"].shared_state.catalogue
    session_id = catalogue.id_of("completed", "in_progress")
    assert mock.send("POST", f"/v1/sessions/{session_id}/cancel").json()["status"] == "canceled"
    listed = mock.send("GET", "/v1/verifications").json()["data"]
    assert [(entry["session_id"], entry["status"]) for entry in listed] == [(session_id, "canceled")]


def test_isolation__namespaces_share_nothing(mock: Mock) -> None:
    """A session, and an Idempotency-Key, of one namespace do not exist in another."""
    one, two = ({"Specimen-Namespace": name, **keyed()} for name in ("one", "two"))
    session = mock.create(headers=one)
    assert mock.send("GET", f"/v1/sessions/{session['id']}", headers=two).status_code == 404
    assert mock.create(headers=two)["id"] != session["id"]
    assert "specimen_ns=one" in session["url"]


def test_determinism__the_same_calls_give_the_same_bytes(loop: asyncio.AbstractEventLoop) -> None:
    """Two fresh mocks with one seed and clock answer a sequence of calls alike."""
    transcripts = []
    for _ in range(2):
        mock = Mock(loop, seed=5)
        session = mock.create(metadata={"a": 1})
        mock.forward(60)
        found = mock.send("GET", f"/v1/verifications/{session['verification_id']}")
        transcripts.append((copy.deepcopy(session), found.content, mock.send("GET", "/v1/verifications").content))
    assert transcripts[0] == transcripts[1]
