"""The order of a recording's entries: only what had ended came before what began later."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from specimen import specs
from specimen.contracts.cli.traffic import register
from specimen.contracts.traffic.har_reader import check, read_har
from specimen.contracts.traffic.har_times import interval
from specimen.contracts.traffic.monitor import Monitor

FIREFOX = json.loads((Path(__file__).parent / "har" / "firefox.har").read_text(encoding="utf-8"))["log"]["entries"]
DAY = "2026-03-01T12:00:00"
TIMINGS = {"blocked": -1, "dns": 1, "connect": 2, "ssl": 1, "send": 0, "wait": 500, "receive": 3}
BACKWARDS = {"KAY-016", "GEN-036"}


def _read(status: str, **times: Any) -> dict[str, Any]:
    """A read of a session in a state, with these times alone."""
    entry = copy.deepcopy(next(one for one in FIREFOX if f'"status":"{status}"' in one["response"]["content"]["text"]))
    for name in ("startedDateTime", "time", "timings"):
        entry.pop(name)
    return {**entry, **times}


def _file(folder: Path, *entries: dict[str, Any]) -> Path:
    path = folder / "it.har"
    path.write_text(json.dumps({"log": {"entries": list(entries)}}), encoding="utf-8")
    return path


def _found(folder: Path, *entries: dict[str, Any]) -> set[str]:
    provider = specs.load("kayle")
    monitor = Monitor(provider)
    list(check(read_har(_file(folder, *entries), provider), monitor))
    return {one.rule for one in monitor.errors}


LATER = {"startedDateTime": f"{DAY}.010Z", "time": 200}
BEGUN = {"startedDateTime": f"{DAY}.000Z"}


@pytest.mark.parametrize(
    ("first", "later"),
    [
        (BEGUN, LATER),
        ({**BEGUN, "time": -1}, LATER),
        ({**BEGUN, "time": 0}, LATER),
        ({**BEGUN, "time": "500"}, LATER),
        ({**BEGUN, "time": 0, "timings": {"send": 0, "wait": 0, "receive": 0}}, LATER),
        ({**BEGUN, "time": -1, "timings": {"send": 0, "wait": 5}}, LATER),
        ({**BEGUN, "timings": {**TIMINGS, "receive": -1}}, LATER),
        ({**BEGUN, "timings": TIMINGS}, LATER),
        ({**BEGUN, "time": 0, "timings": TIMINGS}, LATER),
        ({}, {}),
        ({"time": 5}, {"time": 5}),
        ({"time": 5}, LATER),
        ({**BEGUN, "time": 5}, {"time": 5}),
        # Both are within a millisecond of the other's end.
        ({"startedDateTime": f"{DAY}.000600Z", "time": 10.9}, {"startedDateTime": f"{DAY}.011100Z", "time": 5}),
    ],
)
def test_an_end_that_nobody_knows__came_before_nothing(first: dict[str, Any], later: dict[str, Any], tmp_path: Path) -> None:
    """An answer that may have come later is no way back."""
    assert _found(tmp_path, _read("succeeded", **first), _read("created", **later)) == set()


@pytest.mark.parametrize(
    "first",
    [
        {**BEGUN, "time": 9},
        {**BEGUN, "time": 9.9},
        {**BEGUN, "timings": {**TIMINGS, "wait": 4}},
        {**BEGUN, "time": 0, "timings": {"send": 0, "wait": 9, "receive": 1}},
        {**BEGUN, "time": 0, "_specimen": {}},
    ],
)
def test_an_end_that_is_known__came_before_what_began_later(first: dict[str, Any], tmp_path: Path) -> None:
    """By the entry's time, by its timings, or as an own recording measured it."""
    assert _found(tmp_path, _read("succeeded", **first), _read("created", **LATER)) >= BACKWARDS


def test_an_end_that_nobody_knows__is_compared_with_what_came_before(tmp_path: Path) -> None:
    """It began after the other's answer, so that it came later whenever it ended."""
    assert _found(tmp_path, _read("succeeded", **BEGUN, time=5), _read("created", startedDateTime=f"{DAY}.010Z")) >= BACKWARDS


def test_interval__is_never_shorter_than_the_exchange() -> None:
    """A begin is rounded down and an end up, to the millisecond."""
    began, ended, is_known = interval({"startedDateTime": "1970-01-01T00:00:01.000600Z", "time": 10.5})
    assert (began, ended, is_known) == (1000, 1012, True)


def test_check__says_that_ends_are_missing(tmp_path: Path) -> None:
    """Else silence would look like a rule that holds."""
    app = typer.Typer()
    register(app)
    path = _file(tmp_path, *(_read("created", startedDateTime=f"{DAY}.0{place}0Z", time=0) for place in range(3)))
    said = CliRunner().invoke(app, ["check", str(path), "kayle"])
    assert (said.exit_code, "3 without the time of their answer" in said.output) == (0, True), said.output
