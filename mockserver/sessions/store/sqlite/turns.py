"""The turns of a SQLite store: one transaction begins one, another one finishes it."""

from __future__ import annotations

import sqlite3
from contextlib import AbstractAsyncContextManager
from typing import Any

from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.store import Phase, Space, Turn, TurnLost, Versioned
from specimen.mockserver.sessions.store.codec import decode_value, encode_record, encode_value
from specimen.mockserver.sessions.store.queued_lock import QueuedTurn
from specimen.mockserver.sessions.store.sqlite.sessions import Sessions
from specimen.mockserver.sessions.store.sqlite.values import Values, incremented, is_locked, is_released, is_taken, kept_row


class Turns(Sessions, Values):
    """The part of a store that knows turns."""

    def turn(self, space: Space, key: str, now: int, counter: str | None = None) -> AbstractAsyncContextManager[Turn]:
        """What is kept under a key, else one caller's turn to keep something there."""

        def look(db: sqlite3.Connection) -> Any:
            return kept_row(db, space, key, now) or is_locked(db, space, key)

        def take(db: sqlite3.Connection, token: str) -> Any:
            kept = kept_row(db, space, key, now)
            if kept is not None:
                return kept
            if not is_taken(db, space, key, token):
                return True
            return 0 if counter is None else incremented(db, space, counter)

        async def begin(token: str) -> QueuedTurn | None:
            # Who waits asks often; that takes no transaction of the one that may write.
            found = await self._file.read(look) or await self._file.write(lambda db: take(db, token))
            if found is True:
                return None
            turn = QueuedTurn(token, finish)
            if isinstance(found, int):
                turn.number = found
            else:
                turn.kept, turn.is_held = Versioned(decode_value(found[2]), found[1]), False
            return turn

        async def finish(token: str, session: tuple[Record, Phase] | None, value: Any, until: int, now: int) -> bool:
            def work(db: sqlite3.Connection) -> bool:
                if session is not None and not self._add(db, space, *session, record):
                    return False
                if not is_released(db, space, key, token):
                    raise TurnLost(space.namespace)
                self._put(db, space, key, encoded, (until, now, 1))
                return True

            encoded = encode_value(value)
            record = b"" if session is None else encode_record(session[0])
            is_done = await self._file.write(work)
            if session is not None:
                self._noted(space, session[0].id, is_done)
            return is_done

        return self._locks.turn(space, key, begin)
