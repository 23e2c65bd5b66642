"""Two processes on one store: what one was told holds for the next request to the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Pace, Settings
from tests.mockserver.calling import NOW
from tests.mockserver.store import redis_server

API = "/_specimen/v1"
KAYLE = {"Authorization": "Bearer kk_live_specimen"}
needs_redis = pytest.mark.skipif(redis_server.PROGRAM is None, reason=redis_server.WHY_NOT)


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=needs_redis)])
def two(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """Clients of two servers, each of which has its own view of the store that they share."""
    with ExitStack() as stack:
        if request.param == "redis":
            store = stack.enter_context(redis_server.serving(tmp_path)).url
        else:
            store = f"sqlite:///{tmp_path / 'store.db'}"
        clients = []
        for _ in range(2):
            app = build_app(Settings(now=NOW, freeze=True, pace=Pace("manual"), store=store))
            url = stack.enter_context(running(app))
            clients.append(stack.enter_context(httpx.Client(base_url=url, headers=KAYLE)))
        yield clients[0], clients[1]


def told(client: httpx.Client, method: str, path: str, body: object = None) -> httpx.Response:
    """The answer of the control API, which is a success."""
    answer = client.request(method, API + path, json={} if body is None and method != "GET" else body)
    assert answer.status_code < 300, answer.text
    return answer


def made(client: httpx.Client, provider: str) -> dict[str, str]:
    """A session made by the control API."""
    found: dict[str, str] = told(client, "POST", "/sessions", {"provider": provider}).json()["session"]
    return found


def test_faults__that_replace_counted_ones_are_done_on_the_next_read(two: tuple[httpx.Client, httpx.Client]) -> None:
    """A process that asks the store which number a read has learns there that the faults are others."""
    one, other = two
    counted = {"kind": "status", "status": 503, "match": {"count": 1, "operation": "getSession"}}
    told(one, "PUT", "/faults", {"faults": [counted]})
    first = made(one, "kayle")["id"]
    assert other.get(f"/kayle/v1/sessions/{first}").status_code == 503
    told(one, "PUT", "/faults", {"faults": [{"kind": "script", "answers": ["created", "in_progress", "succeeded"]}]})
    second = made(one, "kayle")["id"]
    reads = [client.get(f"/kayle/v1/sessions/{second}") for client in (other, other, one, other)]
    assert [read.json()["data"]["status"] for read in reads] == ["created", "in_progress", "succeeded", "succeeded"]
    # And a script that is replaced, by a status that asks the store too.
    told(one, "PUT", "/faults", {"faults": [counted]})
    assert [client.get(f"/kayle/v1/sessions/{second}").status_code for client in (other, one)] == [503, 200]


def test_magic__holds_where_another_process_changed_the_faults(two: tuple[httpx.Client, httpx.Client]) -> None:
    """Each process binds a fault to the session that it creates, once, and each shows those of both."""
    headers = {"Authorization": "Bearer ak_test_specimen"}
    sessions = []
    for client in (*two, *two):
        answer = client.post("/kyve/v1/sessions", headers=headers, json={"metadata": {"specimen": "specimen.fault-script-503.1"}})
        assert answer.status_code == 201
        sessions.append(answer.json()["id"])
    assert len(told(two[0], "GET", "/sessions").json()["sessions"]) == 4
    assert len(told(two[1], "GET", "/faults").json()["faults"]) == 4
    for client, session in zip((*reversed(two), *two), sessions, strict=True):
        assert [client.get(f"/kyve/v1/sessions/{session}", headers=headers).status_code for _ in range(2)] == [503, 200]


def test_pages__are_answered_after_another_process_changed_the_namespace(two: tuple[httpx.Client, httpx.Client]) -> None:
    """Hosted pages, their buttons, and the keys of webhooks: none is refused because the clock moved elsewhere."""
    one, other = two
    page = one.post("/kayle/v1/sessions", json={}).json()["data"]["verification_url"].partition("/kayle/")[2]
    for path in (f"/kayle/{page}", "/idnow/oidc/.well-known/jwks.json"):
        assert other.get(path).status_code == 200
        told(one, "POST", "/clock/forward", {"seconds": 1})
        assert other.get(path).status_code == 200
    form = re.search(r'name="token" value="([^"]+)"', other.get(f"/kayle/{page}").text)
    assert form is not None
    told(one, "POST", "/clock/forward", {"seconds": 1})
    assert other.post(f"/kayle/{page}", data={"token": form[1], "do": form[1].partition(".")[2]}).status_code == 303
