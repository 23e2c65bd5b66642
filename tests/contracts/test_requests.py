"""What a fuzzer sends keeps the schema; whether it means anything to a service is another question."""

from __future__ import annotations

import pytest

import specs
from contracts.exchange import Exchange
from contracts.history import History
from contracts.judge import judge


def refused(query: str, seen_by: str = "fuzz") -> set[tuple[str, str]]:
    """Rule and severity of what is found when kayle's list is answered with a lawful request's 400."""
    exchange = Exchange(
        provider=specs.load("kayle"), method="GET", path="/v1/sessions", query=query,
        request_headers={"authorization": "Bearer a-token"}, request_body=b"", status=400,
        response_headers={"content-type": "application/json"},
        response_body=b'{"success": false, "error": {"name": "ZodError", "message": "no"}}',
        at=0, seen_by=seen_by, intent={"lawful": True},
    )  # fmt: skip
    return {(found.rule, found.severity) for found in judge(exchange, History())}


@pytest.mark.parametrize(
    "query", ["starting_after=x", "created_from=0000-01-01T00%3A00%3A00Z", "limit=10&created_to=1582-12-31T00%3A00%3A00Z"]
)
def test_gen_016__generated_values_that_may_mean_nothing(query):
    """A cursor that nobody gave out and a year before ISO 8601's own may be refused: a note."""
    assert refused(query) == {("GEN-016", "note")}


@pytest.mark.parametrize("query", ["", "limit=10", "status=created", "created_from=1583-01-01T00%3A00%3A00Z"])
def test_gen_016__values_that_the_document_settles(query):
    """What the document says all about is not refused."""
    assert refused(query) == {("GEN-016", "error")}


def test_gen_016__a_known_cursor():
    """The walk sends ids that it was given; refusing those is an error."""
    assert refused("starting_after=vs_1", seen_by="walk") == {("GEN-016", "error")}
