"""The namespaces of a Redis store."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from typing import Any

from specimen.fixtures.recipes.recipe import DEFAULT_NAMESPACE
from specimen.mockserver.sessions.store import Bounds, NamespaceChanged, Space, StoreFull, Versioned
from specimen.mockserver.sessions.store.codec import decode_value, encode_value
from specimen.mockserver.sessions.store.redis.client.connection import Connection, Script, UnknownSpace
from specimen.mockserver.sessions.store.redis.totals import Totals

# How often a namespace that is in use is marked as such.
_USED_SECONDS = 5.0
_MOST_CACHED = 10_000
# Unused namespaces that one request ends.
_MOST_ENDED = 20

# The keys that the parts of a space are in; a namespace's end unlinks them all.
PARTS = ("n", "r", "s", "i", "u", "os", "oi", "oss", "osi", "k", "v", "vk", "vu", "c", "l", "q", "qi", "ql", "qh", "qz", "qd")

_READ = Script("return redis.call('HMGET', N, 'value', 'version', 'stamp')")
# Besides its version a document has a stamp that is never used again: a namespace that was ended and begun anew is another.
_SET = Script("""
local version = tonumber(redis.call('HGET', N, 'version') or '0')
if version ~= tonumber(ARGV[3]) then return 0 end
redis.call('HSET', N, 'value', ARGV[4], 'version', version + 1, 'stamp', ARGV[5])
redis.call('PUBLISH', N .. ':w', '')
return 1
""")
# `held` is how many sessions, values, bytes of values and tasks the namespace has; `finish` ends it.
ENDING = f"""
local function spaces()
  local found = {{}}
  for _, field in ipairs(redis.call('HKEYS', N)) do
    if string.sub(field, 1, 2) == 'p:' then table.insert(found, string.sub(field, 3)) end
  end
  return found
end
local function held()
  local totals = {{0, 0, 0, 0}}
  for _, space in ipairs(spaces()) do
    local found = redis.call('HMGET', space .. 'n', 'sessions', 'values', 'value_bytes')
    found[4] = redis.call('HLEN', space .. 'q')
    for index = 1, 4 do totals[index] = totals[index] + tonumber(found[index] or '0') end
  end
  return totals
end
local function finish()
  for _, space in ipairs(spaces()) do
    for part in string.gmatch('{" ".join(PARTS)}', '%a+') do redis.call('UNLINK', space .. part) end
  end
  redis.call('UNLINK', N)
  redis.call('PUBLISH', N .. ':w', '')
end
"""
# All names are in one sorted set by when they were used last, in microseconds; this one, later than any, has a name that ends:
# its data is still to be dropped, or was on the way to be when the connection was lost.
_ENDS = 9_000_000_000_000_000
# 1 where the name is new, 2 where it was one that ends, and what is left of that has to go first.
_NAME = f"""
local before = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
if not before then return 1 end
return tonumber(before) >= {_ENDS} and 2 or 0
"""
# Unless it was given anew meanwhile.
_UNNAME = f"""
if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or '0') < {_ENDS} then return 0 end
return redis.call('ZREM', KEYS[1], ARGV[1])
"""
_DROP = Script(ENDING + "local totals = held()\nfinish()\nreturn totals")


class Spaces:
    """The part of a store that knows namespaces."""

    bounds: Bounds
    _redis: Connection
    _totals: Totals
    # The documents that this process has read, with their stamps; a script that finds another stamp says so.
    _documents: dict[str, tuple[Versioned, str]]
    # Namespaces that were used since they were last marked, with the time in microseconds; and when they were marked.
    _used: dict[str, int]
    _marked_at: float

    async def namespace(self, name: str) -> Versioned:
        """The document of a namespace, from this process's cache where it has it; marks it as used."""
        if time.monotonic() - self._marked_at >= _USED_SECONDS:
            await self._mark_used()
            await self._end_unused(name)
        cached = self.namespace_at_hand(name)
        if cached is not None:
            return cached
        self._used[name] = time.time_ns() // 1000
        await self._register(name)
        # Nothing is waited for between the answer and the cache: answers come in the order in which the server reads, and a slow
        # caller would keep what there was before a change for what there is.
        value, version, stamp = await self._redis.run(_READ, Space(name, ""), "*")
        found = Versioned(None if value is None else decode_value(value), int(version or 0))
        if len(self._documents) >= _MOST_CACHED:
            self._documents.clear()
        self._documents[name] = (found, (stamp or b"").decode())
        return found

    def namespace_at_hand(self, name: str) -> Versioned | None:
        """The cached document: every script that follows checks that it is still the store's."""
        cached = self._documents.get(name)
        if cached is None or time.monotonic() - self._marked_at >= _USED_SECONDS:
            return None
        self._used.pop(name, None)
        self._used[name] = time.time_ns() // 1000
        return cached[0]

    async def set_namespace(self, name: str, value: Any, version: int) -> bool:
        """Replaces the document of a namespace where its version is `version`."""
        self._documents.pop(name, None)
        arguments = (version, encode_value(value), secrets.token_hex(8))
        is_set = await self._redis.run(_SET, Space(name, ""), "*", *arguments)
        self._documents.pop(name, None)  # who read it meanwhile, in this process, may have what there was before
        if not is_set:
            return False
        if version == 0:
            await self._register(name)
        return True

    async def namespaces(self, after: str, limit: int) -> Sequence[str]:
        """Names in alphabetical order, after one."""
        return sorted(name for name in await self._names() if name > after)[:limit]

    async def _names(self) -> list[str]:
        """All names but those that end, by when they were used last."""
        found = await self._redis.command("ZRANGEBYSCORE", self._registry, "-inf", f"({_ENDS}")
        return [name.decode() for name in found]

    async def drop(self, name: str) -> None:
        """Ends a namespace with all that is in it, at once; Redis frees the memory in a thread of its own."""
        self._documents.pop(name, None)
        self._used.pop(name, None)
        # First its name ends: whoever begins it anew names it again, and whoever wakes finds it ended. It goes last: where the
        # connection is lost between, the next process that opens the store or names it again finds what is left.
        await self._redis.command("ZADD", self._registry, "XX", _ENDS, name)
        await self._dropped(name)

    async def end_what_is_left(self) -> None:
        """Goes on to drop what was dropped halfway."""
        for name in await self._redis.command("ZRANGEBYSCORE", self._registry, _ENDS, "+inf"):
            await self._dropped(name.decode())

    async def _dropped(self, name: str) -> None:
        gone = await self._redis.run(_DROP, Space(name, ""), "*")
        self._documents.pop(name, None)
        self._totals.add(*(-count for count in gone))
        await self._redis.command("EVAL", _UNNAME, 1, self._registry, name)

    @property
    def _registry(self) -> str:
        return f"{self._redis.prefix}namespaces"

    async def _run(self, script: Script, space: Space, *arguments: Any) -> Any:
        """What a script gives, where the namespace's document is still the one that this process has read."""
        cached = self._documents.get(space.namespace)
        stamp = "*" if cached is None else cached[1]
        try:
            try:
                return await self._redis.run(script, space, stamp, *arguments)
            except UnknownSpace:
                await self._register(space.namespace)
                return await self._redis.run(script, space, stamp, *arguments, may_be_new=True)
        except NamespaceChanged:
            self._documents.pop(space.namespace, None)
            raise

    async def _register(self, name: str) -> None:
        """Names a namespace among all; where they are too many, ends those that were used least recently."""
        found = await self._redis.command("EVAL", _NAME, 1, self._registry, name, time.time_ns() // 1000)
        if not found:
            return
        if found == 2:
            await self._dropped(name)
        if await self._named() <= self.bounds.namespaces:
            return
        await self._mark_used()
        while await self._named() > self.bounds.namespaces:
            oldest = [found.decode() for found in await self._redis.command("ZRANGE", self._registry, 0, 2)]
            chosen = next((other for other in oldest if other not in (name, DEFAULT_NAMESPACE)), None)
            if chosen is None:
                await self._redis.command("ZREM", self._registry, name)
                raise StoreFull("namespaces", self.bounds.namespaces)
            await self.drop(chosen)

    async def _named(self) -> int:
        return int(await self._redis.command("ZCOUNT", self._registry, "-inf", f"({_ENDS}"))

    async def _end_unused(self, name: str) -> None:
        """Ends namespaces that nobody used for as long as the URL says, some at a time; not the one that is asked for now."""
        seconds = self._redis.expire_seconds
        if seconds is None:
            return
        before = time.time_ns() // 1000 - seconds * 1_000_000
        unused = await self._redis.command("ZRANGEBYSCORE", self._registry, "-inf", before, "LIMIT", 0, _MOST_ENDED)
        for other in [found.decode() for found in unused]:
            if other not in (name, DEFAULT_NAMESPACE):
                await self.drop(other)

    async def _mark_used(self) -> None:
        self._marked_at = time.monotonic()
        used, self._used = self._used, {}
        pairs = [part for name, at in used.items() for part in (at, name)]
        if pairs:
            # `GT`: a name that ends does so however lately it was used.
            await self._redis.command("ZADD", self._registry, "XX", "GT", *pairs)
            await asyncio.sleep(0)
