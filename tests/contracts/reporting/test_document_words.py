"""The document's names and values are words of the contract: no report hashes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from specimen import specs
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.redaction.values import fingerprint
from specimen.contracts.reporting.collector import Collector
from specimen.contracts.reporting.formats.registry import render
from specimen.specs import Provider
from tests.contracts.example_reports import STARTED_AT, exchange, kayle, session_body
from tests.contracts.golden_exchanges import Stage
from tests.contracts.judge.test_rules import NAMES, mutants

BASE_URL = "http://127.0.0.1:8080"
_HASHED = re.compile(r"#([0-9a-f]{8})\b")


def stated(node: Any) -> Iterator[str]:
    """What a document names: fields, parameters, headers, content types, listed values; no example."""
    if isinstance(node, list):
        for item in node:
            yield from stated(item)
    for key, value in node.items() if isinstance(node, dict) else ():
        if key in ("properties", "headers", "content", "parameters", "responses") and isinstance(value, dict):
            yield from map(str, value)
        if key in ("name", "operationId", "const") and isinstance(value, str):
            yield from (value, value.lower())
        if key in ("enum", "required") and isinstance(value, list):
            yield from (item for item in value if isinstance(item, str))
        if key not in ("example", "examples", "default"):
            yield from stated(value)


def names_of(value: Any) -> Iterator[str]:
    """The names of an object's fields, at any depth."""
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if isinstance(name, str):
            yield name
        yield from names_of(inner)


def hashes(provider: Provider, exchanges: list[Exchange]) -> dict[str, str]:
    """The hashes of the document's words, and of what in the exchanges its patterns of names allow."""
    found = set(stated(provider.document.raw)) | set(provider.lifecycle.states)
    for one in exchanges:
        for body in (one.request_json, one.response_json):
            found.update(name for name in names_of(body) if re.fullmatch(r"age_over_[0-9]{1,3}", name))
    return {fingerprint(word): word for word in found}


def report(provider: Provider, exchanges: list[Exchange]) -> dict[str, Any]:
    """What a report tells of the exchanges."""
    collector = Collector(provider, BASE_URL + provider.mount)
    for one in exchanges:
        collector.judge(one)
    made = collector.report(profile="ci", seed=1, fail_on="note", started_at=STARTED_AT, seconds=1, requests=len(exchanges))
    reported: dict[str, Any] = json.loads(render(made, "json"))
    return reported


@pytest.mark.parametrize("name", NAMES)
def test_report__of_every_mutant_hashes_no_word_of_the_document(name: str) -> None:
    """Whatever breaks a rule, the contract's words are reported as they are."""
    provider, judged = specs.load(name), 0
    for mutant in mutants(name):
        exchanges = mutant.make(Stage(provider))
        known = hashes(provider, exchanges)
        violations = report(provider, exchanges)["violations"]
        judged += len(violations)
        hashed = {known[digits] for digits in _HASHED.findall(json.dumps(violations)) if digits in known}
        assert not hashed, (mutant.rule, mutant.what, violations)
    assert judged >= len(mutants(name))


@pytest.mark.parametrize(
    ("query", "reported"),
    [("created_from=2026-03-19T10%3A31Z", "'created_from'"), ("limit=1.0", "'limit'"), ("status=half", "'status'")],
)
def test_report__names_the_parameter_that_is_wrong(query: str, reported: str) -> None:
    """A query's name that the document lists is a word of the contract, though it came with the request."""
    body = {"data": [], "pagination": {"limit": 10, "has_more": False, "next_cursor": None}, "error": None}
    one = exchange(body, path="/v1/sessions", query=query)
    assert reported in " ".join(entry["expected"] for entry in report(kayle(), [one])["violations"])


def test_report__names_what_a_pattern_of_names_allows() -> None:
    """`age_over_18` is in no list of the document; its pattern of names has it."""
    one = exchange(session_body(contract_version="one"), query="")
    body = one.response_json
    body["data"]["share_fields"] = {"age_over_18": {"required": "yes", "reason": 1}}
    reported = report(kayle(), [exchange(body)])["violations"]
    assert any("/age_over_18/" in entry["pointer"] for entry in reported)
    assert not [entry for entry in reported if fingerprint("age_over_18") in json.dumps(entry)]


def test_report__a_foreign_text_inside_a_word_of_the_contract_leaves_it_whole() -> None:
    """A value `creat` is no reason to spoil the values that the document lists."""
    reported = report(kayle(), [exchange(session_body(status="creat"))])["violations"]
    (found,) = [entry for entry in reported if entry["pointer"] == "/data/status"]
    assert found["expected"].startswith("one of 'created', 'in_progress'")
    assert found["got"].endswith("; nearest is 'created'")
