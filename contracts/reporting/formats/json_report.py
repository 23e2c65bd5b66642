"""Renders a report as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from specimen.contracts.reporting.model import REPORT_VERSION, Covered, Found, Known, Report
from specimen.contracts.reporting.order import group_ids
from specimen.specs.core.version import product_version


def render(report: Report) -> str:
    """Returns the text of the file."""
    return json.dumps(values(report), indent=2, ensure_ascii=False) + "\n"


def values(report: Report) -> dict[str, Any]:
    """Returns the report as JSON values; `schema_version` is the older name of `report_version`.

    Lists of findings have the heaviest first; findings of one `group` have one cause.
    """
    group = {key: name for part in (report.errors, report.notes, report.disagreements) for key, name in group_ids(part).items()}
    return {
        "schema_version": REPORT_VERSION,
        "report_version": REPORT_VERSION,
        "specimen_version": product_version(),
        "command": report.command,
        "provider": report.provider,
        "base_url": report.base_url,
        "profile": report.profile,
        "seed": report.seed,
        "strict": report.strict,
        "fail_on": report.fail_on,
        "started_at": report.started_at,
        "seconds": round(report.seconds, 3),
        "requests": report.requests,
        "exit_code": report.exit_code,
        "verdict": report.verdict,
        "unreachable": report.unreachable,
        "required": list(report.required),
        "missing": list(report.missing),
        "incomplete": list(report.incomplete),
        "remarks": list(report.remarks),
        "inconclusive": [asdict(entry) for entry in report.inconclusive],
        "violations": [_found(entry, group) for entry in report.errors],
        "notes": [_found(entry, group) for entry in report.notes],
        "disagreements": [_found(entry, group) for entry in report.disagreements],
        "known": [_known(entry) for entry in report.known],
        "expired": [_known(entry) for entry in report.expired],
        "stale": [entry.values() for entry in report.stale],
        "reach": {
            "operations": _reached(report.reach.operations),
            "statuses": _reached(report.reach.statuses),
            "states": _reached(report.reach.states),
            "edges": _reached(report.reach.edges),
            "rules": _reached(report.reach.rules),
        },
        "rules": [
            {
                "id": rule.id,
                "sentence": rule.sentence,
                "mark": rule.mark,
                "severity": rule.severity,
                "source": rule.source,
                "reason": rule.reason,
                "quote": rule.quote,
            }
            for rule in report.rules
        ],
    }


def _found(entry: Found, group: dict[int, str]) -> dict[str, Any]:
    lists = {"after": list(entry.example.after), "needs": list(entry.example.needs)}
    values = {**asdict(entry.violation), "count": entry.count, "group": group.get(id(entry))}
    return {**values, "example": {**asdict(entry.example), **lists}}


def _known(known: Known) -> dict[str, Any]:
    """A finding with its entry of the baseline."""
    return {**_found(known.found, {}), "entry": known.entry.values()}


def _reached(part: Covered[Any]) -> dict[str, list[Any]]:
    kinds = {"seen": part.seen, "missed": part.missed, "possible": part.possible}
    return {kind: [list(item) if isinstance(item, tuple) else item for item in items] for kind, items in kinds.items()}
