"""Replaces a namespace of a Redis store by another one."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.store import Phase, Space, StoreFull
from specimen.mockserver.sessions.store.codec import encode_value
from specimen.mockserver.sessions.store.redis.connection import Script
from specimen.mockserver.sessions.store.redis.sessions import ADDING, Sessions, arguments_of
from specimen.mockserver.sessions.store.redis.spaces import ENDING, Spaces

# Sessions that one script adds: less than a tenth of a second, in which the server does nothing else.
_SLICE = 500

_BEGIN = Script(
    ENDING
    + """
local totals = held()
if tonumber(ARGV[6]) - totals[1] > tonumber(ARGV[3]) then return redis.error_reply('FULL sessions') end
finish()
redis.call('HSET', N, 'value', ARGV[4], 'version', 1, 'stamp', ARGV[5])
return totals
"""
)
# Of each session come the key of its space, and what `add` takes.
_ADD_ALL = Script(
    ADDING
    + """
for at = 3, #ARGV, 10 do
  S = ARGV[at]
  redis.call('HSET', N, 'p:' .. S, '')
  add(unpack(ARGV, at + 1, at + 9))
end
"""
)


class Replacement(Spaces, Sessions):
    """The part of a store that knows both namespaces and sessions."""

    async def replace(self, name: str, value: Any, sessions: Sequence[tuple[Space, Record, Phase]]) -> None:
        """Ends a namespace, and begins it with a document and sessions.

        Whether there is room is decided once, with the end; what is added afterwards is not refused.
        """
        self._documents.pop(name, None)
        await self._totals.count()
        room = self.bounds.sessions - self._totals.sessions
        itself, arguments = Space(name, ""), (room, encode_value(value), secrets.token_hex(8), len(sessions))
        try:
            gone = await self._redis.run(_BEGIN, itself, "*", *arguments)
        except StoreFull:
            raise StoreFull("sessions", self.bounds.sessions) from None
        self._totals.add(len(sessions) - gone[0], -gone[1], -gone[2], -gone[3])
        await self._register(name)
        for start in range(0, len(sessions), _SLICE):
            parts = [
                part
                for space, record, phase in sessions[start : start + _SLICE]
                for part in (self._redis.space_key(space), *arguments_of(record, phase))
            ]
            await self._redis.run(_ADD_ALL, itself, "*", *parts)
