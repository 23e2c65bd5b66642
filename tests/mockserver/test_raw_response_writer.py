"""Answers in one piece: the same bytes as ASGI's messages make, wherever the server lets them be written so."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from specimen.mockserver.app import App
from specimen.mockserver.http import raw_response_writer, responses
from specimen.mockserver.http.dates import date_header, date_line
from specimen.mockserver.http.messages import Reply
from specimen.mockserver.http.responses import send_reply
from specimen.mockserver.http.server import running
from specimen.mockserver.testing.in_process import completed
from tests.mockserver.calling import frozen_app

httptools_impl = pytest.importorskip("uvicorn.protocols.http.httptools_impl", reason="httptools has no wheel for this machine")
TOKEN = b"Authorization: Bearer kk_live_specimen\r\n"
BODY = b'{"redirect_url": "https://example.com/done"}'
CREATE = b"POST /kayle/v1/sessions HTTP/1.1\r\nHost: mock.test\r\n" + TOKEN + b"Content-Type: application/json\r\n"
GET = b"GET /kayle/v1/sessions HTTP/1.1\r\nHost: mock.test\r\n"
CASES: dict[str, bytes] = {
    "a list": GET + TOKEN + b"\r\n",
    "a session is made": CREATE + b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY),
    "a body announced": CREATE + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY),
    "no credentials": GET + b"\r\n",
    "a wrong path": b"GET /kayle/nowhere HTTP/1.1\r\nHost: mock.test\r\n\r\n",
    "a wrong method": b"PUT /kayle/v1/sessions HTTP/1.1\r\nHost: mock.test\r\nContent-Length: 2\r\n\r\n{}",
    "headers alone": b"HEAD /kayle/v1/sessions HTTP/1.1\r\nHost: mock.test\r\n" + TOKEN + b"\r\n",
    "a preference": GET + TOKEN + b"Prefer: example=unauthorized\r\n\r\n",
    "a wrong preference": GET + TOKEN + b"Prefer: scenario=nope\r\n\r\n",
    "headers of a wrong preference": b"HEAD" + GET[3:] + TOKEN + b"Prefer: scenario=nope\r\n\r\n",
    "headers of a wrong namespace": b"HEAD" + GET[3:] + TOKEN + b"Specimen-Namespace: !\r\n\r\n",
    "headers of nothing": b"HEAD /nowhere HTTP/1.1\r\nHost: mock.test\r\n\r\n",
    "headers of a page that is not there": b"HEAD /kayle/_specimen/flow/x HTTP/1.1\r\nHost: mock.test\r\n\r\n",
    "headers of the server's own": b"HEAD /_specimen/health HTTP/1.1\r\nHost: mock.test\r\n\r\n",
    "a browser": b"OPTIONS /kayle/v1/sessions HTTP/1.1\r\nHost: mock.test\r\nOrigin: http://app.test\r\n"
    b"Access-Control-Request-Method: POST\r\n\r\n",
    "the server's own": b"GET /_specimen/health HTTP/1.1\r\nHost: mock.test\r\n\r\n",
    "the last one": GET + TOKEN + b"Connection: close\r\n\r\n",
    "HTTP/1.0": b"GET /_specimen/health HTTP/1.0\r\n\r\n",
}


@contextmanager
def counted(app: Any) -> Iterator[tuple[str, list[bool]]]:
    """The application on a port, and for each answer whether it was written in one piece."""
    written: list[bool] = []
    plain = raw_response_writer.write

    def write(*words: Any) -> bool:
        written.append(plain(*words))
        return written[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(raw_response_writer, "write", write)
        with running(app) as url:
            yield url, written


def as_messages(app: App) -> Any:
    """The application behind something that stands between it and the server, as any middleware does."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        async def passed_on(message: Any) -> None:
            await send(message)

        await app(scope, receive, passed_on)

    wrapped.settings = app.settings  # type: ignore[attr-defined]
    return wrapped


def answers(url: str, *requests: bytes) -> bytes:
    """All bytes of the answers to requests sent at once, until the server is silent; the date taken out."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"".join(requests) + b"GET /_specimen/health HTTP/1.1\r\nHost: end.test\r\nConnection: close\r\n\r\n")
        found = b""
        while piece := connection.recv(65_536):
            found += piece
    return re.sub(rb"date: [^\r]+", b"date: D", found)


@pytest.mark.parametrize("case", CASES)
def test_whole__the_same_bytes_as_messages(case: str) -> None:
    """Status line, headers in their order, body; what is written next on the connection too."""
    with counted(frozen_app("kayle")) as (url, written):
        found = answers(url, CASES[case])
    with running(as_messages(frozen_app("kayle"))) as url:
        assert answers(url, CASES[case]) == found
    assert found.startswith(b"HTTP/1.1 ")
    # Closing a connection is left to the server.
    assert written[0] == (case not in ("the last one", "HTTP/1.0"))


class Wire(bytearray):
    """A transport that keeps what is written."""

    write = bytearray.extend


def cycle(**changes: Any) -> Any:
    """The server's own part of an exchange that waits for its answer."""
    found = httptools_impl.RequestResponseCycle(
        scope={"type": "http", "method": "GET", "headers": []}, transport=Wire(), flow=SimpleNamespace(write_paused=False),
        logger=None,
        access_logger=None, access_log=False, default_headers=[(b"date", b"D")], message_event=asyncio.Event(),
        expect_100_continue=False, keep_alive=True, on_response=lambda: None,
    )  # fmt: skip
    for name, value in changes.items():
        setattr(found, name, value)
    return found


def test_whole__writes_and_ends_the_exchange() -> None:
    """One write; the server knows that its answer is out."""
    one = cycle(waiting_for_100_continue=True)
    assert raw_response_writer.write(one.send, 404, [(b"content-length", b"2")], b"{}")
    assert one.transport == b"HTTP/1.1 404 Not Found\r\ndate: D\r\ncontent-length: 2\r\n\r\n{}"
    assert one.response_started
    assert one.response_complete
    assert one.message_event.is_set()
    assert not one.waiting_for_100_continue
    assert not raw_response_writer.write(one.send, 200, [], b"")  # a second answer


@pytest.mark.parametrize(
    ("changes", "headers"),
    [
        ({"disconnected": True}, []),
        ({"keep_alive": False}, []),
        ({"access_log": True}, []),
        ({"flow": SimpleNamespace(write_paused=True)}, []),
        ({}, [(b"connection", b"close")]),
        ({}, [(b"transfer-encoding", b"chunked")]),
    ],
)
def test_whole__leaves_to_the_server(changes: dict[str, Any], headers: list[tuple[bytes, bytes]]) -> None:
    """A client that is gone or slow, a log, a connection that ends: nothing is written."""
    one = cycle(**changes)
    assert not raw_response_writer.write(one.send, 200, headers, b"{}")
    assert one.transport == b""
    assert not one.response_started


def test_whole__leaves_other_servers_alone() -> None:
    """What only looks like the exchange that we know gets messages."""

    class Other(httptools_impl.RequestResponseCycle):  # type: ignore[misc]
        pass

    one = cycle()
    one.__class__ = Other
    assert not raw_response_writer.write(one.send, 200, [], b"")
    assert one.transport == b""


def test_whole__another_uvicorn_gets_messages() -> None:
    """Where the server's own part of an exchange has not what is looked for, nothing is written past it."""
    bare = httptools_impl.RequestResponseCycle.__new__(httptools_impl.RequestResponseCycle)
    assert raw_response_writer.write(bare.send, 200, [(b"content-length", b"0")], b"") is False
    assert vars(bare) == {}


def test_send_reply__no_control_character_leaves_the_header() -> None:
    """A value that somebody else wrote ends no line and begins no header."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    reply = Reply(200, {}, {"X-Said": "a\r\nSet-Cookie: b\0\x7f\tc\u2028é"})
    asyncio.run(send_reply(send, reply, applied=["example=a\nb"]))
    headers = dict(sent[0]["headers"])
    assert headers[b"x-said"] == "a  Set-Cookie: b  \tc?é".encode("latin-1")
    assert headers[b"preference-applied"] == b"example=a b"


def test_send_reply__a_name_that_is_none_is_a_mistake() -> None:
    """Nobody writes a header by way of another one's name."""

    async def send(_: Any) -> None:
        raise AssertionError

    with pytest.raises(ValueError, match="no name of a header"):
        asyncio.run(send_reply(send, Reply(200, {}, {"X-A: b\r\nSet-Cookie": "c"})))


@pytest.mark.parametrize("status", [200, 201, 404])
@pytest.mark.parametrize("session", [None, (7, "completed")])
@pytest.mark.parametrize("headers", [{}, {"KYC-Request-Id": "req_1\r\n", "Retry-After": "30"}])
def test_write_whole__the_bytes_of_send_reply(status: int, session: tuple[int, str] | None, headers: dict[str, str]) -> None:
    """A reply that is ready is written at once as it is sent at length, twice the same."""
    reply, extra = Reply(status, b"{}", headers, session=session), (date_header(0),)
    for _ in range(2):
        at_once, at_length = cycle(), cycle()
        assert responses.write_whole(at_once.send, reply, date_line(0))
        completed(send_reply(at_length.send, reply, extra))
        assert at_once.transport == at_length.transport
        assert b"content-length: 2\r\n" in at_once.transport


def test_write_whole__leaves_to_the_server() -> None:
    """What has no whole body, or says something about the connection."""
    for reply in (Reply(204), Reply(200, {}), Reply(200, b"{}", {"Connection": "close"})):
        one = cycle()
        assert not responses.write_whole(one.send, reply, b"")
        assert one.transport == b""
