"""Serves the application on a port."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, Protocol, cast

import uvicorn
from starlette.types import ASGIApp

from specimen.mockserver.http import uvicorn_shape
from specimen.mockserver.http.begun_task import BeginningLoop
from specimen.mockserver.settings import Settings
from specimen.specs.core.listening import Server, listen, url_of

try:
    from uvicorn.protocols.http import httptools_impl

    _Http: Any = httptools_impl.HttpToolsProtocol
    _Cycle: Any = httptools_impl.RequestResponseCycle
except ImportError:  # it has no wheel for this machine; h11 comes with uvicorn
    from uvicorn.protocols.http import h11_impl

    _Http, _Cycle = h11_impl.H11Protocol, h11_impl.RequestResponseCycle

MOST_HEAD_BYTES = 64 * 1024
# Java's HTTP client offers an upgrade to HTTP/2 with each first request; the parser would take the body for another protocol's.
_REQUEST_LINE = re.compile(rb"[A-Z]{1,20} [^ \r\n]+ HTTP/1\.1\r\n")
_H2C = re.compile(rb"\r\n[Uu]pgrade: *h2c(?=\r\n|$)")


# A field's colon, space and line end.
_FIELD_BYTES = 4


class HeadTooLong(Exception):
    """A request's head has more bytes than one may have."""


class Application(Protocol):
    """An ASGI application with the settings of its server."""

    @property
    def settings(self) -> Settings:
        """The server's settings."""


class _Protocol(_Http):  # type: ignore[misc]  # the base is chosen at run time
    """Uvicorn's HTTP connection with a time limit and a size limit for a request's head.

    Uvicorn itself waits without limit on a silent connection, and buffers headers of any length. What runs with each header or
    read names its base: `super()` takes a twentieth of a short request.
    """

    loop: Any
    _waiting: asyncio.TimerHandle | None = None
    # When the connection came up or its latest request was there: the time for the next one's head counts from then.
    _since = 0.0
    _head_bytes = 0
    # Bytes since the last piece of a body: trailers and extensions of chunks, which are as long as a client likes.
    _bare_bytes = 0
    _is_in_body = False
    # Bytes of the present read, and of all reads that may hold a part of the present head: no head is longer than those.
    _read_bytes = 0
    _most_head_bytes = 0
    _target_bytes = 0

    def __init__(self, head_seconds: float, answers_at_once: bool, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_seconds = head_seconds
        self._is_whole = False
        self._beginning: BeginningLoop | None = None
        if answers_at_once and hasattr(_Http, "on_message_complete"):
            self.loop = self._beginning = BeginningLoop(self.loop)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._since = self.loop.time()
        self._wait()

    def on_message_complete(self) -> None:
        self._is_in_body = False
        self._most_head_bytes = self._read_bytes
        self._since = self.loop.time()
        _Http.on_message_complete(self)
        self._is_whole = True

    def data_received(self, data: bytes) -> None:
        if b"h2c" in data and _REQUEST_LINE.match(data) is not None:
            head, end, rest = data.partition(b"\r\n\r\n")
            data = _H2C.sub(b"", head) + end + rest
        self._read_bytes = size = len(data)
        self._bare_bytes += size
        self._most_head_bytes += size
        if self._beginning is None:
            _Http.data_received(self, data)
        else:
            self._receive(data, self._beginning)
        if self._is_in_body and self._bare_bytes > MOST_HEAD_BYTES:
            self._refuse(b"431 Request Header Fields Too Large")
            return
        if self.cycle is not None and not self.cycle.response_complete:
            # A request is being answered; the time for its body is counted there.
            self._stop_waiting()
            self._head_bytes = 0
            return
        self._wait()
        if self.scope is not None and "method" not in self.scope:
            self._head_bytes += size
            if self._head_bytes > MOST_HEAD_BYTES:
                self._refuse(b"431 Request Header Fields Too Large")

    def _receive(self, data: bytes, loop: BeginningLoop) -> None:
        """Begins a request at once where all of it has arrived."""
        self._is_whole, loop.receives = False, True
        try:
            _Http.data_received(self, data)
        finally:
            begun, loop.begun, loop.receives = loop.begun, None, False
            if begun is not None:
                (begun.begin if self._is_whole else begun.hand_over)()

    def on_message_begin(self) -> None:
        self._is_in_body = False
        _Http.on_message_begin(self)

    def on_url(self, url: bytes) -> None:
        self._target_bytes += len(url)
        _Http.on_url(self, url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._is_in_body:  # trailers are not kept
            _Http.on_header(self, name, value)

    def on_headers_complete(self) -> None:
        if self._most_head_bytes > MOST_HEAD_BYTES:
            self._check_head()
        self._is_in_body, self._bare_bytes, self._head_bytes, self._target_bytes = True, 0, 0, 0
        _Http.on_headers_complete(self)

    def _check_head(self) -> None:
        """Refuses a head that is too long, though it came in one read.

        Raises:
            HeadTooLong: it is; the parser reads no further then.
        """
        fields = sum(len(name) + len(value) + _FIELD_BYTES for name, value in self.scope["headers"])
        if self._target_bytes + fields <= MOST_HEAD_BYTES:
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.close()  # a 431 would be taken for the answer to the request before
        else:
            self._refuse(b"431 Request Header Fields Too Large")
        raise HeadTooLong

    def on_body(self, body: bytes) -> None:
        self._bare_bytes = 0
        _Http.on_body(self, body)

    def eof_received(self) -> bool:
        """Whether the connection stays open: who has sent a request and says that no more comes still gets the answer."""
        if self.transport.get_extra_info("sslcontext") is not None:
            return False  # over TLS the end of one direction is that of both
        return self.cycle is not None and not self.cycle.more_body and not self.cycle.response_started

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(self._head_seconds, self._is_late)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _is_late(self) -> None:
        self._waiting = None
        if self.cycle is not None and not self.cycle.response_complete:
            return
        rest = self._since + self._head_seconds - self.loop.time()
        if rest > 0:  # requests came and were answered meanwhile
            self._waiting = self.loop.call_later(rest, self._is_late)
            return
        if self.scope is not None and "method" not in self.scope:
            self._refuse(b"408 Request Timeout")
        else:
            self.transport.close()

    def _refuse(self, status: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
            self.transport.close()


_IS_KNOWN = uvicorn_shape.is_known(
    "its connection",
    uvicorn_shape.unexpected_in_connection(_Http, _Cycle),
    "silent connections stay open, and heads of requests may be of any length",
)


def config(app: ASGIApp, settings: Settings, tls: ssl.SSLContext | None = None) -> uvicorn.Config:
    """Uvicorn's configuration, for the mock or for an application in a benchmark."""
    found = uvicorn.Config(
        app,
        http=cast("type[asyncio.Protocol]", _protocol(app, settings) if _IS_KNOWN else _Http),
        ws="none",
        access_log=False,
        log_level=settings.log_level,
        server_header=False,
        date_header=False,  # the application's is that of the mock's clock
        proxy_headers=False,  # --trust-proxy: mockserver/app/forwarding.py
        lifespan="auto",
        timeout_graceful_shutdown=3,
        h11_max_incomplete_event_size=MOST_HEAD_BYTES,
    )
    if tls is not None:  # uvicorn itself reads certificates from files only
        found.load()
        found.ssl = tls
    return found


def _protocol(app: ASGIApp, settings: Settings) -> Any:
    return partial(_Protocol, settings.body_seconds, getattr(app, "answers_at_once", False))


def run(app: Application, listening: socket.socket, started: Callable[[], None], tls: ssl.SSLContext | None = None) -> None:
    """Serves until the process is asked to stop; `started` is called once, when the port answers; with `tls` over HTTPS."""
    # Loaded modules stay, and sessions are records without cycles: a collection finds no garbage among them, and pauses the
    # server for longer the more of them there are.
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
    Server(config(cast("ASGIApp", app), app.settings, tls), started).run(sockets=[listening])


def write_ready_file(path: Path, url: str) -> None:
    """Writes the server's URL for other programs: `{"url": …, "pid": …}`, written whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps({"url": url, "pid": os.getpid()}) + "\n", encoding="utf-8")
    temporary.replace(path)


def write_private_json(path: Path, value: Any) -> None:
    """Writes a file that only its owner may read: it holds secrets."""
    with open(path, "w", opener=partial(os.open, mode=0o600), encoding="utf-8") as file:
        json.dump(value, file)


@contextlib.contextmanager
def running(app: Application, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The application on a port of this process while the context lasts, with `tls` over HTTPS; gives its URL."""
    listening = listen(host, port)
    url = url_of(listening, host, "http" if tls is None else "https")
    server = uvicorn.Server(config(cast("ASGIApp", app), app.settings, tls))
    thread = Thread(target=server.run, kwargs={"sockets": [listening]}, name="specimen", daemon=True)
    if (served_at := getattr(app, "served_at", None)) is not None:
        served_at(url)
    thread.start()
    try:
        yield url
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
