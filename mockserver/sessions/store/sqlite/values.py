"""The values, counters and locks of a SQLite store."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from specimen.mockserver.sessions.session_record import FOREVER
from specimen.mockserver.sessions.store import Bounds, Space, StoreFull, Versioned
from specimen.mockserver.sessions.store.codec import decode_value, encode_value
from specimen.mockserver.sessions.store.queued_lock import LEASE_SECONDS, QueuedLocks
from specimen.mockserver.sessions.store.sqlite.connection import Connection
from specimen.mockserver.sessions.store.sqlite.schema import OF
from specimen.mockserver.sessions.store.sqlite.spaces import add_to_total, space_number, total

# How many values whose time is over go with each one that comes.
_SWEPT_VALUES = 2

_GET = f"SELECT until, version, value FROM held_values WHERE space = {OF} AND key = ?"  # noqa: S608 - own texts
_COUNT = "UPDATE spaces SET held_values = held_values + ?, value_bytes = value_bytes + ? WHERE space = ?"
_INCREMENT = "INSERT INTO counters VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET count = count + 1 RETURNING count"
_FIRST = """SELECT key, length(value) FROM held_values INDEXED BY held_values_until WHERE space = ? AND until < ?
    ORDER BY until LIMIT 1"""
_GIVING = """SELECT space FROM spaces WHERE held_values > 0 AND EXISTS
    (SELECT 1 FROM held_values AS value INDEXED BY held_values_until WHERE value.space = spaces.space AND until < ?)
    ORDER BY held_values DESC LIMIT 1"""
# A lease that ends later than any could was taken before the machine's clock was set back: it is over.
_LOCK = """INSERT INTO locks VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET token = excluded.token, until = excluded.until
    WHERE until <= ? OR until > ?"""
_MOST_LEASE = 2 * round(LEASE_SECONDS * 1000)


class Values:
    """The part of a store that knows values."""

    bounds: Bounds
    _file: Connection
    _locks: QueuedLocks
    # The space that gave way last; it holds most values, as far as this process has seen.
    _largest: int

    async def increment(self, space: Space, key: str) -> int:
        """1, 2, 3, … : each number once."""

        def work(db: sqlite3.Connection) -> int:
            return incremented(db, space, key)

        return await self._file.write(work)

    async def value(self, space: Space, key: str, now: int) -> Versioned:
        """A value whose time is not over."""
        row = await self._file.read(lambda db: db.execute(_GET, (*space, key)).fetchone())
        return Versioned(None, 0) if row is None or row[0] <= now else Versioned(decode_value(row[2]), row[1])

    async def set_value(self, space: Space, key: str, value: Any, until: int, now: int, version: int | None = None) -> bool:
        """Keeps a value until a time."""

        def work(db: sqlite3.Connection) -> bool:
            kept = kept_row(db, space, key, now)
            if version is not None and version != (0 if kept is None else kept[1]):
                return False
            self._put(db, space, key, encoded, (until, now, 1 if kept is None else kept[1] + 1))
            return True

        encoded = encode_value(value)
        return await self._file.write(work)

    async def get_or_set(self, space: Space, key: str, value: Any, until: int, now: int) -> Any:
        """The kept value, else `value`, which is then kept."""

        def work(db: sqlite3.Connection) -> bytes:
            kept = kept_row(db, space, key, now)
            if kept is not None:
                found: bytes = kept[2]
                return found
            self._put(db, space, key, encoded, (until, now, 1))
            return encoded

        encoded = encode_value(value)
        return decode_value(await self._file.write(work))

    async def pop(self, space: Space, key: str, now: int) -> Any | None:
        """Removes a value and returns it to one caller only."""

        def work(db: sqlite3.Connection) -> bytes | None:
            kept = kept_row(db, space, key, now)
            if kept is None:
                return None
            number = space_number(db, space)
            db.execute("DELETE FROM held_values WHERE space = ? AND key = ?", (number, key))
            _count(db, number, -1, -len(kept[2]))
            found: bytes = kept[2]
            return found

        found = await self._file.write(work)
        return None if found is None else decode_value(found)

    async def values(self, space: Space, prefix: str, now: int, after: str, limit: int) -> Sequence[tuple[str, Versioned]]:
        """Keys that begin with a prefix, with their values."""
        # Text is compared by its UTF-8 bytes, as are these: no letter is behind U+10FFFF.
        query = f"""SELECT key, value, version FROM held_values WHERE space = {OF} AND key >= ? AND key < ? AND key > ?
            AND until > ? ORDER BY key LIMIT ?"""  # noqa: S608 - own texts
        sought = (*space, prefix, prefix + "\U0010ffff", after, now, limit)
        rows = await self._file.read(lambda db: db.execute(query, sought).fetchall())
        return [(key, Versioned(decode_value(value), version)) for key, value, version in rows]

    def lock(self, space: Space, key: str) -> AbstractAsyncContextManager[None]:
        """One caller at a time per key, in all processes."""
        return self._locks.lock(space, key)

    async def _take(self, space: Space, key: str, token: str) -> bool:
        # Who waits asks often; that takes no transaction of the one that may write.
        if await self._file.read(lambda db: is_locked(db, space, key)):
            return False
        return await self._file.write(lambda db: is_taken(db, space, key, token))

    async def _renew(self, space: Space, key: str, token: str) -> bool:
        until = _now() + round(LEASE_SECONDS * 1000)
        update = f"UPDATE locks SET until = ? WHERE space = {OF} AND key = ? AND token = ?"  # noqa: S608 - own texts
        return await self._file.write(lambda db: db.execute(update, (until, *space, key, token)).rowcount > 0)

    async def _release(self, space: Space, key: str, token: str) -> bool:
        return await self._file.write(lambda db: is_released(db, space, key, token))

    def _put(self, db: sqlite3.Connection, space: Space, key: str, value: bytes, times: tuple[int, int, int]) -> None:
        """Keeps a value, and drops what the bounds do not hold besides it."""
        until, now, version = times
        if len(value) > self.bounds.value_bytes:
            raise StoreFull("value_bytes", self.bounds.value_bytes)
        number = space_number(db, space)
        _drop_ended(db, number, now)
        old = db.execute("DELETE FROM held_values WHERE space = ? AND key = ? RETURNING length(value)", (number, key)).fetchone()
        if old is not None:
            _count(db, number, -1, -old[0])
        self._make_room(db, number, len(value))
        db.execute("INSERT INTO held_values VALUES (?, ?, ?, ?, ?)", (number, key, until, version, value))
        _count(db, number, 1, len(value))

    def _make_room(self, db: sqlite3.Connection, number: int, size: int) -> None:
        while True:
            is_many = total(db, "values") + 1 > self.bounds.values
            if not is_many and total(db, "value_bytes") + size <= self.bounds.value_bytes:
                return
            if not self._gives_way(db, number):
                bound = "values" if is_many else "value_bytes"
                raise StoreFull(bound, getattr(self.bounds, bound))

    def _gives_way(self, db: sqlite3.Connection, number: int) -> bool:
        """Whether a value went: of the space that holds most, as far as this process has seen; else of the next one that can."""
        held = dict(db.execute("SELECT space, held_values FROM spaces WHERE space IN (?, ?)", (number, self._largest)).fetchall())
        if held[number] >= held.get(self._largest, 0):
            self._largest = number
        if _is_first_dropped(db, self._largest):
            return True
        found = db.execute(_GIVING, (FOREVER,)).fetchone()
        if found is None:
            return False
        self._largest = found[0]
        return _is_first_dropped(db, self._largest)


def is_locked(db: sqlite3.Connection, space: Space, key: str) -> bool:
    """Whether somebody holds a lock."""
    query = f"SELECT 1 FROM locks WHERE space = {OF} AND key = ? AND until > ? AND until <= ?"  # noqa: S608 - own texts
    now = _now()
    return db.execute(query, (*space, key, now, now + _MOST_LEASE)).fetchone() is not None


def is_taken(db: sqlite3.Connection, space: Space, key: str, token: str) -> bool:
    """Whether a lock was free, and is the token's now."""
    now = _now()
    values = (space_number(db, space), key, token, now + round(LEASE_SECONDS * 1000), now, now + _MOST_LEASE)
    return db.execute(_LOCK, values).rowcount > 0


def is_released(db: sqlite3.Connection, space: Space, key: str, token: str) -> bool:
    """Whether a lock was the token's, and is free now."""
    delete = f"DELETE FROM locks WHERE space = {OF} AND key = ? AND token = ?"  # noqa: S608 - own texts
    return db.execute(delete, (*space, key, token)).rowcount > 0


def incremented(db: sqlite3.Connection, space: Space, key: str) -> int:
    """The next number of a counter."""
    found: int = db.execute(_INCREMENT, (space_number(db, space), key)).fetchone()[0]
    return found


def _now() -> int:
    return time.time_ns() // 1_000_000


def kept_row(db: sqlite3.Connection, space: Space, key: str, now: int) -> Any:
    """Until when a value is kept, its version and its bytes; None where its time is over."""
    row = db.execute(_GET, (*space, key)).fetchone()
    return None if row is None or row[0] <= now else row


def _is_first_dropped(db: sqlite3.Connection, number: int) -> bool:
    """Whether a space had a value to drop: what ends first goes first, whether its time is over or not."""
    row = db.execute(_FIRST, (number, FOREVER)).fetchone()
    if row is None:
        return False
    db.execute("DELETE FROM held_values WHERE space = ? AND key = ?", (number, row[0]))
    _count(db, number, -1, -row[1])
    return True


def _drop_ended(db: sqlite3.Connection, number: int, now: int) -> None:
    query = """SELECT key, length(value) FROM held_values INDEXED BY held_values_until WHERE space = ? AND until <= ?
        ORDER BY until LIMIT ?"""
    for key, size in db.execute(query, (number, now, _SWEPT_VALUES)).fetchall():
        db.execute("DELETE FROM held_values WHERE space = ? AND key = ?", (number, key))
        _count(db, number, -1, -size)


def _count(db: sqlite3.Connection, number: int, values: int, size: int) -> None:
    db.execute(_COUNT, (values, size, number))
    add_to_total(db, "values", values)
    add_to_total(db, "value_bytes", size)
