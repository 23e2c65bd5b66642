"""Writes the answers of one turn of the event loop one right after another.

A write wakes the client that waits for it. That takes the system longer than the write itself, on a virtual machine as long as
half of a create. A client of many connections is woken once where their answers are written together, without a request's work
in between. What is written to one connection keeps its order.
"""

from __future__ import annotations

import asyncio
from typing import Any

# So many answers at most are written together, and the first waits for the work of the others. Creates are a tenth faster than
# with 4, and hardly slower than with 16.
_MOST_TOGETHER = 8
# Where an answer was the only one of its turn, so many more are written at once: a callback of the loop each costs a client of
# one connection a tenth.
_AT_ONCE = 64


class Batch:
    """The answers of a server's connections that are about to be written."""

    __slots__ = ("_at_once", "_count", "_is_scheduled", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[BatchedTransport] = []
        self._is_scheduled = False
        self._count = 0  # of this turn
        self._at_once = 0

    def is_joined(self, transport: BatchedTransport) -> bool:
        """Whether a transport is flushed with others of this turn; False where it is to be flushed at once."""
        if not self._is_scheduled:
            if self._at_once:
                self._at_once -= 1
                return False
            asyncio.get_running_loop().call_soon(self._end_turn)
            self._is_scheduled = True
        self._count += 1
        self._waiting.append(transport)
        if len(self._waiting) >= _MOST_TOGETHER:
            self._flush()
        return True

    def _end_turn(self) -> None:
        if self._count == 1:
            self._at_once = _AT_ONCE
        self._is_scheduled, self._count = False, 0
        self._flush()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for transport in waiting:
            transport.flush()


class BatchedTransport:
    """A connection's transport, with `write_soon` beside `write`; what is not here is the transport's own."""

    __slots__ = ("_batch", "_transport", "_unsent", "is_closing")

    def __init__(self, transport: asyncio.Transport, batch: Batch) -> None:
        self._transport = transport
        self._batch = batch
        self._unsent = b""
        self.is_closing = transport.is_closing

    def write_soon(self, data: bytes) -> None:
        """Writes before this turn of the event loop ends, and before anything else is written here."""
        self._unsent += data
        if not self._batch.is_joined(self):
            self.flush()

    def flush(self) -> None:
        """Writes what waits."""
        if data := self._unsent:
            self._unsent = b""
            if not self.is_closing():
                self._transport.write(data)

    def write(self, data: bytes) -> None:
        """Writes at once, after what waits."""
        self.flush()
        self._transport.write(data)

    def close(self) -> None:
        """Closes the connection, after what waits."""
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        """Closes the connection at once, after what waits is handed to the system."""
        self.flush()
        self._transport.abort()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
