"""Clients, the sandbox and `kyc_mock` steer sessions and ask about requests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

import specimen
from specimen.client import AsyncClient, Client, ControlError
from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Pace, Settings
from specimen.mockserver.testing.sandbox import KycMock
from specimen.mockserver.testing.transports import AsyncInProcessTransport, requests_adapter
from tests.documentation import blocks
from tests.serving import ROOT

KAYLE = {"Authorization": "Bearer kk_live_specimen"}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A mock on a port, which asks for a token."""
    app = build_app(Settings(providers=("kayle",), pace=Pace("manual"), control_token="let-me-in"))
    with running(app) as found:
        yield found


def test_client__no_proxy_sees_calls_on_this_machine(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment would read the token; it is for other machines."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Client(url, namespace="direct", token="let-me-in") as client:
        assert client.clock().frozen is False

    async def clock() -> dict[str, object]:
        async with AsyncClient(url, namespace="direct", token="let-me-in") as other:
            return await other.call("GET", "/clock")

    assert asyncio.run(clock())["frozen"] is False
    with Client("http://mock.test", token="let-me-in") as away, pytest.raises(httpx.ConnectError):
        away.clock()


def test_client__steers_over_http(url: str) -> None:
    """Create, advance, transition, narrow, expire, clock, faults, requests, reset, export."""
    with Client(url, namespace="sync", token="let-me-in") as client:
        session = client.create("kayle", "succeeded")
        assert client.advance("kayle", session.id).state == "in_progress"
        client.narrow("kayle", session.id, failure_code="liveness_failed")
        failed = client.transition("kayle", session.id, "failed")
        assert (failed.state, failed.facts["failure_code"]) == ("failed", "liveness_failed")
        with pytest.raises(ControlError, match="states: cancelled") as refused:
            client.transition("kayle", session.id, "succeeded")
        assert (refused.value.status, refused.value.possible["states"]) == (409, ["cancelled"])
        assert client.expire("kayle", client.create("kayle").id).state == "expired"
        assert [one.state for one in client.sessions(provider="kayle")] == ["failed", "expired"]
        frozen = client.freeze()
        assert client.forward(60).now > frozen.now
        name = client.add_fault("status", status=503, match={"count": 1})
        headers = {**KAYLE, "Specimen-Namespace": "sync"}
        path = f"{url}/kayle/v1/sessions/{session.id}"
        assert [httpx.get(path, headers=headers).status_code for _ in range(2)] == [503, 200]
        assert [(one.status, one.fault) for one in client.requests(operation="getSession")] == [(503, name), (200, None)]
        client.assert_called(operation="getSession", times=2)
        with pytest.raises(AssertionError, match="never") as wrong:
            client.assert_called(operation="getSession", header="never")
        assert "GET /kayle/v1/sessions/" in str(wrong.value)
        exported = client.export()
        other = client.in_namespace("copy")
        assert other.load(exported) == 2
        assert other.session("kayle", session.id).state == "failed"
        client.reset()
        assert client.sessions() == []
    with Client(url) as stranger, pytest.raises(ControlError, match="bearer token"):
        stranger.clock()


def test_client__refuses_a_filter_that_is_none(url: str) -> None:
    """A slip in its name would answer everything."""
    with Client(url, namespace="filters", token="let-me-in") as client:
        with pytest.raises(ControlError, match="Did you mean 'state'"):
            client.sessions(stat="failed")
        with pytest.raises(ControlError, match="Did you mean 'operation'"):
            client.requests(operatoin="getSession")


def test_client__takes_a_limit_and_a_beginning(url: str) -> None:
    """`limit` is how many there are at most, `after` where they begin; neither is lost for the pages that a client asks for."""
    with Client(url, namespace="limits", token="let-me-in") as client:
        ids = [client.create("kayle").id for _ in range(3)]
        assert [one.id for one in client.sessions(limit=2)] == ids[:2]
        assert [one.id for one in client.sessions(limit=5000)] == ids
        assert [one.id for one in client.sessions(after=f"kayle:{ids[0]}", limit=1)] == [ids[1]]
        headers = {**KAYLE, "Specimen-Namespace": "limits"}
        for name in ids:
            httpx.get(f"{url}/kayle/v1/sessions/{name}", headers=headers)
        numbers = [one.number for one in client.requests()]
        assert len(numbers) == 3
        assert [one.number for one in client.requests(limit=2)] == numbers[:2]
        assert [one.number for one in client.requests(after=numbers[1])] == numbers[2:]
        for ask in (client.sessions, client.requests):
            with pytest.raises(ControlError, match="limit"):
                ask(limit=0)


def test_async_client__takes_a_limit_too(url: str) -> None:
    """The same arguments in asyncio."""

    async def go() -> list[str]:
        async with AsyncClient(url, namespace="async-limits", token="let-me-in") as client:
            ids = [(await client.create("kayle")).id for _ in range(3)]
            assert [one.id for one in await client.sessions(limit=2)] == ids[:2]
            assert await client.requests(limit=1, after=0) == []
            return [one.id for one in await client.sessions(after=f"kayle:{ids[1]}")]

    assert len(asyncio.run(go())) == 1


def test_async_client__steers_too(url: str) -> None:
    """The same calls in asyncio."""

    async def go() -> list[str]:
        async with AsyncClient(url, namespace="async", token="let-me-in") as client:
            session = await client.create("kayle")
            states = [session.state, (await client.advance("kayle", session.id)).state]
            states.append((await client.transition("kayle", session.id, "failed", failure_code="liveness_failed")).state)
            await client.add_fault("reset")
            await client.clear_faults()
            await client.forward(1)
            assert await client.requests() == []
            await client.reset()
            return states

    assert asyncio.run(go()) == ["created", "in_progress", "failed"]


def test_sandbox__for_unittest_and_scripts() -> None:
    """`specimen.sandbox()` steers in process, with a synchronous client."""
    with specimen.sandbox(pace="manual", providers=["kayle"], now="2026-03-01T12:00:00Z", freeze=True) as mock:
        session = mock.kayle.create()
        mock.kayle.transition(session, "failed", failure_code="selfie_face_mismatch")
        with mock.kayle.sync_client() as http:
            data = http.get(f"/v1/sessions/{session['id']}").json()["data"]
            assert (data["status"], data["failure_code"]) == ("failed", "selfie_face_mismatch")
            mock.faults.add("reset")
            with pytest.raises(httpx.ReadError):
                http.get("/v1/sessions")
        mock.faults.clear()
        mock.assert_called(operation="getSession", session=session["id"])
        mock.assert_not_called(operation="cancelSession")
        mock.clock.set("2026-03-02T00:00:00Z")
        assert mock.clock.now() == 1_772_409_600_000


def test_requests__in_process() -> None:
    """A session of requests whose adapter is the mock."""
    requests = pytest.importorskip("requests")
    with specimen.sandbox(pace="manual", providers=["kayle"]) as mock, requests.Session() as http:
        http.mount("http://kayle.localhost", requests_adapter(mock.app))
        session = mock.kayle.create()
        answer = http.get(f"http://kayle.localhost/v1/sessions/{session['id']}", headers=KAYLE)
        assert (answer.status_code, answer.json()["data"]["status"]) == (200, "created")
        mock.faults.add("reset")
        with pytest.raises(requests.ConnectionError):
            http.get("http://kayle.localhost/v1/sessions", headers=KAYLE)
        mock.faults.set([{"kind": "malformed_json"}])
        with pytest.raises(requests.JSONDecodeError):
            http.get("http://kayle.localhost/v1/sessions", headers=KAYLE).json()


def test_in_process__a_read_time_out_ends_the_wait() -> None:
    """As on a port: httpx and requests raise theirs where the answer takes longer, and without a fault it comes."""
    requests = pytest.importorskip("requests")
    with specimen.sandbox(pace="manual", providers=["kayle"]) as mock, requests.Session() as http:
        http.mount("http://kayle.localhost", requests_adapter(mock.app))
        url = "http://kayle.localhost/v1/sessions"
        with mock.kayle.sync_client(timeout=60) as client:
            assert client.get("/v1/sessions").status_code == 200
            assert http.get(url, headers=KAYLE, timeout=(0.01, 60)).status_code == 200
            mock.faults.add("delay", seconds=20)
            with pytest.raises(httpx.ReadTimeout):
                client.get("/v1/sessions", timeout=0.05)
        for timeout in (0.05, (60, 0.05)):
            with pytest.raises(requests.ReadTimeout):
                http.get(url, headers=KAYLE, timeout=timeout)


def test_async_in_process__a_read_time_out_ends_the_wait() -> None:
    """As over a socket: a late answer is httpx's ReadTimeout, a broken connection its ReadError."""

    async def go(mock: KycMock) -> list[str]:
        async with mock.kayle.client(timeout=60) as client:
            seen = [str((await client.get("/v1/sessions")).status_code)]
            mock.faults.add("delay", seconds=20, match={"count": 1})
            with pytest.raises(httpx.ReadTimeout) as late:
                await client.get("/v1/sessions", timeout=0.05)
            seen.append(late.value.request.url.path)
            mock.faults.set([{"kind": "slow_drip", "seconds": 0.2, "pieces": 5}])
            seen.append(str((await client.get("/v1/sessions", timeout=30)).status_code))
            mock.faults.set([{"kind": "reset"}])
            with pytest.raises(httpx.ReadError):
                await client.get("/v1/sessions")
            mock.faults.set([{"kind": "truncated_body"}])
            with pytest.raises(httpx.ReadError):
                await client.get("/v1/sessions")
        return seen

    with specimen.sandbox(pace="manual", providers=["kayle"]) as mock:
        assert asyncio.run(go(mock)) == ["200", "/kayle/v1/sessions", "200"]
        assert [one.status for one in mock.requests()] == [200, 200, 0, 200]


def test_async_in_process__the_mock_goes_on_after_a_time_out() -> None:
    """As a server whose client has left: what was asked for is done, and what comes of it bothers nobody."""

    async def go() -> bool:
        released, done = asyncio.Event(), asyncio.Event()

        async def late(*_: Any) -> None:
            await released.wait()
            done.set()
            raise ConnectionResetError

        transport = AsyncInProcessTransport(late)  # type: ignore[arg-type]  # it is called as an application is
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=0.01) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.get("/")
            released.set()
            async with asyncio.timeout(30):
                return await done.wait()

    assert asyncio.run(go())


@pytest.mark.kyc_mock(pace="manual", freeze=True)
def test_kyc_mock__asks_about_polling(kyc_mock: KycMock) -> None:
    """Too fast, and after the end, are told apart; the virtual clock counts, and the machine's where it is slower.

    One read in a quarter of an hour: no pause of a loaded machine between two requests is as long.
    """
    rate = 1 / 900
    session = kyc_mock.kayle.create()
    path = f"/v1/sessions/{session['id']}"
    with kyc_mock.kayle.sync_client() as http:
        http.get(path)
        kyc_mock.clock.forward(seconds=1000)
        http.get(path)
        kyc_mock.assert_polled(session=session["id"], max_per_second=rate, at_least=2)
        http.get(path)
        with pytest.raises(AssertionError, match=r"a second of: .* Two came"):
            kyc_mock.assert_polled(session=session["id"], max_per_second=rate)
        kyc_mock.kayle.transition(session, "failed")
        kyc_mock.reset("requests")
        http.get(path)
        kyc_mock.assert_polled(session=session["id"])
        http.get(path)
        with pytest.raises(AssertionError, match="after 'failed'"):
            kyc_mock.assert_polled(session=session["id"])
        with pytest.raises(AssertionError, match="another session"):
            kyc_mock.assert_called(operation="getSession", session="vs_other")
    kyc_mock.reset()
    assert kyc_mock.requests() == []
    assert kyc_mock.kayle.create()["id"] == session["id"]


@pytest.mark.kyc_mock(pace="manual")
def test_tour__of_the_tester_runs(kyc_mock: KycMock) -> None:
    """The test of docs/control.md, and its script, as they stand there."""
    first, second = (block.text for block in blocks("python") if block.page == "docs/control.md")
    names: dict[str, Any] = {}
    exec(first, names)
    names["test_polls_until_the_end_and_no_longer"](kyc_mock)
    assert kyc_mock.requests()
    exec(second, {})


def test_requests__have_all_that_the_log_has(kyc_mock: KycMock) -> None:
    """Time, namespace, scenario and the rest, with the names of the API."""
    kyc_mock.kayle.create("liveness_failed")
    with kyc_mock.kayle.sync_client() as http:
        http.get("/v1/sessions", headers={"Prefer": "fault=status:503"})
    listed = kyc_mock.control.call("GET", "/requests")["requests"][-1]
    entry = kyc_mock.requests()[-1]
    assert {name: getattr(entry, name) for name in listed} == listed
    assert (entry.namespace, entry.fault, entry.status) == ("default", "asked-for", 503)


def test_table__of_the_fixture_runs(kyc_mock: KycMock) -> None:
    """Each call in the first column of the table of docs/tests.md, in its order, as it stands there."""
    page = (ROOT / "docs" / "tests.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.partition("| what | gives |")[2].splitlines() if line.startswith("| `kyc_mock.")]
    session = kyc_mock.kayle.create(pace="manual")
    assert len(rows) > 8
    for row in rows:
        for call in row.split("`")[1::2]:
            whole = call if call.startswith("kyc_mock.") else ""
            if whole and "…" not in whole and "assert_" not in whole:
                eval(whole, {"kyc_mock": kyc_mock, "session": session})
