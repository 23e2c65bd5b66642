"""Renders a session of a scenario without a server, for `specimen show` and the golden files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from specimen.fixtures import recipes
from specimen.fixtures.recipes.session_histories import reads
from specimen.mockserver.errors import SettingError, did_you_mean
from specimen.mockserver.preferences.preferences import scenario_named
from specimen.mockserver.sessions.catalogue import Catalogue
from specimen.mockserver.sessions.clock import Clock
from specimen.mockserver.sessions.service import Sessions
from specimen.mockserver.sessions.shared_state import SharedState
from specimen.mockserver.sessions.store.memory import MemoryStore
from specimen.mockserver.settings import Settings
from specimen.specs import Provider

PREVIEW_ORIGIN = "http://127.0.0.1:8080"


def preview(provider: Provider, scenario: str, *, seed: int = 0, now: int | None = None, locale: str | None = None) -> Any:
    """The answer of the first read operation for a session at the scenario's end.

    Raises:
        InvalidPreference: there is no such scenario.
        SettingError: there is no such locale.
    """
    name = scenario_named(provider, scenario).name
    *_, last = phases(provider, name, seed=seed, now=now, locale=locale)
    return next(iter(last["answers"].values()))


def phases(
    provider: Provider, scenario: str, *, seed: int = 0, now: int | None = None, locale: str | None = None
) -> Iterator[dict[str, Any]]:
    """For each state along a scenario: `{"state": …, "answers": {operationId: body}}`, read at `now`."""
    from specimen.fixtures.people.identities import LOCALES

    if locale is not None and locale not in LOCALES:
        raise SettingError(f"locale '{locale}': there is none. {did_you_mean(locale, LOCALES)}")
    clock = Clock(now, frozen=True)
    settings = Settings(seed=seed, locale=locale)
    shared_state = SharedState(provider, MemoryStore(), recipes.answers(provider), settings, clock.started_at, lambda _: clock)
    sessions = Sessions(shared_state, clock, "default", f"{PREVIEW_ORIGIN}/{provider.name}", clock.now())
    found = provider.lifecycle.scenarios[scenario]
    catalogue: Catalogue = shared_state.catalogue
    for session_id, place in catalogue.places():
        if place.scenario is not found:
            continue
        session = sessions.get(session_id, poll=False)
        if session is not None:
            names = reads(provider.lifecycle, found.facts)
            yield {"state": place.state, "answers": {name: sessions.body(session, name) for name in names}}
