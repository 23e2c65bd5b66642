"""Wrong check digits, OCR errors, and numbers longer than their field."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from specimen.contracts.payloads.families.mrz.change import DIGITS, TD1_DATA, TD3_DATA, Change, Making, change, with_short_number
from specimen.contracts.payloads.families.mrz.zone import COMPOSITE, FILLER, TD1, TD3, Layout, Zone
from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER
from specimen.fixtures.standards.mrz import check_digit

_OCR = "ISO 1073-2, Alphanumeric character sets for optical recognition, OCR-B"
_WORDS = {"number": "document number", "birth": "date of birth", "expiry": "date of expiry", "optional": "personal number"}
_LONG = "590330101855"
# Of the specimen passport in Doc 9303, part 4.
_PERSONAL = "ZE184226B"
_LONGEST = "A1B2C3D4E5F6G7H8J9K0LM"


def other(digit: str) -> str:
    """Returns another digit."""
    return str((int(digit) + 1 if digit.isdigit() else 1) % 10)


def _wrong(field: str, *, is_sealed: bool) -> Making:
    def make(zone: Zone, _: date) -> Zone:
        zone = with_short_number(zone)
        name = zone.layout.digits[field]
        wrong = zone.put(**{name: other(zone[name])})
        return wrong.sealed() if is_sealed else wrong

    return make


def _wrong_digits(layout: Layout) -> Iterator[Change]:
    size, source = layout.name, TD1_DATA if layout is TD1 else TD3_DATA
    for field in layout.digits:
        what = f"the check digit of the {_WORDS[field]} in a {size.upper()} zone"
        yield change(
            f"{size}_wrong_{field}_digit", f"{what[0].upper()}{what[1:]} is wrong, so it and the composite one fail.", DIGITS,
            EITHER, _wrong(field, is_sealed=False), tags=("check-digit",), layout=layout,
        )  # fmt: skip
        yield change(
            f"{size}_wrong_{field}_digit_sealed",
            f"Only {what} is wrong: a check of the composite digit alone, which fits, takes it.", DIGITS,
            EITHER, _wrong(field, is_sealed=True), tags=("check-digit",), layout=layout,
        )  # fmt: skip
    yield change(
        f"{size}_wrong_composite",
        f"All digits of fields in a {size.upper()} zone are right and only the composite one is wrong: it must be computed too.",
        source, EITHER, lambda zone, _: zone.put(**{COMPOSITE: other(zone[COMPOSITE])}), tags=("check-digit",), layout=layout,
    )  # fmt: skip


def _misread(field: str) -> Making:
    """Another first character in a field without a check digit of its own."""

    def make(zone: Zone, _: date) -> Zone:
        zone = with_short_number(zone)
        return zone.put(**{field: ("8" if zone[field][0] == "7" else "7") + zone[field][1:]})

    return make


def _confused(field: str, right: str, read: str) -> Making:
    """A character read as another one; the last two of a text that lacks it are made to have it first."""

    def make(zone: Zone, _: date) -> Zone:
        zone = with_short_number(zone)
        if right not in zone[field]:
            zone = zone.set(**{field: f"{zone[field][:3]}{right}{zone[field][4:]}"})
        return zone.put(**{field: zone[field].replace(right, read, 1)})

    return make


def _confused_date(field: str, right: str, read: str) -> Making:
    """A digit of a date; one that lacks it becomes the tenth of October first, whose digits are all of them 1 or 0."""

    def make(zone: Zone, _: date) -> Zone:
        if right not in zone[field]:
            zone = zone.set(**{field: f"{zone[field][:2]}1010"})
        return zone.put(**{field: zone[field].replace(right, read, 1)})

    return make


def _confused_digit(zone: Zone, _: date) -> Zone:
    """O for a check digit that is 0: the birth date moves on by days until its digit is."""
    for day in range(1, 29):
        found = zone.set(birth=f"{zone['birth'][:2]}10{day:02d}")
        if found["birth_digit"] == "0":
            return found.put(birth_digit="O")
    raise ValueError("weights 3 and 1 of the day reach every digit")


def _unseen(zone: Zone, _: date) -> Zone:
    zone = with_short_number(zone)
    number = zone["number"]
    index = next((at for at, letter in enumerate(number) if letter in "618"), 0)
    return zone.put(number=number[:index] + same(number[index]) + number[index + 1 :])


def same(letter: str) -> str:
    """A character whose value differs by a multiple of ten: check digits cannot tell them apart."""
    alike = {"6": "G", "1": "L", "8": "S", "4": "Y", "G": "6", "L": "1", "S": "8", "Y": "4"}
    if letter in alike:
        return alike[letter]
    return next(each for each in "KLMNOPQRSTABCDEFGHIJ0123456789" if each != letter and check_digit(each) == check_digit(letter))


def _swapped(zone: Zone, _: date) -> Zone:
    """Two neighbours in the number that differ by five change places."""
    number = with_short_number(zone)["number"]
    return with_short_number(zone).set(number=f"{number[:2]}16{number[4:]}").put(number=f"{number[:2]}61{number[4:]}")


def _filler_for_digit(zone: Zone, _: date) -> Zone:
    return with_short_number(zone).put(number_digit=FILLER, optional="").sealed()


def _long_with_wrong_digit(zone: Zone, _: date) -> Zone:
    zone = zone.numbered(_LONG)
    return zone.put(optional=f"{_LONG[9:]}{other(check_digit(_LONG))}").sealed()


def _long_with_optional(zone: Zone, _: date) -> Zone:
    zone = zone.numbered(_LONG)
    return zone.put(optional=f"{zone['optional'].rstrip(FILLER)}{FILLER}X7Q").sealed()


def _with_wrong_personal_digit(zone: Zone) -> Zone:
    filled = zone.set(optional=_PERSONAL)
    return filled.put(optional_digit=other(filled["optional_digit"])).sealed()


CHANGES: tuple[Change, ...] = (
    *_wrong_digits(TD3),
    *_wrong_digits(TD1),
    change(
        "td1_optional_misread", "The first optional field of TD1 has no check digit of its own: only the composite one fails.",
        TD1_DATA, EITHER, _misread("optional"), tags=("check-digit",), layout=TD1,
    ),
    change(
        "td1_optional_2_misread", "The second optional field of TD1 has no check digit of its own: only the composite one fails.",
        TD1_DATA, EITHER, _misread("optional_2"), tags=("check-digit",), layout=TD1,
    ),
    change(
        "td3_optional_digit_zero", "An empty personal number may have 0 for its check digit: no sign that there is a number.",
        TD3_DATA, ACCEPT, lambda zone, _: zone.put(optional="", optional_digit="0").sealed(), tags=("check-digit", "parser"),
        layout=TD3,
    ),
    change(
        "td3_personal_number", "A personal number stands in the zone, with its own check digit: who skips the field misses it.",
        TD3_DATA, ACCEPT, lambda zone, _: zone.set(optional=_PERSONAL), tags=("check-digit", "parser"), layout=TD3,
    ),
    change(
        "td3_personal_number_wrong_digit", "A personal number with a wrong check digit under a composite one that fits.",
        TD3_DATA, EITHER, lambda zone, _: _with_wrong_personal_digit(zone), tags=("check-digit",), layout=TD3,
    ),
    change(
        "td3_personal_number_without_digit", "A personal number whose check digit is a filler, which only an empty one may have.",
        TD3_DATA, EITHER, lambda zone, _: zone.set(optional=_PERSONAL).put(optional_digit=FILLER).sealed(), tags=("check-digit",),
        layout=TD3,
    ),
    change(
        "td3_number_digit_filler", "A passport's number must have its check digit: a filler there is no zero.",
        TD3_DATA, EITHER, lambda zone, _: zone.put(number_digit=FILLER).sealed(), tags=("check-digit",), layout=TD3,
    ),
    change(
        "letter_o_for_zero_in_number", "A zero of the document number was read as the letter O: its check digit must show it.",
        _OCR, EITHER, _confused("number", "0", "O"), tags=("ocr", "check-digit"),
    ),
    change(
        "zero_for_letter_o_in_number", "The letter O of a document number was read as a zero: its check digit must show it.",
        _OCR, EITHER, _confused("number", "O", "0"), tags=("ocr", "check-digit"),
    ),
    change(
        "letter_i_for_one_in_number", "A one of the document number was read as the letter I: its check digit must show it.",
        _OCR, EITHER, _confused("number", "1", "I"), tags=("ocr", "check-digit"),
    ),
    change(
        "one_for_letter_i_in_number", "The letter I of a document number was read as a one: its check digit must show it.",
        _OCR, EITHER, _confused("number", "I", "1"), tags=("ocr", "check-digit"),
    ),
    change(
        "letter_o_for_zero_in_birth_date", "A zero of the birth date was read as the letter O: who parses digits fails there.",
        _OCR, EITHER, _confused_date("birth", "0", "O"), tags=("ocr", "parser"),
    ),
    change(
        "letter_i_for_one_in_expiry_date", "A one of the expiry date was read as the letter I: who parses digits fails there.",
        _OCR, EITHER, _confused_date("expiry", "1", "I"), tags=("ocr", "parser"),
    ),
    change(
        "letter_o_for_zero_in_check_digit", "A check digit 0 was read as the letter O: who converts it to a number fails.",
        _OCR, EITHER, _confused_digit, tags=("ocr", "check-digit", "parser"),
    ),
    change(
        "misreading_that_no_digit_sees",
        "Characters whose values differ by a multiple of ten, as 6 and G, have one check digit: only the printed number tells.",
        DIGITS, ACCEPT, _unseen, tags=("ocr", "check-digit"),
    ),
    change(
        "swap_that_no_digit_sees",
        "Neighbours that differ by five may change places under any two of the weights: the check digits stay right.",
        DIGITS, ACCEPT, _swapped, tags=("check-digit",),
    ),
    change(
        "russian_digits_for_letters",
        "The zone of a Russian domestic passport writes 4 for Ш and 3 for Ч: digits in a name, and no misreading.",
        "Приказ МВД России от 16.11.2020 № 773, машиночитаемая запись", EITHER,
        lambda zone, _: zone.put(code="PN", issuer="RUS", names="PU4KIN<<ALEKSANDR<SERGEEVI3"), tags=("parser",), layout=TD3,
    ),
    change(
        "residence_permit_ar", "AR: a residence permit as some states code it; a list with I, ID and P refuses it.",
        TD1_DATA, ACCEPT, lambda zone, _: zone.put(code="AR"), tags=("parser",), layout=TD1,
    ),
    change(
        "residence_permit_ir", "IR: the code of most European residence permits.", "Regulation (EU) 2017/1954, annex",
        ACCEPT, lambda zone, _: zone.put(code="IR"), tags=("parser",), layout=TD1,
    ),
    change(
        "td1_long_number", "A number of twelve characters goes on in the optional field, with a filler for its check digit.",
        TD1_DATA, ACCEPT, lambda zone, _: zone.numbered(_LONG), tags=("boundary", "parser"), layout=TD1,
    ),
    change(
        "td1_number_of_ten", "The tenth character of a number is alone in the optional field, before its check digit.",
        TD1_DATA, ACCEPT, lambda zone, _: zone.numbered(_LONG[:10]), tags=("boundary", "parser"), layout=TD1,
    ),
    change(
        "td1_longest_number", "A number of 22 characters fills the optional field with its check digit and one filler.",
        TD1_DATA, ACCEPT, lambda zone, _: zone.numbered(_LONGEST), tags=("boundary", "parser"), layout=TD1,
    ),
    change(
        "td1_long_number_and_optional", "After a long number and a filler, optional data may follow: they are not of the number.",
        TD1_DATA, ACCEPT, _long_with_optional, tags=("parser",), layout=TD1,
    ),
    change(
        "td1_wrong_long_number_digit", "Only the check digit of a long number, which stands behind its end, is wrong.",
        TD1_DATA, EITHER, _long_with_wrong_digit, tags=("check-digit",), layout=TD1,
    ),
    change(
        "td1_filler_for_digit", "A filler announces a longer number, but the optional field is empty: there is no check digit.",
        TD1_DATA, EITHER, _filler_for_digit, tags=("check-digit", "parser"), layout=TD1,
    ),
    change(
        "number_of_one_character", "A number of one character is followed by eight fillers, which are not of it.",
        TD3_DATA, ACCEPT, lambda zone, _: with_short_number(zone).set(number="7"), tags=("boundary",),
    ),
    change(
        "number_with_filler_inside", "A space or a hyphen of a printed number is a filler inside it, which does not end it.",
        TD3_DATA, ACCEPT, lambda zone, _: with_short_number(zone).set(number="AB<12<345"), tags=("parser",),
    ),
    change(
        "number_all_fillers", "The number is missing, and fillers have the check digit 0, so that all digits fit.",
        TD3_DATA, EITHER, lambda zone, _: with_short_number(zone).set(number=""), tags=("boundary", "check-digit"),
    ),
)  # fmt: skip
