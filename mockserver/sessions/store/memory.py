"""Sessions in this process's memory; gone when it ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from specimen.mockserver.sessions.session_record import Record


class _Shelf:
    """What one namespace has of one provider."""

    __slots__ = ("keys", "number", "records", "scratch")

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.keys: dict[str, str] = {}
        self.scratch: dict[str, tuple[int, Any]] = {}
        self.number = 0


class MemoryStore:
    """A `Store` for one process."""

    def __init__(self) -> None:
        self._shelves: defaultdict[tuple[str, str], _Shelf] = defaultdict(_Shelf)

    def get(self, namespace: str, provider: str, session_id: str) -> Record | None:
        """The session of that id."""
        shelf = self._shelves.get((namespace, provider))
        return None if shelf is None else shelf.records.get(session_id)

    def find(self, namespace: str, provider: str, key: str) -> Record | None:
        """The session that owns a key."""
        shelf = self._shelves.get((namespace, provider))
        return None if shelf is None else shelf.records.get(shelf.keys.get(key, ""))

    def put(self, provider: str, record: Record) -> None:
        """Adds a session with its keys, or replaces it."""
        shelf = self._shelves[record.namespace, provider]
        is_new = record.id not in shelf.records
        shelf.records[record.id] = record
        for key in record.keys:
            if is_new or key not in shelf.keys:  # an older session that moves does not take its key back
                shelf.keys[key] = record.id

    def swap(self, provider: str, old: Record, new: Record) -> bool:
        """Replaces `old` by `new` if it is still the one that is kept; says whether it was."""
        if self.get(old.namespace, provider, old.id) is not old:
            return False
        self._shelves[old.namespace, provider].records[old.id] = new
        return True

    def all(self, namespace: str, provider: str) -> Iterator[Record]:
        """All sessions, oldest first."""
        shelf = self._shelves.get((namespace, provider))
        return iter(()) if shelf is None else iter(tuple(shelf.records.values()))

    def next_number(self, namespace: str, provider: str) -> int:
        """1, 2, 3, … : each number once."""
        shelf = self._shelves[namespace, provider]
        shelf.number += 1
        return shelf.number

    def cache_set(self, namespace: str, provider: str, key: str, value: Any, until: int, now: int) -> None:
        """Keeps a value until a time; drops the oldest ones whose time is over."""
        scratch = self._shelves[namespace, provider].scratch
        for old in tuple(_first(scratch, 2)):
            if scratch[old][0] <= now:
                del scratch[old]
        scratch.pop(key, None)
        scratch[key] = (until, value)

    def cache_get(self, namespace: str, provider: str, key: str, now: int) -> Any | None:
        """A remembered value whose time is not over."""
        shelf = self._shelves.get((namespace, provider))
        found = None if shelf is None else shelf.scratch.get(key)
        return found[1] if found is not None and now < found[0] else None


def _first(scratch: dict[str, tuple[int, Any]], count: int) -> Iterator[str]:
    for index, key in enumerate(scratch):
        if index >= count:
            return
        yield key
