"""What a caller may narrow: every choice of every vendor, locale and document; a contradiction is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest

from specimen import specs
from specimen.client import Client
from specimen.mockserver.app import App
from specimen.mockserver.testing.transports import InProcessTransport
from tests.mockserver.calling import frozen_app
from tests.mockserver.control.edges import Traveller
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
