"""The state that the sessions of one provider share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from specimen.fixtures.recipes import Recipe
from specimen.mockserver.sessions.catalogue import Catalogue
from specimen.mockserver.sessions.change_notifier import ChangeNotifier
from specimen.mockserver.sessions.clock import Clock
from specimen.mockserver.sessions.response_template import ResponseTemplate
from specimen.mockserver.sessions.session_record import Record, Timeline, timeline
from specimen.mockserver.sessions.store import Store
from specimen.mockserver.settings import Settings
from specimen.specs import Provider

# By key, a lock with the number of its users.
Locks = dict[tuple[str, str], tuple[asyncio.Lock, list[int]]]


@dataclass(slots=True)
class CachedState:
    """A record's timeline and rendered answers, good while the record is the same and the time is in [since, until)."""

    record: Record
    since: int
    timeline: Timeline
    answers: dict[tuple[str, str], ResponseTemplate]


class Lock:
    """An async context manager that one caller per key enters at a time; `locks` has the locks in use."""

    __slots__ = ("_key", "_lock", "_locks", "_users")

    def __init__(self, locks: Locks, key: tuple[str, str]) -> None:
        self._locks = locks
        self._key = key
        self._lock, self._users = locks.setdefault(key, (asyncio.Lock(), [0]))
        self._users[0] += 1

    async def __aenter__(self) -> None:
        try:
            await self._lock.acquire()
        except BaseException:
            self._leave()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()
        self._leave()

    def _leave(self) -> None:
        self._users[0] -= 1
        if not self._users[0]:
            self._locks.pop(self._key, None)


class SharedState:
    """The state that the sessions of one provider share: the store, the catalogue, the recipes, the rendered answers."""

    def __init__(
        self,
        provider: Provider,
        store: Store,
        answers: Mapping[str, Recipe],
        settings: Settings,
        start: int,
        clocks: Callable[[str], Clock],
    ) -> None:
        self.provider = provider
        self.name = provider.name
        self.lifecycle = provider.lifecycle
        self.store = store
        self.answers = answers
        self.settings = settings
        self.clocks = clocks
        self.catalogue = Catalogue(provider, settings.seed, start)
        self.primary, *self.others = provider.lifecycle.ids
        self.cached_states: dict[tuple[str, str], CachedState] = {}
        self.change_notifier = ChangeNotifier()
        self._locks: Locks = {}

    def cached_state(self, record: Record, now: int) -> CachedState:
        """A record's cached state, computed once per state; only the latest are cached."""
        key = (record.namespace, record.id)
        found = self.cached_states.get(key)
        if found is not None and found.record is record and found.since <= now < found.timeline.until:
            return found
        line = timeline(record, self.lifecycle, now)
        found = CachedState(record, line.events[-1].at, line, {})
        if len(self.cached_states) >= self.settings.cached_answers:
            self.cached_states.pop(next(iter(self.cached_states)))
        self.cached_states[key] = found
        return found

    def notify(self) -> None:
        """Wakes all that wait for a session to change."""
        self.change_notifier.notify_all()

    def lock(self, namespace: str, key: str) -> Lock:
        """A lock that one caller per key holds at a time; it is dropped after its last user."""
        return Lock(self._locks, (namespace, key))
