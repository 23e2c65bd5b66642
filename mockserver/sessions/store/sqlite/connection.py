"""A connection to a store's file: short transactions in the event loop, with SQLite's errors as sentences."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from specimen.mockserver.sessions.store import StoreUnavailable
from specimen.mockserver.sessions.store.sqlite import schema
from specimen.mockserver.sessions.store.sqlite.read_only import ReadOnlyFile

T = TypeVar("T")

# How long a transaction waits for those of other processes: a request is answered within two seconds.
BUSY_SECONDS = 1.5
# After so many transactions the log beside the file is written into the file, in a thread: some megabytes and two waits for
# the disk. Where that falls behind, SQLite does it itself within a transaction, at this size of the log in pages (16 MiB).
CHECKPOINT_WRITES = 500
_MOST_LOG_PAGES = 4_096
# How often a write looks whether the file is still there.
_LOOK_SECONDS = 0.5
_FIRST_WAIT_SECONDS, _MOST_WAIT_SECONDS = 0.0005, 0.02
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
_SENTENCES = {
    sqlite3.SQLITE_FULL: "the disk is full. Make room; nothing that was acknowledged is lost.",
    sqlite3.SQLITE_READONLY: "the file or its folder is read-only. Let this user write to both.",
    sqlite3.SQLITE_PERM: "this user may not use the file. Let it read and write the file and its folder.",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened. Its folder has to exist, and this user has to be able to write there.",
    sqlite3.SQLITE_CORRUPT: "the file is damaged. Move it away, or bring back a copy.",
    sqlite3.SQLITE_NOTADB: "it is no SQLite file. Name a file that does not exist yet.",
    sqlite3.SQLITE_IOERR: "the disk does not read or write. Look at the system's log.",
}


class Connection:
    """One connection to the file; it is used in one event loop.

    A transaction takes microseconds and none waits within it, so each runs in the loop itself: a thread would cost more than
    the work. Only the wait for another process's transaction gives the loop away. One that `is_read` only writes nothing, and
    makes no file beside it.
    """

    def __init__(self, path: Path, *, is_read: bool = False) -> None:
        self.path = path
        self._read_only = ReadOnlyFile(path) if is_read else None
        self._db: sqlite3.Connection | None = None
        self._writes = 0
        # Whether the disk was full at the last write that says so.
        self.is_full = False
        self._file_id: tuple[int, int] | None = None
        self._looked_at = 0.0
        self.checkpoint: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Opens the file, or makes it.

        Raises:
            StoreUnavailable: it cannot be a store; the text says why.
        """
        if self._db is not None:
            return
        schema.refuse_network_disk(self.path)
        try:
            if self._read_only is not None:
                self._db = self._read_only.connect()
                await self.read(lambda db: schema.check(db, self.path))
                return
            # A second event loop, of another thread, may use it after the first; SQLite itself allows that.
            # It is opened by its path and not as a URI: a `?` in its name is a part of the name.
            self._db = sqlite3.connect(self.path, timeout=0, isolation_level=None, cached_statements=512, check_same_thread=False)
            await self._retried(self._set_up)
            self._file_id = self._found_id()
            await self.write(lambda db: schema.prepare(db, self.path))
        except sqlite3.Error as error:
            self.close()
            raise self.unavailable(error) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Closes the file."""
        if self._db is not None:
            self._db.close()
            self._db = None

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` finds."""
        try:
            found = work(self._connected())
        except sqlite3.Error as error:
            if self._read_only is not None:  # what a server began to change looks damaged
                self._read_only.check()
            if not _is_busy(error):
                raise self.unavailable(error) from error
            found = await self._retried(work)
        if self._read_only is not None:
            self._read_only.check()
        return found

    def read_now(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """What `work` finds, where nothing is in the way; errors show in the call that may wait."""
        try:
            return None if self._db is None else work(self._db)
        except (sqlite3.Error, StoreUnavailable):
            return None

    def write_now(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """What `work` gives, where nothing is in the way; None where something is, which shows in the call that may wait."""
        try:
            return None if self._db is None else _transaction(self._db, work)
        except sqlite3.Error:
            return None

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` gives, done whole or not at all."""
        if time.monotonic() - self._looked_at >= _LOOK_SECONDS:
            self.check_file()
        found = await self._retried(lambda db: _transaction(db, work))
        self._writes += 1
        if self._writes >= CHECKPOINT_WRITES and (self.checkpoint is None or self.checkpoint.done()):
            self._writes = 0
            self.checkpoint = asyncio.create_task(asyncio.to_thread(_checkpoint, self.path), name="specimen-store-checkpoint")
        return found

    def data_version(self) -> int:
        """A number that changes when another connection writes."""
        try:
            found: int = self._connected().execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error as error:
            raise self.unavailable(error) from error
        return found

    def check_file(self) -> None:
        """Returns where the file is still the one that was opened: what is written into a deleted one is gone with the process.

        Raises:
            StoreUnavailable: it was deleted, or another one is in its place.
        """
        self._looked_at = time.monotonic()
        if self._file_id is not None and self._found_id() != self._file_id:
            self._looked_at = 0.0
            raise StoreUnavailable(f"store {self.path}: its file was deleted, moved or replaced. Start all servers on it anew.")

    def _found_id(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def unavailable(self, error: sqlite3.Error) -> StoreUnavailable:
        """SQLite's error as a sentence that says what to do."""
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        self.is_full = self.is_full or code == sqlite3.SQLITE_FULL
        return StoreUnavailable(f"store {self.path}: {_SENTENCES.get(code, f'{error}.')}")

    async def _retried(self, work: Callable[[sqlite3.Connection], T]) -> T:
        wait, loop = _FIRST_WAIT_SECONDS, asyncio.get_running_loop()
        deadline = loop.time() + BUSY_SECONDS
        while True:
            try:
                return work(self._connected())
            except sqlite3.Error as error:
                if not _is_busy(error):
                    raise self.unavailable(error) from error
                if loop.time() >= deadline:
                    raise StoreUnavailable(
                        f"store {self.path}: another process holds it for more than {BUSY_SECONDS:g} seconds."
                    ) from error
            await asyncio.sleep(wait * (0.5 + random.random()))
            wait = min(wait * 2, _MOST_WAIT_SECONDS)

    def _connected(self) -> sqlite3.Connection:
        if self._db is None:
            raise StoreUnavailable(f"store {self.path}: it is not open.")
        return self._db

    @staticmethod
    def _set_up(db: sqlite3.Connection) -> None:
        if db.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            application = db.execute("PRAGMA application_id").fetchone()[0]
            if application == schema.APPLICATION or not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                db.execute("PRAGMA journal_mode = WAL")  # kept in the file; another program's file stays as it is
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA temp_store = MEMORY")
        db.execute(f"PRAGMA wal_autocheckpoint = {_MOST_LOG_PAGES}")
        db.execute("PRAGMA cache_size = -65536")


def _transaction(db: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    db.execute("BEGIN IMMEDIATE")
    try:
        found = work(db)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # SQLite has ended it itself where the disk is full
            with contextlib.suppress(sqlite3.Error):
                db.execute("ROLLBACK")
        raise
    return found


def _checkpoint(path: Path) -> None:
    """Writes what no reader needs any more from the log into the file; who reads or writes meanwhile does not wait."""
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(path, timeout=0)) as db,
    ):  # the next one tries again
        db.execute("PRAGMA wal_checkpoint(PASSIVE)")


def _is_busy(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _BUSY
