"""What the request log costs a read, by HTTP: `python -m tests.bench.request_log [--reads N] [--blocks N]`."""

from __future__ import annotations

import argparse
import gc
import http.client
import json
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.bench.machine import BenchError
from tests.mockserver.store import redis_server
from tests.serving import serving

KAYLE = {"Authorization": "Bearer kk_live_specimen"}
SERVERS = {"log on": (), "log off": ("--most-log-entries", "0")}
STORES = ("memory", "sqlite", "redis")


class Read:
    """A read of one session of a server, over one connection."""

    def __init__(self, url: str, folder: Path) -> None:
        made = httpx.post(f"{url}/kayle/v1/sessions", json={}, headers=KAYLE)
        self._path = f"/kayle/v1/sessions/{made.json()['data']['id']}"
        address = urlsplit(url)
        self._connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
        self._pid = json.loads((folder / "ready.json").read_text(encoding="utf-8"))["pid"]
        if not Path(f"/proc/{self._pid}/schedstat").exists():
            raise BenchError("only Linux tells the processor time of a thread in nanoseconds (/proc/PID/schedstat)")

    def _used(self) -> float:
        threads = Path(f"/proc/{self._pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text(encoding="utf-8").split()[0]) for thread in threads) / 1e9

    def cost(self, reads: int) -> float:
        """Seconds of the server's processor for one read."""
        self._connection.close()  # a server that waited has closed it; the next request opens it anew
        before = self._used()
        for _ in range(reads):
            self._connection.request("GET", self._path, headers=KAYLE)
            answer = self._connection.getresponse()
            assert answer.status == 200, answer.status
            answer.read()
        return (self._used() - before) / reads


def measured(store: str, reads: int, blocks: int, processes: int) -> dict[str, list[float]]:
    """Seconds of CPU a read with and without the log, of each process what nine tenths of its blocks exceed; all in turns."""
    with tempfile.TemporaryDirectory(prefix="specimen-bench-") as place, ExitStack() as stack:
        redis = stack.enter_context(redis_server.serving(Path(place))) if store == "redis" else None
        servers: dict[tuple[str, int], Read] = {}
        for number, (name, options) in enumerate([*SERVERS.items()] * processes):
            folder = Path(place) / str(number)
            folder.mkdir()
            where = {"memory": "memory", "sqlite": "sqlite:///store.db"}.get(store) or f"{redis.url if redis else ''}/{number}"
            url = stack.enter_context(serving("kayle", "kyve", "--store", where, *options, folder=folder))
            servers[name, number] = Read(url, folder)
            servers[name, number].cost(reads)
        costs: dict[tuple[str, int], list[float]] = {key: [] for key in servers}
        gc.collect()
        for block in range(blocks):
            for key in list(servers)[:: 1 if block % 2 else -1]:
                costs[key].append(servers[key].cost(reads))
    found: dict[str, list[float]] = {name: [] for name in SERVERS}
    for (name, _), several in costs.items():
        found[name].append(statistics.quantiles(several, n=10)[0])
    return found


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reads", type=int, default=200, help="reads of a block")
    parser.add_argument("--blocks", type=int, default=150, help="blocks of each process")
    parser.add_argument("--processes", type=int, default=4, help="servers with the log, and as many without")
    parser.add_argument("--store", choices=STORES, action="append")
    given = parser.parse_args()
    print("| Store | Log off | Log on | The log costs |\n|---|---:|---:|---:|")
    for store in given.store or STORES:
        if store == "redis" and redis_server.PROGRAM is None:
            raise BenchError(redis_server.WHY_NOT)
        found = measured(store, given.reads, given.blocks, given.processes)
        on, off = (statistics.mean(found[name]) for name in SERVERS)
        shown = [" ".join(f"{cost * 1e6:.1f}" for cost in sorted(found[name])) for name in ("log off", "log on")]
        print(f"| {store} | {off * 1e6:.1f} µs ({shown[0]}) | {on * 1e6:.1f} µs ({shown[1]}) | {on / off - 1:+.1%} |", flush=True)
    print(
        f"\nCPU of the server a kayle GET, in brackets of each of {given.processes} processes: two processes of the same program"
        f" differ by some hundredths. Of {given.blocks} blocks of {given.reads:,} reads, all interleaved, what nine tenths"
        " exceed, for what others do on the machine is only ever added."
    )


if __name__ == "__main__":
    main()
