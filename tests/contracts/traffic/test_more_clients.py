"""Clients that tests use besides httpx and requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import aiohttp
import pytest
import requests
import urllib3

from specimen import specs
from specimen.contracts.traffic.http_clients import judging_all
from specimen.contracts.traffic.listener import Listener
from specimen.contracts.traffic.monitor import BaseUrl, Monitor
from tests.contracts.targets import AUTH, mock, session_id

PATH = f"/v1/sessions/{session_id()}"


@pytest.fixture
def listener() -> Iterator[Listener]:
    """What hears all that is sent to the mock of kayle."""
    with mock(providers=("kayle",)) as url:
        listened = Listener(Monitor(specs.load("kayle")), BaseUrl.parse(f"{url}/kayle"))
        with judging_all(listened):
            yield listened


def test_urllib3__is_heard(listener: Listener) -> None:
    """A pool manager's request is judged, and one elsewhere is not."""
    with urllib3.PoolManager() as pool:
        answer = pool.request("GET", f"{listener.base_url}{PATH}", headers=AUTH)
        assert answer.json()["data"]["status"] == "succeeded"
        pool.request("GET", f"{listener.base_url.origin}/", headers=AUTH)
        pool.request("POST", f"{listener.base_url}/v1/sessions", headers=AUTH, json={"contract_version": "x"})
        assert pool.request("GET", f"{listener.base_url}{PATH}", headers=AUTH, preload_content=False).read()
    assert listener.monitor.exchanges == 3
    assert list(listener.monitor.unjudged.values()) == [1]
    assert listener.monitor.errors == {}


def test_requests__is_judged_once(listener: Listener) -> None:
    """It sends by way of urllib3."""
    requests.get(f"{listener.base_url}{PATH}", headers=AUTH, timeout=5)
    assert listener.monitor.exchanges == 1


def test_aiohttp__is_heard(listener: Listener) -> None:
    """What reads a body is judged, once, with the request's body."""

    async def ask() -> None:
        async with aiohttp.ClientSession(headers=AUTH) as session:
            async with session.get(f"{listener.base_url}{PATH}") as answer:
                assert (await answer.json())["data"]["status"] == "succeeded"
                assert await answer.text()
            async with session.post(f"{listener.base_url}/v1/sessions", json={"contract_version": 5}) as answer:
                assert await answer.read()

    asyncio.run(ask())
    assert listener.monitor.exchanges == 2
    assert listener.monitor.unjudged == {}
    assert listener.monitor.errors == {}


async def _looks_at_the_status(session: aiohttp.ClientSession, url: str) -> None:
    async with session.get(url) as answer:
        assert answer.status == 200


async def _reads_the_stream(session: aiohttp.ClientSession, url: str) -> None:
    assert await (await session.get(url)).content.read()


async def _closes(session: aiohttp.ClientSession, url: str) -> None:
    (await session.get(url)).close()


async def _raises(session: aiohttp.ClientSession, url: str) -> None:
    with pytest.raises(aiohttp.ClientResponseError):
        await session.get(url, headers={"Authorization": "Bearer nobody"}, raise_for_status=True)


async def _raises_later(session: aiohttp.ClientSession, url: str) -> None:
    answer = await session.get(url, headers={"Authorization": "Bearer nobody"})
    with pytest.raises(aiohttp.ClientResponseError):
        answer.raise_for_status()


@pytest.mark.parametrize("ask", [_looks_at_the_status, _reads_the_stream, _closes, _raises, _raises_later])
def test_aiohttp__an_unread_body_is_an_exchange(ask: Callable[[aiohttp.ClientSession, str], Awaitable[None]]) -> None:
    """Its head was seen, so that it counts once, as one that could not be judged."""

    async def run(url: str) -> None:
        async with aiohttp.ClientSession(headers=AUTH) as session:
            (await session.get(f"{url}/elsewhere")).close()
            await ask(session, f"{url}/kayle{PATH}")

    with mock(providers=("kayle",)) as url:
        listened = Listener(Monitor(specs.load("kayle")), BaseUrl.parse(f"{url}/kayle"))
        with judging_all(listened):
            asyncio.run(run(url))
    assert (listened.monitor.exchanges, list(listened.monitor.unjudged.values())) == (1, [1])


def test_aiohttp__an_answer_without_a_body_is_judged(listener: Listener) -> None:
    """There is nothing to read of a 204, so that its status says all."""

    async def ask() -> None:
        async with aiohttp.ClientSession(headers=AUTH) as session:
            async with session.post(f"{listener.base_url}/v1/sessions", json={}) as answer:
                made = (await answer.json())["data"]["id"]
            async with session.post(f"{listener.base_url}/v1/sessions/{made}/cancel") as answer:
                assert answer.status == 204

    asyncio.run(ask())
    assert (listener.monitor.exchanges, listener.monitor.unjudged, listener.monitor.errors) == (2, {}, {})


def test_clients__hear_what_breaks_the_contract(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another provider's contract is broken by the same answers."""
    other = Listener(Monitor(specs.load("kyve")), listener.base_url)

    async def ask() -> None:
        async with aiohttp.ClientSession() as session, session.get(f"{listener.base_url}/v1/verifications/x") as answer:
            await answer.read()

    with judging_all(other):
        asyncio.run(ask())
        with urllib3.PoolManager() as pool:
            pool.request("GET", f"{listener.base_url}/v1/verifications/x")
    assert other.monitor.exchanges == 2
