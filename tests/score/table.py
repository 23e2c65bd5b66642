"""A score as a table, in Markdown."""

from __future__ import annotations

import importlib
from collections.abc import Container, Iterator, Mapping, Sequence
from statistics import median

from tests.fuzzing import EXAMPLES
from tests.score.changes import BASES, CLASSES, DELIVERIES
from tests.score.runs import CI, OUTSIDE, OWN, PLAIN, SENDERS, SMOKE, every_mutant
from tests.score.scoring import (
    ALL,
    UNBROKEN,
    Job,
    Results,
    Row,
    conforming,
    costs,
    false_alarms,
    is_mutant,
    is_of,
    mistakes,
    rows,
    survivors,
)

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
    suites = [suite for suite in TITLES if any(job.suite == suite for job in results)]
    yield f"| mutants found | of | {' | '.join(TITLES[suite] for suite in suites)} |"
    yield f"|---|---:|{'---:|' * len(suites)}"
    outside = [of for of in OUTSIDE if any(is_of(job, of) for job in results)]
    if not outside or any(is_of(job, OWN) for job in results):
        yield from _found(list(rows(results)), suites, (*CLASSES, ALL))
    yield from _found(list(rows(results, SENDERS)), suites, (DELIVERIES,))
    for of in outside:
        yield from _found(list(rows(results, of)), suites, CLASSES, f"{of}, ")
        yield from _found(list(rows(results, of, lambda entry: entry.basis)), suites, (*BASES, ALL), f"{of}, ")
    for title, index, digits in (("requests for a provider", 0, 0), ("seconds for a provider", 1, 1)):
        values = [[entry[index] for entry in costs(results, suite)] for suite in suites]
        yield f"| {title} | | {' | '.join(middle(entry, digits) if entry else '–' for entry in values)} |"
    alarms = false_alarms(results)
    for title, jobs in _conforming(results):
        cells = [_alarms([job for job in jobs if job.suite == suite], alarms) for suite in suites]
        yield f"| false alarms, {title} | | {' | '.join(cells)} |"
    yield ""
    seeds = {suite: len({job.seed for job in results if job.suite == suite}) for suite in suites}
    yield f"{_seeds(seeds)}: median, and the range where it varies; with `--strict` · without it."
    yield from _unfinished(results)
    yield "Requests and seconds are the unbroken mock's, whose runs came one at a time, before the rest."
    if PLAIN in suites:
        yield f"Schemathesis alone has all its own checks, {EXAMPLES} examples (as in `ci`), and ends at its first finding."
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
            yield f"- {name} `{label}`, {count} of {seeds[CI]} seeds: {_broken(name, label)}. {reason(name, label)}"


def _found(entries: Sequence[Row], suites: Sequence[str], kinds: Sequence[str], prefix: str = "") -> Iterator[str]:
    """Rows of one set of mutants; last, where all together are among `kinds`, their share."""
    counts = {kind: max(row.count for row in entries if row.kind == kind) for kind in {row.kind for row in entries}}
    cells = {(row.kind, row.suite): _cell(row) for row in entries}
    for kind in kinds:
        if kind in counts:
            yield f"| {prefix}{kind} | {counts[kind]} | {' | '.join(cells.get((kind, suite), '–') for suite in suites)} |"
    shares = {row.suite: _share(row, prefix != "") for row in entries if row.kind == ALL and row.count}
    if shares and ALL in kinds:
        yield f"| {prefix}share | | {' | '.join(shares.get(suite, '–') for suite in suites)} |"


def _cell(row: Row) -> str:
    return middle(row.strict) if row.suite == PLAIN else f"{middle(row.strict)} · {middle(row.plain)}"


def _share(row: Row, with_plain: bool) -> str:
    shown = f"{median(row.strict) / row.count:.1%}"
    return f"{shown} · {median(row.plain) / row.count:.1%}" if with_plain and row.suite != PLAIN else shown


def _unfinished(results: Results) -> Iterator[str]:
    """What a score that was stopped has not run."""
    broken = {(job.provider, job.label) for job in results if is_mutant(job)}
    for suite in dict.fromkeys(job.suite for job in results):
        jobs = [job for job in results if job.suite == suite]
        has, wanted = sum(map(is_mutant, jobs)), len(broken) * len({job.seed for job in jobs})
        if has < wanted:
            yield f"Not whole: {TITLES[suite]} has {has:,} of {wanted:,} runs of mutants."


def _seeds(counts: Mapping[str, int]) -> str:
    """How many seeds the suites had."""
    if len(set(counts.values())) == 1:
        return _many(next(iter(counts.values())), "seed")
    return ", ".join(f"{TITLES[suite]} {_many(count, 'seed')}" for suite, count in counts.items())


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'s'[: count != 1]}"


def _conforming(results: Results) -> Iterator[tuple[str, list[Job]]]:
    """What nothing may be found in, with its runs, where there are any."""
    jobs = [job for suite in TITLES for job in conforming(results, suite)]
    for is_unbroken in (True, False):
        found = [job for job in jobs if (job.label == UNBROKEN) is is_unbroken]
        if found:
            yield "unbroken mock" if is_unbroken else _many(len({job.label for job in found}), "conforming variant"), found


def _alarms(jobs: Sequence[Job], alarms: Container[Job]) -> str:
    return f"{sum(job in alarms for job in jobs)} in {_many(len(jobs), 'run')}" if jobs else "not run"


def reason(name: str, label: str) -> str:
    """Why a mutant is known to survive; of a set from outside, what the contract says of it."""
    known: dict[str, str] = getattr(importlib.import_module(f"tests.score.mutants.{name}"), "SURVIVORS", {})
    entry = next(entry for entry in every_mutant(name) if entry.name == label)
    return f'{entry.basis.capitalize()}: "{entry.quote}"' if entry.basis else known.get(label, NO_REASON)


def _broken(name: str, label: str) -> str:
    return next(entry.broken for entry in every_mutant(name) if entry.name == label)
