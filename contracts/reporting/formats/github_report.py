"""Renders a report as workflow commands of GitHub Actions, which become annotations where they are printed."""

from __future__ import annotations

from specimen.contracts.reporting.model import Report
from specimen.contracts.reporting.place import sentence

# GitHub shows no more of one step; the rest is in the other reports.
_MOST = 10
_LEVELS = {"error": "error", "warning": "warning"}


def render(report: Report) -> str:
    """Returns the lines: `::error file=…,title=KAY-001::…` for what counts, `::warning` and `::notice` for the rest."""
    counted = set(map(id, report.errors))
    lines = []
    place = "" if report.location is None else f"file={_property(report.location)},line=1,"
    for entry in sorted(report.found, key=lambda one: id(one) not in counted)[:_MOST]:
        level = "error" if id(entry) in counted else _LEVELS.get(entry.violation.severity, "notice")
        level = "warning" if level == "error" and id(entry) not in counted else level
        title = f"{entry.violation.rule} {entry.violation.operation}"
        lines.append(f"::{level} {place}title={_property(title)}::{_message(sentence(entry))}")
    if report.unreachable is not None:
        lines.append(f"::error title=Target unreachable::{_message(report.unreachable)}")
    lines += [f"::error title=Incomplete::{_message(why)}" for why in report.incomplete]
    return "".join(line + "\n" for line in lines)


def _message(text: str) -> str:
    # Source: actions/toolkit, packages/core, README, "Annotations": what ends a command is escaped.
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
