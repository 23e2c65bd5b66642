"""Renders a report as one HTML file without external resources."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import Any

from specimen.contracts.judge.rule import Rule
from specimen.contracts.judge.severity import MARKS
from specimen.contracts.reporting.inconclusive import HEADING, by_answer
from specimen.contracts.reporting.known_failures import expired_text, stale_text
from specimen.contracts.reporting.model import Covered, Found, Report, Sample, by_rule, status_words
from specimen.contracts.reporting.samples import repetition

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #59636e; --line: #d1d9e0; --back: #fff; --soft: #f6f8fa;
  --bad: #b3261e; --ok: #17683a; --note: #7a5200 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --dim: #9aa4ae; --line: #3a424b; --back: #14181c; --soft: #1e242a;
  --bad: #ff8a80; --ok: #6fd08c; --note: #e6b450 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 64rem; margin: 0 auto; padding: 2rem 1.25rem 4rem }
h1 { font-size: 1.6rem; margin: 0 }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem }
h3 { font-size: 1rem; margin: 0 }
p { margin: .25rem 0 }
.dim { color: var(--dim) } .bad { color: var(--bad) } .ok { color: var(--ok) } .note { color: var(--note) }
.verdict { font-size: 1.15rem; font-weight: 600; margin: .5rem 0 }
section { border: 1px solid var(--line); border-radius: 6px; padding: 1rem; margin: 0 0 1rem }
article { border-top: 1px solid var(--line); margin-top: .75rem; padding-top: .75rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: .4rem 0 }
dt { color: var(--dim) }
dd { margin: 0; overflow-wrap: anywhere }
pre, code { font: 13px/1.5 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere }
pre { background: var(--soft); border-radius: 4px; padding: .6rem .75rem; margin: .4rem 0; white-space: pre-wrap }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line) }
td:first-child, td.n, th.n, td:last-child { white-space: nowrap }
td.n, th.n { text-align: right }
td.wide { white-space: normal; overflow-wrap: anywhere }
summary { cursor: pointer }
"""


def render(report: Report) -> str:
    """Returns the text of the file."""
    when = datetime.fromtimestamp(report.started_at / 1000, UTC)
    colour = {0: "ok", 1: "bad"}.get(report.exit_code, "note")
    verdict = report.verdict[:1].upper() + report.verdict[1:]
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>{_text(report.provider)}: {_text(verdict)}</title><style>{_STYLE}</style></head><body><main>",
        f'<h1>{_text(report.provider)}</h1><p class="dim">{_text(report.base_url)}</p>',
        f'<p class="verdict {colour}">{_text(verdict)}</p>',
        f'<p class="dim">{_text(report.amount)} · {when:%Y-%m-%d %H:%M:%S} UTC · exit code {report.exit_code}</p>',
    ]
    if report.missing:
        parts.append(f'<p class="note">Required and never seen: {_text(", ".join(report.missing))}</p>')
    parts += [f'<p class="note">Incomplete: {_text(why)}</p>' for why in report.incomplete]
    parts += [f'<p class="note">{_text(remark)}</p>' for remark in report.remarks]
    if report.errors:
        parts += ["<h2>Violations</h2>", *_groups(report.errors, "bad")]
    parts += _inconclusive(report)
    parts += _baseline(report)
    parts += _reach(report)
    if report.notes:
        parts.append(f'<h2>Notes</h2><p class="dim">Reported only, because of --fail-on {_text(report.fail_on)}.</p>')
        parts += _groups(report.notes, "note")
    if report.disagreements:
        parts.append('<h2>Disagreements</h2><p class="dim">Another validator differs here. That decides nothing.</p>')
        parts += _groups(report.disagreements, "note")
    parts += _rules(report)
    parts.append("</main></body></html>\n")
    return "\n".join(parts)


def _groups(found: tuple[Found, ...], colour: str) -> list[str]:
    parts = []
    for rule, entries in by_rule(found).items():
        first = entries[0].violation
        title = f'<span class="{colour}">{_text(rule)}</span> {_text(first.sentence)}'
        parts.append(f'<section id="{_text(rule)}"><h3>{title}</h3>')
        parts.append(
            f'<p class="dim">{_text(first.severity)}, {_text(MARKS.get(first.mark, first.mark))}: {_text(first.source)}</p>'
        )
        parts += [_entry(entry) for entry in entries]
        parts.append("</section>")
    return parts


def _entry(entry: Found) -> str:
    violation, example = entry.violation, entry.example
    times = f" · {entry.count} times" if entry.count > 1 else ""
    return (
        f"<article><p><code>{_text(violation.operation)} {_text(violation.pointer)}</code>"
        f'<span class="dim"> · {status_words(violation.status)}{times}</span></p>'
        f"<dl><dt>Expected</dt><dd>{_text(violation.expected)}</dd><dt>Got</dt><dd>{_text(violation.got)}</dd>"
        f"<dt>Request</dt><dd><code>{_text(example.method)} {_text(example.url)}</code></dd></dl>"
        f"{_steps(example)}<details><summary class='dim'>The answer, redacted</summary>"
        f"<pre>{_text(example.answer)}</pre></details></article>"
    )


def _steps(example: Sample) -> str:
    """Commands in their order, and what they need."""
    commands = [text for label, text in repetition(example) if label != "needs"]
    needs = [text for label, text in repetition(example) if label == "needs"]
    return "".join(f"<pre>{_text(command)}</pre>" for command in commands) + "".join(
        f'<p class="dim">Needs {_text(need)}</p>' for need in needs
    )


def _inconclusive(report: Report) -> list[str]:
    if not report.inconclusive:
        return []
    head = "<tr><th>Operation</th><th>Answer</th><th>Reason</th><th>Steps</th><th>To do</th></tr>"
    parts = [f"<h2>Inconclusive</h2><p>{_text(HEADING)}</p>", f'<div class="scroll"><table id="inconclusive">{head}']
    for entry, count, steps in by_answer(report.inconclusive):
        cells = (entry.operation, f"{entry.answer}, {count} times", entry.reason, ", ".join(steps), entry.remedy)
        parts.append("<tr>" + "".join(f'<td class="wide">{_text(cell)}</td>' for cell in cells) + "</tr>")
    return [*parts, "</table></div>"]


def _baseline(report: Report) -> list[str]:
    """The findings that a baseline knows, those that count again, and the entries that matched nothing."""
    if not (report.known or report.expired or report.stale):
        return []
    parts = ['<h2 id="known">Known failures</h2>']
    if report.known:
        head = "<tr><th>Rule</th><th>Operation</th><th>Pointer</th><th>Answer</th><th>Until</th><th>Reason</th></tr>"
        parts.append(f'<p class="dim">Reported only, because the baseline lists them.</p><div class="scroll"><table>{head}')
        for known in report.known:
            found, entry = known.found.violation, known.entry
            answer, until = status_words(found.status), entry.expires.isoformat()
            cells = (found.rule, found.operation, found.pointer, answer, until, entry.reason)
            parts.append("<tr>" + "".join(f'<td class="wide">{_text(cell)}</td>' for cell in cells) + "</tr>")
        parts.append("</table></div>")
    texts = [*(expired_text(known.entry) for known in report.expired), *map(stale_text, report.stale)]
    return [*parts, *(f'<p class="note">{_text(text)}</p>' for text in texts)]


def _reach(report: Report) -> list[str]:
    reach = report.reach
    rows = (
        ("Operations", reach.operations, ""),
        ("Status codes", reach.statuses, " "),
        ("Session states", reach.states, ""),
        ("Lifecycle edges", reach.edges, " → "),
        ("Rules exercised", reach.rules, ""),
    )
    head = '<tr><th>What</th><th class="n">Seen</th><th class="n">Of</th><th>Not seen</th></tr>'
    return ["<h2>Reached</h2>", f'<div class="scroll"><table>{head}', *(_row(*row) for row in rows), "</table></div>"]


def _row(name: str, part: Covered[Any], between: str) -> str:
    missed = ", ".join(between.join(item) if isinstance(item, tuple) else item for item in part.missed)
    numbers = f'<td class="n">{len(part.hit)}</td><td class="n">{len(part.possible)}</td>'
    return f'<tr><td>{name}</td>{numbers}<td class="wide">{_text(missed) or "–"}</td></tr>'


def _rules(report: Report) -> list[str]:
    if not report.rules:
        return []
    parts = ["<h2>Rules</h2>", '<div class="scroll"><table><tr><th>Rule</th><th>Sentence</th><th>Basis</th><th>Result</th></tr>']
    for rule in report.rules:
        colour, result = _result(report, rule)
        basis = f"{MARKS.get(rule.mark, rule.mark)}: {rule.source}"
        cells = f'<td>{_text(rule.sentence)}</td><td class="dim">{_text(basis)}</td><td class="{colour}">{result}</td>'
        parts.append(f"<tr><td>{_text(rule.id)}</td>{cells}</tr>")
    return [*parts, "</table></div>"]


def _result(report: Report, rule: Rule) -> tuple[str, str]:
    if rule.id in by_rule(report.errors):
        return "bad", "violated"
    if rule.id in by_rule(report.notes):
        return "note", by_rule(report.notes)[rule.id][0].violation.severity
    if any(known.found.violation.rule == rule.id for known in report.known):
        return "note", "known"
    return ("ok", "passed") if rule.id in report.reach.rules.seen else ("dim", "not exercised")


def _text(value: str) -> str:
    return escape("".join(char if char.isprintable() or char == "\n" else "\ufffd" for char in value), quote=True)
