"""Webhooks as a receiver gets them from a running mock."""

from __future__ import annotations

import base64
import json
import threading
import time
from datetime import timedelta
from itertools import pairwise

import pytest

from specimen.mockserver.app import build_app
from specimen.mockserver.errors import SettingError
from specimen.mockserver.http.server import running
from specimen.mockserver.sessions.store import Space
from specimen.mockserver.settings import Pace, Settings
from specimen.mockserver.testing.in_process import completed, create, send
from specimen.mockserver.webhooks.attempts import LOG
from specimen.mockserver.webhooks.endpoints import check_url
from specimen.mockserver.webhooks.outbox import DELIVERY_PREFIX
from specimen.mockserver.webhooks.registration import Registration
from specimen.webhooks import OutsideTolerance, UnknownKey, WebhookError, WrongSignature, verify
from tests.mockserver.calling import NOW
from tests.mockserver.webhooks.receiver import WAIT_SECONDS, receiving

SETTINGS = Settings(providers=("kyve", "kayle", "idnow"), now=NOW, freeze=True, pace=Pace.parse("realtime"))


@pytest.fixture
def mock():
    """A mock on a port of its own, whose clock stands still."""
    app = build_app(SETTINGS)
    with running(app):
        yield app


def _create(app, name, scenario=None, **preferences):
    return create(app.mounted[name], app, {"scenario": scenario, **preferences})


def test_kyve__a_delivery_is_signed_sent_and_verified(mock):
    """The first event of a session arrives at once, and its receiver verifies it."""
    with receiving() as receiver:
        _, keys = completed(mock.add_webhook(Registration("kyve", receiver.url)))
        made = _create(mock, "kyve")
        request = receiver.wait_for(1)[0]
        found = verify("kyve", request.headers, request.body, keys["secret"], now=NOW // 1000)
    assert (found.type, found.session_id) == ("verification.created", made["id"])
    assert request.headers["User-Agent"] == "KYC-Webhooks/1.0"
    assert request.headers["KYC-Event-Id"] == found.event_id


def _public_keys(app):
    status, body = send(app, "GET", "/idnow/oidc/.well-known/jwks.json", {}, None)
    assert status == 200
    return json.loads(body)


def _forward(app, **step):
    completed(app.forward(round(timedelta(**step).total_seconds() * 1000)))


@pytest.mark.parametrize(
    ("name", "scenario", "types"),
    [
        ("kyve", "review_approved", ["created", "updated", "updated", "updated", "review_required", "updated", "completed"]),
        ("kayle", "liveness_failed", ["failed"]),
        ("idnow", "accepted", ["created", "completed"]),
    ],
)
def test_forward__a_day_delivers_all_that_is_due_in_order(mock, name, scenario, types):
    """The clock jumps over all moves of a session; each is told, in order, with the time of sending that the clock shows."""
    with receiving() as receiver:
        _, keys = completed(mock.add_webhook(Registration(name, receiver.url)))
        made = _create(mock, name, scenario)
        _forward(mock, days=1)
        requests = receiver.wait_for(len(types))
        given = _public_keys(mock) if name == "idnow" else keys
        found = [verify(name, one.headers, one.body, given, now=_sent(name, one)) for one in requests]
    assert [one.type.rpartition(".")[2] for one in found] == types
    assert {one.session_id for one in found} == {made["id"]}
    assert len({one.event_id for one in found}) == len(types)
    schemas, webhooks = mock.mounted[name].provider.strict_schemas, mock.mounted[name].provider.webhooks
    for one in found:
        assert schemas.validator(webhooks.events[one.type].schema).is_valid(dict(one.body))


def _sent(name, request):
    """When a delivery was sent by the virtual clock: on creation, or a day later."""
    text = request.headers.get("KYC-Signature") or request.headers.get("X-Kayle-Signature")
    if text:
        return int(text.partition(",")[0].removeprefix("t="))
    claims = request.body.split(b".")[1]
    return json.loads(base64.urlsafe_b64decode(claims + b"=="))["iat"]


@pytest.mark.parametrize("name", ["kyve", "kayle", "idnow"])
def test_retries__follow_the_vendors_schedule_on_the_virtual_clock(mock, name):
    """Nothing is sent before it is due; each attempt has the same event, and after the last one there is no more."""
    waits = mock.mounted[name].provider.webhooks.retry_seconds
    with receiving(lambda _: 500) as receiver:
        completed(mock.add_webhook(Registration(name, receiver.url)))
        _create(mock, name, "cancelled" if name == "kayle" else None, **_held(name))
        if name == "kayle":
            _forward(mock, seconds=30)
        receiver.wait_for(1)
        for count, wait in enumerate(waits, 1):
            _attempts(mock, name, count)
            _forward(mock, seconds=wait - 1)
            _forward(mock, seconds=1)
            receiver.wait_for(count + 1)
        first, *_, last = _attempts(mock, name, len(waits) + 1)
        delivery = _deliveries(mock, name)[first["delivery"]]
    assert (delivery["status"], delivery["next_at"], delivery["last_status"]) == ("failed", None, 500)
    assert (delivery["attempts"], last["attempt"]) == (len(waits) + 1, len(waits) + 1)
    requests = receiver.received[: len(waits) + 1]
    assert len({_event(name, one) for one in requests}) == 1
    times = [_sent(name, one) for one in requests]
    assert [after - before for before, after in pairwise(times)] == list(waits)


def _event(name, request):
    """What names the event of a delivery, or, where that is encrypted, the delivery."""
    if name == "idnow":
        return json.loads(base64.urlsafe_b64decode(request.body.split(b".")[1] + b"=="))["data"]["eventId"]
    return request.headers["KYC-Event-Id" if name == "kyve" else "X-Kayle-Delivery-Id"]


def _held(name):
    return {} if name == "kayle" else {"pace": "manual"}


def _deliveries(app, name):
    state = app.mounted[name].shared_state
    found = completed(state.store.values(Space("default", name), DELIVERY_PREFIX, app.clock.now(), "", 100))
    return {kept.value["id"]: kept.value for _, kept in found}


def _attempts(app, name, count):
    """The attempts in the log, once there are so many: before that one is on its way."""
    state = app.mounted[name].shared_state
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        entries = completed(state.store.entries(Space("default", name), LOG, 0, 1000))
        if len(entries) >= count:
            return [entry.value for entry in entries]
        assert time.monotonic() < deadline, f"{len(entries)} of {count} attempts were made"
        time.sleep(0.005)


def test_order__a_failed_delivery_holds_back_the_next_of_its_session(mock):
    """The second event waits until the first has arrived; another session's does not."""
    is_down = True
    with receiving(lambda _: 503 if is_down else 200) as receiver:
        completed(mock.add_webhook(Registration("kyve", receiver.url)))
        _create(mock, "kyve")
        failed = _attempts(mock, "kyve", 1)
        _forward(mock, minutes=20)
        _create(mock, "kyve", pace="manual")
        assert {entry["type"] for entry in _attempts(mock, "kyve", 3)} == {"verification.created"}
        is_down = False
        _forward(mock, hours=1)
        entries = [one for one in _attempts(mock, "kyve", 10) if one["session"] == failed[0]["session"]]
    types = [one["type"].rpartition(".")[2] for one in entries]
    assert types == ["created", "created", "created", "updated", "updated", "updated", "completed"]


def test_slow_receiver__delays_nobody_else(mock):
    """A receiver that does not answer holds its own deliveries back, and none of another endpoint."""
    release = threading.Event()
    with receiving(lambda _: release.wait(15) and 200) as slow, receiving() as quick:
        completed(mock.add_webhook(Registration("kyve", slow.url)))
        completed(mock.add_webhook(Registration("kyve", quick.url)))
        for _ in range(40):
            _create(mock, "kyve", pace="manual")
        quick.wait_for(40)
        assert not release.is_set()
        release.set()
        slow.wait_for(40)


def test_answers__redirects_are_not_followed_and_bodies_are_cut(mock):
    """A redirect is a failed attempt; nothing is sent to where it leads."""
    with receiving(lambda _: 302) as receiver:
        completed(mock.add_webhook(Registration("kyve", receiver.url)))
        _create(mock, "kyve", pace="manual")
        (entry,) = _attempts(mock, "kyve", 1)
        assert (entry["status"], entry["next_at"]) == (302, NOW + 5_000)
    assert [one.path for one in receiver.received] == ["/hook"]


def test_log__has_request_answer_latency_and_next_try(mock):
    """Whoever looks for a lost delivery finds what was sent and what came of it."""
    with receiving() as receiver:
        endpoint, _ = completed(mock.add_webhook(Registration("kyve", receiver.url)))
        made = _create(mock, "kyve", pace="manual")
        (entry,) = _attempts(mock, "kyve", 1)
    request = receiver.received[0]
    assert entry["body"].encode() == request.body
    assert entry["headers"]["KYC-Signature"] == request.headers["KYC-Signature"]
    assert (entry["status"], entry["answer"], entry["failure"], entry["next_at"]) == (200, "ok", None, None)
    assert (entry["session"], entry["endpoint"], entry["url"]) == (made["id"], endpoint.id, receiver.url)
    assert entry["milliseconds"] > 0


def test_unreachable__a_refused_connection_is_tried_again(mock):
    """Nobody listens: the attempt fails with the reason."""
    with receiving() as receiver:
        pass
    completed(mock.add_webhook(Registration("kyve", receiver.url)))
    _create(mock, "kyve", pace="manual")
    (entry,) = _attempts(mock, "kyve", 1)
    assert (entry["status"], entry["failure"], entry["next_at"]) == (None, "connection refused", NOW + 5_000)


@pytest.mark.parametrize(
    "url",
    ["http://kyc.example/hook", "ftp://127.0.0.1/", "http://127.0.0.1.example/", "127.0.0.1:9000", "http://u:p@127.0.0.1/"],
)
def test_targets__are_this_machine_or_named(mock, url):
    """A mock writes to no stranger; a host that was named is allowed."""
    with pytest.raises(SettingError, match="webhook target"):
        completed(mock.add_webhook(Registration("kyve", url)))
    check_url("https://kyc.example/hook", ["kyc.example"])


@pytest.mark.parametrize("named", ["Example.COM", "example.com", "EXAMPLE.com"])
def test_targets__a_host_has_no_case(named):
    """RFC 3986, section 3.2.2: the host that was named is the host of the target, however the two are written."""
    for url in ("http://example.com/hook", "https://EXAMPLE.com:8443/Hook"):
        check_url(url, [named])
        with pytest.raises(SettingError, match=r"--webhook-host example\.com"):
            check_url(url, ["other.example"])


def test_existing_sessions__are_told_from_the_registration_on(mock):
    """What happened before is not told; what happens afterwards is."""
    made = _create(mock, "kyve")
    _forward(mock, seconds=25)
    with receiving() as receiver:
        _, keys = completed(mock.add_webhook(Registration("kyve", receiver.url)))
        _forward(mock, minutes=10)
        found = [verify("kyve", one.headers, one.body, keys["secret"], now=_sent("kyve", one)) for one in receiver.wait_for(3)]
    assert [one.body["data"]["object"]["status"] for one in found] == ["in_progress", "completed", "completed"]
    assert {one.session_id for one in found} == {made["id"]}


def test_cancel__a_move_by_a_request_is_told_at_once(mock):
    """Canceling by the vendor's own operation fires the event of that move."""
    with receiving() as receiver:
        _, keys = completed(mock.add_webhook(Registration("kyve", receiver.url)))
        made = _create(mock, "kyve", pace="manual")
        headers = {"Authorization": "Bearer ak_test_specimen"}
        assert send(mock, "POST", f"/kyve/v1/sessions/{made['id']}/cancel", headers, None)[0] == 200
        last = receiver.wait_for(2)[1]
        found = verify("kyve", last.headers, last.body, keys["secret"], now=NOW // 1000)
    assert (found.type, found.body["data"]["object"]["status"]) == ("verification.updated", "canceled")


def test_many_idle_sessions__cost_nothing(mock):
    """Sessions that do not move have no task in the outbox that is due."""
    with receiving() as receiver:
        completed(mock.add_webhook(Registration("kayle", receiver.url)))
        for _ in range(20):
            _create(mock, "kayle", pace="manual")
        state = mock.mounted["kayle"].shared_state
        deadline = time.monotonic() + WAIT_SECONDS
        while completed(state.store.next_due(Space("default", "kayle"))) <= mock.clock.now():
            assert time.monotonic() < deadline
            time.sleep(0.005)
    assert receiver.received == []


@pytest.mark.parametrize("fault", ["wrong_signature", "wrong_key", "stale_timestamp"])
@pytest.mark.parametrize("name", ["kyve", "kayle", "idnow"])
def test_faults__a_receiver_that_verifies_refuses_them(mock, name, fault):
    """Each fault is refused for its own reason."""
    with receiving() as receiver:
        _, keys = completed(mock.add_webhook(Registration(name, receiver.url, faults=(fault,))))
        _create(mock, name, "cancelled" if name == "kayle" else None)
        _forward(mock, seconds=30 if name == "kayle" else 0)
        request = receiver.wait_for(1)[0]
        given = _public_keys(mock) if name == "idnow" else keys
    error = {"wrong_signature": WrongSignature, "stale_timestamp": OutsideTolerance}.get(fault, WebhookError)
    with pytest.raises(error) as caught:
        verify(name, request.headers, request.body, given, now=mock.clock.now() // 1000)
    if fault == "wrong_key":
        assert isinstance(caught.value, WrongSignature if name == "kyve" else UnknownKey)


def test_faults__duplicate_delay_and_reorder(mock):
    """An event comes twice; is late; comes after a later one."""
    with receiving() as twice, receiving() as late, receiving() as mixed:
        for receiver, fault in ((twice, "duplicate"), (late, "delay"), (mixed, "reorder")):
            completed(mock.add_webhook(Registration("kyve", receiver.url, faults=(fault,))))
        _create(mock, "kyve")
        first, second = twice.wait_for(2)
        assert (first.body, first.headers["KYC-Signature"]) == (second.body, second.headers["KYC-Signature"])
        assert late.received == []
        _forward(mock, seconds=60)
        late.wait_for(1)
        _forward(mock, minutes=10)
        types = [json.loads(one.body)["data"]["object"]["status"] for one in mixed.wait_for(5)]
    assert types != sorted(types, key=["created", "requires_input", "in_progress", "completed"].index)
