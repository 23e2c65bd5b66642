"""What a caller may narrow of a session that does not exist yet: what its answers would show, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specimen.fixtures import recipes
from specimen.fixtures.people.identities import identity
from specimen.fixtures.primitives.times import day
from specimen.fixtures.recipes.recipe import PERSON_FACTS, person_of
from specimen.mockserver.errors import Contradiction, InvalidFact
from specimen.mockserver.preferences.preferences import Preference, scenario_for
from specimen.mockserver.sessions.session_creation import create_record
from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.steering.steering import Steering
from specimen.mockserver.settings import Pace
from specimen.specs import Provider
from specimen.specs.loading.lifecycle import Scenario

# So many seeds draw a person of every locale and document.
_PEOPLE = 64


def check_creation(provider: Provider, defaults: Mapping[str, Any], preference: Preference, pace: Pace, now: int) -> None:
    """Checks that a session that is created now by a preference can show the preference's facts.

    A session of a state holds there until it is steered; one of a scenario is to come to the end of its path. Without
    either, one that is moved by hand is as in its first state.

    Raises:
        InvalidFact: a person of that age holds no such document.
        Contradiction: its answers never show a fact, or show another value.
    """
    check_person(preference.facts, now)
    scenario = preference.scenario or scenario_for(provider, preference)
    is_free = preference.scenario is None and preference.status is None and pace.kind == "manual"
    status = preference.status or (scenario.path[0] if is_free else scenario.path[-1])
    path = scenario.path[: scenario.path.index(status) + 1]
    seed = preference.seed or 0
    record = create_record(
        provider, scenario, pace, status, now, namespace="", seed=seed, key=str(seed), facts=preference.facts, keys={}, owner=""
    )
    steering = Steering(provider, defaults)
    is_held = preference.status is not None or is_free
    comes_to = {*path, *(steering.reachable(status) if is_held else ())}
    for name in preference.facts:
        choice = provider.lifecycle.choices.get(name)
        if choice is not None and choice.states and comes_to.isdisjoint(choice.states):
            where = " or ".join(f"'{state}'" for state in choice.states)
            raise Contradiction(f"{name}: only a session that comes to {where} shows it.", {"states": choice.states})
    if preference.scenario is not None:
        _check_scenario(provider, steering, preference.scenario, record, now)
    steering.check_choices(record, preference.facts, now)


def _check_scenario(provider: Provider, steering: Steering, scenario: Scenario, record: Record, now: int) -> None:
    """Checks that a caller's choices leave the session what its named scenario says of it besides.

    Raises:
        Contradiction: they change that; `possible` has the scenarios that make the choice themselves.
    """
    choices = provider.lifecycle.choices
    shown = recipes.shown_facts(provider, steering.snapshot(record, steering.events(record, now)))
    changed = [name for name, value in scenario.facts.items() if name not in choices and shown.get(name) != value]
    chosen = {name: value for name, value in record.facts.items() if name in choices and name not in scenario.facts}
    if changed and chosen:
        name, value = next(iter(chosen.items()))
        raise Contradiction(
            f"{name}={value}: scenario '{scenario.name}' has {changed[0]}={scenario.facts[changed[0]]}, which that changes.",
            {"scenario": [one.name for one in provider.lifecycle.scenarios.values() if one.facts.get(name) is not None]},
        )


def check_person(facts: Mapping[str, Any], now: int) -> None:
    """Checks that a person can have these facts: age and document fit.

    Raises:
        InvalidFact: a person of that age holds no such document.
    """
    wanted = person_of(facts)
    for seed in range(_PEOPLE if wanted.birth_date is not None else 1):
        try:
            identity(seed, on=day(now), locale=facts.get("locale"), document=facts.get("document"), person=wanted)
        except ValueError as error:
            name = next(name for name in PERSON_FACTS if name in facts)
            raise InvalidFact(name, str(facts[name])[:100], (), str(error)) from error
