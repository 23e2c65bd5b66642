"""Several processes on one store: every event is sent, in order, also where they are killed."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest

from tests.crash_deliveries import SECRET, TYPES, by_session, create, serving
from tests.mockserver.store import redis_server
from tests.mockserver.webhooks.receiver import receiving

SESSIONS = 12
needs_redis = pytest.mark.skipif(redis_server.PROGRAM is None, reason=redis_server.WHY_NOT)


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=needs_redis)])
def store(request, tmp_path):
    """The URL of a store that two workers share."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.db'}"
        return
    (tmp_path / "redis").mkdir()
    with redis_server.serving(tmp_path / "redis") as server:
        yield server.url


def test_two_workers__tell_each_event_once_and_in_order(tmp_path, store):
    """Whichever worker creates a session, all its events arrive in order, and none twice."""
    with (
        receiving() as receiver,
        serving(tmp_path, store, "--webhook", f"kyve={receiver.url}", "--webhook-secret", SECRET) as (_, url),
    ):
        sessions = [create(url) for _ in range(SESSIONS)]
        receiver.wait_for(SESSIONS * len(TYPES))
        found = by_session(receiver, SECRET)
    assert found == dict.fromkeys(sessions, TYPES)
    assert len(receiver.received) == SESSIONS * len(TYPES)


@pytest.mark.long("what a killed worker held comes back after a minute")
def test_kill__loses_nothing_that_was_due(tmp_path, store):
    """`kill -9` of all processes amid deliveries, then a new start on the same store: everything arrives, in order."""
    with receiving(lambda _: time.sleep(0.05) or 200) as receiver:
        keys = tmp_path / "keys.json"
        arguments = ("--webhook", f"kyve={receiver.url}", "--webhook-keys", str(keys))
        with serving(tmp_path, store, *arguments) as (process, url):
            sessions = [create(url) for _ in range(SESSIONS)]
            receiver.wait_for(5)
            os.killpg(process.pid, signal.SIGKILL)
        secret = json.loads(keys.read_text())["kyve"]["secret"]
        assert len(receiver.received) < SESSIONS * len(TYPES)
        with serving(tmp_path, store, *arguments):
            deadline = time.monotonic() + 150
            while (found := by_session(receiver, secret)) != dict.fromkeys(sessions, TYPES):
                assert time.monotonic() < deadline, found
                time.sleep(0.5)
        assert json.loads(keys.read_text())["kyve"]["secret"] == secret
