"""What a fuzzer sends keeps the schema; whether it means anything to a service is another question."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import pytest

from specimen import specs
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import judge
from specimen.contracts.judge.validation.request_validation import request_errors
from specimen.specs import Document
from tests.contracts.golden_exchanges import Stage

CURSOR = "vs_" + "a1B2" * 16  # well formed


def refused(query: str, seen_by: str = "fuzz") -> set[tuple[str, str]]:
    """Rule and severity of what is found when kayle's list is answered with a valid request's 400."""
    exchange = Exchange(
        provider=specs.load("kayle"), method="GET", path="/v1/sessions", query=query,
        request_headers={"authorization": "Bearer a-token"}, request_body=b"", status=400,
        response_headers={"content-type": "application/json"},
        response_body=b'{"success": false, "error": {"name": "ZodError", "message": "no"}}',
        at=0, seen_by=seen_by, intent={"valid": True},
    )  # fmt: skip
    return {(found.rule, found.severity) for found in judge(exchange, History())}


@pytest.mark.parametrize("query", ["created_from=0000-01-01T00%3A00%3A00Z", "limit=10&created_to=1582-12-31T00%3A00%3A00Z"])
def test_gen_016__generated_values_that_may_mean_nothing(query):
    """A year before ISO 8601's own may be refused: a note."""
    assert refused(query) == {("GEN-016", "note")}


@pytest.mark.parametrize(
    "query", ["", f"starting_after={CURSOR}", "limit=10", "status=created", "created_from=1583-01-01T00%3A00%3A00Z"]
)
def test_gen_016__values_that_the_document_settles(query):
    """What the document says all about is not refused."""
    assert refused(query) == {("GEN-016", "error")}


def test_gen_016__a_known_cursor():
    """The walk sends ids that it was given; refusing those is an error."""
    assert refused(f"starting_after={CURSOR}", seen_by="walk") == {("GEN-016", "error")}


def taken(name: str, operation: str, body: object, **more: object) -> set[tuple[str, str]]:
    """Rule and severity where a success is the answer to a body that the document forbids."""
    stage = Stage(specs.load(name))
    made = stage.ask(operation, body={}, **more)
    assert made.is_success
    found = judge(replace(made, request_body=json.dumps(body).encode()), History())
    return {(one.rule, one.severity) for one in found if one.rule == "GEN-015"}


@pytest.mark.parametrize(
    ("body", "severity"),
    [
        ({"webhook_endpoint_id": "endpoint 1"}, "error"),
        ({"webhook_endpoint_id": ["a" * 129, "b"]}, "error"),
        ({"webhook_endpoint_id": ["a"] * 26}, "error"),
        ({"redirect_url": "https://bücher.example/zurück"}, "note"),
        ({"redirect_url": "http://localhost:3000/done"}, "note"),
        ({"redirect_url": "http://shop.example/"}, "error"),
        ({"redirect_url": "http://localhost.example/"}, "error"),
        ({"redirect_url": "https://"}, "error"),
        ({"redirect_url": "https://shop.example/" + "a" * 2048}, "error"),
    ],
)
def test_gen_015__what_no_page_forbids_is_a_note(body, severity):
    """https, 2048 characters and the form of an endpoint's id are public; ASCII alone, and no localhost, are assumed."""
    assert {level for rule, level in taken("kayle", "createSession", body)} == {severity}


def test_gen_015__a_scheme_in_capitals_is_the_same_scheme():
    """RFC 3986, section 3.1, and the WHATWG URL Standard: schemes are case-insensitive."""
    assert taken("kayle", "createSession", {"redirect_url": "HTTPS://shop.example/"}) == set()


@pytest.mark.parametrize(
    ("value", "is_assumed"),
    [
        ("endpoint 1", True), ("", True), (["a" * 129, "b"], True), (1, False), ([1], False), ([], False),
        (["a"] * 26, False), (["a b"] * 26, False),
    ],
)  # fmt: skip
def test_request_errors__a_union_that_only_our_part_of_a_branch_refuses_is_assumed(value, is_assumed):
    """A value that would fit one branch but for what is marked assumed in it; where the vendor's own part fails too, not."""
    kayle = specs.load("kayle")
    raw = copy.deepcopy(dict(kayle.document.raw))
    ours = raw["components"]["schemas"]["WebhookEndpointId"]
    limits = {name: ours.pop(name) for name in ("minLength", "maxLength", "pattern")}
    ours["allOf"] = [{"x-provenance": "assumed", "x-reason": "for this test", **limits}]
    made = Stage(kayle).ask("createSession", body={})
    sent = replace(
        made,
        provider=replace(kayle, document=Document(raw, kayle.document.path)),
        request_body=json.dumps({"webhook_endpoint_id": value}).encode(),
    )
    assert {fault.is_assumed for fault in request_errors(sent)} == {is_assumed}


@pytest.mark.parametrize(
    ("url", "severity"), [("http://shop.example/", "error"), ("shop.example", "error"), ("HTTPS://shop.example/", "note")]
)
def test_gen_015__origin_url_is_https_by_a_public_page(url, severity):
    """Predicate docs, Register Session: "It must be an absolute https:// URL". A scheme in small letters is assumed."""
    assert {level for _, level in taken("predicate", "register", {"originUrl": url}, path={"type": "individual"})} == {severity}
