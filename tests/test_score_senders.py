"""Senders of webhooks in the score: `verify` finds each broken one by its rule, and nothing in the conforming ones."""

from __future__ import annotations

import pytest

from specimen import specs
from specimen.contracts.webhooks.rules.rule_set import rules
from tests.score import scoring, table
from tests.score.changes import DELIVERIES
from tests.score.mutants import senders
from tests.score.runs import SENDERS, SMOKE, Outcome, mutants, run, serving, subject
from tests.score.scoring import UNBROKEN, Job

BROKEN = [(name, entry) for name in senders.MUTANTS for entry in senders.MUTANTS[name]]
CONFORMING = [(name, entry) for entry in senders.VARIANTS for name in entry.providers]


@pytest.fixture(scope="module")
def served():
    """A port behind which implementations change."""
    with serving() as found:
        yield found


@pytest.mark.sample(1)
@pytest.mark.parametrize(("name", "entry"), [pytest.param(*one, id=f"{one[0]} {one[1].name}") for one in BROKEN])
def test_broken__is_found_by_its_rule(name, entry, served):
    """In one run of `smoke`."""
    found = run(served, name, subject(name, entry.name), SMOKE, 1)
    assert found.mistake == ""
    assert entry.sends.rule in {line.partition(" ")[0] for line in (*found.errors, *found.notes)}


@pytest.mark.sample(1)
@pytest.mark.parametrize(("name", "entry"), [pytest.param(*one, id=f"{one[0]} {one[1].name}") for one in CONFORMING])
def test_conforming__nothing_is_found(name, entry, served):
    """No false alarm, with `--strict` either."""
    assert run(served, name, subject(name, entry.name), SMOKE, 1)[:2] == ((), ())


def test_set__has_a_sender_for_each_rule_of_each_vendor():
    """Every rule of deliveries fires in the score, of every vendor that has it; no provider without webhooks is asked."""
    for name in specs.names():
        webhooks = specs.load(name).webhooks
        known = set() if webhooks is None else set(rules(webhooks))
        assert {entry.sends.rule for entry in mutants(name, SENDERS)} == known
        assert {entry.kind for entry in mutants(name, SENDERS)} <= {DELIVERIES}
        labels = scoring.labels(name)
        assert len(set(labels)) == len(labels)


def test_table__counts_senders_by_themselves():
    """In a row of their own; `ci` and Schemathesis are not asked."""
    found, nothing = Outcome(("WHK-001 delivery",), (), 9, 0.5), Outcome((), (), 9, 0.5)
    results = {Job("kyve", UNBROKEN, SMOKE, 1): nothing, Job("kyve", "as_it_is", SMOKE, 1): nothing}
    results |= {Job("kyve", entry.name, SMOKE, 1): found for entry in senders.MUTANTS["kyve"]}
    count = len(senders.MUTANTS["kyve"])
    text = table.markdown(results)
    assert f"| {DELIVERIES} | {count} | {count} · {count} |" in text
    assert "false alarms, 1 conforming variant" in text
