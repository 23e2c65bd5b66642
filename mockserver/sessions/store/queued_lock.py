"""Locks and turns that processes share: callers of one process wait in a queue, and only its first asks the store."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.store import Phase, Space, StoreUnavailable, Versioned

# A lock of a process that died is free after this; one that lives renews it three times as often.
LEASE_SECONDS = 10.0
_FIRST_WAIT_SECONDS, _MOST_WAIT_SECONDS = 0.001, 0.05
# Who waits for longer is refused: a lock of a process that died is free by then, so one that lives is stuck.
MOST_WAIT_SECONDS = 3 * LEASE_SECONDS
_TOO_LONG = f"a lock is held by another request for more than {MOST_WAIT_SECONDS:g} seconds."
_NOTHING = Versioned(None, 0)

Asking = Callable[[Space, str, str], Awaitable[bool]]
# Gets the token of a turn, and what its `finish` was given.
Finishing = Callable[[str, tuple[Record, Phase] | None, Any, int, int], Awaitable[bool]]


class QueuedTurn:
    """A `Turn`. One that is not `is_held` needs no release: something is kept, or it is finished."""

    __slots__ = ("_finish", "is_held", "kept", "number", "token")

    def __init__(self, token: str, finish: Finishing, number: int = 0) -> None:
        self.token = token
        self._finish = finish
        self.kept = _NOTHING
        self.number = number
        self.is_held = True

    async def finish(self, session: tuple[Record, Phase] | None, value: Any, until: int, now: int) -> bool:
        """Adds a session, keeps a value and ends the turn."""
        is_done = await self._finish(self.token, session, value, until, now)
        self.is_held = not is_done
        return is_done


class QueuedLocks:
    """The locks of one process. `take`, `renew` and `release` get the space, the key and the holder's token.

    `take` returns whether the lock was free, and is the holder's now for LEASE_SECONDS.
    """

    def __init__(self, take: Asking, renew: Asking, release: Asking) -> None:
        self._take = take
        self._renew = renew
        self._release = release
        self._queues: dict[tuple[Space, str], tuple[asyncio.Lock, list[None]]] = {}

    @contextlib.asynccontextmanager
    async def lock(self, space: Space, key: str) -> AsyncIterator[None]:
        """One caller at a time."""

        async def begin(token: str) -> QueuedTurn | None:
            return QueuedTurn(token, _never) if await self._take(space, key, token) else None

        async with self.turn(space, key, begin):
            yield

    @contextlib.asynccontextmanager
    async def turn(
        self, space: Space, key: str, begin: Callable[[str], Awaitable[QueuedTurn | None]]
    ) -> AsyncIterator[QueuedTurn]:
        """What `begin` gives, of one caller at a time; it gets a token, and gives None while another process has its turn."""
        queue, users = self._queues.setdefault((space, key), (asyncio.Lock(), []))
        users.append(None)
        try:
            loop = asyncio.get_running_loop()
            deadline = loop.time() + MOST_WAIT_SECONDS
            if queue.locked():
                with _in_time():
                    async with asyncio.timeout_at(deadline):
                        await queue.acquire()
            else:
                await queue.acquire()
            try:
                token = secrets.token_hex(8)
                wait = _FIRST_WAIT_SECONDS
                while (turn := await begin(token)) is None:
                    if loop.time() >= deadline:
                        raise StoreUnavailable(_TOO_LONG)
                    await asyncio.sleep(wait)
                    wait = min(wait * 2, _MOST_WAIT_SECONDS)
                renewal = _Renewal(self._renew, (space, key, token)) if turn.is_held else None
                try:
                    yield turn
                finally:
                    if renewal is not None:
                        renewal.end()
                    if turn.is_held:
                        with contextlib.suppress(StoreUnavailable):  # it is free when the lease is over
                            await self._release(space, key, token)
            finally:
                queue.release()
        finally:
            users.pop()
            if not users:
                self._queues.pop((space, key), None)


class _Renewal:
    """Renews a lock until its end; most are held for less than the time after which it begins."""

    def __init__(self, renew: Asking, held: tuple[Space, str, str]) -> None:
        self._renew = renew
        self._held = held
        self._task: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(LEASE_SECONDS / 3, self._begin)

    def end(self) -> None:
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        while True:
            with contextlib.suppress(StoreUnavailable):
                await self._renew(*self._held)
            await asyncio.sleep(LEASE_SECONDS / 3)


@contextlib.contextmanager
def _in_time() -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise StoreUnavailable(_TOO_LONG) from None


async def _never(_token: str, _session: object, _value: object, _until: int, _now: int) -> bool:
    raise AssertionError("a lock is not finished")
