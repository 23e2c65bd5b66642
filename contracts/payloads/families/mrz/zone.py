"""Machine readable zones TD1, TD2 and TD3 as fields that can be changed one by one.

Sources: ICAO Doc 9303 (8th edition, 2021) part 4, section 4.2.2 (TD3), part 5, section 4.2.2 (TD1), part 6, section 4.2.2 (TD2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from specimen.fixtures.standards import mrz

FILLER = mrz.FILLER
COMPOSITE = "composite"


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the fields of a zone stand.

    Attributes:
        rows, width: lines, and characters in each.
        fields: by name the line, the first column and the column after the last one, from 0.
        digits: by the name of a field that has a check digit, the name of its digit.
        sealed: the fields and digits that the composite digit is computed over, in their order.
    """

    name: str
    rows: int
    width: int
    fields: Mapping[str, tuple[int, int, int]]
    digits: Mapping[str, str]
    sealed: tuple[str, ...]


_DIGITS = {"number": "number_digit", "birth": "birth_digit", "expiry": "expiry_digit"}
_LOWER = {
    "number": (1, 0, 9), "number_digit": (1, 9, 10), "nationality": (1, 10, 13), "birth": (1, 13, 19), "birth_digit": (1, 19, 20),
    "sex": (1, 20, 21), "expiry": (1, 21, 27), "expiry_digit": (1, 27, 28),
}  # fmt: skip
_COVERED = ("number", "number_digit", "birth", "birth_digit", "expiry", "expiry_digit", "optional")
TD3 = Layout(
    "td3",
    2,
    44,
    MappingProxyType(
        {"code": (0, 0, 2), "issuer": (0, 2, 5), "names": (0, 5, 44), **_LOWER}
        | {"optional": (1, 28, 42), "optional_digit": (1, 42, 43), COMPOSITE: (1, 43, 44)}
    ),
    MappingProxyType({**_DIGITS, "optional": "optional_digit"}),
    (*_COVERED, "optional_digit"),
)
TD2 = Layout(
    "td2",
    2,
    36,
    MappingProxyType(
        {"code": (0, 0, 2), "issuer": (0, 2, 5), "names": (0, 5, 36), **_LOWER}
        | {"optional": (1, 28, 35), COMPOSITE: (1, 35, 36)}
    ),
    MappingProxyType(_DIGITS),
    _COVERED,
)
TD1 = Layout(
    "td1",
    3,
    30,
    MappingProxyType(
        {
            "code": (0, 0, 2), "issuer": (0, 2, 5), "number": (0, 5, 14), "number_digit": (0, 14, 15), "optional": (0, 15, 30),
            "birth": (1, 0, 6), "birth_digit": (1, 6, 7), "sex": (1, 7, 8), "expiry": (1, 8, 14), "expiry_digit": (1, 14, 15),
            "nationality": (1, 15, 18), "optional_2": (1, 18, 29), COMPOSITE: (1, 29, 30), "names": (2, 0, 30),
        }
    ),
    MappingProxyType(_DIGITS),
    ("number", "number_digit", "optional", "birth", "birth_digit", "expiry", "expiry_digit", "optional_2"),
)  # fmt: skip
LAYOUTS = (TD1, TD2, TD3)


@dataclass(frozen=True)
class Zone:
    """A zone of one of the layouts; each method gives another zone and leaves this one as it is."""

    layout: Layout
    lines: tuple[str, ...]

    def __getitem__(self, name: str) -> str:
        row, start, end = self.layout.fields[name]
        return self.lines[row][start:end]

    def put(self, **fields: str) -> Zone:
        """With other fields, filled up or cut to their width; no check digit is computed anew."""
        lines = list(self.lines)
        for name, text in fields.items():
            row, start, end = self.layout.fields[name]
            lines[row] = lines[row][:start] + text.ljust(end - start, FILLER)[: end - start] + lines[row][end:]
        return Zone(self.layout, tuple(lines))

    def sealed(self) -> Zone:
        """With the composite digit that follows from the rest."""
        return self.put(**{COMPOSITE: mrz.check_digit("".join(self[name] for name in self.layout.sealed))})

    def set(self, **fields: str) -> Zone:
        """With other fields, their check digits and the composite one made to fit."""
        zone = self.put(**fields)
        own = {self.layout.digits[name]: mrz.check_digit(zone[name]) for name in fields if name in self.layout.digits}
        return zone.put(**own).sealed()

    def numbered(self, number: str) -> Zone:
        """With another number; a TD1 zone keeps what does not fit, its digit and a filler in its optional field."""
        if len(number) <= 9:
            return self.set(number=number)
        rest = f"{number[9:]}{mrz.check_digit(number)}"
        return self.put(number=number[:9], number_digit=FILLER, optional=rest).sealed()

    @property
    def has_long_number(self) -> bool:
        """Whether the number goes on in the optional field."""
        return self.layout is TD1 and self["number_digit"] == FILLER and self["optional"][:1] != FILLER

    def names(self) -> tuple[str, str]:
        """Family and given names, with spaces."""
        family, _, given = self["names"].partition("<<")
        return family.strip(FILLER).replace(FILLER, " "), given.strip(FILLER).replace(FILLER, " ")

    def named(self, family: str, given: str) -> Zone:
        """With other names, cut as the standard says where they are too long."""
        _, start, end = self.layout.fields["names"]
        return self.put(names=mrz.names(family, given, end - start))

    def within(self, layout: Layout) -> Zone:
        """The same person's zone on a document of another size; optional data stay behind."""
        if layout is self.layout:
            return self
        blank = Zone(layout, (FILLER * layout.width,) * layout.rows)
        kept = {name: self[name] for name in ("number", "birth", "expiry")}
        code = self["code"] if layout.name[-1] == self.layout.name[-1] else "P" if layout is TD3 else "I"
        zone = blank.put(code=code, issuer=self["issuer"], nationality=self["nationality"], sex=self["sex"])
        return zone.set(**kept).named(*self.names())


def read(value: Any) -> Zone | None:
    """The zone that an array of lines is, or None where it has another shape."""
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(line, str) for line in value):
        return None
    widths = [len(line) for line in value]
    layout = next((each for each in LAYOUTS if widths == [each.width] * each.rows), None)
    return None if layout is None else Zone(layout, tuple(value))
