"""Runs every broken and every lawful implementation through the judge, and prints what was found."""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import specs
from tests.score.changes import CLASSES
from tests.score.runs import SUITES
from tests.score.scoring import false_alarms, mistakes, score
from tests.score.table import as_json, markdown


def main() -> int:
    """Exit code 0; 1 where something lawful was found fault with, or a table has a mistake."""
    parser = argparse.ArgumentParser(prog="python -m tests.score", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds, from 1 on (default 5; 1 takes some minutes)")
    parser.add_argument("--provider", action="append", choices=specs.names(), help="this provider only; may be repeated")
    parser.add_argument("--only", action="append", metavar="NAME", help="this mutant or variant only; may be repeated")
    parser.add_argument(
        "--class", dest="kind", action="append", choices=CLASSES, help="mutants of this class only; may be repeated"
    )
    parser.add_argument("--suite", action="append", choices=SUITES, help="this suite only; may be repeated")
    parser.add_argument("--whole", action="store_true", help="run ci on what smoke found too")
    parser.add_argument("--markdown", action="store_true", help="print the table (as it is printed without --json)")
    parser.add_argument("--json", action="store_true", help="print every run as JSON")
    asked = parser.parse_args()
    columns = (TextColumn("{task.description:<60.60}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    with bar if sys.stderr.isatty() else nullcontext():
        task = bar.add_task("starting", total=None)

        def tell(done: int, count: int, what: str) -> None:
            bar.update(task, completed=done, total=count, description=what)
            if not sys.stderr.isatty() and (done % 200 == 0 or done == count):
                sys.stderr.write(f"{done} of {count} runs\n")

        results = score(
            asked.provider or specs.names(),
            range(1, asked.seeds + 1),
            only=frozenset(asked.only or ()),
            kinds=frozenset(asked.kind or ()),
            suites=asked.suite or SUITES,
            whole=asked.whole,
            tell=tell,
        )
    sys.stdout.write(as_json(results) if asked.json else "")
    sys.stdout.write(markdown(results) if asked.markdown or not asked.json else "")
    return 1 if false_alarms(results) or mistakes(results) else 0


if __name__ == "__main__":
    sys.exit(main())
