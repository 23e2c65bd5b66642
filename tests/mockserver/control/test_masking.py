"""What the request log and its HAR hide: who a session's person is, and credentials."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from specimen import specs
from specimen.fixtures.people.identities import Identity
from specimen.mockserver.app import App
from specimen.mockserver.sessions.request_log.masking import masked_body
from specimen.mockserver.sessions.service import Sessions
from specimen.specs.core.multipart import from_entries, write
from tests.mockserver.calling import ask, ask_entry, frozen_app, namespace
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


# -- what no document names ----------------------------------------------------------------------------------------------

# Nothing of these may be read in the log: of a name, a mail address, a date, another script, a number, a header, a query.
_FOREIGN = ("Rosalind", "Lovelace", "ada@example", "1815-12-10", "Ольга", "491512345678", "secretwallet", "Dr. Who")
_UNNAMED = {
    "firstName": "Rosalind",
    "wallets": ["secretwallet", {"mail": "ada@example.org", "born": "1815-12-10"}],
    "Ольгаname": "Ольга",
    "phone": 491512345678,
    "isAdult": True,
    "nothing": None,
    "link": "https://x.example/?who=Lovelace",
}
_SHOWN = {
    "firstName": "Xxxxxxxx",
    "wallets": ["xxxxxxxxxxxx", {"mail": "xxx@xxxxxxx.xxx", "born": "0000-00-00"}],
    "Ольгаname": "xxxxx",
    "phone": 111111111111,
    "isAdult": True,
    "nothing": None,
    "link": "xxxxx://x.xxxxxxx/?xxx=Xxxxxxxx",
}


@pytest.mark.parametrize("name", specs.names())
def test_log__masks_members_that_no_document_names(name: str) -> None:
    """Each operation with a JSON body, and a path of nobody: names of members stay, of texts and numbers form and length."""
    app = frozen_app(name)
    provider = app.mounted[name].provider
    operations = {one.id for one in provider.document.operations.values() if one.body("application/json")}
    requests = {one["operation"]: one for one in app.mounted[name].table.entries() if one["operation"] in operations}
    for one in requests.values():
        ask(app, one["method"], one["path"], one["headers"], json=_UNNAMED)
    ask(app, "POST", f"/{name}/nowhere", json=_UNNAMED)
    entries = control(app, "GET", "/requests").json()["requests"]
    read = [entry for entry in entries if entry["request"]["body"] is not None]
    assert {entry["operation"] for entry in read} == requests.keys()
    assert requests
    for entry in read:
        assert entry["request"]["body"] == _SHOWN, entry["operation"]
    for path in ("/requests", "/requests/har"):
        text = json.dumps(control(app, "GET", path).json(), ensure_ascii=False).replace("Ольгаname", "")
        assert [one for one in _FOREIGN if one in text] == []


def test_log__keeps_what_the_document_names() -> None:
    """Texts and numbers of named members stay, also of wrong types for texts; what stands in place of an object does not."""
    app = frozen_app("kayle", "kyve")
    body = {
        "redirect_url": "https://app.example/done",
        "share_fields": {"full_name": {"required": True, "reason": "asked by law", "note": "Rosalind"}, "x": "Rosalind"},
        "webhook_endpoint_id": 12,
    }
    magic = {"specimen": "status.failed"}  # the mock's own
    ask(app, "POST", "/kayle/v1/sessions", json=body)
    metadata = {"who": "Lovelace", "deep": ["Lovelace"], **magic}
    ask(app, "POST", "/kyve/v1/sessions", json={"metadata": metadata, "template_slug": "s"})
    ask(app, "POST", "/kyve/v1/sessions", json={"metadata": "Lovelace"})
    ask(app, "POST", "/kyve/v1/sessions", json=["Lovelace"])
    ask(app, "POST", "/kyve/v1/sessions", json="Lovelace")
    shown = [one["request"]["body"] for one in control(app, "GET", "/requests").json()["requests"]]
    body["share_fields"] = {"full_name": {"required": True, "reason": "asked by law", "note": "Xxxxxxxx"}, "x": "Xxxxxxxx"}
    assert shown == [
        body,
        {"metadata": {"who": "Xxxxxxxx", "deep": ["Xxxxxxxx"], **magic}, "template_slug": "s"},
        {"metadata": "Xxxxxxxx"},
        ["Xxxxxxxx"],
        "Xxxxxxxx",
    ]


def test_log__masks_query_parameters_and_headers_that_no_document_names() -> None:
    """Those of the document and of HTTP stay; of others names, form and length."""
    app = frozen_app("kayle", "kyve")
    headers = {
        "X-Customer": "Dr. Who 7", "Idempotency-Key": "k-1", "User-Agent": "tests/1", "Prefer": "status=failed",
        "X-Forwarded-For": "203.0.113.9", "Referer": "https://x.example/?who=Lovelace",
    }  # fmt: skip
    ask(app, "GET", "/kayle/v1/sessions?limit=3&who=Ada%20Lovelace&na%6De=%D0%9E%D0%BB+x&status=failed&bare", headers)
    ask(app, "GET", "/kayle/nowhere?limit=12&who=Lovelace")
    known, unknown = control(app, "GET", "/requests").json()["requests"]
    assert known["query"] == "limit=3&who=Xxx%20Xxxxxxxx&na%6De=xx+x&status=failed&bare"
    assert unknown["query"] == "limit=00&who=Xxxxxxxx"
    found = known["request"]["headers"]
    assert {name: found[name.lower()] for name in headers} == {
        "X-Customer": "Xx. Xxx 0", "Idempotency-Key": "k-1", "User-Agent": "tests/1", "Prefer": "status=failed",
        "X-Forwarded-For": "000.0.000.0", "Referer": "xxxxx://x.xxxxxxx/?xxx=Xxxxxxxx",
    }  # fmt: skip
    har = control(app, "GET", "/requests/har").text
    assert [one for one in _FOREIGN if one in har] == []


@pytest.mark.parametrize("name", specs.names())
def test_log__masks_names_and_tokens_in_unknown_paths(name: str) -> None:
    """Plain words and session ids stay, so that a typing error still shows; names, dates and tokens are masked."""
    app = frozen_app(name)
    session_id = next(iter(app.mounted[name].shared_state.catalogue.places()))[0]
    paths = {
        f"/{name}/v1/sesions/{session_id}": f"/{name}/v1/sesions/{session_id}",
        f"/{name}/v1/no-such_path/2b": f"/{name}/v1/no-such_path/0x",
        f"/{name}/v1/users/Ada%20Lovelace/1815-12-10": f"/{name}/v1/users/Xxx%20Xxxxxxxx/0000-00-00",
        f"/{name}/v1/users/ada@love.example/": f"/{name}/v1/users/xxx@xxxx.xxxxxxx/",
        f"/{name}/tok_4fT9/{session_id}x": None,
    }
    for path in paths:
        ask(app, "GET", path)
    entries = control(app, "GET", "/requests").json()["requests"]
    assert all(entry["operation"] is None for entry in entries)
    shown = [entry["path"] for entry in entries]
    assert [one for one, due in zip(shown, paths.values(), strict=True) if due is not None and one != due] == []
    assert "tok_4fT9" not in shown[-1]
    assert session_id not in shown[-1]


@pytest.mark.parametrize("number", ["-0.0", "1e999", "-1e308", "5e-324", "9" * 4000, "9" * 5000, "12.50", "NaN", "0"])
def test_log__masks_numbers_of_any_size(number: str) -> None:
    """What JSON can write is shown with its digits hidden, or as the size of the body."""
    shown = masked_body(f'{{"phone": {number}}}'.encode(), "application/json", specs.load("kayle"), "createSession")
    text = json.dumps(shown)
    assert set(re.sub("[^0-9]", "", text)) <= {"1"} or "$bytes" in shown


def test_log__masks_parts_of_a_form_that_the_document_does_not_name() -> None:
    """Named parts stay where their text is what may stand there."""
    neurovision = specs.load("neurovision")
    given = {"schemaId": "s-1", "mode": "fast", "ocr": "True", "name": "Rosalind", "token": "abc"}
    raw = write(from_entries([{"name": name, "value": text} for name, text in given.items()]), "b")
    shown = masked_body(raw, "multipart/form-data; boundary=b", neurovision, "processImages")
    found = {part["name"]: part["value"] for part in shown["$multipart"]}
    assert found == {**given, "name": "Xxxxxxxx", "token": "***"}
    no_switch = write(from_entries([{"name": "ocr", "value": "Rosalind"}]), "b")
    shown = masked_body(no_switch, "multipart/form-data; boundary=b", neurovision, "processImages")
    assert shown == {"$multipart": [{"name": "ocr", "value": "Xxxxxxxx"}]}
