"""Breaks the connection of a request, as far as the server lets us."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from starlette.types import Send

__all__ = ["ConnectionFault", "close", "reset"]

# Seconds to wait for the server to notice that its connection is gone.
_MOST_WAIT_SECONDS = 2.0


class ConnectionFault(ConnectionResetError):
    """A fault ended the exchange; in process, where there is no connection, the client sees it."""


async def reset(send: Send) -> None:
    """Ends the connection at once, with a TCP reset.

    Raises:
        ConnectionFault: there is no connection, the request is served in process.
    """
    transport = _transport(send)
    if transport is None:
        raise ConnectionFault("the connection was reset by a fault")
    sock = transport.get_extra_info("socket")
    if sock is not None:
        # With a linger time of 0 the kernel drops what is unsent and sends RST (socket(7)).
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await _gone(send)


async def close(send: Send) -> None:
    """Ends the connection once all that was written is sent.

    Raises:
        ConnectionFault: as `reset`.
    """
    transport = _transport(send)
    if transport is None:
        raise ConnectionFault("the connection was closed by a fault")
    transport.close()
    await _gone(send)


def _transport(send: Send) -> Any:
    """The transport of uvicorn's exchange, whose bound method `send` is; None for other servers, and in process."""
    return getattr(getattr(send, "__self__", None), "transport", None)


async def _gone(send: Send) -> None:
    """Returns once the server knows; else it would complain of an answer that is missing."""
    exchange = getattr(send, "__self__", None)
    end = asyncio.get_running_loop().time() + _MOST_WAIT_SECONDS
    while not getattr(exchange, "disconnected", True):
        if asyncio.get_running_loop().time() > end:
            return
        await asyncio.sleep(0.001)
