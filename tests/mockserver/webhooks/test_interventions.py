"""What a resend or a cancel does to the deliveries behind it, to the schedule, and to an attempt that is on its way."""

from __future__ import annotations

import threading
from itertools import pairwise

import pytest

from specimen.mockserver.testing.in_process import completed
from specimen.mockserver.webhooks.registration import Registration
from tests.mockserver.control.steering import control
from tests.mockserver.webhooks.receiver import receiving
from tests.mockserver.webhooks.test_delivery import _attempts, _create, _deliveries, _forward, _sent, mock  # noqa: F401 - a fixture
from tests.mockserver.webhooks.test_steering import _wait

TYPES = ["created", "updated", "updated", "updated", "completed"]


def _delivery(app, wanted, name="kyve"):
    """The first delivery in the order of events, once it is as it is wanted."""

    def found():
        shown = sorted(_deliveries(app, name).values(), key=lambda one: (one["created_at"], one["sequence"]))
        return shown[:1] if shown and wanted(shown[0]) else []

    return _wait(found, 1)[0]


def _call(app, delivery, what, status):
    answer = control(app, "POST", f"/webhook-deliveries/kyve/{delivery['id']}/{what}")
    assert answer.status_code == status, answer.text
    return answer.json()


def _failed(app, count):
    """The first delivery of a session, after so many attempts; each but the first comes by the schedule."""
    waits = app.mounted["kyve"].provider.webhooks.retry_seconds
    for number in range(1, count + 1):
        found = _delivery(app, lambda one, number=number: one["attempts"] == number)
        if number < count:
            _forward(app, seconds=waits[number - 1])
    return found


@pytest.mark.parametrize("what", ["cancel", "resend"])
def test_lane__goes_on_after_an_intervention(mock, what):  # noqa: F811
    """What waits behind a delivery that is canceled, or arrives when it is sent again, does not wait for its old schedule."""
    is_down = True
    with receiving(lambda _: 500 if is_down else 200) as receiver:
        completed(mock.add_webhook(Registration("kyve", receiver.url)))
        _create(mock, "kyve")
        delivery = _failed(mock, 4)
        is_down = False
        if what == "cancel":
            assert _call(mock, delivery, "cancel", 200)["status"] == "cancelled"
        else:
            assert _call(mock, delivery, "resend", 202)["status"] == "pending"
            receiver.wait_for(5)
        _forward(mock, seconds=60)
        entries = _wait(lambda: [one for one in _attempts(mock, "kyve", 0) if one["status"] == 200], 5 - (what == "cancel"))
        assert [one["type"].rpartition(".")[2] for one in entries] == TYPES[what == "cancel" :]
        first = _delivery(mock, lambda one: one["status"] != "pending")
        assert first["status"] == {"cancel": "cancelled", "resend": "succeeded"}[what]


def test_resend__begins_the_schedule_anew(mock):  # noqa: F811
    """A delivery that waited is sent at once and then at each step once: its old schedule is over."""
    waits = mock.mounted["kyve"].provider.webhooks.retry_seconds[:3]
    with receiving(lambda _: 500) as receiver:
        completed(mock.add_webhook(Registration("kyve", receiver.url, types=("verification.created",))))
        _create(mock, "kyve", pace="manual")
        delivery = _failed(mock, 2)
        _call(mock, delivery, "resend", 202)
        for number, wait in enumerate((*waits, None), 1):
            _delivery(mock, lambda one, number=number: one["attempts"] == number and one["last_at"] == mock.clock.now())
            if wait is not None:
                _forward(mock, seconds=wait)
        _create(mock, "kyve", pace="manual")  # its delivery shows that the worker has been through what was due
        receiver.wait_for(2 + 4 + 1)
        times = [_sent("kyve", one) for one in receiver.received[2:6]]
    assert [after - before for before, after in pairwise(times)] == list(waits)
    assert len(receiver.received) == 7


def test_resend__does_not_overtake_in_the_session(mock):  # noqa: F811
    """While the receiver is still down, the events behind the one that is sent again wait as before."""
    is_down = True
    with receiving(lambda _: 500 if is_down else 200) as receiver:
        completed(mock.add_webhook(Registration("kyve", receiver.url)))
        _create(mock, "kyve")
        delivery = _failed(mock, 4)
        _call(mock, delivery, "resend", 202)
        receiver.wait_for(5)
        _delivery(mock, lambda one: one["attempts"] == 1)
        is_down = False
        _forward(mock, seconds=60)
        entries = _wait(lambda: [one for one in _attempts(mock, "kyve", 0) if one["status"] == 200], 5)
    assert [one["type"].rpartition(".")[2] for one in entries] == TYPES


def test_resend__of_one_that_waits_behind_another(mock):  # noqa: F811
    """It is sent at once, and not again when its turn comes."""
    with receiving(lambda one: 500 if b'"verification.created"' in one.body else 200) as receiver:
        completed(mock.add_webhook(Registration("kyve", receiver.url)))
        _create(mock, "kyve")
        first = _failed(mock, 4)
        last = max(_wait(lambda: list(_deliveries(mock, "kyve").values()), 5), key=lambda one: one["sequence"])
        assert (last["type"], last["attempts"]) == ("verification.completed", 0)
        _call(mock, last, "resend", 202)
        _wait(lambda: [one for one in _attempts(mock, "kyve", 0) if one["status"] == 200], 1)
        _call(mock, first, "cancel", 200)
        entries = _wait(lambda: [one for one in _attempts(mock, "kyve", 0) if one["status"] == 200], 4)
        _create(mock, "kyve", pace="manual")
        receiver.wait_for(9)
    assert [one["type"].rpartition(".")[2] for one in entries] == ["completed", "updated", "updated", "updated"]
    assert sum(b'"verification.completed"' in one.body for one in receiver.received) == 1


@pytest.mark.parametrize("answer", [500, 200])
def test_cancel__while_an_attempt_is_on_its_way(mock, answer):  # noqa: F811
    """What the attempt comes to does not undo the cancel, and nothing is sent again."""
    release = threading.Event()
    with receiving(lambda _: release.wait(15) and answer) as receiver:
        completed(mock.add_webhook(Registration("kyve", receiver.url, types=("verification.created",))))
        _create(mock, "kyve", pace="manual")
        receiver.wait_for(1)
        delivery = _delivery(mock, lambda one: True)
        assert _call(mock, delivery, "cancel", 200)["status"] == "cancelled"
        release.set()
        shown = _delivery(mock, lambda one: one["last_at"] is not None)
        assert (shown["status"], shown["attempts"], shown["next_at"], shown["last_status"]) == ("cancelled", 1, None, answer)
        (entry,) = _attempts(mock, "kyve", 1)
        assert (entry["status"], entry["next_at"]) == (answer, None)
        _forward(mock, days=2)
        _create(mock, "kyve", pace="manual")
        receiver.wait_for(2)
        assert _delivery(mock, lambda one: one["id"] == delivery["id"])["status"] == "cancelled"
    assert len(receiver.received) == 2


def test_resend__while_an_attempt_is_on_its_way(mock):  # noqa: F811
    """It is sent once more at once, and the schedule counts from there: one chain of attempts."""
    waits = mock.mounted["kyve"].provider.webhooks.retry_seconds
    release = threading.Event()
    with receiving(lambda _: release.wait(15) and 500) as receiver:
        completed(mock.add_webhook(Registration("kyve", receiver.url, types=("verification.created",))))
        _create(mock, "kyve", pace="manual")
        receiver.wait_for(1)
        delivery = _delivery(mock, lambda one: True)
        assert _call(mock, delivery, "resend", 202)["resends"] == 1
        release.set()
        receiver.wait_for(2)
        shown = _delivery(mock, lambda one: one["attempts"] == 1)
        assert (shown["resends"], shown["next_at"]) == (1, mock.clock.now() + round(waits[0] * 1000))
        _attempts(mock, "kyve", 2)
        _forward(mock, seconds=waits[0])
        receiver.wait_for(3)
        _delivery(mock, lambda one: one["attempts"] == 2)
        _create(mock, "kyve", pace="manual")
        receiver.wait_for(4)
    assert len(receiver.received) == 4


def test_deleted_session__its_deliveries_end(mock):  # noqa: F811
    """What waits when its session is deleted fails once it is due, and says why; nothing is sent."""
    with receiving(lambda _: 500) as receiver:
        completed(mock.add_webhook(Registration("kyve", receiver.url)))
        _create(mock, "kyve")
        _failed(mock, 4)
        waiting = _wait(lambda: list(_deliveries(mock, "kyve").values()), 5)
        assert {one["status"] for one in waiting} == {"pending"}
        assert control(mock, "POST", "/reset", {"scope": "sessions"}).status_code == 204
        _forward(mock, days=1)
        ended = _wait(lambda: [one for one in _deliveries(mock, "kyve").values() if one["status"] == "failed"], 5)
    assert {(one["next_at"], one["failure"]) for one in ended} == {(None, "the session was deleted")}
    assert {one["attempts"] for one in ended} == {0, 4}
    assert len(receiver.received) == 4
