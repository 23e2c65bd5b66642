"""Anonymized exchanges hold no recorded value, and are judged as the recorded ones are."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import httpx
import pytest

from specimen import specs
from specimen.contracts.anonymize.anonymizer import Anonymizer
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import observe
from specimen.contracts.judge.validation.openapi_core_check import disagreements
from specimen.contracts.traffic.monitor import headers_of
from tests.contracts.golden_exchanges import Stage
from tests.contracts.targets import mock
from tests.scenario_exchanges import as_request


@pytest.mark.parametrize("provider", specs.names())
def test_mask__changes_no_verdict(provider: str) -> None:
    """Every answer of the mock is judged the same when masked, strictly, and tells no name, birthday or number of its person."""
    from specimen.mockserver.sessions.catalogue.catalogue import Catalogue
    from specimen.mockserver.sessions.catalogue.scenario_requests import ScenarioRequests

    facts = specs.load(provider)
    mask, plain, hidden = Anonymizer(facts, b"fixed"), History(), History()
    reported: list[tuple[str, str]] = []
    with mock() as url, httpx.Client() as client:
        for entry in ScenarioRequests(facts, Catalogue(facts, 0)).entries():
            if "realtime" in entry["path"]:
                continue
            answer = client.send(as_request(entry, url))
            exchange = Exchange(
                facts, entry["method"], answer.request.url.raw_path.decode().partition("?")[0].removeprefix(facts.mount),
                answer.request.url.query.decode(), headers_of(answer.request.headers.raw), answer.request.content,
                answer.status_code, headers_of(answer.headers.raw), answer.content, 0,
            )  # fmt: skip
            masked = mask.exchange(exchange)
            reported += [(a, masked.response_body.decode()) for a in _personal(exchange.response_json)]
            before = {(one.rule, one.pointer) for one in observe(exchange, plain)}
            assert {(one.rule, one.pointer) for one in observe(masked, hidden)} == before, masked.label
    assert [value for value, body in reported if f'"{value}"' in body] == []


def _personal(value: object, field: str = "") -> list[str]:
    """What the mock makes up of a person."""
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in _personal(item, key)]
    if isinstance(value, list):
        return [found for item in value for found in _personal(item, field)]
    words = re.compile(
        r"(first|last|given|family|full|sur)_?names?(_latin)?|birth_?(date|place)|date_of_birth|.*document_?number|number|personal_?number"
        r"|issu(ed_on|ing_authority|anceDate|ingAuthority)|expir(es_on|yDate)|mrz|email|(wallet_?)?address|street|city|postcode|value",
        re.IGNORECASE,
    )
    is_word = isinstance(value, str) and value in ("male", "female")
    return [value] if isinstance(value, str) and len(value) > 3 and words.fullmatch(field) and not is_word else []


def _answered(body: Any, provider: str = "kayle", **changes: Any) -> Exchange:
    facts = specs.load(provider)
    found = Exchange(
        facts, "GET", "/v1/sessions/" + "vs_" + "a1B2" * 16, "", {}, b"", 200, {"content-type": "application/json"},
        body if isinstance(body, bytes) else json.dumps(body).encode(), 0,
    )  # fmt: skip
    return replace(found, **changes)


def test_mask__same_value_same_mask() -> None:
    """Equal values stay equal, forms stay, and another recording has another mask."""
    facts = specs.load("kayle")
    mask, other = Anonymizer(facts, b"a"), Anonymizer(facts, b"b")
    value = {
        "name": "Ann-Marie O'Neil 7",
        "again": {"x": "Ann-Marie O'Neil 7"},
        "data": {"status": "created", "cancel_token": "k3" * 24},
        "birth_date": "1985-03-02",
        "phone": 4155550123,
    }
    found = list(json.loads(mask.exchange(_answered(value)).response_body).values())
    assert found[0] == next(iter(found[1].values())) != value["name"]
    assert [c.isalpha() for c in found[0]] == [c.isalpha() for c in value["name"]]
    assert found[2]["status"] == "created"
    assert re.fullmatch(r"[a-z0-9]{48}", found[2]["cancel_token"])
    assert found[2]["cancel_token"] != value["data"]["cancel_token"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", found[3])
    assert found[3] != "1985-03-02"
    assert found[4] != 4155550123
    assert len(str(found[4])) == 10
    assert mask.exchange(_answered(value)) == mask.exchange(_answered(value)) != other.exchange(_answered(value))


def test_mask__keeps_what_the_contract_says() -> None:
    """A valid answer stays, but for what somebody wrote, for tokens and for links."""
    facts = specs.load("kayle")
    body = next(iter(facts.document.operations["getSession"].responses["200"].media[0].examples.values()))
    found = json.loads(Anonymizer(facts, b"a").exchange(_answered(body)).response_body)
    assert found["data"] | dict.fromkeys(("redirect_url", "verification_url", "share_fields")) == body["data"] | dict.fromkeys(
        ("redirect_url", "verification_url", "share_fields")
    )
    assert found["data"]["share_fields"].keys() == body["data"]["share_fields"].keys()
    assert found["data"]["redirect_url"].startswith("https://")


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("content-type", "application/json; charset=utf-8; x=Ann", "application/json; charset=utf-8"),
        ("content-type", 'multipart/form-data; boundary="Ann"', "multipart/form-data; boundary=specimen-form"),
        ("content-length", "17", "17"),
        ("date", "Thu, 19 Mar 2026 10:31:30 GMT", "Thu, 19 Mar 2026 10:31:30 GMT"),
        ("cache-control", "no-store, max-age=0", "no-store, max-age=0"),
        ("accept", "text/html, application/json;q=0.9, */*", "text/html, application/json;q=0.9, */*"),
        ("accept-encoding", "gzip, deflate, br, zstd", "gzip, deflate, br, zstd"),
        ("user-agent", "python-httpx/0.28.1 (ann@example.com)", "python-httpx/0.28.1"),
        ("prefer", "scenario=succeeded", "scenario=succeeded"),
        ("specimen-seed", "7", "7"),
        ("host", "127.0.0.1:8081", "127.0.0.1:8081"),
        ("location", "http://localhost:1/", "http://localhost:1/"),
    ],
)
def test_header__harmless(name: str, value: str, shown: str) -> None:
    """What HTTP itself needs stays, without what somebody added to it."""
    assert Anonymizer(specs.load("kayle"), b"a").header(name, value) == shown


@pytest.mark.parametrize(
    "name",
    ["authorization", "x-auth-token", "x-access-key", "api-key", "x-user-email", "cookie", "set-cookie", "content-length", "date",
     "etag", "location", "accept", "retry-after", "x-request-id", "host", "server", "user-agent", "content-type", "forwarded"],
)  # fmt: skip
def test_header__others(name: str) -> None:
    """The value of any other header, or one of another form, is replaced, equal ones by equal ones."""
    mask = Anonymizer(specs.load("kayle"), b"a")
    found = mask.header(name, "ann.person@example.com")
    assert "person" not in found
    assert found == mask.header(name.upper(), "ann.person@example.com")
    assert mask.header("authorization", "Bearer kk_live_abcdef").startswith("Bearer kk_live_")
    assert "abcdef" not in mask.header("authorization", "Bearer kk_live_abcdef")


@pytest.mark.parametrize(
    ("body", "shown"), [(b"\x89PNG secret", b"[11 bytes, not recorded]"), (b"", b""), (b"{'Ann'", b"[6 bytes, not recorded]")]
)
def test_mask__other_bodies(body: bytes, shown: bytes) -> None:
    """What cannot be read is replaced by its size."""
    assert Anonymizer(specs.load("kayle"), b"a").exchange(_answered(body)).response_body == shown


def test_mask__ids() -> None:
    """A session's id stays wherever the contract has an id, and stays itself; what may be a person's id does not."""
    facts = specs.load("kyve")
    session, verification = (Stage(facts).read(None, None, name).response_json for name in ("getSession", "getVerification"))
    shown = [
        Anonymizer(facts, b"a").exchange(Stage(facts).read(None, None, name)).response_json
        for name in ("getSession", "getVerification")
    ]
    assert shown[0]["id"] == shown[1]["session_id"] == session["id"]
    assert shown[0]["verification_id"] == shown[1]["id"] != verification["id"]
    assert shown[1]["id"].startswith("ver_")
    completed = Stage(specs.load("predicate")).read()
    masked = Anonymizer(completed.provider, b"a").exchange(completed)
    assert masked.path == completed.path
    assert masked.response_json["sessionId"] == completed.response_json["sessionId"]
    assert masked.response_json["userId"] != completed.response_json["userId"]


def test_mask__method() -> None:
    """A method that HTTP does not know is reported as OTHER."""
    assert Anonymizer(specs.load("kayle"), b"a").exchange(_answered({}, method="ANN")).method == "OTHER"


def test_mask__short_values_stay_apart() -> None:
    """No two short values of one form get one pseudonym: a changed one is still seen to have changed."""
    body = {"metadata": [*"abcdefghijklmnopqrstuvwxyz", *(f"{n:02}" for n in range(100)), *range(200)]}
    found = json.loads(Anonymizer(specs.load("kayle"), b"a").exchange(_answered(body)).response_body)
    shown = next(iter(found.values()))
    assert len(set(shown)) == len(body["metadata"])
    assert [type(one) for one in shown] == [type(one) for one in body["metadata"]]


def test_mask__nests_as_deeply_as_can_be_read() -> None:
    """Deep values do not end the recording."""
    for depth in (400, 5_000):
        assert Anonymizer(specs.load("kayle"), b"a").exchange(_answered(b"[" * depth + b'"Ann"' + b"]" * depth)).response_body


def _kayle(pointer: str, value: object) -> Exchange:
    facts = specs.load("kayle")
    body = json.loads(json.dumps(next(iter(facts.document.operations["getSession"].responses["200"].media[0].examples.values()))))
    body["data"][pointer] = value
    return Exchange(
        facts,
        "GET",
        f"/v1/sessions/{body['data']['id']}",
        "",
        {},
        b"",
        200,
        {"content-type": "application/json"},
        json.dumps(body).encode(),
        0,
    )


def test_second_opinion__agrees() -> None:
    """Where both validators accept, or both refuse, there is no note."""
    assert disagreements(_kayle("later_field", {"x": 1})) == []
    assert disagreements(_kayle("status", "weird")) == []
    assert disagreements(_kayle("status", 7)) == []


def test_second_opinion__reviewed_difference() -> None:
    """A newline at an id's end is seen by jsonschema-rs alone, for a known reason: no note."""
    exchange = _kayle("later", 1)
    good = exchange.response_json["data"]["id"]
    assert disagreements(_kayle("id", good + "\n")) == []


@pytest.mark.parametrize("text", ["1e400", '"\\ud800"'])
def test_second_opinion__what_cannot_be_handed_on(text: str) -> None:
    """Of a number past all doubles and of half a surrogate pair the second validator has no opinion."""
    exchange = _kayle("later", "HERE")
    body = exchange.response_body.replace(b'"HERE"', text.encode())
    assert disagreements(replace(exchange, response_body=body)) == []


def test_second_opinion__unknown_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any other disagreement is a note of its own, and never an error."""
    from specimen.contracts.judge.validation import openapi_core_check

    monkeypatch.setattr(openapi_core_check, "REVIEWED", ())
    monkeypatch.setattr(openapi_core_check, "_first", lambda *_: [])
    found = disagreements(_kayle("status", "weird"))
    assert [(one.rule, one.severity, one.pointer) for one in found] == [("GEN-900", "note", "/data/status")]
    assert "openapi-core refuses what jsonschema-rs accepts" in found[0].expected
