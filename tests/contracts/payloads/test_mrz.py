"""The zones of the MRZ family, read by a second reader that was written from the standard."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from specimen import specs
from specimen.contracts.payloads import Case
from specimen.contracts.payloads.families.mrz import CHANGES
from specimen.contracts.payloads.families.mrz.digits import same
from specimen.contracts.payloads.families.mrz.lines import OF_ARRAYS
from specimen.contracts.payloads.families.mrz.zone import LAYOUTS, Zone
from specimen.contracts.payloads.families.mrz.zone import read as zone_of
from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER
from specimen.fixtures.people.identities import LOCALES, identity
from specimen.fixtures.standards import mrz
from specimen.specs.core.json_pointer import places, value_at
from tests.contracts.payloads.catalogues import catalogue, check_all
from tests.mrz_reader import digit, read

TODAY = date(2026, 3, 19)
SPECIMENS = {
    "part 4, TD3": (
        ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"),
        {"number": "L898902C3", "birth": "740812", "sex": "F", "expiry": "120415", "optional": "ZE184226B<<<<<"},
    ),
    "part 5, TD1": (
        ("I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"),
        {"number": "D23145890", "birth": "740812", "sex": "F", "expiry": "120415", "optional": "<" * 15},
    ),
    "part 6, TD2": (
        ("I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"),
        {"number": "D23145890", "birth": "740812", "sex": "F", "expiry": "120415", "optional": "<" * 7},
    ),
}
# What the second reader must find, and nothing else.
FOUND = {
    **{
        f"{size}_wrong_{field}_digit{suffix}": {f"{field} digit", *([] if suffix else ["composite digit"])}
        for size, names in (("td3", "number birth expiry optional"), ("td1", "number birth expiry"))
        for field in names.split()
        for suffix in ("", "_sealed")
    },
    "td3_personal_number_wrong_digit": {"optional digit"},
    "td3_personal_number_without_digit": {"optional digit"},
    "russian_digits_for_letters": {"names"},
    "td3_wrong_composite": {"composite digit"},
    "td1_wrong_composite": {"composite digit"},
    "td1_optional_misread": {"composite digit"},
    "td1_optional_2_misread": {"composite digit"},
    "td3_number_digit_filler": {"number digit"},
    "td1_filler_for_digit": {"number digit"},
    "td1_wrong_long_number_digit": {"number digit"},
    "letter_o_for_zero_in_number": {"number digit", "composite digit"},
    "zero_for_letter_o_in_number": {"number digit", "composite digit"},
    "letter_i_for_one_in_number": {"number digit", "composite digit"},
    "one_for_letter_i_in_number": {"number digit", "composite digit"},
    "letter_o_for_zero_in_birth_date": {"birth", "birth digit", "composite digit"},
    "letter_i_for_one_in_expiry_date": {"expiry", "expiry digit", "composite digit"},
    "letter_o_for_zero_in_check_digit": {"birth digit", "composite digit"},
    "number_all_fillers": {"number"},
    "birth_day_00": {"birth"},
    "birth_month_13": {"birth"},
    "birth_31_april": {"birth"},
    "expiry_31_april": {"expiry"},
    "expiry_unknown": {"expiry"},
    "sex_x": {"sex"},
    "germany_deu": {"issuer", "nationality"},
    "issuer_of_two_letters": {"issuer"},
    "nationality_unassigned": {"nationality"},
    "three_fillers_between_names": {"names"},
    "fillers_twice_between_names": {"names"},
    "no_family_name": {"names"},
    "names_all_fillers": {"names"},
    "zero_for_letter_o_in_name": {"names"},
    "one_for_letter_i_in_name": {"names"},
    "letter_k_for_fillers": {"names"},
}
# The French card's zone is none of ICAO's; `independent_grammar` reads it.
OF_NO_STANDARD = "mrz.idfra"
KINDS = {change.kind.id: change for change in CHANGES}
PEOPLE = st.builds(
    lambda seed, locale, document: identity(seed, on=TODAY, locale=locale, document=document),
    st.integers(0, 10**6), st.sampled_from(LOCALES), st.sampled_from(["passport", "id_card"]),
)  # fmt: skip
EVERYWHERE = [
    identity(seed, on=TODAY, locale=locale, document=document)
    for locale in LOCALES
    for document in ("passport", "id_card")
    for seed in (1, 2)
]
SOME = [person for person in EVERYWHERE if not read(person.document.mrz).faults]


@pytest.mark.parametrize("name", SPECIMENS)
def test_reader__reads_the_specimens_of_the_standard(name) -> None:
    """Utopia's documents in Doc 9303: every field, and nothing is wrong."""
    lines, expected = SPECIMENS[name]
    found = read(lines)
    assert found.faults == set()
    assert found.fields | expected == found.fields
    assert (found.fields["issuer"], found.fields["nationality"]) == ("UTO", "UTO")
    assert found.fields["names"].rstrip("<") == "ERIKSSON<<ANNA<MARIA"


@pytest.mark.parametrize("name", SPECIMENS)
def test_reader__sees_every_single_digit_that_is_off(name) -> None:
    """Each check digit of a specimen, changed to each of the nine others, is named, alone or with the composite one."""
    lines, _ = SPECIMENS[name]
    zone = zone_of(lines)
    assert zone is not None
    for field, own in zone.layout.digits.items():
        for wrong in set("0123456789") - {zone[own]}:
            assert read(zone.put(**{own: wrong}).lines).faults == {f"{field} digit", "composite digit"}
            assert read(zone.put(**{own: wrong}).sealed().lines).faults == {f"{field} digit"}
    for wrong in set("0123456789") - {zone["composite"]}:
        assert read(zone.put(composite=wrong).lines).faults == {"composite digit"}


@settings(max_examples=5 * settings.default.max_examples)
@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<", max_size=90))
def test_readers__compute_the_same_check_digit(text) -> None:
    """Two implementations, one number."""
    assert digit(text) == mrz.check_digit(text)


@settings(max_examples=5 * settings.default.max_examples, deadline=None)
@given(PEOPLE)
@example(identity(5, on=TODAY, locale="pt_BR", document="id_card"))
def test_readers__agree_on_everybody(person) -> None:
    """Both read the same fields out of any person's document, those of the person, and find nothing wrong."""
    document = person.document
    mine, theirs = read(document.mrz), mrz.parse(document.mrz)
    # Russia's internal passport has digits for letters that Latin lacks; it and the card of a Brazilian of 60 have no expiry,
    # which Doc 9303 does not know.
    is_internal = document.country == "RUS" and document.kind == "id_card"
    without_expiry = {"expiry", "expiry digit"} if document.expires_on is None else set()
    assert mine.faults <= without_expiry | ({"names"} if is_internal else set())
    assert theirs.is_valid
    fields = {name: text.strip("<").replace("<", " ") for name, text in mine.fields.items()}
    assert (fields["code"], fields["issuer"], fields["nationality"]) == (theirs.code, theirs.issuer, theirs.nationality)
    assert (fields["number"], fields["optional"]) == (theirs.number, theirs.optional)
    assert mine.fields["sex"] == theirs.sex
    assert (mine.fields["birth"], fields["expiry"]) == (theirs.birth_date, theirs.expires_on)
    assert mine.fields["birth"] == f"{person.birth_date:%y%m%d}"
    assert fields["expiry"] == ("" if document.expires_on is None else f"{document.expires_on:%y%m%d}")
    family, _, given_names = mine.fields["names"].partition("<<")
    assert (family.strip("<").replace("<", " "), given_names.strip("<").replace("<", " ")) == (
        theirs.family_name,
        theirs.given_names,
    )


@settings(max_examples=3 * settings.default.max_examples, deadline=None)
@given(PEOPLE, st.sampled_from(LAYOUTS))
def test_zone__is_the_same_person_on_a_document_of_any_size(person, layout) -> None:
    """Nothing is wrong with a zone that was rewritten, and number, dates and sex are kept."""
    zone = zone_of(person.document.mrz)
    assert zone is not None
    other = zone.within(layout)
    assert read(other.lines).faults <= read(zone.lines).faults
    for name in ("issuer", "nationality", "birth", "expiry", "sex"):
        assert other[name] == zone[name]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_change__has_what_it_says_and_no_other_fault(kind) -> None:
    """The second reader finds the named fault of a kind, and none in those that the standard allows; for every locale."""
    change = KINDS[kind]
    name = kind.partition(".")[2]
    applied = 0
    for person in SOME:
        zone = zone_of(person.document.mrz)
        assert zone is not None
        lines = change.lines(zone, TODAY)
        if lines == zone.lines or kind == OF_NO_STANDARD:
            applied += kind == OF_NO_STANDARD
            continue
        applied += 1
        faults = read(lines).faults
        if change.kind.claims == {ACCEPT}:
            assert faults == set(), (lines, faults)
        elif name in FOUND:
            assert faults == FOUND[name], (lines, faults)
        else:
            assert faults, lines
            assert faults <= {"shape", "characters"} or name == "lines_in_reverse", (lines, faults)
    assert applied > len(SOME) / 2


def test_kinds__that_the_standard_forbids_are_in_the_table_or_have_no_zone() -> None:
    """Every fault that a reader can name has its row; the rest are no zones at all."""
    forbidden = {kind.partition(".")[2] for kind, change in KINDS.items() if change.kind.claims == {EITHER}}
    shapeless = {change.kind.id.partition(".")[2] for change in CHANGES if change.line is not None} | {
        "joined_with_line_feeds", "joined", "last_line_missing", "first_line_missing", "empty_line_more", "lines_in_reverse",
    }  # fmt: skip
    assert forbidden == set(FOUND) | shapeless
    assert len(KINDS) == len(CHANGES)


@pytest.mark.parametrize("letter", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
def test_same__is_another_character_with_the_same_digit(letter) -> None:
    """Under each of the three weights."""
    other = same(letter)
    assert other != letter
    for weight in range(3):
        assert digit("A" * weight + other) == digit("A" * weight + letter)


def test_family__applies_every_kind_and_leaves_none_out() -> None:
    """No kind is dead, none fails to become a case, and there are cases wherever a field holds a zone."""
    every = [case for name in specs.names() for case in catalogue(name).cases if case.kind.startswith("mrz.")]
    assert {case.kind for case in every} == set(KINDS)
    left = [each for name in specs.names() for each in catalogue(name).left_out if ":mrz." in each.id]
    assert left == []
    assert Counter(case.provider for case in every).keys() == {"idnow", "kyve", "neurovision"}


@pytest.mark.parametrize("name", specs.names())
def test_case__is_accepted_just_where_the_second_reader_is_silent(name) -> None:
    """What stands in the payload, put back among the lines of the document where it is one line."""

    def broken(case: Case):
        faults = read(lines_of(case)).faults
        if case.base.snapshot is not None:
            faults = faults - read(case.base.snapshot.identity.document.mrz).faults
        if case.kind != OF_NO_STANDARD and (case.verdict == ACCEPT) != (not faults):
            yield f"the reader finds {faults}: {lines_of(case)}"

    check_all((case for case in catalogue(name).cases if case.kind.startswith("mrz.")), broken)


# What a kind is about, where the number of the document may become another one.
OF_NUMBERS = re.compile(r"mrz\.(idfra|.*number.*|misreading_that_no_digit_sees|swap_that_no_digit_sees|lines_in_reverse)")


@pytest.mark.parametrize("name", specs.names())
def test_case__has_the_number_of_the_document_unless_it_is_about_the_number(name) -> None:
    """One thing is changed: a zone that is so already makes no case, and gets no other number to make one."""

    def broken(case: Case):
        fields, valid = read(lines_of(case)).fields, read(case.base.snapshot.identity.document.mrz).fields
        # A card's long number is cut to nine characters where a passport has it.
        if fields and not OF_NUMBERS.fullmatch(case.kind) and fields["number"][:9] != valid["number"][:9]:
            yield f"{valid['number']} became {fields['number']}"

    check_all((case for case in catalogue(name).cases if case.kind.startswith("mrz.") and case.base.snapshot), broken)


def test_case__is_of_a_whole_card_or_of_its_line_and_not_both() -> None:
    """A zone whose lines are fields of their own: no case of the whole is once more a case of the one line that it changes."""
    every = [case for name in specs.names() for case in catalogue(name).cases if case.kind.startswith("mrz.")]
    alone = {(case.operation, case.kind, case.field, case.value) for case in every if isinstance(case.value, str)}
    whole = {
        (case.operation, case.kind, pointer, text)
        for case in every
        if not case.field
        for pointer, text in case.value.items()
        if isinstance(text, str)
    }
    assert whole
    assert not alone & whole


def test_case__of_lines_that_are_fields_has_each_kind_that_needs_all_lines() -> None:
    """A zone of another size, the French one, and one without a line: of fields as of an array, with fields that come and go."""
    kinds = {change.kind.id for change in OF_ARRAYS}
    for name in specs.names():
        cases = [case for case in catalogue(name).cases if case.kind in kinds]
        for operation in {case.operation for case in cases}:
            assert {case.kind for case in cases if case.operation == operation} == kinds
    shown = {case.kind: lines_shown(case) for case in catalogue("neurovision").cases if case.kind in kinds and not case.field}
    assert {kind: len(lines) for kind, lines in shown.items()} == {
        "mrz.joined": 1, "mrz.last_line_missing": 1, "mrz.first_line_missing": 1, "mrz.empty_line_more": 3,
        "mrz.lines_in_reverse": 2, "mrz.other_size": 3, "mrz.idfra": 2, "mrz.td2": 2,
    }  # fmt: skip
    numbers = {title for case in catalogue("neurovision").cases if case.kind == "mrz.other_size" for title in titles(case)}
    assert numbers == {"MRZ line 1", "MRZ line 2", "MRZ line 3"}


def lines_of(case: Case) -> list[str]:
    """The zone that a case shows."""
    if isinstance(case.value, list):
        return case.value
    return lines_shown(case)


def lines_shown(case: Case) -> list[str]:
    """The lines of a zone that are fields of their own in a case's payload, in its order."""
    return [entry["value"] for entry in entries(case)]


def titles(case: Case) -> list[str]:
    """The titles of those fields."""
    return [entry["title"] for entry in entries(case)]


def entries(case: Case) -> list[dict[str, str]]:
    """The objects whose value is a line of a zone, by the provider's field semantics."""
    semantics = specs.load(case.provider).field_semantics
    held = ((place, semantics.at(tuple(map(str, place)), case.payload)) for place in places(case.payload))
    return [value_at(case.payload, place[:-1]) for place, meaning in held if meaning and meaning.holds == "mrz_line"]


def test_zone__changes_leave_the_rest_alone() -> None:
    """A field that is set moves its own digit and the composite one."""
    zone = zone_of(SPECIMENS["part 4, TD3"][0])
    assert isinstance(zone, Zone)
    after = zone.set(birth="740813")
    differing = {name for name in zone.layout.fields if after[name] != zone[name]}
    assert {"birth", "birth_digit"} <= differing <= {"birth", "birth_digit", "composite"}


@pytest.mark.parametrize(("size", "row", "names"), [("td3", 0, slice(5, 44)), ("td1", 2, slice(0, 30))])
def test_names__are_cut_in_39_characters_and_in_30(size, row, names) -> None:
    """A letter in the last place in all four; two parts are left but of the single name; a family name keeps its beginning."""
    zone = zone_of(SOME[0].document.mrz)
    assert zone is not None
    for name in ("names_fill_the_field", "given_names_cut", "family_name_cut", "family_name_fills_the_field"):
        text = KINDS[f"mrz.{size}_{name}"].lines(zone, TODAY)[row][names]
        assert len(text) == names.stop - names.start
        assert text[-1].isalpha(), text
        assert text.count("<<") == (0 if name == "family_name_fills_the_field" else 1), text
        assert text.startswith(("TESSENDORF<<MAXIMILIANE", "VON<DER<T", "WALDHAUSEN")), text
