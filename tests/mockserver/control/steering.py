"""Calls of the control API in process."""

from __future__ import annotations

from typing import Any

import httpx

from specimen.mockserver.app import App
from specimen.mockserver.control.call import API
from tests.mockserver.calling import ask

NAMESPACE = "Specimen-Namespace"


def control(app: App, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
    """The answer to a call; `_` in a header's name stands for `-`. Calls that change something send JSON."""
    shown = {name.replace("_", "-"): value for name, value in headers.items()}
    json = {} if body is None and method in ("POST", "PUT", "PATCH") else body
    return ask(app, method, API + path, shown, **({} if json is None else {"json": json}))


def created(app: App, provider: str, **body: Any) -> dict[str, Any]:
    """A session made by the control API."""
    answer = control(app, "POST", "/sessions", {"provider": provider, **body})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["session"]
    return found


def path_of(session: dict[str, Any], action: str = "") -> str:
    """The path of a session, or of an action on it."""
    return f"/sessions/{session['provider']}/{session['id']}" + (f"/{action}" if action else "")
