"""An event goes to the endpoints as they were when it happened, not when the sender looks; on every store."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time

import httpx
import pytest

from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.sessions.service import Sessions
from specimen.mockserver.sessions.store import NamespaceChanged, Space
from specimen.mockserver.settings import Pace, Settings
from specimen.mockserver.testing.in_process import completed
from specimen.mockserver.webhooks import keys, outbox
from specimen.mockserver.webhooks.endpoints import Endpoint
from specimen.mockserver.webhooks.registration import Registration
from tests.mockserver.calling import NOW
from tests.mockserver.webhooks.receiver import WAIT_SECONDS, receiving

FAILED, CANCELLED = (f"verification.session.{end}" for end in ("failed", "cancelled"))
KAYLE, CONTROL = "/kayle/v1", "/_specimen/v1"
KEY = {"key_id": "k", "algorithm": "RSA-OAEP-256", "key_type": "RSA", "jwk": keys.public_part(keys.new_rsa_key("k"))}


@pytest.fixture(params=[True, False], ids=["frozen", "running"])
def mock(request, store_url):
    """A mock whose clock stands still, or runs; sessions wait for a request."""
    given = Settings(providers=("kayle", "kyve"), now=NOW, freeze=request.param, pace=Pace.parse("manual"), store=store_url)
    auth = {"Authorization": "Bearer kk_live_specimen"}
    with running(build_app(given)) as url, httpx.Client(base_url=url, headers=auth) as http:
        yield http


@pytest.fixture
def held(monkeypatch):
    """Gives a context in which the sender does not look at what has happened."""
    is_open = threading.Event()
    is_open.set()
    whole = outbox.tell

    async def waiting(*given):
        await asyncio.to_thread(is_open.wait)
        await whole(*given)

    monkeypatch.setattr(outbox, "tell", waiting)

    @contextlib.contextmanager
    def holding():
        is_open.clear()
        try:
            yield
        finally:
            is_open.set()

    yield holding
    is_open.set()


def _call(mock, method, path, body=None):
    answer = mock.request(method, path, **({} if body is None else {"json": body}))
    assert answer.is_success, answer.text
    return answer.json()["data"] if answer.content else None


def _endpoint(mock, url):
    made = _call(mock, "POST", f"{KAYLE}/webhooks/endpoints", {"url": url})["endpoint"]
    _call(mock, "POST", f"{KAYLE}/webhooks/endpoints/{made['id']}/keys", KEY)
    return f"{KAYLE}/webhooks/endpoints/{made['id']}"


def _cancelled(mock):
    session = _call(mock, "POST", f"{KAYLE}/sessions", {})["id"]
    _call(mock, "POST", f"{KAYLE}/sessions/{session}/cancel")
    return session


def _told(mock, count, wanted=lambda _: True):
    """The sessions that deliveries tell of, by the path of their endpoint, as soon as there are so many."""
    deadline = time.monotonic() + WAIT_SECONDS
    while len(found := [one for one in _call(mock, "GET", f"{KAYLE}/webhooks/deliveries") if wanted(one)]) < count:
        assert time.monotonic() < deadline, found
        time.sleep(0.005)
    sessions = {one["id"]: one["trigger_id"] for one in _call(mock, "GET", f"{KAYLE}/webhooks/events")}
    return {(f"{KAYLE}/webhooks/endpoints/{one['webhook_endpoint_id']}", sessions[one["event_id"]]) for one in found}


@pytest.mark.parametrize(
    ("off", "on"),
    [
        ({"enabled": False}, {"enabled": True}),
        ({"subscribed_event_types": [FAILED]}, {"subscribed_event_types": [CANCELLED]}),
    ],
    ids=["enabled", "types"],
)
def test_event__of_a_moment_in_which_the_endpoint_did_not_want_it(mock, held, off, on):
    """Changed and changed back at once: what happened in between is not told, what happens after it is."""
    with receiving() as receiver:
        endpoint = _endpoint(mock, receiver.url)
        with held():
            _call(mock, "PATCH", endpoint, off)
            _cancelled(mock)
            _call(mock, "PATCH", endpoint, on)
            later = _cancelled(mock)
        assert _told(mock, 1, lambda one: one["status"] == "succeeded") == {(endpoint, later)}
        assert _told(mock, 1) == {(endpoint, later)}


def test_event__of_a_moment_in_which_the_endpoint_wanted_it(mock, held):
    """It is told, though the endpoint is disabled when the sender looks: it arrives once that is enabled again."""
    with receiving() as receiver:
        endpoint = _endpoint(mock, receiver.url)
        with held():
            session = _cancelled(mock)
            _call(mock, "PATCH", endpoint, {"enabled": False})
        assert _told(mock, 1, lambda one: one["attempt_count"] == 1) == {(endpoint, session)}
        _call(mock, "PATCH", endpoint, {"enabled": True})
        assert mock.post(f"{CONTROL}/clock/forward", json={"seconds": 60}).is_success
        assert _told(mock, 1, lambda one: one["status"] == "succeeded") == {(endpoint, session)}
        assert len(receiver.received) == 1


def test_event__before_an_endpoint_was_there(mock, held):
    """The second endpoint hears of what happens from then on, also within the same millisecond."""
    with receiving() as receiver:
        first = _endpoint(mock, receiver.url)
        with held():
            before = _cancelled(mock)
            second = _endpoint(mock, receiver.url)
            after = _cancelled(mock)
        assert _told(mock, 3) == {(first, before), (first, after), (second, after)}
        receiver.wait_for(3)


def test_creation__before_the_first_endpoint(mock):
    """A session that was there hears of its later moves, and not of its creation; they follow in their order."""
    with receiving() as receiver:
        session = mock.post(f"{CONTROL}/sessions", json={"provider": "kyve"}).json()["session"]["id"]
        assert mock.post(f"{CONTROL}/webhooks", json={"provider": "kyve", "url": receiver.url}).is_success
        later = mock.post(f"{CONTROL}/sessions", json={"provider": "kyve"}).json()["session"]["id"]
        for one in (session, later):
            headers = {"Authorization": "Bearer ak_test_specimen"}
            assert mock.post(f"/kyve/v1/sessions/{one}/cancel", headers=headers).is_success
        told = [json.loads(one.body) for one in receiver.wait_for(3)]
    types = {}
    for one in told:
        types.setdefault(one["data"]["object"]["session_id"], []).append(one["type"].rpartition(".")[2])
    assert types == {session: ["updated"], later: ["created", "updated"]}


FORMER = (
    {"enabled": False, "types": (), "change": 20, "at": 2_000},
    {"enabled": True, "types": ("b",), "change": 30, "at": 3_000},
)
ENDPOINT = Endpoint("whe_1", "http://127.0.0.1/", "s", created_at=1_000, types=("a",), added_by=10, former=FORMER)


@pytest.mark.parametrize(
    ("at", "change", "types"),
    [
        (1_000, None, ""), (1_001, None, ""), (2_000, None, ""), (2_001, None, "b"), (3_000, None, "b"), (3_001, None, "a"),
        (3_000, 9, ""), (3_000, 10, ""), (1_000, 20, "b"), (500, 29, "b"), (500, 30, "a"), (3_000, 31, "a"),
    ],
)  # fmt: skip
def test_wants__what_it_was_then(at, change, types):
    """By the number of the change before, else by the time, at which an event comes before a change."""
    assert "".join(kind for kind in "ab" if ENDPOINT.wants(kind, "", None, at, change)) == types


@pytest.mark.parametrize(("operation", "kept"), [("enqueue", "whd_"), ("set_value", outbox.DELIVERY_PREFIX)])
def test_telling__goes_on_after_the_namespace_changed(monkeypatch, operation, kept):
    """Another server moved the clock meanwhile: the event goes at once, not once the lease of its task is over."""
    app = build_app(Settings(providers=("kyve",), now=NOW, freeze=True, pace=Pace.parse("manual")))
    whole, failures = getattr(app.store, operation), [NamespaceChanged("default")]

    async def failing_once(space, name, *given, **more):
        if name.startswith(kept) and failures:
            raise failures.pop()
        return await whole(space, name, *given, **more)

    monkeypatch.setattr(app.store, operation, failing_once)
    with receiving() as receiver, running(app) as url, httpx.Client(base_url=f"{url}{CONTROL}") as http:
        assert http.post("/webhooks", json={"provider": "kyve", "url": receiver.url}).is_success
        assert http.post("/sessions", json={"provider": "kyve"}).is_success
        receiver.wait_for(1)
    assert not failures


def test_telling__knows_the_endpoints_that_were_there_before_a_session(monkeypatch):
    """Endpoint and session come between a worker's looks at the two: the event is told all the same."""
    app = build_app(Settings(providers=("kyve",), now=NOW, freeze=True, pace=Pace.parse("manual")))
    state, whole, urls = app.mounted["kyve"].shared_state, app.store.claim, []

    async def late(space, *given):
        if urls:
            await app.add_webhook(Registration("kyve", urls.pop()))
            namespace = await app.namespaces.get("default")
            await Sessions(state, namespace, "http://127.0.0.1", NOW).create({})
        return await whole(space, *given)

    monkeypatch.setattr(app.store, "claim", late)
    with receiving() as first, receiving() as second, running(app):
        completed(app.add_webhook(Registration("kyve", first.url)))
        urls.append(second.url)
        app.webhooks.wake(Space("default", "kyve"))
        second.wait_for(1)
        first.wait_for(1)
    assert urls == []  # it was late once, as meant
