"""Finds the meanings of fields by the patterns of field_semantics.yaml during the walk of a value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

# Patterns that fit so far: which one, and how many of its parts are behind.
States = frozenset[tuple[int, int]]


class FieldMeanings:
    """Patterns in their order, of which the first that fits counts; their form is that of `field_semantics.Holding`.

    To ask for every field of a large value from its root would cost more than to judge the value.
    """

    def __init__(self, patterns: Iterable[tuple[tuple[str, ...], str]]) -> None:
        self._patterns = tuple(patterns)
        self._literals = frozenset(part for parts, _ in self._patterns for part in parts)
        self._steps: dict[tuple[States, str], tuple[States, tuple[tuple[int, int], ...]]] = {}
        self._found: dict[States, str | None] = {}
        self.start = self._closed((number, 0) for number in range(len(self._patterns)))

    def below(self, states: States, name: str, value: Any) -> States:
        """Where the walk stands at a field or an item of that name, which holds `value`."""
        key = (states, name if name in self._literals else "")
        step = self._steps.get(key)
        if step is None:
            step = self._steps[key] = self._step(states, name)
        fitting, by_value = step
        if not by_value:
            return fitting
        chosen = [(number, index + 1) for number, index in by_value if _is_chosen(self._patterns[number][0][index], value)]
        return fitting | self._closed(chosen) if chosen else fitting

    def held(self, states: States) -> str | None:
        """What the field holds that the walk has come to, or None."""
        if states not in self._found:
            whole = [number for number, index in states if index == len(self._patterns[number][0])]
            self._found[states] = self._patterns[min(whole)][1] if whole else None
        return self._found[states]

    def reached(self, *where: str) -> States:
        """Where the walk stands at a place whose pattern asks for no value on its way."""
        states = self.start
        for name in where:
            states = self.below(states, name, None)
        return states

    def _step(self, states: States, name: str) -> tuple[States, tuple[tuple[int, int], ...]]:
        found, by_value = [], []
        for number, index in states:
            parts = self._patterns[number][0]
            if index == len(parts):
                continue
            if parts[index] == "**":
                found.append((number, index))
            elif parts[index].startswith("["):
                by_value.append((number, index))
            elif parts[index] in ("*", name):
                found.append((number, index + 1))
        return self._closed(found), tuple(by_value)

    def _closed(self, states: Iterable[tuple[int, int]]) -> States:
        """With those that `**` stands for nothing in."""
        found = set(states)
        for number, index in tuple(found):
            parts, behind = self._patterns[number][0], index
            while behind < len(parts) and parts[behind] == "**":
                behind += 1
                found.add((number, behind))
        return frozenset(found)


def _is_chosen(part: str, value: Any) -> bool:
    name, _, wanted = part[1:-1].partition("=")
    return isinstance(value, dict) and value.get(name) == wanted
