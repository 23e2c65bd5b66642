"""The application on a port."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import uvicorn

from mockserver.app import App
from mockserver.errors import SettingError


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 picks a free one.

    Raises:
        SettingError: the address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
        found.listen(2048)
    except OSError as error:
        found.close()
        if error.errno == errno.EADDRINUSE:
            raise SettingError(
                f"port {port} on {host} is taken. Choose another with --port, or --port 0 for a free one."
            ) from error
        raise SettingError(f"cannot listen on {host} port {port}: {error.strerror or error}.") from error
    except OverflowError as error:
        found.close()
        raise SettingError(f"port {port}: expected 0 to 65535.") from error
    found.set_inheritable(True)
    return found


def base_url(listening: socket.socket, host: str) -> str:
    """The URL at which a socket is reached from this machine."""
    port = listening.getsockname()[1]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"


def _config(app: App) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        access_log=False,
        log_level=app.settings.log_level,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=3,
        h11_max_incomplete_event_size=64 * 1024,
    )


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._tell()


def run(app: App, listening: socket.socket, started: Callable[[], None]) -> None:
    """Serves until the process is asked to stop; `started` is called once, when the port answers."""
    _Server(_config(app), started).run(sockets=[listening])


def write_ready_file(path: Path, url: str) -> None:
    """Tells other programs where the server is: `{"url": …, "pid": …}`, written whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps({"url": url, "pid": os.getpid()}) + "\n", encoding="utf-8")
    temporary.replace(path)


@contextlib.contextmanager
def running(app: App, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """The application on a port of this process while the context lasts; gives its URL."""
    listening = listen(host, port)
    server = uvicorn.Server(_config(app))
    thread = Thread(target=server.run, kwargs={"sockets": [listening]}, name="specimen", daemon=True)
    thread.start()
    try:
        yield base_url(listening, host)
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
