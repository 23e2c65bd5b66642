"""Filters make what they take, and give exactly what the whole catalogue has of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from specimen import specs
from specimen.contracts.payloads import Case, Choice, cases
from specimen.contracts.payloads.families import emails, errors, links, streams, wallets
from specimen.contracts.payloads.families.countries import documents
from specimen.contracts.payloads.generate import filtered, making
from specimen.contracts.payloads.model.case_types import FAMILIES
from specimen.contracts.payloads.model.valid_payloads import REQUEST, RESPONSE, responses
from tests.contracts.payloads.catalogues import made_once

PROVIDERS = pytest.mark.parametrize("name", specs.names())


def filters_of(every: list[Case], step: int, *, is_all: bool) -> Iterator[dict[str, Any]]:
    """Filters that take some of these cases: by kind, family, field, name, tag and verdict."""
    for case in every[::step]:
        yield {"kinds": [case.kind]}
        yield {"kinds": [f"{case.kind[:-2]}*"], "verdict": case.verdict}
        yield {"fields": [case.field or "."]}
        yield {"fields": [case.field.rpartition("/")[2] or "."], "tags": [case.tags[-1]]}
    for family in FAMILIES if is_all else ():
        if any(case.kind.startswith(f"{family}.") for case in every):
            yield {"tags": [family]}


def check(name: str, operation: str, direction: str, parts: int, *, is_all: bool = False) -> None:
    """Holds the filters of an operation against all of its cases."""
    every = list(made_once(specs.load(name), operation=operation, direction=direction))
    count = 0
    for wanted in filters_of(every, max(1, len(every) // parts), is_all=is_all):
        choice = Choice(**wanted)
        expected = [case.as_json() for case in every if choice.takes(case)]
        assert expected
        found = [case.as_json() for case in cases(name, operation=operation, direction=direction, **wanted)]
        assert found == expected, wanted
        count += 1
    assert count or not every


@PROVIDERS
def test_filtered__requests_are_those_of_the_catalogue(name: str) -> None:
    """The same cases in the same order; what is the payload of a kind that is not taken is left out as there."""
    check(name, specs.load(name).lifecycle.create.operation, REQUEST, 1)


def test_filtered__answers_are_those_of_the_catalogue() -> None:
    """Of the smallest answer there is."""
    found = [
        (len(json.dumps(base.payload)), name, operation.id)
        for name in specs.names()
        for operation in specs.load(name).document.operations.values()
        if (base := next(responses(specs.load(name), operation), None)) is not None
    ]
    check(*min(found)[1:], RESPONSE, 3)


def test_filters__pass_over_no_family_that_has_what_they_take() -> None:
    """A family's name may be the tag of another family's kind, and a pattern may stand for any family."""
    every = [one for module in (documents, emails, errors, links, streams, wallets) for one in module.KINDS]
    assert any(set(one.tags) & set(FAMILIES) for one in every)
    for one in every:
        for wanted in ({"tags": one.tags}, {"kinds": [one.id]}, {"kinds": [one.family]}, {"kinds": [f"*{one.id[-3:]}"]}):
            assert Choice(**wanted).may_be_in(one.family), (one.id, wanted)


def test_filtered__what_may_not_exist_is_unspecified_whatever_its_kind_claims() -> None:
    """A well-formed id of an endpoint is accepted as a key, and yet may be refused: the implementation may not have it."""
    asked = {"operation": "createSession", "direction": REQUEST, "kinds": ["identifiers.key_one_character"]}
    every = {case.id: case.verdict for case in cases("kayle", **asked)}
    assert "either" in every.values()
    assert [case.id for case in cases("kayle", **asked, verdict="either")] == [name for name in every if every[name] == "either"]


@pytest.mark.long("makes every catalogue, and parts of it many times")
@PROVIDERS
def test_filtered__every_operation(name: str) -> None:
    """All operations in both directions."""
    for operation in specs.load(name).document.operations:
        for direction in (REQUEST, RESPONSE):
            check(name, operation, direction, 12, is_all=True)


@PROVIDERS
def test_filtered__judges_little_of_what_it_does_not_take(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the cases of one family, the contract is asked for few others."""
    asked: list[Any] = []
    monkeypatch.setattr(filtered, "case", lambda *given: asked.append(given) or making.case(*given))
    operation = specs.load(name).lifecycle.create.operation
    found = list(cases(name, operation=operation, direction=REQUEST, kinds=["structure.*"]))
    assert found
    assert len(asked) < 2 * len(found) + 20
