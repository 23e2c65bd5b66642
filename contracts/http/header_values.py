"""Reads numbers and times from a peer's headers; whatever stands there, nothing is raised."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# Python's own words for digits take "²" and Arabic numerals too, which `int` takes or not.
_DIGITS = re.compile(r"[0-9]{1,18}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def whole_number(text: str | None) -> int | None:
    """Returns a number of up to 18 ASCII digits, such as a Content-Length; None for everything else."""
    found = _DIGITS.fullmatch(text.strip(" \t")) if text else None
    return int(found[0]) if found else None


def retry_after_seconds(value: str | None, now: float) -> float:
    """The seconds that a `Retry-After` asks for: a number, or a date (RFC 9110, section 10.2.3); 0 for none and for neither.

    `now` is in seconds since the epoch, and what a date is counted from.
    """
    seconds = whole_number(value)
    if seconds is not None:
        return float(seconds)
    if not value:
        return 0.0
    try:
        found = parsedate_to_datetime(value)
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        return max(0.0, found.timestamp() - now)
    except (ValueError, TypeError, OverflowError, IndexError, OSError):
        return 0.0


def microseconds(text: object) -> int:
    """The microseconds since the epoch of a time in ISO 8601, UTC where it names no offset; 0 for what is no time."""
    if not isinstance(text, str):
        return 0
    try:
        found = datetime.fromisoformat(text)
        return ((found if found.tzinfo else found.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError, OSError):
        return 0
