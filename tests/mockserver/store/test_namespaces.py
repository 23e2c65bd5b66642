"""What every store promises of namespaces, bounds and watches."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from typing import Any, cast

import pytest
from msgspec.structs import replace

from specimen.mockserver.sessions.clock import Clock
from specimen.mockserver.sessions.namespaces import Namespaces
from specimen.mockserver.sessions.session_record import FOREVER
from specimen.mockserver.sessions.store import Bounds, NamespaceChanged, Page, Space, Store, StoreFull, Versioned, Watch
from tests.mockserver.store.places import ELSEWHERE, OTHER, SPACE, Place, fill, phase, record

ITSELF = Space("default", "")
NOW = 1_700_000_000_000


async def test_namespace__by_version(place: Place) -> None:
    """A document is replaced by who read its newest version."""
    async with place.opened() as store:
        assert await store.namespace("default") == Versioned(None, 0)
        assert not await store.set_namespace("default", {"offset": 1}, 1)
        assert await store.set_namespace("default", {"offset": 1}, 0)
        assert not await store.set_namespace("default", {"offset": 2}, 0)
        assert await store.namespace("default") == Versioned({"offset": 1}, 1)
        assert await store.set_namespace("default", {"offset": 2}, 1)
        assert await store.namespace("default") == Versioned({"offset": 2}, 2)
        assert await store.namespace("other") == Versioned(None, 0)


async def test_namespace__change_of_another_process(place: Place) -> None:
    """What follows an old version says so; then the new one is read."""
    async with place.opened() as one, place.opened() as two:
        assert (await one.namespace("default")).version == 0
        assert await two.set_namespace("default", 7, 0)
        for _ in range(2):
            try:
                await one.get(SPACE, "a")
                break
            except NamespaceChanged:
                continue
        assert await one.namespace("default") == Versioned(7, 1)
        assert await one.get(SPACE, "a") is None
        await fill(one, "a")


async def test_replace__whole(place: Place) -> None:
    """What was there is gone, values too; document, order, keys and lists are the new ones, for every client."""
    async with place.opened() as store, place.opened() as other:
        assert await store.set_namespace("default", 1, 0)
        await fill(store, "a", "b", keys=("k:1",))
        await store.set_value(SPACE, "v", 1, FOREVER, 0)
        await fill(store, "far", space=ELSEWHERE)
        newer = [
            (space, record(name, space, keys=("k:2",)), phase("done", 5))
            for name, space in zip("cab", [SPACE, SPACE, OTHER], strict=True)
        ]
        await store.replace("default", {"offset": 2}, newer)
        for client in (store, other):
            assert await client.namespace("default") == Versioned({"offset": 2}, 1)
            assert [one.id for one in await client.page(SPACE, Page("oldest", 9, state="done"))] == ["c", "a"]
            assert [one.id for one in await client.owners(SPACE, "k:2", 9)] == ["a", "c"]
            assert await client.owners(SPACE, "k:1", 9) == []
            assert await client.get(OTHER, "b") == newer[2][1]
            assert {one.id for one in await client.due(SPACE, 5, 9)} == {"c", "a"}
            assert (await client.value(SPACE, "v", 0)).version == 0
            assert [await client.count(space) for space in (SPACE, OTHER, ELSEWHERE)] == [2, 1, 1]
        assert await store.swap(SPACE, replace(newer[0][1], version=2), phase())


async def test_replace__or_not_at_all(place: Place) -> None:
    """Without room nothing is changed, whoever took it; what is replaced makes room."""
    async with place.opened(Bounds(sessions=4)) as store, place.opened(Bounds(sessions=4)) as other:
        assert await store.set_namespace("default", 1, 0)
        await fill(store, "a", "b")
        await fill(other, "far", "away", space=ELSEWHERE)
        newer = [(SPACE, record(name), phase()) for name in "cde"]
        with pytest.raises(StoreFull) as refused:
            await store.replace("default", 2, newer)
        assert (refused.value.bound, refused.value.most) == ("sessions", 4)
        assert await store.namespace("default") == Versioned(1, 1)
        assert [one.id for one in await store.page(SPACE, Page("oldest", 9))] == ["a", "b"]
        await store.replace("default", 2, newer[:2])
        assert [one.id for one in await store.page(SPACE, Page("oldest", 9))] == ["c", "d"]
        with pytest.raises(StoreFull):
            await store.replace("new", 1, [(Space("new", "atlas"), record("x", Space("new", "atlas")), phase())])
        assert await store.count(Space("new", "atlas")) == 0


@pytest.mark.parametrize("document", [False, True])
async def test_drop__all_of_it(place: Place, document: bool) -> None:
    """Sessions, keys, values, counters, logs, tasks and document; other namespaces stay; what comes later begins anew."""
    async with place.opened() as store:
        if document:
            assert await store.set_namespace("default", 1, 0)
        for space in (SPACE, OTHER, ITSELF, ELSEWHERE):
            await store.add(space, record("a", space, keys=("k:1",)), phase("open", 5))
            await store.set_value(space, "v", 1, FOREVER, 0)
            await store.increment(space, "n")
            await store.append(space, "log", ["x"])
            await store.enqueue(space, "t", "lane", 0, None)
        await store.drop("default")
        await store.drop("default")
        assert (await store.namespace("default")) == Versioned(None, 0)
        for space in (SPACE, OTHER, ITSELF):
            assert await store.get(space, "a") is None
            assert await store.find(space, "k:1") is None
            assert await store.count(space) == 0
            assert await store.page(space, Page("id", 9)) == []
            assert await store.due(space, 9, 9) == []
            assert (await store.value(space, "v", 0)).version == 0
            assert await store.values(space, "", 0, "", 9) == []
            assert await store.entries(space, "log", 0, 9) == []
            assert await store.tasks(space, "", 9) == []
            assert await store.claim(space, 9, 60, 9) == []
            assert await store.increment(space, "n") == 1
            assert await store.enqueue(space, "t", "lane", 0, None)
        assert await store.count(ELSEWHERE) == 1
        assert await store.increment(ELSEWHERE, "n") == 2
        assert await store.add(SPACE, record("a"), phase())


async def test_namespaces__pages(place: Place) -> None:
    """By name; a namespace is there once it was used."""
    async with place.opened() as store:
        for name in ("b", "default", "a"):
            await store.namespace(name)
        await store.set_value(Space("c", "atlas"), "k", 1, FOREVER, 0)
        assert list(await store.namespaces("", 9)) == ["a", "b", "c", "default"]
        assert list(await store.namespaces("a", 2)) == ["b", "c"]
        await store.drop("b")
        assert list(await store.namespaces("", 9)) == ["a", "c", "default"]


async def test_namespace__bound(place: Place) -> None:
    """The least recently used one is ended, the default one never."""
    async with place.opened(Bounds(namespaces=3)) as store:
        for name in ("default", "a", "b", "a"):
            await store.namespace(name)
        await fill(store, "x", space=Space("a", "atlas"))
        await fill(store, "x", space=Space("b", "atlas"))
        await store.namespace("a")
        await store.namespace("c")
        assert set(await store.namespaces("", 9)) == {"a", "c", "default"}
        assert await store.count(Space("a", "atlas")) == 1
        assert await store.count(Space("b", "atlas")) == 0


async def test_namespace__bound_of_one(place: Place) -> None:
    """Where only the default one is there, another one is refused."""
    async with place.opened(Bounds(namespaces=1)) as store:
        await store.namespace("default")
        with pytest.raises(StoreFull) as refused:
            await store.namespace("d")
        assert (refused.value.bound, refused.value.most) == ("namespaces", 1)


async def test_drop__while_others_write(place: Place) -> None:
    """What is there afterwards is whole: each session in every index, the count right."""

    async def write(store: Store, name: str) -> None:
        for number in range(40):
            await store.add(SPACE, record(f"{name}-{number}", owner="acme", keys=(f"k:{name}-{number}",)), phase())

    async def drop(store: Store) -> None:
        for _ in range(5):
            await store.drop("default")
            await asyncio.sleep(0.002)

    async with place.opened() as one, place.opened() as two:
        await asyncio.gather(write(one, "a"), write(two, "b"), drop(one))
        found = await two.page(SPACE, Page("id", 99))
        assert await one.count(SPACE) == len(found)
        assert {each.id for each in await one.page(SPACE, Page("newest", 99, owner="acme", state="open"))} == {
            each.id for each in found
        }
        for each in found:
            assert await one.find(SPACE, each.keys[0]) == each


@pytest.mark.parametrize("other_process", [False, True])
async def test_watch__wakes_for_what_it_watches(place: Place, other_process: bool) -> None:
    """Of a session or a space, by changes of this process or another one."""
    async with place.opened() as one, place.opened() as two:
        writer = two if other_process else one
        old, other = await fill(one, "a", "b")
        async with one.watch(SPACE, "a") as of_session, one.watch(SPACE) as of_space, one.watch(OTHER) as of_other:
            if place.kind == "cluster":  # another node may pass on late what was said before the watch began
                while await of_session.wait(0.05) or await of_space.wait(0):
                    pass
            assert not await of_session.wait(0.05)
            assert not await of_space.wait(0)
            assert await writer.swap(SPACE, replace(other, version=2), phase())
            assert await of_space.wait(5)
            assert not await of_session.wait(0.05)
            assert await writer.swap(SPACE, replace(old, version=2), phase())
            assert await of_session.wait(5)
            assert await of_space.wait(5)
            assert not await of_session.wait(0.05)
            assert await writer.delete(SPACE, "a")
            assert await of_session.wait(5)
            await fill(writer, "a")
            assert await of_session.wait(5)
            assert not await of_other.wait(0)


@pytest.mark.parametrize("other_process", [False, True])
async def test_watch__wakes_for_its_namespace(place: Place, other_process: bool) -> None:
    """A clock that is set, or an end, concerns all who watch there."""
    async with place.opened() as one, place.opened() as two:
        writer = two if other_process else one
        async with one.watch(SPACE, "a") as watch, one.watch(ELSEWHERE) as of_other:
            assert await writer.set_namespace("default", 1, 0)
            assert await watch.wait(5)
            await writer.drop("default")
            assert await watch.wait(5)
            assert not await of_other.wait(0.05)


@pytest.mark.parametrize("other_process", [False, True])
async def test_watch__of_other_sessions_sleeps(place: Place, other_process: bool) -> None:
    """Fifty creates, of this process or another one, wake none of 500 that watch a session each."""
    async with place.opened() as one, place.opened() as two, contextlib.AsyncExitStack() as stack:
        writer = two if other_process else one
        names = [f"watched-{number}" for number in range(500)]
        changing, *_ = await fill(one, *names)
        watches = [await stack.enter_async_context(one.watch(SPACE, name)) for name in names]
        wakes, is_first_woken = Counter[str](), asyncio.Event()

        async def count(name: str, watch: Watch) -> None:
            while await watch.wait(60):
                wakes[name] += 1
                if name == changing.id:
                    is_first_woken.set()

        counting = [asyncio.create_task(count(*pair)) for pair in zip(names, watches, strict=True)]
        await fill(writer, *(f"created-{number}" for number in range(50)))
        for version in (2, 3):  # changes are noticed in order: at the second one's wake all that was before has been
            is_first_woken.clear()
            assert await writer.swap(SPACE, replace(changing, version=version), phase())
            async with asyncio.timeout(10):
                await is_first_woken.wait()
        assert wakes == {changing.id: 2}
        for task in counting:
            task.cancel()
        await asyncio.gather(*counting, return_exceptions=True)


async def test_watch__many_of_one(place: Place) -> None:
    """Each of fifty wakes; a change before the wait is not lost."""
    async with place.opened() as one, place.opened() as two:
        (old,) = await fill(one, "a")

        async def wait(ready: asyncio.Barrier) -> bool:
            async with one.watch(SPACE, "a") as watch:
                await ready.wait()
                await ready.wait()
                return await watch.wait(5)

        barrier = asyncio.Barrier(51)
        waiting = [asyncio.create_task(wait(barrier)) for _ in range(50)]
        await barrier.wait()
        assert await two.swap(SPACE, replace(old, version=2), phase())
        await barrier.wait()
        assert all(await asyncio.gather(*waiting))


async def test_ping__of_an_open_store(place: Place) -> None:
    """It answers where it can be read and written to."""
    async with place.opened() as store:
        await store.ping()
        assert store.is_shared is (place.kind != "memory")


async def test_namespace_at_hand__only_what_is_true(place: Place) -> None:
    """Without waiting: what `namespace` gives, or None; a change by others shows then, or in what follows."""
    async with place.opened() as one, place.opened() as two:
        assert await one.set_namespace("default", "old", 0)
        assert (await one.namespace("default")).value == "old"
        assert one.namespace_at_hand("default") in (None, ("old", 1))
        assert await two.set_namespace("default", "new", 1)
        found = one.namespace_at_hand("default")
        if found is not None and found.version == 1:
            with pytest.raises(NamespaceChanged):
                await one.get(SPACE, "a")
        assert await one.namespace("default") == ("new", 2)
        await two.drop("default")
        found = one.namespace_at_hand("default")
        if found is not None and found.version:
            with pytest.raises(NamespaceChanged):
                await one.get(SPACE, "a")
        assert await one.namespace("default") == (None, 0)


class _Interrupted:
    """A client before whose every write of a document another client makes the namespace, and after which it ends it again."""

    def __init__(self, store: Store, other: Store, times: int) -> None:
        self._store = store
        self._other = other
        self.times = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def set_namespace(self, name: str, value: Any, version: int) -> bool:
        """Too late, and what was there before is gone again."""
        if name != "team" or not self.times:
            return await self._store.set_namespace(name, value, version)
        self.times -= 1
        await self._other.drop(name)
        await self._other.set_namespace(name, value, 0)
        is_set = await self._store.set_namespace(name, value, version)
        await self._other.drop(name)
        return is_set


@pytest.mark.parametrize("times", [1, 3])
async def test_namespaces__made_and_ended_by_others(place: Place, times: int) -> None:
    """A namespace that others make and end at the same time is there, with its clock, for who asks for it."""
    async with place.opened() as one, place.opened() as two:
        namespaces = Namespaces(cast("Store", _Interrupted(one, two, times)), Clock(NOW, frozen=True), 9)
        assert (await namespaces.get("team")).clock.now() == NOW
        assert (await one.namespace("team")).version == 1


async def test_namespaces__ended_while_its_clock_moves(place: Place) -> None:
    """The clock of the namespace that is begun anew moves."""

    class Ended(_Interrupted):
        async def namespace(self, name: str) -> Versioned:
            if name == "team" and self.times:
                self.times -= 1
                if not self.times:
                    await self._other.drop(name)
            return await self._store.namespace(name)

        async def set_namespace(self, name: str, value: Any, version: int) -> bool:
            return await self._store.set_namespace(name, value, version)

    async with place.opened() as one, place.opened() as two:
        namespaces = Namespaces(cast("Store", Ended(one, two, 2)), Clock(NOW, frozen=True), 9)
        while True:
            try:
                await namespaces.forward("team", 500)
                await one.get(Space("team", "atlas"), "a")
                break
            except NamespaceChanged:  # what was cached is gone; a request begins anew
                continue
        assert (await namespaces.get("team")).clock.now() == NOW + 500
