"""What rules of faults do to requests and sessions; how each fault looks to clients is in `test_clients_see.py`."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from specimen import specs
from specimen.mockserver.app import App, build_app
from specimen.mockserver.errors import InvalidPreference
from specimen.mockserver.http.server import running
from specimen.mockserver.preferences.faults.drifts import drifts_of
from specimen.mockserver.preferences.faults.magic import ADDRESS_PREFIX, fault_in, magic_fault
from specimen.mockserver.preferences.faults.rules import InvalidFault, from_text
from specimen.mockserver.preferences.preferences import magic_value
from specimen.mockserver.settings import Pace, Settings
from tests.mockserver.calling import ask, ask_entry, create_entry, frozen_app
from tests.mockserver.control.steering import control

KAYLE = {"Authorization": "Bearer kk_live_specimen"}


class Mock:
    """A mock on a port, with a session that has failed."""

    def __init__(self, app: App, url: str) -> None:
        self.url = url
        self.app = app
        self.namespace = 0

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The control API in the test's namespace."""
        headers = {"Specimen-Namespace": f"ns{self.namespace}"}
        sent = {} if body is None and method != "GET" else body
        answer = httpx.request(
            method, f"{self.url}/_specimen/v1{path}", headers=headers, **({} if sent is None else {"json": sent})
        )
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def session(self, **body: Any) -> str:
        """A new session of kayle, by its path."""
        self.namespace += 1
        found: str = self.call("POST", "/sessions", {"provider": "kayle", **body})["session"]["id"]
        return f"/kayle/v1/sessions/{found}"

    @property
    def headers(self) -> dict[str, str]:
        """Those of a vendor's request."""
        return {**KAYLE, "Specimen-Namespace": f"ns{self.namespace}"}

    def get(self, path: str) -> httpx.Response:
        """The answer that httpx sees."""
        return httpx.get(self.url + path, headers=self.headers, timeout=10)


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    """One server for all cases; each has its namespace."""
    app = build_app(Settings(providers=("kayle",), pace=Pace("manual")))
    with running(app) as url:
        yield Mock(app, url)


def test_status__has_the_vendors_form(mock: Mock) -> None:
    """503 with Retry-After and the vendor's error body, so many times as asked for; other bodies as they are written."""
    path = mock.session()
    mock.call(
        "POST", "/faults", {"kind": "status", "status": 503, "retry_after": 7, "match": {"count": 2, "operation": "getSession"}}
    )
    for _ in range(2):
        answer = mock.get(path)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
        assert set(answer.json()) == {"data", "error"}
    assert mock.get(path).status_code == 200
    mock.call(
        "PUT", "/faults", {"faults": [{"kind": "status", "status": 500, "body": "<h1>no</h1>", "content_type": "text/html"}]}
    )
    assert (mock.get(path).status_code, mock.get(path).text) == (500, "<h1>no</h1>")


@pytest.mark.parametrize("how", ["cut", "trailing_comma", "single_quotes", "html"])
def test_malformed_json__is_no_json(mock: Mock, how: str) -> None:
    """The length is right, the content is not."""
    path = mock.session()
    mock.call("POST", "/faults", {"kind": "malformed_json", "how": how})
    answer = mock.get(path)
    assert answer.headers["content-type"] == "application/json"
    with pytest.raises(json.JSONDecodeError):
        answer.json()


# -- what sessions seem to be --------------------------------------------------------------------------------------------


def kayle(app: App, session: str, **headers: str) -> httpx.Response:
    """A read of a session, in process."""
    return ask(app, "GET", f"/kayle/v1/sessions/{session}", {**KAYLE, **headers})


def made(app: App, **body: Any) -> str:
    """A session of kayle."""
    found: str = control(app, "POST", "/sessions", {"provider": "kayle", **body}).json()["session"]["id"]
    return found


def test_stale__shows_what_was() -> None:
    """A read is a minute behind; it never shows what was not."""
    app = frozen_app("kayle")
    session = made(app)
    control(app, "POST", "/faults", {"kind": "stale", "seconds": 60})
    control(app, "POST", "/clock/forward", {"seconds": 100})
    control(app, "POST", f"/sessions/kayle/{session}/transition", {"to": "failed"})
    assert kayle(app, session).json()["data"]["status"] == "created"
    control(app, "POST", "/clock/forward", {"seconds": 61})
    assert kayle(app, session).json()["data"]["status"] == "failed"


def test_stuck__stands_still_while_the_session_moves() -> None:
    """Reads show the state of when the fault began; without it they show the truth."""
    app = frozen_app("kayle")
    session = made(app)
    control(app, "POST", f"/sessions/kayle/{session}/transition", {"to": "in_progress"})
    control(app, "POST", "/faults", {"id": "stuck", "kind": "stuck", "match": {"session": session}})
    control(app, "POST", "/clock/forward", {"seconds": 1})
    control(app, "POST", f"/sessions/kayle/{session}/transition", {"to": "succeeded"})
    other = made(app, state="failed")
    assert kayle(app, session).json()["data"]["status"] == "in_progress"
    assert kayle(app, other).json()["data"]["status"] == "failed"
    control(app, "DELETE", "/faults/stuck")
    assert kayle(app, session).json()["data"]["status"] == "succeeded"


def test_script__answers_reads_as_written() -> None:
    """Each session reads the script from its beginning; after the last answer it stays where it came."""
    app = frozen_app("kayle")
    sessions = [made(app), made(app)]
    rule = {"kind": "script", "answers": ["created", "created", 503, "failed"], "match": {"operation": "getSession"}}
    assert control(app, "POST", "/faults", rule).status_code == 201
    for session in sessions:
        seen = []
        for _ in range(5):
            answer = kayle(app, session)
            seen.append(answer.json()["data"]["status"] if answer.status_code == 200 else answer.status_code)
        assert seen == ["created", "created", 503, "failed", "failed"]
    states = [one["state"] for one in control(app, "GET", f"/sessions/kayle/{sessions[0]}").json()["events"]]
    assert states == ["created", "failed"]


def test_prefer__asks_for_a_fault() -> None:
    """The header alone is enough, and one that is not there is refused with what is."""
    app = frozen_app("kayle")
    session = made(app)
    assert kayle(app, session, Prefer="fault=status:429").status_code == 429
    assert kayle(app, session, Prefer='fault="malformed_json:html"').content.startswith(b"<!doctype")
    assert kayle(app, session, Prefer="fault=drift:KAY-009").json()["data"]["cancel_token"]
    refused = kayle(app, session, Prefer="fault=statsu")
    assert refused.status_code == 400
    assert "reset" in refused.json()["possible"]
    with pytest.raises(ConnectionResetError):
        kayle(app, session, Prefer="fault=reset")
    entries = control(app, "GET", "/requests?fault=asked-for").json()["requests"]
    assert [entry["status"] for entry in entries] == [429, 200, 200, 0]


@pytest.mark.parametrize("name", specs.names())
def test_magic__value_asks_every_provider_for_a_fault(name: str) -> None:
    """Where no header can be sent, the vendor's free field names the fault of the request that creates a session."""
    app = frozen_app(name)
    provider = specs.load(name)

    def answered(value: str | None) -> httpx.Response:
        entry = create_entry(app, name, value)
        for part in (entry["body"] or {}).get("$multipart", ()):  # a photograph is large
            if "base64" in part:
                part["base64"] = b64encode(b64decode(part["base64"]) + bytes(200_000)).decode()
        return ask_entry(app, entry)

    usual = answered(magic_value(provider, provider.lifecycle.default))
    assert usual.status_code < 300
    assert answered(magic_fault(provider, "status:503")).status_code == 503
    late = answered(magic_fault(provider, "delay:0"))
    assert (late.status_code, set(late.json())) == (usual.status_code, set(usual.json()))
    with pytest.raises(json.JSONDecodeError):
        answered(magic_fault(provider, "malformed_json")).json()
    with pytest.raises(ConnectionResetError):
        answered(magic_fault(provider, "reset"))
    drift = next((one for one in drifts_of(provider).values() if provider.lifecycle.create.operation in one.operations), None)
    if drift is not None:
        assert answered(magic_fault(provider, f"drift:{drift.rule}")).json() != usual.json()
    faults = [one["fault"] for one in control(app, "GET", "/requests").json()["requests"]]
    assert faults == [None, *["asked-for"] * (4 if drift is None else 5)]


def test_magic__value_that_names_no_fault_is_refused() -> None:
    """With what is possible; a value that no field can hold is not made."""
    app, kyve = frozen_app("kyve", "predicate"), {"Authorization": "Bearer ak_test_specimen"}
    wrong = ask(app, "POST", "/kyve/v1/sessions", kyve, json={"metadata": {"specimen": "specimen.fault-rest.1"}})
    assert (wrong.status_code, "reset" in wrong.json()["possible"]) == (400, True)
    predicate = specs.load("predicate")
    for text in (b"status-503xxxxxx", b"rest", b"", b"\xff"):
        address = f"0x{ADDRESS_PREFIX}{text.hex():0<32}"
        with pytest.raises(InvalidPreference):
            fault_in(f'{{"walletAddress": "{address}"}}'.encode(), predicate)
    assert fault_in(b'{"walletAddress": "0x' + ADDRESS_PREFIX.encode() + b'"}', predicate) is None
    with pytest.raises(InvalidFault, match="holds 16 characters"):
        magic_fault(predicate, "content_type:text_html")
    with pytest.raises(InvalidFault, match="Prefer: fault=content_type:text/html"):
        magic_fault(specs.load("kyve"), "content_type:text/html")


@given(text=st.sampled_from(["reset", "status:503", "stuck", "drift:…", "truncated_body", "delay:12"]),
       free=st.text("0123456789abcdef", min_size=1, max_size=40))  # fmt: skip
def test_magic__value_is_read_as_it_was_written(text: str, free: str) -> None:
    """In every form, and whatever makes it unique."""
    for name in specs.names():
        provider = specs.load(name)
        own = text.replace("…", next(iter(drifts_of(provider).values())).rule)
        value = magic_fault(provider, own, free)
        assert value is not None
        assert fault_in(json.dumps({"field": value}).encode(), provider) == from_text(own)
        assert value[:2] != "0x" or len(value) == 42
