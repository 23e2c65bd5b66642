"""Watches of a Redis store: a channel for each session and space, to which this process subscribes while it watches."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

from redis import exceptions

from specimen.mockserver.sessions.store import Space, StoreUnavailable
from specimen.mockserver.sessions.store.redis.client.connection import Connection
from specimen.mockserver.sessions.store.redis.client.errors import CALL_SECONDS, sentence

_RECONNECT_SECONDS = 0.2
# A connection that says nothing for so long is asked whether it lives; it has as long to answer.
QUIET_SECONDS = CALL_SECONDS
_LOST = (exceptions.RedisError, OSError)


class RedisWatch:
    """A `Watch`."""

    def __init__(self) -> None:
        self._woken = asyncio.Event()

    async def wait(self, timeout_seconds: float) -> bool:
        """Whether something changed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await self._woken.wait()
        is_woken = self._woken.is_set()
        self._woken.clear()
        return is_woken

    def wake(self) -> None:
        """Ends the wait, or the next one."""
        self._woken.set()


class Watches:
    """All watches of one process, with one connection for their messages: one task makes it and listens; others only send."""

    def __init__(self, redis: Connection) -> None:
        self._redis = redis
        self.begin()

    def begin(self) -> None:
        """Forgets what another event loop watched."""
        self._of: defaultdict[str, set[RedisWatch]] = defaultdict(set)
        self._confirmed: dict[str, asyncio.Future[None]] = {}
        self._messages: Any = None
        self._listening: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def watch(self, space: Space, session_id: str | None) -> AsyncIterator[RedisWatch]:
        """A watch while the context lasts; what changes after it began is seen."""
        own = f"{self._redis.space_key(space)}w" + ("" if session_id is None else f":{session_id}")
        channels = (own, f"{self._redis.namespace_key(space.namespace)}:w")
        found = RedisWatch()
        try:
            for channel in channels:
                self._of[channel].add(found)
            await self._subscribe(channels)
            yield found
        finally:
            for channel in channels:
                self._of[channel].discard(found)
            await self._unsubscribe([channel for channel in channels if not self._of[channel]])

    async def close(self) -> None:
        """Ends the listening."""
        if self._listening is not None:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening
            self._listening = None
        self._confirmed.clear()

    async def _subscribe(self, channels: tuple[str, ...]) -> None:
        new = [channel for channel in channels if channel not in self._confirmed]
        for channel in new:
            self._confirmed[channel] = asyncio.get_running_loop().create_future()
            self._confirmed[channel].add_done_callback(_retrieved)
        try:
            async with asyncio.timeout(CALL_SECONDS):
                if self._listening is None:
                    self._listening = asyncio.create_task(self._listen(), name="specimen-store-changes")
                if new and self._is_live():
                    with contextlib.suppress(*_LOST):  # who listens subscribes to all over the next one
                        await self._messages.subscribe(*new)
                for channel in channels:
                    await asyncio.shield(self._confirmed[channel])
        except _LOST as error:
            raise StoreUnavailable(f"store {self._redis.name}: {sentence(error)}") from None

    async def _unsubscribe(self, channels: list[str]) -> None:
        for channel in channels:
            del self._of[channel]
            self._confirmed.pop(channel, None)
        if channels and self._is_live():
            with contextlib.suppress(*_LOST):  # a lost connection has no subscriptions
                await self._messages.unsubscribe(*channels)

    def _is_live(self) -> bool:
        return self._messages is not None and self._messages.connection is not None and self._messages.connection.is_connected

    async def _listen(self) -> None:
        try:
            while await self._is_connected():
                with contextlib.suppress(*_LOST):
                    await self._hear()
                await self._disconnect()
                self._wake_all()  # messages may be lost: all look
                await asyncio.sleep(_RECONNECT_SECONDS)
        finally:
            self._listening = None
            await self._disconnect()

    async def _is_connected(self) -> bool:
        """Connects and subscribes to all channels, as soon as that can be; False where none is watched any more."""
        failed = 0
        while self._of:
            messages = self._redis.subscriber()
            try:
                # Who begins to watch waits as long; a second node of a cluster has half of that.
                async with asyncio.timeout(CALL_SECONDS / min(2, self._redis.nodes)):
                    await messages.connect()
                    self._messages = messages
                    if self._of:  # what is watched from here on is sent over it by who watches
                        await messages.subscribe(*self._of)
                return bool(self._of)
            except _LOST as error:
                self._messages = None
                failed += 1
                if failed >= self._redis.nodes:
                    self._refuse(error)
                await _ended(messages)
                await asyncio.sleep(_RECONNECT_SECONDS)
        return False

    def _refuse(self, error: Exception) -> None:
        for confirmed in self._confirmed.values():
            if not confirmed.done():
                confirmed.set_exception(error)

    async def _hear(self) -> None:
        """Wakes who watches, until the connection is lost.

        Raises:
            redis.exceptions.RedisError, OSError: it is lost.
        """
        is_asked = False
        while True:
            message = await self._messages.get_message(ignore_subscribe_messages=False, timeout=QUIET_SECONDS)
            if message is None and self._messages.subscribed:
                # A connection whose other end is gone without a word is as quiet as one that has nothing to say.
                if is_asked:
                    raise exceptions.ConnectionError("no answer")
                await self._messages.ping()
                is_asked = True
                continue
            is_asked = False
            if message is None:  # nothing is subscribed to at the moment
                await asyncio.sleep(_RECONNECT_SECONDS / 10)
            elif message["type"] == "subscribe":
                self._confirm(message["channel"].decode())
            elif message["type"] == "message":
                self._wake(message["channel"].decode())

    def _confirm(self, channel: str) -> None:
        if (confirmed := self._confirmed.get(channel)) is None:
            return
        if confirmed.done():  # it is subscribed anew, and what changed meanwhile was not said
            self._wake(channel)
        else:
            confirmed.set_result(None)

    async def _disconnect(self) -> None:
        messages, self._messages = self._messages, None
        if messages is not None:
            await _ended(messages)

    def _wake_all(self) -> None:
        for channel in self._of:
            self._wake(channel)

    def _wake(self, channel: str) -> None:
        for watch in self._of.get(channel, ()):
            watch.wake()


def _retrieved(confirmed: asyncio.Future[None]) -> None:
    """Takes the error of a subscription for which nothing waits any more."""
    if not confirmed.cancelled():
        confirmed.exception()


async def _ended(messages: Any) -> None:
    """Ends a connection for messages, which waits for the end of TLS too, as redis-py's own end does not."""
    with contextlib.suppress(*_LOST):
        if messages.connection is not None:
            await messages.connection.disconnect()
    with contextlib.suppress(*_LOST):
        await messages.aclose()
