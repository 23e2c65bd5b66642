"""Kills servers in the middle of creates, and counts what was acknowledged and is lost: `make crash`, `python -m tests.crash`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from specimen.mockserver.sessions.store import Page, Space
from tests.mockserver.store import redis_server
from tests.mockserver.store.peer import connected
from tests.serving import FROM_SOURCE, environment

SPACE = Space("default", "kayle")
_CLIENTS = 16
_SECONDS = 60
_MOST_SECONDS = 300  # all creates between two kills
_AGAIN_SECONDS = 0.02
_HEADERS = {"Authorization": "Bearer kk_live_specimen"}


@dataclass
class Outcome:
    """What a row of the table says."""

    store: str
    killed: str
    kills: int = 0
    acknowledged: int = 0
    lost: int = 0
    damaged: int = 0


@contextlib.contextmanager
def _serving(folder: Path, url: str) -> Iterator[tuple[str, int]]:
    """A server that may be killed; gives its URL and its process."""
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    line = [*FROM_SOURCE, "serve", "kayle", "--store", url, "--port", "0", "--ready-file", str(ready)]
    with (folder / "serve.log").open("a", encoding="utf-8") as log:
        process = subprocess.Popen(line, cwd=folder, env=environment(), stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + _SECONDS
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "serve.log").read_text(encoding="utf-8"))
            time.sleep(0.02)
        yield json.loads(ready.read_text(encoding="utf-8"))["url"], process.pid
    finally:
        process.kill()
        process.wait()


def _moments(kills: int, creates: int) -> list[int]:
    """After how many acknowledged creates each kill falls: one at a random moment of each of equal shares of all creates."""
    edges = [creates * number // kills for number in range(kills + 1)]
    return [random.randint(begin + 1, end - 1) for begin, end in itertools.pairwise(edges)]


async def _create(url: str, ids: list[str], until: int, kill: Callable[[], None] | None = None) -> None:
    """Creates until so many are acknowledged, then kills amid the next ones; adds the ids of all that were answered.

    Raises:
        TimeoutError: they are not so many in time.
    """
    is_killed = False

    async def create(client: httpx.AsyncClient) -> None:
        nonlocal is_killed
        while kill is not None or len(ids) < until:
            try:
                answer = await client.post("/v1/sessions", json={})
            except httpx.HTTPError:
                if is_killed:
                    return
                raise
            if answer.status_code == 200:
                ids.append(answer.json()["data"]["id"])
            elif is_killed:  # the store is gone, the server lives
                return
            else:  # the store is back, and the server has not noticed it
                await asyncio.sleep(_AGAIN_SECONDS)
            if kill is not None and len(ids) >= until and not is_killed:
                is_killed = True
                kill()

    async with asyncio.timeout(_MOST_SECONDS), httpx.AsyncClient(base_url=url, headers=_HEADERS, timeout=10) as client:
        await asyncio.gather(*(create(client) for _ in range(_CLIENTS)))


async def _lost(url: str, acknowledged: list[str]) -> tuple[int, int]:
    """How many sessions are not there, or have an id that was given twice; and whether the indices disagree with what is."""
    ids = set(acknowledged)
    store = connected(url)
    await store.open()
    lost = len([session_id for session_id in ids if await store.get(SPACE, session_id) is None])
    listed: list[str] = []
    while page := await store.page(SPACE, Page("id", 1_000, after=listed[-1] if listed else None)):
        listed += [record.id for record in page]
    damaged = int(await store.count(SPACE) != len(listed)) + len(ids - set(listed)) - lost
    await store.close()
    return lost + len(acknowledged) - len(ids), damaged


def sqlite(folder: Path, kills: int, creates: int) -> Outcome:
    """The server is killed; the file is what stays."""
    outcome, url, ids = Outcome("sqlite", "specimen serve"), f"sqlite:///{folder}/store.db", list[str]()
    for moment in _moments(kills, creates):
        with _serving(folder, url) as (server, pid):
            asyncio.run(_create(server, ids, moment, lambda pid=pid: os.kill(pid, signal.SIGKILL)))
        outcome.kills += 1
    with _serving(folder, url) as (server, _):
        asyncio.run(_create(server, ids, creates))
    outcome.acknowledged = len(ids)
    outcome.lost, outcome.damaged = asyncio.run(_lost(url, ids))
    return outcome


def redis(folder: Path, kills: int, creates: int) -> Outcome:
    """Redis is killed, which writes each command to its file before it answers; the server goes on."""
    outcome, ids = Outcome("redis, appendfsync always", "redis-server"), list[str]()
    with redis_server.serving(folder) as database:
        with _serving(folder, database.url) as (server, _):
            for moment in _moments(kills, creates):
                asyncio.run(_create(server, ids, moment, database.kill))
                outcome.kills += 1
                database.start()
            asyncio.run(_create(server, ids, creates))
        outcome.acknowledged = len(ids)
        outcome.lost, outcome.damaged = asyncio.run(_lost(database.url, ids))
    return outcome


def table(outcomes: list[Outcome]) -> str:
    """The outcomes as a Markdown table."""
    lines = ["| store | killed | kills | acknowledged | and lost | indices that disagree |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {one.store} | `{one.killed}` | {one.kills} | {one.acknowledged:,} | {one.lost} | {one.damaged} |" for one in outcomes
    ]
    return "\n".join(lines)


def main() -> int:
    """Kills, counts and prints; 1 where anything is lost."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=20)
    options.add_argument("--creates", type=int, default=10_000, help="acknowledged ones, over which the kills are spread")
    options.add_argument("--stores", nargs="+", default=["sqlite", "redis"], choices=["sqlite", "redis"])
    given = options.parse_args()
    outcomes = []
    for name in given.stores:
        if name == "redis" and redis_server.PROGRAM is None:
            print(redis_server.WHY_NOT, file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory() as folder:
            outcomes.append({"sqlite": sqlite, "redis": redis}[name](Path(folder), given.kills, given.creates))
    print(table(outcomes))
    return int(any(one.lost or one.damaged for one in outcomes))


if __name__ == "__main__":
    sys.exit(main())
