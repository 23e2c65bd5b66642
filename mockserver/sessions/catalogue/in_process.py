"""Sends a scenario's request through an application in this process, without a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message

from specimen.mockserver.sessions.catalogue.scenario_requests import encoded_body


async def answered(
    app: ASGIApp, method: str, path: str, headers: Mapping[str, str], body: Any, more: Mapping[str, Any] | None = None
) -> tuple[int, bytes]:
    """Status and body of the answer to a request in the form of a scenario's; `more` are further members of the scope."""
    raw, content_type = encoded_body(body)
    shown = {"host": "127.0.0.1", **{name.lower(): value for name, value in headers.items()}}
    if raw:
        shown["content-length"] = str(len(raw))
        shown.setdefault("content-type", content_type)
    route, _, query = path.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": unquote(route),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in shown.items()],
        **(more or {}),
    }
    status, chunks = 0, []

    async def receive() -> Message:
        return {"type": "http.request", "body": raw, "more_body": False}

    async def collect(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            chunks.append(message.get("body", b""))

    await app(scope, receive, collect)
    return status, b"".join(chunks)
