"""A store in the memory of the process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import islice
from typing import Any

from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.store import Bounds, Claimed, LogEntry, Page, Phase, Space, StoreFull, Turn, Versioned, Watch
from specimen.mockserver.sessions.store.codec import decode_value, encode_value
from specimen.mockserver.sessions.store.memory.locks import Locks
from specimen.mockserver.sessions.store.memory.spaces import Log, Spaces
from specimen.mockserver.sessions.store.memory.turn import MemoryTurn


class MemoryStore(Spaces):
    """A `Store` for one process. It may be used from several event loops; writes are made by one thread at a time."""

    is_shared = False

    def __init__(self, bounds: Bounds | None = None) -> None:
        super().__init__(bounds)
        self._locks = Locks()

    async def open(self) -> None:
        """Nothing is to be done."""

    async def close(self) -> None:
        """What is kept stays, as long as the process."""

    async def ping(self) -> None:
        """Memory always answers."""

    # -- sessions -------------------------------------------------------------------------------------------------------

    async def get(self, space: Space, session_id: str) -> Record | None:
        """The session of that id."""
        kept = self._spaces.get(space)
        return None if kept is None else kept.session(session_id)

    async def find(self, space: Space, key: str) -> Record | None:
        """The newest session that owns a key."""
        return next(iter(await self.owners(space, key, 1)), None)

    async def owners(self, space: Space, key: str, limit: int) -> Sequence[Record]:
        """The sessions that own a key, newest first."""
        kept = self._spaces.get(space)
        return [] if kept is None else kept.sessions.owners(key, limit)

    async def add(self, space: Space, record: Record, phase: Phase) -> bool:
        """Adds a session."""
        with self._writing:
            sessions = (self._spaces.get(space) or self._kept(space)).sessions
            if self._sessions >= self.bounds.sessions and sessions.get(record.id) is None:
                raise StoreFull("sessions", self.bounds.sessions)
            if not sessions.add(record, phase):
                return False
            self._sessions += 1
        self._watches.changed(space, record.id)
        return True

    async def swap(self, space: Space, record: Record, phase: Phase, of: Record | None = None) -> bool:
        """Replaces a session by its next version."""
        with self._writing:
            kept = self._spaces.get(space)
            if kept is None or not kept.sessions.swap(record, phase, of):
                return False
        self._watches.changed(space, record.id)
        return True

    async def delete(self, space: Space, session_id: str, of: Record | None = None) -> bool:
        """Deletes a session."""
        with self._writing:
            kept = self._spaces.get(space)
            if kept is None or not kept.sessions.delete(session_id, of):
                return False
            self._sessions -= 1
        self._watches.changed(space, session_id)
        return True

    async def page(self, space: Space, page: Page) -> Sequence[Record]:
        """The sessions of a list."""
        kept = self._spaces.get(space)
        if kept is not None:
            with self._writing:
                kept.sessions.settle(page)
            return await kept.sessions.page(page)
        if page.order != "id" and page.after is not None:
            raise KeyError(page.after)
        return []

    async def count(self, space: Space) -> int:
        """How many sessions there are."""
        kept = self._spaces.get(space)
        return 0 if kept is None else len(kept.sessions)

    async def due(self, space: Space, now: int, limit: int) -> Sequence[Record]:
        """Sessions whose phase is over."""
        with self._writing:
            kept = self._spaces.get(space)
            return [] if kept is None else kept.sessions.due(now, limit)

    async def rephase(self, space: Space, phases: Iterable[tuple[Record, Phase]]) -> None:
        """Sets the phases of sessions."""
        with self._writing:
            kept = self._spaces.get(space)
            if kept is not None:
                kept.sessions.rephase(phases)

    def watch(self, space: Space, session_id: str | None = None) -> AbstractAsyncContextManager[Watch]:
        """Watches one session, or all of a space."""
        return self._watches.watch(space, session_id)

    async def replace(self, name: str, value: Any, sessions: Sequence[tuple[Space, Record, Phase]]) -> None:
        """Ends a namespace, and begins it with a document and sessions."""
        with self._writing:
            ended = self._namespaces.get(name)
            gone = 0 if ended is None else sum(len(self._spaces[space].sessions) for space in ended.spaces)
            if self._sessions - gone + len(sessions) > self.bounds.sessions:
                raise StoreFull("sessions", self.bounds.sessions)
            self._end(name)
            self._added(name).document = Versioned(value, 1)
            for space, record, phase in sessions:
                self._kept(space).sessions.add(record, phase)
            self._sessions += len(sessions)

    # -- values ---------------------------------------------------------------------------------------------------------

    async def increment(self, space: Space, key: str) -> int:
        """1, 2, 3, … : each number once."""
        with self._writing:
            counters = (self._spaces.get(space) or self._kept(space)).counters
            number = counters[key] = counters.get(key, 0) + 1
            return number

    async def value(self, space: Space, key: str, now: int) -> Versioned:
        """A value with its version."""
        kept = self._spaces.get(space)
        return Versioned(None, 0) if kept is None else kept.values.get(key, now)

    async def set_value(self, space: Space, key: str, value: Any, until: int, now: int, version: int | None = None) -> bool:
        """Keeps a value until a time."""
        with self._writing:
            return self._kept(space).values.set(key, value, until, now, version)

    async def get_or_set(self, space: Space, key: str, value: Any, until: int, now: int) -> Any:
        """The kept value, else `value`, which is then kept."""
        with self._writing:
            values = self._kept(space).values
            found = values.get(key, now)
            if found.version:
                return found.value
            values.set(key, value, until, now, None)
            return value

    async def pop(self, space: Space, key: str, now: int) -> Any | None:
        """Removes a value and returns it."""
        with self._writing:
            kept = self._spaces.get(space)
            return None if kept is None else kept.values.pop(key, now)

    async def values(self, space: Space, prefix: str, now: int, after: str, limit: int) -> Sequence[tuple[str, Versioned]]:
        """Keys that begin with a prefix, with their values."""
        with self._writing:
            kept = self._spaces.get(space)
            return [] if kept is None else kept.values.list(prefix, now, after, limit)

    def lock(self, space: Space, key: str) -> AbstractAsyncContextManager[None]:
        """One caller at a time per key."""
        return self._locks.hold(space, key)

    def turn(self, space: Space, key: str, now: int, counter: str | None = None) -> AbstractAsyncContextManager[Turn]:
        """What is kept under a key, else one caller's turn to keep something there."""
        return MemoryTurn(self, self._locks.hold(space, key), space, key, now, counter)

    def begin_turn(self, turn: MemoryTurn) -> None:
        """Sets what is kept under the key of a turn, else its number."""
        with self._writing:
            kept = self._spaces.get(turn.space) or self._kept(turn.space)
            turn.kept = kept.values.get(turn.key, turn.now)
            if turn.counter is not None and not turn.kept.version:
                turn.number = kept.counters[turn.counter] = kept.counters.get(turn.counter, 0) + 1

    def finish_turn(self, turn: MemoryTurn, session: tuple[Record, Phase] | None, value: Any, until: int, now: int) -> bool:
        """Adds a session and keeps a value, or changes nothing."""
        with self._writing:
            kept = self._spaces.get(turn.space) or self._kept(turn.space)
            if session is not None:
                if kept.session(session[0].id) is not None:
                    return False
                if self._sessions >= self.bounds.sessions:
                    raise StoreFull("sessions", self.bounds.sessions)
            kept.values.set(turn.key, value, until, now, None)
            if session is None:
                return True
            kept.sessions.add(*session)
            self._sessions += 1
        self._watches.changed(turn.space, session[0].id)
        return True

    # -- logs -----------------------------------------------------------------------------------------------------------

    async def append(self, space: Space, log: str, values: Sequence[Any]) -> None:
        """Adds entries to a log."""
        with self._writing:
            logs = self._kept(space).logs
            found = logs.get(log)
            if found is None:
                found = logs[log] = Log(self.bounds.log_entries)
            found.entries.extend([encode_value(value) for value in values])
            found.number += len(values)

    async def entries(self, space: Space, log: str, after: int, limit: int) -> Sequence[LogEntry]:
        """Entries of a log whose number is greater than `after`."""
        with self._writing:
            kept = self._spaces.get(space)
            found = None if kept is None else kept.logs.get(log)
            if found is None:
                return []
            first = found.number - len(found.entries) + 1
            begin = max(0, after + 1 - first)
            shown = tuple(islice(found.entries, begin, begin + limit))
        return [LogEntry(number, decode_value(data)) for number, data in enumerate(shown, first + begin)]

    # -- outbox ---------------------------------------------------------------------------------------------------------

    async def enqueue(self, space: Space, task_id: str, lane: str, due: int, payload: Any) -> bool:
        """Adds a task, once for an id."""
        with self._writing:
            is_new = self._kept(space).outbox.enqueue(task_id, lane, due, payload)
            self._tasks += is_new
            return is_new

    async def claim(self, space: Space, now: int, lease_seconds: float, limit: int) -> Sequence[Claimed]:
        """Tasks that are due, for this caller alone."""
        with self._writing:
            kept = self._spaces.get(space)
            return [] if kept is None else kept.outbox.claim(now, lease_seconds, limit)

    async def acknowledge(self, space: Space, task: Claimed) -> bool:
        """Ends a task that the caller holds."""
        with self._writing:
            kept = self._spaces.get(space)
            is_ended = kept is not None and kept.outbox.acknowledge(task)
            self._tasks -= is_ended
            return is_ended

    async def postpone(self, space: Space, task: Claimed, due: int, payload: Any) -> bool:
        """Gives a task back, to be due at another time."""
        with self._writing:
            kept = self._spaces.get(space)
            return kept is not None and kept.outbox.postpone(task, due, payload)

    async def reschedule(self, space: Space, task_id: str, due: int) -> bool:
        """Has a task that nobody holds be due at another time."""
        with self._writing:
            kept = self._spaces.get(space)
            return kept is not None and kept.outbox.reschedule(task_id, due)

    async def task_room(self) -> int:
        """How many tasks more the bound allows."""
        return self.bounds.tasks - self._tasks

    async def next_due(self, space: Space) -> int | None:
        """When the first task that nobody holds is due."""
        with self._writing:
            kept = self._spaces.get(space)
            return None if kept is None else kept.outbox.next_due()

    async def tasks(self, space: Space, after: str, limit: int) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """The tasks by id, after one."""
        with self._writing:
            kept = self._spaces.get(space)
            return [] if kept is None else kept.outbox.list(after, limit)
