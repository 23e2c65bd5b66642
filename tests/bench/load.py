"""Load on a server: wrk where it is installed, else the bundled client."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from specimen.mockserver.sessions.catalogue.scenario_requests import encoded_body
from tests.bench.machine import BenchError

CONNECTIONS = 16
# What a load tool may take beyond the time it was given.
_GRACE_SECONDS = 20
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Work:
    """The request to repeat; the header named `unique` has a new value each time."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    unique: str | None = None

    @classmethod
    def of(cls, entry: Mapping[str, Any], unique: str | None = None) -> Work:
        """The request of an entry of the scenario requests."""
        raw, content_type = encoded_body(entry["body"])
        headers = dict(entry["headers"])
        if raw:
            headers = {"Content-Type": content_type, **headers}
        return cls(entry["method"], entry["path"], headers, raw, unique)

    def moved(self, mount: str) -> Work:
        """The same request at a server that knows nothing of the mount."""
        return Work(self.method, self.path.removeprefix(mount), self.headers, self.body, self.unique)

    def new_prefix(self) -> str:
        """What the values of the unique header begin with: another one in each run."""
        return f"bench-{time.time_ns():x}-"


@dataclass(frozen=True, slots=True)
class Run:
    """What one run saw; `errors` are answers of 400 and above, timeouts and broken connections."""

    requests: int
    seconds: float
    errors: int
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


class Tool(Protocol):
    """Something that makes load from one thread, with as many connections as it was made for."""

    name: str

    def run(self, url: str, work: Work, seconds: int) -> Run:
        """Repeats the request for a time.

        Raises:
            BenchError: the tool failed.
        """


class Wrk:
    """wrk, told by a Lua script."""

    def __init__(self, command: str, folder: Path, connections: int = CONNECTIONS) -> None:
        task = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
        self.name = " ".join(task.stdout.split()[:2]) or "wrk"
        self._command = command
        self._connections = connections
        self._script = folder / "wrk.lua"

    def run(self, url: str, work: Work, seconds: int) -> Run:
        """Repeats the request for a time."""
        self._script.write_text("\n".join(lua(work)), encoding="ascii")
        command = [self._command, "-t1", f"-c{self._connections}", f"-d{seconds}s", "-s", str(self._script), url + work.path]
        return _measured(command, "", seconds)


def lua(work: Work) -> Iterable[str]:
    """The script for wrk: what to send, and the figures as a last line of JSON."""
    # A JSON string of plain ASCII is a Lua string too.
    yield f"wrk.method = {json.dumps(work.method)}"
    for name, value in work.headers.items():
        yield f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}"
    if work.body:
        yield f"wrk.body = {json.dumps(work.body.decode('ascii'))}"
    if work.unique is not None:
        yield "local count = 0"
        yield "request = function()"
        yield "  count = count + 1"
        yield f"  wrk.headers[{json.dumps(work.unique)}] = {json.dumps(work.new_prefix())} .. count"
        yield "  return wrk.format()"
        yield "end"
    yield "done = function(summary, latency)"
    yield "  local e = summary.errors"
    yield """  io.write(string.format('\\n{"requests":%d,"seconds":%f,"errors":%d,"p50":%f,"p99":%f}\\n', summary.requests,"""
    yield "    summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout,"
    yield "    latency:percentile(50) / 1e6, latency:percentile(99) / 1e6))"
    yield "end"


class Client:
    """The bundled asyncio client, in a process of its own; it may be slower than the server that it loads."""

    name = "the bundled asyncio client (slower than wrk: fast servers may look slower than they are)"

    def __init__(self, connections: int = CONNECTIONS) -> None:
        self._connections = connections

    def run(self, url: str, work: Work, seconds: int) -> Run:
        """Repeats the request for a time."""
        request = {**asdict(work), "body": work.body.decode("latin-1")}
        task = {"url": url, "work": request, "seconds": seconds, "connections": self._connections}
        return _measured([sys.executable, "-m", "tests.bench.client"], json.dumps(task), seconds)


def _measured(command: list[str], task: str, seconds: int) -> Run:
    try:
        done = subprocess.run(
            command, input=task, capture_output=True, text=True, cwd=ROOT, timeout=seconds + _GRACE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"the load did not end {_GRACE_SECONDS} s after its time") from error
    last = done.stdout.rstrip().rpartition("\n")[2]
    with contextlib.suppress(ValueError, TypeError):
        run = Run(**json.loads(last))
        if run.requests:
            return run
    raise BenchError(f"the load made no figures (exit code {done.returncode}): {(done.stderr or done.stdout)[-500:]}")


def tool(folder: Path, connections: int = CONNECTIONS) -> Tool:
    """The load tool: wrk where it is on the path, else the bundled client."""
    command = shutil.which("wrk")
    return Client(connections) if command is None else Wrk(command, folder, connections)
