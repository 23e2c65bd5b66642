"""The state family: every rule that one answer can break is broken, each combination alone and in each of its states."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specimen import specs
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import judge
from specimen.contracts.judge.registry import rulebook
from specimen.contracts.judge.severity import NOTE
from specimen.contracts.payloads import Case
from specimen.contracts.payloads.families import state as family
from specimen.contracts.payloads.generate.expected_outcomes import as_exchange
from specimen.contracts.payloads.model.case_types import EITHER, REJECT
from specimen.contracts.payloads.model.invalid_combinations import (
    NotHere,
    State,
    earlier,
    later,
    same,
    shifted,
    states_of,
    value_at,
)
from specimen.contracts.payloads.model.mutations import changed
from specimen.specs.core.json_pointer import split
from tests.contracts.payloads.catalogues import catalogue, check_all
from tests.providers.mutants import mutants_of

NAMES = [name for name in specs.names() if specs.load(name).is_builtin]
EXTERNAL = Path(__file__).parents[2] / "providers" / "external_provider"
EARLIER, ASKED = "compares with earlier answers", "compares with what was asked for"
CHECKED = "the combination is not among those of the catalogue"
REFUSAL = "is about a refusal; the catalogue's answers are successes"
# The rules that no combination of fields in one success breaks alone, and why.
NOT_BY_ONE_ANSWER: dict[str, dict[str, str]] = {
    "kayle": {
        "KAY-013": EARLIER, "KAY-014": EARLIER, "KAY-016": EARLIER, "KAY-024": EARLIER, "KAY-025": EARLIER,
        "KAY-015": ASKED, "KAY-019": ASKED, "KAY-020": ASKED, "KAY-021": ASKED, "KAY-026": ASKED, "KAY-018": REFUSAL,
        "KAY-027": ASKED, "KAY-029": ASKED, "KAY-030": ASKED, "KAY-031": ASKED, "KAY-032": EARLIER,
        "KAY-033": ASKED, "KAY-034": ASKED, "KAY-035": CHECKED,
        "KAY-028": "compares with the organization of another key",
    },
    "kyve": {
        "KYV-008": EARLIER, "KYV-009": EARLIER, "KYV-010": EARLIER, "KYV-012": EARLIER, "KYV-013": EARLIER, "KYV-015": EARLIER,
        "KYV-016": EARLIER, "KYV-017": EARLIER,
        "KYV-004": ASKED, "KYV-006": ASKED, "KYV-007": ASKED, "KYV-011": "compares with the mode of the request's key",
        "KYV-014": ASKED, "KYV-018": REFUSAL, "KYV-020": ASKED,
        "KYV-026": CHECKED, "KYV-027": EARLIER, "KYV-028": CHECKED, "KYV-029": CHECKED,
        "KYV-030": "compares with the mode of the request's key", "KYV-031": REFUSAL,
        "KYV-032": CHECKED, "KYV-033": EARLIER,
    },
    "predicate": {
        "PRE-006": "a wallet in both lists also breaks PRE-003 or PRE-005: in no state may both lists hold any",
        "PRE-007": EARLIER, "PRE-009": EARLIER, "PRE-010": EARLIER, "PRE-012": EARLIER,
        "PRE-008": ASKED, "PRE-015": ASKED, "PRE-017": ASKED,
        "PRE-019": EARLIER, "PRE-020": ASKED, "PRE-021": EARLIER, "PRE-022": ASKED, "PRE-023": EARLIER,
        "PRE-024": EARLIER, "PRE-025": EARLIER, "PRE-026": EARLIER,
    },
    "idnow": {
        "IDN-003": "compares with the answer of another operation", "IDN-011": EARLIER, "IDN-012": EARLIER, "IDN-019": EARLIER,
        "IDN-020": "compares with the answer of another operation", "IDN-021": "compares with the answer of another operation",
        "IDN-013": ASKED, "IDN-015": EARLIER, "IDN-022": CHECKED, "IDN-023": EARLIER, "IDN-024": CHECKED,
    },
    "neurovision": {
        "NEU-017": ASKED, "NEU-018": EARLIER, "NEU-019": EARLIER, "NEU-020": EARLIER, "NEU-022": EARLIER, "NEU-023": REFUSAL,
        "NEU-024": "is about the token of the request", "NEU-025": REFUSAL,
        "NEU-028": EARLIER, "NEU-030": REFUSAL, "NEU-033": EARLIER, "NEU-034": EARLIER, "NEU-035": EARLIER,
        "NEU-036": EARLIER, "NEU-037": REFUSAL, "NEU-038": CHECKED,
        "NEU-039": EARLIER, "NEU-040": CHECKED, "NEU-041": CHECKED, "NEU-042": CHECKED,
    },
}  # fmt: skip
# General rules are of the form of an answer, of requests and of earlier answers; of those of an answer's fields there is one.
GENERAL = "GEN-005"


def _own(name: str) -> tuple[Case, ...]:
    return tuple(case for case in catalogue(name).cases if case.kind.startswith("state."))


def _places(case: Case) -> list[str]:
    """Where a case differs from its valid answer."""
    return list(case.value) if case.field == "" else [case.field]


def _kind_of(state: State, status: str) -> str:
    suffix = "" if state.when is None or len(state.when) == 1 else f"-{status}"
    return f"state.{state.rule.lower()}.{state.name}{suffix}"


@pytest.mark.parametrize("name", NAMES)
def test_rules__each_has_a_combination_or_a_reason(name: str) -> None:
    """Every rule of a provider is broken by some combination, or stands in the reviewed table; none does both."""
    provider = specs.load(name)
    own = {rule for rule in rulebook(provider) if not rule.startswith("GEN-")}
    broken = {state.rule for state in states_of(provider)} - {GENERAL}
    assert broken | NOT_BY_ONE_ANSWER[name].keys() == own
    assert not broken & NOT_BY_ONE_ANSWER[name].keys()


@pytest.mark.parametrize("name", NAMES)
def test_rules__of_a_schema_each_has_a_combination(name: str) -> None:
    """What one body can break in tests/providers/mutants_*.py, a combination breaks too, but for a refusal's."""
    provider = specs.load(name)
    refused = {rule for rule, reason in NOT_BY_ONE_ANSWER[name].items() if reason == REFUSAL}
    assert set(mutants_of(provider)) - refused <= {state.rule for state in states_of(provider)}


@pytest.mark.parametrize("name", NAMES)
def test_states__each_makes_a_case_in_each_of_its_states(name: str) -> None:
    """No combination is dead, and each is made for every operation that shows it."""
    provider = specs.load(name)
    made = {(case.operation, case.kind) for case in _own(name)}
    for state in states_of(provider):
        for status in state.when or ("",):
            assert any((operation, _kind_of(state, status)) in made for operation in state.shown), (
                state.rule,
                state.name,
                status,
            )
        for operation in state.shown:
            assert any((operation, _kind_of(state, status)) in made for status in state.when or ("",)), (state.name, operation)


@pytest.mark.parametrize("name", NAMES)
def test_states__nothing_is_left_out(name: str) -> None:
    """Every combination breaks its rule alone wherever it applies."""
    assert [one for one in catalogue(name).left_out if ":state." in one.id] == []


@pytest.mark.parametrize("name", NAMES)
def test_cases__break_their_rule_alone_and_only_where_they_say(name: str) -> None:
    """The judge names the rule that the kind is called by, and without the changed fields the answer is valid again."""
    rules = rulebook(specs.load(name))

    def broken(case: Case) -> Iterator[str]:
        found = judge(as_exchange(case.base, case.payload), History())
        if {one.rule for one in found} != {case.rule}:
            yield f"breaks {sorted({one.rule for one in found})}"
        if case.verdict != (EITHER if all(one.severity == NOTE for one in found) else REJECT):
            yield "has another verdict"
        if not case.field and case.rule is not None and not case.kind.startswith(f"state.{case.rule.lower()}."):
            yield f"is of {case.rule}"
        if not case.field and case.source != rules[str(case.rule)].source:
            yield f"has the source {case.source}"
        if judge(as_exchange(case.base, case.base.payload), History()):
            yield "its valid answer breaks something"
        if _without(case) != _without(case, case.base.payload):
            yield "differs elsewhere"

    assert check_all(_own(name), broken) > 35


def _without(case: Case, payload: Any = None) -> Any:
    """A payload with nothing at the places of the change."""
    found = case.payload if payload is None else payload
    for pointer in _places(case):
        found = changed(found, split(pointer), "?")
    return found


@pytest.mark.parametrize("name", NAMES)
def test_cases__of_one_operation_are_no_twins(name: str) -> None:
    """No two kinds of the family make the same answer."""
    seen: dict[str, str] = {}
    for case in _own(name):
        key = f"{case.operation} {case.payload!r}"
        assert key not in seen, (seen[key], case.id)
        seen[key] = case.id


@pytest.mark.parametrize("name", NAMES)
def test_states__are_named_once_and_say_why(name: str) -> None:
    """A name is unique beside its rule and stands in an id; the reason is a sentence; rules, operations and states are known."""
    provider = specs.load(name)
    seen: set[tuple[str, str]] = set()
    for state in states_of(provider):
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", state.name), state.name
        assert re.fullmatch(r"[A-Z0-9].*[.]", state.why), state.why
        assert state.rule in rulebook(provider)
        assert state.shown.keys() <= provider.document.operations.keys()
        assert set(state.when or ()) <= provider.lifecycle.states.keys()
        for status in state.when or ("",):
            for operation in state.shown:
                key = (operation, _kind_of(state, status))
                assert key not in seen, key
                seen.add(key)


@pytest.mark.parametrize("name", NAMES)
def test_statuses__are_none_that_the_lifecycle_has(name: str) -> None:
    """What stands for a strange status is no documented one, and there is each kind of it for every read that shows a status."""
    provider = specs.load(name)
    reads = {read.operation for read in provider.lifecycle.reads if read.status is not None}
    found = [case for case in _own(name) if case.field]
    assert {(case.operation, case.kind) for case in found} == {
        (operation, kind.id) for operation in reads for kind in (family.UNKNOWN, family.OTHER_CASE, family.SPACED)
    }
    for case in found:
        assert case.value not in provider.lifecycle.states
        assert case.rule == GENERAL


MOMENTS = st.datetimes(datetime(1970, 1, 3), datetime(2100, 1, 1))  # noqa: DTZ001 - the offset is written behind it


@given(
    moment=MOMENTS,
    digits=st.integers(0, 6),
    offset=st.sampled_from(["Z", "+00:00", "-12:00", "+14:00"]),
    seconds=st.integers(-86_400, 86_400),
)
def test_shifted__moves_by_so_much_in_the_same_form(moment: datetime, digits: int, offset: str, seconds: int) -> None:
    """The length, the decimals and the offset stay; there and back again is where it began."""
    fraction = f".{moment.microsecond:06d}"[: digits + 1] if digits else ""
    text = f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}{offset}"
    moved = shifted(text, seconds)
    assert datetime.fromisoformat(moved) - datetime.fromisoformat(text) == timedelta(seconds=seconds)
    assert (len(moved), moved.removesuffix(offset)) == (len(text), moved[: -len(offset)])
    assert shifted(moved, -seconds) == text


def test_made__says_what_is_not_there() -> None:
    """A combination of what an answer lacks is none: nothing, null and words are no times."""
    assert earlier("/at", 1)({"at": "2026-03-19T10:00:00Z"}) == "2026-03-19T09:59:59Z"
    assert later("/at", 0.001)({"at": "2026-03-19T10:00:00.000Z"}) == "2026-03-19T10:00:00.001Z"
    assert same("/a/0")({"a": [3]}) == 3
    for shown in ({}, {"at": None}, {"at": 7}, {"at": "soon"}, [], None):
        for made in (earlier("/at", 1), later("/at/0", 1)):
            with pytest.raises(NotHere):
                made(shown)
    with pytest.raises(NotHere):
        same("/at")({"at": None})
    assert value_at({"rows": [{"type": "a"}, {"type": "b", "n": 1}]}, "/rows/[type=b]/n") == 1
    with pytest.raises(NotHere):
        value_at({"rows": [{"type": "a"}, 7]}, "/rows/[type=b]/n")


def test_provider__from_outside_brings_its_own_combinations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """states.py in its folder is read; without the file there are none, and nothing fails."""
    monkeypatch.setenv(specs.SEARCH_PATH_VARIABLE, str(EXTERNAL))
    assert states_of(specs.load("veritas")) == ()
    folder = tmp_path / "veritas"
    shutil.copytree(EXTERNAL / "veritas", folder)
    (folder / "states.py").write_text(
        "from specimen.contracts.payloads.model.invalid_combinations import State\n"
        'STATES = (State("odd", "GEN-005", {"getCheck": ""}, None, {"/a": 1}, "Because."),)\n',
        encoding="utf-8",
    )
    monkeypatch.setenv(specs.SEARCH_PATH_VARIABLE, str(tmp_path))
    assert [(state.name, state.rule) for state in states_of(specs.load("veritas"))] == [("odd", "GEN-005")]
