"""Writes all of a SQLite store to rows, and fills one from rows."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping
from itertools import islice
from typing import Any

from specimen.mockserver.sessions.store import Space, StoreUnavailable
from specimen.mockserver.sessions.store.codec import decode_record
from specimen.mockserver.sessions.store.portable import Row, twice
from specimen.mockserver.sessions.store.sqlite.connection import Connection
from specimen.mockserver.sessions.store.sqlite.spaces import add_to_total, ensure_namespace, space_number

_SLICE = 1_000
# The columns of each kind, its table, and by which columns its rows are ordered.
_TABLES = {
    "session": ("record, state, until", "sessions", "seq"),
    "counter": ("key, count", "counters", "key"),
    "value": ("key, until, version, value", "held_values", "key"),
    "log": ("log, number, value", "logs", "log, number"),
    "task": ("id, lane, place, due, payload, attempt", "tasks", "number"),
    "done": ("id", "done_tasks", "number"),
}


class Portability:
    """The part of a store that writes and reads files."""

    _file: Connection

    async def summary(self) -> Mapping[Space, Mapping[str, int]]:
        """How many sessions, values and tasks each space has."""
        query = """SELECT namespace, provider, sessions, held_values,
            (SELECT count(*) FROM tasks WHERE tasks.space = spaces.space)
            FROM spaces ORDER BY 1, 2"""
        rows = await self._rows(query)
        return {Space(*row[:2]): dict(zip(("sessions", "values", "tasks"), row[2:], strict=True)) for row in rows}

    async def dump(self) -> AsyncIterator[Row]:
        """All rows."""
        for name, value, version in await self._rows("SELECT name, value, version FROM namespaces ORDER BY name"):
            yield Row("namespace", Space(name, ""), (value, version))
        for number, namespace, provider in await self._rows("SELECT space, namespace, provider FROM spaces ORDER BY 2, 3"):
            for kind, (columns, table, order) in _TABLES.items():
                after: tuple[Any, ...] = ()
                names = order.split(", ")
                while True:
                    beyond = f"AND ({order}) > ({', '.join('?' * len(names))})" if after else ""
                    query = f"SELECT {order}, {columns} FROM {table} WHERE space = ? {beyond} ORDER BY {order} LIMIT {_SLICE}"  # noqa: S608
                    rows = await self._rows(query, number, *after)
                    for row in rows:
                        yield Row(kind, Space(namespace, provider), row[len(names) :])
                    if len(rows) < _SLICE:
                        break
                    after = rows[-1][: len(names)]

    async def restore(self, rows: Iterable[Row]) -> None:
        """Adds rows to a store that holds none of them, in one transaction."""
        left, has_begun = iter(rows), False

        def work(db: sqlite3.Connection) -> None:
            nonlocal has_begun
            if has_begun:  # its first rows are gone
                raise StoreUnavailable(f"store {self._file.path}: another process was in the way; nothing was imported.")
            has_begun = True
            while some := list(islice(left, _SLICE)):
                try:
                    _add_all(db, some)
                except sqlite3.IntegrityError as error:
                    raise twice("a row") from error

        await self._file.write(work)

    async def end_import(self) -> None:
        """Nothing: of an import that did not end there is nothing here."""

    async def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return await self._file.read(lambda db: db.execute(query, values).fetchall())


def _add_all(db: sqlite3.Connection, rows: list[Row]) -> None:
    for kind, space, fields in rows:
        if kind == "namespace":
            ensure_namespace(db, space.namespace)
            db.execute("UPDATE namespaces SET value = ?, version = ? WHERE name = ?", (*fields, space.namespace))
            continue
        number = space_number(db, space)
        if kind == "session":
            data, state, until = fields
            record = decode_record(data)
            values = (number, record.id, record.owner, state, until, record.version, record.created_at, data)
            add = """INSERT INTO sessions (space, id, owner, state, until, version, created_at, record)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq"""
            seq = db.execute(add, values).fetchone()[0]
            db.executemany("INSERT OR IGNORE INTO keys VALUES (?, ?, ?)", [(number, key, seq) for key in record.keys])
            db.execute("UPDATE spaces SET sessions = sessions + 1, changed = changed + 1 WHERE space = ?", (number,))
            add_to_total(db, "sessions", 1)
        else:
            columns, table, _ = _TABLES[kind]
            marks = ", ".join("?" * (1 + len(fields)))
            db.execute(f"INSERT INTO {table} (space, {columns}) VALUES ({marks})", (number, *fields))  # noqa: S608 - own names
        if kind == "task":
            add_to_total(db, "tasks", 1)
        if kind == "value":
            size = len(fields[3])
            counted = "UPDATE spaces SET held_values = held_values + 1, value_bytes = value_bytes + ? WHERE space = ?"
            db.execute(counted, (size, number))
            add_to_total(db, "values", 1)
            add_to_total(db, "value_bytes", size)
