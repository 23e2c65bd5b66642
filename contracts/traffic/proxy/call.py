"""A request on its way through the proxy, and copies of the bodies that are passed on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from starlette.requests import Request

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.traffic.monitor import Monitor, headers_of, now_millis
from specimen.contracts.traffic.proxy.upstream import Pairs


@dataclass
class BodyCopy:
    """The first bytes of a forwarded body."""

    most_bytes: int
    content: bytearray = field(default_factory=bytearray)
    is_whole: bool = True
    is_broken: bool = False

    def add(self, chunk: bytes) -> None:
        """Keeps a part of the body, unless it would be more than the most that is kept."""
        if len(self.content) + len(chunk) > self.most_bytes:
            self.is_whole = False
        else:
            self.content += chunk


@dataclass(frozen=True)
class Call:
    """A request on its way: `path` and `query` as the app sent them."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: BodyCopy
    started_at: int

    def exchange(self, monitor: Monitor, status: int, headers: Pairs, body: bytes) -> Exchange:
        """The exchange that this request makes with an answer."""
        return Exchange(
            provider=monitor.provider, method=self.method, path=self.path, query=self.query, request_headers=self.headers,
            request_body=bytes(self.body.content), status=status, response_headers=headers_of(headers), response_body=body,
            at=now_millis(), began=self.started_at, seen_by="proxy",
        )  # fmt: skip


async def uploaded(request: Request, copy: BodyCopy) -> AsyncIterator[bytes]:
    """The parts of a request's body as they come, each copied."""
    async for chunk in request.stream():
        if chunk:
            copy.add(chunk)
            yield chunk
