"""Parts of a vendor's API beside its sessions: `verify --part webhooks`."""

from __future__ import annotations

import pytest

from specimen import specs
from specimen.contracts.verify import verify
from specimen.contracts.verify.plan import plan
from specimen.specs import SpecimenError
from tests.contracts.targets import mock

OPERATIONS = {name for name, one in specs.load("kayle").document.operations.items() if one.part == "webhooks"}


def _verified(profile, parts):
    with mock(providers=("kayle",)) as url:
        return verify(
            f"{url}/kayle", "kayle", profile=profile, auth="kk_live_specimen", other_auth="kk_live_other_organization",
            strict=True, parts=parts,
        )  # fmt: skip


def test_part__is_verified_where_it_is_asked_for():
    """Our mock keeps every rule; all operations of the part are met."""
    found = _verified("smoke", ["webhooks"])
    assert [(one.violation.rule, one.violation.operation) for one in found.found] == []
    assert len(OPERATIONS) == 16
    assert set(found.reach.operations.seen) >= OPERATIONS


@pytest.mark.long("Schemathesis over twenty-one operations")
def test_part__schemathesis_finds_nothing():
    """Random requests to the operations of the part, and sequences of them."""
    found = _verified("ci", ["webhooks"])
    assert [(one.violation.rule, one.violation.operation, one.violation.got) for one in found.found] == []


def test_part__is_left_out_by_default():
    """An implementation of the sessions alone is asked for nothing else."""
    sent = plan("http://127.0.0.1:9/", "kayle", profile="smoke").requests
    assert not any("/webhooks/" in one.path for one in sent)
    assert any(
        "/webhooks/" in one.path for one in plan("http://127.0.0.1:9/", "kayle", profile="smoke", parts=["webhooks"]).requests
    )


def test_part__must_exist():
    """A mistake is said before anything is sent."""
    with pytest.raises(SpecimenError, match="Did you mean 'webhooks'"):
        plan("http://127.0.0.1:9/", "kayle", parts=["webhook"])
    with pytest.raises(SpecimenError, match="there is none"):
        plan("http://127.0.0.1:9/", "kyve", parts=["webhooks"])
