"""Answers of a size that no client should take: floods of headers, and bodies of a gigabyte."""

from __future__ import annotations

import socket

import httpx
import pytest
import requests

from specimen.contracts.client.client_errors import NoAnswer
from specimen.contracts.client.transport import Transport
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.no_response import CLOSED, TOO_LARGE
from specimen.contracts.verify.schemathesis_session import Unread, _BoundedAdapter
from tests.contracts.operation_requests import ask
from tests.contracts.targets import AUTH, proxied, scripted

ID = "vs_" + "a" * 64
GIGABYTE = 2**30
# How much a peer got rid of, until it was left.
Sent = list[int]


def flood(sent: Sent):
    """Header lines without an end."""

    def talk(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while sum(sent) < GIGABYTE:
            sent.append(connection.send(b"x: " + b"y" * 8000 + b"\r\n"))

    return talk


def large(sent: Sent):
    """A body of a gigabyte, as its length says."""

    def talk(connection: socket.socket, _: bytes) -> None:
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {GIGABYTE}\r\n\r\n"
        connection.sendall(head.encode())
        while sum(sent) < GIGABYTE:
            sent.append(connection.send(b" " * 65_536))

    return talk


@pytest.mark.parametrize(("peer", "failure"), [(flood, CLOSED), (large, TOO_LARGE)], ids=["headers", "body"])
def test_walk__leaves_what_is_too_large(peer, failure: str) -> None:
    """Most of it is never read."""
    sent: Sent = []
    seen: list[Exchange] = []
    with scripted(peer(sent)) as url:
        sender = Transport(url, "kayle", seen=seen.append)
        with pytest.raises(NoAnswer):
            ask(sender, "getSession", path={"id": ID})
        sender.close()
    assert [one.failure for one in seen] == [failure]
    assert sum(sent) < GIGABYTE / 10


@pytest.mark.parametrize(("peer", "error"), [(flood, requests.ConnectionError), (large, Unread)], ids=["headers", "body"])
def test_schemathesis__leaves_what_is_too_large(peer, error: type[Exception]) -> None:
    """The same in its phase."""
    sent: Sent = []
    with scripted(peer(sent)) as url, requests.Session() as session:
        sender = Transport(url, "kayle")
        session.mount(f"{url}/", _BoundedAdapter(sender, lambda _: None))
        with pytest.raises(error):
            session.get(f"{url}/v1/sessions", timeout=10)
        sender.close()
    assert sum(sent) < GIGABYTE / 10


def test_proxy__answers_502_for_a_flood_of_headers() -> None:
    """The app gets an answer, and the monitor judges none."""
    sent: Sent = []
    with scripted(flood(sent)) as url, proxied(url) as proxy:
        answer = httpx.get(f"{proxy.url}/v1/sessions", headers=AUTH, trust_env=False)
    assert answer.status_code == 502
    assert proxy.bench.exchanges == proxy.bench.unjudged.total()
    assert sum(sent) < GIGABYTE / 10
