"""The dates family: what its values are, by readings of RFC 3339 and ISO 8601 that share nothing with the family."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from specimen import specs
from specimen.contracts.judge.registry import rulebook
from specimen.contracts.payloads import Case, cases
from specimen.contracts.payloads.families.dates import DAYS, MOMENTS
from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, REJECT
from specimen.fixtures.datasets.row_generation import moment_of
from specimen.specs import SpecimenError
from tests.contracts.payloads.catalogues import catalogue, check_all

PROVIDERS = pytest.mark.parametrize("name", specs.names())
KINDS = {change.kind.id: change.kind for change in (*DAYS, *MOMENTS)}
# RFC 3339, section 5.6, with the days of section 5.7; a leap second at 23:59 UTC only.
MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII)
DAY = {"-": re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII), ".": re.compile(r"(\d\d)\.(\d\d)\.(\d{4})", re.ASCII)}
# ISO 8601: calendar dates to the minute or below, basic or extended, offset or none.
ISO = re.compile(
    r"(?:\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d(?::\d\d)?)?"
    r"|\d{8}T\d{4}(?:\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d(?:\d\d)?)?)",
    re.ASCII,
)
# The rules about the form of a time: the schema's own, and those that say ISO 8601.
IS_FORM = re.compile("keeps its schema|ISO 8601")
# What ISO 8601 has and RFC 3339 has not, or what others than its readers need not take.
_ALONE = (
    "offset_minus_zero offset_without_colon offset_of_hours offset_with_minus_sign offset_missing lowercase_t lowercase_z"
    " fraction_with_comma seconds_missing basic_form week_date ordinal_date hour_24 expanded_year"
)
OF_ISO_ALONE = set(_ALONE.split())
# Kinds that are about another instant than the valid one.
_OTHERS = (
    "leap_second leap_second_elsewhere leap_second_of_no_day year_0001 before_year_0001 year_1582 year_1899 before_epoch epoch"
    " year_2038 year_2262 year_9999 after_year_9999 fraction_rounds_up in_a_gap_of_summer_time in_an_overlap_of_summer_time"
    " in_a_gap_without_offset in_an_overlap_without_offset"
)
OTHER_INSTANTS = {f"dates.moment_{name}" for name in _OTHERS.split()}
# What no case was made of, and why: (a pattern of the id, the reason's beginning, why that is right).
LEFT_OUT = (
    (
        r".*:dates\.moment_.*",
        "would be refused by",
        "it comes too early or too late beside the other times, which no kind of this family says",
    ),
    (
        r".*:dates\.moment_(in_an?_.*|year_.*|before_.*|after_.*|epoch|leap_.*|fraction_rounds_up)",
        "breaks several rules: ",
        "another instant, before or after several of the other times",
    ),
    (
        r"kayle\.getSession\.response:data\.created_at:dates\.moment_(year_2038|year_2262|year_9999|after_year_9999)",
        "breaks several rules: KAY-010, KAY-011, KAY-012",
        "a creation after everything else is later than each of the others",
    ),
)


def of_family(name: str) -> list[Case]:
    """A provider's cases of this family."""
    return [case for case in catalogue(name).cases if case.kind.startswith("dates.")]


def schema_format(case: Case) -> str | None:
    """The format that the document gives the field, without a rule of ours."""
    place = next(place for place in case.base.places() if place.pointer == case.field)
    return place.keyword("format")


def is_documented(case: Case) -> bool:
    """Whether a case is of an answer's field that the page has, and not only we."""
    place = next(place for place in case.base.places() if place.pointer == case.field)
    return case.direction == "response" and place.mark != "A"


def is_day(year: int, month: int, day: int) -> bool:
    """Whether the Gregorian calendar has it; years from 0 on."""
    return 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year or 4, month)[1]


def is_rfc3339(value: object) -> bool:
    """Whether a value is a date-time of RFC 3339."""
    match = MOMENT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return False
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    ahead = 0
    if match[7] is not None:
        if int(match[8]) > 23 or int(match[9]) > 59:
            return False
        ahead = (int(match[8]) * 60 + int(match[9])) * (-1 if match[7] == "-" else 1)
    if not is_day(year, month, day) or hour > 23 or minute > 59:
        return False
    return second < 60 or (second == 60 and (hour * 60 + minute - ahead) % 1440 == 1439)


def is_full_date(value: object, separator: str = "-") -> bool:
    """Whether a value is a full-date of RFC 3339, or a day as dd.mm.yyyy."""
    match = DAY[separator].fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return False
    first, month, last = map(int, match.groups())
    return is_day(first, month, last) if separator == "-" else is_day(last, month, first)


def test_family__applies_every_kind() -> None:
    """No kind is dead, and no two have one id."""
    applied = {case.kind for name in specs.names() for case in of_family(name)}
    assert applied == set(KINDS)
    assert len(KINDS) == len(DAYS) + len(MOMENTS)


@PROVIDERS
def test_family__leaves_out_what_was_reviewed_and_nothing_else(name) -> None:
    """Each reason stands in the table above."""
    for left in catalogue(name).left_out:
        if ":dates." in left.id:
            assert any(re.fullmatch(known, left.id) and left.reason.startswith(why) for known, why, _ in LEFT_OUT), left


def test_left_out__every_row_is_needed() -> None:
    """A row that nothing matches any more goes."""
    every = [left for name in specs.names() for left in catalogue(name).left_out]
    for known, why, _ in LEFT_OUT:
        assert any(re.fullmatch(known, left.id) and left.reason.startswith(why) for left in every), known


@PROVIDERS
def test_moment__of_a_documented_format_is_accepted_just_where_rfc_3339_has_it(name) -> None:
    """`date-time` by a reading of the grammar: what it lacks breaks the schema, what it has may only break an order."""

    def broken(case: Case) -> Iterator[str]:
        if schema_format(case) != "date-time":
            return
        by_schema = case.rule is not None and IS_FORM.search(rulebook(case.base.provider)[case.rule].sentence) is not None
        if is_rfc3339(case.value) == by_schema:
            yield f"{case.value!r} is {'a' if by_schema else 'no'} date-time, and the rule is {case.rule}"

    check_all((case for case in of_family(name) if ":dates.moment_" in case.id), broken)


def test_moment__documented_as_iso_8601_is_one_thing() -> None:
    """Three vendors write the same words: what ISO 8601 has beside RFC 3339 is open in each, and what neither has breaks them."""
    found: dict[str, dict[str, set[str]]] = {}
    for name in ("idnow", "neurovision", "predicate"):
        for case in of_family(name):
            if ":dates.moment_" in case.id and is_documented(case) and case.kind not in OTHER_INSTANTS:
                found.setdefault(case.kind, {}).setdefault(name, set()).add(case.verdict)
    assert all(len(set(map(frozenset, by_name.values()))) == 1 for by_name in found.values()), found
    verdicts = {kind.removeprefix("dates.moment_"): next(iter(by_name.values())) for kind, by_name in found.items()}
    either = {name for name, said in verdicts.items() if said == {EITHER}}
    assert either == OF_ISO_ALONE
    assert all(len(said) == 1 for said in verdicts.values()), verdicts


@PROVIDERS
def test_day__of_a_documented_format_breaks_the_schema_just_where_it_is_no_full_date(name) -> None:
    """`date` by a reading of the grammar."""

    def broken(case: Case) -> Iterator[str]:
        if schema_format(case) == "date" and is_full_date(case.value) == (case.rule == "GEN-005"):
            yield f"{case.value!r}: {case.rule}"

    check_all((case for case in of_family(name) if ":dates.date_" in case.id), broken)


@PROVIDERS
def test_day__that_is_accepted_is_one_in_the_form_of_the_vendor(name) -> None:
    """Whatever the document says: accept is a day that exists, in the same form; what is none is never accepted."""

    def broken(case: Case) -> Iterator[str]:
        valid = value_at(case.base.payload, case.field)
        separator = "." if valid[2] == "." else "-"
        if not is_full_date(valid, separator):
            yield f"starts from {valid!r}"
        if case.verdict == ACCEPT and not is_full_date(case.value, separator):
            yield f"{case.value!r} is accepted"

    check_all((case for case in of_family(name) if ":dates.date_" in case.id), broken)


@PROVIDERS
def test_moment__that_is_accepted_is_one(name) -> None:
    """By RFC 3339, or by ISO 8601 where the vendor names that; a parameter that asks for Z is given Z."""

    def broken(case: Case) -> Iterator[str]:
        if case.verdict != ACCEPT:
            return
        if not is_rfc3339(case.value) and not (name == "predicate" and is_iso(case.value)):
            yield f"{case.value!r} is accepted"
        if case.direction == "request" and not str(case.value).endswith("Z"):
            yield f"{case.value!r} has another offset"

    check_all((case for case in of_family(name) if ":dates.moment_" in case.id), broken)


def is_iso(value: object) -> bool:
    """Whether a text is a calendar date and a time of day of ISO 8601."""
    if not isinstance(value, str) or not ISO.fullmatch(value):
        return False
    digits = re.sub(r"\D", "", value)
    return is_day(int(digits[:4]), int(digits[4:6]), int(digits[6:8])) and int(digits[8:10]) <= 24


@PROVIDERS
def test_moment__is_the_valid_instant_in_another_spelling(name) -> None:
    """To the millisecond, or to the second where the fraction was cut; epochs count the same."""

    def broken(case: Case) -> Iterator[str]:
        valid = value_at(case.base.payload, case.field) or "2026-03-19T10:31:30.000Z"
        at = datetime.fromisoformat(valid)
        if isinstance(case.value, (int, float)) or str(case.value).isdecimal():
            number = float(case.value)
            seconds = number / 1000 if number > 10**11 else number
            if abs(seconds - at.timestamp()) >= 1:
                yield f"{case.value!r} is not {valid}"
        elif is_rfc3339(case.value) and case.kind not in OTHER_INSTANTS:
            shown = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", str(case.value)).upper())
            late = at - shown
            if not timedelta(0) <= late < timedelta(seconds=1) or (late and "fraction_" not in case.kind and at.microsecond == 0):
                yield f"{case.value!r} is not {valid}"

    check_all((case for case in of_family(name) if ":dates.moment_" in case.id), broken)


@pytest.mark.parametrize("digits", range(10))
def test_fraction__has_so_many_digits(digits) -> None:
    """0 to 9, each its own kind."""
    found = [case for name in specs.names() for case in of_family(name) if case.kind == f"dates.moment_fraction_{digits}"]
    assert found
    for case in found:
        match = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d+))?Z", case.value)
        assert match is not None
        assert len(match[1] or "") == digits


def days_of(kind: str) -> Iterator[tuple[Case, date]]:
    """The cases of a kind with the day that each shows."""
    for name in specs.names():
        for case in of_family(name):
            if case.kind == f"dates.date_{kind}":
                yield case, date.fromisoformat("-".join(case.value.split(".")[::-1]))


def test_adult__by_the_clocks_of_the_world() -> None:
    """Eighteen today in the west, in UTC, in the east; and nowhere yet."""
    for kind, hours in (("adult_today_in_the_west", -12), ("adult_today_in_utc", 0), ("adult_today_in_the_east", 14)):
        for case, born in days_of(kind):
            today = datetime.fromtimestamp(case.base.now / 1000, timezone(timedelta(hours=hours))).date()
            assert (born.year + 18, born.month, born.day) == (today.year, today.month, today.day)
    for case, born in days_of("adult_tomorrow"):
        latest = datetime.fromtimestamp(case.base.now / 1000, timezone(timedelta(hours=14))).date()
        assert (born.year + 18, born.month, born.day) > (latest.year, latest.month, latest.day)
        assert date(born.year + 18, born.month, born.day) - latest == timedelta(days=1)


def test_day__stands_where_it_says_beside_the_others() -> None:
    """After the expiry, before the issue, after the birth's document: by the dates of the payload's own person."""
    for kind, is_so in (
        ("born_after_issue", lambda day, person: day > person.document.issued_on),
        ("issued_after_expiry", lambda day, person: day > person.document.expires_on),
        ("issued_before_birth", lambda day, person: day < person.birth_date),
        ("expires_before_issue", lambda day, person: day < person.document.issued_on),
    ):
        found = list(days_of(kind))
        assert found
        for case, day in found:
            assert is_so(day, case.base.snapshot.identity), case.id
    for kind, days in (("expires_today", 0), ("expired_yesterday", -1), ("issued_today", 0), ("born_today", 0)):
        for case, day in days_of(kind):
            assert day - datetime.fromtimestamp(case.base.now / 1000, UTC).date() == timedelta(days=days)
    for kind in ("leap_day", "leap_day_of_2000", "leap_day_turns_18"):
        assert {(day.month, day.day) for _, day in days_of(kind)} == {(2, 29)}


def test_slashes__write_the_valid_day_in_two_orders() -> None:
    """Each kind is the day that stood there; where both orders would be one text, one is of another day, which has no month."""
    texts: dict[str, list[str]] = {}
    for name in specs.names():
        for case in of_family(name):
            order = {"dates.date_slashes_day_first": "%d/%m/%Y", "dates.date_slashes_month_first": "%m/%d/%Y"}.get(case.kind)
            if order is None:
                continue
            valid = date.fromisoformat("-".join(value_at(case.base.payload, case.field).split(".")[::-1]))
            shown = datetime.strptime(case.value, order).date()  # noqa: DTZ007 - a day has no zone
            assert shown == valid or (valid.day == valid.month == shown.month and shown.day > 12), case.id
            texts.setdefault(case.id.rpartition(":")[0], []).append(case.value)
    assert texts
    assert {len(set(found)) for found in texts.values()} == {2}


def test_twelve_hours__are_those_before_or_after_noon() -> None:
    """By the valid moment, in UTC."""
    found = [case for name in specs.names() for case in of_family(name) if case.kind == "dates.moment_twelve_hours"]
    assert found
    for case in found:
        valid = datetime.fromisoformat(value_at(case.base.payload, case.field) or "2026-03-19T10:31:30.000Z")
        read = datetime.strptime(f"{case.value} +0000", "%Y-%m-%dT%I:%M:%S %p %z")
        assert read == valid.replace(microsecond=0), case.id


def test_parameters__are_given_moments() -> None:
    """A parameter that no template fills is filled: every spelling in each, and each has its verdict from its own pattern."""
    found = [case for case in of_family("kayle") if case.field in ("/query/created_from", "/query/created_to")]
    assert {case.field for case in found} == {"/query/created_from", "/query/created_to"}
    assert {case.verdict for case in found} == {ACCEPT, REJECT}
    assert all(isinstance(case.value, str) for case in found)
    textual = {change.kind.id for change in MOMENTS if change.is_text_only}
    assert textual <= {case.kind for case in found}


def value_at(payload, pointer: str):
    """What stands at a JSON pointer whose parts need no escapes; None where nothing does."""
    for part in pointer.split("/")[1:]:
        payload = payload[int(part)] if isinstance(payload, list) else payload.get(part, {})
    return payload or None


def test_claims__are_narrow() -> None:
    """What no standard has is never accepted; what every standard has is never refused for its form."""
    for change in DAYS:
        assert ACCEPT not in change.kind.claims or REJECT not in change.kind.claims
    for kind in KINDS.values():
        assert kind.claims
        if kind.id.startswith("dates.moment_epoch_"):
            assert kind.claims == {EITHER, REJECT}


OTHERS_NEED_NOT = (
    "offset_minus_zero",
    "lowercase_t",
    "lowercase_z",
    "leap_second",
    "leap_second_elsewhere",
    "leap_second_of_no_day",
)


def test_moments__that_others_need_not_read_are_never_accept() -> None:
    """Small letters and second 60 are RFC 3339's, and many parsers' not: a client that refuses them keeps the contract."""
    wanted = {f"dates.moment_{name}" for name in OTHERS_NEED_NOT}
    found = [case for name in specs.names() for case in catalogue(name).cases if case.kind in wanted]
    assert {case.kind for case in found} == wanted
    assert {case.verdict for case in found} <= {EITHER, REJECT}
    assert all(case.verdict == EITHER for case in found if case.direction == "response" and schema_format(case) == "date-time")


def test_today__moves_with_now_and_ids_do_not() -> None:
    """Who turns 18 today does so on the day that is given; the other cases stay the same ones."""
    now = moment_of("2027-01-02T10:31:30Z")
    for name, operation in (("idnow", "createSession"), ("kayle", "getSession")):
        found = list(cases(name, operation=operation, now=now))
        assert {case.id for case in found} == {case.id for case in catalogue(name).cases if case.operation == operation}
        assert all(case.base.now <= now for case in found)
        adult = {case.value for case in found if case.kind == "dates.date_adult_today_in_utc"}
        assert adult == ({"2009-01-02"} if name == "idnow" else set())


def test_today__is_one_day_in_some_hours() -> None:
    """At noon by UTC a day begins in UTC-12 too: two cases would be one payload."""
    wanted = {f"dates.date_adult_today_in_{place}" for place in ("utc", "the_east", "the_west")}
    for hour, missing in (("10:31:30", set()), ("12:00:00", {"dates.date_adult_today_in_the_west"})):
        found = cases("idnow", operation="createSession", direction="request", now=moment_of(f"2027-01-02T{hour}Z"))
        assert wanted - {case.kind for case in found} == missing


def test_today__is_in_years_that_have_births_and_ends() -> None:
    """Another one is refused in a sentence."""
    with pytest.raises(SpecimenError, match="from 2000-01-01"):
        list(cases("idnow", now=0))
