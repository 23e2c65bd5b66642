"""All rules that hold for every provider."""

from __future__ import annotations

from specimen.contracts.judge.general_rules import (
    agreement_rules,
    answer_rules,
    change_rules,
    consistency_rules,
    link_rules,
    list_rules,
    order_rules,
    refusal_rules,
    separation_rules,
    session_rules,
    situation_rules,
    stability_rules,
)
from specimen.contracts.judge.rule import Rule, declared

# Rules that compare what an implementation says in one place with what it says in another.
_COMPARING = (
    agreement_rules, consistency_rules, separation_rules, stability_rules, order_rules, list_rules, change_rules,
)  # fmt: skip
COMPARING: tuple[Rule, ...] = tuple(rule for module in _COMPARING for rule in declared(module).values())
_OTHERS = (answer_rules, link_rules, refusal_rules, session_rules, situation_rules)
RULES: tuple[Rule, ...] = tuple(
    sorted(
        (*answer_rules.FROM_SCHEMAS, *(rule for module in _OTHERS for rule in declared(module).values()), *COMPARING),
        key=lambda rule: rule.id,
    )
)
