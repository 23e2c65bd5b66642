"""The findings of an HTML report: a section for each cause, an article for each finding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import count

from specimen.contracts.judge.severity import MARKS, SEVERITIES
from specimen.contracts.reporting.model import Found, Report, status_words
from specimen.contracts.reporting.order import Group, groups
from specimen.contracts.reporting.samples import repetition

_MOST_OPEN = 1
_HEADINGS = {"after": "Run first", "repeat": "Request, to repeat it"}
COLOURS = {"error": "bad", "warning": "note", "note": "note"}


def text(value: str) -> str:
    """A text as HTML; what cannot be printed is U+FFFD."""
    return escape("".join(char if char.isprintable() or char == "\n" else "\ufffd" for char in value), quote=True)


def anchors(found: Sequence[Group]) -> dict[str, str]:
    """By the groups' ids, names for links: the rule, with a number from its second group on."""
    names: dict[str, str] = {}
    for group in found:
        rule = group.first.rule
        names[group.id] = rule if rule not in names.values() else next(
            name for number in count(2) if (name := f"{rule}-{number}") not in names.values()
        )  # fmt: skip
    return names


def filter_form(report: Report) -> str:
    """The form that filters findings, hidden until the script shows it; empty where there is nothing to filter."""
    if not report.found:
        return ""
    operations = sorted({entry.violation.operation for entry in report.found})
    severities = [name for name in SEVERITIES if any(entry.violation.severity == name for entry in report.found)]
    return (
        '<form hidden role="search" aria-label="Filter findings">'
        f'<label>Operation<select name="operation"><option value="">all</option>{_options(operations)}</select></label>'
        f'<label>Severity<select name="severity"><option value="">all</option>{_options(severities)}</select></label>'
        '<label>Text<input name="text" type="search" autocomplete="off"></label>'
        '<button type="reset">Clear</button><output aria-live="polite"></output></form>'
    )


def _options(values: Sequence[str]) -> str:
    return "".join(f'<option value="{text(value)}">{text(value)}</option>' for value in values)


def sections(found: tuple[Found, ...], names: Mapping[str, str]) -> Iterator[str]:
    """A section for each group of findings; `names` are those of `anchors`."""
    for group in groups(found):
        first = group.first
        colour = COLOURS[first.severity]
        yield f'<section id="{text(names[group.id])}" aria-labelledby="{text(names[group.id])}-h">'
        yield f'<h3 id="{text(names[group.id])}-h"><span class="{colour}">{text(first.rule)}</span> {text(first.sentence)}</h3>'
        mark = f"{first.severity}, {MARKS.get(first.mark, first.mark)}: {first.source}"
        yield f'<p class="dim">{text(mark)}</p>'
        if len(group.operations) > 1:
            yield f'<p class="dim">One cause at {len(group.operations)} operations: {text(", ".join(group.operations))}</p>'
        yield from (_article(entry, group) for entry in group.found[:_MOST_OPEN])
        rest = group.found[_MOST_OPEN:]
        if rest:
            yield f'<details class="more"><summary>{len(rest)} more of this cause</summary>'
            yield from (_article(entry, group) for entry in rest)
            yield "</details>"
        yield "</section>"


def _article(entry: Found, group: Group) -> str:
    one, example = entry.violation, entry.example
    times = f" · {entry.count} times" if entry.count > 1 else ""
    other = "" if one.rule == group.first.rule else f"<p><strong>{text(one.rule)}</strong> {text(one.sentence)}</p>"
    return (
        f'<article data-operation="{text(one.operation)}" data-severity="{text(one.severity)}">{other}'
        f"<p><code>{text(one.operation)} {text(one.pointer)}</code>"
        f'<span class="dim"> · {status_words(one.status)}{times}</span></p>'
        f"<dl><dt>Expected</dt><dd>{text(one.expected)}</dd><dt>Got</dt><dd>{text(one.got)}</dd></dl>"
        f'<div class="pair"><div>{_request(entry)}</div><div><p><code>{status_words(example.status)}</code></p>'
        f'<div class="bar"><h4>Answer, redacted</h4></div><pre>{text(example.answer)}</pre></div></div></article>'
    )


def _request(entry: Found) -> str:
    """The request, its commands in their order, and what they need."""
    example = entry.example
    parts = [f"<p><code>{text(example.method)} {text(example.url)}</code></p>"]
    for label, line in repetition(example):
        if label in _HEADINGS:
            parts.append(f'<div class="bar" data-copies><h4>{_HEADINGS[label]}</h4></div><pre>{text(line)}</pre>')
        else:
            parts.append(f'<p class="dim">Needs: {text(line)}</p>')
    return "".join(parts)
