"""What a shell proposes at a TAB, asked as bash asks."""

from __future__ import annotations

import subprocess
import sys

import pytest

from specimen import specs
from tests.serving import ROOT, environment


def proposed(line: str) -> list[str]:
    """The words that bash gets for the last word of a line."""
    words = line.split(" ")
    there = environment(PYTHONPATH=str(ROOT), _SPECIMEN_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1))
    command = [sys.executable, "-c", "from specimen.cli import app; app(prog_name='specimen')"]
    done = subprocess.run(command, env=there, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("specimen pay", ["payloads"]),
        ("specimen verify ", list(specs.names())),
        ("specimen serve kayle ky", ["kyve"]),
        ("specimen show kyve failed_l", ["failed_liveness"]),
        ("specimen rules pre", ["predicate"]),
        ("specimen verify kayle --profile n", ["nightly"]),
        ("specimen payloads kayle --operation listS", ["listSessions"]),
        ("specimen payloads kayle --status f", ["failed"]),
        ("specimen payloads kayle --format c", ["curl"]),
        ("specimen payloads kale --status f", []),
        ("specimen dataset kyve --operation getV", ["getVerification"]),
    ],
)
def test_tab__proposes_what_the_providers_files_name(line: str, words: list[str]) -> None:
    """Providers, and of the one that is named its operations, states and scenarios; nothing for one that there is not."""
    assert proposed(line) == words
