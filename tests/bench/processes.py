"""Servers in processes of their own, which end with the benchmark."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.bench.load import ROOT, Work
from tests.bench.machine import BenchError, pinned

READY = "{ready-file}"
_POLL_SECONDS = 0.003


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    url: str
    pid: int

    def send(self, work: Work) -> tuple[int, bytes]:
        """Status and body of one answer."""
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
        try:
            headers = dict(work.headers) if work.unique is None else {**work.headers, work.unique: work.new_prefix()}
            connection.request(work.method, work.path, work.body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def ask(self, entry: Mapping[str, Any]) -> tuple[int, bytes]:
        """Status and body of the answer to an entry of the scenario requests."""
        return self.send(Work.of(entry))


@contextlib.contextmanager
def serving(
    command: list[str], core: int | None, folder: Path, *, url: str | None = None, is_talkative: bool = False, seconds: float = 30
) -> Iterator[Server]:
    """A server while the context lasts.

    It is up when it writes the file that stands for `READY` in its command, or, given a `url`, when that takes connections.
    What a talkative one prints is not kept.

    Raises:
        BenchError: it ended, or was not up in time.
    """
    place = Path(tempfile.mkdtemp(dir=folder))
    ready, log = place / "ready.json", place / "log"
    command = [str(ready) if part == READY else part for part in command]
    with log.open("wb") as output:
        with pinned(core):
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL if is_talkative else output,
                stderr=output,
                cwd=ROOT,
                start_new_session=True,  # Ctrl-C reaches the benchmark alone, which then stops it
            )
        try:
            deadline = time.monotonic() + seconds
            while (found := _url(ready, url)) is None:
                if process.poll() is not None:
                    raise BenchError(f"a server ended (exit code {process.returncode}): {_reported(log)}")
                if time.monotonic() > deadline:
                    raise BenchError(f"a server was not up after {seconds:g} s: {_reported(log)}")
                time.sleep(_POLL_SECONDS)
            yield Server(found, process.pid)
        finally:
            _stop(process)


def _url(ready: Path, url: str | None) -> str | None:
    if url is None:
        return str(json.loads(ready.read_text())["url"]) if ready.exists() else None
    address = urlsplit(url)
    try:
        with contextlib.closing(http.client.HTTPConnection(address.hostname or "", address.port, timeout=1)) as connection:
            connection.connect()
    except OSError:
        return None
    return url


def _reported(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return "\n".join(lines[-12:]) or "it said nothing"


def _stop(process: subprocess.Popen[bytes]) -> None:
    try:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(5)
    except subprocess.TimeoutExpired:
        pass  # killed below
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
