"""Each fault as a raw socket, httpx, requests and Node's fetch see it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from specimen.client import Client
from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.preferences.faults import rules
from specimen.mockserver.settings import Pace, Settings

KAYLE = {"Authorization": "Bearer kk_live_specimen"}
CLIENTS = ("socket", "httpx", "requests", "fetch")
FETCH = """
const seen = async ({url, headers}) => {
  const began = performance.now()
  try {
    const answer = await fetch(url, {headers})
    const body = Buffer.from(await answer.arrayBuffer()).toString('latin1')
    return {status: answer.status, headers: Object.fromEntries(answer.headers), body, seconds: (performance.now() - began) / 1000}
  } catch (error) {
    return {error: error.cause?.code ?? error.name}
  }
}
const asked = JSON.parse(require('fs').readFileSync(0, 'utf8'))
const found = []
;(async () => {
  for (const one of asked) found.push(await seen(one))
  console.log(JSON.stringify(found))
})()
"""


@dataclass(frozen=True)
class Seen:
    """What a client got: an answer with a whole body, or an error."""

    status: int = 0
    headers: dict[str, str] | None = None
    body: bytes = b""
    seconds: float = 0.0
    error: str | None = None

    @property
    def json(self) -> Any:
        """The body as JSON; the text `no JSON` where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return "no JSON"

    @property
    def content_type(self) -> str:
        """That of the answer."""
        return (self.headers or {}).get("content-type", "")

    @property
    def status_shown(self) -> str:
        """The session's status."""
        shown: str = self.json["data"]["status"]
        return shown


@dataclass(frozen=True)
class Case:
    """A fault; what is read, in which state and whether the session moves once the fault is there; and what must be seen."""

    rule: dict[str, Any]
    sees: Callable[[Seen], bool]
    state: str = "failed"
    moves_to: str | None = None
    of_list: bool = False


def answered(seen: Seen) -> bool:
    """The answer as it is without a fault."""
    return seen.status == 200 and seen.content_type == "application/json" and seen.status_shown == "failed"


def failed(seen: Seen) -> bool:
    """No answer that a client takes."""
    return seen.error is not None


CASES = {
    "delay": Case({"kind": "delay", "seconds": 0.1}, lambda seen: answered(seen) and seen.seconds >= 0.1),
    "delay of a distribution": Case(
        {"kind": "delay", "seconds": {"from": 0.05, "to": 0.06}}, lambda seen: answered(seen) and seen.seconds >= 0.05
    ),
    "status 429": Case(
        {"kind": "status", "status": 429, "retry_after": 7},
        lambda seen: seen.status == 429 and (seen.headers or {})["retry-after"] == "7" and set(seen.json) == {"data", "error"},
    ),
    "status 503 with a body": Case(
        {"kind": "status", "status": 503, "body": "<h1>no</h1>", "content_type": "text/html"},
        lambda seen: (seen.status, seen.body, seen.content_type) == (503, b"<h1>no</h1>", "text/html"),
    ),
    "reset": Case({"kind": "reset"}, failed),
    "truncated_body": Case({"kind": "truncated_body", "share_sent": 0.5}, failed),
    "malformed_json": Case(
        {"kind": "malformed_json"}, lambda seen: seen.content_type == "application/json" and seen.json == "no JSON"
    ),
    "content_type": Case(
        {"kind": "content_type", "content_type": "text/html"}, lambda seen: seen.content_type == "text/html" and bool(seen.json)
    ),
    "content_type in a charset": Case(
        {"kind": "content_type", "charset": "utf-16"},
        lambda seen: seen.content_type == "application/json" and seen.body[:2] in (b"\xff\xfe", b"\xfe\xff"),
    ),
    "slow_drip": Case({"kind": "slow_drip", "seconds": 0.1, "pieces": 3}, lambda seen: answered(seen) and seen.seconds >= 0.1),
    "empty": Case({"kind": "empty"}, lambda seen: (seen.status, seen.body) == (200, b"")),
    "empty answer": Case({"kind": "empty", "of": "answer"}, failed),
    "stuck": Case({"kind": "stuck"}, lambda seen: seen.status_shown == "created", state="created", moves_to="failed"),
    "stale": Case(
        {"kind": "stale", "seconds": 60}, lambda seen: seen.status_shown == "created", state="created", moves_to="failed"
    ),
    "duplicated_row": Case(
        {"kind": "duplicated_row"},
        lambda seen: len(seen.json["data"]) == 2 and seen.json["data"][0] == seen.json["data"][1],
        of_list=True,
    ),
    "drift": Case({"kind": "drift", "drift": "KAY-004"}, lambda seen: seen.json["data"]["failure_code"] is None),
    "script": Case(
        {"kind": "script", "answers": ["in_progress", 503]}, lambda seen: seen.status_shown == "in_progress", state="created"
    ),
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """One server for all cases."""
    with running(build_app(Settings(providers=("kayle",), pace=Pace("manual")))) as found:
        yield found


@pytest.fixture(scope="module")
def asked(url: str) -> dict[tuple[str, str], tuple[str, dict[str, str]]]:
    """For each client and case a URL, with headers of a namespace in which the fault is done; no two share a session."""
    found = {}
    with httpx.Client(timeout=30) as http:
        for number, (client, case) in enumerate((client, case) for client in CLIENTS for case in CASES):
            steered = Client(url, namespace=f"n{number}", http=http)
            one = CASES[case]
            session = steered.create("kayle", **({} if one.state == "created" else {"state": one.state})).id
            steered.set_faults([one.rule])
            if one.moves_to is not None:
                steered.forward(2)
                steered.transition("kayle", session, one.moves_to)
            path = "/kayle/v1/sessions" + ("" if one.of_list else f"/{session}")
            found[client, case] = (url + path, {**KAYLE, "Specimen-Namespace": f"n{number}"})
    return found


@pytest.fixture(scope="module")
def fetched(asked: dict[tuple[str, str], tuple[str, dict[str, str]]]) -> dict[str, Seen]:
    """What fetch sees of all cases, in one process of Node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no Node here")
    wanted = [{"url": asked["fetch", case][0], "headers": asked["fetch", case][1]} for case in CASES]
    done = subprocess.run([node, "-e", FETCH], input=json.dumps(wanted), capture_output=True, text=True, check=True, timeout=60)
    answers = json.loads(done.stdout)
    return {
        case: Seen(**{**one, "body": one.get("body", "").encode("latin-1")}) for case, one in zip(CASES, answers, strict=True)
    }


def by_socket(url: str, headers: dict[str, str]) -> Seen:
    """The bytes of a connection, cut into an answer."""
    host, _, path = url.removeprefix("http://").partition("/")
    name, port = host.split(":")
    lines = [f"GET /{path} HTTP/1.1", f"Host: {host}", "Connection: close", *(f"{key}: {text}" for key, text in headers.items())]
    began, got = time.perf_counter(), b""
    with socket.create_connection((name, int(port)), timeout=30) as sock:
        sock.sendall("\r\n".join([*lines, "", ""]).encode())
        try:
            while chunk := sock.recv(65536):
                got += chunk
        except ConnectionResetError:
            return Seen(error="reset")
    seconds = time.perf_counter() - began
    head, _, body = got.partition(b"\r\n\r\n")
    if not head:
        return Seen(error="no byte")
    first, *rest = head.decode("latin-1").split("\r\n")
    shown = {key.lower(): text.strip() for key, _, text in (line.partition(":") for line in rest)}
    if int(shown.get("content-length", len(body))) != len(body):
        return Seen(error="truncated")
    return Seen(int(first.split()[1]), shown, body, seconds)


def by_httpx(url: str, headers: dict[str, str]) -> Seen:
    """As httpx says."""
    began = time.perf_counter()
    try:
        answer = httpx.get(url, headers=headers, timeout=30)
    except httpx.TransportError as error:
        return Seen(error=type(error).__name__)
    return Seen(answer.status_code, dict(answer.headers), answer.content, time.perf_counter() - began)


def by_requests(url: str, headers: dict[str, str]) -> Seen:
    """As requests says, over a connection of its own."""
    requests = pytest.importorskip("requests")
    began = time.perf_counter()
    try:
        answer = requests.get(url, headers=headers, timeout=30)
    except requests.RequestException as error:
        return Seen(error=type(error).__name__)
    shown = {name.lower(): text for name, text in answer.headers.items()}
    return Seen(answer.status_code, shown, answer.content, time.perf_counter() - began)


READERS = {"socket": by_socket, "httpx": by_httpx, "requests": by_requests}


def test_cases__are_all_kinds() -> None:
    """No kind is left out."""
    assert {case.rule["kind"] for case in CASES.values()} == set(rules.kinds())


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("client", CLIENTS)
def test_fault__is_seen(
    client: str, case: str, asked: dict[tuple[str, str], tuple[str, dict[str, str]]], request: pytest.FixtureRequest
) -> None:
    """The client gets what the fault makes of the answer."""
    seen = request.getfixturevalue("fetched")[case] if client == "fetch" else READERS[client](*asked[client, case])
    assert CASES[case].sees(seen), seen


@pytest.mark.parametrize(
    ("case", "errors"),
    [
        ("reset", ("reset", "ReadError", "ConnectionError", "ECONNRESET")),
        ("empty answer", ("no byte", "RemoteProtocolError", "ConnectionError", "UND_ERR_SOCKET")),
        ("truncated_body", ("truncated", "RemoteProtocolError", "ChunkedEncodingError", "UND_ERR_SOCKET")),
    ],
)
def test_broken_connection__is_each_clients_own_error(
    case: str,
    errors: tuple[str, ...],
    asked: dict[tuple[str, str], tuple[str, dict[str, str]]],
    fetched: dict[str, Seen],
) -> None:
    """The three are told apart by as much as the client tells."""
    found = [read(*asked[client, case]).error for client, read in READERS.items()]
    assert (*found, fetched[case].error) == errors
