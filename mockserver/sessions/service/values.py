"""Values that a provider keeps beside its sessions, and calls that run once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from specimen.mockserver.sessions.namespaces import Namespace
from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.shared_state import SharedState
from specimen.mockserver.sessions.store import Phase, Space

T = TypeVar("T")

# The counter of a space's sessions.
NUMBER = "session"


class Values:
    """The part of the sessions of one request that keeps values, for all requests to the same provider and namespace."""

    __slots__ = ("_deferred", "_number")
    _shared: SharedState
    _namespace: Namespace
    _space: Space
    # Within `once`: the number of the session that is created, and that session, which is kept together with the answer.
    _number: int
    _deferred: tuple[Record, Phase] | None
    now: int

    async def value(self, key: str) -> Any | None:
        """A kept value, or None; lists come back as lists."""
        return (await self._shared.store.value(self._space, key, self.now)).value

    async def set_value(self, key: str, value: Any, seconds: float) -> None:
        """Keeps a value for some seconds of the mock's clock.

        Raises:
            StoreFull: it is too large, or there are too many.
        """
        await self._shared.store.set_value(self._space, key, value, self._until(seconds), self.now)

    async def is_first(self, key: str, seconds: float) -> bool:
        """Whether this is the first call with a key, of all processes, in some seconds of the mock's clock."""
        return await self._shared.store.set_value(self._space, key, self.now, self._until(seconds), self.now, version=0)

    async def get_or_set(self, key: str, value: Any, seconds: float) -> Any:
        """The kept value, else `value`, which is then kept for some seconds of the mock's clock."""
        return await self._shared.store.get_or_set(self._space, key, value, self._until(seconds), self.now)

    async def once(
        self, key: str, seconds: float, run: Callable[[], Awaitable[tuple[Any, T]]], *, creates: bool
    ) -> tuple[Any, T | None]:
        """The value kept under a key, and None; else what `run` gives, whose value is then kept for some seconds.

        One caller runs at a time, of all processes. A value of None is not kept. Where `run` `creates` a session, its first one
        is added in the same step in which the value is kept: it is in no list, and cannot be changed, before `run` returns.

        Raises:
            StoreFull: there are too many sessions or values, or the value is too large; then nothing is kept.
        """
        store = self._shared.store
        async with store.turn(self._space, key, self.now, NUMBER if creates else None) as turn:
            if turn.kept.version:
                return turn.kept.value, None
            number = turn.number
            while True:
                self._number, self._deferred = number, None
                try:
                    value, result = await run()
                finally:
                    session, self._number, self._deferred = self._deferred, 0, None
                if value is not None:
                    is_done = await turn.finish(session, value, self._until(seconds), self.now)
                else:
                    is_done = session is None or await store.add(self._space, *session)
                if is_done:
                    if session is not None and self._shared.is_told(self._namespace):
                        await self._made(session[0])
                    return value, result
                number = await store.increment(self._space, NUMBER)

    def lock(self, key: str) -> AbstractAsyncContextManager[None]:
        """One caller at a time per key, of all processes."""
        return self._shared.store.lock(self._space, key)

    async def _made(self, record: Record) -> None:
        """Says to who waits for it that a session was made."""
        if self._shared.moved is not None:
            await self._shared.moved(self._namespace, record)

    def _until(self, seconds: float) -> int:
        return self.now + round(seconds * 1000)
