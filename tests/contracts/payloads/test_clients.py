"""A client generated from each document takes every answer that keeps the contract."""

from __future__ import annotations

import pytest

from specimen import specs
from specimen.contracts.payloads.model.case_types import ACCEPT, REJECT
from tests.contracts.payloads.catalogues import catalogue
from tests.payload_clients import Outcome, each, generated, outcomes, table
from tests.serving import ROOT


@pytest.fixture(scope="module")
def found() -> dict[str, list[Outcome]]:
    """What each provider's client does with its catalogue."""
    every = {}
    for name in specs.names():
        with generated(specs.load(name)) as client:
            every[name] = list(outcomes(client, catalogue(name).cases))
    return every


def test_clients__parse_every_answer_that_keeps_the_contract(found) -> None:
    """Without an exception."""
    kept = [outcome for every in found.values() for outcome in every if outcome.case.verdict == ACCEPT]
    broken = [f"{outcome.case.id}: {outcome.error!r}" for outcome in kept if outcome.error is not None]
    assert kept
    assert not broken, f"{len(broken)} broken:\n" + "\n".join(line[:300] for line in broken[:10])


def test_table__counts_every_answer_once(found) -> None:
    """The table in docs/payloads.md has a row for each provider; clients refuse some of what breaks the contract, and not all."""
    every = [outcome for found_of_one in found.values() for outcome in found_of_one]
    assert "\n".join(table(every)) in (ROOT / "docs" / "payloads.md").read_text(encoding="utf-8")
    rejects = [outcome for outcome in every if outcome.case.verdict == REJECT]
    assert [line.partition("\t")[0] for line in each(every)] == [outcome.case.id for outcome in rejects]
    assert sum(line.endswith("\ttaken") for line in each(every)) == sum(outcome.error is None for outcome in rejects)
    refused = [outcome.error is not None for outcome in every if outcome.case.verdict == REJECT]
    assert 0 < sum(refused) < len(refused)
