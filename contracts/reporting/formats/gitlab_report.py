"""Renders a report as GitLab's code quality report, which merge requests show beside the changed lines."""

from __future__ import annotations

import json
from hashlib import sha256

from specimen.contracts.reporting.model import Report
from specimen.contracts.reporting.place import finding_id, sentence

# Source: GitLab documentation, Code Quality, "Code Quality report format".
# The form wants a path; without a file of the user's repository it is that of the pipeline, by its default name.
_DEFAULT_PATH = ".gitlab-ci.yml"
_SEVERITIES = {"error": "major", "warning": "minor", "note": "info"}


def render(report: Report) -> str:
    """Returns the text of the file."""
    place = {"path": report.location or _DEFAULT_PATH, "lines": {"begin": 1}}
    values = [
        {
            "description": sentence(entry),
            "check_name": entry.violation.rule,
            "fingerprint": finding_id(report, entry.violation),
            "severity": _SEVERITIES.get(entry.violation.severity, "info"),
            "location": place,
        }
        for entry in report.found
    ]
    # The form has findings alone: what the run did not see stands there too, or a report without findings would be a good one.
    values += [
        {
            "description": why,
            "check_name": "incomplete",
            "fingerprint": sha256(f"{report.provider} {why}".encode(errors="surrogatepass")).hexdigest(),
            "severity": "major",
            "location": place,
        }
        for why in (*([report.unreachable] if report.unreachable is not None else []), *report.incomplete)
    ]
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"
