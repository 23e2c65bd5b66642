"""The HTML report in a real browser: an outer page drives the unchanged file in a frame of some width."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from specimen.contracts.reporting.formats.registry import render
from tests.contracts.example_reports import exchange
from tests.contracts.reporting.test_report_order import mixed
from tests.mockserver.test_swagger_ui import CHROMIUM, QUIET

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian: apt-get install chromium)")
WIDTHS = (360, 768, 1280)
DRIVER = """<!doctype html><link rel="icon" href="data:,"><body><script>
const found = {broken: [], widths: {}};
const frame = document.createElement("iframe");
frame.src = "/report";
frame.style.height = "900px";
frame.onload = async () => {
  const page = frame.contentDocument, its = frame.contentWindow;
  its.addEventListener("error", (event) => found.broken.push(String(event.message)));
  page.addEventListener("securitypolicyviolation", (event) => found.broken.push(event.violatedDirective));
  const articles = [...page.querySelectorAll("article")];
  const shown = () => articles.filter((one) => one.getClientRects().length).map((one) => one.dataset.operation);
  const set = (name, value) => {
    const field = page.querySelector("form").elements[name];
    field.value = value;
    field.dispatchEvent(new Event("input", {bubbles: true}));
  };
  for (const width of WIDTHS) {
    frame.style.width = width + "px";
    await new Promise((done) => setTimeout(done, 50));
    for (const one of page.querySelectorAll("details")) { one.open = true; }
    found.widths[width] = page.documentElement.scrollWidth - page.documentElement.clientWidth;
  }
  found.form = page.querySelector("form").getClientRects().length > 0;
  found.all = shown().length;
  set("operation", "listSessions");
  found.of_operation = shown();
  found.said = page.querySelector("output").textContent;
  found.sections = [...page.querySelectorAll("section")].filter((one) => one.getClientRects().length).length;
  set("operation", "");
  set("severity", "error");
  found.of_severity = articles.filter((one) => one.getClientRects().length).map((one) => one.dataset.severity);
  set("severity", "");
  set("text", "GEN-023 failure");
  found.of_text = articles.filter((one) => one.getClientRects().length).map(
    (one) => one.closest("section").querySelector("h3").textContent);
  set("text", "");
  found.again = shown().length;
  const clipboard = {writeText: async (text) => { found.copied = text; }};
  Object.defineProperty(its.navigator, "clipboard", {value: clipboard, configurable: true});
  const bar = page.querySelector(".bar[data-copies]");
  const button = bar.querySelector("button");
  found.command = bar.nextElementSibling.textContent;
  button.focus();
  found.focused = page.activeElement === button;
  button.click();
  await new Promise((done) => setTimeout(done, 50));
  found.label = button.textContent;
  Object.defineProperty(its.navigator, "clipboard", {value: undefined, configurable: true});
  its.getSelection().removeAllRanges();
  button.click();
  found.selected = its.getSelection().toString();
  const result = document.createElement("pre");
  result.id = "result";
  result.textContent = JSON.stringify(found);
  document.body.replaceChildren(result);
};
document.body.append(frame);
</script>""".replace("WIDTHS", json.dumps(WIDTHS))


@contextmanager
def served(pages: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    """The pages on a port; gives the URL, and the list of the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            content = pages.get(self.path, "").encode()
            self.send_response(200 if content else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def browse(folder: Path, url: str) -> tuple[str, str]:
    """The page's elements after its scripts ran, and what Chromium logged; no other host can be resolved."""
    command = [
        str(CHROMIUM), *QUIET.split(), "--enable-logging=stderr", "--window-size=1400,1000", f"--user-data-dir={folder}",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--dump-dom", url,
    ]  # fmt: skip
    ended = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True)
    return ended.stdout, ended.stderr


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the driver saw of one report."""
    folder = tmp_path_factory.mktemp("chromium")
    with served({"/report": render(mixed(), "html"), "/": DRIVER}) as (url, asked):
        page, log = browse(folder, f"{url}/")
    shutil.rmtree(folder, ignore_errors=True)
    result = re.search(r'<pre id="result">(.*?)</pre>', page, re.DOTALL)
    assert result is not None, log[-2000:]
    return {**json.loads(unescape(result[1])), "asked": asked, "log": log}


def test_html__fits_narrow_and_wide_screens(seen: dict[str, Any]) -> None:
    """At 360, 768 and 1280 pixels, with every detail open, nothing must be scrolled to the side."""
    assert seen["widths"] == {str(width): 0 for width in WIDTHS}


def test_html__filters_by_operation_severity_and_text(seen: dict[str, Any]) -> None:
    """The filter hides what is not meant, sections too, says how many are left, and gives all back."""
    assert seen["form"]
    assert 0 < len(seen["of_operation"]) < seen["all"]
    assert set(seen["of_operation"]) == {"listSessions"}
    assert seen["said"] == f"{len(seen['of_operation'])} of {seen['all']} findings shown"
    assert 0 < seen["sections"] <= len(seen["of_operation"])
    assert set(seen["of_severity"]) == {"error"}
    assert seen["of_text"]
    assert all(title.startswith("GEN-023 ") for title in seen["of_text"])
    assert seen["again"] == seen["all"]


def test_html__copies_commands(seen: dict[str, Any]) -> None:
    """A button puts the whole command on the clipboard; without one it selects the command."""
    assert seen["command"].startswith("curl -sS ")
    assert seen["copied"] == seen["command"]
    assert seen["label"] == "Copied"
    assert seen["focused"]
    assert seen["selected"].strip() == seen["command"]


def test_html__asks_no_host_and_logs_no_error(seen: dict[str, Any]) -> None:
    """The page asks for nothing, and breaks neither a script nor its own policy."""
    assert seen["broken"] == []
    assert seen["asked"] == ["/", "/report"]
    assert "CONSOLE" not in seen["log"]


def test_html__is_whole_without_its_script() -> None:
    """The file hides no finding, and the filter, which would not work, is hidden."""
    text = render(mixed(), "html")
    assert "<form hidden" in text
    assert text.count("<article data-") == len(mixed().found)
    assert "<article hidden" not in text
    assert "<button" in text.partition("<form hidden")[2].partition("</form>")[0]
    assert text.count("<button") == 1
    assert exchange().path.rpartition("/")[0] in text
