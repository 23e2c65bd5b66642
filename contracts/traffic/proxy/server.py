"""Serves the proxy on a port of this machine."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from specimen.specs.core.listening import Server

NO_REQUEST = (
    "That is no HTTP request, or CONNECT, which opens a tunnel that nobody can judge. "
    "Give the app this address as its base URL, not as its proxy."
)


class _Protocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type] # it is one of two classes
    """Uvicorn's protocol, with a sentence for what its parser refuses before the proxy hears of it."""

    def send_400_response(self, _: str) -> None:
        super().send_400_response(NO_REQUEST)


def config(app: Any) -> uvicorn.Config:
    """Returns Uvicorn's settings, with which it adds no header of its own."""
    return uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        access_log=False,
        log_level="critical",  # a target that breaks off is reported by the proxy, not by a traceback
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=2,
    )


def serve(app: Any, listening: socket.socket, started: Callable[[], None]) -> None:
    """Serves until the process is asked to stop, and returns then."""
    # Uvicorn raises the signal again when it is done; what comes after (the summary, the exit code) is ours.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    Server(config(app), started).run(sockets=[listening])
