"""The sorted sequence of the memory store's lists, compared with `sorted`."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specimen.mockserver.sessions.store.memory import sorted_chunks
from specimen.mockserver.sessions.store.memory.sorted_chunks import SortedChunks


@pytest.fixture(autouse=True, scope="module")
def small_chunks() -> object:
    """Chunks of four keys, so that a few keys make many."""
    before = sorted_chunks._CHUNK
    sorted_chunks._CHUNK = 2
    yield
    sorted_chunks._CHUNK = before


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 60))),
    st.none() | st.integers(-1, 61),
    st.integers(0, 61),
    st.integers(0, 9),
)
def test_sequence__is_sorted(changes: list[tuple[bool, int]], low: int | None, high: int, limit: int) -> None:
    """Whatever is added and removed, the sequence answers as the sorted list of the same keys does."""
    sequence, kept = SortedChunks(), set[int]()
    for is_added, key in changes:
        if is_added and key not in kept:
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
