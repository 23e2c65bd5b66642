"""Prints judged exchanges on a terminal, or as JSON for other programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.text import Text

from specimen.contracts.judge.rule import Violation
from specimen.contracts.reporting.known_failures import expired_text, stale_text
from specimen.contracts.reporting.model import FindingKey, Report, is_disagreement
from specimen.contracts.reporting.order import mend_first
from specimen.contracts.traffic.har_writer import iso_time
from specimen.contracts.traffic.monitor import JudgedExchange, Monitor, as_json, as_text
from specimen.contracts.traffic.session_poller import Poll
from specimen.specs import SpecimenError
from specimen.specs.cli.console import console, standard_output
from specimen.specs.core.terminal_text import shown


@standard_output()
def say(words: str, style: str = "") -> None:
    """Prints a line as it is, however long."""
    console().print(Text(words, style=style), soft_wrap=True)


@standard_output()
def print_json(value: Any, indent: int | None = None) -> None:
    """Prints a JSON value at once; a lone surrogate as its escape."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    print(text.encode("utf-8", "backslashreplace").decode(), flush=True)


def as_values(verdict: JudgedExchange, monitor: Monitor) -> dict[str, Any]:
    """Returns a judged exchange as JSON values."""
    exchange = verdict.exchange
    return {
        "at": exchange.at,
        "operation": exchange.operation.id if exchange.operation else None,
        "request": exchange.label,
        "status": exchange.status,
        "unjudged": verdict.unjudged,
        "violations": [as_json(violation) for violation in verdict.found if monitor.counts(violation)],
        "notes": [as_json(one) for one in verdict.found if _kind(one, monitor) == "note"],
        "disagreements": [as_json(one) for one in verdict.found if _kind(one, monitor) == "disagreement"],
        "known": [as_json(one) for one in verdict.found if _kind(one, monitor) == "known"],
    }


def _kind(violation: Violation, monitor: Monitor) -> str:
    if monitor.knows(violation):
        return "known"
    return "disagreement" if is_disagreement(violation) else "violation" if monitor.counts(violation) else "note"


def poll_values(poll: Poll, monitor: Monitor) -> dict[str, Any]:
    """Returns a poll of a watch as JSON values."""
    nothing: dict[str, Any] = {"violations": [], "notes": [], "disagreements": [], "known": []}
    judged = nothing if poll.verdict is None else as_values(poll.verdict, monitor)
    return {"state": poll.state, "is_change": poll.is_change, "is_end": poll.is_end, "problem": poll.said or None, **judged}


@standard_output()
def print_poll(poll: Poll, monitor: Monitor, printed: set[FindingKey]) -> None:
    """Prints a poll of a watch if it shows something new."""
    out = console()
    if poll.is_change and poll.state is not None and poll.verdict is not None:
        line = Text(f"{iso_time(poll.verdict.exchange.at)}  ")
        line.append(shown(poll.state), style="bold green" if poll.is_end else "bold")
        out.print(line)
    elif poll.said:
        out.print(Text(poll.said, style="yellow"), soft_wrap=True)
    if poll.verdict is not None:
        _violations(poll.verdict, monitor, printed)


@standard_output()
def print_exchange(
    verdict: JudgedExchange | str, monitor: Monitor, printed: set[FindingKey], *, only_broken: bool = False
) -> None:
    """Prints a judged exchange, or why the target gave no answer."""
    out = console()
    if isinstance(verdict, str):
        out.print(Text(verdict, style="yellow"), soft_wrap=True)
        return
    exchange = verdict.exchange
    if not only_broken or verdict.found:
        why = f"  not judged: {verdict.unjudged}" if verdict.unjudged else ""
        out.print(Text(f"{exchange.status} {exchange.label}{why}"), soft_wrap=True)
    _violations(verdict, monitor, printed)


def _violations(verdict: JudgedExchange, monitor: Monitor, printed: set[FindingKey]) -> None:
    """Prints each violation in full when it is first seen, and by its rule from then on."""
    for violation in verdict.found:
        kind, key = _kind(violation, monitor), FindingKey.of(violation)
        words = Text(f"  {kind} ", style="bold red" if kind == "violation" else "cyan")
        words.append(f"{violation.rule} again" if key in printed else as_text(violation), style="default")
        printed.add(key)
        console().print(words, soft_wrap=True)


@standard_output()
def print_summary(monitor: Monitor, report: Report, what: str) -> None:
    """Prints what to mend first and what a baseline has to say, then the last line of a command."""
    errors, notes = len(monitor.errors), len(monitor.notes)
    for why, count in sorted(monitor.unjudged.items()):
        console().print(Text(f"{count} not judged: {why}", style="dim"), soft_wrap=True)
    for text in (*(expired_text(known.entry) for known in report.expired), *map(stale_text, report.stale)):
        console().print(Text(text, style="yellow"), soft_wrap=True)
    counted = [entry for entry in monitor.found if monitor.counts(entry.violation)]
    for text in mend_first(counted) if errors > 1 else ():
        console().print(Text("Mend first: ", style="bold").append(text, style="not bold"), soft_wrap=True)
    verdict = f"{errors} violation{'s'[: errors != 1]}" if errors else "no violations"
    line = Text(f"{what}: ").append(verdict, style="bold red" if errors else "bold green")
    line.append(f", {notes} note{'s'[: notes != 1]}")
    if report.known:
        line.append(f", {len(report.known)} known")
    if monitor.disagreements:
        line.append(f", {len(monitor.disagreements)} where another validator differs")
    console().print(line, soft_wrap=True)


class ProxyOutput:
    """Prints what a proxy reports; after a failed print it prints no more, and the proxy goes on."""

    def __init__(self, monitor: Monitor, *, as_json: bool) -> None:
        self._monitor, self._as_json = monitor, as_json
        self._printed: set[FindingKey] = set()
        self._lost: SpecimenError | None = None

    def listening(self, url: str, target: str) -> None:
        """Prints the address of the proxy."""
        if self._as_json:
            self._try(print_json, {"listening": url, "target": target})
        else:
            self._try(say, f"Listening on {url} for {target}. Stop with Ctrl-C.")

    def print_exchange(self, verdict: JudgedExchange | str) -> None:
        """Prints what was found in an exchange, or what went wrong."""
        if not self._as_json:
            self._try(print_exchange, verdict, self._monitor, self._printed)
        elif isinstance(verdict, str):
            self._try(print_json, {"problem": verdict})
        else:
            self._try(print_json, as_values(verdict, self._monitor))

    def end(self, report: Report, more: str) -> None:
        """Prints the summary of a report.

        Raises:
            SpecimenError: something could not be printed.
        """
        if self._as_json:
            self._try(print_json, self._monitor.summary(report))
        else:
            self._try(print_summary, self._monitor, report, f"{self._monitor.exchanges} exchanges{more}")
        if self._lost is not None:
            raise self._lost

    def _try(self, function: Callable[..., None], *words: Any) -> None:
        try:
            if self._lost is None:
                function(*words)
        except SpecimenError as error:
            self._lost = error
            Console(stderr=True, highlight=False).print(f"{error} The proxy goes on, and prints no more.", soft_wrap=True)
