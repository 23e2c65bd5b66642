"""The namespaces and spaces of a store in memory."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from itertools import islice
from threading import RLock
from typing import Any

from specimen.fixtures.recipes.recipe import DEFAULT_NAMESPACE
from specimen.mockserver.sessions.store import Bounds, Space, StoreFull, Versioned
from specimen.mockserver.sessions.store.memory.outbox import Outbox
from specimen.mockserver.sessions.store.memory.partition import Partition
from specimen.mockserver.sessions.store.memory.sorted_chunks import SortedChunks
from specimen.mockserver.sessions.store.memory.values import Usage, Values
from specimen.mockserver.sessions.store.memory.watches import Watches


class Log:
    """The last entries of a log, and the number of the last."""

    __slots__ = ("entries", "number")

    def __init__(self, most: int) -> None:
        self.entries: deque[bytes] = deque(maxlen=most)
        self.number = 0


class Kept:
    """All that is kept of one space."""

    __slots__ = ("counters", "logs", "outbox", "session", "sessions", "values")

    def __init__(self, usage: Usage) -> None:
        self.sessions = Partition()
        self.session = self.sessions.get
        self.values = Values(usage)
        self.counters: dict[str, int] = {}
        self.logs: dict[str, Log] = {}
        self.outbox = Outbox()


class _Namespace:
    """A namespace's document, and the spaces in which something is kept."""

    __slots__ = ("document", "spaces")

    def __init__(self) -> None:
        self.document = Versioned(None, 0)
        self.spaces: list[Space] = []


class Spaces:
    """The part of a store that knows namespaces, and what is kept in each."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self.bounds = bounds or Bounds()
        self._namespaces: OrderedDict[str, _Namespace] = OrderedDict()
        self._spaces: dict[Space, Kept] = {}
        self._usage = Usage(self.bounds, lambda: [kept.values for kept in self._spaces.values()])
        self._names = SortedChunks()
        self._sessions = 0
        self._tasks = 0
        self._watches = Watches()
        self._writing = RLock()

    async def namespace(self, name: str) -> Versioned:
        """The document of a namespace; where there are too many, the least recently used one is ended."""
        found = self.namespace_at_hand(name)
        if found is None:
            with self._writing:
                found = self._added(name).document
        return found

    def namespace_at_hand(self, name: str) -> Versioned | None:
        """The document of a namespace that is there."""
        found = self._namespaces.get(name)
        if found is None:
            return None
        self._namespaces.move_to_end(name)
        return found.document

    async def set_namespace(self, name: str, value: Any, version: int) -> bool:
        """Replaces the document of a namespace where it has the version; wakes all that watch in it."""
        with self._writing:
            found = self._namespaces.get(name) or self._added(name)
            if found.document.version != version:
                return False
            found.document = Versioned(value, version + 1)
            self._watches.changed_all(name)
            return True

    async def namespaces(self, after: str, limit: int) -> Sequence[str]:
        """Names in alphabetical order, after one."""
        with self._writing:
            return self._names.after(after, limit)

    async def drop(self, name: str) -> None:
        """Ends a namespace."""
        with self._writing:
            self._end(name)

    def _added(self, name: str) -> _Namespace:
        found = self._namespaces.get(name)
        if found is None:
            while len(self._namespaces) >= self.bounds.namespaces:
                ended = next((one for one in islice(self._namespaces, 2) if one != DEFAULT_NAMESPACE), None)
                if ended is None:
                    raise StoreFull("namespaces", self.bounds.namespaces)
                self._end(ended)
            found = self._namespaces[name] = _Namespace()
            self._names.add(name)
        return found

    def _end(self, name: str) -> None:
        ended = self._namespaces.pop(name, None)
        if ended is not None:
            self._names.remove(name)
            for space in ended.spaces:
                kept = self._spaces.pop(space)
                self._sessions -= len(kept.sessions)
                self._tasks -= len(kept.outbox)
                kept.values.clear()
            self._watches.changed_all(name)

    def _kept(self, space: Space) -> Kept:
        kept = self._spaces.get(space)
        if kept is None:
            self._added(space.namespace).spaces.append(space)
            kept = self._spaces[space] = Kept(self._usage)
        return kept
