"""What becomes of deliveries that wait when their endpoint is disabled, enabled again or deleted, on every store."""

from __future__ import annotations

import contextlib
import time

import httpx
import pytest

from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Pace, Settings
from specimen.mockserver.webhooks import keys
from tests.mockserver.calling import NOW
from tests.mockserver.store import redis_server
from tests.mockserver.webhooks.receiver import WAIT_SECONDS, receiving

API = "/kayle/v1/webhooks"
AUTH = {"Authorization": "Bearer kk_live_specimen"}
KEY = {"key_id": "k", "algorithm": "RSA-OAEP-256", "key_type": "RSA", "jwk": keys.public_part(keys.new_rsa_key("k"))}
needs_redis = pytest.mark.skipif(redis_server.PROGRAM is None, reason=redis_server.WHY_NOT)


@pytest.fixture(params=["memory", "sqlite", pytest.param("redis", marks=needs_redis)])
def mock(request, tmp_path):
    """A mock whose clock stands still."""
    with contextlib.ExitStack() as stack:
        store = {"memory": "memory", "sqlite": f"sqlite:///{tmp_path / 'store.db'}"}.get(request.param)
        if store is None:
            (tmp_path / "redis").mkdir()
            store = stack.enter_context(redis_server.serving(tmp_path / "redis")).url
        app = build_app(Settings(providers=("kayle",), now=NOW, freeze=True, pace=Pace.parse("realtime"), store=store))
        with httpx.Client(base_url=stack.enter_context(running(app)), headers=AUTH) as http:
            yield http


def _call(mock, method, path, body=None, status=200):
    answer = mock.request(method, API + path, **({} if body is None else {"json": body}))
    assert answer.status_code == status, answer.text
    return answer.json()["data"]


def _cancelled(mock):
    session = mock.post("/kayle/v1/sessions", json={}).json()["data"]["id"]
    assert mock.post(f"/kayle/v1/sessions/{session}/cancel").status_code == 204


def _refused(mock, receiver):
    """An endpoint, and the delivery that its receiver has refused once."""
    endpoint = _call(mock, "POST", "/endpoints", {"url": receiver.url})["endpoint"]
    _call(mock, "POST", f"/endpoints/{endpoint['id']}/keys", KEY)
    _cancelled(mock)
    receiver.wait_for(1)
    return f"/endpoints/{endpoint['id']}", _delivery(mock, lambda one: one["attempt_count"] == 1)


def _delivery(mock, wanted):
    deadline = time.monotonic() + WAIT_SECONDS
    while not ((found := _call(mock, "GET", "/deliveries")) and wanted(found[0])):
        assert time.monotonic() < deadline, found
        time.sleep(0.005)
    assert len(found) == 1
    return found[0]


def _forward(mock, seconds):
    assert mock.post("/_specimen/v1/clock/forward", json={"seconds": seconds}).status_code == 200


def test_disabled__attempts_fail_until_it_is_enabled(mock):
    """Nothing is sent, each attempt counts, and the next one after it is enabled again arrives."""
    is_down = True
    with receiving(lambda _: 503 if is_down else 200) as receiver:
        endpoint, _ = _refused(mock, receiver)
        _call(mock, "PATCH", endpoint, {"enabled": False})
        is_down = False
        _forward(mock, 5)
        waiting = _delivery(mock, lambda one: one["attempt_count"] == 2)
        assert (waiting["status"], waiting["last_status_code"]) == ("pending", None)
        assert waiting["next_attempt_at"] is not None
        _call(mock, "PATCH", endpoint, {"enabled": True})
        _forward(mock, 300)
        receiver.wait_for(2)
        delivered = _delivery(mock, lambda one: one["status"] == "succeeded")
    assert (delivered["attempt_count"], len(receiver.received)) == (3, 2)


def test_disabled__a_delivery_fails_for_good_after_its_last_attempt(mock):
    """It does not stay pending; while its payload is kept it can be sent again by hand."""
    with receiving(lambda one: 200 if is_up else 503) as receiver:
        is_up = False
        endpoint, first = _refused(mock, receiver)
        _call(mock, "PATCH", endpoint, {"enabled": False})
        for number in range(2, 9):
            _forward(mock, 36_000)
            shown = _delivery(mock, lambda one, number=number: one["attempt_count"] == number)
        assert (shown["status"], shown["payload_retention_reason"]) == ("failed", "terminal_failure_retention")
        assert shown["next_attempt_at"] is None
        assert len(receiver.received) == 1
        is_up = True
        _call(mock, "PATCH", endpoint, {"enabled": True})
        _call(mock, "POST", f"/deliveries/{first['id']}/retry")
        receiver.wait_for(2)
        _delivery(mock, lambda one: one["status"] == "succeeded")


def test_deleted__takes_keys_and_deliveries_with_it(mock):
    """The event stays, without deliveries; nothing more is sent, and nothing comes back."""
    with receiving(lambda _: 503) as receiver:
        endpoint, first = _refused(mock, receiver)
        _call(mock, "DELETE", endpoint)
        assert _call(mock, "GET", "/deliveries") == []
        _forward(mock, 36_000)
        _call(mock, "POST", f"/deliveries/{first['id']}/retry", status=404)
        assert _call(mock, "GET", f"/events/{first['event_id']}")["deliveries"] == []
        other = _call(mock, "POST", "/endpoints", {"url": receiver.url})["endpoint"]
        _call(mock, "POST", f"/endpoints/{other['id']}/keys", KEY)
        _cancelled(mock)
        receiver.wait_for(2)  # of the other session: the worker has been through what was due
        assert {one["webhook_endpoint_id"] for one in _call(mock, "GET", "/deliveries")} == {other["id"]}
    assert len(receiver.received) == 2
