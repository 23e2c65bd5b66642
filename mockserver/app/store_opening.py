"""The store, opened once in each event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from weakref import WeakKeyDictionary, WeakSet

from specimen.mockserver.sessions.store import Store


class StoreOpening:
    """Opens a store where a request or the server first needs it in an event loop; then `opened` is awaited, once."""

    def __init__(self, store: Store, opened: Callable[[], Awaitable[None]]) -> None:
        self._store = store
        self._opened = opened
        self._done: WeakSet[asyncio.AbstractEventLoop] = WeakSet()
        self._locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
        self._last_loop: asyncio.AbstractEventLoop | None = None

    @property
    def is_done(self) -> bool:
        """Whether the store was opened in the running loop, and no other one came in between."""
        return self._last_loop is asyncio.get_running_loop()

    async def open(self) -> None:
        """Opens it, once in each event loop.

        Raises:
            StoreUnavailable: it does not answer.
        """
        loop = asyncio.get_running_loop()
        if loop not in self._done:
            async with self._locks.setdefault(loop, asyncio.Lock()):  # of requests at once the first opens it
                if loop not in self._done:
                    await self._store.open()
                    await self._opened()
                    self._done.add(loop)
        self._last_loop = loop

    def forget(self) -> None:
        """Notes that the store is closed in the running loop."""
        self._last_loop = None
        self._done.discard(asyncio.get_running_loop())
