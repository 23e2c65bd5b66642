"""`specimen dataset`."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from specimen import specs
from specimen.specs.cli import completion
from specimen.specs.cli.console import user_errors

INTERRUPTED = 130


def register(app: typer.Typer) -> None:
    """Adds the command to a command line."""
    app.command()(dataset)


def dataset(
    name: Annotated[
        str,
        typer.Argument(
            metavar="PROVIDER", help="A provider's name, as `specimen providers` lists it.", autocompletion=completion.providers
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write: a .parquet, .ndjson or .ndjson.gz file.")],
    rows: Annotated[int, typer.Option(min=1, help="How many sessions, over all shards.")] = 10_000,
    mix: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=WEIGHT,…",
            help="The shares of scenarios, or of states (shared evenly by the scenarios that end there); they need not add up "
            "to 1. success is the happy path, whatever the vendor calls it.",
            show_default="0.8 for the happy path, the others evenly",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Another number gives other people, ids and times.")] = 0,
    shard: Annotated[str, typer.Option(metavar="K/N", help="Write the K-th of N parts; together they are the whole.")] = "1/1",
    processes: Annotated[int, typer.Option(min=1, max=256, help="Make rows in so many processes; the rows stay the same.")] = 1,
    operation: Annotated[
        str | None,
        typer.Option(
            metavar="OP", help="The read that answers.", show_default="the provider's first",
            autocompletion=completion.operations,
        ),
    ] = None,
    now: Annotated[
        str, typer.Option(metavar="TIME", help="Sessions were made in the 90 days before it (ISO 8601).")
    ] = "2026-01-01T00:00:00Z",
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Write lawful sessions by the million, for load tests and analytics.

    Each row is a session as a read answers when it has just reached its last state; its person, document and times agree. Row i
    depends on the seed and i alone: the same command gives the same rows on every machine, in any number of processes and
    shards. Shards begin at multiples of 2,000 rows, so that one of a small dataset may have 0 rows. Parquet needs PyArrow,
    which the extra 'dataset' installs. Exit codes: 0 done, 2 a mistake in the command, or the file cannot be written.

    Examples:

        specimen dataset kayle --rows 1000 --out sessions.ndjson

        specimen dataset neurovision --rows 1000000 --mix success=0.8,failed=0.15,expired=0.05 --out sessions.parquet

        specimen dataset kyve --operation getVerification --shard 3/16 --processes 4 --rows 1000000 --out part-03.parquet
    """
    with user_errors(), _interruptible():
        from specimen.contracts.dataset import write
        from specimen.contracts.dataset_mix import Shard, weights
        from specimen.contracts.dataset_rows import GROUP_ROWS, moment_of

        provider = specs.load(name)
        at = moment_of(now)
        part = Shard.parse(shard)
        shares = None if mix is None else weights(mix)
        with _progress(out.name) as tell:
            written = write(
                out, provider, rows, mix=shares, seed=seed, shard=part, operation=operation, now=at, processes=processes,
                force=force, on_progress=tell,
            )  # fmt: skip
        told = f"{out}: {written:,} rows, {out.stat().st_size / 1e6:,.1f} MB"
        if not written:
            told += f": none of the {rows:,} rows is in shard {shard}, for shards begin at multiples of {GROUP_ROWS:,} rows"
        Console(stderr=True, highlight=False).print(told, markup=False, soft_wrap=True)


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C, and a request to end, leave no half a file and no traceback."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    except KeyboardInterrupt:
        Console(stderr=True, highlight=False).print("stopped; nothing was written")
        raise typer.Exit(INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on the error stream of a terminal; nothing elsewhere."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
