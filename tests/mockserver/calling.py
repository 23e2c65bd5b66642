"""Requests to an application, in process and byte by byte."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx

from specimen.mockserver.app import App, build_app
from specimen.mockserver.sessions.catalogue.scenario_requests import encoded_body
from specimen.mockserver.sessions.namespaces import Namespace
from specimen.mockserver.settings import Pace, Settings
from specimen.mockserver.testing.in_process import completed
from specimen.specs import Provider

NOW = 1_773_916_266_000  # 2026-03-19T10:31:06Z


def frozen_app(*providers: str, pace: str = "manual", **settings: Any) -> App:
    """An application whose clock stands still."""
    return build_app(Settings(providers=providers, now=NOW, freeze=True, pace=Pace.parse(pace), **settings))


def forward(app: App, milliseconds: int, namespace: str = "default") -> None:
    """Moves the clock of a namespace forward."""
    completed(app.forward(milliseconds, namespace))


def namespace(app: App, name: str) -> Namespace:
    """A namespace of an application."""
    return completed(app.namespaces.get(name))


def ask(app: Any, method: str, path: str, headers: Mapping[str, str] | None = None, **rest: Any) -> httpx.Response:
    """The answer to a request sent in process."""

    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            return await client.request(method, path, headers=headers, **rest)

    return asyncio.run(go())


def ask_raw(
    app: Any, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"", query: bytes = b""
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the answer to a request whose path is used as it stands, with no HTTP client's rules."""
    shown = {"host": "127.0.0.1:8080", **(headers or {})}
    if body:
        shown["content-length"] = str(len(body))
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in shown.items()],
    }
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    answer = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
    return sent[0]["status"], answer, b"".join(message.get("body", b"") for message in sent[1:])


def ask_entry(app: Any, entry: Mapping[str, Any], **headers: str) -> httpx.Response:
    """The answer to a request in the form of the wishes table, with further headers (`_` for `-`)."""
    body, content_type = encoded_body(entry["body"])
    shown = {**entry["headers"], **{name.replace("_", "-"): value for name, value in headers.items()}}
    if body:
        shown.setdefault("Content-Type", content_type)
    return ask(app, entry["method"], entry["path"], shown, content=body)


def create_entry(app: App, name: str, magic: str | None = None) -> dict[str, Any]:
    """A provider's smallest create request; with a magic value in the vendor's free field."""
    provider = app.mounted[name].provider
    entry = app.mounted[name].table.create_request()
    if magic is not None and provider.lifecycle.magic is not None:
        *parents, last = provider.lifecycle.magic.pointer.split("/")[1:]
        if isinstance(entry["body"], dict) and "$multipart" in entry["body"]:
            parts = [part for part in entry["body"]["$multipart"] if part["name"] != last]
            entry["body"] = {"$multipart": [*parts, {"name": last, "value": magic}]}
        else:
            node = entry["body"] = dict(entry["body"] or {})
            for part in parents:
                node[part] = dict(node.get(part) or {})
                node = node[part]
            node[last] = magic
    return entry


def pointed(value: Any, pointer: str) -> Any:
    """The value at a JSON pointer."""
    for part in pointer.split("/")[1:]:
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def read_entry(app: App, name: str, answer: Any) -> dict[str, Any]:
    """The request that reads a session's status, given the answer that made it."""
    provider = app.mounted[name].provider
    mounted, lifecycle = app.mounted[name], provider.lifecycle
    session_id = pointed(answer, lifecycle.create.session)
    template = next(iter(mounted.table.entries()))
    assert template["operation"] == lifecycle.reads[0].operation
    known = next(iter(mounted.shared_state.catalogue.places()))[0]
    return json.loads(json.dumps(template).replace(known, session_id))  # type: ignore[no-any-return]


def state_of(app: App, name: str, answer: httpx.Response) -> Any:
    """The vendor's status value in the answer of the provider's first read."""
    assert answer.status_code == 200, answer.text
    pointer = app.mounted[name].provider.lifecycle.reads[0].status
    assert pointer is not None
    return pointed(answer.json(), pointer)


def assert_vendors_error(provider: Provider, operation: str, answer: httpx.Response) -> None:
    """The answer to an operation has the members of an error that its vendor documents for it, and no status but its own."""
    described = provider.document.operations[operation]
    documented = [
        found[2] for name, code in described.examples() if code >= 400 and (found := described.example(name)) is not None
    ]
    assert answer.headers["content-type"].partition(";")[0] == "application/json"
    body = answer.json()
    assert any(_members(body) == _members(each) for each in documented), (body, documented)
    assert [number for number in _numbers(body) if 400 <= number < 600] in ([], [answer.status_code])
    assert "specimen" not in answer.text.lower()


def _members(value: Any) -> Any:
    return {name: _members(each) for name, each in value.items()} if isinstance(value, dict) else type(value)


def _numbers(value: Any) -> list[int]:
    if isinstance(value, dict):
        return [number for each in value.values() for number in _numbers(each)]
    return [value] if isinstance(value, int) else []
