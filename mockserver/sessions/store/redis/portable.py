"""Writes all of a Redis store to rows, and fills one from rows."""

from __future__ import annotations

import secrets
import struct
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from msgspec import msgpack

from specimen.mockserver.sessions.store import Phase, Space, StoreUnavailable
from specimen.mockserver.sessions.store.codec import decode_record
from specimen.mockserver.sessions.store.portable import Row, twice
from specimen.mockserver.sessions.store.redis.client.connection import Connection, Script
from specimen.mockserver.sessions.store.redis.sessions import Sessions
from specimen.mockserver.sessions.store.redis.spaces import Spaces

_SLICE = 500

_SPACES = Script("return redis.call('HKEYS', N)")
_DOCUMENT = Script("return redis.call('HMGET', N, 'value', 'version')")
_SET_DOCUMENT = Script("""
if ARGV[4] ~= '' then redis.call('HSET', N, 'value', ARGV[4]) end
redis.call('HSET', N, 'version', ARGV[3], 'stamp', ARGV[5])
""")
# Sessions in the order of creation, with their numbers.
_SESSIONS = Script("""
local found = redis.call('ZRANGEBYSCORE', S .. 's', '(' .. ARGV[3], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[4])
local rows = {}
for position = 1, #found, 2 do
  local data = redis.call('HGET', S .. 'r', found[position])
  local size = struct.unpack('>I2', data)
  local h = cmsgpack.unpack(string.sub(data, 3, 2 + size))
  rows[#rows + 1] = {found[position + 1], string.sub(data, 3 + size), h[4], string.format('%.0f', h[3])}
end
return rows
""")
_COUNTS = Script("""
local found = redis.call('HMGET', S .. 'n', 'sessions', 'values')
found[3] = redis.call('HLEN', S .. 'q')
return found
""")
_SCAN = Script("return redis.call('HSCAN', S .. ARGV[3], ARGV[4], 'COUNT', 500)")
_DONE = Script("return redis.call('ZRANGE', S .. 'qd', 0, -1)")
_COUNTER = Script("redis.call('HSET', S .. 'c', ARGV[3], ARGV[4])", writes=True)
_VALUE = Script("""
redis.call('HSET', S .. 'v', ARGV[3], struct.pack('>dI4', tonumber(ARGV[4]), tonumber(ARGV[5])) .. ARGV[6])
redis.call('ZADD', S .. 'vk', 0, ARGV[3])
redis.call('ZADD', S .. 'vu', ARGV[4], ARGV[3])
redis.call('HINCRBY', S .. 'n', 'values', 1)
redis.call('HINCRBY', S .. 'n', 'value_bytes', #ARGV[6])
""", writes=True)  # fmt: skip
_LOG = Script("""
local log = string.format('%08x', #ARGV[3]) .. ARGV[3]
redis.call('HSETNX', S .. 'n', 'oldest:' .. log, ARGV[4])
redis.call('HSET', S .. 'n', 'newest:' .. log, ARGV[4])
redis.call('HSET', S .. 'l', log .. ARGV[4], ARGV[5])
""", writes=True)  # fmt: skip
_TASK = Script("""
local function pre(text) return string.format('%08x', #text) .. text end
local function num(n) return string.format('%017.0f', math.min(math.max(n, -4e15), 4e15) + 4e15) end
local id, lane, place, due = ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local number = redis.call('HINCRBY', S .. 'n', 'tasks', 1)
local header = cmsgpack.pack({lane, due, number, tonumber(ARGV[8]), '', 0, place})
redis.call('HSET', S .. 'q', id, struct.pack('>I2', #header) .. header .. ARGV[7])
redis.call('ZADD', S .. 'qi', 0, id)
redis.call('ZADD', S .. 'ql', 0, pre(lane) .. num(place) .. num(number) .. id)
local first = redis.call('ZRANGEBYLEX', S .. 'ql', '[' .. pre(lane), '(' .. pre(lane) .. '\\255', 'LIMIT', 0, 1)[1]
if string.sub(first, #pre(lane) + 35) == id then redis.call('ZADD', S .. 'qh', ARGV[6], lane) end
""", writes=True)  # fmt: skip
_ENDED = Script("redis.call('ZADD', S .. 'qd', redis.call('HINCRBY', S .. 'n', 'done', 1), ARGV[3])", writes=True)
_ADDED = {"counter": _COUNTER, "value": _VALUE, "log": _LOG, "task": _TASK, "done": _ENDED}

_VALUE_HEADER = struct.Struct(">dI")


class Portability(Spaces, Sessions):
    """The part of a store that writes and reads files."""

    _redis: Connection

    async def summary(self) -> Mapping[Space, Mapping[str, int]]:
        """How many sessions, values and tasks each space has."""
        found: dict[Space, Mapping[str, int]] = {}
        for space in await self._spaces():
            counts = [int(count or 0) for count in await self._run(_COUNTS, space)]
            found[space] = dict(zip(("sessions", "values", "tasks"), counts, strict=True))
        return found

    async def dump(self) -> AsyncIterator[Row]:
        """All rows."""
        for name in sorted(await self._names()):
            value, version = await self._run(_DOCUMENT, Space(name, ""))
            yield Row("namespace", Space(name, ""), (value, int(version or 0)))
        for space in await self._spaces():
            async for row in self._dump_space(space):
                yield row

    async def _spaces(self) -> list[Space]:
        found: list[Space] = []
        for name in sorted(await self._names()):
            fields = [field.decode() for field in sorted(await self._run(_SPACES, Space(name, "")))]
            bases = [field for field in fields if field.startswith("p:")]
            found += [Space(name, unquote(base.split("}:", 1)[1].removesuffix(":"))) for base in bases]
        return found

    async def _dump_space(self, space: Space) -> AsyncIterator[Row]:
        after: Any = 0
        while rows := await self._run(_SESSIONS, space, after, _SLICE):
            for after, data, state, until in rows:  # noqa: B007 - the last one is where the next slice begins
                yield Row("session", space, (data, state.decode(), int(until)))
        async for key, count in self._scanned(space, "c"):
            yield Row("counter", space, (key.decode(), int(count)))
        async for key, data in self._scanned(space, "v"):
            until, version = _VALUE_HEADER.unpack_from(data)
            yield Row("value", space, (key.decode(), int(until), version, data[_VALUE_HEADER.size :]))
        entries = [(field, data) async for field, data in self._scanned(space, "l")]
        logs = [(*_log_field(field.decode()), data) for field, data in entries]
        for log, number, data in sorted(logs, key=lambda entry: entry[:2]):
            yield Row("log", space, (log, number, data))
        tasks = []
        async for task_id, data in self._scanned(space, "q"):
            size = 2 + int.from_bytes(data[:2], "big")
            lane, due, number, attempt, _, _, place = msgpack.decode(data[2:size], type=list)
            tasks.append((number, (task_id.decode(), _text(lane), int(place), int(due), data[size:], int(attempt))))
        for _, fields in sorted(tasks, key=lambda task: task[0]):
            yield Row("task", space, fields)
        for task_id in await self._run(_DONE, space):
            yield Row("done", space, (task_id.decode(),))

    async def restore(self, rows: Iterable[Row]) -> None:
        """Adds rows to a store that holds none of them.

        Namespaces are on different nodes of a cluster, so no script adds them together: a mark stands while some are missing.
        """
        await self._redis.command("SET", self._import_mark, "1")
        for kind, space, fields in rows:
            if kind == "namespace":
                await self._register(space.namespace)
                await self._run(_SET_DOCUMENT, space, fields[1], fields[0] or b"", secrets.token_hex(8) if fields[1] else "")
            elif kind == "session":
                record = decode_record(fields[0])
                if not await self.add(space, record, Phase(*fields[1:])):
                    raise twice(f"session {record.id}")
            else:
                await self._run(_ADDED[kind], space, *fields)
        await self.end_import()

    async def end_import(self) -> None:
        """Takes the mark of an import away."""
        await self._redis.command("DEL", self._import_mark)

    async def _check_whole(self) -> None:
        """Returns where no import is at work or was cut off.

        Raises:
            StoreUnavailable: one is, or was.
        """
        if await self._redis.command("EXISTS", self._import_mark):
            raise StoreUnavailable(
                f"store {self._redis.name}: it holds a part of an import, which did not end or runs now. Where it did not end, "
                "clear the store (`specimen store clear`) and import the file again."
            )

    @property
    def _import_mark(self) -> str:
        return f"{self._redis.prefix}import"

    async def _scanned(self, space: Space, part: str) -> AsyncIterator[tuple[bytes, bytes]]:
        cursor, seen = b"0", set()
        while True:
            cursor, found = await self._run(_SCAN, space, part, cursor)
            for key, value in zip(found[::2], found[1::2], strict=True):
                if key not in seen:  # a scan may show an entry twice
                    seen.add(key)
                    yield key, value
            if cursor == b"0":
                return


def _log_field(field: str) -> tuple[str, int]:
    """The log and the number in the name of an entry: the length of the log's name in eight digits, the name, the number."""
    data = field.encode()
    end = 8 + int(data[:8], 16)
    return data[8:end].decode(), int(data[end:])


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else value
