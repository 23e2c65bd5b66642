"""Locks by key, kept only while someone holds them."""

from __future__ import annotations

import asyncio
from collections import deque

from specimen.mockserver.sessions.store import Space

# By space and key, those who wait for the one who holds it, in the order in which they came.
_Held = dict[tuple[Space, str], deque[asyncio.Future[None]]]


class Hold:
    """Holds a lock while the context lasts; those who wait may be in several event loops."""

    __slots__ = ("_held", "_place")

    def __init__(self, held: _Held, place: tuple[Space, str]) -> None:
        self._held = held
        self._place = place

    def take(self) -> bool:
        """Takes the lock if it is free, without waiting; returns whether it did."""
        if self._place in self._held:
            return False
        self._held[self._place] = deque()
        return True

    async def __aenter__(self) -> None:
        waiting = self._held.get(self._place)
        if waiting is None:
            self._held[self._place] = deque()
            return
        turn = asyncio.get_running_loop().create_future()
        waiting.append(turn)
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
        waiting = self._held[self._place]
        if not waiting:
            del self._held[self._place]
            return
        turn = waiting.popleft()
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
