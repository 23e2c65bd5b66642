"""Processor time of starts: a help text, and an empty pytest run with the plugins of each installed distribution."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from statistics import median

from tests.bench.machine import BenchError
from tests.bench.report import Row, Target

STARTUP = "startup"
_RUNS = 10
_HELP_SECONDS, _PLUGIN_SECONDS = 0.35, 0.06
_OURS = "specimen-kyc"
_NO_TESTS = 5  # pytest's exit code for a run that collects nothing


def measured(folder: Path, say: Callable[[str], object], *, runs: int = _RUNS) -> tuple[list[Row], list[str]]:
    """Medians of seconds of processor time; the commands take turns, so that a busy minute hits all of them.

    Plugins are measured as what they add to a run without any.
    """
    plugins: dict[str, list[str]] = {}
    for entry in entry_points(group="pytest11"):
        plugins.setdefault(entry.dist.name if entry.dist else entry.name, []).append(entry.name)
    everyone = {name for names in plugins.values() for name in names}
    empty = folder / "empty"
    empty.mkdir()
    commands = {"help": [sys.executable, "-m", "specimen", "--help"], "none": _pytest(everyone), "all": _pytest(set())}
    commands |= {name: _pytest(everyone - set(names)) for name, names in plugins.items()}
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(runs):
        say(f"starts, {number + 1} of {runs}")
        for name, command in commands.items():
            taken[name].append(_processor_seconds(command, empty))
    seconds = {name: median(each) for name, each in taken.items()}
    shown = Row("specimen --help", "processor time", [], [], seconds=seconds["help"])
    shown.target = Target(f"≤ {_HELP_SECONDS} s", seconds["help"] <= _HELP_SECONDS)
    rows = [shown, Row("an empty pytest run", "processor time, no plugins", [], [], seconds=seconds["none"])]
    for name in sorted(plugins, key=lambda each: (each != _OURS, seconds[each])):
        row = Row("an empty pytest run", f"+ {name}", [], [], seconds=max(0.0, seconds[name] - seconds["none"]))
        if name == _OURS:
            row.target = Target(f"≤ {_PLUGIN_SECONDS} s", row.seconds is not None and row.seconds <= _PLUGIN_SECONDS)
        rows.append(row)
    rows.append(Row("an empty pytest run", "processor time, all plugins", [], [], seconds=seconds["all"]))
    return rows, [f"Starts: user and system time of a process, medians of {runs}, interleaved."]


def _pytest(without: set[str]) -> list[str]:
    left_out = [word for name in sorted(without) for word in ("-p", f"no:{name}")]
    return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *left_out]


def _processor_seconds(command: Sequence[str], folder: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, _NO_TESTS):
        raise BenchError(f"{' '.join(command)}: {done.stderr or done.stdout}")
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
