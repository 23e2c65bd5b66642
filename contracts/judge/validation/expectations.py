"""Describes in words what a schema keyword requires, and what came instead."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from specimen.contracts.redaction.values import Words, redacted

_MOST_LISTED = 12
_MOST_LENGTH = 200
_TYPES = {
    "array": "an array", "boolean": "true or false", "integer": "an integer", "null": "null", "number": "a number",
    "object": "an object", "string": "a string",
}  # fmt: skip
_BOUNDS = {
    "minimum": "at least {}", "maximum": "at most {}", "exclusiveMinimum": "more than {}", "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}", "format": "a string of format {}", "pattern": "a string that matches {}",
}  # fmt: skip
_AMOUNTS = {
    "Length": ("a string of", "character"), "Items": ("an array of", "item"), "Properties": ("an object of", "field"),
}  # fmt: skip
_OTHERS = {
    "additionalItems": "no further items", "additionalProperties": "no field but the documented ones",
    "contains": "an item of the documented form", "falseSchema": "nothing here", "not": "none of the excluded values",
    "propertyNames": "documented names of fields", "unevaluatedItems": "no further items",
    "unevaluatedProperties": "no field but the documented ones", "uniqueItems": "items that all differ",
}  # fmt: skip


def expected(error: Any) -> Words:
    """Returns what a failed keyword requires: the document's words only, nothing of what came."""
    name, details = str(error.kind.name), error.kind.as_dict()
    value = next(iter(details.values()), None)
    if name == "required":
        return Words(f"the field '{value}'")
    if name == "type":
        return Words(" or ".join(_TYPES.get(kind, kind) for kind in _listed(value)))
    if name == "const":
        shown = json.dumps(value, ensure_ascii=False)
        return Words(_literal(value) if len(shown) < _MOST_LENGTH else "the documented value")
    if name == "enum":
        return Words(_one_of(_listed(value)))
    if name in _BOUNDS:
        return Words(_BOUNDS[name].format(value))
    for ending, (form, unit) in _AMOUNTS.items():
        if name in (f"min{ending}", f"max{ending}"):
            bound = "at least" if name.startswith("min") else "at most"
            return Words(f"{form} {bound} {value} {unit}{'s'[: value != 1]}")
    if name in ("oneOf", "anyOf"):
        fitting = "exactly one" if name == "oneOf" else "one"
        return Words(f"{fitting} of the documented forms")
    return Words(_OTHERS.get(name, name))


def got(error: Any, pointer: str, known: frozenset[str]) -> Words:
    """Returns what came, redacted; beside an enumeration with the listed value that is nearest to it."""
    shown, value = redacted(error.instance, pointer, known), error.instance
    if str(error.kind.name) == "enum" and isinstance(value, str):
        texts = {text.lower(): text for text in _listed(error.kind.as_dict()["options"]) if isinstance(text, str)}
        close = get_close_matches(value.lower()[:_MOST_LENGTH], texts, n=1, cutoff=0.75)
        shown += f"; nearest is {_literal(texts[close[0]])}" if close else ""
    return Words(shown)


def _one_of(values: Sequence[Any]) -> str:
    """The values, or the first of them and their number."""
    if len(values) == 1:
        return _literal(values[0])
    shown: list[str] = []
    for value in values[:_MOST_LISTED]:
        shown.append(_literal(value))
        if len(", ".join(shown)) > _MOST_LENGTH:
            break
    rest = "" if len(shown) == len(values) else f", … ({len(values)} values)"
    return f"one of {', '.join(shown)}{rest}"


def _literal(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, Sequence) and not isinstance(value, (str, Mapping)) else [value]
