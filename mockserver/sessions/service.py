"""Creates, reads and moves sessions; no other module changes a session's state."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from specimen.fixtures.primitives import ids
from specimen.fixtures.primitives.timelines import Event
from specimen.fixtures.recipes.recipe import SessionSnapshot, answer
from specimen.fixtures.recipes.session_histories import expires_at
from specimen.mockserver.errors import IllegalTransition, InvalidPreference
from specimen.mockserver.http.messages import JSON_TYPE, Reply
from specimen.mockserver.preferences import preferences
from specimen.mockserver.preferences.preferences import NO_PREFERENCE, Preference
from specimen.mockserver.sessions.clock import Clock
from specimen.mockserver.sessions.response_template import ResponseTemplate
from specimen.mockserver.sessions.session import Session
from specimen.mockserver.sessions.session_creation import apply_preference, create_record
from specimen.mockserver.sessions.session_record import FOREVER, Record, Timeline, next_step, timeline
from specimen.mockserver.sessions.shared_state import SharedState
from specimen.mockserver.settings import Settings

NO_HEADERS: Mapping[str, str] = {}
# Rendered answers cached per state of a session: its operations, times the hosts at which the mock is reached.
_MOST_ANSWERS = 32


class Sessions:
    """The sessions of one provider as one request sees them: its namespace, clock and preference."""

    __slots__ = (
        "_clock",
        "_shared",
        "counts_reads",
        "honoured",
        "lifecycle",
        "magic_value",
        "namespace",
        "now",
        "origin",
        "preference",
    )

    def __init__(
        self,
        shared_state: SharedState,
        clock: Clock,
        namespace: str,
        origin: str,
        now: int,
        preference: Preference = NO_PREFERENCE,
    ) -> None:
        self._shared = shared_state
        self._clock = clock
        self.lifecycle = shared_state.lifecycle
        self.namespace = namespace
        self.origin = origin
        self.now = now
        self.preference = preference
        self.honoured: set[str] = set()  # the names of the preferences that made a difference
        self.counts_reads = True  # under a pace of polls; a HEAD request counts none
        self.magic_value: Any = None  # the value of the vendor's free field in the create request

    @property
    def settings(self) -> Settings:
        """The mock's settings."""
        return self._shared.settings

    @property
    def defaults(self) -> Mapping[str, Any]:
        """Facts of every session that its scenario and its caller leave open."""
        return {} if self.settings.locale is None else {"locale": self.settings.locale}

    # -- making ---------------------------------------------------------------------------------------------------

    def create(self, facts: Mapping[str, Any] | None = None, keys: Mapping[str, str] | None = None) -> Session:
        """Creates a session that takes the preferred scenario, else the happy path.

        Raises:
            InvalidPreference: the magic value names a scenario that does not exist, or one without the preferred status.
        """
        shared_state, preference = self._shared, self.preference
        scenario = preference.scenario or preferences.from_magic(self.magic_value, shared_state.provider)
        if scenario is None:
            scenario = (
                self.lifecycle.default
                if preference is NO_PREFERENCE
                else preferences.scenario_for(shared_state.provider, preference)
            )
        elif preference.status is not None and preference.status not in scenario.path:
            raise InvalidPreference("status", preference.status, scenario.path)
        if preference is not NO_PREFERENCE:
            self.honoured.update(("scenario", "status", "seed", "pace"), preference.facts)
        number = shared_state.store.next_number(self.namespace, shared_state.name)
        key = f"{self.settings.seed}/{self.namespace}/{shared_state.name}/{number}"
        seed = ids.number(key) % 2**32 if preference.seed is None else preference.seed
        record = create_record(
            shared_state.provider,
            scenario,
            preference.pace or self.settings.pace,
            preference.status,
            self.now,
            namespace=self.namespace,
            seed=seed,
            key=f"{key}/{seed}",
            facts={**preference.facts, **(facts or {})},
            keys=keys or {},
        )
        shared_state.store.put(shared_state.name, record)
        shared_state.notify()
        cached = shared_state.cached_state(record, self.now)
        if preference.status is None and (preference.pace or self.settings.pace).kind == "instant":
            return Session(record, Timeline(cached.timeline.events[:1], self.now), self)
        return Session(record, cached.timeline, self, answers=cached.answers)

    # -- reading --------------------------------------------------------------------------------------------------

    def get(self, value: str, by: str | None = None, *, poll: bool = True) -> Session | None:
        """The session whose id is `value`, or that owns it as another id or key called `by`; the newest owner wins.

        `poll` says whether answering with it counts as a read of that session by id.
        """
        shared_state = self._shared
        if by is None or by == shared_state.primary:
            record = shared_state.store.get(self.namespace, shared_state.name, value)
            if record is None:
                record = shared_state.catalogue.record(value, self.namespace)
        else:
            record = shared_state.store.find(self.namespace, shared_state.name, f"{by}:{value}")
            if record is None:
                record = shared_state.catalogue.by_key(f"{by}:{value}", self.namespace)
                if record is not None:
                    record = shared_state.store.get(self.namespace, shared_state.name, record.id) or record
        return None if record is None else self._session(record, poll=poll)

    def list(self) -> list[Session]:
        """All sessions of the namespace, oldest first; catalogue sessions only once they were written to."""
        shared_state = self._shared
        return [self._session(record) for record in shared_state.store.all(self.namespace, shared_state.name)]

    def for_namespace(self, namespace: str) -> Sessions:
        """The sessions of another namespace, by its clock: for tokens and links that carry theirs."""
        if namespace == self.namespace:
            return self
        clock = self._shared.clocks(namespace)
        return Sessions(self._shared, clock, namespace, self.origin, clock.now(), self.preference)

    def _session(self, record: Record, *, poll: bool = False) -> Session:
        if self._is_for_one_answer():
            preferred = apply_preference(record, self.lifecycle, self.preference, self.now)
            self.honoured.update(("scenario", "status"), self.preference.facts)
            return Session(preferred, timeline(preferred, self.lifecycle, self.now), self)
        cached = self._shared.cached_state(record, self.now)
        counts = poll and self.counts_reads and record.polls > 0
        return Session(record, cached.timeline, self, counts=counts, answers=cached.answers)

    async def changed(self, session: Session, timeout_seconds: float) -> Session:
        """The session at its next change, or as it is when the time (real seconds) is over."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        while True:
            self.now = self._clock.now()
            newer = self.get(session.id, poll=False) or session
            left = deadline - loop.time()
            if newer.timeline.events != session.timeline.events or left <= 0:
                return newer
            due = newer.timeline.until
            wait = left if due >= FOREVER else min(left, max(0.0, (due - self.now) / 1000) + 0.001)
            await self._shared.change_notifier.wait(wait)

    # -- transitions ---------------------------------------------------------------------------------------------------

    def transition(self, session: Session, to: str, cause: str, facts: Mapping[str, Any] | None = None) -> Session:
        """Moves a session; a catalogue session is first copied into the caller's namespace.

        Raises:
            IllegalTransition: the lifecycle has no such edge.
        """
        if not self.lifecycle.is_edge(session.state, to):
            raise IllegalTransition(session.state, to)
        record = session.record
        event = Event(to, max(self.now, session.events[-1].at), cause)
        newer = replace(record, events=(*record.events, event), facts={**record.facts, **(facts or {})})
        return self._kept(newer)

    def _kept(self, record: Record) -> Session:
        """Stores a record, except one that a preference made for this answer only."""
        if not self._is_for_one_answer():
            self._shared.store.put(self._shared.name, record)
            self._shared.notify()
        return Session(record, timeline(record, self.lifecycle, self.now), self)

    def _is_for_one_answer(self) -> bool:
        return self.preference is not NO_PREFERENCE and (
            self.preference.status is not None or self.preference.scenario is not None
        )

    def _count_read(self, session: Session) -> None:
        """Under a pace of polls every Nth read appends the next event, and is answered with it."""
        session.counts = False
        record: Record | None = session.record
        while record is not None:
            state = self._shared.cached_state(record, self.now).timeline.state
            newer = replace(record, reads=record.reads + 1)
            to = next_step(record, self.lifecycle) if newer.reads % record.polls == 0 else None
            if to is not None and self.lifecycle.is_edge(state, to):
                cause = self.lifecycle.transition(state, to).cause
                newer = replace(newer, events=(*record.events, Event(to, self.now, cause)))
            if self._shared.store.swap(self._shared.name, record, newer):
                cached = self._shared.cached_state(newer, self.now)
                session.record, session.timeline, session.answers = newer, cached.timeline, cached.answers
                if newer.events is not record.events:
                    self._shared.notify()
                return
            # Another request replaced it meanwhile: count on the stored record.
            record = self._shared.store.get(self.namespace, self._shared.name, record.id)

    # -- answering ------------------------------------------------------------------------------------------------

    def answer(self, session: Session, operation_id: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
        """The answer of an operation that shows the session; it is rendered once per state and cached."""
        if session.counts:
            self._count_read(session)
        record, answers = session.record, session.answers
        template = None if answers is None else answers.get((operation_id, self.origin))
        if template is None:
            template = ResponseTemplate(self._shared.answers[operation_id](self.snapshot(session)))
            if answers is not None:
                if len(answers) >= _MOST_ANSWERS:  # callers choose the host that links carry
                    answers.clear()
                answers[operation_id, self.origin] = template
        body = template.render(self.now)
        return Reply(status, body, headers or NO_HEADERS, JSON_TYPE, None, (record.seed, record.scenario))

    def body(self, session: Session, operation_id: str) -> Any:
        """The body of an operation that shows the session, as a plain JSON value."""
        return answer(self._shared.answers[operation_id], self.snapshot(session))

    def ids_of(self, record: Record) -> Iterator[tuple[str, str]]:
        """The names and values of all ids of a session."""
        yield self._shared.primary, record.id
        for key in record.keys:
            name, _, value = key.partition(":")
            if name in self._shared.others:
                yield name, value

    def snapshot(self, session: Session) -> SessionSnapshot:
        """The snapshot of a session that recipes get."""
        record = session.record
        return SessionSnapshot(
            provider=self._shared.name,
            id=record.id,
            ids=dict(self.ids_of(record)),
            scenario=record.scenario,
            seed=record.seed,
            facts=session.facts,
            events=session.events,
            expires_at=expires_at(self.lifecycle, record.created_at),
            now=self.now,
            origin=self.origin,
            is_terminal=session.is_terminal,
            namespace=self.namespace,
        )

    # -- cached values --------------------------------------------------------------------------------------------------

    def cache_set(self, key: str, value: Any, seconds: float) -> None:
        """Caches a value for some seconds of the mock's clock."""
        until = self.now + round(seconds * 1000)
        self._shared.store.cache_set(self.namespace, self._shared.name, key, value, until, self.now)

    def cache_get(self, key: str) -> Any | None:
        """A cached value, or None."""
        return self._shared.store.cache_get(self.namespace, self._shared.name, key, self.now)

    def lock(self, key: str) -> Any:
        """An async context manager: one caller at a time per key."""
        return self._shared.lock(self.namespace, key)
