"""The tools that run what `specimen export` writes, installed on first use into the user's cache folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

NODE_TOOLS = ("newman@6.2.2", "@usebruno/cli@4.1.0")
LOCUST = "locust==2.47.0"
_SECONDS = 600


def node_tools() -> Path | None:
    """The folder of the commands `newman` and `bru`; None where there is no npm, or it cannot install them."""
    npm = shutil.which("npm")
    folder = _kept("newman-6.2.2-bruno-4.1.0")
    if npm is None or shutil.which("node") is None:
        return None
    command = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--loglevel", "error", *NODE_TOOLS]
    return folder / "node_modules" / ".bin" if _done(folder, [command]) else None


def locust() -> Path | None:
    """The command `locust` in an environment of its own; None where pip cannot install it."""
    folder = _kept(LOCUST.replace("==", "-"))
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    if not (folder / ".installed").exists():
        venv.create(folder, with_pip=True)
    return python.with_name("locust") if _done(folder, [[str(python), "-m", "pip", "install", "-q", LOCUST]]) else None


def _kept(name: str) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "specimen-export" / name


def _done(folder: Path, commands: list[list[str]]) -> bool:
    """Whether a folder's commands have ended well, now or before."""
    mark = folder / ".installed"
    if not mark.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for command in commands:
            try:
                ended = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
            except subprocess.TimeoutExpired:
                return False
            if ended.returncode:
                return False
        mark.touch()
    return True
