"""What every store promises of values, counters and locks."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specimen.mockserver.sessions.session_record import FOREVER
from specimen.mockserver.sessions.store import Bounds, Store, StoreFull, StoreUnavailable, Versioned, queued_lock
from tests.mockserver.store.places import ELSEWHERE, OTHER, SPACE, Place, phase, record

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8")) | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3),
    max_leaves=6,
)


@given(json)
def test_set_value__any(place: Place, value: object) -> None:
    """What JSON can say, and bytes, come back as they were."""

    async def there_and_back() -> None:
        async with place.opened() as store:
            assert await store.set_value(SPACE, "k", value, FOREVER, 0)
            assert (await store.value(SPACE, "k", 0)).value == value

    asyncio.run(there_and_back())


async def test_value__until_its_time(place: Place) -> None:
    """By the clock of the caller, which may be set back: a time is exclusive."""
    async with place.opened() as store:
        assert await store.value(SPACE, "k", 0) == Versioned(None, 0)
        assert await store.set_value(SPACE, "k", [1], until=100, now=0)
        assert await store.value(SPACE, "k", 99) == Versioned([1], 1)
        assert await store.value(SPACE, "k", 100) == Versioned(None, 0)
        assert await store.value(SPACE, "k", 50) == Versioned([1], 1)
        assert await store.value(OTHER, "k", 50) == Versioned(None, 0)
        assert await store.value(ELSEWHERE, "k", 50) == Versioned(None, 0)


async def test_set_value__by_version(place: Place) -> None:
    """With a version only where the kept one has it; a value whose time is over counts as none."""
    async with place.opened() as store:
        assert not await store.set_value(SPACE, "k", "a", 100, 0, version=1)
        assert await store.set_value(SPACE, "k", "a", 100, 0, version=0)
        assert not await store.set_value(SPACE, "k", "b", 100, 0, version=0)
        assert await store.set_value(SPACE, "k", "b", 100, 0, version=1)
        assert await store.set_value(SPACE, "k", "c", 100, 0)
        assert await store.value(SPACE, "k", 0) == Versioned("c", 3)
        assert not await store.set_value(SPACE, "k", "d", 200, 100, version=3)
        assert await store.set_value(SPACE, "k", "d", 200, 100, version=0)
        assert await store.value(SPACE, "k", 100) == Versioned("d", 1)


async def test_get_or_set__one_wins(place: Place) -> None:
    """Of fifty at once from two clients one value is kept, and all see it."""
    async with place.opened() as one, place.opened() as two:
        calls = [(one, two)[n % 2].get_or_set(SPACE, "k", n, 100, 0) for n in range(50)]
        found = set(await asyncio.gather(*calls))
        assert len(found) == 1
        assert {(await two.value(SPACE, "k", 0)).value} == found
        assert await one.get_or_set(SPACE, "k", "next", 200, 100) == "next"


async def test_pop__to_one_caller(place: Place) -> None:
    """Of fifty at once one gets the value; a value whose time is over is nobody's."""
    async with place.opened() as one, place.opened() as two:
        assert await one.set_value(SPACE, "k", {"a": 1}, 100, 0)
        found = await asyncio.gather(*((one, two)[n % 2].pop(SPACE, "k", 0) for n in range(50)))
        assert [each for each in found if each is not None] == [{"a": 1}]
        assert await one.value(SPACE, "k", 0) == Versioned(None, 0)
        assert await one.set_value(SPACE, "k", 1, 100, 0)
        assert await one.pop(SPACE, "k", 100) is None


async def test_increment__each_once(place: Place) -> None:
    """A hundred at once from two clients are 1 to 100; spaces and keys count for themselves."""
    async with place.opened() as one, place.opened() as two:
        found = await asyncio.gather(*((one, two)[n % 2].increment(SPACE, "n") for n in range(100)))
        assert sorted(found) == list(range(1, 101))
        assert await one.increment(SPACE, "m") == 1
        assert await one.increment(OTHER, "n") == 1


async def test_values__with_a_prefix(place: Place) -> None:
    """Pages of keys in order, without those of other prefixes or whose time is over."""
    async with place.opened() as store:
        for key in ("w:b", "w:a", "w:é", "w:\U0001f600", "w", "x:a", "v:z"):
            assert await store.set_value(SPACE, key, key, 100, 0)
        assert await store.set_value(SPACE, "w:over", 1, 10, 0)
        names = ["w:a", "w:b", "w:é", "w:\U0001f600"]
        found = await store.values(SPACE, "w:", 50, "", 9)
        assert [(key, kept) for key, kept in found] == [(key, Versioned(key, 1)) for key in names]
        assert [key for key, _ in await store.values(SPACE, "w:", 50, "w:a", 2)] == names[1:3]
        assert [key for key, _ in await store.values(SPACE, "", 50, "", 2)] == ["v:z", "w"]
        assert await store.values(OTHER, "w:", 50, "", 9) == []


async def test_set_value__bound_of_values(place: Place) -> None:
    """At the bound those whose time is over go, then those that end first; what is kept forever never goes."""
    async with place.opened(Bounds(values=3)) as store:
        for key, until in (("late", 900), ("over", 10), ("soon", 500)):
            assert await store.set_value(SPACE, key, key, until, 0)
        assert await store.set_value(SPACE, "kept", 1, FOREVER, 20)
        assert (await store.value(SPACE, "soon", 20)).version == 1
        assert await store.set_value(SPACE, "kept too", 1, FOREVER, 20)
        assert (await store.value(SPACE, "soon", 20)).version == 0
        assert (await store.value(SPACE, "late", 20)).version == 1
        assert await store.set_value(SPACE, "kept", 2, FOREVER, 20)
        assert (await store.value(SPACE, "late", 20)).version == 1
        assert await store.set_value(SPACE, "kept three", 1, FOREVER, 20)
        with pytest.raises(StoreFull) as refused:
            await store.set_value(SPACE, "four", 1, FOREVER, 20)
        assert (refused.value.bound, refused.value.most) == ("values", 3)
        assert (await store.value(SPACE, "kept", 20)).value == 2


async def test_set_value__bound_over_spaces(place: Place) -> None:
    """At the bound the space that holds most gives way, also to another vendor's or namespace's; none is refused for its sake."""
    async with place.opened(Bounds(values=4)) as store:
        for number in range(4):
            assert await store.set_value(SPACE, f"k{number}", number, 900 + number, 0)
        assert await store.set_value(ELSEWHERE, "mine", 1, 500, 0)
        assert await store.get_or_set(ELSEWHERE, "mine too", 2, 600, 0) == 2
        assert [key for key, _ in await store.values(SPACE, "", 0, "", 9)] == ["k2", "k3"]
        assert [key for key, _ in await store.values(ELSEWHERE, "", 0, "", 9)] == ["mine", "mine too"]
        async with store.turn(OTHER, "turn", 0) as turn:
            assert await turn.finish((record("a"), phase()), 3, 100, 0)
        assert (await store.value(OTHER, "turn", 0)).value == 3
        assert len(await store.values(SPACE, "", 0, "", 9)) + len(await store.values(ELSEWHERE, "", 0, "", 9)) == 3


async def test_set_value__bound_over_spaces_of_bytes(place: Place) -> None:
    """So it is with bytes; a space whose values are all kept forever gives none, and the next one does."""
    async with place.opened(Bounds(value_bytes=10_000)) as store:
        for number in range(6):
            assert await store.set_value(SPACE, f"k{number}", b"x" * 1_000, FOREVER, 0)
        assert await store.set_value(OTHER, "a", b"x" * 1_000, 100, 0)
        assert await store.set_value(OTHER, "b", b"x" * 1_000, 200, 0)
        assert await store.set_value(ELSEWHERE, "mine", b"x" * 2_500, FOREVER, 0)
        assert [key for key, _ in await store.values(OTHER, "", 0, "", 9)] == ["b"]
        assert len(await store.values(SPACE, "", 0, "", 9)) == 6
        with pytest.raises(StoreFull) as refused:
            await store.set_value(ELSEWHERE, "mine too", b"x" * 2_500, FOREVER, 0)
        assert refused.value.bound == "value_bytes"


async def test_set_value__bound_of_bytes(place: Place) -> None:
    """Bytes have a bound too; one value alone may be too large."""
    async with place.opened(Bounds(value_bytes=1_000)) as store:
        with pytest.raises(StoreFull) as refused:
            await store.set_value(SPACE, "large", b"x" * 1_001, 100, 0)
        assert refused.value.bound == "value_bytes"
        assert await store.set_value(SPACE, "a", b"x" * 600, 100, 0)
        assert await store.get_or_set(SPACE, "b", b"y" * 600, 200, 0) == b"y" * 600
        assert (await store.value(SPACE, "a", 0)).version == 0
        assert await store.pop(SPACE, "b", 0) == b"y" * 600
        assert await store.set_value(SPACE, "a", b"x" * 900, FOREVER, 0)
        with pytest.raises(StoreFull):
            await store.set_value(SPACE, "b", b"x" * 900, 100, 0)


async def test_lock__one_at_a_time(place: Place) -> None:
    """Twenty callers of two clients never meet inside; other keys do not wait."""
    inside, most, entered = 0, 0, 0

    async def enter(store: Store) -> None:
        nonlocal inside, most, entered
        async with store.lock(SPACE, "k"):
            inside += 1
            most, entered = max(most, inside), entered + 1
            await asyncio.sleep(0)
            inside -= 1

    async with place.opened() as one, place.opened() as two:
        async with one.lock(SPACE, "other"), two.lock(OTHER, "k"):
            await asyncio.gather(*(enter((one, two)[n % 2]) for n in range(20)))
        assert (most, entered) == (1, 20)


async def test_lock__is_given_back(place: Place) -> None:
    """By who fails inside, and by who is cancelled while it waits."""
    async with place.opened() as one, place.opened() as two:
        with pytest.raises(ZeroDivisionError):
            async with one.lock(SPACE, "k"):
                raise ZeroDivisionError
        async with one.lock(SPACE, "k"):

            async def wait() -> None:
                async with two.lock(SPACE, "k"):
                    pass

            waiting = asyncio.create_task(wait())
            await asyncio.sleep(0.01)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        async with asyncio.timeout(5), two.lock(SPACE, "k"):
            pass


async def test_lock__held_for_too_long(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for a lock of another process, or behind one who does, is refused after a time; the lock is free after that."""
    if place.kind == "memory":
        return  # its holders are requests of this process, which end
    monkeypatch.setattr(queued_lock, "MOST_WAIT_SECONDS", 0.05)
    async with place.opened() as one, place.opened() as two:

        async def enter() -> None:
            async with two.lock(SPACE, "k"):
                pass

        async with one.lock(SPACE, "k"):
            refused = await asyncio.gather(*(enter() for _ in range(3)), return_exceptions=True)
            assert all(isinstance(error, StoreUnavailable) for error in refused), refused
        await enter()
