"""The proxy in front of targets that are down, slow, or break off."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest

from tests.contracts.targets import proxied, reset, scripted, session_id

PATH = f"/v1/sessions/{session_id()}"


def test_proxy__down() -> None:
    """A target that is not there is a 502 that says so, and the proxy lives on when it comes back."""
    free = socket.socket()
    free.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{free.getsockname()[1]}"
    free.close()
    with proxied(url) as proxy, httpx.Client() as client:
        answer = client.get(proxy.url + PATH)
        assert answer.status_code == 502
        assert answer.headers["content-type"] == "application/problem+json"
        assert "specimen-violations" not in answer.headers
        assert answer.json()["title"] == "No answer from the target"
        assert "takes no connections" in answer.json()["detail"]
        assert client.post(proxy.url + "/v1/sessions", json={"a": 1}).status_code == 502
        assert proxy.bench.exchanges == 0
        assert len(proxy.problems()) == 2


@pytest.mark.parametrize(
    "sent", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{}"]
)
def test_proxy__slow(sent: bytes) -> None:
    """A target that is slow with its head or its body is a 504."""
    done = threading.Event()

    def talk(connection: socket.socket, _: bytes) -> None:
        connection.sendall(sent)
        done.wait(20)

    try:
        with scripted(talk) as target, proxied(target, timeout_seconds=0.2) as proxy:
            answer = httpx.get(proxy.url + PATH, timeout=10)
    finally:
        done.set()
    assert answer.status_code == 504
    assert answer.json()["title"] == "Target too slow"
    assert "within 0.2 s" in answer.json()["detail"]


@pytest.mark.parametrize("body", [None, {"a": 1}])
def test_proxy__a_head_that_drips(body: dict[str, int] | None) -> None:
    """Each byte comes before the time-out, the head does not: a 504, with and without a body of the request."""
    stop = threading.Event()

    def talk(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nx: ")
        with contextlib.suppress(OSError):
            while not stop.wait(0.05):
                connection.sendall(b"y")

    try:
        with scripted(talk) as target, proxied(target, timeout_seconds=0.4) as proxy:
            answer = httpx.request("GET" if body is None else "POST", proxy.url + "/v1/sessions", json=body, timeout=20)
            stop.set()
    finally:
        stop.set()
    assert (answer.status_code, answer.json()["title"]) == (504, "Target too slow")
    assert "within 0.4 s" in answer.json()["detail"]


def test_proxy__a_request_that_drips_is_given_time() -> None:
    """The app sends its body for longer than the time-out: the time for the answer begins when it is whole."""

    def talk(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: application/json\r\n\r\n{}")

    def body() -> Iterator[bytes]:
        for _ in range(8):
            threading.Event().wait(0.1)
            yield b" "

    with scripted(talk) as target, proxied(target, timeout_seconds=0.4) as proxy:
        answer = httpx.post(proxy.url + "/v1/sessions", content=body(), timeout=20)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{",
        b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"a":\r\n',
        b"220 smtp.example.com ESMTP\r\n",
    ],
)
def test_proxy__reset(sent: bytes) -> None:
    """A target that breaks off, before its answer or within, is a 502; half a body never looks like a whole one."""

    def talk(connection: socket.socket, _: bytes) -> None:
        connection.sendall(sent)
        reset(connection) if not sent else connection.close()

    with scripted(talk) as target, proxied(target) as proxy:
        answer = httpx.get(proxy.url + PATH)
        assert answer.status_code == 502
        assert "before its answer was whole" in answer.json()["detail"]
        assert proxy.bench.exchanges == 0


def test_proxy__breaks_off_within_a_stream() -> None:
    """When the head is out, an answer that breaks off breaks off for the app too."""

    def talk(connection: socket.socket, _: bytes) -> None:
        connection.sendall(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n3\r\n:a\n\r\n"
        )
        connection.close()

    with scripted(talk) as target, proxied(target) as proxy:
        with httpx.stream("GET", proxy.url + PATH) as answer, pytest.raises(httpx.RemoteProtocolError):
            answer.read()
        proxy.wait(lambda relay: bool(relay.problems()))


def test_proxy__leaves_a_stream_with_its_reader() -> None:
    """When the app goes away, the proxy ends the request to the target."""
    gone = threading.Event()

    def talk(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: hello\n\n")
        connection.settimeout(10)
        if connection.recv(10) == b"":
            gone.set()

    with scripted(talk) as target, proxied(target) as proxy:
        with httpx.stream("GET", proxy.url + PATH) as answer:
            assert next(answer.iter_raw()) == b": hello\n\n"
        assert gone.wait(10)
