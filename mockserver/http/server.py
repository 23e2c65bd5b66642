"""Serves the application on a port."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import socket
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, Protocol, cast

import uvicorn
from starlette.types import ASGIApp

from specimen.mockserver.http import uvicorn_shape
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


class Application(Protocol):
    """An ASGI application with the settings of its server."""

    @property
    def settings(self) -> Settings:
        """The server's settings."""


class _Protocol(_Http):  # type: ignore[misc]  # the base is chosen at run time
    """Uvicorn's HTTP connection with a time limit and a size limit for a request's head.

    Uvicorn itself waits without limit on a silent connection, and buffers headers of any length.
    """

    _waiting: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def __init__(self, head_seconds: float, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_seconds = head_seconds

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            # A request is being answered; the time for its body is counted there.
            self._stop_waiting()
            self._head_bytes = 0
            return
        self._wait()
        if self.scope is not None and "method" not in self.scope:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self._refuse(b"431 Request Header Fields Too Large")

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
    uvicorn_shape.strange_in_connection(_Http, _Cycle),
    "silent connections stay open, and heads of requests may be of any length",
)


def config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """Uvicorn's configuration, for the mock or for an application in a benchmark."""
    return uvicorn.Config(
        app,
        http=cast("type[asyncio.Protocol]", partial(_Protocol, settings.body_seconds) if _IS_KNOWN else _Http),
        ws="none",
        access_log=False,
        log_level=settings.log_level,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=3,
        h11_max_incomplete_event_size=MOST_HEAD_BYTES,
    )


def run(app: Application, listening: socket.socket, started: Callable[[], None]) -> None:
    """Serves until the process is asked to stop; `started` is called once, when the port answers."""
    # Loaded modules stay, and sessions are records without cycles: a collection finds no garbage among them, and pauses the
    # server for longer the more of them there are.
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
    Server(config(cast("ASGIApp", app), app.settings), started).run(sockets=[listening])


def write_ready_file(path: Path, url: str) -> None:
    """Writes the server's URL for other programs: `{"url": …, "pid": …}`, written whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps({"url": url, "pid": os.getpid()}) + "\n", encoding="utf-8")
    temporary.replace(path)


@contextlib.contextmanager
def running(app: Application, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """The application on a port of this process while the context lasts; gives its URL."""
    listening = listen(host, port)
    server = uvicorn.Server(config(cast("ASGIApp", app), app.settings))
    thread = Thread(target=server.run, kwargs={"sockets": [listening]}, name="specimen", daemon=True)
    thread.start()
    try:
        yield url_of(listening, host)
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
