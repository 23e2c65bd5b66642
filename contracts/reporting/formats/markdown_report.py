"""Renders a report as a page of Markdown, such as the summary of a job."""

from __future__ import annotations

from specimen.contracts.reporting.model import Report

_MOST = 50


def render(report: Report) -> str:
    """Returns the text of the file: the verdict, a table of what was found, and why the run saw less than it set out to."""
    counted = set(map(id, report.errors))
    lines = [
        f"### {_cell(report.provider)}: {_cell(report.verdict)}",
        "",
        f"{report.requests} requests to `{report.base_url}`.",
        "",
    ]
    if report.found:
        lines += ["| | rule | operation | status | where | expected | got | times |", "|---|---|---|---|---|---|---|---|"]
    for entry in report.found[:_MOST]:
        one = entry.violation
        mark = "violation" if id(entry) in counted else one.severity
        cells = (mark, f"{one.rule} {one.sentence}", one.operation, one.status or "no answer", one.pointer, one.expected, one.got)
        lines.append(f"| {' | '.join(_cell(str(cell)) for cell in cells)} | {entry.count} |")
    if len(report.found) > _MOST:
        lines.append(f"\n… and {len(report.found) - _MOST} more, in the other reports.")
    why = [*([report.unreachable] if report.unreachable else []), *report.incomplete, *report.remarks]
    lines += ["", *(f"- {_cell(text)}" for text in why)]
    return "\n".join(lines).rstrip() + "\n"


def _cell(text: str) -> str:
    escaped = "".join(f"\\{char}" if char in "\\`*_[]<>#|" else char for char in text)
    return " ".join(escaped.split())
