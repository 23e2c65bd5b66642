"""What docs/architecture.md says of Connexion is so, and every folder can be seen at a glance."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any

import httpx

from specimen.mockserver.app import App, build_app
from specimen.mockserver.settings import Settings
from tests.serving import ROOT


async def ask(app: App) -> list[int]:
    """Creates, reads, misses and is refused, once each; gives the status codes."""
    credentials = {"Authorization": "Bearer kk_live_specimen"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1/kayle") as client:
        made = await client.post("/v1/sessions", headers=credentials, json={})
        answers = [
            made,
            await client.get(f"/v1/sessions/{made.json()['data']['id']}", headers=credentials),
            await client.get("/v1/sessions?limit=x", headers=credentials),
            await client.get("/v1/sessions"),
            await client.get("/nowhere"),
        ]
    return [answer.status_code for answer in answers]


def folders(work: Callable[[], Any]) -> tuple[Any, set[Path]]:
    """What some work gives, and the folders of all code that runs for it."""
    found: set[str] = set()

    def note(frame: FrameType, _event: str, _argument: object) -> None:
        found.add(frame.f_code.co_filename)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        given = work()
    finally:
        sys.setprofile(before)
    return given, {folder for name in found for folder in Path(name).parents}


def test_connexion__runs_at_start_and_not_per_request() -> None:
    """Not one of its functions is called, whether a request is answered or refused."""
    spec = find_spec("connexion")  # an import of it warns of Starlette's test client
    assert spec is not None
    assert spec.origin is not None
    connexion = Path(spec.origin).parent
    app, at_start = folders(lambda: build_app(Settings(providers=("kayle",))))
    statuses, per_request = folders(lambda: asyncio.run(ask(app)))
    assert statuses == [200, 200, 400, 401, 404]
    assert connexion in at_start
    assert ROOT / "specimen" / "mockserver" in per_request
    assert connexion not in per_request


# Of data there may be more: a module for each locale, and the exchanges of each provider.
DATA = {"fixtures/locales", "fixtures/golden"}
# House rule: about twelve.
MOST_ENTRIES = 13


def rooms() -> dict[str, int]:
    """The folders of product code, each with the number of its files and folders; what marks it as a package is none."""
    found = {}
    for package in ("contracts", "fixtures", "mockserver", "specs"):
        for folder in [ROOT / package, *(ROOT / package).rglob("*/")]:
            if folder.is_dir() and folder.name != "__pycache__":
                entries = [entry for entry in folder.iterdir() if entry.name not in ("__init__.py", "__pycache__")]
                found[folder.relative_to(ROOT).as_posix()] = len(entries)
    return found


def test_folders__have_a_dozen_entries_at_most() -> None:
    """A stranger who opens a folder sees all of it; one that grows beyond is given rooms."""
    found = rooms()
    assert len(found) > 50
    assert {name: count for name, count in found.items() if count > MOST_ENTRIES and not is_data(name)} == {}


def is_data(folder: str) -> bool:
    """Whether a folder holds data, a file for each of something."""
    return any(folder == name or folder.startswith(f"{name}/") for name in DATA)


def test_command__starts_without_the_files_of_providers() -> None:
    """A help text needs neither the loader nor what judges and serves: commands import them when they run."""
    code = "import sys, specimen.cli; print(*(name for name in sys.modules if name.startswith('specimen.')))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    rooms = {".".join(name.split(".")[1:3]) for name in done.stdout.split()}
    assert "contracts.cli" in rooms
    assert rooms & {"specs.loading", "contracts.judge", "contracts.reporting", "contracts.traffic", "mockserver.app"} == set()
