"""Finds the exercised rules: those that fired, or would have fired for an invalid answer."""

from __future__ import annotations

import copy
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import islice, takewhile
from typing import Any, NamedTuple, NoReturn

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import BODY_RULE, ENVELOPE_RULE
from specimen.contracts.judge.registry import Rule, rulebook
from specimen.contracts.judge.rules.common_rules import ABOUT_FORM
from specimen.contracts.reporting.response_mutations import QUICK, broken
from specimen.specs import Document, Provider
from specimen.specs.core.json_pointer import at
from specimen.specs.loading.schemas import Schemas, is_rule

# A longer answer shows no more than a shorter one, and takes longer to mutate.
_MOST_BYTES = 2048
# What a rule is asked with before an answer is broken for it in every way: does it look at answers of such requests at all?
_STATUSES = (200, 404, 400, 599)
# How often a rule is tried on exchanges of one kind of request that ended alike, on those of an operation that ended alike, and
# how often of these in every single way that an answer can be broken.
_TRIES, _MOST_TRIES, _THOROUGH_TRIES = 2, 8, 3
# How many answers of an operation, a status and a state are asked which schema rules they are about.
_SCHEMA_TRIES = 5


class RequestKind(NamedTuple):
    """The properties of a request that a rule can use before it reads the answer."""

    operation: str | None
    intent: tuple[tuple[str, str], ...]
    queries: tuple[str, ...]
    has_credentials: bool
    is_repeated: bool | None
    body: str
    asks_for_an_answer: bool


class AnswerKind(NamedTuple):
    """What decides which rules an exchange can break: exchanges of one kind are worked out once.

    `earlier_state` is that of the read before, None where there is none, empty where it showed none.
    """

    request: RequestKind
    status: int
    state: str | None
    earlier_state: str | None
    only: frozenset[str] | None


@dataclass
class _Example:
    """The exchange of a kind with the longest answer, and the rules that were tried on it already."""

    exchange: Exchange
    without: frozenset[str]
    tried: set[str] = field(default_factory=set)
    probes: list[_Sealed] = field(default_factory=list)
    variants: list[Exchange] = field(default_factory=list)
    more: Iterator[Exchange] | None = None

    def is_about(self, rule: Rule) -> bool:
        """Whether a rule looks at answers to such a request, or says something by the status alone."""
        if not self.probes:
            self.probes = [_sealed(self.exchange, status) for status in dict.fromkeys((self.exchange.status, *_STATUSES))]
        try:
            return any(_fires(rule, probe, _NOTHING) for probe in self.probes)
        except _Touched:
            return True

    def broken(self, good: Exchange | None) -> Iterator[Exchange]:
        """Yields the exchange with invalid answers, each made once."""
        yield from self.variants
        if self.more is None:
            self.more = broken(self.exchange, good)
        for variant in self.more:
            self.variants.append(variant)
            yield variant


class RuleCoverage:
    """Keeps one exchange of each kind while exchanges come; the rules are tried on these on request."""

    def __init__(self, provider: Provider, history: History) -> None:
        self._provider = provider
        self._history = history
        self._rules = rulebook(provider)
        self._in_schemas = {rule.id for rule in self._rules.values() if rule.check is None} - {BODY_RULE, ENVELOPE_RULE}
        self._exercised: set[str] = set()
        self._examples: dict[AnswerKind, _Example] = {}
        self._latest: dict[AnswerKind, Exchange] = {}
        self._places: set[str] = set()
        self._tries: Counter[tuple[Any, ...]] = Counter()

    @property
    def possible(self) -> tuple[str, ...]:
        """The ids of all rules."""
        return tuple(self._rules)

    def fired(self, rules: Collection[str]) -> None:
        """Counts rules that were broken: they were exercised, whatever else is worked out."""
        self._exercised.update(self._rules.keys() & rules)

    def fired_one(self, rule: str) -> None:
        """Counts one rule."""
        self._exercised.add(rule)

    def add(self, exchange: Exchange, kind: AnswerKind, without: frozenset[str]) -> None:
        """Keeps an exchange if it tells more than the others of its kind."""
        self._latest[kind] = exchange
        kept = self._examples.get(kind)
        if kept is None or len(kept.exchange.response_body) < len(exchange.response_body) <= _MOST_BYTES:
            self._examples[kind] = _Example(exchange, without)

    def result(self, reads: dict[str, Exchange]) -> tuple[str, ...]:
        """The ids of the rules that were exercised so far, in the rulebook's order; `reads` are by operation."""
        examples = self._in_turn()
        self._see_schemas(examples)
        waiting = [rule for rule in self._rules.values() if rule.check is not None and rule.id not in self._exercised]
        for kind, example in examples:
            before = _Before(self._history, example.exchange)
            good: Exchange | None = None
            for rule in waiting:
                ways = self._ways(rule, kind, example)
                if not ways:
                    continue
                good = good or self._read_of_the_same(example.exchange) or reads.get(kind.request.operation or "")
                if any(_fires(rule, one, before) for one in islice(example.broken(good), ways)):
                    self._exercised.add(rule.id)
            waiting = [rule for rule in waiting if rule.id not in self._exercised]
        return tuple(rule for rule in self._rules if rule in self._exercised)

    def _read_of_the_same(self, exchange: Exchange) -> Exchange | None:
        """The latest read that shows the session which a refused request asked for, in its own place or in another."""
        operation = exchange.operation
        read = next((read for read in exchange.provider.lifecycle.reads if operation and read.operation == operation.id), None)
        if operation is None or read is None or read.id is None or exchange.is_success:
            return None
        asked = set(exchange.parameters.values())
        calls = reversed(self._history.calls(operation.id))
        return next((one for one in calls if one.is_success and at(one.response_json, read.id) in asked), None)

    def _in_turn(self) -> list[tuple[AnswerKind, _Example]]:
        """The examples, one of each operation's successes and refusals after the other, those with earlier ones first.

        A rule is about a few operations, and about one or the other: so it soon meets what it is about.
        """
        latest: list[tuple[AnswerKind, _Example]] = []
        turns: Counter[tuple[str | None, bool]] = Counter()
        found = []
        for kind, exchange in self._latest.items():
            if exchange is not self._examples[kind].exchange:
                latest.append((kind, _Example(exchange, self._examples[kind].without)))
        for kind, example in sorted([*latest, *self._examples.items()], key=lambda item: item[0].earlier_state is None):
            group = (kind.request.operation, kind.status < 400)
            turns[group] += 1
            found.append((turns[group], kind, example))
        return [(kind, example) for _, kind, example in sorted(found, key=lambda entry: entry[0])]

    def _ways(self, rule: Rule, kind: AnswerKind, example: _Example) -> int:
        """In how many ways an example is to be broken for a rule: in none where it was tried on it, or is not about it."""
        if rule.id in example.tried or rule.id in example.without or (kind.only is not None and rule.id not in kind.only):
            return 0
        example.tried.add(rule.id)
        if kind.request.asks_for_an_answer and rule.id not in ABOUT_FORM:
            return 0
        group = (rule.id, kind.request.operation, kind.status < 400, kind.state, kind.earlier_state)
        alike = (rule.id, kind.request, kind.status, kind.state, kind.earlier_state)
        if self._tries[alike] >= _TRIES or self._tries[group] >= _MOST_TRIES or not example.is_about(rule):
            return 0
        self._tries[alike] += 1
        self._tries[group] += 1
        return sys.maxsize if self._tries[group] <= _THOROUGH_TRIES else QUICK

    def _see_schemas(self, examples: Iterable[tuple[AnswerKind, _Example]]) -> None:
        """Counts the schema rules whose `if` an answer fulfils, and the two rules that stand for the schema itself."""
        seen: Counter[tuple[str | None, int, str | None]] = Counter()
        for kind, example in examples:
            alike = (kind.request.operation, kind.status, kind.state)
            if kind.only is None and BODY_RULE not in example.tried and seen[alike] < _SCHEMA_TRIES:
                seen[alike] += 1
                example.tried.add(BODY_RULE)
                self._see_schema(example.exchange)

    def _see_schema(self, exchange: Exchange) -> None:
        response = exchange.operation.responses.get(str(exchange.status)) if exchange.operation else None
        media = response.content(exchange.response_type) if response is not None else None
        if media is None or media.pointer is None or exchange.response_json is None:
            return
        self._exercised.add(ENVELOPE_RULE if exchange.status >= 400 else BODY_RULE)
        if self._exercised >= self._in_schemas:
            return
        schemas = _guarded(self._provider)
        try:
            errors = list(schemas.validator(media.pointer).iter_errors(exchange.response_json))
        except (ValueError, OverflowError):  # nested too deep to be read
            return
        for error in errors:
            place = error.absolute_keyword_location or ""
            if place not in self._places:
                self._places.add(place)
                title = schemas.rule_title(error)
                if title is not None:
                    self._exercised.add(title.partition(" ")[0])


class _Touched(Exception):
    """A rule looked at the answer, or at earlier exchanges."""


def _touched(_: Any) -> NoReturn:
    raise _Touched


class _Sealed(Exchange):
    """An exchange that records whether a rule reads more of its answer than the status."""

    response_body = property(_touched)
    response_headers = property(_touched)
    response_json = property(_touched)
    events = property(_touched)


def _sealed(exchange: Exchange, status: int) -> _Sealed:
    probe = object.__new__(_Sealed)
    vars(probe).update(vars(exchange), status=status)
    return probe


class _SealedHistory(History):
    def of(self, subject: str) -> NoReturn:
        raise _Touched(subject)


_NOTHING = _SealedHistory()


class _Before(History):
    """What came before an exchange, of a history that went on after it."""

    def __init__(self, history: History, exchange: Exchange) -> None:
        self._whole, self._exchange = history, exchange
        self._known: dict[str, tuple[Exchange, ...]] = {}

    def of(self, subject: str) -> tuple[Exchange, ...]:
        """The exchanges about a subject that came before this one, oldest first."""
        if subject not in self._known:
            earlier = self._whole.of(subject)
            self._known[subject] = tuple(
                takewhile(lambda one: one is not self._exchange and one.at <= self._exchange.at, earlier)
            )
        return self._known[subject]


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
