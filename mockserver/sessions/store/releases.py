"""Locks that are still to be given back, since the store was away when their holder was done with them."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable

from specimen.mockserver.sessions.store import Space, StoreUnavailable

# A space, a key, and the token of who holds the lock there.
Held = tuple[Space, str, str]
Asking = Callable[[Space, str, str], Awaitable[bool]]

_PAUSE_SECONDS = 0.2
# A store that goes on after a pause may take a lock after it was asked to give it back: over another connection, the commands
# of before may come later.
_TIMES = 3
# A lock that is not given back is free when its lease is over; so many are more than the clients of a store that is away.
_MOST = 1_000


class Releases:
    """Gives locks back while nothing waits for it, as soon as the store answers."""

    def __init__(self, release: Asking) -> None:
        self._release = release
        self._waiting: deque[tuple[Held, int]] = deque(maxlen=_MOST)
        self._task: asyncio.Task[None] | None = None

    def add(self, held: Held) -> None:
        """Has a lock given back later; of too many the oldest is forgotten."""
        self._waiting.append((held, 0))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work(), name="specimen-store-releases")

    async def close(self) -> None:
        """Gives up."""
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _work(self) -> None:
        while self._waiting:
            await asyncio.sleep(_PAUSE_SECONDS)
            for _ in range(len(self._waiting)):
                held, times = self._waiting[0]
                try:
                    is_released = await self._release(*held)
                except StoreUnavailable:
                    break
                if self._waiting and self._waiting[0] == (held, times):
                    self._waiting.popleft()
                if not is_released and times + 1 < _TIMES:
                    self._waiting.append((held, times + 1))
