"""A few cases, and the list of kinds, are had without making the catalogue, and say the same as it."""

from __future__ import annotations

import pytest

from specimen import specs
from specimen.contracts.payloads import Choice, cases
from specimen.contracts.payloads.families.state import kinds as state_kinds
from specimen.contracts.payloads.generate import catalogue as made_by
from specimen.contracts.payloads.generate import sample as sampled_by
from specimen.contracts.payloads.generate.kinds import kinds
from tests.contracts.payloads.catalogues import catalogue

PROVIDERS = pytest.mark.parametrize("name", specs.names())


@PROVIDERS
def test_sample__is_a_part_of_the_catalogue_in_its_order(name) -> None:
    """Each case is the one that the catalogue has under its id, payload and verdict alike."""
    every = {case.id: (number, case) for number, case in enumerate(catalogue(name).cases)}
    for wanted in (
        {"count": 20},
        {"count": 120, "direction": "response"},
        {"count": 7, "verdict": "reject", "tags": ["structure"]},
    ):
        found = list(cases(name, **wanted))
        assert len(found) == wanted["count"]
        places = [every[case.id][0] for case in found]
        assert places == sorted(set(places))
        assert [case.as_json() for case in found] == [every[case.id][1].as_json() for case in found]


@PROVIDERS
def test_sample__has_every_family_and_several_operations(name) -> None:
    """Twenty cases show what there is."""
    found = list(cases(name, count=20))
    assert {case.kind.partition(".")[0] for case in found} == {case.kind.partition(".")[0] for case in catalogue(name).cases}
    assert len({case.operation for case in found}) > 1
    assert len({case.kind for case in found}) > 15


@PROVIDERS
def test_sample__makes_hardly_more_cases_than_are_wanted(name, monkeypatch) -> None:
    """The contract is asked for what is given, and for few that make no case."""
    asked = []
    monkeypatch.setattr(sampled_by, "case", lambda *given: asked.append(given) or made_by.case(*given))
    monkeypatch.setattr(made_by, "of_bases", lambda *_: pytest.fail("made the whole catalogue"))
    list(cases(name, count=20))
    assert 20 <= len(asked) < 60


def test_sample__of_fewer_than_are_wanted_is_all_of_them() -> None:
    """A count beyond what there is gives all."""
    wanted = {"operation": "getStatus", "kinds": ["structure.null"]}
    assert [one.id for one in cases("predicate", count=999, **wanted)] == [one.id for one in cases("predicate", **wanted)]


@PROVIDERS
def test_kinds__are_those_of_all_cases_and_of_what_is_left_out(name) -> None:
    """What is listed beside the cases' kinds applies somewhere and makes no case there, with the reason."""
    listed = set(kinds([specs.load(name)], Choice()))
    found = catalogue(name)
    made, tried = {case.kind for case in found.cases}, {left.id.rpartition(":")[2] for left in (*found.left_out, *found.twins)}
    assert made <= listed
    # The contract is not asked: a few apply to payloads alone that answer nothing, such as an ended session's at its creation.
    assert len(listed - made - tried - {kind.id for kind in state_kinds(specs.load(name), None, None)}) <= 5
