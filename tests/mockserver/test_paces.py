"""How sessions move: paces, ends, preferred states, writes and the catalogue, under a clock that the test moves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from specimen import specs
from specimen.fixtures.primitives.timelines import plan
from specimen.mockserver.app import App
from specimen.mockserver.errors import IllegalTransition, SettingError
from specimen.mockserver.preferences.preferences import NO_PREFERENCE, Preference, scenario_named
from specimen.mockserver.sessions.clock import Clock
from specimen.mockserver.sessions.namespaces import Namespaces
from specimen.mockserver.sessions.service import Sessions
from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.shared_state import SharedState
from specimen.mockserver.sessions.store import Page, Phase, Space
from specimen.mockserver.sessions.store.memory import MemoryStore
from specimen.mockserver.settings import Pace, Settings
from tests.mockserver import dummy_provider
from tests.mockserver.calling import NOW, ask, ask_raw, forward, frozen_app


@pytest.fixture
def provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> specs.Provider:
    """The made-up provider: open, busy, then done or bad; it lapses after ten minutes."""
    return dummy_provider.load(monkeypatch, tmp_path)


class Desk:
    """Sessions of one provider under a clock that a test moves; what they await, is waited for."""

    def __init__(self, provider: specs.Provider, store: MemoryStore | None = None, **settings: Any) -> None:
        from specimen.fixtures import recipes

        self.store = store or MemoryStore()
        self.namespaces = Namespaces(self.store, Clock(NOW, frozen=True), 0)
        found = Settings(**{"pace": Pace("speed"), **settings})
        self.shared_state = SharedState(provider, self.store, self.namespaces, recipes.answers(provider), found)

    def forward(self, milliseconds: int, namespace: str = "default") -> None:
        """Moves a clock forward."""
        run(self.namespaces.forward(namespace, milliseconds))

    def sessions(self, preference: Preference = NO_PREFERENCE, namespace: str = "default") -> Waiting:
        """The sessions as one request sees them now."""
        found = run(self.namespaces.get(namespace))
        return Waiting(Sessions(self.shared_state, found, "http://127.0.0.1:8080/x", found.clock.now(), preference))

    def states(self, session_id: str, *seconds: float) -> Iterator[str]:
        """The session's states as the clock goes forward."""
        for step in seconds:
            self.forward(round(step * 1000))
            found = self.sessions().get(session_id)
            assert found is not None
            yield found.state


class Waiting:
    """Sessions whose methods return what they would give to who awaits them."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._sessions, name)
        if not asyncio.iscoroutinefunction(found):
            return found
        return lambda *values, **named: run(found(*values, **named))


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine returns."""
    return asyncio.run(coroutine)


def test_pace__realtime_takes_the_documented_seconds(provider: specs.Provider) -> None:
    """At the vendor's own pace each state lasts as long as the lifecycle says, to the millisecond."""
    desk = Desk(provider)
    made = desk.sessions().create()
    assert list(desk.states(made.id, 0, 19.999, 0.001, 39.999, 0.001, 10**6)) == ["open", "open", "busy", "busy", "done", "done"]


def test_pace__a_factor_divides_them(provider: specs.Provider) -> None:
    """Ten times faster is a tenth of the seconds."""
    desk = Desk(provider, pace=Pace.parse("10x"))
    made = desk.sessions().create()
    assert list(desk.states(made.id, 1.999, 0.001, 3.999, 0.001)) == ["open", "busy", "busy", "done"]


def test_pace__instant_shows_the_first_state_then_the_last(provider: specs.Provider) -> None:
    """Under `instant` the create answer is the first state and every later read the last, with times in the past."""
    desk = Desk(provider, pace=Pace("instant"))
    made = desk.sessions().create()
    assert made.state == "open"
    found = desk.sessions().get(made.id)
    assert found is not None
    assert found.state == "done"
    assert found.events[-1].at == NOW
    assert found.created_at == NOW - 60_000


def test_pace__manual_waits_for_a_word(provider: specs.Provider) -> None:
    """Under `manual` nothing moves but the lifetime, and what is told to."""
    desk = Desk(provider, pace=Pace("manual"))
    made = desk.sessions().create()
    assert list(desk.states(made.id, 599.999, 0.001)) == ["open", "lapsed"]
    other = desk.sessions().create()
    assert desk.sessions().transition(other, "bad", "stopped").state == "bad"


def test_pace__polls_moves_on_every_nth_read(provider: specs.Provider) -> None:
    """Under `polls:2` every second read of the session by id is answered with the next state, whose time then stays."""
    desk = Desk(provider, pace=Pace("polls", polls=2))
    made = desk.sessions().create()
    seen = []
    for _ in range(6):
        desk.forward(1000)
        sessions = desk.sessions()
        found = sessions.get(made.id)
        assert found is not None
        seen.append(json.loads(sessions.answer(found, "getRecord").payload())["events"])
    assert [events[-1][0] for events in seen] == ["open", "busy", "busy", "done", "done", "done"]
    assert seen[-1] == [["open", 0, "created"], ["busy", 2000, "begun"], ["done", 4000, "finished"]]


def test_pace__polls_count_answers_only(provider: specs.Provider) -> None:
    """Lists, looks that are not answered, reads for another purpose and wished answers count nothing."""
    desk = Desk(provider, pace=Pace("polls", polls=1))
    made = desk.sessions().create()
    for _ in range(5):
        sessions = desk.sessions()
        assert sessions.get(made.id) is not None
        assert [sessions.body(entry, "getRecord")["state"] for entry in sessions.page("oldest", 100)] == ["open"]
        for entry in sessions.page("oldest", 100):
            sessions.answer(entry, "getRecord")
        unpolled = sessions.get(made.id, poll=False)
        assert unpolled is not None
        sessions.answer(unpolled, "getRecord")
        preferred = desk.sessions(Preference(status="bad"))
        found = preferred.get(made.id)
        assert found is not None
        assert json.loads(preferred.answer(found, "getRecord").payload())["state"] == "bad"
    assert list(desk.states(made.id, 0)) == ["open"]


def test_pace__polls_stop_where_the_session_left_its_path(provider: specs.Provider) -> None:
    """A session that was stopped under `polls` stays stopped."""
    desk = Desk(provider, pace=Pace("polls", polls=1))
    made = desk.sessions().create()
    desk.sessions().transition(made, "bad", "stopped")
    for _ in range(3):
        sessions = desk.sessions()
        found = sessions.get(made.id)
        assert found is not None
        assert json.loads(sessions.answer(found, "getRecord").payload())["state"] == "bad"


def test_pace__polls_lose_no_read_to_another_replica(provider: specs.Provider) -> None:
    """When another replica wrote the session in between, the read is counted on what is kept now."""

    class Contested(MemoryStore):
        times = 1

        async def swap(self, space: Space, record: Record, phase: Phase, of: Record | None = None) -> bool:
            if self.times:
                self.times -= 1
                await super().swap(space, replace(record, events=()), phase)  # another replica's read
            return await super().swap(space, record, phase, of)

    desk = Desk(provider, Contested(), pace=Pace("polls", polls=2))
    made = desk.sessions().create()
    sessions = desk.sessions()
    found = sessions.get(made.id)
    assert found is not None
    assert json.loads(sessions.answer(found, "getRecord").payload())["state"] == "busy"
    kept = run(desk.store.get(Space("default", provider.name), made.id))
    assert kept is not None
    assert (kept.reads, len(kept.events), kept.version) == (2, 1, 3)


@pytest.mark.parametrize("speed", ["10x", "100x"])
def test_expiry__born_old(speed: str, provider: specs.Provider) -> None:
    """A scenario that ends with its lifetime is born so old that the end is near, and what it prints stays true."""
    desk = Desk(provider, pace=Pace.parse(speed))
    made = desk.sessions(Preference(scenario=scenario_named(provider, "lapsed"))).create()
    assert made.created_at < NOW
    expires_at = made.snapshot.expires_at
    assert expires_at == made.created_at + 600_000
    wait = 20_000 / Pace.parse(speed).speed + 60_000 / Pace.parse(speed).speed
    assert expires_at == NOW + wait
    assert list(desk.states(made.id, wait / 1000 - 0.001, 0.001)) == ["busy", "lapsed"]
    found = desk.sessions().get(made.id)
    assert found is not None
    assert found.events[-1].at == expires_at


def test_expiry__in_real_time(provider: specs.Provider) -> None:
    """At the vendor's own pace an expiring session is born now and takes its whole lifetime."""
    desk = Desk(provider)
    made = desk.sessions(Preference(scenario=scenario_named(provider, "lapsed"))).create()
    assert made.created_at == NOW
    assert list(desk.states(made.id, 599.999, 0.001)) == ["busy", "lapsed"]


def test_status_preference__holds_the_session(provider: specs.Provider) -> None:
    """A session made with `status=` stays in that state, at any pace, until its lifetime ends or it is told to move."""
    desk = Desk(provider, pace=Pace.parse("10x"))
    made = desk.sessions(Preference(status="busy")).create()
    assert [event.state for event in made.events] == ["open", "busy"]
    assert made.events[-1].at == NOW
    assert list(desk.states(made.id, 0, 500)) == ["busy", "busy"]
    assert list(desk.states(made.id, 100)) == ["lapsed"]


def test_act__illegal_move_is_refused(provider: specs.Provider) -> None:
    """An edge that the lifecycle does not have raises, and names both states."""
    desk = Desk(provider, pace=Pace("manual"))
    made = desk.sessions().create()
    with pytest.raises(IllegalTransition, match="does not move from 'open' to 'done'") as raised:
        desk.sessions().transition(made, "done", "finished")
    assert (raised.value.before, raised.value.after) == ("open", "done")


def test_act__ends_the_plan(provider: specs.Provider) -> None:
    """A session that was stopped does not go on with its scenario."""
    desk = Desk(provider)
    made = desk.sessions().create()
    desk.forward(5000)
    sessions = desk.sessions()
    found = sessions.get(made.id)
    assert found is not None
    assert sessions.transition(found, "bad", "stopped", {"stopped": True}).facts["stopped"] is True
    assert list(desk.states(made.id, 0, 15, 3600)) == ["bad", "bad", "bad"]


def test_catalogue__is_pinned(provider: specs.Provider) -> None:
    """A catalogue session is in its state at any time, its times are offsets from the server's start."""
    desk = Desk(provider)
    for session_id, place in desk.shared_state.catalogue.places():
        first = desk.sessions().get(session_id)
        assert first is not None
        assert first.state == place.state
        assert first.events[-1].at == NOW
        assert first.record.pinned
    desk.forward(10**10)
    assert {place.state for _, place in desk.shared_state.catalogue.places()} == set(provider.lifecycle.states)
    for session_id, place in desk.shared_state.catalogue.places():
        assert list(desk.states(session_id, 0)) == [place.state]
    assert desk.sessions().page("oldest", 100) == []


def test_catalogue__writing_copies_it(provider: specs.Provider) -> None:
    """Writing on a catalogue session changes the caller's namespace only, where lists show it from then on."""
    desk = Desk(provider)
    session_id = desk.shared_state.catalogue.id_of("done", "open")
    mine = desk.sessions(namespace="mine")
    found = mine.get(session_id)
    assert found is not None
    mine.transition(found, "bad", "stopped")
    desk.forward(10**10)
    states = {}
    for namespace in ("mine", "default"):
        again = desk.sessions(namespace=namespace).get(session_id)
        assert again is not None
        states[namespace] = again.state
    assert states == {"mine": "bad", "default": "open"}
    assert [entry.id for entry in desk.sessions(namespace="mine").page("oldest", 100)] == [session_id]
    by_receipt = desk.sessions(namespace="mine").get(found.ids["receipt"], by="receipt")
    assert by_receipt is not None
    assert by_receipt.state == "bad"


def test_keys__the_newest_owner_wins(provider: specs.Provider) -> None:
    """Two sessions under one key: reading by the key gives the later; each stays readable by its id."""
    desk = Desk(provider)
    one, two = (desk.sessions().create(keys={"client": "a"}) for _ in range(2))
    found = desk.sessions().get("a", by="client")
    assert found is not None
    assert found.id == two.id
    assert desk.sessions().get(one.id) is not None
    assert desk.sessions().get("b", by="client") is None
    by_receipt = desk.sessions().get(one.ids["receipt"], by="receipt")
    assert by_receipt is not None
    assert by_receipt.id == one.id
    assert desk.sessions(namespace="other").get("a", by="client") is None


def test_clock__never_runs_backwards() -> None:
    """A clock goes forward or stands still, and refuses to go back; what another is made of leaves the first as it was."""
    clock = Clock(NOW, frozen=True)
    later = clock.forward(1500)
    assert (later.now(), clock.now(), later.started_at) == (NOW + 1500, NOW, NOW)
    assert Clock.of(later.document).now() == NOW + 1500
    with pytest.raises(SettingError, match="never runs backwards"):
        clock.forward(-1)
    for start in (-1, 0, 10**13):
        with pytest.raises(SettingError, match="2000 to 2199"):
            Clock(start)
    with pytest.raises(SettingError, match="2000 to 2199"):
        clock.forward(10**13)
    running = Clock(NOW)
    assert NOW <= running.now() < NOW + 60_000
    assert running.forward(60_000).now() >= NOW + 60_000


def test_plan__speed_leaves_the_lifetime_alone(provider: specs.Provider) -> None:
    """The end of the lifetime is at its documented second, however fast the rest is."""
    events = plan(provider.lifecycle, ("open", "busy", "lapsed"), 0, speed=1000.0)
    assert [event.at for event in events] == [0, 20, 600_000]


# -- over HTTP -----------------------------------------------------------------------------------------------------

BASE = "/atlas/v3/records"


def _snapshot(app: App) -> Any:
    store = app.store
    assert isinstance(store, MemoryStore)

    async def kept() -> Any:
        space = Space("default", "atlas")
        return [
            await store.namespaces("", 9),
            await store.page(space, Page("oldest", 100)),
            await store.values(space, "", 0, "", 9),
        ]

    return run(kept())


@pytest.fixture
def app(provider: specs.Provider) -> Callable[..., App]:
    """The made-up provider, served at a pace."""
    return lambda pace="manual": frozen_app(provider.name, pace=pace)


def test_reads__change_nothing(app: Callable[..., App]) -> None:
    """Whatever is read, in whatever way, the store keeps what it had."""
    served = app("10x")
    made = ask(served, "POST", BASE, dummy_provider.KEY, json={}).json()
    before = _snapshot(served)
    for prefer in ("", "status=bad", "scenario=retried", "example=no_record", "code=404", "seed=4"):
        for method, path in (("GET", f"{BASE}/{made['id']}"), ("HEAD", f"{BASE}/{made['id']}"), ("GET", BASE)):
            ask(served, method, path, {**dummy_provider.KEY, **({"Prefer": prefer} if prefer else {})})
    forward(served, 10**9)
    assert ask(served, "GET", f"{BASE}/{made['id']}", dummy_provider.KEY).json()["state"] == "done"
    assert _snapshot(served) == before


def test_polls__not_by_head_list_or_refusal(app: Callable[..., App]) -> None:
    """Under `polls:1` only a successful GET by id moves the session: not HEAD, a list, a refused or an asked-for error."""
    served = app("polls:1")
    made = ask(served, "POST", BASE, dummy_provider.KEY, json={}).json()
    path = f"{BASE}/{made['id']}"
    for _ in range(3):
        assert ask(served, "HEAD", path, dummy_provider.KEY).status_code == 200
        assert ask(served, "GET", BASE, dummy_provider.KEY).status_code == 200
        assert ask(served, "GET", path).status_code == 401
        assert ask(served, "GET", path, {**dummy_provider.KEY, "Prefer": "code=404"}).status_code == 404
        assert ask(served, "GET", path, {**dummy_provider.KEY, "Prefer": "status=bad"}).json()["state"] == "bad"
        assert ask_raw(served, "GET", f"/atlas/_specimen/flow/{made['id']}")[0] == 200
    assert [ask(served, "GET", path, dummy_provider.KEY).json()["state"] for _ in range(3)] == ["busy", "done", "done"]


def test_polls__on_a_catalogue_session_nothing_moves(app: Callable[..., App]) -> None:
    """A catalogue session is pinned under every pace."""
    served = app("polls:1")
    session_id = served.mounted["atlas"].shared_state.catalogue.id_of("done", "open")
    states = {ask(served, "GET", f"{BASE}/{session_id}", dummy_provider.KEY).json()["state"] for _ in range(3)}
    assert states == {"open"}


def test_moving_values__move_inside_a_phase(app: Callable[..., App]) -> None:
    """A value that moves with every read is read anew while the rest of the phase stays."""
    served = app()
    made = ask(served, "POST", BASE, dummy_provider.KEY, json={}).json()
    first = ask(served, "GET", f"{BASE}/{made['id']}", dummy_provider.KEY).json()
    forward(served, 1234)
    second = ask(served, "GET", f"{BASE}/{made['id']}", dummy_provider.KEY).json()
    assert second.pop("read_at") - first.pop("read_at") == 1234
    assert first == second


@pytest.mark.parametrize(
    ("text", "pace"),
    [
        ("instant", Pace("instant")),
        ("manual", Pace("manual")),
        ("realtime", Pace("speed")),
        ("10x", Pace("speed", speed=10.0)),
        ("0.5x", Pace("speed", speed=0.5)),
        ("polls:3", Pace("polls", polls=3)),
    ],
)
def test_pace__parses(text: str, pace: Pace) -> None:
    """Every documented spelling of a pace is read."""
    assert Pace.parse(text) == pace


@pytest.mark.parametrize(
    "text", ["", "fast", "0x", "0.0x", "x", "-1x", "1e3x", "polls", "polls:0", "polls:-1", "10x\n", "polls:3\n", "١x"]
)
def test_pace__refuses(text: str) -> None:
    """Any other text is a mistake whose sentence lists what is possible."""
    with pytest.raises(SettingError, match="expected instant, manual, realtime, a factor such as 10x, or polls:N"):
        Pace.parse(text)
