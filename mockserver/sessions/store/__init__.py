"""The store of sessions: the only state of the mock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from specimen.mockserver.sessions.session_record import Record

__all__ = ["Store"]


class Store(Protocol):
    """Sessions and cached values, per namespace and provider. Records are immutable; a key belongs to its newest session."""

    def get(self, namespace: str, provider: str, session_id: str) -> Record | None:
        """The session of that id."""

    def find(self, namespace: str, provider: str, key: str) -> Record | None:
        """The session that owns a key (`clientKey:abc`)."""

    def put(self, provider: str, record: Record) -> None:
        """Adds a session with its keys, or replaces it."""

    def swap(self, provider: str, old: Record, new: Record) -> bool:
        """Replaces `old` by `new` if it is still the one that is kept; returns whether it was."""

    def all(self, namespace: str, provider: str) -> Iterator[Record]:
        """All sessions, oldest first."""

    def next_number(self, namespace: str, provider: str) -> int:
        """1, 2, 3, … : each number once."""

    def cache_set(self, namespace: str, provider: str, key: str, value: Any, until: int, now: int) -> None:
        """Keeps a value until a time (milliseconds since the epoch)."""

    def cache_get(self, namespace: str, provider: str, key: str, now: int) -> Any | None:
        """A cached value whose time is not over."""
