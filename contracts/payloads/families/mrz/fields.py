"""Unknown or ambiguous dates, sexes, ICAO country codes, and names that fill their field."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from specimen.contracts.payloads.families.mrz.change import (
    CODES,
    DATES,
    NAMES,
    TD1_NAMES,
    TD3_DATA,
    TD3_NAMES,
    Change,
    Making,
    change,
)
from specimen.contracts.payloads.families.mrz.zone import FILLER, TD1, TD3, Layout, Zone
from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER

# Whose codes these are; they stand for a nationality, or for who issued the document and the nationality.
_NATIONALITIES = {
    "GBD": "British overseas territories citizens have a code that no list of countries holds",
    "GBN": "British nationals (overseas) have a code that no list of countries holds",
    "GBO": "British overseas citizens have a code that no list of countries holds",
    "GBP": "British protected persons have a code that no list of countries holds",
    "GBS": "British subjects have a code that no list of countries holds",
    "XXA": "A stateless person has no nationality, and a code that says so",
    "XXB": "A refugee under the Convention of 1951 has a code in place of a nationality",
    "XXC": "A refugee under another law than the Convention of 1951 has a code in place of a nationality",
    "XXX": "A person whose nationality is not specified has a code that says so",
}
_ISSUERS = {
    "UNO": "The United Nations issue documents, and their officials have its code for a nationality",
    "UNA": "Officials of the specialised agencies of the United Nations have a code of their own",
    "UTO": "Utopia is the state of specimens: its documents are synthetic, and readers know the code",
    "EUE": "The European Union issues laissez-passers under a code that is no country's",
}
# As TD1's name field takes them; TD3's is nine characters longer.
_GIVEN = "MAXIMILIANE ANNALENA WILHELMINE FRIEDERIKE"
_FAMILY = "VON DER TANNENBERG ZU WALDHAUSEN OBERSTEINBACH LICHTENFELS"
_ONE_LONG_NAME = "WALDHAUSENOBERSTEINBACHLICHTENFELSTANNENBERG"


def _born(text: str) -> Making:
    return lambda zone, _: zone.set(birth=text)


def _expires(text: str) -> Making:
    return lambda zone, _: zone.set(expiry=text)


def _names(text: str) -> Making:
    return lambda zone, _: zone.put(names=text)


def _full(zone: Zone, _: date) -> Zone:
    """Two names whose last letter stands in the last place of the field."""
    room = len(zone["names"])
    return zone.put(names=("TESSENDORF<<" + _GIVEN.replace(" ", FILLER))[: room - 1] + "A")


def _nationality(code: str, why: str) -> Change:
    return change(
        f"nationality_{code.lower()}", f"{why}.", CODES, ACCEPT, lambda zone, _: zone.put(nationality=code), tags=("codes",)
    )


def _issuer(code: str, why: str) -> Change:
    return change(
        f"issuer_{code.lower()}", f"{why}.", CODES, ACCEPT, lambda zone, _: zone.put(issuer=code, nationality=code),
        tags=("codes",), is_by_line=True,
    )  # fmt: skip


def _cut_names(layout: Layout, source: str) -> Iterator[Change]:
    """Names as long as the field and longer, in 39 characters or in 30."""
    _, start, end = layout.fields["names"]
    size, room = layout.name, f"In {end - start} characters"
    for name, rationale, make in (
        ("names_fill_the_field", "a letter in the last place may be the end of the name or of the room for it.", _full),
        (
            "given_names_cut",
            "given names that are too long lose their end: they are not those that are printed.",
            lambda zone, _: zone.named("TESSENDORF", _GIVEN),
        ),
        (
            "family_name_cut",
            "a family name of many parts is cut to leave room for a letter of the given name.",
            lambda zone, _: zone.named(_FAMILY, "KARL"),
        ),
        (
            "family_name_fills_the_field",
            "a single name that is too long leaves no filler at all: there is nothing to split at.",
            lambda zone, _: zone.named(_ONE_LONG_NAME, ""),
        ),
    ):
        tags = ("name", "boundary")
        yield change(f"{size}_{name}", f"{room}, {rationale}", source, ACCEPT, make, tags=tags, layout=layout)


_DATE_CHANGES = (
    change(
        "birth_day_unknown", "An unknown day of birth is two fillers: the date is no date.", DATES, ACCEPT,
        lambda zone, _: zone.set(birth=f"{zone['birth'][:4]}<<"), tags=("date", "parser"),
    ),
    change(
        "birth_month_and_day_unknown", "Of some people only the year of birth is known: fillers stand for month and day.", DATES,
        ACCEPT, lambda zone, _: zone.set(birth=f"{zone['birth'][:2]}<<<<"), tags=("date", "parser"),
    ),
    change(
        "birth_date_unknown", "Nothing is known of the birth date: six fillers, whose check digit is 0.", DATES, ACCEPT,
        _born(FILLER * 6), tags=("date", "parser"),
    ),
    change(
        "birth_day_00", "00 is no day, and not how the standard writes a day that is unknown.", DATES, EITHER,
        lambda zone, _: zone.set(birth=f"{zone['birth'][:4]}00"), tags=("date",),
    ),
    change(
        "birth_month_13", "There is no month 13, though the check digits fit.", DATES, EITHER,
        lambda zone, _: zone.set(birth=f"{zone['birth'][:2]}1301"), tags=("date",),
    ),
    change(
        "birth_31_april", "There is no 31 April, though the check digits fit.", DATES, EITHER,
        lambda zone, _: zone.set(birth=f"{zone['birth'][:2]}0431"), tags=("date",),
    ),
    change(
        "birth_year_of_today", "Two digits of this year and this day: born today, or a hundred years ago.", DATES, ACCEPT,
        lambda zone, today: zone.set(birth=f"{today:%y%m%d}"), tags=("date", "century"),
    ),
    change(
        "birth_year_after_this", "Two digits of next year can only be of the century before: adding 2000 gives a future birth.",
        DATES, ACCEPT, lambda zone, today: zone.set(birth=f"{(today.year + 1) % 100:02d}0101"), tags=("date", "century"),
    ),
    change(
        "birth_year_00", "Born in 1900 or in 2000: the last of their century's years to sort, and the first.", DATES, ACCEPT,
        _born("000630"), tags=("date", "century"),
    ),
    change(
        "birth_leap_day_of_00", "2000 had a 29 February and 1900 had none: the day settles the century.", DATES, ACCEPT,
        _born("000229"), tags=("date", "century", "leap"),
    ),
    change(
        "expiry_year_99", "Expired in 1999, or valid until 2099: a rule made for birth dates decides wrong.", DATES, ACCEPT,
        _expires("991231"), tags=("date", "century"),
    ),
    change(
        "expiry_year_00", "Expired in 2000, or valid until 2100: the turn of a century falls inside a document's life.", DATES,
        ACCEPT, _expires("000101"), tags=("date", "century"),
    ),
    change(
        "expiry_unknown", "A card that never expires may have fillers for the day, and 0 for their digit: no day to compare.",
        DATES, EITHER, _expires(""), tags=("date", "parser"), layout=TD1,
    ),
    change(
        "expiry_31_april", "No document ends on 31 April, though the check digits fit.", DATES, EITHER,
        lambda zone, _: zone.set(expiry=f"{zone['expiry'][:2]}0431"), tags=("date",),
    ),
)  # fmt: skip
_CODE_CHANGES = (
    change(
        "sex_unspecified", "A filler is a sex that is not specified, not one that was not read.", TD3_DATA, ACCEPT,
        lambda zone, _: zone.put(sex=FILLER), tags=("sex",),
    ),
    change(
        "sex_x", "X is printed for people to read; the machine readable zone has a filler instead.", TD3_DATA, EITHER,
        lambda zone, _: zone.put(sex="X"), tags=("sex",),
    ),
    change(
        "germany_d", "Germany alone has one letter and two fillers.", CODES, ACCEPT,
        lambda zone, _: zone.put(issuer="D", nationality="D"), tags=("codes", "parser"), is_by_line=True,
    ),
    change(
        "germany_deu", "DEU is ISO's code of Germany, and not what German documents have.", CODES, EITHER,
        lambda zone, _: zone.put(issuer="DEU", nationality="DEU"), tags=("codes",), is_by_line=True,
    ),
    change(
        "issuer_of_two_letters", "Two letters and a filler are of another list of codes.", CODES, EITHER,
        lambda zone, _: zone.put(issuer="PT"), tags=("codes",),
    ),
    change(
        "nationality_unassigned", "ZZZ is among the codes that ISO 3166-1 never assigns.",
        "ISO 3166-1, user-assigned code elements", EITHER, lambda zone, _: zone.put(nationality="ZZZ"), tags=("codes",),
    ),
    change(
        "code_of_two_letters", "The second letter of a document's code is the state's own choice: there are two letters.",
        TD3_DATA, ACCEPT, lambda zone, _: zone.put(code="PD" if zone["code"][0] == "P" else "IR"), tags=("codes",),
    ),
    change(
        "issuer_rks", "Kosovo's documents have a code that ISO 3166-1 does not have: readers know it by agreement.",
        "PRADO, Kosovo; ISO 3166-1, which has no such code", ACCEPT,
        lambda zone, _: zone.put(issuer="RKS", nationality="RKS"), tags=("codes",), is_by_line=True,
    ),
    *(_nationality(code, why) for code, why in _NATIONALITIES.items()),
    *(_issuer(code, why) for code, why in _ISSUERS.items()),
)  # fmt: skip
_NAME_CHANGES = (
    *_cut_names(TD3, TD3_NAMES),
    *_cut_names(TD1, TD1_NAMES),
    change(
        "no_given_name", "A single name has fillers after it, and no second part.", NAMES, ACCEPT, _names("SUKARNOPUTRI"),
        tags=("name", "parser"),
    ),
    change("names_of_one_letter", "The shortest names are one letter each.", NAMES, ACCEPT, _names("O<<A"), tags=("name",)),
    change(
        "one_filler_between_names", "One filler parts the words of one name: who has none but the family name has no given name.",
        NAMES, ACCEPT, _names("ERIKSEN<ANNA<MARIE"), tags=("name", "parser"),
    ),
    change(
        "three_fillers_between_names", "Two fillers part the names: a third one begins the given name.", NAMES, EITHER,
        _names("ERIKSEN<<<ANNA<MARIE"), tags=("name", "parser"),
    ),
    change(
        "fillers_twice_between_names", "Two fillers stand once: three names cannot be told apart.", NAMES, EITHER,
        _names("ERIKSEN<<ANNA<<MARIE"), tags=("name", "parser"),
    ),
    change(
        "no_family_name", "A single name is the first one: fillers before it leave the family name empty.", NAMES, EITHER,
        _names("<<ANNA<MARIE"), tags=("name", "parser"),
    ),
    change("names_all_fillers", "There is no name at all.", NAMES, EITHER, _names(""), tags=("name", "boundary")),
    change(
        "zero_for_letter_o_in_name", "A letter O of the name was read as a zero, and names have no check digit.", NAMES, EITHER,
        _names("0STERG0RD<<INGRID"), tags=("name", "ocr"),
    ),
    change(
        "one_for_letter_i_in_name", "A letter I of the name was read as a one, and names have no check digit.", NAMES, EITHER,
        _names("OSTERGORD<<1NGR1D"), tags=("name", "ocr"),
    ),
    change(
        "letter_k_for_fillers", "Fillers were read as the letter K, the commonest misreading: the name grows a tail.", NAMES,
        EITHER, _names("LINDGREN<<ELSA<<<<<<KKKK"), tags=("name", "ocr"),
    ),
)  # fmt: skip
CHANGES: tuple[Change, ...] = (*_DATE_CHANGES, *_CODE_CHANGES, *_NAME_CHANGES)
