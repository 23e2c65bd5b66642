"""A connection of the server: uvicorn's, with limits for the heads of requests."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from starlette.types import ASGIApp

from specimen.mockserver.http import raw_response_writer, uvicorn_shape
from specimen.mockserver.http.batched_writes import Batch, BatchedTransport
from specimen.mockserver.http.connection.begun_task import BeginningLoop, BegunTask
from specimen.mockserver.http.connection.repeated_reads import Repeatable, RepeatedReads, may_be_one, repeatable
from specimen.mockserver.http.connection.reset_timer import ResetTimer

try:
    from uvicorn.protocols.http import httptools_impl

    _Http: Any = httptools_impl.HttpToolsProtocol
    _Cycle: Any = httptools_impl.RequestResponseCycle
except ImportError:  # it has no wheel for this machine; h11 comes with uvicorn
    from uvicorn.protocols.http import h11_impl

    _Http, _Cycle = h11_impl.H11Protocol, h11_impl.RequestResponseCycle

MOST_HEAD_BYTES = 64 * 1024
# Java's HTTP client offers an upgrade to HTTP/2 with each first request; the parser would take the body for another protocol's.
_REQUEST_LINE = re.compile(rb"[A-Z]{1,20} [^ \r\n]+ HTTP/1\.1\r\n")
_H2C = re.compile(rb"\r\n[Uu]pgrade: *h2c(?=\r\n|$)")
# A field's colon, space and line end.
_FIELD_BYTES = 4


class HeadTooLong(Exception):
    """A request's head has more bytes than one may have."""


class _Connection(_Http):  # type: ignore[misc]  # the base is chosen at run time
    """Uvicorn's HTTP connection with a time limit and a size limit for a request's head.

    Uvicorn itself waits without limit on a silent connection, and buffers headers of any length. What runs with each header or
    read names its base: `super()` takes a twentieth of a short request.
    """

    loop: Any
    cycle: Any
    scope: Any
    # Whether the next byte is the first one of a request.
    _is_between = True
    _waiting: asyncio.TimerHandle | ResetTimer | None = None
    # When the connection came up or its latest request was there: the time for the next one's head counts from then.
    _since = 0.0
    _head_bytes = 0
    # Bytes since the last piece of a body: trailers and extensions of chunks, which are as long as a client likes.
    _bare_bytes = 0
    _is_in_body = False
    # Bytes of the present read, and of all reads that may hold a part of the present head: no head is longer than those.
    _read_bytes = 0
    _most_head_bytes = 0
    _target_bytes = 0

    def __init__(self, app: Callable[..., Any], head_seconds: float, batch: Batch, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._answer = app
        self._head_seconds = head_seconds
        self._batch = batch
        self._repeated = RepeatedReads()
        self._is_whole = False
        self._beginning: BeginningLoop | None = None
        self._writes_raw = raw_response_writer.IS_KNOWN
        if getattr(app, "answers_at_once", False) and hasattr(_Http, "on_message_complete"):
            self.loop = self._beginning = BeginningLoop(self.loop)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._writes_raw:
            transport = cast("asyncio.Transport", BatchedTransport(cast("asyncio.Transport", transport), self._batch))
        super().connection_made(transport)
        self._since = self.loop.time()
        self._wait()

    def on_message_complete(self) -> None:
        self._is_in_body, self._is_between = False, True
        self._most_head_bytes = self._read_bytes
        self._since = self.loop.time()
        _Http.on_message_complete(self)
        self._is_whole = True

    def data_received(self, data: bytes) -> None:
        if self._is_between and self._beginning is not None:
            found = self._repeated.find(data)
            if found is not None and self._repeats(*found, self._beginning):
                return
        if b"h2c" in data and _REQUEST_LINE.match(data) is not None:
            head, end, rest = data.partition(b"\r\n\r\n")
            data = _H2C.sub(b"", head) + end + rest
        self._read_bytes = size = len(data)
        self._bare_bytes += size
        self._most_head_bytes += size
        if self._beginning is None:
            _Http.data_received(self, data)
        else:
            self._receive(data, self._beginning)
        if self._is_in_body and self._bare_bytes > MOST_HEAD_BYTES:
            self._refuse(b"431 Request Header Fields Too Large")
            return
        if self.cycle is not None and not self.cycle.response_complete:
            # A request is being answered; the time for its body is counted there.
            self._stop_waiting()
            self._head_bytes = 0
            return
        self._wait()
        if self.scope is not None and "method" not in self.scope:
            self._head_bytes += size
            if self._head_bytes > MOST_HEAD_BYTES:
                self._refuse(b"431 Request Header Fields Too Large")

    def _receive(self, data: bytes, loop: BeginningLoop) -> None:
        """Begins a request at once where all of it has arrived."""
        may_repeat = self._writes_raw and self._is_between and may_be_one(data)
        self._is_whole, loop.receives = False, True
        try:
            _Http.data_received(self, data)
        finally:
            begun, loop.begun, loop.receives = loop.begun, None, False
            if begun is not None:
                if not self._is_whole:
                    begun.hand_over()
                else:
                    known = repeatable(data, self.cycle) if may_repeat else None
                    if begun.begin() and known is not None and known.is_as_it_was:
                        self._repeated.remember(data, known)

    def _repeats(self, known: Repeatable, key: bytes | None, loop: BeginningLoop) -> bool:
        """Answers a request that came before, perhaps with another key, without parsing it; False where that cannot be."""
        if not self.cycle.response_complete or self.transport.is_closing():
            return False
        self._since = loop.time()
        cycle = self.cycle = known.cycle
        self.scope = cycle.scope = known.scope_with(key)
        cycle.response_started = cycle.response_complete = False
        cycle.on_response = known.on_response
        begun = BegunTask(self._answer(cycle.scope, known.receive(), cycle.send), self.loop, None)
        if begun.begin():
            self._is_answered(known, begun)
            if self._waiting is None:
                self._wait()
        else:
            begun.add_done_callback(partial(self._is_answered, known))
            _Http.data_received(self, b"")  # a request is there: the time of a silent connection no longer runs
            self._stop_waiting()
        return True

    def _is_answered(self, known: Repeatable, _: object) -> None:
        if not known.is_as_it_was:
            self._repeated.clear()
            if not known.cycle.response_complete:
                self.transport.close()  # as uvicorn does: the application gave no answer

    def on_message_begin(self) -> None:
        self._is_in_body = self._is_between = False
        _Http.on_message_begin(self)

    def on_url(self, url: bytes) -> None:
        self._target_bytes += len(url)
        _Http.on_url(self, url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._is_in_body:  # trailers are not kept
            _Http.on_header(self, name, value)

    def on_headers_complete(self) -> None:
        if self._most_head_bytes > MOST_HEAD_BYTES:
            self._check_head()
        self._is_in_body, self._bare_bytes, self._head_bytes, self._target_bytes = True, 0, 0, 0
        _Http.on_headers_complete(self)

    def _check_head(self) -> None:
        """Refuses a head that is too long, though it came in one read.

        Raises:
            HeadTooLong: it is; the parser reads no further then.
        """
        fields = sum(len(name) + len(value) + _FIELD_BYTES for name, value in self.scope["headers"])
        if self._target_bytes + fields <= MOST_HEAD_BYTES:
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.close()  # a 431 would be taken for the answer to the request before
        else:
            self._refuse(b"431 Request Header Fields Too Large")
        raise HeadTooLong

    def on_body(self, body: bytes) -> None:
        self._bare_bytes = 0
        _Http.on_body(self, body)

    def eof_received(self) -> bool:
        """Whether the connection stays open: who has sent a request and says that no more comes still gets the answer."""
        if self._writes_raw:
            self.transport.flush()
        if self.transport.get_extra_info("sslcontext") is not None:
            return False  # over TLS the end of one direction is that of both
        return self.cycle is not None and not self.cycle.more_body and not self.cycle.response_started

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)
        if self._beginning is not None:
            self._beginning.end_timers()

    def _wait(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(self._head_seconds, self._is_late)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _is_late(self) -> None:
        self._waiting = None
        if self.cycle is not None and not self.cycle.response_complete:
            return
        rest = self._since + self._head_seconds - self.loop.time()
        if rest > 0:  # requests came and were answered meanwhile
            self._waiting = self.loop.call_later(rest, self._is_late)
            return
        if self.scope is not None and "method" not in self.scope:
            self._refuse(b"408 Request Timeout")
        else:
            self.transport.close()

    def _refuse(self, status: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
            self.transport.close()


_IS_KNOWN = uvicorn_shape.is_known(
    "its connection",
    uvicorn_shape.unexpected_in_connection(_Http, _Cycle),
    "silent connections stay open, and heads of requests may be of any length",
)


def protocol(app: ASGIApp, head_seconds: float) -> Any:
    """What makes the connections of an application; `head_seconds` is how long a request's head may take."""
    return partial(_Connection, app, head_seconds, Batch()) if _IS_KNOWN else _Http
