"""Serves the application on a port."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, Protocol, cast

import uvicorn
from starlette.types import ASGIApp

from specimen.mockserver.http.connection import MOST_HEAD_BYTES, protocol
from specimen.mockserver.settings import Settings
from specimen.specs.core.listening import Server, listen, url_of


class Application(Protocol):
    """An ASGI application with the settings of its server."""

    @property
    def settings(self) -> Settings:
        """The server's settings."""


def config(app: ASGIApp, settings: Settings, tls: ssl.SSLContext | None = None) -> uvicorn.Config:
    """Uvicorn's configuration, for the mock or for an application in a benchmark."""
    found = uvicorn.Config(
        app,
        http=cast("type[asyncio.Protocol]", protocol(app, settings.body_seconds)),
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


def run(app: Application, listening: socket.socket, started: Callable[[], None], tls: ssl.SSLContext | None = None) -> None:
    """Serves until the process is asked to stop; `started` is called once, when the port answers; with `tls` over HTTPS."""
    # Loaded modules stay, and session records have no cycles: a collection finds no garbage among them, and pauses the server
    # for longer the more objects it visits. Small generations keep each pause short; full collections stay rare.
    gc.freeze()
    gc.set_threshold(1_000, 1, 50_000)
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
