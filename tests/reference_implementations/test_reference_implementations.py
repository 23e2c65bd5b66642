"""Implementations that we did not make our mock of: they keep the contract, so nothing may be found in them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from functools import partial
from types import ModuleType

import pytest
from starlette.applications import Starlette

from specimen import specs
from specimen.contracts.reporting.model import INCONCLUSIVE, PASSED, VIOLATIONS, Report
from specimen.contracts.verify.runner import verify
from tests.reference_implementations import kayle, predicate
from tests.reference_implementations.web import running

STANDINS = {"kayle": kayle, "predicate": predicate}
# Each stand-in, and the same with other valid habits.
VARIANTS = {
    "kayle": kayle.app,
    "kayle, whose users go on": partial(kayle.app, seed=2, is_lively=True),
    "predicate": predicate.app,
    "predicate, which leaves out what it may": partial(predicate.app, seed=2, is_sparse=True),
}
# What no page settles and these two do in their own way, validly.
NOTES = {
    "kayle": {
        "GEN-015": "takes what only our document refuses of a redirect_url and of a reason",
        "GEN-016": "refuses times that its library cannot read, of the year 0000",
    },
    "predicate": {"GEN-049": "has codes of its own for what it refuses; the page lists none"},
}


def judged(name: str, app: Starlette, *, token: str | None = None, profile: str = "ci", **options: object) -> Report:
    """The report on an application that runs on a real port, moved by the driver command."""
    with running(app) as url:
        driver = shlex.join([sys.executable, "-m", "tests.reference_implementations.drive", url])
        return verify(url, name, profile=profile, auth=token or STANDINS[name].TOKEN, driver=driver, **options)


OTHER_HABITS = pytest.mark.long("the same implementation with other habits, a whole run of `ci` each")


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=OTHER_HABITS if "," in name else (), id=name) for name in VARIANTS]
)
def report(request) -> Report:
    """What `ci` says of a stand-in."""
    return judged(request.param.partition(",")[0], VARIANTS[request.param]())


def test_standin__no_error(report):
    """An implementation of the vendor's page that shares no code with ours passes."""
    assert [(entry.violation, entry.example.curl) for entry in report.errors] == []
    assert report.exit_code == PASSED


def test_standin__notes_are_known(report):
    """What it does in its own way where no page says how is reported, and is what we know of."""
    assert {entry.violation.rule for entry in report.notes} == NOTES[report.provider].keys()


def test_standin__everything_is_reached(report):
    """The driver command leads to every state, and every operation is called."""
    lifecycle = specs.load(report.provider).lifecycle
    assert set(report.reach.states.seen) >= set(lifecycle.states)
    assert report.reach.operations.missed == ()
    assert report.missing == ()


def forgets_the_end(module: ModuleType) -> Starlette:
    """The kayle stand-in, whose ended sessions show no time of their end."""
    app, shown = module.app(), module.shown

    def broken(session, **options):
        return {**shown(session, **options), "completed_at": None}

    module.shown = broken
    return app


@pytest.mark.parametrize(("change", "rule"), [(forgets_the_end, "KAY-005")])
def test_standin__broken_is_found(monkeypatch, change: Callable[[ModuleType], Starlette], rule):
    """The same implementation with one thing broken does not pass: silence above is no deafness."""
    monkeypatch.setattr(kayle, "shown", kayle.shown)  # put back afterwards
    report = judged("kayle", change(kayle), profile="smoke")
    assert report.exit_code == VIOLATIONS
    assert {entry.violation.rule for entry in report.errors} == {rule}


def test_standin__wrong_token_is_inconclusive_or_worse():
    """Nothing is proved by an implementation that answers 401 to all."""
    report = judged("predicate", predicate.app(), token="unknown", profile="smoke")
    assert report.exit_code in (VIOLATIONS, INCONCLUSIVE)
