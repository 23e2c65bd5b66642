"""Drifts: `verify` reports exactly the rule that each one breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from specimen import specs
from specimen.contracts.judge.registry import listed
from specimen.contracts.verify.runner import verify
from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.preferences.faults.drifts import drifts_of, read_drifts
from specimen.mockserver.settings import Pace, Settings
from specimen.specs.core.errors import SpecError

DRIFTS = [(name, drift) for name in specs.names() for drift in drifts_of(specs.load(name))]


@pytest.mark.parametrize("name", specs.names())
def test_drifts__break_rules_that_there_are(name: str) -> None:
    """Each names a rule of its provider, and breaks another one than the others do."""
    provider = specs.load(name)
    known = {rule.id for rule in listed(provider)}
    broken = [drift.rule for drift in drifts_of(provider).values()]
    assert set(broken) <= known
    assert len(broken) == len(set(broken)) >= 4


@pytest.mark.sample(1)
@pytest.mark.parametrize(("name", "drift"), DRIFTS)
def test_drift__is_found_by_its_rule_alone(name: str, drift: str) -> None:
    """A run of `verify` against the drifting mock reports that rule and no other."""
    provider = specs.load(name)
    fault = {"kind": "drift", "drift": drift, "match": {"provider": name}}
    credential = next(one for one in provider.lifecycle.credentials.values() if one.fails is None)
    app = build_app(Settings(providers=(name,), pace=Pace("speed", speed=20.0), faults=(fault,)))
    with running(app) as url:
        report = verify(url + provider.mount, name, profile="smoke", auth=dict(credential.headers), strict=True)
    assert {one.violation.rule for one in report.found} == {drifts_of(provider)[drift].rule}


def test_file__says_what_is_wrong(tmp_path: Path) -> None:
    """An unknown operation, and a change without an action."""
    file = tmp_path / "drifts.yaml"
    assert read_drifts(file, {}) == {}
    file.write_text("one: {rule: KAY-001, summary: s, operations: [x], changes: [{pointer: /a, set: 1}]}", encoding="utf-8")
    with pytest.raises(SpecError, match=r"operation 'x' is not in openapi\.yaml"):
        read_drifts(file, {"y": None})
    file.write_text("one: {rule: KAY-001, summary: s, operations: [x], changes: [{pointer: /a}]}", encoding="utf-8")
    with pytest.raises(SpecError, match="one/changes/0"):
        read_drifts(file, {"x": None})
