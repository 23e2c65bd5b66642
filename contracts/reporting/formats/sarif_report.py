"""Renders a report as SARIF 2.1.0, for code scanning: results name the operation, and a file of the user's repository."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import quote

from specimen.contracts.judge.rule import Rule
from specimen.contracts.judge.severity import MARKS
from specimen.contracts.reporting.known_failures import expired_text, stale_text
from specimen.contracts.reporting.model import Found, Report
from specimen.contracts.reporting.order import rank
from specimen.contracts.reporting.place import finding_id
from specimen.contracts.reporting.samples import repetition
from specimen.specs import SpecError, load
from specimen.specs.core.json_pointer import escape
from specimen.specs.core.version import product_version

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_MARKS = {"D": "documented by the vendor", "P": "publicly known", "I": "implied by its words", "A": "an assumption of ours"}

_STEPS = {"after": "First", "repeat": "To repeat", "needs": "Needs"}


def render(report: Report) -> str:
    """Returns the text of the file."""
    return json.dumps(values(report), indent=2, ensure_ascii=False) + "\n"


def values(report: Report) -> dict[str, Any]:
    """Returns the log as JSON values. Source: SARIF 2.1.0 (OASIS), sections 3.13, 3.14, 3.27, 3.33."""
    rules = {rule.id: rule for rule in report.rules}
    everything = (*report.found, *(known.found for known in report.known))
    for entry in everything:
        violation = entry.violation
        rules.setdefault(violation.rule, Rule(violation.rule, violation.sentence, violation.mark, violation.source))
    order = {rule: index for index, rule in enumerate(rules)}
    pointers = _pointers(report.provider)
    started = datetime.fromtimestamp(report.started_at / 1000, UTC)
    ended = datetime.fromtimestamp(report.started_at / 1000 + report.seconds, UTC)
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "Specimen",
                        "semanticVersion": product_version(),
                        "rules": [_rule(rule) for rule in rules.values()],
                    }
                },
                "automationDetails": {"id": f"specimen/{report.provider}/"},
                "invocations": [
                    {
                        "executionSuccessful": report.unreachable is None and not report.interrupted,
                        "exitCode": report.exit_code,
                        "startTimeUtc": f"{started:%Y-%m-%dT%H:%M:%S}Z",
                        "endTimeUtc": f"{ended:%Y-%m-%dT%H:%M:%S}Z",
                        "toolExecutionNotifications": _notifications(report),
                    }
                ],
                "results": [
                    {**_result(report, entry, order[entry.violation.rule], pointers), **_suppressions(report, entry)}
                    for entry in everything
                ],
                "columnKind": "unicodeCodePoints",
                "properties": _properties(report),
            }
        ],
    }


def _properties(report: Report) -> dict[str, Any]:
    found = {"baseUrl": report.base_url, "command": report.command, "profile": report.profile, "seed": report.seed}
    known = {name: value for name, value in found.items() if value is not None}
    return {**known, "strict": report.strict, "failOn": report.fail_on, "requests": report.requests}


def _rule(rule: Rule) -> dict[str, Any]:
    why = f" {rule.reason[:1].upper()}{rule.reason[1:]}." if rule.reason else ""
    quote = f", “{rule.quote}”" if rule.quote else ""
    source = f"Source: {rule.source}{quote} ({_MARKS.get(rule.mark, rule.mark)}).{why}"
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in "".join(c if c.isalnum() else " " for c in rule.sentence).split())[:100],
        "shortDescription": {"text": _sentence(rule.sentence)},
        "fullDescription": {"text": f"{_sentence(rule.sentence)} {source}"},
        "help": {
            "text": f"{_sentence(rule.sentence)}\n\n{source}",
            "markdown": f"{_markdown(_sentence(rule.sentence))}\n\n{_markdown(source)}",
        },
        "defaultConfiguration": {"level": rule.severity},
        "properties": {"tags": ["kyc", "contract", MARKS[rule.mark]]},
    }


def _result(report: Report, entry: Found, index: int, pointers: Mapping[str, str]) -> dict[str, Any]:
    violation = entry.violation
    place = f" at {violation.pointer}" if violation.pointer else ""
    times = f" Seen {entry.count} times." if entry.count > 1 else ""
    said = f"answered {violation.status}" if violation.status else "gave no answer"
    text = (
        f"{violation.operation} {said}: {violation.sentence}{place}. Expected {violation.expected}; got {violation.got}.{times}\n"
    ) + "\n".join(f"{_STEPS[label]}: {text}" for label, text in repetition(entry.example))
    return {
        "ruleId": violation.rule,
        "ruleIndex": index,
        "level": violation.severity,
        "kind": "fail",
        "message": {"text": text},
        "locations": [_location(report, violation.operation, pointers)],
        "partialFingerprints": {"specimen/v1": finding_id(report, violation)},
        "occurrenceCount": entry.count,
        "rank": rank(violation),
        "properties": {
            "pointer": violation.pointer,
            "status": violation.status,
            "mark": violation.mark,
            "counted": entry in report.errors,
        },
    }


def _suppressions(report: Report, entry: Found) -> dict[str, Any]:
    """What a baseline says of a result: where one is applied all results have the property (3.27.23), empty for what counts."""
    if not report.has_baseline:
        return {}
    texts = [
        f"{known.entry.reason} ({known.entry.place}, until {known.entry.expires.isoformat()})"
        for known in report.known
        if known.found is entry
    ]
    return {"suppressions": [{"kind": "external", "status": "accepted", "justification": text} for text in texts]}


def _location(report: Report, operation: str, pointers: Mapping[str, str]) -> dict[str, Any]:
    """The operation, and the file of the user's repository where there is one: a path that is not there opens nowhere."""
    logical = {"name": operation, "fullyQualifiedName": pointers.get(operation, "/paths"), "kind": "member"}
    if report.location is None:
        return {"logicalLocations": [logical]}
    artifact = {"uri": quote(report.location), "uriBaseId": "%SRCROOT%"}
    return {"physicalLocation": {"artifactLocation": artifact, "region": {"startLine": 1}}, "logicalLocations": [logical]}


@cache
def _pointers(provider: str) -> dict[str, str]:
    """Returns the JSON pointer of each operation in the provider's document; nothing where it is not installed here."""
    try:
        operations = load(provider).document.operations.values()
    except SpecError:
        return {}
    return {operation.id: f"/paths/{escape(operation.path)}/{operation.method}" for operation in operations}


def _notifications(report: Report) -> list[dict[str, Any]]:
    texts = [(f"Target unreachable: {report.unreachable}", "error")] if report.unreachable is not None else []
    texts += [(f"Incomplete: {why}", "warning") for why in report.incomplete]
    texts += [(f"Required and never seen: {name}", "warning") for name in report.missing]
    texts += [(expired_text(known.entry), "warning") for known in report.expired]
    texts += [(stale_text(entry), "note") for entry in report.stale]
    texts += [(remark, "note") for remark in report.remarks]
    return [{"message": {"text": text}, "level": level} for text, level in texts]


def _sentence(text: str) -> str:
    first, _, rest = text.partition(" ")
    if first.isalpha() and first.islower():  # a field's name stays as it is written
        first = f"{first[:1].upper()}{first[1:]}"
    return f"{first} {rest}".strip() + ("" if text.endswith(".") else ".")


def _markdown(text: str) -> str:
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|" else char for char in text)
