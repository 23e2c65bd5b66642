"""What a shell hands over that cannot be: one sentence, exit code 2, no traceback and no secret."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from specimen.cli import app
from specimen.contracts.verify.plan import plan
from specimen.contracts.verify.runner import Interrupted, verify
from specimen.specs import SpecimenError
from tests.contracts.servers import FOREIGN, is_home, place
from tests.contracts.targets import session_id
from tests.serving import ROOT, environment

TOKEN = "kk_live_specimen"
HERE = "http://127.0.0.1:9"


def run(*words: str) -> Any:
    """The command in this process, without a token of the environment."""
    return CliRunner().invoke(app, list(words), env={"SPECIMEN_TOKEN": None, "COLUMNS": "200"})


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--url", "http://[::1"), "URL 'http://[::1': that is no URL"),
        (("--url", "http://[zz]/"), "that is no"),
        (("--url", "http://."), "that is no host name"),
        (("--url", "http://a..b/"), "that is no host name"),
        (("--url", "http://-a/"), "that is no host name"),
        (("--url", "http://h:0/"), "that is no host name, address or port"),
        (("--url", "http://h:99999/"), "that is no URL"),
        (("--url", "http://h/\udcff"), "not UTF-8"),
        (("--url", f"{HERE}/?x=1"), "a base URL has no query"),
        (("--url", "http://user:s3cret@127.0.0.1:9"), "put user and password into a header"),
        (("--url", HERE, "--token", ""), "the token is empty"),
        (("--url", HERE, "--header", "bad name: x"), "header 'bad name': a name is of letters"),
        (("--url", HERE, "--header", "X-É: x"), "header 'X-É': a name is of letters"),
        (("--url", HERE, "--header", "X-A: s3cret\x01"), "header 'X-A': its value has"),
        (("--url", HERE, "--header", "X-A: s3cret\udcff"), "header 'X-A': its value is not UTF-8"),
        (("--url", HERE, "--header", "s3cret"), "error: --header: expected 'NAME: VALUE'."),
        (("--url", HERE, "--header", ": s3cret"), "error: --header: expected 'NAME: VALUE'."),
        (("--url", HERE, "--set", "s3cret"), "error: --set: expected NAME=VALUE."),
        (("--url", HERE, "--set", "=s3cret"), "error: --set: expected NAME=VALUE."),
        (("--url", HERE, "--set", "id=s3cret"), "error: --set 'id': kayle has no such value. Possible: lifetime, redirect_host."),
    ],
)
@pytest.mark.parametrize("command", ["verify", "watch"])
def test_mistakes__are_one_sentence(command: str, words: tuple[str, ...], text: str) -> None:
    """In both commands that send, by the same words."""
    more = ("--session", session_id()) if command == "watch" else ("--profile", "smoke")
    done = run(command, "kayle", *words, *more)
    assert done.exit_code == 2, done.output
    assert text.removeprefix("URL ") in done.output
    assert "s3cret" not in done.output
    assert isinstance(done.exception, SystemExit)


def test_session__that_is_no_text() -> None:
    """Bytes of a shell that are not UTF-8."""
    for command, more in (("verify", ("--driver", "none")), ("watch", ())):
        done = run(command, "kayle", "--url", HERE, "--session", "vs_\udcff", *more)
        assert done.exit_code == 2, done.output
        assert "--session: its text is not UTF-8" in done.output


def test_session__that_cannot_be_asked_for_is_reported() -> None:
    """By its place, in a dry run and in a report, with what is wrong with it."""
    sessions = (session_id(), "notanid")
    words = [f"--session={one}" for one in sessions]
    done = run("verify", "kayle", "--url", "https://api.kayle.id", *words, "--dry-run")
    broken = "the path parameter 'id' breaks its schema (a string that matches ^vs_[A-Za-z0-9]{64}$)"
    assert f"--session, number 2 of 2: {broken}, so it is not asked for." in done.output
    assert "number 1 of 2" not in done.output
    with place("kayle", host=FOREIGN) as there:
        found = verify(there.url, "kayle", auth=TOKEN, sessions=sessions, loopback=is_home, sleep=lambda _: None)
    assert [remark for remark in found.remarks if "number 2 of 2" in remark]
    assert not any("notanid" in request.path for request in there.seen)


def test_lists__of_a_production_are_asked_for_by_name_only() -> None:
    """They show sessions that nobody named."""
    session = session_id()
    planned = plan("https://api.kayle.id", "kayle", sessions=(session,))
    assert {entry.path for entry in planned.requests} == {"/v1/sessions/{id}"}
    named = plan("https://api.kayle.id", "kayle", sessions=(session,), require=("listSessions",))
    assert "/v1/sessions" in {entry.path for entry in named.requests}
    with place("kayle", host=FOREIGN) as there:
        for require, lists in (((), 0), (("listSessions",), 1)):
            there.seen.clear()
            verify(there.url, "kayle", auth=TOKEN, sessions=(session,), require=require, loopback=is_home, sleep=lambda _: None)
            assert sum(request.path == "/kayle/v1/sessions" for request in there.seen) == lists
            assert any(session in request.path for request in there.seen)


def test_allow_writes__is_of_the_host_in_any_case() -> None:
    """A host that is not the URL's is reported, since nothing follows from it."""
    planned = plan("http://vm:8000/x", "kayle", allow_writes=("VM", "other.example"))
    assert not planned.is_production
    assert [remark for remark in planned.remarks if "other.example" in remark]
    assert len(planned.remarks) == 1


def test_no_token__is_reported_where_everything_is_refused() -> None:
    """Not where a token was given, whatever it is worth."""
    with place("kayle") as there:
        without = verify(there.url, "kayle", profile="smoke")
        wrong = verify(there.url, "kayle", profile="smoke", auth="kk_live_wrong")
    assert any("No --token was given" in remark for remark in without.remarks)
    assert wrong.remarks == ()


def test_interrupted__keeps_what_was_seen() -> None:
    """Ctrl-C: a report, as an exception that ends whoever does not look for it."""

    def tell(what: str, _: int) -> None:
        if what.startswith("lists"):
            raise KeyboardInterrupt

    with place("kayle") as there, pytest.raises(Interrupted) as raised:
        verify(there.url, "kayle", profile="smoke", auth=TOKEN, on_progress=tell)
    assert raised.value.report.exit_code == 130
    assert raised.value.report.requests > 10
    assert "interrupted before its end; 0 violations" in raised.value.report.verdict
    with pytest.raises(SpecimenError):
        verify("nonsense", "kayle")


def command(*words: str) -> list[str]:
    """The command in a process of its own."""
    return [sys.executable, "-m", "specimen", "verify", "kayle", "--profile", "smoke", "--strict", *words]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is Linux's")
def test_output__that_is_full(tmp_path: Path) -> None:
    """The files are there, one sentence says what happened, exit code 2."""
    with place("kayle") as there, Path("/dev/full").open("w") as full:
        words = ("--url", there.url, "--token", TOKEN, "--report", f"json={tmp_path}/x.json")
        done = subprocess.run(
            command(*words), stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path, timeout=60, check=False,
            env=environment(PYTHONPATH=str(ROOT)),
        )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    assert "standard output cannot be written: No space left on device" in done.stderr
    assert json.loads((tmp_path / "x.json").read_text())["exit_code"] == 0


def test_output__without_a_reader(tmp_path: Path) -> None:
    """`| head -1`: the file is there, the exit code is the report's, and nothing is said."""
    with place("kayle") as there:
        words = ("--url", there.url, "--token", TOKEN, "--report", f"junit={tmp_path}/x.xml")
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            command(*words), stdout=writing, stderr=subprocess.PIPE, text=True, cwd=tmp_path, timeout=60, check=False,
            env=environment(PYTHONPATH=str(ROOT)),
        )  # fmt: skip
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")
    assert "<testsuites" in (tmp_path / "x.xml").read_text()


def test_ctrl_c__prints_what_was_found_and_ends_with_130(tmp_path: Path) -> None:
    """A signal amid a driver's command."""
    driver = tmp_path / "driver"
    lines = ("#!/bin/sh", f'[ "$1" = created ] && echo {session_id()} && exit', f'echo > "{tmp_path}/waiting"; exec sleep 60')
    driver.write_text("\n".join(lines) + "\n")
    driver.chmod(0o755)
    with place("kayle") as there:
        words = ("--url", there.url, "--token", TOKEN, "--driver", str(driver), "--report", f"json={tmp_path}/x.json")
        process = subprocess.Popen(
            command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
            env=environment(PYTHONPATH=str(ROOT)), start_new_session=True,
        )  # fmt: skip
        try:
            while not (tmp_path / "waiting").exists():
                time.sleep(0.02)
                assert process.poll() is None
            os.killpg(process.pid, signal.SIGINT)
            shown, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130, shown + errors
    assert "INTERRUPTED" in shown
    assert "Traceback" not in errors
    assert json.loads((tmp_path / "x.json").read_text())["exit_code"] == 130
