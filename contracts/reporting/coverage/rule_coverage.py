"""Counts the exercised rules: those that said so while an exchange was judged, and those of schemas that answers are about."""

from __future__ import annotations

from collections.abc import Collection

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.judge import BODY_RULE, ENVELOPE_RULE
from specimen.contracts.judge.registry import rulebook
from specimen.contracts.reporting.coverage.schema_rules import is_about, rules_at
from specimen.specs import Provider

# So many answers of an operation, a status and a state are asked which schema rules they are about; then only longer ones.
_TRIES = 5


class RuleCoverage:
    """Counts rules while exchanges come.

    A rule is exercised when it was examined or broken, one of a schema also when an answer fulfils its `if`: that is worked out
    for a few answers of each operation, status and state.
    """

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._rules = rulebook(provider)
        self._exercised: set[str] = set()
        self._tries: dict[tuple[str, int, str | None], int] = {}
        self._longest: dict[tuple[str, int, str | None], int] = {}

    @property
    def possible(self) -> tuple[str, ...]:
        """The ids of all rules."""
        return tuple(self._rules)

    def add(self, rules: Collection[str]) -> None:
        """Counts rules that an exchange examined or broke."""
        self._exercised.update(rules)

    def see_schema(self, exchange: Exchange, state: str | None, without: frozenset[str]) -> None:
        """Counts the schema rules whose `if` an answer fulfils, and the rule that stands for the schema itself."""
        operation, size = exchange.operation, len(exchange.response_body)
        if operation is None:
            return
        alike = (operation.id, exchange.status, state)
        tries = self._tries.get(alike, 0)
        if tries >= _TRIES and size <= self._longest[alike]:
            return
        response = operation.responses.get(str(exchange.status))
        media = response.content(exchange.response_type) if response is not None else None
        if media is None or media.pointer is None or exchange.response_json is None:
            return
        self._tries[alike] = tries + 1
        self._longest[alike] = max(size, self._longest.get(alike, 0))
        found = {ENVELOPE_RULE if exchange.status >= 400 else BODY_RULE}
        for rule in rules_at(self._provider, media.pointer) - self._exercised:
            if is_about(self._provider, media.pointer, rule, exchange.response_json):
                found.add(rule)
        self._exercised |= found - without

    def result(self) -> tuple[str, ...]:
        """The ids of the rules that were exercised so far, in the rulebook's order."""
        return tuple(rule for rule in self._rules if rule in self._exercised)
