"""Makes the cases of a catalogue that a filter may take, and of the others only those that decide about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from specimen.contracts.payloads.generate.making import (
    LeftOut,
    case,
    content,
    is_never_settled,
    is_valid,
    mutated,
    shape,
)
from specimen.contracts.payloads.model.case import Case
from specimen.contracts.payloads.model.case_types import FAMILIES, Edge, Kind, edges_of
from specimen.contracts.payloads.model.fields import PayloadField
from specimen.contracts.payloads.model.mutations import ABSENT, Also, Fields, Literal, Renamed, Whole, as_bytes
from specimen.contracts.payloads.model.valid_payloads import Base
from specimen.specs.core.json_pointer import split

Key = tuple[str, str]
Parts = tuple[str, ...]
# The payload, the field, the family, and which of its kinds: in the catalogue's order.
Position = tuple[int, int, int, int]
_NOT_PLAIN = (Also, Fields, Literal, Renamed, Whole)


class Filter(NamedTuple):
    """What may be taken: of which families, at which fields, and of which kinds in an answer about which state."""

    families: Callable[[str], bool]
    at: Callable[[PayloadField], bool]
    of: Callable[[Kind, Base], bool]


def of_filtered(bases: Sequence[Base], wanted: Filter) -> Iterator[Case]:
    """Yields those of the cases that `of_bases` makes which a filter may take, in their order.

    Whether there is such a case may depend on one that is not taken: another kind that comes first has the same payload, or the
    same kind was made of an earlier payload already. Those are made too, and no others.
    """
    found = _Catalogue(bases)
    families = [number for number, name in enumerate(FAMILIES) if wanted.families(name)]
    for number, base in enumerate(bases):
        is_of: dict[str, bool] = {}
        for at, place in enumerate(base.places()):
            if not wanted.at(place):
                continue
            for family in families:
                for index, edge in enumerate(found.edges(number, at, family)):
                    position, kind = (number, at, family, index), edge.kind
                    if kind.id not in is_of:
                        is_of[kind.id] = wanted.of(kind, base)
                    if is_of[kind.id] and found.is_case(position) and not found.is_twin(position):
                        made = found.made(position)
                        if isinstance(made, Case):
                            yield made


class _Progress:
    """How far the positions of one kind at one field were looked at, and the first that made a case."""

    def __init__(self, positions: Sequence[Position]) -> None:
        self.positions = positions
        self.next = 0
        self.done: Position | None = None


class _Catalogue:
    """What the whole catalogue has at a position, found out when it is asked for."""

    def __init__(self, bases: Sequence[Base]) -> None:
        self._bases = bases
        self._edges: dict[tuple[int, int, int], tuple[Edge, ...]] = {}
        self._made: dict[Position, Case | LeftOut] = {}
        self._valid: dict[int, bool] = {}
        self._settling: dict[tuple[int, int], bool] = {}
        self._progress: dict[Key, _Progress] = {}
        self._of_label: dict[str, list[tuple[int, int]]] = {}
        for number, base in enumerate(bases):
            for at, place in enumerate(base.places()):
                self._of_label.setdefault(place.label, []).append((number, at))
        self._sizes: dict[Position, int | None] = {}
        self._differing: dict[tuple[int, int], tuple[Parts, ...]] = {}

    def edges(self, number: int, at: int, family: int) -> tuple[Edge, ...]:
        """The kinds of a family at a field."""
        key = (number, at, family)
        if key not in self._edges:
            base = self._bases[number]
            self._edges[key] = tuple(edges_of(FAMILIES[family], base.places()[at], base))
        return self._edges[key]

    def made(self, position: Position) -> Case | LeftOut:
        """The case at a position, or why there is none."""
        if position not in self._made:
            self._made[position] = case(*self._at(position))
        return self._made[position]

    def is_case(self, position: Position) -> bool:
        """Whether the catalogue makes a case there, or would if no other had its payload."""
        return not self._is_done(self._key(position), position) and self._is_made(position)

    def is_twin(self, position: Position) -> bool:
        """Whether a case that comes first has the same payload."""
        size, own = self._size(position), None
        for other in self._overlapping(position):
            if size is not None and self._size(other) == size:
                own = own or self._content(position)
                if self._content(other) == own and self.is_case(other):
                    return True
        return False

    def _at(self, position: Position) -> tuple[Base, PayloadField, Edge]:
        number, at, family, index = position
        base = self._bases[number]
        return base, base.places()[at], self.edges(number, at, family)[index]

    def _key(self, position: Position) -> Key:
        _, place, edge = self._at(position)
        return place.label, edge.kind.id

    def _is_made(self, position: Position) -> bool:
        """Whether a case is made there, of a kind that was not made before at this field."""
        number, at, *_ = position
        return self._is_valid(number) and not self._is_settled(number, at) and isinstance(self.made(position), Case)

    def _is_valid(self, number: int) -> bool:
        if number not in self._valid:
            self._valid[number] = is_valid(self._bases[number])
        return self._valid[number]

    def _is_done(self, key: Key, before: Position) -> bool:
        """Whether a kind was made at a field before a position."""
        found = self._progress.get(key)
        if found is None:
            found = self._progress[key] = _Progress(list(self._positions(key)))
        while found.done is None and found.next < len(found.positions) and found.positions[found.next] < before:
            position = found.positions[found.next]
            found.next += 1
            if self._is_made(position):
                found.done = position
        return found.done is not None and found.done < before

    def _positions(self, key: Key) -> Iterator[Position]:
        label, kind = key
        family = FAMILIES.index(kind.partition(".")[0])
        for number, at in self._of_label[label]:
            for index, edge in enumerate(self.edges(number, at, family)):
                if edge.kind.id == kind:
                    yield number, at, family, index

    def _is_settled(self, number: int, at: int) -> bool:
        """Whether an earlier field of this shape made all of its kinds, so that the catalogue tries none here."""
        place = self._bases[number].places()[at]
        if is_never_settled(place):
            return False
        own = shape(place)
        for earlier in self._of_label[place.label]:
            if earlier >= (number, at):
                return False
            if shape(self._bases[earlier[0]].places()[earlier[1]]) == own and self._settles(*earlier):
                return True
        return False

    def _settles(self, number: int, at: int) -> bool:
        key = (number, at)
        if key not in self._settling:
            self._settling[key] = self._is_valid(number) and all(
                self._is_done(self._key(position), position) or isinstance(self.made(position), Case)
                for position in self._of_place(number, at)
            )
        return self._settling[key]

    def _of_place(self, number: int, at: int) -> Iterator[Position]:
        for family in range(len(FAMILIES)):
            for index in range(len(self.edges(number, at, family))):
                yield number, at, family, index

    def _overlapping(self, position: Position) -> Iterator[Position]:
        """The earlier positions that may have the same payload: their changes and this one's cover where the payloads differ."""
        number, at, *_ = position
        _, place, edge = self._at(position)
        own = _regions(place, edge.change)
        for other in range(number + 1):
            left = [parts for parts in self._differences(other, number) if not any(_is_in(parts, region) for region in own)]
            top = _common(left)
            for index, near in enumerate(self._bases[other].places()[: at + 1 if other == number else None]):
                if not (_is_in(top, near.parts) if left else any(_overlap(near.parts, region) for region in own)):
                    continue
                for found in self._of_place(other, index):
                    if found >= position:
                        return
                    regions = _regions(near, self._at(found)[2].change) if left else ()
                    if all(any(_is_in(parts, region) for region in regions) for parts in left):
                        yield found

    def _differences(self, first: int, second: int) -> tuple[Parts, ...]:
        """Where two payloads differ."""
        key = (first, second)
        if key not in self._differing:
            one, other = self._bases[first].payload, self._bases[second].payload
            self._differing[key] = () if first == second else tuple(_differences(one, other, ()))
        return self._differing[key]

    def _size(self, position: Position) -> int | None:
        """How many bytes distinguish the payload of a position; None where it cannot be made."""
        if position not in self._sizes:
            base, place, edge = self._at(position)
            if not place.parts or not place.is_present or edge.change is ABSENT or isinstance(edge.change, _NOT_PLAIN):
                made = self._content(position)
                self._sizes[position] = None if made is None else len(made)
            else:
                whole = len(content(base.direction, base.payload, None))
                self._sizes[position] = whole - len(as_bytes(place.value)) + len(as_bytes(edge.change))
        return self._sizes[position]

    def _content(self, position: Position) -> bytes | None:
        """What distinguishes the payload of a position; None where it cannot be made."""
        base, place, edge = self._at(position)
        try:
            payload, content_type = mutated(base, place, edge.change)
        except (KeyError, IndexError, TypeError):
            return None
        return content(base.direction, payload, content_type)


def _regions(place: PayloadField, change: Any) -> tuple[Parts, ...]:
    """Where a change at a field changes the payload."""
    if isinstance(change, Fields):
        return tuple(tuple(split(pointer)) for pointer in change.values)
    return (place.parts[:-1] if change is ABSENT or isinstance(change, Renamed) else place.parts,)


def _differences(one: Any, other: Any, parts: Parts) -> Iterator[Parts]:
    if isinstance(one, dict) and isinstance(other, dict) and list(one) == list(other):
        for name, value in one.items():
            yield from _differences(value, other[name], (*parts, name))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (value, another) in enumerate(zip(one, other, strict=True)):
            yield from _differences(value, another, (*parts, str(index)))
    elif type(one) is not type(other) or one != other:
        yield parts


def _is_in(parts: Parts, region: Parts) -> bool:
    return parts[: len(region)] == region


def _overlap(one: Parts, other: Parts) -> bool:
    return _is_in(one, other) or _is_in(other, one)


def _common(every: Sequence[Parts]) -> Parts:
    """The place that is around all of these."""
    found: Parts = ()
    for level in zip(*every, strict=False):
        if len(set(level)) > 1:
            break
        found = (*found, level[0])
    return found
