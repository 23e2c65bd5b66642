"""The values, counters and locks of a Redis store."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from specimen.mockserver.sessions.session_record import FOREVER
from specimen.mockserver.sessions.store import Bounds, Space, StoreFull, Versioned
from specimen.mockserver.sessions.store.codec import decode_value, encode_value
from specimen.mockserver.sessions.store.queued_lock import LEASE_SECONDS, QueuedLocks
from specimen.mockserver.sessions.store.redis.client.connection import Connection, Script
from specimen.mockserver.sessions.store.redis.totals import Totals

_HEADER = struct.Struct(">dI")

# A value is an entry of the hash v: until (a double) and version (four bytes), then its bytes. vk has the keys in order, vu by
# their until: the clock is virtual, so Redis' own expiry cannot know when a value's time is over.
# An answer's second and third are what the script has added; its fourth how many values of the space may be dropped, -1 where
# that is the same as before.
_COUNTED = f"""
local values, bytes = 0, 0
local function remove(gone)
  local size = redis.call('HSTRLEN', S .. 'v', gone) - {_HEADER.size}
  redis.call('HDEL', S .. 'v', gone)
  redis.call('ZREM', S .. 'vk', gone)
  redis.call('ZREM', S .. 'vu', gone)
  values, bytes = values - 1, bytes - size
end
local function counted(answer)
  local passing = -1
  if values ~= 0 then
    redis.call('HINCRBY', S .. 'n', 'values', values)
    passing = redis.call('ZCOUNT', S .. 'vu', '-inf', '({FOREVER}')
  end
  if bytes ~= 0 then redis.call('HINCRBY', S .. 'n', 'value_bytes', bytes) end
  return {{answer, values, bytes, passing}}
end
"""
KEPT = (
    _COUNTED
    + """
local key, now = ARGV[3], tonumber(ARGV[4])
local data = redis.call('HGET', S .. 'v', key)
local till, version = 0, 0
if data then till, version = struct.unpack('>dI4', data) end
local live = data and till > now
"""
)
# Drops so many values, and bytes, of those that end first.
_DROP_FIRST = Script(_COUNTED + f"""
for _, first in ipairs(redis.call('ZRANGEBYSCORE', S .. 'vu', '-inf', '({FOREVER}', 'LIMIT', 0, 1000)) do
  if -values >= tonumber(ARGV[3]) and -bytes >= tonumber(ARGV[4]) then break end
  remove(first)
end
return counted(0)
""")  # fmt: skip
# ARGV[7] and ARGV[8] are how many values, and bytes, the whole store has room for. Ended values go first, then those that
# end first.
PUT = f"""
local ends, value = ARGV[5], ARGV[6]
for _, ended in ipairs(redis.call('ZRANGEBYSCORE', S .. 'vu', '-inf', ARGV[4], 'LIMIT', 0, 2)) do remove(ended) end
local old = redis.call('HGET', S .. 'v', key)
local more, size = old and 0 or 1, #value - (old and #old - {_HEADER.size} or 0)
local skipped = 0
while values + more > tonumber(ARGV[7]) or bytes + size > tonumber(ARGV[8]) do
  local first = redis.call('ZRANGEBYSCORE', S .. 'vu', '-inf', '({FOREVER}', 'LIMIT', skipped, 1)[1]
  if not first then
    counted(0)
    return redis.error_reply(values + more > tonumber(ARGV[7]) and 'FULL values' or 'FULL value_bytes')
  end
  if first == key then skipped = 1 else remove(first) end
end
redis.call('HSET', S .. 'v', key, struct.pack('>dI4', tonumber(ends), (live and version or 0) + 1) .. value)
redis.call('ZADD', S .. 'vk', 0, key)
redis.call('ZADD', S .. 'vu', ends, key)
values, bytes = values + more, bytes + size
"""
_SET = Script(KEPT + """
if ARGV[9] ~= '' and tonumber(ARGV[9]) ~= (live and version or 0) then return counted(0) end
""" + PUT + "return counted(1)", writes=True)  # fmt: skip
_GET_OR_SET = Script(KEPT + "if live then return counted(data) end" + PUT + "return counted(false)", writes=True)
_POP = Script(
    KEPT
    + """
if not live then return counted(false) end
remove(key)
return counted(data)
"""
)
_GET = Script("return redis.call('HGET', S .. 'v', ARGV[3])")
_VALUES = Script("""
local prefix, after, now, limit = ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local above = after >= prefix and '(' .. after or '[' .. prefix
if after < prefix or after == '' then above = '[' .. prefix end
local found = {}
while true do
  local keys = redis.call('ZRANGEBYLEX', S .. 'vk', above, '(' .. prefix .. '\\255', 'LIMIT', 0, limit)
  if #keys == 0 then return found end
  for position, data in ipairs(redis.call('HMGET', S .. 'v', unpack(keys))) do
    if #found >= 2 * limit then return found end
    if struct.unpack('>dI4', data) > now then
      found[#found + 1] = keys[position]
      found[#found + 1] = data
    end
  end
  above = '(' .. keys[#keys]
end
""")
_INCREMENT = Script("return redis.call('HINCRBY', S .. 'c', ARGV[3], 1)", writes=True)
# A lease that ends later than any could was taken before the server's clock was set back: it is over.
TAKING = """
local function is_taken(lock, token, lease)
  if redis.call('SET', lock, token, 'NX', 'PX', lease) then return true end
  if redis.call('PTTL', lock) <= 2 * tonumber(lease) then return false end
  redis.call('SET', lock, token, 'PX', lease)
  return true
end
"""
_TAKE = Script(TAKING + "return is_taken(S .. 'lock:' .. ARGV[3], ARGV[4], ARGV[5]) and 1 or 0")
_RENEW = Script("""
if redis.call('GET', S .. 'lock:' .. ARGV[3]) ~= ARGV[4] then return 0 end
return redis.call('PEXPIRE', S .. 'lock:' .. ARGV[3], ARGV[5])
""")
_RELEASE = Script("""
if redis.call('GET', S .. 'lock:' .. ARGV[3]) ~= ARGV[4] then return 0 end
return redis.call('DEL', S .. 'lock:' .. ARGV[3])
""")
# How much more than is needed goes at once of another space, so that not each value costs a round trip more.
_SHARE, _MOST_SPARE = 1_000, 200
LEASE_MILLISECONDS = round(LEASE_SECONDS * 1000)


class Values:
    """The part of a store that knows values."""

    bounds: Bounds
    _redis: Connection
    _totals: Totals
    _locks: QueuedLocks

    async def _run(self, script: Script, space: Space, *arguments: Any) -> Any:
        raise NotImplementedError

    async def increment(self, space: Space, key: str) -> int:
        """1, 2, 3, … : each number once."""
        return int(await self._run(_INCREMENT, space, key))

    async def value(self, space: Space, key: str, now: int) -> Versioned:
        """A value whose time is not over."""
        data = await self._run(_GET, space, key)
        if data is None or _HEADER.unpack_from(data)[0] <= now:
            return Versioned(None, 0)
        return versioned(data)

    async def set_value(self, space: Space, key: str, value: Any, until: int, now: int, version: int | None = None) -> bool:
        """Keeps a value until a time."""
        wanted = "" if version is None else version
        return bool(await self._changed(_SET, space, (key, now, until, encode_value(value)), wanted))

    async def get_or_set(self, space: Space, key: str, value: Any, until: int, now: int) -> Any:
        """The kept value, else `value`, which is then kept."""
        encoded = encode_value(value)
        data = await self._changed(_GET_OR_SET, space, (key, now, until, encoded))
        return decode_value(encoded) if data is None else _value(data)

    async def pop(self, space: Space, key: str, now: int) -> Any | None:
        """Removes a value and returns it to one caller only."""
        data, values, size, _ = await self._run(_POP, space, key, now)
        self._totals.add(0, values, size)
        return None if data is None else _value(data)

    async def values(self, space: Space, prefix: str, now: int, after: str, limit: int) -> Sequence[tuple[str, Versioned]]:
        """Keys that begin with a prefix, with their values."""
        found = await self._run(_VALUES, space, prefix, after, now, limit)
        pairs = zip(found[::2], found[1::2], strict=True)
        return [(key.decode(), versioned(data)) for key, data in pairs]

    def lock(self, space: Space, key: str) -> AbstractAsyncContextManager[None]:
        """One caller at a time per key, in all processes."""
        return self._locks.lock(space, key)

    async def _changed(self, script: Script, space: Space, arguments: tuple[Any, ...], *more: Any) -> Any:
        totals, bounds = self._totals, self.bounds
        size = len(arguments[3])
        if size > bounds.value_bytes:
            raise StoreFull("value_bytes", bounds.value_bytes)
        if totals.values >= bounds.values or totals.value_bytes + size > bounds.value_bytes:
            await totals.count_if_old()
            await self._gives_way(space, size)
        is_again = False
        while True:
            room = (bounds.values - totals.values, bounds.value_bytes - totals.value_bytes)
            try:
                found, values, added, passing = await self._run(script, space, *arguments, *room, *more)
            except StoreFull as full:
                await totals.count_if_old()
                if is_again or full.bound not in ("values", "value_bytes") or not await self._gives_way(space, size):
                    raise StoreFull(full.bound, getattr(bounds, full.bound)) from None
                is_again = True
                continue
            totals.add(0, values, added)
            totals.seen(space, passing)
            return found

    async def _gives_way(self, space: Space, size: int) -> bool:
        """Whether values went of the space that holds most, where that is another one; a share of the bounds at once.

        Also whether to try again since all was counted anew: another process had emptied the space that was known to hold most.
        """
        totals, bounds = self._totals, self.bounds
        for is_counted in (False, True):
            more_values = totals.values + 1 - bounds.values
            more_bytes = totals.value_bytes + size - bounds.value_bytes
            largest = totals.largest
            if largest in (None, space) or (more_values <= 0 and more_bytes <= 0):
                return is_counted
            more_values += min(_MOST_SPARE, bounds.values // _SHARE)
            more_bytes += bounds.value_bytes // _SHARE
            _, dropped, freed, passing = await self._redis.run(_DROP_FIRST, largest, "*", max(0, more_values), max(0, more_bytes))
            totals.add(0, dropped, freed)
            totals.seen(largest, passing if dropped else 0)
            if dropped:
                return True
            await totals.count()
        return False

    async def _take(self, space: Space, key: str, token: str) -> bool:
        return bool(await self._redis.run(_TAKE, space, "*", key, token, LEASE_MILLISECONDS))

    async def _renew(self, space: Space, key: str, token: str) -> bool:
        return bool(await self._redis.run(_RENEW, space, "*", key, token, LEASE_MILLISECONDS))

    async def _release(self, space: Space, key: str, token: str) -> bool:
        return bool(await self._redis.run(_RELEASE, space, "*", key, token))


def versioned(data: bytes) -> Versioned:
    """A value as it is kept."""
    return Versioned(_value(data), _HEADER.unpack_from(data)[1])


def _value(data: bytes) -> Any:
    return decode_value(data[_HEADER.size :])
