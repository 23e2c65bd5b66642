"""How fast valid sessions are made without a server, beside polyfactory and Faker, and what a dataset takes."""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from specimen.fixtures.datasets import dataset
from tests.bench import shapes
from tests.bench.load import ROOT
from tests.bench.machine import BenchError, Cores, pinned
from tests.bench.report import Target

GENERATION = "generation"
COLUMNS = ("What", "Made by", "Sessions/s", "Each", "Ours is", "Memory", "Target", "Met")
OURS = "Specimen: coherent and valid"
_LEFT = 2
# What a session of each shall reach on one core.
_SUBJECTS = (("neurovision", "success", 5_000), ("predicate", "completed", 20_000))
_MIX = "success=0.8,failed=0.15,expired=0.05"
_DATASET_BYTES = 300e6
# In so many rows countries shall be counted in so many seconds.
_COUNTED_ROWS, _COUNT_SECONDS = 200_000, 0.2
_COUNT = "SELECT country, count(*) FROM (SELECT country FROM '{path}' LIMIT {rows}) GROUP BY country"
_BATCH = 20
_NEVER_ALL = 10**9
_RUN_SECONDS = 0.5


@dataclass(slots=True)
class Figure:
    """How fast one maker makes one thing: `rates` has the sessions per second of each run. Memory in bytes."""

    what: str
    maker: str
    rates: list[float] = field(default_factory=list)
    memory: int | None = None
    lead: float | None = None
    target: Target | None = None

    @property
    def rate(self) -> float:
        """The median."""
        return median(self.rates)

    def cells(self) -> tuple[str, ...]:
        """The figure as text."""
        each = 1e6 / self.rate
        return (
            self.what,
            self.maker,
            f"{self.rate:,.0f}",
            f"{each:,.0f} µs" if each >= 1 else f"{each * 1000:,.0f} ns",
            "" if self.lead is None else f"{self.lead:.1f}×",
            "" if self.memory is None else f"{self.memory / 1e6:,.0f} MB",
            "" if self.target is None else self.target.text,
            "" if self.target is None else ("yes" if self.target.is_met else "no"),
        )

    def value(self) -> dict[str, Any]:
        """The figure as JSON."""
        return {
            "what": self.what,
            "maker": self.maker,
            "sessions_per_second": self.rate,
            "runs": self.rates,
            "ours_is_times_as_fast": self.lead,
            "memory_bytes": self.memory,
            "target": None if self.target is None else {"text": self.target.text, "met": self.target.is_met},
        }


def measured(
    cores: Cores, folder: Path, say: Callable[[str], object], *, rounds: int, rows: int
) -> tuple[list[Figure], list[str]]:
    """All figures, and notes on them. The makers take turns; a dataset of `rows` rows is written by the command."""
    found: list[Figure] = []
    notes: list[str] = []
    with pinned(cores.server):
        for provider, scenario, wanted in _SUBJECTS:
            figures, fields = _contest(provider, scenario, wanted, rounds, say)
            found += figures
            notes.append(f"A {provider} session is {fields} drawn values; Specimen's agree with each other, the others' do not.")
        path = folder / "sessions.parquet"
        found.append(_dataset(path, rows, say))
        if importlib.util.find_spec("duckdb") is None:
            notes.append("Countries were not counted: DuckDB is not installed (`pip install duckdb`).")
        else:
            found.append(_counted(path, min(rows, _COUNTED_ROWS), rounds, say))
    notes.append(
        f"Makers: medians of {rounds} × {_RUN_SECONDS} s, interleaved, on one core. The dataset: one run, with its start."
    )
    notes.append(
        "polyfactory: typed dicts, a factory registered for each (dataclasses are as fast, pydantic models slower);"
        " Faker: one call for each value, en_US only."
    )
    return found, notes


def _contest(provider: str, scenario: str, wanted: int, rounds: int, say: Callable[[str], object]) -> tuple[list[Figure], int]:
    """One session by each maker, in turn."""
    made = dataset(provider, _NEVER_ALL, mix={scenario: 1})
    body, rows = made.row(0).body, made.rows_of(range(_NEVER_ALL))
    makers: dict[str, shapes.Make] = {
        OURS: lambda: next(rows),
        "polyfactory": shapes.polyfactory_maker(body),
        "Faker": shapes.faker_maker(body, weighted=True),
        "Faker, use_weighting=False": shapes.faker_maker(body, weighted=False),
    }
    figures = [Figure(f"{provider} {scenario}", name) for name in makers]
    for make in makers.values():
        _rate(make, 0.1)
    for _ in range(rounds):
        for figure, make in zip(figures, makers.values(), strict=True):
            say(f"{figure.what}: {figure.maker}")
            figure.rates.append(_rate(make, _RUN_SECONDS))
    ours, *others = figures
    for other in others:
        other.lead = ours.rate / other.rate
    ours.target = Target(f"≥ {wanted:,}/s", ours.rate >= wanted)
    return figures, shapes.fields(body)


def _rate(make: shapes.Make, seconds: float) -> float:
    begun = time.perf_counter()
    done, took = 0, 0.0
    while took < seconds:
        for _ in range(_BATCH):
            make()
        done += _BATCH
        took = time.perf_counter() - begun
    return done / took


def _dataset(path: Path, rows: int, say: Callable[[str], object]) -> Figure:
    """A Parquet file by the command, in one process: its rate with the start, and the most memory that it had."""
    say(f"writing {rows:,} rows to Parquet")
    log_path = path.with_name("dataset.log")
    command = [sys.executable, "-m", "specimen", "dataset", "neurovision", "--rows", str(rows), "--mix", _MIX, "--out", str(path)]
    begun = time.perf_counter()
    with log_path.open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
    process.returncode = os.waitstatus_to_exitcode(status)
    took = time.perf_counter() - begun
    if process.returncode:
        raise BenchError(f"the dataset was not written: {log_path.read_text(encoding='utf-8')[-800:]}")
    memory = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    figure = Figure(f"{rows:,} neurovision rows to Parquet", "specimen dataset, one process", [rows / took], memory)
    figure.target = Target(f"≤ {_DATASET_BYTES / 1e6:.0f} MB", memory <= _DATASET_BYTES)
    return figure


def _counted(path: Path, rows: int, rounds: int, say: Callable[[str], object]) -> Figure:
    """The countries of the file's first rows, counted by DuckDB in one thread."""
    say(f"counting the countries of {rows:,} rows")
    duckdb: Any = importlib.import_module("duckdb")
    figure = Figure(f"countries of {rows:,} rows counted", f"DuckDB {duckdb.__version__}, one thread")
    with duckdb.connect(config={"threads": 1}) as database:
        for _ in range(rounds):
            begun = time.perf_counter()
            found = database.execute(_COUNT.format(path=path, rows=rows)).fetchall()
            figure.rates.append(rows / (time.perf_counter() - begun))
            if sum(count for _, count in found) != rows:
                raise BenchError(f"{path}: DuckDB counted {found}, not {rows} rows.")
    if rows == _COUNTED_ROWS:
        figure.target = Target(f"≤ {_COUNT_SECONDS} s", rows / figure.rate <= _COUNT_SECONDS)
    return figure


def grid(figures: Sequence[Figure]) -> Table:
    """The table for a terminal."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for index, name in enumerate(COLUMNS):
        table.add_column(name, justify="left" if index < _LEFT else "right", no_wrap=True)
    styles = {"yes": "green", "no": "bold red"}
    for figure, following in zip(figures, [*figures[1:], None], strict=True):
        *cells, met = figure.cells()
        is_last = following is None or following.what != figure.what
        table.add_row(*cells, f"[{styles[met]}]{met}[/]" if met else "", end_section=is_last)
    return table


def markdown(figures: Sequence[Figure]) -> Iterator[str]:
    """The lines of the table in GitHub's Markdown."""
    yield "| " + " | ".join(COLUMNS) + " |"
    yield "|" + "|".join("---" if index < _LEFT else "---:" for index in range(len(COLUMNS))) + "|"
    for figure in figures:
        yield "| " + " | ".join(figure.cells()) + " |"
