"""A store in the memory of the process."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from specimen.mockserver.sessions.session_record import Record


class _Partition:
    """The sessions and cached values of one provider in one namespace."""

    __slots__ = ("cache", "keys", "number", "records")

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.keys: dict[str, str] = {}
        self.cache: dict[str, tuple[int, Any]] = {}
        self.number = 0


class MemoryStore:
    """A `Store` for one process."""

    def __init__(self) -> None:
        self._partitions: defaultdict[tuple[str, str], _Partition] = defaultdict(_Partition)

    def get(self, namespace: str, provider: str, session_id: str) -> Record | None:
        """The session of that id."""
        partition = self._partitions.get((namespace, provider))
        return None if partition is None else partition.records.get(session_id)

    def find(self, namespace: str, provider: str, key: str) -> Record | None:
        """The session that owns a key."""
        partition = self._partitions.get((namespace, provider))
        return None if partition is None else partition.records.get(partition.keys.get(key, ""))

    def put(self, provider: str, record: Record) -> None:
        """Adds a session with its keys, or replaces it."""
        partition = self._partitions[record.namespace, provider]
        is_new = record.id not in partition.records
        partition.records[record.id] = record
        for key in record.keys:
            if is_new or key not in partition.keys:  # an older session that moves does not take its key back
                partition.keys[key] = record.id

    def swap(self, provider: str, old: Record, new: Record) -> bool:
        """Replaces `old` by `new` if it is still the one that is kept; returns whether it was."""
        if self.get(old.namespace, provider, old.id) is not old:
            return False
        self._partitions[old.namespace, provider].records[old.id] = new
        return True

    def all(self, namespace: str, provider: str) -> Iterator[Record]:
        """All sessions, oldest first."""
        partition = self._partitions.get((namespace, provider))
        return iter(()) if partition is None else iter(tuple(partition.records.values()))

    def next_number(self, namespace: str, provider: str) -> int:
        """1, 2, 3, … : each number once."""
        partition = self._partitions[namespace, provider]
        partition.number += 1
        return partition.number

    def cache_set(self, namespace: str, provider: str, key: str, value: Any, until: int, now: int) -> None:
        """Keeps a value until a time; drops the oldest ones whose time is over."""
        cache = self._partitions[namespace, provider].cache
        for old in tuple(_first(cache, 2)):
            if cache[old][0] <= now:
                del cache[old]
        cache.pop(key, None)
        cache[key] = (until, value)

    def cache_get(self, namespace: str, provider: str, key: str, now: int) -> Any | None:
        """A cached value whose time is not over."""
        partition = self._partitions.get((namespace, provider))
        found = None if partition is None else partition.cache.get(key)
        return found[1] if found is not None and now < found[0] else None


def _first(cache: dict[str, tuple[int, Any]], count: int) -> Iterator[str]:
    for index, key in enumerate(cache):
        if index >= count:
            return
        yield key
