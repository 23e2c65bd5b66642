"""Exchanges as one process hands them over to the others: cheap to make, and without credentials."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from specimen.mockserver.http.messages import Problem, SchemaError
from specimen.mockserver.sessions.request_log.json_bodies import written
from specimen.mockserver.sessions.request_log.log import Exchange, moment_of
from specimen.mockserver.sessions.request_log.masking import judged_body, masked_body, masked_headers, masked_query
from specimen.mockserver.sessions.request_log.shown import MOST_DETAIL, body_bytes
from specimen.specs import Provider

_MOST_BODY_BYTES = 65_536
_MOST_REQUEST_BYTES = 16_384
_MAY_HOLD_SECRETS = re.compile(rb"auth|cookie|token|secret|pass|key|credential|signature", re.IGNORECASE)


def packed(exchange: Exchange, provider: Provider | None, issued: frozenset[str]) -> dict[str, Any]:
    """The exchange without credentials; of a request's body that is no small JSON, what the log shows of it (`request_shown`)."""
    raw, content_type, shown = exchange.request_body, exchange.headers.get("content-type", ""), None
    if raw and (len(raw) > _MOST_REQUEST_BYTES or "json" not in content_type):
        raw, shown = b"", masked_body(raw, content_type, provider, exchange.operation)
    elif raw and _MAY_HOLD_SECRETS.search(raw):
        found = judged_body(raw, issued)
        raw = b"" if found is None else written(found).encode()
    problem = exchange.problem
    return {
        "at": exchange.at,
        "provider": exchange.provider,
        "method": exchange.method,
        "path": exchange.path,
        "query": masked_query(exchange.query.decode("latin-1"), provider, exchange.operation).encode("latin-1", "replace"),
        "headers": masked_headers(exchange.headers, provider),
        "request_body": raw,
        "request_shown": shown,
        "operation": exchange.operation,
        "status": exchange.status,
        "content_type": exchange.content_type,
        "body": body_bytes(exchange)[:_MOST_BODY_BYTES],
        "scenario": exchange.scenario,
        "problem": None
        if problem is None
        else [problem.kind, problem.detail[:MOST_DETAIL], [[error.pointer, error.name] for error in problem.errors]],
        "fault": exchange.fault,
        "milliseconds": exchange.milliseconds,
        "real_ns": exchange.real_ns,
    }


def unpacked(value: Mapping[str, Any], namespace: str) -> tuple[Exchange, Any]:
    """The exchange that another process packed, and what the log shows of its request's body where that is not in it."""
    found = dict(value)
    problem, real, took = found.pop("problem"), found.pop("real_ns"), found.pop("milliseconds")
    shown = found.pop("request_shown")
    ended = moment_of(real)
    if problem is not None:
        kind, detail, errors = problem
        problem = Problem(kind, detail, errors=tuple(SchemaError(pointer, name, "") for pointer, name in errors))
    began = ended - took / 1000 if took else 0.0
    return Exchange(**found, namespace=namespace, problem=problem, began=began, ended=ended), shown
