"""The `Date` of every answer is the mock's time: a client that corrects its skew by it agrees with the mock."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import httpx
import pytest

from specimen.mockserver.app import App
from specimen.mockserver.http.server import running
from tests.mockserver.calling import NOW, ask_raw, forward, frozen_app
from tests.mockserver.wire import Target

FIRST = "Thu, 19 Mar 2026 10:31:06 GMT"
LATER = "Thu, 19 Mar 2026 11:31:06 GMT"
HOUR = 3_600_000
TOKEN = {"authorization": "Bearer kk_live_specimen"}

ANSWERS: dict[str, tuple[str, str, dict[str, str]]] = {
    "a session": ("POST", "/kayle/v1/sessions", {**TOKEN, "content-type": "application/json"}),
    "a refusal": ("GET", "/kayle/v1/sessions", {}),
    "an unknown path": ("GET", "/kayle/nothing", {}),
    "no namespace": ("GET", "/kayle/v1/sessions", {"specimen-namespace": "a b"}),
    "an odd preference": ("GET", "/kayle/v1/sessions", {**TOKEN, "prefer": "status=nothing"}),
    "a preflight": ("OPTIONS", "/kayle/v1/sessions", {"origin": "http://a.test", "access-control-request-method": "GET"}),
    "the document": ("GET", "/kayle/openapi.json", {}),
    "a picture": ("GET", "/kayle/_specimen/images/a.png", {}),
    "its health": ("GET", "/_specimen/health", {}),
    "its root": ("GET", "/", {}),
    "no provider": ("GET", "/nothing", {}),
    "the control API": ("GET", "/_specimen/v1/clock", {}),
    "the control API's page": ("GET", "/_specimen/v1/ui/", {}),
    "a refusal of the control API": ("GET", "/_specimen/v1/nothing", {}),
}


@pytest.fixture(scope="module")
def app() -> App:
    """Two providers, an hour after the start."""
    found = frozen_app("kayle", "kyve")
    forward(found, HOUR)
    return found


@pytest.mark.parametrize(("method", "path", "headers"), ANSWERS.values(), ids=ANSWERS)
def test_date__is_that_of_the_clock(method: str, path: str, headers: dict[str, str], app: App) -> None:
    """Whatever answers, the clock that was moved is what it shows."""
    assert ask_raw(app, method, path, headers, b"{}" if method == "POST" else b"")[1]["date"] == LATER


def test_date__of_each_namespace(app: App) -> None:
    """A namespace with a clock of its own answers by that one."""
    ask_raw(app, "GET", "/kayle/v1/sessions", {**TOKEN, "specimen-namespace": "ahead"})
    forward(app, HOUR, "ahead")
    for path in ("/kayle/v1/sessions", "/_specimen/v1/clock"):
        dates = [ask_raw(app, "GET", path, {**TOKEN, "specimen-namespace": name})[1]["date"] for name in ("default", "ahead")]
        assert dates == [LATER, "Thu, 19 Mar 2026 12:31:06 GMT"]


def test_date__follows_a_clock_that_is_set(app: App) -> None:
    """The answer to the call that moves a clock shows where it went."""
    body = b'{"seconds": 3600}'
    headers = {"specimen-namespace": "set", "content-type": "application/json"}
    assert ask_raw(app, "POST", "/_specimen/v1/clock/forward", headers, body)[1]["date"] == "Thu, 19 Mar 2026 12:31:06 GMT"


def test_date__on_a_port_is_there_once() -> None:
    """The server adds none of its own, whichever way an answer goes out."""
    app = frozen_app("kayle")
    with running(app) as url:
        target = Target(app, url)
        for headers in ({}, {**TOKEN, "Connection": "keep-alive"}, {"Prefer": "code=429"}):
            assert target.ask("GET", "/v1/sessions", headers)[1].get_all("date") == [FIRST]
        with httpx.Client(base_url=url, trust_env=False, headers=TOKEN) as client:
            for _ in range(2):
                made = client.post("/v1/sessions", json={})
                assert made.headers.get_list("date") == [FIRST]
                created = made.json()["data"]["created_at"]
                assert parsedate_to_datetime(made.headers["date"]).timestamp() == pytest.approx(NOW / 1000, abs=1), created
