"""Counts the coverage of a run: operations, status codes, states, transitions and rules."""

from __future__ import annotations

from collections.abc import Collection

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.history import History, read_subject
from specimen.contracts.reporting.coverage.rule_coverage import RuleCoverage
from specimen.contracts.reporting.model import Coverage, Covered
from specimen.specs import Provider
from specimen.specs.core.json_pointer import at


class CoverageCounter:
    """Counts what exchanges reach. A rule is exercised when it fired, or could have fired for another answer.

    `history` holds what came before; the caller adds an exchange after it was counted.
    """

    def __init__(self, provider: Provider, history: History) -> None:
        self._provider = provider
        self._history = history
        self._rules = RuleCoverage(provider)
        # Of two reads by one operation the first counts, as everywhere.
        self._pointers = {read.operation: read.status for read in reversed(provider.lifecycle.reads)}
        self._operations: dict[str, None] = {}
        self._statuses: dict[tuple[str, str], None] = {}
        self._states: dict[str, None] = {}
        self._edges: dict[tuple[str, str], None] = {}

    def add(
        self,
        exchange: Exchange,
        rules: Collection[str] = (),
        *,
        only: frozenset[str] | None = None,
        without: frozenset[str] = frozenset(),
    ) -> None:
        """Counts an exchange with the rules that it examined or broke; to be called in the order in which they were seen.

        Without an answer nothing else was reached. `only` and `without` name the rules that could be judged and those that
        could not.
        """
        self._rules.add(rules)
        if exchange.failure:
            return
        operation = exchange.operation
        subject = read_subject(exchange)
        state: str | None = None
        if operation is not None:
            self._operations.setdefault(operation.id)
            self._statuses.setdefault((operation.id, str(exchange.status)))
            pointer = self._pointers.get(operation.id)
            state = self._state(exchange, pointer or "/status")
            if subject is not None and not exchange.has_preference:
                earlier = self._history.before(exchange).of(subject)
                before = self._state(earlier[-1], pointer or "/status") or "" if earlier else None
                self._see_state(before, state)
        if only is None:
            self._rules.see_schema(exchange, state, without)

    def _state(self, exchange: Exchange, pointer: str) -> str | None:
        shown = at(exchange.response_json, pointer)
        return shown if isinstance(shown, str) and shown in self._provider.lifecycle.states else None

    def _see_state(self, before: str | None, shown: str | None) -> None:
        if shown is None:
            return
        self._states.setdefault(shown)
        if before and before != shown:
            self._edges.setdefault((before, shown))

    def result(self) -> Coverage:
        """Returns what was reached so far, and what could be."""
        document, lifecycle = self._provider.document, self._provider.lifecycle
        statuses = tuple((operation.id, status) for operation in document.operations.values() for status in operation.responses)
        # A move from a state to itself shows in no read.
        edges = tuple((edge.origin, edge.to) for edge in lifecycle.transitions if edge.origin != edge.to)
        return Coverage(
            operations=Covered(tuple(self._operations), tuple(document.operations)),
            statuses=Covered(tuple(self._statuses), statuses),
            states=Covered(tuple(self._states), tuple(lifecycle.states)),
            edges=Covered(tuple(self._edges), tuple(dict.fromkeys(edges))),
            rules=Covered(self._rules.result(), self._rules.possible),
        )
