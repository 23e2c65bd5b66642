"""When an entry of a recording began and ended; few tools write both as HAR 1.2 says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeGuard

from specimen.contracts.http.header_values import microseconds

# No exchange takes longer than a year.
_MOST_MILLISECONDS = 366 * 86_400_000
# What HAR 1.2 requires of `timings`; the time for `ssl` is a part of `connect`.
_REQUIRED = ("send", "wait", "receive")
_OTHERS = ("blocked", "dns", "connect")
# What Specimen's own recordings add to an entry; they measure each time, so that 0 is less than a millisecond.
_OWN = ("_specimen", "_milliseconds")


class Interval(NamedTuple):
    """The milliseconds since the epoch between which an exchange took place, at least; 0 where nobody knows."""

    began: int
    ended: int
    is_end_known: bool


def interval(entry: Mapping[str, Any]) -> Interval:
    """Returns the times of an entry: begin rounded down, end rounded up; without an end, the end is the begin.

    Raises:
        ValueError: its `time` is no time that an exchange takes.
    """
    micros, taken = microseconds(entry.get("startedDateTime")), _taken(entry)
    began, rest = divmod(micros, 1000)
    if not micros or taken is None:
        return Interval(began, began, is_end_known=False)
    return Interval(began, began + math.ceil(rest / 1000 + taken), is_end_known=True)


def _taken(entry: Mapping[str, Any]) -> float | None:
    """The milliseconds that an exchange took: its `time`, else the sum of its `timings`; None where neither says."""
    whole = entry.get("time")
    if _is_number(whole):
        if not abs(whole) < _MOST_MILLISECONDS:
            raise ValueError("time")
        if whole > 0 or (whole == 0 and any(name in entry for name in _OWN)):
            return float(whole)
    timings = entry.get("timings")
    if not isinstance(timings, Mapping) or not all(_is_number(timings.get(name)) and timings[name] >= 0 for name in _REQUIRED):
        return None
    parts = (timings[name] for name in (*_REQUIRED, *_OTHERS) if _is_number(timings.get(name)) and timings[name] > 0)
    total = float(sum(parts))
    return total if 0 < total < _MOST_MILLISECONDS else None


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
