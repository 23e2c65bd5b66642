"""What a report may show of a value."""

from __future__ import annotations

import pytest

from specimen import specs
from specimen.contracts.redaction.values import Words, redacted, shown_pointer, words
from specimen.specs import Provider


@pytest.fixture(params=specs.names())
def provider(request: pytest.FixtureRequest) -> Provider:
    """Each provider in turn."""
    return specs.load(request.param)


def test_redaction__hides_what_could_be_somebody() -> None:
    """Names, numbers and keys are hashed; words of the contract, moments and our own words are not."""
    known = frozenset({"status", "success", "person"})
    assert redacted("success", "/status", known) == '"success"'
    assert redacted("Eriksson", "/family_name", known).startswith("text of 8")
    assert redacted("Napoli", "/city", known).startswith("text of 6")
    assert redacted("Anna", "/anything", known).startswith("text of 4")
    assert redacted(8412193345, "/personal_number", known) == "a number"
    assert redacted("2026-03-19T10:31:30.000Z", "/created_at", known) == '"2026-03-19T10:31:30.000Z"'
    assert redacted("1974-08-12", "/birth_date", known).startswith("text")
    assert redacted({"status": 1, "anna@example.com": 2}, "", known) == "an object with 2 fields, among them status"
    assert redacted("text/html", "") == '"text/html"'
    assert redacted(Words("an empty body")) == "an empty body"
    assert shown_pointer("/person/0/status", known) == "/person/0/status"
    assert "anna" not in shown_pointer("/person/anna@example.com", known)


def test_redaction__words_hold_no_example(provider: Provider) -> None:
    """The vendor's examples are data."""
    assert not {"DOE", "JOHN", "ERIKSSON", "my_client_key_123", "customer-0042"} & words(provider)
    assert set(provider.lifecycle.states) <= words(provider)
