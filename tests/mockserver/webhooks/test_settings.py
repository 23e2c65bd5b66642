"""The endpoints that `serve --webhook` names: after a restart on the same store, and after a reset."""

from __future__ import annotations

import contextlib

import httpx
import pytest

from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Pace, Settings
from specimen.webhooks import WrongSignature, verify
from tests.mockserver.calling import NOW
from tests.mockserver.control.steering import control, created
from tests.mockserver.webhooks.receiver import receiving

FIRST, SECOND = "whsec_the_first_one", "whsec_the_second_one"


def _app(receiver, *names, **settings):
    targets = tuple((name, f"{receiver.url}?{name}") for name in names)
    return build_app(Settings(providers=names, now=NOW, freeze=True, pace=Pace.parse("instant"), webhooks=targets, **settings))


@contextlib.contextmanager
def _running(app):
    with running(app) as url:
        assert httpx.get(f"{url}/_specimen/v1/clock").status_code == 200  # once it has started
        yield url


def test_restart__signs_with_the_secret_that_is_given_now(tmp_path):
    """A store remembers the secret of the last run; another one on the command line ends it, and none keeps it."""
    with receiving() as receiver:
        for number, (given, used) in enumerate(((FIRST, FIRST), (SECOND, SECOND), (None, SECOND))):
            app = _app(receiver, "kyve", store=f"sqlite:///{tmp_path / 'store.db'}", webhook_secret=given)
            with _running(app):
                assert [one.receiver["secret"] for one in app.standing.endpoints] == [used]
                assert len(control(app, "GET", "/webhooks").json()["webhooks"]) == 1
                created(app, "kyve")
                request = receiver.wait_for(5 * number + 5)[5 * number]
                verify("kyve", request.headers, request.body, used, now=NOW // 1000)
                if number == 1:
                    with pytest.raises(WrongSignature):
                        verify("kyve", request.headers, request.body, FIRST, now=NOW // 1000)


def _replaced(app):
    exported = control(app, "GET", "/namespaces/default").json()
    return control(app, "PUT", "/namespaces/default", exported)


RESETS = {
    "namespace": lambda app: control(app, "POST", "/reset", {}),
    "server": lambda app: control(app, "POST", "/reset", {"scope": "server"}),
    "deleted": lambda app: control(app, "DELETE", "/namespaces/default"),
    "imported": _replaced,
}


@pytest.mark.parametrize("name", RESETS)
def test_reset__the_targets_hear_of_new_sessions(name):
    """With the secrets and keys that their receivers have, of every vendor; what others have registered is gone."""
    counts = {"kyve": 5, "kayle": 1, "idnow": 2}
    with receiving() as receiver, receiving() as other:
        app = _app(receiver, *counts)
        with _running(app):
            keys = {one.provider: one.receiver for one in app.standing.endpoints}
            keys["idnow"] = httpx.get(keys["idnow"]["jwks"]).json()
            control(app, "POST", "/webhooks", {"provider": "kyve", "url": other.url})
            assert RESETS[name](app).status_code in (200, 204)
            assert len(control(app, "GET", "/webhooks").json()["webhooks"]) == 3
            for provider in counts:
                created(app, provider)
            requests = receiver.wait_for(sum(counts.values()))
            found = [one.path.partition("?")[2] for one in requests]
            for provider, request in zip(found, requests, strict=True):
                verify(provider, request.headers, request.body, keys[provider], now=NOW // 1000)
    assert {provider: found.count(provider) for provider in counts} == counts
    assert other.received == []


def test_reset__of_another_namespace_registers_nothing_there():
    """The targets hear of the sessions of `default` alone."""
    with receiving() as receiver:
        app = _app(receiver, "kyve")
        with _running(app) as url, httpx.Client(base_url=f"{url}/_specimen/v1", headers={"Specimen-Namespace": "job-17"}) as http:
            assert http.post("/reset", json={}).status_code == 204
            assert http.get("/webhooks").json() == {"webhooks": []}
            assert len(control(app, "GET", "/webhooks").json()["webhooks"]) == 1
