"""Document numbers and national numbers as spreadsheets, OCR and keyboards distort them."""

from __future__ import annotations

from collections.abc import Iterator

from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, REJECT, Kind, kind

_ODD = (REJECT, EITHER)
_ICAO = "ICAO Doc 9303, part 3, section 4"
_NARROW = "ICAO Doc 9303, part 5, section 4.2, document number"


def _number(name: str, rationale: str, source: str, *tags: str, claims: str | tuple[str, ...] = _ODD) -> Kind:
    return kind(f"countries.number_{name}", rationale, source, claims, ("number", *tags))


LEADING_ZERO = _number("leading_zeros", "A number that begins with zeros is a text: as a number it is shorter.", _ICAO, "parser",
                       claims=(ACCEPT, REJECT))  # fmt: skip
ZERO_LOST = _number("leading_zeros_lost", "The same number after a spreadsheet read it.", "RFC 4180, which has no types",
                    "parser")  # fmt: skip
SCIENTIFIC = _number("scientific", "A long number after a spreadsheet showed it.", "RFC 4180, which has no types", "parser")
APOSTROPHE = _number("apostrophe", "What people put before a number so that a spreadsheet leaves it alone.",
                     "RFC 4180, which has no types", "parser")  # fmt: skip
ROUNDED = _number("past_2_53", "Twenty digits, of which a JavaScript number keeps about sixteen.", "RFC 8259, section 6",
                  "parser", claims=(ACCEPT, REJECT))  # fmt: skip
LOWER = _number("lower_case", "The letters of a number are capitals on the document.", _ICAO, "case")
SPACES = _number("inner_spaces", "Printed in groups, stored without: or the other way round.", _ICAO, "whitespace")
HYPHENS = _number("inner_hyphens", "The zone has a filler for a hyphen, the page may have the hyphen.", _ICAO)
FILLERS = _number("mrz_fillers", "The field of the zone with its fillers is longer than the number.", _ICAO, "mrz")
LETTER_O = _number("letter_o_for_zero", "What a reader of pictures makes of a zero.", _ICAO, "ocr")
LETTER_I = _number("letter_i_for_one", "What a reader of pictures makes of a one.", _ICAO, "ocr")
FULLWIDTH = _number("fullwidth", "Digits of a Japanese keyboard; NFKC turns them into the others.",
                    "Unicode Standard Annex #15, NFKC", "unicode")  # fmt: skip
ARABIC = _number("arabic_indic", "Digits to \\d and to int(), in the order in which they are read.",
                 "Unicode Standard Annex #44, General_Category Nd", "unicode")  # fmt: skip
SIGN = _number("numero_sign", "The sign before the number, copied with it.", "Unicode Standard, letterlike symbols", "unicode")
ONE_CHARACTER = _number("one_character", "The shortest there can be: number 1 of a small state.", _NARROW, "boundary")
NINE = _number("nine_characters", "As long as the field of the zone.", _NARROW, "boundary", claims=(ACCEPT, REJECT))
TEN = _number("ten_characters", "One more than the zone's field: a TD1 goes on in the optional data.", _NARROW, "boundary",
              claims=(ACCEPT, REJECT))  # fmt: skip
EMPTY = _number("empty", "A number that could not be read.", "JSON Schema 2020-12, minLength", "boundary")
ZEROS = _number("all_zeros", "What forms are filled with so that they can be sent: every weighted sum of it is 0.", _ICAO)
MASKED = _number("masked", "A number that was hidden for the log, and stored so.", "Payment cards' habit, see PCI DSS", "privacy")
UK_DRIVER = _number("uk_driver", "A British licence's sixteen characters have letters of the name and the birth date in them.",
                    "DVLA, driver number format", claims=(ACCEPT, REJECT))  # fmt: skip
AAMVA = _number("aamva_barcode", "The whole barcode of an American licence in place of its number: with line feeds and controls.",
                "AAMVA DL/ID Card Design Standard 2020, annex D", "parser", claims=_ODD)  # fmt: skip
LICENCES = (
    (UK_DRIVER, "MORGA753116SM9IJ"),
    (AAMVA, "@\n\x1e\rANSI 636026100102DL00410287ZA03280015DLDAQD12345678\nDCSSAMPLE\nDDEN\nDACMICHAEL\nDBB05151982\n"),
)
KINDS = (
    UK_DRIVER, AAMVA,
    LEADING_ZERO, ZERO_LOST, SCIENTIFIC, APOSTROPHE, ROUNDED, LOWER, SPACES, HYPHENS, FILLERS, LETTER_O, LETTER_I, FULLWIDTH,
    ARABIC, SIGN, ONE_CHARACTER, NINE, TEN, EMPTY, ZEROS, MASKED,
)  # fmt: skip
_FULLWIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
_ARABIC_INDIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def texts(value: str) -> Iterator[tuple[Kind, str]]:
    """Yields the kinds of any number, each with its text; a number without zeros, ones or letters is replaced."""
    own = value or "E01020345"
    mixed = own if "0" in own and "1" in own else "E01020345"
    half = len(own) // 2
    yield LEADING_ZERO, "001020345"
    yield ZERO_LOST, "1020345"
    yield SCIENTIFIC, "2.03160E+10"
    yield APOSTROPHE, f"'{own}"
    yield ROUNDED, "90071992547409930001"
    yield LOWER, own.lower() if own.lower() != own else "e01020345"
    yield SPACES, f"{own[:half]} {own[half:]}"
    yield HYPHENS, f"{own[:half]}-{own[half:]}"
    yield FILLERS, own.ljust(len(own) + 3, "<")
    yield LETTER_O, mixed.replace("0", "O")
    yield LETTER_I, mixed.replace("1", "I")
    yield FULLWIDTH, mixed.translate(_FULLWIDTH)
    yield ARABIC, mixed.translate(_ARABIC_INDIC)
    yield SIGN, f"№ {own}"
    yield ONE_CHARACTER, "1"
    yield NINE, "AB0123456"
    yield TEN, "AB01234567"
    yield EMPTY, ""
    yield ZEROS, "0" * (len(own) or 9)
    yield MASKED, "*" * len(own[:-4]) + own[-4:]
