"""The report of a run, as frozen values without tokens and personal data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from specimen.contracts.judge import severity
from specimen.contracts.judge.rule import Rule, Violation
from specimen.contracts.judge.validation import openapi_core_check
from specimen.contracts.reporting.inconclusive import Inconclusive
from specimen.contracts.reporting.known_failures import KnownFailure, any_item

T = TypeVar("T")

PASSED, VIOLATIONS, USAGE, UNREACHABLE, INCONCLUSIVE = 0, 1, 2, 3, 4
# As a shell has it for SIGINT: 128 and the signal's number.
INTERRUPTED = 130


# Raised when a field changes its meaning or the same run would be counted otherwise; new fields leave it as it is.
REPORT_VERSION = 3


class FindingKey(NamedTuple):
    """The key of a finding: equal for violations that differ only in values and list indexes.

    The status is a part of it: a 500 is never counted among other refusals.
    """

    rule: str
    severity: str
    operation: str
    status: int
    pointer: str
    expected: str

    @classmethod
    def of(cls, violation: Violation) -> FindingKey:
        """The key of a violation."""
        pointer = any_item(violation.pointer)
        return cls(violation.rule, violation.severity, violation.operation, violation.status, pointer, violation.expected)


def is_disagreement(violation: Violation) -> bool:
    """Whether a second validator differs from the first: that is listed, and decides nothing."""
    return violation.rule == openapi_core_check.RULE.id


def is_counted(violation: Violation, fail_on: str) -> bool:
    """Whether a violation fails a run that fails on this severity and those above it."""
    return not is_disagreement(violation) and severity.counts(violation.severity, fail_on)


@dataclass(frozen=True, slots=True)
class Sample:
    """An exchange as a report shows it: redacted.

    `curl` repeats the request; credentials are variables of the shell. `url` is the base URL and the path's template,
    `answer` the shape of the answer with the contract's own words only, `at` milliseconds since the epoch. `after` are the
    commands of earlier requests that the finding rests on, to be run first in the same shell; `needs` says what the variables
    stand for, and what else must be so.
    """

    method: str
    url: str
    status: int
    curl: str
    answer: str
    at: int
    after: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A violation, its count, and the first exchange that has it."""

    violation: Violation
    count: int
    example: Sample


@dataclass(frozen=True, slots=True)
class Known:
    """A finding, and the entry of the baseline that matches it."""

    found: Found
    entry: KnownFailure


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
    """The coverage of a run: operation ids, (operation, status code), session states, transitions, rule ids."""

    operations: Covered[str] = field(default_factory=Covered)
    statuses: Covered[tuple[str, str]] = field(default_factory=Covered)
    states: Covered[str] = field(default_factory=Covered)
    edges: Covered[tuple[str, str]] = field(default_factory=Covered)
    rules: Covered[str] = field(default_factory=Covered)


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a run of `command`. `started_at` is in milliseconds since the epoch, `base_url` without user and password.

    `required` names what must be seen, as `--require` spells it, `missing` what of it was not; `incomplete` are sentences that
    say why the run saw less than it set out to; `unreachable` says why the target gave no answer; `rules` are all that were
    judged by; `remarks` are sentences about the run itself, such as a session that could not be asked for. `interrupted`:
    the user ended the run. `profile` and `seed` are None where no requests were drawn. `inconclusive` are the steps that were
    refused for reasons of the account. `fail_on` is the least severity that fails the run.

    `found` are all findings but those that a baseline knows, which are `known` and never count. `expired` are findings whose
    entry has expired: they stand in `found` too. `stale` are entries that matched nothing, although the run saw their rule
    and their operation. `has_baseline`: a baseline was applied.
    `location` is the file of the user's repository that formats for code hosts point at.
    """

    provider: str
    base_url: str
    profile: str | None
    seed: int | None
    fail_on: str
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
    incomplete: tuple[str, ...] = ()
    command: str = "verify"
    inconclusive: tuple[Inconclusive, ...] = ()
    known: tuple[Known, ...] = ()
    expired: tuple[Known, ...] = ()
    stale: tuple[KnownFailure, ...] = ()
    has_baseline: bool = False
    location: str | None = None

    @property
    def strict(self) -> bool:
        """Whether notes fail the run too."""
        return self.fail_on == severity.NOTE

    @property
    def errors(self) -> tuple[Found, ...]:
        """The violations that count, by `fail_on`."""
        return tuple(entry for entry in self.found if is_counted(entry.violation, self.fail_on))

    @property
    def notes(self) -> tuple[Found, ...]:
        """The violations that are reported and do not count, by `fail_on`."""
        others = (entry for entry in self.found if not is_disagreement(entry.violation))
        return tuple(entry for entry in others if not is_counted(entry.violation, self.fail_on))

    @property
    def disagreements(self) -> tuple[Found, ...]:
        """The disagreements of a second validator with the first."""
        return tuple(entry for entry in self.found if is_disagreement(entry.violation))

    @property
    def exit_code(self) -> int:
        """0 all rules passed, 1 violations, 3 unreachable, 4 inconclusive, 130 interrupted.

        Violations beat 3 and 4; what is milder than `fail_on` never counts; an interrupted run has no verdict.
        """
        if self.interrupted:
            return INTERRUPTED
        if self.errors:
            return VIOLATIONS
        if self.unreachable is not None:
            return UNREACHABLE
        return INCONCLUSIVE if self.missing or self.incomplete else PASSED

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
        why = [text.rstrip(".") for text in self.incomplete]
        why += [f"never seen: {', '.join(self.missing)}"] if self.missing else []
        if why:
            return f"inconclusive: {'; '.join(why)}"
        count = sum(entry.count for entry in self.inconclusive)
        refused = f"; {count} request{'s'[: count != 1]} refused for reasons of the account" if count else ""
        known = len(self.known)
        passed = f"nothing new; {known} known failure{'s'[: known != 1]}" if known else "every rule passed"
        return passed + refused

    @property
    def amount(self) -> str:
        """How much was exchanged in how long, and how the requests were drawn where they were."""
        strict = "" if self.fail_on == severity.DEFAULT_FAIL_ON else f", --fail-on {self.fail_on}"
        if self.profile is None:
            return f"{self.requests} exchange{'s'[: self.requests != 1]} in {self.seconds:.1f} s, {self.command}{strict}"
        return f"{self.requests} requests in {self.seconds:.1f} s, profile {self.profile}{strict}, seed {self.seed}"


def status_words(status: int) -> str:
    """Returns a finding's status for reports; 0 stands for a request without an answer."""
    return f"status {status}" if status else "no answer"


def by_rule(found: tuple[Found, ...]) -> dict[str, tuple[Found, ...]]:
    """Findings grouped by rule, in the order of each rule's first."""
    groups: dict[str, list[Found]] = {}
    for entry in found:
        groups.setdefault(entry.violation.rule, []).append(entry)
    return {rule: tuple(entries) for rule, entries in groups.items()}
