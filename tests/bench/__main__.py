"""`python -m tests.bench`: measures, and prints one table."""

from __future__ import annotations

import json
import signal
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from tests.bench import generation, machine, report, startup
from tests.bench.generation import GENERATION
from tests.bench.load import CONNECTIONS, tool
from tests.bench.machine import BenchError, Cores, pinned
from tests.bench.measuring import SESSIONS, START, Monitor
from tests.bench.startup import STARTUP
from tests.bench.targets import CASES


class Part(StrEnum):
    """What can be measured alone."""

    KAYLE = "kayle"
    NEUROVISION = "neurovision"
    KYVE = "kyve"
    START = START
    SESSIONS = SESSIONS
    GENERATION = GENERATION
    STARTUP = STARTUP


def main(
    seconds: Annotated[int, typer.Option(min=1, max=60, help="How long a run lasts.")] = 3,
    rounds: Annotated[int, typer.Option(min=1, max=50, help="How many runs each server gets; the medians are shown.")] = 5,
    only: Annotated[list[Part] | None, typer.Option(help="Measure this alone; may be repeated.")] = None,
    peers: Annotated[bool, typer.Option("--peers", help="Add Prism and Mockoon, from npm, on the kayle document.")] = False,
    profile: Annotated[bool, typer.Option("--profile", help="Show where the time of a request goes.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the table as Markdown.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")] = False,
    sessions: Annotated[int, typer.Option(min=1, help="How many live kayle sessions to weigh.")] = 100_000,
    dataset_rows: Annotated[
        int, typer.Option("--rows", min=1, help="Rows of a dataset to write; the target is about 1000000, which takes minutes.")
    ] = 200_000,
) -> None:
    """Measure the mock against a bare ASGI function on the same server and against stock Connexion.

    The order of the runs is A B C A B C …, so that a busy minute hits all of them. A missed target is no failure.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    parts = {part.value for part in only or Part}
    cores, error_console = Cores.found(), Console(stderr=True, highlight=False)
    with tempfile.TemporaryDirectory(prefix="specimen-bench-") as place:
        folder = Path(place)
        load = tool(folder)
        bench = Monitor(cores, load, folder, error_console, seconds=seconds, rounds=rounds, sessions=sessions)
        figures: list[generation.Figure] = []
        try:
            with pinned(cores.load), bench:
                rows = bench.rows(parts, with_peers=peers)
                if GENERATION in parts:
                    figures, more = generation.measured(cores, folder, bench.say, rounds=rounds, rows=dataset_rows)
                    bench.notes += more
                if STARTUP in parts:
                    starts, more = startup.measured(folder, bench.say)
                    rows += starts
                    bench.notes += more
                profiles = bench.profiles([case for case in CASES if case.provider_name in parts]) if profile else []
        except BenchError as error:
            error_console.print(f"error: {error}", style="bold red", markup=False)
            raise typer.Exit(1) from error
        except KeyboardInterrupt:
            error_console.print("stopped; all servers are down")
            raise typer.Exit(130) from None
    loaded = any(row.runs for row in rows)
    notes = [
        f"{cores}. {machine.versions()}.",
        *([f"Load by {load.name}, {CONNECTIONS} connections; medians of {rounds} × {seconds} s, interleaved."] if loaded else []),
        *bench.notes,
    ]
    if as_json:
        print(json.dumps({"notes": notes, "rows": [row.value() for row in rows], "profiles": profiles,
                          "generation": [figure.value() for figure in figures]}, indent=1))  # fmt: skip
    elif markdown:
        if figures:
            print("\n".join(generation.markdown(figures)), end="\n\n")
        print(report.markdown(rows, notes) if rows else "\n".join(f"- {note}" for note in notes))
        for text in profiles:
            print(f"\n```text\n{text}\n```")
    else:
        _show(rows, figures, notes, profiles)
    if any(row.errors for row in rows):
        raise typer.Exit(1)


def _show(rows: list[report.Row], figures: list[generation.Figure], notes: list[str], profiles: list[str]) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=max(console.width, 160))
    if rows:
        console.print(report.grid(rows))
    if figures:
        console.print(generation.grid(figures))
    for text in (*notes, *profiles):
        console.print(text, markup=False, soft_wrap=True)
    missed = [row.what for row in (*rows, *figures) if row.target is not None and not row.target.is_met]
    if missed and not profiles:
        console.print(f"Missed: {', '.join(missed)}. Run again with --profile to see where the time goes.", style="red")


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    typer.run(main)
