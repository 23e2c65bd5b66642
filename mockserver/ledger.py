"""What the sessions of one provider share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fixtures.recipes import Recipe
from mockserver.bell import Bell
from mockserver.catalogue import Catalogue
from mockserver.clock import Clock
from mockserver.lifecycle import Record, Timeline, timeline
from mockserver.settings import Settings
from mockserver.store import Store
from mockserver.templates import Template
from specs import Provider


@dataclass(slots=True)
class Phase:
    """A record's timeline and rendered answers, good while the record is the same and the time is in [since, until)."""

    record: Record
    since: int
    timeline: Timeline
    answers: dict[tuple[str, str], Template]


class Ledger:
    """What the sessions of one provider share: the store, the catalogue, the recipes, the rendered phases."""

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
        self.phases: dict[tuple[str, str], Phase] = {}
        self.bell = Bell()
        self._locks: dict[tuple[str, str], tuple[asyncio.Lock, list[int]]] = {}

    def phase(self, record: Record, now: int) -> Phase:
        """Where a record stands, worked out once per phase; only the latest phases are kept."""
        key = (record.namespace, record.id)
        found = self.phases.get(key)
        if found is not None and found.record is record and found.since <= now < found.timeline.until:
            return found
        line = timeline(record, self.lifecycle, now)
        found = Phase(record, line.events[-1].at, line, {})
        if len(self.phases) >= self.settings.cached_answers:
            self.phases.pop(next(iter(self.phases)))
        self.phases[key] = found
        return found

    def touch(self) -> None:
        """Wakes whoever waits for a session to change."""
        self.bell.ring()

    @asynccontextmanager
    async def lock(self, namespace: str, key: str) -> AsyncIterator[None]:
        """One at a time per key; the lock goes when nobody wants it."""
        lock, users = self._locks.setdefault((namespace, key), (asyncio.Lock(), [0]))
        users[0] += 1
        try:
            async with lock:
                yield
        finally:
            users[0] -= 1
            if not users[0]:
                self._locks.pop((namespace, key), None)
