"""Recorded values: nobody's, and judged as the true ones were."""

from __future__ import annotations

import json
from dataclasses import replace

import httpx
import pytest

import specs
from contracts.exchange import Exchange
from contracts.history import History
from contracts.judge import observe
from contracts.masking import Mask
from contracts.second_opinion import disagreements
from contracts.traffic import headers_of
from tests.contracts.targets import mock
from tests.sending import as_request


@pytest.mark.parametrize("provider", specs.names())
def test_mask__changes_no_verdict(provider: str) -> None:
    """Every answer of the mock is judged the same when masked, strictly, and tells no name, birthday or number of its person."""
    from mockserver.catalogue import Catalogue
    from mockserver.table import Table

    facts = specs.load(provider)
    mask, plain, hidden = Mask(facts, b"fixed"), History(), History()
    told: list[tuple[str, str]] = []
    with mock() as url, httpx.Client() as client:
        for entry in Table(facts, Catalogue(facts, 0, 0)).entries():
            if "realtime" in entry["path"]:
                continue
            answer = client.send(as_request(entry, url))
            exchange = Exchange(
                facts, entry["method"], answer.request.url.raw_path.decode().partition("?")[0].removeprefix(facts.mount),
                answer.request.url.query.decode(), headers_of(answer.request.headers.raw), answer.request.content,
                answer.status_code, headers_of(answer.headers.raw), answer.content, 0,
            )  # fmt: skip
            masked = replace(
                exchange, response_body=mask.body(exchange.response_body), request_body=mask.body(exchange.request_body),
                query=mask.query(exchange.query),
                request_headers={name: mask.header(name, value) for name, value in exchange.request_headers.items()},
            )  # fmt: skip
            told += [(a, masked.response_body.decode()) for a in _personal(exchange.response_json)]
            before = {(one.rule, one.pointer) for one in observe(exchange, plain)}
            assert {(one.rule, one.pointer) for one in observe(masked, hidden)} == before, masked.label
    assert [value for value, body in told if f'"{value}"' in body] == []


def _personal(value: object, field: str = "") -> list[str]:
    """What the mock makes up of a person."""
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in _personal(item, key)]
    if isinstance(value, list):
        return [found for item in value for found in _personal(item, field)]
    words = (
        "first_name",
        "last_name",
        "firstname",
        "lastname",
        "given_names",
        "family_name",
        "birth_date",
        "birthdate",
        "date_of_birth",
        "document_number",
        "email",
        "address",
    )
    return (
        [value] if isinstance(value, str) and len(value) > 3 and field.lower() in words and not value.endswith("-01-01") else []
    )


def test_mask__same_value_same_mask() -> None:
    """Equal values stay equal, forms stay, credentials keep their scheme, and another recording has another mask."""
    facts = specs.load("kayle")
    mask, other = Mask(facts, b"a"), Mask(facts, b"b")
    value = {
        "name": "Ann-Marie O'Neil 7",
        "again": {"name": "Ann-Marie O'Neil 7"},
        "status": "created",
        "birth_date": "1985-03-02",
        "cancel_token": "ct_Abc123Abc123",
    }
    found = json.loads(mask.body(json.dumps(value).encode()))
    assert found["name"] == found["again"]["name"] != value["name"]
    assert [c.isalpha() for c in found["name"]] == [c.isalpha() for c in value["name"]]
    assert (found["status"], found["birth_date"]) == ("created", "1985-01-01")
    assert found["cancel_token"].startswith("ct_")
    assert found["cancel_token"] != value["cancel_token"]
    assert mask.header("Authorization", "Bearer kk_live_abcdef") == mask.header("authorization", "Bearer kk_live_abcdef")
    assert mask.header("Authorization", "Bearer kk_live_abcdef").startswith("Bearer ")
    assert "abcdef" not in mask.header("Authorization", "Bearer kk_live_abcdef")
    assert mask.text("Ann Example") != other.text("Ann Example")
    assert mask.body(b"\x89PNG secret") == b"[11 bytes, not recorded]"
    assert mask.body(b"") == b""


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
    from contracts import second_opinion

    monkeypatch.setattr(second_opinion, "REVIEWED", ())
    monkeypatch.setattr(second_opinion, "_first", lambda *_: [])
    found = disagreements(_kayle("status", "weird"))
    assert [(one.rule, one.severity, one.pointer) for one in found] == [("GEN-900", "note", "/data/status")]
    assert "openapi-core refuses what jsonschema-rs accepts" in found[0].expected
