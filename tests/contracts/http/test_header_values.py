"""Numbers and times of headers: nothing that a peer writes raises."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from specimen.contracts.http.header_values import microseconds, retry_after_seconds, whole_number

NOW = 1_793_000_000.0
DATES = st.from_regex(r"[A-Z][a-z]{2}, \d{1,3} [A-Z][a-z]{2} \d{1,12} \d{1,3}:\d\d:\d\d [+-]?[0-9A-Z]{0,14}", fullmatch=True)


@given(st.text(max_size=40) | DATES)
@example("²")
@example("١٢")
@example("9" * 5000)
@example("Fri, 31 Dec 9999 23:59:59 -9999")
@example("Mon, 01 Jan 0001 00:00:00 +2359")
@example("Sun, 06 Nov 1994 08:49:37 +999999999999999999")
def test_retry_after__is_seconds_whatever_comes(text: str) -> None:
    """Never an exception, never negative."""
    assert retry_after_seconds(text, NOW) >= 0
    assert whole_number(text) is None or whole_number(text) == int(text)


@pytest.mark.parametrize(
    ("text", "number"), [("12", 12), (" 7\t", 7), ("", None), ("²", None), ("-1", None), ("1.5", None), ("1" * 19, None)]
)
def test_whole_number(text: str, number: int | None) -> None:
    """ASCII digits alone, 18 of them at most."""
    assert whole_number(text) == number


@given(st.text(max_size=40) | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", fullmatch=True) | st.integers())
@example("0001-01-01T00:00:00+23:59")
@example("9999-12-31T23:59:59-23:59")
def test_microseconds__is_a_number_whatever_comes(text: object) -> None:
    """A time that no clock shows is none."""
    assert isinstance(microseconds(text), int)
