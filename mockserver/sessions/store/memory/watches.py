"""Waiting for changes of one session or of a space: a change wakes only those who watch it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from specimen.mockserver.sessions.store import Space, Watch


class _Watch:
    """One that waits; it may be woken from any thread."""

    __slots__ = ("_changed", "_loop")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()

    async def wait(self, timeout_seconds: float) -> bool:
        """Whether something changed; False at the timeout."""
        if not self._changed.is_set():
            try:
                async with asyncio.timeout(timeout_seconds):
                    await self._changed.wait()
            except TimeoutError:
                return False
        self._changed.clear()
        return True

    def wake(self) -> None:
        """Something changed."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._changed.set)


class Watches:
    """All that wait, by the session that they watch; None stands for all of a space."""

    __slots__ = ("_by_space",)

    def __init__(self) -> None:
        self._by_space: dict[Space, dict[str | None, set[_Watch]]] = {}

    @contextlib.asynccontextmanager
    async def watch(self, space: Space, session_id: str | None) -> AsyncIterator[Watch]:
        """Watches while the context lasts."""
        watch = _Watch()
        watches = self._by_space.setdefault(space, {})
        watches.setdefault(session_id, set()).add(watch)
        try:
            yield watch
        finally:
            of_session = watches[session_id]
            of_session.discard(watch)
            if not of_session:
                del watches[session_id]
            if not watches and self._by_space.get(space) is watches:
                del self._by_space[space]

    def changed(self, space: Space, session_id: str) -> None:
        """Wakes those who watch a session, and those who watch its space."""
        watches = self._by_space.get(space)
        if watches is not None:
            for watch in (*watches.get(session_id, ()), *watches.get(None, ())):
                watch.wake()

    def changed_all(self, namespace: str) -> None:
        """Wakes all who watch anything of a namespace."""
        for space in [space for space in self._by_space if space.namespace == namespace]:
            for watches in tuple(self._by_space[space].values()):
                for watch in tuple(watches):
                    watch.wake()
