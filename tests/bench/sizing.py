"""How many workers and how much Redis a load needs: `python -m tests.bench.sizing`; the formula is in docs/store.md."""

from __future__ import annotations

import argparse
from math import ceil

LOADS = (10_000, 100_000, 1_000_000)
# Of a core that serves; the rest is for peaks.
USABLE_SHARE = 0.7
# Assumed of one node on a core of a server, with one script a request; measure yours.
NODE_REQUESTS = 60_000
# Redis' own tables and fragmentation, beside what a session takes.
OVERHEAD = 1.3


def workers(requests: float, cpu_seconds: float) -> int:
    """Processes that serve so many requests per second, each of which costs so much CPU."""
    return ceil(requests * cpu_seconds / USABLE_SHARE)


def nodes(requests: float, round_trips: float = 1.0) -> int:
    """Nodes of Redis, for namespaces that spread evenly over them."""
    return ceil(requests * round_trips / NODE_REQUESTS)


def memory_bytes(sessions: int, session_bytes: float) -> float:
    """Memory of all nodes together."""
    return OVERHEAD * sessions * session_bytes


def main() -> None:
    """Prints the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cpu-microseconds", type=float, required=True, help="CPU a request, from `make bench-store`")
    options.add_argument("--round-trips", type=float, default=1.0)
    options.add_argument("--sessions", type=int, required=True)
    options.add_argument("--session-bytes", type=float, required=True)
    given = options.parse_args()
    memory = memory_bytes(given.sessions, given.session_bytes) / 2**30
    print("| requests per second | workers | nodes of Redis | memory of Redis |\n|---|---|---|---|")
    for load in LOADS:
        count = workers(load, given.cpu_microseconds / 1e6)
        print(f"| {load:,} | {count:,} | {nodes(load, given.round_trips)} | {memory:.1f} GiB |")


if __name__ == "__main__":
    main()
