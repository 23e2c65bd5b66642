"""The precision of the times that a service shows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specimen import specs
from specimen.contracts.judge.checks.fields import same_value
from specimen.contracts.judge.checks.precision import instant, interval, shifted, unit
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import observe
from tests.contracts.golden_exchanges import Stage, changed

KAYLE = specs.load("kayle")
FORMS = ("seconds", "milliseconds", "microseconds")


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


def shown(moment: datetime, form: str, *, is_rounded: bool) -> str:
    """A moment as a service shows it that keeps microseconds: cut off, or rounded to the nearest."""
    width = unit(moment.isoformat(timespec=form))
    return (moment + width / 2 if is_rounded else moment).isoformat(timespec=form)


@given(
    st.integers(0, 10**15).map(lambda micros: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)),
    st.sampled_from([(one, other) for one in FORMS for other in FORMS if one != other]),
    st.booleans(),
    st.booleans(),
)
def test_same_value__is_one_moment_in_two_precisions(moment: datetime, forms: tuple[str, str], first: bool, second: bool) -> None:
    """Cut off or rounded, in either order; and two units of the coarser one away it is another moment."""
    one, other = shown(moment, forms[0], is_rounded=first), shown(moment, forms[1], is_rounded=second)
    assert same_value(one, other)
    coarse, fine = sorted((one, other), key=unit, reverse=True)
    for units in (-2, 2):
        assert not same_value(shifted(coarse, units), fine)


def reported(values: Mapping[str, Any], *, earlier: Mapping[str, Any] | None = None) -> set[str]:
    """The rules that the read of a session breaks, changed, after another read of it that breaks none."""
    read, history = Stage(KAYLE).read("succeeded", "succeeded"), History()
    if earlier is not None:
        assert observe(changed(read, earlier), history) == []
    return {one.rule for one in observe(changed(read, values), history)}


CREATED = "/data/created_at"
ENDED = "/data/completed_at"
UPDATED = "/data/updated_at"


@pytest.mark.parametrize(
    ("created", "ended", "is_found"),
    [
        ("10:31:30.700Z", "10:31:30Z", False),  # cut off
        ("10:31:30.001Z", "10:31:29.002000Z", True),
        ("10:31:30Z", "10:31:29.001Z", False),  # rounded up
        ("10:31:30.999Z", "10:31:30Z", False),
        ("10:31:30.000Z", "10:31:29Z", True),  # a whole unit
        ("10:31:30Z", "10:31:29.000Z", True),
        ("10:31:30.700Z", "10:31:30.699Z", True),  # of one precision there is no slack
        ("10:31:30Z", "10:31:29Z", True),
    ],
)
def test_order__of_times_of_two_precisions(created: str, ended: str, is_found: bool) -> None:
    """An end that is shown more coarsely, or more finely, may seem earlier by less than the coarser unit, and no more."""
    found = reported({CREATED: f"2026-03-19T{created}", ENDED: f"2026-03-19T{ended}"})
    assert bool({"GEN-040", "KAY-011"} & found) is is_found, found


@pytest.mark.parametrize(
    ("before", "now", "is_found"),
    [
        ("10:31:30.700Z", "10:31:30Z", False),
        ("10:31:30.700Z", "10:31:31Z", False),
        ("10:31:30Z", "10:31:30.999Z", False),
        ("10:31:30.000Z", "10:31:31Z", True),
        ("10:31:30.700Z", "10:31:32Z", True),
        ("10:31:30.700Z", "10:31:30.701Z", True),
        ("10:31:30Z", "10:31:31Z", True),
    ],
)
def test_answers__of_one_time_in_two_precisions(before: str, now: str, is_found: bool) -> None:
    """A read that shows whole seconds says the same as one that shows thousandths, up to one second, and no more."""
    later = dict.fromkeys((ENDED, UPDATED), "2026-03-19T10:35:00.000Z")
    found = reported({CREATED: f"2026-03-19T{now}", **later}, earlier={CREATED: f"2026-03-19T{before}", **later})
    assert bool(found) is is_found, found
