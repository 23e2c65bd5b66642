"""What the links in answers lead to: the way back from the page in place of the vendor's, and pictures."""

from __future__ import annotations

import re
import sys
from io import BytesIO
from typing import Any

import pytest

from specimen import specs
from specimen.fixtures.standards.signed_urls import signed
from specimen.mockserver.app import App
from tests.mockserver.calling import NOW, ask, ask_entry, ask_raw, create_entry, forward, frozen_app

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
    assert 'id="back"' not in page
    assert "javascript:" not in page.lower()


@pytest.mark.parametrize("path", ["flow/nobody", "flow/", "flow", "images/", "images", "", "nothing", "flow/../x", "flow/%00"])
def test_hosted__unknown(path: str, app: App) -> None:
    """A hosted page of nobody is a 404 of the mock's own."""
    status, headers, _ = ask_raw(app, "GET", f"/kayle/_specimen/{path}")
    assert (status, headers["content-type"]) == (404, "application/problem+json")


def test_images__are_only_read(app: App) -> None:
    """Images are read, never written."""
    assert ask_raw(app, "POST", "/kayle/_specimen/images/a.png")[0] == 404


def image_path(app: App, scenario: str = "completed") -> tuple[str, str]:
    """The path and the query of a document's picture in the answer for a scenario's catalogue session of kyve."""
    wanted = ("kyve", "getVerification", scenario)
    entries = [one for one in app.scenarios()["entries"] if (one["provider"], one["operation"], one["scenario"]) == wanted]
    link = next(media["url"] for entry in entries for media in ask_entry(app, entry).json()["media"])
    path, _, query = link.removeprefix("http://127.0.0.1:8080").partition("?")
    return path, query


def test_images__are_drawn(app: App) -> None:
    """Image links answer a JPEG file, also at the root of a provider served alone; what no session has is a 404."""
    from PIL import Image

    path, _ = image_path(app)
    for served, where in ((app, path), (frozen_app("kyve"), path.removeprefix("/kyve"))):
        status, headers, body = ask_raw(served, "GET", where)
        assert (status, headers["content-type"]) == (200, "image/jpeg")
        with Image.open(BytesIO(body)) as picture:
            assert picture.format == "JPEG"
            assert picture.width == 1240
        assert ask_raw(served, "HEAD", where)[2] == b""
        for nowhere in (where.replace("document_front", "passport"), where.replace("ver_", "ver_0"), f"{where}x"):
            assert ask_raw(served, "GET", nowhere)[0] == 404


def test_images__without_pillow_say_how_to_get_it(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """The placeholder says the line that installs what draws; a link of nobody stays a 404."""
    from PIL import Image

    path, _ = image_path(app)
    for name in [name for name in sys.modules if name.startswith("specimen.fixtures.pictures.gallery")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("specimen.fixtures.pictures.gallery", raising=False)
    monkeypatch.setitem(sys.modules, "PIL", None)
    status, headers, body = ask_raw(app, "GET", path)
    assert (status, headers["content-type"]) == (200, "image/png")
    assert ask_raw(app, "GET", path.replace("ver_", "ver_0"))[0] == 404
    monkeypatch.undo()
    with Image.open(BytesIO(body)) as picture:
        assert picture.size == (620, 390)


def test_images__in_every_answer_are_there(app: App) -> None:
    """Every link to the mock in any catalogue answer leads somewhere."""
    links = set()
    for entry in app.scenarios()["entries"]:
        if entry["scenario"] is not None:
            links |= set(re.findall(r"http://127\.0\.0\.1:8080(/[^\"\\]*/_specimen/[^\"\\]*)", ask_entry(app, entry).text))
    assert links
    # Most are drawn in some fiftieths of a second; that each has a picture is proved in tests/fixtures/test_pictures.py.
    for link in sorted(links)[:: max(1, len(links) // 15)]:
        assert ask(app, "GET", link).status_code == 200, link


def test_signed_link__until_it_expires() -> None:
    """A signed link is good before its time, and a 403 at it, with another signature, and with another path."""
    app = frozen_app("kyve")
    path, _ = image_path(app)
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
    assert ask_raw(app, "GET", path.replace("document_front", "selfie"), query=query.encode())[0] == 403
    forward(app, 59_999 - NOW % 1000)
    assert ask_raw(app, "GET", path, query=query.encode())[0] == 200
    forward(app, 1)
    assert ask_raw(app, "GET", path, query=query.encode())[::2] == (403, b"This link is expired.\n")


def test_kyves_links__are_good_for_fifteen_minutes() -> None:
    """The link of an answer opens until the last millisecond of its quarter of an hour, by the namespace's clock."""
    app = frozen_app("kyve")
    path, query = image_path(app)
    left = int(query.partition("exp=")[2].partition("&")[0]) * 1000 - NOW
    assert 0 <= 15 * 60_000 - left < 1000, "the link tells whole seconds"
    forward(app, left - 1)
    assert ask_raw(app, "GET", path, query=query.encode())[0] == 200
    forward(app, 1)
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
