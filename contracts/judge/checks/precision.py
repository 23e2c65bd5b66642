"""How exactly a time is shown: a service may keep it finer, and cut off or round what it shows."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

_TIME = re.compile(r"\d[Tt ](?P<minutes>\d{2}:\d{2})(?::\d{2}(?:[.,](?P<fraction>\d+))?)?(?=[Zz+-]|$)")


def unit(text: Any) -> timedelta:
    """The unit of the last place of an ISO 8601 moment (at least a microsecond); a day where it shows no time."""
    found = _TIME.search(text) if isinstance(text, str) else None
    if found is None:
        return timedelta(days=1)
    fraction = found["fraction"]
    if fraction is not None:
        return timedelta(microseconds=max(1, 10 ** (6 - min(6, len(fraction)))))
    return timedelta(seconds=1) if found.group().count(":") == 2 else timedelta(minutes=1)


def instant(text: Any) -> datetime | None:
    """An ISO 8601 moment with its offset; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return None if found.tzinfo is None else found


def interval(text: Any) -> tuple[datetime, datetime] | None:
    """The earliest and the latest moment that a service may keep which shows this one; None for anything else."""
    found, width = instant(text), unit(text)
    try:
        return None if found is None else (found - width, found + width)
    except OverflowError:
        return None


def shifted(text: str, units: int) -> str:
    """The moment so many of its last place's units later, in the same form; unchanged where it is none."""
    found, place = instant(text), _TIME.search(text)
    if found is None or place is None:
        return text
    moved = found + units * unit(text)
    shown = moved.strftime("%Y-%m-%dT%H:%M:%S.%f")
    fraction = place["fraction"]
    length = 20 + min(6, len(fraction)) if fraction is not None else 19 if place.group().count(":") == 2 else 16
    return shown[:length] + (fraction or "")[6:] + text[place.end() :]
