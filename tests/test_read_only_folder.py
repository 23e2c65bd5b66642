"""Each command in a working folder that cannot be written: it works, or says in a sentence which file it cannot write."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contracts.targets import mock, session_id
from tests.serving import environment

# Permissions do not stop root; a mount does, seen by the command alone.
_MOUNT = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && cd "$0" && exec "$@"'
HAR = {
    "log": {
        "version": "1.2",
        "creator": {"name": "x", "version": "1"},
        "entries": [
            {
                "startedDateTime": "2026-03-19T10:31:06.000Z", "time": 5, "cache": {},
                "timings": {"send": 0, "wait": 5, "receive": 0},
                "request": {"method": "GET", "url": "http://127.0.0.1:1/kayle/v1/sessions", "headers": [],
                            "httpVersion": "HTTP/1.1", "queryString": [], "cookies": [], "headersSize": -1, "bodySize": 0},
                "response": {"status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "cookies": [], "redirectURL": "",
                             "headers": [{"name": "Content-Type", "value": "application/json"}], "headersSize": -1, "bodySize": 2,
                             "content": {"size": 2, "mimeType": "application/json", "text": "{}"}},
            }
        ],
    }
}  # fmt: skip


def prefix(folder: Path) -> list[str]:
    """What makes a folder read-only for the command behind it; skips the test where nothing does."""
    if os.geteuid() != 0:
        folder.chmod(0o555)
        return []
    if shutil.which("unshare") is None:
        pytest.skip("root writes anywhere, and there is no unshare(1) to mount the folder read-only")
    found = ["unshare", "--mount", "sh", "-c", _MOUNT, str(folder)]
    tried = subprocess.run([*found, "touch", "x"], capture_output=True, text=True, check=False)
    if "Read-only file system" not in tried.stderr:
        pytest.skip(f"root writes anywhere, and may not mount here: {tried.stderr.strip()}")
    return found


def there(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command that ended, run in the folder while it is read-only."""
    folder.mkdir()
    command = [*prefix(folder), sys.executable, "-m", "specimen", *words]
    try:
        found = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=120, check=False)
    finally:
        folder.chmod(0o755)
    assert list(folder.iterdir()) == []
    assert "Traceback" not in found.stderr
    return found


def recording(folder: Path) -> str:
    """A recording that breaks a rule, in another folder."""
    file = folder / "one.har"
    file.write_text(json.dumps(HAR))
    return str(file)


WORK = {
    "providers": ("providers",),
    "ids": ("ids", "kyve"),
    "show": ("show", "kayle", "succeeded"),
    "rules": ("rules", "kayle"),
    "faults": ("faults",),
    "payloads": ("payloads", "kayle", "--format", "ndjson", "--kind", "links"),
}
REFUSED = {
    "serve": (("serve", "kayle", "--port", "0", "--ready-file", "r.json"), "ready file 'r.json'"),
    "serve, keys": (
        ("serve", "kyve", "--port", "0", "--webhook", "kyve=http://127.0.0.1:1", "--webhook-keys", "k"), "webhook keys 'k'"
    ),
    "serve, TLS": (("serve", "kayle", "--port", "0", "--tls-self-signed", "--tls-ca", "ca.pem"), "--tls-ca 'ca.pem'"),
    "proxy": (("proxy", "kayle", "--target", "http://127.0.0.1:1", "--har", "x.har", "--port", "0"), "--har 'x.har'"),
    "listen": (("webhooks", "listen", "kyve", "--secret", "whsec_x", "--har", "x.har", "--port", "0"), "--har 'x.har'"),
    "ctl requests": (("ctl", "requests", "--har", "x.har"), "--har 'x.har'"),
    "ctl namespaces": (("ctl", "namespaces", "--export", "x.json"), "--export 'x.json'"),
    "dataset": (("dataset", "kayle", "--rows", "2", "--out", "a.ndjson"), "a.ndjson"),
    "payloads": (("payloads", "kayle", "--format", "pytest", "--kind", "links", "--out", "d"), "--out d"),
}  # fmt: skip


@pytest.mark.long("a process for each command")
@pytest.mark.parametrize("words", WORK.values(), ids=WORK)
def test_commands__that_write_no_file_work(words: tuple[str, ...], tmp_path: Path) -> None:
    """They need no file, cache or lock in the folder."""
    done = there(tmp_path / "folder", *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


@pytest.mark.long("a process for each command")
@pytest.mark.parametrize(("words", "named"), REFUSED.values(), ids=REFUSED)
def test_commands__say_which_file_they_cannot_write(words: tuple[str, ...], named: str, tmp_path: Path) -> None:
    """A usage mistake, before anything else is done: no command waits for what it could not note."""
    done = there(tmp_path / "folder", *words)
    assert done.returncode == 2, done.stderr
    assert named in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.long("a process for each worker")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_serve__a_store_that_cannot_be_opened_ends_it(workers: str, tmp_path: Path) -> None:
    """One sentence names it, and the exit code is that of what cannot be reached, with several workers too."""
    done = there(tmp_path / "folder", "serve", "kayle", "--port", "0", "--store", "sqlite:///s.db", "--workers", workers)
    assert done.returncode == 3, done.stderr
    assert "store s.db: the file cannot be opened" in done.stderr


def test_check__judges_and_says_what_it_cannot_write(tmp_path: Path) -> None:
    """What was found is printed, and the report that is missing is a mistake of its own, not a verdict."""
    har = recording(tmp_path)
    assert there(tmp_path / "a", "check", har, "kayle").returncode == 1
    done = there(tmp_path / "b", "check", har, "kayle", "--report", "json=a.json")
    assert done.returncode == 2
    assert "report json=a.json: cannot be written" in done.stderr
    assert "GEN-005" in done.stdout


@pytest.mark.long("asks a mock a whole life")
def test_verify_and_watch__judge_there(tmp_path: Path) -> None:
    """A run writes nothing of its own: no database of examples, no cache."""
    with mock(providers=("kayle",)) as url:
        asked = ("kayle", "--url", f"{url}/kayle", "--token", "kk_live_specimen")
        assert there(tmp_path / "a", "verify", *asked, "--profile", "smoke").returncode == 0
        watched = there(tmp_path / "b", "watch", *asked, "--session", session_id())
        assert watched.returncode == 0, watched.stderr
        done = there(tmp_path / "c", "watch", *asked, "--session", session_id(), "--report", "junit=x.xml")
    assert done.returncode == 2
    assert "report junit=x.xml: cannot be written" in done.stderr
