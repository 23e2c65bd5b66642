"""One fault, one violation: what the schema has said of a field is not said again by the rules that rest on it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from specimen.contracts.judge.rule import NOTE, Violation
from specimen.specs.loading.schemas import is_rule

# A part of a place: a name, a pattern of names, or (None) any.
Part = str | re.Pattern[str] | None
Place = tuple[Part, ...]
# The keywords whose failure means that a field has no value of its kind, so that nothing inside it can be judged either.
_UNFIT = frozenset({"required", "type"})
# What else the schema says of the very value that it finds fault with, not of what stands beside or inside it.
_OF_VALUE = frozenset(
    {"const", "enum", "exclusiveMaximum", "exclusiveMinimum", "format", "maxLength", "maximum", "minLength", "minimum"}
    | {"multipleOf", "pattern"}
)
# Where the parts of a schema lead in the instance: these to a field of that name, those to any field or item.
_TO_SAME = ("if", "then", "else", "not")
_TO_SAME_LISTS = ("allOf", "anyOf", "oneOf")
_TO_ANY = ("additionalProperties", "contains", "items", "unevaluatedItems", "unevaluatedProperties")


class Fault(NamedTuple):
    """What the plain schema said of a field. `is_unfit`: it is missing or of another type."""

    place: tuple[str, ...]
    is_unfit: bool


class Said(NamedTuple):
    """A violation with what it is about: a fault of the schema's, or the places that a rule rests on, the first its own."""

    violation: Violation
    fault: Fault | None = None
    rests_on: tuple[Place, ...] = ()


def once(said: Iterable[Said]) -> set[Violation]:
    """The violations without those that say of a field what the schema has said.

    A rule that rests on a field that is missing or of another type is silent: it was made for the field's documented form, and
    where that form is only assumed, neither can be more than a note. Where the schema finds fault with the value alone, the
    louder of the two is kept, of two errors or two notes the schema's. Something is always left to say.
    """
    every = list(said)
    faults = [(entry.fault, entry.violation) for entry in every if entry.fault is not None]
    found: set[Violation] = set()
    outdone: set[Fault] = set()
    for violation, fault, rests_on in every:
        if fault is not None:
            continue
        met = [(other, voice) for other, voice in faults if any(_meets(other, place) for place in rests_on)]
        if not any(other.is_unfit or not _is_quieter(voice, violation) for other, voice in met):
            found.add(violation)
            outdone.update(other for other, _ in met if other.place == rests_on[0])
    return found | {voice for fault, voice in faults if fault not in outdone}


def _is_quieter(voice: Violation, than: Violation) -> bool:
    return voice.severity == NOTE and than.severity != NOTE


def _meets(fault: Fault, place: Place) -> bool:
    """Whether a fault is of this place, or of one that it is in."""
    if len(fault.place) > len(place) or (len(fault.place) < len(place) and not fault.is_unfit):
        return False
    return all(_is(part, name) for part, name in zip(place, fault.place, strict=False))


def _is(part: Part, name: str) -> bool:
    if isinstance(part, re.Pattern):
        return part.search(name) is not None
    return part is None or part == name


def fault_of(error: Any, prefix: tuple[str, ...] = ()) -> Fault | None:
    """The field that a validation error finds fault with; None where it is of an object's or an array's whole content."""
    keyword = str(error.kind.name)
    place = (*prefix, *(str(part) for part in error.instance_path))
    if keyword == "required":
        place = (*place, str(error.kind.property))
    return Fault(place, keyword in _UNFIT) if keyword in _UNFIT or keyword in _OF_VALUE else None


def places_of(pointer: str) -> tuple[Place, ...]:
    """What a rule's function rests on by its finding's pointer; nothing where that is the whole exchange."""
    return (_unescaped(pointer),) if pointer else ()


def places_of_rule(raw: Mapping[str, Any], error: Any, prefix: tuple[str, ...] = ()) -> tuple[Place, ...]:
    """The places that a named schema rule looks at, the one where a validation error found it broken first.

    Of the arrays on the way to that place only the item in question counts.
    """
    node: Any = raw
    rule: Any = None
    depth = 0
    is_name = False
    for part in _unescaped(_fragment(error.absolute_keyword_location or "")):
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


def _unescaped(pointer: str) -> tuple[str, ...]:
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def _fragment(location: str) -> str:
    return location.partition("#")[2].replace("%7B", "{").replace("%7D", "}").replace("%25", "%")


def _looks(node: Any, here: Place, own: tuple[str, ...]) -> Iterator[Place]:
    """The places that a schema looks at; `own` is where the fault was found, so that its arrays' items are known."""
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
