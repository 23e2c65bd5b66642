"""The proxy between apps and targets that do not keep to HTTP."""

from __future__ import annotations

import gzip
import socket

import httpx
import pytest
from starlette.responses import Response

from tests.contracts.targets import AUTH, proxied, reset, scripted, serving, session_id

PATH = f"/v1/sessions/{session_id()}"


def test_proxy__a_length_beside_chunks_is_dropped() -> None:
    """Chunks have precedence (RFC 9112, section 6.3): the app gets the whole body."""

    def talk(connection: socket.socket, _: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n"
        connection.sendall(head + b'7\r\n{"a":1}\r\n0\r\n\r\n')

    with scripted(talk) as target, proxied(target) as proxy:
        answer = httpx.get(proxy.url + PATH)
    assert answer.status_code == 200
    assert answer.json() == {"a": 1}


@pytest.mark.parametrize("length", [b"", b"content-length: 20000000\r\n"])
def test_proxy__what_a_dying_target_left_is_not_judged(length: bytes) -> None:
    """The app sees that the body is not whole, and no rule is broken by what is missing."""

    def talk(connection: socket.socket, _: bytes) -> None:
        framing = length or b"transfer-encoding: chunked\r\n"
        piece = b"x" * 65536 if length else b"10000\r\n" + b"x" * 65536 + b"\r\n"
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n" + framing + b"\r\n" + piece)
        reset(connection)

    with scripted(talk) as target, proxied(target) as proxy:
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(proxy.url + PATH)
        proxy.wait(lambda relay: relay.bench.exchanges == 1)
        assert proxy.bench.summary()["violations"] == []
        assert list(proxy.bench.unjudged) == ["an answer that the target broke off"]


def test_proxy__refuses_tunnels_and_other_protocols() -> None:
    """CONNECT and 101 are refused with a sentence."""

    def talk(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: foo\r\nconnection: upgrade\r\n\r\n")

    with scripted(talk) as target, proxied(target) as proxy:
        answer = httpx.get(proxy.url + PATH)
        assert answer.status_code == 502
        assert "or switched protocols" in answer.json()["detail"]
        place = httpx.URL(proxy.url)
        with socket.create_connection((place.host, place.port or 80)) as connection:
            connection.sendall(b"CONNECT api.kayle.id:443 HTTP/1.1\r\nHost: api.kayle.id:443\r\n\r\n")
            said = connection.recv(65536)
    assert said.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 "))  # by the parser, or by the proxy where that lets it through
    assert b"base URL" in said


@pytest.mark.parametrize(
    ("location", "rewritten"),
    [
        ("TARGET/v1/sessions?limit=1#x", "PROXY/v1/sessions?limit=1#x"),
        ("/api/v1/sessions", "/v1/sessions"),
        ("/elsewhere", "/elsewhere"),
        ("https://else.example/api/v1", "https://else.example/api/v1"),
        ("//else.example/api/v1", "//else.example/api/v1"),
        ("http://[", "http://["),
        ("é²", "é²"),
    ],
)
def test_proxy__rewrites_locations_of_the_target_where_it_is_asked_to(location: str, rewritten: str) -> None:
    """A redirect that stays at the target leads through the proxy; others, and all without the option, stay as they are."""
    places: list[str] = []

    async def app(scope, receive, send) -> None:
        made = Response(status_code=302)
        made.raw_headers.append((b"location", location.replace("TARGET", places[0] + "/api").encode("utf-8")))
        await made(scope, receive, send)

    with serving(app) as url:
        places.append(url)
        for option in (True, False):
            with proxied(url + "/api", rewrites_location=option) as proxy:
                answer = httpx.get(proxy.url + PATH)
                expected = rewritten if option else location
                shown = dict(answer.headers.raw)[b"location"].decode("utf-8")
                assert shown == expected.replace("PROXY", proxy.url).replace("TARGET", url + "/api")


def test_proxy__bombs_pass_unjudged() -> None:
    """What unpacks to more than the bound goes to the app as it came, and costs the proxy nothing."""
    bomb = gzip.compress(gzip.compress(b"\0" * 100_000_000, mtime=0), mtime=0)

    async def app(scope, receive, send) -> None:
        made = Response(bomb, headers={"content-encoding": "gzip, gzip"}, media_type="application/json")
        await made(scope, receive, send)

    with serving(app) as url, proxied(url) as proxy, httpx.stream("GET", proxy.url + PATH, headers=AUTH) as answer:
        assert b"".join(answer.iter_raw()) == bomb
        assert ["more than" in why for why in proxy.bench.unjudged] == [True]
