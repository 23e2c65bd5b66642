"""Watches of a SQLite store: own changes wake at once, those of other processes within some milliseconds."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

from specimen.mockserver.sessions.store import Space, StoreUnavailable
from specimen.mockserver.sessions.store.sqlite.connection import Connection
from specimen.mockserver.sessions.store.sqlite.schema import OF

# How often a process that watches asks whether another one has written; it costs a microsecond.
_POLL_SECONDS = 0.02

_NAMESPACE = "(SELECT number FROM namespaces WHERE name = :namespace), (SELECT version FROM namespaces WHERE name = :namespace)"
_SPACE = f"""SELECT {_NAMESPACE},
    (SELECT changed FROM spaces WHERE namespace = :namespace AND provider = :provider)"""  # noqa: S608 - own texts
# Creates leave the difference of `changed` and `sessions`: where a row is as before, so are the sessions that were there.
_MOVED = f"""SELECT {_NAMESPACE},
    (SELECT changed - sessions FROM spaces WHERE namespace = :namespace AND provider = :provider)"""  # noqa: S608 - own texts
# So many sessions are asked for at once.
_MOST_ASKED = 500
_SESSION = f"""SELECT {_NAMESPACE}, seq, version FROM (SELECT 1) LEFT JOIN sessions ON id = :id AND space =
    (SELECT space FROM spaces WHERE namespace = :namespace AND provider = :provider)"""  # noqa: S608 - own texts


class SqliteWatch:
    """A `Watch` of one session, or of a space where `session_id` is None."""

    def __init__(self, file: Connection, space: Space, session_id: str | None) -> None:
        self.space = space
        self.session_id = session_id
        self._file = file
        self._query = _SPACE if session_id is None else _SESSION
        self._values = {"namespace": space.namespace, "provider": space.provider, "id": session_id}
        self._woken = asyncio.Event()
        self._seen: Any = None

    async def begin(self) -> None:
        """Remembers what is there now."""
        self._seen = await self._found()

    async def wait(self, timeout_seconds: float) -> bool:
        """Whether something changed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await self._woken.wait()
        if not self._woken.is_set():
            return False
        self._woken.clear()
        self._seen = await self._found()  # what was read of another process until here is no news
        return True

    def wake(self) -> None:
        """Ends the wait, or the next one."""
        self._woken.set()

    async def look(self) -> None:
        """Wakes where what is there is not what was there."""
        if not self._woken.is_set():
            self.compare(await self._found())

    def compare(self, found: Any) -> None:
        """Wakes where what was found is not what was there."""
        if found != self._seen:
            self.wake()

    def has_session(self) -> bool:
        """Whether the session was there when it was looked for last."""
        return self._seen[2] is not None

    async def _found(self) -> Any:
        return await self._file.read(partial(_first, self._query, self._values))


class Watches:
    """All watches of one process."""

    def __init__(self, file: Connection) -> None:
        self._file = file
        self.begin()

    def begin(self) -> None:
        """Forgets what another event loop watched."""
        self._of_sessions: defaultdict[Space, defaultdict[str, set[SqliteWatch]]] = defaultdict(lambda: defaultdict(set))
        # What _MOVED gave when the sessions of a space were looked at.
        self._rows: dict[Space, Any] = {}
        self._of_spaces: defaultdict[Space, set[SqliteWatch]] = defaultdict(set)
        self._polling: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def watch(self, space: Space, session_id: str | None) -> AsyncIterator[SqliteWatch]:
        """A watch while the context lasts."""
        found = SqliteWatch(self._file, space, session_id)
        await found.begin()
        group: Any = self._of_spaces if session_id is None else self._of_sessions[space]
        key = space if session_id is None else session_id
        group[key].add(found)
        if self._polling is None:
            self._polling = asyncio.create_task(self._poll(), name="specimen-store-changes")
        try:
            yield found
        finally:
            group[key].discard(found)
            if not group[key]:
                del group[key]
            if session_id is not None and not group and self._of_sessions.get(space) is group:
                del self._of_sessions[space]
                self._rows.pop(space, None)
            if not self._of_spaces and not self._of_sessions:
                self.close()

    def notify(self, space: Space, session_id: str) -> None:
        """Wakes who watches a session, or its space."""
        of_space = self._of_sessions.get(space)
        for watch in () if of_space is None else of_space.get(session_id, ()):
            watch.wake()
        for watch in self._of_spaces.get(space, ()):
            watch.wake()

    def notify_namespace(self, name: str) -> None:
        """Wakes all who watch something of a namespace."""
        for watch in self._all():
            if watch.space.namespace == name:
                watch.wake()

    def close(self) -> None:
        """Ends the polling."""
        if self._polling is not None:
            self._polling.cancel()
            self._polling = None

    @staticmethod
    async def let_others_run() -> None:
        """Gives the event loop away between two slices of long work."""
        await asyncio.sleep(0)

    def _all(self) -> list[SqliteWatch]:
        of_sessions = (group for groups in self._of_sessions.values() for group in groups.values())
        return [watch for group in (*self._of_spaces.values(), *of_sessions) for watch in group]

    async def _look(self) -> None:
        """Wakes all whose session, or space, is not as it was."""
        for watch in [watch for group in self._of_spaces.values() for watch in group]:
            await watch.look()
        for space, groups in list(self._of_sessions.items()):
            values = {"namespace": space.namespace, "provider": space.provider}
            row = await self._file.read(partial(_first, _MOVED, values))
            is_as_before = row == self._rows.get(space)
            self._rows[space] = row
            sought = [
                name for name, group in groups.items() if not (is_as_before and all(watch.has_session() for watch in group))
            ]
            for begin in range(0, len(sought), _MOST_ASKED):
                await self._compare(space, groups, sought[begin : begin + _MOST_ASKED])

    async def _compare(self, space: Space, groups: Mapping[str, set[SqliteWatch]], names: list[str]) -> None:
        query = f"""SELECT id, seq, version FROM sessions WHERE space = {OF} AND id IN ({", ".join("?" * len(names))})"""  # noqa: S608
        of_namespace = "SELECT number, version FROM namespaces WHERE name = ?"

        def work(db: sqlite3.Connection) -> tuple[Any, list[Any]]:
            row = db.execute(of_namespace, (space.namespace,)).fetchone()
            return row or (None, None), db.execute(query, (*space, *names)).fetchall()

        namespace, rows = await self._file.read(work)
        found = {name: tuple(fields) for name, *fields in rows}
        for name in names:
            for watch in groups.get(name, ()):
                watch.compare((*namespace, *found.get(name, (None, None))))

    async def _poll(self) -> None:
        # -1: a change between the watch's begin and the first look is seen too.
        seen = -1
        while True:
            with contextlib.suppress(StoreUnavailable):  # requests say so; here the next look may find it well
                version = self._file.data_version()
                if version != seen:
                    await self._look()
                    seen = version
            await asyncio.sleep(_POLL_SECONDS)


def _first(query: str, values: Mapping[str, Any], db: sqlite3.Connection) -> Any:
    return db.execute(query, values).fetchone()
