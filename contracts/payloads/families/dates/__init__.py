"""Dates of people and documents, and timestamps of sessions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from specimen.contracts.payloads.families.dates import date_formats, days, timestamp_formats, timestamps
from specimen.contracts.payloads.families.dates.days import Day, DayChange
from specimen.contracts.payloads.families.dates.timestamp_formats import Instant, TimestampChange, instant
from specimen.contracts.payloads.model.case_types import Edge
from specimen.contracts.payloads.model.fields import PayloadField
from specimen.contracts.payloads.model.mutations import ABSENT
from specimen.contracts.payloads.model.valid_payloads import REQUEST, Base
from specimen.fixtures.primitives import times

DAYS: tuple[DayChange, ...] = (*days.CHANGES, *date_formats.CHANGES)
MOMENTS: tuple[TimestampChange, ...] = (*timestamp_formats.CHANGES, *timestamps.CHANGES)
_ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_DOTTED_DAY = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})")


def edges(place: PayloadField, base: Base) -> Iterator[Edge]:
    """Yields other dates for a date, and other formats and values for a timestamp.

    Optional parameters of a request get a value; a timestamp that an answer leaves out or sets to null depends on its state.
    """
    if place.holds in days.ROLES:
        found = _day(place, base)
        yield from () if found is None else _of_day(found, place)
    elif place.holds == "moment":
        at = _instant(place, base)
        yield from () if at is None else _of_moment(at, place)


def _of_day(at: Day, place: PayloadField) -> Iterator[Edge]:
    for change in DAYS:
        claims = change.claims.get(at.holds)
        value = None if claims is None else change.make(at)
        if claims is not None and value is not None and value != place.value:
            yield Edge(replace(change.kind, claims=claims), value)


def _of_moment(at: Instant, place: PayloadField) -> Iterator[Edge]:
    for change in MOMENTS:
        if change.is_text_only and not place.is_text_only:
            continue
        value = change.make(at)
        if value != place.value and not (place.is_text_only and not isinstance(value, str)):
            yield Edge(change.kind, value)


def _day(place: PayloadField, base: Base) -> Day | None:
    value = _date(place.value)
    if value is None or place.holds is None:
        return None
    is_dotted = place.value[2] == "."
    if base.snapshot is None:
        return Day(place.holds, value, is_dotted, base.now, None, None, None)
    person = base.snapshot.identity
    return Day(place.holds, value, is_dotted, base.now, person.birth_date, person.document.issued_on, person.document.expires_on)


def _date(text: Any) -> date | None:
    """Parses the two date formats that vendors write."""
    if not isinstance(text, str):
        return None
    iso, dotted = _ISO_DAY.fullmatch(text), _DOTTED_DAY.fullmatch(text)
    if iso is None and dotted is None:
        return None
    parts = iso.groups() if iso is not None else dotted.groups()[::-1] if dotted is not None else ()
    try:
        return date(*map(int, parts))
    except ValueError:
        return None


def _instant(place: PayloadField, base: Base) -> Instant | None:
    if place.value is ABSENT and place.is_text_only and base.direction == REQUEST:
        return instant(times.iso_millis(base.now))
    return instant(place.value)
