"""Standard output that is full, closed or no longer read: no traceback, one sentence at most, and servers go on."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from specimen.specs.cli.console import standard_output
from tests.contracts.servers import place
from tests.contracts.targets import session_id
from tests.serving import FROM_SOURCE, ROOT, environment

HAR = ROOT / "tests" / "contracts" / "traffic" / "har"
TOKEN = "kk_live_specimen"
LISTS = (
    "providers",
    "providers --json",
    "show kayle succeeded",
    "ids",
    "ids --json",
    "rules",
    "rules --json",
    "payloads kayle --summary",
    "payloads kayle --operation getSession --format table",
    "verify kayle --url http://127.0.0.1:9 --dry-run",
)
NEEDS_FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is Linux's")


def ended(line: str, folder: Path, end: str) -> subprocess.CompletedProcess[bytes]:
    """A command of a shell, with what stands after it; its exit code is the command's own."""
    words = " ".join([*FROM_SOURCE, line, end])
    return subprocess.run(
        ["bash", "-c", f"{words}; exit ${{PIPESTATUS[0]}}"],
        cwd=folder, env=environment(PYTHONPATH=str(ROOT)), capture_output=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.sample(2)
@pytest.mark.parametrize("line", LISTS)
def test_list__whose_reader_leaves(line: str, tmp_path: Path) -> None:
    """`| true`: exit code 0, and nothing on the error stream."""
    done = ended(line, tmp_path, "| true")
    assert (done.returncode, done.stderr) == (0, b"")


@NEEDS_FULL
@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("end", "text"),
    [("> /dev/full", b"standard output cannot be written: No space left on device."), (">&-", b"standard output is closed.")],
)
@pytest.mark.parametrize("line", LISTS)
def test_list__that_cannot_be_written(line: str, end: str, text: bytes, tmp_path: Path) -> None:
    """One sentence, exit code 2; with `--json` in JSON."""
    done = ended(line, tmp_path, end)
    said = b'{"detail": "%b", "exit_code": 2}\n' if "--json" in line else b"error: %b\n"
    assert (done.returncode, done.stderr) == (2, said % text)


@NEEDS_FULL
@pytest.mark.parametrize("line", ["--version", "--help", "show --help"])
def test_help__that_cannot_be_written(line: str, tmp_path: Path) -> None:
    """What Typer prints ends no other way."""
    done = ended(line, tmp_path, "> /dev/full")
    assert (done.returncode, done.stderr) == (2, b"error: standard output cannot be written: No space left on device.\n")


@NEEDS_FULL
def test_watch_and_check__output_that_is_full(tmp_path: Path) -> None:
    """The same for what is judged: what was found cannot be reported, so the command did not do its work."""
    with place("kayle") as there:
        watch = f"watch kayle --url {there.url} --token {TOKEN} --session {session_id()} --every 0.05"
        watched = ended(watch, tmp_path, "> /dev/full")
    checked = ended(f"check {HAR / 'firefox.har'} kayle", tmp_path, "> /dev/full")
    for done in (watched, checked):
        assert (done.returncode, done.stderr) == (2, b"error: standard output cannot be written: No space left on device.\n")


def test_watch__whose_reader_leaves(tmp_path: Path) -> None:
    """It ends at the next step: the end of the session was not seen."""
    with place("kayle") as there:
        watch = f"watch kayle --url {there.url} --token {TOKEN} --session {session_id(state='created')} --every 0.05"
        done = ended(watch, tmp_path, "| true")
    assert (done.returncode, done.stderr) == (4, b"")


@pytest.mark.parametrize(("tool", "provider", "code"), [("firefox", "kayle", 0), ("insomnia", "idnow", 1)])
@pytest.mark.parametrize("form", ["", "--json"])
def test_check__whose_reader_leaves(tool: str, provider: str, code: int, form: str, tmp_path: Path) -> None:
    """The exit code is the verdict's all the same."""
    done = ended(f"check {HAR / tool}.har {provider} {form}", tmp_path, "| true")
    assert (done.returncode, done.stderr) == (code, b"")


@NEEDS_FULL
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_proxy__output_that_is_full(form: list[str], tmp_path: Path) -> None:
    """The app gets its answers, one sentence says what is missing, and the end says it again."""
    port = free_port()
    with place("kayle") as there, spoken("proxy", "kayle", "--target", there.url, "--port", port, *form) as process:
        answers = [wait_for(f"http://127.0.0.1:{port}/v1/sessions/{session_id()}") for _ in range(2)]
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert [answer.status_code for answer in answers] == [200, 200]
    assert process.returncode == 2
    what = "standard output cannot be written: No space left on device."
    last = json.dumps({"detail": what, "exit_code": 2}) if form else f"error: {what}"
    assert said.splitlines() == [f"{what} The proxy goes on, and prints no more.", last]


@NEEDS_FULL
def test_serve__output_that_is_full(tmp_path: Path) -> None:
    """The sandbox is there, and the error stream says where."""
    with spoken("serve", "kayle", "--port", (port := free_port())) as process:
        assert wait_for(f"http://127.0.0.1:{port}/kayle/v1/sessions/{session_id()}").status_code == 200
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert f"standard output cannot be written: No space left on device. The server goes on at http://127.0.0.1:{port}\n" in said


def test_standard_output__errors_of_other_files_are_their_own(tmp_path: Path) -> None:
    """A file that is missing is not standard output."""
    with pytest.raises(FileNotFoundError), standard_output():
        (tmp_path / "nothing").read_text()


@contextlib.contextmanager
def spoken(*words: str) -> Iterator[subprocess.Popen[str]]:
    """A command whose standard output is full."""
    with Path("/dev/full").open("w") as full:
        process = subprocess.Popen(
            [*FROM_SOURCE, *words], stdout=full, stderr=subprocess.PIPE, text=True, env=environment(PYTHONPATH=str(ROOT))
        )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def free_port() -> str:
    """A port that nobody listened on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def wait_for(url: str) -> httpx.Response:
    """The answer of a server that may still be starting."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return httpx.get(url, headers={"authorization": f"Bearer {TOKEN}"}, timeout=10)
        except httpx.ConnectError:
            assert time.monotonic() < deadline, url
            time.sleep(0.05)
