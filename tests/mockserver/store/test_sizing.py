"""The formula of docs/store.md."""

from __future__ import annotations

from tests.bench import sizing


def test_sizing__by_hand() -> None:
    """10,000 requests a second of 350 µs are five cores at 70 %; a node takes 60,000 scripts; a session takes a third more."""
    assert sizing.workers(10_000, 350e-6) == 5
    assert [sizing.nodes(load) for load in sizing.LOADS] == [1, 2, 17]
    assert sizing.memory_bytes(1_000_000, 1_000) == 1.3e9
