"""Exchanges as the request log shows them: JSON, without credentials and document data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote

from specimen.fixtures.primitives.times import iso_millis
from specimen.mockserver.http.messages import encode
from specimen.mockserver.sessions.request_log.json_bodies import UnshowableBody, read_or_none
from specimen.mockserver.sessions.request_log.json_bodies import read as read_json
from specimen.mockserver.sessions.request_log.log import Exchange
from specimen.mockserver.sessions.request_log.masking import masked_answer, masked_body, masked_headers, masked_path, masked_query
from specimen.specs import Provider
from specimen.specs.core import json_pointer

MOST_DETAIL = 300
_MOST_BODY_BYTES = 65_536


def shown(number: int, exchange: Exchange, provider: Provider | None) -> dict[str, Any]:
    """One entry of the log."""
    problem = exchange.problem
    return {
        "number": number,
        "at": iso_millis(exchange.at),
        "real_at": iso_millis(exchange.real_ns // 1_000_000),
        "milliseconds": round(exchange.milliseconds, 3),
        "namespace": exchange.namespace,
        "provider": exchange.provider,
        "operation": exchange.operation,
        "method": exchange.method,
        "path": masked_path(exchange.path, provider, exchange.operation),
        "query": masked_query(exchange.query.decode("latin-1"), provider, exchange.operation),
        "session": session_of(exchange, provider),
        "request": {
            "headers": masked_headers(exchange.headers, provider),
            "body": masked_body(exchange.request_body, exchange.headers.get("content-type", ""), provider, exchange.operation),
        },
        "status": exchange.status,
        "scenario": exchange.scenario,
        "response": {"content_type": exchange.content_type, "body": _answered(exchange, provider)},
        "problem": None
        if problem is None
        else {
            "kind": problem.kind,
            "detail": problem.detail[:MOST_DETAIL],
            "errors": [{"pointer": error.pointer, "keyword": error.name} for error in problem.errors],
        },
        "fault": exchange.fault,
    }


def body_bytes(exchange: Exchange) -> bytes:
    """The bytes of the answer's body."""
    body = exchange.body
    if isinstance(body, bytes):
        return body
    return b"" if body is None else encode(body)


def _answered(exchange: Exchange, provider: Provider | None) -> Any:
    raw = exchange.body
    if isinstance(raw, bytes):
        if not raw:
            return None
        if len(raw) > _MOST_BODY_BYTES or "json" not in exchange.content_type:
            return {"$bytes": len(raw)}
        try:
            raw = read_json(raw)
        except UnshowableBody:
            return {"$bytes": len(exchange.body)}
    elif raw is not None:
        raw = json.loads(encode(raw))
    return masked_answer(raw, provider)


def session_of(exchange: Exchange, provider: Provider | None) -> str | None:
    """The id of the session that the exchange is about, by any of its names; None where it is about none, or several."""
    if provider is None or exchange.operation is None:
        return None
    lifecycle = provider.lifecycle
    if exchange.operation == lifecycle.create.operation and exchange.status < 300:
        found = json_pointer.at(_json(exchange.body), lifecycle.create.session)
        if isinstance(found, str):
            return found
    operation = provider.document.operations.get(exchange.operation)
    if operation is None:
        return None
    in_path = path_parameters(operation.path, exchange.path)
    names = [name for name in in_path if "id" in name.lower()]
    if names:
        return in_path[names[-1]]
    body = _json(exchange.request_body)
    for read in lifecycle.reads:
        if read.operation != exchange.operation or not isinstance(read.request.body, Mapping):
            continue
        for name, template in read.request.body.items():
            if isinstance(template, str) and template.startswith("{") and isinstance(body, Mapping):
                value = body.get(name)
                if isinstance(value, str):
                    return value
    query = parse_qs(exchange.query.decode("latin-1"))
    return next((query[name][0] for name in ("session", "sessionId", "session_id") if name in query), None)


def path_parameters(template: str, path: str) -> dict[str, str]:
    """The values of a path's parameters; `path` may begin with the mount."""
    parts, found = template.split("/")[1:], {}
    given = path.split("/")[-len(parts) :]
    for part, value in zip(parts, given, strict=False):
        if part.startswith("{") and part.endswith("}"):
            found[part[1:-1]] = unquote(value)
    return found


def _json(body: Any) -> Any:
    return read_or_none(body) if isinstance(body, bytes) else body
