"""A client that polls sends the same bytes on one connection; each answer is what a first request would get."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from specimen.mockserver.app import build_app
from specimen.mockserver.http import connection as connections
from specimen.mockserver.http.connection.repeated_reads import Repeatable, RepeatedReads
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Pace, Settings
from specimen.mockserver.testing.in_process import completed
from tests.mockserver.calling import ask_entry, create_entry, frozen_app
from tests.mockserver.wire import Target, receive

pytestmark = pytest.mark.usefixtures("quiet")
KEY = "Authorization: Bearer kk_live_specimen"


@contextmanager
def served(pace: str = "manual") -> Iterator[Target]:
    """A server of its own; pytest listens to the loggers of those that began before the test, which then write an access log."""
    app = build_app(Settings(providers=("kayle",), pace=Pace.parse(pace), body_seconds=1.0))
    with running(app) as url:
        yield Target(app, url)


def made(target: Target, **headers: str) -> str:
    """The path of a new session."""
    entry = create_entry(target.app, "kayle")
    status, _, body = target.ask(
        "POST", "/kayle/v1/sessions", {**entry["headers"], "Content-Type": "application/json", **headers}, b"{}"
    )
    assert status in (200, 201)
    return f"/kayle/v1/sessions/{json.loads(body)['data']['id']}"


def get(path: str, *more: str) -> bytes:
    """A read as bytes."""
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: 127.0.0.1", KEY, *more, "", ""]).encode()


def answer(connection: socket.socket, data: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
    """The answer to bytes on a connection that stays open."""
    connection.sendall(data)
    return receive(connection)


def control(target: Target, method: str, path: str, body: object = None) -> None:
    """A call of the control API."""
    raw = json.dumps(body).encode()
    status, _, text = target.ask(method, f"/_specimen/v1{path}", {"Content-Type": "application/json"}, raw)
    assert status < 300, text


def remembered(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each request that came before was answered from memory, as they come."""
    seen: list[bool] = []
    real = connections._Connection._repeats

    def noted(self: connections._Connection, *args: object) -> bool:
        seen.append(real(self, *args))  # type: ignore[arg-type]
        return seen[-1]

    monkeypatch.setattr(connections._Connection, "_repeats", noted)
    return seen


def test_repeated__sees_what_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The state, the clock, the namespace, faults and the request log are those of each request."""
    with served() as target:
        seen = remembered(monkeypatch)
        path = made(target)
        asked, session = get(path), path.rsplit("/", 1)[1]
        with target.connect() as connection:
            first = answer(connection, asked)
            assert json.loads(first[2])["data"]["status"] == "created"
            assert answer(connection, asked)[2] == first[2]
            control(target, "POST", f"/sessions/kayle/{session}/transition", {"to": "in_progress"})
            assert json.loads(answer(connection, asked)[2])["data"]["status"] == "in_progress"
            control(target, "POST", "/faults", {"kind": "status", "status": 503, "match": {"count": 1}})
            assert [answer(connection, asked)[0] for _ in range(2)] == [503, 200]
            control(target, "DELETE", "/faults")
            control(target, "POST", "/clock/forward", {"seconds": 86_400})
            later = answer(connection, asked)
            assert later[1]["date"] != first[1]["date"]
            assert json.loads(later[2])["data"]["status"] == "expired"
            control(target, "DELETE", "/namespaces/default")
            assert answer(connection, asked)[0] == 404
        assert seen == [True] * 6
        log = target.app.namespaces.request_log
        assert [entry.status for _, entry in log.exchanges("default") if entry.method == "GET"] == [404]


def test_repeated__each_read_is_noted() -> None:
    """The request log has every read, with its own time."""
    with served() as target:
        asked = get(made(target))
        with target.connect() as connection:
            for _ in range(4):
                answer(connection, asked)
        noted = [entry for _, entry in target.app.namespaces.request_log.exchanges("default") if entry.operation == "getSession"]
        assert len(noted) == 4
        assert len({entry.ended for entry in noted}) == 4
        assert all(entry.began < entry.ended and entry.status == 200 for entry in noted)


def test_repeated__polls_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a pace of polls each read of the same bytes counts."""
    seen = remembered(monkeypatch)
    with served("polls:2") as target:
        asked = get(made(target))
        with target.connect() as connection:
            states = [json.loads(answer(connection, asked)[2])["data"]["status"] for _ in range(5)]
    assert states == ["created", "in_progress", "in_progress", "succeeded", "succeeded"]
    assert seen == [True] * 4


def test_repeated__in_pieces_and_in_one_read() -> None:
    """The same bytes in two reads, two requests in one read, and a request behind the half of another are answered in order."""
    with served() as target:
        one, two = get(made(target)), get(made(target))
        with target.connect() as connection:
            first, second = answer(connection, one)[2], answer(connection, two)[2]
            assert first != second
            assert answer(connection, one)[2] == first
            for cut in (1, len(one) // 2, len(one) - 2):
                connection.sendall(one[:cut])
                time.sleep(0.05)  # so that it is a read of its own
                assert answer(connection, one[cut:])[2] == first
            connection.sendall(one + two + one)
            assert [body(connection) for _ in range(3)] == [first, second, first]
            connection.sendall(two[:20])
            time.sleep(0.05)
            connection.sendall(two[20:] + one)
            assert [body(connection) for _ in range(2)] == [second, first]


def body(connection: socket.socket) -> bytes:
    """The body of the next answer, and not a byte of the one behind it."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        assert byte
        head += byte
    rest = int(next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")).partition(b":")[2])
    found = b""
    while len(found) < rest:
        found += connection.recv(rest - len(found))
    return found


def test_repeated__behind_a_late_answer() -> None:
    """While the answer to a repeated request waits, the next ones wait for it; none is lost, and the connection stays open."""
    with served() as target:
        path = made(target)
        one = get(path)
        with target.connect() as connection:
            first = answer(connection, one)[2]
            assert answer(connection, one)[2] == first
            control(target, "POST", "/faults", {"kind": "delay", "seconds": 0.3, "match": {"count": 1}})
            connection.sendall(one)
            time.sleep(0.05)  # it is being answered
            connection.sendall(one)
            connection.sendall(b"HEAD " + one[4:])
            assert body(connection) == body(connection) == first
            status, headers, nothing = receive(connection, "HEAD")
            assert (status, int(headers["content-length"]), nothing) == (200, len(first), b"")
            assert answer(connection, one)[2] == first


def test_repeated__gone_while_it_waits() -> None:
    """A client that leaves while its repeated request waits leaves nothing behind."""
    with served() as target:
        one = get(made(target))
        with target.connect() as connection:
            assert answer(connection, one)[2] == answer(connection, one)[2]
            control(target, "POST", "/faults", {"kind": "delay", "seconds": 0.2, "match": {"count": 1}})
            connection.sendall(one)
        assert target.ask("GET", "/_specimen/health")[0] == 200
        assert completed(target.app.namespaces.get("default")).faults


def test_repeated__connection_that_is_to_close(monkeypatch: pytest.MonkeyPatch) -> None:
    """`Connection: close` closes, however often the bytes came on other connections."""
    with served() as target:
        seen = remembered(monkeypatch)
        asked = get(made(target), "Connection: close")
        for _ in range(2):
            with target.connect() as connection:
                assert answer(connection, asked)[0] == 200
                assert connection.recv(1) == b""
        assert seen == []


def test_repeated__silence_still_ends_the_connection() -> None:
    """After repeated requests a silent connection is closed in the time that it has (1 s here)."""
    with served() as target:
        asked = get(made(target))
        with target.connect() as connection:
            for _ in range(3):
                assert answer(connection, asked)[0] == 200
            assert connection.recv(1) == b""


def test_repeated__memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection remembers few requests of each kind, and no long one."""
    with served() as target:
        held: list[tuple[int, int]] = []
        real = RepeatedReads.remember

        def noted(self: RepeatedReads, data: bytes, known: Repeatable) -> None:
            real(self, data, known)
            held.append((len(self), len(data)))

        monkeypatch.setattr(RepeatedReads, "remember", noted)
        path = made(target)
        with target.connect() as connection:
            for number in range(20):
                assert answer(connection, get(path, f"X-Number: {number}"))[0] == 200
                assert answer(connection, create(str(number), f"X-Number: {number}"))[0] == 200
            longest = max(size for _, size in held)
            assert answer(connection, get(path, "X-Long: " + "x" * 3_000))[0] == 200
        assert max(count for count, _ in held) == 8
        assert max(size for _, size in held) == longest


def create(key: str, *more: str, body: bytes = b"{}") -> bytes:
    """A creation as bytes."""
    head = ["POST /kayle/v1/sessions HTTP/1.1", "Host: 127.0.0.1", KEY, "Content-Type: application/json"]
    head += [f"Content-Length: {len(body)}", f"idempotency-KEY: {key}", *more, "", ""]
    return "\r\n".join(head).encode() + body


def test_repeated__create_with_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A creation is answered from memory for each key, and makes a session of its own: Kayle documents no such keys."""
    seen = remembered(monkeypatch)
    with served() as target, target.connect() as connection:
        ids = [json.loads(answer(connection, create(key))[2])["data"]["id"] for key in ("a", "b", "c", "b", "a")]
    assert seen == [True] * 4
    assert len(set(ids)) == 5


def test_repeated__post_with_a_body() -> None:
    """A status that is asked for by POST is answered for the body that comes, whatever came with the same head before."""
    app = frozen_app("neurovision")
    found = [entry for entry in app.mounted["neurovision"].table.entries() if entry["operation"] == "getSessionStatus"][:2]
    for _ in range(2):
        for entry in found:
            assert ask_entry(app, entry).json() == ask_entry(frozen_app("neurovision"), entry).json()
