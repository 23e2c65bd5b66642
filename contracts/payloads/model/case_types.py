"""Kinds of edge cases, and the families that apply them to fields."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from specimen.contracts.payloads.model.fields import PayloadField
from specimen.contracts.payloads.model.valid_payloads import Base

ACCEPT, REJECT, EITHER = "accept", "reject", "either"
VERDICTS = (ACCEPT, REJECT, EITHER)
# The families whose kinds are about the form of a value.
_OF_FORM = frozenset({"names", "mrz", "identifiers", "countries", "wallets", "links", "emails", "uploads", "errors", "streams"})
# In the order in which they are listed; where two kinds are the same payload, the first one makes the case.
FAMILIES = (
    "names",
    "mrz",
    "dates",
    "identifiers",
    "countries",
    "wallets",
    "state",
    "structure",
    "links",
    "emails",
    "uploads",
    "errors",
    "streams",
)


@dataclass(frozen=True)
class Kind:
    """A kind of edge case.

    Attributes:
        id: `<family>.<name>`, never changed.
        rationale: what it breaks, or must not break, in one sentence.
        source: the standard, page or incident that it comes from.
        claims: the verdicts that it may have. What the contract decides (the document and the judge) must be among them; where
            the contract allows it and `accept` is not among them, the verdict is `either` (unspecified).
        tags: further tags to select by, besides the family.
        is_of_form: whether only the form of the value may be refused. Where a value of this kind breaks a rule that compares
            fields, requests or times, it is refused for another reason than the kind says, and makes no case.
    """

    id: str
    rationale: str
    source: str
    claims: frozenset[str]
    tags: tuple[str, ...] = ()
    is_of_form: bool = False

    @property
    def family(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]


def kind(
    kind_id: str,
    rationale: str,
    source: str,
    claims: str | Iterable[str] = VERDICTS,
    tags: Iterable[str] = (),
    *,
    is_of_form: bool | None = None,
) -> Kind:
    """Makes a kind; `claims` is a verdict or several. `is_of_form` goes by the family where it is not given."""
    family = kind_id.partition(".")[0]
    of_form = family in _OF_FORM if is_of_form is None else is_of_form
    return Kind(kind_id, rationale, source, frozenset([claims] if isinstance(claims, str) else claims), tuple(tags), of_form)


@dataclass(frozen=True)
class Edge:
    """A kind at a field, with the change that makes it and the rule that it must break, if known."""

    kind: Kind
    change: Any
    rule: str | None = None


Family = Callable[[PayloadField, Base], Iterator[Edge]]


@cache
def families() -> dict[str, Family]:
    """Returns, by name, the functions `edges(place, base)` of `specimen.contracts.payloads.families`."""
    return {name: importlib.import_module(f"specimen.contracts.payloads.families.{name}").edges for name in FAMILIES}


def edges(place: PayloadField, base: Base) -> Iterator[Edge]:
    """Yields all kinds that apply to a field, each once."""
    for name in FAMILIES:
        yield from edges_of(name, place, base)


def edges_of(family: str, place: PayloadField, base: Base) -> Iterator[Edge]:
    """Yields the kinds of a family that apply to a field; an error and a stream have those of their own family alone."""
    own = "errors" if base.is_error else "streams" if base.is_stream else None
    if family == own or (own is None and family not in ("errors", "streams")):
        yield from families()[family](place, base)
