"""Kills servers amid deliveries of webhooks, and counts what never came: `make crash`, `python -m tests.crash_deliveries`."""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from specimen.webhooks import verify
from tests.mockserver.store import redis_server
from tests.mockserver.webhooks.receiver import Receiver, receiving
from tests.serving import ROOT

TYPES = ["created", "updated", "updated", "updated", "completed"]
SECRET = "whsec_of_the_crash_test"
_SESSIONS = 10
_START_SECONDS = 60
# What a killed process held comes back when its lease is over, after a minute.
_SETTLE_SECONDS = 150


@dataclass
class Outcome:
    """What a row of the table says."""

    store: str
    kills: int = 0
    sessions: list[str] = field(default_factory=list)
    lost: int = 0
    disordered: int = 0
    repeated: int = 0


@contextlib.contextmanager
def serving(folder: Path, store: str, *arguments: str, workers: int = 2) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Workers on one store, in which sessions end at once; gives the supervisor's process, a group of its own, and the URL."""
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "specimen", "serve", "kyve", "--port", "0", "--workers", str(workers), "--pace", "instant"]
    command += ["--store", store, "--ready-file", str(ready), *arguments]
    with (folder / "output.txt").open("w", encoding="utf-8") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, start_new_session=True)
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not ready.exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield process, json.loads(ready.read_text())["url"]
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def create(url: str) -> str:
    """The id of a new session."""
    headers = {"Authorization": "Bearer ak_test_specimen", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/v1/sessions", b"{}", headers, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: str = json.loads(answer.read())["id"]
        return found


def by_session(receiver: Receiver, secret: str) -> dict[str, list[str]]:
    """The types that came, by session, each event once, in the order in which they came first."""
    found: dict[str, list[str]] = {}
    seen: set[str] = set()
    for request in list(receiver.received):
        sent_at = int(request.headers["KYC-Signature"].partition(",")[0].removeprefix("t="))
        delivery = verify("kyve", request.headers, request.body, secret, now=sent_at)
        if delivery.event_id not in seen and delivery.session_id is not None:
            seen.add(delivery.event_id)
            found.setdefault(delivery.session_id, []).append(delivery.type.rpartition(".")[2])
    return found


def _create_until_killed(url: str, pid: int, made: list[str]) -> None:
    """Makes sessions; kills the whole group of processes at some moment of it and a little later."""

    def make() -> None:
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            for _ in range(_SESSIONS):  # one by one: what was made before an error counts
                made.append(create(url))  # noqa: PERF401

    maker = threading.Thread(target=make)
    maker.start()
    time.sleep(random.uniform(0.05, 0.6))
    os.killpg(pid, signal.SIGKILL)
    maker.join(20)


def measured(name: str, store: str, folder: Path, kills: int) -> Outcome:
    """Kills so often, starts anew each time on the same store, and waits for what is due."""
    outcome = Outcome(name)
    with receiving(lambda _: time.sleep(0.01) or 200) as receiver:
        arguments = ("--webhook", f"kyve={receiver.url}", "--webhook-secret", SECRET)
        for _ in range(kills):
            with serving(folder, store, *arguments) as (process, url):
                _create_until_killed(url, process.pid, outcome.sessions)
            outcome.kills += 1
        with serving(folder, store, *arguments):
            deadline = time.monotonic() + _SETTLE_SECONDS
            while time.monotonic() < deadline:
                found = by_session(receiver, SECRET)
                if all(len(found.get(session, ())) >= len(TYPES) for session in outcome.sessions):
                    break
                time.sleep(1)
        found = by_session(receiver, SECRET)
        for session in outcome.sessions:
            types = found.get(session, [])
            outcome.lost += max(0, len(TYPES) - len(types))
            outcome.disordered += int(len(types) == len(TYPES) and types != TYPES)
        outcome.repeated = len(receiver.received) - sum(len(types) for types in found.values())
    return outcome


def table(outcomes: list[Outcome]) -> str:
    """The outcomes as a Markdown table."""
    lines = ["| store, two workers | kills | sessions | events due | never came | sessions out of order | came again |"]
    lines.append("|---|---|---|---|---|---|---|")
    for one in outcomes:
        due = len(one.sessions) * len(TYPES)
        lines.append(
            f"| {one.store} | {one.kills} | {len(one.sessions)} | {due:,} | {one.lost} | {one.disordered} | {one.repeated} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Kills, counts and prints; 1 where an event never came, or came out of order."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=20)
    options.add_argument("--stores", nargs="+", default=["sqlite", "redis"], choices=["sqlite", "redis"])
    given = options.parse_args()
    outcomes = []
    for name in given.stores:
        with tempfile.TemporaryDirectory() as text, contextlib.ExitStack() as stack:
            folder = Path(text)
            store = f"sqlite:///{folder / 'store.db'}"
            if name == "redis":
                if redis_server.PROGRAM is None:
                    print(redis_server.WHY_NOT, file=sys.stderr)
                    continue
                store = stack.enter_context(redis_server.serving(folder)).url
            outcomes.append(measured(name, store, folder, given.kills))
    print(table(outcomes))
    return int(any(one.lost or one.disordered or not one.sessions for one in outcomes))


if __name__ == "__main__":
    sys.exit(main())
