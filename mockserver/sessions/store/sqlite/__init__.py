"""A store in a SQLite file, for the processes of one machine."""

from __future__ import annotations

from specimen.mockserver.sessions.store.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
