"""The mock's time where the machine's own jumps."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from specimen.mockserver.sessions import clock
from specimen.mockserver.sessions.clock import Clock
from tests.contracts.targets import mock
from tests.serving import environment

LIBRARY = next(iter(sorted(Path("/usr/lib").glob("**/faketime/libfaketimeMT.so.1"))), None)
HOUR = 3_600_000


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The machine's time in milliseconds, to be set."""
    shown = [time.time_ns() // 1_000_000]
    monkeypatch.setattr(clock, "time", SimpleNamespace(time_ns=lambda: shown[0] * 1_000_000))
    monkeypatch.setattr(clock, "_MACHINE", clock._MachineTime())
    return shown


def test_clock__never_runs_backwards(machine: list[int]) -> None:
    """A jump back is added from then on, so that no session returns to a state that it left; one ahead is followed."""
    first = machine[0]
    mocked = Clock()
    assert mocked.now() == first
    machine[0] = first - HOUR
    assert mocked.now() == first
    machine[0] += 5
    assert mocked.now() == first + 5
    machine[0] += 2 * HOUR
    assert mocked.now() == first + 5 + 2 * HOUR
    assert Clock().now() == mocked.now()
    machine[0] -= 3 * HOUR
    assert mocked.forward(HOUR).now() == first + 5 + 3 * HOUR


@pytest.mark.long("a run of verify")
@pytest.mark.skipif(LIBRARY is None, reason="no libfaketime on this machine (Debian: apt-get install libfaketime)")
def test_verify__while_the_clock_of_its_machine_jumps(tmp_path: Path) -> None:
    """An hour back, two ahead, days and a year, four times a second: no finding against a mock without a fault."""
    stamp, stop = tmp_path / "stamp", threading.Event()
    stamp.write_text("+0")

    def jump() -> None:
        number = 0
        while not stop.wait(0.25):
            number += 1
            (tmp_path / "next").write_text(("-1h", "+2h", "-3d", "+0", "+400d")[number % 5])
            (tmp_path / "next").replace(stamp)

    jumping = threading.Thread(target=jump, daemon=True)
    with mock(providers=("kayle",)) as url:
        command = [sys.executable, "-m", "specimen", "verify", "kayle", "--url", f"{url}/kayle", "--token", "kk_live_specimen",
                   "--profile", "smoke", "--report", "json=report.json"]  # fmt: skip
        variables = {"LD_PRELOAD": str(LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(stamp), "FAKETIME_NO_CACHE": "1",
                     "FAKETIME_DONT_FAKE_MONOTONIC": "1"}  # fmt: skip
        jumping.start()
        done = subprocess.run(
            command, cwd=tmp_path, env=environment(**variables), capture_output=True, text=True, timeout=300, check=False
        )
        stop.set()
        jumping.join()
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert json.loads((tmp_path / "report.json").read_text())["violations"] == []
