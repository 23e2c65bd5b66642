"""Bodies: whatever the bytes, they are read, or refused with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from specimen.mockserver.http.request_body import RequestRejected, parse_json, parse_multipart

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**400), 10**400) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
PIECES = st.lists(
    st.sampled_from(
        [b"[", b"]", b"{", b"}", b'"', b"\\", b"1", b",", b":", b"\\ud800", b"\\u0041", b"e9", b"-", b"\xff", b"NaN", b" "]
    )
)
MULTIPART = st.lists(
    st.sampled_from(
        [
            b"--x",
            b"--",
            b"\r\n",
            b"\r",
            b"\n",
            b"Content-Disposition: form-data; ",
            b'name="a"',
            b'; filename="f"',
            b"Content-Type: ",
            b"a/b",
            b"\xff",
            b"x",
            b":",
            b"--x--\r\n",
        ]
    )
)


@given(JSON_VALUES)
def test_parse_json__gives_every_value_back(value: object) -> None:
    """Any JSON value of a sane depth is read as it was written, in either spelling."""
    for ascii_only in (True, False):
        text = json.dumps(value, ensure_ascii=ascii_only)
        assert parse_json(text.encode(), most_depth=200) == value


def _refusal(read: Callable[[], Any]) -> tuple[Any, str]:
    """What a reader gives, and why it refused, or an empty text."""
    try:
        return read(), ""
    except RequestRejected as refused:
        return None, f"{refused.problem.kind}: {refused.problem.detail}"


@given(st.binary(max_size=200) | PIECES.map(b"".join))
def test_parse_json__refuses_or_reads(raw: bytes) -> None:
    """Any bytes give a value that can be sent on as UTF-8, or a refusal that says why."""
    value, refusal = _refusal(lambda: parse_json(raw, most_depth=3))
    if refusal:
        assert refusal.startswith("not_json: the body ")
    else:
        assert json.loads(json.dumps(value, ensure_ascii=False, allow_nan=False).encode()) == value


@given(st.integers(1, 30), st.integers(1, 30))
def test_parse_json__depth_is_counted_exactly(depth: int, most: int) -> None:
    """A body of the allowed depth is read, one level more is refused; brackets inside texts do not count."""
    raw = b"[" * depth + b'"[[[[{{{{\\"[["' + b"]" * depth
    _, refusal = _refusal(lambda: parse_json(raw, most_depth=most))
    assert ("deeper" in refusal) is (depth > most)


@given(st.binary(max_size=100) | MULTIPART.map(b"".join))
def test_parse_multipart__refuses_or_reads(raw: bytes) -> None:
    """Any bytes give parts or a refusal."""
    parts, refusal = _refusal(lambda: parse_multipart(raw, "multipart/form-data; boundary=x"))
    if refusal:
        assert refusal.startswith("not_json: the body is not multipart/form-data")
    else:
        assert all(isinstance(part.text, str) for part in parts)
