"""Creates the record of a new session, and the record that a preference makes of one for a single answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from specimen.fixtures.primitives.timelines import age_at_creation, length
from specimen.fixtures.recipes.session_histories import ids_of
from specimen.mockserver.preferences.preferences import Preference
from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.settings import Pace
from specimen.specs import Lifecycle, Provider
from specimen.specs.loading.lifecycle import Scenario


def create_record(
    provider: Provider,
    scenario: Scenario,
    pace: Pace,
    status: str | None,
    now: int,
    *,
    namespace: str,
    seed: int,
    key: str,
    facts: Mapping[str, Any],
    keys: Mapping[str, str],
    owner: str,
) -> Record:
    """A session that is made at `now` (milliseconds since the epoch) and takes a scenario's path at a pace.

    With a `status` it stays there, and was created as long ago as the vendor takes to get there. Its ids derive from
    `key`; `keys` are further names of it, `owner` the account whose lists show it.
    """
    lifecycle, path = provider.lifecycle, scenario.path
    speed, steps, polls = 1.0, len(path) - 1, 0
    created_at = made_at = now
    if status is not None:
        steps = path.index(status)
        created_at = made_at = now - length(lifecycle, path[: steps + 1])
    elif pace.kind == "instant":
        created_at = made_at = now - length(lifecycle, path)
    elif pace.kind == "speed":
        speed = pace.speed
        created_at = now - age_at_creation(lifecycle, path, speed)
    else:
        steps, polls = 0, pace.polls
    (_, session_id), *others = ids_of(provider, key, created_at).items()
    names = [f"{name}:{value}" for name, value in others]
    if keys:
        names += [f"{name}:{value}" for name, value in keys.items()]
    return Record(
        namespace=namespace,
        id=session_id,
        scenario=scenario.name,
        seed=seed,
        created_at=created_at,
        made_at=made_at,
        speed=speed,
        steps=steps,
        facts=facts,
        keys=tuple(names),
        polls=polls,
        owner=owner,
    )


def apply_preference(record: Record, lifecycle: Lifecycle, preference: Preference, now: int) -> Record:
    """The same session in the preferred state or scenario; it makes no transition."""
    scenario = preference.scenario or lifecycle.scenarios[record.scenario]
    if preference.status is not None and preference.status not in scenario.path:
        scenario = lifecycle.through(preference.status) or scenario
    steps = len(scenario.path) - 1 if preference.status is None else scenario.path.index(preference.status)
    made_at = now - length(lifecycle, scenario.path[: steps + 1])
    return replace(
        record,
        scenario=scenario.name,
        steps=steps,
        events=(),
        polls=0,
        speed=1.0,
        made_at=made_at,
        created_at=made_at,
        pinned=True,
        facts={**record.facts, **preference.facts},
    )
