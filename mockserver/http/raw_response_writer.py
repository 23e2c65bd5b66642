"""Writes a response to the transport in one piece, without ASGI's two messages.

On uvicorn, half of the time of a short response goes into those messages: headers are checked one by one with regular
expressions, and head and body are written separately. Where the server is uvicorn with httptools and no middleware is in
between, head and body are written together; in all other cases the messages are sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from starlette.types import Send

from specimen.mockserver.http import uvicorn_shape
from specimen.mockserver.http.batched_writes import BatchedTransport

try:
    from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
except ImportError:  # no httptools on this machine, or an unknown version of uvicorn
    STATUS_LINE, _CYCLE, _CLOSES_IN_SEND = {}, None, False
else:
    _unexpected = uvicorn_shape.unexpected_in_exchange(RequestResponseCycle, HttpToolsProtocol)
    _known = uvicorn_shape.is_known("its exchange", _unexpected, "answers are sent as ASGI messages, which takes longer")
    _CYCLE = RequestResponseCycle if _known else None
    _CLOSES_IN_SEND = _CYCLE is not None and uvicorn_shape.closes_in_send(_CYCLE)

# Whether answers are written in one piece where the server is ours.
IS_KNOWN = _CYCLE is not None
_CLOSE = (b"connection", b"close")
# Headers about the connection, upon which the server acts.
SERVERS = frozenset({b"connection", b"transfer-encoding"})


def write(send: Send, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> bool:
    """Writes a whole response; returns False, without writing, where it must be sent as messages.

    `headers` have lower-case names, a `content-length` where there is a body, and no control characters. For a HEAD request only
    the headers are written. The connection stays open: a response that closes it is left to the server.
    """
    headers = tuple(headers)
    return not are_about_the_connection(headers) and write_lines(send, status, lines(headers), body)


def are_about_the_connection(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether one of them is for the server to act upon."""
    return not SERVERS.isdisjoint([name for name, _ in headers])


def lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The lines of headers, as they are sent."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


def write_lines(send: Send, status: int, head: bytes, body: bytes) -> bool:
    """As `write`, of the lines of the headers, none of which is about the connection."""
    cycle: Any = getattr(send, "__self__", None)
    if cycle is None or type(cycle) is not _CYCLE:
        return False
    try:
        is_plain = not (cycle.response_started or cycle.disconnected or cycle.flow.write_paused or cycle.access_log)
        if not is_plain or not cycle.keep_alive or (_CLOSES_IN_SEND and _CLOSE in cycle.scope["headers"]):
            return False
        own = cycle.default_headers
        if own:
            if are_about_the_connection(own):
                return False
            head = lines(own) + head
        answer = STATUS_LINE[status] + head + b"\r\n" + (b"" if cycle.scope["method"] == "HEAD" else body)
        event, done = cycle.message_event, cycle.on_response
        transport: Any = cycle.transport
    except AttributeError:  # an unknown version of uvicorn
        return False
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    if type(transport) is BatchedTransport:
        transport.write_soon(answer)
    else:
        transport.write(answer)
    event.set()
    done()
    return True
