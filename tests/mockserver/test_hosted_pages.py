"""What the links in answers lead to: the page in place of the vendor's, and pictures."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

import pytest

from specimen import specs
from specimen.fixtures.standards.signed_urls import signed
from specimen.mockserver.app import App
from tests.mockserver.calling import NOW, ask, ask_entry, ask_raw, create_entry, frozen_app

NAMES = specs.names()
KAYLE = {"Authorization": "Bearer kk_live_specimen"}


@pytest.fixture(scope="module")
def app() -> App:
    """All providers under a still clock."""
    return frozen_app()


def _flow(app: App, redirect_url: str) -> str:
    entry = {**create_entry(app, "kayle"), "body": {"redirect_url": redirect_url}}
    made = ask_entry(app, entry)
    assert made.status_code == 200, made.text
    page = ask(app, "GET", made.json()["data"]["verification_url"])
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    return page.text


def test_flow__leads_back(app: App) -> None:
    """The hosted page leads back to the redirect URL, escaped, and says which session it is for and its state."""
    page = _flow(app, 'https://example.com/done?a=1&b="><script>alert(1)</script>')
    assert "<script>" not in page
    # The vendor answers a URL as a browser's parser writes it, and so it is linked.
    assert 'href="https://example.com/done?a=1&amp;b=%22%3E%3Cscript%3E' in page
    assert "<strong>created</strong>" in page


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "JaVaScRiPt:alert(1)//https://x", "data:text/html,x", "myapp://done", " https://example.com"]
)
def test_flow__other_schemes_are_not_linked(url: str, app: App) -> None:
    """A redirect URL that is no web address is never a link."""
    name = "kyve"
    entry = create_entry(app, name)
    entry["body"] = {**entry["body"], "redirect_url": url}
    made = ask_entry(app, entry)
    if made.status_code >= 400:
        return  # the vendor's own rule refuses it
    page = ask(app, "GET", made.json()["url"]).text
    assert "href" not in page


@pytest.mark.parametrize("path", ["flow/nobody", "flow/", "flow", "images/", "images", "", "nothing", "flow/../x", "flow/%00"])
def test_hosted__unknown(path: str, app: App) -> None:
    """A hosted page of nobody is a 404 of the mock's own."""
    status, headers, _ = ask_raw(app, "GET", f"/kayle/_specimen/{path}")
    assert (status, headers["content-type"]) == (404, "application/problem+json")


def test_hosted__only_reads(app: App) -> None:
    """Hosted things are read, never written."""
    assert ask_raw(app, "POST", "/kayle/_specimen/images/a.png")[0] == 404


def test_images__are_png(app: App) -> None:
    """Image links answer a small picture, also at the root of a provider served alone."""
    from PIL import Image

    for served, path in ((app, "/kayle/_specimen/images/any/thing.png"), (frozen_app("kayle"), "/_specimen/images/a.png")):
        status, headers, body = ask_raw(served, "GET", path)
        assert (status, headers["content-type"]) == (200, "image/png")
        with Image.open(BytesIO(body)) as picture:
            assert picture.format == "PNG"
            assert max(picture.size) <= 1000
        assert ask_raw(served, "HEAD", path)[2] == b""


def test_images__in_every_answer_are_there(app: App) -> None:
    """Every link to the mock in any catalogue answer leads somewhere."""
    links = set()
    for entry in app.scenarios()["entries"]:
        if entry["scenario"] is not None:
            links |= set(re.findall(r"http://127\.0\.0\.1:8080(/[^\"\\]*/_specimen/[^\"\\]*)", ask_entry(app, entry).text))
    assert links
    for link in sorted(links)[:: max(1, len(links) // 60)]:
        assert ask(app, "GET", link).status_code == 200, link


def test_signed_link__until_it_expires() -> None:
    """A signed link is good before its time, and a 403 at it, with another signature, and with another path."""
    app = frozen_app("kayle")
    path = "/kayle/_specimen/images/a.png"
    expires = NOW // 1000 + 60
    link = signed(f"http://127.0.0.1:8080{path}", expires)
    query = link.partition("?")[2]
    assert ask_raw(app, "GET", path, query=query.encode())[0] == 200
    for bad in (
        query.replace("sig=", "sig=0"),
        query.replace(str(expires), str(expires + 1)),
        f"exp={expires}",
        "sig=x",
        "exp=x&sig=y",
        "exp=²&sig=é",
    ):
        status, _, body = ask_raw(app, "GET", path, query=bad.encode())
        assert (status, body) == (403, b"This link is wrongly signed.\n"), bad
    assert ask_raw(app, "GET", "/kayle/_specimen/images/b.png", query=query.encode())[0] == 403
    app.clock.forward(59_999 - NOW % 1000)
    assert ask_raw(app, "GET", path, query=query.encode())[0] == 200
    app.clock.forward(1)
    assert ask_raw(app, "GET", path, query=query.encode())[::2] == (403, b"This link is expired.\n")


def test_websocket__is_closed(app: App) -> None:
    """A WebSocket is refused, not left hanging."""
    import asyncio

    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(app({"type": "websocket", "path": "/", "headers": []}, receive, send))
    assert sent == ["websocket.close"]
