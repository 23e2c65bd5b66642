"""Renders a session of a scenario without a server, for `specimen show` and the golden files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from specimen.fixtures import recipes
from specimen.fixtures.recipes.recipe import DEFAULT_NAMESPACE, SessionSnapshot, settle
from specimen.fixtures.recipes.session_histories import reads
from specimen.mockserver.errors import SettingError, did_you_mean
from specimen.mockserver.preferences.preferences import scenario_named
from specimen.mockserver.sessions.catalogue.catalogue import Catalogue
from specimen.mockserver.sessions.clock import Clock
from specimen.mockserver.sessions.namespaces import Namespaces
from specimen.mockserver.sessions.service import Sessions
from specimen.mockserver.sessions.shared_state import SharedState
from specimen.mockserver.sessions.store.memory import MemoryStore
from specimen.mockserver.settings import Settings
from specimen.specs import Provider

PREVIEW_ORIGIN = "http://127.0.0.1:8080"
_LIMIT = 10  # of a list that shows one session


def preview(
    provider: Provider,
    scenario: str,
    *,
    seed: int = 0,
    now: int | None = None,
    locale: str | None = None,
    operation: str | None = None,
) -> Any:
    """The answer of a read operation, by default the first, for a session at the scenario's end.

    Raises:
        InvalidPreference: there is no such scenario.
        SettingError: there is no such locale, or the operation does not answer with such a session.
    """
    answers = previews(provider, scenario, seed=seed, now=now, locale=locale)
    if operation is None:
        return next(iter(answers.values()))
    if operation not in answers:
        raise SettingError(f"operation '{operation}': it shows no session of '{scenario}'. {did_you_mean(operation, answers)}")
    return answers[operation]


def previews(
    provider: Provider, scenario: str, *, seed: int = 0, now: int | None = None, locale: str | None = None
) -> dict[str, Any]:
    """By operationId, the answer of each operation that reads or lists a session, at the scenario's end.

    Raises:
        InvalidPreference: there is no such scenario.
        SettingError: there is no such locale.
    """
    name = scenario_named(provider, scenario).name
    *_, (_, answers, snapshot) = _phases(provider, name, seed, now, locale)
    lists = recipes.listings(provider).items()
    return answers | {operation: settle(found.page([snapshot], _LIMIT, False), snapshot.now) for operation, found in lists}


def phases(
    provider: Provider, scenario: str, *, seed: int = 0, now: int | None = None, locale: str | None = None
) -> Iterator[dict[str, Any]]:
    """For each state along a scenario: `{"state": …, "answers": {operationId: body}}`, read at `now`."""
    for state, answers, _ in _phases(provider, scenario, seed, now, locale):
        yield {"state": state, "answers": answers}


def _phases(
    provider: Provider, scenario: str, seed: int, now: int | None, locale: str | None
) -> Iterator[tuple[str, dict[str, Any], SessionSnapshot]]:
    from specimen.fixtures.people.identities import LOCALES

    if locale is not None and locale not in LOCALES:
        raise SettingError(f"locale '{locale}': there is none. {did_you_mean(locale, LOCALES)}")
    clock = Clock(now, frozen=True)
    settings = Settings(seed=seed, locale=locale)
    store = MemoryStore()  # it stays empty: catalogue sessions are in none
    namespaces = Namespaces(store, clock, 0)
    shared_state = SharedState(provider, store, namespaces, recipes.answers(provider), settings)
    namespace = namespaces.known(DEFAULT_NAMESPACE)
    sessions = Sessions(shared_state, namespace, f"{PREVIEW_ORIGIN}/{provider.name}", clock.now())
    found = provider.lifecycle.scenarios[scenario]
    catalogue: Catalogue = shared_state.catalogue
    for record in catalogue.dated(found, namespace.name, clock.started_at):
        session = sessions.of(record)
        names = reads(provider.lifecycle, found.facts)
        answers = {name: sessions.body(session, name) for name in names}
        yield found.path[record.steps], answers, sessions.snapshot(session)
