"""The rules of what a vendor sends, and what breaks one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from specimen.contracts.judge.kind import CONSISTENCY, SAFETY, SCHEMA
from specimen.contracts.judge.rule import Rule, Violation
from specimen.specs import SpecimenError
from specimen.specs.core.errors import did_you_mean
from specimen.specs.core.terminal_text import shown
from specimen.specs.loading.webhooks import Webhooks

MISSING = "WHK-006"
_ORDER = "no page says in which order events come"


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery as it was recorded; `at` is in seconds since the epoch.

    `answered` is the receiver's status and `target` the URL that it was sent to, where they are known.
    """

    at: float
    headers: Mapping[str, str]
    body: bytes
    answered: int | None = None
    target: str = ""


def rules(webhooks: Webhooks) -> dict[str, Rule]:
    """The rules of what a vendor sends, by id; their marks are those of the facts that they rest on."""
    mark, source = webhooks.mark, webhooks.source
    found = (
        Rule("WHK-001", "a delivery is signed, and encrypted, as documented, when it is sent", mark, source, kind=SAFETY),
        Rule("WHK-002", "the cleartext of an event has the documented form", mark, source, kind=SCHEMA),
        Rule("WHK-003", "the headers say what the body says", mark, source, kind=CONSISTENCY),
        Rule("WHK-004", "an event fits the status that it shows", mark, source, kind=CONSISTENCY),
        Rule("WHK-005", "the statuses of a session's events follow its lifecycle", "A", source, reason=_ORDER, kind=CONSISTENCY),
        Rule(MISSING, "every event that a status promises is sent", mark, source, kind=CONSISTENCY),
        Rule(
            "WHK-007",
            "a failed delivery is tried again by the documented schedule",
            webhooks.schedule_mark,
            source,
            reason=webhooks.schedule_reason,
            kind=CONSISTENCY,
        ),
        Rule("WHK-008", "no event tells of what did not happen", mark, source, kind=SAFETY),
    )
    without = {"WHK-003"} if not webhooks.headers else set()
    without |= {"WHK-004", "WHK-005"} if webhooks.status_at is None else set()
    return {rule.id: rule for rule in found if rule.id not in without}


# A violation, or the id of a rule that compares here and may find nothing.
Line = Violation | str


def violation_of(rule: Rule, operation: str, pointer: str, expected: str, got: str) -> Violation:
    """What breaks a rule; `operation` is the type of the event, `pointer` a place in its cleartext."""
    return Violation(
        rule=rule.id, severity=rule.severity, operation=operation, pointer=pointer, expected=expected, got=got,
        sentence=rule.sentence, source=rule.source, mark=rule.mark, kind=rule.kind,
    )  # fmt: skip


def checked_types(webhooks: Webhooks, types: Sequence[str]) -> tuple[str, ...]:
    """Types of event that a vendor sends.

    Raises:
        SpecimenError: one is none of them.
    """
    for one in types:
        if one not in webhooks.events:
            raise SpecimenError(f"webhook type '{shown(one)}': there is none. {did_you_mean(one, webhooks.events)}")
    return tuple(types)


def counted(violations: Iterable[Violation]) -> dict[Violation, int]:
    """Equal violations once, with their number."""
    counts: dict[Violation, int] = {}
    for violation in violations:
        counts[violation] = counts.get(violation, 0) + 1
    return counts
