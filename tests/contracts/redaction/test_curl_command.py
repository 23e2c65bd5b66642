"""The command that repeats a request, run by a real shell with a real curl."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.redaction.curl_command import curl
from tests.contracts.example_reports import SESSION, TOKEN, exchange

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="the commands need curl")


class _Echo(BaseHTTPRequestHandler):
    """Keeps what came."""

    seen: list[dict[str, object]]

    def _answer(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.seen.append({"method": self.command, "target": self.path, "headers": headers, "body": self.rfile.read(length)})
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    do_GET = do_POST = do_HEAD = do_DELETE = do_PUT = do_PATCH = do_OPTIONS = _answer  # noqa: N815 - the base class's names

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def echo() -> Iterator[tuple[str, list]]:
    """The URL of a server that keeps requests, and the requests."""
    handler = type("Echo", (_Echo,), {"seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/base", handler.seen
    server.shutdown()
    thread.join()
    server.server_close()


def repeat(one: Exchange, echo: tuple[str, list], hidden: dict[str, str] | None = None, **variables: str) -> dict:
    """What arrives when the command for an exchange is run."""
    url, seen = echo
    seen.clear()
    command = curl(one, url, hidden or {})
    done = subprocess.run(
        ["bash", "-c", command],
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", **variables},
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, (command, done.stderr)
    (request,) = seen
    return request


def test_curl__repeats_a_read(echo) -> None:
    """Method, path, query and the credential from the shell."""
    request = repeat(exchange(query="limit=5&after=a%20b"), echo, SPECIMEN_TOKEN="kk_from_the_shell")
    assert (request["method"], request["target"]) == ("GET", f"/base/v1/sessions/{SESSION}?limit=5&after=a%20b")
    assert request["headers"]["authorization"] == "Bearer kk_from_the_shell"


BODIES = [
    b'{"a": "it\'s $HOME `id` \\"q\\" \\\\ !"}',
    '{"имя": "日本 – é"}'.encode(),
    b'{\n  "a": 1\n}',
    b"",
    b"@/etc/passwd",
    b"not json",
    b"\x00\xff\xfe raw",
    b'{"a": "\x1b[31m"}',
    b"'; touch /tmp/never; '",
]


@pytest.mark.parametrize("body", BODIES)
def test_curl__repeats_a_body_byte_for_byte(echo, body) -> None:
    """Quotes, other scripts, control characters and bytes that are no text arrive as they were sent."""
    one = exchange(method="POST", path="/v1/sessions", request_body=body, request_headers={"content-type": "application/json"})
    request = repeat(one, echo)
    assert request["method"] == "POST"
    assert request["body"] == body
    assert request["headers"]["content-type"] == "application/json"


@pytest.mark.parametrize(
    "path", ["/v1/sessions/%7Bx%7D", "/v1/sessions/{x}", "/v1/sessions/[1-3]", "/v1/../v1/x", "/v1/a%0A", "/v1/é", "/v1/'x'"]
)
def test_curl__keeps_odd_paths(echo, path) -> None:
    """What curl would expand or tidy arrives as it was sent; what is no visible ASCII is percent-encoded."""
    assert repeat(exchange(path=path), echo)["target"] == "/base" + path.replace("é", "%C3%A9")


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "OPTIONS", "HEAD"])
def test_curl__keeps_the_method(echo, method) -> None:
    """Also HEAD, for which curl has an option of its own."""
    assert repeat(exchange(method=method), echo)["method"] == method


def test_curl__headers_of_ours(echo) -> None:
    """What the walk set on purpose is there, an empty value too; what the client adds by itself is not repeated."""
    headers = {"idempotency-key": "k-1", "prefer": "scenario=ok", "user-agent": "walk/1", "content-length": "9"}
    request = repeat(exchange(request_headers=headers), echo)
    assert request["headers"]["idempotency-key"] == "k-1"
    assert request["headers"]["prefer"] == "scenario=ok"
    assert "walk" not in request["headers"]["user-agent"]


def test_curl__without_credentials_and_with_made_up_ones(echo) -> None:
    """No credential stays none; a made-up one stays made up, whatever the shell knows."""
    assert "authorization" not in repeat(exchange(request_headers={}), echo, SPECIMEN_TOKEN="good")["headers"]
    unknown = exchange(intent={"credentials": "unknown"})
    assert repeat(unknown, echo, SPECIMEN_TOKEN="good")["headers"]["authorization"] == "Bearer invalid"


@pytest.mark.parametrize(
    ("sent", "repeated"), [("Basic mine-42", "Basic good"), ("mine-42", "good"), ("Bearer mine-420", "Bearer good0")]
)
def test_curl__a_wrong_form_of_the_good_credential(echo, sent: str, repeated: str) -> None:
    """Another scheme, none, or a character behind the key: the key itself is the user's."""
    wrong = exchange(request_headers={"authorization": sent}, intent={"credentials": "unknown"})
    request = repeat(wrong, echo, {"mine-42": "SPECIMEN_TOKEN"}, SPECIMEN_TOKEN="good")
    assert request["headers"]["authorization"] == repeated


def test_curl__sessions_of_the_user(echo) -> None:
    """An id that the user gave is a variable that the user sets."""
    request = repeat(exchange(), echo, {SESSION: "SPECIMEN_SESSION"}, SPECIMEN_SESSION="vs_mine")
    assert request["target"] == "/base/v1/sessions/vs_mine"


def test_curl__token_in_the_body(echo) -> None:
    """Where a token stands in the body, the shell's takes its place and the rest is as it was."""
    body = json.dumps({"token": TOKEN, "note": "it's"}).encode()
    one = exchange(method="POST", path="/v1/sessions", request_body=body)
    assert json.loads(repeat(one, echo, SPECIMEN_TOKEN="mine")["body"]) == {"token": "mine", "note": "it's"}


def test_curl__observed_traffic_has_variables_only(echo) -> None:
    """Ids, query and body of somebody's request are for who repeats it to fill in."""
    one = exchange(seen_by="proxy", path="/v1/sessions", query="limit=5&secret=x", request_body=b"")
    request = repeat(one, echo, SPECIMEN_TOKEN="t", SPECIMEN_QUERY_LIMIT="9")
    assert request["target"] == "/base/v1/sessions?limit=9"
    assert repeat(exchange(seen_by="har"), echo, SPECIMEN_ID="vs_1")["target"] == "/base/v1/sessions/vs_1"


def test_curl__a_body_nested_deep_is_repeated(echo) -> None:
    """What was made to overflow a reader does not overflow ours."""
    body = b"[" * 900 + b"]" * 900
    one = exchange(method="POST", path="/v1/sessions", request_body=body)
    assert repeat(one, echo)["body"] == body


def test_curl__a_large_body_is_left_out() -> None:
    """A report stays readable: where the body would be, a file is named."""
    command = curl(
        exchange(method="POST", path="/v1/sessions", request_body=b'"' + b"x" * 100_000 + b'"'), "http://x.example", {}
    )
    assert len(command) < 400
    assert command.endswith("# 100002 bytes")
