"""Judges exchanges by the document's schemas and the rules."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from specimen.contracts.http.exchange import Exchange, parsed
from specimen.contracts.http.sse import event_pointer
from specimen.contracts.judge.general_rules import COMPARING, RULES
from specimen.contracts.judge.general_rules.answer_rules import ABOUT_ANY_OPERATION, ABOUT_FORM, ABOUT_SILENCE
from specimen.contracts.judge.history import History
from specimen.contracts.judge.registry import Finding, Rule, Violation, rulebook
from specimen.contracts.judge.rule import EXAMINED
from specimen.contracts.judge.severity import severity_of, weakest
from specimen.contracts.judge.validation.deduplication import (
    FieldError,
    LocatedViolation,
    deduplicate,
    field_error_of,
    places_of,
    places_of_rule,
)
from specimen.contracts.judge.validation.expectations import expected, got
from specimen.contracts.judge.validation.misread import other_shapes
from specimen.contracts.judge.validation.readable import readable
from specimen.contracts.redaction.values import Words, words
from specimen.specs import Provider, SpecError
from specimen.specs.core.json_pointer import escape, value_at
from specimen.specs.loading.openapi import mark_at, mark_of

BODY_RULE = "GEN-005"
ENVELOPE_RULE = "GEN-006"
_GENERAL = frozenset(rule.id for rule in RULES)
_COMPARING = frozenset(rule.id for rule in COMPARING)


class Judgement(NamedTuple):
    """The violations of an exchange, sorted and without repeats, and the ids of the rules that another answer could have broken.

    Rules that stand in the document's schemas are among the examined ones only where they were broken.
    """

    violations: list[Violation]
    examined: frozenset[str]


def judge(exchange: Exchange, history: History) -> list[Violation]:
    """Returns the violations of an exchange, sorted and without repeats; `history` holds earlier exchanges, unchanged.

    Of an answer that was asked for with `Prefer` only the format is judged: it need not be true of any session. A missing
    answer is the only violation then.
    """
    return examine(exchange, history).violations


def examine(exchange: Exchange, history: History) -> Judgement:
    """Judges an exchange as `judge` does, and says which rules were examined."""
    rules, earlier = rulebook(exchange.provider), history.before(exchange)
    said = [] if exchange.failure else [*_by_schema(exchange, rules)]
    examined = {one.violation.rule for one in said}
    told = {place for one in said for place in one.rests_on}
    for rule in rules.values():
        if rule.check is None or (exchange.has_preference and rule.id not in ABOUT_FORM):
            continue
        if exchange.failure and rule.id != ABOUT_SILENCE:
            continue
        for finding in rule.check(exchange, earlier):
            examined.add(rule.id)
            if finding is EXAMINED:
                continue
            rests_on = tuple(place for pointer in (finding.pointer, *finding.rests_on) for place in places_of(pointer))
            if rule.id in _COMPARING and finding.got is None and not told.isdisjoint(places_of(finding.pointer)):
                continue  # a rule of the schema says already that the value is not there
            said.append(LocatedViolation(_violation(rule, exchange, finding), None, rests_on))
    return Judgement(sorted(_without_echoes(deduplicate(said))) if said else [], frozenset(examined))


def surely_breaks(exchange: Exchange, history: History, ids: Collection[str]) -> bool:
    """Whether `judge` finds each of these rules broken, where that can be said without the other rules; false says nothing."""
    if exchange.failure or not _COMPARING.isdisjoint(ids):
        return False
    rules, earlier = rulebook(exchange.provider), history.before(exchange)
    said = [*_by_schema(exchange, rules)]
    if any(one.fault is not None for one in said):
        return False  # a field that breaks the schema may silence a rule
    by_schema = {one.violation.rule for one in said}
    return all(name in by_schema or _finds(rules[name], exchange, earlier) for name in ids)


def _finds(rule: Rule, exchange: Exchange, earlier: History) -> bool:
    is_asked = not exchange.has_preference or rule.id in ABOUT_FORM
    return is_asked and next(rule.findings(exchange, earlier), None) is not None


def _without_echoes(found: set[Violation]) -> Iterator[Violation]:
    """Leaves out what a rule that compares answers says of a field of which another rule speaks: one fault is reported once."""
    echoes = sorted(one for one in found if one.rule in _COMPARING)
    reported = {one.pointer for one in found if one.rule not in _COMPARING}
    yield from (one for one in found if one.rule not in _COMPARING)
    for one in echoes:
        if one.pointer not in reported:
            reported.add(one.pointer)
            yield one


def observe(exchange: Exchange, history: History) -> list[Violation]:
    """Judges an exchange and keeps it for those that follow."""
    found = judge(exchange, history)
    history.add(exchange)
    return found


def _violation(rule: Rule, exchange: Exchange, finding: Finding) -> Violation:
    """A violation; what a general rule finds at an operation that we assume is a note, except for what is never safe."""
    operation = exchange.operation
    is_assumed = operation is not None and operation.mark == "A" and rule.id in _GENERAL and rule.id not in ABOUT_ANY_OPERATION
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
            yield from _broken(exchange, rules, media.pointer, body, response.body_mark)
    place = event_pointer(exchange.provider.document, operation, exchange.status)
    for index, data in enumerate(exchange.events if place is not None else ()):
        value = parsed(data)
        if value is None and data.strip() != "null":
            finding = Finding("", "an event whose data is JSON", Words(f"{len(data)} characters"))
            yield LocatedViolation(_violation(rules[BODY_RULE], exchange, finding))
        elif place is not None:
            yield from _broken(exchange, rules, place, value, response.body_mark, (str(index),))


def _broken(
    exchange: Exchange, rules: Mapping[str, Rule], place: str, body: Any, response_mark: str, prefix: tuple[str, ...] = ()
) -> Iterator[LocatedViolation]:
    schemas, known = exchange.provider.schemas, words(exchange.provider)
    general = rules[ENVELOPE_RULE if exchange.status >= 400 else BODY_RULE]
    errors = _errors(schemas.validator(place), body)
    if errors != []:
        # What our validator cannot hold decides nothing: the rest of the answer is judged without it.
        plain = readable(body)
        errors = _errors(schemas.validator(place), plain) if plain != body else errors
        if not errors:
            found = Finding("", "a value that every JSON reader can take", None, is_assumed=errors is not None)
            yield LocatedViolation(_violation(general, exchange, found))
            return
    others = other_shapes(schemas, (leaf for error in errors if schemas.rule_node(error) is None for leaf in _leaves(error)))
    for one in others:
        finding = Finding("".join(f"/{escape(part)}" for part in one.place), one.expected, value_at(body, one.place))
        mark = _mark_along(exchange.provider, place, one.error)
        violation = _weakened(_violation(general, exchange, finding), response_mark, mark)
        yield LocatedViolation(violation, FieldError((*prefix, *one.place), is_unfit=True))
    for error in errors:
        if any(_is_inside(error, one.place) for one in others):
            continue
        node = schemas.rule_node(error)
        if node is not None:
            rule = rules[node["title"].partition(" ")[0]]
            finding = Finding(_pointer(error), Words(rule.sentence), error.instance, mark=mark_of(node))
            violation = Violation.of(rule, exchange, finding)
            yield LocatedViolation(violation, None, places_of_rule(schemas.raw, error, prefix))
            continue
        for leaf in _leaves(error):
            if any(_is_inside(leaf, one.place) for one in others):
                continue
            finding = Finding(_pointer(leaf), expected(leaf), got(leaf, _pointer(leaf), known))
            mark = _mark_along(exchange.provider, place, leaf)
            violation = _weakened(_violation(general, exchange, finding), response_mark, mark)
            yield LocatedViolation(violation, field_error_of(leaf, prefix))


def _errors(validator: Any, body: Any) -> list[Any] | None:
    """The errors of a body; None where the validator cannot read it: nested too deep, or half of a surrogate pair."""
    try:
        return list(validator.iter_errors(body))
    except (ValueError, OverflowError):
        return None


def _weakened(violation: Violation, *marks: str) -> Violation:
    """A violation with the mark of the least certain part of the document that it rests on."""
    mark = weakest(violation.mark, *marks)
    return replace(violation, severity=severity_of(mark), mark=mark)


def _is_inside(error: Any, place: tuple[str, ...]) -> bool:
    """Whether a validation error is of this place in an answer, or of one inside it."""
    return tuple(str(part) for part in error.instance_path[: len(place)]) == place


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
    """The least certain mark of the parts of the document that lead to the failing keyword, by way of every `$ref`."""
    document = provider.document
    mark = "D"
    try:
        node, _ = document.resolve(document.at(place))
        for part in error.evaluation_path:
            mark = weakest(mark, mark_at(node, str(part))) if isinstance(node, Mapping) else mark
            if part == "$ref":
                continue  # resolved below, its siblings seen above
            node = node[int(part)] if isinstance(node, list) else node[str(part)]
            while isinstance(node, Mapping) and "$ref" in node:
                mark = _with(mark, node)
                node = document.at(node["$ref"][1:])
    except (SpecError, KeyError, IndexError, ValueError, TypeError):
        return mark
    return _with(mark, node)


def _with(mark: str, node: Any) -> str:
    return weakest(mark, mark_of(node)) if isinstance(node, Mapping) else mark
