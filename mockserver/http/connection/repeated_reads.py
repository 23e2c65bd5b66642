"""Requests that a connection remembers: one that comes again is answered without its head being parsed."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from specimen.mockserver.http.request_body import BODY, HEAD, KEY

# Requests that a connection remembers of each kind, and the bytes of the longest one.
_MOST, _LONGEST = 4, 2048
_END_OF_HEAD = b"\r\n\r\n"
# A create has another key each time (draft-ietf-httpapi-idempotency-key-header), and is otherwise often the same.
_KEY = b"idempotency-key"
_KEY_LINE = re.compile(rb"\r\n(?i:idempotency-key):[ \t]*([\x21-\x7e]{1,255})\r\n")
_IS_KEY = re.compile(rb"[\x21-\x7e]{1,255}")
# Headers of a body whose length the head does not tell, or that is waited for, and of a connection that changes.
_UNFIT = frozenset({b"transfer-encoding", b"expect", b"upgrade"})
_METHODS = frozenset({b"GET ", b"POST"})

Receive = Callable[[], Awaitable[Any]]


class Repeatable(NamedTuple):
    """A request that was answered at once: its exchange, its scope as the server made it, and what follows upon its answer.

    `scope` has a place for what the application finds out of the head. `place` is that of its one Idempotency-Key among its
    headers; None where that is not to be another one.
    """

    cycle: Any
    scope: dict[str, Any]
    on_response: Any
    body: bytes = b""
    place: int | None = None

    @property
    def is_as_it_was(self) -> bool:
        """Whether the exchange serves another request: its answer was written in one piece, and the connection stays open."""
        cycle = self.cycle
        return cycle.response_complete and cycle.keep_alive and cycle.chunked_encoding is None and not cycle.disconnected

    def scope_with(self, key: bytes | None) -> dict[str, Any]:
        """The scope of a request that comes again, with its key."""
        scope = self.scope.copy()
        if key is not None and self.place is not None:
            headers = scope["headers"] = scope["headers"].copy()
            headers[self.place] = (_KEY, key)
            scope[KEY] = key
        return scope

    def receive(self) -> Receive:
        """What gives the request's messages."""
        return _Body(self.body, self.cycle) if self.body else self.cycle.receive


class _Body:
    """Gives a body once, and then what comes of the exchange."""

    __slots__ = ("_body", "_cycle")

    def __init__(self, body: bytes, cycle: Any) -> None:
        self._body = body
        self._cycle = cycle

    async def __call__(self) -> Any:
        body, self._body = self._body, b""
        return {"type": "http.request", "body": body, "more_body": False} if body else await self._cycle.receive()


class RepeatedReads:
    """What one connection remembers: by all bytes of the request, or by those around its Idempotency-Key."""

    __slots__ = ("_keyed", "_same")

    def __init__(self) -> None:
        self._same: dict[bytes, Repeatable] = {}
        self._keyed: dict[tuple[bytes, bytes], Repeatable] = {}

    def __len__(self) -> int:
        return len(self._same) + len(self._keyed)

    def find(self, data: bytes) -> tuple[Repeatable, bytes | None] | None:
        """The request that the bytes of a read repeat, and its Idempotency-Key where that may be another one."""
        if len(data) > _LONGEST:
            return None  # to compute the hash of a file that is uploaded takes longer than what is saved
        if self._same and (same := self._same.get(data)) is not None:
            return same, None
        for (before, after), known in self._keyed.items():
            if data.startswith(before) and data.endswith(after):
                key = data[len(before) : len(data) - len(after)]
                return (known, key) if _IS_KEY.fullmatch(key) is not None else None
        return None

    def remember(self, data: bytes, known: Repeatable) -> None:
        """Keeps a request whose bytes are `data`."""
        found = None if known.place is None else _KEY_LINE.search(data, 0, data.find(_END_OF_HEAD) + 2)
        if found is None:
            _put(self._same, data, known._replace(place=None))
        else:
            _put(self._keyed, (data[: found.start(1)], data[found.end(1) :]), known)

    def clear(self) -> None:
        """Forgets all."""
        self._same.clear()
        self._keyed.clear()


def may_be_one(data: bytes) -> bool:
    """Whether the bytes of a read may be those of one request that is remembered."""
    return data[:4] in _METHODS and len(data) <= _LONGEST


def repeatable(data: bytes, cycle: Any) -> Repeatable | None:
    """The request of an exchange that begins, as it is to be remembered; None where the read is not that request and no more."""
    end = data.find(_END_OF_HEAD)
    rest = data[end + len(_END_OF_HEAD) :]
    scope: dict[str, Any] = cycle.scope
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    length, keys = 0, []
    for place, (name, value) in enumerate(headers):
        if name in _UNFIT:
            return None
        if name == b"content-length":
            length = int(value)  # the parser has seen that it is a number
        elif name == _KEY:
            keys.append(place)
    if end < 0 or len(rest) != length:
        return None
    again = {**scope, HEAD: {}, BODY: rest} if rest else {**scope, HEAD: {}}
    return Repeatable(cycle, again, cycle.on_response, rest, keys[0] if len(keys) == 1 else None)


def _put(known: dict[Any, Repeatable], key: Any, value: Repeatable) -> None:
    if len(known) >= _MOST and key not in known:
        del known[next(iter(known))]
    known[key] = value
