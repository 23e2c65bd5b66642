"""The proxy on a port of this machine."""

from __future__ import annotations

import errno
import signal
import socket
from collections.abc import Callable
from typing import Any

import uvicorn

from specimen.contracts.traffic.monitor import TrafficError


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 picks a free one.

    Raises:
        TrafficError: the address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
        found.listen(256)
    except OSError as error:
        found.close()
        if error.errno == errno.EADDRINUSE:
            raise TrafficError(
                f"port {port} on {host} is taken. Choose another with --port, or --port 0 for a free one."
            ) from error
        raise TrafficError(f"cannot listen on {host} port {port}: {error.strerror or error}.") from error
    return found


def url_of(listening: socket.socket) -> str:
    """The URL at which a socket is reached from this machine."""
    host, port = listening.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - it is compared
    return f"http://{shown}:{port}"


class Server(uvicorn.Server):
    """Uvicorn that adds no header of its own and calls `started` once the port answers."""

    def __init__(self, app: Any, started: Callable[[], None] = lambda: None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                ws="none",
                access_log=False,
                log_level="critical",  # a target that breaks off is told by the proxy, not by a traceback
                server_header=False,
                date_header=False,
                timeout_graceful_shutdown=2,
            )
        )
        self._tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listens, then tells."""
        await super().startup(sockets)
        if self.started:
            self._tell()


def serve(app: Any, listening: socket.socket, started: Callable[[], None]) -> None:
    """Serves until the process is asked to stop, and returns then."""
    # Uvicorn raises the signal again when it is done; what comes after (the summary, the exit code) is ours.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    Server(app, started).run(sockets=[listening])
