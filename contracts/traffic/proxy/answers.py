"""What the proxy sends to the app: heads of answers, problems of its own, and what a head says of the body."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import httpx
from starlette.types import Receive, Send

from specimen.contracts.http.header_values import whole_number
from specimen.contracts.http.sse import EVENT_STREAM
from specimen.contracts.traffic.proxy.upstream import Pairs

_STREAMS = frozenset(
    {EVENT_STREAM, "application/x-ndjson", "application/ndjson", "application/jsonl", "multipart/x-mixed-replace"}
)


async def client_left(receive: Receive) -> None:
    """Waits until the app closes its connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def close(response: httpx.Response) -> None:
    """Ends the answer of the target, whatever has become of its connection."""
    with contextlib.suppress(httpx.TransportError):
        await response.aclose()


async def start(send: Send, status: int, headers: Pairs) -> None:
    """Sends the head of an answer."""
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def problem(send: Send, status: int, title: str, detail: str, headers: Pairs | None = None, **more: Any) -> None:
    """Sends an answer of the proxy itself (RFC 9457)."""
    kind = f"urn:specimen:proxy:{title.lower().replace(' ', '-')}"
    body = json.dumps({"type": kind, "title": title, "status": status, "detail": detail, **more}, ensure_ascii=False).encode()
    own = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    await start(send, status, [*own, *(headers or [])])
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def not_a_path(send: Send, method: str) -> None:
    """Refuses a request line that names no path of the target."""
    if method == "CONNECT":
        detail = "CONNECT opens a tunnel, which nobody can judge. Give the app this address as its base URL, not as its proxy."
        await problem(send, 501, "No tunnels", detail)
        return
    await problem(send, 400, "Not a path", "The request line has a whole URL or `*`: only paths of the target are served.")


def is_stream(headers: dict[str, str]) -> bool:
    """Whether a body comes in parts that the app waits for, by the head of the answer."""
    if is_event_stream(headers):
        return True
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    is_text = not kind or kind.startswith("text/") or kind.endswith(("json", "jwt", "jose", "xml"))
    return not is_text and "content-length" not in headers


def is_event_stream(headers: dict[str, str]) -> bool:
    """Whether a body is a stream of events, which has no end of its own."""
    return headers.get("content-type", "").partition(";")[0].strip().lower() in _STREAMS


def content_length(headers: dict[str, str]) -> int:
    """The bytes of a body that the head names; 0 where it names none."""
    return whole_number(headers.get("content-length")) or 0
