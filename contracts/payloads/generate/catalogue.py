"""Makes all edge cases of a provider: every kind that applies to every field of its payloads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from specimen.contracts.judge.registry import rulebook
from specimen.contracts.payloads.generate.making import (
    LeftOut,
    Shape,
    case,
    content,
    is_never_settled,
    is_still_left_out,
    is_valid,
    shape,
)
from specimen.contracts.payloads.model.case import Case
from specimen.contracts.payloads.model.case_types import edges
from specimen.contracts.payloads.model.event_payloads import WEBHOOK, event_types, events
from specimen.contracts.payloads.model.invalid_combinations import states_of
from specimen.contracts.payloads.model.valid_payloads import NOW, REQUEST, RESPONSE, Base, errors, requests, responses, streams
from specimen.fixtures import recipes
from specimen.specs import Provider


def cases(
    provider: Provider,
    *,
    operation: str | None = None,
    direction: str | None = None,
    status: str | None = None,
    seed: int = 0,
    now: int = NOW,
    left_out: list[LeftOut] | None = None,
) -> Iterator[Case]:
    """Yields the catalogue in a fixed order, each case once.

    Args:
        provider: whose operations.
        operation: an operationId; None takes all but those of a part beside the sessions, which an implementation may lack.
        direction: `request` or `response`, None takes both; or `webhook`: what an event says, whose type is the operation.
        status: only answers about sessions in this state, every kind anew; None takes each field from the first valid payload
            that has it.
        seed: what the people in the payloads depend on; ids and kinds of the cases do not.
        now: when the payloads are read or sent (milliseconds since the epoch), which cases call today.
        left_out: gets the kinds that made no case.

    Raises:
        SpecError: the provider's recipe, its rules or its combinations cannot be used; no case comes before that.
    """
    for bases in ways(provider, operation=operation, direction=direction, status=status, seed=seed, now=now):
        yield from (made for made, _, _ in of_bases(list(bases), left_out))


def ways(
    provider: Provider, *, operation: str | None, direction: str | None, status: str | None, seed: int, now: int
) -> Iterator[Iterator[Base]]:
    """Yields the payloads of each operation, in requests and in responses; arguments and errors as of `cases`."""
    for read in (recipes.answers, rulebook, states_of):
        read(provider)
    if direction == WEBHOOK:
        for kind in event_types(provider):
            if operation in (None, kind.name):
                told = events(provider, kind, seed=seed, now=now)
                yield (base for base in told if status in (None, base.state))
        return
    seen: set[str | None] = set()
    for found in provider.document.operations.values():
        if operation is None and found.part is not None:
            continue
        # Operations share their errors: the first that has one shows it.
        own = {base.pointer: base for base in errors(provider, found, now=now) if base.pointer not in seen}
        seen.update(own)
        if operation is not None and found.id != operation:
            continue
        if direction in (None, REQUEST) and status is None:
            yield requests(provider, found, now=now)
        if direction in (None, RESPONSE):
            every = responses(provider, found, seed=seed, now=now)
            yield (base for base in every if status is None or base.state == status)
        if direction in (None, RESPONSE) and status is None:
            yield iter(own.values())
            yield streams(provider, found, seed=seed, now=now)


def of_bases(bases: Sequence[Base], left_out: list[LeftOut] | None = None) -> Iterator[tuple[Case, int, str]]:
    """Yields each kind at each field once, and each payload once, from the first base on which it breaks at most one rule.

    A case comes with the number of its base and the label of its place. `left_out` gets the kinds that made no case.
    """
    made_as: dict[bytes, str] = {}
    done: set[tuple[str, str]] = set()
    failed: dict[tuple[str, str], LeftOut] = {}
    latest: dict[tuple[str, str], LeftOut] = {}
    settled: set[Shape] = set()
    for number, base in enumerate(bases):
        if not is_valid(base):
            continue  # a valid payload of another operation, such as an open session in the answer to its end
        for place in base.places():
            what = shape(place)
            if what in settled:
                continue
            is_open = is_never_settled(place)
            for edge in edges(place, base):
                key = (place.label, edge.kind.id)
                if key in done:
                    continue
                if key in latest and is_still_left_out(base, place, edge, latest[key]):
                    is_open = True
                    continue
                made = case(base, place, edge)
                if isinstance(made, Case):
                    first = made_as.setdefault(_digest(made), made.id)
                    if first != made.id:
                        # What another kind has made already: the kinds meet at this place.
                        done.add(key)
                        failed[key] = LeftOut(made.id, f"is the case {first}", first)
                        continue
                    done.add(key)
                    failed.pop(key, None)
                    yield made, number, place.label
                else:
                    is_open = True
                    failed.setdefault(key, made)
                    latest[key] = made
            if not is_open:
                settled.add(what)
    if left_out is not None:
        left_out += failed.values()


def _digest(made: Case) -> bytes:
    """Hashes what distinguishes two payloads."""
    return hashlib.blake2b(content(made.direction, made.payload, made.content_type), digest_size=16).digest()
