"""A score as a table, in Markdown or as JSON."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

from tests.score.changes import CLASSES
from tests.score.runs import CI, PLAIN, SMOKE
from tests.score.scoring import Results, costs, false_alarms, mistakes, rows, survivors
from tests.score.variants import VARIANTS

NO_REASON = "No reason is known."
TITLES = {SMOKE: "`smoke`", CI: "`ci`", PLAIN: "Schemathesis alone"}


def middle(values: Sequence[float], digits: int = 0) -> str:
    """The median, and in brackets the range where there is one."""
    low, high, mid = min(values), max(values), median(values)
    shown = f"{mid:.{digits}f}" if digits or mid % 1 == 0 else f"{mid:.1f}"
    return shown if f"{low:.{digits}f}" == f"{high:.{digits}f}" else f"{shown} ({low:.{digits}f}–{high:.{digits}f})"


def markdown(results: Results) -> str:
    """The table, the cost, the false alarms and the survivors."""
    return "\n".join(_lines(results)) + "\n"


def _lines(results: Results) -> Iterator[str]:
    by_kind: dict[str, dict[str, str]] = {}
    counts: dict[str, int] = {}
    shares: dict[str, float] = {}
    for row in rows(results):
        cell = middle(row.strict)
        if row.suite != PLAIN:
            cell += f" · {middle(row.plain)}"
        by_kind.setdefault(row.kind, {})[row.suite] = cell
        counts[row.kind] = max(counts.get(row.kind, 0), row.count)
        if row.kind == "all":
            shares[row.suite] = median(row.strict) / row.count
    suites = [suite for suite in TITLES if any(suite in cells for cells in by_kind.values())]
    yield f"| mutants found | of | {' | '.join(TITLES[suite] for suite in suites)} |"
    yield f"|---|---:|{'---:|' * len(suites)}"
    for kind in (*CLASSES, "all"):
        if kind in by_kind:
            yield f"| {kind} | {counts[kind]} | {' | '.join(by_kind[kind].get(suite, '–') for suite in suites)} |"
    if shares:
        yield f"| share | | {' | '.join(f'{shares[suite]:.1%}' for suite in suites)} |"
    for title, index, digits in (("requests for a provider", 0, 0), ("seconds for a provider", 1, 1)):
        cells = [middle([entry[index] for entry in costs(results, suite)], digits) for suite in suites]
        yield f"| {title} | | {' | '.join(cells)} |"
    alarms = false_alarms(results)
    cells = [str(sum(job.suite == suite for job in alarms)) for suite in suites]
    yield f"| false alarms | {len(VARIANTS)} variants | {' | '.join(cells)} |"
    yield ""
    seeds = len({job.seed for job in results})
    yield f"{seeds} seed{'s'[: seeds != 1]}: median, and the range where it varies; with `--strict` · without it."
    for job, found in alarms.items():
        yield f"- false alarm: {job.suite} {job.provider} {job.label or 'unbroken mock'} seed {job.seed}: {'; '.join(found[:3])}"
    for (name, label), words in mistakes(results).items():
        yield f"- mistake in the table: {name} `{label}`: {words}"
    left = survivors(results, CI)
    if left:
        yield ""
        yield f"Not found by `ci` under `--strict` ({len(left)}):"
        yield ""
        for (name, label), count in sorted(left.items()):
            yield f"- {name} `{label}`, {count} of {seeds} seeds: {_broken(name, label)}. {reason(name, label)}"


def reason(name: str, label: str) -> str:
    """Why a mutant is known to survive."""
    known: dict[str, str] = getattr(importlib.import_module(f"tests.score.mutants.{name}"), "SURVIVORS", {})
    return known.get(label, NO_REASON)


def _broken(name: str, label: str) -> str:
    found = importlib.import_module(f"tests.score.mutants.{name}").MUTANTS
    return next(entry.broken for entry in found if entry.name == label)


def as_json(results: Results) -> str:
    """Every run."""
    values: list[dict[str, Any]] = [{**job._asdict(), **outcome._asdict()} for job, outcome in results.items()]
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"
