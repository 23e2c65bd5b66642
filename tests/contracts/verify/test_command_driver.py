"""A driver of the user's that fails, or prints what is no id."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from specimen import specs
from specimen.contracts.client.transport import Transport
from specimen.contracts.verify.drivers.command_driver import CommandDriver
from specimen.contracts.verify.runner import verify
from specimen.specs import SpecimenError
from tests.contracts.servers import place
from tests.contracts.targets import session_id

TOKEN = "kk_live_specimen"


def script(folder: Path, text: str) -> str:
    """A command that a shell script is."""
    path = folder / "driver"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def driver(command: str, reported: list[str]) -> CommandDriver:
    """The driver of kayle, sending nowhere."""
    return CommandDriver(Transport("http://127.0.0.1:9", specs.load("kayle")), command, reported.append)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("echo first >&2; echo 'no session there' >&2; exit 3", "exit code 3 (no session there)"),
        ("exit 3", "exit code 3;"),
        (r"printf '\033[31mred' >&2; exit 3", r"exit code 3 (\x1b[31mred)"),
        ("seq 100000", "printed no id"),
        ("echo 'two words'", "printed no id"),
        (r"printf 'vs_\000x'", "printed no id"),
        ("""echo '{"session": null}'""", "printed no id"),
        ("""echo '{"session": 7}'""", "printed no id"),
        ("""echo '{"cancel_token": "ct"}'""", "printed no id of a session"),
        ("""echo '{"sesion": "vs_1"}'""", "printed an id of a kind 'sesion', which is none of session, cancel_token"),
        ("echo '{'", "printed a '{' that begins no JSON object"),
        (r"printf '\377\376'", "printed bytes that are not UTF-8"),
    ],
)
def test_state__is_not_reached(tmp_path: Path, text: str, why: str) -> None:
    """One sentence says why, once; the command is not called for that state again, and is for another."""
    reported: list[str] = []
    found = driver(script(tmp_path, f'echo "$1" >> "{tmp_path}/calls"\n{text}'), reported)
    for state in ("created", "created", "failed"):
        assert found.known(state) is None
    assert len(reported) == 2
    assert why in reported[0]
    assert "state 'created' was not reached" in reported[0]
    assert (tmp_path / "calls").read_text().split() == ["created", "failed"]


@pytest.mark.parametrize(
    ("command", "why"), [("sh 'x", "No closing quotation"), ("", "expected none"), ("/nowhere/at/all", "cannot be run")]
)
def test_command__that_is_none(command: str, why: str) -> None:
    """A mistake in the option is reported as one."""
    with pytest.raises(SpecimenError, match=why):
        driver(command, []).known("created")


def test_verify__goes_on_without_the_state_and_tells_why(tmp_path: Path) -> None:
    """What the others show is judged; the run is inconclusive; the token is not repeated."""
    name = f'[ "$1" = succeeded ] && {{ echo {session_id()}; exit 0; }}; echo "token {TOKEN} is refused" >&2; exit 1'
    with place("kayle") as there:
        found = verify(there.url, "kayle", profile="smoke", auth=TOKEN, driver=script(tmp_path, name))
    assert found.exit_code == 4
    assert "succeeded" in found.reach.states.seen
    assert {"failed", "expired"} <= set(found.missing)
    reported = [remark for remark in found.remarks if "state 'failed'" in remark]
    assert len(reported) == 1
    assert "exit code 1 (token #" in reported[0]
    assert TOKEN not in repr(found)


@pytest.mark.parametrize("who", ["auto", "prefer", "command"])
def test_given_sessions__are_read_beside_a_drivers(tmp_path: Path, who: str) -> None:
    """Whoever drives, a session that was named is asked for."""
    given = session_id("expired")
    word = script(tmp_path, f"echo {session_id()}") if who == "command" else who
    with place("kayle") as there:
        found = verify(there.url, "kayle", profile="smoke", auth=TOKEN, driver=word, sessions=(given,))
    assert sum(request.path.endswith(f"/sessions/{given}") for request in there.seen) >= 3
    assert "expired" in found.reach.states.seen
    assert given not in repr(found)


def test_ids_that_no_operation_takes__are_judged() -> None:
    """A service may answer any text as an id: NUL and half of a surrogate pair are asked for as they are."""
    turn = itertools.count()

    def odd(value: Any, reported: dict[str, Any]) -> Any:
        if reported["method"] == "POST" and reported["status"] in (200, 201) and isinstance(value.get("data"), dict):
            value["data"]["id"] = f"a\0b\ud800{next(turn)}"
        return value

    with place("kayle", change=odd) as there:
        found = verify(there.url, "kayle", profile="smoke", auth=TOKEN, driver="prefer")
    # The lists of this service show the sessions under the ids that they had, so none is the one that was created; and it refuses
    # the ids that it gave as malformed.
    assert {entry.violation.rule for entry in found.found} == {"KAY-027", "GEN-049"}
    assert found.unreachable is None
    assert found.requests > 50
    assert any("%00b%ED%A0%80" in request.path for request in there.seen)
