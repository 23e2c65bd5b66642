"""All runs of a score, in processes side by side, and what they add up to."""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from multiprocessing import get_context
from types import MappingProxyType
from typing import NamedTuple

from hypothesis.internal.conjecture import providers as drawing

from tests.score.changes import Mutant
from tests.score.mutants import senders
from tests.score.runs import (
    CI,
    OWN,
    PLAIN,
    SENDERS,
    SETS,
    SMOKE,
    SUITES,
    Outcome,
    Served,
    every_mutant,
    mutants,
    run,
    serving,
    subject,
)
from tests.score.variants import VARIANTS

PROCESSES = os.cpu_count() or 1
UNBROKEN = ""
ALL = "all"


class Job(NamedTuple):
    """A run: a suite against a mutant or a variant of a provider (no label: the unbroken mock), with a seed."""

    provider: str
    label: str
    suite: str
    seed: int

    @property
    def words(self) -> str:
        """As it is shown."""
        return " ".join(filter(None, (self.suite, self.provider, self.label)))


class RunError(Exception):
    """A run that did not come to its end: our own mistake."""


Results = dict[Job, Outcome]
Tell = Callable[[int, int, str], None]
_held: list[tuple[AbstractContextManager[Served], Served]] = []


def variants(name: str, of: str = OWN) -> list[str]:
    """The conforming variants that are for a provider, and are run with a set of mutants."""
    found = {OWN: VARIANTS, SENDERS: senders.VARIANTS}.get(of, ())
    return [entry.name for entry in found if not entry.providers or name in entry.providers]


def labels(name: str, sets: Sequence[str] = tuple(SETS)) -> list[str]:
    """The unbroken mock, the conforming variants and the mutants of a provider, in the order in which they are run.

    Conforming variants are run with the rules' author's own set, conforming senders with the broken ones.
    """
    conforming = [label for of in sets for label in variants(name, of)]
    return [UNBROKEN, *conforming, *(entry.name for of in sets for entry in mutants(name, of))]


def score(
    names: Sequence[str],
    seeds: Iterable[int],
    *,
    of: str = OWN,
    only: frozenset[str] = frozenset(),
    kinds: frozenset[str] = frozenset(),
    suites: Sequence[str] = SUITES,
    whole: bool = False,
    processes: int = PROCESSES,
    tell: Tell = lambda _done, _all, _what: None,
    known: Mapping[Job, Outcome] = MappingProxyType({}),
    keep: Callable[[Job, Outcome], None] = lambda _job, _outcome: None,
) -> Results:
    """Every run's outcome, always in the same order.

    The unbroken mock's runs come first, one at a time, so that their seconds are those of a machine with nothing else to do.
    What `smoke` finds with an error is not given to `ci`, whose walk is the same and longer, unless `whole`.
    A run that is `known` is not run again; every other that is run is handed to `keep` as it ends. `of`: which set of mutants;
    the conforming variants are run with `own`.

    Raises:
        RunError: a run raised, or its process ended.
    """
    broken = {
        name: [
            entry.name for entry in mutants(name, of) if (not only or entry.name in only) and (not kinds or entry.kind in kinds)
        ]
        for name in names
    }
    conforming = {name: [label for label in variants(name, of) if not kinds and (not only or label in only)] for name in names}
    if of == SENDERS:
        suites = (SMOKE,)  # what is sent during a walk; `ci` walks no further
    jobs = [
        Job(name, label, suite, seed)
        for seed in seeds
        for name in names
        for label in (UNBROKEN, *conforming[name], *broken[name])
        for suite in suites
        # What Schemathesis thinks of conforming variants is not what is measured here.
        if suite != PLAIN or label not in conforming[name]
    ]
    later = [job for job in jobs if not whole and job.suite == CI and SMOKE in suites and job.label in broken[job.provider]]
    alone = [job for job in jobs if job.label == UNBROKEN]
    apart = {*alone, *later}
    results = {job: known[job] for job in jobs if job in known}

    def ended(job: Job, outcome: Outcome) -> None:
        results[job] = outcome
        keep(job, outcome)
        tell(len(results), len(jobs), job.words)

    run_all([job for job in alone if job not in results], 1, ended)
    run_all([job for job in jobs if job not in apart and job not in results], processes, ended)
    for job in [job for job in later if job not in results]:
        before = results[job._replace(suite=SMOKE)]
        if before.errors:  # what was not run is not kept either
            results[job] = before
            tell(len(results), len(jobs), job.words)
    run_all([job for job in later if job not in results], processes, ended)
    return {job: results[job] for job in jobs}


def run_all(jobs: Sequence[Job], processes: int, ended: Callable[[Job, Outcome], None] = lambda _job, _outcome: None) -> None:
    """Runs jobs in processes of their own, and tells each outcome as it comes.

    Raises:
        RunError: a run raised, or its process ended; those that have not begun are dropped.
    """
    if not jobs:
        return
    pool = ProcessPoolExecutor(min(processes, len(jobs)), mp_context=get_context("spawn"), initializer=_begin)
    futures: dict[Future[Outcome], Job] = {}
    try:
        for job in jobs:
            futures[pool.submit(_run, job)] = job
        for future in as_completed(futures):
            ended(futures[future], future.result())
    except BrokenProcessPool as error:
        left = [job for future, job in futures.items() if not future.done() or isinstance(future.exception(), BrokenProcessPool)]
        # Jobs are begun in their order, so one of the first was at work.
        names = ", ".join(f"{job.words} seed {job.seed}" for job in left[:processes])
        raise RunError(f"a process ended in one of these runs: {names}") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    logging.disable(logging.WARNING)  # what a fuzzer sends is no HTTP now and then
    draw_nothing_from_our_source()


def draw_nothing_from_our_source() -> None:
    """Keeps the constants of modules outside site-packages out of what Hypothesis generates.

    It draws from those loaded so far, so that a run would depend on the runs before it in its process; and whoever installs
    the judge has it in site-packages, where none are read. Source: hypothesis 6.170, `_get_local_constants`.
    """
    none = drawing.Constants()
    drawing._get_local_constants = lambda: none  # type: ignore[assignment]


def _run(job: Job) -> Outcome:
    try:
        if not _held:
            port = serving()
            _held.append((port, port.__enter__()))  # it ends with the process
        return run(_held[0][1], job.provider, subject(job.provider, job.label) if job.label else None, job.suite, job.seed)
    except Exception as error:
        # Not the error itself: one whose arguments are named cannot be sent to another process.
        raise RunError(f"{job.words} seed {job.seed}: {type(error).__name__}: {error}") from error


class Row(NamedTuple):
    """A kind of mutants under one suite: for each seed how many were found under --strict, and without it."""

    kind: str
    suite: str
    count: int
    strict: tuple[int, ...]
    plain: tuple[int, ...]


def rows(results: Results, of: str = OWN, kind: Callable[[Mutant], str] = lambda entry: entry.kind) -> Iterator[Row]:
    """The table of a set of mutants, kind by kind; last all together. `kind` is what they are told apart by: their class."""
    kinds: dict[str, list[Job]] = defaultdict(list)
    for job in results:
        entry = _mutant(job)
        if entry is not None and is_of(job, of) and is_counted(results, job):
            kinds[kind(entry)].append(job)
    kinds[ALL] = [job for jobs in kinds.values() for job in jobs]
    for kind_name, jobs in kinds.items():
        for suite in dict.fromkeys(job.suite for job in jobs):
            seeds = sorted({job.seed for job in jobs if job.suite == suite})
            found = {seed: [results[job] for job in jobs if job.suite == suite and job.seed == seed] for seed in seeds}
            yield Row(
                kind_name,
                suite,
                max(map(len, found.values())),
                tuple(sum(outcome.is_found for outcome in entries) for entries in found.values()),
                tuple(sum(bool(outcome.errors) for outcome in entries) for entries in found.values()),
            )


def is_of(job: Job, of: str) -> bool:
    """Whether the run is of a broken implementation of a set."""
    return any(entry.name == job.label for entry in mutants(job.provider, of))


def is_counted(results: Results, job: Job) -> bool:
    """Whether the unbroken mock passes the identical run."""
    return not results[job._replace(label=UNBROKEN)].is_found


def survivors(results: Results, suite: str) -> dict[tuple[str, str], int]:
    """The mutants, by provider and name, that a suite does not find under --strict, with the number of seeds."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    for job, outcome in results.items():
        if job.suite == suite and is_mutant(job) and is_counted(results, job) and not outcome.is_found:
            found[job.provider, job.label] += 1
    return dict(found)


def false_alarms(results: Results) -> dict[Job, tuple[str, ...]]:
    """What was found in the unbroken mock and in conforming variants; one that departs from an assumption may have notes."""
    departing = {entry.name for entry in VARIANTS if entry.departs}
    found = {}
    for job, outcome in results.items():
        if not is_mutant(job):
            alarms = outcome.errors if job.label in departing else (*outcome.errors, *outcome.notes)
            if alarms:
                found[job] = alarms
    return found


def conforming(results: Results, suite: str) -> list[Job]:
    """A suite's runs in which nothing may be found."""
    return [job for job in results if job.suite == suite and not is_mutant(job)]


def mistakes(results: Results) -> dict[tuple[str, str], str]:
    """Changes that failed: mistakes in the tables, by provider and name."""
    return {(job.provider, job.label): outcome.mistake for job, outcome in results.items() if outcome.mistake}


def costs(results: Results, suite: str) -> list[tuple[int, float]]:
    """Requests and seconds of a suite's runs against the unbroken mock."""
    return [
        (outcome.requests, outcome.seconds) for job, outcome in results.items() if job.label == UNBROKEN and job.suite == suite
    ]


def is_mutant(job: Job) -> bool:
    """Whether the run is of a broken implementation, of whichever set."""
    return _mutant(job) is not None


def _mutant(job: Job) -> Mutant | None:
    return next((entry for entry in every_mutant(job.provider) if entry.name == job.label), None)
