"""Locks by key, kept only while someone holds them."""

from __future__ import annotations

import asyncio
from collections import deque

from specimen.mockserver.sessions.store import Space

# By space and key, the first of those who have held it since it was free: who waits for it is written there.
_Held = dict[tuple[Space, str], "Hold"]


class Hold:
    """Holds a lock while the context lasts; those who wait may be in several event loops."""

    __slots__ = ("_held", "_place", "waiting")

    def __init__(self, held: _Held, place: tuple[Space, str]) -> None:
        self._held = held
        self._place = place
        # In the order in which they came; most often there is none.
        self.waiting: deque[asyncio.Future[None]] | None = None

    def take(self) -> bool:
        """Takes the lock if it is free, without waiting; returns whether it did."""
        return self._held.setdefault(self._place, self) is self

    async def __aenter__(self) -> None:
        first = self._held.setdefault(self._place, self)
        if first is self:
            return
        if first.waiting is None:
            first.waiting = deque()
        turn = asyncio.get_running_loop().create_future()
        first.waiting.append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():  # its turn came, and then it was cancelled
                self.release()
            raise

    async def __aexit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Gives the lock to the next one who waits."""
        first = self._held[self._place]
        if not first.waiting:
            del self._held[self._place]
            return
        turn = first.waiting.popleft()
        turn.get_loop().call_soon_threadsafe(self._give, turn)

    def _give(self, turn: asyncio.Future[None]) -> None:
        if turn.done():  # cancelled while it waited
            self.release()
        else:
            turn.set_result(None)


class Locks:
    """Locks that one caller per key holds at a time."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: _Held = {}

    def hold(self, space: Space, key: str) -> Hold:
        """Holds the lock while the context lasts."""
        return Hold(self._held, (space, key))
