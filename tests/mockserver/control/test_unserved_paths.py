"""Requests that no operation takes in the request log: a forgotten mount, a vendor's key set, all that is refused early."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from specimen import specs
from specimen.client import Exchange
from specimen.contracts.traffic.har_reader import read_har
from specimen.mockserver.app import App
from specimen.mockserver.control.page.page import PREFIX
from specimen.mockserver.sessions.request_log.questions import line
from tests.mockserver.calling import ask, ask_raw, forward, frozen_app
from tests.mockserver.control.steering import control, created

KEYS = "/idnow/oidc/.well-known/jwks.json"
KAYLE = {"authorization": "Bearer kk_live_specimen"}


def logged(app: App, **headers: str) -> list[dict[str, Any]]:
    """The entries of a namespace."""
    found: list[dict[str, Any]] = control(app, "GET", "/requests", **headers).json()["requests"]
    return found


@pytest.mark.parametrize("store", ["memory", "sqlite"])
def test_forgotten_mount__is_listed(store: str, tmp_path: Path) -> None:
    """With the words and the time of its answer, about no provider and no operation, in the namespace that it names."""
    app = frozen_app("idnow", "kayle", store=store if store == "memory" else f"sqlite:///{tmp_path}/log.db")
    forward(app, 5_000, "other")
    headers = {**KAYLE, "Specimen-Namespace": "other"}
    answer = ask(app, "POST", "/v1/sessions", headers, json={"callback": "https://ada.example"})
    assert answer.status_code == 404
    [entry] = logged(app, Specimen_Namespace="other")
    shown = {name: entry[name] for name in ("namespace", "provider", "operation", "method", "path", "status", "session", "fault")}
    assert shown == {
        "namespace": "other", "provider": None, "operation": None, "method": "POST", "path": "/v1/sessions", "status": 404,
        "session": None, "fault": None,
    }  # fmt: skip
    assert entry["at"] == "2026-03-19T10:31:11.000Z"
    assert answer.headers["date"] == "Thu, 19 Mar 2026 10:31:11 GMT"
    assert entry["problem"] == {"kind": "route_not_found", "detail": answer.json()["detail"], "errors": []}
    assert entry["response"]["body"] == answer.json()
    assert entry["request"]["headers"]["authorization"] == "Bearer ***"
    assert Exchange.of(entry).provider is None
    assert line(entry).endswith("POST /v1/sessions -> 404 (no provider, problem route_not_found)")
    assert logged(app) == []


def test_forgotten_mount__is_nearest() -> None:
    """The message of a no shows what came instead."""
    app = frozen_app("idnow", "kayle")
    ask(app, "POST", "/v1/sessions", KAYLE)
    of = {"provider": "kayle", "method": "POST"}
    answer = control(app, "POST", "/requests/questions", {"question": "called", "of": of}).json()
    assert not answer["passed"]
    nearest = "POST /v1/sessions -> 404 (no provider, problem route_not_found): another provider"
    assert answer["message"].splitlines()[-1].endswith(nearest)
    of = {"method": "POST", "has_problem": True}
    assert control(app, "POST", "/requests/questions", {"question": "called", "of": of, "times": 1}).json()["passed"]
    assert control(app, "GET", "/requests?provider=kayle").json()["requests"] == []


@pytest.mark.parametrize("bodies", ["masked", "whole"])
def test_forgotten_mount__is_in_the_archive(bodies: str) -> None:
    """With its answer."""
    app = frozen_app("idnow", "kayle")
    ask(app, "POST", "/v1/sessions?page=2", KAYLE)
    [entry] = control(app, "GET", f"/requests/har?bodies={bodies}").json()["log"]["entries"]
    assert entry["request"]["url"] == "http://127.0.0.1:8080/v1/sessions?page=0"
    assert entry["response"]["status"] == 404
    assert "no provider is served at this path" in entry["response"]["content"]["text"]


def test_forgotten_mount__is_no_vendors_answer_to_judge(tmp_path: Path) -> None:
    """`specimen check` finds the vendor's place however often the mount was forgotten, and judges what reached it."""
    app = frozen_app("idnow", "kayle")
    session = created(app, "kayle", scenario="succeeded")["id"]
    for path in (f"/v1/sessions/{session}", "/v1/sessions", f"/kayle/v1/sessions/{session}"):
        ask(app, "GET", path, KAYLE)
    ask(app, "GET", KEYS)
    file = tmp_path / "log.har"
    file.write_text(control(app, "GET", "/requests/har?bodies=whole").text)
    recording = read_har(file, specs.load("kayle"))
    assert str(recording.base_url) == "http://127.0.0.1:8080/kayle"
    assert [exchange.status for exchange in recording.exchanges] == [200]
    alone = read_har(file, specs.load("kayle"), "http://127.0.0.1:8080")
    assert alone.skipped == {"a request that reached no provider of the mock": 2}


def test_forgotten_mount__is_on_the_page() -> None:
    """As one of no provider."""
    app = frozen_app("idnow", "kayle")
    ask(app, "POST", "/v1/sessions", KAYLE)
    page = ask(app, "GET", f"{PREFIX}/part/requests?vendor=kayle", {"accept": "text/html"})
    assert "no provider" in page.text
    assert "None" not in page.text


def test_forgotten_mount__is_masked() -> None:
    """As every path that no operation takes."""
    app = frozen_app("idnow", "kayle")
    ask(app, "GET", "/v1/sessions/Ada-1815?token=abc", {"x-my-key": "Ada", "cookie": "Ada"})
    [entry] = logged(app)
    assert (entry["path"], entry["query"]) == ("/v1/sessions/Xxx-0000", "token=***")
    assert "Ada" not in str(entry)


def test_forgotten_mount__without_a_log() -> None:
    """Nothing is kept, and the answer is the same."""
    app = frozen_app("idnow", "kayle", request_log_entries=0)
    assert ask(app, "POST", "/v1/sessions", KAYLE).json() == ask(frozen_app("idnow", "kayle"), "POST", "/v1/sessions").json()
    assert ask(app, "GET", KEYS).status_code == 200
    assert logged(app) == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_key_set__is_listed(method: str) -> None:
    """Under its provider, by a path that can be read."""
    app = frozen_app("idnow", "kayle")
    answer = ask(app, method, KEYS)
    [entry] = logged(app)
    assert (entry["provider"], entry["operation"], entry["method"], entry["path"]) == ("idnow", None, method, KEYS)
    assert (entry["status"], entry["problem"]) == (answer.status_code, None) == (200, None)
    assert list(entry["response"]["body"]) == ["keys"]


VENDORS: dict[str, tuple[str, str, dict[str, str], bytes, int]] = {
    "a mount with nothing behind it": ("POST", "/kayle", {}, b"", 404),
    "a mount in other letters": ("GET", "/Kayle/v1/sessions", {}, b"", 404),
    "HEAD of a forgotten mount": ("HEAD", "/v1/sessions", {}, b"", 404),
    "OPTIONS of a forgotten mount": ("OPTIONS", "/v1/sessions", {}, b"", 404),
    "an unknown path of a provider": ("GET", "/kayle/v1/nothing", KAYLE, b"", 404),
    "a path beside a provider's base path": ("GET", "/idnow/nothing", {}, b"", 404),
    "a key set that is written to": ("POST", KEYS, {}, b"", 404),
    "another method": ("PUT", "/kayle/v1/sessions", KAYLE, b"", 405),
    "OPTIONS of an operation": ("OPTIONS", "/kayle/v1/sessions", KAYLE, b"", 405),
    "no credential": ("POST", "/kayle/v1/sessions", {}, b"{}", 401),
    "no JSON": ("POST", "/kayle/v1/sessions", {**KAYLE, "content-type": "application/json"}, b"{", 400),
    "a large body": ("POST", "/kayle/v1/sessions", {**KAYLE, "content-type": "application/json"}, b" " * 20_000_000, 413),
    "a preference that is none": ("GET", "/kayle/v1/sessions", {**KAYLE, "prefer": "scenario=none"}, b"", 400),
    "a path that ends with a line": ("GET", "/kayle/v1/sessions\n", KAYLE, b"", 404),
}


@pytest.mark.parametrize("name", VENDORS)
def test_vendors_side__every_answer_is_listed(name: str) -> None:
    """Once, with its status."""
    method, path, headers, body, status = VENDORS[name]
    app = frozen_app("idnow", "kayle")
    answered, _, sent = ask_raw(app, method, path, headers, body)
    assert answered == status, sent
    assert [(entry["method"], entry["status"]) for entry in logged(app)] == [(method, status)]


@pytest.mark.parametrize(
    "path",
    [
        "/", "/_specimen", "/_specimen/", "/_specimen/health", "/_specimen/live", "/_specimen/ready", "/_specimen/scenarios",
        "/_specimen/nothing", "/_specimen/v1/server", "/_specimen/v1/nothing", f"{PREFIX}/", f"{PREFIX}/assets/page.css",
        "/kayle", "/kayle/", "/kayle/ui", "/kayle/openapi.json", "/kayle/_specimen/flow/nothing",
    ],
)  # fmt: skip
@pytest.mark.parametrize("has_control", [True, False])
def test_own_paths__are_not_listed(path: str, has_control: bool) -> None:
    """What the server serves of its own is no exchange with a vendor."""
    app = frozen_app("idnow", "kayle", control=has_control)
    ask(app, "GET", path)
    assert app.namespaces.request_log.added == 0


def test_forgotten_mount__of_a_namespace_that_cannot_be() -> None:
    """No namespace's log can hold it; the answer is about the path."""
    app = frozen_app("idnow", "kayle")
    assert ask(app, "POST", "/v1/sessions", {"Specimen-Namespace": "a b"}).status_code == 404
    assert app.namespaces.request_log.added == 0
