"""Exchanges and reports for the tests of reports."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.reporting.collector import Collector
from specimen.contracts.reporting.model import Report
from specimen.specs import Provider, load

BASE_URL = "http://127.0.0.1:8080/kayle"
TOKEN = "kk_live_4f9c1b7e2d"
SESSION = "vs_" + "a1" * 32
STARTED_AT = 1_790_000_000_000


@cache
def kayle() -> Provider:
    """The provider that most cases use."""
    return load("kayle")


def session_body(**changes: Any) -> dict[str, Any]:
    """The document's own example of a session, changed."""
    operation = kayle().document.operations["getSession"]
    body: dict[str, Any] = json.loads(json.dumps(next(iter(operation.responses["200"].media[0].examples.values()))))
    body["data"].update({"id": SESSION, **changes})
    return body


def exchange(body: Any = None, **changes: Any) -> Exchange:
    """A read of a session by the walk, changed."""
    content = json.dumps(session_body() if body is None else body).encode()
    made = Exchange(
        provider=kayle(),
        method="GET",
        path=f"/v1/sessions/{SESSION}",
        query="",
        request_headers={"authorization": f"Bearer {TOKEN}", "user-agent": "test"},
        request_body=b"",
        status=200,
        response_headers={"content-type": "application/json"},
        response_body=content,
        at=STARTED_AT,
        seen_by="walk",
    )
    return replace(made, **changes)


def collected(*exchanges: Exchange, sessions: tuple[str, ...] = (), **options: Any) -> Report:
    """A report of exchanges, judged in their order."""
    collector = Collector(kayle(), options.pop("base_url", BASE_URL), token=options.pop("token", TOKEN), sessions=sessions)
    for one in exchanges:
        collector.judge(one)
    values: dict[str, Any] = {
        "profile": "smoke", "seed": 1, "fail_on": "warning", "started_at": STARTED_AT, "seconds": 1.25,
        "requests": len(exchanges),
    }  # fmt: skip
    return collector.report(**{**values, **options})


def broken_report(**options: Any) -> Report:
    """A report with violations, notes and something missing."""
    body = session_body(
        status="succeeded", failure_code="liveness_failed", created_at="2031-01-01T00:00:00.000Z", expires_at="tomorrow"
    )
    return collected(
        exchange(), exchange(body), exchange(body), exchange(status=418), require=("succeeded", "expired"), **options
    )
