"""Invalid characters, and lines that are too long, too short, joined or missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date

from specimen.contracts.payloads.families.mrz.change import CHARACTERS, TD1_DATA, TD2_DATA, TD3_DATA, Change, Lines, change
from specimen.contracts.payloads.families.mrz.zone import FILLER, TD1, TD2, TD3, Zone
from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, kind
from specimen.fixtures.standards import mrz

_FIRST, _LAST, _ALL = slice(0, 1), slice(-1, None), slice(None)
_FILLERS = re.compile(re.escape(FILLER) + "+")
_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def _by_line(
    name: str, rationale: str, source: str, line: Callable[[str], str], rows: slice = _ALL, *, tags: Iterable[str] = ()
) -> Change:
    """A change of single lines that the standard does not allow; of an array, the lines in `rows` change."""

    def make(zone: Zone, _: date) -> Lines:
        lines = list(zone.lines)
        lines[rows] = [line(each) for each in lines[rows]]
        return tuple(lines)

    return Change(kind(f"mrz.{name}", rationale, source, EITHER, tags), make, None, line)


def _lettered(letter: str) -> Callable[[str], str]:
    """The first letter that stands among others becomes another one: in a name, or in a code."""

    def line(text: str) -> str:
        index = next((at for at in range(5, len(text)) if text[at].isalpha()), 0)
        return text[:index] + letter + text[index + 1 :]

    return line


def _unfilled(text: str) -> str:
    """A line without its longest run of fillers; what stands after them moves up. One without any loses its last character."""
    longest = max(_FILLERS.findall(text), key=len, default="")
    start = text.rfind(longest) if longest else len(text) - 1
    return text[:start] + text[start + max(1, len(longest)) :]


def _escaped(text: str) -> str:
    return text.replace(FILLER, "&lt;")


BY_LINE: tuple[Change, ...] = (
    _by_line("lower_case", "The zone has capitals only.", CHARACTERS, str.lower, tags=("case",)),
    _by_line(
        "space_for_filler", "A space is not a filler: trimming or splitting at white space loses fields.", CHARACTERS,
        lambda text: text.replace(FILLER, " "), tags=("white-space",),
    ),
    _by_line(
        "fillers_left_out", "The fillers that fill a line up were left out: the line has another length.",
        CHARACTERS, _unfilled, _FIRST, tags=("boundary",),
    ),
    _by_line(
        "guillemets", "Word processors and OCR make one quotation mark of two fillers.", "Unicode, Latin-1 Supplement, U+00AB",
        lambda text: text.replace("<<", "«") if "<<" in text else text.replace(FILLER, "‹") + "«", tags=("unicode", "ocr"),
    ),
    _by_line(
        "escaped_fillers", "Fillers that went through an HTML template are four characters each.",
        "WHATWG HTML, character references",
        lambda text: _escaped(text) if FILLER in text else f"{text}&lt;", tags=("escaping",),
    ),
    _by_line(
        "full_width_fillers", "A full-width less-than sign is no filler until it is normalised.",
        "Unicode Standard Annex 15, NFKC; U+FF1C", lambda text: text.replace(FILLER, "＜") if FILLER in text else f"{text}＜",
        tags=("unicode",),
    ),
    _by_line(
        "letter_with_diaeresis", "Letters with marks are written otherwise in the zone: Ä as AE.", CHARACTERS, _lettered("Ä"),
        _FIRST, tags=("unicode",),
    ),
    _by_line(
        "cyrillic_letter", "A Cyrillic А looks like the Latin letter and has no value for a check digit.",
        "Unicode Technical Standard 39, confusables", _lettered("А"), _FIRST, tags=("unicode", "homoglyph"),
    ),
    _by_line(
        "arabic_digits", "Arabic-Indic digits have no value for a check digit, and are numbers to Python's int.", CHARACTERS,
        lambda text: text.translate(_ARABIC) if any(letter.isdigit() for letter in text) else f"{text[:-1]}٠",
        tags=("unicode", "parser"),
    ),
    _by_line(
        "apostrophe_kept", "An apostrophe of a name is left out in the zone.", CHARACTERS, _lettered("'"), _FIRST,
        tags=("injection",),
    ),
    _by_line(
        "hyphen_kept", "A hyphen of a name is a filler in the zone.", CHARACTERS, _lettered("-"), _FIRST, tags=("parser",)
    ),
    _by_line(
        "white_space_around", "Spaces around a line change its length, not its content.", CHARACTERS, lambda text: f" {text} ",
        tags=("white-space",),
    ),
    _by_line(
        "trailing_newline", "A line feed at the end comes from a file that was read line by line.", CHARACTERS,
        lambda text: f"{text}\n", _LAST, tags=("white-space",),
    ),
    _by_line(
        "line_one_too_long", "A line has one character more than its size allows, 45 or 31.", TD3_DATA,
        lambda text: f"{text}{FILLER}", _FIRST, tags=("boundary",),
    ),
    _by_line(
        "line_one_too_short", "A line has one character less than its size asks for, 43 or 29.", TD3_DATA, lambda text: text[:-1],
        _LAST, tags=("boundary",),
    ),
)  # fmt: skip


def _joined(between: str) -> Callable[[Zone, date], Lines]:
    return lambda zone, _: (between.join(zone.lines),)


def _french(zone: Zone) -> Lines:
    """The person's zone as on the French card of 1988: the sex behind the birth date, the expiry nowhere."""
    family, given = zone.names()
    first = f"IDFRA{family.replace(' ', FILLER)[:25]:{FILLER}<25}952042"
    number = "060795204210"
    second = f"{number}{mrz.check_digit(number)}{given.replace(' ', FILLER * 2)[:14]:{FILLER}<14}"
    second += f"{zone['birth']}{zone['birth_digit']}{zone['sex']}"
    return first, second + mrz.check_digit(first + second)


JOINED = change(
    "joined_with_line_feeds", "All lines came as one text with line feeds: an array of one.", TD3_DATA, EITHER, _joined("\n"),
    tags=("parser", "white-space"),
)  # fmt: skip
OF_ARRAYS: tuple[Change, ...] = (
    JOINED,
    change("joined", "All lines came as one text of 88 or 90 characters.", TD3_DATA, EITHER, _joined(""), tags=("parser",)),
    change(
        "last_line_missing", "The last line was not read.", TD3_DATA, EITHER, lambda zone, _: zone.lines[:-1], tags=("boundary",)
    ),
    change(
        "first_line_missing", "The first line was not read: the second one stands in its place.", TD3_DATA, EITHER,
        lambda zone, _: zone.lines[1:], tags=("boundary",),
    ),
    change(
        "empty_line_more", "An empty line follows, as after the last line feed of a text that was split.", TD3_DATA, EITHER,
        lambda zone, _: (*zone.lines, ""), tags=("boundary", "parser"),
    ),
    change(
        "lines_in_reverse", "The lines came from the bottom to the top.", TD3_DATA, EITHER, lambda zone, _: zone.lines[::-1],
        tags=("parser",),
    ),
    change(
        "other_size", "The other common size of document: two lines of 44 where three of 30 are usual, or the reverse.", TD1_DATA,
        ACCEPT, lambda zone, _: zone.within(TD1 if zone.layout is TD3 else TD3), tags=("parser",),
    ),
    change(
        "idfra", "A French identity card of before 2021 has a zone of its own: two lines of 36 in an order that no standard has.",
        "Arrêté du 7 avril 1995, carte nationale d'identité", ACCEPT, lambda zone, _: _french(zone), tags=("parser",),
    ),
    change(
        "td2", "A document of the size between, TD2, has two lines of 36: neither cards' nor passports'.", TD2_DATA, ACCEPT,
        lambda zone, _: zone.within(TD2), tags=("parser",),
    ),
)  # fmt: skip
