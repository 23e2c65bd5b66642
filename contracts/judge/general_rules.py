"""All rules that hold for every provider."""

from __future__ import annotations

from specimen.contracts.judge.rule import Rule
from specimen.contracts.judge.rules import common_rules, consistency_rules

RULES: tuple[Rule, ...] = (*common_rules.RULES, *consistency_rules.RULES)
