"""An independent judge, which knows the pages' words and the standards alone, agrees with every verdict that it can judge."""

from __future__ import annotations

import dataclasses
import re

import pytest

from specimen import specs
from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER
from tests.contracts.payloads import independent_grammar as grammars
from tests.contracts.payloads.catalogues import catalogue, check_all
from tests.contracts.payloads.independent_grammar import OPEN, RIGHT, WRONG
from tests.contracts.payloads.independent_judge import CANNOT_JUDGE, DISAGREE, judged, opinion, words_of

# From the texts of the standards themselves, and values that they exclude.
EXAMPLES = {
    grammars.iso_8601: {
        "1985-04-12T23:20:50.52Z": RIGHT, "1996-12-19T16:39:57-08:00": RIGHT, "1937-01-01T12:00:27.87+00:20": RIGHT,
        "1990-12-31T23:59:60Z": OPEN, "1990-12-31T15:59:60-08:00": OPEN, "19850412T232050": OPEN, "1985-W15-5T10:15:30+04": OPEN,
        "1985W155T1015": OPEN, "1985-102T23:20:50Z": OPEN, "1985-04-12T23:20,5": OPEN, "1985-04-12T24:00": OPEN,
        "1985-04-12T10:15-00:00": OPEN, "+001985-04-12T10:15:30Z": OPEN, "1985-04-12": WRONG, "1985-04-12 23:20:50Z": WRONG,
        "1985-04-31T00:00:00Z": WRONG, "1900-02-29T00:00:00Z": WRONG, "1985-0412T23:20:50Z": WRONG, "1985-04-12T24:00:01Z": WRONG,
        "1985-04-12T23:20:60Z": WRONG, "1985-04-12T23:20:50+24:00": WRONG, "": WRONG, "1985-366T00:00:00Z": WRONG,
    },
    grammars.iso_3166: {"DEU": RIGHT, "XKX": OPEN, "RKS": OPEN, "UNO": OPEN, "": OPEN, "deu": WRONG, "DE": WRONG, "DEU\n": WRONG},
    grammars.uuid: {
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf6": RIGHT, "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6": OPEN,
        "00000000-0000-0000-0000-000000000000": OPEN, "{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}": WRONG,
        "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6": WRONG,
    },
    grammars.time_uuid: {"f81d4fae-7dec-11d0-a765-00a0c91e6bf6": RIGHT, "919108f7-52d1-4320-9bac-f847db4148a8": WRONG},
    grammars.uri: {
        "ftp://ftp.is.co.za/rfc/rfc1808.txt": RIGHT, "ldap://[2001:db8::7]/c=GB?objectClass?one": RIGHT,
        "tel:+1-816-555-1212": RIGHT,
        "urn:oasis:names:specification:docbook:dtd:xml:4.1.2": RIGHT, "//example.com": WRONG, "http://a b": WRONG,
        "http://example.com/%zz": WRONG, "http://münchen.example": WRONG, "1http://a": WRONG, "http://a:b": WRONG,
    },
    grammars.ethereum: {
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed": RIGHT, "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359": RIGHT,
        "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed": RIGHT, "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed": OPEN,
        "vitalik.eth": OPEN,
    },
    grammars.calendar_date: {
        "2024-02-29": RIGHT, "29.02.2024": RIGHT, "2023-02-29": WRONG, "20240229": WRONG, "2024-2-29": WRONG,
    },
}  # fmt: skip


@pytest.mark.parametrize("grammar", EXAMPLES, ids=lambda grammar: grammar.__name__)
def test_grammars__read_the_examples_of_their_standards(grammar) -> None:
    """The standards' own examples, and what they exclude."""
    assert {value: grammar(value) for value in EXAMPLES[grammar]} == EXAMPLES[grammar]


def test_grammar__of_zones_reads_the_specimens_of_doc_9303() -> None:
    """Utopia's passport, visa-sized document and card; one digit more is wrong."""
    passport = ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"]
    card = ["I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"]
    between = ["I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"]
    for zone in (passport, card, between):
        assert grammars.machine_readable_zone(zone) == OPEN
        assert grammars.machine_readable_zone([line.replace("7408122", "7408132") for line in zone]) == WRONG
        assert grammars.machine_readable_zone(zone[:1]) == WRONG


@pytest.mark.parametrize("name", specs.names())
def test_verdicts__are_those_that_the_words_give(name: str) -> None:
    """Nothing of the families, the document or the rules is used; what it cannot judge is counted in docs/payloads.md."""

    def broken(case):
        if judged(case) == DISAGREE:
            yield f"{case.value!r} may be {opinion(case)}"

    assert check_all(catalogue(name).cases, broken) > 0


def test_zones__of_lines_are_judged_as_a_whole() -> None:
    """Neuro-Vision has a field for each line; its zones are read from the session, whether one line was changed or all."""
    zones = [case for case in catalogue("neurovision").cases if case.kind.startswith("mrz.")]
    assert [case.id for case in zones if judged(case) == CANNOT_JUDGE] == []
    whole = {case.kind: case for case in zones if case.field == ""}
    assert opinion(whole["mrz.idfra"]) == opinion(whole["mrz.td2"]) == {ACCEPT, EITHER}
    assert opinion(whole["mrz.lines_in_reverse"]) == {EITHER}
    wrong = next(case for case in zones if case.kind == "mrz.td3_wrong_birth_digit")
    assert wrong.field.endswith("/value")
    assert judged(dataclasses.replace(wrong, verdict=ACCEPT)) == DISAGREE


@pytest.mark.parametrize("name", [name for name in specs.names() if specs.load(name).is_builtin])
def test_words__each_line_is_of_some_field(name: str) -> None:
    """A line that no case uses any more goes."""
    places = {case.id.partition(".")[2].rpartition(":")[0] for case in catalogue(name).cases}
    for words in words_of(name):
        assert any(re.fullmatch(words.fields, place) for place in places), words.fields.pattern
