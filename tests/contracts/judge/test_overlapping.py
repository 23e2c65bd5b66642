"""Exchanges that overlap have no order: no rule says that one came before the other."""

from __future__ import annotations

import importlib
from dataclasses import replace

import pytest

from specimen import specs
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import judge, observe
from tests.contracts.example_reports import SESSION, STARTED_AT, exchange, session_body
from tests.contracts.golden_exchanges import Mutant, Stage


def mutants(name: str) -> tuple[Mutant, ...]:
    """A provider's exchanges that break a rule."""
    found: tuple[Mutant, ...] = importlib.import_module(f"tests.contracts.judge.mutants.{name}").MUTANTS
    return found


@pytest.mark.parametrize("name", specs.names())
def test_every_mutant__overlapping_is_judged_as_if_alone(name: str) -> None:
    """What breaks a rule by the order of its exchanges breaks none where all of them began before the first had ended."""
    provider, told = specs.load(name), 0
    for mutant in mutants(name):
        exchanges = mutant.make(Stage(provider))
        if len(exchanges) < 2:
            continue
        first = exchanges[0].at
        overlapping = [replace(one, began=first - 1000, at=one.at + place) for place, one in enumerate(exchanges)]
        history, before = History(), History()
        together = [observe(one, history) for one in overlapping]
        assert together == [judge(one, History()) for one in overlapping], (mutant.rule, mutant.what)
        told += sum(map(len, (observe(one, before) for one in exchanges))) > sum(map(len, together))
    assert told > 5


def read(status: str, began: int, ended: int) -> Exchange:
    """A read between two times, in milliseconds."""
    return replace(exchange(session_body(status=status)), began=STARTED_AT + began, at=STARTED_AT + ended)


@pytest.mark.parametrize(("began", "count"), [(0, 0), (4, 0), (5, 1), (8, 1)])
def test_an_older_answer_that_arrives_later__is_no_way_back(began: int, count: int) -> None:
    """An end is final for reads that began when it had been answered."""
    history = History()
    observe(read("expired", 1, 5), history)
    found = [one for one in observe(read("in_progress", began, 10), history) if one.rule == "KAY-016"]
    assert len(found) == count


@pytest.mark.parametrize(("times", "count"), [((6, 9), 0), ((6, 20), 0), (None, 1)])
def test_a_withdrawal_that_overlaps__excuses_a_way_out_of_an_end(times: tuple[int, int] | None, count: int) -> None:
    """It may have come first, whichever answer came first."""
    history = History()
    observe(read("succeeded", 1, 5), history)
    if times is not None:
        token = exchange(
            method="POST", path=f"/v1/verify/session/{SESSION}/cancel", request_headers={"content-type": "application/json"},
            request_body=b'{"cancel_token":"%s"}' % (b"a" * 48), status=204, response_headers={}, response_body=b"",
        )  # fmt: skip
        observe(replace(token, began=STARTED_AT + times[0], at=STARTED_AT + times[1]), history)
    found = [one for one in observe(read("cancelled", 7, 10), history) if one.rule == "KAY-016"]
    assert len(found) == count
