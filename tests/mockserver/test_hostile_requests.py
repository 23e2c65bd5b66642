"""Requests that are odd, half or hostile: the vendor's answer or the server's, and no traceback."""

from __future__ import annotations

import gzip
import logging
import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from specimen import specs
from specimen.contracts.http.credentials import of_lifecycle
from specimen.mockserver.app import build_app
from specimen.mockserver.http.connection import MOST_HEAD_BYTES
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Settings
from specimen.specs.core.listening import AddressError, listen, url_of
from tests.mockserver.calling import ask, ask_entry, create_entry
from tests.serving import run

TOKEN = {"Authorization": "Bearer kk_live_specimen"}


@pytest.fixture(scope="module")
def app():
    """All providers."""
    return build_app(Settings())


@pytest.mark.parametrize("name", specs.names())
@pytest.mark.parametrize("kind", [None, "", ";", "text/plain", "multipart/form-data", "application/json; charset=x", "\xe9/x"])
def test_bodies__of_any_or_no_media_type_are_answered(app, name: str, kind: str | None) -> None:
    """No operation has a body that ends in a 500."""
    provider = specs.load(name)
    for operation in provider.document.operations.values():
        path = provider.mount + "/".join("x1" if part.startswith("{") else part for part in operation.path.split("/"))
        for body in (b"abc", b"{}", b"--x--", gzip.compress(b"{}")):
            more = {} if kind is None else {"content-type": kind.encode("latin-1")}
            answer = ask(app, operation.method.upper(), path, {**of_lifecycle(provider), **more}, content=body)
            assert answer.status_code < 500, (operation.id, answer.text)


@pytest.mark.parametrize("name", specs.names())
def test_credentials__white_space_at_the_ends_is_no_part_of_them(app, name: str) -> None:
    """The same answer with and without (RFC 9110, section 5.5)."""
    provider = specs.load(name)
    given = of_lifecycle(provider)
    for operation in provider.document.operations.values():
        path = provider.mount + "/".join("x1" if part.startswith("{") else part for part in operation.path.split("/"))
        odd = {name: f" \t{value} " for name, value in given.items()}
        plain, spaced = (ask(app, operation.method.upper(), path, headers, content=b"{}") for headers in (given, odd))
        assert plain.status_code == spaced.status_code, operation.id


def test_compressed_body__is_415() -> None:
    """A body that the document does not know of is told by its encoding, not as broken text."""
    with running(build_app(Settings(providers=("kayle",)))) as url:
        for encoding, status in (("gzip", 415), ("identity", 200)):
            content = gzip.compress(b"{}") if status == 415 else b"{}"
            headers = {**TOKEN, "content-encoding": encoding, "content-type": "application/json"}
            assert httpx.post(f"{url}/kayle/v1/sessions", headers=headers, content=content).status_code == status


@pytest.mark.parametrize("name", [name for name in specs.names() if specs.load(name).is_builtin])
def test_compressed_body__is_refused_by_its_name(app, name: str) -> None:
    """In the vendor's form; what is sent is JSON, so that "send JSON" would mislead."""
    create = create_entry(app, name)
    headers = {**create["headers"], "Content-Encoding": "gzip", "Content-Type": "application/json"}
    answer = ask(app, create["method"], create["path"], headers, content=gzip.compress(b"{}"))
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")
    assert "the body's content encoding is gzip" in answer.text


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "xx"])
@pytest.mark.parametrize("name", [name for name in specs.names() if specs.load(name).is_builtin])
def test_compressed_body__is_refused_whatever_came_before(app, name: str, encoding: str) -> None:
    """The same bytes without an encoding were taken before; without and with `identity` they still are."""
    create = create_entry(app, name)
    more = ({}, {"Content_Encoding": encoding}, {"Content_Encoding": "identity"}, {"Content_Encoding": encoding}, {})
    statuses = [ask_entry(app, create, **headers).status_code for headers in more]
    made = statuses[0]
    assert made < 300
    assert statuses == [made, 415, made, 415, made]


def test_paths__an_encoded_slash_is_no_separator(app) -> None:
    """It is a character of its segment: no route of its own, and an id that is malformed."""
    assert ask(app, "GET", "/kayle/v1%2Fsessions", TOKEN).status_code == 404
    assert ask(app, "GET", "/kayle/v1/sessions/a%2fb", TOKEN).status_code == 400
    assert ask(app, "GET", "/kayle%2Fv1/sessions", TOKEN).status_code == 404


@pytest.mark.parametrize("name", specs.names())
def test_base_urls__answer_who_they_are(app, name) -> None:
    """The base URL that `serve` prints, with and without a slash behind it, asks nobody whether itself was meant."""
    mount = specs.load(name).mount
    for path in {f"/{name}", f"/{name}/", mount, f"{mount}/"}:
        answer = ask(app, "GET", path)
        assert answer.status_code == 200, path
        expected = {"provider": name, "base_url": f"http://127.0.0.1:8080{mount}", "docs": f"http://127.0.0.1:8080/{name}/ui"}
        assert answer.json() == expected, path
        assert ask(app, "HEAD", path).status_code == 200, path
        led = ask(app, "GET", path, {"accept": "text/html"})
        assert (led.status_code, led.headers["location"]) == (303, f"/?vendor={name}"), path
        assert ask(app, "DELETE", path).status_code in (404, 405), path


def test_base_urls__by_the_name_of_a_host(app) -> None:
    """Where the host names the vendor, the path does not."""
    answer = ask(app, "GET", "/v1", {"host": "neurovision.localhost:8080"})
    assert answer.json()["base_url"] == "http://neurovision.localhost:8080/v1"


def _answer(url: str, *pieces: bytes, ends: bool = False) -> bytes:
    parts = urlsplit(url)
    found = b""
    with socket.create_connection((parts.hostname or "", parts.port or 80), 10) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
            if ends:
                connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                found += part
                if b"\r\n\r\n" in found:
                    break
        except OSError:
            pass
    return found


HEAD = (
    b"POST /kayle/v1/sessions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer kk_live_specimen\r\nContent-Type: application/json\r\n"
)


@pytest.mark.parametrize("trailer", [b"a: b\r\n", b"a: " + b"x" * 1000 + b"\r\n"])
def test_trailers__are_bounded_and_not_kept(trailer: bytes) -> None:
    """A few are passed over; more than a head may have end the connection."""
    begun = HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    many = [trailer * 100] * (4 * MOST_HEAD_BYTES // len(trailer) // 100 + 1)
    with running(build_app(Settings(providers=("kayle",)))) as url:
        assert _answer(url, begun, trailer, b"\r\n").startswith(b"HTTP/1.1 200 ")
        said = _answer(url, begun, *many)
        assert said == b"" or said.startswith(b"HTTP/1.1 431 ")
        said = _answer(url, HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", *[b"x" * 60_000] * 5)
        assert said == b"" or said.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 "))


@pytest.mark.parametrize("before", [b"", b"GET /_specimen/live HTTP/1.1\r\nHost: x\r\n\r\n"])
@pytest.mark.parametrize("is_target", [False, True])
@pytest.mark.parametrize(("size", "is_taken"), [(60_000, True), (66_000, False), (100_000, False), (140_000, False)])
def test_heads__are_bounded_however_they_arrive(size: int, is_taken: bool, is_target: bool, before: bytes) -> None:
    """In one read or in several, in the target or in a header, first or after another request."""
    long = b"x" * size
    line, field = (b"GET /_specimen/live?" + long, b"") if is_target else (b"GET /_specimen/live", b"A: " + long + b"\r\n")
    head = line + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + field + b"\r\n"
    with running(build_app(Settings(providers=("kayle",)))) as url:
        parts, said = urlsplit(url), b""
        with socket.create_connection((parts.hostname or "", parts.port or 80), 10) as connection:
            try:
                connection.sendall(before + head)
                while part := connection.recv(65536):
                    said += part
            except OSError:
                pass  # closed while it was being sent
    statuses = [int(status) for status in re.findall(rb"HTTP/1\.1 ([0-9]{3})", said)]
    if is_taken:
        assert statuses == [200] * (1 + bool(before))
    else:
        assert statuses in ([], [200], [431], [200, 431])
        assert statuses.count(200) <= bool(before)


def test_heads__in_pieces_do_not_add_up() -> None:
    """Each request's head is counted for itself, on a connection that stays."""
    with running(build_app(Settings(providers=("kayle",)))) as url:
        parts = urlsplit(url)
        place = (parts.hostname or "", parts.port or 80)
        with socket.create_connection(place, 10) as connection, httpx.Client(base_url=url) as between:
            for _ in range(5):
                connection.sendall(b"GET /_specimen/live HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 20_000)
                assert between.get("/_specimen/live").status_code == 200  # the server has read what was sent before
                connection.sendall(b"\r\n\r\n")
                assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_half_closed__gets_its_answer() -> None:
    """Who says that no more comes after a request is still answered."""
    request = b"GET /kayle/v1/sessions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer kk_live_specimen\r\n\r\n"
    with running(build_app(Settings(providers=("kayle",)))) as url:
        for _ in range(20):
            assert _answer(url, request, ends=True).startswith(b"HTTP/1.1 200 ")


def test_leavers__are_no_bug(caplog: pytest.LogCaptureFixture) -> None:
    """Clients that leave at any byte of a request make no traceback."""
    whole = HEAD + b"Content-Length: 2\r\n\r\n{}"
    with running(build_app(Settings(providers=("kayle",)))) as url, caplog.at_level(logging.ERROR):
        parts = urlsplit(url)
        for end in range(0, len(whole) + 1, 3):
            for is_reset in (True, False):
                connection = socket.create_connection((parts.hostname or "", parts.port or 80))
                if is_reset:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
                connection.sendall(whole[:end])
                connection.close()
        assert httpx.get(f"{url}/_specimen/health").status_code == 200
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize(
    ("host", "shown"), [("[::1]", "[::1]"), ("::1", "[::1]"), ("localhost", "localhost"), ("0.0.0.0", "127.0.0.1")]
)
def test_host__may_have_brackets_or_be_a_name(host: str, shown: str) -> None:
    """What is printed can be reached."""
    try:
        listening = listen(host, 0)
    except AddressError:
        pytest.skip("this machine has no such address")
    with listening:
        assert url_of(listening, host) == f"http://{shown}:{listening.getsockname()[1]}"


@pytest.mark.parametrize("host", ["", "no.such.host.invalid", "256.1.1.1"])
def test_host__that_is_none_is_said(host: str) -> None:
    """No traceback, and no address of all machines in place of nothing."""
    with pytest.raises(AddressError, match="host '"):
        listen(host, 0)


def test_ready_file__that_cannot_be_written_is_exit_code_2(tmp_path: Path) -> None:
    """Said before anything is served."""
    done = run("serve", "kayle", "--port", "0", "--ready-file", str(tmp_path), folder=tmp_path)
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
