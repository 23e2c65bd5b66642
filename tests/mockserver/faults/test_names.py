"""Faults that name what a provider does not have: refused where they are asked for, without effect on other providers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from specimen import specs
from specimen.mockserver.preferences.faults.drifts import drifts_of
from specimen.mockserver.preferences.faults.magic import magic_fault
from specimen.mockserver.preferences.faults.names import UnknownName, check_names
from specimen.mockserver.preferences.faults.rules import parsed
from tests.mockserver.calling import ask_entry, create_entry, frozen_app
from tests.mockserver.control.steering import control
from tests.serving import run


def test_drift__of_one_provider_leaves_the_others_as_they_are() -> None:
    """A rule that names no provider is for the one whose drift it is."""
    app = frozen_app("kayle", "kyve")
    entries = {entry["operation"]: entry for entry in app.mounted["kyve"].table.entries()}
    usual = {name: ask_entry(app, entry) for name, entry in entries.items()}
    assert control(app, "POST", "/faults", {"kind": "drift", "drift": "KAY-004"}).status_code == 201
    for name, entry in entries.items():
        answer = ask_entry(app, entry)
        assert (answer.status_code, answer.content) == (usual[name].status_code, usual[name].content), name
    assert "getSession" in entries


@pytest.mark.parametrize("fault", ["drift:KAY-004", "drift:nope", "script:nope"])
def test_prefer__names_what_the_provider_has(fault: str) -> None:
    """A drift or a state that it lacks is a 400 with those that it has."""
    app, kyve = frozen_app("kyve"), specs.load("kyve")
    entry = next(entry for entry in app.mounted["kyve"].table.entries() if entry["operation"] == "getSession")
    answer = ask_entry(app, entry, Prefer=f"fault={fault}")
    assert answer.status_code == 400
    assert answer.json()["possible"] == sorted(drifts_of(kyve) if "drift" in fault else kyve.lifecycle.states)


@pytest.mark.parametrize("name", specs.names())
def test_magic__names_what_the_provider_has(name: str) -> None:
    """A drift that the provider lacks is a 400 with its drifts, in the request that creates a session."""
    app = frozen_app(name)
    answer = ask_entry(app, create_entry(app, name, _drift_that_is_not_there(name)))
    assert answer.status_code == 400
    assert answer.json()["possible"] == sorted(drifts_of(specs.load(name)))


def _drift_that_is_not_there(name: str) -> str:
    found = magic_fault(specs.load(name), "drift:nope")
    assert found is not None
    return found


CASES: list[tuple[Any, str]] = [
    ({"kind": "reset", "match": {"operation": "getSesion"}}, "Did you mean 'getSession'?"),
    ({"kind": "script", "answers": ["created", "nope"]}, "state 'nope' is not there."),
    ({"kind": "script", "answers": ["sucseeded"]}, "Did you mean 'succeeded'?"),
    ({"kind": "reset", "match": {"provider": "kyve"}}, "provider 'kyve' is not served here."),
    ({"kind": "drift", "drift": "KYV-001"}, "drift 'KYV-001': kayle has none."),
    ({"kind": "script", "answers": ["succeeded", "in_progress", 429]}, "no session comes from 'succeeded' to 'in_progress'."),
    ({"kind": "script", "answers": ["in_progress", 503, "created"]}, "no session comes from 'in_progress' to 'created'."),
]


@pytest.mark.parametrize(("rule", "reason"), CASES, ids=range(len(CASES)))
def test_names__are_checked_by_the_api_and_at_the_start(rule: Any, reason: str) -> None:
    """What is not there, and an order of states that no lifecycle has, is refused with what is possible."""
    refused = control(frozen_app("kayle"), "POST", "/faults", rule)
    assert refused.status_code == 400
    assert reason in refused.json()["detail"]
    with pytest.raises(UnknownName, match="fault 'fault-1': ") as caught:
        frozen_app("kayle", faults=(rule,))
    assert reason in str(caught.value)


@pytest.mark.parametrize("name", specs.names())
def test_script__takes_every_order_of_the_lifecycle(name: str) -> None:
    """The path of each scenario, read twice in each state, is one that a script may have."""
    provider = specs.load(name)
    for scenario in provider.lifecycle.scenarios.values():
        answers = [step for state in scenario.path for step in (state, 503, state)]
        check_names(parsed({"kind": "script", "answers": answers}), {name: provider})


def test_serve__says_what_a_file_names_wrongly(tmp_path: Path) -> None:
    """One sentence, and the exit code of wrong usage."""
    file = tmp_path / "faults.json"
    file.write_text(json.dumps({"faults": [{"kind": "reset", "match": {"operation": "getSesion"}}]}), encoding="utf-8")
    done = run("serve", "kayle", "--port", "0", "--faults", str(file), folder=tmp_path)
    assert done.returncode == 2
    assert "fault 'fault-1': operation 'getSesion' is not there. Did you mean 'getSession'?" in done.stderr
    assert "Traceback" not in done.stderr


def test_serve__says_which_file_names_wrongly(tmp_path: Path) -> None:
    """The file is named, whether a rule has another form or names what is not there; of many providers none has a drift."""
    for what in ({"kind": "delay"}, {"kind": "drift", "drift": "NOPE-001"}):
        file = tmp_path / "wrong.json"
        file.write_text(json.dumps({"faults": [what]}), encoding="utf-8")
        done = run("serve", "--port", "0", "--faults", "wrong.json", folder=tmp_path)
        assert (done.returncode, done.stderr.startswith("error: wrong.json: fault '")) == (2, True), done.stderr
    assert "drift 'NOPE-001': none of idnow, kayle, kyve, neurovision, predicate has it." in done.stderr
