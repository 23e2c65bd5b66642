"""The hosted pages in a real browser: a person plays the user of each vendor, also in a frame of another site."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from specimen import specs
from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Pace, Settings
from tests.browser import chromium, needs_chromium, opened, overflow, violations
from tests.mockserver.calling import NOW

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FrameLocator, Page

pytestmark = needs_chromium
NAMES = specs.names()
OUTER = """<!doctype html><title>A shop</title><ol id="heard"></ol><script>
addEventListener("message", (event) => {
  const line = document.createElement("li");
  line.textContent = JSON.stringify(event.data);
  heard.append(line);
});
</script><iframe id="kyc" src="LINK" width="400" height="700"></iframe>"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of the module."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def api() -> Iterator[httpx.Client]:
    """One server, called from outside."""
    app = build_app(Settings(now=NOW, freeze=True, pace=Pace.parse("manual")))
    with running(app) as url, httpx.Client(base_url=url) as client:
        yield client


def made(api: httpx.Client, vendor: str) -> tuple[str, str]:
    """A new session: its id, and the link for its user."""
    session = api.post("/_specimen/v1/sessions", json={"provider": vendor}).json()["session"]
    return session["id"], f"{str(api.base_url).rstrip('/')}/{vendor}/_specimen/flow/{session['id']}"


def state(api: httpx.Client, vendor: str, session_id: str) -> str:
    """The state that the control API shows."""
    return api.get(f"/_specimen/v1/sessions/{vendor}/{session_id}").json()["state"]  # type: ignore[no-any-return]


def go_through(page: Page | FrameLocator) -> None:
    """Consents, takes the photograph, then the selfie."""
    for heading in ("May we check", "Photograph", "selfie"):
        page.locator("h1", has_text=heading).wait_for()
        page.locator("#next").click()
    page.locator("h1", has_text="How does it end?").wait_for()


ENDS = [(vendor, index) for vendor in NAMES for index in range(len(specs.load(vendor).lifecycle.hosted.outcomes))]
FIRST, EACH = {(vendor, 0) for vendor in NAMES}, pytest.mark.long("each end of five vendors")


@pytest.mark.parametrize(("vendor", "index"), [pytest.param(*end, marks=() if end in FIRST else EACH) for end in ENDS])
def test_flow__is_played_to_each_end(vendor: str, index: int, api: httpx.Client, browser: Browser) -> None:
    """With the buttons, in a window as wide as a phone; nothing keeps anybody out on the way."""
    session_id, link = made(api, vendor)
    outcome = specs.load(vendor).lifecycle.hosted.outcomes[index]
    with opened(browser, 360, "dark" if index % 2 else "light") as page:
        page.goto(link)
        assert violations(page) == []
        go_through(page)
        assert violations(page) == []
        assert overflow(page) == 0
        page.click(f"#outcome-{index}")
        page.locator("strong", has_text=outcome.to).wait_for()
    assert state(api, vendor, session_id) == outcome.to


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_flow__where_nothing_can_be_done(scheme: str, api: httpx.Client, browser: Browser) -> None:
    """A link whose time is over, one to no session, and the page at the end keep nobody out, in a window as wide as a phone."""
    old, expired = made(api, "kayle")
    api.post(f"/_specimen/v1/sessions/kayle/{old}/expire", json={}).raise_for_status()
    new, ended = made(api, "kayle")
    api.post(f"/_specimen/v1/sessions/kayle/{new}/transition", json={"to": "succeeded"}).raise_for_status()
    links = {expired: "This link has expired", f"{ended}x": "leads to no session", ended: "You are done"}
    with browser.new_context(viewport={"width": 360, "height": 900}, color_scheme=scheme) as context:  # type: ignore[arg-type]
        page = context.new_page()
        for link, words in links.items():
            page.goto(link)
            page.get_by_text(words).first.wait_for()
            assert violations(page) == []
            assert overflow(page) == 0
            assert page.locator("form").count() == 0


def test_flow__in_the_frame_of_a_shop(api: httpx.Client, browser: Browser) -> None:
    """The shop hears each step in the vendor's envelope, and ends the flow by a message of its own."""
    session_id, link = made(api, "kyve")

    class Shop(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = OUTER.replace("LINK", link).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        with opened(browser) as page:
            page.goto(f"http://127.0.0.1:{server.server_port}/favicon.ico")
            frame = page.frame_locator("#kyc")
            page.locator("#heard li", has_text='"kyc.ready"').wait_for()
            frame.locator("#next").click()
            page.locator("#heard li", has_text='"kyc.status_changed"').first.wait_for()
            assert '"height":' in page.locator("#heard li", has_text='"kyc.resize"').first.inner_text()
            page.evaluate("document.getElementById('kyc').contentWindow.postMessage({type: 'kyc.cancel'}, '*')")
            page.locator("#heard li", has_text='"kyc.canceled"').wait_for()
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
    assert state(api, "kyve", session_id) == "canceled"
