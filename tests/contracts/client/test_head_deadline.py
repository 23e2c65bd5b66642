"""A head that drips ends with the time-out of its request, in every phase and over TLS too."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator

import pytest
import requests
import trustme

from specimen.contracts.client.client_errors import NoAnswer
from specimen.contracts.client.head_deadline import HeadDeadline
from specimen.contracts.client.network import Tls
from specimen.contracts.client.transport import Transport
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.no_response import TIMEOUT
from specimen.contracts.verify.schemathesis_session import _BoundedAdapter
from tests.contracts.operation_requests import ask
from tests.contracts.targets import scripted

ID = "vs_" + "a" * 64
SECONDS = 0.4
# A peer that is waited for to its end takes ten times as long as the time-out; each byte comes before it.
PIECES = 40


def drip(connection: socket.socket, _: bytes) -> None:
    """Answers 404, the head byte by byte."""
    connection.sendall(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nx: ")
    end = threading.Event()
    for _number in range(PIECES):
        end.wait(SECONDS / 4)
        connection.sendall(b"y")
    connection.sendall(b"\r\n\r\n")


@pytest.fixture(params=["http", "https"])
def place(request: pytest.FixtureRequest) -> Iterator[tuple[str, Tls]]:
    """A peer that drips, and whom to trust."""
    if request.param == "http":
        with scripted(drip) as url:
            yield url, Tls()
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with scripted(drip, context) as url:
        yield url, Tls(is_insecure=True)


def test_walk__does_not_wait_for_a_dripping_head(place: tuple[str, Tls]) -> None:
    """The request that drips has no answer in time, whatever comes after."""
    seen: list[Exchange] = []
    sender = Transport(place[0], "kayle", seen=seen.append, timeout_seconds=SECONDS, tls=place[1])
    with pytest.raises(NoAnswer, match="in time"):
        ask(sender, "getSession", path={"id": ID})
    sender.close()
    assert [(one.failure, one.status) for one in seen] == [(TIMEOUT, 0)]


@pytest.mark.filterwarnings("ignore:Unverified HTTPS")
def test_schemathesis__does_not_wait_for_a_dripping_head(place: tuple[str, Tls]) -> None:
    """The same in its phase."""
    url, tls = place
    sender = Transport(url, "kayle", tls=tls)
    with requests.Session() as session:
        session.mount(f"{url}/", _BoundedAdapter(sender, lambda _: None))
        with pytest.raises(requests.ReadTimeout):
            session.get(f"{url}/v1/sessions", timeout=SECONDS)
    sender.close()


def test_deadline__of_a_connection_that_becomes_known_too_late() -> None:
    """What is named after the time is shut down at once; what ended in time is left alone."""
    with contextlib.ExitStack() as stack:
        ours, theirs = (stack.enter_context(one) for one in socket.socketpair())
        with HeadDeadline(0.0) as deadline:
            deadline._timer.join()
            assert deadline.is_over
            deadline.watch(ours)
            assert theirs.recv(1) == b""
        ours, theirs = (stack.enter_context(one) for one in socket.socketpair())
        with HeadDeadline(3600.0, ours) as in_time:
            pass
        in_time._end()
        assert not in_time.is_over
        ours.sendall(b"x")
        assert theirs.recv(1) == b"x"
