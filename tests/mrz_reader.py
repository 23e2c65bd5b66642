"""A second reading of machine readable zones, from the text of ICAO Doc 9303 alone: it shares no code with `fixtures`.

Part 3, 4.3 (characters), 4.6 (names), 4.8 (dates), 4.9 (check digits), 5 (codes); parts 4, 5 and 6, 4.2.2 (data structure).
Positions are written as the standard prints them: from 1, both ends included.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

# By size: where the fields stand (line, first, last), and what the composite check digit covers.
POSITIONS = {
    (44, 44): {
        "code": (1, 1, 2), "issuer": (1, 3, 5), "names": (1, 6, 44), "number": (2, 1, 9), "number digit": (2, 10, 10),
        "nationality": (2, 11, 13), "birth": (2, 14, 19), "birth digit": (2, 20, 20), "sex": (2, 21, 21), "expiry": (2, 22, 27),
        "expiry digit": (2, 28, 28), "optional": (2, 29, 42), "optional digit": (2, 43, 43), "composite digit": (2, 44, 44),
    },
    (36, 36): {
        "code": (1, 1, 2), "issuer": (1, 3, 5), "names": (1, 6, 36), "number": (2, 1, 9), "number digit": (2, 10, 10),
        "nationality": (2, 11, 13), "birth": (2, 14, 19), "birth digit": (2, 20, 20), "sex": (2, 21, 21), "expiry": (2, 22, 27),
        "expiry digit": (2, 28, 28), "optional": (2, 29, 35), "composite digit": (2, 36, 36),
    },
    (30, 30, 30): {
        "code": (1, 1, 2), "issuer": (1, 3, 5), "number": (1, 6, 14), "number digit": (1, 15, 15), "optional": (1, 16, 30),
        "birth": (2, 1, 6), "birth digit": (2, 7, 7), "sex": (2, 8, 8), "expiry": (2, 9, 14), "expiry digit": (2, 15, 15),
        "nationality": (2, 16, 18), "optional 2": (2, 19, 29), "composite digit": (2, 30, 30), "names": (3, 1, 30),
    },
}  # fmt: skip
COMPOSITES = {
    (44, 44): ((2, 1, 10), (2, 14, 20), (2, 22, 43)),
    (36, 36): ((2, 1, 10), (2, 14, 20), (2, 22, 35)),
    (30, 30, 30): ((1, 6, 30), (2, 1, 7), (2, 9, 15), (2, 19, 29)),
}
FIRST_LETTERS = {(44, 44): "P", (36, 36): "ACI", (30, 30, 30): "ACI"}
# ISO 3166-1 alpha-3, without DEU: Germany is D.
_COUNTRIES = """
    ABW AFG AGO AIA ALA ALB AND ARE ARG ARM ASM ATA ATF ATG AUS AUT AZE BDI BEL BEN BES BFA BGD BGR BHR BHS BIH BLM BLR BLZ
    BMU BOL BRA BRB BRN BTN BVT BWA CAF CAN CCK CHE CHL CHN CIV CMR COD COG COK COL COM CPV CRI CUB CUW CXR CYM CYP CZE DJI DMA
    DNK DOM DZA ECU EGY ERI ESH ESP EST ETH FIN FJI FLK FRA FRO FSM GAB GBR GEO GGY GHA GIB GIN GLP GMB GNB GNQ GRC GRD GRL GTM
    GUF GUM GUY HKG HMD HND HRV HTI HUN IDN IMN IND IOT IRL IRN IRQ ISL ISR ITA JAM JEY JOR JPN KAZ KEN KGZ KHM KIR KNA KOR KWT
    LAO LBN LBR LBY LCA LIE LKA LSO LTU LUX LVA MAC MAF MAR MCO MDA MDG MDV MEX MHL MKD MLI MLT MMR MNE MNG MNP MOZ MRT MSR MTQ
    MUS MWI MYS MYT NAM NCL NER NFK NGA NIC NIU NLD NOR NPL NRU NZL OMN PAK PAN PCN PER PHL PLW PNG POL PRI PRK PRT PRY PSE PYF
    QAT REU ROU RUS RWA SAU SDN SEN SGP SGS SHN SJM SLB SLE SLV SMR SOM SPM SRB SSD STP SUR SVK SVN SWE SWZ SXM SYC SYR TCA TCD
    TGO THA TJK TKL TKM TLS TON TTO TUN TUR TUV TWN TZA UGA UKR UMI URY USA UZB VAT VCT VEN VGB VIR VNM VUT WLF WSM YEM ZAF ZMB
    ZWE D<< GBD GBN GBO GBP GBS EUE UNO UNA UNK XOM XXA XXB XXC XXX UTO RKS
"""
COUNTRIES = frozenset(_COUNTRIES.split())
NAME = re.compile(r"[A-Z]+(?:<[A-Z]+)*(?:<<[A-Z]+(?:<[A-Z]+)*)?<*")
NUMBER = re.compile(r"[A-Z0-9](?:<?[A-Z0-9])*<*")


@dataclass
class Reading:
    """The fields of a zone as they are printed, and the names of those in which something is wrong."""

    fields: dict[str, str] = field(default_factory=dict)
    faults: set[str] = field(default_factory=set)


def value(letter: str) -> int:
    """Part 3, 4.9: digits have their own value, A to Z are 10 to 35, the filler is 0."""
    return 0 if letter == "<" else int(letter, 36)


def digit(text: str) -> str:
    """Part 3, 4.9: the weighting 7 3 1 is repeated; the remainder of the sum divided by ten."""
    total = 0
    for position, letter in enumerate(text):
        total += value(letter) * (7, 3, 1)[position % 3]
    return str(total % 10)


def read(lines: Sequence[str]) -> Reading:
    """What a zone says and what is wrong with it; of one without the shape or with other characters, no more than that."""
    found = Reading()
    size = tuple(len(line) for line in lines)
    if size not in POSITIONS:
        found.faults.add("shape")
    if re.search(r"[^A-Z0-9<]", "".join(lines)):
        found.faults.add("characters")
    if found.faults:
        return found
    fields = found.fields = {name: _cut(lines, place) for name, place in POSITIONS[size].items()}
    _take_long_number(fields, size)
    found.faults.update(_wrong_digits(fields))
    if digit("".join(_cut(lines, place) for place in COMPOSITES[size])) != fields["composite digit"]:
        found.faults.add("composite digit")
    found.faults.update(_wrong_fields(fields, FIRST_LETTERS[size]))
    return found


def _cut(lines: Sequence[str], place: tuple[int, int, int]) -> str:
    line, first, last = place
    return lines[line - 1][first - 1 : last]


def _take_long_number(fields: dict[str, str], size: tuple[int, ...]) -> None:
    """Part 5, 4.2.2, note j: a filler for the digit; the rest, the digit and a filler begin the optional field."""
    match = re.match(r"([A-Z0-9]+)([0-9])<(.*)$", fields["optional"])
    if len(size) == 3 and fields["number digit"] == "<" and match:
        rest, last, optional = match.groups()
        fields |= {"number": fields["number"] + rest, "number digit": last, "optional": optional}


def _wrong_digits(fields: dict[str, str]) -> Iterator[str]:
    for name in ("number", "birth", "expiry", "optional"):
        shown = fields.get(f"{name} digit")
        is_empty = not fields[name].strip("<")
        may_be_filler = is_empty and name == "optional"
        if shown is not None and shown != digit(fields[name]) and not (shown == "<" and may_be_filler):
            yield f"{name} digit"


def _wrong_fields(fields: dict[str, str], first_letters: str) -> Iterator[str]:
    if fields["code"][0] not in first_letters or not re.fullmatch("[A-Z<]", fields["code"][1]):
        yield "code"
    for name in ("issuer", "nationality"):
        if fields[name] not in COUNTRIES:
            yield name
    if not NUMBER.fullmatch(fields["number"]):
        yield "number"
    if fields["sex"] not in "MF<":
        yield "sex"
    if not NAME.fullmatch(fields["names"]):
        yield "names"
    if not may_be_date(fields["birth"]):
        yield "birth"
    if "<" in fields["expiry"] or not may_be_date(fields["expiry"]):
        yield "expiry"


def may_be_date(text: str) -> bool:
    """Part 3, 4.8: YYMMDD, of a birth with fillers for what is unknown from the end on; a day that 19YY or 20YY has."""
    match = re.fullmatch(r"(\d\d)(\d\d)(\d\d)|(\d\d)(\d\d)<<|(\d\d)<<<<|<<<<<<", text, re.ASCII)
    if match is None:
        return False
    year, month, day = match[1], match[2] or match[5] or "01", match[3] or "01"
    if not 1 <= int(month) <= 12:
        return False
    longest = max(monthrange(century + int(year or 0), int(month))[1] for century in (1900, 2000))
    return 1 <= int(day) <= longest
