"""What the request log and its HAR hide: who a session's person is, and credentials."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from specimen import specs
from specimen.fixtures.people.identities import Identity
from specimen.mockserver.app import App
from specimen.mockserver.sessions.service import Sessions
from tests.mockserver.calling import ask_entry, frozen_app, namespace
from tests.mockserver.control.steering import control

# Long enough that no other text holds it by chance.
_SHORTEST_PART = 6


def _people(app: App, name: str) -> dict[str, Identity]:
    """The person of each scenario's session in its last state."""
    state = app.mounted[name].shared_state
    own = namespace(app, "default")
    sessions = Sessions(state, own, "http://127.0.0.1:8080", own.clock.now())
    found = {}
    for session_id, place in state.catalogue.places():
        record = state.catalogue.record(session_id, own.name, own.clock.started_at)
        assert record is not None
        found[place.scenario.name] = sessions.snapshot(sessions.of(record)).identity
    return found


def _personal(person: Identity) -> set[str]:
    """Texts that say who somebody is, as answers may write them."""
    document = person.document
    texts = {
        person.given_names, person.family_name, person.given_names_latin, person.family_name_latin, person.full_name,
        person.birth_date.isoformat(), person.email, document.number, document.personal_number, document.issued_on.isoformat(),
        None if document.expires_on is None else document.expires_on.isoformat(), *document.mrz, "".join(document.mrz),
        *(part for part in person.address if isinstance(part, str) and len(part) > 3),
    }  # fmt: skip
    texts |= {f"{person.given_names_latin} {person.family_name_latin}", f"{person.given_names} {person.family_name}"}
    return {text for text in texts if text}


def _texts(node: Any, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for key, inner in node.items():
            yield from _texts(inner, f"{place}/{key}")
    elif isinstance(node, list):
        for index, inner in enumerate(node):
            yield from _texts(inner, f"{place}/{index}")
    elif isinstance(node, str):
        try:
            inner = json.loads(node)
        except ValueError:
            inner = None
        if isinstance(inner, (dict, list)):  # the body of an entry of a HAR
            yield from _texts(inner, place)
        else:
            yield place, node


@pytest.mark.parametrize("name", specs.names())
def test_log__says_of_no_session_who_it_is_about(name: str) -> None:
    """Every operation of every scenario: no name, birth date, document number or address stands in clear."""
    app = frozen_app(name)
    people = _people(app, name)
    shown = set()
    for scenario, person in people.items():
        control(app, "DELETE", "/requests")
        for entry in app.mounted[name].table.entries():
            if entry["scenario"] == scenario and entry["expect_status"] < 300 and entry["operation"] != "streamStatus":
                ask_entry(app, entry)
        personal = _personal(person)
        for path in ("/requests?limit=1000", "/requests/har"):
            for place, text in _texts(control(app, "GET", path).json()):
                if text in personal or any(len(one) >= _SHORTEST_PART and one in text for one in personal):
                    shown.add((scenario, place, text))
        assert control(app, "GET", "/requests/har?bodies=whole").json()["log"]["entries"]
    assert shown == set()
