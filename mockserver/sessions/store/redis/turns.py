"""The turns of a Redis store: one script begins one, another one finishes it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any

from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.store import Phase, Space, Turn
from specimen.mockserver.sessions.store.codec import encode_value
from specimen.mockserver.sessions.store.queued_lock import QueuedTurn
from specimen.mockserver.sessions.store.redis.client.connection import Script
from specimen.mockserver.sessions.store.redis.sessions import ADDING, Sessions, arguments_of
from specimen.mockserver.sessions.store.redis.values import KEPT, LEASE_MILLISECONDS, PUT, TAKING, Values, versioned

# Gives what is kept, else the next number (0: none was asked for), else -1 while another one has its turn.
_BEGIN = Script(KEPT + TAKING + """
if live then return data end
if not is_taken(S .. 'lock:' .. key, ARGV[5], ARGV[6]) then return -1 end
return ARGV[7] and redis.call('HINCRBY', S .. 'c', ARGV[7], 1) or 0
""", writes=True)  # fmt: skip
# The session, where there is one, is ARGV[10] and what follows.
_FINISH = Script(KEPT + ADDING + """
if redis.call('GET', S .. 'lock:' .. key) ~= ARGV[9] then return redis.error_reply('LOST') end
if ARGV[10] and redis.call('HEXISTS', S .. 'r', ARGV[10]) == 1 then return counted(0) end
if ARGV[17] == '1' then return redis.error_reply('FULL sessions') end
""" + PUT + """
if ARGV[10] then add(unpack(ARGV, 10)) end
redis.call('DEL', S .. 'lock:' .. key)
return counted(1)
""", writes=True)  # fmt: skip


class Turns(Sessions, Values):
    """The part of a store that knows turns."""

    def turn(self, space: Space, key: str, now: int, counter: str | None = None) -> AbstractAsyncContextManager[Turn]:
        """What is kept under a key, else one caller's turn to keep something there."""
        more = () if counter is None else (counter,)

        async def begin(token: str) -> QueuedTurn | None:
            found = await self._run(_BEGIN, space, key, now, token, LEASE_MILLISECONDS, *more)
            if found == -1:
                return None
            turn = QueuedTurn(token, finish)
            if isinstance(found, int):
                turn.number = found
            else:
                turn.kept, turn.is_held = versioned(found), False
            return turn

        async def finish(token: str, session: tuple[Record, Phase] | None, value: Any, until: int, now: int) -> bool:
            added = () if session is None else arguments_of(*session, is_full=await self._is_full())
            is_done = bool(await self._changed(_FINISH, space, (key, now, until, encode_value(value)), token, *added))
            if is_done and session is not None:
                self._totals.add(sessions=1)
            return is_done

        return self._locks.turn(space, key, begin)
