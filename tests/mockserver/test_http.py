"""HTTP itself over a real port: garbage, halves, pieces, silence and floods."""

from __future__ import annotations

import http.client
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from specimen import specs
from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Settings
from tests.mockserver.calling import create_entry
from tests.mockserver.wire import Target, receive

pytestmark = pytest.mark.usefixtures("quiet")
GARBAGE: dict[str, bytes] = {
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "zeros": bytes(1000) + b"\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "an unknown version": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a space in a header's name": b"GET /_specimen/health HTTP/1.1\r\nHo st: x\r\n\r\n",
    "no colon": b"GET /_specimen/health HTTP/1.1\r\nHost\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a length and chunks": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a negative length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "a length that is no number": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: one\r\n\r\n",
    "a header folded over lines": b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
    "NUL in a header": b"GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n",
    "an asterisk": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "CONNECT": b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
    "an absolute URL": b"GET http://example.com/kayle/v1/x HTTP/1.1\r\nHost: x\r\n\r\n",
    "bytes that are not ASCII in the path": b"GET /kayle/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    "a bad percent sign": b"GET /kayle/%zz%1 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a WebSocket": b"GET /kayle/v1/x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    "an upgrade to HTTP/2": b"GET /kayle/v1/x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    b"HTTP2-Settings: AA\r\n\r\n",
    "HTTP/1.0 without a host": b"GET /_specimen/health HTTP/1.0\r\n\r\n",
    "bad chunks": b"POST /kayle/v1/sessions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer kk_live_specimen\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
}


@pytest.mark.parametrize("case", GARBAGE)
def test_http__garbage(case: str, target: Target) -> None:
    """What is no HTTP request gets an answer below 500 or a closed connection, at once."""
    with target.connect() as connection:
        connection.sendall(GARBAGE[case])
        try:
            status, _, _ = receive(connection)
        except (http.client.BadStatusLine, ConnectionResetError):
            return  # closed without an answer
        assert 200 <= status < 500


def test_http__half_a_request_then_close(target: Target) -> None:
    """A client that goes away in the midst of its request leaves nothing behind."""
    entry = create_entry(target.app, "kayle")
    key = entry["headers"]["Authorization"]
    head = f"POST {entry['path']} HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\nContent-Length: 100\r\n\r\n".encode()
    for data in (b"GET", head[:30], head, head + b'{"a":'):
        with target.connect() as connection:
            connection.sendall(data)
        assert target.ask("GET", "/_specimen/health")[0] == 200


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", None),
        (b"\r\n", None),
        (b"GET", 408),
        (b"GET /_specimen/health HTTP/1.1\r\nHost: x\r\nA: ", 408),
    ],
)
def test_http__unfinished_head(sent: bytes, status: int | None, hasty: Target) -> None:
    """A connection that never finishes the head of a request is ended: with a 408 if it began one."""
    with hasty.connect() as connection:
        connection.sendall(sent)
        if status is None:
            assert connection.recv(1) == b""
        else:
            answer = receive(connection)
            assert (answer[0], answer[1]["Connection"]) == (status, "close")
            assert connection.recv(1) == b""


def test_http__unfinished_head_of_a_second_request(hasty: Target) -> None:
    """The same holds for a second request on a connection that was used before."""
    with hasty.connect() as connection:
        connection.sendall(b"GET /_specimen/health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert receive(connection)[0] == 200
        connection.sendall(b"GET /_specimen/hea")
        assert receive(connection)[0] == 408
        assert connection.recv(1) == b""


def test_http__a_head_in_pieces_is_fine(hasty: Target) -> None:
    """A request in many small pieces is answered, again and again on one connection."""
    with hasty.connect() as connection:
        for _ in range(3):
            for byte in b"GET /_specimen/health HTTP/1.1\r\nHost: x\r\n\r\n":
                connection.sendall(bytes([byte]))
            assert receive(connection)[0] == 200


def test_http__expect_100_continue(target: Target) -> None:
    """A client that waits for leave to send its body gets it, or the refusal at once."""
    entry = create_entry(target.app, "kayle")
    head = f"POST {entry['path']} HTTP/1.1\r\nHost: x\r\nAuthorization: {entry['headers']['Authorization']}\r\n"
    with target.connect() as connection:
        connection.sendall(f"{head}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n".encode())
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert receive(connection)[0] == 200
    with target.connect() as connection:
        connection.sendall(f"{head}Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n".encode())
        assert receive(connection)[0] == 413


def test_polls__in_parallel_each_step_once(target: Target) -> None:
    """Under `polls:1` parallel readers see every step of a session exactly once, and its times never change."""
    entry = create_entry(target.app, "kayle")
    headers = {**entry["headers"], "Prefer": "pace=polls:1, scenario=succeeded_after_every_retry"}
    made = json.loads(target.ask("POST", entry["path"], headers, b"{}")[2])["data"]
    path = f"{entry['path']}/{made['id']}"
    with ThreadPoolExecutor(8) as pool:
        bodies = list(pool.map(lambda _: target.ask("GET", path, entry["headers"])[2], range(24)))
    answers = [json.loads(body)["data"] for body in bodies]
    path_length = len(specs.load("kayle").lifecycle.scenarios["succeeded_after_every_retry"].path)
    open_answers = [answer for answer in answers if answer["status"] != "succeeded"]
    assert len(open_answers) == path_length - 2
    assert len({json.dumps(answer) for answer in open_answers}) == len(open_answers)
    assert len({answer["completed_at"] for answer in answers if answer["status"] == "succeeded"}) == 1


def test_http__pipelined(target: Target) -> None:
    """Several requests sent at once get their answers in order."""
    two = b"GET /_specimen/health HTTP/1.1\r\nHost: x\r\n\r\nGET /kayle/v1/none HTTP/1.1\r\nHost: x\r\n\r\n"
    with target.connect() as connection:
        connection.sendall(two * 5 + b"GET /_specimen/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        data = connection.makefile("rb").read()
    assert re.findall(rb"HTTP/1\.1 (\d+)", data) == [b"200", b"404"] * 5 + [b"200"]


def test_http__the_rest_of_a_refused_body_is_swallowed(target: Target) -> None:
    """After a 413 or a 404 whose body came late, the connection is used on or closed; it is never confused."""
    with target.connect() as connection:
        connection.sendall(b"POST /kayle/v1/none HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n")
        assert receive(connection)[0] == 404
        connection.sendall(b"x" * 200_000 + b"GET /_specimen/health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert receive(connection)[0] == 200


def test_http__endless_head(target: Target) -> None:
    """Headers of more than a megabyte are refused, not collected."""
    with target.connect() as connection:
        try:
            connection.sendall(b"GET /_specimen/health HTTP/1.1\r\nHost: x\r\n")
            for number in range(400):
                connection.sendall(b"X-%d: %s\r\n" % (number, b"a" * 4000))
            status = receive(connection)[0]
        except (BrokenPipeError, ConnectionResetError, http.client.BadStatusLine):
            return  # closed in the midst of it
        assert status == 431


def test_http__large_headers(target: Target) -> None:
    """Headers of 30,000 bytes are taken: a request is refused for what it says, not for a long cookie."""
    entry = create_entry(target.app, "kayle")
    headers = {**entry["headers"], "Cookie": "a" * 30_000, "Prefer": "respond-async" + ", x=y" * 4000}
    assert target.ask("POST", entry["path"], headers, b"{}")[0] == 200


def test_h2c_offer__leaves_the_body(target: Target) -> None:
    """A request that offers HTTP/2, as Java's client does, is answered by its body in HTTP/1.1."""
    body = b'{"redirect_url": 7}'
    lines = [b"POST /kayle/v1/sessions HTTP/1.1", b"Host: 127.0.0.1", b"Authorization: Bearer kk_live_specimen"]
    lines += [b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk"]
    lines += [b"Content-Type: application/json", b"Content-Length: " + str(len(body)).encode(), b"", body]
    status, _, answer = target.send(b"\r\n".join(lines), "POST")
    assert status == 400
    assert b"redirect_url" in answer


def test_connection__in_use_stays_open() -> None:
    """The time for a request's head counts from the request before it: who polls is never cut off between two polls."""
    with running(build_app(Settings(providers=("kayle",), body_seconds=1))) as url:
        address = urlsplit(url)
        connection = http.client.HTTPConnection(str(address.hostname), address.port)
        ports = set()
        for _ in range(25):  # more than twice as long as a head may take
            connection.request("GET", "/_specimen/live")
            answer = connection.getresponse()
            assert (answer.status, json.loads(answer.read())) == (200, {"status": "live"})
            ports.add(connection.sock.getsockname()[1])
            time.sleep(0.1)
        connection.close()
    assert len(ports) == 1
