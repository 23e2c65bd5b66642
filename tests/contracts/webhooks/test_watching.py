"""`verify --webhook-port`: what an implementation sends during the walk, held against the sessions that were seen."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from specimen import specs
from specimen.cli import app as command_line
from specimen.contracts.verify.runner import verify
from specimen.contracts.webhooks.rules.delivery_rules import judged
from specimen.contracts.webhooks.rules.rule_set import rules
from specimen.contracts.webhooks.watching import Watch, WatchServer
from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Settings
from specimen.mockserver.testing.in_process import completed
from specimen.mockserver.webhooks.attempts import token_key
from specimen.mockserver.webhooks.keys import public_part
from specimen.mockserver.webhooks.registration import Registration
from specimen.specs import SpecimenError
from tests.contracts.webhooks.lives import life
from tests.contracts.webhooks.receivers import RECEIVERS_KEY, SECRET, forger, receiver_keys, verified

# A session of each vendor that ends, and the type that tells of it.
ENDS = {"kyve": "completed", "kayle": "succeeded", "idnow": "completed"}


def _broken(name, observed, sent):
    provider = specs.load(name)
    return [one.rule for one in judged(provider, provider.webhooks, sent, receiver_keys(name), observed=observed).violations]


@pytest.mark.parametrize("name", ENDS)
def test_rules__are_silent_where_all_is_told(name):
    """In every scenario, what the recipes send is what its session promises."""
    for scenario in specs.load(name).lifecycle.scenarios:
        assert _broken(name, *life(name, scenario)) == []


@pytest.mark.parametrize("name", ENDS)
def test_promised__each_event_that_did_not_come_is_found(name):
    """Without any delivery, and without the last one."""
    observed, sent = life(name, next(iter(specs.load(name).lifecycle.scenarios)))
    assert set(_broken(name, observed, [])) == {"WHK-006"}
    assert set(_broken(name, observed, sent[:-1])) == {"WHK-006"}


def _of_steps(sent):
    """The places of the events of transitions among Kyve's deliveries."""
    return [place for place, one in enumerate(sent) if json.loads(one.body)["type"] == "verification.updated"]


@pytest.mark.parametrize("scenario", ["review_approved", "completed", "canceled_in_progress", "expired_created"])
def test_promised__each_event_of_a_transition_that_did_not_come_is_found(scenario):
    """All states were seen; any one of Kyve's `verification.updated` is left out, all but one, or all."""
    observed, sent = life("kyve", scenario, sees_all=True)
    steps = _of_steps(sent)
    assert len(steps) == len(next(iter(observed.states.values()))) - 1
    for missing in ([place] for place in steps):
        left = [one for place, one in enumerate(sent) if place not in missing]
        assert _broken("kyve", observed, left) == ["WHK-006"], missing
    left = [one for place, one in enumerate(sent) if place not in steps[1:]]
    assert _broken("kyve", observed, left) == ["WHK-006"] * (len(steps) - 1)


def test_promised__an_event_of_a_transition_may_show_a_later_status():
    """The session as it was when the event was sent; an earlier status tells of nothing new."""
    observed, sent = life("kyve", "review_approved", sees_all=True)
    made, steps = forger("kyve"), _of_steps(sent)

    def shown(place, other):
        clear = json.loads(sent[place].body) | {"data": json.loads(sent[other].body)["data"]}
        forged = made.sealed(clear, sent_at=int(sent[place].at))
        changed = replace(sent[place], headers=forged.headers, body=forged.body)
        return [changed if number == place else one for number, one in enumerate(sent)]

    assert _broken("kyve", observed, shown(steps[0], steps[1])) == []
    assert "WHK-006" in _broken("kyve", observed, shown(steps[-1], steps[0]))


def test_promised__a_status_that_an_event_shows_has_its_transition():
    """Without any read: what `verification.completed` shows, `verification.updated` has told of."""
    _, sent = life("kyve", "completed")
    steps = _of_steps(sent)
    assert _broken("kyve", None, sent) == []
    assert _broken("kyve", None, [one for place, one in enumerate(sent) if place not in steps]) == ["WHK-006"]
    assert _broken("kyve", None, [one for place, one in enumerate(sent) if place != steps[-1]]) == ["WHK-006"]


@pytest.mark.parametrize("name", ["kyve", "idnow"])
def test_promised__nothing_is_missed_behind_a_refused_delivery(name):
    """A sender that keeps the order of a session holds back what follows, until its next attempt or after the last one."""
    provider = specs.load(name)
    observed, (first, *_) = life(name, provider.lifecycle.default.name)
    refused, waits = replace(first, answered=503), provider.webhooks.retry_seconds

    def broken(*sent):
        made = judged(provider, provider.webhooks, sent, receiver_keys(name), observed=observed, until=sent[-1].at + 10)
        return {one.rule for one in made.violations}

    def after(seconds, status):
        forged = forger(name).sealed(verified(name, first).body, sent_at=int(first.at + seconds))
        return replace(first, at=first.at + seconds, headers=forged.headers, body=forged.body, answered=status)

    assert broken(refused) == set()
    assert broken(refused, after(waits[0], 200)) == {"WHK-006"}
    assert broken(refused, *(after(sum(waits[:number]), 503) for number in range(1, len(waits) + 1))) == {"WHK-006"}


@pytest.mark.parametrize("name", ENDS)
def test_wait__ends_once_the_refused_delivery_came_again(name):
    """It is known by its event: what is encrypted, or says when it is sent, is another body each time."""
    _, sent = life(name, specs.load(name).lifecycle.default.name)
    forged = forger(name).sealed(verified(name, sent[0]).body, sent_at=int(sent[0].at) + 5)
    again = replace(sent[0], at=sent[0].at + 5, headers=forged.headers, body=forged.body)
    for came, is_over in ((sent, False), ([*sent, again], True)):
        watch, slept = Watch(specs.load(name), receiver_keys(name)), []
        answers = [watch.take(one.headers, one.body, one.at) for one in came]
        assert answers == [503, *[200] * (len(came) - 1)]
        watch.wait(slept.append, lambda slept=slept: float(len(slept)))  # a second each time
        assert (not slept) == is_over


@pytest.mark.parametrize(("name", "scenario", "state"), [("kayle", "succeeded", "expired"), ("kyve", "completed", "canceled")])
def test_excluded__an_event_of_another_end_is_found(name, scenario, state):
    """The session ended otherwise than the event says."""
    assert "WHK-008" in _broken(name, *life(name, scenario, state))


def test_excluded__a_state_between_may_have_been_missed():
    """A withdrawn session has succeeded before, which no read has shown: no false alarm."""
    assert "WHK-008" not in _broken("kayle", *life("kayle", "succeeded", "cancelled"))


def test_schedule__is_judged_by_the_answers():
    """Kayle's second attempt comes five seconds after a failed one; the eighth is the last; repetitions are allowed."""
    _, sent = life("kayle", "succeeded")
    (one,) = sent
    waits = specs.load("kayle").webhooks.retry_seconds

    def at(*times, status=503):
        return _broken("kayle", None, [replace(one, at=one.at + time, answered=status) for time in times])

    assert at(0, waits[0]) == []
    assert at(0, waits[0] + 20) == []
    assert at(0, 1) == ["WHK-007"]
    assert at(0, 100) == ["WHK-007"]
    assert at(0, 1, status=200) == []
    assert at(0, 1, status=None) == []


def test_rules__have_the_marks_of_the_schedule():
    """A broken schedule that no page states is a note."""
    assert rules(specs.load("kyve").webhooks)["WHK-007"].mark == "A"
    assert rules(specs.load("kayle").webhooks)["WHK-007"].mark == "P"


CREDENTIALS = {"kyve": "ak_test_specimen", "kayle": "kk_live_specimen", "idnow": "idnow-token-specimen"}


@pytest.fixture
def mock():
    """A mock with a real clock, in which sessions move ten times as fast as at the vendor."""
    app = build_app(Settings(providers=tuple(ENDS)))
    with running(app) as url:
        yield app, url


def _verified(url, watch, **more):
    name = watch.provider.name
    return verify(f"{url}/{name}", name, profile="smoke", auth=CREDENTIALS[name], driver="prefer", webhooks=watch, **more)


@pytest.mark.long("the refused delivery comes again after five seconds")
@pytest.mark.parametrize(("name", "fault"), [*((name, None) for name in ENDS), ("kyve", "wrong_signature")])
def test_verify__watches_what_comes_during_the_walk(mock, name, fault):
    """Our mock tells every session; a wrong signature is found; the first delivery, which was refused, comes again."""
    app, url = mock
    keys = {"keys": [public_part(_token_key(app))]} if name == "idnow" else receiver_keys(name)
    watch = Watch(specs.load(name), keys)
    server = WatchServer(watch, 0)
    try:
        faults = () if fault is None else (fault,)
        public_key = public_part(RECEIVERS_KEY) if name == "kayle" else None
        completed(app.add_webhook(Registration(name, f"{server.url}/hook", secret=SECRET, public_key=public_key, faults=faults)))
        found = _verified(url, watch)
    finally:
        server.close()
    broken = {one.violation.rule for one in found.found if one.violation.rule.startswith("WHK")}
    assert ("WHK-001" in broken) == (fault is not None)
    if fault is None:
        assert broken == set()
        assert [one.answered for one in watch.sent].count(503) == 1
        events = [verified(name, one, keys).event_id for one in watch.sent]
        assert (events[0] in events[1:]) == (name != "idnow")  # whose next attempt is a minute later
    assert any("deliveries of webhooks came" in remark for remark in found.remarks)


def _token_key(app):
    return completed(token_key(app.mounted["idnow"].shared_state, completed(app.namespaces.get("default"))))


def test_verify__says_that_nothing_came(mock, monkeypatch):
    """Inconclusive: nobody knows whether it would be right."""
    monkeypatch.setattr("specimen.contracts.webhooks.watching.PATIENCE_SECONDS", 0.0)
    _, url = mock
    found = _verified(url, Watch(specs.load("kyve"), SECRET))
    assert any("No webhook came" in sentence for sentence in found.incomplete)
    assert found.exit_code == 4


def test_verify__watches_own_hosts_only():
    """A production host is not asked to send us anything."""
    with pytest.raises(SpecimenError, match="--webhook-port"):
        verify("https://kyc.example/", "kyve", profile="smoke", webhooks=Watch(specs.load("kyve"), SECRET))


def test_command__wants_the_keys():
    """Before anything is sent."""
    answer = CliRunner().invoke(command_line, ["verify", "kyve", "--url", "http://127.0.0.1:9/", "--webhook-port", "9099"])
    assert answer.exit_code == 2
    assert "signing secret" in answer.output
