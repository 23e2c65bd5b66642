"""What waits for an endpoint ends with it: one that is added again at its URL begins with nothing."""

from __future__ import annotations

import threading
import time

import httpx
import pytest

from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Pace, Settings
from specimen.webhooks import verify
from tests.mockserver.calling import NOW
from tests.mockserver.webhooks.receiver import WAIT_SECONDS, receiving


@pytest.fixture
def mock(store_url):
    """The control API of a mock whose clock stands still."""
    app = build_app(Settings(providers=("kyve",), now=NOW, freeze=True, pace=Pace.parse("realtime"), store=store_url))
    with running(app) as url, httpx.Client(base_url=f"{url}/_specimen/v1", timeout=WAIT_SECONDS) as http:
        yield http


def _added(mock, receiver):
    answer = mock.post("/webhooks", json={"provider": "kyve", "url": receiver.url, "types": ["verification.created"]})
    assert answer.status_code == 201, answer.text
    return answer.json()


def _removed(mock, endpoint):
    assert mock.delete(f"/webhooks/kyve/{endpoint['id']}").status_code == 204


def _created(mock):
    answer = mock.post("/sessions", json={"provider": "kyve"})
    assert answer.status_code == 201, answer.text
    return answer.json()["session"]


def _attempts(mock):
    return mock.get("/webhook-attempts/kyve").json()["attempts"]


def _deliveries(mock, status=None):
    found = mock.get("/webhook-deliveries/kyve").json()["deliveries"]
    return [one for one in found if status in (None, one["status"])]


def _wait(found, count):
    deadline = time.monotonic() + WAIT_SECONDS
    while len(shown := found()) < count:
        assert time.monotonic() < deadline, shown
        time.sleep(0.005)
    return shown


def test_registered_again__begins_with_nothing(mock):
    """What waited to be tried again is never sent to the new endpoint; what is new is, with the new secret, once."""
    is_down = True
    with receiving(lambda _: 503 if is_down else 200) as receiver:
        first = _added(mock, receiver)
        _created(mock)
        _wait(lambda: [one for one in _deliveries(mock) if one["attempts"] == 1], 1)
        _removed(mock, first)
        is_down = False
        second = _added(mock, receiver)
        assert second["id"] != first["id"]
        assert _deliveries(mock) == []
        assert mock.post("/clock/forward", json={"seconds": 3 * 24 * 3600}).status_code == 200
        session = _created(mock)
        requests = receiver.wait_for(2)
        _wait(lambda: _deliveries(mock, "succeeded"), 1)
        now = NOW // 1000 + 3 * 24 * 3600
        found = verify("kyve", requests[1].headers, requests[1].body, second["keys"]["secret"], now=now)
        assert found.session_id == session["id"]
        assert len(_deliveries(mock)) == 1
        assert [one["endpoint"] for one in _attempts(mock)] == [first["id"], second["id"]]


def test_registered_again__ids_are_never_given_twice(mock):
    """However often a target is removed and added."""
    with receiving() as receiver:
        found = []
        for _ in range(4):
            found.append(_added(mock, receiver))
            _removed(mock, found[-1])
    assert len({one["id"] for one in found}) == len({one["keys"]["secret"] for one in found}) == 4


def test_removed__what_waits_in_a_worker_is_not_sent(mock):
    """A worker that has claimed more than it sends at a time posts none of it once the endpoint is removed."""
    at_once = 16
    is_open = threading.Event()
    with receiving(lambda _: is_open.wait(20) and 200) as receiver:
        endpoint = _added(mock, receiver)
        for _ in range(at_once + 8):
            _created(mock)
        receiver.wait_for(at_once)
        _removed(mock, endpoint)
        is_open.set()
        assert mock.post("/clock/forward", json={"seconds": 1}).status_code == 200  # what was before is not the new one's
        again = _added(mock, receiver)
        session = _created(mock)
        _wait(lambda: _attempts(mock), at_once + 1)
        # What the worker had found out before the removal goes as soon as its turn comes.
        _wait(lambda: [_deliveries(mock)] if len(_deliveries(mock)) == 1 else [], 1)
        (delivery,) = _deliveries(mock)
        assert (delivery["session"], delivery["endpoint"]) == (session["id"], again["id"])
        assert len(receiver.received) == at_once + 1
