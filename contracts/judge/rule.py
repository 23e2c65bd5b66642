"""Rules, findings and violations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from specimen.contracts.judge.kind import CONSISTENCY, kind_of
from specimen.contracts.judge.severity import severity_of, weakest
from specimen.contracts.redaction.values import redacted, shown_pointer, words

if TYPE_CHECKING:
    from specimen.contracts.http.exchange import Exchange
    from specimen.contracts.judge.history import History

__all__ = ["EXAMINED", "Examined", "Finding", "Rule", "Violation", "rule"]


class Finding(NamedTuple):
    """A finding of a rule's function: where (a JSON pointer into the answer), what was expected, what came.

    `is_assumed` makes it a note: the rule is documented, what it rests on here is not. `mark` likewise says that it rests on
    something less certain than the rule itself. `rests_on` are the pointers that were
    looked at besides: where one of these fields breaks the schema, the rule is silent.
    """

    pointer: str
    expected: str
    got: Any
    is_assumed: bool = False
    rests_on: tuple[str, ...] = ()
    mark: str = "D"


class Examined(Enum):
    """What a rule's function yields where it compares, before it yields a finding or none: another answer could break it here.

    The report counts a rule as exercised where it says so. A finding says so too.
    """

    EXAMINED = "examined"


EXAMINED: Final = Examined.EXAMINED

Check = Callable[["Exchange", "History"], Iterable[Finding | Examined]]


@dataclass(frozen=True)
class Rule:
    """A promise of the vendor. `mark`: D documented, P public, I implied, A assumed; the severity follows from it.

    `quote` are the words of the vendor's page that an implied rule follows from.

    `check` is None where the rule stands in the spec's schemas. `kind` is what kind of fault it finds, where that does not follow
    from the exchange (see `kind_of`).
    """

    id: str
    sentence: str
    mark: str
    source: str
    check: Check | None = field(default=None, compare=False)
    reason: str = ""
    replaces: tuple[str, ...] = ()
    quote: str = ""
    kind: str = ""

    @property
    def severity(self) -> str:
        """error; warning where the rule is implied, note where it rests on an assumption."""
        return severity_of(self.mark)

    def findings(self, exchange: Exchange, history: History) -> Iterator[Finding]:
        """What the rule finds in an exchange; nothing where it stands in the spec's schemas."""
        for one in self.check(exchange, history) if self.check is not None else ():
            if one is not EXAMINED:
                yield one


@dataclass(frozen=True, order=True)
class Violation:
    """A broken rule in an exchange. Values are redacted: it holds no token and no personal data."""

    rule: str
    severity: str
    operation: str
    pointer: str
    expected: str
    got: str
    sentence: str = field(compare=False)
    source: str = field(compare=False)
    mark: str = field(compare=False)
    status: int = 0
    kind: str = field(compare=False, default=CONSISTENCY)

    @classmethod
    def of(cls, rule: Rule, exchange: Exchange, finding: Finding) -> Violation:
        """A finding of a rule in an exchange."""
        known = words(exchange.provider)
        mark = weakest(rule.mark, "A" if finding.is_assumed else finding.mark)
        return cls(
            rule=rule.id,
            severity=severity_of(mark),
            operation=exchange.operation.id if exchange.operation else exchange.label,
            pointer=shown_pointer(finding.pointer, known),
            expected=finding.expected,
            got=redacted(finding.got, finding.pointer, known),
            sentence=rule.sentence,
            source=rule.source,
            mark=mark,
            status=exchange.status,
            kind=kind_of(rule.kind, exchange, compares=rule.check is not None),
        )


RULE_ATTRIBUTE = "__specimen_rule__"


def rule(
    rule_id: str,
    sentence: str,
    *,
    mark: str = "D",
    source: str,
    reason: str = "",
    replaces: tuple[str, ...] = (),
    quote: str = "",
    kind: str = "",
) -> Callable[[Check], Check]:
    """Makes a function a rule. `replaces` names general rules that it takes the place of for its provider.

    An implied rule (`mark="I"`) needs `quote`: the words of the vendor's page that it follows from. `kind` is that of `Rule`.
    """

    def wrap(function: Check) -> Check:
        found = Rule(rule_id, sentence, mark, source, function, reason, replaces, quote, kind)
        setattr(function, RULE_ATTRIBUTE, found)
        return function

    return wrap


def declared(module: object) -> dict[str, Rule]:
    """Returns the rules of a module by the names of their functions, in their order."""
    found = {name: getattr(value, RULE_ATTRIBUTE, None) for name, value in vars(module).items()}
    return {name: entry for name, entry in found.items() if isinstance(entry, Rule)}
