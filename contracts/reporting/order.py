"""Orders findings by what weighs most, and groups those that have one cause."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from specimen.contracts.judge.general_rules.answer_rules import ABOUT_WHOLE_ANSWER
from specimen.contracts.judge.kind import FAILURE, KINDS, SAFETY
from specimen.contracts.judge.rule import Violation
from specimen.contracts.judge.severity import SEVERITIES
from specimen.contracts.reporting.model import Found, status_words

_MOST_GOT = 100
# What an unreadable or undocumented answer does not explain.
_OF_ITS_OWN = frozenset({FAILURE, SAFETY})


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one cause, the heaviest first. `id` is the same in every run: the rule, the status, and what was expected."""

    id: str
    found: tuple[Found, ...]

    @property
    def first(self) -> Violation:
        """The heaviest violation."""
        return self.found[0].violation

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations that have it, each once."""
        return tuple(dict.fromkeys(entry.violation.operation for entry in self.found))

    @property
    def count(self) -> int:
        """How often it was seen."""
        return sum(entry.count for entry in self.found)


def order(found: Iterable[Found]) -> tuple[Found, ...]:
    """Findings by severity, then by kind, then by count; what is alike in all of these by rule and place."""
    return tuple(sorted(found, key=lambda one: (*weight(one.violation), -one.count, one.violation, one.violation.status)))


def weight(violation: Violation) -> tuple[int, int]:
    """Severity and kind as numbers, the heaviest 0."""
    return SEVERITIES.index(violation.severity), KINDS.index(violation.kind)


def rank(violation: Violation) -> float:
    """The weight as SARIF's `rank`, from 100 (mend first) to 0. Source: SARIF 2.1.0, section 3.27.25."""
    severity, kind = weight(violation)
    steps = len(SEVERITIES) * len(KINDS) - 1
    return round(100 * (1 - (severity * len(KINDS) + kind) / steps), 1)


def groups(found: Sequence[Found]) -> tuple[Group, ...]:
    """Ordered findings grouped by cause, in the order of each group's first.

    One cause have: findings of one rule about whole answers of one status; findings of one rule and status that expect the same,
    wherever; and all that is said of an answer whose status or content type is undocumented, or that is no JSON.
    """
    whole = {
        (entry.violation.operation, entry.violation.status): _cause(entry.violation)
        for entry in reversed(found)
        if entry.violation.rule in ABOUT_WHOLE_ANSWER
    }
    collected: dict[str, list[Found]] = {}
    for entry in found:
        one = entry.violation
        unread = None if one.kind in _OF_ITS_OWN else whole.get((one.operation, one.status))
        collected.setdefault(unread or _cause(one), []).append(entry)
    return tuple(Group(name, tuple(entries)) for name, entries in collected.items())


def group_ids(found: Sequence[Found]) -> dict[int, str]:
    """The group of each finding, by `id()` of the finding."""
    return {id(entry): group.id for group in groups(found) for entry in group.found}


def mend_first(found: Sequence[Found], most: int = 3) -> tuple[str, ...]:
    """What to mend first, at most so many lines, each of another rule: the rule, the operations, what came."""
    chosen: dict[str, Group] = {}
    for group in groups(found):
        chosen.setdefault(group.first.rule, group)
    return tuple(_in_a_line(group) for group in list(chosen.values())[:most])


def _in_a_line(group: Group) -> str:
    one, more = group.first, len(group.operations) - 1
    where = f"{one.operation}{f' and {more} more' if more else ''}"
    got = one.got if len(one.got) <= _MOST_GOT else f"{one.got[:_MOST_GOT]}…"
    return f"{one.rule} at {where}, {status_words(one.status)}: {one.sentence}; got {got}"


def _cause(violation: Violation) -> str:
    """The rule and the status; for a place inside answers also a number for what was expected there."""
    name = f"{violation.rule}/{violation.severity}/{violation.status}"
    return f"{name}/{zlib.crc32(violation.expected.encode(errors='surrogatepass')):08x}" if violation.pointer else name
