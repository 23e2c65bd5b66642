"""The proxy between an app and a vendor: what it passes on, what it judges, and what it says of broken targets."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from specimen import specs
from specimen.contracts.traffic.har_reader import check, read_har
from specimen.contracts.traffic.har_writer import Recorder
from specimen.contracts.traffic.monitor import Monitor
from tests.contracts.example_reports import session_body
from tests.contracts.targets import AUTH, mock, proxied, scripted, serving, session_id

SESSION = session_id()
PATH = f"/v1/sessions/{SESSION}"


@pytest.fixture(scope="module")
def vendor() -> Iterator[str]:
    """The mock of all providers."""
    with mock() as url:
        yield url


def _answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    head = "\r\n".join([f"HTTP/1.1 {status}", *headers, f"content-length: {len(body)}", "", ""])
    return head.encode("latin-1") + body


def test_proxy__passes_answers_unchanged(vendor: str) -> None:
    """Body, status and headers are the target's; one header is added."""
    with proxied(f"{vendor}/kayle") as proxy, httpx.Client() as client:
        direct = client.get(f"{vendor}/kayle{PATH}", headers=AUTH)
        through = client.get(proxy.url + PATH, headers=AUTH)
        missing = client.get(proxy.url + PATH[:-1] + "_", headers=AUTH)
    assert through.content == direct.content
    assert through.headers["specimen-violations"] == "0"
    assert (missing.status_code, missing.headers["specimen-violations"]) == (400, "0")
    added = {"specimen-violations"}
    assert set(through.headers) - added == set(direct.headers)
    assert len(through.headers.get_list("date")) == 1


@pytest.mark.parametrize("provider", specs.names())
def test_proxy__all_providers_hold(provider: str, vendor: str) -> None:
    """Every request of `specimen ids` passes and breaks no rule, and openapi-core sees all as jsonschema-rs does."""
    from specimen.mockserver.sessions.catalogue.catalogue import Catalogue
    from specimen.mockserver.sessions.catalogue.scenario_requests import ScenarioRequests
    from tests.scenario_exchanges import as_request

    facts = specs.load(provider)
    entries = [entry for entry in ScenarioRequests(facts, Catalogue(facts, 0)).entries() if "realtime" not in entry["path"]]
    with proxied(f"{vendor}{facts.mount}", provider, second_opinion=True) as proxy, httpx.Client() as client:
        for entry in entries:
            for step in (*entry["setup"], entry):
                client.send(as_request({**step, "path": step["path"].removeprefix(facts.mount)}, proxy.url))
        assert proxy.bench.errors == {}, proxy.bench.summary()
        assert proxy.bench.disagreements == {}
        assert proxy.bench.exchanges >= len(entries)


def test_proxy__counts_violations() -> None:
    """A wrong answer passes as it is, with their number; unknown fields and new tokens are no violation."""

    async def wrong(request: Request) -> Response:
        body = session_body(status="weird", nfc_tries_used=-1, contract_version="one", share_fields=[], later_field={"x": [1]})
        body["data"]["id"] = request.path_params["id"]
        return Response(json.dumps(body), media_type="application/json")

    app = Starlette(routes=[Route("/v1/sessions/{id}", wrong)])
    with serving(app) as target, proxied(target) as proxy, proxied(target, enforce=True) as strict, httpx.Client() as client:
        for token in ("kk_live_first", "kk_live_second"):
            answer = client.get(proxy.url + PATH, headers={"Authorization": f"Bearer {token}"})
            assert answer.json()["data"]["later_field"] == {"x": [1]}
            assert int(answer.headers["specimen-violations"]) == len(proxy.bench.errors) > 3
        refused = client.get(strict.url + PATH, headers=AUTH)
    assert refused.status_code == 502
    assert refused.headers["content-type"] == "application/problem+json"
    problem = refused.json()
    assert problem["type"] == "urn:specimen:proxy:contract-broken"
    assert problem["status_of_target"] == 200
    assert len(problem["violations"]) == int(refused.headers["specimen-violations"])
    assert {"rule", "sentence", "expected", "got", "source"} <= set(problem["violations"][0])
    assert SESSION not in refused.text


def test_proxy__unknown_fields_and_rotating_tokens(vendor: str) -> None:
    """A real implementation's answers carry more than the document says, and its tokens change between requests."""

    async def real(request: Request) -> Response:
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{vendor}/kayle{request.url.path}", headers=AUTH)
        body = answer.json()
        body["data"] |= {"risk_engine": {"score": 0.2, "parts": [None]}, "_links": []}
        body["trace"] = "0af7651916cd43dd8448eb211c80319c"
        return Response(json.dumps(body), answer.status_code, {"X-New": "1"}, "application/json; charset=utf-8")

    app = Starlette(routes=[Route("/v1/sessions/{id}", real)])
    with serving(app) as target, proxied(target, enforce=True, fail_on="note") as proxy, httpx.Client() as client:
        for number in range(3):
            answer = client.get(proxy.url + PATH, headers={"Authorization": f"Bearer kk_live_{number}{'r' * number}"})
            assert (answer.status_code, answer.headers["specimen-violations"]) == (200, "0"), answer.text


def test_proxy__event_stream_passes_event_by_event() -> None:
    """Each event of a stream arrives before the next one is sent; events are judged by their schema."""
    go = threading.Event()
    good = {"sessionId": "550e8400-e29b-41d4-a716-446655440000", "status": "pending", "verifiedWallets": []}

    async def events() -> AsyncIterator[bytes]:
        import anyio

        yield b"data: " + json.dumps(good).encode() + b"\n\n"
        assert await anyio.to_thread.run_sync(go.wait, 10)
        yield b"data: " + json.dumps({**good, "status": "unheard of"}).encode() + b"\n\n"

    async def stream(_: Request) -> StreamingResponse:
        return StreamingResponse(events(), media_type="text/event-stream")

    path = f"/api/v1/status/realtime/individual/{good['sessionId']}"
    app = Starlette(routes=[Route(path, stream)])
    with serving(app) as target, proxied(target, "predicate", timeout_seconds=1) as proxy:
        with httpx.stream("GET", proxy.url + path, headers={"Authorization": "Bearer x"}, timeout=10) as answer:
            assert answer.headers["specimen-violations"] == "0"
            chunks = answer.iter_raw()
            assert json.loads(next(chunks).removeprefix(b"data: ")) == good
            go.set()
            assert b"unheard of" in b"".join(chunks)
        proxy.wait(lambda relay: relay.bench.exchanges == 1)
        assert [(one.rule, one.pointer) for one in proxy.bench.errors] == [("GEN-005", "/status")]


def test_proxy__streams_of_the_mock(tmp_path: Path) -> None:
    """The mock's own stream passes whole and holds, and so does its recording."""
    facts = specs.load("predicate")
    recorder = Recorder(tmp_path / "x.har", facts)
    path = f"/api/v1/status/realtime/individual/{session_id('completed', 'predicate')}"
    with mock() as vendor, proxied(f"{vendor}/predicate", "predicate", fail_on="note", recorder=recorder) as proxy:
        credential = next(entry for entry in facts.lifecycle.credentials.values() if entry.fails is None)
        answer = httpx.get(proxy.url + path, headers=dict(credential.headers), timeout=10)
        proxy.wait(lambda relay: relay.bench.exchanges == 1)
    recorder.close()
    assert answer.text.startswith("data: {")
    assert proxy.bench.found == ()
    bench = Monitor(facts, fail_on="note")
    assert [verdict.found for verdict in check(read_har(tmp_path / "x.har", facts), bench)] == [()]


def test_proxy__large_bodies_pass_unjudged() -> None:
    """Bodies above the bound pass both ways, whole and unjudged."""
    large = b"x" * 300_000

    async def echo(request: Request) -> Response:
        return Response(await request.body(), media_type="application/json")

    app = Starlette(routes=[Route("/v1/sessions", echo, methods=["POST"])])
    with serving(app) as target, proxied(target, most_bytes=100_000, enforce=True) as proxy:
        answer = httpx.post(f"{proxy.url}/v1/sessions", content=large)
        chunked = httpx.post(f"{proxy.url}/v1/sessions", content=iter([large[:7], large[7:]]))
        proxy.wait(lambda relay: relay.bench.exchanges == 2)
    assert answer.content == chunked.content == large
    assert "specimen-violations" not in answer.headers
    assert proxy.bench.unjudged == {"a body of more than 100000 bytes": 2}


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "gzip, gzip"])
def test_proxy__compressed_bodies(encoding: str) -> None:
    """A compressed answer passes as it came and is judged by what it holds."""
    plain = json.dumps({"data": None, "error": None}).encode()
    body = {"gzip": gzip.compress(plain), "deflate": zlib.compress(plain), "gzip, gzip": gzip.compress(gzip.compress(plain))}[
        encoding
    ]

    async def answer(request: Request) -> Response:
        assert request.headers["accept-encoding"] == "gzip;q=1.0, deflate"
        return Response(body, headers={"content-encoding": encoding}, media_type="application/json")

    with serving(Starlette(routes=[Route("/v1/sessions/{id}", answer)])) as target, proxied(target) as proxy:
        asked = {"accept-encoding": "gzip;q=1.0, deflate, made-up, *;q=0.1", **AUTH}
        with httpx.stream("GET", proxy.url + PATH, headers=asked) as through:
            assert b"".join(through.iter_raw()) == body
            assert int(through.headers["specimen-violations"]) > 0
    assert "GEN-005" in {one.rule for one in proxy.bench.errors}


def test_proxy__unknown_encoding() -> None:
    """What cannot be decoded is passed and counted as unjudged."""

    async def answer(_: Request) -> Response:
        return Response(b"??", headers={"content-encoding": "rot13"}, media_type="application/json")

    app = Starlette(routes=[Route("/v1/sessions/{id}", answer)])
    with (
        serving(app) as target,
        proxied(target, enforce=True) as proxy,
        httpx.stream("GET", proxy.url + PATH, headers=AUTH) as through,
    ):
        assert b"".join(through.iter_raw()) == b"??"
        assert "specimen-violations" not in through.headers
    assert "rot13" in next(iter(proxy.bench.unjudged))


def test_proxy__only_the_target() -> None:
    """Host, hop-by-hop headers and odd paths: the target gets the path as it was sent, and nothing else is ever asked."""
    heads: list[bytes] = []

    def talk(connection: socket.socket, head: bytes) -> None:
        heads.append(head)
        connection.sendall(
            _answer(b"", "Connection: close, X-Private", "X-Private: 1", "Set-Cookie: a=1", "Set-Cookie: b=2", "Keep-Alive: x")
        )
        connection.close()

    with scripted(talk) as target, proxied(f"{target}/base") as proxy, socket.create_connection(_place(proxy.url), 5) as raw:
        for path in ("//evil.example/v1", "/v1/sessions/%7Bvs%7D%0A?x=%20&y=[1]", "/a/../b%2Fc"):
            raw.sendall(
                f"GET {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: keep-alive, X-Mine\r\nX-Mine: 1\r\nTE: trailers\r\n"
                "Proxy-Authorization: Basic eDp5\r\nX-Other: 2\r\n\r\n".encode()
            )
            answer = raw.recv(65536)
            assert b"200 OK" in answer
            assert answer.lower().count(b"set-cookie") == 2
            assert b"x-private" not in answer.lower()
            assert b"keep-alive" not in answer.lower()
        raw.sendall(b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        refused = raw.recv(65536)
    assert [head.split(b" ")[1] for head in heads[:3]] == [
        b"/base//evil.example/v1", b"/base/v1/sessions/%7Bvs%7D%0A?x=%20&y=[1]", b"/base/a/../b%2Fc",
    ]  # fmt: skip
    for head in heads[:3]:
        lines = head.decode().lower().split("\r\n")
        assert f"host: {urlsplit(target).netloc}" in lines
        assert "x-other: 2" in lines
        for lost in ("x-mine", "te:", "proxy-authorization", "evil.example\r\n", "via", "forwarded", "user-agent", "accept"):
            assert not any(line.startswith(lost) for line in lines)
    assert b"400" in refused.split(b"\r\n")[0] or len(heads) == 4  # httptools gives only the path of a whole URL
    assert all(b"evil.example" not in head.split(b" ")[1].split(b"//")[0] for head in heads)


def test_proxy__follows_no_redirect() -> None:
    """A redirect is the app's to follow."""

    async def away(_: Request) -> Response:
        return RedirectResponse("http://192.0.2.1/elsewhere", 302)

    with serving(Starlette(routes=[Route("/v1/sessions/{id}", away)])) as target, proxied(target) as proxy:
        answer = httpx.get(proxy.url + PATH, headers=AUTH)
    assert answer.status_code == 302
    assert answer.headers["location"] == "http://192.0.2.1/elsewhere"
    assert answer.headers["specimen-violations"] == "1"


def test_proxy__head_and_options(vendor: str) -> None:
    """Requests without a documented operation pass as well."""
    with proxied(f"{vendor}/kayle") as proxy, httpx.Client() as client:
        assert client.head(proxy.url + PATH, headers=AUTH).status_code in (200, 405)
        assert client.options(proxy.url + PATH, headers=AUTH).status_code < 500
        assert client.get(f"{proxy.url}/not/documented", headers=AUTH).status_code == 404


def test_proxy__concurrent(vendor: str) -> None:
    """Many requests at once are all answered and all judged."""
    import asyncio

    async def ask(url: str) -> list[int]:
        async with httpx.AsyncClient(headers=AUTH, limits=httpx.Limits(max_connections=40)) as client:
            answers = await asyncio.gather(*(client.get(url) for _ in range(60)))
        return [answer.status_code for answer in answers]

    with proxied(f"{vendor}/kayle") as proxy:
        assert asyncio.run(ask(proxy.url + PATH)) == [200] * 60
        assert proxy.bench.exchanges == 60


def test_proxy__a_rule_with_a_bug(vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The app gets its answer even where a rule fails, and the exchange counts as unjudged."""
    with proxied(f"{vendor}/kayle", enforce=True) as proxy:
        monkeypatch.setattr(proxy.bench, "judge", lambda _: 1 / 0)
        assert httpx.get(proxy.url + PATH, headers=AUTH).status_code == 200
        assert proxy.bench.unjudged == {"a rule failed: ZeroDivisionError": 1}


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 0)
