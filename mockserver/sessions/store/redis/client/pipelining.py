"""One connection to a Redis server over which the commands of all requests go in order, those of one turn of the loop together.

redis-py gives each command a connection of its own pool, a stream and a time-out, which cost more CPU than the rest of a read.
It still makes the connection here (addresses, TLS, password, database); what goes over it then is packed and read by hiredis.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, cast

import hiredis
from redis import asyncio as client
from redis import exceptions

# Where redis-py keeps the stream that it writes to.
_WRITER = "_writer"


class Unsupported(Exception):
    """A connection of this version of redis-py does not show its transport."""


class Pipelining(asyncio.Protocol):
    """Commands and their answers, in order, over one transport.

    A command that is not answered within `patience` seconds ends the connection, and with it all that wait.
    """

    def __init__(self, writer: asyncio.StreamWriter, patience: float) -> None:
        self._writer = writer  # whose end would close the transport
        self._transport = cast("asyncio.Transport", writer.transport)
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader(replyError=_error)
        self._waiting: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._unsent: list[bytes] = []
        self._watch: asyncio.TimerHandle | None = None
        self.is_closed = False

    def send(self, parts: Sequence[Any]) -> asyncio.Future[Any]:
        """The answer to a command; it raises `redis.exceptions.RedisError`."""
        answer: asyncio.Future[Any] = self._loop.create_future()
        if self.is_closed:
            answer.set_exception(exceptions.ConnectionError("Connection closed."))
            return answer
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(hiredis.pack_command(tuple(parts)))
        self._waiting.append((self._loop.time() + self._patience, answer))
        if self._watch is None:
            self._watch = self._loop.call_later(self._patience, self._look)
        return answer

    def data_received(self, data: bytes) -> None:
        """Gives each answer to the command that has waited longest."""
        self._reader.feed(data)
        try:
            while (answer := self._reader.gets()) is not False:
                _, waiting = self._waiting.popleft()
                if waiting.done():  # its caller has gone
                    continue
                if isinstance(answer, exceptions.RedisError):
                    waiting.set_exception(answer)
                else:
                    waiting.set_result(answer)
        except (hiredis.ProtocolError, IndexError):
            self._end(exceptions.InvalidResponse("Protocol error."))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """Fails what waits."""
        self._end(exceptions.ConnectionError("Connection closed by server."))

    def close(self) -> None:
        """Ends the connection."""
        self._end(exceptions.ConnectionError("Connection closed."))

    def _flush(self) -> None:
        if self._unsent:
            self._transport.write(b"".join(self._unsent))
            self._unsent.clear()

    def _look(self) -> None:
        """One timer for all commands: it runs on to the end of the oldest one that waits."""
        self._watch = None
        if not self._waiting:
            return
        until = self._waiting[0][0]
        if until <= self._loop.time():
            self._end(exceptions.TimeoutError("Timeout reading from server."))
        else:
            self._watch = self._loop.call_at(until, self._look)

    def _end(self, error: exceptions.RedisError) -> None:
        if self.is_closed:
            return
        self.is_closed = True
        self._unsent.clear()
        if self._watch is not None:
            self._watch.cancel()
        self._transport.abort()
        while self._waiting:
            _, waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_exception(error)


async def pipelined(pool: client.BlockingConnectionPool, patience: float) -> Pipelining:
    """A new connection, with the options of a pool.

    Raises:
        redis.exceptions.RedisError, OSError, TimeoutError: there is no connection.
        Unsupported: redis-py keeps its transport elsewhere.
    """
    connection: Any = pool.make_connection()  # type: ignore[no-untyped-call]  # it is untyped
    async with asyncio.timeout(patience):
        await connection.connect()
    writer = getattr(connection, _WRITER, None)
    if not isinstance(writer, asyncio.StreamWriter):
        await connection.disconnect()
        raise Unsupported
    protocol = Pipelining(writer, patience)
    writer.transport.set_protocol(protocol)
    setattr(connection, _WRITER, None)  # it has none any more
    return protocol


def _error(text: str) -> exceptions.RedisError:
    kind = exceptions.NoScriptError if text.startswith("NOSCRIPT") else exceptions.ResponseError
    return kind(text.removeprefix("ERR "))  # which servers put before words that they do not know
