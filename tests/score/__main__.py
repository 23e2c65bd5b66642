"""Runs every broken and every conforming implementation through the judge, and prints what was found."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from specimen import specs
from specimen.specs.core.errors import did_you_mean
from tests.score.changes import CLASSES
from tests.score.result_store import Kept, KeptError, fingerprint, line, read
from tests.score.runs import OWN, SETS, SUITES
from tests.score.scoring import PROCESSES, UNBROKEN, Results, Tell, false_alarms, labels, mistakes, score
from tests.score.table import markdown

REPORT_EVERY = 100  # runs, where standard error is no terminal


def main(given: Sequence[str] | None = None) -> int:
    """Exit code 0; 1 where something conforming was found fault with, or a table has a mistake; 130 interrupted."""
    parser = _parser()
    asked = parser.parse_args(given)
    names = asked.provider or specs.names()
    known = {label for name in names for label in labels(name, (asked.set,))} - {UNBROKEN}
    for label in asked.only or ():
        if label not in known:
            parser.error(f"--only {label}: no such mutant or variant of {', '.join(names)}. {did_you_mean(label, known)}")
    try:
        code, results = read(asked.of) if asked.of else _scored(asked, names)
    except KeptError as error:
        parser.error(f"{'--of' if asked.of else '--out'} {error}")
    except KeyboardInterrupt:
        kept = "nothing is kept without --out" if asked.out is None else f"the same command goes on from what {asked.out} holds"
        sys.stderr.write(f"stopped: {kept}\n")
        return 130
    if code != fingerprint():
        sys.stderr.write(f"these are runs of other code ({code}; this is {fingerprint()})\n")
    if asked.json:
        sys.stdout.write("".join(line(job, outcome, code) for job, outcome in results.items()))
    sys.stdout.write(markdown(results) if asked.markdown or not asked.json else "")
    return 1 if false_alarms(results) or mistakes(results) else 0


def _scored(asked: argparse.Namespace, names: Sequence[str]) -> tuple[str, Results]:
    """The code's fingerprint and every run that was asked for; those that --out holds are not run again."""
    code = fingerprint()
    columns = (TextColumn("{task.description:<60.60}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    with ExitStack() as stack:
        kept = stack.enter_context(Kept(asked.out, code)) if asked.out is not None else None
        if sys.stderr.isatty():
            stack.enter_context(bar)
        return code, score(
            names,
            asked.seed or range(1, asked.seeds + 1),
            of=asked.set,
            only=frozenset(asked.only or ()),
            kinds=frozenset(asked.kind or ()),
            suites=asked.suite or SUITES,
            whole=asked.whole,
            processes=asked.jobs,
            tell=_teller(bar),
            known={} if kept is None else kept.results,
            keep=(lambda _job, _outcome: None) if kept is None else kept.add,
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.score", description=__doc__)
    parser.add_argument("--seeds", type=_number, default=5, help="how many seeds, from 1 on (default 5)")
    parser.add_argument("--seed", type=_number, action="append", metavar="N", help="this seed only; may be repeated")
    parser.add_argument(
        "--of", type=Path, action="append", metavar="FILE", help="run nothing: print the table of runs that --out wrote; repeated"
    )
    parser.add_argument("--jobs", type=_number, default=PROCESSES, help=f"how many processes (default {PROCESSES}: each core)")
    parser.add_argument("--provider", action="append", choices=specs.names(), help="this provider only; may be repeated")
    parser.add_argument("--only", action="append", metavar="NAME", help="this mutant or variant only; may be repeated")
    parser.add_argument(
        "--class", dest="kind", action="append", choices=CLASSES, help="mutants of this class only; may be repeated"
    )
    parser.add_argument(
        "--set",
        choices=tuple(SETS),
        default=OWN,
        help=f"which mutants: those of the rules' author, or a set of one who has not seen the rules (default {OWN})",
    )
    parser.add_argument("--suite", action="append", choices=SUITES, help="this suite only; may be repeated")
    parser.add_argument("--whole", action="store_true", help="run ci on what smoke found too")
    parser.add_argument("--markdown", action="store_true", help="print the table (as it is printed without --json)")
    parser.add_argument("--json", action="store_true", help="print every run as a line of JSON")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="write each run to a file as it ends, and run nothing again that it holds",
    )
    return parser


def _number(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a whole number, not {text}") from None
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, not {text}")
    return number


def _teller(bar: Progress) -> Tell:
    task = bar.add_task("starting", total=None)
    reported = 0

    def tell(done: int, count: int, what: str) -> None:
        nonlocal reported
        bar.update(task, completed=done, total=count, description=what)
        if not sys.stderr.isatty() and (done // REPORT_EVERY > reported or done == count):
            reported = done // REPORT_EVERY
            sys.stderr.write(f"{done} of {count} runs\n")

    return tell


if __name__ == "__main__":
    sys.exit(main())
