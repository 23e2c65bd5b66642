"""Known failures: entries of a baseline, the findings that they match, and those that matched nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from specimen.contracts.redaction.curl_command import shown_method
from specimen.contracts.redaction.values import without_fingerprints

if TYPE_CHECKING:
    from specimen.contracts.judge.rule import Violation

UNEXPLAINED = "not yet explained"
_ITEM = re.compile(r"/\d+(?=/|$)")
UNDOCUMENTED = re.compile(r"[A-Z]+ \(no documented operation\)")


def any_item(pointer: str) -> str:
    """Returns a JSON pointer with `*` in place of each number: `/data/0/id` is `/data/*/id`."""
    return _ITEM.sub("/*", pointer)


def any_place(pointer: str) -> str:
    """Returns the same without fingerprints of names that the contract does not know: they are others in each run."""
    return any_item(without_fingerprints(pointer))


@dataclass(frozen=True, slots=True)
class KnownFailure:
    """An entry of a baseline. It is valid to the end of the day `expires` (UTC); `status` None stands for any.

    `pointer` is a JSON pointer with `*` for the items of lists and `#` for unknown names; `file` and `line` say where the entry
    """

    rule: str
    operation: str
    pointer: str
    reason: str
    expires: date
    status: int | None = None
    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)

    @property
    def key(self) -> tuple[str, str, str, int | None]:
        """What it matches by."""
        return self.rule, self.operation, self.pointer, self.status

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.file}:{self.line}"

    @property
    def subject(self) -> str:
        """Rule, operation, pointer and status in words."""
        status = "" if self.status is None else f", status {self.status}" if self.status else ", no answer"
        return f"{self.rule} {self.operation} {self.pointer}".rstrip() + status

    def values(self) -> dict[str, Any]:
        """Returns the entry as JSON values."""
        return {
            "rule": self.rule, "operation": self.operation, "pointer": self.pointer, "status": self.status,
            "reason": self.reason, "expires": self.expires.isoformat(), "file": self.file, "line": self.line,
        }  # fmt: skip


@dataclass(frozen=True)
class Baseline:
    """The known failures of a provider, as of a day."""

    provider: str
    today: date
    entries: tuple[KnownFailure, ...] = ()
    _by_place: dict[tuple[str, str, str], list[KnownFailure]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for entry in self.entries:
            self._by_place.setdefault(entry.key[:3], []).append(entry)

    def is_live(self, entry: KnownFailure) -> bool:
        """Whether an entry has not expired."""
        return self.today <= entry.expires

    def find(self, violation: Violation) -> KnownFailure | None:
        """Returns the entry that matches a violation: a live one before an expired one, then one with a status."""
        place = (violation.rule, _shown(violation.operation), any_place(violation.pointer))
        found = [entry for entry in self._by_place.get(place, ()) if entry.status in (None, violation.status)]
        return min(found, key=lambda entry: (not self.is_live(entry), entry.status is None), default=None)

    def knows(self, violation: Violation) -> bool:
        """Whether a live entry matches a violation, which does not count then."""
        entry = self.find(violation)
        return entry is not None and self.is_live(entry)

    def unmatched(
        self, violations: Iterable[Violation], rules: Iterable[str], operations: Iterable[str]
    ) -> tuple[KnownFailure, ...]:
        """Returns the entries that match none of the violations, although rule and operation are among those that were seen."""
        matched = {entry.key for entry in map(self.find, violations) if entry is not None}
        exercised, seen = set(rules), set(operations)
        return tuple(
            entry
            for entry in self.entries
            if entry.key not in matched
            and entry.rule in exercised
            and (entry.operation in seen or UNDOCUMENTED.fullmatch(entry.operation))
        )

    def joined(self, *more: Baseline) -> Baseline:
        """Returns the entries of all."""
        return replace(self, entries=tuple(entry for one in (self, *more) for entry in one.entries))


def _shown(operation: str) -> str:
    """An operation as reports show it: of one that is not documented the judge knows the method as it was sent."""
    method, _, rest = operation.partition(" ")
    return f"{shown_method(method)} {rest}" if rest == "(no documented operation)" else operation


def stale_text(entry: KnownFailure) -> str:
    """The sentence for an entry that matched nothing."""
    return f"{entry.place}: {entry.subject} matched nothing in this run. Remove the entry that begins on this line."


def known_text(entry: KnownFailure) -> str:
    """The words for a finding that does not count."""
    return f"known until {entry.expires.isoformat()}: {entry.reason}"


def expired_text(entry: KnownFailure) -> str:
    """The words for a finding that counts again."""
    return f"{entry.place}: {entry.subject} counts again: it was known until {entry.expires.isoformat()}: {entry.reason}"
