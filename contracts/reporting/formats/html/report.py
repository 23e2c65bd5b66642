"""Renders a report as one HTML file that loads nothing."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from specimen.contracts.judge.rule import Rule
from specimen.contracts.judge.severity import MARKS
from specimen.contracts.reporting.formats.html.findings import anchors, filter_form, sections, text
from specimen.contracts.reporting.formats.html.script import SCRIPT
from specimen.contracts.reporting.formats.html.style import STYLE
from specimen.contracts.reporting.inconclusive import HEADING, by_answer
from specimen.contracts.reporting.known_failures import expired_text, stale_text
from specimen.contracts.reporting.model import Covered, Found, Report, by_rule, status_words
from specimen.contracts.reporting.order import Group, groups, mend_first


def render(report: Report) -> str:
    """Returns the text of the file."""
    return "\n".join(_page(report)) + "\n"


def _page(report: Report) -> Iterator[str]:
    verdict = report.verdict[:1].upper() + report.verdict[1:]
    policy = f"default-src 'none'; style-src '{_hash(STYLE)}'; script-src '{_hash(SCRIPT)}'; base-uri 'none'; form-action 'none'"
    title = f"{report.provider}: {verdict} - Specimen {report.command}"
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield f"<title>{text(title)}</title><style>{STYLE}</style></head><body>"
    yield '<a class="skip" href="#findings">Skip to the findings</a><main>'
    yield from _head(report, verdict)
    parts = _parts(report)
    named = anchors([group for _, _, _, found in parts for group in groups(found)])
    yield from _contents(report, parts, named)
    yield f'<div id="findings" tabindex="-1">{filter_form(report)}'
    for name, heading, said, found in parts:
        yield f'<h2 id="{name}">{heading}</h2>{said}'
        yield from sections(found, named)
    yield "</div>"
    yield from _inconclusive(report)
    yield from _baseline(report)
    yield from _reach(report)
    yield from _rules(report)
    yield f"</main><script>{SCRIPT}</script></body></html>"


def _hash(content: str) -> str:
    """The source of an inline element for a Content-Security-Policy. Source: CSP Level 3, section 2.3.1."""
    return f"sha256-{b64encode(sha256(content.encode()).digest()).decode()}"


def _head(report: Report, verdict: str) -> Iterator[str]:
    when = datetime.fromtimestamp(report.started_at / 1000, UTC)
    colour = {0: "ok", 1: "bad"}.get(report.exit_code, "note")
    yield f'<h1>{text(report.provider)}</h1><p class="dim">{text(report.base_url)}</p>'
    yield f'<p class="verdict {colour}">{text(verdict)}</p>'
    yield f'<p class="dim">{text(report.amount)} · {when:%Y-%m-%d %H:%M:%S} UTC · exit code {report.exit_code}</p>'
    first = mend_first(report.errors)
    if first:
        yield f"<p><strong>Mend first</strong></p><ol>{''.join(f'<li>{text(line)}</li>' for line in first)}</ol>"
    if report.missing:
        yield f'<p class="note">Required and never seen: {text(", ".join(report.missing))}</p>'
    yield from (f'<p class="note">Incomplete: {text(why)}</p>' for why in report.incomplete)
    yield from (f'<p class="note">{text(remark)}</p>' for remark in report.remarks)


# Of a part of the findings: the name for links, the heading, a sentence as HTML, and the findings.
_Part = tuple[str, str, str, tuple[Found, ...]]


def _parts(report: Report) -> list[_Part]:
    notes = f'<p class="dim">Reported only, because of --fail-on {text(report.fail_on)}.</p>'
    differs = '<p class="dim">Another validator differs here. That decides nothing.</p>'
    every: list[_Part] = [
        ("violations", "Violations", "", report.errors),
        ("notes", "Notes", notes, report.notes),
        ("disagreements", "Disagreements", differs, report.disagreements),
    ]
    return [part for part in every if part[3]]


def _contents(report: Report, parts: Sequence[_Part], named: dict[str, str]) -> Iterator[str]:
    yield '<nav aria-label="Contents"><h2>Contents</h2><ul>'
    for name, heading, _, found in parts:
        links = "".join(f"<li>{_link(named[group.id], group)}</li>" for group in groups(found))
        yield f'<li><a href="#{name}">{heading}</a> <span class="dim">{len(found)}</span><ul>{links}</ul></li>'
    others = (
        ("inconclusive", "Inconclusive", bool(report.inconclusive)),
        ("known", "Known failures", bool(report.known or report.expired or report.stale)),
        ("reached", "Reached", _is_reached(report)),
        ("rules", "Rules", bool(report.rules)),
    )
    yield "".join(f'<li><a href="#{name}">{heading}</a></li>' for name, heading, is_there in others if is_there)
    yield "</ul></nav>"


def _link(name: str, group: Group) -> str:
    more = len(group.operations) - 1
    place = group.first.operation + (f" {group.first.pointer}" if group.first.pointer else "")
    where = place + (f" and {more} more" if more else "")
    link = f'<a href="#{text(name)}">{text(group.first.rule)}</a>'
    return f'{link} {text(group.first.sentence)} <span class="dim">{text(where)}</span>'


def _table(name: str, heads: Sequence[str], rows: Sequence[Sequence[tuple[str, str]]]) -> Iterator[str]:
    """A table; cells are their class and their HTML. On a narrow screen each cell tells its column's name."""
    yield f'<table id="{name}-table"><thead><tr>{"".join(f"<th>{head}</th>" for head in heads)}</tr></thead><tbody>'
    for row in rows:
        cells = zip(heads, row, strict=True)
        yield "<tr>" + "".join(f'<td class="{kind}" data-label="{head}">{cell}</td>' for head, (kind, cell) in cells) + "</tr>"
    yield "</tbody></table>"


def _inconclusive(report: Report) -> Iterator[str]:
    if not report.inconclusive:
        return
    yield f'<h2 id="inconclusive">Inconclusive</h2><p>{text(HEADING)}</p>'
    rows = [
        [("", text(cell)) for cell in (one.operation, f"{one.answer}, {count} times", one.reason, ", ".join(steps), one.remedy)]
        for one, count, steps in by_answer(report.inconclusive)
    ]
    yield from _table("inconclusive", ("Operation", "Answer", "Reason", "Steps", "To do"), rows)


def _baseline(report: Report) -> Iterator[str]:
    """The findings that a baseline knows, those that count again, and the entries that matched nothing."""
    if not (report.known or report.expired or report.stale):
        return
    yield '<h2 id="known">Known failures</h2>'
    if report.known:
        yield '<p class="dim">Reported only, because the baseline lists them.</p>'
        rows = [
            [("", text(cell)) for cell in (one.rule, one.operation, one.pointer, status_words(one.status), until, reason)]
            for one, until, reason in (
                (known.found.violation, known.entry.expires.isoformat(), known.entry.reason) for known in report.known
            )
        ]
        yield from _table("known", ("Rule", "Operation", "Pointer", "Answer", "Until", "Reason"), rows)
    texts = [*(expired_text(known.entry) for known in report.expired), *map(stale_text, report.stale)]
    yield from (f'<p class="note">{text(one)}</p>' for one in texts)


def _is_reached(report: Report) -> bool:
    return bool(report.reach.operations.seen or report.reach.rules.seen)


def _reach(report: Report) -> Iterator[str]:
    if not _is_reached(report):
        return
    reach = report.reach
    rows = (
        ("Operations", reach.operations, ""),
        ("Status codes", reach.statuses, " "),
        ("Session states", reach.states, ""),
        ("Lifecycle edges", reach.edges, " → "),
        ("Rules exercised", reach.rules, ""),
    )
    yield '<h2 id="reached">Reached</h2>'
    yield from _table("reached", ("What", "Seen", "Of", "Not seen"), [_row(*row) for row in rows])


def _row(name: str, part: Covered[Any], between: str) -> list[tuple[str, str]]:
    missed = ", ".join(between.join(item) if isinstance(item, tuple) else item for item in part.missed)
    return [("id", name), ("n", str(len(part.hit))), ("n", str(len(part.possible))), ("", text(missed) or "–")]


def _rules(report: Report) -> Iterator[str]:
    if not report.rules:
        return
    yield '<h2 id="rules">Rules</h2>'
    rows = []
    for rule in report.rules:
        colour, result = _result(report, rule)
        basis = f"{MARKS.get(rule.mark, rule.mark)}: {rule.source}"
        rows.append([("id", text(rule.id)), ("", text(rule.sentence)), ("dim", text(basis)), (colour, result)])
    yield from _table("rules", ("Rule", "Sentence", "Basis", "Result"), rows)


def _result(report: Report, rule: Rule) -> tuple[str, str]:
    if rule.id in by_rule(report.errors):
        return "bad", "violated"
    if rule.id in by_rule(report.notes):
        return "note", by_rule(report.notes)[rule.id][0].violation.severity
    if any(known.found.violation.rule == rule.id for known in report.known):
        return "note", "known"
    return ("ok", "passed") if rule.id in report.reach.rules.seen else ("dim", "not exercised")
