"""The `specimen` command in processes of its own, away from this repository's folder."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from specimen import specs

ROOT = Path(__file__).parent.parent
FROM_SOURCE = (sys.executable, "-m", "specimen")
SECONDS = 60


def environment(**changes: str) -> dict[str, str]:
    """This process's environment without what would change where Python and Specimen look, then with the changes."""
    lost = ("PYTHONPATH", "PYTHONHOME", "FORCE_COLOR", specs.SEARCH_PATH_VARIABLE)
    return {**{name: value for name, value in os.environ.items() if name not in lost}, "COLUMNS": "200", **changes}


def run(
    *arguments: str, folder: Path, command: Sequence[str] = FROM_SOURCE, seconds: float = SECONDS, **changes: str
) -> subprocess.CompletedProcess[str]:
    """A command that ended, run in a folder; `changes` are variables of its environment."""
    return subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env=environment(**changes),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


@contextlib.contextmanager
def serving(*arguments: str, folder: Path, command: Sequence[str] = FROM_SOURCE, **changes: str) -> Iterator[str]:
    """`specimen serve` on a free port while the context lasts, run in a folder; gives its URL."""
    ready, log = folder / "ready.json", folder / "serve.log"
    ready.unlink(missing_ok=True)
    line = [*command, "serve", *arguments, "--port", "0", "--ready-file", str(ready)]
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(line, cwd=folder, env=environment(**changes), stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + SECONDS
        while not ready.exists():
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
            time.sleep(0.02)
        yield json.loads(ready.read_text(encoding="utf-8"))["url"]
    finally:
        process.terminate()
        try:
            process.wait(10)
        finally:
            process.kill()
            process.wait()
