"""Applications in process: one that changes what another one is asked or answers, and a client's transport to it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

import httpx

from specimen.contracts.http.operation_matching import match
from specimen.specs import Provider

# How far the mock's clock moves with each request: about what a request over a network takes.
STEP_MILLISECONDS = 40


@dataclass
class Call:
    """A request as it arrives. `path` begins at the provider's base URL and is percent-encoded; header names are lower-case."""

    provider: Provider
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def operation(self) -> str | None:
        """The id of the documented operation."""
        found = match(self.provider.document, self.method, self.path)
        return None if found is None else found.operation.id

    @property
    def parameters(self) -> Mapping[str, str]:
        """The path's parameters, decoded."""
        found = match(self.provider.document, self.method, self.path)
        return {} if found is None else found.parameters

    @property
    def queries(self) -> dict[str, str]:
        """The query's parameters."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @queries.setter
    def queries(self, values: Mapping[str, str]) -> None:
        self.query = urlencode(values)

    @property
    def json(self) -> Any:
        """The body's JSON value; None where there is none."""
        return _json(self.body)

    @json.setter
    def json(self, value: Any) -> None:
        self.body = json.dumps(value).encode()
        self.headers["content-type"] = "application/json"

    @property
    def has_preference(self) -> bool:
        """Whether it asks the mock for a certain answer."""
        return "prefer" in self.headers

    def to(self, old: str, new: str) -> Call:
        """The same call with another id in its path."""
        return replace(self, path=self.path.replace(quote(old, safe=""), quote(new, safe="")), headers=dict(self.headers))

    def copy(self) -> Call:
        """Another call that asks the same."""
        return replace(self, headers=dict(self.headers))


@dataclass
class Answer:
    """An answer before it is sent."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    @classmethod
    def of(cls, status: int, value: Any) -> Answer:
        """A JSON answer."""
        return cls(status, [("content-type", "application/json")], json.dumps(value, ensure_ascii=False).encode())

    @property
    def json(self) -> Any:
        """The body's JSON value; None where there is none."""
        return _json(self.body)

    @json.setter
    def json(self, value: Any) -> None:
        self.body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

    def header(self, name: str) -> str:
        """A header's value, or nothing."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def set_header(self, name: str, value: str | None) -> None:
        """Sets a header, or takes it away."""
        self.headers = [entry for entry in self.headers if entry[0].lower() != name.lower()]
        if value is not None:
            self.headers.append((name, value))


Ask = Callable[[Call], Awaitable[Answer]]
Change = Callable[[Call, Ask], Awaitable[Answer]]


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


class Changed:
    """An application whose requests and answers pass through a change; `clock` moves on with each request."""

    def __init__(self, inner: Any, provider: Provider, change: Change | None = None, chunk_bytes: int = 0) -> None:
        self.inner = inner
        self.provider = provider
        self.change = change
        self.chunk_bytes = chunk_bytes
        self.requests = 0
        self.mistake: Exception | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        self.requests += 1
        await self.inner.forward(STEP_MILLISECONDS)
        mount = self.provider.mount
        raw_path = (scope.get("raw_path") or quote(scope["path"]).encode()).partition(b"?")[0].decode("latin-1")
        if self.change is None or not raw_path.startswith(mount + "/"):
            await self.inner(scope, receive, send)
            return
        call = Call(
            self.provider,
            scope["method"],
            raw_path.removeprefix(mount),
            scope.get("query_string", b"").decode("latin-1"),
            {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
            await _body(receive),
        )

        original = call.copy()

        async def ask(wanted: Call) -> Answer:
            return await _ask(self.inner, scope, wanted, mount)

        try:
            answer = await self.change(call, ask)
        except Exception as mistake:  # noqa: BLE001 - a change that fails must not look like a defect that was found
            self.mistake = mistake
            answer = await ask(original)
        headers = [(name.encode(), value.encode("latin-1")) for name, value in answer.headers]
        step = self.chunk_bytes or max(1, len(answer.body))
        if not self.chunk_bytes and answer.status not in (204, 304) and "event-stream" not in answer.header("content-type"):
            headers.append((b"content-length", str(len(answer.body)).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        for start in range(0, len(answer.body), step):
            await send({"type": "http.response.body", "body": answer.body[start : start + step], "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _body(receive: Any) -> bytes:
    found = b""
    while True:
        message = await receive()
        found += message.get("body", b"")
        if not message.get("more_body"):
            return found


async def _ask(app: Any, scope: Any, call: Call, mount: str) -> Answer:
    headers = {name: value for name, value in call.headers.items() if name not in ("content-length", "transfer-encoding")}
    if call.body:
        headers["content-length"] = str(len(call.body))
    path = mount + call.path
    wanted = {
        **{key: value for key, value in scope.items() if not key.startswith("specimen")},
        "method": call.method,
        "path": unquote(path),
        "raw_path": path.encode("latin-1"),
        "query_string": call.query.encode("latin-1"),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
    }
    return await asked(app, wanted, call.body)


async def asked(app: Any, scope: Any, body: bytes) -> Answer:
    """An application's whole answer; a stream's too."""
    is_read, ended = False, asyncio.Event()
    answer = Answer(0)

    async def receive() -> Any:
        nonlocal is_read
        if is_read:
            await ended.wait()
            return {"type": "http.disconnect"}
        is_read = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            shown = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"])
            answer.headers = [(name, value) for name, value in shown if name != "content-length"]
        else:
            answer.body += message.get("body", b"")
            if not message.get("more_body"):
                ended.set()

    await app(scope, receive, send)
    return answer


class InProcess(httpx.BaseTransport):
    """Sends a synchronous client's requests to an application, without a network."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self._loop = asyncio.new_event_loop()
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The application's answer."""
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": request.url.scheme,
            "path": request.url.path,
            "raw_path": request.url.raw_path.partition(b"?")[0],
            "query_string": request.url.query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "server": (request.url.host, request.url.port),
            "client": ("127.0.0.1", 1),
            "root_path": "",
        }
        with self._lock:
            answer = self._loop.run_until_complete(asked(self.app, scope, request.read()))
        headers = [(name.encode(), value.encode("latin-1")) for name, value in answer.headers]
        return httpx.Response(answer.status, headers=headers, content=answer.body, request=request)

    def end(self) -> None:
        """Closes the event loop; a client that closes its transport leaves it open for the next one."""
        self._loop.close()
