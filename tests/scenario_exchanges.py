"""Entries of the scenario requests, sent as an HTTP client would send them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from specimen.mockserver.app import App
from specimen.mockserver.sessions.catalogue.scenario_requests import encoded_body

BASE_URL = "http://127.0.0.1:8080"


def in_process(app: App) -> httpx.AsyncClient:
    """A client whose requests go to the application without a network."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE_URL)  # type: ignore[arg-type]


def as_request(entry: Mapping[str, Any], base_url: str = BASE_URL) -> httpx.Request:
    """An entry as a request."""
    raw, content_type = encoded_body(entry["body"])
    headers = dict(entry["headers"])
    if raw:
        headers.setdefault("Content-Type", content_type)
    return httpx.Request(entry["method"], base_url + entry["path"], headers=headers, content=raw or None)


async def send(client: httpx.AsyncClient, entry: Mapping[str, Any]) -> httpx.Response:
    """The answer to an entry, its setup sent first."""
    for step in entry["setup"]:
        await client.send(as_request(step))
    return await client.send(as_request(entry))
