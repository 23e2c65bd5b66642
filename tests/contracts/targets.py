"""Implementations to stand in front of: our own mock, small applications, and sockets that misbehave."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from specimen import specs
from specimen.contracts.traffic.monitor import BaseUrl, JudgedExchange, Monitor
from specimen.contracts.traffic.proxy.proxy import build_proxy
from specimen.contracts.traffic.proxy.server import config
from specimen.mockserver.app import App, build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.sessions.catalogue.catalogue import Catalogue
from specimen.mockserver.settings import Settings
from specimen.specs.core.listening import Server, listen, url_of

TOKEN = "Bearer kk_live_specimen"
AUTH = {"Authorization": TOKEN}


def mock(**settings: Any) -> contextlib.AbstractContextManager[str]:
    """The mock on a port; gives its URL."""
    return running(mock_app(**settings))


def mock_app(**settings: Any) -> App:
    """The mock."""
    return build_app(Settings(**settings))


def session_id(scenario: str = "succeeded", provider: str = "kayle", state: str | None = None) -> str:
    """The id of a catalogue session."""
    from specimen.mockserver.sessions.catalogue.scenario_requests import ScenarioRequests

    facts = specs.load(provider)
    for entry in ScenarioRequests(facts, Catalogue(facts, 0)).entries():
        if entry["scenario"] == scenario and entry["status"] == (state or facts.lifecycle.scenarios[scenario].path[-1]):
            found: str = entry["path"].rpartition("/")[2]
            return found
    raise AssertionError(scenario)


@contextlib.contextmanager
def serving(app: Any) -> Iterator[str]:
    """An ASGI application on a port; gives its URL."""
    listening = listen("127.0.0.1", 0)
    server = Server(config(app))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield url_of(listening)
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


@contextlib.contextmanager
def scripted(talk: Callable[[socket.socket, bytes], None], tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """A raw server, over HTTPS with `tls`: `talk` gets each connection and the head of its first request; gives its URL."""
    listening = listen("127.0.0.1", 0)
    open_ones: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            open_ones.append(connection)
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if tls is not None:
                connection = tls.wrap_socket(connection, server_side=True)
                open_ones.append(connection)
            head = b""
            while b"\r\n\r\n" not in head:
                part = connection.recv(65536)
                if not part:
                    return
                head += part
            talk(connection, head)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield url_of(listening, scheme="http" if tls is None else "https")
    finally:
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for connection in open_ones:
            connection.close()
        thread.join(5)


def reset(connection: socket.socket) -> None:
    """Ends a connection with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()


class Relay:
    """A proxy in front of a target, with what it reported."""

    def __init__(self, url: str, bench: Monitor, reported: list[JudgedExchange | str]) -> None:
        self.url = url
        self.bench = bench
        self.reported = reported

    def problems(self) -> list[str]:
        """What was reported of a target that gave no answer."""
        return [entry for entry in self.reported if isinstance(entry, str)]

    def wait(self, what: Callable[[Relay], bool], seconds: float = 5.0) -> None:
        """Waits until something holds, which another thread brings about."""
        until = time.monotonic() + seconds
        while not what(self):
            assert time.monotonic() < until, (self.reported, self.bench.summary())
            time.sleep(0.005)


@contextlib.contextmanager
def proxied(
    target: str, provider: str = "kayle", *, fail_on: str = "warning", second_opinion: bool = False, **options: Any
) -> Iterator[Relay]:
    """A proxy on a port in front of a target."""
    bench = Monitor(specs.load(provider), target, fail_on=fail_on, second_opinion=second_opinion)
    reported: list[JudgedExchange | str] = []
    app = build_proxy(bench, BaseUrl.parse(target), on_result=reported.append, **{"timeout_seconds": 5.0, **options})
    with serving(app) as url:
        yield Relay(url, bench, reported)


def as_json(value: Any) -> bytes:
    """A JSON body."""
    return json.dumps(value).encode()
