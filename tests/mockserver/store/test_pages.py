"""What every store promises of lists."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.store import Page, Store
from tests.mockserver.store.places import OTHER, SPACE, Place, fill, phase, record

OWNERS = ("", "acme", "acme2", "zeta")
STATES = ("open", "done", "gone")


def expected(kept: Sequence[tuple[Record, str]], page: Page) -> list[str]:
    """The ids of a page, worked out by hand from sessions in the order of their creation with their states."""
    rows = list(kept)
    if page.order == "id":
        rows.sort(key=lambda row: row[0].id.encode())
        rows = [row for row in rows if page.after is None or row[0].id.encode() > page.after.encode()]
    else:
        if page.order == "newest":
            rows.reverse()
        if page.after is not None:
            rows = rows[[row[0].id for row in rows].index(page.after) + 1 :]
    return [
        one.id
        for one, state in rows
        if page.owner in (None, one.owner)
        and page.state in (None, state)
        and (page.created_from is None or one.created_at >= page.created_from)
        and (page.created_to is None or one.created_at <= page.created_to)
    ][: page.limit]


async def ids(store: Store, page: Page) -> list[str]:
    """The ids of a page."""
    return [found.id for found in await store.page(SPACE, page)]


session_ids = st.text("ab\x01é~\U0001f600", min_size=1, max_size=4)
pages = st.builds(
    Page,
    order=st.sampled_from(["id", "oldest", "newest"]),
    limit=st.integers(1, 6),
    owner=st.none() | st.sampled_from(OWNERS),
    state=st.none() | st.sampled_from(STATES),
    created_from=st.none() | st.integers(-2, 4),
    created_to=st.none() | st.integers(-2, 4),
)


@given(
    made=st.lists(
        st.tuples(session_ids, st.sampled_from(OWNERS), st.sampled_from(STATES), st.integers(-2, 4)),
        unique_by=lambda row: row[0], max_size=12,
    ),
    asked=st.lists(st.tuples(pages, st.integers(0, 30)), min_size=1, max_size=8),
)  # fmt: skip
def test_page__law(place: Place, made: list[Any], asked: list[Any]) -> None:
    """Every order, filter and cursor gives what a sorted list gives."""

    async def compare() -> None:
        async with place.opened() as store:
            await store.drop(SPACE.namespace)
            kept = []
            for name, owner, state, created_at in made:
                one = record(name, owner=owner, created_at=created_at)
                assert await store.add(SPACE, one, phase(state))
                kept.append((one, state))
            for page, chosen in asked:
                after = made[chosen][0] if chosen < len(made) else None
                wanted = replace(page, after=after)
                assert await ids(store, wanted) == expected(kept, wanted), wanted

    asyncio.run(compare())


async def test_page__by_id_after_any_text(place: Place) -> None:
    """A cursor by id need be no session's; an empty space is an empty page."""
    async with place.opened() as store:
        assert await ids(store, Page("id", 9)) == []
        assert await ids(store, Page("id", 9, after="x")) == []
        assert await ids(store, Page("newest", 9)) == []
        await fill(store, "b", "d", "a")
        assert await ids(store, Page("id", 9, after="b1")) == ["d"]
        assert await ids(store, Page("id", 9, after="")) == ["a", "b", "d"]


@pytest.mark.parametrize("order", ["oldest", "newest"])
async def test_page__after_no_session(place: Place, order: Any) -> None:
    """A cursor by creation is a session of the space."""
    async with place.opened() as store:
        with pytest.raises(KeyError):
            await store.page(SPACE, Page(order, 9, after="a"))
        await fill(store, "a", space=OTHER)
        await fill(store, "b")
        with pytest.raises(KeyError):
            await store.page(SPACE, Page(order, 9, after="a"))


async def test_page__keeps_the_place_of_a_change(place: Place) -> None:
    """A session that moves keeps its place in the order of creation; by state it is found in its new one."""
    async with place.opened() as store:
        first, *_ = await fill(store, "a", "b", "c", owner="acme")
        assert await store.swap(SPACE, structs.replace(first, version=2, owner="zeta"), phase("done"))
        assert await ids(store, Page("oldest", 9)) == ["a", "b", "c"]
        assert await ids(store, Page("newest", 9, owner="acme")) == ["c", "b"]
        assert await ids(store, Page("newest", 9, owner="zeta", state="done")) == ["a"]
        assert await ids(store, Page("newest", 9, owner="zeta", state="open")) == []
        second = await store.get(SPACE, "b")
        await store.rephase(SPACE, [(second, phase("gone"))])
        for order in ("id", "newest"):
            assert await ids(store, Page(order, 9, owner="acme", state="gone")) == ["b"]
            assert await ids(store, Page(order, 9, owner="acme", state="open")) == ["c"]
            assert await ids(store, Page(order, 9, state="open")) == ["c"]


async def test_page__one_in_a_thousand(place: Place) -> None:
    """What few sessions match is found however far behind it is, filtered by what no index tells apart."""
    async with place.opened() as store:
        for number in range(2_500):
            rare = number in (3, 2_400)
            assert await store.add(SPACE, record(f"{number:05}", created_at=number), phase("rare" if rare else "open"))
        assert await ids(store, Page("oldest", 5, state="rare")) == ["00003", "02400"]
        assert await ids(store, Page("newest", 1, state="rare")) == ["02400"]
        assert await ids(store, Page("id", 5, state="rare", after="00003")) == ["02400"]
        assert await ids(store, Page("newest", 5, created_to=1)) == ["00001", "00000"]
        assert await ids(store, Page("id", 5, created_from=2_498)) == ["02498", "02499"]


async def test_page__walk_while_others_add(place: Place) -> None:
    """Who walks from page to page sees each session that was there once, in order, whatever is added meanwhile."""

    async def add(store: Store, first: int) -> None:
        for number in range(first, first + 60):
            await store.add(SPACE, record(f"new-{number}"), phase())

    async with place.opened() as one, place.opened() as two:
        before = [f"old-{number:02}" for number in range(40)]
        await fill(one, *before)
        adding = asyncio.gather(add(one, 100), add(two, 200))
        for order in ("newest", "oldest", "id"):
            seen: list[str] = []
            while page := await ids(one, Page(order, 7, after=seen[-1] if seen else None)):
                seen += page
                await asyncio.sleep(0)
            assert len(set(seen)) == len(seen)
            old = [name for name in seen if name in set(before)]
            assert old == (before[::-1] if order == "newest" else before)
        await adding
