"""The meanings that the walk finds are those that the patterns give from the root."""

from __future__ import annotations

from typing import Any

import pytest

from specimen import specs
from specimen.contracts.anonymize.field_meanings import FieldMeanings, States
from tests.contracts.golden_exchanges import golden_lives
from tests.contracts.judge.test_rules import NAMES


@pytest.mark.parametrize("name", NAMES)
def test_holdings__are_those_of_contents(name: str) -> None:
    """For every place of every golden answer."""
    contents = specs.load(name).field_semantics
    holdings = FieldMeanings((entry.parts, entry.holds) for entry in contents.entries)
    seen: set[str | None] = set()

    def walk(value: Any, where: tuple[str, ...], states: States, root: Any) -> None:
        found = contents.at(where, root)
        assert holdings.held(states) == (found.holds if found else None), where
        seen.add(holdings.held(states))
        below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, item in below:
            walk(item, (*where, str(key)), holdings.below(states, str(key), item), root)

    for _, exchanges in golden_lives(specs.load(name)):
        for exchange in exchanges[::2]:
            walk(exchange.response_json, (), holdings.start, exchange.response_json)
    assert {None, "session_id", "moment"} <= seen


def test_holdings__order_and_depth() -> None:
    """The first pattern that fits counts; `**` stands for any number of parts, none among them."""
    holdings = FieldMeanings([(("**", "a", "**", "b"), "one"), (("a", "*"), "two"), (("x", "[k=v]", "y"), "three")])
    asked = (("a", "b"), ("a", "c"), ("q", "a", "z", "b"), ("x", "0", "y"))
    assert [holdings.held(holdings.reached(*where)) for where in asked] == ["one", "two", "one", None]
    states = holdings.below(holdings.below(holdings.start, "x", [{"k": "v"}]), "0", {"k": "v"})
    assert holdings.held(holdings.below(states, "y", 1)) == "three"
