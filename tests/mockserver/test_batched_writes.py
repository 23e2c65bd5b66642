"""Answers that are written together: each connection gets its own, in order, before the loop waits again."""

from __future__ import annotations

import asyncio
import re
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specimen.mockserver.app import build_app
from specimen.mockserver.http.batched_writes import Batch, BatchedTransport
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Settings


class _Recorded(asyncio.Transport):
    """A transport that keeps what is done to it."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.is_closed
        self.done.append(bytes(data))

    def close(self) -> None:
        self.is_closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.is_closed


STEPS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["write", "write_soon", "turn"])), max_size=60)


@given(STEPS)
def test_batch__order(steps: list[tuple[int, str]]) -> None:
    """Each transport gets its bytes in the order of the calls, and all of them by the end of the turn."""

    async def play() -> None:
        batch = Batch()
        of = [_Recorded() for _ in range(4)]
        transports = [BatchedTransport(one, batch) for one in of]
        wanted: list[list[bytes]] = [[], [], [], []]
        for number, (which, how) in enumerate(steps):
            if how == "turn":
                await asyncio.sleep(0)
            else:
                wanted[which].append(b"%d;" % number)
                getattr(transports[which], how)(wanted[which][-1])
        await asyncio.sleep(0)
        assert [b"".join(one.done) for one in of] == [b"".join(one) for one in wanted]

    asyncio.run(play())


@pytest.mark.parametrize("end", ["close", "abort"])
def test_transport__closed_after_what_waits(end: str) -> None:
    """What waits is written before the connection is closed; one that was closed by its client takes nothing more."""

    async def play() -> None:
        batch, of = Batch(), [_Recorded(), _Recorded()]
        first, second = (BatchedTransport(one, batch) for one in of)
        first.write_soon(b"a")
        second.write_soon(b"b")
        assert not of[0].done  # it waits: otherwise nothing is shown here
        getattr(first, end)()
        of[1].is_closed = True
        await asyncio.sleep(0)
        assert (of[0].done, of[0].is_closed, of[1].done) == ([b"a"], True, [])

    asyncio.run(play())


def test_batch__alone_is_written_at_once() -> None:
    """After a turn with one answer the next ones wait for no callback; after one with several the next ones do."""

    async def play(together: int) -> bool:
        batch, of = Batch(), [_Recorded() for _ in range(together)]
        transports = [BatchedTransport(one, batch) for one in of]
        for transport in transports:
            transport.write_soon(b"a")
        await asyncio.sleep(0)
        transports[0].write_soon(b"b")
        return of[0].done == [b"a", b"b"]

    assert asyncio.run(play(1))
    assert not asyncio.run(play(2))


def test_server__many_connections_at_once() -> None:
    """Twenty clients, each with three creations in one piece, get their own answers in order, also those who send no more."""
    create = (
        b"POST /kyve/v1/sessions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ak_test_specimen\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
    )
    with running(build_app(Settings(providers=("kyve",)))) as url:
        host, port = url.removeprefix("http://").split(":")
        clients = [socket.create_connection((host, int(port)), timeout=10) for _ in range(20)]
        for number, client in enumerate(clients):
            bodies = [b'{"metadata":{"of":"%d-%d"}}' % (number, place) for place in range(3)]
            client.sendall(b"".join(create % (len(body), body) for body in bodies))
        for client in clients[::2]:
            client.shutdown(socket.SHUT_WR)
        for number, client in enumerate(clients):
            found = b""
            while len(re.findall(rb"\r\n\r\n\{[^\r]*\}(?=HTTP/1\.1 |\Z)", found)) < 3:
                piece = client.recv(65_536)
                assert piece, found
                found += piece
            assert re.findall(rb'HTTP/1\.1 (\d+) |"of":"([^"]*)"', found) == [
                part for place in range(3) for part in ((b"201", b""), (b"", b"%d-%d" % (number, place)))
            ]
            client.close()
