"""Webhooks that wait have a bound: what another one would follow is refused, on every store, and nothing is half done."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from specimen import specs
from specimen.mockserver.app import App
from specimen.mockserver.sessions.store import Bounds, Space, StoreFull
from specimen.mockserver.settings import Pace, Settings
from specimen.mockserver.webhooks import outbox
from specimen.mockserver.webhooks.registration import Registration
from tests.mockserver.calling import NOW
from tests.mockserver.store.places import Place

KYVE = {"Authorization": "Bearer ak_test_specimen"}
SPACE = Space("default", "kyve")
SESSIONS = "/kyve/v1/sessions"
CONTROL = "/_specimen/v1"


@asynccontextmanager
async def _served(place: Place, most: int) -> AsyncIterator[tuple[App, httpx.AsyncClient]]:
    """An application that sends nothing, because nobody starts it; and a client of it."""
    settings = Settings(now=NOW, freeze=True, pace=Pace.parse("manual"))
    app = App(settings, [specs.load("kyve")], place.connect(Bounds(tasks=most)))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080", headers=KYVE) as client:
        yield app, client
    await app.close()


def _is_refused(answer: Any, most: int) -> bool:
    detail = answer.json()["detail"]
    return answer.status_code == 507 and f"at most {most} tasks" in detail and "--most-tasks" in detail


async def test_create__one_too_many(place: Place) -> None:
    """It is 507, makes no session and names the flag, while reads go on; once one is sent there is room for another one."""
    async with _served(place, 2) as (app, client):
        await app.add_webhook(Registration("kyve", "http://127.0.0.1:1/hook"))
        made = [await client.post(SESSIONS, json={}) for _ in range(3)]
        assert [answer.is_success for answer in made] == [True, True, False]
        assert _is_refused(made[2], 2)
        assert await app.store.count(SPACE) == 2
        session = made[0].json()["id"]
        moved = await client.post(f"{CONTROL}/sessions/kyve/{session}/advance", json={})
        assert _is_refused(moved, 2)
        assert (await client.get(f"{SESSIONS}/{session}")).json()["status"] == made[0].json()["status"]
        task = (await app.store.claim(SPACE, NOW, 60, 1))[0]
        assert await app.store.acknowledge(SPACE, task)
        assert (await client.post(SESSIONS, json={})).is_success
        elsewhere = await client.post(SESSIONS, json={}, headers={"Specimen-Namespace": "quiet"})
        assert elsewhere.is_success, "no webhook follows it"


async def test_endpoint__too_many_open_sessions(place: Place) -> None:
    """An endpoint that would have more to tell than may wait is refused, and is not there then."""
    async with _served(place, 1) as (app, client):
        assert (await client.post(SESSIONS, json={})).is_success
        await app.store.enqueue(SPACE, "another", "lane", NOW, {})
        body = {"provider": "kyve", "url": "http://127.0.0.1:1/hook"}
        assert _is_refused(await client.post(f"{CONTROL}/webhooks", json=body), 1)
        assert (await client.get(f"{CONTROL}/webhooks")).json() == {"webhooks": []}


async def test_tell__waits_for_room(place: Place) -> None:
    """A task adds no deliveries where twice as many wait as requests may add, and stays for later."""
    async with _served(place, 1) as (app, client):
        await app.add_webhook(Registration("kyve", "http://127.0.0.1:1/hook"))
        assert (await client.post(SESSIONS, json={})).is_success
        await app.store.enqueue(SPACE, "another", "lane", NOW + 1, {})
        (task,) = await app.store.claim(SPACE, NOW, 60, 9)
        state, namespace = app.mounted["kyve"].shared_state, await app.namespaces.get("default")
        with pytest.raises(StoreFull):
            await outbox.tell(state, namespace, [], task, NOW, "http://127.0.0.1:8080")
        assert [name for name, _ in await app.store.tasks(SPACE, "", 9)] == ["another", task.id]
