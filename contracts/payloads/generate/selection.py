"""Selects cases of a catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from specimen import specs
from specimen.contracts.payloads.generate import catalogue
from specimen.contracts.payloads.generate.catalogue import ways
from specimen.contracts.payloads.generate.filtered import Filter, of_filtered
from specimen.contracts.payloads.generate.making import LeftOut
from specimen.contracts.payloads.generate.patterns import check_words, is_at, is_of_kind, place_of
from specimen.contracts.payloads.generate.sample import sample
from specimen.contracts.payloads.model.case import Case
from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, FAMILIES, VERDICTS, Kind
from specimen.contracts.payloads.model.event_payloads import WEBHOOK, event_types
from specimen.contracts.payloads.model.fields import PayloadField
from specimen.contracts.payloads.model.valid_payloads import NOW, REQUEST, RESPONSE, Base
from specimen.fixtures.datasets.row_generation import checked
from specimen.specs import Provider, SpecimenError
from specimen.specs.core.errors import did_you_mean

_WILDCARDS = frozenset("*?[")
_DIRECTIONS = (REQUEST, RESPONSE, WEBHOOK)


@dataclass(frozen=True)
class Choice:
    """The filters of a provider's cases; None and empty select all.

    Attributes:
        status: only answers about sessions in this state, each kind anew.
        tags: a case has all of them; a family's name and a state's are tags too. Here and below, a text is one word.
        fields: a case is at one of them or below: a JSON pointer, the same as ids have it (`data.status`), or a field's name
            wherever it stands; `.` is the whole body alone.
        kinds: a case is of one of them: `family.name`, a family's name, or a pattern such as `names.*`.
        count: at most so many, spread evenly over the catalogue.
        seed: selects the people in the payloads.
        now: when they are read or sent, which cases call today (milliseconds since the epoch, in the years 2000 to 2099). At
            some hours today is the same day in UTC−12 or UTC+14; what is the same payload then is one case.
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
    now: int = NOW

    def __post_init__(self) -> None:
        """Wraps a single text in a tuple."""
        for name in ("tags", "fields", "kinds"):
            given = getattr(self, name)
            object.__setattr__(self, name, (given,) if isinstance(given, str) else tuple(given))

    def check(self, *providers: Provider) -> None:
        """Checks that one of the providers has what is selected.

        Raises:
            SpecimenError: none has it.
        """
        _one_of("direction", self.direction, _DIRECTIONS)
        if self.direction == WEBHOOK:
            if not any(event_types(one) for one in providers):
                raise SpecimenError(f"direction webhook: the pages of {', '.join(one.name for one in providers)} name no event.")
            _one_of("event", self.operation, [kind.name for one in providers for kind in event_types(one)])
        else:
            _one_of("operation", self.operation, [name for one in providers for name in one.document.operations])
        _one_of("verdict", self.verdict, VERDICTS)
        _one_of("status", self.status, [name for one in providers for name in one.lifecycle.states])
        if self.count is not None and self.count < 1:
            raise SpecimenError(f"count {self.count}: expected 1 or more.")
        checked(self.now)
        if self.status is not None and self.direction == REQUEST:
            raise SpecimenError("status: a request has none; it is for direction response.")
        is_event = self.direction == WEBHOOK
        check_words(providers, tags=self.tags, kinds=self.kinds, fields=self.fields, of_events=is_event)

    def takes(self, case: Case) -> bool:
        """Whether the filters select a case, without regard to the count."""
        return (
            (self.verdict is None or case.verdict == self.verdict)
            and set(self.tags) <= set(case.tags)
            and (not self.kinds or any(is_of_kind(case.kind, word) for word in self.kinds))
            and (not self.fields or any(is_at(case.field, place_of(case.id), word) for word in self.fields))
        )

    def may_take(self, base: Base, place: PayloadField, kind: Kind) -> bool:
        """Whether the filters may select a case of this kind at this field of a payload; asked before it is made."""
        return self.may_be_of(kind, base) and self.may_be_at(place)

    def may_be_in(self, family: str) -> bool:
        """Whether the filters may select a case of this family."""
        named = [word.partition(".")[0] for word in self.kinds]
        return not named or family in named or any(set(name) & _WILDCARDS for name in named)

    def may_be_at(self, place: PayloadField) -> bool:
        """Whether the filters may select a case at this field."""
        return not self.fields or any(is_at(place.pointer, place.label or ".", word) for word in self.fields)

    def may_be_of(self, kind: Kind, base: Base) -> bool:
        """Whether the filters may select a case of this kind in this payload."""
        # A request that the contract accepts is unspecified where it names what the implementation may not have.
        is_open = base.direction == REQUEST and self.verdict == EITHER and ACCEPT in kind.claims
        return self.may_be(kind, base.state, is_open=is_open)

    def may_be(self, kind: Kind, state: str | None = None, *, is_open: bool = False) -> bool:
        """Whether the filters may select a case of this kind, in an answer about a session in that state."""
        return (
            (self.verdict is None or self.verdict in kind.claims or is_open)
            and set(self.tags) <= {kind.family, *kind.tags, state}
            and (not self.kinds or any(is_of_kind(kind.id, word) for word in self.kinds))
        )


def _one_of(what: str, value: str | None, possible: Iterable[str]) -> None:
    if value is not None and value not in possible:
        raise SpecimenError(f"{what} '{value}': there is none. {did_you_mean(value, possible)}")


def cases(
    provider: Provider | str, choice: Choice | None = None, *, left_out: list[LeftOut] | None = None, **wanted: object
) -> Iterator[Case]:
    """Returns the selected edge cases of a provider, in the catalogue's order.

    Args:
        provider: a provider or its name.
        choice: what is wanted; or as keywords: `cases("kayle", direction="response", verdict="reject", tags=["state"])`.
        left_out: gets the kinds that made no case, with the reason.
        wanted: the fields of a `Choice`; beside a choice, in place of its own.

    Raises:
        SpecimenError: the provider does not have what is selected.
    """
    found = specs.load(provider) if isinstance(provider, str) else provider
    asked = replace(choice or Choice(), **wanted)  # type: ignore[arg-type]  # dataclasses check names, `check` the values
    asked.check(found)
    return chosen(found, asked, left_out=left_out)


def chosen(provider: Provider, choice: Choice, *, left_out: list[LeftOut] | None = None) -> Iterator[Case]:
    """Returns the cases of a choice that was checked; none of what the provider does not have."""
    if choice.count is not None and left_out is None:
        few = sample(list(ways(provider, **_asked(choice))), choice.count, choice.takes, choice.may_take)
        if few is not None:
            return iter(few)
    found = (case for case in _made(provider, choice, left_out) if choice.takes(case))
    return found if choice.count is None else iter(_spread(list(found), choice.count))


def _asked(choice: Choice) -> dict[str, Any]:
    return {name: getattr(choice, name) for name in ("operation", "direction", "status", "seed", "now")}


def _made(provider: Provider, choice: Choice, left_out: list[LeftOut] | None) -> Iterator[Case]:
    """Returns all cases that the filters may select; where they are narrow, others are not made."""
    if left_out is not None or not (choice.kinds or choice.fields or choice.tags):
        return catalogue.cases(provider, **_asked(choice), left_out=left_out)
    wanted = Filter(choice.may_be_in, choice.may_be_at, choice.may_be_of)
    return (case for bases in ways(provider, **_asked(choice)) for case in of_filtered(list(bases), wanted))


def _spread(found: list[Case], count: int) -> list[Case]:
    """Returns at most `count` cases, evenly from the families, spread over each family's cases."""
    if len(found) <= count:
        return found
    rows = [[case for case in found if case.kind.partition(".")[0] == family] for family in FAMILIES]
    shares = _shares([len(row) for row in rows], count)
    kept: set[str] = set()
    for row, share in zip(rows, shares, strict=True):
        kept.update(row[index * len(row) // share].id for index in range(share))
    return [case for case in found if case.id in kept]


def _shares(sizes: list[int], count: int) -> list[int]:
    """Shares a count evenly among groups of these sizes."""
    shares = [0] * len(sizes)
    while count > 0:
        for index, size in enumerate(sizes):
            if count > 0 and shares[index] < size:
                shares[index] += 1
                count -= 1
    return shares
