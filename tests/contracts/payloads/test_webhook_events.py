"""The strategy of webhook events."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specimen import specs
from specimen.contracts.payloads import strategy
from specimen.specs import SpecimenError
from specimen.specs.core.json_pointer import at

TYPES = [(name, kind) for name in ("kyve", "kayle", "idnow") for kind in specs.load(name).webhooks.events]


@pytest.mark.parametrize(("name", "kind"), TYPES)
@settings(max_examples=10)
@given(data=st.data())
def test_strategy__draws_valid_events_of_every_type(name, kind, data):
    """What is drawn has the documented form, and is of the type."""
    provider = specs.load(name)
    event = data.draw(strategy(f"{name}.{kind}"))
    assert provider.strict_schemas.validator(provider.webhooks.events[kind].schema).is_valid(event)
    assert at(event, provider.webhooks.type_at) == kind


@settings(max_examples=10)
@given(strategy("kyve.verification.updated", status="expired"))
def test_strategy__keeps_a_status(event):
    """Only events that tell of that state."""
    assert event["data"]["object"]["status"] == "expired"


def test_strategy__says_what_cannot_be():
    """Neither a state that the type never tells, nor invalid events."""
    with pytest.raises(SpecimenError, match="no scenario sends"):
        strategy("kyve.verification.completed", status="expired")
    with pytest.raises(SpecimenError, match="valid ones only"):
        strategy("kyve.verification.completed", verdict="reject")
