"""How far a run saw: operations, status codes, states, edges, and which rules had something to judge."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.checks.fields import status_pointer
from specimen.contracts.judge.history import History, read_subject
from specimen.contracts.judge.judge import BODY_RULE, ENVELOPE_RULE
from specimen.contracts.judge.registry import Rule, rulebook
from specimen.contracts.judge.rules.common_rules import ABOUT_FORM, ABOUT_SILENCE
from specimen.contracts.reporting.model import Coverage, Covered
from specimen.contracts.reporting.response_mutations import broken
from specimen.specs import Document, Provider
from specimen.specs.core.json_pointer import at
from specimen.specs.loading.schemas import Schemas, is_rule

# Exchanges that look alike are tried on the rules so many times; then they have nothing new to tell.
_TRIES = 3


class CoverageCounter:
    """Collects what exchanges reach. A rule is exercised when it fired, or would have had the exchange been a broken one.

    `history` holds what came before; whoever counts an exchange adds it afterwards.
    """

    def __init__(self, provider: Provider, history: History) -> None:
        self._provider = provider
        self._rules = rulebook(provider)
        self._history = history
        self._good: dict[str, Exchange] = {}
        self._tried: Counter[tuple[Any, ...]] = Counter()
        self._operations: dict[str, None] = {}
        self._statuses: dict[tuple[str, str], None] = {}
        self._states: dict[str, None] = {}
        self._edges: dict[tuple[str, str], None] = {}
        self._exercised: dict[str, None] = {}

    def add(
        self,
        exchange: Exchange,
        broken_rules: Iterable[str] = (),
        *,
        only: frozenset[str] | None = None,
        without: frozenset[str] = frozenset(),
    ) -> None:
        """Counts an exchange with the rules that it broke; to be called in the order in which they were seen.

        Without an answer nothing was reached. `only` and `without` name the rules that could be judged and those that could not.
        """
        self._exercised.update((rule, None) for rule in broken_rules if rule in self._rules)
        if only is None or ABOUT_SILENCE in only:
            self._exercised.setdefault(ABOUT_SILENCE)
        if exchange.failure:
            return
        operation = exchange.operation
        if operation is not None:
            self._operations.setdefault(operation.id)
            self._statuses.setdefault((operation.id, str(exchange.status)))
            if not exchange.is_wished:
                self._see_state(exchange)
        self._see_rules(exchange, only, without)
        if operation is not None and read_subject(exchange) is not None:
            self._good[operation.id] = exchange

    def _see_state(self, exchange: Exchange) -> None:
        pointer = status_pointer(exchange) if read_subject(exchange) is not None else None
        if pointer is None:
            return
        shown, states = at(exchange.response_json, pointer), self._provider.lifecycle.states
        if not isinstance(shown, str) or shown not in states:
            return
        self._states.setdefault(shown)
        earlier = self._history.reads(exchange)
        before = str(at(earlier[-1].response_json, pointer)) if earlier else ""
        if before in states and before != shown:
            self._edges.setdefault((before, str(shown)))

    def _see_rules(self, exchange: Exchange, only: frozenset[str] | None, without: frozenset[str]) -> None:
        open_rules = [
            rule
            for rule in self._rules.values()
            if rule.id not in self._exercised and rule.id not in without and (only is None or rule.id in only)
        ]
        look = (
            exchange.operation.id if exchange.operation else None,
            exchange.status,
            str(at(exchange.response_json, status_pointer(exchange) or "/status")),
            bool(self._history.reads(exchange)),
            tuple(sorted(map(str, exchange.intent.items()))),
            tuple(sorted(exchange.queries)),
            "idempotency-key" in exchange.request_headers,
        )
        if not open_rules or self._tried[look] >= _TRIES:
            return
        self._tried[look] += 1
        for title in self._guards(exchange):
            self._exercised.setdefault(title.partition(" ")[0])
        variants = list(broken(exchange, self._good))
        for rule in open_rules:
            judged = rule.id in ABOUT_FORM or not exchange.is_wished
            if judged and rule.check is not None and any(_fires(rule, variant, self._history) for variant in variants):
                self._exercised.setdefault(rule.id)

    def _guards(self, exchange: Exchange) -> Iterator[str]:
        """Titles of the schema rules whose `if` the answer fulfils, and the two rules that stand for the schema itself."""
        response = exchange.operation.responses.get(str(exchange.status)) if exchange.operation else None
        media = response.content(exchange.response_type) if response is not None else None
        if media is None or media.pointer is None or exchange.response_json is None:
            return
        schemas = _guarded(self._provider)
        try:
            errors = list(schemas.validator(media.pointer).iter_errors(exchange.response_json))
        except (ValueError, OverflowError):  # nested too deep to be read
            return
        for error in errors:
            title = schemas.rule_title(error)
            if title is not None:
                yield title
        yield ENVELOPE_RULE if exchange.status >= 400 else BODY_RULE

    def result(self) -> Coverage:
        """What was reached so far, and what could be."""
        document, lifecycle = self._provider.document, self._provider.lifecycle
        statuses = tuple((operation.id, status) for operation in document.operations.values() for status in operation.responses)
        # A move from a state to itself shows in no read.
        edges = tuple((edge.origin, edge.to) for edge in lifecycle.transitions if edge.origin != edge.to)
        return Coverage(
            operations=Covered(tuple(self._operations), tuple(document.operations)),
            statuses=Covered(tuple(self._statuses), statuses),
            states=Covered(tuple(self._states), tuple(lifecycle.states)),
            edges=Covered(tuple(self._edges), tuple(dict.fromkeys(edges))),
            rules=Covered(tuple(self._exercised), tuple(self._rules)),
        )


def _fires(rule: Rule, exchange: Exchange, history: History) -> bool:
    return rule.check is not None and next(iter(rule.check(exchange, history)), None) is not None


def _titled(raw: Any) -> Iterator[dict[str, Any]]:
    if isinstance(raw, dict):
        if is_rule(raw):
            yield raw
        for value in raw.values():
            yield from _titled(value)
    elif isinstance(raw, list):
        for value in raw:
            yield from _titled(value)


@cache
def _guarded(provider: Provider) -> Schemas:
    """Validators in which each schema rule fails wherever its `if` holds: they tell where it had something to say."""
    raw = copy.deepcopy(dict(provider.document.raw))
    for node in list(_titled(raw)):
        kept: dict[str, Any] = {name: node[name] for name in ("title", "if", "then", "else") if name in node}
        node.clear()
        node.update(kept)
        if "if" not in kept:
            node["not"] = {}
        else:
            node.update({name: False for name in ("then", "else") if name in kept})
    return Schemas(Document(raw, provider.document.path))
