"""Posts deliveries over HTTP/1.1: persistent connections, bounded answers, no redirects, no proxies.

Chosen by measurement: a POST of 2.5 kB to this machine takes httpx 1.4 ms of CPU, and this 0.17 ms.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import h11

from specimen.specs.core.hosts import host_name

MOST_ANSWER_BYTES = 64 * 1024
_MOST_IDLE = 32
_READ_BYTES = 64 * 1024
# How a target may fail to answer.
TIMEOUT, REFUSED, CLOSED, INVALID = "timeout", "connection refused", "connection closed", "no HTTP answer"
TLS_FAILED, NOT_FOUND = "TLS failed", "host not found"


@dataclass(frozen=True, slots=True)
class Answer:
    """A target's answer; `failure` says why there is none, `status` is 0 then. The body is cut at 64 KiB."""

    status: int
    body: bytes = b""
    failure: str | None = None


class _Connection:
    """One connection; `is_used` says that a request was answered on it."""

    __slots__ = ("is_used", "reader", "state", "writer")

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.state = h11.Connection(h11.CLIENT)
        self.is_used = False


def _unconnected(error: OSError) -> str:
    """Why there is no connection."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{TLS_FAILED}: certificate not trusted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"{TLS_FAILED}: {(error.reason or 'no handshake').replace('_', ' ').lower()}"
    if isinstance(error, socket.gaierror):
        return NOT_FOUND
    # After a connection was made, while TLS was agreed upon.
    return CLOSED if isinstance(error, (ConnectionResetError, ConnectionAbortedError)) else REFUSED


class Poster:
    """Posts to one URL."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._is_tls = parts.scheme == "https"
        self._host = host_name(parts.hostname or "") or ""
        self._port = parts.port or (443 if self._is_tls else 80)
        self._target = ((parts.path or "/") + (f"?{parts.query}" if parts.query else "")).encode("ascii", "replace")
        authority = f"[{self._host}]" if ":" in self._host else self._host
        self._authority = (authority if parts.port is None else f"{authority}:{parts.port}").encode()
        self._idle: deque[_Connection] = deque()
        self._is_closed = False

    def close(self) -> None:
        """Closes the connections: those in use as soon as they have their answer."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().writer.close()

    async def post(self, headers: Mapping[str, str], body: bytes, timeout_seconds: float) -> Answer:
        """Posts a body and returns the answer, or why there is none within the time (real seconds)."""
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._post(headers, body)
        except TimeoutError:
            return Answer(0, failure=TIMEOUT)

    async def _post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        while True:
            try:
                connection = self._idle.pop() if self._idle else await self._connected()
            except OSError as error:
                return Answer(0, failure=_unconnected(error))
            is_kept = False
            try:
                answer = await self._exchanged(connection, headers, body)
                is_kept = answer is not None and self._is_reusable(connection)
            except (OSError, ssl.SSLError):
                answer = None
            except h11.RemoteProtocolError:
                return Answer(0, failure=INVALID)
            finally:
                if is_kept:
                    connection.is_used = True
                    self._idle.append(connection)
                else:
                    connection.writer.close()
            if answer is not None:
                return answer
            if not connection.is_used:
                return Answer(0, failure=CLOSED)
            # The server had closed a persistent connection (RFC 9112, section 9.3.1): a receiver deletes what it gets twice.

    async def _connected(self) -> _Connection:
        context = ssl.create_default_context() if self._is_tls else None
        return _Connection(*await asyncio.open_connection(self._host, self._port, ssl=context))

    def _is_reusable(self, connection: _Connection) -> bool:
        if connection.state.our_state is not h11.DONE or connection.state.their_state is not h11.DONE:
            return False
        connection.state.start_next_cycle()
        return len(self._idle) < _MOST_IDLE and not self._is_closed

    async def _exchanged(self, connection: _Connection, headers: Mapping[str, str], body: bytes) -> Answer | None:
        """The answer on one connection; None where it was closed before one came."""
        state, reader = connection.state, connection.reader
        sent = [(b"host", self._authority), (b"content-length", b"%d" % len(body))]
        sent += [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
        head = state.send(h11.Request(method=b"POST", target=self._target, headers=sent)) or b""
        data = state.send(h11.Data(data=body)) or b""
        state.send(h11.EndOfMessage())
        connection.writer.write(head + data)
        await connection.writer.drain()
        status, content = 0, b""
        while True:
            event = state.next_event()
            if event is h11.NEED_DATA:
                read = await reader.read(_READ_BYTES)
                if not read and not status:
                    return None
                state.receive_data(read)
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                content += event.data
                if len(content) > MOST_ANSWER_BYTES:
                    return Answer(status, content[:MOST_ANSWER_BYTES])
            elif isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)):
                return Answer(status, content)
