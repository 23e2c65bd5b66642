"""Replaces a namespace of a Redis store by another one."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.store import Phase, Space, StoreFull, StoreUnavailable
from specimen.mockserver.sessions.store.codec import encode_value
from specimen.mockserver.sessions.store.redis.client.connection import Script
from specimen.mockserver.sessions.store.redis.sessions import ADDING, Sessions, arguments_of
from specimen.mockserver.sessions.store.redis.spaces import ENDING, PARTS, Spaces

# Sessions that one script adds: less than a tenth of a second, in which the server does nothing else.
_SLICE = 500
# What was prepared by a process that then lost its connection, or ended, is gone after as long.
_PREPARED_SECONDS = 60

_FITS = """
if tonumber(ARGV[4]) - held()[1] > tonumber(ARGV[3]) then return redis.error_reply('FULL sessions') end
"""
_CHECK = Script(ENDING + _FITS)
# Adds sessions under keys that nobody reads, and that go by themselves. Of each come the key of its space, and what `add` takes.
_PREPARE = Script(
    ADDING
    + f"""
local spaces = {{}}
for at = 4, #ARGV, 10 do
  S = ARGV[at]
  spaces[S] = true
  add(unpack(ARGV, at + 1, at + 9))
end
for space in pairs(spaces) do
  for part in string.gmatch('{" ".join(PARTS)}', '%a+') do redis.call('EXPIRE', space .. part, ARGV[3]) end
end
"""
)
# Ends the namespace, and gives what was prepared its place; nil where that is not all there any more.
_SWITCH = Script(
    ENDING
    + f"""
local ready = 0
for at = 7, #ARGV, 2 do ready = ready + tonumber(redis.call('HGET', ARGV[at] .. 'n', 'sessions') or '0') end
if ready ~= tonumber(ARGV[4]) then return nil end
{_FITS}
local totals = held()
finish()
redis.call('HSET', N, 'value', ARGV[5], 'version', 1, 'stamp', ARGV[6])
for at = 7, #ARGV, 2 do
  for part in string.gmatch('{" ".join(PARTS)}', '%a+') do
    if redis.call('EXISTS', ARGV[at] .. part) == 1 then
      redis.call('RENAME', ARGV[at] .. part, ARGV[at + 1] .. part)
      redis.call('PERSIST', ARGV[at + 1] .. part)
    end
  end
  redis.call('HSET', N, 'p:' .. ARGV[at + 1], '')
end
return totals
"""
)


class Replacement(Spaces, Sessions):
    """The part of a store that knows both namespaces and sessions."""

    async def replace(self, name: str, value: Any, sessions: Sequence[tuple[Space, Record, Phase]]) -> None:
        """Ends a namespace, and begins it with a document and sessions: by one script, once all of them are in the server."""
        self._documents.pop(name, None)
        await self._totals.count()
        await self._register(name)
        itself, bound = Space(name, ""), (self.bounds.sessions - self._totals.sessions, len(sessions))
        own = secrets.token_hex(8)
        places = {space: self._redis.prepared_key(space, own) for space, _, _ in sessions}
        try:
            await self._redis.run(_CHECK, itself, "*", *bound)
            for start in range(0, len(sessions), _SLICE):
                parts = [
                    part
                    for space, record, phase in sessions[start : start + _SLICE]
                    for part in (places[space], *arguments_of(record, phase))
                ]
                await self._redis.run(_PREPARE, itself, "*", _PREPARED_SECONDS, *parts)
            moves = [part for space, place in places.items() for part in (place, self._redis.space_key(space))]
            gone = await self._redis.run(_SWITCH, itself, "*", *bound, encode_value(value), secrets.token_hex(8), *moves)
        except StoreFull:
            raise StoreFull("sessions", self.bounds.sessions) from None
        self._documents.pop(name, None)
        if gone is None:
            raise StoreUnavailable(f"store {self._redis.name}: it took too long to take the sessions; nothing was changed.")
        self._totals.add(len(sessions) - gone[0], -gone[1], -gone[2], -gone[3])
