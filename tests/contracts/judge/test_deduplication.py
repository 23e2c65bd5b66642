"""A field that breaks the schema is not reported again by the rules that rest on it; another fault of it is."""

from __future__ import annotations

from typing import Any

import pytest

from specimen import specs
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import judge
from specimen.contracts.judge.rule import Violation
from specimen.contracts.judge.severity import ERROR, NOTE
from specimen.contracts.judge.validation.deduplication import FieldError, LocatedViolation, deduplicate
from specimen.contracts.payloads.generate.expected_outcomes import as_exchange, expected_outcome
from specimen.contracts.payloads.model.mutations import ABSENT, changed
from specimen.contracts.payloads.model.valid_payloads import Base, responses
from specimen.specs import Provider
from tests.contracts import golden_exchanges as staged
from tests.contracts.example_reports import SESSION, exchange, session_body
from tests.contracts.golden_exchanges import Stage

NAMES = [name for name in specs.names() if specs.load(name).is_builtin]
ODD: tuple[Any, ...] = (ABSENT, None, True, 7, -1.5, "", "?", [], {}, [None])
# Where one value breaks two promises that have nothing to do with one another.
TWO_THINGS: dict[str, dict[frozenset[str], str]] = {
    "idnow": {},
    "kayle": {frozenset({"KAY-005", "KAY-017"}): "a text where none may be, and it is no time"},
    "kyve": {},
    "neurovision": {
        frozenset({"GEN-005", "NEU-010"}): "an entry too many, and it is no entry",
        frozenset({"GEN-005", "NEU-013"}): "one image instead of two, and it is no image",
        frozenset({"NEU-010", "NEU-040"}): "seven tries of which no history tells, in a session where none was made",
        frozenset({"NEU-002", "NEU-008"}): "the only task that failed is also half of what was compared",
    },
    "predicate": {
        frozenset({"PRE-001", "PRE-011"}): "a text where none may be, and it is no time",
        frozenset({"GEN-005", "PRE-003"}): "a wallet where none may be, and it is no wallet",
        frozenset({"GEN-005", "PRE-005"}): "a wallet where none may be, and it is no wallet",
    },
}


def _voice(rule: str, severity: str) -> Violation:
    return Violation(rule, severity, "getIt", "", "", "", "", "", "A" if severity == NOTE else "D")


def _reported(*said: LocatedViolation) -> list[str]:
    return sorted(f"{one.rule} {one.severity}" for one in deduplicate(said))


def _first_of_each_state(provider: Provider) -> list[Base]:
    found: dict[tuple[str, str | None], Base] = {}
    for operation in provider.document.operations.values():
        for base in responses(provider, operation):
            key = (operation.id, base.state)
            if key not in found and not expected_outcome(base, base.payload).rules:
                found[key] = base
    return list(found.values())


def _two_things(name: str, step: int) -> dict[frozenset[str], tuple[object, ...]]:
    """The rules that one odd field breaks together, each with an example; of each answer every `step`-th field."""
    several: dict[frozenset[str], tuple[object, ...]] = {}
    for turn, base in enumerate(_first_of_each_state(specs.load(name))):
        for place in base.places()[turn % step :: step]:
            for value in ODD if place.parts else ODD[1:]:
                if value is not ABSENT or place.is_present:
                    found = frozenset(expected_outcome(base, changed(base.payload, place.parts, value)).rules)
                    if len(found) > 1:
                        several[found] = (base.operation.id, base.state, place.pointer, value)
    return several


@pytest.mark.parametrize("name", NAMES)
def test_judge__says_of_one_odd_field_one_thing(name: str) -> None:
    """A field that is missing, null or of another type breaks one rule, wherever it stands and in whatever state."""
    several = _two_things(name, 5)
    assert several.keys() <= TWO_THINGS[name].keys(), several


@pytest.mark.long("every field of every answer; `make test` takes every fifth")
@pytest.mark.parametrize("name", NAMES)
def test_judge__says_of_each_odd_field_one_thing(name: str) -> None:
    """And what is said twice is what the table names, all of it."""
    several = _two_things(name, 1)
    assert several.keys() == TWO_THINGS[name].keys(), several


@pytest.mark.parametrize(
    ("name", "pointer", "value", "rule"),
    [
        ("kayle", "/data/id", ABSENT, "GEN-005"),
        ("kayle", "/data/status", ABSENT, "GEN-005"),
        ("kayle", "/data/status", 7, "GEN-005"),
        ("kayle", "/data/failure_code", 7, "GEN-005"),
        ("kayle", "/data", None, "GEN-005"),
        ("kyve", "/id", ABSENT, "GEN-005"),
        ("idnow", "/sessionId", ABSENT, "GEN-005"),
        ("idnow", "/results/basicIdentity/type", None, "GEN-005"),
        ("predicate", "/sessionId", ABSENT, "GEN-005"),
        ("predicate", "/verifiedWallets", None, "GEN-005"),
        ("neurovision", "/results/2/type", ABSENT, "GEN-005"),
        ("neurovision", "/results/1/checks/0/items/1/value", None, "GEN-005"),
        ("neurovision", "/spent", None, "GEN-005"),
    ],
)
def test_judge__the_schema_has_the_word_of_a_field_without_its_form(name: str, pointer: str, value: Any, rule: str) -> None:
    """An id that is missing is not also another one; a status that is missing is not also not failed."""
    provider = specs.load(name)
    read = provider.lifecycle.reads[0].operation
    base = next(base for base in _first_of_each_state(provider) if base.operation.id == read)
    assert expected_outcome(base, changed(base.payload, pointer.split("/")[1:], value)).rules == (rule,)


def test_judge__a_fault_elsewhere_silences_nothing() -> None:
    """A field that is missing hides neither another session's answer nor a code without a failure."""
    kayle = Stage(specs.load("kayle"))
    found = kayle.read("succeeded")
    broken = staged.changed(found, {"/data/failure_code": "document_data_invalid", "/data/id": "vs_" + "0" * 64})
    body = {**broken.response_json, "data": {**broken.response_json["data"]}}
    del body["data"]["contract_version"]
    assert _rules(staged.changed(broken, {"/data": body["data"]})) == {"GEN-005", "KAY-004", "KAY-015"}


def test_judge__an_item_without_its_form_hides_no_other_item() -> None:
    """The third check is no object; the first still did not pass."""
    kyve = Stage(specs.load("kyve"))
    found = staged.changed(kyve.read("completed", operation="getVerification"), {"/checks/2": 7, "/checks/0/status": "failed"})
    assert _rules(found) == {"GEN-005", "KYV-001"}


def test_judge__a_list_keeps_its_order_only_where_it_has_times() -> None:
    """What is no time is in no order."""
    idnow = Stage(specs.load("idnow"))
    found = idnow.read("accepted", operation="listDatablocks")
    assert _rules(staged.changed(found, {"/dataBlocks/0/createdAt": "x"})) == {"GEN-005"}


def _rules(exchange: Exchange) -> set[str]:
    return {one.rule for one in judge(exchange, History())}


def test_once__keeps_the_louder_of_a_value_that_both_find_fault_with() -> None:
    """Of a value that the schema and a rule refuse the error is kept, of two errors or two notes the schema's."""
    fault, place = FieldError(("id",), is_unfit=False), (("id",),)
    for schema, rule, reported in (
        (ERROR, ERROR, "GEN-005 error"), (ERROR, NOTE, "GEN-005 error"), (NOTE, NOTE, "GEN-005 note"),
        (NOTE, ERROR, "ABC-001 error"),
    ):  # fmt: skip
        both = LocatedViolation(_voice("GEN-005", schema), fault), LocatedViolation(_voice("ABC-001", rule), None, place)
        assert _reported(*both) == [reported]


def test_once__an_assumed_form_is_no_error() -> None:
    """Where a field is missing or of another type than assumed, a documented rule that rests on it has nothing to go by."""
    fault = FieldError(("rows", "0"), is_unfit=True)
    rests_on = (("rows", "0", "status"),)
    said = (LocatedViolation(_voice("GEN-005", NOTE), fault), LocatedViolation(_voice("ABC-001", ERROR), None, rests_on))
    assert _reported(*said) == ["GEN-005 note"]


def test_once__what_is_of_another_field_or_of_the_whole_exchange_is_kept() -> None:
    """A rule that looks at something else is heard, and so is one that looks at no field at all."""
    schema = LocatedViolation(_voice("GEN-005", ERROR), FieldError(("rows", "0"), is_unfit=True))
    for rests_on in ((), (("rows", "1"),), (("rows",),), (("other", "0"),)):
        assert _reported(schema, LocatedViolation(_voice("ABC-001", ERROR), None, rests_on)) == ["ABC-001 error", "GEN-005 error"]
    assert _reported(schema, LocatedViolation(_voice("ABC-001", ERROR), None, (("rows", None, "id"),))) == ["GEN-005 error"]


def test_once__of_a_broken_answer_something_is_always_reported() -> None:
    """Each base with each of its objects emptied breaks something, as before."""
    for name in NAMES:
        for base in _first_of_each_state(specs.load(name))[:3]:
            reported = judge(as_exchange(base, {"?": 1}), History())
            has_required = not base.provider.schemas.validator(str(base.pointer)).is_valid({"?": 1})
            assert bool(reported) >= has_required


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {("GEN-005", "")}),
        ({"ok": True}, {("GEN-005", "")}),
        ([], {("GEN-005", "")}),
        ({"data": {"id": SESSION, "status": "weird"}, "error": None}, {("GEN-005", "/data")}),
        ({"data": {"sessionId": SESSION, "createdAt": 1}, "error": None}, {("GEN-005", "/data")}),
        ({"data": None, "error": {"code": "NOT_FOUND"}}, {("GEN-005", "/data"), ("GEN-005", "/error")}),
    ],
)
def test_judge__tells_an_object_of_another_shape_once(body: Any, expected: set[tuple[str, str]]) -> None:
    """Nothing is said of the fields inside it, nor of rules that rest on them."""
    assert [(one.rule, one.pointer) for one in judge(exchange(body), History())] == sorted(expected)


def test_judge__tells_each_of_a_few_missing_fields() -> None:
    """Two fields of fourteen are an oversight, and each is named."""
    body = session_body()
    del body["data"]["expires_at"], body["data"]["redirect_url"]
    found = judge(exchange(body), History())
    assert [(one.rule, one.pointer, one.expected) for one in found] == [
        ("GEN-005", "/data", "the field 'expires_at'"),
        ("GEN-005", "/data", "the field 'redirect_url'"),
    ]
