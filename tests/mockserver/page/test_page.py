"""The page over HTTP, without a browser: who gets it, what keeps others out, and what its parts and forms answer."""

from __future__ import annotations

import asyncio
import itertools
import re
from html import unescape
from typing import Any

import httpx
import pytest

from specimen import specs
from specimen.mockserver.app import App, build_app
from specimen.mockserver.control.page import changes
from specimen.mockserver.control.page.actions import ACTIONS
from specimen.mockserver.settings import Settings
from tests.mockserver.calling import NOW, ask, ask_raw, frozen_app

NAMES = specs.names()
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}
FORM = {"HX-Request": "true"}
DO = "/_specimen/page/do/"
TOKEN = "the-control-token"


@pytest.fixture
def app() -> App:
    """All providers under a still clock; sessions move when they are told to."""
    return frozen_app()


def created(app: App, vendor: str = "kayle", **body: Any) -> dict[str, Any]:
    """A session, made by the control API."""
    answer = ask(app, "POST", "/_specimen/v1/sessions", json={"provider": vendor, **body})
    assert answer.status_code == 201, answer.text
    return answer.json()["session"]  # type: ignore[no-any-return]


def state(app: App, vendor: str, session_id: str) -> str:
    """The state that the control API shows."""
    return ask(app, "GET", f"/_specimen/v1/sessions/{vendor}/{session_id}").json()["state"]  # type: ignore[no-any-return]


def do(app: App, action: str, **form: str) -> httpx.Response:
    """The answer to one of the page's forms."""
    return ask(app, "POST", DO + action, FORM, data=form)


# -- who gets it ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "accept", [None, "*/*", "application/json", "application/json, text/html;q=0.9", "text/html;q=0", "text/plain", "x;q=y"]
)
def test_root__is_json_for_programs(accept: str | None, app: App) -> None:
    """The same bytes and headers as ever, unless HTML is what is wanted most."""
    headers = {} if accept is None else {"accept": accept}
    expected = ask_raw(frozen_app(), "GET", "/")
    assert ask_raw(app, "GET", "/", headers) == expected
    assert set(expected[1]) == {"content-length", "content-type", "date", "vary"}
    assert expected[1]["vary"] == "Accept"
    _, found, body = ask_raw(app, "GET", "/kayle", headers)
    assert body.startswith(b'{"provider":"kayle"')
    assert found["vary"] == "Accept"
    assert ask_raw(app, "HEAD", "/", headers)[2] == b""


@pytest.mark.parametrize("accept", [BROWSER["Accept"], "text/html", "text/html, application/json", "TEXT/HTML;Q=0.5"])
def test_root__is_a_page_for_browsers(accept: str, app: App) -> None:
    """With a policy that allows no script, style or frame but the server's own files."""
    page = ask(app, "GET", "/", {"Accept": accept})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"
    assert re.findall(r"<script(?! defer src=)|<style|\sstyle=|\son[a-z]+=", page.text) == []
    config = unescape(page.text.partition('name="htmx-config" content=\'')[2].partition("'>")[0])
    assert '"allowEval":false' in config
    assert '"includeIndicatorStyles":false' in config
    for link in re.findall(r'(?:src|href)="(/_specimen/page/assets/[^"]+)"', page.text):
        assert ask(app, "GET", link).status_code == 200, link
    assert set(re.findall(r'(?:src|action|hx-[a-z]+)="(https?:[^"]+)"', page.text)) == set()


def test_mount__leads_browsers_to_the_page(app: App) -> None:
    """`/kayle` shows Kayle there."""
    answer = ask(app, "GET", "/kayle", BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (303, "/?vendor=kayle")
    assert ask(app, "GET", "/nobody", BROWSER).status_code == 404
    page = ask(app, "GET", answer.headers["location"], BROWSER).text
    assert '<h1 id="lifecycle-title">Kayle ID</h1>' in page


def test_root__of_one_provider() -> None:
    """A server of one vendor has the page too; a program at its root gets what the vendor answers."""
    app = frozen_app("kyve")
    assert ask(app, "GET", "/", BROWSER).headers["content-type"].startswith("text/html")
    assert ask(app, "GET", "/").headers["content-type"] == "application/json"
    assert ask(app, "GET", "/_specimen/page/assets/page.css").status_code == 200


def test_page__behind_a_proxys_prefix() -> None:
    """With `--root-path` every link, form and redirect of the page begins with the prefix, and so do its snippets."""
    app = frozen_app(root_path="/kyc", control_token=TOKEN)  # others reach it by the proxy
    answer = ask(app, "POST", "/kyc/_specimen/page/login", data={"token": TOKEN})
    assert answer.headers["location"] == "/kyc/"
    assert "Path=/kyc/" in answer.headers["set-cookie"].split("; ")
    known = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
    page = ask(app, "GET", "/kyc/", {**BROWSER, **known}).text
    links = re.findall(r'(?:src|href|action|hx-post|hx-get|sse-connect)="(/[^"]*)"', page)
    assert len(links) > 20
    assert [link for link in links if not link.startswith("/kyc/")] == []
    assert "http://127.0.0.1:8080/kyc/" in unescape(page.partition("Call it")[2])
    assert ask(app, "GET", "/kyc/kayle", BROWSER).headers["location"] == "/kyc/?vendor=kayle"
    made = ask(app, "POST", "/kyc/_specimen/page/do/create", {**FORM, **known}, data={"vendor": "kayle"})
    assert made.headers["hx-redirect"].startswith("/kyc/?vendor=kayle&session=vs_")


def test_page__is_not_there_without_the_control_api() -> None:
    """Who switches steering off has no page that steers."""
    app = frozen_app(control=False)
    assert ask(app, "GET", "/", BROWSER).json()["providers"]
    assert ask(app, "GET", "/_specimen/page/part/clock").status_code == 404


# -- what keeps others out ------------------------------------------------------------------------------------------


def test_page__checks_the_host(app: App) -> None:
    """A name that leads here by somebody's DNS is refused, as by the control API."""
    for path in ("/", "/_specimen/page/part/clock", "/_specimen/page/events"):
        status, _, body = ask_raw(app, "GET", path, {"host": "evil.example", "accept": "text/html"})
        assert status == 403
        assert b"Host header" in body


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"HX-Request": "true", "Origin": "https://evil.example"},
        {"HX-Request": "true", "Origin": "null"},
        {"HX-Request": "true", "Sec-Fetch-Site": "cross-site"},
        {"HX-Request": "true", "Sec-Fetch-Site": "same-site"},
    ],
)
def test_forms__are_the_pages_own(headers: dict[str, str], app: App) -> None:
    """A form that another site sends does nothing, and a preflight for one is not granted."""
    before = ask(app, "GET", "/_specimen/v1/clock").json()
    assert ask(app, "POST", f"{DO}forward", headers, data={"seconds": "60"}).status_code == 403
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    preflight = ask(app, "OPTIONS", f"{DO}forward", {**asked, "Access-Control-Request-Headers": "hx-request"})
    assert "access-control-allow-origin" not in preflight.headers
    assert ask(app, "GET", "/_specimen/v1/clock").json() == before


def test_page__asks_once_for_the_token() -> None:
    """Off loopback: a form, then a cookie that no script, no other site and no URL shows."""
    app = frozen_app(host="0.0.0.0", control_token=TOKEN)
    refused = ask(app, "GET", "/", BROWSER)
    assert refused.status_code == 401
    assert 'name="token" type="password"' in refused.text
    assert ask(app, "GET", "/_specimen/page/part/requests").status_code == 401
    assert ask(app, "POST", f"{DO}freeze", FORM).status_code == 401
    assert ask(app, "POST", "/_specimen/page/login", data={"token": "another"}).status_code == 401
    foreign = {"Origin": "https://evil.example"}
    assert ask(app, "POST", "/_specimen/page/login", foreign, data={"token": TOKEN}).status_code == 403
    answer = ask(app, "POST", "/_specimen/page/login", data={"token": TOKEN})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} < set(cookie.split("; "))
    assert TOKEN not in cookie
    known = {"Cookie": f"theme=dark; {cookie.partition(';')[0]}"}
    page = ask(app, "GET", "/", {**BROWSER, **known})
    assert page.status_code == 200
    assert TOKEN not in page.text
    assert ask(app, "POST", f"{DO}freeze", {**FORM, **known}).status_code == 200
    assert ask(app, "GET", "/_specimen/v1/clock", known).status_code == 401, "the cookie is for the page only"
    assert ask(app, "GET", f"/?token={TOKEN}", BROWSER).status_code == 401
    assert ask(app, "GET", "/").json()["providers"], "programs need no token for the list"


def test_page__of_another_server_does_not_know_the_cookie() -> None:
    """The cookie belongs to one token; a browser sends it to every port of the host."""
    first, second = (frozen_app(host="0.0.0.0", control_token=token) for token in ("one", "two"))
    cookie = ask(first, "POST", "/_specimen/page/login", data={"token": "one"}).headers["set-cookie"].partition(";")[0]
    assert ask(second, "GET", "/", {**BROWSER, "Cookie": cookie}).status_code == 401


def test_page__escapes_what_it_shows(app: App) -> None:
    """What callers have written, namespaces, paths, faults and unknown sessions are text, wherever they come from."""
    script = "<script>alert(1)</script>"
    key = {"Authorization": "Bearer ak_test_specimen"}
    body = {"metadata": {"name": script, script: "'\"><script>"}, "redirect_url": f"https://example.com/?{script}"}
    session = ask(app, "POST", "/kyve/v1/sessions", key, json=body).json()
    ask(app, "GET", f"/kayle/{script}?q={script}")
    fault = {"id": "x'\"><script>", "kind": "status", "status": 503, "body": {"a": script}, "match": {"provider": "kyve"}}
    ask(app, "POST", "/_specimen/v1/faults", json=fault)
    shown = [
        ask(app, "GET", f"/?vendor=kyve&session={session['id']}", BROWSER).text,
        ask(app, "GET", "/", BROWSER, params={"session": script, "vendor": script, "ns": script}).text,
        ask(app, "GET", "/_specimen/page/part/requests", params={"ns": script}).text,
        do(app, "move", vendor=script, session=script, to=script).text,
        do(app, "create", vendor=script, scenario=script).text,
        do(app, "add-fault", kind=script, value=script).text,
    ]
    for text in shown:
        assert script not in text
        assert "<script>" not in text
    assert "&lt;script&gt;alert(1)" in shown[0], "it is there, as text"


@pytest.mark.parametrize("path", ["assets/../page.py", "assets/%2e%2e/page.py", "part/whole", "part/", "nothing", "do/create"])
def test_page__unknown_paths(path: str, app: App) -> None:
    """Other paths are refused on a page, without a trace of the server's files."""
    answer = ask(app, "GET", f"/_specimen/page/{path}")
    assert answer.status_code in (404, 405)
    assert "import" not in answer.text
    assert ask(app, "POST", f"{DO}nothing", FORM).status_code == 404


# -- what it shows --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vendor", NAMES)
def test_page__shows_a_vendor(vendor: str, app: App) -> None:
    """Every state and edge of the lifecycle, every scenario and credential, the session's answer and snippets."""
    provider = specs.load(vendor)
    session = created(app, vendor)
    page = unescape(ask(app, "GET", f"/?vendor={vendor}&session={session['id']}", BROWSER).text)
    for name in provider.lifecycle.states:
        assert re.search(rf'<text x="[0-9.]+" y="17">{name}</text>', page), name
    for edge in provider.lifecycle.transitions:
        assert f'id="edge-{edge.origin}-{edge.to}"' in page
        is_live = edge.origin == session["state"] and edge.operation is None
        assert (f"Move a session from {edge.origin} to {edge.to}:" in page) is is_live
    for scenario in provider.lifecycle.scenarios.values():
        assert f'<option value="{scenario.name}"' in page
        assert scenario.summary in page
    for credential in provider.lifecycle.credentials.values():
        for name, value in credential.headers.items():
            assert f"<code>{name}: {value}</code>" in page
        assert re.sub("`(.*?)`", r"<code>\1</code>", credential.description) in page
        assert all(str(value) in page for value in credential.facts.values() if not credential.headers)
    for read in provider.lifecycle.reads:
        assert f'id="answer-{read.operation}"' in page
    assert session["id"] in page.partition('id="answer-')[2]


def test_page__shows_what_was_wrong(app: App) -> None:
    """The log says which field of a refused request is wrong, and which fault answered one."""
    headers = {"Authorization": "Bearer kk_live_specimen"}
    ask(app, "POST", "/kayle/v1/sessions", headers, json={"redirect_url": 5})
    do(app, "add-fault", kind="status", value="503", provider="kayle")
    ask(app, "GET", "/kayle/v1/sessions", headers)
    log = ask(app, "GET", "/_specimen/page/part/requests").text
    newest, older = log.split("<li>")[1:3]
    assert "503" in newest
    assert "fault status-1" in newest
    assert "invalid body" in older
    assert "<code>/redirect_url: type</code>" in older
    assert "kk_live_specimen" not in log, "credentials are masked, as in the log itself"


def test_page__keeps_namespaces_apart(app: App) -> None:
    """The page shows one namespace, and its forms change that one."""
    ask(app, "POST", f"{DO}create?ns=mine", FORM, data={"vendor": "kyve"})
    ask(app, "POST", f"{DO}forward?ns=mine", FORM, data={"seconds": "300"})
    mine = ask(app, "GET", "/", BROWSER, params={"vendor": "kyve", "ns": "mine"}).text
    default = ask(app, "GET", "/", BROWSER, params={"vendor": "kyve"}).text
    assert "ses_" in mine.partition('aria-label="Sessions"')[2].partition("</table>")[0]
    assert 'aria-label="Sessions"' not in default
    assert "Specimen-Namespace: mine" in unescape(mine)
    assert ask(app, "GET", "/_specimen/v1/clock").json()["now"] == "2026-03-19T10:31:06.000Z"


# -- what its forms do ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vendor", NAMES)
def test_forms__move_a_session_to_each_end(vendor: str, app: App) -> None:
    """Over the diagram's edges, from a new session, to every state that ends one."""
    lifecycle = specs.load(vendor).lifecycle
    for end in lifecycle.terminal:
        way = next(
            scenario.path
            for scenario in lifecycle.scenarios.values()
            if scenario.path[-1] == end and scenario.path[0] == lifecycle.initial
        )
        answer = do(app, "create", vendor=vendor, scenario=next(n for n, s in lifecycle.scenarios.items() if s.path == way))
        session_id = httpx.URL(answer.headers["hx-redirect"]).params["session"]
        for before, after in itertools.pairwise(way):
            moved = do(app, "follow", vendor=vendor, session=session_id, **{"from": before, "to": after})
            assert moved.status_code == 200, moved.text
        assert state(app, vendor, session_id) == end


def test_forms__take_the_newest_session_of_a_state(app: App) -> None:
    """Without a shown session, or with one in another state, an edge moves the newest session at its beginning."""
    older, newer = created(app), created(app)
    assert do(app, "follow", vendor="kayle", **{"from": "created", "to": "in_progress"}).status_code == 200
    assert (state(app, "kayle", older["id"]), state(app, "kayle", newer["id"])) == ("created", "in_progress")
    do(app, "follow", vendor="kayle", session=newer["id"], **{"from": "created", "to": "cancelled"})
    assert state(app, "kayle", older["id"]) == "cancelled"
    gone = do(app, "follow", vendor="kayle", **{"from": "created", "to": "in_progress"})
    assert (gone.status_code, "no session is in" in gone.text) == (409, True)


def test_forms__say_what_is_possible(app: App) -> None:
    """A refusal of the control API is shown with what could be asked instead, under its own status."""
    session = created(app)
    refused = do(app, "move", vendor="kayle", session=session["id"], to="nowhere")
    assert refused.status_code == 409
    assert "in_progress, succeeded" in refused.text
    chosen = do(app, "move", vendor="kayle", session=session["id"], to="failed", **{"fact.failure_code": "document_data_invalid"})
    assert chosen.status_code == 200
    assert chosen.headers["hx-trigger"] == "specimen-changed"


def test_forms__do_what_the_control_api_does(app: App) -> None:
    """Each of the page's forms once: the control API shows what came of it."""
    done = set()

    def did(action: str, **form: str) -> httpx.Response:
        done.add(action)
        answer = do(app, action, **form)
        assert answer.status_code == 200, (action, answer.text)
        return answer

    def api(path: str) -> Any:
        return ask(app, "GET", f"/_specimen/v1/{path}").json()

    made = did("create", vendor="kayle", scenario="succeeded", family_name="Tester", pace="manual")
    session = {"vendor": "kayle", "session": httpx.URL(made.headers["hx-redirect"]).params["session"]}
    did("advance", **session)
    did("move", **session, to="failed")
    assert state(app, "kayle", session["session"]) == "failed"
    did("forget", **session)
    assert api("sessions")["sessions"] == []
    session["session"] = created(app)["id"]
    did("follow", **session, **{"from": "created", "to": "in_progress"})
    did("expire", **session)
    assert state(app, "kayle", session["session"]) == "expired"
    did("forward", seconds="3600")
    did("run")
    assert api("clock")["frozen"] is False
    did("freeze")
    assert api("clock")["frozen"] is True
    did("use-preset", preset="flaky")
    assert [fault["id"] for fault in api("faults")["faults"]] == ["flaky-503", "flaky-reset"]
    did("clear-faults")
    did("add-fault", kind="delay", value="0.5", provider="kayle", operation="getSession", count="2")
    assert api("faults")["faults"][0]["match"] == {"provider": "kayle", "operation": "getSession", "count": 2}
    did("remove-fault", fault=api("faults")["faults"][0]["id"])
    assert api("faults")["faults"] == []
    assert "whsec_" in did("add-webhook", vendor="kyve", url="http://127.0.0.1:9/hook").text
    created(app, "kyve")
    (endpoint,) = api("webhooks")["webhooks"]
    page = ask(app, "GET", "/_specimen/page/part/webhooks", params={"vendor": "kyve"}).text
    assert "http://127.0.0.1:9/hook" in page
    assert do(app, "resend", vendor="kyve", delivery="nothing").status_code == 404
    did("remove-webhook", vendor="kyve", endpoint=endpoint["id"])
    did("clear-log")
    assert api("requests")["requests"] == []
    assert done == set(ACTIONS) - {"resend"}, "a browser sends again what has been sent: test_page_in_chromium.py"


def test_forms__refuse_what_is_no_form(app: App) -> None:
    """Large, broken and empty forms get an answer, not an error of the server."""
    for body in (b"\xff\xfe=%zz&&&=", b"seconds=nan", b"seconds=1e999", b"seconds=1e306", b"seconds=-5", b""):
        headers = {**FORM, "Content-Type": "application/x-www-form-urlencoded"}
        assert ask(app, "POST", f"{DO}forward", headers, content=body).status_code == 400, body
    assert ask(app, "POST", f"{DO}forward", FORM, content=b"x" * 70_000).status_code == 400


# -- what it is told ------------------------------------------------------------------------------------------------


def test_events__tell_what_has_changed(app: App) -> None:
    """One event for each part that is not as it was seen; none for those that are."""
    session = created(app)
    page = ask(app, "GET", f"/?vendor=kayle&session={session['id']}", BROWSER).text
    seen = re.search(r"seen=([0-9a-f.]+)", page)
    assert seen is not None

    async def listened() -> list[str]:
        assert app.page is not None
        watcher = changes.Watcher("kayle", session["id"])

        async def run(handler: Any) -> Any:
            return await app.control.run(handler, "default", "http://127.0.0.1:8080", {})  # type: ignore[union-attr]

        parts = []
        async for chunk in changes.stream(run, watcher, changes.from_text(seen[1]), 0.01):
            parts += re.findall(r"event: (\w+)", chunk.decode())
        return parts

    assert asyncio.run(listened()) == []
    do(app, "advance", vendor="kayle", session=session["id"])
    assert asyncio.run(listened()) == ["sessions", "session"]
    do(app, "forward", seconds="5")
    do(app, "add-fault", kind="status", value="429")
    ask(app, "GET", "/kayle/v1/sessions")
    assert asyncio.run(listened()) == ["sessions", "session", "requests", "faults", "clock"]


@pytest.mark.parametrize("seconds", ["300", "3600"])
def test_events__tell_that_an_answer_has_aged(seconds: str, app: App) -> None:
    """A session that stays where it is is shown anew when the clock is moved: its answer has links and times that age."""
    session = created(app, "kyve", scenario="completed")

    async def seen() -> str:
        async def run(handler: Any) -> Any:
            return await app.control.run(handler, "default", "http://127.0.0.1:8080", {})  # type: ignore[union-attr]

        return (await run(changes.Watcher("kyve", session["id"]).look)).body["session"]  # type: ignore[no-any-return]

    before = asyncio.run(seen())
    assert asyncio.run(seen()) == before
    do(app, "forward", seconds=seconds)
    assert asyncio.run(seen()) != before


@pytest.mark.long("a shared store")
def test_page__on_a_shared_store(tmp_path: Any) -> None:
    """The same page where processes share what they know."""
    app = build_app(Settings(now=NOW, freeze=True, store=f"sqlite:///{tmp_path}/store.db"))
    session = created(app, "kyve")
    ask(app, "GET", "/kyve/v1/nothing")
    page = ask(app, "GET", f"/?vendor=kyve&session={session['id']}", BROWSER).text
    assert session["id"] in page
    assert "route not found" in page
