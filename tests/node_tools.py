"""Tools of npm that tests run, installed on first use into the user's cache folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_SECONDS = 600


def node_tools(name: str, *packages: str) -> Path:
    """The folder of npm packages, such as `newman@6.2.2`; the test is skipped where npm is missing or cannot fetch them."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("npm is not installed")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "specimen-tests" / "-".join((name, *(one.replace("/", "_") for one in packages)))
    if not (folder / ".installed").exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel", "error"]
        done = subprocess.run([*command, *packages], capture_output=True, text=True, timeout=_SECONDS, check=False)
        if done.returncode:
            pytest.skip(f"npm cannot fetch {', '.join(packages)}: {done.stderr.strip()[-200:]}")
        (folder / ".installed").touch()
    return folder
