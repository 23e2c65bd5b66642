"""Finds the exercised rules: those that fired, or would have fired for an invalid answer."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import tee
from typing import Any, NamedTuple, NoReturn

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import BODY_RULE, ENVELOPE_RULE
from specimen.contracts.judge.registry import Rule, rulebook
from specimen.contracts.judge.rules.common_rules import ABOUT_FORM
from specimen.contracts.reporting.response_mutations import broken
from specimen.specs import Document, Provider
from specimen.specs.loading.schemas import Schemas, is_rule

# What a rule is asked with before an answer is broken for it in every way: does it look at answers of such requests at all?
_STATUSES = frozenset({200, 400, 404, 599})
# A longer answer shows no more than a shorter one, and takes longer to mutate.
_MOST_BYTES = 4096
# Where a rule had nothing to say so often, to exchanges of an operation that ended alike, others have nothing new for it.
_TRIES = 2


class RequestKind(NamedTuple):
    """The properties of a request that a rule can use before it reads the answer."""

    operation: str | None
    intent: tuple[tuple[str, str], ...]
    queries: tuple[str, ...]
    has_credentials: bool
    is_repeated: bool | None
    body: str
    is_wished: bool


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


class RuleCoverage:
    """Keeps one exchange of each kind while exchanges come; the rules are tried on these on request."""

    def __init__(self, provider: Provider, history: History) -> None:
        self._provider = provider
        self._history = history
        self._rules = rulebook(provider)
        self._exercised: set[str] = set()
        self._examples: dict[AnswerKind, _Example] = {}
        self._latest: dict[AnswerKind, Exchange] = {}
        self._places: set[str] = set()
        self._tries: Counter[tuple[str | int | None, ...]] = Counter()

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

    def result(self, good: dict[str, Exchange]) -> tuple[str, ...]:
        """The ids of the rules that were exercised so far, in the rulebook's order; `good` are reads by operation."""
        variants: dict[int, Iterator[Exchange]] = {}
        examples = self._in_turn()
        for kind, example in examples:
            self._see_schema(example, kind)
        for rule in self._rules.values():
            if rule.check is None or rule.id in self._exercised:
                continue
            for kind, example in examples:
                if not self._is_new(rule, kind, example):
                    continue
                place = id(example)
                if place not in variants:
                    variants[place] = broken(example.exchange, good)
                variants[place], those = tee(variants[place])
                before = _Before(self._history, example.exchange)
                if any(_fires(rule, variant, before) for variant in those):
                    self._exercised.add(rule.id)
                    break
        return tuple(rule for rule in self._rules if rule in self._exercised)

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

    def _is_new(self, rule: Rule, kind: AnswerKind, example: _Example) -> bool:
        """Whether a rule may have something to say of an example, and was not tried on it before."""
        if rule.id in example.tried or rule.id in example.without or (kind.only is not None and rule.id not in kind.only):
            return False
        example.tried.add(rule.id)
        if kind.request.is_wished and rule.id not in ABOUT_FORM:
            return False
        alike = (rule.id, kind.request.operation, kind.request.body, kind.status, kind.state, kind.earlier_state)
        if self._tries[alike] >= _TRIES:
            return False
        looks = _looks(rule, example.exchange)
        self._tries[alike] += looks
        return looks

    def _see_schema(self, example: _Example, kind: AnswerKind) -> None:
        """Counts the schema rules whose `if` the answer fulfils, and the two rules that stand for the schema itself."""
        if BODY_RULE in example.tried or kind.only is not None:
            return
        example.tried.add(BODY_RULE)
        exchange = example.exchange
        response = exchange.operation.responses.get(str(exchange.status)) if exchange.operation else None
        media = response.content(exchange.response_type) if response is not None else None
        if media is None or media.pointer is None or exchange.response_json is None:
            return
        self._exercised.add(ENVELOPE_RULE if exchange.status >= 400 else BODY_RULE)
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


def _sealed(_: Any) -> NoReturn:
    raise _Touched


class _Sealed(Exchange):
    """An exchange that records whether a rule reads more of its answer than the status."""

    response_body = property(_sealed)
    response_headers = property(_sealed)
    response_json = property(_sealed)
    events = property(_sealed)


class _SealedHistory(History):
    def of(self, subject: str) -> NoReturn:
        raise _Touched(subject)


class _Before(History):
    """What came before an exchange, of a history that went on after it."""

    def __init__(self, history: History, exchange: Exchange) -> None:
        self._whole, self._exchange = history, exchange

    def of(self, subject: str) -> tuple[Exchange, ...]:
        """The exchanges about a subject that came before this one, oldest first."""
        found: list[Exchange] = []
        for one in self._whole.of(subject):
            if one is self._exchange or one.at > self._exchange.at:
                break
            found.append(one)
        return tuple(found)


def _looks(rule: Rule, exchange: Exchange) -> bool:
    """Whether a rule looks at answers to such a request, or says something by the status alone."""
    for status in _STATUSES | {exchange.status}:
        probe = object.__new__(_Sealed)
        probe.__dict__.update(exchange.__dict__, status=status)
        try:
            if _fires(rule, probe, _SealedHistory()):
                return True
        except _Touched:
            return True
    return False


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
