"""Known failures in a pytest run: the files of the configuration, and what they say at the end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from specimen.contracts.reporting.known_failures import Baseline
    from specimen.contracts.reporting.model import Report

OPTION = "kyc_contract_baseline"
_KNOWN = "kyc_contract_known"
_STALE = "kyc_contract_stale"
_MATCHED = "kyc_contract_matched"


def configured(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The baselines of the configuration, and the folder that names of files begin at."""
    return {"baselines": tuple(request.config.getini(OPTION)), "folder": request.config.rootpath}


def known_failures(name: str, file: Path | None, baselines: Sequence[Path]) -> Baseline | None:
    """Returns the known failures of a provider in `file`, or in those of `baselines` that are for it.

    Raises:
        SpecimenError: a file is missing or invalid, or `file` is for another provider.
    """
    if file is None and not baselines:
        return None
    from specimen import specs
    from specimen.contracts.reporting.baseline.reader import load, provider_of

    provider = specs.load(name)
    if file is not None:
        return load(file, provider)
    own = [load(path, provider) for path in baselines if provider_of(path) == name]
    return own[0].joined(*own[1:]) if own else None


def properties_of(reports: Sequence[Report]) -> list[tuple[str, object]]:
    """What the baselines say of a test, as properties of its report that xdist's workers hand over."""
    if not reports:
        return []
    from specimen.contracts.reporting.known_failures import known_text, stale_text
    from specimen.contracts.traffic.monitor import as_text

    found: list[tuple[str, object]] = []
    for report in reports:
        found += [(_KNOWN, f"{as_text(one.found.violation)} ({known_text(one.entry)})") for one in report.known]
        found += [(_MATCHED, stale_text(one.entry)) for one in (*report.known, *report.expired)]
        found += [(_STALE, stale_text(entry)) for entry in report.stale]
    return found


def print_baselines(terminalreporter: Any) -> None:
    """Shows the known failures of all tests, and the entries that no test matched, although one could have."""
    known: dict[str, set[str]] = {}
    stale, matched = set[str](), set[str]()
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == _KNOWN:
                    known.setdefault(str(value), set()).add(report.nodeid)
                elif name in (_STALE, _MATCHED):
                    (stale if name == _STALE else matched).add(str(value))
    if known:
        terminalreporter.section("known failures of kyc_contract: they fail no test")
        for text, tests in sorted(known.items()):
            terminalreporter.line(f"{text} ({len(tests)} test{'s'[: len(tests) > 1]})")
    if stale - matched:
        terminalreporter.section("stale entries of the baseline of kyc_contract")
        for text in sorted(stale - matched):
            terminalreporter.line(text)
