"""Whatever a peer answers is judged, redacted and reported: no header and no body raises."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from specimen import specs
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.header_values import retry_after_seconds
from specimen.contracts.http.multipart import form
from specimen.contracts.http.sse import EventReader, events
from specimen.contracts.reporting.formats.registry import FORMATS, render
from specimen.contracts.traffic.monitor import Monitor

NAMES = st.sampled_from(
    ["content-type", "content-length", "content-encoding", "date", "retry-after", "set-cookie", "link", "location", "allow",
     "www-authenticate", "etag", "x-ratelimit-limit", "ratelimit-reset", "x-request-id", "x-ratelimit-remaining"]
)  # fmt: skip
ODD_TEXTS = [
    "²", "1e999", "-0", "9" * 400, "Fri, 31 Dec 9999 23:59:59 -9999", "0001-01-01T00:00:00+23:59", "2026-02-30",
    "a=b; Expires=Thu, 99 Foo 0000", "gzip, gzip, gzip",
    "<http://[>; rel=next", "http://a]", "text/event-stream", "application/json", "",
    "multipart/mixed; boundary=", "application/json; charset=\x00", "\ud800",
]  # fmt: skip
NUMBERS = ["1e999", "-1e999", "1" * 5000, "0.1e-400", "-0", "1e300", "NaN"]
STREAM = [b"data:", b"\n", b"\r", b"\r\n", b"id: \x00", b"retry: \xc2\xb2", b"\xef\xbb\xbf", b"event", b":"]
TEXTS = st.text(max_size=40) | st.sampled_from(ODD_TEXTS)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=12
)
BODIES = (
    st.binary(max_size=200)
    | VALUES.map(lambda value: json.dumps(value).encode())
    | st.integers(1, 60_000).map(lambda depth: b"[" * depth)
    | st.lists(st.sampled_from(STREAM), max_size=20).map(b"".join)
)
# A documented example in which every so manieth value is another one.
SPOILED = st.tuples(st.integers(0, 30), st.sampled_from(NUMBERS) | VALUES.map(json.dumps))
STATUSES = st.sampled_from([200, 201, 204, 206, 301, 400, 401, 404, 429, 500, 599])
ANSWERS = st.tuples(st.integers(0, 99), STATUSES, st.dictionaries(NAMES, TEXTS, max_size=4), BODIES | SPOILED)


def spoiled(name: str, which: int, place: int, text: str) -> bytes:
    """The body of an operation's first example with another value at some place, as JSON."""
    operations = list(specs.load(name).document.operations.values())
    responses = operations[which % len(operations)].responses.values()
    example = next((value for one in responses for media in one.media for value in media.examples.values()), {"data": {}})
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key in node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
            places.append((node, key))
            walk(node[key])

    example = json.loads(json.dumps(example))
    walk(example)
    if places:
        node, key = places[place % len(places)]
        node[key] = "@here@"
    return json.dumps(example).replace('"@here@"', text).encode("utf-8", "surrogatepass")


def exchange(name: str, which: int, status: int, headers: Mapping[str, str], body: bytes) -> Exchange:
    """An answer of an operation to a request for it."""
    provider = specs.load(name)
    operations = list(provider.document.operations.values())
    operation = operations[which % len(operations)]
    path = "/".join("x1" if part.startswith("{") else part for part in operation.path.split("/"))
    return Exchange(
        provider=provider, method=operation.method.upper(), path=path, query="", request_headers={}, request_body=b"",
        status=status, response_headers=headers, response_body=body, at=1, seen_by="har",
    )  # fmt: skip


@pytest.mark.hypothesis
@pytest.mark.parametrize("name", specs.names())
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(answers=st.lists(ANSWERS, min_size=1, max_size=4))
def test_answers__never_raise(name: str, answers: list[Any]) -> None:
    """A few answers in a row, with what the peer likes in headers and bodies, end in a report of every format."""
    monitor = Monitor(specs.load(name), "http://127.0.0.1:1", counts_coverage=True)
    for which, status, headers, body in answers:
        content = body if isinstance(body, bytes) else spoiled(name, which, *body)
        told = headers if isinstance(body, bytes) else {"content-type": "application/json", **headers}
        monitor.judge(exchange(name, which, status, told, content))
        retry_after_seconds(headers.get("retry-after"), 0.0)
    found = monitor.report("check")
    for kind in FORMATS:
        assert isinstance(render(found, kind), str)  # annotations of no finding are none


@given(pieces=st.lists(st.binary(max_size=30), max_size=8), text=TEXTS)
def test_parsers__take_any_bytes(pieces: list[bytes], text: str) -> None:
    """Event streams, in pieces as whole, and multipart forms; none raises."""
    reader = EventReader()
    fed = [event for piece in pieces for event in reader.feed(piece)]
    assert fed == list(events(b"".join(pieces)))[: len(fed)]
    form(f"multipart/form-data; boundary={text}", b"".join(pieces))
