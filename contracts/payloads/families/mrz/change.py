"""A change of a valid machine readable zone, with its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from specimen.contracts.payloads.families.mrz.zone import Layout, Zone
from specimen.contracts.payloads.model.case_types import Kind, kind

Lines = tuple[str, ...]
# Changes a valid zone; the day is the one on which the answer is read.
Making = Callable[[Zone, date], Zone | Lines]

DIGITS = "ICAO Doc 9303 part 3, section 4.9, Check digits in the MRZ"
CHARACTERS = "ICAO Doc 9303 part 3, section 4.3, Constraints of the MRZ"
NAMES = "ICAO Doc 9303 part 3, section 4.6, Convention for writing the name of the holder"
DATES = "ICAO Doc 9303 part 3, section 4.8, Representation of dates"
CODES = "ICAO Doc 9303 part 3, section 5, Codes for nationality, place of birth, location of issuing State"
TD3_DATA = "ICAO Doc 9303 part 4, section 4.2.2, Data structure of the MRZ"
TD3_NAMES = "ICAO Doc 9303 part 4, section 4.2.3, Truncation of names in the MRZ"
TD1_DATA = "ICAO Doc 9303 part 5, section 4.2.2, Data structure of the MRZ"
TD1_NAMES = "ICAO Doc 9303 part 5, section 4.2.3, Truncation of names in the MRZ"
TD2_DATA = "ICAO Doc 9303 part 6, section 4.2.2, Data structure of the MRZ"


@dataclass(frozen=True)
class Change:
    """A kind and the function that makes its zone.

    Attributes:
        layout: the size of document that it is about: a person with another one gets a zone of this size first; None: any.
        line: changes one line, where the kind is about single lines.
        is_by_line: whether a line shows the kind, though other lines of the zone change too.
    """

    kind: Kind
    make: Making
    layout: Layout | None = None
    line: Callable[[str], str] | None = None
    is_by_line: bool = False

    def lines(self, zone: Zone, today: date) -> Lines:
        """Returns the changed lines of a valid zone."""
        made = self.make(zone if self.layout is None else zone.within(self.layout), today)
        return made.lines if isinstance(made, Zone) else made


def change(
    name: str,
    rationale: str,
    source: str,
    claims: str,
    make: Making,
    *,
    tags: Iterable[str] = (),
    layout: Layout | None = None,
    is_by_line: bool = False,
) -> Change:
    """Makes a change of fields; `name` is the id of its kind without the family."""
    return Change(kind(f"mrz.{name}", rationale, source, claims, tags), make, layout, None, is_by_line)


def with_short_number(zone: Zone) -> Zone:
    """Cuts a long number to the number field."""
    return zone.put(optional="").numbered(zone["number"]) if zone.has_long_number else zone
