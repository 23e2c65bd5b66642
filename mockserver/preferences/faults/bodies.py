"""What faults make of the body of an answer."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from msgspec.json import encode

from specimen.mockserver.preferences.faults.drifting import drifted
from specimen.mockserver.preferences.faults.names import drift_of
from specimen.mockserver.preferences.faults.rules import FaultRule
from specimen.specs import Provider

_HTML = b"<!doctype html><html><body><h1>502 Bad Gateway</h1></body></html>\n"


class Answer(NamedTuple):
    """An answer before it is sent."""

    status: int
    content_type: str
    body: bytes


def changed(rule: FaultRule, answer: Answer, provider: Provider, operation: str | None) -> Answer:
    """The answer as the fault makes it; as it is where the fault does not concern it."""
    if rule.kind == "malformed_json":
        return answer._replace(body=_malformed(answer.body, rule.what.get("how", "cut")))
    if rule.kind == "content_type":
        return _retyped(answer, rule)
    if rule.kind == "empty":
        return answer._replace(body=b"")
    if rule.kind not in ("duplicated_row", "drift"):
        return answer
    try:
        value = json.loads(answer.body)
    except ValueError:
        return answer
    if rule.kind == "duplicated_row":
        newer = _with_row_twice(value)
    else:
        drift = drift_of(provider, rule.what["drift"])
        newer = value if drift is None else drifted(drift, operation or "", answer.status, value)
    return answer if newer is value else answer._replace(body=encode(newer))


def _malformed(body: bytes, how: str) -> bytes:
    text = body.rstrip()
    if how == "html":
        return _HTML
    if how == "trailing_comma":
        return text[:-1] + b"," + text[-1:]
    if how == "single_quotes":
        return text.replace(b'"', b"'")
    return text[:-1]


def _retyped(answer: Answer, rule: FaultRule) -> Answer:
    charset = rule.what.get("charset")
    if charset is not None and "content_type" not in rule.what:
        text = answer.body.decode("utf-8", "replace")
        return answer._replace(body=text.encode(charset, "replace"))
    content_type = rule.what.get("content_type", "text/html")
    body = answer.body if charset is None else answer.body.decode("utf-8", "replace").encode(charset, "replace")
    return answer._replace(content_type=content_type, body=body)


def _with_row_twice(value: Any) -> Any:
    """The first list of objects at the top level with its first row twice."""
    if not isinstance(value, dict):
        return value
    for name, rows in value.items():
        if isinstance(rows, list) and rows and isinstance(rows[0], dict):
            return {**value, name: [rows[0], *rows]}
    return value
