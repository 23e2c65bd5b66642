"""Writes the findings of a report as a file of known failures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import yaml

from specimen.contracts.judge.registry import listed
from specimen.contracts.redaction.values import without_fingerprints
from specimen.contracts.reporting.baseline.reader import BaselineError, load, today
from specimen.contracts.reporting.known_failures import UNEXPLAINED, Baseline, KnownFailure, any_place
from specimen.contracts.reporting.model import Report, status_words
from specimen.specs import Provider
from specimen.specs.core.atomic_files import write_text

VALID_DAYS = 90
_WIDE = 1_000_000
_HEAD = """\
# Known failures of {provider}: findings that --baseline reports and does not count. Written by --write-baseline.
# Say in `reason` why each is known; from the day after `expires` it counts again. Comments are not kept when this is rewritten.
version: 1
provider: {provider}
"""


@dataclass(frozen=True, slots=True)
class Written:
    """What a file of known failures has now: how many entries, how many of them are new or renewed, how many are gone."""

    path: Path
    entries: int
    new: int
    renewed: int
    removed: int

    @property
    def sentence(self) -> str:
        """The numbers in words."""
        parts = [f"{self.new} new with the reason '{UNEXPLAINED}'"] if self.new else []
        parts += [f"{self.renewed} expired and renewed for {VALID_DAYS} days"] if self.renewed else []
        parts += [f"{self.removed} removed, which matched nothing"] if self.removed else []
        count = f"{self.entries} known failure{'s'[: self.entries != 1]}"
        return f"{self.path}: {count}" + "".join(f", {part}" for part in parts) + "."


def target(path: Path | str, provider: Provider) -> Baseline:
    """Returns what stands in the file that is to be written, before anything is sent; nothing where there is no file yet.

    Raises:
        BaselineError: its folder is not there, or the file is another one than a file of this provider's known failures.
    """
    path = Path(path)
    if not path.absolute().parent.is_dir():
        raise BaselineError(f"--write-baseline {path}: there is no folder {path.absolute().parent}. Make it first.")
    if not path.exists():
        return Baseline(provider.name, today())
    try:
        return load(path, provider)
    except BaselineError as error:
        raise BaselineError(
            f"--write-baseline {path}: the file is there and no baseline of {provider.name}, so it is not overwritten. {error}"
        ) from error


def write(path: Path | str, report: Report, provider: Provider, before: Baseline) -> Written:
    """Writes the findings that count in a report as known failures, whole or not at all.

    Entries of `before` keep reason and day, one that has expired gets a new day; those that matched nothing are left out,
    and those that the run could not have matched stay. `report` is one to which `before` may have been applied.

    Raises:
        BaselineError: the file cannot be written.
    """
    path = Path(path)
    until = before.today + timedelta(days=VALID_DAYS)
    found = [(entry.violation, True) for entry in report.errors] + [(known.found.violation, False) for known in report.known]
    stale = _stale(report, before)
    kept = {entry.key: entry for entry in before.entries if entry not in stale}
    new = renewed = 0
    words: dict[tuple[str, str, str, int | None], str] = {}
    for violation, counts in found:
        entry = before.find(violation)
        if entry is None and counts:
            entry = KnownFailure(
                violation.rule, violation.operation, any_place(violation.pointer), UNEXPLAINED, until, violation.status
            )
            new += entry.key not in kept
            kept[entry.key] = entry
        elif entry is not None and counts and not before.is_live(entry):
            renewed += kept[entry.key] == entry
            kept[entry.key] = replace(entry, expires=until)
        if entry is not None:
            words.setdefault(
                entry.key,
                f"{violation.sentence}; {status_words(violation.status)}: expected {without_fingerprints(violation.expected)}, "
                f"got {without_fingerprints(violation.got)}",
            )
    sentences = {rule.id: rule.sentence for rule in listed(provider)}
    entries = sorted(kept.values(), key=lambda entry: (*entry.key[:3], -1 if entry.status is None else entry.status))
    text = _HEAD.format(provider=provider.name) + ("known:\n" if entries else "known: []\n")
    text += "".join(_entry(entry, words.get(entry.key, sentences.get(entry.rule, ""))) for entry in entries)
    try:
        write_text(path, text)
    except OSError as error:
        raise BaselineError(f"--write-baseline {path}: cannot be written: {error.strerror or error}.") from error
    return Written(path, len(entries), new, renewed, len(stale))


def _stale(report: Report, before: Baseline) -> tuple[KnownFailure, ...]:
    if report.interrupted or report.incomplete or report.unreachable is not None:
        return ()
    violations = [found.violation for found in (*report.found, *(known.found for known in report.known))]
    return before.unmatched(violations, report.reach.rules.seen, report.reach.operations.seen)


def _entry(entry: KnownFailure, words: str) -> str:
    values = {name: value for name, value in {
        "rule": entry.rule, "operation": entry.operation, "pointer": entry.pointer, "status": entry.status,
        "reason": entry.reason, "expires": entry.expires,
    }.items() if value is not None}  # fmt: skip
    comment = "".join(char if char.isprintable() else "\ufffd" for char in " ".join(words.split()))
    block: str = yaml.safe_dump([values], sort_keys=False, allow_unicode=True, width=_WIDE)
    return f"  # {comment}\n" + "".join(f"  {line}\n" for line in block.splitlines())
