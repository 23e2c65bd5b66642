"""Hypothesis strategies of edge-case payloads."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st

from specimen import specs
from specimen.contracts.payloads.generate import webhook_events
from specimen.contracts.payloads.generate.catalogue import of_bases
from specimen.contracts.payloads.generate.expected_outcomes import expected_outcome
from specimen.contracts.payloads.generate.making import case
from specimen.contracts.payloads.generate.selection import Choice
from specimen.contracts.payloads.model.case import Case
from specimen.contracts.payloads.model.case_types import ACCEPT, edges
from specimen.contracts.payloads.model.valid_payloads import NOW, REQUEST, RESPONSE, Base, requests, responses
from specimen.specs import Provider, SpecimenError
from specimen.specs.core.errors import did_you_mean

# The number of people to draw from; payloads are made once for each.
_SEEDS = 32


def strategy(
    name: str,
    *,
    status: str | None = None,
    verdict: str = ACCEPT,
    as_cases: bool = False,
    tags: Sequence[str] = (),
    fields: Sequence[str] = (),
    kinds: Sequence[str] = (),
    now: int = NOW,
) -> st.SearchStrategy[Any]:
    """Draws payloads of an operation: valid ones of different people, plain or with one edge case in them.

    `@given(session=strategy("kayle.getSession.response", status="failed"))` hands a client's parser every JSON value that it
    must take. Payloads that no JSON value of Python's shows (another encoding, a key twice) are drawn with `as_cases=True` only.

    Args:
        name: `<provider>.<operation>.request` or `.response`; or `<provider>.<type of event>`, such as
            `kyve.verification.completed`, for the valid cleartexts of that webhook.
        status: sessions in this state only.
        verdict: accept, reject or either. With accept, untouched payloads are drawn too; examples shrink to them.
        as_cases: draw `Case` values, which have the verdict and the reason, instead of payloads; never an untouched one.
        tags: as in a `Choice`.
        fields: as in a `Choice`.
        kinds: as in a `Choice`.
        now: as in a `Choice`.

    Raises:
        SpecimenError: there is no such provider, operation, state or verdict, or no case is left.
    """
    sender, _, kind = name.partition(".")
    if sender in specs.names() and (found := specs.load(sender)).webhooks is not None and kind in found.webhooks.events:
        if verdict != ACCEPT or as_cases or tags or fields or kinds:
            raise SpecimenError(f"strategy '{name}': of events there are valid ones only; leave out all but `status` and `now`.")
        return webhook_events.events(found, kind, status, now)
    provider, operation, direction = _parsed(name)
    choice = Choice(operation, direction, verdict, status, tuple(tags), tuple(fields), tuple(kinds), now=now)
    choice.check(provider)
    # Making the cases takes seconds, and a module is imported more often than its tests are run.
    is_special = bool(choice.tags or choice.fields or choice.kinds)
    is_met = status is None or bool(_bases(provider, operation, direction, status, 0, now))
    if not is_met or (is_special and not _places(provider, choice, not as_cases)):
        raise _none_left(name, choice)
    return st.deferred(lambda: _drawn(provider, choice, as_cases=as_cases, has_plain=verdict == ACCEPT and not is_special))


def _drawn(provider: Provider, choice: Choice, *, as_cases: bool, has_plain: bool) -> st.SearchStrategy[Any]:
    places = _places(provider, choice, not as_cases)
    if not places:
        raise _none_left(f"{provider.name}.{choice.operation}.{choice.direction}", choice)
    seeds = st.integers(0, _SEEDS - 1)
    drawn: st.SearchStrategy[Any] = st.tuples(seeds, st.sampled_from(places)).map(
        lambda pair: _made(provider, choice, pair[0], pair[1])
    )
    found = drawn.filter(lambda one: one is not None)
    if as_cases:
        return found
    payloads = found.map(lambda one: deepcopy(one.payload))
    if not has_plain:
        return payloads
    return st.one_of(st.tuples(seeds, st.integers(0, 63)).map(lambda pair: _plain(provider, choice, *pair)), payloads)


def _none_left(name: str, choice: Choice) -> SpecimenError:
    wanted = {name: getattr(choice, name) for name in ("status", "verdict", "tags", "fields", "kinds")}
    said = ", ".join(f"{key} {value if isinstance(value, str) else ' '.join(value)}" for key, value in wanted.items() if value)
    return SpecimenError(f"strategy '{name}': no case is left of {said}. `specimen payloads {name.partition('.')[0]}` lists all.")


def _parsed(name: str) -> tuple[Provider, str, str]:
    parts = name.split(".")
    if len(parts) != 3 or parts[2] not in (REQUEST, RESPONSE):
        raise SpecimenError(f"strategy '{name}': expected PROVIDER.OPERATION.request or .response.")
    provider = specs.load(parts[0])
    if parts[1] not in provider.document.operations:
        raise SpecimenError(
            f"strategy '{name}': {parts[0]} has no operation '{parts[1]}'. {did_you_mean(parts[1], provider.document.operations)}"
        )
    return provider, parts[1], parts[2]


@lru_cache(maxsize=256)
def _bases(provider: Provider, operation: str, direction: str, status: str | None, seed: int, now: int) -> tuple[Base, ...]:
    found = provider.document.operations[operation]
    every = requests(provider, found, now=now) if direction == REQUEST else responses(provider, found, seed=seed, now=now)
    chosen = (base for base in every if status is None or base.state == status)
    return tuple(base for base in chosen if expected_outcome(base, base.payload).verdict == ACCEPT)


def _of(provider: Provider, choice: Choice, seed: int) -> tuple[Base, ...]:
    return _bases(provider, str(choice.operation), str(choice.direction), choice.status, seed, choice.now)


def _plain(provider: Provider, choice: Choice, seed: int, index: int) -> Any:
    bases = _of(provider, choice, seed)
    return deepcopy(bases[index % len(bases)].payload)


@lru_cache(maxsize=64)
def _places(provider: Provider, choice: Choice, needs_json: bool) -> list[tuple[int, str, str]]:
    """Returns the base, the field and the kind of each selected case of the first person."""
    every = _every(provider, str(choice.operation), str(choice.direction), choice.status, choice.now)
    return [
        (index, label, made.kind) for index, label, made in every if choice.takes(made) and not (needs_json and _is_bytes(made))
    ]


@lru_cache(maxsize=32)
def _every(provider: Provider, operation: str, direction: str, status: str | None, now: int) -> list[tuple[int, str, Case]]:
    """Returns all cases of the first person, each with the number of its base and the label of its field."""
    bases = _bases(provider, operation, direction, status, 0, now)
    return [(index, label, made) for made, index, label in of_bases(bases)]


def _is_bytes(made: Case) -> bool:
    payload = made.payload
    return isinstance(payload, bytes) or (made.direction == REQUEST and isinstance(payload.get("body"), bytes))


@lru_cache(maxsize=4096)
def _made(provider: Provider, choice: Choice, seed: int, wanted: tuple[int, str, str]) -> Case | None:
    """Makes the same case of another person; None where that person has none."""
    index, label, kind = wanted
    bases = _of(provider, choice, seed)
    base = bases[index % len(bases)]
    for place in base.places():
        if place.label == label:
            for edge in edges(place, base):
                if edge.kind.id == kind:
                    made = case(base, place, edge)
                    return made if isinstance(made, Case) and choice.takes(made) else None
    return None
