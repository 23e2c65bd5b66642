"""Judges the exchanges of aiohttp and urllib3 in tests, where they are installed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
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

    plain_request: Callable[..., Any] = aiohttp.ClientSession._request  # noqa: SLF001 - all its methods come here
    plain_read = aiohttp.ClientResponse.read
    asked: WeakKeyDictionary[Any, tuple[int, bytes | None]] = WeakKeyDictionary()

    async def request(self: Any, method: str, url: Any, **options: Any) -> Any:
        began = now_millis()
        response = await plain_request(self, method, url, **options)
        sent = json.dumps(options["json"]).encode() if options.get("json") is not None else _sent(options.get("data"))
        asked[response] = began, sent
        return response

    async def read(self: Any) -> bytes:
        content: bytes = await plain_read(self)
        known = asked.pop(self, None)
        if known is not None and listener.base_url.below(str(self.url)) is not None:
            got = headers_of(self.raw_headers)
            got.pop("content-encoding", None)  # aiohttp has decoded it
            sent = (headers_of(self.request_info.headers.items()), known[1])
            listener.record(self.method, str(self.url), sent, self.status, (got, content), known[0])
        return content

    with (
        mock.patch.object(aiohttp.ClientSession, "_request", request),
        mock.patch.object(aiohttp.ClientResponse, "read", read),
    ):
        yield


_PORTS = {"http": 80, "https": 443}


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _sent(body: Any) -> bytes | None:
    """A request's body; None where it is of pieces, which nobody keeps."""
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else bytes(body) if isinstance(body, (bytes, bytearray)) else None
