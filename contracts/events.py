"""The events of a server-sent stream, each held to the schema that the document gives them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from contracts.exchange import Exchange
from contracts.judge import BODY_RULE
from contracts.rule import Finding, Violation
from contracts.rulebook import rulebook
from specs.documents import escape

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


def event_violations(exchange: Exchange) -> list[Violation]:
    """What the events of an answer break of the document's `x-event-schema`."""
    operation = exchange.operation
    if operation is None or exchange.response_type != EVENT_STREAM or str(exchange.status) not in operation.responses:
        return []
    place = f"/paths/{escape(operation.path)}/{operation.method}/responses/{exchange.status}/content/{escape(EVENT_STREAM)}"
    node: Any = exchange.provider.document.raw["paths"][operation.path][operation.method]["responses"][str(exchange.status)]
    if "x-event-schema" not in node.get("content", {}).get(EVENT_STREAM, {}):
        return []
    rules = rulebook(exchange.provider)
    schemas = exchange.provider.schemas
    validator = schemas.validator(f"{place}/x-event-schema")
    found: set[Violation] = set()
    for data in events(exchange.response_body):
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            found.add(
                Violation.of(rules[BODY_RULE], exchange, Finding("", "an event whose data is JSON", f"{len(data)} characters"))
            )
            continue
        for error in validator.iter_errors(value):
            title = schemas.rule_title(error)
            rule = rules[BODY_RULE] if title is None else rules[title.partition(" ")[0]]
            pointer = "".join(f"/{part}" for part in error.instance_path)
            expected = rule.sentence if title else f"an event that keeps '{error.kind.name}'"
            found.add(Violation.of(rule, exchange, Finding(pointer, expected, error.instance)))
    return sorted(found)
