"""Serves the proxy on a port of this machine."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from typing import Any

import uvicorn

from specimen.specs.core.listening import Server


def config(app: Any) -> uvicorn.Config:
    """Returns Uvicorn's settings, with which it adds no header of its own."""
    return uvicorn.Config(
        app,
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
