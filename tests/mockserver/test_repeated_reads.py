"""Requests that a connection remembers: one that comes again, or nearly so, is answered as on a new connection."""

from __future__ import annotations

import asyncio
import gc
import re
import weakref
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.server import ServerState

from specimen.mockserver.app import App, build_app
from specimen.mockserver.http.connection.repeated_reads import Repeatable, RepeatedReads
from specimen.mockserver.http.server import config
from specimen.mockserver.settings import Settings
from tests.mockserver.calling import create_entry

# Turns of the event loop in which a store in memory has answered, pipelined requests too.
_TURNS = 40


class _Client(asyncio.Transport):
    """The client's end of a connection: it keeps what it is answered."""

    def __init__(self) -> None:
        super().__init__()
        self.answered: list[bytes] = [b""]
        self.is_closed = False
        self.closed, self.heard = asyncio.Event(), asyncio.Event()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.answered[-1] += bytes(data)
        self.heard.set()

    def close(self) -> None:
        self.is_closed = True
        self.closed.set()
        self.heard.set()

    def is_closing(self) -> bool:
        return self.is_closed


def app_of(name: str) -> App:
    """An application whose clock stands still: the same requests in the same order have the same answers."""
    return build_app(Settings(providers=(name,), now=1_773_916_266_000, freeze=True))


def answers(app: App, pieces: list[bytes], *, forgets: bool) -> list[bytes]:
    """What one connection answers to each piece, which comes in one read; with `forgets` each comes for the first time."""

    async def play() -> list[bytes]:
        await app.open()
        served = config(app, app.settings)
        served.load()
        protocol = served.http_protocol_class(config=served, server_state=ServerState(), app_state={})  # type: ignore[call-arg]
        client, loop = _Client(), asyncio.get_running_loop()
        protocol.connection_made(client)
        for piece in pieces:
            if forgets:
                protocol._repeated.clear()  # type: ignore[attr-defined]
            client.answered.append(b"")
            loop.call_soon(protocol.data_received, piece)  # as a loop does: in no task
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            if client.is_closed:
                break
        protocol.connection_lost(None)
        return [*client.answered, b"closed" if client.is_closed else b""]

    return asyncio.run(play())


def message(app: App, name: str, key: bytes | None, *more: bytes, body: bytes | None = None, method: str = "POST") -> bytes:
    """A creation of a provider's session as bytes."""
    entry = create_entry(app, name)
    raw = body if body is not None else (b"{}" if entry["body"] is None else b'{"a": 1}')
    lines = [f"{method} {entry['path']} HTTP/1.1".encode(), b"Host: 127.0.0.1", *more]
    lines += [f"{field}: {value}".encode() for field, value in {"Content-Type": "application/json", **entry["headers"]}.items()]
    lines += [] if key is None else [b"idempotency-KEY: " + key]
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(raw), b"", b""]) + raw


def pieces_of(app: App, name: str) -> list[bytes]:
    """Creations and a read that differ from each other by a key, a body or a header, and some that are not to be remembered."""
    one, read = message(app, name, b"one"), b"GET /_specimen/health HTTP/1.1\r\nHost: a\r\n\r\n"
    return [
        one,
        message(app, name, b"two"),
        message(app, name, b"x" * 255),
        message(app, name, b"x" * 256),
        message(app, name, b"one two"),
        message(app, name, b"one "),
        message(app, name, b""),
        message(app, name, "é".encode()),
        message(app, name, None),
        message(app, name, b"one", b"Idempotency-Key: two"),
        message(app, name, b"one\r\nX-More: 1"),
        message(app, name, b"one", body=b"{ "),
        message(app, name, b"one", body=b'{"metadata": {"a": "b"}}'),
        message(app, name, b"one", body=b""),
        message(app, name, b"one", b"Specimen-Namespace: other"),
        message(app, name, b"one", b"Expect: 100-continue"),
        message(app, name, b"one", b"Connection: keep-alive"),
        message(app, name, b"one", b"Connection: close"),
        message(app, name, b"one", b"Prefer: status=nothing"),
        re.sub(rb"Content-Length: \d+\r\n\r\n.*", b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", one),
        message(app, name, b"one", method="PUT"),
        one.replace(b"HTTP/1.1", b"HTTP/1.0"),
        one + message(app, name, b"two"),
        one[:-1],
        message(app, name, b"one", b"Connection: Upgrade", b"Upgrade: websocket"),
        one + read[:20],
        read[20:],
        read,
        b"GET /_specimen/health HTTP/1.1\r\nHost: a\r\nIdempotency-Key: one\r\n\r\n",
        b"GET /_specimen/health HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
    ]  # fmt: skip


NAMES = ["kyve", "kayle", "neurovision"]
_COUNT = len(pieces_of(app_of(NAMES[0]), NAMES[0]))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("second", range(_COUNT))
def test_read__twice_and_once_more(name: str, second: int) -> None:
    """Byte for byte, each kind after itself and after a creation, and what is sent in two reads."""
    again, first = app_of(name), app_of(name)
    pieces = pieces_of(again, name)
    rest = next(number for number, piece in enumerate(pieces) if piece.startswith(b"h HTTP"))
    order = [second, rest, second, rest] if second == rest - 1 else [second, second, 0, second]
    chosen = [pieces[number] for number in order]
    assert answers(again, chosen, forgets=False) == answers(first, chosen, forgets=True)


@pytest.mark.parametrize("name", NAMES)
@given(order=st.lists(st.integers(0, _COUNT - 1), min_size=2, max_size=12))
def test_read__is_answered_as_the_first(name: str, order: list[int]) -> None:
    """Byte for byte, after any other requests on the connection."""
    again, first = app_of(name), app_of(name)
    pieces = [pieces_of(again, name)[number] for number in order]
    assert answers(again, pieces, forgets=False) == answers(first, pieces, forgets=True)


@pytest.mark.parametrize("first", [b"a b", b"a ", b"", b"a"])
@pytest.mark.parametrize("last", [None, b"a b", b"a"])
def test_read__several_keys(first: bytes, last: bytes | None) -> None:
    """Where a head has more than one key, those that differ from it in one of them have answers of their own."""
    again, new = app_of("kyve"), app_of("kyve")
    more = [b"Idempotency-Key: " + first]
    pieces = [message(again, "kyve", key, *more) for key in (b"one", b"two", b"one", last, b"one", last, b"two")]
    assert answers(again, pieces, forgets=False) == answers(new, pieces, forgets=True)


def test_read__is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A creation with another key, and the same bytes once more, are found; what differs otherwise is not."""
    found: list[bool] = []
    real = RepeatedReads.find

    def noted(self: RepeatedReads, data: bytes) -> object:
        found.append(real(self, data) is not None)
        return real(self, data)

    monkeypatch.setattr(RepeatedReads, "find", noted)
    app = app_of("kyve")
    pieces = [message(app, "kyve", key) for key in (b"one", b"two", None, b"two", None, b"one two")]
    answers(app, [*pieces, message(app, "kyve", b"two", b"X-More: 1")], forgets=False)
    assert found == [False, True, False, True, True, False, False]


def connected(app: App, keep_alive_seconds: int) -> tuple[Any, _Client]:
    """A connection of its own in the running loop, and the client's end."""
    served = config(app, app.settings)
    served.load()
    served.timeout_keep_alive = keep_alive_seconds
    protocol: Any = served.http_protocol_class(config=served, server_state=ServerState(), app_state={})  # type: ignore[call-arg]
    client = _Client()
    protocol.connection_made(client)
    return protocol, client


async def send(protocol: Any, *pieces: bytes) -> None:
    """Sends requests that are answered at once, or begun."""
    for piece in pieces:
        asyncio.get_running_loop().call_soon(protocol.data_received, piece)
        for _ in range(_TURNS):
            await asyncio.sleep(0)


def test_repeated__connection_is_closed_when_it_is_idle() -> None:
    """Requests that are not parsed keep it open as others do; after the last one it has its whole time, and then it is closed."""
    app, seconds = app_of("kyve"), 1

    async def play() -> tuple[bytes, bool, float]:
        await app.open()
        loop, (protocol, client) = asyncio.get_running_loop(), connected(app, seconds)
        await send(protocol, *(message(app, "kyve", b"key-%d" % number) for number in range(4)))
        was_open, answered = not client.is_closed, loop.time()
        await asyncio.wait_for(client.closed.wait(), 30)
        protocol.connection_lost(None)
        return client.answered[0], was_open, loop.time() - answered

    answered, was_open, idle_seconds = asyncio.run(play())
    assert answered.count(b"HTTP/1.1 201") == 4
    assert was_open
    assert idle_seconds > 0.9 * seconds


def test_repeated__connection_stays_open_while_an_answer_is_late() -> None:
    """A request that is not parsed has as much time as another one, beyond that of an idle connection."""
    late = [{"kind": "delay", "seconds": 2, "match": {"provider": "kyve", "after": 2}}]
    app = build_app(Settings(providers=("kyve",), now=1_773_916_266_000, freeze=True, faults=late))

    async def play() -> tuple[int, bool, bool]:
        await app.open()
        protocol, client = connected(app, 1)
        await send(protocol, *(message(app, "kyve", b"key-%d" % number) for number in range(3)))
        answered_at_once = client.answered[0].count(b"HTTP/1.1 201")
        while not client.is_closed and client.answered[0].count(b"HTTP/1.1 201") < 3:
            client.heard.clear()
            await asyncio.wait_for(client.heard.wait(), 30)
        was_found = len(protocol._repeated) == 1
        is_open = not client.is_closed
        protocol.connection_lost(None)
        return answered_at_once, was_found, is_open

    assert asyncio.run(play()) == (2, True, True)


def test_repeated__closed_connection_is_kept_by_nothing() -> None:
    """Its timers end with it: those of many short connections would keep all of them for a while."""
    app = app_of("kyve")

    async def play() -> bool:
        await app.open()
        protocol, _ = connected(app, 60)
        await send(protocol, message(app, "kyve", b"one"), message(app, "kyve", b"two"))
        protocol.connection_lost(None)
        gone = weakref.ref(protocol)
        del protocol
        await asyncio.sleep(0)
        gc.collect()
        return gone() is None

    assert asyncio.run(play())


def test_receive__body_once() -> None:
    """Who reads on after the body of a request that is not parsed hears what comes of the connection."""

    class Exchange:
        async def receive(self) -> Any:
            return {"type": "http.disconnect"}

    async def play() -> list[Any]:
        receive = Repeatable(Exchange(), {}, None, b"{}").receive()
        return [await receive(), await receive()]

    assert asyncio.run(play()) == [{"type": "http.request", "body": b"{}", "more_body": False}, {"type": "http.disconnect"}]
