"""Kept values with the time until which they are good, within bounds of count and bytes."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from typing import Any

from specimen.mockserver.sessions.session_record import FOREVER
from specimen.mockserver.sessions.store import Bounds, StoreFull, Versioned
from specimen.mockserver.sessions.store.codec import decode_value, encode_value
from specimen.mockserver.sessions.store.memory.sorted_chunks import SortedChunks

_NONE = Versioned(None, 0)
# Values whose time is over that a new one drops, where there is room.
_MOST_DROPPED = 8


# Its bytes, until when it is kept, its version. The garbage collector passes over plain tuples of such.
_Value = tuple[bytes, int, int]


class Usage:
    """How much all values of a store take. `spaces` gives the values of each space."""

    __slots__ = ("_largest", "_spaces", "bounds", "bytes", "count")

    def __init__(self, bounds: Bounds, spaces: Callable[[], Iterable[Values]]) -> None:
        self.bounds = bounds
        self.count = 0
        self.bytes = 0
        self._spaces = spaces
        self._largest: Values | None = None  # the space that gave way last; it held most then

    def gives_way(self, values: Values) -> bool:
        """Whether a value went, of the space that holds most: the given one, or the one known as largest, else who has some."""
        if self._largest is None or len(values) >= len(self._largest):
            self._largest = values
        if self._largest.is_first_dropped():
            return True
        for largest in sorted(self._spaces(), key=len, reverse=True):
            if largest.is_first_dropped():
                self._largest = largest
                return True
        return False


class Values:
    """The values of one space. They are kept as bytes: their size is known, and no caller can change them."""

    __slots__ = ("_ends", "_kept", "_keys", "_usage")

    def __init__(self, usage: Usage) -> None:
        self._kept: dict[str, _Value] = {}
        self._keys: SortedChunks | None = None  # made by the first `list`
        self._ends: list[tuple[int, str]] = []  # when values end; one that was replaced or removed is passed over
        self._usage = usage

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: str, now: int) -> Versioned:
        """A value whose time is not over, with its version; else version 0."""
        found = self._kept.get(key)
        return _NONE if found is None or found[1] <= now else Versioned(decode_value(found[0]), found[2])

    def set(self, key: str, value: Any, until: int, now: int, version: int | None) -> bool:
        """Keeps a value; returns whether the kept one had the version.

        Raises:
            StoreFull: it is too large, or there are too many that may not be dropped, since they are kept forever.
        """
        found = self._kept.get(key)
        known = 0 if found is None or found[1] <= now else found[2]
        if version is not None and version != known:
            return False
        data = encode_value(value)
        usage, size = self._usage, len(data) + len(key)
        is_over = bool(self._ends) and self._ends[0][0] <= now
        if is_over or usage.count >= usage.bounds.values or usage.bytes + size > usage.bounds.value_bytes:
            self._make_room(size, now, is_new=found is None)
        if found is not None:
            self._remove(key)
        self._kept[key] = (data, until, known + 1)
        if self._keys is not None:
            self._keys.add(key)
        usage.count += 1
        usage.bytes += size
        heapq.heappush(self._ends, (until, key))
        if len(self._ends) > 2 * len(self._kept) + 64:
            self._ends = [(one[1], name) for name, one in self._kept.items()]
            heapq.heapify(self._ends)
        return True

    def pop(self, key: str, now: int) -> Any | None:
        """Removes a value and returns it; None where there is none whose time is not over."""
        found = self._remove(key)
        return None if found is None or found[1] <= now else decode_value(found[0])

    def list(self, prefix: str, now: int, after: str, limit: int) -> list[tuple[str, Versioned]]:
        """Keys that begin with a prefix, after one, with their values."""
        all_keys = self._keys
        if all_keys is None:
            all_keys = self._keys = SortedChunks()
            for key in sorted(self._kept):
                all_keys.add(key)
        found: list[tuple[str, Versioned]] = []
        is_first = prefix > after and prefix in self._kept
        keys = [prefix] if is_first else all_keys.after(max(prefix, after), limit)
        while keys:
            for key in keys:
                if not key.startswith(prefix) or len(found) >= limit:
                    return found
                value = self.get(key, now)
                if value.version:
                    found.append((key, value))
            keys = all_keys.after(keys[-1], limit)
        return found

    def clear(self) -> None:
        """Removes all."""
        for key in tuple(self._kept):
            self._remove(key)

    def is_first_dropped(self) -> bool:
        """Whether there was a value to drop, the one that ends first, whether its time is over or not."""
        return self._drop(FOREVER - 1, 1)

    def _make_room(self, size: int, now: int, *, is_new: bool) -> None:
        usage, bounds = self._usage, self._usage.bounds
        if size > bounds.value_bytes:
            raise StoreFull("value_bytes", bounds.value_bytes)
        self._drop(now, _MOST_DROPPED)
        while (is_full := usage.count + is_new > bounds.values) or usage.bytes + size > bounds.value_bytes:
            if not usage.gives_way(self):
                bound = "values" if is_full else "value_bytes"
                raise StoreFull(bound, getattr(bounds, bound))

    def _drop(self, now: int, most: int) -> bool:
        ends = self._ends
        while ends and ends[0][0] <= now:
            if not most:
                return True
            until, key = heapq.heappop(ends)
            found = self._kept.get(key)
            if found is not None and found[1] == until:
                self._remove(key)
                most -= 1
        return not most

    def _remove(self, key: str) -> _Value | None:
        found = self._kept.pop(key, None)
        if found is not None:
            if self._keys is not None:
                self._keys.remove(key)
            self._usage.count -= 1
            self._usage.bytes -= len(found[0]) + len(key)
        return found
