"""What a kind of edge case is, and the families that say which kinds apply where."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from specimen.contracts.payloads.model.fields import Place
from specimen.contracts.payloads.model.valid_payloads import Base

ACCEPT, REJECT, EITHER = "accept", "reject", "either"
VERDICTS = (ACCEPT, REJECT, EITHER)
# In the order in which they are listed; where two kinds are the same payload, the first one makes the case.
FAMILIES = ("names", "mrz", "dates", "identifiers", "countries", "wallets", "state", "structure", "links", "emails", "uploads")


@dataclass(frozen=True)
class Kind:
    """One kind of edge case.

    Attributes:
        id: `<family>.<name>`, the same for ever.
        rationale: what it breaks, or must not break, in one sentence.
        source: the standard, page or incident that it comes from.
        claims: the verdicts that it may have. What the contract decides (the document and the judge) must be among them; where
            the contract allows it and `accept` is not among them, the verdict is `either`.
        tags: words to choose by, besides the family's name.
    """

    id: str
    rationale: str
    source: str
    claims: frozenset[str]
    tags: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]


def kind(kind_id: str, rationale: str, source: str, claims: str | Iterable[str] = VERDICTS, tags: Iterable[str] = ()) -> Kind:
    """A kind; `claims` is a verdict or several."""
    return Kind(kind_id, rationale, source, frozenset([claims] if isinstance(claims, str) else claims), tuple(tags))


@dataclass(frozen=True)
class Edge:
    """A kind at a place: the change that makes it. `rule` is the rule that it must break, where the kind knows."""

    kind: Kind
    change: Any
    rule: str | None = None


Family = Callable[[Place, Base], Iterator[Edge]]


@cache
def families() -> dict[str, Family]:
    """By name, the functions `edges(place, base)` of `specimen.contracts.payloads.families`."""
    return {name: importlib.import_module(f"specimen.contracts.payloads.families.{name}").edges for name in FAMILIES}


def edges(place: Place, base: Base) -> Iterator[Edge]:
    """All kinds that apply to a place, each once."""
    for family in families().values():
        yield from family(place, base)
