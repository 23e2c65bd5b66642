"""Machine readable zones of ICAO Doc 9303: check digits, OCR errors, codes, dates, names and lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Any

from specimen.contracts.payloads.families.mrz import digits, fields, lines
from specimen.contracts.payloads.families.mrz.change import Change, Lines
from specimen.contracts.payloads.families.mrz.line_fields import replaced
from specimen.contracts.payloads.families.mrz.zone import TD1, Zone, read
from specimen.contracts.payloads.model.case_types import Edge
from specimen.contracts.payloads.model.fields import PayloadField
from specimen.contracts.payloads.model.valid_payloads import RESPONSE, Base
from specimen.fixtures.primitives import times

_OF_FIELDS = (*digits.CHANGES, *fields.CHANGES)
CHANGES: tuple[Change, ...] = (*_OF_FIELDS, *lines.BY_LINE, *lines.OF_ARRAYS)


def edges(place: PayloadField, base: Base) -> Iterator[Edge]:
    """Yields zones with one mutation: a whole array, or a single line.

    Where lines are fields of their own, an answer is changed as a whole by what one line cannot show: a zone of another size or
    order, or what is about the size of a card.
    """
    if not place.parts:
        yield from _of_lines(base)
    elif place.holds == "mrz":
        zone = read(place.value)
        if zone is not None:
            for change, made in _changed(zone, times.day(base.now)):
                yield Edge(change.kind, list(made))
    elif place.holds == "mrz_line" and isinstance(place.value, str):
        zone = _printed(base)
        row = None if zone is None else _row(zone, place.value)
        if zone is not None and row is not None:
            yield from _of_line(zone, row, times.day(base.now))


@lru_cache(maxsize=256)
def _changed(zone: Zone, today: date) -> tuple[tuple[Change, Lines], ...]:
    """Returns each change with the lines that it makes, unless it changes nothing."""
    made = ((change, change.lines(zone, today)) for change in CHANGES)
    return tuple((change, lines) for change, lines in made if lines != zone.lines)


def _of_line(zone: Zone, row: int, today: date) -> Iterator[Edge]:
    """Yields the changes that one line can show by itself."""
    line = zone.lines[row]
    for change, made in _changed(zone, today):
        if change.line is not None:
            text = change.line(line)
        elif change is lines.JOINED:
            text = made[0]
        elif change in lines.OF_ARRAYS or change.layout is TD1 or change.layout not in (None, zone.layout):
            continue  # what is about the size of a card stands with all its lines, even where it is in one of them
        elif change.is_by_line:
            text = made[row]
        else:
            differ = [index for index, each in enumerate(made) if each != zone.lines[index]]
            text = made[row] if differ == [row] else line
        if text != line:
            yield Edge(change.kind, text)


def _of_lines(base: Base) -> Iterator[Edge]:
    """Yields the changes of a zone whose lines are separate fields that need all of its lines, and those of cards."""
    zone = _printed(base) if base.direction == RESPONSE else None
    if zone is None:
        return
    pointers: dict[int, str] = {}
    for place in base.places():
        row = _row(zone, place.value) if place.holds == "mrz_line" else None
        if row is not None and place.value == zone.lines[row]:
            pointers[row] = place.pointer
    if len(pointers) < len(zone.lines):
        return
    for change, made in _changed(zone, times.day(base.now)):
        is_of_all = change in lines.OF_ARRAYS and change is not lines.JOINED  # which stands in one line
        if is_of_all or (change.layout is TD1 and zone.layout is TD1):
            fields = replaced(base.payload, [pointers[row] for row in range(len(zone.lines))], made)
            if fields is not None:
                yield Edge(change.kind, fields)


def _printed(base: Base) -> Zone | None:
    """Returns the zone of the session's document."""
    return None if base.snapshot is None else read(base.snapshot.identity.document.mrz)


def _row(zone: Zone, value: Any) -> int | None:
    """Returns the row of a text in the zone; a misread line still has most of its characters."""
    if not isinstance(value, str) or len(value) != zone.layout.width:
        return None
    same = [sum(one == other for one, other in zip(line, value, strict=True)) for line in zone.lines]
    return same.index(max(same)) if max(same) > zone.layout.width // 2 else None
