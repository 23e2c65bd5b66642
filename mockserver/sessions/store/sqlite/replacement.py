"""Replaces a namespace of a SQLite store by another one."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.store import Phase, Space
from specimen.mockserver.sessions.store.codec import encode_record, encode_value
from specimen.mockserver.sessions.store.sqlite.sessions import Sessions
from specimen.mockserver.sessions.store.sqlite.spaces import Spaces, ensure_namespace, unlink


class Replacement(Spaces, Sessions):
    """The part of a store that knows both namespaces and sessions."""

    async def replace(self, name: str, value: Any, sessions: Sequence[tuple[Space, Record, Phase]]) -> None:
        """Ends a namespace, and begins it with a document and sessions, in one transaction."""

        def work(db: sqlite3.Connection) -> None:
            unlink(db, name)
            ensure_namespace(db, name)
            db.execute("UPDATE namespaces SET value = ?, version = 1 WHERE name = ?", (document, name))
            for (space, record, phase), data in zip(sessions, encoded, strict=True):
                self._add(db, space, record, phase, data)

        document, encoded = encode_value(value), [encode_record(record) for _, record, _ in sessions]
        await self._file.write(work)
        self._watches.notify_namespace(name)
        await self.sweep()
