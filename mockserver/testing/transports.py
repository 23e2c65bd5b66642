"""Synchronous HTTP in process: for httpx, and for sessions of requests."""

from __future__ import annotations

import io
from http.client import responses
from typing import Any, cast

import httpx

from specimen.mockserver.app import App
from specimen.mockserver.testing.in_process import completed

__all__ = ["InProcessTransport", "requests_adapter"]


class InProcessTransport(httpx.BaseTransport):
    """Sends requests to an application in this process, without a port; for `httpx.Client(transport=…)`."""

    def __init__(self, app: App) -> None:
        self._app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The whole answer.

        Raises:
            httpx.ReadError: a fault broke the connection.
        """
        made = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
        return completed(_answer(self._app, made))


async def _answer(app: App, request: httpx.Request) -> httpx.Response:
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
        def send(self, request: Any, *_given: Any, **_options: Any) -> Any:
            made = httpx.Request(request.method, request.url, headers=dict(request.headers), content=_bytes(request.body))
            try:
                answer = completed(_answer(app, made))
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


def _bytes(body: Any) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else b"".join(body)
