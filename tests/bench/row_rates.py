"""`python -m tests.bench.row_rates`: rows of datasets per second of processor time, of each provider.

Each batch of rows is made many times, and the least time of each counts: what else the machine does only ever adds to it. With
`--against FOLDER`, another checkout of this repository, both take turns every few milliseconds and their ratio is printed.

Each collects garbage as its own command line does, which is a part of its rate: as `specimen.cli.collect_seldom` says. A checkout
without it, such as one of before commands set thresholds, goes by Python's own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from specimen import specs
from tests.bench.load import ROOT
from tests.bench.machine import BenchError

# As many as `Dataset.rows_of` makes together.
_BATCH = 50
# Makes batches of rows of the default mix when it is asked for one, as the commands make them, and answers how long each took.
# A checkout of before `rows_of` made rows one by one.
_CHILD = f"""
import sys, time
import specimen.cli
from specimen.fixtures.datasets import dataset
getattr(specimen.cli, "collect_seldom", lambda: None)()
made = dataset(sys.argv[1], 10**9)
rows_of = getattr(made, "rows_of", lambda numbers: map(made.row, numbers))
for line in sys.stdin:
    first = int(line)
    begun = time.process_time_ns()
    for _ in rows_of(range(first, first + {_BATCH})):
        pass
    print(time.process_time_ns() - begun, flush=True)
"""


class Maker:
    """A process that makes rows of a provider with the code of a checkout."""

    def __init__(self, root: Path, process: subprocess.Popen[str]) -> None:
        self._root, self._process = root, process
        self._least: dict[int, int] = {}  # nanoseconds, by batch

    def make(self, batch: int) -> None:
        """Makes a batch, and keeps the time that it took if it is the least so far."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(batch * _BATCH, file=self._process.stdin, flush=True)
        took = self._process.stdout.readline()
        if not took:
            raise BenchError(f"{self._root}: the process that makes rows ended; its error is above.")
        self._least[batch] = min(int(took), self._least.get(batch, int(took)))

    @property
    def rate(self) -> float:
        """Rows per second, of the least time of each batch."""
        return len(self._least) * _BATCH / (sum(self._least.values()) / 1e9)


@contextmanager
def _maker(root: Path, name: str) -> Iterator[Maker]:
    with subprocess.Popen(
        [sys.executable, "-c", _CHILD, name], cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            yield Maker(root, process)
        finally:
            process.kill()


def _measured(name: str, roots: list[Path], batches: int, rounds: int) -> list[float]:
    """The rows per second of each checkout. Of a thousand rows no checkout remembers a person to the next round."""
    with ExitStack() as stack:
        makers = [stack.enter_context(_maker(root, name)) for root in roots]
        for turn in range(rounds):
            for batch in range(batches):
                for maker in makers if (turn + batch) % 2 else reversed(makers):
                    maker.make(batch)
        return [maker.rate for maker in makers]


def main(
    rows: Annotated[int, typer.Option(min=1_000, help="How many rows of each provider.")] = 1_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often each batch of them is made.")] = 100,
    only: Annotated[list[str] | None, typer.Option(help="This provider alone; may be repeated.")] = None,
    against: Annotated[Path | None, typer.Option(help="Another checkout, which takes turns with this one.")] = None,
) -> None:
    """Print how many rows of the default mix a second of processor time makes."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for number, title in enumerate(("Rows of", "a CPU second", *(("there", "ratio") if against else ()))):
        table.add_column(title, justify="right" if number else "left")
    roots = [ROOT, *([against.resolve()] if against else [])]
    try:
        for name in only or specs.names():
            rates = _measured(name, roots, rows // _BATCH, rounds)
            ratio = [f"{rates[0] / rates[1]:.2f}"] if against else []
            table.add_row(name, *(f"{rate:,.0f}" for rate in rates), *ratio)
    except BenchError as error:
        Console(stderr=True).print(f"error: {error}", style="bold red", markup=False)
        raise typer.Exit(1) from error
    Console(highlight=False).print(table)


if __name__ == "__main__":
    typer.run(main)
