"""Sends requests to the application in process, without a network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from specimen.mockserver.app import App, Mounted
from specimen.mockserver.errors import InvalidPreference
from specimen.mockserver.preferences.preferences import scenario_named
from specimen.mockserver.sessions.catalogue.in_process import answered

T = TypeVar("T")


def create(mounted: Mounted, app: App, preferences: Mapping[str, Any]) -> dict[str, Any]:
    """Creates a session by the provider's create request with preferences; returns the answer's JSON, and `id`.

    Raises:
        InvalidPreference: a preference is not possible.
        RuntimeError: the mock did not create the session.
    """
    lifecycle = mounted.provider.lifecycle
    scenario = preferences.get("scenario")
    entry = mounted.table.create_request(None if scenario is None else scenario_named(mounted.provider, scenario))
    prefer = ", ".join(f'{name}="{_as_text(value)}"' for name, value in preferences.items() if value is not None)
    headers = {**entry["headers"], **({"Prefer": prefer} if prefer else {})}
    status, body = send(app, entry["method"], entry["path"], headers, entry["body"])
    answer = json.loads(body)
    if status == 400 and "wish" in answer:
        raise InvalidPreference(answer["wish"], str(preferences.get(answer["wish"])), answer["possible"])
    if status >= 300:
        raise RuntimeError(f"{entry['method']} {entry['path']}: {status} {body.decode()}")
    found: Any = answer
    for part in lifecycle.create.session.split("/")[1:]:
        found = found[part]
    return {**answer, "id": found}


def send(app: App, method: str, path: str, headers: Mapping[str, str], body: Any) -> tuple[int, bytes]:
    """Status and body of the answer to a request in the form of the scenario requests; works inside a running loop too."""
    return completed(answered(app, method, path, headers, body))


def completed(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns; works inside a running loop too."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def _as_text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text.replace("\\", "\\\\").replace('"', '\\"')
