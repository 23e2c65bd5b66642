"""What the measurements ran on: cores and pinning, a process's memory and processor time, versions."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path


class BenchError(Exception):
    """The benchmark cannot go on; the message says why."""


@dataclass(frozen=True, slots=True)
class Cores:
    """How many cores this process may use, and the ones for the server and for the load; None where nothing is pinned."""

    count: int
    server: int | None
    load: int | None

    @classmethod
    def found(cls) -> Cores:
        """The first core for the load and the last for the server: neighbours are often two halves of one core."""
        if not hasattr(os, "sched_setaffinity"):
            return cls(os.cpu_count() or 1, None, None)
        usable = sorted(os.sched_getaffinity(0))
        return cls(len(usable), usable[-1], usable[0])

    def __str__(self) -> str:
        if self.server is None:
            return f"{self.count} cores, nothing pinned (this system cannot)"
        if self.server == self.load:
            return "one core, shared by server and load: the figures say less than with two"
        return f"{self.count} cores, the server pinned to core {self.server} and the load to core {self.load}"


@contextlib.contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """Keeps the calling thread, and the processes that it starts meanwhile, on one core."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def resident_bytes(pid: int) -> int | None:
    """The resident memory of a process; None where the system does not tell."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024
    try:
        printed = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return int(printed.stdout) * 1024


def processor_seconds(pid: int) -> float | None:
    """The processor time that a process has used so far; None where the system does not tell."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return None
    # The second field, the name, may hold spaces; user and system time are the 14th and the 15th.
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """The CPU of all threads of a process, by the scheduler, in nanoseconds; that of /proc/PID/stat counts hundredths."""
    folder = Path(f"/proc/{pid}/task")
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in folder.iterdir()) / 1e9


def versions() -> str:
    """The Python and the libraries that all of the measured Python servers run on."""
    parts = [f"Python {platform.python_version()}"]
    for name in ("uvicorn", "uvloop", "httptools", "connexion"):
        with contextlib.suppress(ImportError):
            parts.append(f"{name} {version(name)}")
    return ", ".join(parts)
