"""Judges the exchanges of HTTP clients: httpx, its async client, and requests; in tests also aiohttp and urllib3."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from unittest import mock

import httpx

from specimen.contracts.traffic.listener import Listener
from specimen.contracts.traffic.monitor import headers_of, now_millis
from specimen.contracts.traffic.more_clients import judging_more, recorded_above

if TYPE_CHECKING:
    import requests

MOST_BYTES = 16 * 1024 * 1024
# Options of httpx.Client that are its transport's.
TRANSPORT_OPTIONS = ("verify", "cert", "trust_env", "http1", "http2", "limits", "proxy", "uds", "local_address", "retries")
_RECORDED = "specimen.recorded"


class _Copying:
    def __init__(self, stream: Any, end: Callable[[bytes | None], None]) -> None:
        self._stream = stream
        self._end: Callable[[bytes | None], None] | None = end
        self._kept = bytearray()
        self._is_whole = False

    def _keep(self, chunk: bytes) -> None:
        if len(self._kept) <= MOST_BYTES:
            self._kept += chunk

    def _finish(self) -> None:
        end, self._end = self._end, None
        if end is not None:
            end(bytes(self._kept) if self._is_whole and len(self._kept) <= MOST_BYTES else None)


class _Tee(_Copying, httpx.SyncByteStream):
    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            self._keep(chunk)
            yield chunk
        self._is_whole = True

    def close(self) -> None:
        self._stream.close()
        self._finish()


class _AsyncTee(_Copying, httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            self._keep(chunk)
            yield chunk
        self._is_whole = True

    async def aclose(self) -> None:
        await self._stream.aclose()
        self._finish()


class JudgedTransport(httpx.BaseTransport):
    """A transport of httpx that passes its exchanges to a listener."""

    def __init__(self, listener: Listener, inner: httpx.BaseTransport) -> None:
        self._listener = listener
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a request."""
        began = now_millis()
        with _recorded_once(request.extensions) as is_ours:
            response = self._inner.handle_request(request)
        return (
            _wrapped(self._listener, request, response, began)
            if is_ours and self._listener.covers(str(request.url))
            else response
        )

    def close(self) -> None:
        """Closes the connections."""
        self._inner.close()


class JudgedAsyncTransport(httpx.AsyncBaseTransport):
    """The same for `httpx.AsyncClient`."""

    def __init__(self, listener: Listener, inner: httpx.AsyncBaseTransport) -> None:
        self._listener = listener
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a request."""
        began = now_millis()
        with _recorded_once(request.extensions) as is_ours:
            response = await self._inner.handle_async_request(request)
        if not is_ours or not self._listener.covers(str(request.url)):
            return response
        return _wrapped(self._listener, request, response, began, is_async=True)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._inner.aclose()


def _wrapped(
    listener: Listener, request: httpx.Request, response: httpx.Response, began: int, *, is_async: bool = False
) -> httpx.Response:
    """A response of httpx whose body is judged once it was read; the request was sent at `began`."""
    stream: Any = response.stream

    def end(body: bytes | None) -> None:
        sent = _body_of(request)
        got = (headers_of(response.headers.raw), body)
        asked = (headers_of(request.headers.raw), sent)
        listener.record(request.method, str(request.url), asked, response.status_code, got, began)

    tee = _AsyncTee(stream, end) if is_async else _Tee(stream, end)
    return httpx.Response(
        response.status_code, headers=response.headers, stream=tee, extensions=response.extensions, request=request
    )


def client(listener: Listener, **options: Any) -> httpx.Client:
    """Returns an `httpx.Client` with the place as its base URL; `options` are those of httpx, `transport` among them."""
    inner = options.pop("transport", None) or httpx.HTTPTransport(**_of_transport(options))
    return httpx.Client(**{"base_url": str(listener.base_url), **options}, transport=JudgedTransport(listener, inner))


def async_client(listener: Listener, **options: Any) -> httpx.AsyncClient:
    """The same with `httpx.AsyncClient`."""
    inner = options.pop("transport", None) or httpx.AsyncHTTPTransport(**_of_transport(options))
    return httpx.AsyncClient(**{"base_url": str(listener.base_url), **options}, transport=JudgedAsyncTransport(listener, inner))


def requests_session(listener: Listener) -> requests.Session:
    """Returns a `requests.Session`; a path alone is below the base URL.

    Raises:
        ImportError: requests is not installed.
    """
    import requests  # noqa: PLC0415 - it need not be there

    class JudgedSession(requests.Session):
        """A session that knows its base URL."""

        def request(self, method: str, url: str | bytes, *args: Any, **options: Any) -> requests.Response:
            """Sends a request."""
            text = url.decode() if isinstance(url, bytes) else url
            return super().request(method, f"{listener.base_url}{text}" if text.startswith("/") else text, *args, **options)

    class JudgedAdapter(requests.adapters.HTTPAdapter):
        """An adapter whose exchanges are recorded."""

        def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
            """Sends a prepared request."""
            response: requests.Response = _send(listener, super().send, request, args, options)
            return response

    session = JudgedSession()
    for scheme in ("http://", "https://"):
        session.mount(scheme, JudgedAdapter())
    return session


@contextmanager
def judging_all(listener: Listener) -> Iterator[None]:
    """Judges every exchange of httpx, requests, aiohttp and urllib3 with the base URL while the context lasts."""
    plain, plain_async = httpx.HTTPTransport.handle_request, httpx.AsyncHTTPTransport.handle_async_request

    def handle(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        began = now_millis()
        with _recorded_once(request.extensions) as is_ours:
            response = plain(self, request)
        return _wrapped(listener, request, response, began) if is_ours and is_there(request) else response

    async def handle_async(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        began = now_millis()
        with _recorded_once(request.extensions) as is_ours:
            response = await plain_async(self, request)
        return _wrapped(listener, request, response, began, is_async=True) if is_ours and is_there(request) else response

    def is_there(request: httpx.Request) -> bool:
        return listener.base_url.below(str(request.url)) is not None

    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(httpx.HTTPTransport, "handle_request", handle))
        stack.enter_context(mock.patch.object(httpx.AsyncHTTPTransport, "handle_async_request", handle_async))
        with suppress(ImportError):
            import requests  # noqa: PLC0415 - it need not be there

            send = requests.adapters.HTTPAdapter.send

            def judged(self: Any, request: Any, *args: Any, **options: Any) -> Any:
                return _send(listener, partial(send, self), request, args, options)

            stack.enter_context(mock.patch.object(requests.adapters.HTTPAdapter, "send", judged))
        stack.enter_context(judging_more(listener))
        yield


def _send(listener: Listener, send: Callable[..., Any], request: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Sends a request of requests and records it, unless it is recorded already."""
    began = now_millis()
    with _recorded_once(vars(request)) as is_ours, recorded_above():
        response = send(request, *args, **options)
    if is_ours and listener.base_url.below(request.url) is not None:
        # `stream` is the first argument after the request.
        _record_requests(listener, request, response, began, is_stream=bool(options.get("stream", args[0] if args else False)))
    return response


def _record_requests(listener: Listener, request: Any, response: Any, began: int, *, is_stream: bool) -> None:
    body = request.body
    sent = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) or body is None else None
    got = headers_of(response.raw.headers.items() if response.raw is not None else response.headers.items())
    got.pop("content-encoding", None)  # requests has decoded it
    known = b"" if body is None else sent
    content = None if is_stream else response.content
    asked = (headers_of(request.headers.items()), known)
    listener.record(request.method, request.url, asked, response.status_code, (got, content), began)


@contextmanager
def _recorded_once(marks: MutableMapping[str, Any]) -> Iterator[bool]:
    """Whether a request is not recorded yet; marks it as recorded while the context lasts."""
    if _RECORDED in marks:
        yield False
        return
    marks[_RECORDED] = True
    try:
        yield True
    finally:
        del marks[_RECORDED]


def _body_of(request: httpx.Request) -> bytes | None:
    try:
        return request.content
    except httpx.RequestNotRead:
        return None


def _of_transport(options: dict[str, Any]) -> dict[str, Any]:
    return {name: options.pop(name) for name in TRANSPORT_OPTIONS if name in options}
