"""The control API on each store, with two workers: what one is told, all do. Driven by HTTP and by `specimen ctl`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from specimen.client import Client
from tests.mockserver.store import redis_server
from tests.serving import run, serving

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="workers share a port by SO_REUSEPORT")
KAYLE = {"Authorization": "Bearer kk_live_specimen"}


@pytest.fixture(params=["memory", "sqlite", "redis"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A server of one process on memory, of two on a shared store."""
    kind = request.param
    if kind == "memory":
        with serving("kayle", "--pace", "manual", folder=tmp_path) as found:
            yield found
    elif kind == "sqlite":
        with serving("kayle", "--pace", "manual", "--store", "sqlite:///store.db", "--workers", "2", folder=tmp_path) as found:
            yield found
    else:
        if redis_server.PROGRAM is None:
            pytest.skip(redis_server.WHY_NOT)
        with (
            redis_server.serving(tmp_path) as server,
            serving("kayle", "--pace", "manual", "--store", server.url, "--workers", "2", folder=tmp_path) as found,
        ):
            yield found


def read(url: str, session: str) -> httpx.Response:
    """A read over a connection of its own, so that any worker may answer it."""
    return httpx.get(f"{url}/kayle/v1/sessions/{session}", headers=KAYLE)


@pytest.mark.sample(2)
def test_workers__do_what_one_of_them_was_told(url: str, tmp_path: Path) -> None:
    """Sessions, clock, faults with a count, the log and its questions, reset: by every worker alike."""
    with Client(url, http=httpx.Client(headers={"Connection": "close"}, timeout=30)) as client:
        session = client.create("kayle", "succeeded").id
        client.advance("kayle", session)
        assert {read(url, session).json()["data"]["status"] for _ in range(8)} == {"in_progress"}
        client.transition("kayle", session, "failed", failure_code="selfie_face_mismatch")
        assert {read(url, session).json()["data"]["failure_code"] for _ in range(8)} == {"selfie_face_mismatch"}
        client.reset("requests")
        client.add_fault("status", status=503, match={"count": 3, "operation": "getSession"})
        statuses = [read(url, session).status_code for _ in range(12)]
        assert sorted(statuses) == [200] * 9 + [503] * 3
        client.assert_called(operation="getSession", session=session, times=12)
        assert sum(one.status == 503 for one in client.requests()) == 3
        assert {httpx.post(f"{url}/kayle").status_code for _ in range(4)} == {404}
        lost = client.requests(method="POST", path="/kayle")
        assert [(one.provider, one.operation, one.problem and one.problem["kind"]) for one in lost] == [
            (None, None, "route_not_found")
        ] * 4
        before = client.freeze()
        client.forward(3600)
        assert {client.clock().now for _ in range(6)} == {client.clock().now}
        assert client.clock().now > before.now
        client.clear_faults()
        client.set_faults([{"kind": "script", "answers": ["created", "in_progress", "succeeded"]}])
        other = client.create("kayle").id
        seen = [read(url, other).json()["data"]["status"] for _ in range(4)]
        assert seen == ["created", "in_progress", "succeeded", "succeeded"]
        exported = client.export()
        client.reset()
        assert client.sessions() == []
        assert read(url, session).status_code == 404
        assert client.load(exported) == 2
        assert read(url, session).json()["data"]["status"] == "failed"


@pytest.mark.parametrize(
    "url",
    [
        "memory",
        *(pytest.param(kind, marks=pytest.mark.long("the same commands; each starts Python")) for kind in ("sqlite", "redis")),
    ],
    indirect=True,
)
def test_command__steers_a_running_server(url: str, tmp_path: Path) -> None:
    """`specimen ctl` end to end: create, advance, transition, refuse, clock, faults, requests, export, import, reset."""

    def ctl(*words: str, code: int = 0) -> str:
        done = run("ctl", "--url", url, *words, folder=tmp_path)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout if code == 0 else done.stderr

    session = json.loads(ctl("--json", "create", "kayle", "--scenario", "ok"))["session"]["id"]
    assert "in_progress" in ctl("advance", "kayle", session)
    assert "failed" in ctl("transition", "kayle", session, "failed", "--fact", "failure_code=liveness_failed")
    assert "Possible: states: cancelled" in ctl("transition", "kayle", session, "succeeded", code=2)
    assert read(url, session).json()["data"]["failure_code"] == "liveness_failed"
    assert "stands" in ctl("clock", "--forward", "60", "--freeze")
    assert '"status-1"' in ctl("faults", "--add", '{"kind": "status", "status": 500}')
    assert read(url, session).status_code == 500
    assert ctl("faults", "--clear") == "no faults\n"
    assert "(getSession, fault status-1)" in ctl("requests", "--session", session)
    assert "2 requests" in ctl("requests", "--har", "log.har", "--whole")
    ctl("namespaces", "--export", "one.json")
    assert "1 sessions" in ctl("--namespace", "two", "namespaces", "--import", "one.json")
    assert session in ctl("--namespace", "two", "sessions", "--state", "failed")
    ctl("reset", "--scope", "sessions")
    assert ctl("sessions") == "no sessions\n"
    assert "no server answers there" in run("ctl", "--url", "http://127.0.0.1:9", "clock", folder=tmp_path).stderr
