"""What the sessions of one provider share in one process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from specimen.fixtures.recipes import Recipe
from specimen.mockserver.sessions.catalogue.catalogue import Catalogue
from specimen.mockserver.sessions.namespaces import Namespace, Namespaces
from specimen.mockserver.sessions.response_template import ResponseTemplate
from specimen.mockserver.sessions.session_record import Record, Timeline, timeline
from specimen.mockserver.sessions.store import Space, Store, StoreFull
from specimen.mockserver.settings import Settings
from specimen.specs import Provider


@dataclass(slots=True)
class CachedState:
    """A record's timeline and rendered answers, good while the record is the same and the time is in [since, until)."""

    record: Record
    since: int
    timeline: Timeline
    answers: dict[tuple[str, str], ResponseTemplate]


class SharedState:
    """What the sessions of one provider share: the store, the catalogue, the recipes, the rendered answers."""

    def __init__(
        self, provider: Provider, store: Store, namespaces: Namespaces, answers: Mapping[str, Recipe], settings: Settings
    ) -> None:
        self.provider = provider
        self.name = provider.name
        self.lifecycle = provider.lifecycle
        self.store = store
        self.namespaces = namespaces
        self.answers = answers
        self.settings = settings
        self.catalogue = Catalogue(provider, settings.seed)
        self.primary, *self.others = provider.lifecycle.ids
        # Called with a namespace, the record of a session that was created or moved in it, and whether it was created.
        self.moved: Callable[[Namespace, Record, bool], Awaitable[None]] | None = None
        # Called with a space where something is due to be sent at once.
        self.wake_sender: Callable[[Space], None] | None = None
        self.cached_states: dict[tuple[str, str], CachedState] = {}

    async def check_task_room(self, namespace: Namespace) -> None:
        """Refuses a move that is to be told where too many tasks wait already; moves of which nobody hears are none.

        Raises:
            StoreFull: there are too many.
        """
        if self.moved is None or self.name not in namespace.document.get("webhooks", ()):
            return
        if await self.store.task_room() <= 0:
            raise StoreFull("tasks", self.store.bounds.tasks)

    def seed_of(self, namespace: Namespace) -> int:
        """What all that is new in a namespace derives from: its own seed, else the server's."""
        return self.settings.seed if namespace.seed is None else namespace.seed

    def cached_state(self, record: Record, now: int) -> CachedState:
        """A record's cached state, computed once per state; only the latest are cached."""
        key = (record.namespace, record.id)
        found = self.cached_states.get(key)
        # A namespace that was ended and begun anew may have another session of the same id and version.
        if found is not None and found.since <= now < found.timeline.until and (found.record is record or found.record == record):
            return found
        line = timeline(record, self.lifecycle, now)
        found = CachedState(record, line.events[-1].at, line, {})
        if len(self.cached_states) >= self.settings.cached_answers:
            self.cached_states.pop(next(iter(self.cached_states)))
        self.cached_states[key] = found
        return found
