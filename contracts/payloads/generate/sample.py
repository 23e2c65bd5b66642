"""Takes a few cases of a catalogue, evenly from its families, without making the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count as count_from
from math import gcd
from typing import NamedTuple

from specimen.contracts.payloads.generate.expected_outcomes import expected_outcome
from specimen.contracts.payloads.generate.making import case
from specimen.contracts.payloads.model.case import Case
from specimen.contracts.payloads.model.case_types import ACCEPT, FAMILIES, Edge, Kind, edges, edges_of
from specimen.contracts.payloads.model.fields import PayloadField
from specimen.contracts.payloads.model.mutations import ABSENT, Fields
from specimen.contracts.payloads.model.valid_payloads import Base
from specimen.specs.core.json_pointer import value_at

MayTake = Callable[[Base, PayloadField, Kind], bool]
# Where a case stands in the catalogue: its operation and direction, base, field, family, and kind there.
Position = tuple[int, int, int, int, int]
# A step of about the golden ratio goes round a list evenly: any first part of the walk is spread over all of it.
_GOLDEN = 0.618034


class _Way(NamedTuple):
    """The valid payloads of one operation in one direction, made as they are asked for."""

    number: int
    bases: list[Base]
    rest: Iterator[Base]

    def at(self, number: int) -> Base | None:
        """The valid payload of this number; None after the last."""
        while len(self.bases) <= number:
            base = next(self.rest, None)
            if base is None:
                return None
            if expected_outcome(base, base.payload).verdict == ACCEPT:
                self.bases.append(base)
        return self.bases[number]


class _Candidate(NamedTuple):
    position: Position
    base: Base
    place: PayloadField
    edge: Edge


def sample(ways: list[Iterator[Base]], count: int, takes: Callable[[Case], bool], may_take: MayTake) -> list[Case] | None:
    """Returns `count` cases in the catalogue's order, evenly from the families, or None where it finds fewer.

    Args:
        ways: the payloads of each operation and direction, valid or not.
        count: how many are wanted.
        takes: whether a case is wanted.
        may_take: whether a case of this kind can be wanted at this field of this payload: asked before it is made.
    """
    found: dict[Position, Case] = {}
    every = [_Way(number, [], bases) for number, bases in enumerate(ways)]
    for number in count_from(0):
        bases = [(way, base) for way in every if (base := way.at(number)) is not None]
        if not bases:
            return None
        walks = [_made(_walk(bases, number, name, may_take)) for name in FAMILIES]
        while walks:
            for walk in list(walks):
                made = next((each for each in walk if takes(each[1])), None)
                if made is None:
                    walks.remove(walk)
                    continue
                found[made[0].position] = made[1]
                if len(found) == count:
                    return [found[position] for position in sorted(found)]
    return None


def _made(walk: Iterator[_Candidate]) -> Iterator[tuple[_Candidate, Case]]:
    """Yields the candidates that make a case of the catalogue."""
    for candidate in walk:
        if not _is_made_before(candidate):
            made = case(candidate.base, candidate.place, candidate.edge)
            if isinstance(made, Case):
                yield candidate, made


def _walk(bases: list[tuple[_Way, Base]], number: int, family: str, may_take: MayTake) -> Iterator[_Candidate]:
    """Yields a family's candidates, so that any first part of them is spread over all."""
    every = [each for way, base in bases for each in _of(way, number, base, family, may_take)]
    size = len(every)
    step = next((step for step in range(max(1, round(size * _GOLDEN)), size + 1) if gcd(step, size) == 1), 1)
    yield from (every[index * step % size] for index in range(size))


def _of(way: _Way, number: int, base: Base, family: str, may_take: MayTake) -> Iterator[_Candidate]:
    """Yields the kinds of the fields that no earlier payload of the way has: there the catalogue takes them from this one."""
    earlier = way.bases[:number]
    known = {place.label for one in earlier for place in one.places()}
    at_roots = {edge.kind.id for one in earlier for place in one.places()[:1] for edge in edges_of(family, place, one)}
    for at, place in enumerate(base.places()):
        if place.parts and place.label in known:
            continue
        for index, edge in enumerate(edges_of(family, place, base)):
            if may_take(base, place, edge.kind) and (place.parts or edge.kind.id not in at_roots):
                yield _Candidate((way.number, number, at, FAMILIES.index(family), index), base, place, edge)


def _is_made_before(candidate: _Candidate) -> bool:
    """Whether another kind that comes first may make the same payload: at the root, around the field, or at the field itself."""
    base, place, change = candidate.base, candidate.place, candidate.edge.change
    if change is ABSENT and len(value_at(base.payload, place.parts[:-1])) == 1:
        return True  # what is around it is empty then
    for edge in edges_of("state", base.places()[0], base):
        if isinstance(edge.change, Fields) and edge.change.values == {place.pointer: change}:
            return True
    for edge in edges(place, base):
        if edge.kind.id == candidate.edge.kind.id:
            return False
        if type(edge.change) is type(change) and edge.change == change:
            return True
    return False
