"""HTTP in process: for httpx, synchronous or not, and for sessions of requests."""

from __future__ import annotations

import asyncio
import io
import time
from concurrent.futures import Future, wait
from http.client import responses
from threading import Thread
from typing import Any, cast

import httpx
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from specimen.mockserver.app import App

__all__ = ["AsyncInProcessTransport", "InProcessTransport", "requests_adapter"]


class InProcessTransport(httpx.BaseTransport):
    """Sends requests to an application in this process, without a port; for `httpx.Client(transport=…)`."""

    def __init__(self, app: App) -> None:
        self._app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The whole answer.

        Raises:
            httpx.ReadError: a fault broke the connection.
            httpx.ReadTimeout: no part of the answer came within the request's read time-out.
        """
        made = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
        return _answered(self._app, made, _read_time_out(request))


class AsyncInProcessTransport(httpx.AsyncBaseTransport):
    """The same for `httpx.AsyncClient(transport=…)`, in the event loop of its caller."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._going: set[asyncio.Task[httpx.Response]] = set()  # the loop itself holds its tasks weakly

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The whole answer; after a time-out the mock goes on with the request, as a server whose client has left.

        Raises:
            httpx.ReadError: a fault broke the connection.
            httpx.ReadTimeout: no part of the answer came within the request's read time-out.
        """
        made = httpx.Request(request.method, request.url, headers=request.headers, content=await request.aread())
        progress = _Progress(self._app, _read_time_out(request))
        task = asyncio.create_task(_answer(progress, made))
        self._going.add(task)
        task.add_done_callback(self._ended)
        while True:
            await asyncio.wait([task], timeout=progress.seconds_left())
            if task.done():
                return task.result()
            progress.check(made)

    def _ended(self, task: asyncio.Task[httpx.Response]) -> None:
        self._going.discard(task)
        if not task.cancelled():
            task.exception()  # nobody else may ask for it


class _Progress:
    """An application that notes when it last sent a part of an answer, and the time-out for the next one (None: none)."""

    def __init__(self, app: ASGIApp, read_seconds: float | None) -> None:
        self._app = app
        self._read_seconds = read_seconds
        self._latest = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def forward(message: Message) -> None:
            self._latest = time.monotonic()
            await send(message)

        await self._app(scope, receive, forward)

    def seconds_left(self) -> float | None:
        return None if self._read_seconds is None else max(0.0, self._latest + self._read_seconds - time.monotonic())

    def check(self, request: httpx.Request) -> None:
        if self.seconds_left() == 0:
            raise httpx.ReadTimeout(f"no answer within {self._read_seconds:g} s", request=request)


def _answered(app: App, request: httpx.Request, read_seconds: float | None) -> httpx.Response:
    """The whole answer; after a time-out the mock goes on with the request, as a server whose client has left."""
    progress = _Progress(app, read_seconds)
    found: Future[httpx.Response] = Future()

    def work() -> None:
        try:
            found.set_result(asyncio.run(_answer(progress, request)))
        except BaseException as error:  # noqa: BLE001 - it is raised again in the caller's thread
            found.set_exception(error)

    # Nobody waits at the end of the process for an answer that nobody reads.
    Thread(target=work, name="specimen-in-process", daemon=True).start()
    while True:
        if wait([found], progress.seconds_left()).done:
            return found.result()
        progress.check(request)


def _read_time_out(request: httpx.Request) -> float | None:
    found: float | None = request.extensions.get("timeout", {}).get("read")
    return found


async def _answer(app: ASGIApp, request: httpx.Request) -> httpx.Response:
    try:
        answer = await httpx.ASGITransport(app=cast("Any", app)).handle_async_request(request)
        body = await answer.aread()
    except ConnectionResetError as error:
        raise httpx.ReadError(str(error), request=request) from error
    return httpx.Response(answer.status_code, headers=answer.headers, content=body, request=request)


def requests_adapter(app: App) -> Any:
    """An adapter for `requests.Session().mount("http://…", adapter)`: its requests are answered in this process.

    Raises:
        ImportError: requests is not installed.
    """
    import requests
    from requests.adapters import BaseAdapter
    from urllib3 import HTTPResponse

    class Adapter(BaseAdapter):
        def send(
            self,
            request: Any,
            stream: bool = False,  # noqa: ARG002 - a parameter of requests' own
            timeout: Any = None,
            *_given: Any,
            **_options: Any,
        ) -> Any:
            made = httpx.Request(request.method, request.url, headers=dict(request.headers), content=_bytes(request.body))
            try:
                answer = _answered(app, made, _read_seconds(timeout))
            except httpx.ReadTimeout as error:
                raise requests.ReadTimeout(str(error), request=request) from error
            except httpx.ReadError as error:
                raise requests.ConnectionError(str(error), request=request) from error
            found = requests.Response()
            found.status_code = answer.status_code
            found.headers.update(answer.headers)
            found.reason = responses.get(answer.status_code, "")
            found.url, found.request, found.encoding = request.url, request, answer.encoding
            found.raw = HTTPResponse(io.BytesIO(answer.content), status=answer.status_code, preload_content=False)
            return found

        def close(self) -> None:
            pass

    return Adapter()


def _read_seconds(timeout: Any) -> float | None:
    """The read time-out of what requests takes: a number, a pair for connecting and reading, or urllib3's own."""
    found = timeout[1] if isinstance(timeout, tuple) else getattr(timeout, "read_timeout", timeout)
    return float(found) if isinstance(found, (int, float)) else None


def _bytes(body: Any) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else b"".join(body)
