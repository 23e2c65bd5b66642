"""The rules of a provider: its spec's named schema rules, its own functions, and the general ones."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from functools import cache
from typing import Any

from specimen.contracts.judge import openapi_core_check
from specimen.contracts.judge.rule import ERROR, NOTE, RULE_ATTRIBUTE, Check, Finding, Rule, Violation, rule
from specimen.contracts.judge.rules import common_rules
from specimen.specs import Provider
from specimen.specs.loading.openapi import mark_of
from specimen.specs.loading.schemas import rules as schema_rules

__all__ = ["ERROR", "NOTE", "Check", "Finding", "Rule", "Violation", "listed", "rule", "rulebook"]


@cache
def rulebook(provider: Provider) -> dict[str, Rule]:
    """All rules of a provider by id: its own in order, then the general ones that they do not replace."""
    own = {entry.id: entry for entry in (*_from_spec(provider), *_from_module(provider))}
    replaced = {name for entry in own.values() for name in entry.replaces}
    found = dict(sorted(own.items()))
    found.update({entry.id: entry for entry in common_rules.RULES if entry.id not in replaced})
    return found


def listed(provider: Provider) -> tuple[Rule, ...]:
    """All rules that anything is reported by: the judge's, then that of the second validator, which `--second-opinion` asks."""
    return (*rulebook(provider).values(), openapi_core_check.RULE)


def _from_spec(provider: Provider) -> Iterator[Rule]:
    seen = set()
    for node in schema_rules(provider.document.raw):
        rule_id, _, sentence = node["title"].partition(" ")
        if rule_id not in seen:
            seen.add(rule_id)
            yield Rule(rule_id, sentence, mark_of(node), node.get("x-source", ""), None, node.get("x-reason", ""))


def _from_module(provider: Provider) -> Iterator[Rule]:
    if provider.is_builtin:
        module: Any = importlib.import_module(f"specimen.contracts.judge.rules.{provider.name}")
    else:
        module = _outside(provider)
    found = [getattr(value, RULE_ATTRIBUTE) for value in vars(module).values() if hasattr(value, RULE_ATTRIBUTE)]
    yield from (entry for entry in found if isinstance(entry, Rule))


def _outside(provider: Provider) -> Any:
    path = provider.folder / "rules.py"
    if not path.is_file():
        return type("NoRules", (), {})
    spec = importlib.util.spec_from_file_location(f"_specimen_{provider.name}_rules", path)
    if spec is None or spec.loader is None:
        return type("NoRules", (), {})
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
