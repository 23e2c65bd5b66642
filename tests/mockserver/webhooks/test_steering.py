"""Webhooks by the control API, `specimen ctl` and `kyc_mock`."""

from __future__ import annotations

import time

import pytest

from specimen.webhooks import WrongSignature, verify
from tests.mockserver.calling import NOW
from tests.mockserver.control.steering import control, created
from tests.mockserver.webhooks.receiver import WAIT_SECONDS, receiving
from tests.mockserver.webhooks.test_delivery import _forward, mock  # noqa: F401 - a fixture


def _wait(found, count):
    deadline = time.monotonic() + WAIT_SECONDS
    while len(shown := found()) < count:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return shown


def _attempts(app):
    return control(app, "GET", "/webhook-attempts/kyve").json()["attempts"]


def _deliveries(app):
    return control(app, "GET", "/webhook-deliveries/kyve").json()["deliveries"]


def test_control__an_endpoint_is_added_changed_rotated_and_removed(mock):  # noqa: F811
    """Secrets are shown once; the old one ends at once; what is switched off or removed hears nothing more."""
    with receiving() as receiver, receiving() as other:
        made = control(mock, "POST", "/webhooks", {"provider": "kyve", "url": receiver.url, "types": ["verification.created"]})
        assert made.status_code == 201
        endpoint, secret = made.json()["id"], made.json()["keys"]["secret"]
        (listed,) = control(mock, "GET", "/webhooks").json()["webhooks"]
        assert (listed["id"], listed["url"], listed["types"]) == (endpoint, receiver.url, ["verification.created"])
        assert secret not in control(mock, "GET", "/webhooks").text
        created(mock, "kyve")
        first = receiver.wait_for(1)[0]
        assert verify("kyve", first.headers, first.body, secret, now=NOW // 1000).type == "verification.created"
        newer = control(mock, "POST", f"/webhooks/kyve/{endpoint}/rotate").json()["secret"]
        created(mock, "kyve")
        second = receiver.wait_for(2)[1]
        verify("kyve", second.headers, second.body, newer, now=NOW // 1000)
        with pytest.raises(WrongSignature):
            verify("kyve", second.headers, second.body, secret, now=NOW // 1000)
        assert control(mock, "PATCH", f"/webhooks/kyve/{endpoint}", {"enabled": False}).json()["enabled"] is False
        assert control(mock, "POST", "/webhooks", {"provider": "kyve", "url": other.url}).status_code == 201
        created(mock, "kyve")
        other.wait_for(1)  # an event goes to those who are enabled when the sender looks, a moment after it
        assert control(mock, "PATCH", f"/webhooks/kyve/{endpoint}", {"enabled": True}).json()["enabled"] is True
        created(mock, "kyve")
        receiver.wait_for(3)
        assert control(mock, "DELETE", f"/webhooks/kyve/{endpoint}").status_code == 204
        assert control(mock, "DELETE", f"/webhooks/kyve/{endpoint}").status_code == 404
    assert len(_wait(lambda: [one for one in _attempts(mock) if one["endpoint"] == endpoint], 3)) == 3


def test_control__a_delivery_is_sent_again_replayed_and_canceled(mock):  # noqa: F811
    """What failed is sent again at once; what was canceled is not; an event is replayed to all who heard of it."""
    is_down = True
    with receiving(lambda _: 503 if is_down else 200) as receiver:
        control(mock, "POST", "/webhooks", {"provider": "kyve", "url": receiver.url, "types": ["verification.created"]})
        for _ in range(2):
            created(mock, "kyve")
        _wait(lambda: _attempts(mock), 2)
        _wait(lambda: [one for one in _deliveries(mock) if one["attempts"]], 2)
        is_down = False
        kept, dropped = _deliveries(mock)
        answer = control(mock, "POST", f"/webhook-deliveries/kyve/{dropped['id']}/cancel")
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
        assert control(mock, "POST", f"/webhook-deliveries/kyve/{dropped['id']}/cancel").status_code == 409
        assert control(mock, "POST", f"/webhook-deliveries/kyve/{kept['id']}/resend").status_code == 202
        receiver.wait_for(3)
        _wait(lambda: [one for one in _deliveries(mock) if one["status"] == "succeeded"], 1)
        _forward(mock, days=2)
        assert {one["id"]: one["status"] for one in _deliveries(mock)} == {kept["id"]: "succeeded", dropped["id"]: "cancelled"}
        answer = control(mock, "POST", f"/webhook-events/kyve/{kept['event']}/replay")
        assert (answer.status_code, [one["id"] for one in answer.json()["deliveries"]]) == (202, [kept["id"]])
        assert receiver.wait_for(4)[3].body == receiver.received[2].body
    for path in (
        "/webhook-deliveries/kyve/none/resend",
        "/webhook-deliveries/kyve/none/cancel",
        "/webhook-events/kyve/none/replay",
    ):
        assert control(mock, "POST", path).status_code == 404


@pytest.mark.parametrize("name", ["kyve", "kayle"])
def test_control__a_target_that_is_there_is_refused(mock, name):  # noqa: F811
    """The answer says which endpoint has it and what changes it, shows no key, and changes nothing."""
    with receiving() as receiver:
        made = control(mock, "POST", "/webhooks", {"provider": name, "url": receiver.url}).json()
        before = control(mock, "GET", "/webhooks").json()
        for more in ({}, {"secret": "whsec_of_my_own"}, {"faults": ["duplicate"]}):
            answer = control(mock, "POST", "/webhooks", {"provider": name, "url": receiver.url, **more})
            assert answer.status_code == 409
            assert f"PATCH /_specimen/v1/webhooks/{name}/{made['id']}" in answer.json()["detail"]
            assert "keys" not in answer.json()
            assert made["keys"]["secret"] not in answer.text
        assert control(mock, "GET", "/webhooks").json() == before


def test_control__a_target_is_free_again_once_its_endpoint_has_another(mock):  # noqa: F811
    """What counts is where an endpoint sends now, not where it sent when it was added."""
    with receiving() as receiver, receiving() as other:
        made = control(mock, "POST", "/webhooks", {"provider": "kyve", "url": receiver.url}).json()
        path = f"/webhooks/kyve/{made['id']}"
        assert control(mock, "PATCH", path, {"url": other.url}).status_code == 200
        assert control(mock, "POST", "/webhooks", {"provider": "kyve", "url": other.url}).status_code == 409
        second = control(mock, "POST", "/webhooks", {"provider": "kyve", "url": receiver.url})
        assert second.status_code == 201
        assert second.json()["id"] != made["id"]
        created(mock, "kyve")
        assert len(receiver.wait_for(1)) == len(other.wait_for(1)) == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"provider": "kyve", "url": "https://kyc.example/"}, "--webhook-host"),
        ({"provider": "kyve", "url": "http://127.0.0.1:1/", "types": ["verification.done"]}, "Did you mean"),
        ({"provider": "kayle", "url": "http://127.0.0.1:1/", "public_key": {"n": "AQAB", "e": "AQAB"}}, "RSA key"),
    ],
)
def test_control__says_what_cannot_be(mock, body, words):  # noqa: F811
    """A mistake is answered 400, with what is possible."""
    answer = control(mock, "POST", "/webhooks", body)
    assert answer.status_code == 400
    assert words in answer.text


def test_kyc_mock__adds_a_webhook(kyc_mock):
    """A test adds its receiver, moves the clock, and reads the log."""
    with receiving() as receiver:
        hook = kyc_mock.webhooks.add("kyve", receiver.url)
        session = kyc_mock.kyve.create(scenario="completed")
        kyc_mock.clock.forward(minutes=5)
        found = [verify("kyve", one.headers, one.body, hook.keys["secret"], now=_sent(one)) for one in receiver.wait_for(5)]
        assert [one.type.rpartition(".")[2] for one in found] == ["created", "updated", "updated", "updated", "completed"]
        assert {one.session_id for one in found} == {session["id"]}
        assert [one["status"] for one in _wait(lambda: hook.attempts, 5)] == [200] * 5
        hook.remove()


def _sent(request):
    return int(request.headers["KYC-Signature"].partition(",")[0].removeprefix("t="))
