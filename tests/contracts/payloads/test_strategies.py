"""Payloads for Hypothesis."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from specimen import specs
from specimen.contracts.payloads import Case, strategy
from specimen.specs import SpecimenError

KAYLE = specs.load("kayle")
QUICK = settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


def is_valid(session) -> bool:
    """By the document's schema."""
    media = KAYLE.document.operations["getSession"].responses["200"].content("application/json")
    return KAYLE.schemas.validator(media.pointer).is_valid(json.loads(json.dumps(session)))


def later(name: str, **wanted) -> st.SearchStrategy:
    """A strategy that is made when a test draws from it: to collect the tests need not make cases."""
    return st.deferred(lambda: strategy(name, **wanted))


@QUICK
@given(session=later("kayle.getSession.response", status="failed"))
def test_strategy__gives_what_a_parser_must_take(session) -> None:
    """Valid answers about failed sessions."""
    assert session["data"]["status"] == "failed"
    assert is_valid(session)


@QUICK
@given(case=later("kayle.getSession.response", verdict="reject", as_cases=True, kinds=["structure.missing"]))
def test_strategy__gives_cases_with_their_reason(case: Case) -> None:
    """Of the kind and the verdict that were asked for, and invalid indeed."""
    assert (case.verdict, case.kind) == ("reject", "structure.missing")
    assert not is_valid(case.payload)


@QUICK
@given(body=later("kayle.createSession.request"))
def test_strategy__gives_requests(body) -> None:
    """With the sections of a request."""
    assert set(body) <= {"path", "query", "headers", "body"}


def test_strategy__draws_edge_cases_and_plain_ones() -> None:
    """Both kinds come, of several people; what is drawn can be changed without harm to the next."""
    seen = set()

    @settings(max_examples=300, deadline=None, derandomize=True, database=None)
    @given(session=strategy("kyve.getVerification.response", status="completed"))
    def draw(session) -> None:
        seen.add(json.dumps(session, sort_keys=True))
        session.clear()

    draw()
    assert len(seen) > 100


def test_strategy__shrinks_to_a_session_without_an_edge() -> None:
    """The simplest example is the happy path's valid payload of the first person."""
    simplest = find(strategy("kayle.getSession.response"), lambda _: True, settings=settings(database=None))
    assert simplest["data"]["status"] == "succeeded"
    assert is_valid(simplest)


@pytest.mark.parametrize(
    ("name", "wanted", "text"),
    [
        ("kayle.getSession", {}, "PROVIDER.OPERATION.request"),
        ("kale.getSession.response", {}, "kale"),
        ("kayle.getSesion.response", {}, "Did you mean 'getSession'"),
        ("kayle.getSession.response", {"status": "done"}, "status 'done'"),
        ("kayle.getSession.response", {"tags": ["nothing"]}, "tag 'nothing'"),
        ("kayle.cancelSession.request", {"kinds": ["names.*"]}, "no case is left of verdict accept, kinds names"),
        ("kayle.createSession.response", {"status": "failed"}, "no case is left of status failed, verdict accept"),
    ],
)
def test_strategy__says_what_cannot_be(name, wanted, text) -> None:
    """When the strategy is made, not when a test runs."""
    with pytest.raises(SpecimenError, match=text):
        strategy(name, **wanted)
