"""One seed is one run: the same requests in the same order, in another process too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from specimen import specs
from tests.serving import ROOT


def test_ci__sends_the_same_in_processes_with_other_hashes() -> None:
    """Strings have other hashes in each process, so that a set has another order; the mock's port is another one too."""
    first, second = sent("predicate")
    assert len(first) > 200
    assert first == second


@pytest.mark.long("two whole runs of ci for each provider")
@pytest.mark.parametrize("name", [name for name in specs.names() if name != "predicate"])
def test_ci__sends_the_same_for_each_other_provider(name: str) -> None:
    """So it is for those whose creations and lists differ."""
    first, second = sent(name)
    assert len(first) > 200
    assert first == second


def sent(name: str) -> tuple[list[Any], list[Any]]:
    """The requests of ci in two processes, whose strings have other hashes."""
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.contracts.request_sequence", name, "1", "3"],
            cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": hashes}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )
        for hashes in ("1", "2")
    ]  # fmt: skip
    first, second = (json.loads(run.communicate()[0]) for run in runs)
    return first, second
