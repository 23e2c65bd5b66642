"""Schemathesis with the judge plugged in: silent on our mock, loud on a broken one."""

from __future__ import annotations

from typing import Any

import pytest

import specs
from contracts.exchange import Exchange
from contracts.schemathesis_suite import JUDGE, fuzz
from contracts.transport import Forbidden, Transport
from contracts.verify import verify
from tests.contracts.places import FOREIGN, is_home, place

pytestmark = pytest.mark.filterwarnings("ignore")  # Schemathesis warns of its own dependencies


@pytest.mark.parametrize("name", specs.names())
def test_ci__our_mock_holds_every_rule(name: str) -> None:
    """The walk over all scenarios and Schemathesis: no error, no note, every documented status and every edge."""
    with place(name) as there:
        found = verify(there.url, name, profile="ci", auth=there.auth, strict=True)
    assert [(entry.violation.rule, entry.violation.expected, entry.example.curl) for entry in found.found] == []
    assert found.exit_code == 0
    assert found.reach.statuses.missed == ()
    assert found.reach.edges.missed == ()
    assert found.requests > 300
    assert found.seconds < 60


def test_fuzz__tells_every_exchange_with_what_it_knows() -> None:
    """Credentials that are missing or made up are told as such; paths begin at the base URL."""
    seen: list[Exchange] = []
    with place("kayle") as there:
        sender = Transport(there.url, "kayle", headers=there.auth)
        count = fuzz(sender, seed=1, examples=5, see=seen.append)
        sender.close()
    assert count == len(seen) > 50
    assert {exchange.seen_by for exchange in seen} == {"fuzz"}
    assert all(exchange.path.startswith("/v1/") for exchange in seen if exchange.operation is not None)
    assert {exchange.operation.id for exchange in seen if exchange.operation} == set(specs.load("kayle").document.operations)


def test_fuzz__finds_a_mock_that_takes_everything() -> None:
    """Refusals turned into success are found by the judge, not by checks of Schemathesis."""

    def taken(value: Any, told: dict[str, Any]) -> Any:
        told["status"] = 200 if told["status"] == 400 else told["status"]
        return value

    with place("predicate", change=taken) as there:
        found = verify(there.url, "predicate", profile="ci", auth=there.auth)
    assert "GEN-015" in {entry.violation.rule for entry in found.errors}


def test_fuzz__never_touches_somebodys_production() -> None:
    """Not even where somebody calls it by hand; and the check is gone when the run is over."""
    from schemathesis.checks import CHECKS

    with place("kayle", host=FOREIGN) as there:
        sender = Transport(there.url, "kayle", headers=there.auth, loopback=is_home)
        with pytest.raises(Forbidden):
            fuzz(sender, seed=1, examples=1, see=lambda _: None)
        assert there.seen == []
    assert JUDGE not in CHECKS.get_all_names()
