"""The sex and the type of a document, spelled as in other lists."""

from __future__ import annotations

from collections.abc import Iterator

from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, REJECT, Kind, kind

_ICAO_SEX = "ICAO Doc 9303, part 3, data element sex"
_ICAO_TYPE = "ICAO Doc 9303, part 4, document code"
_ODD = (REJECT, EITHER)


def _sex(name: str, rationale: str, source: str, *tags: str, claims: str | tuple[str, ...] = _ODD) -> Kind:
    return kind(f"countries.sex_{name}", rationale, source, claims, ("sex", *tags))


def _type(name: str, rationale: str, source: str, *tags: str) -> Kind:
    return kind(f"countries.document_type_{name}", rationale, source, _ODD, ("document-type", *tags))


_SEXES = (
    (_sex("x", "Documents with X are valid, and a list of M and F refuses their holders.", _ICAO_SEX, claims=(ACCEPT, REJECT)),
     "X"),
    (_sex("filler", "The zone says < where the page says X.", _ICAO_SEX, "mrz"), "<"),
    (_sex("word", "A word in place of the letter.", _ICAO_SEX), "Female"),
    (_sex("other_language", "W is weiblich on German forms.", _ICAO_SEX), "W"),
    (_sex("digit", "Female is 2 in ISO's own code.", "ISO/IEC 5218"), "2"),
    (_sex("digit_unknown", "0 is not known in ISO's code, and false to many languages.", "ISO/IEC 5218", "parser"), "0"),
    (_sex("cyrillic", "The Cyrillic capital looks like the Latin M.", "Unicode Technical Standard #39, section 4", "unicode"),
     "М"),
    (_sex("both", "A passport of two languages prints both letters.", _ICAO_SEX), "F/Ж"),
    (_sex("unknown_letter", "U for unknown comes from hospitals, not from documents.", "HL7, administrative gender"), "U"),
    (_sex("empty", "A card such as Germany's has no field for it.", _ICAO_SEX, "boundary"), ""),
)  # fmt: skip
SEX_LOWER = _sex("lower_case", "The same letter, small.", _ICAO_SEX, "case")
_TYPES = (
    (_type("icao_p", "The zone's letter in place of the word.", _ICAO_TYPE, "mrz"), "P"),
    (_type("icao_pp", "ICAO gives the ordinary passport a second letter, and a list with P alone refuses it.", _ICAO_TYPE,
           "mrz"), "PP"),
    (_type("icao_filler", "The code with its filler, as it stands in the zone.", _ICAO_TYPE, "mrz"), "P<"),
    (_type("crew_certificate", "A crew member certificate has a code of its own, in a card's zone.",
           "ICAO Doc 9303, part 5", "mrz"), "AC"),
    (_type("visa", "A visa has a zone and proves no identity.", "ICAO Doc 9303, part 7", "mrz"), "visa"),
    (_type("driving_licence", "An identity document to many, without a zone of ICAO's.", "ISO/IEC 18013-1"), "driving_licence"),
    (_type("other_language", "The word that is printed on the document, in the language of its state.", _ICAO_TYPE, "unicode"),
     "ПАСПОРТ"),
    (_type("unknown", "No type: a reader with a closed list must say so, and not take the first.", _ICAO_TYPE), "specimen"),
    (_type("empty", "A document that was not recognised.", "JSON Schema 2020-12, minLength", "boundary"), ""),
)  # fmt: skip
TYPE_CASE = _type("other_case", "The vendor's word in letters of the other case.", _ICAO_TYPE, "case")
TYPE_SPACE = _type("trailing_space", "The vendor's word, not trimmed.", _ICAO_TYPE, "whitespace")
KINDS = (*(each for each, _ in (*_SEXES, *_TYPES)), SEX_LOWER, TYPE_CASE, TYPE_SPACE)


def sexes(value: str) -> Iterator[tuple[Kind, str]]:
    """Yields the kinds of a field for the sex, each with its text."""
    yield from _SEXES
    yield SEX_LOWER, value.lower() or "f"


def types(value: str) -> Iterator[tuple[Kind, str]]:
    """Yields the kinds of a field for the document's type, each with its text."""
    yield from _TYPES
    yield TYPE_CASE, (value or "passport").swapcase()
    yield TYPE_SPACE, f"{value or 'passport'} "
