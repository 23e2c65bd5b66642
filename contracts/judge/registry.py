"""The rules of a provider: its spec's named schema rules, its own functions, and the general ones."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from specimen.contracts.judge import general_rules
from specimen.contracts.judge.rule import Check, Finding, Rule, Violation, rule
from specimen.contracts.judge.rule_modules import rules_of
from specimen.contracts.judge.validation import openapi_core_check
from specimen.specs import Provider
from specimen.specs.loading.openapi import mark_of
from specimen.specs.loading.schemas import rules as schema_rules

__all__ = ["Check", "Finding", "Rule", "Violation", "listed", "rule", "rulebook"]


@cache
def rulebook(provider: Provider) -> dict[str, Rule]:
    """Returns all rules of a provider by id: its own in order, then the general ones that they do not replace.

    Raises:
        SpecError: its module of rules cannot be imported, or is invalid.
    """
    own = {entry.id: entry for entry in _from_spec(provider)}
    own.update(rules_of(provider, {entry.id for entry in general_rules.RULES}))
    replaced = {name for entry in own.values() for name in entry.replaces}
    found = dict(sorted(own.items()))
    found.update({entry.id: entry for entry in general_rules.RULES if entry.id not in replaced})
    return found


def listed(provider: Provider) -> tuple[Rule, ...]:
    """Returns all rules that reports name: the judge's, then that of the second validator, which `--second-opinion` asks."""
    return (*rulebook(provider).values(), openapi_core_check.RULE)


def _from_spec(provider: Provider) -> Iterator[Rule]:
    seen = set()
    for node in schema_rules(provider.document.raw):
        rule_id, _, sentence = node["title"].partition(" ")
        if rule_id not in seen:
            seen.add(rule_id)
            yield Rule(
                rule_id,
                sentence,
                mark_of(node),
                node.get("x-source", ""),
                None,
                node.get("x-reason", ""),
                (),
                node.get("x-quote", ""),
            )
