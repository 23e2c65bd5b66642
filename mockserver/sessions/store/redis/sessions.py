"""The sessions of a Redis store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import msgpack

from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.store import Bounds, Page, Phase, Space, StoreFull
from specimen.mockserver.sessions.store.codec import decode_record, encode_record
from specimen.mockserver.sessions.store.redis.client.connection import Connection, Script
from specimen.mockserver.sessions.store.redis.totals import Totals

# Members of an index that one call looks at where no index has the wanted sessions together; about a millisecond of the server.
_SLICE = 500
_NO_FILTER = ""

# A session is an entry of the hash r: two bytes with the length of a header, the header (version, number of creation, until,
# state, owner, created_at, keys), the record. The indices are sorted sets: s by creation, i by id, u by until, and by owner (os,
# oi) or owner and state (oss, osi), in the order of creation or of ids; k has the keys. In a member a text comes after its
# length, so that none is the beginning of another.
_INDEX = """
local function pre(text) return string.format('%08x', #text) .. text end
local function num(n) return string.format('%016.0f', n) end
local function unpacked(data)
  local size = struct.unpack('>I2', data)
  return cmsgpack.unpack(string.sub(data, 3, 2 + size)), string.sub(data, 3 + size)
end
local function packed(h, record)
  local header = cmsgpack.pack(h)
  return struct.pack('>I2', #header) .. header .. record
end
local function members(h, id)
  local owner = pre(h[5])
  local both, at = owner .. pre(h[4]), num(h[2]) .. id
  return {os = owner .. at, oi = owner .. id, oss = both .. at, osi = both .. id}
end
local function index(h, id, old)
  if not old or old[3] ~= h[3] then redis.call('ZADD', S .. 'u', string.format('%.0f', h[3]), id) end
  if old and old[4] == h[4] and old[5] == h[5] then return end
  local gone = old and members(old, id)
  for name, member in pairs(members(h, id)) do
    if not gone or gone[name] ~= member then
      if gone then redis.call('ZREM', S .. name, gone[name]) end
      redis.call('ZADD', S .. name, 0, member)
    end
  end
end
local function notify(id)
  redis.call('PUBLISH', S .. 'w', '')
  redis.call('PUBLISH', S .. 'w:' .. id, '')
end
"""
# Adds what `arguments_of` gives.
ADDING = (
    _INDEX
    + """
local function add(id, version, till, state, owner, own, created_at, full, record)
  if redis.call('HEXISTS', S .. 'r', id) == 1 then return 0 end
  if full == '1' then return redis.error_reply('FULL sessions') end
  local at = redis.call('HINCRBY', S .. 'n', 'seq', 1)
  local names = cmsgpack.unpack(own)
  local h = {tonumber(version), at, tonumber(till), state, owner, tonumber(created_at), names}
  redis.call('HSET', S .. 'r', id, packed(h, record))
  redis.call('HINCRBY', S .. 'n', 'sessions', 1)
  redis.call('ZADD', S .. 's', at, id)
  redis.call('ZADD', S .. 'i', 0, id)
  index(h, id)
  for _, name in ipairs(names) do redis.call('ZADD', S .. 'k', 0, pre(name) .. num(at) .. id) end
  notify(id)
  return 1
end
"""
)
_ADD = Script(ADDING + "return add(unpack(ARGV, 3))", writes=True)
_SWAP = Script(_INDEX + """
local id = ARGV[3]
local data = redis.call('HGET', S .. 'r', id)
if not data then return 0 end
local old, before = unpacked(data)
if old[1] ~= tonumber(ARGV[4]) - 1 or (ARGV[12] ~= '' and ARGV[12] ~= before) then return 0 end
local keys = cmsgpack.unpack(ARGV[8])
local h = {tonumber(ARGV[4]), old[2], tonumber(ARGV[5]), ARGV[6], ARGV[7], tonumber(ARGV[9]), keys}
redis.call('HSET', S .. 'r', id, packed(h, ARGV[11]))
index(h, id, old)
local kept = {}
for _, key in ipairs(keys) do kept[key] = true end
local at = num(old[2]) .. id
for _, key in ipairs(old[7]) do
  if not kept[key] then redis.call('ZREM', S .. 'k', pre(key) .. at) end
  kept[key] = nil
end
for key in pairs(kept) do redis.call('ZADD', S .. 'k', 0, pre(key) .. at) end
notify(id)
return 1
""")  # fmt: skip
_DELETE = Script(
    _INDEX
    + """
local id = ARGV[3]
local data = redis.call('HGET', S .. 'r', id)
if not data then return 0 end
local h, before = unpacked(data)
if ARGV[4] ~= '' and ARGV[4] ~= before then return 0 end
redis.call('HDEL', S .. 'r', id)
redis.call('HINCRBY', S .. 'n', 'sessions', -1)
for _, name in ipairs({'s', 'i', 'u'}) do redis.call('ZREM', S .. name, id) end
for name, member in pairs(members(h, id)) do redis.call('ZREM', S .. name, member) end
for _, key in ipairs(h[7]) do redis.call('ZREM', S .. 'k', pre(key) .. num(h[2]) .. id) end
notify(id)
return 1
"""
)
_GET = Script("return redis.call('HGET', S .. 'r', ARGV[3])")
_OWNERS = Script(
    _INDEX
    + """
local key = pre(ARGV[3])
local found = redis.call('ZREVRANGEBYLEX', S .. 'k', '(' .. key .. '\\255', '[' .. key, 'LIMIT', 0, ARGV[4])
for position, member in ipairs(found) do found[position] = string.sub(member, #key + 17) end
if #found == 0 then return found end
return redis.call('HMGET', S .. 'r', unpack(found))
"""
)
_DUE = Script("""
local found = redis.call('ZRANGEBYSCORE', S .. 'u', '-inf', ARGV[3], 'LIMIT', 0, ARGV[4])
if #found == 0 then return found end
return redis.call('HMGET', S .. 'r', unpack(found))
""")
_REPHASE = Script(
    _INDEX
    + """
for _, one in ipairs(cmsgpack.unpack(ARGV[3])) do
  local data = redis.call('HGET', S .. 'r', one[1])
  if data then
    local old, record = unpacked(data)
    if old[1] == one[2] then
      local h = {old[1], old[2], tonumber(one[4]), one[3], old[5], old[6], old[7]}
      redis.call('HSET', S .. 'r', one[1], packed(h, record))
      index(h, one[1], old)
    end
  end
end
"""
)
_COUNT = Script("return redis.call('HGET', S .. 'n', 'sessions')")
# Gives the cursor of the next slice (empty at the end), then sessions. A cursor is an id, or a number of creation.
_PAGE = Script(
    _INDEX
    + """
local order, count, cursor, most = ARGV[3], tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])
local owner, state = ARGV[7] ~= '' and string.sub(ARGV[7], 2), ARGV[8] ~= '' and string.sub(ARGV[8], 2)
local from, to = tonumber(ARGV[9]), tonumber(ARGV[10])
if ARGV[11] == '1' then
  local data = redis.call('HGET', S .. 'r', cursor)
  if not data then return redis.error_reply('MISSING ' .. cursor) end
  cursor = num(unpacked(data)[2])
end
local by_id, newest = order == 'id', order == 'newest'
local found, ids = nil, {}
if not owner and not by_id then
  if newest then
    local below = cursor == '' and '+inf' or '(' .. cursor
    ids = redis.call('ZREVRANGEBYSCORE', S .. 's', below, '-inf', 'LIMIT', 0, count)
  else
    local above = cursor == '' and '-inf' or '(' .. cursor
    ids = redis.call('ZRANGEBYSCORE', S .. 's', above, '+inf', 'LIMIT', 0, count)
  end
else
  local name, start, cut = 'i', '', 0
  if owner then
    name, start = 'o', pre(owner)
    if state then name, start = 'os', start .. pre(state) end
    name = name .. (by_id and 'i' or 's')
    cut = by_id and 0 or 16
  end
  if newest then
    local below = cursor == '' and '(' .. start .. '\\255' or '(' .. start .. cursor
    found = redis.call('ZREVRANGEBYLEX', S .. name, below, '[' .. start, 'LIMIT', 0, count)
  else
    local above = '[' .. start
    if cursor ~= '' then above = by_id and '(' .. start .. cursor or '[' .. start .. num(tonumber(cursor) + 1) end
    found = redis.call('ZRANGEBYLEX', S .. name, above, '(' .. start .. '\\255', 'LIMIT', 0, count)
  end
  for position, member in ipairs(found) do ids[position] = string.sub(member, #start + cut + 1) end
end
if #ids == 0 then return {''} end
local rows = redis.call('HMGET', S .. 'r', unpack(ids))
if #ids < count then cursor = '' elseif by_id then cursor = ids[#ids] else cursor = num(unpacked(rows[#rows])[2]) end
local chosen = {cursor}
local exact = (owner or not state) and not from and not to
for position, data in ipairs(rows) do
  local wanted = true
  if not exact then
    local h = unpacked(data)
    wanted = (owner or not state or h[4] == state) and (not from or h[6] >= from) and (not to or h[6] <= to)
  end
  if wanted then chosen[#chosen + 1] = data end
  if #chosen > most then break end
end
return chosen
"""
)


class Sessions:
    """The part of a store that knows sessions."""

    bounds: Bounds
    _redis: Connection
    _totals: Totals

    async def _run(self, script: Script, space: Space, *arguments: Any) -> Any:
        raise NotImplementedError

    async def get(self, space: Space, session_id: str) -> Record | None:
        """The session of that id."""
        data = await self._run(_GET, space, session_id)
        return None if data is None else _record(data)

    async def find(self, space: Space, key: str) -> Record | None:
        """The newest session that owns a key."""
        found = await self.owners(space, key, 1)
        return found[0] if found else None

    async def owners(self, space: Space, key: str, limit: int) -> Sequence[Record]:
        """The sessions that own a key, newest first."""
        return [_record(data) for data in await self._run(_OWNERS, space, key, limit)]

    async def add(self, space: Space, record: Record, phase: Phase) -> bool:
        """Adds a session with its keys."""
        is_full = await self._is_full()
        try:
            is_added = bool(await self._run(_ADD, space, *arguments_of(record, phase, is_full=is_full)))
        except StoreFull:
            raise StoreFull("sessions", self.bounds.sessions) from None
        if is_added:
            self._totals.add(sessions=1)
        return is_added

    async def _is_full(self) -> bool:
        if self._totals.sessions >= self.bounds.sessions:
            await self._totals.count_if_old()
        return self._totals.sessions >= self.bounds.sessions

    async def swap(self, space: Space, record: Record, phase: Phase, of: Record | None = None) -> bool:
        """Replaces the kept session whose version is one less, with `of` only that one."""
        return bool(await self._run(_SWAP, space, *arguments_of(record, phase), _encoded(of)))

    async def delete(self, space: Space, session_id: str, of: Record | None = None) -> bool:
        """Deletes a session with its keys, with `of` only that one."""
        is_deleted = bool(await self._run(_DELETE, space, session_id, _encoded(of)))
        if is_deleted:
            self._totals.add(sessions=-1)
        return is_deleted

    async def page(self, space: Space, page: Page) -> Sequence[Record]:
        """At most `page.limit` sessions."""
        is_exact = page.created_from is None and page.created_to is None and (page.owner is not None or page.state is None)
        filters = (
            _NO_FILTER if page.owner is None else f"={page.owner}",
            _NO_FILTER if page.state is None else f"={page.state}",
            "" if page.created_from is None else page.created_from,
            "" if page.created_to is None else page.created_to,
        )
        count = page.limit if is_exact else max(_SLICE, page.limit)
        cursor, is_session = page.after or "", page.after is not None and page.order != "id"
        found: list[Record] = []
        while len(found) < page.limit:
            most = page.limit - len(found)
            cursor, *rows = await self._run(_PAGE, space, page.order, count, cursor, most, *filters, "1" if is_session else "0")
            found += [_record(data) for data in rows]
            is_session = False
            if is_exact or not cursor:
                break
        return found

    async def count(self, space: Space) -> int:
        """How many sessions there are."""
        return int(await self._run(_COUNT, space) or 0)

    async def due(self, space: Space, now: int, limit: int) -> Sequence[Record]:
        """Sessions whose phase is over at `now`."""
        return [_record(data) for data in await self._run(_DUE, space, now, limit)]

    async def rephase(self, space: Space, phases: Iterable[tuple[Record, Phase]]) -> None:
        """Sets the phases of sessions, where their version is still the given one."""
        wanted = [(record.id, record.version, phase.state, str(phase.until)) for record, phase in phases]
        for start in range(0, len(wanted), _SLICE):
            await self._run(_REPHASE, space, msgpack.encode(wanted[start : start + _SLICE]))


def arguments_of(record: Record, phase: Phase, *, is_full: bool = False) -> tuple[Any, ...]:
    """A session as scripts take it."""
    keys = msgpack.encode(tuple(dict.fromkeys(record.keys)))
    mark = "1" if is_full else "0"
    return (
        record.id,
        record.version,
        phase.until,
        phase.state,
        record.owner,
        keys,
        record.created_at,
        mark,
        encode_record(record),
    )


def _encoded(record: Record | None) -> bytes:
    return b"" if record is None else encode_record(record)


def _record(data: bytes) -> Record:
    return decode_record(data[2 + int.from_bytes(data[:2], "big") :])
