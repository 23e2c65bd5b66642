"""The figures as one table, for a terminal, for docs/speed.md, for other programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from tests.bench.load import Run

COLUMNS = ("What", "Server", "Requests/s", "p50", "p99", "CPU/request", "Memory", "Answer", "Of bare", "Target", "Met")
_LEFT = 2


@dataclass(frozen=True, slots=True)
class Target:
    """A promise about a figure, with what came out."""

    text: str
    is_met: bool


@dataclass(slots=True)
class Row:
    """One server at one request, or one figure of the mock alone. Times in seconds, memory and answer in bytes.

    `runs` and `processor` (seconds of processor time per run) grow while it is measured.
    """

    what: str
    server: str
    runs: list[Run]
    processor: list[float | None]
    memory: int | None = None
    answer: int | None = None
    of_bare: float | None = None
    seconds: float | None = None
    target: Target | None = None

    @property
    def rate(self) -> float | None:
        """Requests per second."""
        return median(run.rate for run in self.runs) if self.runs else None

    @property
    def p50(self) -> float | None:
        """The median time of an answer."""
        return median(run.p50 for run in self.runs) if self.runs else self.seconds

    @property
    def p99(self) -> float | None:
        """The time that one answer in a hundred exceeds."""
        return median(run.p99 for run in self.runs) if self.runs else None

    @property
    def errors(self) -> int:
        """Answers of 400 and above, timeouts, broken connections."""
        return sum(run.errors for run in self.runs)

    @property
    def requests(self) -> int:
        """All requests of all runs."""
        return sum(run.requests for run in self.runs)

    @property
    def cost(self) -> float | None:
        """The server's processor time per request; it hardly changes when other programs want the core too."""
        pairs = zip(self.processor, self.runs, strict=False)
        costs = [used / run.requests for used, run in pairs if used is not None]
        return median(costs) if costs else None

    @property
    def busy(self) -> float | None:
        """The share of its core that the server had; well below one, something else was the limit."""
        pairs = zip(self.processor, self.runs, strict=False)
        shares = [used / run.seconds for used, run in pairs if used is not None]
        return median(shares) if shares else None

    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        return (
            self.what,
            self.server + (f" ({self.errors} errors)" if self.errors else ""),
            "" if self.rate is None else f"{self.rate:,.0f}",
            _time(self.p50),
            _time(self.p99),
            _time(self.cost),
            "" if self.memory is None else f"{self.memory / 1e6:,.0f} MB",
            "" if self.answer is None else f"{self.answer:,} B",
            "" if self.of_bare is None else f"{self.of_bare:.2f}",
            "" if self.target is None else self.target.text,
            "" if self.target is None else ("yes" if self.target.is_met else "no"),
        )

    def value(self) -> dict[str, Any]:
        """The row as JSON."""
        runs = [
            {"requests_per_second": run.rate, "p50_seconds": run.p50, "p99_seconds": run.p99, "errors": run.errors}
            for run in self.runs
        ]
        return {
            "what": self.what,
            "server": self.server,
            "requests_per_second": self.rate,
            "p50_seconds": self.p50,
            "p99_seconds": self.p99,
            "cpu_seconds_per_request": self.cost,
            "cpu_share": self.busy,
            "memory_bytes": self.memory,
            "answer_bytes": self.answer,
            "of_bare": self.of_bare,
            "target": None if self.target is None else {"text": self.target.text, "met": self.target.is_met},
            "errors": self.errors,
            "runs": runs,
        }


def grid(rows: Sequence[Row]) -> Table:
    """The table for a terminal."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for index, name in enumerate(COLUMNS):
        table.add_column(name, justify="left" if index < _LEFT else "right", no_wrap=True)
    styles = {"yes": "green", "no": "bold red"}
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        *cells, met = row.cells()
        is_last = following is None or following.what != row.what
        table.add_row(*cells, f"[{styles[met]}]{met}[/]" if met else "", end_section=is_last)
    return table


def markdown(rows: Iterable[Row], notes: Iterable[str]) -> str:
    """The table and its notes in GitHub's Markdown."""
    lines = ["| " + " | ".join(COLUMNS) + " |"]
    lines.append("|" + "|".join("---" if index < _LEFT else "---:" for index in range(len(COLUMNS))) + "|")
    lines += ["| " + " | ".join(row.cells()) + " |" for row in rows]
    return "\n".join([*lines, "", *(f"- {note}" for note in notes)])


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1e3:.1f} ms" if seconds < 0.1 else f"{seconds:.2f} s"
