"""The attacks: silent on a receiver that does right, and each flaw of a weak one is found."""

from __future__ import annotations

import httpx
import pytest

from specimen import specs
from specimen.contracts.webhooks import attacker as attacking
from specimen.contracts.webhooks.attacks import ATTACKS, attacks_on
from tests.contracts.webhooks import receivers
from tests.contracts.webhooks.weak_receivers import WEAK


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    """A slow sender need not be slow here: there is no network."""
    monkeypatch.setattr(attacking, "_PAUSE_SECONDS", 0)


class _Answering(httpx.BaseTransport):
    """Gives requests to a receiver, with the number of parts in which their bodies came."""

    def __init__(self, answer):
        self._answer = answer

    def handle_request(self, request):
        parts = list(request.stream)
        whole = httpx.Request(request.method, request.url, headers=request.headers, content=b"".join(parts))
        whole.extensions["parts"] = len(parts)
        return httpx.Response(self._answer(whole))


def _attacked(name, answer):
    """The names of the attacks that a receiver fails at, and the report."""
    attacker = attacking.Attacker(receivers.forger(name), "http://127.0.0.1:9000/", 5, _Answering(answer))
    try:
        results = list(attacker.results())
    finally:
        attacker.close()
    report = attacking.report(attacker, results, "http://127.0.0.1:9000/", 0, 1.0, name)
    return {result.attack.name for result in results if not result.passed}, report


@pytest.mark.parametrize("name", ["kyve", "kayle", "idnow"])
def test_attack__finds_nothing_in_a_receiver_that_does_right(name):
    """One that verifies with `specimen.webhooks.verify` passes every attack."""
    failed, report = _attacked(name, receivers.right(name))
    assert failed == set()
    assert (report.exit_code, report.verdict) == (0, "every rule passed")


@pytest.mark.sample(10)
@pytest.mark.parametrize("flaw", WEAK)
def test_attack__finds_each_flaw_and_no_other(flaw):
    """A weak receiver fails at exactly the attacks that its flaw admits."""
    name, make, expected = WEAK[flaw]
    failed, report = _attacked(name, make(name))
    assert failed == expected
    assert report.exit_code == 1
    assert {entry.violation.rule for entry in report.errors} == {f"HOOK-{one}" for one in expected}


def test_weak__each_attack_has_a_receiver_that_fails_at_it():
    """No attack is silent for ever: "it finds all flaws" is tested for each, but for the genuine delivery that begins."""
    failed = set().union(*(expected for _, _, expected in WEAK.values()))
    assert failed == {attack.name for attack in ATTACKS} - {"genuine"} | {"respaced-body"}


def test_attack__is_inconclusive_where_what_is_genuine_is_refused():
    """Then the keys are not the receiver's, and no other answer says anything."""
    failed, report = _attacked("kyve", lambda _: 401)
    assert failed == {"genuine"}
    assert report.exit_code == 4
    assert "secret" in report.verdict


def test_attack__says_that_nobody_answers():
    """Exit code 3."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    attacker = attacking.Attacker(receivers.forger("kyve"), "http://127.0.0.1:9/", 1, httpx.MockTransport(refuse))
    report = attacking.report(attacker, list(attacker.results()), "http://127.0.0.1:9/", 0, 1.0, "kyve")
    assert report.exit_code == 3


def test_attacks__each_applies_to_a_vendor_and_has_its_own_name():
    """No attack is dead."""
    names = [attack.name for attack in ATTACKS]
    assert len(set(names)) == len(names)
    used = {attack.name for name in ("kyve", "kayle", "idnow") for attack in attacks_on(specs.load(name).webhooks)}
    assert set(names) <= used
