"""Bytes over a real port, and what an answer to them must be."""

from __future__ import annotations

import http.client
import json
import logging
import re
import socket
from urllib.parse import urlsplit

from specimen import specs
from specimen.mockserver.app import App
from specimen.specs.loading.openapi import COMPONENT_RESPONSES, Operation

PATIENCE_SECONDS = 8.0


class Listener(logging.Handler):
    """Keeps what the server and asyncio log as errors."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps one."""
        self.heard.append(self.format(record))


class Target:
    """A server on a port, and the application behind it."""

    def __init__(self, app: App, url: str) -> None:
        self.app = app
        self.address = (str(urlsplit(url).hostname), int(urlsplit(url).port or 0))

    def connect(self) -> socket.socket:
        """A new connection."""
        return socket.create_connection(self.address, timeout=PATIENCE_SECONDS)

    def send(self, data: bytes, method: str = "GET") -> tuple[int, http.client.HTTPMessage, bytes]:
        """The answer to bytes sent as they stand; a server that does not answer in time fails the test."""
        with self.connect() as connection:
            connection.sendall(data)
            return receive(connection, method)

    def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """The answer to a request whose path is used as it stands."""
        shown = {"Host": "127.0.0.1", "Connection": "close", **(headers or {})}
        if body is not None and "Transfer-Encoding" not in shown:
            shown.setdefault("Content-Length", str(len(body)))
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in shown.items())]
        return self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b""), method)


def receive(connection: socket.socket, method: str = "GET") -> tuple[int, http.client.HTTPMessage, bytes]:
    """Status, headers and body of the answer on a connection."""
    answer = http.client.HTTPResponse(connection, method=method)
    answer.begin()
    return answer.status, answer.headers, answer.read()


def credentials(name: str) -> dict[str, str]:
    """Headers of the provider's first good credential."""
    return dict(next(entry.headers for entry in specs.load(name).lifecycle.credentials.values() if entry.fails is None))


def path_of(app: App, name: str, operation: Operation) -> str:
    """A path of an operation whose parameters are valid: one that the wishes table uses."""
    provider = app.mounted[name].provider
    if not any(parameter.location == "path" for parameter in operation.parameters):
        return provider.mount + operation.path
    pattern = re.compile(re.escape(provider.mount) + re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/?]+)", re.escape(operation.path)))
    for entry in app.mounted[name].table.entries():
        match = pattern.fullmatch(entry["path"].partition("?")[0])
        if match is not None and all(
            provider.schemas.validator(parameter.pointer).is_valid(match[parameter.name])
            for parameter in operation.parameters
            if parameter.location == "path"
        ):
            return match[0]
    raise AssertionError(f"no entry of the table shows a path of {operation.id}")


def check(name: str, operation: Operation | None, answer: tuple[int, http.client.HTTPMessage, bytes]) -> int:
    """Fails unless status, content type and body are what the document says; gives the status."""
    status, headers, body = answer
    provider = specs.load(name)
    content_type = headers.get_content_type()
    pointers = []
    if operation is not None and str(status) in operation.responses:
        media = operation.responses[str(status)].content(content_type)
        if not operation.responses[str(status)].media:
            assert body == b""
            return status
        pointers.append(None if media is None else media.pointer)
    else:
        found = [component for component, code in COMPONENT_RESPONSES.values() if code == status]
        pointers += [f"/components/responses/{component}/content/application~1json/schema" for component in found]
    assert pointers, f"status {status} is not documented: {body[:300]!r}"
    assert pointers[0] is not None, f"content type {content_type} is not documented"
    errors = [error.message for error in provider.strict_schemas.validator(pointers[0]).iter_errors(json.loads(body))]
    assert errors == [], body[:300]
    return status
