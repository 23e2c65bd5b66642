"""Endpoints of several namespaces, on one store and several servers: what ends with a namespace, and what does not."""

from __future__ import annotations

import contextlib
import threading
import time

import httpx
import pytest

from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.sessions.store import NamespaceChanged
from specimen.mockserver.settings import Pace, Settings
from tests.mockserver.calling import NOW
from tests.mockserver.webhooks.receiver import WAIT_SECONDS, receiving

TEAM = "job-17"
FIRST = ["verification.created"]


@contextlib.contextmanager
def _serving(store_url, **settings):
    """The control API of a server whose clock stands still."""
    app = build_app(Settings(providers=("kyve",), now=NOW, freeze=True, pace=Pace.parse("realtime"), store=store_url, **settings))
    with running(app) as url, httpx.Client(base_url=f"{url}/_specimen/v1", timeout=WAIT_SECONDS) as http:
        yield http


def _call(server, method, path, body=None, namespace="default"):
    headers = {"Specimen-Namespace": namespace}
    answer = server.request(method, path, headers=headers, **({} if body is None else {"json": body}))
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def _added(server, receiver, namespace="default"):
    return _call(server, "POST", "/webhooks", {"provider": "kyve", "url": receiver.url, "types": FIRST}, namespace)


def _created(server, namespace="default"):
    return _call(server, "POST", "/sessions", {"provider": "kyve"}, namespace)["session"]


def _deliveries(server, namespace="default"):
    return _call(server, "GET", "/webhook-deliveries/kyve", namespace=namespace)["deliveries"]


def _attempts(server, namespace="default"):
    return _call(server, "GET", "/webhook-attempts/kyve", namespace=namespace)["attempts"]


def _endpoints(server, namespace="default"):
    return [one["url"] for one in _call(server, "GET", "/webhooks", namespace=namespace)["webhooks"]]


def _until(is_so, shown=None):
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, shown and shown()
        time.sleep(0.005)


def test_deleted_namespace__does_not_come_back(store_url):
    """Whoever sends its webhooks ends with it, and makes no new one in its place."""
    with receiving() as receiver, _serving(store_url) as server:
        _added(server, receiver, TEAM)
        _created(server, TEAM)
        receiver.wait_for(1)
        _until(lambda: _deliveries(server, TEAM)[0]["status"] == "succeeded")
        _call(server, "DELETE", f"/namespaces/{TEAM}")
        _added(server, receiver, "another")
        _created(server, "another")
        receiver.wait_for(2)
        assert set(_call(server, "GET", "/namespaces")["namespaces"]) == {"default", "another"}
        _added(server, receiver, TEAM)
        _created(server, TEAM)
        receiver.wait_for(3)


def test_reset__leaves_the_endpoints_of_other_namespaces(store_url):
    """Also for a server that starts later on the same store, and has not seen them."""
    is_down = True
    with receiving(lambda _: 503 if is_down else 200) as receiver, contextlib.ExitStack() as stack:
        first = stack.enter_context(_serving(store_url))
        _added(first, receiver, TEAM)
        _created(first, TEAM)
        receiver.wait_for(1)
        _until(lambda: _deliveries(first, TEAM)[0]["attempts"] == 1)
        _call(first, "POST", "/reset", {})
        assert _endpoints(first) == []
        if store_url != "memory":
            stack.close()
            first = stack.enter_context(_serving(store_url))
        is_down = False
        _call(first, "POST", "/clock/forward", {"seconds": 24 * 3600}, TEAM)
        receiver.wait_for(2)
        assert _endpoints(first, TEAM) == [receiver.url]


def test_reset__by_a_server_that_does_not_know_the_targets(shared_store_url):
    """The server that was started with them adds them again; one that its user has removed stays away."""
    with receiving() as receiver, _serving(shared_store_url) as other:
        targets = (("kyve", f"{receiver.url}?1"), ("kyve", f"{receiver.url}?2"))
        with _serving(shared_store_url, webhooks=targets) as server:
            _until(lambda: len(_endpoints(server)) == 2)
            _call(other, "POST", "/reset", {})
            _until(lambda: len(_endpoints(server)) == 2)
            removed = _call(server, "GET", "/webhooks")["webhooks"][0]
            _call(other, "DELETE", f"/webhooks/kyve/{removed['id']}")
            _created(other)
            (request,) = receiver.wait_for(1)
            assert f"?{request.path.partition('?')[2]}" != removed["url"].removeprefix(receiver.url)


def test_reset__while_deliveries_wait_in_a_worker(store_url):
    """The new namespace begins with no delivery and no attempt, whatever was on its way in the old one."""
    at_once = 16
    is_open = threading.Event()
    with receiving(lambda _: is_open.wait(20) and 200) as receiver, _serving(store_url) as server:
        _added(server, receiver)
        for _ in range(at_once + 8):
            _created(server)
        receiver.wait_for(at_once)
        _call(server, "POST", "/reset", {})
        is_open.set()
        _added(server, receiver)
        session = _created(server)
        receiver.wait_for(at_once + 1)
        _until(lambda: [one["status"] for one in _deliveries(server)] == ["succeeded"], lambda: _deliveries(server))
        assert [one["session"] for one in _attempts(server)] == [session["id"]]
        assert len(receiver.received) == at_once + 1


@pytest.mark.parametrize("operation", ["append", "set_value", "postpone"])
def test_conclusion__goes_on_after_the_namespace_changed(monkeypatch, operation):
    """What was sent is concluded at once, and neither sent nor noted again: another server had moved the clock meanwhile."""
    is_down, failures = True, [NamespaceChanged("default")]
    app = build_app(Settings(providers=("kyve",), now=NOW, freeze=True, pace=Pace.parse("realtime")))
    whole = getattr(app.store, operation)

    async def failing_once(space, *given, **more):
        if receiver.received and failures:
            raise failures.pop()
        return await whole(space, *given, **more)

    with receiving(lambda _: 503 if is_down else 200) as receiver, running(app) as url:
        monkeypatch.setattr(app.store, operation, failing_once)
        with httpx.Client(base_url=f"{url}/_specimen/v1") as server:
            _added(server, receiver)
            _created(server)
            _until(lambda: [one["attempts"] for one in _deliveries(server)] == [1])
            _until(lambda: _attempts(server))
            is_down = False
            _call(server, "POST", "/clock/forward", {"seconds": 24 * 3600})
            _until(lambda: [one["status"] for one in _deliveries(server)] == ["succeeded"], lambda: _deliveries(server))
            assert [one["attempt"] for one in _attempts(server)] == [1, 2]
    assert not failures
    assert len(receiver.received) == 2


def test_reset__of_all_namespaces(store_url):
    """The targets of the settings are those of `default` alone, before and after."""
    with receiving() as receiver, _serving(store_url, webhooks=(("kyve", receiver.url),)) as server:
        for _ in range(2):
            _until(lambda: _endpoints(server) == [receiver.url])
            assert _endpoints(server, TEAM) == []
            _call(server, "POST", "/reset", {"scope": "server"})
        _created(server, TEAM)
        session = _created(server)
        receiver.wait_for(1)
        _until(lambda: [one["status"] for one in _deliveries(server)] == ["succeeded"], lambda: _deliveries(server))
        assert [one["session"] for one in _deliveries(server)] == [session["id"]]
        assert _deliveries(server, TEAM) == []
