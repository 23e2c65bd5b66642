"""One request is the same bytes, whoever sends it and whoever judges it."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from specimen.contracts.judge.validation.request_validation import request_errors
from specimen.contracts.payloads import Case, Sender
from specimen.contracts.payloads.generate.expected_outcomes import as_exchange
from specimen.contracts.payloads.model.valid_payloads import REQUEST, Base
from specimen.contracts.payloads.output.shell_script import as_curl
from specimen.mockserver.app import build_app
from specimen.mockserver.settings import Settings
from specimen.specs import Provider
from tests.mockserver import dummy_provider
from tests.mockserver.calling import ask

TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
POINT = {"type": "object", "properties": {"x": {"type": "integer"}, "is_on": {"type": "boolean"}}}
RESERVED = "a/b?c#d&e=f+g h,i%ü'\"$`"
ITEM = {
    "operationId": "findRecords",
    "parameters": [
        *({"name": name, "in": "path", "required": True, "schema": schema} for name, schema in
          {"flag": {"type": "boolean"}, "size": {"type": "integer"}, "tags": TEXTS, "point": POINT, "name": TEXT}.items()),
        {"name": "is_new", "in": "query", "schema": {"type": "boolean"}},
        {"name": "limit", "in": "query", "schema": {"type": "integer"}},
        {"name": "status", "in": "query", "schema": TEXTS},
        {"name": "ids", "in": "query", "explode": False, "schema": TEXTS},
        {"name": "words", "in": "query", "style": "spaceDelimited", "schema": TEXTS},
        {"name": "codes", "in": "query", "style": "pipeDelimited", "schema": TEXTS},
        {"name": "point", "in": "query", "schema": POINT},
        {"name": "filter", "in": "query", "style": "deepObject", "schema": POINT},
        {"name": "q", "in": "query", "schema": TEXT},
        {"name": "X-Flag", "in": "header", "schema": {"type": "boolean"}},
        {"name": "X-Size", "in": "header", "schema": {"type": "integer"}},
        {"name": "X-Tags", "in": "header", "schema": TEXTS},
        {"name": "X-Point", "in": "header", "explode": True, "schema": POINT},
        {"name": "X-Name", "in": "header", "schema": TEXT},
    ],
    "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
    "responses": {"200": {"description": "Found.", "content": {"application/json": {"schema": {"type": "object"}}}}},
    "security": [{"key": []}],
}  # fmt: skip
VALUES: dict[str, Any] = {
    "path": {"flag": True, "size": 10.0, "tags": ["a", "b/c,d"], "point": {"x": 1, "is_on": False}, "name": RESERVED},
    "query": {
        "is_new": True, "limit": 10.0, "status": ["open", "a&b"], "ids": ["1", "2,3"], "words": ["one", "two"],
        "codes": ["A", "B"], "point": {"x": 7, "is_on": True}, "filter": {"x": 8, "is_on": False}, "q": RESERVED,
    },
    "headers": {
        "X-Flag": False, "X-Size": 20.0, "X-Tags": ["a", "b"], "X-Point": {"x": 1, "is_on": True},
        "X-Name": "a/b?c#d&e=f+g h,i%'\"$`",
    },
    "body": {"text": RESERVED, "is_on": True, "size": 10.0},
}  # fmt: skip
TARGET = (
    "/find/true/10/a,b%2Fc%2Cd/x,1,is_on,false/a%2Fb%3Fc%23d%26e%3Df%2Bg%20h%2Ci%25%C3%BC%27%22%24%60"
    "?is_new=true&limit=10&status=open&status=a%26b&ids=1,2%2C3&words=one%20two&codes=A%7CB&x=7&is_on=true"
    "&filter%5Bx%5D=8&filter%5Bis_on%5D=false&q=a%2Fb%3Fc%23d%26e%3Df%2Bg%20h%2Ci%25%C3%BC%27%22%24%60"
)
HEADERS = {
    "x-flag": "false", "x-size": "20", "x-tags": "a,b", "x-point": "x=1,is_on=true", "x-name": "a/b?c#d&e=f+g h,i%'\"$`",
    "content-type": "application/json",
}  # fmt: skip
BODY = b'{"text": "a/b?c#d&e=f+g h,i%\\u00fc\'\\"$`", "is_on": true, "size": 10.0}'


class Sent(NamedTuple):
    """A request as it reached its receiver."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@contextlib.contextmanager
def listening() -> Iterator[tuple[str, list[Sent]]]:
    """The URL of a service that keeps what it is sent, and what that was."""
    seen: list[Sent] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length") or 0))
            seen.append(Sent("POST", self.path, {name: value for name, value in headers.items() if name in HEADERS}, body))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """One with an operation of parameters in every style."""
    document = dummy_provider.document({"/find/{flag}/{size}/{tags}/{point}/{name}": {"post": ITEM}})
    return dummy_provider.load(monkeypatch, tmp_path, document)


def case(provider: Provider) -> Case:
    """A request with a value of each kind in each place."""
    operation = provider.document.operations["findRecords"]
    base = Base(provider, operation, REQUEST, VALUES, media=operation.bodies[0], pointer=operation.bodies[0].pointer)
    return Case(
        id="atlas.findRecords.request:all:test.all", provider="atlas", operation="findRecords", direction=REQUEST,
        kind="test.all", field="", value=None, payload=VALUES, verdict="accept", expect_status=(200,), rule=None,
        rationale="All at once.", source="", tags=(), state=None, base=base,
    )  # fmt: skip


def test_request__is_the_same_bytes_for_all_who_send_and_judge(provider: Provider, tmp_path: Path) -> None:
    """The transport, the sender of payloads, the shell script in bash, and what the judge is shown."""
    wanted = case(provider)
    with listening() as (url, seen):
        sender = Sender(provider, url, auth={"X-Key": "k"})
        shown = sender.send(wanted)
        sender.close()
        script = tmp_path / "requests.sh"
        script.write_text("".join(as_curl([wanted])), encoding="utf-8")
        done = subprocess.run(
            ["bash", str(script)], env={"PATH": "/usr/bin:/bin", "SPECIMEN_URL": url, "SPECIMEN_TOKEN": "k"},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    expected = Sent("POST", TARGET, HEADERS, BODY)
    judged = as_exchange(wanted.base, wanted.payload)
    for exchange in (shown, judged):
        headers = {name: value for name, value in exchange.request_headers.items() if name in HEADERS}
        assert Sent(exchange.method, f"{exchange.path}?{exchange.query}", headers, exchange.request_body) == expected
        assert request_errors(exchange) == []
    assert seen == [expected, expected]


def test_mock__reads_what_was_written(provider: Provider) -> None:
    """The values reach the mock's handler as they were, and one that breaks its schema is refused."""
    app = build_app(Settings(providers=(provider.name,)))
    path, _, query = TARGET.partition("?")
    # The mock's router takes an encoded slash for one that ends a part of the path.
    target = f"/atlas/v3{path.replace('%2F', '-')}?{query}"
    options: dict[str, Any] = {"headers": {**dummy_provider.KEY, **HEADERS}, "content": BODY}
    shown = ask(app, "POST", target, **options)
    assert shown.status_code == 200, shown.text
    assert shown.json()["query"] == VALUES["query"]
    for good, bad in (("/true/", "/yes/"), ("is_new=true", "is_new=True"), ("x,1,", "x,one,"), ("%5Bx%5D=8", "%5Bx%5D=8.5")):
        assert ask(app, "POST", target.replace(good, bad), **options).status_code == 400
    options["headers"]["x-point"] = "x=one,is_on=true"
    assert ask(app, "POST", target, **options).status_code == 400
