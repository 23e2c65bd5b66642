"""Locks and turns that processes share: callers of one process wait in a queue, and only its first asks the store."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.store import Phase, Space, StoreUnavailable, Versioned
from specimen.mockserver.sessions.store.releases import Asking, Held, Releases

# A lock of a process that died is free after this; one that lives renews it three times as often.
LEASE_SECONDS = 10.0
_FIRST_WAIT_SECONDS, _MOST_WAIT_SECONDS = 0.001, 0.05
# Who waits for longer is refused: a lock of a process that died is free by then, so one that lives is stuck.
MOST_WAIT_SECONDS = 3 * LEASE_SECONDS
_TOO_LONG = f"a lock is held by another request for more than {MOST_WAIT_SECONDS:g} seconds."
_NOTHING = Versioned(None, 0)

# Gets the token of a turn, and what its `finish` was given.
Finishing = Callable[[str, tuple[Record, Phase] | None, Any, int, int], Awaitable[bool]]


class _TakesTooLong(StoreUnavailable):
    """The store is there; another caller holds what this one waits for."""


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


class _Queue:
    """The callers of one key in one process. What the store's failure was is told to all that wait at that time."""

    __slots__ = ("failures", "lock", "users", "why")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0
        self.failures = 0
        self.why = ""

    async def enter(self, deadline: float) -> None:
        """Returns when it is this caller's turn, for its `leave` to end."""
        if self.users == 1:
            await self.lock.acquire()
            return
        before = self.failures
        with _in_time():
            async with asyncio.timeout_at(deadline):
                await self.lock.acquire()
        if self.failures != before:
            # Each would wait for the store in its turn, and the last of many for as many waits.
            self.lock.release()
            raise StoreUnavailable(self.why)

    def fail(self, error: StoreUnavailable) -> None:
        """Has all that wait fail too, where the store itself is away."""
        if not isinstance(error, _TakesTooLong):
            self.failures += 1
            self.why = str(error)

    def leave(self) -> None:
        self.lock.release()


class QueuedLocks:
    """The locks of one process. `take`, `renew` and `release` get the space, the key and the holder's token.

    `take` returns whether the lock was free, and is the holder's now for LEASE_SECONDS.
    """

    def __init__(self, take: Asking, renew: Asking, release: Asking) -> None:
        self._take = take
        self._renew = renew
        self._release = release
        self._queues: dict[tuple[Space, str], _Queue] = {}
        self._releases = Releases(release)

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
        """What `begin` gives, of one caller at a time; it gets a token, and gives None while another process has its turn.

        Raises:
            StoreUnavailable: the store is away, or was while this caller waited for one that asked it.
        """
        queue = self._queues.setdefault((space, key), _Queue())
        queue.users += 1
        try:
            deadline = asyncio.get_running_loop().time() + MOST_WAIT_SECONDS
            await queue.enter(deadline)
            held, is_away = (space, key, secrets.token_hex(8)), False
            try:
                turn = await self._begun(held, begin, deadline)
                renewal = _Renewal(self._renew, held) if turn.is_held else None
                try:
                    yield turn
                except StoreUnavailable as error:
                    is_away = not isinstance(error, _TakesTooLong)
                    raise
                finally:
                    if renewal is not None:
                        renewal.end()
                    if turn.is_held:
                        await self._give_back(held, is_away=is_away)
            except StoreUnavailable as error:
                queue.fail(error)
                raise
            finally:
                queue.leave()
        finally:
            queue.users -= 1
            if not queue.users:
                self._queues.pop((space, key), None)

    async def close(self) -> None:
        """Gives up what is still to be given back: it is free when its lease is over."""
        await self._releases.close()

    async def _begun(self, held: Held, begin: Callable[[str], Awaitable[QueuedTurn | None]], deadline: float) -> QueuedTurn:
        loop, wait = asyncio.get_running_loop(), _FIRST_WAIT_SECONDS
        while True:
            try:
                turn = await begin(held[2])
            except StoreUnavailable:
                self._releases.add(held)  # a store that hangs may yet do what it was sent
                raise
            if turn is not None:
                return turn
            if loop.time() >= deadline:
                raise _TakesTooLong(_TOO_LONG)
            await asyncio.sleep(wait)
            wait = min(wait * 2, _MOST_WAIT_SECONDS)

    async def _give_back(self, held: Held, *, is_away: bool) -> None:
        """Waits for the store where it answers: the holder of before has its own answer to give."""
        if not is_away:
            try:
                await self._release(*held)
            except StoreUnavailable:
                is_away = True
        if is_away:
            self._releases.add(held)


class _Renewal:
    """Renews a lock until its end; most are held for less than the time after which it begins."""

    def __init__(self, renew: Asking, held: Held) -> None:
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
        raise _TakesTooLong(_TOO_LONG) from None


async def _never(_token: str, _session: object, _value: object, _until: int, _now: int) -> bool:
    raise AssertionError("a lock is not finished")
