"""Verdicts on our own mock, on broken ones, on a production host and where no service answers."""

from __future__ import annotations

import itertools
import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from specimen import specs
from specimen.contracts.client.transport import is_loopback
from specimen.contracts.http.credentials import of_lifecycle
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.rule import Finding, Violation
from specimen.contracts.judge.validation import openapi_core_check
from specimen.contracts.reporting.formats.registry import FORMATS, render
from specimen.contracts.verify.lifecycle_tests.steps import SMOKE_REQUESTS
from specimen.contracts.verify.plan import plan
from specimen.contracts.verify.runner import verify
from specimen.specs import SpecimenError
from tests.contracts.servers import FOREIGN, is_home, place
from tests.score import runs

NAMES = specs.names()


@pytest.mark.sample(1)
@pytest.mark.parametrize("seed", [0, 1, 20261121])
@pytest.mark.parametrize("name", NAMES)
def test_smoke__our_mock_holds_every_rule(name: str, seed: int) -> None:
    """No error and no note at any seed, in a hundred requests, with every state seen."""
    with place(name, seed=seed) as there:
        found = verify(there.url, name, profile="smoke", auth=there.auth, strict=True, seed=seed)
    assert [(entry.violation.rule, entry.example.curl) for entry in found.found] == []
    assert found.exit_code == 0
    assert len(there.seen) == found.requests <= SMOKE_REQUESTS
    assert found.reach.states.missed == ()
    assert found.reach.operations.missed == ()
    assert found.seconds < 10


@pytest.mark.parametrize("name", NAMES)
def test_smoke__rotating_tokens_and_unknown_fields_break_nothing(name: str) -> None:
    """A real implementation answers fields that we do not know, and another token every time."""
    turn = itertools.count()

    def grown(value: Any, reported: dict[str, Any]) -> Any:
        if isinstance(value, dict):
            more = {key: grown(entry, reported) for key, entry in value.items()}
            for key in ("sdk_token", "sdkToken"):
                if key in more and reported["method"] == "GET":
                    more[key] = f"{more[key]}{next(turn)}"
            is_thing = reported["status"] < 400 and {"id", "sessionId", "status"} & set(more)
            return {**more, "specimenExtra": 1} if is_thing else more
        return [grown(entry, reported) for entry in value] if isinstance(value, list) else value

    with place(name, change=grown) as there:
        found = verify(there.url, name, profile="smoke", auth=there.auth, strict=True)
    assert [(entry.violation.rule, entry.violation.expected, entry.example.curl) for entry in found.found] == []


def test_violations__are_exit_code_1_and_beat_what_is_missing() -> None:
    """A session that shows another id than the one asked for."""

    def other_id(value: Any, reported: dict[str, Any]) -> Any:
        if reported["method"] == "GET" and isinstance(value.get("data"), dict):
            value["data"]["id"] = "vs_" + "b" * 64
        return value

    with place("kayle", change=other_id) as there:
        found = verify(there.url, "kayle", profile="smoke", auth=there.auth)
    assert found.exit_code == 1
    assert "KAY-015" in {entry.violation.rule for entry in found.errors}
    secret = there.auth["Authorization"].partition(" ")[2]
    assert secret not in repr(found)


def test_notes__count_in_a_strict_run_only() -> None:
    """That a time has an offset rests on an assumption."""

    def moving(value: Any, _reported: dict[str, Any]) -> Any:
        found = value.get("data") if isinstance(value, dict) else None
        for one in found if isinstance(found, list) else [found]:
            if isinstance(one, dict) and "expires_at" in one:
                one["expires_at"] = "tomorrow"
        return value

    with place("kayle", change=moving) as there:
        lenient = verify(there.url, "kayle", profile="smoke", auth=there.auth)
        strict = verify(there.url, "kayle", profile="smoke", auth=there.auth, strict=True)
    assert lenient.notes
    assert (lenient.exit_code, strict.exit_code) == (0, 1)


def test_no_service__is_exit_code_3() -> None:
    """A port on which nothing listens."""
    found = verify("http://127.0.0.1:9/kayle", "kayle", auth="kk")
    assert found.exit_code == 3
    assert found.unreachable
    assert found.requests == 0


def test_never_seen__is_exit_code_4() -> None:
    """A required state that no session was in; no state at all; a required operation that is not asked."""
    with place("kayle") as there:
        required = verify(there.url, "kayle", profile="smoke", auth=there.auth, driver="none", require=("failed",))
        nothing = verify(there.url, "kayle", profile="smoke", auth=there.auth, driver="none", sessions=("vs_" + "a" * 64,),
                         loopback=lambda _: False, sleep=lambda _: None)  # fmt: skip
    assert (required.exit_code, required.missing) == (4, ("failed",))
    assert (nothing.exit_code, nothing.missing) == (4, ("the state of any session",))


def test_budget__is_why_a_report_is_incomplete() -> None:
    """The sentence stands in a field of its own, in every format, and is no name of anything that was required."""
    with place("kayle") as there:
        found = verify(there.url, "kayle", profile="smoke", auth=there.auth, driver="none", require=("failed",), budget=3)
    sentence = "3 requests were sent, which is the budget."
    assert (found.exit_code, found.incomplete) == (4, (sentence,))
    assert sentence not in (*found.required, *found.missing)
    assert found.verdict.startswith("inconclusive: 3 requests were sent, which is the budget; never seen: failed")
    assert all(sentence in render(found, name) for name in FORMATS)
    assert json.loads(render(found, "json"))["incomplete"] == [sentence]
    cases = {case.get("name"): case for case in ET.fromstring(render(found, "junit")).iter("testcase")}
    assert not any("budget" in name for name in cases)
    failure = cases["the run is complete"].find("failure")
    assert (failure.get("type"), failure.get("message")) == ("inconclusive", sentence)


def test_second_opinion__is_asked_for_and_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the option openapi-core is not asked; with it a disagreement is listed, also in a strict run."""
    asked: list[str] = []

    def differs(one: Exchange) -> list[Violation]:
        asked.append(one.label)
        return [Violation.of(openapi_core_check.RULE, one, Finding("/data/status", "enum: they differ", None))]

    monkeypatch.setattr("specimen.contracts.reporting.collector.disagreements", differs)
    with place("kayle") as there:
        plain = verify(there.url, "kayle", profile="smoke", auth=there.auth, strict=True)
        assert asked == []
        found = verify(there.url, "kayle", profile="smoke", auth=there.auth, strict=True, second_opinion=True)
    assert len(asked) == found.requests
    assert (plain.disagreements, plain.exit_code) == ((), 0)
    assert {entry.violation.rule for entry in found.disagreements} == {"GEN-900"}
    assert (found.exit_code, found.errors, found.notes) == (0, (), ())
    assert all("GEN-900" in render(found, name) for name in FORMATS)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"profile": "slow"}, "profile 'slow'"),
        ({"require": ("aproved",)}, "--require 'aproved'"),
        ({"sessions": ("x=1",)}, "--session 'x=…'"),
        ({"auth": "a\nb"}, "line break"),
        ({"driver": ""}, "--driver"),
    ],
)
def test_mistakes__are_reported_before_anything_is_sent(more: dict[str, Any], text: str) -> None:
    """Usage errors are exceptions; the command ends with 2."""
    with place("kayle") as there:
        with pytest.raises(SpecimenError, match=text):
            verify(there.url, "kayle", **{"driver": "none", **more})
        assert there.seen == []
    with pytest.raises(SpecimenError, match="Did you mean 'kayle'"):
        verify("http://127.0.0.1:9", "kayl")


@pytest.mark.sample(1)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("profile", ["smoke", "ci", "nightly"])
def test_production__gets_the_plan_and_not_one_request_more(name: str, profile: str) -> None:
    """A recording server on a foreign address, all profiles: what arrives is what the dry run says."""
    with place(name) as home:
        made = verify(home.url, name, profile="smoke", auth=home.auth)
    assert made.exit_code == 0
    session = next(entry for entry in _sessions(name))
    with place(name, host=FOREIGN) as there:
        planned = plan(there.url, name, profile=profile, sessions=(session,), loopback=is_home)
        found = verify(
            there.url, name, profile=profile, auth=there.auth, sessions=(session,), loopback=is_home, sleep=lambda _: None
        )
    provider = specs.load(name)
    assert planned.is_production
    assert planned.phases == ("walk",)
    assert [entry.method for entry in planned.requests] == [entry.method for entry in there.seen]
    reads = {entry.method.upper() for entry in provider.document.operations.values() if entry.is_safe}
    for request in there.seen:
        assert request.method in reads
        assert "prefer" not in request.headers
        assert {name.lower(): value for name, value in there.auth.items()}.items() <= request.headers.items()
        assert session in request.path or session.encode() in request.body
    assert found.requests == len(there.seen) == len(planned.requests) > 0
    assert found.exit_code == 0


def _sessions(name: str):
    """Ids of our mock's catalogue: the default scenario at its end."""
    from specimen.mockserver.sessions.catalogue.catalogue import Catalogue
    from specimen.mockserver.sessions.catalogue.scenario_requests import ScenarioRequests

    provider = specs.load(name)
    first = provider.lifecycle.reads[0]
    for entry in ScenarioRequests(provider, Catalogue(provider, 0)).entries():
        if entry["scenario"] == provider.lifecycle.default.name and entry["operation"] == first.operation:
            value = (entry["body"] or {}).get("json", entry["body"]) if entry["body"] else entry["path"].rpartition("/")[2]
            yield value if isinstance(value, str) else next(iter(value.values()))


def test_production__refuses_a_driver_that_writes() -> None:
    """Prefer is for our mock."""
    with place("kayle", host=FOREIGN) as there:
        with pytest.raises(SpecimenError, match="allow-writes"):
            verify(there.url, "kayle", driver="prefer", loopback=is_home)
        assert there.seen == []


def test_allowed_host__gets_everything() -> None:
    """--allow-writes makes a foreign address one's own."""
    with place("kayle", host=FOREIGN) as there:
        found = verify(
            there.url, "kayle", profile="smoke", auth=there.auth, allow_writes=(FOREIGN,), loopback=is_home, strict=True
        )
    assert found.exit_code == 0
    assert found.reach.states.missed == ()
    assert is_loopback(FOREIGN)


def test_progress__is_reported() -> None:
    """Steps by name, with a count that never falls."""
    reported: list[tuple[str, int]] = []
    with place("predicate") as there:
        verify(
            there.url, "predicate", profile="smoke", auth=there.auth, on_progress=lambda what, sent: reported.append((what, sent))
        )
    assert "invalid requests" in {what for what, _ in reported}
    assert [sent for _, sent in reported] == sorted(sent for _, sent in reported)


def test_same_seed__sends_the_same_requests() -> None:
    """Two runs against two fresh mocks: method and path of every request."""
    sent = []
    for _ in range(2):
        with place("idnow") as there:
            verify(there.url, "idnow", profile="smoke", auth=there.auth)
        sent.append([(request.method, len(request.path)) for request in there.seen])
    assert sent[0] == sent[1]


def test_second_credential__finds_a_service_that_shows_it_the_firsts_sessions() -> None:
    """Kyve's test key sees live sessions: KYV-011; the unbroken mock passes the same run."""
    with runs.serving() as served:
        assert not runs.run(served, "kyve", None, "smoke", 1).is_found
        found = runs.run(served, "kyve", runs.subject("kyve", "live_seen_by_test"), "smoke", 1)
    assert any(entry.startswith("KYV-011") for entry in found.notes)


def test_second_credential__is_reported_nowhere() -> None:
    """Neither in a report nor in a command; the command names its variable."""
    other = "ak_live_specimen"

    def shown(value: Any, reported: dict[str, Any]) -> Any:
        if "data" in value and isinstance(value["data"], list):
            value["data"] = [{**row, "livemode": False, "status": other} for row in value["data"]]
        return value

    with place("kyve", change=shown) as there:
        found = verify(there.url, "kyve", profile="smoke", auth=there.auth, other_auth=other, strict=True)
    assert any("$SPECIMEN_OTHER_TOKEN" in entry.example.curl for entry in found.found if entry.violation.rule == "KYV-011")
    for kind in FORMATS:
        assert other not in render(found, kind)
    assert other not in repr(found)


def test_second_credential__is_not_the_first() -> None:
    """The same one says nothing; a line break is refused as in the first."""
    with place("kyve") as there:
        with pytest.raises(SpecimenError, match="--other-token: the same credential as --token"):
            verify(there.url, "kyve", auth=there.auth, other_auth=dict(there.auth))
        with pytest.raises(SpecimenError, match="line break"):
            verify(there.url, "kyve", auth=there.auth, other_auth="a\nb")
        assert there.seen == []


@pytest.mark.parametrize("name", NAMES)
def test_second_credential__obeys_the_plan_of_a_production(name: str) -> None:
    """Only the given session's documented reads, and nothing is made."""
    session = next(entry for entry in _sessions(name))
    other = {key: f"{value}0" for key, value in of_lifecycle(specs.load(name)).items()}
    with place(name, host=FOREIGN) as there:
        planned = plan(there.url, name, sessions=(session,), other_auth=other, loopback=is_home)
        verify(there.url, name, auth=there.auth, other_auth=other, sessions=(session,), loopback=is_home, sleep=lambda _: None)
    reads = {entry.method.upper() for entry in specs.load(name).document.operations.values() if entry.is_safe}
    assert {request.method for request in there.seen} <= reads
    assert [entry.method for entry in planned.requests] == [entry.method for entry in there.seen]
    sent = [request for request in there.seen if all(request.headers.get(key.lower()) == value for key, value in other.items())]
    assert sent
    assert len(sent) == sum("credentials=other" in entry.note for entry in planned.requests)
    assert len(sent) < len(there.seen)


def test_values__are_those_of_every_request() -> None:
    """A service for one environment alone is asked in that one; a production gets the reads of it."""
    with place("idnow") as there:
        found = verify(there.url, "idnow", profile="smoke", auth=there.auth, strict=True, values={"environment": "staging"})
    assert [entry.violation.rule for entry in found.found] == []
    assert found.exit_code == 0
    made = [request.path for request in there.seen if request.method == "POST"]
    assert made
    assert sum("/staging/" in path for path in made) > len(made) * 3 // 4
    planned = plan("https://api.example.com", "idnow", sessions=("0197",), values={"environment": "staging"})
    assert planned.requests
    with pytest.raises(SpecimenError, match=r"--set 'x': idnow has no such value\."):
        verify("http://127.0.0.1:9", "idnow", values={"x": "1"})
