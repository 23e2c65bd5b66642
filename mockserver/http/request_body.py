"""Reads request bodies within limits, and parses them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import re
from collections.abc import Generator, Mapping
from typing import Any, cast

from starlette.types import Message, Receive

from specimen.mockserver.http.messages import Problem, SchemaError
from specimen.specs.core.multipart import FORM_TYPE, FormError, FormPart, read

# An unterminated string extends to the body's end: otherwise each of its quotes would start another search through all of it.
_OPENING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|([\[{])|([\]}])', re.DOTALL)
_BOM = b"\xef\xbb\xbf"
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
# How much of a refused body is still read, so that its sender gets to read the response.
_PATIENCE_BYTES = 64 * 1024 * 1024
_PATIENCE_SECONDS = 2.0
# More than any documented operation takes.
_MOST_PARTS = 1000


# In the scope of a request whose body the server has at hand: the body.
BODY = "specimen.body"
# In that of one whose head came before on its connection: what the application found out of that head, by names of its own, and
# the Idempotency-Key, where that is another one.
HEAD, KEY = "specimen.head", "specimen.key"


class Disconnected(Exception):
    """The client disconnected before its request was complete."""


class RequestRejected(Exception):
    """A request is refused; `problem` says why, `is_unread` that the client may still be sending its body."""

    def __init__(self, problem: Problem, *, is_unread: bool = False) -> None:
        super().__init__(problem.kind)
        self.problem = problem
        self.is_unread = is_unread


class Begun:
    """A body that is not complete yet: a pending call to `receive` (`first` is its awaited future), or the first message."""

    __slots__ = ("_coroutine", "_first", "message")

    def __init__(self, coroutine: Any, first: Any, message: Message | None) -> None:
        self._coroutine, self._first, self.message = coroutine, first, message

    @classmethod
    def whole(cls, raw: bytes) -> Begun:
        """A body that was read already."""
        return cls(None, None, {"type": "http.request", "body": raw, "more_body": False})

    def __await__(self) -> Generator[Any, Any, Message]:
        if self.message is not None:
            return self.message
        yield self._first
        return cast("Message", (yield from self._coroutine.__await__()))


def read_available(headers: Mapping[str, str], receive: Receive, most_bytes: int) -> bytes | Begun:
    """The whole body where it has already arrived, as most have, without a timer or a task switch; else its beginning.

    Raises:
        RequestRejected: it is larger than `most_bytes`.
    """
    length = headers.get("content-length")
    if length == "0" or (length is None and "transfer-encoding" not in headers):
        return b""
    if length is not None and not _is_within(length, most_bytes):
        detail = f"the body has {length[:20]} bytes, {most_bytes} are allowed"
        raise RequestRejected(Problem("content_too_large", detail), is_unread="expect" not in headers)
    begun = begin(receive)
    message = begun.message
    if message is None:
        return begun
    whole: bytes = message.get("body", b"")
    if message.get("more_body", False) or message["type"] != "http.request" or len(whole) > most_bytes:
        return begun
    return whole


def resumed(begun: Begun, receive: Receive) -> Receive:
    """What gives a request's messages from a begun one on."""
    first: list[Begun] = [begun]

    async def resume() -> Message:
        return await first.pop() if first else await receive()

    return resume


def begin(receive: Receive) -> Begun:
    """The next message where it has already arrived, without a timer or a task switch; else the call that waits for it."""
    coroutine: Any = receive()
    try:
        first = coroutine.send(None)
    except StopIteration as done:
        return Begun(None, None, done.value)
    return Begun(coroutine, first, None)


async def read_remaining(begun: Begun, receive: Receive, *, most_bytes: int, seconds: float) -> bytes:
    """Waits for the whole body.

    Raises:
        RequestRejected: it is larger than `most_bytes`, or not complete after `seconds`.
        Disconnected: the client disconnected.
    """
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            message = await begun
            while True:
                if message["type"] == "http.disconnect":
                    raise Disconnected
                chunks.append(message.get("body", b""))
                size += len(chunks[-1])
                if size > most_bytes or not message.get("more_body", False):
                    break
                message = await receive()
    except TimeoutError:
        raise RequestRejected(Problem("request_timeout", f"the body was not complete after {seconds:g} s")) from None
    if size > most_bytes:
        detail = f"the body has more than the {most_bytes} bytes that are allowed"
        raise RequestRejected(Problem("content_too_large", detail), is_unread=message.get("more_body", False))
    return b"".join(chunks)


def _is_within(length: str, most_bytes: int) -> bool:
    return length.isascii() and length.isdigit() and len(length) <= 18 and int(length) <= most_bytes


async def drop(receive: Receive) -> None:
    """Reads and discards the body for a while: a client that is still sending when the connection closes gets no response."""
    size = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while size <= _PATIENCE_BYTES:
                message = await receive()
                size += len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return


def parse_json(raw: bytes, *, most_depth: int) -> Any:
    """The JSON value of a body: UTF-8, RFC 8259; a byte order mark is ignored, of a repeated key the last value wins.

    Raises:
        RequestRejected: it is none, is nested deeper than `most_depth`, or holds a number or a text that no receiver can use.
    """
    if raw.count(b"[") + raw.count(b"{") > most_depth and _depth(raw) > most_depth:
        raise _bad(f"the body is nested deeper than {most_depth} levels")
    try:
        text = raw.removeprefix(_BOM).decode("utf-8")
        value = _decoded(text)
    except UnicodeDecodeError as error:
        raise _bad(f"the body is not UTF-8 (byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise _bad(f"the body is not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except ValueError as error:
        raise _bad(f"the body is not JSON that can be kept: {error}") from None
    except RecursionError:
        raise _bad("the body is nested too deeply") from None
    if _SURROGATE.search(raw) is not None:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise _bad("the body holds half of a surrogate pair") from None
    return value


def _bad(detail: str) -> RequestRejected:
    return RequestRejected(Problem("not_json", detail, "body", (SchemaError("", "json", detail),)))


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON number")


def _integer(text: str) -> int:
    if len(text) > 4000:
        raise ValueError(f"a number has {len(text)} digits")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text[:20]} is too large a number")
    return value


_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_int=_integer, parse_float=_float)


def _decoded(text: str) -> Any:
    try:
        value, end = _DECODER.scan_once(text, 0)  # type: ignore[attr-defined]  # the decoder's own scanner, in C
    except StopIteration:
        end = -1
    # White space around the value, and all errors, are left to the decoder itself.
    return value if end == len(text) else _DECODER.decode(text)


def _depth(raw: bytes) -> int:
    depth = deepest = 0
    for match in _OPENING.finditer(raw):
        if match[1]:
            depth += 1
            deepest = max(deepest, depth)
        elif match[2]:
            depth -= 1
    return deepest


def parse_multipart(raw: bytes, content_type: str) -> tuple[FormPart, ...]:
    """The parts of a multipart body (RFC 7578).

    Raises:
        RequestRejected: it is none.
    """
    try:
        return read(raw, content_type, most_parts=_MOST_PARTS)
    except FormError as error:
        raise _bad(f"the body is not {FORM_TYPE}: {error}") from None
