"""What a driver says that it moved is seen moving, or the run is inconclusive and says what stayed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from specimen import specs
from specimen.contracts.http.credentials import of_lifecycle
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.reporting.collector import Collector
from specimen.contracts.reporting.model import Report
from specimen.contracts.verify.drivers.movement import Driven, Movement
from specimen.contracts.verify.runner import verify
from specimen.contracts.verify.verification import Run
from tests.contracts.full_walks import full_walk
from tests.contracts.servers import place
from tests.score import runs
from tests.score.asgi import Answer, Ask, Call, Change

NAMES = specs.names()


def verified(name: str, prefer: Callable[[str], str]) -> Report:
    """A smoke run against an implementation that understands each wish for a session as another one."""

    def make() -> Change:
        async def change(call: Call, ask: Ask) -> Answer:
            if call.operation == call.provider.lifecycle.create.operation and call.has_preference:
                call.headers["prefer"] = prefer(call.headers["prefer"])
            return await ask(call)

        return change

    provider = specs.load(name)
    with runs.serving() as served:
        served.app = runs.implementation(provider, make, 1)
        return verify(served.url + provider.mount, name, profile="smoke", auth=of_lifecycle(provider), driver="prefer")


@pytest.mark.parametrize("name", NAMES)
def test_sessions_that_never_move__are_reported(name: str) -> None:
    """Every answer is valid by itself; the sentence names the scenario, where it should have gone and where it stayed."""
    lifecycle = specs.load(name).lifecycle
    found = verified(name, lambda _: f"status={lifecycle.initial}")
    assert found.exit_code in (1, 4)
    scenario = lifecycle.default
    reported = f"the session of scenario '{scenario.name}' was driven to '{scenario.path[-1]}' and stayed '{lifecycle.initial}'"
    assert sum(reported in why for why in found.incomplete) == 1
    assert all(len(why) < 600 for why in found.incomplete)


@pytest.mark.parametrize("name", [name for name in NAMES if specs.load(name).lifecycle.lifetime is not None])
def test_sessions_that_never_expire__are_reported(name: str) -> None:
    """The others move as they should."""
    lifecycle = specs.load(name).lifecycle
    assert lifecycle.lifetime is not None
    end = lifecycle.lifetime.to
    ends = [entry.name for entry in lifecycle.scenarios.values() if entry.path[-1] == end]

    def stay(preference: str) -> str:
        is_one = preference == f"status={end}" or any(f"scenario={one}," in preference for one in ends)
        return f"status={lifecycle.initial}" if is_one else preference

    found = verified(name, stay)
    assert found.exit_code in (1, 4)
    assert any(f"was driven to '{end}' and stayed '{lifecycle.initial}'" in why for why in found.incomplete)


def test_session_that_is_at_its_end_at_once__is_reported() -> None:
    """Nobody saw it move."""
    found = verified("kayle", lambda preference: "status=expired" if "scenario=expired," in preference else preference)
    assert found.exit_code == 4
    reported = "the session of scenario 'expired' was driven to 'expired' and was there from its first read on"
    assert any(reported in why for why in found.incomplete), found.incomplete


def test_transition_that_is_left_out__is_reported() -> None:
    """The session moves, and never through the state that its scenario leads through."""
    found = verified(
        "kayle",
        lambda preference: preference.replace("scenario=succeeded, pace=polls:2", "scenario=succeeded_unseen, pace=polls:2"),
    )
    assert found.exit_code == 4
    assert any("'succeeded' goes from 'created' to 'in_progress'" in why for why in found.incomplete), found.incomplete


@pytest.mark.parametrize("name", NAMES)
def test_our_mock__shows_all_that_its_scenarios_lead_through(name: str) -> None:
    """With every scenario; the smoke profile's verdict on the mock is tested elsewhere."""
    provider = specs.load(name)
    run = Run(provider, Collector(provider))
    paths: list[tuple[str, ...]] = []

    for one in full_walk(name):
        if isinstance(one, Driven):
            paths.append(one.path)
            run.movement.expect(one)
        else:
            run.see(one)
    assert run.movement.missing(run.collector.reach().edges.seen) == ()
    assert {path[-1] for path in paths} == {entry.path[-1] for entry in provider.lifecycle.scenarios.values()} | set(
        provider.lifecycle.states
    )


def script(folder: Path, text: str) -> str:
    """A command that a shell script is."""
    path = folder / "driver"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_command_that_prints_a_session_in_another_state__is_reported(tmp_path: Path) -> None:
    """Also where each required state is seen in one session or another."""
    text = """
    case "$1" in succeeded) status=failed;; failed) status=succeeded;; *) status=$1;; esac
    exec python3 -c '
import json, sys, urllib.request
head = {"Authorization": "Bearer kk_live_specimen", "Prefer": "status=" + sys.argv[2]}
wanted = urllib.request.Request(sys.argv[1] + "/v1/sessions", data=b"", headers=head, method="POST")
print(json.load(urllib.request.urlopen(wanted))["data"]["id"])' "$URL" "$status"
    """
    with place("kayle") as there:
        command = script(tmp_path, text.replace("$URL", there.url))
        found = verify(there.url, "kayle", profile="smoke", auth=there.auth, driver=command)
    assert found.missing == ()
    assert found.exit_code == 4
    (why,) = found.incomplete
    assert "a session of --driver was driven to 'succeeded' and stayed 'failed'" in why
    assert "a session of --driver was driven to 'failed' and stayed 'succeeded'" in why
    assert "'expired'" not in why


def test_command_that_prints_a_session_that_is_not_there__is_reported(tmp_path: Path) -> None:
    """By the answer to its read."""
    with place("kayle") as there:
        found = verify(there.url, "kayle", profile="smoke", auth=there.auth, driver=script(tmp_path, "echo vs_" + "x" * 64))
    assert any("was driven to 'created' and its read answered 404" in why for why in found.incomplete), found.incomplete


def test_session_that_was_called_upon__may_be_in_another_state() -> None:
    """A session that the walk itself cancels has left the state that the driver brought it into."""
    kayle = specs.load("kayle")
    session = "vs_" + "a" * 64
    movement = Movement(kayle)
    movement.expect(Driven(session, "a session of --driver", ("created",)))
    for method, path, status in (
        ("POST", f"/v1/sessions/{session}/cancel", "cancelled"),
        ("GET", f"/v1/sessions/{session}", "cancelled"),
    ):
        movement.see(exchange(method, path, status))
    assert movement.missing(()) == ()
    movement.expect(Driven(session, "a session of --driver", ("created",)))
    movement.see(exchange("GET", f"/v1/sessions/{session}", "cancelled"))
    assert movement.missing(()) == (
        "Not seen where it was driven: a session of --driver was driven to 'created' and stayed 'cancelled'.",
    )


def exchange(method: str, path: str, status: str) -> Exchange:
    """An answer of Kayle ID that shows a state."""
    body = f'{{"data": {{"status": "{status}"}}, "error": null}}'.encode()
    return Exchange(
        provider=specs.load("kayle"), method=method, path=path, query="", request_headers={}, request_body=b"", status=200,
        response_headers={"content-type": "application/json"}, response_body=body, at=0,
    )  # fmt: skip
