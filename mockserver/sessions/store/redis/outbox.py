"""The logs and the outbox of a Redis store."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from specimen.mockserver.sessions.store import MOST_LEASE_SECONDS, Bounds, Claimed, LogEntry, Space
from specimen.mockserver.sessions.store.codec import decode_value, encode_value
from specimen.mockserver.sessions.store.redis.client.connection import Script
from specimen.mockserver.sessions.store.redis.totals import Totals

# How many ids of acknowledged tasks a space remembers, so that a task that two replicas find is sent once.
REMEMBERED_TASKS = 1_000

# Logs are entries of the hash l; n has the numbers of the oldest and the newest entry of each.
_APPEND = Script("""
local log, most = string.format('%08x', #ARGV[3]) .. ARGV[3], tonumber(ARGV[4])
local newest = redis.call('HINCRBY', S .. 'n', 'newest:' .. log, #ARGV - 4)
local first = newest - (#ARGV - 4)
for position = 5, #ARGV do redis.call('HSET', S .. 'l', log .. string.format('%.0f', first + position - 4), ARGV[position]) end
local oldest = tonumber(redis.call('HGET', S .. 'n', 'oldest:' .. log) or '1')
while newest - oldest + 1 > most do
  redis.call('HDEL', S .. 'l', log .. string.format('%.0f', oldest))
  oldest = oldest + 1
end
redis.call('HSET', S .. 'n', 'oldest:' .. log, oldest)
""", writes=True)  # fmt: skip
_ENTRIES = Script("""
local log = string.format('%08x', #ARGV[3]) .. ARGV[3]
local newest = tonumber(redis.call('HGET', S .. 'n', 'newest:' .. log) or '0')
local first = math.max(tonumber(ARGV[4]) + 1, tonumber(redis.call('HGET', S .. 'n', 'oldest:' .. log) or '1'))
local fields, last = {}, math.min(newest, first + tonumber(ARGV[5]) - 1)
for number = first, last do fields[#fields + 1] = log .. string.format('%.0f', number) end
if #fields == 0 then return {0} end
return {first, unpack(redis.call('HMGET', S .. 'l', unpack(fields)))}
""")

# Sorted sets, because a stream with a consumer group gives tasks in the order in which they were added: it knows no due time,
# which is virtual here, no lanes that wait for their first task, and no task that is given back for later.
# A task is an entry of the hash q: a header like that of a session (lane, due, number, attempt, token, lease, place: when it
# was due at first, which keeps its place in its lane), then its payload.
# ql has the tasks of each lane in their order, qh the lanes that nobody holds by when their first task is due, qz the lanes
# that are held by the end of the lease (one that is further away than any could be was taken before the server's clock was set
# back: it is over), qi the ids in order, qd the ids that are done.
_TASKS = """
local function pre(text) return string.format('%08x', #text) .. text end
local function num(n) return string.format('%017.0f', math.min(math.max(n, -4e15), 4e15) + 4e15) end
local function unpacked(data)
  local size = struct.unpack('>I2', data)
  return cmsgpack.unpack(string.sub(data, 3, 2 + size)), string.sub(data, 3 + size)
end
local function keep(id, h, payload)
  local header = cmsgpack.pack(h)
  redis.call('HSET', S .. 'q', id, struct.pack('>I2', #header) .. header .. payload)
end
local function member(id, h) return pre(h[1]) .. num(h[7]) .. num(h[3]) .. id end
local function first(lane)
  local found = redis.call('ZRANGEBYLEX', S .. 'ql', '[' .. pre(lane), '(' .. pre(lane) .. '\\255', 'LIMIT', 0, 1)[1]
  return found and string.sub(found, #pre(lane) + 35)
end
local time = redis.call('TIME')
local real = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local far = real + FAR
local function is_held(h) return h[6] > real and h[6] <= far end
local function settle(lane)
  local id = first(lane)
  if not id or redis.call('ZSCORE', S .. 'qz', lane) then redis.call('ZREM', S .. 'qh', lane)
  else redis.call('ZADD', S .. 'qh', string.format('%.0f', unpacked(redis.call('HGET', S .. 'q', id))[2]), lane) end
end
local function freed(from, to)
  for _, lane in ipairs(redis.call('ZRANGEBYSCORE', S .. 'qz', from, to)) do
    redis.call('ZREM', S .. 'qz', lane)
    settle(lane)
  end
end
local function release()
  freed('-inf', real)
  freed(string.format('(%.0f', far), '+inf')
end
""".replace("FAR", str(2 * round(MOST_LEASE_SECONDS * 1000)))
_ENQUEUE = Script(_TASKS + """
local id, lane = ARGV[3], ARGV[4]
if redis.call('HEXISTS', S .. 'q', id) == 1 or redis.call('ZSCORE', S .. 'qd', id) then return 0 end
local h = {lane, tonumber(ARGV[5]), redis.call('HINCRBY', S .. 'n', 'tasks', 1), 0, '', 0, tonumber(ARGV[5])}
keep(id, h, ARGV[6])
redis.call('ZADD', S .. 'qi', 0, id)
redis.call('ZADD', S .. 'ql', 0, member(id, h))
settle(lane)
return 1
""", writes=True)  # fmt: skip
_CLAIM = Script(
    _TASKS
    + """
release()
local found = {}
for position, lane in ipairs(redis.call('ZRANGEBYSCORE', S .. 'qh', '-inf', ARGV[3], 'LIMIT', 0, 1000)) do
  local id = first(lane)
  found[position] = {id, redis.call('HGET', S .. 'q', id)}
  local h = unpacked(found[position][2])
  found[position][3], found[position][4] = h[2], h[3]
end
table.sort(found, function(a, b) return a[3] < b[3] or (a[3] == b[3] and a[4] < b[4]) end)
local claimed, lease = {}, real + tonumber(ARGV[4])
for position = 1, math.min(#found, tonumber(ARGV[5])) do
  local id = found[position][1]
  local h, payload = unpacked(found[position][2])
  h[4], h[5], h[6] = h[4] + 1, ARGV[6] .. '-' .. position, lease
  keep(id, h, payload)
  redis.call('ZADD', S .. 'qz', string.format('%.0f', lease), h[1])
  redis.call('ZREM', S .. 'qh', h[1])
  claimed[position] = {id, h[1], h[2], payload, h[4], h[5]}
end
return claimed
"""
)
_HELD = """
local id = ARGV[3]
local data = redis.call('HGET', S .. 'q', id)
if not data then return 0 end
local h = unpacked(data)
if h[5] ~= ARGV[4] or not is_held(h) then return 0 end
redis.call('ZREM', S .. 'ql', member(id, h))
redis.call('ZREM', S .. 'qz', h[1])
"""
_ACKNOWLEDGE = Script(
    _TASKS
    + _HELD
    + """
redis.call('HDEL', S .. 'q', id)
redis.call('ZREM', S .. 'qi', id)
redis.call('ZADD', S .. 'qd', redis.call('HINCRBY', S .. 'n', 'done', 1), id)
redis.call('ZREMRANGEBYRANK', S .. 'qd', 0, -tonumber(ARGV[5]) - 1)
settle(h[1])
return 1
"""
)
_POSTPONE = Script(
    _TASKS
    + _HELD
    + """
h[2], h[5], h[6] = tonumber(ARGV[5]), '', 0
keep(id, h, ARGV[6])
redis.call('ZADD', S .. 'ql', 0, member(id, h))
settle(h[1])
return 1
"""
)
_RESCHEDULE = Script(
    _TASKS
    + """
local id = ARGV[3]
local data = redis.call('HGET', S .. 'q', id)
if not data then return 0 end
local h, payload = unpacked(data)
if is_held(h) then return 0 end
h[2] = tonumber(ARGV[4])
keep(id, h, payload)
release()
settle(h[1])
return 1
"""
)
_NEXT = Script(
    _TASKS
    + """
release()
return redis.call('ZRANGE', S .. 'qh', 0, 0, 'WITHSCORES')[2]
"""
)
_LIST = Script(
    _TASKS
    + """
local found = {}
local above = ARGV[3] == '' and '-' or '(' .. ARGV[3]
for position, id in ipairs(redis.call('ZRANGEBYLEX', S .. 'qi', above, '+', 'LIMIT', 0, ARGV[4])) do
  local h, payload = unpacked(redis.call('HGET', S .. 'q', id))
  found[position] = {id, h[1], h[2], payload, h[4], is_held(h) and 1 or 0}
end
return found
"""
)


class Outbox:
    """The part of a store that knows logs and tasks."""

    bounds: Bounds
    _totals: Totals

    async def _run(self, script: Script, space: Space, *arguments: Any) -> Any:
        raise NotImplementedError

    async def append(self, space: Space, log: str, values: Sequence[Any]) -> None:
        """Adds entries to a log."""
        # What would go at once is numbered and left out by the script; it takes its arguments from a stack of some thousands.
        for start in range(0, len(values), 1_000):
            encoded = [encode_value(value) for value in values[start : start + 1_000]]
            await self._run(_APPEND, space, log, self.bounds.log_entries, *encoded)

    async def entries(self, space: Space, log: str, after: int, limit: int) -> Sequence[LogEntry]:
        """Entries whose number is greater than `after`."""
        first, *found = await self._run(_ENTRIES, space, log, after, limit)
        return [LogEntry(first + index, decode_value(data)) for index, data in enumerate(found)]

    async def enqueue(self, space: Space, task_id: str, lane: str, due: int, payload: Any) -> bool:
        """Adds a task, once for an id."""
        is_new = bool(await self._run(_ENQUEUE, space, task_id, lane, due, encode_value(payload)))
        self._totals.add(tasks=is_new)
        return is_new

    async def claim(self, space: Space, now: int, lease_seconds: float, limit: int) -> Sequence[Claimed]:
        """Tasks that are due, for this caller alone until the lease is over."""
        lease = max(1, round(lease_seconds * 1000))
        found = await self._run(_CLAIM, space, now, lease, limit, secrets.token_hex(8))
        return [
            Claimed(task_id.decode(), lane.decode(), due, decode_value(payload), attempt, token.decode())
            for task_id, lane, due, payload, attempt, token in found
        ]

    async def acknowledge(self, space: Space, task: Claimed) -> bool:
        """Ends a task that the caller still holds."""
        is_ended = bool(await self._run(_ACKNOWLEDGE, space, task.id, task.token, REMEMBERED_TASKS))
        self._totals.add(tasks=-is_ended)
        return is_ended

    async def postpone(self, space: Space, task: Claimed, due: int, payload: Any) -> bool:
        """Gives a task back, to be due at another time."""
        return bool(await self._run(_POSTPONE, space, task.id, task.token, due, encode_value(payload)))

    async def reschedule(self, space: Space, task_id: str, due: int) -> bool:
        """Has a task that nobody holds be due at another time."""
        return bool(await self._run(_RESCHEDULE, space, task_id, due))

    async def task_room(self) -> int:
        """How many tasks more the bound allows, as far as this process has counted."""
        if self._totals.tasks >= self.bounds.tasks:
            await self._totals.count_if_old()
        return self.bounds.tasks - self._totals.tasks

    async def next_due(self, space: Space) -> int | None:
        """When the first task that nobody holds is due."""
        found = await self._run(_NEXT, space)
        return None if found is None else int(float(found))

    async def tasks(self, space: Space, after: str, limit: int) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """The tasks that wait or are held, by id."""
        return [
            (
                task_id.decode(),
                {"lane": lane.decode(), "due": due, "payload": decode_value(data), "attempt": attempt, "held": bool(held)},
            )
            for task_id, lane, due, data, attempt, held in await self._run(_LIST, space, after, limit)
        ]
