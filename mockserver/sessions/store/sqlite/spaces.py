"""The spaces and namespaces of a SQLite store."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from typing import Any

from specimen.fixtures.recipes.recipe import DEFAULT_NAMESPACE
from specimen.mockserver.sessions.store import Bounds, Space, StoreFull, Versioned
from specimen.mockserver.sessions.store.codec import decode_value, encode_value
from specimen.mockserver.sessions.store.sqlite import schema
from specimen.mockserver.sessions.store.sqlite.connection import Connection
from specimen.mockserver.sessions.store.sqlite.watches import Watches

# How many rows of dropped spaces one transaction deletes: some milliseconds.
_SWEEP_ROWS = 500
# How often reads alone write that namespaces were used.
_USED_SECONDS = 1.0
_MOST_CACHED = 10_000


def space_number(db: sqlite3.Connection, space: Space) -> int:
    """The number of a space, which is made where it is missing, as is its namespace."""
    found = db.execute("SELECT space FROM spaces WHERE namespace = ? AND provider = ?", space).fetchone()
    if found is not None:
        number: int = found[0]
        return number
    ensure_namespace(db, space.namespace)
    made: int = db.execute("INSERT INTO spaces (namespace, provider) VALUES (?, ?) RETURNING space", space).fetchone()[0]
    return made


def total(db: sqlite3.Connection, name: str) -> int:
    """How much there is of a thing that has a bound, in all spaces."""
    found: int = db.execute("SELECT count FROM totals WHERE name = ?", (name,)).fetchone()[0]
    return found


def add_to_total(db: sqlite3.Connection, name: str, count: int) -> None:
    """Counts what was added, or with a negative number taken away."""
    db.execute("UPDATE totals SET count = count + ? WHERE name = ?", (count, name))


def ensure_namespace(db: sqlite3.Connection, name: str) -> bool:
    """Makes a namespace; returns whether it was not there."""
    made = db.execute("INSERT OR IGNORE INTO namespaces (name, used) VALUES (?, ?)", (name, _now())).rowcount > 0
    if made:
        add_to_total(db, "namespaces", 1)
    return made


def _now() -> int:
    return time.time_ns() // 1000


def unlink(db: sqlite3.Connection, name: str) -> bool:
    """Takes a namespace out of sight at once, however much is in it; its rows are swept later."""
    if not db.execute("DELETE FROM namespaces WHERE name = ?", (name,)).rowcount:
        return False
    add_to_total(db, "namespaces", -1)
    gone = db.execute(
        "DELETE FROM spaces WHERE namespace = ? RETURNING space, sessions, held_values, value_bytes", (name,)
    ).fetchall()
    for number, sessions, held_values, value_bytes in gone:
        tasks = db.execute("SELECT count(*) FROM tasks WHERE space = ?", (number,)).fetchone()[0]
        db.execute("INSERT INTO garbage VALUES (?)", (number,))
        add_to_total(db, "sessions", -sessions)
        add_to_total(db, "values", -held_values)
        add_to_total(db, "value_bytes", -value_bytes)
        add_to_total(db, "tasks", -tasks)
    return True


def _sweep_once(db: sqlite3.Connection) -> bool:
    """Deletes some rows of dropped spaces; returns whether there may be more."""
    found = db.execute("SELECT space FROM garbage LIMIT 1").fetchone()
    if found is None:
        return False
    for table in schema.SWEPT:
        rowid = {"sessions": "seq", "tasks": "number", "done_tasks": "number"}.get(table)
        if rowid is not None:
            chosen = f"{rowid} IN (SELECT {rowid} FROM {table} WHERE space = ? LIMIT {_SWEEP_ROWS})"  # noqa: S608 - own names
        else:
            name = "log, number" if table == "logs" else "key, seq" if table == "keys" else "key"
            chosen = f"space = ? AND ({name}) IN (SELECT {name} FROM {table} WHERE space = ? LIMIT {_SWEEP_ROWS})"  # noqa: S608
        values = found if rowid is not None else found * 2
        if db.execute(f"DELETE FROM {table} WHERE {chosen}", values).rowcount >= _SWEEP_ROWS:  # noqa: S608 - own names
            return True
    db.execute("DELETE FROM garbage WHERE space = ?", found)
    return True


class Spaces:
    """The part of a store that knows namespaces."""

    bounds: Bounds
    _file: Connection
    _watches: Watches
    _used: dict[str, int]
    _used_at: float
    # Documents as they were read, with the number and version of their rows.
    _documents: dict[str, tuple[tuple[int, int], Versioned]]

    async def namespace(self, name: str) -> Versioned:
        """The document of a namespace; marks it as used."""
        if time.monotonic() - self._used_at >= _USED_SECONDS:
            self._used_at = time.monotonic()
            # A read waits for no writer, and goes on where the disk is full: what was used is marked the next time.
            self._file.write_now(self._mark_used)
        found = await self._file.read(lambda db: self._document(db, name))
        if found is None:
            await self._make_namespace(name)
            return Versioned(None, 0)
        return found

    def namespace_at_hand(self, name: str) -> Versioned | None:
        """The document as the file has it now, unless another process is in the way."""
        if time.monotonic() - self._used_at >= _USED_SECONDS:
            return None
        return self._file.read_now(lambda db: self._document(db, name))

    def _document(self, db: sqlite3.Connection, name: str) -> Versioned | None:
        """Reads a document, or takes the cached one where the row has its number and version; marks it as used."""
        row = db.execute("SELECT number, version FROM namespaces WHERE name = ?", (name,)).fetchone()
        if row is None:
            self._documents.pop(name, None)
            return None
        self._used.pop(name, None)
        self._used[name] = _now()
        cached = self._documents.get(name)
        if cached is not None and cached[0] == row:
            return cached[1]
        value = db.execute("SELECT value FROM namespaces WHERE number = ? AND version = ?", row).fetchone()
        if value is None:  # another process changed it between the two
            return self._document(db, name)
        found = Versioned(None if value[0] is None else decode_value(value[0]), row[1])
        if len(self._documents) >= _MOST_CACHED:
            self._documents.clear()
        self._documents[name] = (row, found)
        return found

    async def set_namespace(self, name: str, value: Any, version: int) -> bool:
        """Replaces the document of a namespace where its version is `version`."""

        def work(db: sqlite3.Connection) -> bool:
            if version == 0:
                ensure_namespace(db, name)
            changed = "UPDATE namespaces SET value = ?, version = version + 1, used = ? WHERE name = ? AND version = ?"
            return db.execute(changed, (encoded, _now(), name, version)).rowcount > 0

        encoded = encode_value(value)
        is_set = await self._file.write(work)
        if is_set:
            self._watches.notify_namespace(name)
        return is_set

    async def namespaces(self, after: str, limit: int) -> Sequence[str]:
        """Names in alphabetical order, after one."""
        query = "SELECT name FROM namespaces WHERE name > ? ORDER BY name LIMIT ?"
        return await self._file.read(lambda db: [row[0] for row in db.execute(query, (after, limit))])

    async def drop(self, name: str) -> None:
        """Ends a namespace with all that is in it."""
        if await self._file.write(lambda db: unlink(db, name)):
            self._watches.notify_namespace(name)
        self._used.pop(name, None)
        await self.sweep()

    async def sweep(self) -> None:
        """Deletes the rows of dropped spaces, in small transactions."""
        while await self._file.read(lambda db: db.execute("SELECT 1 FROM garbage LIMIT 1").fetchone()):
            await self._file.write(_sweep_once)
            await self._watches.let_others_run()

    async def _make_namespace(self, name: str) -> None:
        ended: list[str] = []

        def work(db: sqlite3.Connection) -> None:
            ended.clear()
            self._mark_used(db)
            if not ensure_namespace(db, name):
                return
            while total(db, "namespaces") > self.bounds.namespaces:
                oldest = "SELECT name FROM namespaces WHERE name NOT IN (?, ?) ORDER BY used, number LIMIT 1"
                row = db.execute(oldest, (DEFAULT_NAMESPACE, name)).fetchone()
                if row is None:
                    raise StoreFull("namespaces", self.bounds.namespaces)
                unlink(db, row[0])
                ended.append(row[0])

        await self._file.write(work)
        for other in ended:
            self._watches.notify_namespace(other)
        if ended:
            await self.sweep()

    def _mark_used(self, db: sqlite3.Connection) -> None:
        db.executemany(
            "UPDATE namespaces SET used = ? WHERE name = ? AND used < ?", [(at, n, at) for n, at in self._used.items()]
        )
        self._used.clear()
        self._used_at = time.monotonic()
