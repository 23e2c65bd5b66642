"""A bug of ours is exit code 70 with a sentence; 1 means violations and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contracts.targets import mock, session_id
from tests.test_read_only_folder import HAR

BROKEN = """
import sys
from specimen.contracts.reporting.collector import Collector
judge, seen = Collector.judge, []
def broken(self, exchange, **more):
    seen.append(exchange)
    if len(seen) > {after}:
        raise ZeroDivisionError("Bearer kk_live_specimen")
    return judge(self, exchange, **more)
Collector.judge = broken
from specimen.cli import main
main()
"""


def broken(folder: Path, *words: str, after: int = 3, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command line with a judge that fails."""
    return subprocess.run(
        [sys.executable, "-c", BROKEN.format(after=after), *words], cwd=folder, capture_output=True, text=True, timeout=120,
        check=False, env={**os.environ, **variables},
    )  # fmt: skip


@pytest.mark.parametrize("command", ["verify", "watch"])
def test_crash__is_70_with_a_sentence_and_reports(command: str, tmp_path: Path) -> None:
    """What was seen until then is reported; the error's own text, which may quote a token, is not shown."""
    with mock(providers=("kayle",)) as url:
        more = ("--profile", "smoke") if command == "verify" else ("--session", session_id(state="created"), "--every", "0.05")
        done = broken(
            tmp_path, command, "kayle", "--url", f"{url}/kayle", "--token", "kk_live_specimen", *more,
            "--report", "json=kyc.json",             after=3 if command == "verify" else 0,
        )  # fmt: skip
    assert done.returncode == 70, done.stderr
    assert "ZeroDivisionError at " in done.stderr
    assert "This is a bug in Specimen" in done.stderr
    assert "Traceback" not in done.stderr
    assert "kk_live" not in done.stderr
    assert json.loads((tmp_path / "kyc.json").read_text())["provider"] == "kayle"


def test_crash__of_check_is_70_too(tmp_path: Path) -> None:
    """A recording whose judge fails is no recording with violations; one that is judged is."""
    (tmp_path / "one.har").write_text(json.dumps(HAR))
    for after, code in ((0, 70), (9, 1)):
        done = broken(tmp_path, "check", "one.har", "kayle", "--report", "json=kyc.json", after=after)
        assert done.returncode == code, done.stderr
        assert ("This is a bug in Specimen" in done.stderr) == (code == 70)
        assert "Traceback" not in done.stderr
        assert json.loads((tmp_path / "kyc.json").read_text())["provider"] == "kayle"
        (tmp_path / "kyc.json").unlink()


def test_crash__shows_its_traceback_when_asked(tmp_path: Path) -> None:
    """Whoever reports the bug can see where it came from."""
    with mock(providers=("kayle",)) as url:
        done = broken(
            tmp_path, "verify", "kayle", "--url", f"{url}/kayle", "--token", "kk_live_specimen", "--profile", "smoke",
            SPECIMEN_TRACEBACK="1",
        )  # fmt: skip
    assert done.returncode == 70
    assert "Traceback" in done.stderr
