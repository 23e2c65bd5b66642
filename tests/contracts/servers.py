"""Servers to judge: our mock on a port, recorded or broken on the way."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from specimen import specs
from specimen.contracts.http.credentials import of_lifecycle
from specimen.mockserver.app import App, build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Settings

FOREIGN = "127.0.0.2"
Change = Callable[[Any, dict[str, Any]], Any]


def is_home(host: str) -> bool:
    """Whether a host is taken for this machine: another loopback address plays a production host."""
    return host == "127.0.0.1"


class Recorded(NamedTuple):
    """A request as it arrived."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


class Between:
    """An ASGI application around the mock: records requests, and changes JSON answers or statuses."""

    def __init__(self, app: App, change: Change | None = None) -> None:
        self.app = app
        self.settings = app.settings
        self.change = change
        self.seen: list[Recorded] = []

    async def __call__(self, scope, receive, send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        path = scope["raw_path"].decode("ascii")
        self.seen.append(Recorded(scope["method"], path, scope["query_string"].decode(), headers, body))
        sent = [False]

        async def replay() -> dict[str, Any]:
            if not sent[0]:
                sent[0] = True
                return {"type": "http.request", "body": body, "more_body": False}
            return await receive()

        if self.change is None:
            await self.app(scope, replay, send)
            return
        start: dict[str, Any] = {}
        parts: list[bytes] = []

        async def collect(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            if b"event-stream" in dict(start["headers"]).get(b"content-type", b""):
                if not parts:
                    parts.append(b"")
                    await send(start)
                await send(message)
                return
            parts.append(message.get("body", b""))
            if not message.get("more_body"):
                content = self._changed(b"".join(parts), start, scope)
                kept = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
                await send({**start, "headers": [*kept, (b"content-length", str(len(content)).encode())]})
                await send({"type": "http.response.body", "body": content})

        await self.app(scope, replay, collect)

    def _changed(self, content: bytes, start: dict[str, Any], scope: dict[str, Any]) -> bytes:
        try:
            value = json.loads(content)
        except ValueError:
            return content
        assert self.change is not None
        reported = {"status": start["status"], "method": scope["method"], "path": scope["path"]}
        changed = self.change(value, reported)
        start["status"] = reported["status"]
        return json.dumps(changed).encode()


class Place(NamedTuple):
    """Where to verify a provider, and with which headers."""

    url: str
    auth: dict[str, str]
    seen: list[Recorded]


@contextlib.contextmanager
def place(name: str, change: Change | None = None, host: str = "127.0.0.1", seed: int = 0) -> Iterator[Place]:
    """The mock of a provider on a port."""
    provider = specs.load(name)
    between = Between(build_app(Settings(providers=(name,), seed=seed, sse_max_seconds=0.2)), change)
    with running(between, host=host) as url:  # type: ignore[arg-type]
        yield Place(url + provider.mount, of_lifecycle(provider), between.seen)
