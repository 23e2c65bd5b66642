"""Removes violations of rules on a field that already breaks the schema."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from specimen.contracts.judge.rule import Violation
from specimen.contracts.judge.severity import SEVERITIES
from specimen.specs.core.json_pointer import split
from specimen.specs.loading.schemas import is_rule

# A part of a path: a name, a pattern of names, or (None) any.
PathPart = str | re.Pattern[str] | None
FieldPath = tuple[PathPart, ...]
# The keywords whose failure means that a field has no value of its kind, so that nothing inside it can be judged either.
_UNFIT = frozenset({"required", "type"})
# The keywords about the value itself, not about what is beside or inside it.
_OF_VALUE = frozenset(
    {"const", "enum", "exclusiveMaximum", "exclusiveMinimum", "format", "maxLength", "maximum", "minLength", "minimum"}
    | {"multipleOf", "pattern"}
)
# Where the parts of a schema lead in the instance: these to a field of that name, those to any field or item.
_TO_SAME = ("if", "then", "else", "not")
_TO_SAME_LISTS = ("allOf", "anyOf", "oneOf")
_TO_ANY = ("additionalProperties", "contains", "items", "unevaluatedItems", "unevaluatedProperties")


class FieldError(NamedTuple):
    """A field that breaks the schema. `is_unfit`: it is missing or of another type."""

    place: tuple[str, ...]
    is_unfit: bool


class LocatedViolation(NamedTuple):
    """A violation with its fields: the one that breaks the schema, or those that a rule rests on, its own first."""

    violation: Violation
    fault: FieldError | None = None
    rests_on: tuple[FieldPath, ...] = ()


def deduplicate(said: Iterable[LocatedViolation]) -> set[Violation]:
    """Returns the violations without those of rules on fields that break the schema.

    A rule that rests on a field that is missing or of another type is silent: it was made for the field's documented form, and
    where that form is only assumed, neither can be more than a note. Where only the value breaks the schema, the more severe
    of the two is kept, of two alike the schema's. Of several keywords that one value breaks, the more severe are kept: a text
    that is no time at all does not also break the form that is assumed. At least one violation always stays.
    """
    every = list(said)
    faults = _severest([(entry.fault, entry.violation) for entry in every if entry.fault is not None])
    found: set[Violation] = set()
    superseded: set[FieldError] = set()
    for violation, fault, rests_on in every:
        if fault is not None:
            continue
        met = [(other, reported) for other, reported in faults if any(_affects(other, place) for place in rests_on)]
        if not any(other.is_unfit or not _is_milder(reported, violation) for other, reported in met):
            found.add(violation)
            superseded.update(other for other, _ in met if other.place == rests_on[0])
    return found | {reported for fault, reported in faults if fault not in superseded}


def _severest(faults: list[tuple[FieldError, Violation]]) -> list[tuple[FieldError, Violation]]:
    """Returns the faults without those of which another one, of the same field, is more severe."""
    best: dict[tuple[str, ...], int] = {}
    for fault, violation in faults:
        rank = SEVERITIES.index(violation.severity)
        best[fault.place] = min(rank, best.get(fault.place, rank))
    return [each for each in faults if SEVERITIES.index(each[1].severity) == best[each[0].place]]


def _is_milder(reported: Violation, than: Violation) -> bool:
    return SEVERITIES.index(reported.severity) > SEVERITIES.index(than.severity)


def _affects(fault: FieldError, place: FieldPath) -> bool:
    """Whether a field error is at this path, or at one that contains it."""
    if len(fault.place) > len(place) or (len(fault.place) < len(place) and not fault.is_unfit):
        return False
    return all(_is(part, name) for part, name in zip(place, fault.place, strict=False))


def _is(part: PathPart, name: str) -> bool:
    if isinstance(part, re.Pattern):
        return part.search(name) is not None
    return part is None or part == name


def field_error_of(error: Any, prefix: tuple[str, ...] = ()) -> FieldError | None:
    """Returns the field of a validation error; None where it is of an object's or an array's whole content."""
    keyword = str(error.kind.name)
    place = (*prefix, *(str(part) for part in error.instance_path))
    if keyword == "required":
        place = (*place, str(error.kind.property))
    return FieldError(place, keyword in _UNFIT) if keyword in _UNFIT or keyword in _OF_VALUE else None


def places_of(pointer: str) -> tuple[FieldPath, ...]:
    """Returns the path of a finding's pointer; nothing where that is the whole exchange."""
    return (split(pointer),) if pointer else ()


def places_of_rule(raw: Mapping[str, Any], error: Any, prefix: tuple[str, ...] = ()) -> tuple[FieldPath, ...]:
    """Returns the paths that a named schema rule reads, the path of the validation error first.

    Of the arrays on the way to that place only the item in question counts.
    """
    node: Any = raw
    rule: Any = None
    depth = 0
    is_name = False
    for part in split(_fragment(error.absolute_keyword_location or "")):
        node = node[int(part)] if isinstance(node, list) else node.get(part, {})
        if is_name or part in _TO_ANY:
            depth += 1
        is_name = not is_name and part in ("properties", "patternProperties", "prefixItems")
        if not is_name and isinstance(node, Mapping) and is_rule(node):
            rule, depth = node, 0
    own = tuple(str(part) for part in error.instance_path)
    start = own[: len(own) - depth]
    rests_on = dict.fromkeys([own, *(_looks(rule, start, own) if rule is not None else ())])
    return tuple((*prefix, *place) for place in rests_on)


def _fragment(location: str) -> str:
    return location.partition("#")[2].replace("%7B", "{").replace("%7D", "}").replace("%25", "%")


def _looks(node: Any, here: FieldPath, own: tuple[str, ...]) -> Iterator[FieldPath]:
    """Yields the paths that a schema reads; `own` is the path of the error, for the indexes of arrays."""
    if not isinstance(node, Mapping):
        yield here
        return
    if not any(key in node for key in (*_TO_SAME, *_TO_SAME_LISTS, *_TO_ANY, "properties", "patternProperties", "required")):
        yield here
    for name in node.get("required", ()):
        yield (*here, name)
    for name, below in node.get("properties", {}).items():
        yield from _looks(below, (*here, name), own)
    for pattern, below in node.get("patternProperties", {}).items():
        yield from _looks(below, (*here, re.compile(pattern)), own)
    for key in _TO_ANY:
        if key in node:
            is_on_way = key != "contains" and len(own) > len(here) and own[: len(here)] == here
            yield from _looks(node[key], (*here, own[len(here)] if is_on_way else None), own)
    for key in _TO_SAME:
        if key in node:
            yield from _looks(node[key], here, own)
    for key in _TO_SAME_LISTS:
        for below in node.get(key, ()):
            yield from _looks(below, here, own)
