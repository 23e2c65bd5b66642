"""What a read costs a server with one worker and with two, which take turns under as many connections a worker."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import httpx

from tests.bench.machine import BenchError
from tests.serving import serving

_CONNECTIONS = 16
_ROUNDS = 20
_HEADERS = {"Authorization": "Bearer kk_live_specimen"}


@dataclass
class _Served:
    """A server with its workers, and the connections to it."""

    pids: list[int]
    connections: list[socket.socket]
    request: bytes
    costs: list[float] = field(default_factory=list)

    def cost(self, times: int) -> float:
        """Seconds of CPU of all its processes a read, each connection asked so many times, all of them at once."""
        before = sum(map(cpu_seconds, self.pids))
        for _ in range(times):
            for connection in self.connections:
                connection.sendall(self.request)
            for connection in self.connections:
                read_answer(connection)
        return (sum(map(cpu_seconds, self.pids)) - before) / (times * len(self.connections))


def worker_costs(url: str, folder: Path, count: int, workers: Sequence[int]) -> dict[int, float]:
    """Seconds of CPU a kayle GET by the number of workers, over one store; medians of rounds that alternate."""
    with ExitStack() as stack:
        served = {number: _served(stack, url, folder / f"workers-{number}", number) for number in workers}
        times = max(1, count // _ROUNDS // _CONNECTIONS)
        for round_number in range(_ROUNDS + 1):
            for one in served.values():
                cost = one.cost(times)
                if round_number:  # the first one warms up
                    one.costs.append(cost)
        return {number: median(one.costs) for number, one in served.items()}


def _served(stack: ExitStack, url: str, folder: Path, number: int) -> _Served:
    folder.mkdir()
    command = ("kayle", "--pace", "instant", "--store", url, "--workers", str(number))
    server = stack.enter_context(serving(*command, folder=folder))
    answer = httpx.post(f"{server}/v1/sessions", json={}, headers=_HEADERS)
    if not answer.is_success:
        raise BenchError(f"kayle made no session: {answer.status_code} {answer.text[:300]}")
    place = urlsplit(f"{server}/v1/sessions/{answer.json()['data']['id']}")
    lines = [f"GET {place.path} HTTP/1.1", f"Host: {place.netloc}", *(f"{name}: {value}" for name, value in _HEADERS.items())]
    parent = json.loads((folder / "ready.json").read_text(encoding="utf-8"))["pid"]
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="utf-8").split()
    connections = [
        stack.enter_context(socket.create_connection((place.hostname or "", place.port or 80), timeout=30))
        for _ in range(number * _CONNECTIONS)
    ]
    return _Served([parent, *map(int, children)], connections, ("\r\n".join(lines) + "\r\n\r\n").encode())


def read_answer(connection: socket.socket) -> bytes:
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


def cpu_seconds(pid: int) -> float:
    """The CPU of all threads of a process, by the scheduler, in nanoseconds; that of /proc/PID/stat counts hundredths."""
    folder = Path(f"/proc/{pid}/task")
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in folder.iterdir()) / 1e9
