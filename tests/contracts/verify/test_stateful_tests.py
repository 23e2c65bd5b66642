"""The state machine finds nothing in our mock, and ends at the first broken rule."""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest
from hypothesis.stateful import run_state_machine_as_test

from specimen import specs
from specimen.contracts.client.transport import Forbidden, Transport
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import observe
from specimen.contracts.judge.rule import Violation
from specimen.contracts.verify.drivers.driver import NoDriver, PreferDriver
from specimen.contracts.verify.stateful_tests import explore, machine_of
from tests.contracts.servers import FOREIGN, is_home, place


@pytest.mark.parametrize("name", specs.names())
def test_machine__finds_nothing_in_our_mock(name: str) -> None:
    """A few random lives of sessions."""
    history, found = History(), list[Violation]()
    with place(name) as there:
        sender = Transport(there.url, name, headers=there.auth, seen=lambda exchange: found.extend(observe(exchange, history)))
        explore(sender, PreferDriver(sender), seeds=[1], examples=5, steps=20)
        sender.close()
    assert found == []
    assert sender.sent > 20


def test_machine__shrinks_to_a_broken_rule() -> None:
    """A service that leaves terminal states: the machine fails as soon as the judge says so."""
    turns: dict[str, int] = {}
    ends = specs.load("kayle").lifecycle.terminal

    def revived(value: Any, reported: dict[str, Any]) -> Any:
        data = value.get("data")
        if reported["method"] == "GET" and isinstance(data, dict) and data.get("status") in ends:
            turns[reported["path"]] = turns.get(reported["path"], 0) + 1
            if turns[reported["path"]] > 1:
                data.update(status="created", completed_at=None, failure_code=None)
        return value

    history, found = History(), list[Violation]()
    with place("kayle", change=revived) as there:
        sender = Transport(there.url, "kayle", headers=there.auth, seen=lambda exchange: found.extend(observe(exchange, history)))
        machine = hypothesis.seed(1)(machine_of(sender, PreferDriver(sender), broken_rules=lambda: len(found)))
        with pytest.raises(AssertionError):
            run_state_machine_as_test(
                machine,
                settings=hypothesis.settings(
                    max_examples=100, stateful_step_count=25, deadline=None, database=None, report_multiple_bugs=False,
                    suppress_health_check=list(hypothesis.HealthCheck), phases=[hypothesis.Phase.generate],
                ),
            )  # fmt: skip
        sender.close()
    assert "KAY-016" in {violation.rule for violation in found}


def test_machine__never_touches_somebodys_production() -> None:
    """Refused before anything is sent."""
    with place("kayle", host=FOREIGN) as there:
        sender = Transport(there.url, "kayle", loopback=is_home)
        with pytest.raises(Forbidden):
            explore(sender, NoDriver(sender.provider, ()), seeds=[1])
        assert there.seen == []
