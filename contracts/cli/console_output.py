"""Verdicts on a terminal, and as JSON for other programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.text import Text

from specimen.contracts.reporting.model import FindingKey, is_disagreement
from specimen.contracts.traffic.har_writer import moment
from specimen.contracts.traffic.monitor import JudgedExchange, Monitor, as_json, as_text
from specimen.contracts.traffic.session_poller import Step
from specimen.specs import SpecimenError
from specimen.specs.cli.console import console, standard_output
from specimen.specs.core.terminal_text import shown


@standard_output()
def say(words: str, style: str = "") -> None:
    """Prints a line as it is, however long."""
    console().print(Text(words, style=style), soft_wrap=True)


@standard_output()
def print_json(value: Any, indent: int | None = None) -> None:
    """Prints a JSON value at once; half of a surrogate pair, which no encoding holds, as its escape."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    print(text.encode("utf-8", "backslashreplace").decode(), flush=True)


def as_values(verdict: JudgedExchange, bench: Monitor) -> dict[str, Any]:
    """A verdict as JSON values."""
    exchange = verdict.exchange
    return {
        "at": exchange.at,
        "operation": exchange.operation.id if exchange.operation else None,
        "request": exchange.label,
        "status": exchange.status,
        "unjudged": verdict.unjudged,
        "violations": [as_json(violation) for violation in verdict.found if bench.counts(violation)],
        "notes": [as_json(one) for one in verdict.found if not bench.counts(one) and not is_disagreement(one)],
        "disagreements": [as_json(violation) for violation in verdict.found if is_disagreement(violation)],
    }


def step_values(step: Step, bench: Monitor) -> dict[str, Any]:
    """A step of a watch as JSON values."""
    judged = as_values(step.verdict, bench) if step.verdict is not None else {"violations": [], "notes": [], "disagreements": []}
    return {"state": step.state, "is_change": step.is_change, "is_end": step.is_end, "problem": step.said or None, **judged}


@standard_output()
def tell_step(step: Step, bench: Monitor, told: set[FindingKey]) -> None:
    """Prints a step of a watch where it is news."""
    out = console()
    if step.is_change and step.state is not None and step.verdict is not None:
        line = Text(f"{moment(step.verdict.exchange.at)}  ")
        line.append(shown(step.state), style="bold green" if step.is_end else "bold")
        out.print(line)
    elif step.said:
        out.print(Text(step.said, style="yellow"), soft_wrap=True)
    if step.verdict is not None:
        _violations(step.verdict, bench, told)


@standard_output()
def tell(verdict: JudgedExchange | str, bench: Monitor, told: set[FindingKey], *, only_broken: bool = False) -> None:
    """Prints a verdict, or the words for a target that gave no answer."""
    out = console()
    if isinstance(verdict, str):
        out.print(Text(verdict, style="yellow"), soft_wrap=True)
        return
    exchange = verdict.exchange
    if not only_broken or verdict.found:
        why = f"  not judged: {verdict.unjudged}" if verdict.unjudged else ""
        out.print(Text(f"{exchange.status} {exchange.label}{why}"), soft_wrap=True)
    _violations(verdict, bench, told)


def _violations(verdict: JudgedExchange, bench: Monitor, told: set[FindingKey]) -> None:
    """Prints each violation in full when it is first seen, and by its rule from then on."""
    for violation in verdict.found:
        counts, key = bench.counts(violation), FindingKey.of(violation)
        kind = "violation" if counts else "disagreement" if is_disagreement(violation) else "note"
        words = Text(f"  {kind} ", style="bold red" if counts else "cyan")
        words.append(f"{violation.rule} again" if key in told else as_text(violation), style="default")
        told.add(key)
        console().print(words, soft_wrap=True)


@standard_output()
def tell_summary(bench: Monitor, what: str) -> None:
    """Prints the last line of a command."""
    errors, notes = len(bench.errors), len(bench.notes)
    for why, count in sorted(bench.unjudged.items()):
        console().print(Text(f"{count} not judged: {why}", style="dim"), soft_wrap=True)
    verdict = f"{errors} violation{'s'[: errors != 1]}" if errors else "no violations"
    line = Text(f"{what}: ").append(verdict, style="bold red" if errors else "bold green")
    line.append(f", {notes} note{'s'[: notes != 1]}")
    if bench.disagreements:
        line.append(f", {len(bench.disagreements)} where another validator differs")
    console().print(line, soft_wrap=True)


class Voice:
    """What a proxy says while it runs. What cannot be printed must not cost the app its answers: it goes on and says no more."""

    def __init__(self, bench: Monitor, *, as_json: bool) -> None:
        self._bench, self._as_json = bench, as_json
        self._told: set[FindingKey] = set()
        self._lost: SpecimenError | None = None

    def listening(self, url: str, target: str) -> None:
        """Says where the proxy is."""
        if self._as_json:
            self._try(print_json, {"listening": url, "target": target})
        else:
            self._try(say, f"Listening on {url} for {target}. Stop with Ctrl-C.")

    def tell(self, verdict: JudgedExchange | str) -> None:
        """Says what was found in an exchange, or what went wrong."""
        if not self._as_json:
            self._try(tell, verdict, self._bench, self._told)
        elif isinstance(verdict, str):
            self._try(print_json, {"problem": verdict})
        else:
            self._try(print_json, as_values(verdict, self._bench))

    def end(self, more: str) -> None:
        """Says what came of it.

        Raises:
            SpecimenError: something could not be said.
        """
        if self._as_json:
            self._try(print_json, self._bench.summary())
        else:
            self._try(tell_summary, self._bench, f"{self._bench.exchanges} exchanges{more}")
        if self._lost is not None:
            raise self._lost

    def _try(self, function: Callable[..., None], *words: Any) -> None:
        try:
            if self._lost is None:
                function(*words)
        except SpecimenError as error:
            self._lost = error
            Console(stderr=True, highlight=False).print(f"{error} The proxy goes on, and says no more.", soft_wrap=True)
