"""Prints a report on a terminal."""

from __future__ import annotations

from collections import Counter

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from specimen.contracts.judge.severity import MARKS, NOTE, WARNING, counts
from specimen.contracts.reporting.inconclusive import HEADING, by_answer
from specimen.contracts.reporting.known_failures import expired_text, known_text, stale_text
from specimen.contracts.reporting.model import Covered, Found, Report, status_words
from specimen.contracts.reporting.order import Group, groups, mend_first
from specimen.contracts.reporting.samples import repetition
from specimen.specs.cli.console import console as new_console

_MOST_PER_RULE = 3
_MOST_MISSED = 12
_MOST_COMMAND = 400


def print_report(report: Report, console: Console | None = None) -> None:
    """Prints the verdict and what to mend first, the violations by weight, the coverage, the notes, and the verdict again.

    Where nothing was reached there is the verdict alone, once.
    """
    console = console or new_console(soft_wrap=True)
    if report.exit_code and (report.found or _is_anything_reached(report)):
        _headline(console, report)
        for text in mend_first(report.errors):
            _line(console, ("  Mend first: ", "bold"), (text, ""))
    _groups(console, report.errors, "red")
    if _is_anything_reached(report):
        _reach(console, report)
    if report.notes:
        console.print()
        _line(console, (f"{_uncounted(report)} Reported only, because of --fail-on {report.fail_on}.", "bold"))
        _groups(console, report.notes, "yellow")
    if report.disagreements:
        console.print()
        _line(console, ("Disagreements: another validator differs here. That decides nothing.", "bold"))
        _groups(console, report.disagreements, "cyan")
    _inconclusive(console, report)
    _baseline(console, report)
    _verdict(console, report)


def _groups(console: Console, found: tuple[Found, ...], colour: str) -> None:
    sections: dict[str, list[Group]] = {}
    for group in groups(found):
        sections.setdefault(group.first.rule, []).append(group)
    for rule, parts in sections.items():
        first = parts[0].first
        console.print()
        _line(console, (rule, f"bold {colour}"), (f"  {first.severity}", colour), (f"  {first.sentence}", "bold"))
        _line(console, (f"  {MARKS.get(first.mark, first.mark)}: {first.source}", "dim"))
        for part in parts[:_MOST_PER_RULE]:
            _entry(console, part.found[0])
            _others(console, part)
        if len(parts) > _MOST_PER_RULE:
            rest = sum(len(part.found) for part in parts[_MOST_PER_RULE:])
            _line(console, (f"  and {rest} more like it; a report of format json, html or junit has them all", "dim"))


def _uncounted(report: Report) -> str:
    """The number of findings of each severity that do not count, in words."""
    severities = Counter(entry.violation.severity for entry in report.notes)
    return ", ".join(f"{count} {name}{'s'[: count != 1]}" for name, count in severities.items()).capitalize() + "."


def _entry(console: Console, entry: Found) -> None:
    violation = entry.violation
    place = f" {violation.pointer}" if violation.pointer else ""
    times = f", {entry.count} times" if entry.count > 1 else ""
    _line(console, (f"  {violation.operation}{place}", "cyan"), (f" · {status_words(violation.status)}{times}", "dim"))
    _line(console, ("    expected  ", "dim"), (violation.expected, ""))
    _line(console, ("    got       ", "dim"), (violation.got, ""))
    for label, text in repetition(entry.example):
        _line(console, (f"    {label:<10}", "dim"), (_cut(text), ""))


def _others(console: Console, group: Group) -> None:
    """What has the same cause as a group's first finding: the operations, and what other rules say of the same answers."""
    if len(group.operations) > 1:
        more = ", ".join(group.operations[1:])
        amount = f" · {len(group.found)} findings, {group.count} times in all"
        _line(console, ("    also at   ", "dim"), (more, "cyan"), (amount, "dim"))
    rules = Counter(entry.violation.rule for entry in group.found if entry.violation.rule != group.first.rule)
    if rules:
        said = ", ".join(f"{name} ({count})" if count > 1 else name for name, count in rules.items())
        _line(console, ("    with it   ", "dim"), (f"{said}, of the same answers", ""))


def _cut(command: str) -> str:
    """A command as a terminal shows it: a long one without its end, in no form that a shell would run."""
    if len(command) <= _MOST_COMMAND:
        return command
    rest = len(command) - _MOST_COMMAND
    return f"{command[:_MOST_COMMAND]}… and {rest} characters more; a report of format json, html or junit has the whole"


def _is_anything_reached(report: Report) -> bool:
    return report.requests > 0 and bool(report.reach.operations.seen or report.reach.rules.seen)


def _reach(console: Console, report: Report) -> None:
    reach = report.reach
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name, justify in (("Covered", "left"), ("seen", "right"), ("of", "right"), ("not seen", "left")):
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for name, part in (
        ("operations", reach.operations),
        ("status codes", _named(reach.statuses, " ")),
        ("session states", reach.states),
        ("lifecycle edges", _named(reach.edges, _writable(console, " → ").replace("?", "->"))),
        ("rules exercised", reach.rules),
    ):
        table.add_row(name, *_row(part))
    console.print()
    console.print(Padding(table, (0, 0)), soft_wrap=False)
    for mark, severity in (("I", WARNING), ("A", NOTE)):
        weak = [rule.id for rule in report.rules if rule.mark == mark]
        if weak:
            how = f"{severity}s, which count here" if counts(severity, report.fail_on) else f"{severity}s, which do not count"
            text = f"{len(weak)} of {len(report.rules)} rules are {MARKS[mark]} ({how}): {', '.join(weak)}"
            console.print()
            _line(console, (text, "dim"))


def _inconclusive(console: Console, report: Report) -> None:
    if report.inconclusive:
        console.print()
        _line(console, (HEADING, "bold"))
    for entry, count, steps in by_answer(report.inconclusive):
        times = f", {count} times" if count > 1 else ""
        _line(console, (f"  {entry.operation}", "cyan"), (f" · status {entry.answer}{times}", "dim"))
        _line(console, ("    reason    ", "dim"), (entry.reason, ""))
        _line(console, ("    steps     ", "dim"), (", ".join(steps), ""))
        _line(console, ("    to do     ", "dim"), (entry.remedy, ""))


def _baseline(console: Console, report: Report) -> None:
    """The findings that a baseline knows, those that count again, and the entries that matched nothing."""
    if report.known:
        console.print()
        _line(console, ("Known failures: reported only, because the baseline lists them.", "bold"))
    seen: Counter[str] = Counter()
    for known in report.known:
        found = known.found.violation
        seen[found.rule] += 1
        if seen[found.rule] > _MOST_PER_RULE:
            continue
        place = f" {found.pointer}" if found.pointer else ""
        _line(console, (f"  {found.rule} {found.operation}{place}", "cyan"), (f" · {status_words(found.status)}", "dim"))
        _line(console, (f"    {known_text(known.entry)}", ""))
    for rule, count in seen.items():
        if count > _MOST_PER_RULE:
            rest = f"  and {count - _MOST_PER_RULE} more of {rule}"
            _line(console, (f"{rest}; a report of format json, html or junit has them all", "dim"))
    if report.expired or report.stale:
        console.print()
    for known in report.expired:
        _line(console, (expired_text(known.entry), "yellow"))
    for entry in report.stale:
        _line(console, (stale_text(entry), "yellow"))


def _named(part: Covered[tuple[str, str]], between: str) -> Covered[str]:
    return Covered(tuple(between.join(pair) for pair in part.seen), tuple(between.join(pair) for pair in part.possible))


def _row(part: Covered[str]) -> tuple[str, str, Text]:
    missed = part.missed
    more = f", and {len(missed) - _MOST_MISSED} more" if len(missed) > _MOST_MISSED else ""
    shown = ", ".join(missed[:_MOST_MISSED]) + more
    return str(len(part.hit)), str(len(part.possible)), Text(shown)


def _verdict(console: Console, report: Report) -> None:
    _headline(console, report)
    if report.exit_code == 1:
        for why in report.incomplete:
            _line(console, (f"  incomplete: {why}", "yellow"))
    if report.exit_code == 1 and report.missing:
        _line(console, (f"  never seen: {', '.join(report.missing)}", "yellow"))
    if report.exit_code == 1 and report.unreachable is not None:
        _line(console, (f"  the target stopped answering: {report.unreachable}", "yellow"))
    for remark in report.remarks:
        _line(console, (f"  {remark}", "yellow"))
    _line(console, (f"  {report.amount}", "dim"))


def _line(console: Console, *parts: tuple[str, str]) -> None:
    """One line, never wrapped by us: a command must stay one that can be copied."""
    console.print(Text.assemble(*((_writable(console, text), style) for text, style in parts)), soft_wrap=True)


def _writable(console: Console, text: str) -> str:
    """The text as the console's encoding can show it: an old Windows terminal knows no arrow."""
    return text.encode(console.encoding, "replace").decode(console.encoding)


def _headline(console: Console, report: Report) -> None:
    """The verdict in a line."""
    colour = {0: "green", 1: "red"}.get(report.exit_code, "yellow")
    word = {0: "PASSED", 1: "VIOLATED", 3: "UNREACHABLE", 4: "INCONCLUSIVE", 130: "INTERRUPTED"}[report.exit_code]
    console.print()
    _line(console, (word, f"bold {colour}"), (f"  {report.provider} at {report.base_url}: {report.verdict}", "bold"))
