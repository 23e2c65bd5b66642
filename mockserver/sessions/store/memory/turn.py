"""One caller's turn at a key of a store in memory."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Protocol, Self

from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.store import Phase, Space, Versioned
from specimen.mockserver.sessions.store.memory.locks import Hold

_NOTHING = Versioned(None, 0)


class Turns(Protocol):
    """The part of a store that a turn uses."""

    def begin_turn(self, turn: MemoryTurn) -> None:
        """Sets what is kept under the key of a turn, else its number."""

    def finish_turn(self, turn: MemoryTurn, session: tuple[Record, Phase] | None, value: Any, until: int, now: int) -> bool:
        """Adds a session and keeps a value, or changes nothing."""


class MemoryTurn:
    """A `Turn`, and the context in which it lasts."""

    __slots__ = ("_hold", "_store", "counter", "kept", "key", "now", "number", "space")

    def __init__(self, store: Turns, hold: Hold, space: Space, key: str, now: int, counter: str | None) -> None:
        self._store = store
        self._hold = hold
        self.space = space
        self.key = key
        self.now = now
        self.counter = counter
        self.kept = _NOTHING
        self.number = 0

    async def __aenter__(self) -> Self:
        if not self._hold.take():
            await self._hold.__aenter__()
        try:
            self._store.begin_turn(self)
        except BaseException:
            self._hold.release()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._hold.release()

    async def finish(self, session: tuple[Record, Phase] | None, value: Any, until: int, now: int) -> bool:
        """Adds a session, and keeps a value; the context's end ends the turn."""
        return self._store.finish_turn(self, session, value, until, now)
