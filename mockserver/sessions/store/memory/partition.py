"""The sessions of one provider in one namespace, with the indexes of their lists."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from msgspec import Struct

from specimen.mockserver.sessions.session_record import FOREVER, Record
from specimen.mockserver.sessions.store import Page, Phase
from specimen.mockserver.sessions.store.memory.sorted_chunks import SortedChunks

# A list that looks at more sessions lets other requests in between; so many take about two milliseconds.
_SLICE = 2_000
# A list that sifts looks at so many times as many sessions as it still wants.
_WIDER = 4
# So many new ids are put in their places together, in about half a millisecond.
_TOGETHER = 512


class _Kept(Struct, gc=False):
    """A session with its number in the order of adding, and its phase: the state, and until when it is in it."""

    record: Record
    number: int
    state: str
    until: int


class _Index:
    """The sessions of one owner in one state, in three orders.

    New ids wait, and are put in their places some hundreds at a time, or before they are read: each is compared with a dozen that
    lie anywhere in memory.
    """

    __slots__ = ("_new", "created", "ids", "numbers")

    def __init__(self) -> None:
        self.ids = SortedChunks()
        self._new: list[str] = []
        self.numbers = SortedChunks()  # (number, id)
        self.created = SortedChunks()  # (created_at, id)

    def add(self, kept: _Kept) -> None:
        record = kept.record
        self._new.append(record.id)
        if len(self._new) >= _TOGETHER:
            self.settle()
        self.numbers.add((kept.number, record.id))
        self.created.add((record.created_at, record.id))

    def settle(self) -> None:
        """Puts new ids in their places."""
        if self._new:
            new, self._new = self._new, []
            self.ids.add_all(new)

    def remove(self, kept: _Kept) -> None:
        self.settle()
        record = kept.record
        self.ids.remove(record.id)
        self.numbers.remove((kept.number, record.id))
        self.created.remove((record.created_at, record.id))


class Partition:
    """The sessions of one space. Its methods are those of `Store`, and do not check bounds."""

    __slots__ = ("_due", "_indexes", "_kept", "_keys", "_number")

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        # By key its owner's id, or the ids of several from the oldest to the newest.
        self._keys: dict[str, str | list[str]] = {}
        self._indexes: dict[tuple[str, str], _Index] = {}
        # (until, number, id) of phases that end; what no longer is that session's phase is passed over.
        self._due: list[tuple[int, int, str]] = []
        self._number = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, session_id: str) -> Record | None:
        """The session of that id."""
        found = self._kept.get(session_id)
        return None if found is None else found.record

    def owners(self, key: str, limit: int) -> list[Record]:
        """The sessions that own a key, newest first."""
        found = self._keys.get(key)
        if found is None:
            return []
        ids = (found,) if isinstance(found, str) else found[: -limit - 1 : -1]
        return [self._kept[session_id].record for session_id in ids][:limit]

    def add(self, record: Record, phase: Phase) -> bool:
        """Adds a session; returns whether its id was new."""
        if record.id in self._kept:
            return False
        self._number += 1
        kept = self._kept[record.id] = _Kept(record, self._number, *phase)
        for key in record.keys:
            self._own(key, kept)
        self._index(kept).add(kept)
        self._schedule(kept)
        return True

    def swap(self, record: Record, phase: Phase, of: Record | None = None) -> bool:
        """Replaces a session by its next version, with `of` only that one; returns whether it was there."""
        kept = self._kept.get(record.id)
        if kept is None or kept.record.version != record.version - 1 or of not in (None, kept.record):
            return False
        old = kept.record
        is_elsewhere = (old.owner, old.created_at, kept.state) != (record.owner, record.created_at, phase.state)
        if is_elsewhere:
            self._index(kept).remove(kept)
        kept.record = record
        if old.keys is not record.keys and old.keys != record.keys:
            for key in set(old.keys) - set(record.keys):
                self._disown(key, record.id)
            for key in record.keys:
                if key not in old.keys:
                    self._own(key, kept)
        self._rephase(kept, phase, is_elsewhere=is_elsewhere)
        return True

    def delete(self, session_id: str, of: Record | None = None) -> bool:
        """Deletes a session, with `of` only that one; returns whether it was there."""
        kept = self._kept.get(session_id)
        if kept is None or of not in (None, kept.record):
            return False
        self._index(kept).remove(kept)
        for key in kept.record.keys:
            self._disown(key, session_id)
        del self._kept[session_id]
        if len(self._due) > 2 * len(self._kept) + 64:
            self._due = [(one.until, one.number, one.record.id) for one in self._kept.values() if one.until < FOREVER]
            heapq.heapify(self._due)
        return True

    def due(self, now: int, limit: int) -> list[Record]:
        """Sessions whose phase is over, those first that ended first."""
        entries: list[tuple[int, int, str]] = []
        while self._due and self._due[0][0] <= now and len(entries) < limit:
            entry = heapq.heappop(self._due)
            kept = self._kept.get(entry[2])
            if kept is not None and (kept.until, kept.number) == entry[:2] and (not entries or entries[-1] != entry):
                entries.append(entry)
        for entry in entries:
            heapq.heappush(self._due, entry)
        return [self._kept[session_id].record for _, _, session_id in entries]

    def rephase(self, phases: Iterable[tuple[Record, Phase]]) -> None:
        """Sets the phases of sessions that did not change meanwhile."""
        for record, phase in phases:
            kept = self._kept.get(record.id)
            if kept is not None and kept.record.version == record.version:
                is_elsewhere = kept.state != phase.state
                if is_elsewhere:
                    self._index(kept).remove(kept)
                self._rephase(kept, phase, is_elsewhere=is_elsewhere)

    def settle(self, page: Page) -> None:
        """Makes ready what a list reads: before `page`, while nothing else changes the sessions."""
        if page.order == "id":
            for index in self._matching(page):
                index.settle()

    async def page(self, page: Page) -> list[Record]:
        """The sessions of a list, for which `settle` made ready; those that come while it is read may be left out.

        Raises:
            KeyError: its cursor is no session, in an order by creation.
        """
        if page.order == "id":
            if page.created_from is not None or page.created_to is not None:
                return await self._created_by_id(page)
            return self._records(self._next_ids(page, page.after, page.limit))
        cursor = None
        if page.after is not None:
            kept = self._kept[page.after]
            cursor = (kept.number, page.after)
        found: list[Record] = []
        size = page.limit if page.created_from is page.created_to is None else _WIDER * page.limit
        while len(found) < page.limit:
            pairs = self._next_numbers(page, cursor, size)
            found += [record for record in self._records([pair[1] for pair in pairs]) if _is_created_in(page, record)]
            if len(pairs) < size:
                break
            cursor = pairs[-1]
            if len(found) < page.limit:
                size = min(_WIDER * size, _SLICE)
                await asyncio.sleep(0)
        return found[: page.limit]

    async def _created_by_id(self, page: Page) -> list[Record]:
        """Takes the shorter way: all that were created in the time, sorted, or all in the order of ids, sifted."""
        low = (-FOREVER if page.created_from is None else page.created_from,)
        high = (FOREVER if page.created_to is None else page.created_to + 1,)
        indexes = self._matching(page)
        count = sum(index.created.count_between(low, high) for index in indexes)
        if count == 0:
            return []
        if count * count <= page.limit * sum(len(index.ids) for index in indexes):
            after = page.after or ""
            ids = [pair[1] for index in indexes for pair in index.created.between(low, high)]
            return self._records(heapq.nsmallest(page.limit, [session_id for session_id in ids if session_id > after]))
        found: list[Record] = []
        after_id, size = page.after, _WIDER * page.limit
        while len(found) < page.limit:
            ids = self._next_ids(page, after_id, size)
            found += [record for record in self._records(ids) if _is_created_in(page, record)]
            if len(ids) < size:
                break
            after_id = ids[-1]
            if len(found) < page.limit:
                size = min(_WIDER * size, _SLICE)
                await asyncio.sleep(0)
        return found[: page.limit]

    def _next_ids(self, page: Page, after: str | None, limit: int) -> list[str]:
        parts = [index.ids.after(after, limit) for index in self._matching(page)]
        return parts[0] if len(parts) == 1 else sorted(chain.from_iterable(parts))[:limit]

    def _next_numbers(self, page: Page, cursor: tuple[int, str] | None, limit: int) -> list[tuple[int, str]]:
        is_newest = page.order == "newest"
        indexes = self._matching(page)
        parts = [(one.numbers.before if is_newest else one.numbers.after)(cursor, limit) for one in indexes]
        return parts[0] if len(parts) == 1 else sorted(chain.from_iterable(parts), reverse=is_newest)[:limit]

    def _matching(self, page: Page) -> list[_Index]:
        """The indexes of a list's owner and state; a session is in one of them."""
        if page.owner is not None and page.state is not None:
            found = self._indexes.get((page.owner, page.state))
            return [] if found is None else [found]
        return [
            index
            for (owner, state), index in tuple(self._indexes.items())  # another thread may add one
            if page.owner in (None, owner) and page.state in (None, state)
        ]

    def _records(self, ids: Sequence[str]) -> list[Record]:
        """The sessions of some ids; what another thread has deleted meanwhile is left out."""
        kept = self._kept
        return [one.record for session_id in ids if (one := kept.get(session_id)) is not None]

    def _index(self, kept: _Kept) -> _Index:
        place = (kept.record.owner, kept.state)
        found = self._indexes.get(place)
        if found is None:
            found = self._indexes[place] = _Index()
        return found

    def _rephase(self, kept: _Kept, phase: Phase, *, is_elsewhere: bool) -> None:
        until = kept.until
        kept.state, kept.until = phase
        if is_elsewhere:
            self._index(kept).add(kept)
        if phase.until != until:
            self._schedule(kept)

    def _schedule(self, kept: _Kept) -> None:
        if kept.until < FOREVER:
            heapq.heappush(self._due, (kept.until, kept.number, kept.record.id))

    def _own(self, key: str, kept: _Kept) -> None:
        found = self._keys.get(key)
        session_id = kept.record.id
        if found is None:
            self._keys[key] = session_id
            return
        ids = self._keys[key] = [found] if isinstance(found, str) else found
        newest = self._kept[ids[-1]].number
        if kept.number > newest:
            ids.append(session_id)
        elif kept.number < newest and session_id not in ids:  # an older session that got a key by a change
            ids.append(session_id)
            ids.sort(key=lambda one: self._kept[one].number)

    def _disown(self, key: str, session_id: str) -> None:
        found: Any = self._keys.get(key)
        if found == session_id:
            del self._keys[key]
        elif isinstance(found, list):
            found.remove(session_id)
            if not found:
                del self._keys[key]


def _is_created_in(page: Page, record: Record) -> bool:
    if page.created_from is not None and record.created_at < page.created_from:
        return False
    return page.created_to is None or record.created_at <= page.created_to
