"""Answers that are written together: each connection gets its own, in order, before the loop waits again."""

from __future__ import annotations

import asyncio
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
    """Whatever is written at once or soon: each transport gets its bytes in order, and all of them by the end of the turn."""

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
    """Twenty clients, each with three requests in one piece, get all answers, also those who say that no more comes."""
    read = b"GET /kayle/v1/sessions/%s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer kayle_test\r\n\r\n"
    with running(build_app(Settings(providers=("kayle",)))) as url:
        host, port = url.removeprefix("http://").split(":")
        clients = [socket.create_connection((host, int(port)), timeout=10) for _ in range(20)]
        for number, client in enumerate(clients):
            client.sendall((read % (b"%d" % number)) * 3)
        for client in clients[::2]:
            client.shutdown(socket.SHUT_WR)
        for client in clients:
            found = b""
            while found.count(b"HTTP/1.1 ") < 3 or not found.endswith(b"}"):
                piece = client.recv(65_536)
                assert piece, found
                found += piece
            assert found.count(b"HTTP/1.1 401 ") + found.count(b"HTTP/1.1 404 ") == 3
            client.close()
