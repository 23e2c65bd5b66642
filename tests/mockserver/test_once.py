"""A call that runs once: its session and its kept answer come together or not at all."""

from __future__ import annotations

from typing import Any

from specimen import specs
from specimen.mockserver.app import App
from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.store import Bounds, Phase, Space
from specimen.mockserver.sessions.store.memory import MemoryStore
from specimen.mockserver.sessions.store.memory.turn import MemoryTurn
from specimen.mockserver.settings import Settings
from specimen.mockserver.testing.in_process import completed
from tests.mockserver.calling import NOW, ask

KYVE = {"Authorization": "Bearer ak_test_specimen", "Idempotency-Key": "one"}
SPACE = Space("default", "kyve")


def app_on(store: MemoryStore) -> App:
    """Kyve on a store."""
    return App(Settings(now=NOW, freeze=True), [specs.load("kyve")], store)


def test_once__id_that_is_taken() -> None:
    """The call runs again with the next number, and its second session is the one that is answered and kept."""

    class Taken(MemoryStore):
        refused: Record | None = None

        def finish_turn(self, turn: MemoryTurn, session: tuple[Record, Phase] | None, value: Any, until: int, now: int) -> bool:
            if self.refused is None and session is not None:
                self.refused = session[0]
                return False
            return super().finish_turn(turn, session, value, until, now)

    store = Taken()
    app = app_on(store)
    made = ask(app, "POST", "/kyve/v1/sessions", KYVE, json={})
    assert made.status_code == 201
    assert store.refused is not None
    assert made.json()["id"] != store.refused.id
    assert completed(store.get(SPACE, made.json()["id"])) is not None
    assert completed(store.count(SPACE)) == 1
    assert ask(app, "POST", "/kyve/v1/sessions", KYVE, json={}).content == made.content


def test_once__no_room_for_the_answer() -> None:
    """Where the answer cannot be kept, neither is the session: the caller may send it again without making two."""
    store = MemoryStore(Bounds(value_bytes=64))
    app = app_on(store)
    assert ask(app, "POST", "/kyve/v1/sessions", KYVE, json={}).status_code == 507
    assert completed(store.count(SPACE)) == 0


def test_once__numbers() -> None:
    """A repeated call, and a cancel with a key, take no number: the sessions are those of calls without a key."""
    with_keys, without = app_on(MemoryStore()), app_on(MemoryStore())
    plain = {"Authorization": KYVE["Authorization"]}
    first = ask(with_keys, "POST", "/kyve/v1/sessions", KYVE, json={}).json()
    ask(with_keys, "POST", "/kyve/v1/sessions", KYVE, json={})
    ask(with_keys, "POST", f"/kyve/v1/sessions/{first['id']}/cancel", KYVE)
    second = ask(with_keys, "POST", "/kyve/v1/sessions", KYVE | {"Idempotency-Key": "two"}, json={}).json()
    others = [ask(without, "POST", "/kyve/v1/sessions", plain, json={}).json()["id"] for _ in range(2)]
    assert [first["id"], second["id"]] == others
