"""The catalogue: one session per scenario and state along it, with the same ids on every machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from specimen.fixtures.datasets.traffic import pace
from specimen.fixtures.primitives import ids
from specimen.fixtures.primitives.timelines import length
from specimen.fixtures.recipes.session_histories import secondary_id
from specimen.mockserver.sessions.session_record import Record
from specimen.specs import Provider
from specimen.specs.loading.lifecycle import Scenario

# Records are made on demand; the cache is cleared at this size.
_MOST_RECORDS = 4096
# The time in a catalogue id that contains one. It is not `createdAt`, which follows the server's start: who knows the id before a
# server starts cannot know that time.
ID_TIME = 1_767_225_600_000  # 2026-01-01T00:00:00Z


@dataclass(frozen=True, slots=True)
class CataloguePosition:
    """State number `index` of a scenario's path."""

    scenario: Scenario
    index: int

    @property
    def state(self) -> str:
        """The state at this place."""
        return self.scenario.path[self.index]


class Catalogue:
    """The catalogue sessions of a provider."""

    def __init__(self, provider: Provider, seed: int) -> None:
        self.provider = provider
        self._seed = seed
        _, *self._others = provider.lifecycle.ids
        self._places: dict[str, CataloguePosition] = {}
        self._ids: dict[tuple[str, int], str] = {}
        self._keys: dict[str, str] = {}
        self._records: dict[tuple[str, str, int], Record] = {}
        for scenario in provider.lifecycle.scenarios.values():
            for index in range(len(scenario.path)):
                place = CataloguePosition(scenario, index)
                session_id = _id(provider, place, ID_TIME)
                self._places[session_id] = place
                self._ids[scenario.name, index] = session_id
                for name in self._others:
                    self._keys[f"{name}:{secondary_id(provider, name, session_id, ID_TIME)}"] = session_id

    def places(self) -> Iterator[tuple[str, CataloguePosition]]:
        """Every session id with its place."""
        yield from self._places.items()

    def id_of(self, scenario: str, state: str | None = None) -> str:
        """The id of a scenario's session in a state (the last time it is in it), or at the scenario's end.

        Raises:
            KeyError: the scenario does not pass through the state.
        """
        path = self.provider.lifecycle.scenarios[scenario].path
        if state is None:
            return self._ids[scenario, len(path) - 1]
        if state not in path:
            raise KeyError(state)
        return self._ids[scenario, max(index for index, name in enumerate(path) if name == state)]

    def dated(self, scenario: Scenario, namespace: str, end: int) -> Iterator[Record]:
        """A scenario's session in each state along it, as one that was created then: an id that has a time has `createdAt`.

        Only where nobody has to know the ids beforehand. Its last event happened at `end` (milliseconds since the epoch), and
        how long it took is the seed's, as in a dataset.
        """
        number = ids.digest(f"{self._seed}/{self.provider.name}/{scenario.name}/pace", 1)[0]
        speed, _ = pace(self.provider.lifecycle, scenario.path, number)
        for index in range(len(scenario.path)):
            place = CataloguePosition(scenario, index)
            at = _created_at(self.provider, place, end, speed)
            session_id = _id(self.provider, place, at)
            yield pinned(self.provider, place, session_id, self._seed, end, namespace, id_time=at, speed=speed)

    def by_key(self, key: str, namespace: str, start: int) -> Record | None:
        """The session that owns a key such as `verification:ver_…`."""
        session_id = self._keys.get(key)
        return None if session_id is None else self.record(session_id, namespace, start)

    def record(self, session_id: str, namespace: str, start: int) -> Record | None:
        """A catalogue session as a record of a namespace; its last event happened at `start` (milliseconds since the epoch)."""
        place = self._places.get(session_id)
        if place is None:
            return None
        key = (namespace, session_id, start)
        found = self._records.get(key)
        if found is None:
            found = pinned(self.provider, place, session_id, self._seed, start, namespace)
            if len(self._records) >= _MOST_RECORDS:
                self._records.clear()
            self._records[key] = found
        return found


def _id(provider: Provider, place: CataloguePosition, at: int) -> str:
    form = next(iter(provider.lifecycle.ids.values()))
    return ids.make(form, f"{provider.name}/catalogue/{place.scenario.name}/{place.index}", at)


def _created_at(provider: Provider, place: CataloguePosition, end: int, speed: float) -> int:
    return end - length(provider.lifecycle, place.scenario.path[: place.index + 1], speed)


def pinned(
    provider: Provider,
    place: CataloguePosition,
    session_id: str,
    seed: int,
    end: int,
    namespace: str,
    *,
    id_time: int = ID_TIME,
    speed: float = 1.0,
) -> Record:
    """The record of a session that entered its state at `end` and never moves; it is in no store, so its version is 0.

    It came there `speed` times faster than the vendor's usual session.
    """
    lifecycle = provider.lifecycle
    made_at = _created_at(provider, place, end, speed)
    names = tuple(lifecycle.ids)[1:]
    return Record(
        namespace=namespace,
        id=session_id,
        scenario=place.scenario.name,
        seed=ids.number(f"{seed}/{provider.name}/{place.scenario.name}") % 2**32,
        created_at=made_at,
        made_at=made_at,
        speed=speed,
        steps=place.index,
        keys=tuple(f"{name}:{secondary_id(provider, name, session_id, id_time)}" for name in names),
        # The facts that select its read operation stay, also where a preference shows it in another scenario.
        facts={
            name: place.scenario.facts[name] for read in lifecycle.reads for name in read.facts if name in place.scenario.facts
        },
        pinned=True,
        version=0,
    )
