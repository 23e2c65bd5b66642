"""The one place where right and wrong are decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from contracts.exchange import Exchange
from contracts.history import History
from contracts.rulebook import NOTE, Finding, Rule, Violation, rulebook
from specs import Provider
from specs.documents import mark_of

BODY_RULE = "GEN-005"
ENVELOPE_RULE = "GEN-006"


def judge(exchange: Exchange, history: History) -> list[Violation]:
    """What an exchange breaks, sorted and without repeats; `history` holds what came before and is not changed."""
    rules = rulebook(exchange.provider)
    found = set(_by_schema(exchange, rules))
    for rule in rules.values():
        if rule.check is not None:
            found.update(Violation.of(rule, exchange, finding) for finding in rule.check(exchange, history))
    return sorted(found)


def observe(exchange: Exchange, history: History) -> list[Violation]:
    """Judges an exchange and keeps it for those that follow."""
    found = judge(exchange, history)
    history.add(exchange)
    return found


def _by_schema(exchange: Exchange, rules: Mapping[str, Rule]) -> Iterator[Violation]:
    operation = exchange.operation
    response = operation.responses.get(str(exchange.status)) if operation is not None else None
    media = response.content(exchange.response_type) if response is not None else None
    if media is None or media.pointer is None or not media.content_type.endswith("json"):
        return
    body = exchange.response_json
    if body is None and exchange.response_body.strip() != b"null":
        return  # GEN-004 says so
    schemas = exchange.provider.schemas
    for error in schemas.validator(media.pointer).iter_errors(body):
        title = schemas.rule_title(error)
        pointer = "".join(f"/{part}" for part in error.instance_path)
        if title is not None:
            rule = rules[title.partition(" ")[0]]
            yield Violation.of(rule, exchange, Finding(pointer, rule.sentence, error.instance))
            continue
        rule = rules[ENVELOPE_RULE if exchange.status >= 400 else BODY_RULE]
        mark = _mark_at(exchange.provider, error.absolute_keyword_location or "", response.mark if response else "D")
        expected = _expected(error)
        violation = Violation.of(rule, exchange, Finding(pointer, expected, error.instance))
        yield violation if mark != "A" else _as_note(violation)


def _as_note(violation: Violation) -> Violation:
    return replace(violation, severity=NOTE, mark="A")


def _expected(error: Any) -> str:
    """What a JSON Schema keyword asks for, without the value that came."""
    name = error.kind.name
    value = next(iter(error.kind.as_dict().values()), None)
    if name == "required":
        return f"the field '{value}'"
    return f"{name} {value}" if value is not None and len(str(value)) < 200 else name


def _mark_at(provider: Provider, location: str, response_mark: str) -> str:
    """A where the failing keyword stands in a part of the document that is assumed."""
    if response_mark == "A":
        return "A"
    node: Any = provider.document.raw
    for part in location.partition("#")[2].split("/")[1:]:
        key = part.replace("%7B", "{").replace("%7D", "}").replace("%25", "%").replace("~1", "/").replace("~0", "~")
        try:
            node = node[int(key)] if isinstance(node, list) else node[key]
        except (KeyError, IndexError, ValueError, TypeError):
            return "D"
        if isinstance(node, Mapping) and mark_of(node) == "A":
            return "A"
    return "D"
