"""Finds the kinds of cases that providers' fields take, without making a case."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import chain, islice

from specimen.contracts.payloads.families.state import kinds as state_kinds
from specimen.contracts.payloads.generate.catalogue import ways
from specimen.contracts.payloads.generate.selection import Choice
from specimen.contracts.payloads.model.case_types import FAMILIES, Kind, edges_of
from specimen.contracts.payloads.model.mutations import ABSENT
from specimen.specs import Provider

# Payloads of an operation with other people and documents: enough that each size of zone and each script is among them.
_MOST_PAYLOADS = 16
# The families whose kinds of the whole payload differ from one payload of an operation to another.
_OF_STATE = ("mrz", "state")


def kinds(providers: Sequence[Provider], choice: Choice) -> dict[str, Kind]:
    """Returns, by id, the kinds that a choice's cases may be of: families in their order, within one by name.

    A few payloads of each operation are looked at, all fields of the first and of the others those with a meaning that is new.
    The contract is not asked: where no field's case has the verdict that a kind claims, there is no case of that kind.
    """
    found: dict[str, Kind] = {}
    most = _MOST_PAYLOADS if len(providers) == 1 else 1  # what one provider's first person has not, another's has
    for provider in providers:
        known: set[Hashable] = set()
        asked = {name: getattr(choice, name) for name in ("operation", "direction", "status", "seed", "now")}
        for bases in ways(provider, **asked):
            seen: set[tuple[str, bool]] = set()
            for number, base in enumerate(islice(bases, most)):
                for place in base.places():
                    what = (place.holds or place.label, place.value is ABSENT or not place.value)
                    if number and place.parts and what in seen:
                        continue
                    seen.add(what)
                    # A field as in another operation takes the same kinds there, but for those that depend on the payload.
                    own = (base.direction, base.is_error, base.is_stream, what, tuple(map(id, place.nodes)))
                    is_new = place.parts and (own not in known or choice.fields)
                    known.add(own)
                    families = FAMILIES if is_new or not (place.parts or number) else _OF_STATE
                    for edge in chain.from_iterable(edges_of(family, place, base) for family in families):
                        if edge.kind.id not in found and choice.may_take(base, place, edge.kind):
                            found[edge.kind.id] = edge.kind
        if not choice.fields:
            for kind in state_kinds(provider, choice.operation, choice.status) if choice.direction != "request" else ():
                if choice.may_be(kind):
                    found.setdefault(kind.id, kind)
    in_order = sorted((FAMILIES.index(kind.family), name) for name, kind in found.items())
    return {name: found[name] for _, name in in_order}
