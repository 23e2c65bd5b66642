"""With a uvicorn that is not the one we know, answers are right and the connection stays."""

from __future__ import annotations

import importlib.util
import inspect
import logging
import re
import socket
import sys
from types import ModuleType
from typing import Any

import pytest

from specimen.mockserver.http import connection, raw_response_writer, responses, server, uvicorn_shape
from tests.mockserver.calling import frozen_app
from tests.mockserver.test_raw_response_writer import BODY, CREATE, GET, TOKEN, answers

httptools_impl = pytest.importorskip("uvicorn.protocols.http.httptools_impl", reason="httptools has no wheel for this machine")
EXCHANGE = sorted(uvicorn_shape._READ | uvicorn_shape._SET)
CONNECTION = sorted(uvicorn_shape._CONNECTION | {"response_complete"})
REQUESTS = (
    CREATE + b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY),
    GET + TOKEN + b"\r\n",
    b"HEAD" + GET[3:] + TOKEN + b"\r\n",
)


def renamed(module: ModuleType, name: str) -> ModuleType:
    """The module with an identifier of another name, as the next version might have it."""
    source = re.sub(rf"(?<![\w\"'.]){name}\b(?![\"'])|(?<=\.){name}\b", f"{name}_", inspect.getsource(module))
    source = source.replace("server_state.default_headers_", "server_state.default_headers")  # of another class
    found = ModuleType(module.__name__)
    found.__package__ = module.__package__
    sys.modules[module.__name__] = found
    exec(compile(source, f"<{name}>", "exec"), found.__dict__)
    return found


def fresh(module: ModuleType) -> ModuleType:
    """The module, imported once more."""
    spec = importlib.util.find_spec(module.__name__)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.fixture
def other_uvicorn(request: Any, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Our server, where uvicorn calls one of its attributes otherwise."""
    from uvicorn.protocols import http
    from uvicorn.protocols.http import flow_control

    for module in (flow_control, httptools_impl):
        monkeypatch.setitem(sys.modules, module.__name__, module)  # what is put there is taken out again
        other = renamed(module, request.param)
        monkeypatch.setattr(http, module.__name__.rpartition(".")[2], other)
    writer = fresh(raw_response_writer)
    monkeypatch.setattr(responses, "raw_response_writer", writer)
    monkeypatch.setitem(sys.modules, raw_response_writer.__name__, writer)
    monkeypatch.setattr(sys.modules["specimen.mockserver.http"], "raw_response_writer", writer)
    monkeypatch.setitem(sys.modules, connection.__name__, fresh(connection))
    return fresh(server)


def polled(url: str) -> bytes:
    """The answers to a read that is sent three times, each time after the answer before."""
    host, _, port = url.removeprefix("http://").partition(":")
    found = b""
    with socket.create_connection((host, int(port)), timeout=10) as connected:
        for _ in range(3):
            connected.sendall(GET + TOKEN + b"\r\n")
            found += (got := connected.recv(65_536))
            while not got.endswith(b"}"):
                found += (got := connected.recv(65_536))
    return re.sub(rb"date: [^\r]+", b"date: D", found)


@pytest.mark.parametrize("other_uvicorn", sorted({*EXCHANGE, *CONNECTION}), indirect=True)
def test_another_uvicorn__answers_as_ever(other_uvicorn: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    """Three requests and one more on a connection that stays: the same bytes as with the uvicorn that we know."""
    reported = [record.getMessage() for record in caplog.get_records("setup") if record.name == "specimen"]
    with server.running(frozen_app("kayle")) as url:
        expected = answers(url, *REQUESTS) + polled(url)
    with other_uvicorn.running(frozen_app("kayle")) as url:
        found = answers(url, *REQUESTS) + polled(url)
    assert re.sub(rb"127.0.0.1:\d+", b"HOST", found) == re.sub(rb"127.0.0.1:\d+", b"HOST", expected)
    assert found.count(b"HTTP/1.1 200 OK") == 7
    assert 1 <= len(reported) <= 2
    assert all(line.startswith("uvicorn ") for line in reported)


def test_the_uvicorn_that_is_installed__is_known(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is unexpected about it, and nothing is said."""
    assert uvicorn_shape.unexpected_in_exchange(httptools_impl.RequestResponseCycle, httptools_impl.HttpToolsProtocol) == []
    assert uvicorn_shape.unexpected_in_connection(httptools_impl.HttpToolsProtocol, httptools_impl.RequestResponseCycle) == []
    with caplog.at_level(logging.WARNING):
        assert fresh(raw_response_writer)._CYCLE is httptools_impl.RequestResponseCycle
        assert fresh(connection)._IS_KNOWN
    assert caplog.records == []


def test_h11__is_known_too() -> None:
    """Its connections are those of machines for which httptools has no wheel."""
    from uvicorn.protocols.http import h11_impl

    assert uvicorn_shape.unexpected_in_connection(h11_impl.H11Protocol, h11_impl.RequestResponseCycle) == []


class Plain:
    """An exchange that is written otherwise altogether."""

    def __init__(self, scope: Any) -> None:
        self.scope = scope


class Counting(httptools_impl.RequestResponseCycle):  # type: ignore[misc]
    """An exchange that notes one thing more when its answer begins."""

    async def send(self, message: Any) -> None:
        """Notes it, and sends."""
        self.started_at = 1
        await super().send(message)


class Deaf(httptools_impl.HttpToolsProtocol):  # type: ignore[misc]
    """A connection that does not hear that its client wants it to end."""

    def on_headers_complete(self) -> None:
        """Nothing."""


def test_unexpected_in_exchange__a_connection_that_is_to_end() -> None:
    """It is noticed at the head, or in `send`."""
    assert uvicorn_shape.unexpected_in_exchange(httptools_impl.RequestResponseCycle, Deaf) in ([], ["should_keep_alive"])
    assert uvicorn_shape.closes_in_send(httptools_impl.RequestResponseCycle) == (
        uvicorn_shape.unexpected_in_exchange(httptools_impl.RequestResponseCycle, Deaf) == []
    )


@pytest.mark.parametrize(("cycle", "unexpected"), [(Plain, "unexpected keyword"), (Counting, "started_at"), (object, "object")])
def test_unexpected_in_exchange__is_named(cycle: type[Any], unexpected: str) -> None:
    """What it takes, what it sets besides, what it does not have."""
    assert unexpected in " ".join(uvicorn_shape.unexpected_in_exchange(cycle, httptools_impl.HttpToolsProtocol))
