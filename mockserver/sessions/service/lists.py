"""Lists of sessions: pages of the store's index, in the states of now."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Literal

from specimen.mockserver.sessions.session import Session
from specimen.mockserver.sessions.session_record import Record, Timeline, timeline
from specimen.mockserver.sessions.shared_state import SharedState
from specimen.mockserver.sessions.store import Page, Phase, Space

# So many timelines take about two milliseconds.
_MOST_DUE = 200


class Lists:
    """The part of the sessions of one request that lists them."""

    __slots__ = ()
    _shared: SharedState
    _space: Space
    now: int

    def of(self, record: Record, *, poll: bool = False) -> Session:
        """A record as a session of this request."""
        raise NotImplementedError

    def _is_for_one_answer(self) -> bool:
        raise NotImplementedError

    async def page(
        self,
        order: Literal["id", "oldest", "newest"],
        limit: int,
        *,
        after: str | None = None,
        owner: str | None = None,
        state: str | None = None,
        created_from: int | None = None,
        created_to: int | None = None,
    ) -> list[Session]:
        """At most `limit` sessions in an order, after one; catalogue sessions only once they were written to.

        `created_from` and `created_to` are inclusive, in milliseconds since the epoch.

        Raises:
            KeyError: `after` is no session of the namespace, in an order by creation.
        """
        store = self._shared.store
        asked = Page(order, limit, after, owner, state, created_from, created_to)
        if not self._is_for_one_answer():
            if state is not None:
                await self._update_phases()
            return [self.of(record) for record in await store.page(self._space, asked)]
        # The preference shows sessions in another state, and created at another time, than they are.
        found: list[Session] = []
        step = Page(order, limit, after, owner)
        while True:
            records = await store.page(self._space, step)
            found += [session for session in map(self.of, records) if _is_asked(session, asked)]
            if len(records) < limit or len(found) >= limit:
                return found[:limit]
            step = replace(step, after=records[-1].id)
            await asyncio.sleep(0)

    async def _update_phases(self) -> None:
        """Moves the sessions whose phase is over into the lists of their state, some at a time."""
        shared_state = self._shared
        while records := await shared_state.store.due(self._space, self.now, _MOST_DUE):
            phases = [(record, phase_of(timeline(record, shared_state.lifecycle, self.now))) for record in records]
            await shared_state.store.rephase(self._space, phases)
            if len(records) < _MOST_DUE:
                return
            await asyncio.sleep(0)


def phase_of(line: Timeline) -> Phase:
    """The phase in which lists find a session."""
    return Phase(line.state, line.until)


def _is_asked(session: Session, asked: Page) -> bool:
    """Whether a list shows a session, by its state and time of creation."""
    if asked.state not in (None, session.state):
        return False
    if asked.created_from is not None and session.created_at < asked.created_from:
        return False
    return asked.created_to is None or session.created_at <= asked.created_to
