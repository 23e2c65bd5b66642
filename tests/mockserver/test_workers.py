"""`specimen serve --workers`: one port, one log, dead workers replaced, all ended together."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import FROM_SOURCE, environment, run, serving

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="children are found in /proc")
SHARED = ("--store", "sqlite:///store.db", "--workers", "3")


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8")
    return [int(word) for word in text.split()]


def soon(condition: Callable[[], Any]) -> Any:
    """What a condition gives once it holds."""
    deadline = time.monotonic() + 30
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def supervisor(folder: Path) -> int:
    """The process that was started."""
    pid: int = json.loads((folder / "ready.json").read_text(encoding="utf-8"))["pid"]
    return pid


def answered(url: str, count: int = 30) -> set[int]:
    """The statuses of reads over connections of their own."""
    return {httpx.get(f"{url}/_specimen/health").status_code for _ in range(count)}


def test_workers__need_a_shared_store(tmp_path: Path) -> None:
    """With sessions in memory they are refused with a sentence that names what to add."""
    done = run("serve", "--workers", "2", "--port", "0", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--workers 2: the processes would not see one another's sessions" in done.stderr
    assert "--store sqlite:///" in done.stderr


def test_workers__one_sandbox(tmp_path: Path) -> None:
    """A session that one made, another one shows; the URL is printed once; a dead worker is replaced, the supervisor says so."""
    with serving("kayle", *SHARED, folder=tmp_path) as url:
        pid = supervisor(tmp_path)
        first = children(pid)
        assert len(first) == 3
        token = {"Authorization": "Bearer kk_live_specimen"}
        made = httpx.post(f"{url}/v1/sessions", json={}, headers=token)
        assert made.is_success, made.text
        for _ in range(20):
            found = httpx.get(f"{url}/v1/sessions/{made.json()['data']['id']}", headers=token)
            assert found.status_code == 200
        os.kill(first[0], signal.SIGKILL)
        assert soon(lambda: [child for child in children(pid) if child not in first])
        soon(lambda: len(children(pid)) == 3)
        assert answered(url) == {200}
        log = (tmp_path / "serve.log").read_text(encoding="utf-8")
        assert log.count("Stop with Ctrl-C") == 1
        assert f"worker {first[0]} has ended (SIGKILL)" in log
    soon(lambda: not any(Path(f"/proc/{child}").exists() for child in first))


def test_workers__share_connections(tmp_path: Path) -> None:
    """No worker takes them all: of sixty connections each of two serves some."""
    with serving("kayle", "--store", "sqlite:///store.db", "--workers", "2", folder=tmp_path) as url:
        port = int(url.rpartition(":")[2])
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(httpx.Client()) for _ in range(60)]
            for client in clients:
                assert client.get(f"{url}/_specimen/live").status_code == 200
            held = [_sockets(child, port) for child in children(supervisor(tmp_path))]
        assert all(count > 5 for count in held), held


def _sockets(pid: int, port: int) -> int:
    """How many established connections of a port a process holds."""
    inodes = set()
    for line in Path("/proc/net/tcp").read_text(encoding="utf-8").splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(f":{port:04X}") and fields[3] == "01":
            inodes.add(f"socket:[{fields[9]}]")
    links = [link for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]
    return sum(1 for link in links if str(link.readlink()) in inodes)


@contextlib.contextmanager
def started(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`specimen serve` with workers, that may be ended in any way."""
    ready = folder / "ready.json"
    line = [*FROM_SOURCE, "serve", "kayle", "--port", "0", "--ready-file", str(ready), *arguments]
    process = subprocess.Popen(
        line, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        soon(lambda: ready.exists() or process.poll() is not None)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.sample(2)
@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "SIGKILL", "Ctrl-C"])
def test_workers__end_together(tmp_path: Path, how: str) -> None:
    """However the supervisor ends, no worker stays, and nobody prints a traceback."""
    with started(tmp_path, *SHARED) as process:
        workers = children(process.pid)
        assert len(workers) == 3
        if how == "Ctrl-C":
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
        else:
            process.send_signal(signal.Signals[how])
        _, stderr = process.communicate(timeout=30)
        soon(lambda: not any(Path(f"/proc/{child}").exists() for child in workers))
        assert "Traceback" not in stderr


def test_workers__that_cannot_start(tmp_path: Path) -> None:
    """A store that cannot be opened ends all of them, with its sentence and no ready file."""
    (tmp_path / "text.db").write_text("a diary\n" * 1000, encoding="utf-8")
    with started(tmp_path, "--store", "sqlite:///text.db", "--workers", "2") as process:
        _, stderr = process.communicate(timeout=30)
        assert process.returncode == 3  # as with one worker
        assert "it is no SQLite file" in stderr
        assert not (tmp_path / "ready.json").exists()


def test_workers__port_taken(tmp_path: Path) -> None:
    """A second server with workers does not share the first one's port."""
    with serving("kayle", *SHARED, folder=tmp_path) as url:
        port = url.rpartition(":")[2]
        done = run("serve", "--port", port, "--store", "sqlite:///other.db", "--workers", "2", folder=tmp_path)
        assert done.returncode == 2
        assert f"port {port} on 127.0.0.1 is taken" in done.stderr
