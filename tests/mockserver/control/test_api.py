"""The control API's other parts: who may use it, clock, settings, namespaces, log, and its document."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import schemathesis
from schemathesis.engine import Status, events, from_schema

from specimen.mockserver.app import App, build_app
from specimen.mockserver.control.call import API
from specimen.mockserver.settings import Pace, Settings
from tests.fuzzing import SEED, examples
from tests.mockserver.calling import NOW, ask, frozen_app
from tests.mockserver.control.steering import control, created, path_of

KAYLE = {"Authorization": "Bearer kk_live_specimen"}


# -- who may use it ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8080", 200),
        ("localhost", 200),
        ("kayle.localhost:9", 200),
        ("[::1]:8080", 200),
        ("mock.test", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example", 403),
    ],
)
def test_host__names_this_server(host: str, status: int) -> None:
    """A page whose name leads here by its own DNS cannot steer; the vendors' endpoints take any host."""
    app = frozen_app("kayle", allowed_hosts=("mock.test",))
    assert ask(app, "GET", f"{API}/clock", {"Host": host}).status_code == status
    assert ask(app, "GET", "/kayle/v1/sessions", {**KAYLE, "Host": host}).status_code == 200


def test_token__is_needed_where_others_reach_the_server() -> None:
    """Beyond loopback calls need the token, that of the setting or one of the server's own."""
    app = build_app(Settings(host="0.0.0.0", providers=("kayle",), control_token="let-me-in"))
    assert ask(app, "GET", f"{API}/clock").status_code == 401
    assert ask(app, "GET", f"{API}/clock", {"Authorization": "Bearer no"}).status_code == 401
    assert ask(app, "GET", f"{API}/clock", {"Authorization": "Bearer let-me-in"}).status_code == 200
    assert ask(app, "GET", "/kayle/v1/sessions", KAYLE).status_code == 200
    own = build_app(Settings(host="0.0.0.0", providers=("kayle",)))
    other = build_app(Settings(host="0.0.0.0", providers=("kayle",)))
    assert own.control_token
    assert own.control_token != other.control_token
    assert build_app(Settings(providers=("kayle",))).control_token is None


def test_changes__need_json_and_no_other_site_gets_one() -> None:
    """A form of another site is refused, and no answer allows another origin."""
    app = frozen_app("kayle")
    form = ask(app, "POST", f"{API}/reset", {"Content-Type": "text/plain", "Origin": "https://evil.example"}, content=b"{}")
    assert form.status_code == 415
    preflight = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for answer in (form, ask(app, "OPTIONS", f"{API}/reset", preflight), ask(app, "GET", f"{API}/clock", preflight)):
        assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH"])
def test_method__that_a_path_has_not_is_said_before_the_media_type(method: str) -> None:
    """Who sends no JSON learns which methods there are, not that JSON would do; without the token nobody learns any."""
    app = frozen_app("kayle")
    answer = ask(app, method, f"{API}/requests", content=b"x")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, DELETE")
    assert ask(app, method, f"{API}/nowhere", content=b"x").status_code == 404
    guarded = build_app(Settings(providers=("kayle",), host="0.0.0.0", control_token="let-me-in"))
    assert ask(guarded, method, f"{API}/requests", content=b"x").status_code == 401


def test_no_control__nothing_is_there() -> None:
    """With `--no-control` the paths are unknown, and the answer says why; with it, the API's root leads to its document."""
    app = frozen_app("kayle", control=False)
    for path in (API, f"{API}/clock"):
        refused = ask(app, "GET", path)
        assert (refused.status_code, "--no-control" in refused.json()["detail"]) == (404, True)
    assert f"{API}/openapi.yaml" in ask(frozen_app("kayle"), "GET", API).json()["detail"]
    assert ask(app, "POST", f"{API}/reset", json={}).status_code == 404


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/sessions?stat=failed", "stat: there is no such parameter. Did you mean 'state'?"),
        ("/requests?operatoin=getSession&limit=2", "operatoin: there is no such parameter. Did you mean 'operation'?"),
        ("/requests?path=/kayle&%53tatus=", "Status: there is no such parameter. Did you mean 'status'?"),
        ("/clock?x", "x: there is no such parameter. Possible: nothing."),
    ],
)
def test_query__an_unknown_parameter_is_refused(path: str, said: str) -> None:
    """A filter with a slip in its name would answer unfiltered."""
    answer = control(frozen_app("kayle"), "GET", path)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["detail"] == said


def test_requests__are_filtered_by_path() -> None:
    """As the questions are."""
    app = frozen_app("kayle")
    for path in ("/kayle/v1/sessions", "/kayle/nowhere"):
        ask(app, "GET", path, KAYLE)
    found = control(app, "GET", "/requests?path=/kayle/v1/sessions").json()["requests"]
    assert [one["path"] for one in found] == ["/kayle/v1/sessions"]


# -- clock and settings --------------------------------------------------------------------------------------------------


def test_clock__is_the_namespaces_own() -> None:
    """Set, forward, freeze and run change one namespace; time does not run backwards under a session."""
    app = frozen_app("kayle")
    assert control(app, "GET", "/clock").json() == {"now": "2026-03-19T10:31:06.000Z", "frozen": True}
    control(app, "POST", "/clock/forward", {"seconds": 90.5})
    assert control(app, "GET", "/clock").json()["now"] == "2026-03-19T10:32:36.500Z"
    other = {"Specimen_Namespace": "other"}
    assert (
        control(app, "POST", "/clock/set", {"now": "2025-01-01T00:00:00Z"}, **other).json()["now"] == "2025-01-01T00:00:00.000Z"
    )
    assert control(app, "POST", "/clock/run", **other).json()["frozen"] is False
    assert control(app, "GET", "/clock").json()["frozen"] is True
    created(app, "kayle")
    assert control(app, "POST", "/clock/set", {"now": "2025-01-01T00:00:00Z"}).status_code == 409
    assert control(app, "POST", "/clock/forward", {"seconds": -1}).status_code == 400
    assert control(app, "POST", "/clock/set", {"now": "2026-13-01T00:00:00Z"}).status_code == 400


def test_settings__are_those_of_new_sessions() -> None:
    """Pace and seed of a namespace hold for what is created there."""
    app = frozen_app("kayle")
    assert control(app, "PATCH", "/settings", {"pace": "instant", "seed": 7}).json() == {"pace": "instant", "seed": 7}
    assert created(app, "kayle")["state"] == "succeeded"
    assert control(app, "GET", "/settings", Specimen_Namespace="other").json() == {"pace": "manual", "seed": 0}
    assert control(app, "PATCH", "/settings", {"pace": "soon"}).status_code == 400


# -- namespaces ----------------------------------------------------------------------------------------------------------


def test_namespace__is_exported_and_imported_as_one_file() -> None:
    """Another server goes on with the sessions, the time and the faults of the first one."""
    app, other = frozen_app("kayle", "kyve"), frozen_app("kayle", "kyve")
    session = created(app, "kayle", scenario="failed_unseen")
    created(app, "kyve")
    control(app, "POST", path_of(session, "advance"))
    control(app, "POST", "/faults", {"kind": "reset", "match": {"operation": "listSessions"}})
    control(app, "POST", "/clock/forward", {"seconds": 100})
    file = control(app, "GET", "/namespaces/default").json()
    assert control(other, "PUT", "/namespaces/copy", file).json() == {"sessions": 2}
    there = {"Specimen_Namespace": "copy"}
    for path in (path_of(session), "/clock", "/faults"):
        first, second = control(app, "GET", path).json(), control(other, "GET", path, **there).json()
        for value in (first, second):
            value.pop("namespace", None)
            value.pop("version", None)
            value.pop("etag", None)
        assert first == second
    assert control(other, "GET", "/sessions").json()["sessions"] == []
    assert control(app, "GET", "/namespaces/nobody").status_code == 404
    assert "nobody" not in control(app, "GET", "/namespaces").json()["namespaces"]
    for broken in ({**file, "sessions": {"kayle": ["AAAA"]}}, {**file, "document": {}}, {**file, "sessions": {"nobody": []}}):
        assert control(other, "PUT", "/namespaces/copy", broken).status_code == 400
    assert len(control(other, "GET", "/sessions", **there).json()["sessions"]) == 2


def test_reset__at_any_scope() -> None:
    """Each scope takes its part away, and leaves the others."""
    app = frozen_app("kayle")
    elsewhere = {"Specimen_Namespace": "elsewhere"}

    def begin() -> None:
        for headers in ({}, elsewhere):
            control(app, "POST", "/sessions", {"provider": "kayle"}, **headers)
            ask(app, "GET", "/kayle/v1/sessions", {**KAYLE, **{name.replace("_", "-"): text for name, text in headers.items()}})
            control(app, "POST", "/faults", {"kind": "delay", "seconds": 0}, **headers)
            control(app, "POST", "/clock/forward", {"seconds": 10}, **headers)

    def counts(**headers: str) -> tuple[int, int, int, bool]:
        return (
            len(control(app, "GET", "/sessions", **headers).json()["sessions"]),
            len(control(app, "GET", "/requests", **headers).json()["requests"]),
            len(control(app, "GET", "/faults", **headers).json()["faults"]),
            control(app, "GET", "/clock", **headers).json()["now"] != "2026-03-19T10:31:06.000Z",
        )

    begin()
    full = counts()
    assert full == (1, 1, 1, True)
    for place, scope in enumerate(("sessions", "requests", "faults", "clock")):
        control(app, "POST", "/reset", {"scope": scope})
        assert counts()[: place + 1] == (0, 0, 0, False)[: place + 1]
        assert counts()[place + 1 :] == full[place + 1 :]
    assert counts(**elsewhere) == full
    begin()
    control(app, "POST", "/reset")
    assert counts() == (0, 0, 0, False)
    control(app, "POST", "/reset", {"scope": "server"})
    assert counts(**elsewhere) == (0, 0, 0, False)


# -- request log ---------------------------------------------------------------------------------------------------------


def test_requests__are_shown_without_credentials() -> None:
    """Entries say operation, session, problem and fault; credentials are masked in the list and in the archive."""
    app = frozen_app("kayle")
    session = created(app, "kayle")
    ask(app, "GET", f"/kayle/v1/sessions/{session['id']}", KAYLE)
    ask(app, "POST", "/kayle/v1/sessions", KAYLE, json={"redirect_url": 7})
    ask(app, "GET", "/kayle/v1/sessions?limit=x&cancel_token=secret", KAYLE)
    entries = control(app, "GET", "/requests").json()["requests"]
    assert [(one["operation"], one["status"], one["session"]) for one in entries] == [
        ("getSession", 200, session["id"]),
        ("createSession", 400, None),
        ("listSessions", 400, None),
    ]
    assert entries[1]["problem"]["kind"] == "invalid_body"
    assert entries[1]["problem"]["errors"][0]["pointer"] == "/redirect_url"
    assert entries[2]["query"] == "limit=x&cancel_token=***"
    for text in (control(app, "GET", "/requests").text, control(app, "GET", "/requests/har?bodies=whole").text):
        assert "kk_live" not in text
        assert "secret" not in text.replace("client_secret", "")
    only = control(app, "GET", "/requests?has_problem=true&limit=1").json()
    assert [one["number"] for one in only["requests"]] == [2]
    assert only["next"] == 2
    assert control(app, "DELETE", "/requests").status_code == 204
    assert control(app, "GET", "/requests").json()["requests"] == []


def test_requests__show_the_refusal_of_a_preference() -> None:
    """The mock's own answer is there as it was sent, in the list and in the archive."""
    app = frozen_app("kayle")
    for headers in ({"Prefer": "scenario=nope"}, {"Prefer": "fault=nope"}):
        sent = ask(app, "POST", "/kayle/v1/sessions", {**KAYLE, **headers}, json={})
        entry = control(app, "GET", "/requests").json()["requests"][-1]
        assert (entry["status"], entry["problem"]["kind"]) == (400, "invalid_preference")
        assert entry["response"] == {"content_type": "application/problem+json", "body": sent.json()}
        archived = control(app, "GET", "/requests/har?bodies=whole").json()["log"]["entries"][-1]["response"]
        assert archived["content"]["text"] == sent.text


def test_question__by_the_api() -> None:
    """The answer of no shows the nearest requests."""
    app = frozen_app("kayle")
    session = created(app, "kayle", state="succeeded")
    for _ in range(2):
        ask(app, "GET", f"/kayle/v1/sessions/{session['id']}", KAYLE)
    asked: dict[str, Any] = {"question": "called", "of": {"operation": "getSession"}, "times": 2}
    assert control(app, "POST", "/requests/questions", asked).json()["passed"] is True
    late = control(
        app, "POST", "/requests/questions", {"question": "polled", "of": {"provider": "kayle"}, "never_after_end": True}
    )
    assert late.json()["passed"] is False
    assert "1 came after 'succeeded'" in late.json()["message"]


# -- the document --------------------------------------------------------------------------------------------------------


def test_pages__show_the_document() -> None:
    """JSON, YAML and Swagger UI."""
    app = frozen_app("kayle")
    assert ask(app, "GET", f"{API}/openapi.json").json()["openapi"] == "3.1.0"
    assert ask(app, "GET", f"{API}/openapi.yaml").headers["content-type"].startswith("application/yaml")
    assert "swagger-ui" in ask(app, "GET", f"{API}/ui/").text


@pytest.mark.filterwarnings("ignore")  # Schemathesis warns of its own dependencies
def test_schemathesis__finds_nothing() -> None:
    """All checks and phases over the control document."""
    app = build_app(Settings(providers=("kayle", "kyve"), now=NOW, freeze=True, pace=Pace("manual")))
    assert app.control is not None
    config = schemathesis.Config.from_dict(
        {"seed": SEED, "workers": 1, "generation": {"max-examples": examples(), "database": "none"}}
    )
    schema = schemathesis.openapi.from_dict(app.control.document.served(API), config=config)
    schema.app = app
    found, checks = [], 0
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            for case_id, outcomes in event.recorder.checks.items():
                for outcome in outcomes:
                    checks += 1
                    if outcome.status is Status.FAILURE and outcome.failure_info is not None:
                        failure = outcome.failure_info
                        found.append(f"{event.recorder.label} {outcome.name} {case_id}: {failure.failure}\n{failure.code_sample}")
        elif isinstance(event, (events.NonFatalError, events.FatalError)):
            found.append(f"{type(event).__name__}: {getattr(event, 'info', None) or getattr(event, 'exception', '')}")
    assert checks > 500
    assert not found, f"{len(found)} findings:\n" + "\n\n".join(found[:10])


def test_application__is_what_the_tests_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in a handler is answered by a 500, and not by silence."""
    app: App = frozen_app("kayle")

    async def broken(*_: Any) -> httpx.Response:
        raise RuntimeError("bug")

    monkeypatch.setattr(type(app.namespaces), "get", broken)
    assert ask(app, "GET", f"{API}/clock").status_code == 500


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("POST", "/clock/set", {"now": "yesterday"}, "/now: 'yesterday': expected ISO 8601, UTC, 2000 to 2199, such as 2030-"),
        ("PATCH", "/settings", {"pace": "fast"}, "/pace: 'fast': expected instant, manual, realtime, a factor"),
        ("POST", "/reset", {"scope": "session"}, "/scope: 'session' is not possible here. Did you mean 'sessions'?"),
        ("POST", "/clock/freeze", {"now": 1}, "body: no member is known here; expected {}."),
        ("POST", "/clock/forward", {"second": 1}, "body: there is no member 'second'."),
        ("GET", "/clock?x=1", None, "x: there is no such parameter. Possible: nothing."),
    ],
)
def test_form__that_is_wrong_is_said_in_words(method: str, path: str, body: Any, said: str) -> None:
    """What is expected, instead of a regular expression."""
    detail = control(frozen_app("kayle"), method, path, body).json()["detail"]
    assert detail.startswith(said)
    assert "[0-9]" not in detail


def test_form__of_a_namespace_is_said_in_words() -> None:
    """Of the header that names it, too."""
    refused = control(frozen_app("kayle"), "GET", "/clock", None, Specimen_Namespace="bad name")
    assert refused.json()["detail"] == "Specimen-Namespace: 'bad name': expected up to 64 of A-Z, a-z, 0-9, '.', '_', '-'."
