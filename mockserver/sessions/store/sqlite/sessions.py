"""The sessions of a SQLite store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.store import Bounds, Page, Phase, Space, StoreFull
from specimen.mockserver.sessions.store.codec import decode_record, encode_record
from specimen.mockserver.sessions.store.sqlite.connection import Connection
from specimen.mockserver.sessions.store.sqlite.schema import OF
from specimen.mockserver.sessions.store.sqlite.spaces import add_to_total, space_number, total
from specimen.mockserver.sessions.store.sqlite.watches import Watches

# Rows of an index that one step looks at where no index has the wanted sessions together; about a millisecond.
_SLICE_ROWS = 250

_GET = f"SELECT record FROM sessions WHERE space = {OF} AND id = ?"  # noqa: S608 - own texts, as in all of this module
_OWNERS = f"""SELECT record FROM keys JOIN sessions USING (seq) WHERE keys.space = {OF} AND key = ?
    ORDER BY keys.seq DESC LIMIT ?"""  # noqa: S608
_DUE = f"""SELECT record FROM sessions INDEXED BY sessions_until WHERE space = {OF} AND until <= ?
    ORDER BY until, seq LIMIT ?"""  # noqa: S608
_COUNT = "SELECT sessions FROM spaces WHERE namespace = ? AND provider = ?"
_ADD = """INSERT OR IGNORE INTO sessions (space, id, owner, state, until, version, created_at, record)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq"""
_CHANGED = "UPDATE spaces SET changed = changed + 1, sessions = sessions + ? WHERE space = ?"


class Sessions:
    """The part of a store that knows sessions."""

    bounds: Bounds
    _file: Connection
    _watches: Watches

    async def get(self, space: Space, session_id: str) -> Record | None:
        """The session of that id."""
        row = await self._file.read(lambda db: db.execute(_GET, (*space, session_id)).fetchone())
        return None if row is None else decode_record(row[0])

    async def find(self, space: Space, key: str) -> Record | None:
        """The newest session that owns a key."""
        found = await self.owners(space, key, 1)
        return found[0] if found else None

    async def owners(self, space: Space, key: str, limit: int) -> Sequence[Record]:
        """The sessions that own a key, newest first."""
        rows = await self._file.read(lambda db: db.execute(_OWNERS, (*space, key, limit)).fetchall())
        return [decode_record(row[0]) for row in rows]

    async def add(self, space: Space, record: Record, phase: Phase) -> bool:
        """Adds a session with its keys."""
        encoded = encode_record(record)
        is_added = await self._file.write(lambda db: self._add(db, space, record, phase, encoded))
        return self._noted(space, record.id, is_added)

    def _add(self, db: sqlite3.Connection, space: Space, record: Record, phase: Phase, encoded: bytes) -> bool:
        number = space_number(db, space)
        values = (number, record.id, record.owner, phase.state, phase.until, record.version, record.created_at, encoded)
        row = db.execute(_ADD, values).fetchone()
        if row is None:
            return False
        if total(db, "sessions") >= self.bounds.sessions:
            raise StoreFull("sessions", self.bounds.sessions)
        db.executemany("INSERT OR IGNORE INTO keys VALUES (?, ?, ?)", [(number, key, row[0]) for key in record.keys])
        db.execute(_CHANGED, (1, number))
        add_to_total(db, "sessions", 1)
        return True

    async def swap(self, space: Space, record: Record, phase: Phase, of: Record | None = None) -> bool:
        """Replaces the kept session whose version is one less, with `of` only that one."""

        def work(db: sqlite3.Connection) -> bool:
            query = f"SELECT seq, space, record FROM sessions WHERE space = {OF} AND id = ? AND version = ?"  # noqa: S608
            row = db.execute(query, (*space, record.id, record.version - 1)).fetchone()
            if row is None:
                return False
            seq, number, old = row
            if before_it not in (None, old):
                return False
            update = "UPDATE sessions SET owner=?, state=?, until=?, version=?, created_at=?, record=? WHERE seq = ?"
            values = (record.owner, phase.state, phase.until, record.version, record.created_at, encoded, seq)
            db.execute(update, values)
            before = decode_record(old).keys
            if before != record.keys:
                gone = set(before) - set(record.keys)
                db.executemany("DELETE FROM keys WHERE space = ? AND key = ? AND seq = ?", [(number, k, seq) for k in gone])
                db.executemany("INSERT OR IGNORE INTO keys VALUES (?, ?, ?)", [(number, k, seq) for k in record.keys])
            db.execute(_CHANGED, (0, number))
            return True

        encoded, before_it = encode_record(record), None if of is None else encode_record(of)
        return self._noted(space, record.id, await self._file.write(work))

    async def delete(self, space: Space, session_id: str, of: Record | None = None) -> bool:
        """Deletes a session with its keys, with `of` only that one."""

        def work(db: sqlite3.Connection) -> bool:
            is_that_one = "" if of is None else "AND record = ?"
            query = f"DELETE FROM sessions WHERE space = {OF} AND id = ? {is_that_one} RETURNING seq, space, record"  # noqa: S608
            row = db.execute(query, (*space, session_id, *([] if of is None else [encode_record(of)]))).fetchone()
            if row is None:
                return False
            seq, number, old = row
            keys = [(number, key, seq) for key in decode_record(old).keys]
            db.executemany("DELETE FROM keys WHERE space = ? AND key = ? AND seq = ?", keys)
            db.execute(_CHANGED, (-1, number))
            add_to_total(db, "sessions", -1)
            return True

        return self._noted(space, session_id, await self._file.write(work))

    async def page(self, space: Space, page: Page) -> Sequence[Record]:
        """At most `page.limit` sessions."""
        query = await self._file.read(lambda db: _PageQuery.of(db, space, page))
        if query is None:
            return []
        found: list[bytes] = []
        while len(found) < page.limit:
            is_last, matching = await self._file.read(query.step)
            found.extend(matching)
            if is_last:
                break
            await self._watches.let_others_run()
        return [decode_record(record) for record in found[: page.limit]]

    async def count(self, space: Space) -> int:
        """How many sessions there are."""
        row = await self._file.read(lambda db: db.execute(_COUNT, space).fetchone())
        return 0 if row is None else row[0]

    async def due(self, space: Space, now: int, limit: int) -> Sequence[Record]:
        """Sessions whose phase is over at `now`."""
        rows = await self._file.read(lambda db: db.execute(_DUE, (*space, now, limit)).fetchall())
        return [decode_record(row[0]) for row in rows]

    async def rephase(self, space: Space, phases: Iterable[tuple[Record, Phase]]) -> None:
        """Sets the phases of sessions, where their version is still the given one."""

        def work(db: sqlite3.Connection) -> None:
            row = db.execute("SELECT space FROM spaces WHERE namespace = ? AND provider = ?", space).fetchone()
            if row is not None:
                update = "UPDATE sessions SET state = ?, until = ? WHERE space = ? AND id = ? AND version = ?"
                db.executemany(update, [(phase.state, phase.until, row[0], r.id, r.version) for r, phase in wanted])

        wanted = list(phases)
        if wanted:
            await self._file.write(work)

    def _noted(self, space: Space, session_id: str, is_changed: bool) -> bool:
        if is_changed:
            self._watches.notify(space, session_id)
        return is_changed


class _PageQuery:
    """A page's way through one index; what the index does not tell apart is looked at slice by slice."""

    def __init__(self, number: int, page: Page, after: Any) -> None:
        self._page = page
        self._after = after
        by_id = page.order == "id"
        self._column, self._sign = ("id", ">") if by_id else ("seq", "<" if page.order == "newest" else ">")
        self._ending = f"ORDER BY {self._column}{' DESC' if page.order == 'newest' else ''} LIMIT ?"
        index, self._where = "sessions_", "space = ?"
        self._values: list[Any] = [number]
        if page.owner is not None:
            index, self._where, self._values = index + "owner_", self._where + " AND owner = ?", [*self._values, page.owner]
            if page.state is not None:
                index, self._where, self._values = index + "state_", self._where + " AND state = ?", [*self._values, page.state]
        self._from = f"FROM sessions INDEXED BY {index}{self._column}"
        # Without a filter that the index lacks, a row is a result.
        self._state = page.state if page.owner is None else None
        self._is_exact = self._state is None and page.created_from is None and page.created_to is None
        self._rows = page.limit if self._is_exact else _SLICE_ROWS

    @classmethod
    def of(cls, db: sqlite3.Connection, space: Space, page: Page) -> _PageQuery | None:
        """The query of a page; None where the space is empty.

        Raises:
            KeyError: `page.after` is no session of the space, in an order by creation.
        """
        number = db.execute("SELECT space FROM spaces WHERE namespace = ? AND provider = ?", space).fetchone()
        if page.order == "id" or page.after is None:
            return None if number is None else cls(number[0], page, page.after)
        row = None if number is None else db.execute(
            "SELECT seq FROM sessions WHERE space = ? AND id = ?", (number[0], page.after)
        ).fetchone()  # fmt: skip
        if row is None:
            raise KeyError(page.after)
        return cls(number[0], page, row[0])

    def step(self, db: sqlite3.Connection) -> tuple[bool, list[bytes]]:
        """Whether the index is at its end, and the sessions found in the next slice of it."""
        where, values = self._where, list(self._values)
        if self._after is not None:
            where, values = f"{where} AND {self._column} {self._sign} ?", [*values, self._after]
        if self._is_exact:
            query = f"SELECT record {self._from} WHERE {where} {self._ending}"
            return True, [row[0] for row in db.execute(query, (*values, self._rows))]
        query = f"SELECT {self._column}, seq, state, created_at {self._from} WHERE {where} {self._ending}"
        rows = db.execute(query, (*values, self._rows)).fetchall()
        if rows:
            self._after = rows[-1][0]
        chosen = [seq for _, seq, state, created_at in rows if self._is_wanted(state, created_at)][: self._page.limit]
        read = "SELECT record FROM sessions WHERE seq = ?"
        return len(rows) < self._rows, [db.execute(read, (seq,)).fetchone()[0] for seq in chosen]

    def _is_wanted(self, state: str, created_at: int) -> bool:
        page = self._page
        return (
            self._state in (None, state)
            and (page.created_from is None or page.created_from <= created_at)
            and (page.created_to is None or created_at <= page.created_to)
        )
