"""A Hypothesis strategy of the events that a vendor sends."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from specimen.fixtures import webhooks as recipes
from specimen.fixtures.recipes import session_histories
from specimen.specs import Provider, SpecimenError

# The number of people to draw from.
_SEEDS = 32


def events(provider: Provider, kind: str, status: str | None, now: int) -> st.SearchStrategy[Any]:
    """Draws cleartexts of a type of event: of every scenario in which it is sent, of different people.

    `status` is the state that the event tells of, `now` when it happens, in milliseconds since the epoch.

    Raises:
        SpecimenError: no scenario sends such an event.
    """
    found = [
        (scenario, index) for scenario in provider.lifecycle.scenarios for index in _places(provider, scenario, kind, status, now)
    ]
    if not found:
        what = f" of the status '{status}'" if status is not None else ""
        raise SpecimenError(f"strategy '{provider.name}.{kind}': no scenario sends that event{what}.")

    def made(drawn: tuple[tuple[str, int], int]) -> Any:
        (scenario, index), seed = drawn
        m = _snapshot(provider, scenario, seed, now)
        happening = _happenings(provider, m)[index]
        return recipes.cleartext(provider, m, happening, f"whd_{happening.event_id[4:]}", happening.at)

    return st.tuples(st.sampled_from(found), st.integers(0, _SEEDS - 1)).map(made)


def _places(provider: Provider, scenario: str, kind: str, status: str | None, now: int) -> list[int]:
    m = _snapshot(provider, scenario, 0, now)
    return [
        index
        for index, one in enumerate(_happenings(provider, m))
        if one.type.name == kind and status in (None, m.events[one.index].state)
    ]


def _snapshot(provider: Provider, scenario: str, seed: int, now: int) -> Any:
    return session_histories.snapshots(provider, scenario, seed=seed, key=f"strategy/{scenario}/{seed}", at=now)[-1]


def _happenings(provider: Provider, m: Any) -> tuple[recipes.Happening, ...]:
    return () if provider.webhooks is None else recipes.happenings(provider.webhooks, m)
