"""Judges the exchanges of aiohttp and urllib3 in tests, where they are installed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from unittest import mock
from weakref import WeakKeyDictionary

from specimen.contracts.traffic.listener import Listener
from specimen.contracts.traffic.monitor import headers_of, now_millis

# requests sends by way of urllib3, which must not be judged a second time then.
_is_recorded: ContextVar[bool] = ContextVar("is_recorded", default=False)


@contextmanager
def recorded_above() -> Iterator[None]:
    """Marks that what is sent within the context is recorded by who sends it."""
    token = _is_recorded.set(True)
    try:
        yield
    finally:
        _is_recorded.reset(token)


@contextmanager
def judging_more(listener: Listener) -> Iterator[None]:
    """Judges every exchange of aiohttp and urllib3 with the base URL while the context lasts."""
    with ExitStack() as stack:
        with suppress(ImportError):
            stack.enter_context(_judging_urllib3(listener))
        with suppress(ImportError):
            stack.enter_context(_judging_aiohttp(listener))
        yield


@contextmanager
def _judging_urllib3(listener: Listener) -> Iterator[None]:
    from urllib3.connectionpool import HTTPConnectionPool  # noqa: PLC0415 - it need not be there

    plain = HTTPConnectionPool.urlopen

    def urlopen(self: Any, method: str, url: str, body: Any = None, headers: Any = None, *args: Any, **options: Any) -> Any:
        if _is_recorded.get():
            return plain(self, method, url, body, headers, *args, **options)
        began = now_millis()
        with recorded_above():
            response = plain(self, method, url, body, headers, *args, **options)
        whole = url if "://" in url else f"{self.scheme}://{_bracketed(self.host)}:{self.port or _PORTS[self.scheme]}{url}"
        if listener.base_url.below(whole) is not None:
            # Who asks for the body in pieces reads it later, or never.
            content = response.data if options.get("preload_content", True) else None
            got = headers_of(response.headers.items())
            if options.get("decode_content", True):
                got.pop("content-encoding", None)
            asked = (headers_of((headers or self.headers or {}).items()), _sent(body))
            listener.record(method, whole, asked, response.status, (got, content), began)
        return response

    with mock.patch.object(HTTPConnectionPool, "urlopen", urlopen):
        yield


@contextmanager
def _judging_aiohttp(listener: Listener) -> Iterator[None]:
    import aiohttp  # noqa: PLC0415 - it need not be there

    response_type = aiohttp.ClientResponse
    plain_request: Callable[..., Any] = aiohttp.ClientSession._request  # noqa: SLF001 - all its methods come here
    plain_start, plain_read = response_type.start, response_type.read
    plain_release, plain_close = response_type.release, response_type.close
    calls: WeakKeyDictionary[Any, _Call] = WeakKeyDictionary()
    unread: dict[_Call, None] = {}  # in their order, also those that nobody keeps any more

    async def request(self: Any, method: str, url: Any, **options: Any) -> Any:
        sent = json.dumps(options["json"]).encode() if options.get("json") is not None else _sent(options.get("data"))
        token = _sending.set((now_millis(), sent))
        try:
            return await plain_request(self, method, url, **options)
        finally:
            _sending.reset(token)

    async def start(self: Any, connection: Any) -> Any:
        response = await plain_start(self, connection)
        sending = _sending.get()
        if sending is not None and listener.base_url.below(str(self.url)) is not None:
            got = headers_of(self.raw_headers)
            asked = headers_of(self.request_info.headers.items())
            calls[self] = call = _Call(self.method, str(self.url), (asked, sending[1]), self.status, got, sending[0])
            unread[call] = None
        return response

    def record(response: Any, content: bytes | None) -> None:
        call = calls.pop(response, None)
        if call is not None:
            del unread[call]
            call.record(listener, content)

    async def read(self: Any) -> bytes:
        content: bytes = await plain_read(self)
        record(self, content)
        return content

    def release(self: Any) -> Any:
        record(self, None)
        return plain_release(self)

    def close(self: Any) -> None:
        record(self, None)
        plain_close(self)

    with (
        mock.patch.object(aiohttp.ClientSession, "_request", request),
        mock.patch.multiple(response_type, start=start, read=read, release=release, close=close),
    ):
        yield
    for call in unread:  # read in pieces, or not at all
        call.record(listener, None)


# When the request of aiohttp that is being sent began, and its body.
_sending: ContextVar[tuple[int, bytes | None] | None] = ContextVar("sending", default=None)


@dataclass(frozen=True, eq=False)
class _Call:
    """A request with its headers and body, and the head of its answer."""

    method: str
    url: str
    sent: tuple[dict[str, str], bytes | None]
    status: int
    headers: dict[str, str]
    began: int

    def record(self, listener: Listener, content: bytes | None) -> None:
        """Passes the exchange on; without the body of its answer where nobody read one that there was."""
        if content is None and (self.method == "HEAD" or self.status in _NO_BODY or self.headers.get("content-length") == "0"):
            content = b""
        got = {name: value for name, value in self.headers.items() if name != "content-encoding"}  # aiohttp has decoded it
        listener.record(self.method, self.url, self.sent, self.status, (got, content), self.began)


_NO_BODY = (204, 304)
_PORTS = {"http": 80, "https": 443}


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _sent(body: Any) -> bytes | None:
    """A request's body; None where it is of pieces, which nobody keeps."""
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else bytes(body) if isinstance(body, (bytes, bytearray)) else None
