"""What `verify` finds in Prism, which answers from our documents without knowing sessions (`python -m tests.prism`)."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from specimen import specs
from specimen.contracts.reporting.model import UNREACHABLE, Found, Report, by_rule
from specimen.contracts.verify.runner import verify
from specimen.fixtures.primitives import ids
from tests.bench.machine import BenchError
from tests.bench.peers import PRISM, Peer, installed, serving_peer

PROVIDERS = ("kayle", "idnow")
STATIC, DYNAMIC = "static", "dynamic"
# With a seed Prism's generated answers are the same in every run.
MODES = {STATIC: (), DYNAMIC: ("-d", "--seed", "1")}
TOKEN = "any-token-is-taken"
CREATED = 1_767_225_600_000  # 2026-01-01, for ids that hold a time
# Each rule that Prism breaks, with what it does; every one was looked at by hand, request and answer.
REVIEWED = {
    "GEN-001": "answers 422 to an unknown environment; the operation has no 422",
    "GEN-002": "answers a failure of its own as application/problem+json",
    "GEN-006": "refuses a body that is no JSON with an error of its own, not with the vendor's",
    "GEN-007": "shows the stack of its own failure: it makes no value for a time of the document",
    "GEN-009": "gives a session for its id with a line feed, in braces or as a URN: it gives one for any text",
    "GEN-015": "takes a reason of 201 characters, a body `null` and an empty time",
    "GEN-017": "takes any token",
    "GEN-018": "gives a session for an id that it never issued, and cancels it",
    "GEN-020": "gives a live session under staging too",
    "GEN-023": "fails while it generates a time that the document describes",
    "GEN-025": "generates other values of a session in each of its answers",
    "GEN-031": "lists the same data block for every session",
    "GEN-034": "gives every creation the same id",
    "GEN-035": "shows its one example, whose redirect_url is what the refused creation sent",
    "GEN-039": "generates an environment that is not that of the path",
    "GEN-040": "generates sessions that expire before they were made",
    "GEN-044": "shows a limit of 10 for limit=1",
    "GEN-048": "generates a data block of a time after its session's end",
    "GEN-049": "answers a refusal with the first example of its status",
    "GEN-059": "shows the time of an example for a session that is made now",
    "GEN-064": "shows the example's redirect_url or subjectId for a creation that sent none",
    "KAY-001": "generates share fields without kayle_document_id",
    "KAY-004": "generates a failure_code for sessions that are cancelled or expired, and none for a failed one",
    "KAY-005": "generates ended sessions without completed_at",
    "KAY-007": "generates a failed chip check without failed tries of the chip",
    "KAY-014": "shows another contract_version than when that id was created",
    "KAY-015": "shows the same id whatever the path asks for",
    "KAY-017": "generates Latin words for times, which have no format in the vendor's document",
    "KAY-019": "lists three sessions for limit=1",
    "KAY-020": "lists sessions of other statuses than the one asked for",
    "KAY-021": "lists a session of 2026 that was to be created in 2101 or later",
    "KAY-022": "lists ids in no order",
    "KAY-023": "says that there are more, without the cursor to them",
    "KAY-025": "shows a cancelled session as created",
    "KAY-026": "answers another redirect_url and webhook_endpoint_id than were sent",
    "KAY-027": "lists another session than the one that was created at the time asked for",
    "KAY-031": "shows its one example, whatever the creation asked for",
    "KAY-033": "shows its one example, or generates names of fields, whatever the creation asked for",
    "KAY-034": "shows its one example, with a field of source rc, for a creation that asks for none",
    "IDN-001": "generates results for a running session",
    "IDN-002": 'generates Latin words where the type of a reference is "dataBlock"',
    "IDN-004": "generates completedAt for a running session",
    "IDN-008": "generates an outcome for a running session",
    "IDN-010": "generates an end before the start",
    "IDN-013": "shows the same sessionId and environment whatever the path asks for",
    "IDN-014": "generates a content for a deleted data block",
    "IDN-016": "generates the data blocks' times without order",
}
# These compare fields of one answer, or an answer with its request.
CROSS_FIELD = frozenset({"KAY-004", "KAY-005", "KAY-007", "IDN-001", "IDN-004"})


@dataclass(frozen=True, slots=True)
class Run:
    """One provider's document, served in one mode, judged."""

    provider: str
    mode: str
    report: Report

    @property
    def counts(self) -> dict[str, int]:
        """How often each rule was broken."""
        return {rule: sum(entry.count for entry in found) for rule, found in by_rule(self.report.found).items()}

    @property
    def unreviewed(self) -> dict[str, Found]:
        """The first finding of each rule that nobody has looked at."""
        return {rule: found[0] for rule, found in by_rule(self.report.found).items() if rule not in REVIEWED}


def judged(profile: str, say: Callable[[str], None]) -> Iterator[Run]:
    """Prism on each document in each mode, judged without a driver and with one well-formed id.

    Raises:
        BenchError: there is no npm, or Prism does not start.
    """
    commands = installed(say)
    for name in PROVIDERS:
        provider = specs.load(name)
        for mode, flags in MODES.items():
            arguments = ("prism", "mock", *flags, "-h", "127.0.0.1", "-p", "{port}", "-v", "warn", "{spec}")
            peer = Peer(f"Prism {PRISM} {mode}", arguments)
            with (
                tempfile.TemporaryDirectory(prefix="specimen-prism-") as place,
                serving_peer(peer, commands, provider, None, Path(place)) as server,
            ):
                say(f"judging {peer.title}, {name}")
                sessions = [ids.make(provider.lifecycle.ids["session"], "a session of Prism's", CREATED)]
                report = verify(server.url, provider, profile=profile, auth=TOKEN, driver="none", sessions=sessions)
            if report.exit_code == UNREACHABLE:
                raise BenchError(f"{peer.title}, {name}: {report.unreachable}")
            yield Run(name, mode, report)


@dataclass(frozen=True, slots=True)
class Row:
    """A rule that Prism breaks. `counts` has a number for each mode, `sample` is the first time it was seen."""

    provider: str
    rule: str
    severity: str
    promise: str
    counts: tuple[int, ...]
    sample: Found


def rows(runs: Sequence[Run]) -> list[Row]:
    """One row for each rule of each provider."""
    found = []
    for name in PROVIDERS:
        mine = [run for run in runs if run.provider == name]
        for rule in sorted({rule for run in mine for rule in run.counts}):
            sample = next(entries[0] for run in mine if (entries := by_rule(run.report.found).get(rule)))
            counts = tuple(run.counts.get(rule, 0) for run in mine)
            found.append(Row(name, rule, sample.violation.severity, sample.violation.sentence, counts, sample))
    return found


def as_markdown(runs: Sequence[Run]) -> str:
    """The table for docs/strength.md."""
    lines = [f"| | rule | what it promises | {' | '.join(MODES)} | what Prism does |", f"|---|---|---|{'--:|' * len(MODES)}---|"]
    for row in rows(runs):
        kind = " (note)" if row.severity == "note" else ""
        counts = " | ".join(str(count or "") for count in row.counts)
        lines.append(
            f"| {row.provider} | {row.rule}{kind} | {row.promise} | {counts} | {REVIEWED.get(row.rule, 'not reviewed')} |"
        )
    sent = ", ".join(f"{run.provider} {run.mode} {run.report.requests}" for run in runs)
    return "\n".join(
        [*lines, "", f"Requests: {sent}. Prism {PRISM}, dynamic with `--seed 1`, profile `{runs[0].report.profile}`."]
    )


def show(runs: Sequence[Run], console: Console) -> None:
    """Prints the table, and for each rule one request that repeats its finding."""
    table = Table("provider", "rule", "kind", "what it promises", *MODES, title=f"What verify finds in Prism {PRISM}")
    for row in rows(runs):
        table.add_row(row.provider, row.rule, row.severity, row.promise, *(str(count or "") for count in row.counts))
    console.print(table)
    for row in rows(runs):
        broken, example = row.sample.violation, row.sample.example
        console.print(f"\n{row.rule} {broken.operation} {broken.status} {broken.pointer}", style="bold", markup=False)
        console.print(f"  expected {broken.expected}, got {broken.got}", markup=False, highlight=False)
        console.print(f"  {example.curl[:400]}\n  {example.answer[:400]}", markup=False, highlight=False, soft_wrap=True)


def main(
    profile: Annotated[str, typer.Option(help="smoke or ci.")] = "ci",
    markdown: Annotated[Path | None, typer.Option(help="Also write the table as Markdown to this file.")] = None,
) -> None:
    """Judge Prism, serving our kayle and idnow documents, static and dynamic. Exit code 1: a finding that nobody reviewed."""
    errors, out = Console(stderr=True, highlight=False), Console(width=None if sys.stdout.isatty() else 160)
    try:
        runs = list(judged(profile, errors.print))
    except BenchError as error:
        errors.print(f"error: {str(error).replace('--peers', 'this')}", style="bold red", markup=False)
        raise typer.Exit(2) from error
    show(runs, out)
    if markdown is not None:
        markdown.write_text(as_markdown(runs) + "\n", encoding="utf-8")
    new = sorted({rule for run in runs for rule in run.unreviewed})
    if new:
        errors.print(f"not reviewed: {', '.join(new)}", style="bold red")
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
