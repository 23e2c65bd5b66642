"""Country codes: of other lists, withdrawn, reserved and unassigned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, REJECT, Kind, kind

_ISO, _GONE, _ICAO = "ISO 3166-1", "ISO 3166-3", "ICAO Doc 9303, part 3, section 5"
_ODD = (REJECT, EITHER)


def _code(name: str, rationale: str, source: str, *tags: str, claims: str | tuple[str, ...] = _ODD) -> Kind:
    return kind(f"countries.{name}", rationale, source, claims, ("country-code", *tags))


ALPHA_2 = _code("alpha_2", "Two letters where three are documented.", f"{_ISO}, alpha-2")
LOWER = _code("lower_case", "The same country to a reader, another key in a table.", f"{_ISO}, alpha-3", "case")
MIXED = _code("mixed_case", "What capitalising a word makes of a code.", f"{_ISO}, alpha-3", "case")
DOTLESS = _code(
    "turkish_lower_case", "Lower-casing in a Turkish locale makes a dotless i, which upper-casing elsewhere does not undo.",
    "Unicode Standard, SpecialCasing.txt, tr", "case", "unicode",
)  # fmt: skip
NUMERIC = _code("numeric_code", "The digits that UN statistics and old systems use.", f"{_ISO}, numeric-3")
NUMERIC_SHORT = _code("numeric_code_without_zeros", "Albania is 008: read as a number it is 8.", f"{_ISO}, numeric-3", "parser")
NAME = _code("name", "A name, which changes with the language and the government, in place of a code.", f"{_ISO}, short names")
IOC = _code("sports_code", "Sports federations have their own three letters: GER is DEU.", "IOC codes, as against ISO 3166-1")
UNKNOWN = _code("unassigned", "Three capitals that no list assigns.", f"{_ISO}, alpha-3", claims=EITHER)
USER_ASSIGNED = _code(
    "user_assigned", "Kept free for private use, so that every system means something else by it.",
    f"{_ISO}, user-assigned code elements", claims=EITHER,
)  # fmt: skip
RESERVED = _code("reserved_uk", "Reserved for the United Kingdom, whose codes are GB and GBR.", f"{_ISO}, exceptionally reserved")
EMPTY = _code("empty", "A country that was not read, or not given.", "JSON Schema 2020-12, minLength", "boundary")
SPACE = _code("trailing_space", "Four characters where a column and a table of codes have three.", _ISO, "whitespace")
NEWLINE = _code("trailing_newline", "The $ of Perl's, Python's and PHP's patterns lets it pass.", "Python, re, '$'", "whitespace",
                "parser")  # fmt: skip
CYRILLIC = _code("homoglyph", "Cyrillic capitals that look the same are no code.", "Unicode Technical Standard #39, section 4",
                 "unicode")  # fmt: skip
FULLWIDTH = _code("fullwidth", "What a Japanese keyboard writes, and NFKC turns into the code.",
                  "Unicode Standard Annex #15, NFKC", "unicode")  # fmt: skip
FILLED = _code("mrz_filler", "Germany is D in an MRZ, and a copy of the field has the fillers.", _ICAO, "mrz")
D = _code("icao_germany", "One letter is Germany's whole code in an MRZ.", _ICAO, "mrz")
KOSOVO_2 = _code("xk", "Two letters of common use for Kosovo, which ISO does not assign.", f"{_ISO}, user-assigned code elements")
KOSOVO_XKX = _code("xkx", "Kosovo in the World Bank's tables; its passports say RKS.",
                   f"World Bank, country codes; {_ISO}, user-assigned code elements",
                   claims=EITHER)  # fmt: skip
KOSOVO_RKS = _code("rks", "Kosovo on its passports, which ISO has no code for.", "PRADO, Kosovo", claims=(ACCEPT, REJECT))
DUAL = _code("two_nationalities", "Two codes in a field for one.", _ICAO)


class _Gone(NamedTuple):
    code: str
    rationale: str


# ISO 3166-3 lists names that were withdrawn; Romania changed its code alone.
_ROU = "ISO 3166/MA, Newsletter V-3, 2002-02-01"
_WITHDRAWN = tuple(
    (_code(f"withdrawn_{code.lower()}", rationale, _ROU if code == "ROM" else _GONE, "withdrawn", claims=EITHER), code)
    for code, rationale in (
        _Gone("SUN", "The Soviet Union ended in 1991: people were born there, and no nationality, document or address is of it."),
        _Gone("YUG", "Yugoslavia's code meant two different states before it ended in 2003."),
        _Gone("SCG", "Serbia and Montenegro had a code for three years."),
        _Gone("DDR", "The code of a German state that ended in 1990."),
        _Gone("CSK", "Czechoslovakia's code went to neither of the states that followed."),
        _Gone("ANT", "The Netherlands Antilles ended in 2010, and people were born there."),
        _Gone("ZAR", "Zaire's code; the country's is COD since 1997."),
        _Gone("BUR", "Burma's code; the country's is MMR since 1989."),
        _Gone("TMP", "East Timor's code; the country's is TLS since 2002."),
        _Gone("ROM", "Romania changed its code to ROU in 2002, and older tables have the old one."),
    )
)
# Codes that only travel documents have. They are nationalities; a state that issues documents is only some of them.
_SPECIAL = tuple(
    (_code(f"icao_{code.lower()}", rationale, _ICAO, "mrz", "icao-only", claims=(ACCEPT, REJECT)), code)
    for code, rationale in (
        ("GBD", "A citizen of a British overseas territory holds a British passport with another nationality."),
        ("GBN", "A British national (overseas) has a British passport and is no British citizen."),
        ("GBO", "A British overseas citizen is no British citizen, though both words are in the name."),
        ("GBP", "A British protected person is no citizen of the United Kingdom, which issues the passport."),
        ("GBS", "A British subject, as the law has the word since 1983, is no British citizen."),
        ("XXA", "A stateless person has a travel document and no nationality."),
        ("XXB", "A refugee under the convention of 1951 has no nationality in the zone."),
        ("XXC", "A refugee by another definition has no nationality in the zone."),
        ("XXX", "A person whose nationality is not known still has a document."),
    )
)  # fmt: skip
_ISSUERS = tuple(
    (_code(f"icao_{code.lower()}", rationale, _ICAO, "mrz", "icao-only", claims=(ACCEPT, REJECT)), code)
    for code, rationale in (
        ("UNO", "The United Nations issue a laissez-passer; ISO has no code for them."),
        ("UNA", "A specialised agency of the United Nations issues a laissez-passer."),
        ("UNK", "The UN mission in Kosovo issued travel documents."),
        ("XOM", "The Order of Malta issues passports and has no land."),
        ("XPO", "Interpol issues passports to its officers."),
        ("EUE", "The European Union issues a laissez-passer."),
    )
)  # fmt: skip
UTOPIA = _code(
    "icao_uto", "Utopia issues the specimens in ICAO's own manual: no such document can be real.",
    "ICAO Doc 9303, part 4, appendix", "mrz", "specimen", claims=EITHER,
)  # fmt: skip
# alpha-2, numeric, and a name: of the countries whose people the payloads show.
_OTHERS = MappingProxyType(
    {
        "ARE": ("AE", "784", "United Arab Emirates"), "BRA": ("BR", "076", "Brazil"), "CHN": ("CN", "156", "China"),
        "DEU": ("DE", "276", "Germany"), "EGY": ("EG", "818", "Egypt"), "ESP": ("ES", "724", "Spain"),
        "FRA": ("FR", "250", "France"), "GBR": ("GB", "826", "United Kingdom"), "GRC": ("GR", "300", "Greece"),
        "ITA": ("IT", "380", "Italy"), "JOR": ("JO", "400", "Jordan"), "JPN": ("JP", "392", "Japan"),
        "KOR": ("KR", "410", "South Korea"), "MAR": ("MA", "504", "Morocco"), "POL": ("PL", "616", "Poland"),
        "RUS": ("RU", "643", "Russia"), "TUR": ("TR", "792", "Türkiye"), "UKR": ("UA", "804", "Ukraine"),
        "USA": ("US", "840", "United States"),
    }
)  # fmt: skip
_CYRILLIC = str.maketrans("ABCEHKMOPTXY", "АВСЕНКМОРТХУ")
KINDS = (
    ALPHA_2, LOWER, MIXED, DOTLESS, NUMERIC, NUMERIC_SHORT, NAME, IOC, UNKNOWN, USER_ASSIGNED, RESERVED, EMPTY, SPACE, NEWLINE,
    CYRILLIC, FULLWIDTH, FILLED, D, KOSOVO_2, KOSOVO_XKX, KOSOVO_RKS, DUAL, UTOPIA,
    *(each for each, _ in (*_WITHDRAWN, *_SPECIAL, *_ISSUERS)),
)  # fmt: skip


# What only documents and their zones have: said of where a person lives it means nothing.
_OF_DOCUMENTS = frozenset({FILLED, D, KOSOVO_RKS, UTOPIA, *(each for each, _ in _ISSUERS)})


def texts(role: str, value: str, *, is_iso: bool = False) -> Iterator[tuple[Kind, str]]:
    """Yields the kinds of a `country`, a `nationality` or the `home` of an address, each with its text.

    `is_iso`: the page says ISO 3166-1, which does not have ICAO's other codes: never accepted, and refused by nobody for sure.
    """
    for found, text in _every(role, value):
        if role == "home" and found in _OF_DOCUMENTS:
            continue
        yield replace(found, claims=frozenset({REJECT, EITHER})) if is_iso and ACCEPT in found.claims else found, text


def _every(role: str, value: str) -> Iterator[tuple[Kind, str]]:
    code = value if value in _OTHERS else "DEU"
    alpha_2, numeric, name = _OTHERS[code]
    yield ALPHA_2, alpha_2
    yield LOWER, code.lower()
    yield MIXED, code.capitalize()
    yield DOTLESS, "ıta"
    yield NUMERIC, numeric
    yield NUMERIC_SHORT, "8"
    yield NAME, name
    yield IOC, "GER"
    yield UNKNOWN, "BBB"
    yield USER_ASSIGNED, "ZZZ"
    yield RESERVED, "UK"
    yield EMPTY, ""
    yield SPACE, f"{code} "
    yield NEWLINE, f"{code}\n"
    yield CYRILLIC, code.translate(_CYRILLIC) if code.translate(_CYRILLIC) != code else "СНЕ"
    yield FULLWIDTH, "".join(chr(ord(letter) + 0xFEE0) for letter in code)
    yield FILLED, "D<<"
    yield D, "D"
    yield KOSOVO_2, "XK"
    yield KOSOVO_XKX, "XKX"
    yield KOSOVO_RKS, "RKS"
    yield from _WITHDRAWN
    yield from _SPECIAL if role == "nationality" else _ISSUERS
    yield UTOPIA, "UTO"
    if role == "nationality":
        yield DUAL, "DEU/TUR"
