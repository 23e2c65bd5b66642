"""Sends replies as ASGI messages."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from functools import lru_cache
from typing import Any

from starlette.types import Receive, Send

from specimen.mockserver.http import raw_response_writer
from specimen.mockserver.http.messages import Reply, encode
from specimen.mockserver.http.request_body import drop

Extra = tuple[tuple[bytes, bytes], ...]
PROBLEM_TYPE = "application/problem+json"
_NO_BODY = frozenset({204, 304})
_CREATED = 201
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
# RFC 9110, section 5.5: a header's value has no control characters but the tab.
_NO_CONTROLS = bytes(0x20 if (code < 0x20 and code != 0x09) or code == 0x7F else code for code in range(256))


@lru_cache(maxsize=256)
def _content_type(name: str) -> tuple[bytes, bytes]:
    return b"content-type", _header(name)


@lru_cache(maxsize=256)
def _text(content_type: str) -> str:
    return _header(content_type).decode("latin-1")


@lru_cache(maxsize=4096)
def _head(length: int, content_type: str, session: tuple[int, str] | None) -> Extra:
    """The headers of a whole body; a client that polls gets the same ones again and again."""
    headers = ((b"content-length", str(length).encode()), _content_type(content_type))
    return headers if session is None else (*headers, *_shown(*session))


def _shown(seed: int, scenario: str) -> Extra:
    return (b"specimen-seed", str(seed).encode()), (b"specimen-scenario", scenario.encode())


def write_whole(send: Send, reply: Reply, lines: bytes) -> bool:
    """Writes a reply that is ready to the transport; returns False, without writing, where it must be sent as messages.

    `lines` are those of further headers, none of which is about the connection.
    """
    body = reply.body
    if type(body) is not bytes or not body or reply.stream is not None:
        return False
    # What is made is answered once: another answer has another seed.
    of = _head_lines.__wrapped__ if reply.status == _CREATED else _head_lines
    head: bytes = of(len(body), reply.content_type, reply.session)
    for name, value in reply.headers.items():
        own = _name(name)
        if own in raw_response_writer.SERVERS:
            return False
        head += b"%b: %b\r\n" % (own, _header(value))
    return raw_response_writer.write_lines(send, reply.status, head + lines, body)


@lru_cache(maxsize=4096)
def _head_lines(length: int, content_type: str, session: tuple[int, str] | None) -> bytes:
    """The headers of a whole body as they are written."""
    lines = f"content-length: {length}\r\ncontent-type: {_text(content_type)}\r\n"
    if session is not None:
        lines += f"specimen-seed: {session[0]}\r\nspecimen-scenario: {session[1]}\r\n"
    return lines.encode("latin-1")


async def send_reply(
    send: Send,
    reply: Reply,
    extra: Extra = (),
    applied: Iterable[str] = (),
    *,
    is_head: bool = False,
    receive: Receive | None = None,
    is_unread: bool = False,
) -> None:
    """Sends a reply; for a HEAD request its headers only. `receive` reports when the client of a stream disconnects."""
    if reply.stream is None:
        body = reply.payload()
        if body or reply.status not in _NO_BODY:
            headers = [*_head(len(body), reply.content_type, reply.session)]
        else:
            headers = [] if reply.session is None else [*_shown(*reply.session)]
    else:
        headers = [_content_type(reply.content_type), (b"cache-control", b"no-store")]
        if reply.session is not None:
            headers += _shown(*reply.session)
    if reply.headers:
        headers += [(_name(name), _header(value)) for name, value in reply.headers.items()]
    if applied:
        headers.append((b"preference-applied", _header(", ".join(applied))))
    headers += extra
    if (
        reply.stream is None
        and not is_unread
        and raw_response_writer.write(send, reply.status, headers, b"" if is_head else body)
    ):
        return
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if reply.stream is None:
        if is_unread and receive is not None:
            # The whole response is sent, and the connection closes a little later.
            await send({"type": "http.response.body", "body": body, "more_body": True})
            await drop(receive)
            body = b""
        await send({"type": "http.response.body", "body": b"" if is_head else body})
        return
    if not is_head:
        await _send_stream(send, reply.stream, receive)
    await send({"type": "http.response.body", "body": b""})


async def _send_stream(send: Send, stream: AsyncIterator[bytes], receive: Receive | None) -> None:
    async def forward() -> None:
        async for chunk in stream:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def gone() -> None:
        while receive is not None and (await receive())["type"] != "http.disconnect":
            pass

    sending = asyncio.ensure_future(forward())
    tasks = [sending] if receive is None else [sending, asyncio.ensure_future(gone())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


async def send_problem(send: Send, status: int, detail: str, more: Mapping[str, Any] | None = None, extra: Extra = ()) -> None:
    """Sends an error of the mock itself (RFC 9457), not one of the vendor's."""
    await send_reply(send, problem_reply(status, detail, more), extra)


def problem_reply(status: int, detail: str, more: Mapping[str, Any] | None = None) -> Reply:
    """An error of the mock itself, as it is sent and logged."""
    body = {"type": "about:blank", "title": "Specimen", "status": status, "detail": detail, **(more or {})}
    return Reply(status, encode(body), content_type=PROBLEM_TYPE)


@lru_cache(maxsize=1024)
def _name(name: str) -> bytes:
    if _TOKEN.fullmatch(name) is None:
        raise ValueError(f"{name!r}: no name of a header")
    return name.lower().encode()


def _header(value: str) -> bytes:
    return value.encode("latin-1", "replace").translate(_NO_CONTROLS)
