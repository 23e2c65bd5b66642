"""Valid creations in other values: texts that look like something else, one value alone, flags in turn, names at limits."""

from __future__ import annotations

import json

import pytest

from specimen import specs
from specimen.contracts.requests.request_templates import RequestTemplate
from specimen.contracts.requests.varied_values import (
    in_other_encodings,
    with_alternating_flags,
    with_fewer_values,
    with_numbers_in_names,
    with_other_texts,
)
from specimen.contracts.verify.drivers.driver import creation
from specimen.specs import Provider

NAMES = [name for name in specs.names() if specs.load(name).is_builtin]
MAKERS = (with_other_texts, with_fewer_values, with_alternating_flags, with_numbers_in_names)


def base_of(provider: Provider) -> RequestTemplate:
    """The smallest creation."""
    found = creation(provider, {})
    assert found is not None
    return found


@pytest.mark.parametrize("name", NAMES)
def test_variations__are_valid_and_differ(name: str) -> None:
    """Each body keeps the document's schema, and none comes twice from one maker."""
    provider = specs.load(name)
    base = base_of(provider)
    for maker in MAKERS:
        bodies = [one.body for one in maker(provider, base) if not one.parts]
        pointer = next(entry.pointer for entry in base.operation.bodies)
        assert all(provider.schemas.validator(pointer).is_valid(body) for body in bodies)
        assert len({json.dumps(body) for body in bodies}) == len(bodies)


def test_other_texts__look_like_numbers_and_like_nothing() -> None:
    """A service that guesses types reads them as something else."""
    provider = specs.load("idnow")
    subjects = [one.body["metadata"]["subjectId"] for one in with_other_texts(provider, base_of(provider))]
    assert {"00712", "null", "true"} <= set(subjects)
    forms = [one.parts for one in with_other_texts(specs.load("neurovision"), base_of(specs.load("neurovision")))]
    assert {"name": "clientKey", "value": "00712"} in forms[0]


def test_fewer_values__have_objects_without_their_members() -> None:
    """What is optional within an object may be missing too."""
    provider = specs.load("idnow")
    assert {"metadata": {}} in [one.body for one in with_fewer_values(provider, base_of(provider))]


def test_numbers_in_names__are_the_least_and_the_greatest() -> None:
    """Of an age gate from 12 to 130."""
    provider = specs.load("kayle")
    names = [[*one.body["share_fields"]] for one in with_numbers_in_names(provider, base_of(provider))]
    assert names == [["age_over_12"], ["age_over_130"]]


def test_alternating_flags__set_an_age_gate_otherwise_than_a_date_of_birth() -> None:
    """Either is required where the other is not."""
    provider = specs.load("kayle")
    fields = [one.body["share_fields"] for one in with_alternating_flags(provider, base_of(provider))]
    pairs = {(one["date_of_birth"]["required"], one["age_over_18"]["required"]) for one in fields}
    assert {(True, False), (False, True)} <= pairs


def test_other_encodings__mean_the_same() -> None:
    """Blanks around and within JSON, and a charset."""
    provider = specs.load("kyve")
    base = base_of(provider)
    found = [*in_other_encodings(base)]
    assert [json.loads(one.raw or b"") for one in found] == [base.body]
    assert [one.content_type for one in found] == ["application/json; charset=utf-8"]
