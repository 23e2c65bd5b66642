"""What a read costs a server with one worker, one with two, and two servers, which take turns under as many connections a worker.

All processes of a server are on one core: a read is dearer where workers, load and Redis take cores from each other.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.bench.load import CONNECTIONS, Tool, Work, tool
from tests.bench.machine import BenchError, Cores, cpu_seconds, pinned
from tests.serving import serving

ONE, TWO, APART = "server, 1 worker", "server, 2 workers", "2 servers, a store each"
ROUNDS = 10
_SECONDS = 1
_HEADERS = {"Authorization": "Bearer kk_live_specimen"}


@dataclass(frozen=True, slots=True)
class _Served:
    """A server with its processes, what loads it, and the request."""

    url: str
    pids: list[int]
    load: Tool
    work: Work

    def loaded(self) -> int:
        """How many reads it answered; each connection asks anew as soon as it is answered."""
        with pinned(Cores.found().load):
            run = self.load.run(self.url, self.work, _SECONDS)
        if run.errors:
            raise BenchError(f"{run.errors} of {run.requests} reads were refused")
        return run.requests


def worker_costs(url: str, other_url: str, folder: Path, *, is_shared: bool, rounds: int) -> dict[str, list[float]]:
    """Seconds of CPU a kayle GET, by what serves it, in rounds that take turns; the other store is of the same kind.

    Two workers need a store that is shared. Two servers that share nothing show what the core alone adds.

    Raises:
        BenchError: the load failed, or a request was refused.
    """
    with ExitStack() as stack:
        one, other = _served(stack, url, folder / "one", 1), _served(stack, other_url, folder / "other", 1)
        setups = {ONE: [one], APART: [one, other]}
        if is_shared:
            setups[TWO] = [_served(stack, url, folder / "two", 2)]
        costs: dict[str, list[float]] = {title: [] for title in setups}
        for round_number in range(rounds + 1):
            for title, servers in setups.items():
                cost = _cost(servers)
                if round_number:  # the first one warms up
                    costs[title].append(cost)
        return costs


def _cost(servers: list[_Served]) -> float:
    """Seconds of CPU of all processes a read, all servers being loaded at once."""
    pids = [pid for server in servers for pid in server.pids]
    before = sum(map(cpu_seconds, pids))
    with ThreadPoolExecutor(len(servers)) as threads:
        reads = sum(threads.map(_Served.loaded, servers))
    return (sum(map(cpu_seconds, pids)) - before) / reads


def _served(stack: ExitStack, url: str, folder: Path, number: int) -> _Served:
    folder.mkdir()
    command = ("kayle", "--pace", "instant", "--store", url, "--workers", str(number))
    with pinned(Cores.found().server):
        server = stack.enter_context(serving(*command, folder=folder))
    answer = httpx.post(f"{server}/v1/sessions", json={}, headers=_HEADERS)
    if not answer.is_success:
        raise BenchError(f"kayle made no session: {answer.status_code} {answer.text[:300]}")
    parent = json.loads((folder / "ready.json").read_text(encoding="utf-8"))["pid"]
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="utf-8").split()
    work = Work("GET", f"/v1/sessions/{answer.json()['data']['id']}", _HEADERS)
    return _Served(server, [parent, *map(int, children)], tool(folder, number * CONNECTIONS), work)
