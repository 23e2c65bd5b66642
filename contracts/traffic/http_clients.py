"""Judges the exchanges of HTTP clients: httpx, its async client, and requests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, MutableMapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from unittest import mock

import httpx

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.traffic.monitor import BaseUrl, Monitor, headers_of, now_millis

if TYPE_CHECKING:
    import requests

MOST_BYTES = 16 * 1024 * 1024
# Options of httpx.Client that are its transport's.
TRANSPORT_OPTIONS = ("verify", "cert", "trust_env", "http1", "http2", "limits", "proxy", "uds", "local_address", "retries")
_HEARD = "specimen.heard"


class Listener:
    """Judges the exchanges with one base URL: those of a wrapped client, or all of a test."""

    def __init__(self, monitor: Monitor, base_url: BaseUrl) -> None:
        self.monitor = monitor
        self.base_url = base_url

    def hears(self, url: str) -> bool:
        """Whether a URL is below the base URL."""
        if self.base_url.below(url) is not None:
            return True
        self.monitor.pass_by()
        return False

    def record(
        self,
        method: str,
        url: str,
        sent: tuple[Mapping[str, str], bytes | None],
        status: int,
        got: tuple[Mapping[str, str], bytes | None],
    ) -> None:
        """Judges one exchange; headers and body of both sides, a body that is None was not seen whole."""
        below = self.base_url.below(url) or ("/", "")
        exchange = Exchange(
            provider=self.monitor.provider, method=method.upper(), path=below[0], query=below[1], request_headers=sent[0],
            request_body=sent[1] or b"", status=status, response_headers=got[0], response_body=got[1] or b"",
            at=now_millis(), seen_by="client",
        )  # fmt: skip
        if sent[1] is None or got[1] is None:
            self.monitor.skip(exchange, "a stream that was not read to its end, or more than 16 MiB")
        elif exchange.operation is None:
            self.monitor.skip(exchange, "no documented operation")
        else:
            self.monitor.judge(exchange)

    def wrap(self, request: httpx.Request, response: httpx.Response, *, is_async: bool = False) -> httpx.Response:
        """A response of httpx whose body is judged once it was read."""
        stream: Any = response.stream

        def end(body: bytes | None) -> None:
            sent = _body_of(request)
            got = (headers_of(response.headers.raw), body)
            self.record(request.method, str(request.url), (headers_of(request.headers.raw), sent), response.status_code, got)

        tee = _AsyncTee(stream, end) if is_async else _Tee(stream, end)
        return httpx.Response(
            response.status_code, headers=response.headers, stream=tee, extensions=response.extensions, request=request
        )


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
        with _heard_once(request.extensions) as is_ours:
            response = self._inner.handle_request(request)
        return self._listener.wrap(request, response) if is_ours and self._listener.hears(str(request.url)) else response

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
        with _heard_once(request.extensions) as is_ours:
            response = await self._inner.handle_async_request(request)
        if not is_ours or not self._listener.hears(str(request.url)):
            return response
        return self._listener.wrap(request, response, is_async=True)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._inner.aclose()


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
def hearing_all(listener: Listener) -> Iterator[None]:
    """Judges every exchange of httpx and requests with the base URL while the context lasts."""
    plain, plain_async = httpx.HTTPTransport.handle_request, httpx.AsyncHTTPTransport.handle_async_request

    def handle(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        with _heard_once(request.extensions) as is_ours:
            response = plain(self, request)
        return listener.wrap(request, response) if is_ours and is_there(request) else response

    async def handle_async(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        with _heard_once(request.extensions) as is_ours:
            response = await plain_async(self, request)
        return listener.wrap(request, response, is_async=True) if is_ours and is_there(request) else response

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
        yield


def _send(listener: Listener, send: Callable[..., Any], request: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Sends a request of requests and records it, unless it is recorded already."""
    with _heard_once(vars(request)) as is_ours:
        response = send(request, *args, **options)
    if is_ours and listener.base_url.below(request.url) is not None:
        # `stream` is the first argument after the request.
        _hear_requests(listener, request, response, is_stream=bool(options.get("stream", args[0] if args else False)))
    return response


def _hear_requests(listener: Listener, request: Any, response: Any, *, is_stream: bool) -> None:
    body = request.body
    sent = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) or body is None else None
    got = headers_of(response.raw.headers.items() if response.raw is not None else response.headers.items())
    got.pop("content-encoding", None)  # requests has decoded it
    known = b"" if body is None else sent
    content = None if is_stream else response.content
    listener.record(
        request.method, request.url, (headers_of(request.headers.items()), known), response.status_code, (got, content)
    )


@contextmanager
def _heard_once(marks: MutableMapping[str, Any]) -> Iterator[bool]:
    """Whether a request is not recorded yet; marks it as recorded while the context lasts."""
    if _HEARD in marks:
        yield False
        return
    marks[_HEARD] = True
    try:
        yield True
    finally:
        del marks[_HEARD]


def _body_of(request: httpx.Request) -> bytes | None:
    try:
        return request.content
    except httpx.RequestNotRead:
        return None


def _of_transport(options: dict[str, Any]) -> dict[str, Any]:
    return {name: options.pop(name) for name in TRANSPORT_OPTIONS if name in options}
