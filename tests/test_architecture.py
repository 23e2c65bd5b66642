"""What docs/architecture.md says of Connexion and of imports is so."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from graphlib import TopologicalSorter
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any

import grimp
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


def test_contracts__have_no_import_circle() -> None:
    """No module of contracts comes back to itself by imports, not even by those within functions."""
    graph = grimp.build_graph("specimen", cache_dir=None)
    modules = [name for name in graph.modules if name.startswith("specimen.contracts.")]
    assert "specimen.contracts.reporting.model" in modules
    imports = {
        name: {other for other in graph.find_modules_directly_imported_by(name) if other.startswith("specimen.contracts.")}
        for name in modules
    }
    order = list(TopologicalSorter(imports).static_order())  # raises CycleError with the circle
    assert set(modules) <= set(order)
