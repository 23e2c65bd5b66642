"""The page in a real browser: what a person clicks, presses and sees."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import pytest

from specimen import specs
from specimen.mockserver.app import App, build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Pace, Settings
from tests.browser import chromium, cut_off, needs_chromium, opened, overflow, violations
from tests.mockserver.calling import NOW

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = needs_chromium
NAMES = specs.names()
KAYLE = {"Authorization": "Bearer kk_live_specimen"}


class Served(NamedTuple):
    """A browser, a server, and what calls its API."""

    browser: Browser
    app: App
    url: str
    api: httpx.Client

    def state(self, vendor: str, session_id: str, namespace: str = "default") -> str:
        """The state that the control API shows."""
        headers = {"Specimen-Namespace": namespace}
        answer = self.api.get(f"/_specimen/v1/sessions/{vendor}/{session_id}", headers=headers)
        return answer.json()["state"]  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """One browser and one server for all tests of the module; each test has a namespace of its own."""
    app = build_app(Settings(now=NOW, freeze=True, pace=Pace.parse("manual")))
    with running(app) as url, chromium() as browser, httpx.Client(base_url=url) as api:
        yield Served(browser, app, url, api)


@pytest.fixture
def page(served: Served) -> Iterator[Page]:
    """A page of 1440 pixels."""
    with opened(served.browser) as page:
        yield page


def session_of(page: Page) -> str:
    """The id of the session that the page shows."""
    return page.locator("#session .id").inner_text()


def create(page: Page) -> None:
    """Makes a session, and waits until its page is there."""
    with page.expect_navigation():  # until it is loaded, its scripts included
        page.click("#create")


def click(page: Page, edge: tuple[str, str]) -> None:
    """Clicks an edge of the diagram, in the middle of its line."""
    page.locator(f"#edge-{edge[0]}-{edge[1]} .hit").dispatch_event("click")


def wait_state(page: Page, state: str) -> None:
    """Waits until the page shows the session in a state; without a script of its own, which the policy would stop."""
    page.locator("#session-state", has_text=state).wait_for()


def test_page__creates_and_moves_a_session(served: Served, page: Page) -> None:
    """A scenario is chosen, a session made, and an edge clicked; the diagram, the list and the timeline follow."""
    page.goto(f"{served.url}/kayle")
    page.select_option("#scenario", "selfie_face_mismatch")
    create(page)
    session_id = session_of(page)
    assert page.locator(f"#dot-{session_id}").count() == 1
    click(page, ("created", "in_progress"))
    wait_state(page, "in_progress")
    assert served.state("kayle", session_id) == "in_progress"
    page.select_option("#fact-failed-failure_code", "selfie_face_mismatch")
    page.click("#move-failed")
    wait_state(page, "failed")
    assert "selfie_face_mismatch" in page.locator("#answer-getSession").inner_text()
    assert page.locator(".node.filled", has_text="failed").locator(f"#dot-{session_id}").count() == 1
    assert page.locator(".timeline li").count() == 3


def test_page__takes_a_click_as_soon_as_it_shows_what_is_clicked(served: Served, page: Page) -> None:
    """A way is clicked in the moment in which its part is shown anew, as may happen under a pointer."""
    made = served.api.post("/_specimen/v1/sessions", json={"provider": "kayle"}).json()["session"]["id"]
    page.goto(f"{served.url}/?vendor=kayle&session={made}")
    page.evaluate(
        """() => new MutationObserver((_, observer) => {
            const way = document.querySelector("#edge-in_progress-succeeded.live .hit");
            if (way) {
                observer.disconnect();
                way.dispatchEvent(new MouseEvent("click", { bubbles: true }));
            }
        }).observe(document.body, { childList: true, subtree: true })"""
    )
    click(page, ("created", "in_progress"))
    wait_state(page, "succeeded")
    assert served.api.get(f"/_specimen/v1/sessions/kayle/{made}").json()["state"] == "succeeded"


@pytest.mark.long("clicks every edge that leads to an end, of five vendors")
@pytest.mark.parametrize("vendor", NAMES)
def test_page__moves_sessions_to_each_end(vendor: str, served: Served, page: Page) -> None:
    """By clicks on the diagram alone."""
    lifecycle = specs.load(vendor).lifecycle
    for end in sorted(lifecycle.terminal):
        name, way = next((n, s.path) for n, s in lifecycle.scenarios.items() if s.path[-1] == end)
        page.goto(f"{served.url}/?vendor={vendor}&ns=ends")
        page.select_option("#scenario", name)
        create(page)
        for number, edge in enumerate(itertools.pairwise(way), 2):
            click(page, edge)
            page.wait_for_selector(f".timeline li:nth-child({number})")
        assert served.state(vendor, session_of(page), "ends") == end


def test_page__forwards_the_clock_past_expiry(served: Served, page: Page) -> None:
    """An hour later a session that nobody opened has expired, and the page says so without being asked."""
    made = served.api.post(
        "/_specimen/v1/sessions", json={"provider": "kayle", "pace": "realtime", "scenario": "expired"},
        headers={"Specimen-Namespace": "late"},
    ).json()["session"]  # fmt: skip
    page.goto(f"{served.url}/?vendor=kayle&ns=late&session={made['id']}")
    page.click("#forward-3600")
    wait_state(page, "expired")
    assert "11:31:06" in page.locator("#clock time").inner_text()
    assert served.state("kayle", made["id"], "late") == "expired"


def test_page__has_a_button_for_each_turn_of_the_clock(served: Served, page: Page) -> None:
    """Five minutes, a day; it runs, and stands again."""

    def clock() -> dict[str, Any]:
        return served.api.get("/_specimen/v1/clock", headers={"Specimen-Namespace": "turns"}).json()  # type: ignore[no-any-return]

    page.goto(f"{served.url}/?vendor=idnow&ns=turns")
    for seconds, shown in ((300, "2026-03-19 10:36:06"), (86400, "2026-03-20 10:36:06")):
        page.click(f"#forward-{seconds}")
        page.locator("#clock time", has_text=shown).wait_for()
    assert clock() == {**clock(), "now": "2026-03-20T10:36:06.000Z", "frozen": True}
    for button, is_frozen in (("Run", False), ("Freeze", True)):
        page.locator("#freeze", has_text=button).click()
        page.locator("#freeze", has_text="Freeze" if button == "Run" else "Run").wait_for()
        assert clock()["frozen"] is is_frozen


def test_page__shows_pictures_and_keeps_what_was_opened(served: Served, page: Page) -> None:
    """An hour later Kyve's links to pictures are new ones that open; an opened answer and the chosen language stay."""
    headers = {"Specimen-Namespace": "pictures"}
    body = {"provider": "kyve", "scenario": "completed", "pace": "instant"}
    made = served.api.post("/_specimen/v1/sessions", json=body, headers=headers).json()["session"]["id"]
    page.goto(f"{served.url}/?vendor=kyve&ns=pictures&session={made}")
    page.click("summary:has-text('getVerification')")
    page.click("#read-getVerification-tab-5")
    links = [page.locator("#session .pictures a").first.get_attribute("href")]
    page.click("#forward-3600")
    page.locator(f"#session .pictures li:first-child a:not([href='{links[0]}'])").wait_for()
    assert page.locator("#read-getVerification-code-5").is_visible()
    assert "HttpRequest" in page.locator("#read-getVerification-code-5").inner_text()
    links += [one.get_attribute("href") for one in page.locator("#session .pictures a").all()]
    assert [served.api.get(str(link)).status_code for link in links] == [403, 200, 200]


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A URL that takes webhooks, and the headers of those that came."""
    came: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            came.append(dict(self.headers.items()))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", came
    server.shutdown()
    server.server_close()
    thread.join(10)


def test_page__shows_webhooks_arrive(served: Served, page: Page, receiver: tuple[str, list[dict[str, str]]]) -> None:
    """An endpoint is added; a new session's event comes up with payload and signature, and is sent again on a click."""
    url, came = receiver
    page.goto(f"{served.url}/?vendor=kyve&ns=hooks")
    page.fill("#webhook-url", url)
    page.click("text=Add the endpoint")
    page.wait_for_selector("#notice >> text=whsec_")
    key = {"Authorization": "Bearer ak_test_specimen", "Specimen-Namespace": "hooks"}
    session = served.api.post("/kyve/v1/sessions", headers=key, json={}).json()
    page.wait_for_selector("#webhooks summary")
    page.click("#webhooks summary")
    shown = page.locator("#webhooks pre").first.inner_text()
    assert came[0]["KYC-Signature"] in shown
    assert session["id"] in shown
    page.click("#webhooks >> text=Send again")
    page.wait_for_selector("#webhooks >> text=2 attempts")
    assert page.locator("#webhooks details").first.evaluate("one => one.open"), "what was open stays open"
    assert len(came) == 2


def test_page__switches_faults_on_and_off(served: Served, page: Page) -> None:
    """A fault is put on an operation; the log shows the request that met it, with its reason; then it is off again."""
    page.goto(f"{served.url}/?vendor=kayle&ns=faults")
    page.select_option("#fault-operation", "listSessions")
    page.fill("#fault-value", "429")
    page.click("#add-fault")
    page.wait_for_selector("#faults >> text=listSessions")
    headers = {**KAYLE, "Specimen-Namespace": "faults"}
    assert served.api.get("/kayle/v1/sessions", headers=headers).status_code == 429
    page.wait_for_selector("#requests >> text=fault status-1")
    page.click("#faults >> text=Off")
    page.wait_for_selector("#faults >> text=No fault is on")
    assert served.api.get("/kayle/v1/sessions", headers=headers).status_code == 200
    assert served.api.get("/kayle/v1/sessions?limit=x", headers=headers).status_code == 400
    page.wait_for_selector("#requests .wrong >> text=limit")


def test_page__is_used_by_keyboard(served: Served, page: Page) -> None:
    """Every control is reached with Tab; an edge is taken with Enter, and the language of a snippet with an arrow."""
    made = served.api.post("/_specimen/v1/sessions", json={"provider": "predicate"}, headers={"Specimen-Namespace": "keys"})
    page.goto(f"{served.url}/?vendor=predicate&ns=keys&session={made.json()['session']['id']}")
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "edge-pending-submitted":
            break
    else:
        pytest.fail("the edge was not reached")
    assert page.evaluate("getComputedStyle(document.querySelector('#edge-pending-submitted .line')).strokeWidth") == "3px"
    page.keyboard.press("Enter")
    wait_state(page, "submitted")
    page.focus("#create-tab-1")
    page.keyboard.press("ArrowRight")
    assert page.locator("#create-code-2").is_visible()
    assert "httpx.request(" in page.locator("#create-code-2").inner_text()
    assert page.locator("#create-code-1").is_hidden()


@pytest.mark.long("a server of its own; test_page.py asks without a browser")
def test_page__asks_for_the_token_off_loopback(served: Served) -> None:
    """The form takes the token once; the page is there from then on, and the token in no address."""
    app = build_app(Settings(providers=("kayle",), host="0.0.0.0", control_token="of-the-start", now=NOW, freeze=True))
    with running(app) as url, served.browser.new_context() as context:
        page = context.new_page()
        page.set_viewport_size({"width": 360, "height": 900})
        page.goto(url)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert violations(page) == []
        assert overflow(page) == 0
        page.fill("input[name=token]", "of-the-start")
        page.click("text=Open the page")
        page.wait_for_selector("#create")
        assert "of-the-start" not in page.url
        assert page.evaluate("document.cookie") == "", "no script sees the cookie"
        create(page)


def lively(served: Served, vendor: str) -> str:
    """The address of a vendor with sessions in many states, a log, faults and a webhook that nobody takes."""
    headers, session = {"Specimen-Namespace": f"lively-{vendor}"}, ""
    if served.api.get("/_specimen/v1/sessions", headers=headers).json()["sessions"]:
        listed = served.api.get("/_specimen/v1/sessions", headers=headers).json()["sessions"]
        return f"{served.url}/?vendor={vendor}&ns=lively-{vendor}&session={listed[-1]['id']}"
    hook = {"provider": vendor, "url": "http://127.0.0.1:9/hook"}
    served.api.post("/_specimen/v1/webhooks", json=hook, headers=headers)
    for number, scenario in enumerate(specs.load(vendor).lifecycle.scenarios):
        body = {"provider": vendor, "scenario": scenario}
        session = served.api.post("/_specimen/v1/sessions", json=body, headers=headers).json()["session"]["id"]
        for _ in range(number % 5):
            served.api.post(f"/_specimen/v1/sessions/{vendor}/{session}/advance", json={}, headers=headers)
        if number > 8:
            break
    served.api.get(f"/{vendor}/nothing/there", headers=headers)
    served.api.put("/_specimen/v1/faults", json={"preset": "flaky"}, headers=headers)
    return f"{served.url}/?vendor={vendor}&ns=lively-{vendor}&session={session}"


# The quick run sees one vendor, narrow and dark.
QUICK = {(vendor, (360, 1440)[number % 2], ("dark", "light")[number % 2]) for number, vendor in enumerate(NAMES)}
FIVE = pytest.mark.long("five vendors at two widths in two schemes")
SHOWN = [(vendor, width, scheme) for vendor in NAMES for width in (360, 1440) for scheme in ("light", "dark")]


@pytest.mark.parametrize(
    ("vendor", "width", "scheme"), [pytest.param(*shown, marks=() if shown in QUICK else FIVE) for shown in SHOWN]
)
def test_page__keeps_nobody_out(vendor: str, width: int, scheme: str, served: Served) -> None:
    """axe-core finds nothing, at both widths and in both schemes, and nothing but code must be scrolled to the side."""
    with opened(served.browser, width, scheme) as page:
        page.goto(lively(served, vendor))
        page.wait_for_selector("#session-state")
        assert violations(page) == []
        assert overflow(page) == 0
        assert cut_off(page) == []
        page.evaluate("for (const one of document.querySelectorAll('details')) { one.open = true; }")
        assert violations(page) == []
        assert overflow(page) == 0


@pytest.mark.long("test_page.py asks without a browser")
def test_page__shows_a_script_as_text(served: Served, page: Page) -> None:
    """A session that is called `<script>`: nothing runs, and the policy has nothing to stop."""
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    key = {"Authorization": "Bearer ak_test_specimen", "Specimen-Namespace": "scripts"}
    text = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    session = served.api.post("/kyve/v1/sessions", headers=key, json={"metadata": {text: text}}).json()
    page.goto(f"{served.url}/?vendor=kyve&ns=scripts&session={session['id']}")
    assert text in page.locator("#answer-getSession").inner_text()
    assert page.locator("main script, main img").count() == 0


@pytest.mark.long("test_page.py reads the links without a browser")
def test_page__asks_no_other_host(served: Served, page: Page) -> None:
    """Scripts, styles and pictures come from the server itself."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(lively(served, "neurovision"))
    page.wait_for_selector("#session-state")
    assert len(asked) > 4
    assert {re.sub(r"^(https?://[^/]+|data:).*", r"\1", url) for url in asked} <= {served.url, "data:"}
