"""A sorted sequence of unique keys, in chunks."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from typing import Any

# A chunk of twice that size is cut in two. Inserting moves half a chunk in memory, finding it searches all their last keys.
_CHUNK = 512
# So many keys at most are put into a chunk one by one; sorting the chunk compares all that are in it.
_FEW = 16


class SortedChunks:
    """Keys of one type that are ordered, each once; adding, removing and finding one take about the root of their number."""

    __slots__ = ("_chunks", "_count", "_lasts")

    def __init__(self) -> None:
        self._chunks: list[list[Any]] = []
        self._lasts: list[Any] = []  # the last key of each chunk
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, key: Any) -> None:
        """Adds a key that is not there."""
        lasts = self._lasts
        self._count += 1
        if not lasts:
            self._chunks.append([key])
            lasts.append(key)
            return
        if key > lasts[-1]:
            place = -1
            chunk = self._chunks[-1]
            chunk.append(key)
            lasts[-1] = key
        else:
            place = bisect_left(lasts, key)
            chunk = self._chunks[place]
            chunk.insert(bisect_left(chunk, key), key)
        if len(chunk) > 2 * _CHUNK:
            # Keys that come in order fill their chunks: what was there before the last one stays whole.
            at = _CHUNK if place >= 0 else 2 * _CHUNK
            place %= len(lasts)
            self._chunks.insert(place + 1, chunk[at:])
            del chunk[at:]
            lasts.insert(place, chunk[-1])

    def add_all(self, keys: Iterable[Any]) -> None:
        """Adds keys that are not there: in their order, so that each chunk is looked at once."""
        wanted = sorted(keys)
        if not self._lasts:
            for key in wanted:
                self.add(key)
            return
        lasts, end = self._lasts, len(wanted)
        self._count += end
        while end:  # from the last chunk to the first: places before it stay as they are while it is cut
            place = min(bisect_left(lasts, wanted[end - 1]), len(lasts) - 1)
            begin = bisect_right(wanted, lasts[place - 1], 0, end) if place else 0
            chunk = self._chunks[place]
            if end - begin <= _FEW:
                for key in wanted[begin:end]:
                    insort(chunk, key)
            else:
                chunk += wanted[begin:end]
                chunk.sort()  # two runs in order, which it merges
            cuts = [chunk[at : at + _CHUNK] for at in range(0, len(chunk), _CHUNK)] if len(chunk) > 2 * _CHUNK else [chunk]
            self._chunks[place : place + 1] = cuts
            lasts[place : place + 1] = [cut[-1] for cut in cuts]
            end = begin

    def remove(self, key: Any) -> None:
        """Removes a key that is there.

        Raises:
            KeyError: it is not there.
        """
        place = bisect_left(self._lasts, key)
        chunk = self._chunks[place] if place < len(self._chunks) else []
        index = bisect_left(chunk, key)
        if index >= len(chunk) or chunk[index] != key:
            raise KeyError(key)
        del chunk[index]
        self._count -= 1
        if not chunk:
            del self._chunks[place], self._lasts[place]
        elif index == len(chunk):
            self._lasts[place] = chunk[-1]

    def after(self, key: Any | None, limit: int) -> list[Any]:
        """The first keys that are greater than one (None: of all), in order."""
        place = 0 if key is None else bisect_right(self._lasts, key)
        if limit <= 0 or place >= len(self._chunks):
            return []
        chunk = self._chunks[place]
        begin = 0 if key is None else bisect_right(chunk, key)
        found = chunk[begin : begin + limit]
        while len(found) < limit and (place := place + 1) < len(self._chunks):
            found += self._chunks[place][: limit - len(found)]
        return found

    def before(self, key: Any | None, limit: int) -> list[Any]:
        """The last keys that are less than one (None: of all), from the greatest down."""
        if limit <= 0 or not self._chunks:
            return []
        place = len(self._chunks) - 1 if key is None else min(bisect_left(self._lasts, key), len(self._chunks) - 1)
        chunk = self._chunks[place]
        end = len(chunk) if key is None else bisect_left(chunk, key)
        found = chunk[max(0, end - limit) : end][::-1]
        while len(found) < limit and (place := place - 1) >= 0:
            found += self._chunks[place][-(limit - len(found)) :][::-1]
        return found

    def between(self, low: Any, high: Any) -> list[Any]:
        """The keys from one up to another that is not among them, in order."""
        first, last = bisect_left(self._lasts, low), bisect_left(self._lasts, high)
        found: list[Any] = []
        for chunk in self._chunks[first : last + 1]:
            found += chunk[bisect_left(chunk, low) : bisect_left(chunk, high)]
        return found

    def count_between(self, low: Any, high: Any) -> int:
        """How many keys `between` has."""
        first, last = bisect_left(self._lasts, low), bisect_left(self._lasts, high)
        if first >= len(self._chunks) or not low < high:
            return 0
        most = sum(map(len, self._chunks[first:last])) - bisect_left(self._chunks[first], low)
        return most + (bisect_left(self._chunks[last], high) if last < len(self._chunks) else 0)
