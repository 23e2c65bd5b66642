"""What a run found and how far it saw, as frozen values that hold no token and no personal data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from specimen.contracts.judge.rule import ERROR, Rule, Violation
from specimen.specs import SpecimenError
from specimen.specs.core.atomic_files import write_text

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")

PASSED, VIOLATIONS, USAGE, UNREACHABLE, INCONCLUSIVE = 0, 1, 2, 3, 4
# As a shell has it for SIGINT: 128 and the signal's number.
INTERRUPTED = 130


class ReportError(SpecimenError):
    """A report that cannot be written."""


@dataclass(frozen=True, slots=True)
class Sample:
    """An exchange as a report shows it: redacted.

    `curl` repeats the request; credentials are variables of the shell. `url` is the base URL and the path's template,
    `answer` the shape of the answer with the contract's own words only, `at` milliseconds since the epoch.
    """

    method: str
    url: str
    status: int
    curl: str
    answer: str
    at: int


@dataclass(frozen=True, slots=True)
class Found:
    """A violation, how often it was seen, and the first exchange in which it was."""

    violation: Violation
    count: int
    example: Sample


@dataclass(frozen=True, slots=True)
class Covered(Generic[T]):
    """What was seen of what is possible; `seen` may hold more than `possible` does."""

    seen: tuple[T, ...] = ()
    possible: tuple[T, ...] = ()

    @property
    def missed(self) -> tuple[T, ...]:
        """What is possible and was not seen, in the order of `possible`."""
        return tuple(item for item in self.possible if item not in set(self.seen))

    @property
    def hit(self) -> tuple[T, ...]:
        """What is possible and was seen, in the order of `possible`."""
        return tuple(item for item in self.possible if item in set(self.seen))


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far a run saw: operation ids, (operation, status code), session states, lifecycle edges, rule ids."""

    operations: Covered[str] = field(default_factory=Covered)
    statuses: Covered[tuple[str, str]] = field(default_factory=Covered)
    states: Covered[str] = field(default_factory=Covered)
    edges: Covered[tuple[str, str]] = field(default_factory=Covered)
    rules: Covered[str] = field(default_factory=Covered)


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a run. `started_at` is in milliseconds since the epoch, `base_url` without user and password.

    `required` names what must be seen, as `--require` spells it, `missing` what of it was not; `unreachable` says
    why the target gave no answer; `rules` are all that were judged by; `remarks` are sentences about the run itself, such as
    a session that could not be asked for. `interrupted`: somebody ended the run before its end.
    """

    provider: str
    base_url: str
    profile: str
    seed: int
    strict: bool
    started_at: int
    seconds: float
    requests: int
    found: tuple[Found, ...]
    reach: Coverage
    missing: tuple[str, ...] = ()
    unreachable: str | None = None
    rules: tuple[Rule, ...] = ()
    required: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    interrupted: bool = False

    @property
    def errors(self) -> tuple[Found, ...]:
        """What counts: broken rules; in a strict run also those that rest on assumptions."""
        return tuple(entry for entry in self.found if self.strict or entry.violation.severity == ERROR)

    @property
    def notes(self) -> tuple[Found, ...]:
        """What is told and does not count."""
        return tuple(entry for entry in self.found if not self.strict and entry.violation.severity != ERROR)

    @property
    def exit_code(self) -> int:
        """0 all held, 1 violations, 3 unreachable, 4 inconclusive, 130 interrupted.

        Violations beat 3 and 4; notes never count; an interrupted run has no verdict.
        """
        if self.interrupted:
            return INTERRUPTED
        if self.errors:
            return VIOLATIONS
        if self.unreachable is not None:
            return UNREACHABLE
        return INCONCLUSIVE if self.missing else PASSED

    @property
    def verdict(self) -> str:
        """The exit code in words."""
        rules = len({entry.violation.rule for entry in self.errors})
        broken = f"{len(self.errors)} violation{'s'[: len(self.errors) != 1]} of {rules} rule{'s'[: rules != 1]}"
        if self.interrupted:
            return f"interrupted before its end; {broken} until then"
        if self.errors:
            return broken
        if self.unreachable is not None:
            return f"target unreachable: {self.unreachable}"
        return f"inconclusive: never seen: {', '.join(self.missing)}" if self.missing else "every rule held"


def status_words(status: int) -> str:
    """A finding's status as reports tell it; 0 stands for a request without an answer."""
    return f"status {status}" if status else "no answer"


def by_rule(found: tuple[Found, ...]) -> dict[str, tuple[Found, ...]]:
    """Findings grouped by rule, in the order of the rules' ids."""
    groups: dict[str, list[Found]] = {}
    for entry in sorted(found, key=lambda entry: entry.violation):
        groups.setdefault(entry.violation.rule, []).append(entry)
    return {rule: tuple(entries) for rule, entries in groups.items()}


def render(report: Report, format: str) -> str:  # noqa: A002 - the command's own word
    """A report as the text of a file.

    Raises:
        ReportError: there is no such format.
    """
    from specimen.contracts.reporting import html_report, json_report, junit_report, sarif_report  # noqa: PLC0415 - they know this module

    formats: dict[str, Callable[[Report], str]] = {
        "junit": junit_report.render,
        "html": html_report.render,
        "sarif": sarif_report.render,
        "json": json_report.render,
    }
    if format not in formats:
        raise ReportError(f"report '{format}': expected one of {', '.join(FORMATS)}, as in `junit=report.xml`.")
    return formats[format](report)


FORMATS = ("junit", "html", "sarif", "json")


def write(report: Report, format: str, path: Path | str) -> None:  # noqa: A002 - the command's own word
    """Writes a report whole or not at all.

    Raises:
        ReportError: there is no such format, or the path cannot be written.
    """
    try:
        write_text(Path(path), render(report, format))
    except OSError as error:
        raise ReportError(f"report {format}={path}: cannot be written: {error.strerror or error}.") from error


def wanted(option: str) -> tuple[str, Path]:
    """Format and path of a `--report FORMAT=PATH`, checked before anything is sent.

    Raises:
        ReportError: it is not of that form, or the path's folder is not there.
    """
    kind, equals, path = option.partition("=")
    if kind not in FORMATS or not equals or not path:
        raise ReportError(f"--report '{option}': expected FORMAT=PATH with one of {', '.join(FORMATS)}.")
    folder = Path(path).absolute().parent
    if not folder.is_dir():
        raise ReportError(f"--report '{option}': there is no folder {folder}. Make it first.")
    if Path(path).is_dir():
        raise ReportError(f"--report '{option}': that is a folder. Name a file in it.")
    return kind, Path(path)


def print_report(report: Report, console: Console | None = None) -> None:
    """Prints a report for a person to read; in colour on a terminal only."""
    from specimen.contracts.reporting import terminal_report  # noqa: PLC0415 - it knows this module; Rich is slow to import

    terminal_report.print_report(report, console)


def as_json(report: Report) -> dict[str, Any]:
    """A report as JSON values."""
    from specimen.contracts.reporting import json_report  # noqa: PLC0415 - it knows this module

    return json_report.values(report)
