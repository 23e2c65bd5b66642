"""One seed is one run: the same requests in the same order, in another process too."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from specimen import specs
from tests.serving import ROOT

_LONG = pytest.mark.long("two whole runs of ci for each provider")


@pytest.mark.parametrize("name", [name if name == "kayle" else pytest.param(name, marks=_LONG) for name in specs.names()])
def test_ci__sends_the_same_in_processes_with_other_hashes(name: str) -> None:
    """Strings have other hashes in each process, so that a set has another order; the mock's port is another one too."""
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.contracts.request_sequence", name, "1", "3"],
            cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": hashes}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )
        for hashes in ("1", "2")
    ]  # fmt: skip
    first, second = (json.loads(run.communicate()[0]) for run in runs)
    assert len(first) > 200
    assert first == second
