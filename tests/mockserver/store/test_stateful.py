"""Two processes that share a store, against a model of plain dicts: whatever they do in turn, both see one truth."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from specimen.mockserver.sessions.session_record import FOREVER
from tests.mockserver.store.peer import Peer, connected, perform
from tests.mockserver.store.places import KINDS, SHARED, params

NAMES = ["default", "team"]
spaces = st.sampled_from([("default", "atlas"), ("default", ""), ("team", "atlas")])
ids = st.sampled_from("abc")
owners = st.sampled_from(["", "acme"])
states = st.sampled_from(["open", "done"])
times = st.integers(0, 5)
keys = st.sampled_from(["k:1", "k:2"])
who = st.booleans()


class Model:
    """What is kept of one space, oldest session first."""

    def __init__(self) -> None:
        self.sessions: dict[str, dict[str, Any]] = {}
        self.counters: dict[str, int] = {}
        self.values: dict[str, tuple[Any, int, int]] = {}  # value, until, version
        self.log: list[Any] = []
        self.tasks: dict[str, tuple[int, int]] = {}  # due, number; all in one lane
        self.done: set[str] = set()
        self.numbers = itertools.count()


class Machine(RuleBasedStateMachine):
    """One process is this one, the other a child that lives through all examples."""

    url: str
    peer: Peer
    runner: asyncio.Runner
    store: Any

    @initialize()
    def begin(self) -> None:
        """Nothing is kept."""
        self.model: dict[tuple[str, str], Model] = {}
        self.documents: dict[str, list[Any]] = {}
        for name in NAMES:
            self.do(False, "drop", name)

    def do(self, other: bool, name: str, *arguments: Any) -> Any:
        """An operation by one of the two."""
        if other:
            return self.peer.call(name, *arguments)
        return self.runner.run(perform(self.store, name, list(arguments)))

    def of(self, space: tuple[str, str]) -> Model:
        """The model of a space."""
        return self.model.setdefault(space, Model())

    @invariant()
    def count(self) -> None:
        """Both see as many sessions, whatever was done last."""
        for space, model in self.model.items():
            for other in (False, True):
                assert self.do(other, "count", space) == len(model.sessions)

    @rule(other=who, space=spaces, state=states, until=times)
    def add_all(self, other: bool, space: Any, state: str, until: int) -> None:
        """All sessions that are not there."""
        for name in "abc":
            self.add(other, space, name, "acme", ["k:1"], state, until)

    @rule(other=who, space=spaces, name=ids, owner=owners, own=st.lists(keys, unique=True), state=states, until=times)
    def add(self, other: bool, space: Any, name: str, owner: str, own: list[str], state: str, until: int) -> None:
        """A session."""
        sessions = self.of(space).sessions
        assert self.do(other, "add", space, name, owner, own, state, until) is (name not in sessions)
        sessions.setdefault(name, {"reads": 0, "owner": owner, "keys": own, "state": state, "until": until})

    @rule(other=who, space=spaces, name=ids, state=states, until=times)
    def read(self, other: bool, space: Any, name: str, state: str, until: int) -> None:
        """A read that counts."""
        kept = self.of(space).sessions.get(name)
        if kept is not None:
            kept.update(reads=kept["reads"] + 1, state=state, until=until)
        assert self.do(other, "read", space, name, state, until) == (None if kept is None else kept["reads"])

    @rule(other=who, space=spaces, name=ids)
    def delete(self, other: bool, space: Any, name: str) -> None:
        """A session goes."""
        assert self.do(other, "delete", space, name) is (self.of(space).sessions.pop(name, None) is not None)

    @rule(other=who, space=spaces, name=ids, key=keys, now=times)
    def look(self, other: bool, space: Any, name: str, key: str, now: int) -> None:
        """By id, key, time and number."""
        sessions = self.of(space).sessions
        expected = None if name not in sessions else [name, sessions[name]["reads"]]
        assert self.do(other, "get", space, name) == expected
        assert self.do(other, "owners", space, key, 9) == [n for n in reversed(sessions) if key in sessions[n]["keys"]]
        due = self.do(other, "due", space, now, 9)
        assert sorted(due) == sorted(n for n, kept in sessions.items() if kept["until"] <= now)
        assert [sessions[n]["until"] for n in due] == sorted(sessions[n]["until"] for n in due)

    @rule(
        other=who, space=spaces, order=st.sampled_from(["id", "oldest", "newest"]), limit=st.integers(1, 3),
        after=st.none() | ids, owner=st.none() | owners, state=st.none() | states,
    )  # fmt: skip
    def page(self, other: bool, space: Any, order: str, limit: int, after: Any, owner: Any, state: Any) -> None:
        """A list."""
        sessions = self.of(space).sessions
        rows = sorted(sessions) if order == "id" else list(sessions)
        if order == "newest":
            rows.reverse()
        if after is not None and order == "id":
            rows = [name for name in rows if name > after]
        elif after in sessions:
            rows = rows[rows.index(after) + 1 :]
        else:
            after = None
        found = [n for n in rows if owner in (None, sessions[n]["owner"]) and state in (None, sessions[n]["state"])]
        assert self.do(other, "page", space, order, limit, after, owner, state) == found[:limit]

    @rule(other=who, space=spaces, key=keys)
    def increment(self, other: bool, space: Any, key: str) -> None:
        """A counter."""
        counters = self.of(space).counters
        counters[key] = counters.get(key, 0) + 1
        assert self.do(other, "increment", space, key) == counters[key]

    @rule(
        other=who, space=spaces, key=keys, value=st.integers(), until=times | st.just(FOREVER), now=times, wants=st.none() | times
    )
    def set_value(self, other: bool, space: Any, key: str, value: int, until: int, now: int, wants: int | None) -> None:
        """A value, also by version."""
        kept = self._live(space, key, now)
        is_set = wants in (None, kept[2])
        assert self.do(other, "set_value", space, key, value, until, now, wants) is is_set
        if is_set:
            self._swept(space, now)
            self.of(space).values[key] = (value, until, kept[2] + 1)

    @rule(other=who, space=spaces, key=keys, value=st.integers(), until=times | st.just(FOREVER), now=times)
    def get_or_set(self, other: bool, space: Any, key: str, value: int, until: int, now: int) -> None:
        """A value once."""
        kept = self._live(space, key, now)
        expected = kept[0] if kept[2] else value
        assert self.do(other, "get_or_set", space, key, value, until, now) == expected
        if not kept[2]:
            self._swept(space, now)
            self.of(space).values[key] = (value, until, 1)

    @rule(other=who, space=spaces, key=keys, now=times)
    def pop(self, other: bool, space: Any, key: str, now: int) -> None:
        """A value goes."""
        kept = self._live(space, key, now)
        assert self.do(other, "pop", space, key, now) == kept[0]
        if kept[2]:
            del self.of(space).values[key]

    @rule(other=who, space=spaces)
    def values(self, other: bool, space: Any) -> None:
        """All values; the clock was not set back behind what is swept."""
        found = {key: kept for key, kept in self.of(space).values.items() if kept[1] > 5}
        expected = [[key, [found[key][0], found[key][2]]] for key in sorted(found)]
        assert self.do(other, "values", space, "k:", 5, "", 9) == expected

    @rule(other=who, space=spaces, key=keys, name=st.none() | ids, until=times | st.just(FOREVER), now=times)
    def turn(self, other: bool, space: Any, key: str, name: str | None, until: int, now: int) -> None:
        """A session, once for a key, and a value with it."""
        kept, model = self._live(space, key, now), self.of(space)
        found = self.do(other, "turn", space, key, now, name, until)
        if kept[2]:
            assert found == [kept[0], 0]
            return
        model.counters["n"] = model.counters.get("n", 0) + 1
        assert found == [name not in model.sessions, model.counters["n"]]
        if found[0]:
            self._swept(space, now)
            model.values[key] = (name, until, 1)
            if name is not None:
                model.sessions[name] = {"reads": 0, "owner": "", "keys": [], "state": "open", "until": 9}

    def _live(self, space: Any, key: str, now: int) -> tuple[Any, int, int]:
        kept = self.of(space).values.get(key, (None, 0, 0))
        return kept if kept[1] > now else (None, 0, 0)

    def _swept(self, space: Any, now: int) -> None:
        """A value whose time is over may go with any other one that comes: a clock that is set back finds it no more."""
        values = self.of(space).values
        for key in [key for key, kept in values.items() if kept[1] <= now]:
            del values[key]

    @rule(other=who, space=spaces, values=st.lists(st.integers(), max_size=3))
    def append(self, other: bool, space: Any, values: list[int]) -> None:
        """A log."""
        log = self.of(space).log
        log += values
        self.do(other, "append", space, "log", values)
        assert self.do(not other, "entries", space, "log", 0, 99) == [[n, v] for n, v in enumerate(log[:99], 1)]

    @rule(other=who, space=spaces, name=ids, due=times)
    def enqueue(self, other: bool, space: Any, name: str, due: int) -> None:
        """A task."""
        model = self.of(space)
        is_new = name not in model.tasks and name not in model.done
        assert self.do(other, "enqueue", space, name, "lane", due, None) is is_new
        if is_new:
            model.tasks[name] = (due, next(model.numbers))

    @rule(other=who, space=spaces, now=times)
    def claim(self, other: bool, space: Any, now: int) -> None:
        """The first of the lane, where it is due."""
        model = self.of(space)
        first = min(model.tasks, key=model.tasks.__getitem__, default=None)
        is_due = first is not None and model.tasks[first][0] <= now
        assert self.do(other, "next_due", space) == (None if first is None else model.tasks[first][0])
        assert self.do(other, "claim_one", space, now) == ([first] if is_due else [])
        if is_due:
            del model.tasks[first]
            model.done.add(first)

    @rule(other=who, name=st.sampled_from(NAMES), value=st.integers(), version=st.integers(0, 2))
    def set_namespace(self, other: bool, name: str, value: int, version: int) -> None:
        """A document."""
        kept = self.documents.get(name, [None, 0])
        is_set = version == kept[1]
        assert self.do(other, "set_namespace", name, value, version) is is_set
        if is_set:
            self.documents[name] = [value, version + 1]

    @rule(other=who, name=st.sampled_from(NAMES))
    def drop(self, other: bool, name: str) -> None:
        """All of a namespace."""
        self.do(other, "drop", name)
        self.documents.pop(name, None)
        for space in [space for space in self.model if space[0] == name]:
            del self.model[space]


@pytest.mark.parametrize("kind", params([kind for kind in SHARED if kind != "cluster"]))
def test_two_processes(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Whatever two processes do in turn, they see what one dict would hold."""
    url = KINDS[kind](tmp_path, request).url
    with asyncio.Runner() as runner, Peer(url) as peer:
        store = connected(url)
        runner.run(store.open())
        try:
            names = {"url": url, "peer": peer, "runner": runner, "store": store}
            machine = type("TwoProcesses", (Machine,), names)
            most = settings.get_profile(settings.get_current_profile_name()).max_examples
            run_state_machine_as_test(machine, settings=settings(max_examples=2 * most, stateful_step_count=40))
        finally:
            runner.run(store.close())
