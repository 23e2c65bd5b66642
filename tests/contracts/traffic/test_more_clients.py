"""Clients that tests use besides httpx and requests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

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
