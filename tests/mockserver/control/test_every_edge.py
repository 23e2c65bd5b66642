"""A steered session stays coherent: every edge of every vendor is taken, and `check` over the log finds nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from specimen import specs
from specimen.client import Client
from specimen.mockserver.testing.transports import InProcessTransport
from specimen.specs import Provider
from tests.mockserver.calling import frozen_app
from tests.mockserver.control.edges import Traveller, found_in
from tests.mockserver.store import redis_server
from tests.serving import serving


def travelled(provider: Provider, client: Client, http: httpx.Client, file: Path) -> tuple[list[str], int]:
    """What `check` finds once every edge was taken, and how many exchanges it judged; at least two for each edge."""
    traveller, taken = Traveller(provider, client, http), set()
    for edge in provider.lifecycle.transitions:
        taken |= traveller.take(edge)
    assert taken == {(edge.origin, edge.to) for edge in provider.lifecycle.transitions}
    found, exchanges = found_in(client.har(whole=True), provider, file)
    assert exchanges >= 2 * len(provider.lifecycle.transitions)
    for edge in provider.lifecycle.transitions:
        if edge.operation is not None:  # by the control API the log has no call of it, as where a user's browser made it: a note
            assert (edge.origin, edge.to) in traveller.take(edge, by_steering=True)
    later, _ = found_in(client.har(whole=True), provider, file)
    return [*found, *(one for one in later if "severity='note'" not in one)], exchanges


@pytest.mark.parametrize("name", specs.names())
def test_in_process__contradicts_nothing(name: str, tmp_path: Path) -> None:
    """Of one process, in memory."""
    transport = InProcessTransport(frozen_app(name))
    with httpx.Client(transport=transport, base_url="http://127.0.0.1") as http:
        found, _ = travelled(specs.load(name), Client("http://127.0.0.1", http=http), http, tmp_path / "log.har")
    assert found == []


@pytest.fixture(scope="module", params=["memory", "sqlite", "redis"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of all vendors: one process on memory, two on a shared store."""
    folder = tmp_path_factory.mktemp(request.param)
    with ExitStack() as stack:
        shared: tuple[str, ...] = ()
        if request.param != "memory" and not sys.platform.startswith("linux"):
            pytest.skip("workers share a port by SO_REUSEPORT")
        if request.param == "sqlite":
            shared = ("--store", "sqlite:///store.db", "--workers", "2")
        elif request.param == "redis":
            if redis_server.PROGRAM is None:
                pytest.skip(redis_server.WHY_NOT)
            shared = ("--store", stack.enter_context(redis_server.serving(folder)).url, "--workers", "2")
        now = ("--now", "2026-03-19T10:31:06Z", "--freeze")
        yield stack.enter_context(serving("--pace", "manual", *now, *shared, folder=folder))


@pytest.mark.long("every edge over HTTP, on three stores; `make test` takes them in process")
@pytest.mark.parametrize("name", specs.names())
def test_over_http__by_two_workers_contradicts_nothing(name: str, server: str, tmp_path: Path) -> None:
    """Each request over a connection of its own, so that either worker may answer it."""
    own = {"Specimen-Namespace": name, "Connection": "close"}
    with httpx.Client(base_url=server, headers=own, timeout=60) as http:
        found, _ = travelled(specs.load(name), Client(server, namespace=name, http=http), http, tmp_path / "log.har")
    assert found == []
