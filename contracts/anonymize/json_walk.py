"""Walks through a JSON value with the schemas and the meaning of each field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specimen.contracts.anonymize.field_meanings import FieldMeanings, States
from specimen.contracts.anonymize.schema_fields import SchemaLocation


class Position:
    """The position of a walk: the schemas, the meaning and the name of its field.

    `holds` is what the field itself or the nearest one around it holds. `depth` is 1 for a field at the top, and for one in the
    field `data` at the top: envelopes are no depth.
    """

    __slots__ = ("_meanings", "_states", "depth", "holds", "name", "place")

    def __init__(
        self, place: SchemaLocation, meanings: FieldMeanings, states: States, above: str | None = None, name: str = "",
        depth: int = 0,
    ) -> None:  # fmt: skip
        self.place, self.name, self.depth = place, name, depth
        self.holds = meanings.held(states) or above
        self._meanings, self._states = meanings, states

    def field(self, name: str, value: Any = None) -> Position:
        """Returns the position of an object's field, which has that value."""
        depth = self.depth if self.depth == 1 and self.name == "data" else self.depth + 1
        states = self._meanings.below(self._states, name, value)
        return Position(self.place.field(name), self._meanings, states, self.holds, name, depth)

    def item(self, value: Any = None) -> Position:
        """Returns the position of an array's item, which has that value."""
        states = self._meanings.below(self._states, "0", value)
        return Position(self.place.item, self._meanings, states, self.holds, "", self.depth + 1)


def rewritten(value: Any, position: Position, rename: Callable[[str], str], leaf: Callable[[Any, Position], Any]) -> Any:
    """Returns the value with names and leaves replaced; a duplicate name gets `_` at its end.

    One call for each level, since values nest deeply; past Python's limit it raises RecursionError.
    """
    if isinstance(value, dict):
        fields: dict[str, Any] = {}
        for key, item in value.items():
            name = rename(key)
            while name in fields:
                name += "_"
            fields[name] = rewritten(item, position.field(key, item), rename, leaf)
        return fields
    if isinstance(value, list):
        items = []
        for item in value:  # no comprehension: it would be a call of its own
            items.append(rewritten(item, position.item(item), rename, leaf))  # noqa: PERF401
        return items
    return leaf(value, position)
