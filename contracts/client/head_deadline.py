"""A time limit for the head of an answer as a whole.

The time-out of a socket begins anew with every byte, so that a peer which sends one now and then holds a client for ever.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self


class HeadDeadline:
    """Shuts a connection down where the context lasts longer than `seconds`; `is_over` says so.

    The connection may become known within the context (`watch`), as one that is opened for the request does.
    """

    def __init__(self, seconds: float, connection: socket.socket | None = None) -> None:
        self.is_over = False
        self._connection = connection
        self._has_ended = False
        self._lock = threading.Lock()
        self._timer = threading.Timer(max(seconds, 0.0), self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._lock:
            self._has_ended = True
        self._timer.cancel()

    def watch(self, connection: socket.socket) -> None:
        """Names the connection."""
        with self._lock:
            self._connection = connection
            if self.is_over:
                self._shut()

    def _end(self) -> None:
        with self._lock:
            if not self._has_ended:
                self.is_over = True
                self._shut()

    def _shut(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(OSError):
                # Not the method of a TLS socket, which would also forget its keys while another thread reads.
                socket.socket.shutdown(self._connection, socket.SHUT_RDWR)
