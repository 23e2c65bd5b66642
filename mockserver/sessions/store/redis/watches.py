"""Watches of a Redis store: a channel for each session and space, to which this process subscribes while it watches."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

from redis import exceptions

from specimen.mockserver.sessions.store import Space, StoreUnavailable
from specimen.mockserver.sessions.store.redis.connection import CALL_SECONDS, Connection, sentence

_RECONNECT_SECONDS = 0.2
# A connection that says nothing for so long is asked whether it lives; it has as long to answer.
QUIET_SECONDS = CALL_SECONDS


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
    """All watches of one process, with one connection for their messages."""

    def __init__(self, redis: Connection) -> None:
        self._redis = redis
        self.begin()

    def begin(self) -> None:
        """Forgets what another event loop watched."""
        self._of: defaultdict[str, set[RedisWatch]] = defaultdict(set)
        self._confirmed: dict[str, asyncio.Event] = {}
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
        if self._messages is not None:
            await self._disconnect()  # `aclose` does not wait for the end of TLS
            await self._messages.aclose()
            self._messages = None
        self._confirmed.clear()

    async def _subscribe(self, channels: tuple[str, ...]) -> None:
        new = [channel for channel in channels if channel not in self._confirmed]
        for channel in new:
            self._confirmed[channel] = asyncio.Event()
        try:
            async with asyncio.timeout(CALL_SECONDS):
                if new:
                    if self._messages is None:
                        self._messages = self._redis.subscriber()
                    await self._messages.subscribe(*new)
                    if self._listening is None:
                        self._listening = asyncio.create_task(self._listen(), name="specimen-store-changes")
                for channel in channels:
                    await self._confirmed[channel].wait()
        except (exceptions.RedisError, OSError, TimeoutError) as error:
            raise StoreUnavailable(f"store {self._redis.name}: {sentence(error)}") from None

    async def _unsubscribe(self, channels: list[str]) -> None:
        for channel in channels:
            del self._of[channel]
            self._confirmed.pop(channel, None)
        if channels and self._messages is not None:
            with contextlib.suppress(exceptions.RedisError, OSError):  # a lost connection has no subscriptions
                await self._messages.unsubscribe(*channels)

    async def _listen(self) -> None:
        is_asked = False
        while True:
            try:
                message = await self._messages.get_message(ignore_subscribe_messages=False, timeout=QUIET_SECONDS)
                if message is None and self._messages.subscribed:
                    # A connection whose other end is gone without a word is as quiet as one that has nothing to say.
                    if is_asked:
                        raise exceptions.ConnectionError("no answer")
                    await self._messages.ping()
                    is_asked = True
                    continue
            except (exceptions.RedisError, OSError):
                # Messages may be lost: all look. redis-py subscribes to all channels again when it connects.
                is_asked = False
                await self._disconnect()
                self._wake_all()
                await asyncio.sleep(_RECONNECT_SECONDS)
                continue
            is_asked = False
            if message is None:  # nothing is subscribed to at the moment
                await asyncio.sleep(_RECONNECT_SECONDS / 10)
                continue
            if message["type"] == "pong":
                continue
            channel = message["channel"].decode()
            if message["type"] == "subscribe":
                if channel in self._confirmed:
                    self._confirmed[channel].set()
            elif message["type"] == "message":
                for watch in self._of.get(channel, ()):
                    watch.wake()

    async def _disconnect(self) -> None:
        if self._messages.connection is not None:
            with contextlib.suppress(exceptions.RedisError, OSError):
                await self._messages.connection.disconnect()

    def _wake_all(self) -> None:
        for group in self._of.values():
            for watch in group:
                watch.wake()
