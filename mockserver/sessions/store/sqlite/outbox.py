"""The logs and the outbox of a SQLite store."""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import Any

from specimen.mockserver.sessions.store import MOST_LEASE_SECONDS, Bounds, Claimed, LogEntry, Space
from specimen.mockserver.sessions.store.codec import decode_value, encode_value
from specimen.mockserver.sessions.store.sqlite.connection import Connection
from specimen.mockserver.sessions.store.sqlite.schema import OF
from specimen.mockserver.sessions.store.sqlite.spaces import add_to_total, space_number, total

# How many ids of acknowledged tasks a space remembers, so that a task that two replicas find is sent once.
REMEMBERED_TASKS = 1_000

# A lease that ends later than any could was taken before the machine's clock was set back: it is over.
_FAR = 2 * round(MOST_LEASE_SECONDS * 1000)
# The first task of each lane of which no task is held.
_HEADS = f"""FROM tasks AS task WHERE task.space = {OF}
    AND NOT EXISTS (SELECT 1 FROM tasks AS held INDEXED BY tasks_held
        WHERE held.space = task.space AND held.lane = task.lane AND held.lease > 0 AND held.lease > ? AND held.lease <= ?)
    AND NOT EXISTS (SELECT 1 FROM tasks AS first INDEXED BY tasks_lane
        WHERE first.space = task.space AND first.lane = task.lane
        AND (first.place < task.place OR (first.place = task.place AND first.number < task.number)))"""  # noqa: S608 - own texts
_CLAIMABLE = f"SELECT number, id, lane, due, payload, attempt {_HEADS} AND task.due <= ? ORDER BY task.due, task.number LIMIT ?"
_NEXT = f"SELECT task.due {_HEADS} ORDER BY task.due LIMIT 1"
_HELD = f"space = {OF} AND id = ? AND token = ? AND lease > ?"


class Outbox:
    """The part of a store that knows logs and tasks."""

    bounds: Bounds
    _file: Connection

    async def append(self, space: Space, log: str, values: Sequence[Any]) -> None:
        """Adds entries to a log."""

        def work(db: sqlite3.Connection) -> None:
            number = space_number(db, space)
            query = "SELECT coalesce(max(number), 0) FROM logs WHERE space = ? AND log = ?"
            last = db.execute(query, (number, log)).fetchone()[0]
            rows = [(number, log, last + index, value) for index, value in enumerate(encoded, 1)]
            db.executemany("INSERT INTO logs VALUES (?, ?, ?, ?)", rows)
            oldest = last + len(rows) - self.bounds.log_entries
            db.execute("DELETE FROM logs WHERE space = ? AND log = ? AND number <= ?", (number, log, oldest))

        encoded = [encode_value(value) for value in values]
        if encoded:
            await self._file.write(work)

    async def entries(self, space: Space, log: str, after: int, limit: int) -> Sequence[LogEntry]:
        """Entries whose number is greater than `after`."""
        query = f"SELECT number, value FROM logs WHERE space = {OF} AND log = ? AND number > ? ORDER BY number LIMIT ?"  # noqa: S608
        rows = await self._file.read(lambda db: db.execute(query, (*space, log, after, limit)).fetchall())
        return [LogEntry(number, decode_value(value)) for number, value in rows]

    async def enqueue(self, space: Space, task_id: str, lane: str, due: int, payload: Any) -> bool:
        """Adds a task, once for an id."""

        def work(db: sqlite3.Connection) -> bool:
            number = space_number(db, space)
            if db.execute("SELECT 1 FROM done_tasks WHERE space = ? AND id = ?", (number, task_id)).fetchone():
                return False
            add = "INSERT OR IGNORE INTO tasks (space, id, lane, place, due, payload) VALUES (?, ?, ?, ?, ?, ?)"
            if not db.execute(add, (number, task_id, lane, due, due, encoded)).rowcount:
                return False
            add_to_total(db, "tasks", 1)
            return True

        encoded = encode_value(payload)
        return await self._file.write(work)

    async def claim(self, space: Space, now: int, lease_seconds: float, limit: int) -> Sequence[Claimed]:
        """Tasks that are due, for this caller alone until the lease is over."""

        def work(db: sqlite3.Connection) -> list[Claimed]:
            real = _real_now()
            found: list[Claimed] = []
            asked = (*space, real, real + _FAR, now, limit)
            for number, task_id, lane, due, payload, attempt in db.execute(_CLAIMABLE, asked).fetchall():
                token = secrets.token_hex(8)
                held = (attempt + 1, token, real + max(1, round(lease_seconds * 1000)), number)
                db.execute("UPDATE tasks SET attempt = ?, token = ?, lease = ? WHERE number = ?", held)
                found.append(Claimed(task_id, lane, due, decode_value(payload), attempt + 1, token))
            return found

        # Workers ask often and mostly find nothing; that takes no transaction of the one that may write.
        real = _real_now()
        if not await self._file.read(lambda db: db.execute(_CLAIMABLE, (*space, real, real + _FAR, now, 1)).fetchone()):
            return []
        return await self._file.write(work)

    async def acknowledge(self, space: Space, task: Claimed) -> bool:
        """Ends a task that the caller still holds."""

        def work(db: sqlite3.Connection) -> bool:
            ended = f"DELETE FROM tasks WHERE {_HELD} RETURNING space"  # noqa: S608 - own texts
            row = db.execute(ended, (*space, task.id, task.token, _real_now())).fetchone()
            if row is None:
                return False
            add_to_total(db, "tasks", -1)
            db.execute("INSERT OR REPLACE INTO done_tasks (space, id) VALUES (?, ?)", (row[0], task.id))
            forget = """DELETE FROM done_tasks WHERE space = ? AND number <=
                (SELECT number FROM done_tasks WHERE space = ? ORDER BY number DESC LIMIT 1 OFFSET ?)"""
            db.execute(forget, (row[0], row[0], REMEMBERED_TASKS))
            return True

        return await self._file.write(work)

    async def postpone(self, space: Space, task: Claimed, due: int, payload: Any) -> bool:
        """Gives a task back, to be due at another time."""
        update = f"UPDATE tasks SET due = ?, payload = ?, token = '', lease = 0 WHERE {_HELD}"  # noqa: S608 - own texts
        values = (due, encode_value(payload), *space, task.id, task.token)
        return await self._file.write(lambda db: db.execute(update, (*values, _real_now())).rowcount > 0)

    async def reschedule(self, space: Space, task_id: str, due: int) -> bool:
        """Has a task that nobody holds be due at another time."""
        update = f"UPDATE tasks SET due = ? WHERE space = {OF} AND id = ? AND (lease <= ? OR lease > ?)"  # noqa: S608 - own texts
        real = _real_now()
        return await self._file.write(lambda db: db.execute(update, (due, *space, task_id, real, real + _FAR)).rowcount > 0)

    async def task_room(self) -> int:
        """How many tasks more the bound allows."""
        return self.bounds.tasks - await self._file.read(lambda db: total(db, "tasks"))

    async def next_due(self, space: Space) -> int | None:
        """When the first task that nobody holds is due."""
        real = _real_now()
        row = await self._file.read(lambda db: db.execute(_NEXT, (*space, real, real + _FAR)).fetchone())
        return None if row is None else row[0]

    async def tasks(self, space: Space, after: str, limit: int) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """The tasks that wait or are held, by id."""
        query = f"""SELECT id, lane, due, payload, attempt, lease FROM tasks WHERE space = {OF} AND id > ?
            ORDER BY id LIMIT ?"""  # noqa: S608 - own texts
        rows = await self._file.read(lambda db: db.execute(query, (*space, after, limit)).fetchall())
        now = _real_now()

        def shown(lane: str, due: int, payload: bytes, attempt: int, lease: int) -> Mapping[str, Any]:
            is_held = now < lease <= now + _FAR
            return {"lane": lane, "due": due, "payload": decode_value(payload), "attempt": attempt, "held": is_held}

        return [(task_id, shown(*fields)) for task_id, *fields in rows]


def _real_now() -> int:
    return time.time_ns() // 1_000_000
