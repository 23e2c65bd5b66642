"""The sorted sequence of the memory store's lists, compared with `sorted`."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specimen.mockserver.sessions.session_record import FOREVER, Record
from specimen.mockserver.sessions.store import Page, Phase
from specimen.mockserver.sessions.store.memory import partition, sorted_chunks
from specimen.mockserver.sessions.store.memory.sorted_chunks import SortedChunks
from specimen.mockserver.testing.in_process import completed


@pytest.fixture(autouse=True, scope="module")
def small_chunks() -> object:
    """Chunks of four keys, so that a few keys make many."""
    before = sorted_chunks._CHUNK
    sorted_chunks._CHUNK = 2
    yield
    sorted_chunks._CHUNK = before


@given(
    st.lists(st.one_of(st.tuples(st.booleans(), st.integers(0, 60)), st.tuples(st.none(), st.sets(st.integers(0, 60))))),
    st.none() | st.integers(-1, 61),
    st.integers(0, 61),
    st.integers(0, 9),
)
def test_sequence__is_sorted(changes: list[tuple[bool | None, Any]], low: int | None, high: int, limit: int) -> None:
    """Whatever is added, one by one or several at once, and removed: it answers as the sorted list of the same keys does."""
    sequence, kept = SortedChunks(), set[int]()
    for is_added, key in changes:
        if is_added is None:
            sequence.add_all(iter(key - kept))
            kept |= key
        elif is_added and key not in kept:
            sequence.add(key)
            kept.add(key)
        elif not is_added and key in kept:
            sequence.remove(key)
            kept.remove(key)
    expected = sorted(kept)
    assert len(sequence) == len(expected)
    above = 0 if low is None else bisect_right(expected, low)
    below = len(expected) if low is None else bisect_left(expected, low)
    assert sequence.after(low, limit) == expected[above : above + limit]
    assert sequence.before(low, limit) == expected[:below][::-1][:limit]
    first = -2 if low is None else low
    within = [key for key in expected if first <= key < high]
    assert sequence.between(first, high) == within
    assert sequence.count_between(first, high) == len(within)


@given(st.sets(st.integers(0, 60)), st.integers(0, 60))
def test_remove__what_is_not_there(kept: set[int], key: int) -> None:
    """A key that is not there cannot be removed, and the others stay."""
    sequence = SortedChunks()
    for one in kept - {key}:
        sequence.add(one)
    with pytest.raises(KeyError):
        sequence.remove(key)
    assert sequence.after(None, 100) == sorted(kept - {key})


def test_index__has_new_ids_in_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """New ids that are not sorted yet are listed and deleted like all others."""
    monkeypatch.setattr(partition, "_TOGETHER", 3)
    sessions = partition.Partition()
    kept = [f"{number * 7 % 20:02}" for number in range(20)]
    page = Page("id", 50)
    for number, session_id in enumerate(kept, 1):
        assert sessions.add(Record("default", session_id, "s", 0, number, number, 1.0, 0), Phase("open", FOREVER))
        if number % 4 == 0:
            sessions.settle(page)
            assert [one.id for one in completed(sessions.page(page))] == sorted(kept[:number])
        if number % 5 == 0:
            assert sessions.delete(kept[number - 1])
            assert sessions.add(Record("default", kept[number - 1], "s", 0, number, number, 1.0, 0), Phase("open", FOREVER))
    sessions.settle(page)
    assert [one.id for one in completed(sessions.page(page))] == sorted(kept)
