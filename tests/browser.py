"""This machine's Chromium, driven by Playwright, and axe-core, which finds what keeps people from using a page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from tests.node_tools import node_tools

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian: apt-get install chromium)")
# MPL-2.0; a test tool, never shipped.
AXE = "axe-core@4.14.1"
_QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --disable-background-networking --disable-component-update --disable-sync "
    "--host-resolver-rules=MAP*~NOTFOUND,EXCLUDE127.0.0.1"
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window, which can resolve no name of a host."""
    from playwright.sync_api import sync_playwright

    arguments = [entry.replace("MAP*~NOTFOUND,EXCLUDE127", "MAP * ~NOTFOUND, EXCLUDE 127") for entry in _QUIET.split()]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, width: int = 1440, scheme: Any = "light", height: int = 900) -> Iterator[Page]:
    """A page of its own; whatever its console, its scripts and its policy complain about fails the test at the end."""
    complaints: list[str] = []
    with browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme) as context:
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        yield page
    assert complaints == []


@cache
def axe_source() -> str:
    """The script of axe-core."""
    return (node_tools("axe", AXE) / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """What breaks WCAG 2.2, levels A and AA, or is serious by axe-core's own rules, with the first element that does."""
    page.evaluate(axe_source())
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate("async (tags) => (await axe.run(document, {runOnly: tags})).violations", tags)
    return [
        f"{one['impact']} {one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical") or "best-practice" not in one["tags"]
    ]


def cut_off(page: Page) -> list[str]:
    """The tables of which a part is seen only after scrolling to the side, by the names of their regions."""
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('.scroll')].filter(one => one.scrollWidth > one.clientWidth).map(one => one.ariaLabel)"
    )
    return found


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
