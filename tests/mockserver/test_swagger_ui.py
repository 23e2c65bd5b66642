"""Swagger UI in a real browser."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from specimen import specs
from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Settings

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --virtual-time-budget=8000"
)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian: apt-get install chromium)")
def test_swagger_ui__shows_every_operation(tmp_path: Path) -> None:
    """A page that loads is not enough: it must read OpenAPI 3.1 and draw one block per operation."""
    name = specs.names()[0]
    with running(build_app(Settings(providers=(name,)))) as url:
        command = [str(CHROMIUM), *QUIET.split(), f"--user-data-dir={tmp_path}", "--dump-dom", f"{url}/{name}/ui/"]
        page = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True).stdout
    for operation in specs.load(name).document.operations.values():
        assert f'data-path="{operation.path}"' in page
    assert "Unable to render" not in page
