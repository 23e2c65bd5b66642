"""The family of identifiers: its values are what their kinds say, and each kind is somewhere."""

from __future__ import annotations

import base64
import re
import unicodedata
import uuid
from collections.abc import Iterator

import pytest

from specimen import specs
from specimen.contracts.judge.general_rules.answer_rules import ABOUT_FORM
from specimen.contracts.judge.registry import rulebook
from specimen.contracts.payloads import Case, cases
from specimen.contracts.payloads.families.identifiers import keys, prefixed, spelling, uuids
from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, REJECT
from specimen.contracts.payloads.model.valid_payloads import REQUEST
from tests.contracts.payloads.catalogues import catalogue

NAMES = specs.names()
KINDS = (*uuids.KINDS, *prefixed.KINDS, *spelling.KINDS, *keys.KINDS)


def found(kind: str, name: str | None = None) -> list[Case]:
    """The cases of one kind of this family."""
    return [case for case in everything(name) if case.kind == f"identifiers.{kind}"]


def everything(name: str | None = None) -> Iterator[Case]:
    """The cases of this family."""
    for each in NAMES if name is None else [name]:
        yield from (case for case in catalogue(each).cases if case.kind.startswith("identifiers."))


def test_kinds__each_is_somewhere() -> None:
    """No kind is dead, and none has the id of another."""
    assert {case.kind for case in everything()} == {kind.id for kind in KINDS}
    assert len({kind.id for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("name", NAMES)
def test_cases__nothing_is_left_out(name: str) -> None:
    """Every kind that a field takes makes a case there."""
    left = [entry for entry in catalogue(name).left_out if ":identifiers." in entry.id]
    # Left out are fields that must be absent, and answers whose id is another one's, of which one kind a form makes a case.
    assert [entry for entry in left if not entry.reason.endswith(("whatever stands there", "whatever its form"))] == []


@pytest.mark.parametrize("version", range(1, 9))
def test_uuids__are_of_their_version(version: int) -> None:
    """Python's reader finds the version, and the variant of RFC 9562."""
    values = {case.value for case in found(f"uuid_v{version}")}
    assert {uuid.UUID(value).version for value in values} == {version}
    assert {uuid.UUID(value).variant for value in values} == {uuid.RFC_4122}


def test_uuids__nil_max_and_variants() -> None:
    """The two fixed ones are all zeros and all ones; the others have no version, for their variant has none."""
    assert {uuid.UUID(case.value).int for case in found("uuid_nil")} == {0}
    assert {uuid.UUID(case.value).int for case in found("uuid_max")} == {2**128 - 1}
    variants = {"ncs": uuid.RESERVED_NCS, "microsoft": uuid.RESERVED_MICROSOFT, "future": uuid.RESERVED_FUTURE}
    for name, variant in variants.items():
        assert {uuid.UUID(case.value).variant for case in found(f"uuid_variant_{name}")} == {variant}
    for kind, version in (("uuid_version_0", 0), ("uuid_version_15", 15)):
        assert {uuid.UUID(case.value).variant for case in found(kind)} == {uuid.RFC_4122}
        assert {uuid.UUID(case.value).int >> 76 & 0xF for case in found(kind)} == {version}


def test_uuids__spellings_are_of_one_number() -> None:
    """What braces, URN, capitals and missing hyphens are put around is a UUID to Python's reader."""
    kinds = ("uuid_capitals", "uuid_mixed_case", "uuid_no_hyphens", "uuid_moved_hyphens", "uuid_in_braces", "uuid_urn")
    for case in (case for kind in kinds for case in found(kind)):
        if "{session" not in case.value:
            uuid.UUID(case.value)
    for case in found("uuid_base64"):
        assert len(base64.urlsafe_b64decode(f"{case.value}==")) == 16
    for kind in ("uuid_35_characters", "uuid_37_characters", "uuid_not_hexadecimal"):
        for case in found(kind):
            with pytest.raises(ValueError, match=r"badly formed|base 16"):
                uuid.UUID(case.value)


def test_uuids__capitals_are_either() -> None:
    """RFC 9562 reads them and writes them small: nobody is wrong."""
    for kind in ("uuid_capitals", "uuid_mixed_case"):
        assert found(kind)
        assert {case.verdict for case in found(kind)} == {EITHER}
        assert all(case.value in ("{session:capitals}", case.value.upper()) or kind == "uuid_mixed_case" for case in found(kind))
        assert all(case.value != case.value.lower() for case in found(kind) if ":capitals}" not in case.value)
    # The session's own id, spelled when it is known.
    asked = [case for case in found("uuid_capitals") if case.direction == "request"]
    assert {case.provider for case in asked if case.value == "{session:capitals}"} == {"idnow", "neurovision", "predicate"}


def test_uuids__another_version_is_refused_where_the_vendor_names_one() -> None:
    """A field for version 1 takes no other; a plain string takes all."""
    asked = [case for case in everything("neurovision") if case.field == "/body/sessionId"]
    verdicts = {case.kind: case.verdict for case in asked if case.operation == "processImages"}
    assert {verdicts[f"identifiers.uuid_v{version}"] for version in range(2, 9)} == {REJECT}
    answered = [case for case in everything("idnow") if case.field == "/results/basicIdentity/id"]
    verdicts = {case.kind: case.verdict for case in answered}
    assert {verdicts[f"identifiers.uuid_v{version}"] for version in range(1, 9)} == {ACCEPT}


def test_session_ids__no_malformed_one_finds_the_session() -> None:
    """A request with an id that is not the one that was issued is refused, whatever is put around it."""
    asked = [case for case in everything() if case.direction == "request" and case.verdict == REJECT]
    near = [case for case in asked if case.payload.get("path", {}) and "{session}" in repr(case.payload["path"])]
    assert {case.kind.partition(".")[2] for case in near} >= {
        "leading_space", "trailing_space", "trailing_newline", "trailing_crlf", "trailing_tab", "uuid_in_braces", "uuid_urn",
        "percent_encoded_twice", "prefixed_one_longer",
    }  # fmt: skip
    named = [case for case in everything() if case.direction == "request" and case.field in ("/path/sessionId", "/path/id")]
    spelled = [case for case in named if re.fullmatch(r"\{session:\w+\}", case.value)]
    assert {case.verdict for case in named if case not in spelled} == {REJECT}
    assert all(case.expect_status for case in named)
    assert {(case.provider, case.kind.partition(".")[2], case.verdict) for case in spelled} == {
        ("idnow", "uuid_capitals", EITHER), ("idnow", "uuid_no_hyphens", EITHER), ("predicate", "uuid_capitals", EITHER),
        ("predicate", "uuid_no_hyphens", REJECT),
    }  # fmt: skip


def test_session_ids__an_answer_about_another_session_breaks_one_rule() -> None:
    """The rule that ids are echoed, by whatever name the vendor's contract has it."""
    rules = {
        (case.provider, case.rule)
        for case in found("prefixed_exact_length") + found("uuid_v4")
        if case.direction == "response" and case.verdict == REJECT and case.field in ("/id", "/data/id", "/sessionId")
        and case.operation.startswith("get")
    }  # fmt: skip
    assert rules >= {("idnow", "IDN-013"), ("kayle", "KAY-015"), ("kyve", "GEN-014"), ("predicate", "PRE-008")}


@pytest.mark.parametrize("name", specs.names())
def test_answers__with_another_id_are_refused_once_a_form(name: str) -> None:
    """What is refused only because it is not the id asked for, sent or shown before is one kind a form, which says so."""
    rules = rulebook(specs.load(name))
    compared = {
        case.kind for case in everything(name)
        if case.direction == "response" and case.verdict == REJECT
        and case.rule in rules and rules[case.rule].check is not None and case.rule not in ABOUT_FORM
    }  # fmt: skip
    assert compared <= {"identifiers.uuid_v4", "identifiers.prefixed_exact_length"}


@pytest.mark.parametrize("operation", ["getSession", "cancelSession", "cancelByToken"])
def test_prefixed__63_64_and_65_letters(operation: str) -> None:
    """64 letters are well formed, and then unknown; one less or more, or a letter beyond ASCII, is malformed."""
    asked = [case for case in everything("kayle") if case.operation == operation and case.field == "/path/id"]
    by_kind = {case.kind.removeprefix("identifiers.prefixed_"): case for case in asked}
    names = ("one_shorter", "exact_length", "non_ascii_letters")
    lengths = {name: len(by_kind[name].value.removeprefix("vs_")) for name in names}
    assert lengths == {"one_shorter": 63, "exact_length": 64, "non_ascii_letters": 64}
    assert by_kind["one_longer"].value == "{session}0"
    assert by_kind["exact_length"].expect_status == (404,)
    assert by_kind["exact_length"].value.isascii()
    for name in ("one_shorter", "one_longer", "non_ascii_letters", "wrong_prefix", "prefix_in_capitals", "prefix_alone"):
        assert 400 in by_kind[name].expect_status, name
        assert by_kind[name].rule == "GEN-015"
    assert all(letter.isalnum() for letter in by_kind["non_ascii_letters"].value.removeprefix("vs_"))


def test_prefixed__look_like_their_form_in_all_but_one_thing() -> None:
    """A hyphen for the underscore, another prefix, none, one twice."""
    for case in found("prefixed_hyphen_for_underscore"):
        assert re.fullmatch(r"[a-z]+-[0-9A-Za-z]+", case.value)
    for case in found("prefixed_wrong_prefix"):
        assert case.value.startswith("usr_")
    for case in found("prefixed_prefix_missing"):
        assert case.value.isalnum()


def test_spelling__is_what_unicode_says() -> None:
    """Look-alikes hold a Cyrillic letter; digits are digits to Unicode and none of ASCII's."""
    for case in found("homoglyph"):
        assert any(unicodedata.name(letter).startswith("CYRILLIC") for letter in case.value)
    for kind in ("fullwidth_digit", "arabic_indic_digit"):
        assert found(kind)
        for case in found(kind):
            digits = [letter for letter in case.value if letter.isdecimal()]
            assert digits
            assert not any(letter.isascii() for letter in digits)
    for case in found("fullwidth_digit"):
        assert unicodedata.normalize("NFKC", case.value).isascii()
    assert all(case.value.startswith("\u200b") and not case.value[0].isspace() for case in found("leading_zero_width_space"))
    assert all(case.value[-1].isspace() and not case.value[-1].isascii() for case in found("trailing_no_break_space"))


def test_requests__can_be_sent() -> None:
    """No empty segment in a path, no line break in a header."""
    for case in everything():
        if case.direction == "request" and case.field.startswith("/path/"):
            assert "/" not in case.value
            assert case.value not in ("", ".", "..")
        if case.direction == "request" and case.field.startswith("/headers/"):
            assert re.fullmatch(r"([!-~]([ -~]*[!-~])?)?", case.value)


@pytest.mark.parametrize("operation", ["getSessionStatus", "processImages"])
def test_client_keys__36_and_37_in_characters_code_points_and_bytes(operation: str) -> None:
    """The page's 36 characters are code points; where UTF-16 counts more, nobody is wrong."""
    asked = [case for case in everything("neurovision") if case.operation == operation and case.field == "/body/clientKey"]
    cases = {case.kind.removeprefix("identifiers.key_"): case for case in asked}

    def counts(name: str) -> tuple[int, int, int]:
        text = cases[name].value
        return len(text), len(text.encode("utf-16-le")) // 2, len(text.encode())

    expected = {
        "at_limit": ((36, 36, 36), ACCEPT),
        "past_limit": ((37, 37, 37), REJECT),
        "at_limit_two_byte_letters": ((36, 36, 72), ACCEPT),
        "past_limit_two_byte_letters": ((37, 37, 74), REJECT),
        "at_limit_emoji": ((36, 72, 144), EITHER),
        "past_limit_emoji": ((37, 74, 148), REJECT),
        "past_limit_utf16_only": ((19, 38, 76), EITHER),
        "at_limit_combining": ((36, 36, 54), ACCEPT),
        "past_limit_combining": ((72, 72, 108), REJECT),
    }
    assert {name: (counts(name), cases[name].verdict) for name in expected} == expected
    assert len(unicodedata.normalize("NFC", cases["past_limit_combining"].value)) == 36
    assert unicodedata.normalize("NFC", cases["decomposed"].value) == cases["composed"].value != cases["decomposed"].value


def test_idempotency_keys__at_their_limit() -> None:
    """255 characters, which we only assume: one more is nobody's mistake."""
    asked = {case.kind: case for case in everything("kyve") if case.field == "/headers/Idempotency-Key"}
    at_limit, past = asked["identifiers.key_at_limit"], asked["identifiers.key_past_limit"]
    assert (len(at_limit.value), at_limit.verdict) == (255, ACCEPT)
    assert (len(past.value), past.verdict) == (256, EITHER)


@pytest.mark.parametrize("operation", ["getWebhookEndpoint", "deactivateWebhookKey", "getWebhookEvent", "retryWebhookDelivery"])
def test_ids_of_webhooks__another_one_is_not_found(operation: str) -> None:
    """The document says that there is none of that id: it is refused whatever its form, one of the documented form by 404."""
    found = [one for one in cases("kayle", operation=operation, direction=REQUEST) if one.field.startswith("/path/")]
    assert {one.verdict for one in found} == {REJECT}
    assert {one.rule for one in found} == {"GEN-015", "GEN-018"}
    assert all(404 in one.expect_status for one in found if one.rule == "GEN-018")


def test_ids_of_webhooks__keys_of_an_unknown_endpoint_are_no_error() -> None:
    """That list has no documented 404: it may be empty."""
    found = cases("kayle", operation="listWebhookKeys", direction=REQUEST)
    assert {one.verdict for one in found if one.field == "/path/endpoint_id"} == {EITHER, REJECT}
