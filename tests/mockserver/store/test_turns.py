"""What every store promises of turns: something is kept once under a key, together with a session."""

from __future__ import annotations

import asyncio

import pytest

from specimen.mockserver.sessions.session_record import FOREVER
from specimen.mockserver.sessions.store import Bounds, Page, Store, StoreFull, TurnLost, Versioned
from specimen.mockserver.sessions.store.queued_lock import QueuedTurn
from tests.mockserver.store.places import OTHER, SPACE, Place, fill, phase, record

NONE = Versioned(None, 0)


async def test_turn__keeps_once(place: Place) -> None:
    """The first adds a session and keeps a value; the next sees it, until its time is over, and takes no number."""
    async with place.opened() as one, place.opened() as two:
        async with one.turn(SPACE, "k", 0, "n") as turn:
            assert (turn.kept, turn.number) == (NONE, 1)
            assert await turn.finish((record("a", keys=("k:1",), owner="acme"), phase()), ["kept"], 100, 0)
        for store in (one, two):
            async with store.turn(SPACE, "k", 99, "n") as turn:
                assert (turn.kept, turn.number) == (Versioned(["kept"], 1), 0)
        assert (await two.find(SPACE, "k:1")) == record("a", keys=("k:1",), owner="acme")
        assert [each.id for each in await two.page(SPACE, Page("newest", 9, owner="acme", state="open"))] == ["a"]
        assert await two.count(SPACE) == 1
        assert await two.value(SPACE, "k", 0) == Versioned(["kept"], 1)
        async with two.turn(SPACE, "k", 100, "n") as turn:
            assert (turn.kept, turn.number) == (NONE, 2)
        async with two.turn(OTHER, "k", 0, "n") as turn:
            assert (turn.kept, turn.number) == (NONE, 1)


async def test_turn__without_session_or_number(place: Place) -> None:
    """A value alone; nothing at all, by who does not finish."""
    async with place.opened() as store:
        async with store.turn(SPACE, "k", 0) as turn:
            assert (turn.kept, turn.number) == (NONE, 0)
        async with store.turn(SPACE, "k", 0) as turn:
            assert await turn.finish(None, 7, FOREVER, 0)
        async with store.turn(SPACE, "k", 0) as turn:
            assert turn.kept == Versioned(7, 1)
        assert await store.count(SPACE) == 0
        assert await store.increment(SPACE, "n") == 1


async def test_turn__of_many(place: Place) -> None:
    """Of fifty callers of two clients one finishes, with number 1, and all others see what it kept."""

    async def enter(store: Store, name: str) -> tuple[str, bool]:
        async with store.turn(SPACE, "k", 0, "n") as turn:
            if turn.kept.version:
                return turn.kept.value, False
            assert turn.number == 1
            await asyncio.sleep(0)
            assert await turn.finish((record(name), phase()), name, 100, 0)
            return name, True

    async with place.opened() as one, place.opened() as two:
        found = await asyncio.gather(*(enter((one, two)[n % 2], f"s{n}") for n in range(50)))
        assert len({name for name, _ in found}) == 1
        assert [is_first for _, is_first in found].count(True) == 1
        assert await one.count(SPACE) == 1


async def test_turn__id_that_is_there(place: Place) -> None:
    """Nothing is changed, and the turn goes on: another id may be given."""
    async with place.opened() as store:
        (old,) = await fill(store, "a", owner="old")
        async with store.turn(SPACE, "k", 0) as turn:
            assert not await turn.finish((record("a", owner="new"), phase()), "kept", 100, 0)
            assert await store.value(SPACE, "k", 0) == NONE
            assert await turn.finish((record("b"), phase()), "kept", 100, 0)
        assert await store.get(SPACE, "a") == old
        assert await store.count(SPACE) == 2
        assert (await store.value(SPACE, "k", 0)).value == "kept"


@pytest.mark.parametrize(("bounds", "bound"), [(Bounds(sessions=1), "sessions"), (Bounds(value_bytes=200), "value_bytes")])
async def test_turn__no_room(place: Place, bounds: Bounds, bound: str) -> None:
    """Where there is no room for the session or for the value, neither is kept, and the next one's turn begins."""
    async with place.opened(bounds) as store:
        await fill(store, "a")
        with pytest.raises(StoreFull) as refused:
            async with store.turn(SPACE, "k", 0) as turn:
                await turn.finish((record("b"), phase()), b"x" * 300 if bound == "value_bytes" else 1, 100, 0)
        assert (refused.value.bound, refused.value.most) == (bound, getattr(bounds, bound))
        assert await store.count(SPACE) == 1
        assert await store.get(SPACE, "b") is None
        async with asyncio.timeout(5), store.turn(SPACE, "k", 0) as turn:
            assert turn.kept == NONE


async def test_turn__is_a_lock(place: Place) -> None:
    """Turns and locks of one key wait for one another; one that is left by an error, or cancelled, lets the next begin."""
    async with place.opened() as one, place.opened() as two:
        with pytest.raises(ZeroDivisionError):
            async with one.turn(SPACE, "k", 0):
                raise ZeroDivisionError
        async with one.lock(SPACE, "k"):

            async def wait() -> None:
                async with two.turn(SPACE, "k", 0):
                    pass

            waiting = asyncio.create_task(wait())
            done, _ = await asyncio.wait([waiting], timeout=0.03)
            assert not done
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        async with asyncio.timeout(5), two.turn(SPACE, "k", 0), one.turn(SPACE, "other", 0):
            pass


async def test_turn__wakes_who_watch(place: Place) -> None:
    """The session that comes with a turn is a change like any other."""
    async with place.opened() as one, place.opened() as two, one.watch(SPACE) as of_space, one.watch(SPACE, "a") as of_session:
        async with two.turn(SPACE, "k", 0) as turn:
            await turn.finish((record("a"), phase()), 1, 100, 0)
        assert await of_space.wait(5)
        assert await of_session.wait(5)


async def test_turn__lost(place: Place) -> None:
    """Who was stopped for longer than a turn lasts changes nothing: another one had its turn."""
    if place.kind == "memory":
        return  # a turn there ends with its holder's process
    async with place.opened() as one, place.opened() as two:
        async with one.turn(SPACE, "k", 0) as turn:
            assert isinstance(turn, QueuedTurn)
            turn.token = "another one's"  # as if the lease had been over
            with pytest.raises(TurnLost):
                await turn.finish((record("a"), phase()), 1, 100, 0)
        assert await two.count(SPACE) == 0
        assert await two.value(SPACE, "k", 0) == NONE
