"""All runs of a score, in two processes, and what they add up to."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from typing import NamedTuple

from tests.score.runs import CI, PLAIN, SMOKE, SUITES, Outcome, Served, mutants, run, serving, subject
from tests.score.variants import VARIANTS

PROCESSES = 2
UNBROKEN = ""


class Job(NamedTuple):
    """A run: a suite against a mutant or a variant of a provider (no label: the unbroken mock), with a seed."""

    provider: str
    label: str
    suite: str
    seed: int


Results = dict[Job, Outcome]
Tell = Callable[[int, int, str], None]
_held: list[tuple[AbstractContextManager[Served], Served]] = []


def variants(name: str) -> list[str]:
    """The lawful variants that are for a provider."""
    return [entry.name for entry in VARIANTS if not entry.providers or name in entry.providers]


def score(
    names: Sequence[str],
    seeds: Iterable[int],
    *,
    only: frozenset[str] = frozenset(),
    kinds: frozenset[str] = frozenset(),
    suites: Sequence[str] = SUITES,
    whole: bool = False,
    tell: Tell = lambda _done, _all, _what: None,
) -> Results:
    """Every run's outcome.

    What `smoke` finds with an error is not given to `ci`, whose walk is the same and longer, unless `whole`.
    """
    labels = {
        name: [entry.name for entry in mutants(name) if (not only or entry.name in only) and (not kinds or entry.kind in kinds)]
        for name in names
    }
    lawful = {name: [label for label in variants(name) if not kinds and (not only or label in only)] for name in names}
    jobs = [
        Job(name, label, suite, seed)
        for seed in seeds
        for name in names
        for label in (UNBROKEN, *lawful[name], *labels[name])
        for suite in suites
        # What Schemathesis thinks of lawful variants is not what is measured here.
        if suite != PLAIN or label not in lawful[name]
    ]
    later = [job for job in jobs if not whole and job.suite == CI and SMOKE in suites and job.label in labels[job.provider]]
    first = [job for job in jobs if job not in set(later)]
    results: Results = {}
    with ProcessPoolExecutor(PROCESSES, initializer=_begin) as pool:
        _collect(pool, first, results, len(jobs), tell)
        for job in later:
            before = results[job._replace(suite=SMOKE)]
            if before.errors:
                results[job] = before
        _collect(pool, [job for job in later if job not in results], results, len(jobs), tell)
    return results


def _collect(pool: ProcessPoolExecutor, jobs: list[Job], results: Results, count: int, tell: Tell) -> None:
    for job, outcome in zip(jobs, pool.map(_run, jobs), strict=True):
        results[job] = outcome
        tell(len(results), count, " ".join(filter(None, (job.suite, job.provider, job.label))))


def _begin() -> None:
    logging.disable(logging.WARNING)  # what a fuzzer sends is no HTTP now and then


def _run(job: Job) -> Outcome:
    if not _held:
        port = serving()
        _held.append((port, port.__enter__()))  # it ends with the process
    return run(_held[0][1], job.provider, subject(job.provider, job.label) if job.label else None, job.suite, job.seed)


class Row(NamedTuple):
    """A class of mutants under one suite: for each seed how many were found under --strict, and without it."""

    kind: str
    suite: str
    count: int
    strict: tuple[int, ...]
    plain: tuple[int, ...]


def rows(results: Results) -> Iterator[Row]:
    """The table, class by class; last all classes together."""
    kinds: dict[str, list[Job]] = defaultdict(list)
    for job in results:
        if _is_mutant(job) and is_counted(results, job):
            kinds[_kind(job)].append(job)
    kinds["all"] = [job for jobs in kinds.values() for job in jobs]
    for kind, jobs in kinds.items():
        for suite in dict.fromkeys(job.suite for job in jobs):
            seeds = sorted({job.seed for job in jobs})
            found = {seed: [results[job] for job in jobs if job.suite == suite and job.seed == seed] for seed in seeds}
            yield Row(
                kind,
                suite,
                max(map(len, found.values())),
                tuple(sum(outcome.is_found for outcome in entries) for entries in found.values()),
                tuple(sum(bool(outcome.errors) for outcome in entries) for entries in found.values()),
            )


def is_counted(results: Results, job: Job) -> bool:
    """Whether the unbroken mock passes the identical run."""
    return not results[job._replace(label=UNBROKEN)].is_found


def survivors(results: Results, suite: str) -> dict[tuple[str, str], int]:
    """The mutants, by provider and name, that a suite does not find under --strict, with the number of seeds."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    for job, outcome in results.items():
        if job.suite == suite and _is_mutant(job) and is_counted(results, job) and not outcome.is_found:
            found[job.provider, job.label] += 1
    return dict(found)


def false_alarms(results: Results) -> dict[Job, tuple[str, ...]]:
    """What was found in the unbroken mock and in lawful variants; a variant that departs from an assumption may have notes."""
    departing = {entry.name for entry in VARIANTS if entry.departs}
    found = {}
    for job, outcome in results.items():
        if not _is_mutant(job):
            alarms = outcome.errors if job.label in departing else (*outcome.errors, *outcome.notes)
            if alarms:
                found[job] = alarms
    return found


def mistakes(results: Results) -> dict[tuple[str, str], str]:
    """Changes that failed: mistakes in the tables, by provider and name."""
    return {(job.provider, job.label): outcome.mistake for job, outcome in results.items() if outcome.mistake}


def costs(results: Results, suite: str) -> list[tuple[int, float]]:
    """Requests and seconds of a suite's runs against the unbroken mock."""
    return [
        (outcome.requests, outcome.seconds) for job, outcome in results.items() if job.label == UNBROKEN and job.suite == suite
    ]


def _is_mutant(job: Job) -> bool:
    return any(entry.name == job.label for entry in mutants(job.provider))


def _kind(job: Job) -> str:
    return next(entry.kind for entry in mutants(job.provider) if entry.name == job.label)
