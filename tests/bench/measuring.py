"""The measurements: interleaved runs, start to first answer, memory of live sessions."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from specimen import specs
from tests.bench import peers
from tests.bench.load import ROOT, Tool, Work
from tests.bench.machine import BenchError, Cores, pinned, processor_seconds, resident_bytes
from tests.bench.processes import Server, serving
from tests.bench.report import Row, Target
from tests.bench.targets import BARE, CASES, MOCK, STOCK, Case, counterpart_command, mock_command, table

START, SESSIONS = "start", "sessions"
DOWNGRADE = "the document brought down to OpenAPI 3.0 (no if/then, patternProperties, webhooks, examples), so it checks less."
_START_SECONDS = 1.5
_SESSIONS_BYTES = 250e6
_WARM_UP_SECONDS = 1
_CHILD_SECONDS = 600
# A server that has less of its core than this is not what limits the rate.
_BUSY = 0.9


class Monitor:
    """Everything that is measured, with its progress bar."""

    def __init__(
        self, cores: Cores, load: Tool, folder: Path, console: Console, *, seconds: int, rounds: int, sessions: int
    ) -> None:
        self.notes: list[str] = []
        self._cores, self._load, self._folder = cores, load, folder
        self._seconds, self._rounds, self._sessions = seconds, rounds, sessions
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=console, transient=True, refresh_per_second=2)
        self._task: TaskID = self._progress.add_task("starting", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def rows(self, parts: Iterable[str], *, with_peers: bool) -> list[Row]:
        """The table's rows, for the parts that are wanted."""
        parts = set(parts)
        cases = [case for case in CASES if case.provider_name in parts]
        commands = peers.installed(self.say) if with_peers and any(case.provider_name == "kayle" for case in cases) else None
        steps = sum((3 + (len(peers.PEERS) if commands and case.provider_name == "kayle" else 0)) for case in cases)
        self._progress.update(self._task, total=steps * (self._rounds * self._seconds + _WARM_UP_SECONDS))
        found: list[Row] = []
        for case in cases:
            found += self._case(case, commands if case.provider_name == "kayle" else None)
        if cases:
            self._explain(cases, commands)
        if START in parts:
            found.append(self._start())
        if SESSIONS in parts:
            found.append(self._memory())
        return found

    def profiles(self, cases: Iterable[Case]) -> list[str]:
        """For each case where its time goes, without a server."""
        return [self._child(case.provider_name, f"profiling {case.title}") for case in cases]

    # -- runs -----------------------------------------------------------------------------------------------------

    def _case(self, case: Case, commands: Path | None) -> list[Row]:
        """One request at all its servers, which are up together and loaded in turn."""
        self.say(f"{case.title}: starting servers")
        with ExitStack() as stack:
            mock = stack.enter_context(self._serving(mock_command("--pace", "instant")))
            work = case.work(mock.ask)
            status, answer = mock.send(work)
            if status >= 300:
                raise BenchError(f"{case.title}: {status} {answer[:300]!r}")
            file = self._folder / f"{case.provider_name}.answer"
            file.write_bytes(answer)
            bare, stock = (
                stack.enter_context(self._serving(counterpart_command(kind, case, status, file))) for kind in ("bare", "stock")
            )
            contest: list[tuple[str, Server, Work, float | None]] = [
                (BARE, bare, work, None),
                (STOCK, stock, work, None),
                (MOCK, mock, work, None),
            ]
            if commands is not None:
                moved = work.moved(case.provider.mount)
                for peer in peers.PEERS:
                    server = stack.enter_context(
                        peers.serving_peer(peer, commands, case.provider, self._cores.server, self._folder)
                    )
                    contest.append((peer.title, server, moved, peer.target))
            rows = [self._entrant(case, name, server, request) for name, server, request, _ in contest]
            for _ in range(self._rounds):
                for row, (_, server, request, _) in zip(rows, contest, strict=True):
                    self._run(row, server, request)
            for row, (_, server, _, _) in zip(rows, contest, strict=True):
                row.memory = resident_bytes(server.pid)
        self._judge(case, rows, [times for *_, times in contest])
        return rows

    def _entrant(self, case: Case, name: str, server: Server, work: Work) -> Row:
        status, answer = server.send(work)
        if status >= 300:
            raise BenchError(f"{case.title}: {name} answers {status} {answer[:300]!r}")
        self.say(f"{case.title}: warming up {name}")
        self._load.run(server.url, work, _WARM_UP_SECONDS)
        self._progress.advance(self._task, _WARM_UP_SECONDS)
        return Row(case.title, name, [], [], answer=len(answer))

    def _run(self, row: Row, server: Server, work: Work) -> None:
        self.say(f"{row.what}: {row.server}")
        before = processor_seconds(server.pid)
        row.runs.append(self._load.run(server.url, work, self._seconds))
        after = processor_seconds(server.pid)
        row.processor.append(None if before is None or after is None else after - before)
        self._progress.advance(self._task, self._seconds)

    def _judge(self, case: Case, rows: list[Row], times: list[float | None]) -> None:
        bare, mock = rows[0].rate or 0.0, rows[2].rate or 0.0
        self._doubt(case, rows)
        for row in rows[1:]:
            row.of_bare = (row.rate or 0.0) / bare
        rows[2].target = Target(f"≥ {case.target:.2f} of bare", mock / bare >= case.target)
        for row, wanted in zip(rows, times, strict=True):
            if wanted is not None:
                lead = mock / (row.rate or 1.0)
                row.target = Target(f"{MOCK} ≥ {wanted:g} ×: {lead:.1f} ×", lead >= wanted)
        if case.unique is not None:
            note = f"{case.title}: a new {case.unique} each; {MOCK}'s memory holds the sessions that all runs made"
            self.notes.append(f"{note} ({rows[2].requests:,} and the warm-up's).")

    def _doubt(self, case: Case, rows: list[Row]) -> None:
        """Says so where the rates are not the servers' own, with the ratio that holds all the same."""
        idle = [f"{row.server} {row.busy:.0%}" for row in rows if row.busy is not None and row.busy < _BUSY]
        if idle and rows[0].cost and rows[2].cost:
            self.notes.append(
                f"{case.title}: the load or other programs were the limit, not the server, where it had less than {_BUSY:.0%}"
                f" of its core: {', '.join(idle)}. By processor time {MOCK} has {rows[0].cost / rows[2].cost:.2f} of bare."
            )

    def _explain(self, cases: list[Case], commands: Path | None) -> None:
        self.notes += [
            f"The {BARE}: same server, loop and parser; reads the body, sends the bytes of {MOCK}'s answer.",
            f"{STOCK}: one constant answer, every credential accepted; {DOWNGRADE}",
            f"{MOCK}: all five providers; credentials, validation, journal; the session was made through the API (pace instant).",
            f"{MOCK} hands the server head and body in one piece, the bare function as the two messages of ASGI.",
            "Answer is the size of a body, CPU/request the server's processor time, Memory resident after the runs.",
        ]
        if commands is not None and any(case.provider_name == "kayle" for case in cases):
            self.notes.append(f"Peers: the same kayle document, quiet logs. {self._node()}.")

    @staticmethod
    def _node() -> str:
        printed = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
        return f"Node {printed.stdout.strip().removeprefix('v')}"

    # -- one figure each ------------------------------------------------------------------------------------------

    def _start(self) -> Row:
        """From the command to the first answer of a provider."""
        first = next(entry for entry in table(specs.load("kayle")).entries() if entry["status"] == "succeeded")
        times = []
        for _ in range(max(3, self._rounds)):
            self.say("start to first answer")
            begun = time.perf_counter()
            with self._serving(mock_command()) as server:
                status, _ = server.ask(first)
                times.append(time.perf_counter() - begun)
            if status != 200:
                raise BenchError(f"the first answer was {status}")
        row = Row("start to first answer", MOCK, [], [], seconds=median(times))
        row.target = Target(f"≤ {_START_SECONDS} s", median(times) <= _START_SECONDS)
        return row

    def _memory(self) -> Row:
        """The memory of a fresh process that holds the sessions."""
        printed: dict[str, Any] = json.loads(
            self._child("sessions", f"making {self._sessions:,} sessions", "--count", str(self._sessions))
        )
        before, after = int(printed["before"]), int(printed["after"])
        row = Row(f"{self._sessions:,} live kayle sessions", MOCK, [], [], memory=after)
        row.target = Target(f"≤ {_SESSIONS_BYTES / 1e6:.0f} MB", after <= _SESSIONS_BYTES)
        each = (after - before) / self._sessions
        self.notes.append(
            f"{row.what}: {before / 1e6:.0f} MB before, {after / 1e6:.0f} MB after ({each:,.0f} bytes each); made through the"
            f" in-process API in {printed['seconds']:.1f} s, one in ten read."
        )
        return row

    def _child(self, what: str, shown: str, *more: str) -> str:
        self.say(shown)
        command = [sys.executable, "-m", "tests.bench.inprocess", what, *more]
        with pinned(self._cores.server):
            try:
                done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=_CHILD_SECONDS, check=True)
            except subprocess.CalledProcessError as error:
                raise BenchError(f"{shown} failed: {error.stderr.strip()[-800:]}") from error
            except subprocess.TimeoutExpired as error:
                raise BenchError(f"{shown}: not done after {_CHILD_SECONDS} s") from error
        return done.stdout.strip()

    def _serving(self, command: list[str]) -> Any:
        return serving(command, self._cores.server, self._folder)

    def say(self, text: str) -> None:
        """Tells what is being measured."""
        self._progress.update(self._task, description=text)
