"""What every store promises; each implementation is named once, in STORES."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from specimen.fixtures.primitives.timelines import Event
from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.store import Store
from specimen.mockserver.sessions.store.memory import MemoryStore

STORES: dict[str, Callable[[], Store]] = {"memory": MemoryStore}
PROVIDER = "atlas"


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> Store:
    """An empty store of each kind."""
    return STORES[request.param]()


def _record(session_id: str, namespace: str = "default", **more: Any) -> Record:
    values: dict[str, Any] = {"scenario": "done", "seed": 1, "created_at": 0, "made_at": 0, "speed": 1.0, "steps": 2, **more}
    return Record(namespace, session_id, **values)


def test_get__what_was_put(store: Store) -> None:
    """A session is found by its id, in its namespace and provider only."""
    record = _record("a")
    store.put(PROVIDER, record)
    assert store.get("default", PROVIDER, "a") == record
    assert store.get("default", PROVIDER, "b") is None
    assert store.get("other", PROVIDER, "a") is None
    assert store.get("default", "boreas", "a") is None


def test_put__replaces(store: Store) -> None:
    """Putting a session again replaces it and leaves its place in the order."""
    one, two = _record("a"), _record("b")
    newer = replace(one, events=(Event("bad", 5, "stopped"),))
    for record in (one, two, newer):
        store.put(PROVIDER, record)
    assert list(store.all("default", PROVIDER)) == [newer, two]


def test_find__by_key(store: Store) -> None:
    """A session is found by each of its keys; the newest owner of a key has it, the older keeps its other keys."""
    one, two = _record("a", keys=("k:1", "k:2")), _record("b", keys=("k:2",))
    store.put(PROVIDER, one)
    store.put(PROVIDER, two)
    assert store.find("default", PROVIDER, "k:1") == one
    assert store.find("default", PROVIDER, "k:2") == two
    assert store.find("default", PROVIDER, "k:3") is None
    assert store.find("default", PROVIDER, "") is None
    assert store.find("other", PROVIDER, "k:1") is None


def test_find__writing_the_older_keeps_the_newer(store: Store) -> None:
    """A change of an older session does not take a key from the newest owner."""
    one, two = _record("a", keys=("k:1",)), _record("b", keys=("k:1",))
    store.put(PROVIDER, one)
    store.put(PROVIDER, two)
    store.put(PROVIDER, replace(one, reads=1))
    assert store.find("default", PROVIDER, "k:1") == two


def test_swap__only_what_is_still_kept(store: Store) -> None:
    """A swap replaces the session that is kept, and refuses when it is another by now, or none."""
    record = _record("a", keys=("k:1",))
    assert not store.swap(PROVIDER, record, replace(record, reads=1))
    assert store.get("default", PROVIDER, "a") is None
    store.put(PROVIDER, record)
    first, second = replace(record, reads=1), replace(record, reads=2)
    assert store.swap(PROVIDER, record, first)
    assert not store.swap(PROVIDER, record, second)
    assert store.get("default", PROVIDER, "a") == first
    assert store.find("default", PROVIDER, "k:1") == first


def test_all__oldest_first(store: Store) -> None:
    """All sessions of a namespace come in the order in which they were made; a change during the walk does no harm."""
    records = [_record(name) for name in "cab"]
    for record in records:
        store.put(PROVIDER, record)
    store.put(PROVIDER, _record("z", "other"))
    walked = []
    for record in store.all("default", PROVIDER):
        walked.append(record)
        store.put(PROVIDER, _record("new" + record.id))
    assert walked == records
    assert list(store.all("nowhere", PROVIDER)) == []


def test_next_number__each_once(store: Store) -> None:
    """Numbers count from one, per namespace and provider."""
    assert [store.next_number("default", PROVIDER) for _ in range(3)] == [1, 2, 3]
    assert store.next_number("other", PROVIDER) == 1
    assert store.next_number("default", "boreas") == 1


def test_remember__until_its_time(store: Store) -> None:
    """A value is recalled before its time is over, and not at it; the last one of a key counts."""
    store.cache_set("default", PROVIDER, "k", {"a": 1}, 100, 0)
    assert store.cache_get("default", PROVIDER, "k", 99) == {"a": 1}
    assert store.cache_get("default", PROVIDER, "k", 100) is None
    store.cache_set("default", PROVIDER, "k", "later", 300, 200)
    assert store.cache_get("default", PROVIDER, "k", 250) == "later"
    assert store.cache_get("default", PROVIDER, "none", 0) is None
    assert store.cache_get("other", PROVIDER, "k", 250) is None


def test_remember__forgets_in_time(store: Store) -> None:
    """Of a thousand values whose time is over, few are kept: memory does not grow with the calls made so far."""
    for number in range(1000):
        store.cache_set("default", PROVIDER, f"k{number}", number, number + 10, number)
    assert [number for number in range(1000) if store.cache_get("default", PROVIDER, f"k{number}", 999) is not None] == list(
        range(990, 1000)
    )
    if isinstance(store, MemoryStore):
        assert len(store._partitions["default", PROVIDER].cache) < 20
