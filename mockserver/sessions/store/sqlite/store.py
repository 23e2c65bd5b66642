"""A store in a SQLite file, assembled from its parts."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from specimen.mockserver.sessions.store import Bounds, Space, StoreUnavailable, Watch
from specimen.mockserver.sessions.store.queued_lock import QueuedLocks
from specimen.mockserver.sessions.store.sqlite.connection import Connection
from specimen.mockserver.sessions.store.sqlite.outbox import Outbox
from specimen.mockserver.sessions.store.sqlite.portable import Portability
from specimen.mockserver.sessions.store.sqlite.replacement import Replacement
from specimen.mockserver.sessions.store.sqlite.turns import Turns
from specimen.mockserver.sessions.store.sqlite.watches import Watches

# After the disk was full, a server is ready where so much can be written; it is kept for a moment in a space that is none.
_ROOM_BYTES = 64 * 1024
_NO_SPACE = 0


class SqliteStore(Replacement, Turns, Outbox, Portability):
    """A `Store` that the processes of one machine share.

    What was acknowledged outlives the process (`kill -9`); the last moments before the machine itself loses power may be lost
    (`PRAGMA synchronous = NORMAL`), and nothing is ever half written. One that `is_read` only writes nothing.
    """

    is_shared = True

    def __init__(self, path: str | Path, bounds: Bounds = Bounds(), *, is_read: bool = False) -> None:  # noqa: B008 - it is immutable
        self.bounds = bounds
        self.path = Path(path)
        self._is_read = is_read
        self._file = Connection(self.path, is_read=is_read)
        self._watches = Watches(self._file)
        self._locks = self._made_locks()
        self._used = {}
        self._documents = {}
        self._used_at = time.monotonic()
        self._largest = 0
        self._sweeping: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Opens the file, or makes it; goes on to delete what was dropped before, unless it is only read.

        Raises:
            StoreUnavailable: it cannot be a store; the text says why.
        """
        self._locks = self._made_locks()
        self._watches.begin()
        await self._file.open()
        if not self._is_read:
            self._sweeping = asyncio.create_task(self._sweep_quietly(), name="specimen-store-sweep")

    def _made_locks(self) -> QueuedLocks:
        return QueuedLocks(self._take, self._renew, self._release)

    async def close(self) -> None:
        """Closes the file."""
        await self._locks.close()
        self._watches.close()
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        if self._used:
            with contextlib.suppress(StoreUnavailable):
                await self._file.write(self._mark_used)
        self._file.close()

    async def ping(self) -> None:
        """Returns where the file can be read and written to.

        Raises:
            StoreUnavailable: it cannot.
        """
        self._file.check_file()
        if self._file.is_full:  # a page that is there can be written still; what creates need are new ones
            await self._file.write(_fill)
            await self._file.write(_empty)
            self._file.is_full = False
        await self._file.write(_touch)

    def watch(self, space: Space, session_id: str | None = None) -> AbstractAsyncContextManager[Watch]:
        """Watches one session, or all of a space."""
        return self._watches.watch(space, session_id)

    async def _sweep_quietly(self) -> None:
        with contextlib.suppress(StoreUnavailable):  # the next process that opens the file goes on
            await self.sweep()


def _touch(db: sqlite3.Connection) -> None:
    # A write that changes a page: a disk that is full or read-only says so here.
    db.execute("UPDATE totals SET count = count WHERE name = 'sessions'")


def _fill(db: sqlite3.Connection) -> None:
    db.execute("INSERT OR REPLACE INTO held_values VALUES (?, '', 0, 1, zeroblob(?))", (_NO_SPACE, _ROOM_BYTES))


def _empty(db: sqlite3.Connection) -> None:
    db.execute("DELETE FROM held_values WHERE space = ?", (_NO_SPACE,))
