"""Listening sockets, their URLs, and a uvicorn server that reports when it answers."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

import uvicorn

from specimen.specs.core.errors import SpecimenError

_BACKLOG = 2048


class AddressError(SpecimenError):
    """An address cannot be listened on."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 picks a free one.

    Raises:
        AddressError: the address cannot be listened on.
    """
    if not host:
        raise AddressError("host '': expected an address, such as 127.0.0.1, or a name.")
    if not 0 <= port <= 65_535:  # the resolver would take it modulo 65536
        raise AddressError(f"port {port}: expected 0 to 65535.")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        found_at = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, place = min(found_at, key=lambda one: one[0] != socket.AF_INET)  # a name may have both
    except (socket.gaierror, UnicodeError) as error:
        raise AddressError(f"host '{host}': no address is known for it.") from error
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(place)
        found.listen(_BACKLOG)
    except OSError as error:
        found.close()
        if error.errno == errno.EADDRINUSE:
            raise AddressError(
                f"port {port} on {host} is taken. Choose another with --port, or --port 0 for a free one."
            ) from error
        raise AddressError(f"cannot listen on {host} port {port}: {error.strerror or error}.") from error
    except OverflowError as error:
        found.close()
        raise AddressError(f"port {port}: expected 0 to 65535.") from error
    return found


def url_of(listening: socket.socket, host: str | None = None, scheme: str = "http") -> str:
    """The URL at which a socket is reached from this machine; `host` as it was asked for, else by its address."""
    address, port = listening.getsockname()[:2]
    name = (host or address).strip("[]")
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(name, f"[{name}]" if ":" in name else name)  # noqa: S104 - it is compared
    return f"{scheme}://{shown}:{port}"


class Server(uvicorn.Server):
    """Uvicorn that calls `started` once, when the port answers."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None] = lambda: None) -> None:
        super().__init__(config)
        self._on_started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listens, then calls `started`."""
        await super().startup(sockets)
        if self.started:
            self._on_started()
