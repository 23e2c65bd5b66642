"""Recordings that hold calls of the vendor beside its deliveries: these say what must have come."""

from __future__ import annotations

import json

import httpx
import pytest
from typer.testing import CliRunner

from specimen.cli import app as command_line
from specimen.fixtures.primitives.times import iso_millis
from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Pace, Settings
from specimen.mockserver.webhooks import keys
from tests.mockserver.calling import NOW
from tests.mockserver.webhooks.receiver import receiving

PRIVATE = keys.new_rsa_key("receiver")
KEY = {"key_id": "receiver", "algorithm": "RSA-OAEP-256", "key_type": "RSA", "jwk": keys.public_part(PRIVATE)}
TOKEN, OTHER = "kk_live_specimen", "kk_live_other_organization"
SUCCEEDED, CANCELLED, FAILED = (f"verification.session.{end}" for end in ("succeeded", "cancelled", "failed"))


class Desk:
    """A client of a mock that records what is asked and what comes, as a proxy in between does. Its time is the mock's."""

    def __init__(self, url, receiver):
        self._url, self._receiver, self._secret = f"{url}/kayle/v1", receiver, ""
        self._control = f"{url}/_specimen/v1"
        self.now, self.entries = NOW, []

    def forward(self, seconds=60):
        """Moves the clock."""
        assert httpx.post(f"{self._control}/clock/forward", json={"seconds": seconds}).is_success
        self.now += seconds * 1000

    def call(self, method, path, body=None, token=TOKEN):
        """The data of an operation's answer."""
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.request(method, self._url + path, headers=headers, **({} if body is None else {"json": body}))
        assert answer.is_success, answer.text
        sent = {} if body is None else {"postData": {"mimeType": "application/json", "text": json.dumps(body)}}
        self._note(answer.request, sent, answer.status_code, answer)
        return answer.json()["data"] if answer.content else None

    def _note(self, request, sent, status, answer=None):
        shown = [{"name": name, "value": value} for name, value in ({} if answer is None else answer.headers).items()]
        content = {"mimeType": "application/json", "text": "" if answer is None else answer.text}
        self.entries.append(
            {
                "startedDateTime": iso_millis(self.now),
                "time": 0,
                "request": {
                    "method": request.method,
                    "url": str(request.url),
                    "headers": [{"name": name, "value": value} for name, value in request.headers.items()],
                    **sent,
                },
                "response": {"status": status, "headers": shown, "content": content},
            }
        )

    def endpoint(self, **more):
        """The id of a new endpoint at the receiver, which has a key."""
        made = self.call("POST", "/webhooks/endpoints", {"url": self._receiver.url, **more})
        self._secret = made["signing_secret"]
        self.call("POST", f"/webhooks/endpoints/{made['endpoint']['id']}/keys", KEY)
        return made["endpoint"]["id"]

    def session(self, end="cancel", *, token=TOKEN, arrives=True, **body):
        """A session that is canceled, or succeeds, and is read; its delivery is recorded unless it was lost."""
        count = len(self._receiver.received)
        made = self.call("POST", "/sessions", body, token)["id"]
        if end == "cancel":
            self.call("POST", f"/sessions/{made}/cancel", token=token)
        else:
            for state in ("in_progress", "succeeded"):
                path = f"{self._control}/sessions/kayle/{made}/transition"
                assert httpx.post(path, json={"to": state}).is_success
        self.call("GET", f"/sessions/{made}", token=token)
        if arrives:
            came = self._receiver.wait_for(count + 1)[count]
            request = httpx.Request("POST", self._receiver.url, headers=came.headers)
            self._note(request, {"postData": {"text": came.body.decode()}}, 200)
        self.forward()

    def checked(self, folder, *arguments):
        """What `webhooks check` says: its exit code, and the types that are missing."""
        har, file = folder / "all.har", folder / "keys.json"
        har.write_text(json.dumps({"log": {"entries": self.entries}}), encoding="utf-8")
        file.write_text(json.dumps({"secret": self._secret, "private_key": PRIVATE}), encoding="utf-8")
        command = ["webhooks", "check", str(har), "kayle", "--keys", str(file), "--json", *arguments]
        found = json.loads(CliRunner().invoke(command_line, command).stdout)
        assert {one["rule"] for one in found["found"]} <= {"WHK-006"}
        return found["exit_code"], [one["event"] for one in found["found"]]


@pytest.fixture
def desk():
    """With a mock of Kayle ID and a receiver."""
    app = build_app(Settings(providers=("kayle",), now=NOW, freeze=True, pace=Pace.parse("manual")))
    with running(app) as url, receiving() as receiver:
        yield Desk(url, receiver)


def test_check__all_that_the_endpoint_wants_has_come(desk, tmp_path):
    """Of sessions that it is subscribed to; what it is not subscribed to need not come."""
    desk.endpoint(subscribed_event_types=[SUCCEEDED])
    desk.session("succeed")
    desk.session(arrives=False)
    desk.session("succeed")
    desk.call("GET", "/sessions")
    assert desk.checked(tmp_path) == (0, [])


def test_check__a_wanted_event_that_never_came_is_missing(desk, tmp_path):
    """Though no event of its type ever came: the creation of the endpoint says that it wants them."""
    desk.endpoint(subscribed_event_types=[SUCCEEDED, CANCELLED])
    desk.session("succeed")
    desk.session(arrives=False)
    desk.call("GET", "/sessions")
    assert desk.checked(tmp_path) == (1, [CANCELLED])
    assert desk.checked(tmp_path, "--type", SUCCEEDED) == (0, [])


def test_check__an_endpoint_without_a_list_wants_all(desk, tmp_path):
    """As its answer says."""
    desk.endpoint()
    desk.session()
    desk.session("succeed", arrives=False)
    desk.call("GET", "/sessions")
    assert desk.checked(tmp_path) == (1, [SUCCEEDED])


@pytest.mark.parametrize("change", [{"enabled": False}, {"subscribed_event_types": [FAILED]}])
def test_check__an_endpoint_that_was_changed_wants_what_it_wanted_all_the_time(desk, tmp_path, change):
    """Whether the change came first is not known of every event."""
    endpoint = desk.endpoint()
    desk.session()
    desk.call("PATCH", f"/webhooks/endpoints/{endpoint}", change)
    desk.session(arrives=False)
    desk.call("GET", "/sessions")
    assert desk.checked(tmp_path) == (0, [])


def test_check__sessions_of_which_it_need_not_hear(desk, tmp_path):
    """Those of before it worked, of another account, those that name another endpoint, and one at the end of the recording."""
    desk.session(arrives=False)
    desk.endpoint()
    desk.session()
    desk.session(token=OTHER, arrives=False)
    elsewhere = desk.call("POST", "/webhooks/endpoints", {"url": "https://shop.example/hooks"})["endpoint"]["id"]
    desk.session(webhook_endpoint_id=elsewhere, arrives=False)
    desk.session(arrives=False)
    assert desk.checked(tmp_path) == (0, [])
    desk.call("GET", "/sessions")  # a minute later: nothing of the last one is on its way any more
    assert desk.checked(tmp_path) == (1, [CANCELLED])
