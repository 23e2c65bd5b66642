"""Judges exchanges by the document's schemas and the rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from specimen.contracts.http.exchange import Exchange, parsed
from specimen.contracts.http.sse import event_pointer
from specimen.contracts.judge.deduplication import LocatedViolation, deduplicate, field_error_of, places_of, places_of_rule
from specimen.contracts.judge.expectations import expected, got
from specimen.contracts.judge.history import History
from specimen.contracts.judge.registry import NOTE, Finding, Rule, Violation, rulebook
from specimen.contracts.judge.rules.common_rules import ABOUT_FORM, ABOUT_SAFETY, ABOUT_SILENCE, RULES
from specimen.contracts.redaction.values import Words, words
from specimen.specs import Provider, SpecError
from specimen.specs.core.json_pointer import escape
from specimen.specs.loading.openapi import mark_of

BODY_RULE = "GEN-005"
ENVELOPE_RULE = "GEN-006"
_GENERAL = frozenset(rule.id for rule in RULES)


def judge(exchange: Exchange, history: History) -> list[Violation]:
    """Returns the violations of an exchange, sorted and without repeats; `history` holds earlier exchanges, unchanged.

    Of an answer that was asked for with `Prefer` only the format is judged: it need not be true of any session. A missing
    answer is the only violation then.
    """
    rules = rulebook(exchange.provider)
    said = [] if exchange.failure else [*_by_schema(exchange, rules)]
    for rule in rules.values():
        if rule.check is None or (exchange.is_wished and rule.id not in ABOUT_FORM):
            continue
        if exchange.failure and rule.id != ABOUT_SILENCE:
            continue
        for finding in rule.check(exchange, history):
            rests_on = tuple(place for pointer in (finding.pointer, *finding.rests_on) for place in places_of(pointer))
            said.append(LocatedViolation(_violation(rule, exchange, finding), None, rests_on))
    return sorted(deduplicate(said))


def observe(exchange: Exchange, history: History) -> list[Violation]:
    """Judges an exchange and keeps it for those that follow."""
    found = judge(exchange, history)
    history.add(exchange)
    return found


def _violation(rule: Rule, exchange: Exchange, finding: Finding) -> Violation:
    """A violation; what a general rule finds at an operation that we assume is a note, except for what is never safe."""
    operation = exchange.operation
    is_assumed = operation is not None and operation.mark == "A" and rule.id in _GENERAL and rule.id not in ABOUT_SAFETY
    return Violation.of(rule, exchange, finding._replace(is_assumed=True) if is_assumed else finding)


def _by_schema(exchange: Exchange, rules: Mapping[str, Rule]) -> Iterator[LocatedViolation]:
    operation = exchange.operation
    response = operation.responses.get(str(exchange.status)) if operation is not None else None
    media = response.content(exchange.response_type) if response is not None else None
    if response is None or media is None:
        return
    if media.pointer is not None and media.content_type.endswith("json"):
        body = exchange.response_json
        if body is not None or exchange.response_body.strip() == b"null":  # else GEN-004 reports it
            yield from _broken(exchange, rules, media.pointer, body, response.mark)
    place = event_pointer(exchange.provider.document, operation, exchange.status)
    for index, data in enumerate(exchange.events if place is not None else ()):
        value = parsed(data)
        if value is None and data.strip() != "null":
            finding = Finding("", "an event whose data is JSON", Words(f"{len(data)} characters"))
            yield LocatedViolation(_violation(rules[BODY_RULE], exchange, finding))
        elif place is not None:
            yield from _broken(exchange, rules, place, value, response.mark, (str(index),))


def _broken(
    exchange: Exchange, rules: Mapping[str, Rule], place: str, body: Any, response_mark: str, prefix: tuple[str, ...] = ()
) -> Iterator[LocatedViolation]:
    schemas, known = exchange.provider.schemas, words(exchange.provider)
    general = rules[ENVELOPE_RULE if exchange.status >= 400 else BODY_RULE]
    try:
        errors = list(schemas.validator(place).iter_errors(body))
    except (ValueError, OverflowError):  # nested too deep, or half of a surrogate pair: no client can read it
        yield LocatedViolation(_violation(general, exchange, Finding("", "a value that a JSON reader can take", None)))
        return
    for error in errors:
        title = schemas.rule_title(error)
        if title is not None:
            rule = rules[title.partition(" ")[0]]
            violation = Violation.of(rule, exchange, Finding(_pointer(error), Words(rule.sentence), error.instance))
            yield LocatedViolation(violation, None, places_of_rule(schemas.raw, error, prefix))
            continue
        for leaf in _leaves(error):
            finding = Finding(_pointer(leaf), expected(leaf), got(leaf, _pointer(leaf), known))
            violation = _violation(general, exchange, finding)
            if "A" in (response_mark, _mark_along(exchange.provider, place, leaf)):
                violation = replace(violation, severity=NOTE, mark="A")
            yield LocatedViolation(violation, field_error_of(leaf, prefix))


def _pointer(error: Any) -> str:
    return "".join(f"/{escape(str(part))}" for part in error.instance_path)


def _leaves(error: Any) -> Iterator[Any]:
    """Of a union that nothing fits, what breaks the branch that fits best: no other constant, then the fewest errors."""
    branches = getattr(error.kind, "context", None) if error.kind.name in ("oneOf", "anyOf") else None
    if not branches:
        yield error
        return
    best = min(branches, key=lambda branch: (sum(each.kind.name in ("const", "not") for each in branch), len(branch)))
    for each in best:
        yield from _leaves(each)


def _mark_along(provider: Provider, place: str, error: Any) -> str:
    """A where the failing keyword stands in a part of the document that is assumed, by way of every `$ref`."""
    document = provider.document
    try:
        node, _ = document.resolve(document.at(place))
        for part in error.evaluation_path:
            if isinstance(node, Mapping) and mark_of(node) == "A":
                return "A"
            if part == "$ref":
                continue  # resolved below, its siblings seen above
            node = node[int(part)] if isinstance(node, list) else node[str(part)]
            while isinstance(node, Mapping) and "$ref" in node:
                if mark_of(node) == "A":
                    return "A"
                node = document.at(node["$ref"][1:])
    except (SpecError, KeyError, IndexError, ValueError, TypeError):
        return "D"
    return "A" if isinstance(node, Mapping) and mark_of(node) == "A" else "D"
