"""The events of a server-sent stream, and where the document says what they look like."""

from __future__ import annotations

from collections.abc import Iterator

from specimen.contracts.http.exchange import Exchange
from specimen.specs.core.json_pointer import escape

EVENT_STREAM = "text/event-stream"


def events(body: bytes) -> Iterator[str]:
    """The data of each whole event (WHATWG HTML, "Server-sent events"); comments and an unfinished end are left out."""
    text = body.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines: list[str] = []
    for line in text.split("\n")[:-1]:
        if line:
            name, _, value = line.partition(":")
            if name == "data":
                lines.append(value.removeprefix(" "))
        elif lines:
            yield "\n".join(lines)
            lines = []


def event_schema(exchange: Exchange) -> str | None:
    """The JSON pointer of the schema (`x-event-schema`) of an answer's events; None for all that is no such stream."""
    operation, status = exchange.operation, str(exchange.status)
    if operation is None or exchange.response_type != EVENT_STREAM or status not in operation.responses:
        return None
    node = exchange.provider.document.raw["paths"][operation.path][operation.method]["responses"][status]
    if "x-event-schema" not in node.get("content", {}).get(EVENT_STREAM, {}):
        return None
    place = f"/paths/{escape(operation.path)}/{operation.method}/responses/{status}"
    return f"{place}/content/{escape(EVENT_STREAM)}/x-event-schema"
