"""What the sessions of one provider share in one process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from specimen.fixtures.recipes import Recipe
from specimen.mockserver.sessions.catalogue.catalogue import Catalogue
from specimen.mockserver.sessions.namespaces import ENDPOINT_CHANGE, WEBHOOKS, Namespace, Namespaces
from specimen.mockserver.sessions.response_template import ResponseTemplate
from specimen.mockserver.sessions.session_record import Record, Timeline, timeline
from specimen.mockserver.sessions.store import Space, Store, StoreFull
from specimen.mockserver.settings import Settings
from specimen.specs import Provider


class CachedState(Struct, gc=False):
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
        # Facts of every session that its scenario and its caller leave open.
        self.defaults: Mapping[str, Any] = {} if settings.locale is None else {"locale": settings.locale}
        self.catalogue = Catalogue(provider, settings.seed)
        self.primary, *self.others = provider.lifecycle.ids
        # Called with a namespace and the record of a session that was created or moved in it.
        self.moved: Callable[[Namespace, Record], Awaitable[None]] | None = None
        # Called with a space where something is due to be sent at once.
        self.wake_sender: Callable[[Space], None] | None = None
        self.cached_states: OrderedDict[tuple[str, str], CachedState] = OrderedDict()

    def is_told(self, namespace: Namespace) -> bool:
        """Whether somebody hears of the moves of a namespace's sessions."""
        return self.moved is not None and self.name in namespace.document.get(WEBHOOKS, ())

    def noted(self, namespace: Namespace, record: Record, former: Record | None, now: int) -> Record:
        """A record that a request is about to keep, with after which change of the webhook endpoints its new events happened.

        `former` is the session's record until then, None where it is new.
        """
        if not self.is_told(namespace):
            return record
        before = 0 if former is None else len(timeline(former, self.lifecycle, now).events)
        end = len(timeline(record, self.lifecycle, now).events)
        entry = (before, end, namespace.document.get(ENDPOINT_CHANGE, 0))
        return replace(record, told_after=(*record.told_after, entry)) if end > before else record

    async def check_task_room(self, namespace: Namespace) -> None:
        """Refuses a move that is to be told where too many tasks wait already; moves of which nobody hears are none.

        Raises:
            StoreFull: there are too many.
        """
        if self.is_told(namespace) and await self.store.task_room() <= 0:
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
            # Of a plain dict the first key is found behind those of all that were removed before.
            self.cached_states.popitem(last=False)
        self.cached_states[key] = found
        return found
