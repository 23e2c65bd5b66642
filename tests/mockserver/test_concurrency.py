"""Requests at once on a store that lets others in between at every step, as one in another process does."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import httpx
import pytest

from specimen import specs
from specimen.mockserver.app import App
from specimen.mockserver.sessions.session_record import FOREVER, Record
from specimen.mockserver.sessions.store import Page, Phase, Space
from specimen.mockserver.sessions.store.memory import MemoryStore
from specimen.mockserver.settings import Pace, Settings
from tests.mockserver.calling import NOW, create_entry

KAYLE = {"Authorization": "Bearer kk_live_specimen"}
KYVE = {"Authorization": "Bearer ak_test_specimen"}
WALLET = "0x52908400098527886E0F7030069857D2E4169EE7"
CALLERS = 12


def _interrupted(name: str) -> Any:
    async def call(self: MemoryStore, *values: Any, **named: Any) -> Any:
        await asyncio.sleep(0)
        found = await getattr(MemoryStore, name)(self, *values, **named)
        await asyncio.sleep(0)
        return found

    return call


_NAMES = ("namespace", "get", "find", "owners", "add", "swap", "page", "increment", "value", "set_value", "get_or_set", "pop")
Interrupted: type[MemoryStore] = type(
    "Interrupted", (MemoryStore,), {**{name: _interrupted(name) for name in _NAMES}, "namespace_at_hand": lambda *_: None}
)


def _app(provider: str, pace: str = "manual") -> App:
    settings = Settings(now=NOW, freeze=True, pace=Pace.parse(pace))
    return App(settings, [specs.load(provider)], Interrupted())


def _at_once(app: App, method: str, path: str, headers: dict[str, str], **rest: Any) -> list[httpx.Response]:
    """The answers to one request that many callers send at once."""

    async def go() -> list[httpx.Response]:
        transport: Any = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # an ASGI application
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            return await asyncio.gather(*(client.request(method, path, headers=headers, **rest) for _ in range(CALLERS)))

    return asyncio.run(go())


def _created(app: App, name: str) -> Any:
    entry = create_entry(app, name)
    (answer, *_) = _at_once(app, entry["method"], entry["path"], entry["headers"], json=entry["body"])
    return answer.json()


def test_idempotency__one_session_and_one_answer() -> None:
    """One Idempotency-Key from all callers at once makes one session, and all get its answer."""
    app = _app("kyve")
    answers = _at_once(app, "POST", "/kyve/v1/sessions", {**KYVE, "Idempotency-Key": "k-1"}, json={})
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert asyncio.run(app.store.count(Space("default", "kyve"))) == 1


def test_create__each_has_its_own() -> None:
    """Without a key every call makes a session of its own."""
    answers = _at_once(_app("kyve"), "POST", "/kyve/v1/sessions", KYVE, json={})
    assert len({answer.json()["id"] for answer in answers}) == CALLERS


@pytest.mark.parametrize("reads", [2, 5])
def test_polls__every_read_counts_once(reads: int) -> None:
    """Under a pace of polls reads at once are all counted, and every Nth moves the session once."""
    app = _app("kayle", f"polls:{reads}")
    made = _created(app, "kayle")["data"]
    answers = _at_once(app, "GET", f"/kayle/v1/sessions/{made['id']}", KAYLE)
    assert {answer.status_code for answer in answers} == {200}
    record = asyncio.run(app.store.get(Space("default", "kayle"), made["id"]))
    assert record is not None
    path = specs.load("kayle").lifecycle.scenarios[record.scenario].path
    assert record.reads == CALLERS
    assert len(record.events) == min(CALLERS // reads, len(path) - 1)


def _call(app: App, operation_id: str, session_id: str) -> tuple[str, str]:
    """Method and path of an operation on a session."""
    provider = app.mounted["kayle"].provider
    operation = provider.document.operations[operation_id]
    path = provider.mount + re.sub(r"{[^}]+}", session_id, operation.path)
    return operation.method.upper(), path


def test_cancel_token__works_once() -> None:
    """Of all who present a cancel token at once, one cancels; the session has one such event."""
    app = _app("kayle")
    made = _created(app, "kayle")["data"]
    answers = _at_once(app, *_call(app, "cancelByToken", made["id"]), {}, json={"cancel_token": made["cancel_token"]})
    assert {answer.status_code for answer in answers} == {204}
    record = asyncio.run(app.store.get(Space("default", "kayle"), made["id"]))
    assert record is not None
    assert [event.state for event in record.events] == ["cancelled"]


def test_catalogue__copied_once() -> None:
    """A catalogue session that all cancel at once is copied once, and cancelled once."""
    app = _app("kayle")
    session_id = app.mounted["kayle"].shared_state.catalogue.id_of("succeeded", "created")
    answers = _at_once(app, *_call(app, "cancelSession", session_id), KAYLE)
    assert {answer.status_code for answer in answers} == {204}
    record = asyncio.run(app.store.get(Space("default", "kayle"), session_id))
    assert record is not None
    assert [event.state for event in record.events] == ["cancelled"]
    assert record.version == 1


def test_wallet__one_session() -> None:
    """All who register one wallet at once get one session."""
    app = _app("predicate")
    entry = create_entry(app, "predicate")
    answers = _at_once(app, "POST", entry["path"], entry["headers"], json={"walletAddress": WALLET})
    assert sorted(answer.status_code for answer in answers) == [200] * (CALLERS - 1) + [201]
    assert len({answer.json()["sessionId"] for answer in answers}) == 1


def test_client__one_id() -> None:
    """Of all who send images of one client at once, each has a session, and the client has one id."""
    app = _app("neurovision", "instant")
    entry = create_entry(app, "neurovision")
    answers = _at_once(
        app,
        "POST",
        entry["path"],
        entry["headers"],
        data={"clientKey": "order-17"},
        files={"images": ("a.png", b"x", "image/png")},
    )
    assert {answer.status_code for answer in answers} == {200}

    async def clients() -> set[str]:
        records = await app.store.owners(Space("default", "neurovision"), "clientKey:order-17", 100)
        assert len(records) == CALLERS
        own = {key.partition(":")[2] for record in records for key in record.keys if key.startswith("client:")}
        known = {record.facts["client_id"] for record in records if "client_id" in record.facts}
        assert known < own
        return known

    assert len(asyncio.run(clients())) == 1


# -- who waits ---------------------------------------------------------------------------------------------------------


def test_watch__a_create_wakes_nobody_elses_stream() -> None:
    """Of five hundred who watch a session each, a change of one wakes that one; a create wakes none."""

    async def go() -> None:
        store, space = MemoryStore(), Space("default", "predicate")
        woken: list[int] = []

        async def follow(number: int) -> None:
            async with store.watch(space, f"s-{number}") as watch:
                while await watch.wait(3600):
                    woken.append(number)

        tasks = [asyncio.ensure_future(follow(number)) for number in range(500)]
        await asyncio.sleep(0)
        record = Record("default", "other", "s", 1, 0, 0, 1.0, 1)
        await store.add(space, record, Phase("pending", FOREVER))
        for _ in range(3):
            await asyncio.sleep(0)
        assert woken == []
        await store.add(space, Record("default", "s-7", "s", 1, 0, 0, 1.0, 1), Phase("pending", FOREVER))
        for _ in range(3):
            await asyncio.sleep(0)
        assert woken == [7]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not store._watches._by_space

    asyncio.run(go())


def test_page__lets_others_in_between() -> None:
    """A list that has to look at many sessions is read in slices: others go on meanwhile, and the page is right."""

    async def go() -> None:
        store, space = MemoryStore(), Space("default", "kayle")
        for number in range(20_000):
            created_at = number // 2 if number % 4 else 10**9
            await store.add(space, Record("default", f"{number:06d}", "s", 1, created_at, 0, 1.0, 1), Phase("open", FOREVER))
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticking = asyncio.ensure_future(tick())
        found = await store.page(space, Page("id", 5, created_from=9_990, created_to=10**8))
        assert [record.id for record in found] == ["019981", "019982", "019983", "019985", "019986"]
        narrow = ticks
        found = await store.page(space, Page("oldest", 5, created_from=9_990, created_to=10**8))
        assert [record.id for record in found] == ["019981", "019982", "019983", "019985", "019986"]
        assert ticks - narrow > 3
        ticking.cancel()

    asyncio.run(go())


def test_list__newest_first_while_others_create() -> None:
    """Pages of a list that others add to meanwhile have every older session once, in order."""
    app = _app("kyve")
    ids = [json.loads(answer.content)["id"] for answer in _at_once(app, "POST", "/kyve/v1/sessions", KYVE, json={})]
    seen: list[str] = []
    after: str | None = None
    while True:
        query = {"limit": "5", **({} if after is None else {"starting_after": after})}
        (page, *_) = _at_once(app, "GET", "/kyve/v1/verifications", KYVE, params=query)
        seen += [row["session_id"] for row in page.json()["data"]]
        after = page.json()["next_cursor"]
        if after is None:
            break
        _at_once(app, "POST", "/kyve/v1/sessions", KYVE, json={})
    older = [session_id for session_id in seen if session_id in ids]
    assert sorted(older) == sorted(ids)
    assert len(set(seen)) == len(seen)
