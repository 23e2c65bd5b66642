"""What every store promises of sessions, keys, owners and phases."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from specimen.fixtures.primitives.timelines import Event
from specimen.mockserver.sessions.session_record import FOREVER
from specimen.mockserver.sessions.store import Bounds, StoreFull
from tests.mockserver.store.places import ELSEWHERE, OTHER, SPACE, Place, fill, phase, record


async def test_get__what_was_added(place: Place) -> None:
    """A session comes back whole, in its namespace and provider only."""
    async with place.opened() as store:
        kept = record(
            "a", facts={"n": 1, "deep": {"list": [1, 2.5, None, True, "ü"]}, "big": 2**70}, keys=("k:1", "k:2"),
            events=(Event("open", 5, "created"), Event("done", 9, "asked")), polls=3, reads=2, owner="acme", pinned=True,
        )  # fmt: skip
        assert await store.add(SPACE, kept, phase())
        assert await store.get(SPACE, "a") == kept
        assert await store.get(SPACE, "b") is None
        assert await store.get(OTHER, "a") is None
        assert await store.get(ELSEWHERE, "a") is None


async def test_add__once_for_an_id(place: Place) -> None:
    """The second of the same id changes nothing, not even keys."""
    async with place.opened() as store:
        (first,) = await fill(store, "a", keys=("k:1",))
        assert not await store.add(SPACE, record("a", seed=2, keys=("k:2",)), phase("done"))
        assert await store.get(SPACE, "a") == first
        assert await store.find(SPACE, "k:2") is None
        assert await store.count(SPACE) == 1


async def test_swap__by_version(place: Place) -> None:
    """Who read the newest version replaces it; who did not is told so."""
    async with place.opened() as store:
        (first,) = await fill(store, "a")
        second = replace(first, version=2, reads=1)
        assert await store.swap(SPACE, second, phase("done"))
        assert not await store.swap(SPACE, replace(first, version=2, reads=9), phase("done"))
        assert await store.get(SPACE, "a") == second
        assert not await store.swap(SPACE, replace(second, version=4), phase())
        assert not await store.swap(SPACE, record("b", version=2), phase())
        assert await store.count(SPACE) == 1


async def test_swap__of_many_loses_none(place: Place) -> None:
    """Forty that count on one session, from two clients, count forty."""

    async def count(store) -> None:
        while True:
            old = await store.get(SPACE, "a")
            if await store.swap(SPACE, replace(old, version=old.version + 1, reads=old.reads + 1), phase()):
                return

    async with place.opened() as one, place.opened() as two:
        await fill(one, "a")
        await asyncio.gather(*(count((one, two)[number % 2]) for number in range(40)))
        found = await one.get(SPACE, "a")
        assert (found.reads, found.version) == (40, 41)


async def test_change__of_a_session_that_was_made_anew(place: Place) -> None:
    """It has the version of the one that was read, and another content: neither replaced nor deleted in its place."""
    async with place.opened() as store, place.opened() as other:
        (read,) = await fill(store, "a", keys=("k:1",), facts={"n": [1, 2**70], "who": "ü"})
        read = await store.get(SPACE, "a") or read
        assert await other.delete(SPACE, "a")
        (anew,) = await fill(other, "a", keys=("k:1",), facts={"n": [1, 2**70], "who": "u"})
        assert not await store.swap(SPACE, replace(read, version=2, reads=1), phase(), read)
        assert not await store.delete(SPACE, "a", read)
        assert await store.get(SPACE, "a") == anew
        newer = replace(anew, version=2, reads=1)
        assert await store.swap(SPACE, newer, phase(), await store.get(SPACE, "a"))
        assert not await store.delete(SPACE, "a", anew)
        assert await store.delete(SPACE, "a", newer)


async def test_find__newest_owner(place: Place) -> None:
    """A key names its newest session; an older one that changes takes it not back; when that is deleted, the older has it."""
    async with place.opened() as store:
        old, new = await fill(store, "old", "new", keys=("k:1",))
        await fill(store, "other", keys=("k:10",))
        assert await store.find(SPACE, "k:1") == new
        older = replace(old, version=2)
        assert await store.swap(SPACE, older, phase())
        assert await store.find(SPACE, "k:1") == new
        assert await store.owners(SPACE, "k:1", 10) == [new, older]
        assert await store.owners(SPACE, "k:1", 1) == [new]
        assert await store.find(OTHER, "k:1") is None
        assert await store.find(SPACE, "k:") is None
        assert await store.delete(SPACE, "new")
        assert await store.find(SPACE, "k:1") == older


async def test_swap__changes_keys(place: Place) -> None:
    """A key that a session gives up is gone, one that it gets is there, in its old place among owners."""
    async with place.opened() as store:
        (first, second) = await fill(store, "a", "b", keys=("k:1",))
        moved = replace(first, version=2, keys=("k:2",))
        assert await store.swap(SPACE, moved, phase())
        assert await store.owners(SPACE, "k:1", 9) == [second]
        both = replace(second, version=2, keys=("k:1", "k:2"))
        assert await store.swap(SPACE, both, phase())
        assert await store.owners(SPACE, "k:2", 9) == [both, moved]


async def test_delete__with_keys(place: Place) -> None:
    """A deleted session is in no index; its id may come again."""
    async with place.opened() as store:
        await fill(store, "a", keys=("k:1",))
        assert await store.delete(SPACE, "a")
        assert not await store.delete(SPACE, "a")
        assert await store.get(SPACE, "a") is None
        assert await store.find(SPACE, "k:1") is None
        assert await store.count(SPACE) == 0
        assert await store.due(SPACE, FOREVER, 9) == []
        await fill(store, "a", keys=("k:1",))
        assert await store.count(SPACE) == 1


async def test_due__those_that_ended_first(place: Place) -> None:
    """Sessions whose phase is over, its end included; none twice once they have a new phase."""
    async with place.opened() as store:
        for name, until in (("c", 30), ("a", 10), ("b", 20)):
            assert await store.add(SPACE, record(name), phase("open", until))
        assert [found.id for found in await store.due(SPACE, 9, 9)] == []
        assert [found.id for found in await store.due(SPACE, 20, 9)] == ["a", "b"]
        assert [found.id for found in await store.due(SPACE, 99, 2)] == ["a", "b"]
        due = await store.due(SPACE, 20, 9)
        await store.rephase(SPACE, [(found, phase("done")) for found in due])
        assert [found.id for found in await store.due(SPACE, 99, 9)] == ["c"]


async def test_rephase__only_of_that_version(place: Place) -> None:
    """Who swapped meanwhile keeps the phase that it set."""
    async with place.opened() as store:
        old, gone = await fill(store, "a", "b")
        assert await store.swap(SPACE, replace(old, version=2), phase("done", 50))
        assert await store.delete(SPACE, "b")
        await store.rephase(SPACE, [(old, phase("late", 1)), (gone, phase("late", 1))])
        assert await store.due(SPACE, 49, 9) == []
        assert [found.id for found in await store.due(SPACE, 50, 9)] == ["a"]
        await store.rephase(SPACE, [])


async def test_add__up_to_the_bound(place: Place) -> None:
    """One more than the bound is refused with its name; a deleted one makes room."""
    async with place.opened(Bounds(sessions=3)) as store:
        await fill(store, "a", "b")
        await fill(store, "c", space=ELSEWHERE)
        with pytest.raises(StoreFull) as refused:
            await store.add(SPACE, record("d"), phase())
        assert (refused.value.bound, refused.value.most) == ("sessions", 3)
        assert await store.get(SPACE, "d") is None
        assert not await store.add(SPACE, record("a"), phase())
        assert await store.delete(SPACE, "a")
        await fill(store, "d")
