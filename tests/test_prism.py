"""Prism as somebody else's implementation: it breaks rules, and only those that were looked at by hand."""

from __future__ import annotations

import shutil

import pytest

from tests.bench.peers import PRISM, kept
from tests.prism import CROSS_FIELD, DYNAMIC, PROVIDERS, Run, as_markdown, judged

REASON = f"Prism {PRISM} is not there: `make prism` installs it with npm"
pytestmark = pytest.mark.skipif(
    not (shutil.which("npm") and shutil.which("node") and (kept() / ".installed").exists()), reason=REASON
)


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    """Each document in each mode, by the walk alone."""
    return list(judged("smoke", lambda _: None))


def test_prism__breaks_rules(runs):
    """Answers that know no session keep no contract."""
    assert all(run.report.exit_code == 1 for run in runs)


def test_prism__findings_were_reviewed(runs):
    """Every rule that is found broken is one whose findings were checked against request and answer."""
    new = [
        (run.provider, run.mode, rule, entry.violation, entry.example) for run in runs for rule, entry in run.unreviewed.items()
    ]
    assert new == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_prism_dynamic__breaks_cross_field_rules(runs, provider):
    """Data that a schema alone generates is not coherent.

    Of IDnow's document it generates none: its library makes no time of a pattern and `format: date-time`, and it answers 500.
    """
    found = next(run.counts for run in runs if (run.provider, run.mode) == (provider, DYNAMIC))
    assert {*CROSS_FIELD, "GEN-023"} & found.keys()
    assert provider != "kayle" or CROSS_FIELD & found.keys()


def test_prism_markdown__has_a_row_for_each_rule(runs):
    """The table of docs/strength.md shows all that was found."""
    table = as_markdown(runs)
    assert all(f"| {run.provider} | {rule}" in table for run in runs for rule in run.counts)
