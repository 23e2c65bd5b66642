"""What a caller may narrow: every choice of every vendor, locale and document; a contradiction is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from specimen import specs
from specimen.client import Client
from specimen.mockserver.app import App
from specimen.mockserver.testing.transports import InProcessTransport
from tests.mockserver.calling import ask, frozen_app
from tests.mockserver.control.edges import Traveller, found_in
from tests.mockserver.control.steering import control, created, path_of

CHOICES = [(name, choice) for name in specs.names() for choice in specs.load(name).lifecycle.choices]


@pytest.mark.parametrize(("name", "choice"), CHOICES)
def test_choice__each_value_can_be_asked_for_and_is_seen(name: str, choice: str) -> None:
    """Failing checks, codes, reasons, tries: in one state at least, sessions of one seed show each value in their own way."""
    provider = specs.load(name)
    found = provider.lifecycle.choices[choice]
    app = frozen_app(name)
    states = found.states or [state for state in provider.lifecycle.states if provider.lifecycle.through(state)][1:]
    assert any(len(set(_shown(app, provider, state, choice, found.values))) == len(found.values) for state in states)


def _shown(app: App, provider: specs.Provider, state: str, choice: str, values: Sequence[Any]) -> Iterator[str]:
    """What the vendor's reads show of sessions that were asked for with each value, without their ids."""
    with httpx.Client(transport=InProcessTransport(app), base_url="http://127.0.0.1") as http:
        for number, value in enumerate(values):
            namespace = http.headers["Specimen-Namespace"] = f"{state}-{number}"
            client = Client("http://127.0.0.1", namespace=namespace, http=http)
            session = client.create(provider.name, state=state, seed=5, facts={choice: value})
            assert (session.state, session.facts[choice]) == (state, value)
            text = json.dumps([body for _, body in Traveller(provider, client, http).bodies(session)])
            for own in (namespace, *session.ids.values()):
                text = text.replace(own, "")
            yield text


def test_facts__are_those_of_the_read() -> None:
    """Tries and codes of Kayle ID and IDnow's result, where a session ends otherwise than its scenario."""
    app = frozen_app("kayle", "idnow")
    session = created(app, "kayle", scenario="liveness_failed")
    for to in ("in_progress", "in_progress", "cancelled"):
        shown = control(app, "POST", path_of(session, "transition"), {"to": to}).json()
    read = ask(app, "GET", f"/kayle/v1/sessions/{session['id']}", {"Authorization": "Bearer kk_live_specimen"}).json()["data"]
    assert read["liveness_tries_used"] == 1
    names = ("failure_code", "nfc_tries_used", "liveness_tries_used")
    assert [shown["facts"][name] for name in names] == [read[name] for name in names]
    for action in ("advance", "transition"):
        session = created(app, "idnow", scenario="accepted")
        control(app, "POST", path_of(session, "advance"))
        facts = {"rejected_by": "comparison"}
        outcomes = []
        if action == "advance":
            outcomes.append(control(app, "PATCH", path_of(session), {"facts": facts}).json()["facts"]["outcome"])
            ended = control(app, "POST", path_of(session, "advance")).json()
        else:
            ended = control(app, "POST", path_of(session, "transition"), {"to": "COMPLETED", "facts": facts}).json()
        outcomes.append(ended["facts"]["outcome"])
        assert (set(outcomes), ended["facts"]["rejected_by"]) == ({"rejected"}, "comparison")
    aborted = created(app, "idnow", scenario="rejected")
    control(app, "POST", path_of(aborted, "advance"))
    ended = control(app, "POST", path_of(aborted, "transition"), {"to": "ABORTED"}).json()
    assert (ended["facts"]["outcome"], ended["facts"]["rejected_by"]) == ("NO_OUTCOME", None)


@pytest.mark.parametrize("document", ["passport", "id_card"])
@pytest.mark.parametrize("locale", ["de_DE", "pl_PL"])
def test_locale_and_document__make_the_person(locale: str, document: str) -> None:
    """The document's country and kind are those that were asked for; so is the MRZ."""
    app = frozen_app("kyve")
    with httpx.Client(transport=InProcessTransport(app), base_url="http://127.0.0.1") as http:
        client = Client("http://127.0.0.1", http=http)
        made = client.create("kyve", state="completed", facts={"locale": locale, "document": document})
        assert (made.facts["locale"], made.facts["document"]) == (locale, document)
        fields = next(body["fields"] for _, body in Traveller(specs.load("kyve"), client, http).bodies(made) if "fields" in body)
    country = {"de_DE": "D<<", "pl_PL": "POL"}[locale]
    assert fields["document"]["mrz"][0][2:5] == country
    assert (fields["document"]["mrz"][0][0] == "P") is (document == "passport")


def test_contradiction__is_refused_with_what_is_possible() -> None:
    """What an answer has shown stays, in a patch, a transition and a creation; nothing is changed by a refusal."""
    app = frozen_app("kayle", "neurovision")
    session = created(app, "kayle", state="failed", facts={"failure_code": "liveness_failed"})
    refused = control(app, "PATCH", path_of(session), {"facts": {"failure_code": "selfie_face_mismatch"}})
    assert (refused.status_code, refused.headers["content-type"]) == (409, "application/problem+json")
    assert refused.json()["possible"]["failure_code"] == ["liveness_failed"]
    assert refused.json()["possible"]["states"] == ["cancelled"]
    moved = control(app, "POST", path_of(session, "transition"), {"to": "in_progress"})
    assert (moved.status_code, moved.json()["possible"]) == (409, {"states": ["cancelled"]})
    assert control(app, "GET", path_of(session)).json() == session
    done = created(app, "kayle", state="succeeded")
    never = control(app, "PATCH", path_of(done), {"facts": {"failure_code": "liveness_failed"}})
    assert never.status_code == 409
    assert "only a session that comes to 'failed' shows it" in never.json()["detail"]
    for facts, key in (({"failure_code": "tired"}, "failure_code"), ({"lokale": "de_DE"}, "facts")):
        unknown = control(app, "POST", "/sessions", {"provider": "kayle", "facts": facts})
        assert unknown.status_code == 400
        assert unknown.json()["possible"][key]


def _kayle(app: App, session: dict[str, Any]) -> dict[str, Any]:
    """What the vendor's read shows of a session of Kayle ID."""
    headers = {"Authorization": "Bearer kk_live_specimen"}
    shown: dict[str, Any] = ask(app, "GET", f"/kayle/v1/sessions/{session['id']}", headers).json()["data"]
    return shown


@pytest.mark.parametrize("tries", [0, 1, 2])
def test_tries__are_those_of_the_facts_where_the_session_succeeds(tries: int) -> None:
    """A failure code that was planned and did not come counts nothing; a later fact of another number is refused."""
    app = frozen_app("kayle")
    session = created(app, "kayle", state="in_progress")
    assert control(app, "PATCH", path_of(session), {"facts": {"failure_code": "liveness_failed"}}).status_code == 200
    facts = {"liveness_tries_used": tries}
    moved = control(app, "POST", path_of(session, "transition"), {"to": "succeeded", "facts": facts})
    assert (moved.status_code, moved.json()["facts"]["liveness_tries_used"]) == (200, tries)
    assert _kayle(app, session)["liveness_tries_used"] == tries
    for other in {0, 1, 2} - {tries}:
        refused = control(app, "PATCH", path_of(session), {"facts": {"liveness_tries_used": other}})
        assert (refused.status_code, refused.json()["possible"]["liveness_tries_used"]) == (409, [str(tries)])


def test_tries__never_go_down() -> None:
    """A try that was counted towards a planned failure stays where the session then succeeds; fewer are refused."""
    app = frozen_app("kayle")
    session = created(app, "kayle", state="in_progress")
    control(app, "PATCH", path_of(session), {"facts": {"failure_code": "liveness_failed"}})
    control(app, "POST", path_of(session, "transition"), {"to": "in_progress"})
    assert _kayle(app, session)["liveness_tries_used"] == 1
    fewer = {"liveness_tries_used": 0}
    assert control(app, "PATCH", path_of(session), {"facts": fewer}).status_code == 409
    assert control(app, "POST", path_of(session, "transition"), {"to": "succeeded", "facts": fewer}).status_code == 409
    assert control(app, "POST", path_of(session, "transition"), {"to": "succeeded"}).status_code == 200
    assert _kayle(app, session)["liveness_tries_used"] >= 1


def test_tries__of_a_failure_are_those_of_its_code() -> None:
    """The third try belongs to the code; a number that the code rules out is refused."""
    app = frozen_app("kayle")
    session = created(app, "kayle", state="in_progress")
    failed = {"to": "failed", "facts": {"failure_code": "liveness_failed", "liveness_tries_used": 0}}
    refused = control(app, "POST", path_of(session, "transition"), failed)
    assert (refused.status_code, refused.json()["possible"]["liveness_tries_used"]) == (409, ["2"])
    failed["facts"] = {"failure_code": "liveness_failed", "liveness_tries_used": 2, "nfc_tries_used": 1}
    assert control(app, "POST", path_of(session, "transition"), failed).status_code == 200
    shown = _kayle(app, session)
    assert (shown["nfc_tries_used"], shown["liveness_tries_used"]) == (1, 3)


OF_STATES = [
    (name, choice, state)
    for name, choice in CHOICES
    for state in sorted(specs.load(name).lifecycle.terminal)
    if (states := specs.load(name).lifecycle.choices[choice].states) and state not in states
]


@pytest.mark.parametrize(("name", "choice", "end"), OF_STATES)
def test_create__refuses_a_choice_that_it_never_shows(name: str, choice: str, end: str) -> None:
    """A session of a state or a scenario that ends elsewhere is not made with it, as no patch would give it to one."""
    lifecycle = specs.load(name).lifecycle
    states, value = lifecycle.choices[choice].states, lifecycle.choices[choice].values[0]
    app = frozen_app(name)
    plain = [one for one in lifecycle.scenarios.values() if one.path[-1] == end and not set(states) & set(one.path)]
    for given in ({"scenario": plain[0].name}, {"scenario": plain[-1].name, "state": end}):
        refused = control(app, "POST", "/sessions", {"provider": name, **given, "facts": {choice: value}})
        assert refused.status_code == 409, refused.text
        assert refused.json()["possible"]["states"] == list(states)
    assert control(app, "GET", "/sessions").json()["sessions"] == []


@pytest.mark.parametrize("state", ["created", "in_progress", None])
@pytest.mark.parametrize("how", ["create", "patch"])
def test_choices__that_no_answer_shows_together(how: str, state: str | None) -> None:
    """A failure of the face check has used its third try: less than two before it go with another end."""
    app = frozen_app("kayle")
    where = {} if state is None else {"state": state}
    facts: dict[str, Any] = {"failure_code": "liveness_failed", "liveness_tries_used": 1}

    def asked() -> httpx.Response:
        if how == "create":
            return control(app, "POST", "/sessions", {"provider": "kayle", **where, "facts": facts})
        return control(app, "PATCH", path_of(created(app, "kayle", **where)), {"facts": facts})

    refused = asked()
    assert (refused.status_code, refused.json()["possible"]) == (409, {"liveness_tries_used": ["2"]}), refused.text
    facts["liveness_tries_used"] = 2
    assert asked().status_code < 300
    del facts["liveness_tries_used"]
    facts.update(failure_code="document_data_invalid", nfc_tries_used=1)
    assert asked().status_code < 300


@pytest.mark.parametrize("scenario", ["accepted", "data_deleted"])
@pytest.mark.parametrize("state", ["CREATED", "RUNNING", "COMPLETED", None])
def test_create__refuses_what_changes_how_the_named_scenario_ends(scenario: str, state: str | None) -> None:
    """IDnow's `accepted` rejects nobody; the scenarios that do are named. Without a scenario the choice finds its own."""
    app, facts = frozen_app("idnow"), {"facts": {"rejected_by": "comparison"}}
    where = {} if state is None else {"state": state}
    refused = control(app, "POST", "/sessions", {"provider": "idnow", "scenario": scenario, **where, **facts})
    assert refused.status_code == 409, refused.text
    assert refused.json()["possible"] == {"scenario": ["rejected", "rejected_comparison", "rejected_screening"]}
    assert "outcome=accepted" in refused.json()["detail"]
    assert created(app, "idnow", scenario="rejected", **where, **facts)["facts"]["rejected_by"] == "comparison"
    assert created(app, "idnow", **where, **facts)["facts"]["outcome"] == "rejected"


@pytest.mark.parametrize("step", ["document", "comparison", "screening"])
def test_patch__that_changes_how_a_session_ends_is_coherent(step: str, tmp_path: Path) -> None:
    """A session of `accepted` that a patch lets be rejected is as one that was to be, on all reads: `check` agrees."""
    provider = specs.load("idnow")
    with httpx.Client(transport=InProcessTransport(frozen_app("idnow")), base_url="http://127.0.0.1") as http:
        client = Client("http://127.0.0.1", http=http)
        traveller = Traveller(provider, client, http)
        session = client.create("idnow", scenario="accepted")
        traveller.reads(session)
        client.narrow("idnow", session.id, rejected_by=step)
        for _ in range(2):
            client.forward(5)
            session = client.advance("idnow", session.id)
            traveller.reads(session)
        found, exchanges = found_in(client.har(whole=True), provider, tmp_path / "log.har")
    assert (session.facts["outcome"], session.facts["rejected_by"], found) == ("rejected", step, [])
    assert exchanges >= 4


def test_create__refuses_a_value_that_the_scenario_cannot_show() -> None:
    """The default template of Kyve checks no address; an open session still takes what it can come to."""
    app = frozen_app("kyve", "kayle")
    asked = {"provider": "kyve", "scenario": "failed_document_tampered", "facts": {"failure_reason": "address_mismatch"}}
    refused = control(app, "POST", "/sessions", asked)
    assert refused.status_code == 409
    assert "address_mismatch" not in refused.json()["possible"]["failure_reason"]
    open_session = created(app, "kayle", facts={"failure_code": "liveness_failed", "nfc_tries_used": 2})
    assert open_session["state"] == "created"
