"""Deliveries of a sandbox whose clock was moved: refused by this machine's time, accepted by the sender's."""

from __future__ import annotations

import json
import time

import httpx
import pytest
from typer.testing import CliRunner

from specimen import specs
from specimen.cli import app as command_line
from specimen.contracts.webhooks.listener import Listener
from specimen.contracts.webhooks.sender_clock import SenderClock
from specimen.contracts.webhooks.watching import Watch, WatchServer
from specimen.fixtures.primitives.times import iso_millis
from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Settings
from specimen.mockserver.testing.in_process import completed
from specimen.specs import SpecimenError
from tests.contracts.webhooks.receivers import SECRET, forger

DAY = 86_400


@pytest.fixture
def sandbox():
    """A mock of Kyve on a port, and its URL."""
    app = build_app(Settings(providers=("kyve",)))
    with running(app) as url:
        yield app, url


def _sent_in_a_day():
    """A genuine delivery, signed by a clock that is a day ahead."""
    made = forger("kyve")
    return made.sealed(made.event("one"), sent_at=made.now + DAY)


@pytest.mark.parametrize("below", ["", "/kyve", "/"])
def test_clock__follows_a_sandbox(sandbox, below):
    """It is asked each time: what is forwarded later counts too."""
    app, url = sandbox
    clock = SenderClock(url + below)
    assert abs(clock.offset_seconds) < DAY / 2
    for days in (1, 2):
        completed(app.forward(DAY * 1000))
        assert round(clock.offset_seconds / DAY) == days
        assert round((clock.now() - time.time()) / DAY) == days


def test_clock__goes_on_where_the_sandbox_has_gone(sandbox):
    """By what it said last."""
    app, _ = sandbox
    with running(app) as url:
        completed(app.forward(DAY * 1000))
        clock = SenderClock(url)
    assert round(clock.offset_seconds / DAY) == 1


@pytest.mark.parametrize("given", ["nan", "inf", "1e300", "tomorrow", "http://127.0.0.1:9", "ftp://127.0.0.1"])
def test_clock__refuses_what_tells_no_time(given):
    """The sentence names the option."""
    with pytest.raises(SpecimenError, match="--webhook-clock"):
        SenderClock(given, "--webhook-clock")


def test_listener__accepts_what_a_forwarded_sandbox_sends(sandbox):
    """By the sandbox's clock; without it the refusal names the option."""
    app, url = sandbox
    completed(app.forward(DAY * 1000))
    whole, provider = _sent_in_a_day(), specs.load("kyve")
    listener = Listener(provider, lambda: SECRET, print, clock=SenderClock(url))
    heard = listener.judged(whole.headers, whole.body)
    assert (heard.status, heard.error) == (200, "")
    assert round((heard.at - time.time()) / DAY) == 1
    refused = Listener(provider, lambda: SECRET, print).judged(whole.headers, whole.body)
    assert refused.status == 400
    assert "--clock" in refused.error


@pytest.mark.parametrize("clock", [None, str(DAY)])
def test_watch__judges_by_the_senders_clock(clock):
    """What comes while `verify` runs."""
    watch = Watch(specs.load("kyve"), SECRET, refuses_first=False, clock=None if clock is None else SenderClock(clock))
    server, whole = WatchServer(watch, 0), _sent_in_a_day()
    try:
        assert httpx.post(server.url, content=whole.body, headers=dict(whole.headers)).status_code == 200
    finally:
        server.close()
    found = [one for one in watch.judgement().violations if one.rule == "WHK-001"]
    assert ["--webhook-clock" in one.got for one in found] == ([True] if clock is None else [])


def test_check__moves_recorded_times(tmp_path):
    """A recording by this machine's clock, of a sender that was a day ahead."""
    whole, file = _sent_in_a_day(), tmp_path / "hooks.har"
    request = {
        "method": "POST",
        "headers": [{"name": name, "value": value} for name, value in whole.headers.items()],
        "postData": {"text": whole.body.decode()},
    }
    entry = {"startedDateTime": iso_millis(int(time.time() * 1000)), "request": request}
    file.write_text(json.dumps({"log": {"entries": [entry]}}), encoding="utf-8")
    for more, is_broken in (([], True), (["--clock", str(DAY)], False)):
        done = CliRunner().invoke(command_line, ["webhooks", "check", str(file), "kyve", "--secret", SECRET, "--json", *more])
        broken = [one["got"] for one in json.loads(done.stdout)["found"] if one["rule"] == "WHK-001"]
        assert ["--clock" in got for got in broken] == [True] * is_broken


def test_verify__refuses_a_clock_that_tells_no_time():
    """Before anything is sent."""
    arguments = ["--url", "http://127.0.0.1:9/", "--webhook-port", "9099", "--webhook-secret", SECRET, "--webhook-clock", "x"]
    done = CliRunner().invoke(command_line, ["verify", "kyve", *arguments])
    assert done.exit_code == 2
    assert "--webhook-clock" in done.output
