"""What can be changed of a field's JSON: left out, null, of another type, or a value that parsers read differently."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from specimen.contracts.payloads.families.structure import json_encoding, kinds
from specimen.contracts.payloads.model.case_types import Edge
from specimen.contracts.payloads.model.fields import PayloadField, is_of
from specimen.contracts.payloads.model.mutations import ABSENT, Also, Literal
from specimen.contracts.payloads.model.valid_payloads import RESPONSE, Base

_MANY_LEVELS = 100
# Placeholders are filled in when the request is sent; they are never cut.
_PLACEHOLDER = re.compile(r"\{\w+\}")


def edges(place: PayloadField, base: Base) -> Iterator[Edge]:
    """Yields the kinds that depend only on the type of the field."""
    if place.is_text_only:
        yield from _of_texts(place)
        return
    if not place.parts or place.parts == ("body",):
        yield from json_encoding.edges(place, base)
    if place.is_twin or (isinstance(place.value, Mapping) and "base64" in place.value):
        return
    is_form = base.media is not None and base.media.content_type == "multipart/form-data"
    if is_form:
        if len(place.parts) == 2:
            yield from _of_parts(place)
        return
    if place.parts:
        yield from _of_presence(place)
    if place.is_present and place.value is not None:
        if place.parts:
            yield from _of_type(place)
        yield from _of_value(place, base)


def _of_presence(place: PayloadField) -> Iterator[Edge]:
    if not place.is_present:
        yield Edge(kinds.NULL_FOR_ABSENT, None)
        return
    if not place.name.isdigit():
        yield Edge(kinds.MISSING, ABSENT)
    if place.value is not None:
        yield Edge(kinds.NULL, None)


def _of_type(place: PayloadField) -> Iterator[Edge]:
    for name, (found, value) in kinds.WRONG_TYPES.items():
        if name not in place.types and not (name == "integer" and "number" in place.types) and not is_of(place.value, name):
            yield Edge(found, value)
    if isinstance(place.value, bool):
        yield Edge(kinds.BOOLEAN_AS_TEXT, str(place.value).lower())
    elif isinstance(place.value, (int, float)):
        yield Edge(kinds.NUMBER_AS_TEXT, str(place.value))
        yield Edge(kinds.NAN_AS_TEXT, "NaN")


def _of_value(place: PayloadField, base: Base) -> Iterator[Edge]:
    value = place.value
    if isinstance(value, Mapping):
        yield from _of_objects(value)
        if place.parts and value:
            yield Edge(kinds.EMPTY_OBJECT, {})
        if not place.parts or place.parts == ("body",):
            yield Edge(kinds.NESTED_FIELD, Also("specimen_nested", _nested(_MANY_LEVELS)))
    elif isinstance(value, list):
        if value:
            yield Edge(kinds.EMPTY_ARRAY, [])
            yield Edge(kinds.LONG_ARRAY, (value * 1000)[:1000])
    elif isinstance(value, bool):
        return
    elif isinstance(value, (int, float)):
        yield from _of_numbers(place, value)
    elif isinstance(value, str) and value:
        yield from _of_strings(place, value, base)


def _of_objects(value: Mapping[str, Any]) -> Iterator[Edge]:
    yield Edge(kinds.UNKNOWN_FIELD, Also("specimen_unknown", "specimen"))
    yield Edge(kinds.PROTOTYPE_FIELD, Also("__proto__", {"specimen": True}))
    name = next((key for key, entry in value.items() if isinstance(entry, (str, int))), None)
    if name is not None:
        yield Edge(kinds.SAME_KEY_TWICE, Also(name, value[name]))
        if isinstance(value[name], str):
            yield Edge(kinds.OTHER_KEY_TWICE, Also(name, "specimen"))


def _nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"specimen": value}
    return value


def _of_numbers(place: PayloadField, value: float) -> Iterator[Edge]:
    if isinstance(value, int):
        yield Edge(kinds.ONE_POINT_ZERO, Literal(f"{value}.0"))
        yield Edge(kinds.EXPONENT, Literal(f"{value}e0"))
        yield Edge(kinds.PAST_2_53, 9_007_199_254_740_993)
        yield Edge(kinds.PAST_64_BITS, 10**19 * 3 + 7)
    yield Edge(kinds.HUGE_EXPONENT, Literal("1e400"))
    yield Edge(kinds.MINUS_ZERO, Literal("-0"))
    if place.keyword("minimum") != 0:  # there it is the case of one below the minimum
        yield Edge(kinds.NEGATIVE, -1)
    yield Edge(kinds.NAN, Literal("NaN"))
    yield Edge(kinds.INFINITY, Literal("Infinity"))
    for word, at, past, step in (("minimum", kinds.MINIMUM, kinds.BELOW_MINIMUM, -1), ("maximum", kinds.MAXIMUM, kinds.ABOVE_MAXIMUM, 1)):
        bound = place.keyword(word)
        if isinstance(bound, (int, float)):
            if bound != value:
                yield Edge(at, bound)
            yield Edge(past, bound + step)


def _of_strings(place: PayloadField, value: str, base: Base) -> Iterator[Edge]:
    yield Edge(kinds.EMPTY_TEXT, "")
    if place.is_open_text:
        yield Edge(kinds.BLANK_TEXT, "   ")
        yield Edge(kinds.LONE_SURROGATE, Literal('"\\ud83d"'))
        filled = _PLACEHOLDER.match(value)
        cut = 1 if filled is None else filled.end()
        yield Edge(kinds.LINE_BREAK, f"{value[:cut]}\r\nSpecimen: {value[cut:]}")
        yield Edge(kinds.NUL_INSIDE, f"{value[:cut]}\x00{value[cut:]}")
        if base.direction == RESPONSE:
            yield Edge(kinds.HUGE_TEXT, ("specimen " * 7282)[:65_536])
    is_constant = place.keyword("const") is not None
    if is_constant or place.keyword("enum") is not None:
        # Another constant makes another kind of object, of which other rules may speak.
        yield Edge(replace(kinds.UNKNOWN_VALUE, is_of_form=is_constant), "specimen")
        yield Edge(replace(kinds.VALUE_OTHER_CASE, is_of_form=is_constant), value.swapcase())
        yield Edge(replace(kinds.VALUE_WITH_BLANK, is_of_form=is_constant), f"{value} ")
    most = place.keyword("maxLength")
    if isinstance(most, int) and most >= len(value):
        yield Edge(kinds.LONGEST, value + "a" * (most - len(value)))
        yield Edge(kinds.TOO_LONG, value + "a" * (most + 1 - len(value)))


def _of_parts(place: PayloadField) -> Iterator[Edge]:
    """Yields the kinds for the text parts of a form."""
    if place.is_present:
        yield Edge(kinds.MISSING, ABSENT)
    if isinstance(place.value, str):
        yield Edge(kinds.EMPTY_TEXT, "")


def _of_texts(place: PayloadField) -> Iterator[Edge]:
    if place.parts[0] == "path":
        yield from _of_values(place)
        return
    if place.is_present and place.required:
        yield Edge(kinds.MISSING, ABSENT)
    if place.parts[0] == "headers":
        return
    yield Edge(kinds.EMPTY_TEXT, "")
    if "integer" in place.types:
        for text, found in kinds.TEXT_NUMBERS.items():
            yield Edge(found, text)
        for word, at, past, step in (("minimum", kinds.MINIMUM, kinds.BELOW_MINIMUM, -1), ("maximum", kinds.MAXIMUM, kinds.ABOVE_MAXIMUM, 1)):
            bound = place.keyword(word)
            if isinstance(bound, int):
                if place.value != bound:
                    yield Edge(at, str(bound))
                yield Edge(past, str(bound + step))
    yield from _of_values(place)


def _of_values(place: PayloadField) -> Iterator[Edge]:
    values = place.keyword("enum")
    if values:
        yield Edge(kinds.UNKNOWN_VALUE, "specimen")
        yield Edge(kinds.VALUE_OTHER_CASE, str(values[0]).swapcase())
        yield Edge(kinds.VALUE_WITH_BLANK, f"{values[0]} ")
