"""What open event streams add to a create: `python -m tests.bench.streams [--streams N] [--rounds N] [--stores …]`.

The streams watch other sessions than those that are created, and send nothing meanwhile.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import socket
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import run, write_ready_file
from specimen.mockserver.settings import Pace, Settings
from specimen.specs.core.listening import listen
from tests.bench.machine import BenchError, cpu_seconds
from tests.bench.processes import READY, Server, serving
from tests.mockserver.store import redis_server

STREAMS = 500
MOST_ADDED = 0.10
STORES = ("memory", "sqlite", "redis")
_CONNECTIONS = 16
_WARM_UP = 5  # creates of each connection
_LONG_SECONDS = 86_400.0  # no stream is closed or kept alive within a run
_QUIET_SECONDS, _QUIET_CPU_SECONDS, _MOST_QUIET_SECONDS = 0.2, 0.005, 60


@dataclass(frozen=True, slots=True)
class Create:
    """A create of a provider, and how many of them take about as long as those of another one."""

    title: str
    path: str
    token: str
    share: float

    @property
    def request(self) -> bytes:
        """The bytes on the wire."""
        body = b"{}"
        head = f"POST {self.path} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return head.encode() + _credentials(self.token) + b"\r\n" + body


def _credentials(token: str) -> bytes:
    return f"Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n".encode()


_PREDICATE_TOKEN = "pk_specimen"
# Predicate's answer has a picture, which costs more than the rest of the create. Its sessions are in the space of those that are
# watched; a share of kyve's, which are cheap, is easily exceeded.
REGISTER = Create("predicate register", "/predicate/api/v1/register/individual", _PREDICATE_TOKEN, 0.1)
CREATES = (REGISTER, Create("kyve createSession", "/kyve/v1/sessions", "ak_test_specimen", 1))


@dataclass
class Costs:
    """Seconds of CPU of all servers a create, of each round, by the number of open streams."""

    title: str
    by_streams: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))

    def added(self) -> list[float]:
        """What the streams add, of each round, as a share of a create without streams."""
        none, some = (self.by_streams[number] for number in sorted(self.by_streams))
        return [more / less - 1 for less, more in zip(none, some, strict=True)]

    def row(self, store: str, processes: int) -> str:
        """A row of the table."""
        none, some = (statistics.median(self.by_streams[number]) for number in sorted(self.by_streams))
        lower, middle, upper = (f"{share:+.1%}" for share in statistics.quantiles(self.added(), n=4))
        where = "the process that creates" if processes == 1 else "another process"
        is_met = "yes" if statistics.median(self.added()) <= MOST_ADDED else "no"
        cells = (store, where, self.title, _microseconds(none), _microseconds(some), f"{middle} ({lower} to {upper})", is_met)
        return f"| {' | '.join(cells)} |"


def _microseconds(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} µs"


def serve(store: str, ready: Path) -> None:
    """Serves sessions that stay as they are, and streams that say nothing of themselves."""
    listening = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    settings = Settings(
        providers=("kyve", "predicate"),
        pace=Pace("manual"),
        store=store,
        sse_max_seconds=_LONG_SECONDS,
        keep_alive_seconds=_LONG_SECONDS,
    )
    run(build_app(settings), listening, lambda: write_ready_file(ready, url))


def measured(store: str, folder: Path, processes: int, streams: int, rounds: int, creates: int) -> list[Costs]:
    """Creates at the first of the servers, with streams at the last one and without, in turns."""
    with ExitStack() as stack:
        command = [sys.executable, "-m", "tests.bench.streams", "--serve", store, READY]
        servers = [stack.enter_context(serving(command, None, folder)) for _ in range(processes)]
        sessions = [_registered(servers[0]) for _ in range(streams)]
        found = [Costs(create.title) for create in CREATES]
        for number in range(rounds + 1):
            for count in [0, streams] if number % 2 else [streams, 0]:
                with _open_streams(servers[-1], sessions[:count]):
                    _wait_until_quiet(servers)
                    for costs, create in zip(found, CREATES, strict=True):
                        cost = _cost(servers, create.request, round(creates * create.share))
                        if number:  # the first one warms up
                            costs.by_streams[count].append(cost)
        return found


def _registered(server: Server) -> str:
    with _connected(server) as connection:
        connection.sendall(REGISTER.request)
        body = json.loads(_read_answer(connection))
    return str(body["sessionId"])


def _read_answer(connection: socket.socket) -> bytes:
    """The body of an answer that names its length.

    Raises:
        BenchError: it is no success.
    """
    data = b""
    while True:
        data += connection.recv(65_536)
        head, end, body = data.partition(b"\r\n\r\n")
        if not end:
            continue
        if not head.startswith(b"HTTP/1.1 2"):
            raise BenchError(f"a request was answered {head[:100]!r}")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        if len(body) >= int(length.partition(b":")[2]):
            return body


def _connected(server: Server) -> socket.socket:
    address = urlsplit(server.url)
    return socket.create_connection((address.hostname or "", address.port or 80), timeout=30)


@contextlib.contextmanager
def _open_streams(server: Server, sessions: list[str]) -> Iterator[None]:
    """A stream of each session.

    Raises:
        BenchError: one was refused, or it ended or sent more than the session as it is.
    """
    with ExitStack() as stack:
        opened = []
        for session in sessions:
            connection = stack.enter_context(_connected(server))
            path = f"/predicate/api/v1/status/realtime/individual/{session}"
            connection.sendall(f"GET {path} HTTP/1.1\r\n".encode() + _credentials(_PREDICATE_TOKEN) + b"\r\n")
            opened.append(connection)
        for connection in opened:
            _read_first_event(connection)
            connection.setblocking(False)
        yield
        for connection in opened:
            with contextlib.suppress(BlockingIOError):
                raise BenchError(f"a stream ended or sent an event: {connection.recv(300)!r}")


def _read_first_event(connection: socket.socket) -> None:
    data = b""
    while b"\n\n\r\n" not in data:  # the end of an event, and of its chunk
        more = connection.recv(65_536)
        data += more
        if not more or not data.startswith(b"HTTP/1.1 200"[: len(data)]):
            raise BenchError(f"a stream was answered {data[:300]!r}")


def _wait_until_quiet(servers: list[Server]) -> None:
    """Waits until all streams are subscribed, or closed: the servers go on after the first event, and the end of a connection."""
    deadline = time.monotonic() + _MOST_QUIET_SECONDS
    while True:
        before = _used(servers)
        time.sleep(_QUIET_SECONDS)
        if _used(servers) - before < _QUIET_CPU_SECONDS:
            return
        if time.monotonic() > deadline:
            raise BenchError(f"the servers still worked after {_MOST_QUIET_SECONDS} s without requests")


def _cost(servers: list[Server], request: bytes, creates: int) -> float:
    """Seconds of CPU of all servers a create; sixteen connections ask at once."""
    times = max(1, creates // _CONNECTIONS)
    with ExitStack() as stack:
        connections = [stack.enter_context(_connected(servers[0])) for _ in range(_CONNECTIONS)]
        _ask(connections, request, _WARM_UP)
        before = _used(servers)
        _ask(connections, request, times)
        return (_used(servers) - before) / (times * _CONNECTIONS)


def _ask(connections: list[socket.socket], request: bytes, times: int) -> None:
    for _ in range(times):
        for connection in connections:
            connection.sendall(request)
        for connection in connections:
            _read_answer(connection)


def _used(servers: list[Server]) -> float:
    return sum(cpu_seconds(server.pid) for server in servers)


@contextlib.contextmanager
def _store(name: str, folder: Path) -> Iterator[str]:
    if name == "memory":
        yield name
    elif name == "sqlite":
        yield f"sqlite:///{folder}/store.db"
    elif redis_server.PROGRAM is None:
        raise BenchError(redis_server.WHY_NOT)
    else:
        with redis_server.serving(folder, "--appendfsync", "everysec") as server:
            yield server.url


def main() -> None:
    """Measures and prints a table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--streams", type=int, default=STREAMS)
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--creates", type=int, default=1_600, help="of kyve, in each half of a round")
    options.add_argument("--stores", nargs="+", default=list(STORES), choices=STORES)
    options.add_argument("--serve", nargs=2, metavar=("STORE", "READY"), help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.serve:
        serve(given.serve[0], Path(given.serve[1]))
        return
    print(f"| store | the streams are at | create | no stream | {given.streams} streams | they add | ≤ {MOST_ADDED:.0%} |")
    print("|---|---|---|---:|---:|---:|---|", flush=True)
    for name in given.stores:
        for processes in (1,) if name == "memory" else (1, 2):  # memory is one process's
            with tempfile.TemporaryDirectory(prefix="specimen-bench-") as text, _store(name, Path(text)) as url:
                found = measured(url, Path(text), processes, given.streams, given.rounds, given.creates)
            print("\n".join(costs.row(name, processes) for costs in found), flush=True)


if __name__ == "__main__":
    main()
