"""`python -m tests.attack`: attacks, prints a table, and ends with 1 where something fell."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from tests.attack.peers import PEERS, judge_against
from tests.attack.server import attack, resident_megabytes
from tests.serving import serving

SEED = 16
PEER_SECONDS = 60.0


def main() -> int:
    """Runs all of it; `ATTACK=long` sends ten times as much."""
    is_long = os.environ.get("ATTACK") == "long"
    requests, seconds = (200_000, 1200.0) if is_long else (20_000, 80.0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with serving(folder=folder) as url:
            ready = json.loads((folder / "ready.json").read_text())
            port = urlsplit(url).port or 80
            before = resident_megabytes(ready["pid"])
            outcomes, health = asyncio.run(attack(port, requests, seconds, SEED))
            after = resident_megabytes(ready["pid"])
        tracebacks = (folder / "serve.log").read_text(errors="replace").count("Traceback")
    print("| attack | tried | 5xx | hangs over 15 s |\n|---|---|---|---|")
    for one in outcomes:
        print(f"| {one.what} | {one.tried:,} | {one.server_errors} | {one.hangs} |")
    print(
        f"\nTracebacks {tracebacks}, memory {before:.0f} MB before and {after:.0f} MB after, health p99 {health * 1000:.0f} ms.\n"
    )
    with ThreadPoolExecutor(max_workers=3) as pool:
        peers = list(pool.map(lambda peer: judge_against(peer, PEER_SECONDS), PEERS))
    print("| peer of `verify` | exit code | seconds | traceback |\n|---|---|---|---|")
    for peer in peers:
        print(f"| {peer.peer} | {peer.code} | {peer.seconds:.1f} | {'yes' if peer.has_traceback else 'no'} |")
    print(f"\nMost memory of a judge: {max(peer.megabytes for peer in peers):.0f} MB.")
    fell = tracebacks + sum(one.server_errors + one.hangs for one in outcomes) + sum(not peer.is_well for peer in peers)
    print(f"{fell} fell." if fell else "Nothing fell.")
    return 1 if fell else 0


if __name__ == "__main__":
    sys.exit(main())
