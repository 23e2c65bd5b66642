"""What every store promises of logs and tasks."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import pytest

from specimen.mockserver.sessions.store import Bounds, LogEntry, Store
from tests.mockserver.store.places import ELSEWHERE, KINDS, OTHER, SPACE, Place


async def claimed(store: Store, now: int, limit: int = 99, lease_seconds: float = 60) -> list[str]:
    """The ids of tasks that a worker gets."""
    return [task.id for task in await store.claim(SPACE, now, lease_seconds, limit)]


async def test_append__numbers(place: Place) -> None:
    """Entries are numbered from 1 without a gap, from all clients; spaces and logs count for themselves."""
    async with place.opened() as one, place.opened() as two:
        assert await one.entries(SPACE, "log", 0, 9) == []
        await one.append(SPACE, "log", [])
        await asyncio.gather(*((one, two)[n % 2].append(SPACE, "log", [n, [n]]) for n in range(10)))
        found = await two.entries(SPACE, "log", 0, 99)
        assert [entry.number for entry in found] == list(range(1, 21))
        assert [entry.value for entry in found[::2]] == [entry.value[0] for entry in found[1::2]]
        assert await one.entries(SPACE, "log", 18, 1) == found[18:19]
        assert await one.entries(SPACE, "log", 20, 9) == []
        await one.append(SPACE, "other", [{"a": b"b"}])
        await one.append(ELSEWHERE, "log", ["x"])
        assert await two.entries(SPACE, "other", 0, 9) == [LogEntry(1, {"a": b"b"})]
        assert await two.entries(ELSEWHERE, "log", 0, 9) == [LogEntry(1, "x")]


async def test_append__up_to_the_bound(place: Place) -> None:
    """The oldest go; the numbers go on."""
    async with place.opened(Bounds(log_entries=3)) as store:
        await store.append(SPACE, "log", ["a", "b"])
        await store.append(SPACE, "log", ["c", "d"])
        assert [tuple(entry) for entry in await store.entries(SPACE, "log", 0, 9)] == [(2, "b"), (3, "c"), (4, "d")]
        await store.append(SPACE, "log", list("efghi"))
        assert [tuple(entry) for entry in await store.entries(SPACE, "log", 7, 9)] == [(8, "h"), (9, "i")]
        assert len(await store.entries(SPACE, "log", 0, 9)) == 3


async def test_enqueue__once_for_an_id(place: Place) -> None:
    """Also while it is held, and after it is done: two replicas that find the same thing to do have it done once."""
    async with place.opened() as one, place.opened() as two:
        assert await one.enqueue(SPACE, "t", "lane", 10, {"n": 1})
        assert not await two.enqueue(SPACE, "t", "lane", 20, {"n": 2})
        (task,) = await two.claim(SPACE, 10, 60, 9)
        assert (task.id, task.lane, task.due, task.payload, task.attempt) == ("t", "lane", 10, {"n": 1}, 1)
        assert not await one.enqueue(SPACE, "t", "lane", 20, 0)
        assert await two.acknowledge(SPACE, task)
        assert not await one.enqueue(SPACE, "t", "lane", 20, 0)
        assert await one.enqueue(OTHER, "t", "lane", 20, 0)


async def test_claim__due_in_order(place: Place) -> None:
    """Only what is due, in the order of `due` and then of adding; each to one caller."""
    async with place.opened() as one, place.opened() as two:
        for name, due in (("c", 30), ("b", 20), ("b2", 20), ("a", -5)):
            assert await one.enqueue(SPACE, name, f"lane {name}", due, None)
        assert await claimed(two, -6) == []
        assert await claimed(two, 20, limit=1) == ["a"]
        assert await claimed(one, 29) == ["b", "b2"]
        assert await claimed(two, 29) == []
        assert await claimed(two, 30) == ["c"]


async def test_claim__one_of_a_lane(place: Place) -> None:
    """The next of a lane is due when the one before is done; one that is due earlier but added later comes first."""
    async with place.opened() as store:
        for name, due in (("b", 20), ("a", 10), ("b2", 20)):
            assert await store.enqueue(SPACE, name, "lane", due, None)
        assert await store.enqueue(SPACE, "x", "lan", 15, None)
        for expected in (["a", "x"], ["b"], ["b2"]):
            tasks = await store.claim(SPACE, 99, 60, 9)
            assert [task.id for task in tasks] == expected
            assert await claimed(store, 99) == []
            for task in tasks:
                assert await store.acknowledge(SPACE, task)
                assert not await store.acknowledge(SPACE, task)
        assert await store.tasks(SPACE, "", 9) == []


async def test_claim__after_the_lease(place: Place) -> None:
    """A task of who died is another's, once more; who held it before holds it no more."""
    async with place.opened() as one, place.opened() as two:
        assert await one.enqueue(SPACE, "t", "lane", 0, None)
        (first,) = await one.claim(SPACE, 0, 0.05, 9)
        assert await claimed(two, 0) == []
        async with asyncio.timeout(5):
            while not (found := await two.claim(SPACE, 0, 60, 9)):  # noqa: ASYNC110 - a lease is over by real time
                await asyncio.sleep(0.01)
        (second,) = found
        assert (second.attempt, second.token == first.token) == (2, False)
        assert not await one.acknowledge(SPACE, first)
        assert not await one.postpone(SPACE, first, 5, None)
        assert await two.acknowledge(SPACE, second)


async def test_acknowledge__not_after_the_lease(place: Place) -> None:
    """Who is late is told so, also where no other has the task yet."""
    async with place.opened() as store:
        assert await store.enqueue(SPACE, "t", "lane", 0, None)
        (task,) = await store.claim(SPACE, 0, 0.02, 9)
        await asyncio.sleep(0.05)
        assert not await store.acknowledge(SPACE, task)
        assert not await store.postpone(SPACE, task, 5, None)
        assert await claimed(store, 0) == ["t"]


async def test_postpone__with_another_payload(place: Place) -> None:
    """It counts its attempts on."""
    async with place.opened() as store:
        assert await store.enqueue(SPACE, "t", "lane", 0, {"try": 1})
        (task,) = await store.claim(SPACE, 0, 60, 9)
        assert await store.postpone(SPACE, task, 50, {"try": 2})
        assert not await store.postpone(SPACE, task, 60, {})
        assert await claimed(store, 49) == []
        (again,) = await store.claim(SPACE, 50, 60, 9)
        assert (again.due, again.payload, again.attempt) == (50, {"try": 2}, 2)


async def test_postpone__keeps_its_place(place: Place) -> None:
    """The next of its lane waits until it is due again and done."""
    async with place.opened() as store:
        for name in ("a", "b"):
            assert await store.enqueue(SPACE, name, "lane", 0, None)
        (task,) = await store.claim(SPACE, 0, 60, 9)
        assert await store.postpone(SPACE, task, 50, None)
        assert await claimed(store, 49) == []
        assert await store.next_due(SPACE) == 50
        assert await claimed(store, 50) == ["a"]


async def test_reschedule__a_task_that_waits(place: Place) -> None:
    """The first of a lane is due earlier or later; it keeps its payload, its place, and the count of its attempts."""
    async with place.opened() as one, place.opened() as two:
        for name in ("a", "b"):
            assert await one.enqueue(SPACE, name, "lane", 0, name)
        (task,) = await one.claim(SPACE, 0, 60, 9)
        assert not await two.reschedule(SPACE, "a", 5)
        assert await one.postpone(SPACE, task, 50, "a2")
        assert await two.reschedule(SPACE, "a", 70)
        assert (await claimed(one, 69), await one.next_due(SPACE)) == ([], 70)
        assert await two.reschedule(SPACE, "a", 10)
        assert await one.next_due(SPACE) == 10
        (again,) = await one.claim(SPACE, 10, 60, 9)
        assert (again.id, again.due, again.payload, again.attempt) == ("a", 10, "a2", 2)
        assert await one.acknowledge(SPACE, again)
        assert await claimed(one, 10) == ["b"]


async def test_reschedule__behind_another_task(place: Place) -> None:
    """It stays behind the first of its lane, and is due at the new time once that one is done."""
    async with place.opened() as store:
        for name, due in (("a", 10), ("b", 20)):
            assert await store.enqueue(SPACE, name, "lane", due, None)
        assert await store.reschedule(SPACE, "b", 5)
        assert (await claimed(store, 9), await store.next_due(SPACE)) == ([], 10)
        (first,) = await store.claim(SPACE, 10, 60, 9)
        assert await store.reschedule(SPACE, "b", 15)
        assert await claimed(store, 99) == []
        assert await store.acknowledge(SPACE, first)
        assert await claimed(store, 14) == []
        assert await claimed(store, 15) == ["b"]


async def test_reschedule__what_is_not_there(place: Place) -> None:
    """An unknown task, one that is done, and one of another space are not there."""
    async with place.opened() as store:
        assert await store.enqueue(SPACE, "t", "lane", 0, None)
        assert not await store.reschedule(SPACE, "u", 5)
        assert not await store.reschedule(OTHER, "t", 5)
        (task,) = await store.claim(SPACE, 0, 60, 9)
        assert await store.acknowledge(SPACE, task)
        assert not await store.reschedule(SPACE, "t", 5)


async def test_next_due__of_lanes_that_nobody_holds(place: Place) -> None:
    """What a worker may sleep until."""
    async with place.opened() as store:
        assert await store.next_due(SPACE) is None
        for name, lane, due in (("a", "x", 10), ("b", "x", 20), ("c", "y", 30)):
            assert await store.enqueue(SPACE, name, lane, due, None)
        assert await store.next_due(SPACE) == 10
        (task,) = await store.claim(SPACE, 10, 60, 9)
        assert await store.next_due(SPACE) == 30
        assert await store.acknowledge(SPACE, task)
        assert await store.next_due(SPACE) == 20


async def test_tasks__by_id(place: Place) -> None:
    """Those that wait and those that are held, page by page."""
    async with place.opened() as store:
        for name in ("b", "a", "c"):
            assert await store.enqueue(SPACE, name, name, 5, {"name": name})
        assert await claimed(store, 5, limit=1) == ["b"]
        found = await store.tasks(SPACE, "", 2)
        assert [task_id for task_id, _ in found] == ["a", "b"]
        assert dict(found[1][1]) == {"lane": "b", "due": 5, "payload": {"name": "b"}, "attempt": 1, "held": True}
        assert [task_id for task_id, _ in await store.tasks(SPACE, "b", 2)] == ["c"]


async def test_claim__of_many_workers(place: Place) -> None:
    """Sixty tasks in six lanes and eight workers of two clients: each done once, in the order of its lane."""
    done: list[str] = []

    async def work(store: Store) -> None:
        while len(done) < 60:
            for task in await store.claim(SPACE, 99, 60, 3):
                done.append(task.id)
                assert await store.acknowledge(SPACE, task)
            await asyncio.sleep(0)

    async with place.opened() as one, place.opened() as two:
        for number in range(60):
            assert await one.enqueue(SPACE, f"{number:02}", f"lane {number % 6}", number, None)
        await asyncio.gather(*(work((one, two)[n % 2]) for n in range(8)))
        assert sorted(done) == [f"{number:02}" for number in range(60)]
        for lane in range(6):
            own = [name for name in done if int(name) % 6 == lane]
            assert own == sorted(own)


async def test_task_room__of_all_spaces(place: Place) -> None:
    """Every task that is not acknowledged takes room, in any space; a namespace gives it back when it is replaced or ends."""
    bounds = Bounds(tasks=2)
    async with place.opened(bounds) as store:
        assert await store.task_room() == 2
        assert await store.enqueue(SPACE, "a", "lane", 1, None)
        assert not await store.enqueue(SPACE, "a", "lane", 1, None)
        assert await store.task_room() == 1
        for name in "bc":
            assert await store.enqueue(ELSEWHERE, name, name, 1, None)
        assert await store.task_room() == -1
        (task,) = await store.claim(SPACE, 1, 60, 9)
        assert await store.postpone(SPACE, task, 2, None)
        assert await store.task_room() == -1
        (task,) = await store.claim(SPACE, 2, 60, 9)
        assert await store.acknowledge(SPACE, task)
        assert not await store.acknowledge(SPACE, task)
        assert await store.task_room() == 0
        async with place.opened(bounds) as other:
            assert await other.task_room() == 0
        await store.replace(ELSEWHERE.namespace, None, [])
        assert await store.task_room() == 2
        assert await store.enqueue(ELSEWHERE, "d", "d", 1, None)
        assert await store.task_room() == 1
        await store.drop(ELSEWHERE.namespace)
        assert await store.task_room() == 2


async def test_task_room__of_a_file_without_a_count(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A file that was made before tasks had a bound is counted when it is opened; what was dropped is not."""
    place = KINDS["sqlite"](tmp_path, request)
    async with place.opened() as store:
        for space in (SPACE, ELSEWHERE):
            await store.enqueue(space, "a", "lane", 1, None)
    with contextlib.closing(sqlite3.connect(tmp_path / "store.db")) as db, db:
        db.execute("DELETE FROM totals WHERE name = 'tasks'")
        (number,) = db.execute("DELETE FROM spaces WHERE namespace = ? RETURNING space", (ELSEWHERE.namespace,)).fetchone()
        db.execute("INSERT INTO garbage VALUES (?)", (number,))
    async with place.opened(Bounds(tasks=3)) as store:
        assert await store.task_room() == 2
