"""One walk through a JSON value carries what the contract says at each place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specimen import specs
from specimen.contracts.anonymize.field_meanings import FieldMeanings
from specimen.contracts.anonymize.json_walk import Position, rewritten
from specimen.contracts.anonymize.schema_fields import described
from tests.contracts.golden_exchanges import golden_lives
from tests.contracts.judge.test_rules import NAMES

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=15,
)


def top(*patterns: tuple[tuple[str, ...], str]) -> Position:
    """The position at a value's top, of which no document says anything."""
    meanings = FieldMeanings(patterns)
    return Position(described(specs.load("kyve")).unknown, meanings, meanings.start)


@given(VALUES)
def test_law__changing_nothing_gives_the_same(value: Any) -> None:
    """Every name and leaf comes by once, in its place."""
    assert rewritten(value, top(), lambda name: name, lambda leaf, _: leaf) == value


@given(VALUES)
def test_law__names_never_run_into_one(value: Any) -> None:
    """However alike the new names are, no field is lost."""

    def size(node: Any) -> int:
        below = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        return 1 + sum(map(size, below))

    assert size(rewritten(value, top(), lambda _: "x", lambda leaf, _: leaf)) == size(value)


def test_position__what_is_around_and_how_deep() -> None:
    """What a field holds counts for all below it that holds nothing else; an envelope is no depth."""
    start = top((("data", "person"), "name"), (("**", "id"), "session_id"))
    seen: dict[str, tuple[str | None, int]] = {}

    def leaf(value: Any, at: Position) -> Any:
        seen[value] = (at.holds, at.depth)
        return value

    value = {"a": "1", "data": {"b": "2", "person": {"c": ["3"], "id": "4", "data": {"d": "5"}}}}
    rewritten(value, start, lambda name: name, leaf)
    assert seen == {"1": (None, 1), "2": (None, 1), "3": ("name", 3), "4": ("session_id", 2), "5": ("name", 3)}


@pytest.mark.parametrize("name", NAMES)
def test_positions__are_those_of_the_document_and_the_contents(name: str) -> None:
    """For every leaf of golden answers: the schemas found on the way, and what field_semantics.yaml says from the root."""
    provider = specs.load(name)
    meanings = FieldMeanings((entry.parts, entry.holds) for entry in provider.field_semantics.entries)
    for _, exchanges in golden_lives(provider):
        for exchange in exchanges[::3]:
            first = described(provider).answer(exchange.operation, exchange.status)
            found: list[tuple[Any, Any]] = []
            rewritten(exchange.response_json, Position(first, meanings, meanings.start), str,
                      lambda leaf, at, found=found: found.append((at.place.kinds, at.holds)))  # fmt: skip
            assert found == list(
                _asked(exchange.response_json, first, provider.field_semantics, (), exchange.response_json, None)
            )


def _asked(value: Any, place: Any, contents: Any, where: tuple[str, ...], root: Any, above: str | None) -> Any:
    """The same, each asked for by itself."""
    own = contents.at(where, root)
    holds = own.holds if own else above
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _asked(item, place.field(key), contents, (*where, key), root, holds)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _asked(item, place.item, contents, (*where, str(index)), root, holds)
    else:
        yield place.kinds, holds
