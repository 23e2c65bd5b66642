"""Which cases are wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import specs
from contracts.payloads.bases import REQUEST, RESPONSE
from contracts.payloads.case import Case
from contracts.payloads.catalogue import LeftOut
from contracts.payloads.catalogue import cases as _all
from contracts.payloads.kinds import FAMILIES, VERDICTS
from specs import Provider, SpecimenError
from specs.errors import did_you_mean

_DIRECTIONS = (REQUEST, RESPONSE)


@dataclass(frozen=True)
class Choice:
    """What is wanted of a provider's cases; None and empty ask for nothing special.

    Attributes:
        status: only answers about sessions in this state, each kind anew.
        tags: a case has all of them; a family's name and a state's are tags too.
        fields: a case's pointer is one of them, begins with one and a slash, or ends in one that is a plain name.
        kinds: `family.name`.
        count: at most so many, spread evenly over the catalogue.
        seed: whom the payloads are about.
    """

    operation: str | None = None
    direction: str | None = None
    verdict: str | None = None
    status: str | None = None
    tags: Sequence[str] = ()
    fields: Sequence[str] = ()
    kinds: Sequence[str] = ()
    count: int | None = None
    seed: int = 0

    def check(self, provider: Provider) -> None:
        """Nothing, where the provider has all that is asked for.

        Raises:
            SpecimenError: it does not.
        """
        _one_of("operation", self.operation, provider.document.operations)
        _one_of("direction", self.direction, _DIRECTIONS)
        _one_of("verdict", self.verdict, VERDICTS)
        _one_of("status", self.status, provider.lifecycle.states)
        if self.count is not None and self.count < 1:
            raise SpecimenError(f"count {self.count}: expected 1 or more.")
        if self.status is not None and self.direction == REQUEST:
            raise SpecimenError("status: a request has none; it is for direction response.")

    def takes(self, case: Case) -> bool:
        """Whether a case is wanted, whatever the count."""
        return (
            (self.verdict is None or case.verdict == self.verdict)
            and set(self.tags) <= set(case.tags)
            and (not self.kinds or case.kind in self.kinds)
            and (not self.fields or any(_is_at(case.field, field) for field in self.fields))
        )


def _one_of(what: str, value: str | None, possible: Iterable[str]) -> None:
    if value is not None and value not in possible:
        raise SpecimenError(f"{what} '{value}': there is none. {did_you_mean(value, possible)}")


def _is_at(pointer: str, field: str) -> bool:
    if not field.startswith("/"):
        return field in pointer.split("/")
    return pointer == field or pointer.startswith(f"{field.rstrip('/')}/")


def cases(
    provider: Provider | str, choice: Choice | None = None, *, left_out: list[LeftOut] | None = None, **wanted: object
) -> Iterator[Case]:
    """The edge cases of a provider that are wanted, in the catalogue's order.

    Args:
        provider: a provider or its name.
        choice: what is wanted; or as keywords: `cases("kayle", direction="response", verdict="reject", tags=["state"])`.
        left_out: takes what could not be made into a case, and why.
        wanted: the fields of a `Choice`.

    Raises:
        SpecimenError: something is asked for that the provider does not have.
    """
    found = specs.load(provider) if isinstance(provider, str) else provider
    asked = choice or Choice(**wanted)  # type: ignore[arg-type]  # dataclasses check names, `check` the values
    asked.check(found)
    every = _all(
        found, operation=asked.operation, direction=asked.direction, status=asked.status, seed=asked.seed, left_out=left_out
    )
    chosen = (case for case in every if asked.takes(case))
    return chosen if asked.count is None else iter(_spread(list(chosen), asked.count))


def _spread(found: list[Case], count: int) -> list[Case]:
    """At most `count`, turn by turn over the families, each family's spread over its cases."""
    if len(found) <= count:
        return found
    rows = [[case for case in found if case.kind.partition(".")[0] == family] for family in FAMILIES]
    shares = _shares([len(row) for row in rows], count)
    kept: set[str] = set()
    for row, share in zip(rows, shares, strict=True):
        kept.update(row[index * len(row) // share].id for index in range(share))
    return [case for case in found if case.id in kept]


def _shares(sizes: list[int], count: int) -> list[int]:
    """How many of each: one each turn while there are more."""
    shares = [0] * len(sizes)
    while count > 0:
        for index, size in enumerate(sizes):
            if count > 0 and shares[index] < size:
                shares[index] += 1
                count -= 1
    return shares
