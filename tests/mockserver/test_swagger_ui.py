"""Swagger UI in a real browser."""

from __future__ import annotations

import re
import subprocess
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from specimen import specs
from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.sessions.catalogue.usable_document import working_credentials
from specimen.mockserver.settings import Settings
from specimen.specs import Operation
from tests.browser import CHROMIUM, chromium, needs_chromium
from tests.mockserver.calling import ask

if TYPE_CHECKING:
    from playwright.sync_api import Page

PICTURE = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --virtual-time-budget=8000"
)


@needs_chromium
def test_swagger_ui__shows_every_operation(tmp_path: Path) -> None:
    """A page that loads is not enough: it must read OpenAPI 3.1 and draw one block per operation."""
    name = specs.names()[0]
    with running(build_app(Settings(providers=(name,)))) as url:
        command = [str(CHROMIUM), *QUIET.split(), f"--user-data-dir={tmp_path}", "--dump-dom", f"{url}/{name}/ui/"]
        page = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True).stdout
    for operation in specs.load(name).document.operations.values():
        assert f'data-path="{operation.path}"' in page
    assert "Unable to render" not in page


def test_swagger_ui__runs_no_script_but_its_files() -> None:
    """Nothing that a document or a link holds can become a script of the page, and no other page frames it."""
    name = specs.names()[0]
    answer = ask(build_app(Settings(providers=(name,))), "GET", f"/{name}/ui/")
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert (policy["default-src"], policy["script-src"], policy["frame-ancestors"]) == ("'none'", "'self'", "'none'")
    assert re.findall(r"<script(?! src=)|\son\w+=", answer.text) == []


@needs_chromium
@pytest.mark.long("presses every button of five documents in a browser: 60 s")
@pytest.mark.parametrize("name", specs.names())
def test_swagger_ui__every_try_it_out_answers_as_documented(name: str) -> None:
    """Each operation, executed as the form comes, answers with a documented success, signed in without typing."""
    provider = specs.load(name)
    with running(build_app(Settings(providers=(name,)))) as url, chromium() as browser, browser.new_page() as page:
        page.set_default_timeout(20_000)
        refused: list[str] = []
        page.on("console", lambda message: refused.append(message.text) if "Content Security Policy" in message.text else None)
        page.goto(f"{url}/{name}/ui/")
        page.locator(".btn.authorize").first.click()
        authorized = page.locator(".auth-container").inner_text()
        page.locator(".close-modal, .btn-done").first.click()
        assert "Logout" in authorized
        assert all(credential in authorized for credential in working_credentials(provider).values())
        wrong = []
        for operation in provider.document.operations.values():
            status = pressed(page, operation)
            is_good = status in operation.responses and (status < "300" or (operation.part is not None and status == "404"))
            if not is_good:
                wrong.append(f"{operation.id}: {status}")
        assert wrong == []
        assert refused == []


def pressed(page: Page, operation: Operation) -> str:
    """The status that an operation's form shows after `Execute`; where it wants files, it gets a picture."""
    block = page.locator(f"[id$='-{operation.id}'].opblock")
    block.locator(".opblock-summary-control").click()
    block.locator(".try-out__btn").click()
    if operation.body("multipart/form-data") is not None:
        picture = {"name": "document.png", "mimeType": "image/png", "buffer": PICTURE}
        block.locator("input[type=file]").first.set_input_files(picture)
    block.locator(".execute").click()
    found: str = block.locator(".live-responses-table .response-col_status").nth(1).inner_text()
    return found.split(maxsplit=1)[0]
