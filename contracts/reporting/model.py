"""The report of a run, as frozen values without tokens and personal data."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from specimen.contracts.judge import openapi_core_check
from specimen.contracts.judge.rule import ERROR, Rule, Violation
from specimen.contracts.reporting.inconclusive import Inconclusive

T = TypeVar("T")

PASSED, VIOLATIONS, USAGE, UNREACHABLE, INCONCLUSIVE = 0, 1, 2, 3, 4
# As a shell has it for SIGINT: 128 and the signal's number.
INTERRUPTED = 130


# Raised when a field changes its meaning or the same run would be counted otherwise; new fields leave it as it is.
REPORT_VERSION = 2
_ITEM = re.compile(r"/\d+(?=/|$)")


class FindingKey(NamedTuple):
    """The key of a finding: equal for violations that differ only in values and list indexes."""

    rule: str
    severity: str
    operation: str
    pointer: str
    expected: str

    @classmethod
    def of(cls, violation: Violation) -> FindingKey:
        """The key of a violation."""
        pointer = _ITEM.sub("/*", violation.pointer)
        return cls(violation.rule, violation.severity, violation.operation, pointer, violation.expected)


def is_disagreement(violation: Violation) -> bool:
    """Whether a second validator differs from the first: that is listed, and decides nothing."""
    return violation.rule == openapi_core_check.RULE.id


def is_counted(violation: Violation, *, strict: bool) -> bool:
    """Whether a violation fails a run: a broken rule, and in a strict run one that rests on an assumption."""
    return not is_disagreement(violation) and (strict or violation.severity == ERROR)


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
    """A violation, its count, and the first exchange that has it."""

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
    refused for reasons of the account.
    """

    provider: str
    base_url: str
    profile: str | None
    seed: int | None
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
    incomplete: tuple[str, ...] = ()
    command: str = "verify"
    inconclusive: tuple[Inconclusive, ...] = ()

    @property
    def errors(self) -> tuple[Found, ...]:
        """The violations that count; in a strict run also those of assumed rules."""
        return tuple(entry for entry in self.found if is_counted(entry.violation, strict=self.strict))

    @property
    def notes(self) -> tuple[Found, ...]:
        """The notes, which are reported and do not count."""
        others = (entry for entry in self.found if not is_disagreement(entry.violation))
        return tuple(entry for entry in others if not is_counted(entry.violation, strict=self.strict))

    @property
    def disagreements(self) -> tuple[Found, ...]:
        """The disagreements of a second validator with the first."""
        return tuple(entry for entry in self.found if is_disagreement(entry.violation))

    @property
    def exit_code(self) -> int:
        """0 all rules passed, 1 violations, 3 unreachable, 4 inconclusive, 130 interrupted.

        Violations beat 3 and 4; notes never count; an interrupted run has no verdict.
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
        refused = f"{count} request{'s'[: count != 1]} refused for reasons of the account" if count else ""
        return f"every rule passed; {refused}" if refused else "every rule passed"

    @property
    def amount(self) -> str:
        """How much was exchanged in how long, and how the requests were drawn where they were."""
        strict = ", strict" if self.strict else ""
        if self.profile is None:
            return f"{self.requests} exchange{'s'[: self.requests != 1]} in {self.seconds:.1f} s, {self.command}{strict}"
        return f"{self.requests} requests in {self.seconds:.1f} s, profile {self.profile}{strict}, seed {self.seed}"


def status_words(status: int) -> str:
    """Returns a finding's status for reports; 0 stands for a request without an answer."""
    return f"status {status}" if status else "no answer"


def by_rule(found: tuple[Found, ...]) -> dict[str, tuple[Found, ...]]:
    """Findings grouped by rule, in the order of the rules' ids."""
    groups: dict[str, list[Found]] = {}
    for entry in sorted(found, key=lambda entry: entry.violation):
        groups.setdefault(entry.violation.rule, []).append(entry)
    return {rule: tuple(entries) for rule, entries in groups.items()}
