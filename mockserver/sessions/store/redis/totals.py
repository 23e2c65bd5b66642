"""How much a Redis store holds in all, so that its bounds hold."""

from __future__ import annotations

import asyncio
import contextlib
import time

from specimen.mockserver.sessions.session_record import FOREVER
from specimen.mockserver.sessions.store import Space, StoreUnavailable
from specimen.mockserver.sessions.store.redis.client.connection import Connection, Script

# Every so often what other processes added is counted; the count takes at most a hundredth of the time.
_COUNT_SECONDS = 5.0
_SHARE = 100
_SURE_SECONDS = 1.0

# The fifth and sixth are the space with the most values that may be dropped, and how many those are.
_COUNT = Script(f"""
local totals = {{0, 0, 0, 0, '', 0}}
for _, field in ipairs(redis.call('HKEYS', N)) do
  if string.sub(field, 1, 2) == 'p:' then
    local found = redis.call('HMGET', string.sub(field, 3) .. 'n', 'sessions', 'values', 'value_bytes')
    found[4] = redis.call('HLEN', string.sub(field, 3) .. 'q')
    for index = 1, 4 do totals[index] = totals[index] + tonumber(found[index] or '0') end
    local passing = redis.call('ZCOUNT', string.sub(field, 3) .. 'vu', '-inf', '({FOREVER}')
    if passing > totals[6] then totals[5], totals[6] = string.sub(field, 3), passing end
  end
end
return totals
""")


class Totals:
    """Sessions, values, their bytes and tasks in all namespaces: counted every few seconds, and by what this process adds since.

    Namespaces are on different nodes of a cluster, so no script sees the whole store; what several processes add within those
    seconds may pass a bound by as much.
    """

    def __init__(self, redis: Connection) -> None:
        self._redis = redis
        self.sessions = 0
        self.values = 0
        self.value_bytes = 0
        self.tasks = 0
        # The space that holds most values that may be dropped, as far as this process has seen, and how many.
        self.largest: Space | None = None
        self._most = 0
        self._counted_at = 0.0
        self._next_at = 0.0
        self._counting: asyncio.Task[None] | None = None

    def add(self, sessions: int = 0, values: int = 0, value_bytes: int = 0, tasks: int = 0) -> None:
        """What this process has added, or with negative numbers taken away."""
        self.sessions += sessions
        self.values += values
        self.value_bytes += value_bytes
        self.tasks += tasks
        if time.monotonic() >= self._next_at and (self._counting is None or self._counting.done()):
            self._counting = asyncio.create_task(self._count_quietly(), name="specimen-store-count")

    def seen(self, space: Space, passing: int) -> None:
        """How many values of a space may be dropped; -1 where that is the same as before."""
        if space == self.largest:
            self._most = self._most if passing < 0 else passing
        elif passing > self._most:
            self.largest, self._most = space, passing

    async def count(self) -> None:
        """Counts anew."""
        began = time.monotonic()
        self._next_at = began + _COUNT_SECONDS
        before = (self.sessions, self.values, self.value_bytes, self.tasks)
        found = [0, 0, 0, 0]
        largest, most = None, 0
        for name in await self._redis.command("ZRANGE", f"{self._redis.prefix}namespaces", 0, -1):
            *counts, key, passing = await self._redis.run(_COUNT, Space(name.decode(), ""), "*")
            found = [total + count for total, count in zip(found, counts, strict=True)]
            if passing > most:
                largest, most = self._redis.space_of(key.decode()), passing
        self.largest, self._most = largest, most
        # What this process added meanwhile may be counted already; it is counted once more rather than not at all.
        self.sessions += found[0] - before[0]
        self.values += found[1] - before[1]
        self.value_bytes += found[2] - before[2]
        self.tasks += found[3] - before[3]
        self._counted_at = time.monotonic()
        self._next_at = max(self._next_at, self._counted_at + _SHARE * (self._counted_at - began))

    async def count_if_old(self) -> None:
        """Counts anew before a caller is refused, but not for each of many who are."""
        if time.monotonic() - self._counted_at >= _SURE_SECONDS:
            await self.count()

    def close(self) -> None:
        """Ends a count that runs."""
        if self._counting is not None:
            self._counting.cancel()
            self._counting = None

    async def _count_quietly(self) -> None:
        with contextlib.suppress(StoreUnavailable):  # the next one counts
            await self.count()
