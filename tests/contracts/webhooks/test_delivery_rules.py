"""The rules of deliveries: each fires on a broken sender, and is silent on what the vendors' recipes make and on close calls."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from specimen import specs
from specimen.cli import app
from specimen.contracts.webhooks.rules.delivery_rules import judged
from specimen.contracts.webhooks.rules.recordings import report
from specimen.contracts.webhooks.rules.rule_set import Sent, rules
from specimen.fixtures import webhooks as recipes
from specimen.fixtures.primitives.times import iso_millis
from specimen.fixtures.recipes import session_histories
from tests.contracts.webhooks.desk import Desk
from tests.contracts.webhooks.lives import life
from tests.contracts.webhooks.receivers import SECRET, forger, receiver_keys
from tests.contracts.webhooks.senders import BROKEN, CONFORMING, sent_by

SENDERS = ("kyve", "kayle", "idnow")


def _sent(name, scenario, change=lambda events: events):
    """All deliveries of a session, changed before they are sealed."""
    made = forger(name)
    m = session_histories.snapshots(made.provider, scenario, seed=1, key=scenario, at=made.now * 1000)[-1]
    happenings = recipes.happenings(made.webhooks, m)
    events = [recipes.cleartext(made.provider, m, one, f"whd_{one.sequence}", made.now * 1000) for one in happenings]
    forged = [made.sealed(clear) for clear in change(events)]
    return [Sent(made.now, one.headers, one.body) for one in forged]


def _judged(name, scenario, sender):
    """What is found in the deliveries of a sender, for a session that was seen from its creation to its end."""
    observed, sent = life(name, scenario)
    sent, until = sent_by(sender, sent, Desk(forger(name), receiver_keys(name)))
    provider = specs.load(name)
    return judged(provider, provider.webhooks, sent, receiver_keys(name), observed=observed, until=until)


def _ends_well(name):
    return specs.load(name).lifecycle.default.name


BREAKS = [(name, sender) for sender in BROKEN for name in sender.providers]


@pytest.mark.parametrize(("name", "sender"), [pytest.param(*one, id=f"{one[1].rule} {one[0]} {one[1].name}") for one in BREAKS])
def test_broken__breaks_its_rule(name, sender):
    """One fault, one rule, and what follows from it."""
    found = _judged(name, _ends_well(name), sender)
    broken = {violation.rule for violation in found.violations}
    assert sender.rule in broken
    assert broken <= {sender.rule, *sender.also}
    assert broken <= found.examined


@pytest.mark.parametrize("sender", CONFORMING, ids=lambda one: f"{one.rule} {one.name}")
def test_conforming__comes_close_and_breaks_none(sender):
    """Of each vendor; the rule that it comes close to is examined."""
    examined = set()
    for name in sender.providers:
        found = _judged(name, _ends_well(name), sender)
        assert found.violations == [], name
        examined |= found.examined
    assert sender.rule in examined


@pytest.mark.sample(3)
@pytest.mark.parametrize(("name", "scenario"), [(name, one) for name in SENDERS for one in specs.load(name).lifecycle.scenarios])
def test_rules__are_silent_on_every_scenario(name, scenario):
    """What the recipes make breaks none, also where a delivery comes twice."""
    observed, sent = life(name, scenario)
    provider = specs.load(name)
    assert judged(provider, provider.webhooks, [*sent, *sent], receiver_keys(name), observed=observed).violations == []


@pytest.mark.parametrize("name", SENDERS)
def test_rules__each_has_a_broken_and_a_conforming_sender(name):
    """A rule earns its place by firing: of each vendor that has it."""
    known = set(rules(specs.load(name).webhooks))
    assert known == {sender.rule for sender in BROKEN if name in sender.providers}
    assert known <= {sender.rule for sender in CONFORMING}
    assert ("WHK-003" in known, "WHK-004" in known) == (name != "idnow", name != "kayle")


def test_report__counts_what_was_exercised():
    """Nothing of a recording without retries and without sessions says that the schedule is kept, or that all is told."""
    provider = specs.load("kyve")
    found = report(provider, provider.webhooks, _sent("kyve", "completed"), SECRET, 0)
    assert set(found.reach.rules.missed) == {"WHK-007", "WHK-008"}


def test_rules__have_the_marks_of_their_facts():
    """Order is assumed: a note, which fails no run."""
    provider = specs.load("kyve")
    assert {rule.id: rule.mark for rule in rules(provider.webhooks).values()}["WHK-005"] == "A"
    sent = _sent("kyve", "completed", lambda events: events[::-1])
    found = report(provider, provider.webhooks, sent, SECRET, 0)
    assert (found.exit_code, len(found.notes)) == (0, len(found.found))
    assert len(found.notes) > 0


def _recorded(file, sent, url="http://127.0.0.1:9000/hook"):
    """A HAR file of deliveries, as entries; what it holds by then stays."""
    entries = json.loads(file.read_text(encoding="utf-8"))["log"]["entries"] if file.exists() else []
    entries += [
        {
            "startedDateTime": iso_millis(int(one.at * 1000)),
            "request": {
                "method": "POST",
                "url": url,
                "headers": [{"name": name, "value": value} for name, value in one.headers.items()],
                "postData": {"text": one.body.decode()},
            },
        }
        for one in sent
    ]
    file.write_text(json.dumps({"log": {"entries": entries}}), encoding="utf-8")


def _checked(file, *arguments):
    done = CliRunner().invoke(app, ["webhooks", "check", str(file), "kyve", "--secret", SECRET, "--json", *arguments])
    return done.exit_code, json.loads(done.stdout)


def test_check__judges_a_recording(tmp_path):
    """The command prints what is wrong; without a delivery it is inconclusive."""
    good = _sent("kyve", "completed")
    other = [replace(good[0], body=good[0].body + b" "), *good[1:]]
    for number, (sent, code) in enumerate(((good, 0), (other, 1), ([], 4))):
        file = tmp_path / f"{number}.har"
        _recorded(file, sent)
        exit_code, found = _checked(file)
        assert (exit_code, found["exit_code"], found["deliveries"]) == (code, code, len(sent))


CALLS = ("https://api.kyve.dev/v1/sessions", "http://127.0.0.1:8080/kyve/v1/sessions?x=1", "/v1/sessions/ses_1/cancel")


def test_check__passes_over_calls_of_the_vendor(tmp_path):
    """A proxy records both directions: a call of a documented operation is no unsigned delivery, at whatever base URL."""
    file, sent = tmp_path / "proxy.har", _sent("kyve", "completed")
    call = Sent(sent[0].at, {"Content-Type": "application/json", "Authorization": "Bearer ak_test_specimen"}, b"{}")
    for url in CALLS:
        _recorded(file, [call], url)
    _recorded(file, sent)
    exit_code, found = _checked(file)
    assert (exit_code, found["deliveries"], found["found"]) == (0, len(sent), [])


@pytest.mark.parametrize(("url", "is_signed"), [("http://127.0.0.1:9000/hook", False), (CALLS[0], True)])
def test_check__judges_what_may_be_a_delivery(tmp_path, url, is_signed):
    """What is not signed and goes elsewhere is a broken delivery; so is what is signed wrongly, wherever it goes."""
    file, sent = tmp_path / "proxy.har", _sent("kyve", "completed")
    headers = sent[0].headers if is_signed else {"Content-Type": "application/json"}
    _recorded(file, sent)
    _recorded(file, [replace(sent[0], headers=headers, body=b"{}")], url)
    exit_code, found = _checked(file)
    assert (exit_code, [one["rule"] for one in found["found"]]) == (1, ["WHK-001"])


COMPLETED, UPDATED, CREATED = (f"verification.{what}" for what in ("completed", "updated", "created"))


def _subscribed(types):
    return [one for one in _sent("kyve", "completed") if any(kind.encode() in one.body for kind in types)]


def test_check__an_endpoint_may_be_subscribed_to_some_types(tmp_path):
    """A type that never came is missed only where it is said that the endpoint wants it; one that came is always missed."""
    file = tmp_path / "hooks.har"
    _recorded(file, _subscribed([CREATED, COMPLETED]))
    assert _checked(file)[0] == 0
    assert _checked(file, "--type", CREATED, "--type", COMPLETED)[0] == 0
    exit_code, found = _checked(file, "--type", CREATED, "--type", COMPLETED, "--type", UPDATED)
    assert (exit_code, {(one["rule"], one["event"]) for one in found["found"]}) == (1, {("WHK-006", UPDATED)})
    other = forger("kyve")
    m = session_histories.snapshots(other.provider, "completed", seed=2, key="other", at=other.now * 1000)[-1]
    _, *later = recipes.happenings(other.webhooks, m)
    forged = other.sealed(recipes.cleartext(other.provider, m, later[0], "whd_9", other.now * 1000))
    _recorded(file, [Sent(other.now, forged.headers, forged.body)])
    assert {(one["rule"], one["event"]) for one in _checked(file)[1]["found"]} == {("WHK-006", UPDATED)}


def test_check__says_which_type_there_is_not(tmp_path):
    """One sentence, exit code 2."""
    file = tmp_path / "hooks.har"
    _recorded(file, _subscribed([CREATED]))
    command = ["webhooks", "check", str(file), "kyve", "--secret", SECRET, "--type", "verification.complete"]
    done = CliRunner().invoke(app, command)
    assert (done.exit_code, "Did you mean 'verification.completed'?" in done.stderr) == (2, True)


def test_watch__misses_no_event_of_a_type_that_the_endpoint_is_not_subscribed_to():
    """Of what `verify --webhook-type` names every one is missed, of other types none."""
    observed, sent = life("kyve", "completed")
    provider = specs.load("kyve")
    found = [
        judged(provider, provider.webhooks, sent[:1], SECRET, observed=observed, types=types).violations
        for types in (None, (CREATED,), (CREATED, COMPLETED))
    ]
    assert [sorted({one.operation for one in each}) for each in found] == [[COMPLETED, UPDATED], [], [COMPLETED]]
