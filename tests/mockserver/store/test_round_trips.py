"""How many answers of Redis a request waits for: the table of docs/store.md, as upper bounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from specimen import specs
from specimen.mockserver.app import App
from specimen.mockserver.settings import Pace, Settings
from tests.mockserver.calling import NOW
from tests.mockserver.store.peer import connected
from tests.mockserver.store.places import KINDS, needs_redis

KAYLE = {"Authorization": "Bearer kk_live_specimen"}
KYVE = {"Authorization": "Bearer ak_test_specimen"}
PREDICATE = {"Authorization": "Bearer pk_specimen"}
WALLET = {"walletAddress": "0x52908400098527886E0F7030069857D2E4169EE7"}
# Provider, headers, method, path, body ($: the number of the call), and how many round trips it takes once the server is warm.
CALLS: list[tuple[str, dict[str, str], str, Any, int]] = [
    ("kayle", KAYLE, "/v1/sessions", {}, 2),
    # The namespace of the session's token is kept in the default one, which may be on another node.
    ("kayle", KAYLE | {"Specimen-Namespace": "team"}, "/v1/sessions", {}, 3),
    ("kyve", KYVE, "/v1/sessions", {}, 2),
    ("kyve", KYVE | {"Idempotency-Key": "$"}, "/v1/sessions", {}, 2),
    ("kyve", KYVE | {"Idempotency-Key": "one"}, "/v1/sessions", {}, 1),
    ("predicate", PREDICATE, "/api/v1/register/individual", {}, 2),
    # A lock, the sessions of the wallet, the session, and the lock's end.
    ("predicate", PREDICATE, "/api/v1/register/individual", WALLET, 3),
]


@needs_redis
@pytest.mark.parametrize(("provider", "headers", "path", "body", "most"), CALLS)
async def test_create__round_trips(
    provider: str, headers: dict[str, str], path: str, body: Any, most: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A create, and a read of what it made, cost so many and no more."""
    store: Any = connected(KINDS["redis"](tmp_path, request).url)
    app = App(Settings(now=NOW, freeze=True, pace=Pace.parse("manual")), [specs.load(provider)], store)
    transport = httpx.ASGITransport(app=app)
    counts = []
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        for number in range(12):  # the first one sends the scripts; every few seconds all are counted, which adds to one
            shown = {name: value.replace("$", str(number)) for name, value in headers.items()}
            before = store.round_trips
            answer = await client.post(path, headers=shown, json=body)
            assert answer.status_code < 300, answer.text
            counts.append(store.round_trips - before)
    await app.close()
    assert min(counts[1:]) == most
