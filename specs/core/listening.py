"""Listening sockets, their URLs, and a uvicorn server that reports when it answers."""

from __future__ import annotations

import errno
import ipaddress
import re
import socket
from collections.abc import Callable

import uvicorn

from specimen.specs.core.errors import SpecimenError

_BACKLOG = 2048
# Labels of letters, digits and hyphens, also those of other scripts; the last one of a name is no number.
_LABELS = re.compile(r"[\w-]+(\.[\w-]+)*\.?")
_NUMBER = re.compile(r"([0-9]+|0[xX][0-9A-Fa-f]*)\.?")
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressError(SpecimenError):
    """An address cannot be listened on."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 picks a free one.

    Raises:
        AddressError: the address cannot be listened on.
    """
    host = _unbracketed(host)
    if not _is_name(host):
        numeric_address(host)
    if not 0 <= port <= 65_535:  # the resolver would take it modulo 65536
        raise AddressError(f"port {port}: expected 0 to 65535.")
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
    name, port = listening.getsockname()[:2]
    bound = ipaddress.ip_address(name)
    if stands_for_all(bound):
        name = "::1" if bound == ipaddress.IPv6Address(0) else "127.0.0.1"
    elif host is not None and _is_name(host):
        name = host
    return f"{scheme}://{f'[{name}]' if ':' in name else name}:{port}"


def numeric_address(host: str) -> _Address | None:
    """The address that a host spells, such as `127.0.0.1`, `::0` or `0x0`; None for a name.

    Raises:
        AddressError: it is neither.
    """
    host = _unbracketed(host)
    if _is_name(host):
        return None
    neither = AddressError(f"host '{host}': expected an address, such as 127.0.0.1, or a name.")
    if ":" not in host and _LABELS.fullmatch(host) is None:  # the resolver takes `*` for all addresses
        raise neither
    try:
        return ipaddress.ip_address(socket.getaddrinfo(host, 0, flags=socket.AI_NUMERICHOST)[0][4][0])
    except (ValueError, socket.gaierror) as error:
        raise neither from error


def stands_for_all(address: _Address) -> bool:
    """Whether a socket that is bound to an address listens on all of this machine's."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return address.is_unspecified or (mapped is not None and mapped.is_unspecified)


def _is_name(host: str) -> bool:
    return _LABELS.fullmatch(host) is not None and _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]) is None


def _unbracketed(host: str) -> str:
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


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
