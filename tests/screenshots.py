"""Makes the pictures of the documentation: `python -m tests.screenshots [FOLDER]`, with this machine's Chromium."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import httpx

from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Pace, Settings
from tests.browser import chromium, opened
from tests.mockserver.calling import NOW
from tests.serving import ROOT

FOLDER = ROOT / "docs" / "images"
VENDOR = "kyve"
# A port that does not change, so that the pictures do not either.
PORT = 8080
# Scenarios of the sessions in the picture, and how many steps each has taken.
SESSIONS = (
    ("completed", 3),
    ("failed_document_tampered", 3),
    ("review_face_match", 3),
    ("failed_sanctions", 1),
    ("completed", 0),
    ("failed_face_match", 2),
)
KEY = {"Authorization": "Bearer ak_test_specimen"}


def main(folder: Path = FOLDER) -> None:
    """Writes `page.png` and `hosted.png` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    app = build_app(Settings(port=PORT, now=NOW, freeze=True, pace=Pace.parse("manual")))
    with running(app, port=PORT) as url, chromium() as browser, httpx.Client(base_url=url) as api:
        shown: dict[str, Any] = {}
        for scenario, steps in SESSIONS:
            made = api.post("/_specimen/v1/sessions", json={"provider": VENDOR, "scenario": scenario}).json()
            shown = made["session"]
            for _ in range(steps):
                api.post(f"/_specimen/v1/sessions/{VENDOR}/{shown['id']}/advance", json={})
        api.post(f"/{VENDOR}/v1/sessions", headers=KEY, json={"redirect_url": 5})
        api.get(f"/{VENDOR}/v1/sessions/{shown['id']}", headers=KEY)
        with opened(browser, 1280, "light", 1010) as page:
            page.goto(f"{url}/?vendor={VENDOR}&session={shown['id']}")
            page.wait_for_selector("#session-state")
            page.screenshot(path=folder / "page.png")
        with opened(browser, 480, "light", 620) as page:
            page.goto(f"{url}/{VENDOR}/_specimen/flow/{shown['id']}?step=outcome")
            page.screenshot(path=folder / "hosted.png")


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
