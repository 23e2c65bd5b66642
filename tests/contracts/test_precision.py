"""The precision of the times that a service shows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from specimen.contracts.judge.checks.precision import instant, interval, shifted, unit


@pytest.mark.parametrize(
    ("text", "width", "earlier", "later"),
    [
        ("2026-03-19T10:31:30.000Z", timedelta(milliseconds=1), "2026-03-19T10:31:29.999Z", "2026-03-19T10:31:30.001Z"),
        ("2026-03-19T10:31:30Z", timedelta(seconds=1), "2026-03-19T10:31:29Z", "2026-03-19T10:31:31Z"),
        ("2026-03-19T10:31+02:00", timedelta(minutes=1), "2026-03-19T10:30+02:00", "2026-03-19T10:32+02:00"),
        ("2026-12-31T23:59:59.9-05:00", timedelta(seconds=0.1), "2026-12-31T23:59:59.8-05:00", "2027-01-01T00:00:00.0-05:00"),
        ("2026-03-19T10:31:30.123456Z", timedelta(microseconds=1), "2026-03-19T10:31:30.123455Z", "2026-03-19T10:31:30.123457Z"),
    ],
)
def test_unit__is_that_of_the_last_place(text: str, width: timedelta, earlier: str, later: str) -> None:
    """And a moment one unit away has the same form."""
    assert unit(text) == width
    assert (shifted(text, -1), shifted(text, 1)) == (earlier, later)
    assert interval(text) == (instant(earlier), instant(later))


@pytest.mark.parametrize("text", ["", "soon", "2026-03-19", "2026-03-19T10:31:30", None, 17])
def test_unit__of_what_is_no_moment(text: object) -> None:
    """There is no interval where there is no moment with its offset."""
    assert interval(text) is None
