"""Kayle ID's own operations on webhooks: endpoints, keys, events, deliveries."""

from __future__ import annotations

import time

import pytest

from specimen.fixtures.primitives.times import iso_millis
from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Pace, Settings
from specimen.mockserver.testing.in_process import completed
from specimen.mockserver.webhooks import keys
from specimen.webhooks import WrongSignature, verify
from tests.mockserver.calling import NOW, ask
from tests.mockserver.webhooks.receiver import WAIT_SECONDS, receiving

API = "/kayle/v1/webhooks"
LIVE, OTHER = "Bearer kk_live_specimen", "Bearer kk_live_other_organization"
PRIVATE = keys.new_rsa_key("orders-2026")
KEY = {"key_id": "orders-2026", "algorithm": "RSA-OAEP-256", "key_type": "RSA"}


@pytest.fixture
def mock():
    """A mock on a port of its own, whose clock stands still."""
    app = build_app(Settings(providers=("kayle",), now=NOW, freeze=True, pace=Pace.parse("realtime")))
    with running(app):
        yield app


def _call(app, method, path, body=None, auth=LIVE, status=200):
    answer = ask(app, method, API + path, {"Authorization": auth}, **({} if body is None else {"json": body}))
    assert answer.status_code == status, answer.text
    return answer.json()["data"]


def _endpoint(app, url, **more):
    made = _call(app, "POST", "/endpoints", {"url": url, **more})
    return made["endpoint"], made["signing_secret"]


def _with_key(app, endpoint):
    jwk = {name: value for name, value in PRIVATE.items() if name in ("kty", "n", "e")}
    return _call(app, "POST", f"/endpoints/{endpoint['id']}/keys", {**KEY, "jwk": jwk})


def _cancelled(app, auth=LIVE, **body):
    session = ask(app, "POST", "/kayle/v1/sessions", {"Authorization": auth}, json=body).json()["data"]
    assert ask(app, "POST", f"/kayle/v1/sessions/{session['id']}/cancel", {"Authorization": auth}).status_code == 204
    return session


def _until(found, wanted):
    deadline = time.monotonic() + WAIT_SECONDS
    while not wanted(shown := found()):
        assert time.monotonic() < deadline, shown
        time.sleep(0.005)
    return shown


def test_endpoint__is_made_shown_changed_and_deleted(mock):
    """The secret is answered once; what a change leaves out stays; what is deleted is gone."""
    made, secret = _endpoint(mock, "https://shop.example/hooks", name="Orders", labels=["a"])
    assert secret.startswith("whsec_")
    assert len(made["subscribed_event_types"]) == 4
    shown = _call(mock, "GET", f"/endpoints/{made['id']}")
    assert shown == made
    assert secret not in str(_call(mock, "GET", "/endpoints"))
    newer = _call(mock, "PATCH", f"/endpoints/{made['id']}", {"enabled": False, "subscribed_event_types": []})
    assert newer == {**made, "enabled": False, "subscribed_event_types": [], "disabled_at": iso_millis(NOW)}
    assert _call(mock, "GET", "/endpoints?enabled=true") == []
    assert _call(mock, "DELETE", f"/endpoints/{made['id']}")["status"] == "success"
    _call(mock, "GET", f"/endpoints/{made['id']}", status=404)
    _call(mock, "DELETE", f"/endpoints/{made['id']}", status=404)


def test_endpoint__is_its_organizations_own(mock):
    """Another organization neither sees it nor changes it, nor hears of sessions that are not its own."""
    made, _ = _endpoint(mock, "https://shop.example/hooks")
    key = _with_key(mock, made)
    assert _call(mock, "GET", "/endpoints", auth=OTHER) == []
    for method, path, body in (
        ("GET", f"/endpoints/{made['id']}", None),
        ("PATCH", f"/endpoints/{made['id']}", {"enabled": False}),
        ("DELETE", f"/endpoints/{made['id']}", None),
        ("POST", f"/endpoints/{made['id']}/signing-secret/reveal", None),
        ("POST", f"/keys/{key['id']}/deactivate", None),
    ):
        _call(mock, method, path, body, auth=OTHER, status=404)
    _cancelled(mock, auth=OTHER)
    session = _cancelled(mock)
    events = _until(lambda: _call(mock, "GET", "/events"), bool)
    assert [one["trigger_id"] for one in events] == [session["id"]]
    assert _call(mock, "GET", "/events", auth=OTHER) == []
    assert _call(mock, "GET", "/deliveries", auth=OTHER) == []


def test_session__names_endpoints_that_are_enabled_and_its_own(mock):
    """Only the named endpoint hears of it; a disabled one, and another organization's, cannot be named."""
    made, _ = _endpoint(mock, "https://shop.example/hooks")
    other, _ = _endpoint(mock, "https://shop.example/other")
    body = {"webhook_endpoint_id": made["id"]}
    _cancelled(mock, **body)
    found = _until(lambda: _call(mock, "GET", "/deliveries"), bool)
    assert {one["webhook_endpoint_id"] for one in found} == {made["id"]}
    _call(mock, "PATCH", f"/endpoints/{other['id']}", {"enabled": False})
    for auth, named in ((LIVE, [made["id"], other["id"]]), (OTHER, made["id"])):
        answer = ask(mock, "POST", "/kayle/v1/sessions", {"Authorization": auth}, json={"webhook_endpoint_id": named})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "WEBHOOK_ENDPOINT_UNAVAILABLE")


@pytest.mark.parametrize("url", ["http://shop.example/hooks", "ftp://127.0.0.1/", "shop.example", ""])
def test_endpoint__goes_to_https_or_to_this_machine(mock, url):
    """The vendor's own refusal."""
    answer = ask(mock, "POST", f"{API}/endpoints", {"Authorization": LIVE}, json={"url": url})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BAD_REQUEST")


def test_endpoint__of_a_stranger_gets_nothing(mock):
    """It can be registered, as at the vendor; a host that nobody named is not written to."""
    made, _ = _endpoint(mock, "https://kyc.example/hooks")
    _with_key(mock, made)
    _cancelled(mock)
    (one,) = _until(lambda: _call(mock, "GET", "/deliveries?status=failed"), bool)
    assert (one["attempt_count"], one["last_status_code"]) == (1, None)


def test_delivery__is_encrypted_for_the_uploaded_key_and_signed(mock):
    """Rotation ends the old secret at once; the newest active key is used; without one the delivery fails."""
    with receiving() as receiver:
        made, secret = _endpoint(mock, receiver.url)
        key = _with_key(mock, made)
        session = _cancelled(mock)
        first = receiver.wait_for(1)[0]
        found = verify("kayle", first.headers, first.body, {"secret": secret, "private_key": PRIVATE}, now=NOW // 1000)
        assert (found.type, found.session_id) == ("verification.session.cancelled", session["id"])
        newer = _call(mock, "POST", f"/endpoints/{made['id']}/signing-secret/rotate")["signing_secret"]
        assert _call(mock, "POST", f"/endpoints/{made['id']}/signing-secret/reveal")["signing_secret"] == newer
        _cancelled(mock)
        second = receiver.wait_for(2)[1]
        verify("kayle", second.headers, second.body, {"secret": newer, "private_key": PRIVATE}, now=NOW // 1000)
        with pytest.raises(WrongSignature):
            verify("kayle", second.headers, second.body, {"secret": secret, "private_key": PRIVATE}, now=NOW // 1000)
        delivered = _until(lambda: _call(mock, "GET", "/deliveries?status=succeeded"), lambda found: len(found) == 2)
        assert {(one["webhook_encryption_key_id"], one["payload_retention_reason"]) for one in delivered} == {
            (key["id"], "delivered")
        }
        assert _call(mock, "POST", f"/keys/{key['id']}/deactivate")["is_active"] is False
        assert _call(mock, "GET", f"/endpoints/{made['id']}/keys?is_active=true") == []
        _cancelled(mock)
        (failed,) = _until(lambda: _call(mock, "GET", "/deliveries?status=failed"), bool)
        assert failed["payload_retention_reason"] == "no_active_key"
        _call(mock, "POST", f"/deliveries/{failed['id']}/retry", status=409)
        assert _call(mock, "POST", f"/keys/{key['id']}/reactivate")["disabled_at"] is None
        _cancelled(mock)
        receiver.wait_for(3)


def test_private_key__is_not_answered(mock):
    """Who uploads a whole key by mistake does not find it in answers."""
    made, _ = _endpoint(mock, "https://shop.example/hooks")
    whole = {name: value for name, value in PRIVATE.items() if isinstance(value, str)}
    _call(mock, "POST", f"/endpoints/{made['id']}/keys", {**KEY, "jwk": whole})
    assert PRIVATE["d"] not in str(_call(mock, "GET", f"/endpoints/{made['id']}/keys"))


def test_retry_and_replay__send_what_has_failed_while_its_payload_is_kept(mock):
    """What waits is in progress; what has failed is sent again; what was delivered, or has expired, is not kept."""
    is_down = True
    with receiving(lambda _: 503 if is_down else 200) as receiver:
        made, _ = _endpoint(mock, receiver.url, undelivered_payload_retention_hours=24)
        _with_key(mock, made)
        _cancelled(mock)
        (waiting,) = _until(lambda: _call(mock, "GET", "/deliveries"), lambda found: found and found[0]["attempt_count"] == 1)
        assert waiting["status"] == "pending"
        _call(mock, "POST", f"/deliveries/{waiting['id']}/retry", status=409)
        _call(mock, "POST", f"/events/{waiting['event_id']}/replay", status=409)
        for number in range(2, 9):
            completed(mock.forward(36_000_000, "default"))
            receiver.wait_for(number)
        (failed,) = _until(lambda: _call(mock, "GET", "/deliveries?status=failed"), bool)
        assert (failed["attempt_count"], failed["payload_retention_reason"]) == (8, "terminal_failure_retention")
        event = _call(mock, "POST", f"/events/{failed['event_id']}/replay", status=202)
        assert event["deliveries"][0]["status"] == "pending"
        receiver.wait_for(9)
        _until(lambda: _call(mock, "GET", "/deliveries?status=pending"), lambda found: found and found[0]["attempt_count"] == 1)
        for number in range(10, 17):
            completed(mock.forward(36_000_000, "default"))
            receiver.wait_for(number)
        _until(lambda: _call(mock, "GET", "/deliveries?status=failed"), bool)
        is_down = False
        assert _call(mock, "POST", f"/deliveries/{failed['id']}/retry")["status"] == "pending"
        _until(lambda: _call(mock, "GET", "/deliveries?status=succeeded"), bool)
        _call(mock, "POST", f"/deliveries/{failed['id']}/retry", status=409)


def test_lists__are_pages_newest_first(mock):
    """`next_cursor` leads to the rest; filters leave out the others."""
    made, _ = _endpoint(mock, "https://shop.example/hooks")
    for _ in range(3):
        _cancelled(mock)
        completed(mock.forward(1_000, "default"))
    _until(lambda: _call(mock, "GET", "/events"), lambda found: len(found) == 3)
    answer = ask(mock, "GET", f"{API}/events?limit=2", {"Authorization": LIVE}).json()
    assert answer["pagination"] == {"limit": 2, "has_more": True, "next_cursor": answer["data"][-1]["id"]}
    rest = _call(mock, "GET", f"/events?starting_after={answer['pagination']['next_cursor']}")
    times = [one["created_at"] for one in [*answer["data"], *rest]]
    assert times == sorted(times, reverse=True)
    assert len(times) == 3
    assert _call(mock, "GET", f"/events?created_from={times[0]}") == answer["data"][:1]
    assert _call(mock, "GET", "/events?type=verification.session.failed") == []
    assert len(_call(mock, "GET", f"/deliveries?endpoint_id={made['id']}&event_id={answer['data'][0]['id']}")) == 1
    assert _call(mock, "GET", "/deliveries?endpoint_id=whe_other") == []
    assert _call(mock, "GET", f"/events/{answer['data'][0]['id']}") == answer["data"][0]


def test_lists__are_newest_first_also_while_the_clock_stands_still(mock):
    """Endpoints by their creation, the events of a session by its moves."""
    made = [_endpoint(mock, f"https://shop.example/{number}")[0]["id"] for number in range(5)]
    assert [one["id"] for one in _call(mock, "GET", "/endpoints")] == made[::-1]
    for _ in range(4):
        _withdrawn(mock)
    events = _until(lambda: _call(mock, "GET", "/events"), lambda found: len(found) == 8)
    deliveries = _until(lambda: _call(mock, "GET", "/deliveries?limit=100"), lambda found: len(found) == 8 * len(made))
    ids = {one["id"]: one for one in events}
    for found in (events, [ids[one["event_id"]] for one in deliveries]):
        for session in {one["trigger_id"] for one in found}:
            types = [one["type"].rpartition(".")[2] for one in found if one["trigger_id"] == session]
            assert types == sorted(types) == ["cancelled"] * (len(types) // 2) + ["succeeded"] * (len(types) // 2)


def _withdrawn(mock):
    """A session that succeeds by two reads, and is withdrawn at once."""
    made = ask(mock, "POST", "/kayle/v1/sessions", {"Authorization": LIVE, "Prefer": "pace=polls:1"}, json={}).json()["data"]
    for _ in range(2):
        shown = ask(mock, "GET", f"/kayle/v1/sessions/{made['id']}", {"Authorization": LIVE}).json()["data"]
    assert shown["status"] == "succeeded"
    path = f"/kayle/v1/verify/session/{made['id']}/cancel"
    assert ask(mock, "POST", path, {}, json={"cancel_token": made["cancel_token"]}).status_code == 204


def _story(**settings):
    """What the operations answer that make ids and secrets, one after the other."""
    app = build_app(Settings(providers=("kayle",), now=NOW, freeze=True, **settings))
    first, second = (_call(app, "POST", "/endpoints", {"url": "https://shop.example/hooks"}) for _ in range(2))
    key = _with_key(app, first["endpoint"])
    rotated = _call(app, "POST", f"/endpoints/{first['endpoint']['id']}/signing-secret/rotate")
    return [first, second, key, rotated, _call(app, "GET", "/endpoints")]


def test_ids_and_secrets__derive_from_the_seed():
    """The same calls give the same bytes, with another seed others; no two endpoints share an id or a secret."""
    one = _story(seed=7)
    assert _story(seed=7) == one
    assert not {entry["endpoint"]["id"] for entry in one[:2]} & {entry["endpoint"]["id"] for entry in _story(seed=8)[:2]}
    secrets = [entry["signing_secret"] for entry in (*one[:2], one[3], *_story(seed=8)[:2])]
    assert len(set(secrets)) == len(secrets)
