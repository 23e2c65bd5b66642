"""Creates, reads and moves sessions; nothing else changes a session's state."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from msgspec.structs import replace

from specimen.fixtures.primitives import ids
from specimen.fixtures.primitives.timelines import Event
from specimen.fixtures.recipes.recipe import SessionSnapshot, answer
from specimen.fixtures.recipes.session_histories import expires_at
from specimen.mockserver.errors import IllegalTransition, InvalidPreference
from specimen.mockserver.http.messages import JSON_TYPE, Reply
from specimen.mockserver.preferences import preferences
from specimen.mockserver.preferences.preferences import NO_PREFERENCE, Preference
from specimen.mockserver.sessions.namespaces import Namespace
from specimen.mockserver.sessions.response_template import ResponseTemplate, rendered
from specimen.mockserver.sessions.service.lists import Lists, phase_of
from specimen.mockserver.sessions.service.values import NUMBER, Values
from specimen.mockserver.sessions.session import Session
from specimen.mockserver.sessions.session_creation import apply_preference, create_record
from specimen.mockserver.sessions.session_record import FOREVER, Record, Timeline, first_event, last_state, next_step, timeline
from specimen.mockserver.sessions.shared_state import SharedState
from specimen.mockserver.sessions.store import NamespaceChanged, Phase, Space, StoreFull, StoreUnavailable, Watch
from specimen.mockserver.settings import Settings

# What a session that is being made adds to itself: facts, and keys with their names (`wallet:0x…`).
Completion = Callable[[Session], Awaitable[tuple[Mapping[str, Any], Iterable[str]]]]

NO_HEADERS: Mapping[str, str] = {}
_NONE: set[str] = set()  # nobody adds to it
# How long a stream waits before it asks a store again that did not answer.
_AGAIN_SECONDS = 1.0
# Rendered answers cached per state of a session: its operations, times the hosts at which the mock is reached.
_MOST_ANSWERS = 32


class Sessions(Lists, Values):
    """The sessions of one provider as one request sees them: its namespace, clock and preference."""

    __slots__ = (
        "_namespace",
        "_shared",
        "_space",
        "counts_reads",
        "honoured",
        "keeps_reads",
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
        namespace: Namespace,
        origin: str,
        now: int,
        preference: Preference = NO_PREFERENCE,
    ) -> None:
        self._shared = shared_state
        self._namespace = namespace
        self._space = namespace.space(shared_state.name)
        self.lifecycle = shared_state.lifecycle
        self.namespace = namespace.name
        self.origin = origin
        self.now = now
        self.preference = preference
        # The names of the preferences that made a difference.
        self.honoured: set[str] = _NONE if preference is NO_PREFERENCE else set()
        self.counts_reads = True  # under a pace of polls; a HEAD request counts none
        self.keeps_reads = True  # else a read is answered as if it was counted
        self._number = 0
        self._deferred = None
        self.magic_value: Any = None  # the value of the vendor's free field in the create request

    @property
    def settings(self) -> Settings:
        """The mock's settings."""
        return self._shared.settings

    @property
    def shared_state(self) -> SharedState:
        """What the sessions of the provider share."""
        return self._shared

    @property
    def space(self) -> Space:
        """The part of the store that they are in."""
        return self._space

    @property
    def defaults(self) -> Mapping[str, Any]:
        """Facts of every session that its scenario and its caller leave open."""
        return self._shared.defaults

    # -- making ---------------------------------------------------------------------------------------------------

    async def create(
        self,
        facts: Mapping[str, Any] | None = None,
        keys: Mapping[str, str] | None = None,
        *,
        owner: str = "",
        complete: Completion | None = None,
    ) -> Session:
        """Creates a session that takes the preferred scenario, else the happy path.

        `keys` are names by which `get` finds it, `owner` is the account whose lists show it. `complete`, where given, gets the
        session before it is kept, and returns more facts and keys of it.

        Raises:
            InvalidPreference: the magic value names a scenario that does not exist, or one without the preferred status.
            StoreFull: there are too many sessions, or too many tasks wait.
        """
        shared_state, preference = self._shared, self.preference
        is_told = shared_state.is_told(self._namespace)
        if is_told:
            await shared_state.check_task_room(self._namespace)
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
        pace = preference.pace or self._namespace.pace or shared_state.settings.pace
        first_seed = shared_state.seed_of(self._namespace)
        facts = {} if facts is None else facts
        while True:
            is_deferred, number = bool(self._number), self._number
            self._number = 0
            number = number or await shared_state.store.increment(self._space, NUMBER)
            key = f"{first_seed}/{self.namespace}/{shared_state.name}/{number}"
            seed = ids.number(key) % 2**32 if preference.seed is None else preference.seed
            record = create_record(
                shared_state.provider,
                scenario,
                pace,
                preference.status,
                self.now,
                namespace=self.namespace,
                seed=seed,
                key=f"{key}/{seed}",
                facts={**preference.facts, **facts} if preference.facts else facts,
                keys=keys or {},
                owner=owner,
            )
            if complete is not None:
                more_facts, more_keys = await complete(Session(record, timeline(record, self.lifecycle, self.now), self))
                record = replace(record, facts={**record.facts, **more_facts}, keys=(*record.keys, *more_keys))
            if is_told:
                record = shared_state.noted(self._namespace, record, None, self.now)
            line, phase = self._first(record, is_at_once=preference.status is None and pace.kind == "instant")
            if is_deferred:
                self._deferred = (record, phase)
                break
            if await shared_state.store.add(self._space, record, phase):
                await self._made(record)
                break
        # Its state is cached when it is read: what a creation answers is asked for once.
        return Session(record, line, self)

    def _first(self, record: Record, *, is_at_once: bool) -> tuple[Timeline, Phase]:
        """The events that a creation answers with, and its session's phase; one that moves at once shows the first event."""
        last = last_state(record, self.lifecycle, self.now) if is_at_once else None
        if last is not None:
            return Timeline((first_event(record, self.lifecycle),), self.now), Phase(last, FOREVER)
        line = timeline(record, self.lifecycle, self.now)
        return Timeline(line.events[:1], self.now) if is_at_once else line, phase_of(line)

    # -- reading --------------------------------------------------------------------------------------------------

    async def get(self, value: str, by: str | None = None, *, poll: bool = True) -> Session | None:
        """The session whose id is `value`, or that owns it as another id or key called `by`; the newest owner wins.

        `poll` says whether answering with it counts as a read of that session by id.
        """
        shared_state = self._shared
        if by is None or by == shared_state.primary:
            record = await shared_state.store.get(self._space, value)
            if record is None:
                record = shared_state.catalogue.record(value, self.namespace, self._namespace.clock.started_at)
        else:
            key = f"{by}:{value}"
            record = await shared_state.store.find(self._space, key)
            if record is None:
                record = shared_state.catalogue.by_key(key, self.namespace, self._namespace.clock.started_at)
                if record is not None:
                    record = await shared_state.store.get(self._space, record.id) or record
        return None if record is None else self.of(record, poll=poll)

    async def owners(self, value: str, by: str, limit: int) -> list[Session]:
        """The sessions that own a key called `by`, newest first."""
        return [self.of(record) for record in await self._shared.store.owners(self._space, f"{by}:{value}", limit)]

    async def for_namespace(self, namespace: str) -> Sessions:
        """The sessions of another namespace, by its clock: for tokens and links that carry theirs."""
        if namespace == self.namespace:
            return self
        other = await self._shared.namespaces.get(namespace)
        found = Sessions(self._shared, other, self.origin, other.clock.now(), self.preference)
        found.counts_reads, found.keeps_reads = self.counts_reads, self.keeps_reads
        return found

    def of(self, record: Record, *, poll: bool = False) -> Session:
        """A record as a session of this request: in its state by now, or in the preferred one."""
        if self._is_for_one_answer():
            preferred = apply_preference(record, self.lifecycle, self.preference, self.now)
            self.honoured.update(("scenario", "status"), self.preference.facts)
            return Session(preferred, timeline(preferred, self.lifecycle, self.now), self)
        cached = self._shared.cached_state(record, self.now)
        session = Session(record, cached.timeline, self, cached.answers)
        if record.polls:
            session.counts = poll and self.counts_reads
        return session

    def watch(self, session: Session) -> AbstractAsyncContextManager[Watch]:
        """Watches a session while the context lasts, for `changed`."""
        return self._shared.store.watch(self._space, session.id)

    async def changed(self, session: Session, watch: Watch, timeout_seconds: float) -> Session:
        """The session at its next change, or as it is when the time (real seconds) is over."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        while True:
            left = deadline - loop.time()
            try:
                self._namespace = await self._shared.namespaces.get(self.namespace)
                self.now = self._namespace.clock.now()
                newer = await self.get(session.id, poll=False) or session
                if newer.timeline.events != session.timeline.events or left <= 0:
                    return newer
                due = newer.timeline.until
                await watch.wait(left if due >= FOREVER else min(left, max(0.0, (due - self.now) / 1000) + 0.001))
            except (NamespaceChanged, StoreFull, StoreUnavailable):
                if left <= 0:
                    return session
                await asyncio.sleep(min(left, _AGAIN_SECONDS))

    # -- transitions ---------------------------------------------------------------------------------------------------

    async def transition(
        self, session: Session, to: str, cause: str, facts: Mapping[str, Any] | None = None, *, owner: str | None = None
    ) -> Session:
        """Moves a session; a catalogue session is first copied into the caller's namespace, for the lists of `owner`.

        Raises:
            IllegalTransition: the lifecycle has no such edge, also where another request moved the session meanwhile.
        """
        record, line = session.record, session.timeline
        while True:
            if not self.lifecycle.is_edge(line.state, to):
                raise IllegalTransition(line.state, to)
            event = Event(to, max(self.now, line.events[-1].at), cause)
            newer = replace(
                record,
                events=(*record.events, event),
                facts={**record.facts, **(facts or {})},
                version=record.version + 1,
                owner=record.owner if owner is None else owner,
            )
            newer = self._shared.noted(self._namespace, newer, record, self.now)
            if await self._is_kept(newer, record):
                return Session(newer, timeline(newer, self.lifecycle, self.now), self)
            record = await self._shared.store.get(self._space, record.id) or record
            self._see(record)
            line = timeline(record, self.lifecycle, self.now)

    async def steer(self, session: Session, change: Callable[[Record, int], Record]) -> Session | None:
        """Changes a session's record by a function of it and the time; None where the session is gone meanwhile.

        A catalogue session is first copied into the namespace. The function is called again where another request changed the
        session; what it raises is the caller's.
        """
        record: Record | None = session.record
        while record is not None:
            newer = replace(change(record, self.now), version=record.version + 1)
            newer = self._shared.noted(self._namespace, newer, record, self.now)
            if await self._is_kept(newer, record):
                return Session(newer, timeline(newer, self.lifecycle, self.now), self)
            record = await self._shared.store.get(self._space, record.id)
        return None

    async def delete(self, session: Session) -> bool:
        """Forgets a session; returns whether it was kept as it is here. A catalogue session is then again as it was."""
        return await self._shared.store.delete(self._space, session.id, session.record)

    def _see(self, record: Record) -> None:
        """Goes on with this request at the time of what others did meanwhile, which may be later than it began."""
        if record.events:
            self.now = max(self.now, record.events[-1].at)

    async def _is_kept(self, record: Record, of: Record) -> bool:
        """Stores the next version `of` a record, except one that a preference made for this answer only."""
        if self._is_for_one_answer():
            return True
        await self._shared.check_task_room(self._namespace)
        store, phase = self._shared.store, phase_of(timeline(record, self.lifecycle, self.now))
        is_first = record.version == 1
        if not await (store.add(self._space, record, phase) if is_first else store.swap(self._space, record, phase, of)):
            return False
        if self._shared.moved is not None:
            await self._shared.moved(self._namespace, record)
        return True

    def _is_for_one_answer(self) -> bool:
        return self.preference is not NO_PREFERENCE and (
            self.preference.status is not None or self.preference.scenario is not None
        )

    async def _count_read(self, session: Session) -> None:
        """Under a pace of polls every Nth read appends the next event, and is answered with it."""
        session.counts = False
        record: Record | None = session.record
        while record is not None:
            self._see(record)
            state = self._shared.cached_state(record, self.now).timeline.state
            newer = replace(record, reads=record.reads + 1, version=record.version + 1)
            to = next_step(record, self.lifecycle) if newer.reads % record.polls == 0 else None
            if to is not None and self.lifecycle.is_edge(state, to):
                cause = self.lifecycle.transition(state, to).cause
                await self._shared.check_task_room(self._namespace)
                newer = replace(newer, events=(*record.events, Event(to, self.now, cause)))
                newer = self._shared.noted(self._namespace, newer, record, self.now)
            cached = self._shared.cached_state(newer, self.now)
            is_kept = self.keeps_reads
            if not is_kept or await self._shared.store.swap(self._space, newer, phase_of(cached.timeline), record):
                session.record, session.timeline, session.answers = newer, cached.timeline, cached.answers
                if is_kept and to is not None and self._shared.moved is not None:
                    await self._shared.moved(self._namespace, newer)
                return
            # Another request replaced it meanwhile: count on the stored record.
            record = await self._shared.store.get(self._space, record.id)

    # -- answering ------------------------------------------------------------------------------------------------

    async def answer(
        self, session: Session, operation_id: str, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """The answer of an operation that shows the session; it is rendered once per state and cached."""
        if session.counts:
            await self._count_read(session)
        record, answers = session.record, session.answers
        if answers is None:
            body = rendered(self._shared.answers[operation_id](self.snapshot(session)), self.now)
        else:
            template = answers.get((operation_id, self.origin))
            if template is None:
                template = ResponseTemplate(self._shared.answers[operation_id](self.snapshot(session)))
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
        yield from self._ids(record).items()

    def _ids(self, record: Record) -> dict[str, str]:
        """The ids of `ids_of`, which as a generator takes three times as long."""
        found, others = {self._shared.primary: record.id}, self._shared.others
        for key in record.keys:
            name, _, value = key.partition(":")
            if name in others:
                found[name] = value
        return found

    def snapshot(self, session: Session) -> SessionSnapshot:
        """The snapshot of a session that recipes get."""
        record = session.record
        # By place, which is quicker than by name.
        return SessionSnapshot(
            self._shared.name,
            record.id,
            self._ids(record),
            record.scenario,
            record.seed,
            session.facts,
            session.events,
            expires_at(self.lifecycle, record.created_at),
            self.now,
            self.origin,
            session.is_terminal,
            self.namespace,
        )
