"""The family of countries: codes are in the lists that their kinds name, and check digits hold where they should.

python-stdnum (LGPL) reads the national numbers here, in the tests alone; what it does not know is read by a few lines below.
"""

from __future__ import annotations

import importlib
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from stdnum import luhn

from specimen import specs
from specimen.contracts.payloads import Case
from specimen.contracts.payloads.families.countries import codes, documents, numbers, personal
from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, REJECT
from specimen.fixtures.documents.issuing_countries import SERIES
from specimen.fixtures.standards.mrz import check_digit
from tests.contracts.payloads.catalogues import catalogue

NAMES = specs.names()
KINDS = (*codes.KINDS, *documents.KINDS, *numbers.KINDS, *personal.KINDS)


def everything() -> Iterator[Case]:
    """The cases of this family."""
    for name in NAMES:
        yield from (case for case in catalogue(name).cases if case.kind.startswith("countries."))


def digits(text: str) -> list[int]:
    """The digits of a text."""
    return [int(letter) for letter in text if letter.isdigit()]


def weighted(text: str, weights: tuple[int, ...]) -> int:
    """The sum of the digits by their weights."""
    return sum(digit * weight for digit, weight in zip(digits(text), weights, strict=True))


def canadian(text: str) -> bool:
    """Canada, also for those numbers that are not given out because they begin with 0."""
    return bool(luhn.is_valid(text.replace(" ", "")))


def egyptian(text: str) -> bool:
    """Egypt: the last digit is 11 less the remainder, in one digit."""
    return (11 - weighted(text[:-1], (2, 7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11) % 10 == int(text[-1])


def hong_kong(text: str) -> bool:
    """Hong Kong: a space and a letter count 36 and their place in the alphabet with ten more."""
    total = 36 * 9 + int(text[0], 36) * 8 + weighted(text[1:7], (7, 6, 5, 4, 3, 2))
    return "0123456789A"[-total % 11] == text[8]


def singaporean(text: str) -> bool:
    """Singapore, of those born there before 2000."""
    return text[0] == "S" and "JZIHGFEDCBA"[weighted(text[1:8], (2, 7, 6, 5, 4, 3, 2)) % 11] == text[8]


def snils(text: str) -> bool:
    """Russia: a sum of weights 9 to 1, modulo 101."""
    return weighted(text[:11], tuple(range(9, 0, -1))) % 101 % 100 == int(text[-2:])


def of_the_zone(at: int) -> Callable[[str], bool]:
    """A check digit as in an MRZ, at a place of the number."""

    def holds(text: str) -> bool:
        bare = text.replace("-", "")
        place = at % len(bare)
        return check_digit(bare[:place] + bare[place + 1 :]) == bare[place]

    return holds


def of_stdnum(module: str, **options: bool) -> Callable[[str], bool]:
    """The reader of python-stdnum."""

    def holds(text: str) -> bool:
        return bool(importlib.import_module(f"stdnum.{module}").is_valid(text, **options))

    return holds


def hetu(text: str) -> bool:
    """Finland, with the numbers that are kept for tests."""
    from stdnum.exceptions import ValidationError
    from stdnum.fi import hetu as reader

    try:
        return bool(reader.validate(text, allow_temporary=True))
    except ValidationError:
        return False


# By the slug of a scheme, who reads it.
READERS: dict[str, Callable[[str], bool]] = {
    "argentina_cuil": of_stdnum("ar.cuit"), "austria_svnr": of_stdnum("at.vnr"), "belgium_register": of_stdnum("be.nn"),
    "brazil_cpf": of_stdnum("br.cpf"), "bulgaria_egn": of_stdnum("bg.egn"), "canada_sin": canadian,
    "chile_rut": of_stdnum("cl.rut"), "china_resident_id": of_stdnum("cn.ric"), "colombia_nit": of_stdnum("co.nit"),
    "croatia_oib": of_stdnum("hr.oib"), "czechia_birth_number": of_stdnum("cz.rc"),
    "dominican_republic_cedula": of_stdnum("do.cedula"), "ecuador_cedula": of_stdnum("ec.ci"),
    "egypt_national_number": egyptian, "estonia_isikukood": of_stdnum("ee.ik"), "finland_hetu": hetu,
    "france_nir": of_stdnum("fr.nir"), "germany_tax_id": of_stdnum("de.idnr"), "greece_amka": of_stdnum("gr.amka"),
    "guatemala_nit": of_stdnum("gt.nit"), "hong_kong_hkid": hong_kong, "iceland_kennitala": of_stdnum("is_.kennitala"),
    "india_aadhaar": of_stdnum("in_.aadhaar"), "ireland_pps": of_stdnum("ie.pps"),
    "israel_identity_number": of_stdnum("il.idnr"), "italy_codice_fiscale": of_stdnum("it.codicefiscale"),
    "japan_my_number": of_stdnum("jp.in_"), "korea_rrn": of_stdnum("kr.rrn"), "latvia_personas_kods": of_stdnum("lv.pvn"),
    "lithuania_asmens_kodas": of_stdnum("lt.asmens"), "mauritius_nid": of_stdnum("mu.nid"), "mexico_curp": of_stdnum("mx.curp"),
    "moldova_idnp": of_stdnum("md.idno"), "netherlands_bsn": of_stdnum("nl.bsn"),
    "norway_fodselsnummer": of_stdnum("no.fodselsnummer"), "poland_pesel": of_stdnum("pl.pesel"),
    "portugal_nif": of_stdnum("pt.nif"), "romania_cnp": of_stdnum("ro.cnp"), "russia_snils": snils,
    "serbia_jmbg": of_stdnum("si.emso"), "singapore_nric": singaporean, "slovakia_birth_number": of_stdnum("sk.rc"),
    "slovenia_emso": of_stdnum("si.emso"), "south_africa_id": of_stdnum("za.idnr"), "spain_dni": of_stdnum("es.dni"),
    "spain_nie": of_stdnum("es.nie"), "sweden_personnummer": of_stdnum("se.personnummer"),
    "switzerland_ahv": of_stdnum("ch.ssn"), "thailand_identity_number": of_stdnum("th.pin"),
    "turkiye_tckn": of_stdnum("tr.tckimlik"), "ukraine_unzr": of_the_zone(-1), "ukraine_rntrc": of_stdnum("ua.rntrc"),
    "united_arab_emirates_id": lambda text: luhn.is_valid(text.replace("-", "")), "uruguay_rut": of_stdnum("uy.rut"),
    "venezuela_rif": of_stdnum("ve.rif"), "belgium_card_number": of_stdnum("be.eid"), "germany_card_number": of_the_zone(-1),
    "poland_card_number": of_the_zone(3), "portugal_card_number": of_stdnum("pt.cc"),
}  # fmt: skip


@cache
def texts() -> dict[str, str]:
    """By the kind's name, a national number."""
    return {kind.id.removeprefix("countries."): text for kind, text in (*personal.PEOPLE, *personal.DOCUMENTS)}


def test_kinds__each_is_somewhere() -> None:
    """No kind is dead, and none has the id of another."""
    assert {case.kind for case in everything()} == {kind.id for kind in KINDS}
    assert len({kind.id for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("name", NAMES)
def test_cases__nothing_is_left_out(name: str) -> None:
    """Every kind that a field takes makes a case there."""
    assert [entry for entry in catalogue(name).left_out if ":countries." in entry.id] == []


@pytest.mark.parametrize("scheme", [*personal.SCHEMES, *personal.CARDS], ids=lambda scheme: scheme.slug)
def test_numbers__the_right_one_holds_and_the_wrong_one_does_not(scheme: personal.Scheme) -> None:
    """An independent reader takes the one and refuses the other; they have the same form."""
    holds = READERS[scheme.slug]
    assert holds(scheme.right)
    assert not holds(scheme.wrong)
    differ = [place for place, (one, other) in enumerate(zip(scheme.right, scheme.wrong, strict=True)) if one != other]
    assert len(differ) == 1


def test_numbers__every_scheme_has_its_reader() -> None:
    """None is taken on trust."""
    assert {scheme.slug for scheme in (*personal.SCHEMES, *personal.CARDS)} == set(READERS)


def test_numbers__the_countries_of_the_made_up_people_are_there() -> None:
    """Where the fixtures' documents have a personal number with a check digit, so has the table."""
    schemes = {scheme.slug.partition("_")[0] for scheme in personal.SCHEMES}
    with_digits = {
        "ARE": "united", "BRA": "brazil", "EGY": "egypt", "ESP": "spain", "ITA": "italy", "POL": "poland", "TUR": "turkiye",
        "UKR": "ukraine",
    }  # fmt: skip
    assert set(with_digits) <= {series.country for series in SERIES}
    assert set(with_digits.values()) <= schemes


def test_numbers__valid_ones_that_break_the_usual_check() -> None:
    """Read by those that know the exception."""
    number = texts()
    assert of_stdnum("cz.rc")(number["czechia_birth_number_nine_digits"])
    assert len(digits(number["czechia_birth_number_nine_digits"])) == 9
    cpr = number["denmark_cpr_without_modulus_11"]
    assert of_stdnum("dk.cpr")(cpr)
    assert weighted(cpr, (4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 != 0
    assert hetu(number["finland_hetu_new_separator"])
    assert of_stdnum("it.codicefiscale")(number["italy_codice_fiscale_homocode"])
    assert of_stdnum("lv.pvn")(number["latvia_personas_kods_without_birth_date"])
    assert of_stdnum("no.fodselsnummer")(number["norway_d_number"])
    coordination = number["sweden_coordination_number"]
    assert int(coordination[4:6]) > 60
    assert luhn.is_valid(coordination.replace("-", ""))


def test_numbers__are_unassigned() -> None:
    """Equal digits hold both check digits of a CPF; an SSN of area 666 was never given out."""
    repeated = digits(texts()["brazil_cpf_repeated_digit"])
    assert len(set(repeated)) == 1
    for length in (9, 10):
        total = sum(digit * weight for digit, weight in zip(repeated, range(length + 1, 1, -1), strict=False))
        assert total * 10 % 11 % 10 == repeated[length]
    assert not of_stdnum("us.ssn")(texts()["united_states_ssn_impossible_area"])


def test_numbers__a_wrong_check_digit_breaks_no_contract() -> None:
    """No vendor promises to look at it."""
    verdicts = {case.verdict for case in everything() if case.kind.endswith("_wrong_check_digit")}
    assert verdicts == {EITHER}
    assert {case.verdict for case in everything() if case.kind.endswith("_right_check_digit")} == {ACCEPT}


def test_codes__withdrawn_and_special_ones_are_in_no_list_of_today() -> None:
    """They are three capitals that ISO's list of today gives to nobody."""
    today = set(codes._OTHERS)
    special = [text for role in ("country", "nationality") for kind, text in codes.texts(role, "CHN") if _is_code_kind(kind.id)]
    assert len(set(special)) == 26
    assert all(len(text) == 3 and text.isascii() and text.isupper() for text in special)
    assert not today & set(special)


def _is_code_kind(name: str) -> bool:
    return name.startswith(("countries.withdrawn_", "countries.icao_")) and name != "countries.icao_germany"


def test_codes__of_the_same_country() -> None:
    """Two letters, three digits and a name for each country of the fixtures' documents."""
    assert set(codes._OTHERS) == {series.country for series in SERIES}
    for alpha_2, numeric, name in codes._OTHERS.values():
        assert (len(alpha_2), len(numeric), numeric.isdigit()) == (2, 3, True)
        assert name


def test_codes__a_pattern_refuses_what_is_no_code() -> None:
    """Where the vendor says three capitals, all else breaks the schema alone, and other lists' codes do not."""
    asked = {case.kind: case for case in everything() if case.field == "/results/0/countryCode"}
    for name in ("alpha_2", "lower_case", "mixed_case", "numeric_code", "name", "trailing_newline", "homoglyph", "xk"):
        assert (asked[f"countries.{name}"].verdict, asked[f"countries.{name}"].rule) == (REJECT, "GEN-005"), name
    for name in ("withdrawn_sun", "xkx", "icao_uto", "user_assigned"):
        assert asked[f"countries.{name}"].verdict == EITHER


def test_texts__are_what_unicode_says() -> None:
    """Look-alikes are Cyrillic, wide digits become the others by NFKC, and the dotless i does not."""
    for case in everything():
        if case.kind in ("countries.homoglyph", "countries.sex_cyrillic"):
            assert any(unicodedata.name(letter).startswith("CYRILLIC") for letter in case.value)
        if case.kind in ("countries.fullwidth", "countries.number_fullwidth"):
            assert not case.value.isascii()
            assert unicodedata.normalize("NFKC", case.value).isascii()
        if case.kind == "countries.turkish_lower_case":
            assert not unicodedata.normalize("NFKC", case.value).isascii()


def test_types__in_another_language_are_capitals_as_they_are_printed() -> None:
    """A word in the script of its state."""
    found = {case.value for case in everything() if case.kind == "countries.document_type_other_language"}
    assert found
    for word in found:
        assert word == word.upper()
        assert not word.isascii()
        assert {unicodedata.name(letter).split()[0] for letter in word} == {"CYRILLIC"}


def test_numbers__miswritten_by_programs() -> None:
    """What a spreadsheet and a JavaScript number make of the digits."""
    text = dict(numbers.texts("E01020345"))
    assert text[numbers.ZERO_LOST] == str(int(text[numbers.LEADING_ZERO]))
    rounded, kept = text[numbers.ROUNDED], str(int(float(text[numbers.ROUNDED])))
    assert len(rounded) == len(kept) == 20
    assert rounded[:16] == kept[:16]
    assert rounded != kept
    assert set(text[numbers.ZEROS]) == {"0"}


def test_numbers__lengths() -> None:
    """Nine characters fill the field of the zone."""
    for kind, length in (("one_character", 1), ("nine_characters", 9), ("ten_characters", 10)):
        found = {len(case.value) for case in everything() if case.kind == f"countries.number_{kind}"}
        assert found == {length}
