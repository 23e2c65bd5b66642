"""What a report may show of a value."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema_rs import validator_for

from specimen import specs
from specimen.contracts.judge.validation.expectations import expected, got
from specimen.contracts.redaction.spec_terms import shape
from specimen.contracts.redaction.values import Words, fingerprint, redacted, shown_pointer, without_fingerprints, words
from specimen.specs import Provider


@pytest.fixture(params=specs.names())
def provider(request: pytest.FixtureRequest) -> Provider:
    """Each provider in turn."""
    return specs.load(request.param)


def test_redaction__hides_what_could_be_somebody() -> None:
    """Names, numbers and keys are hashed; words of the contract, moments and our own words are not."""
    known = frozenset({"status", "success", "person"})
    assert redacted("success", "/status", known) == '"success"'
    assert redacted("Eriksson", "/family_name", known).startswith("a string of 8")
    assert redacted("Napoli", "/city", known).startswith("a string of 6")
    assert redacted("Anna", "/anything", known).startswith("a string of 4")
    assert redacted(8412193345, "/personal_number", known) == "a number"
    assert redacted("2026-03-19T10:31:30.000Z", "/created_at", known) == '"2026-03-19T10:31:30.000Z"'
    assert redacted("1974-08-12", "/birth_date", known).startswith("a string")
    assert redacted({"status": 1, "anna@example.com": 2}, "", known) == "an object with 2 fields, among them status"
    assert redacted("text/html", "") == '"text/html"'
    assert redacted("application/vnd.anna-smith+json", "").startswith("a string of 31")
    assert redacted("", "/id") == "an empty string"
    assert redacted(Words("an empty body")) == "an empty body"
    assert shown_pointer("/person/0/status", known) == "/person/0/status"
    assert "anna" not in shown_pointer("/person/anna@example.com", known)


def test_redaction__words_hold_no_example(provider: Provider) -> None:
    """The vendor's examples are data."""
    assert not {"DOE", "JOHN", "ERIKSSON", "my_client_key_123", "customer-0042"} & words(provider)
    assert set(provider.lifecycle.states) <= words(provider)


TYPED = {
    "type": ({"type": ["integer", "null"]}, "x", "null or an integer", "a string of 1 character"),
    "enum": ({"enum": ["created", "failed"]}, "creatd", "one of 'created', 'failed'", "; nearest is 'created'"),
    "enum of none like it": ({"enum": ["created", 1, None]}, "wholly unlike", "one of 'created', 1, null", "a string of 13"),
    "const": ({"const": True}, False, "true", "false"),
    "pattern": ({"pattern": "^vs_"}, "x", "a string that matches ^vs_", "a string of 1 character"),
    "maxLength": ({"maxLength": 200}, "x" * 201, "a string of at most 200 characters", "a string of 201 characters"),
    "minLength": ({"minLength": 1}, "", "a string of at least 1 character", "an empty string"),
    "minimum": ({"minimum": 3}, 2, "at least 3", ""),
    "format": ({"format": "date-time"}, "x", "a string of format date-time", "a string of 1 character"),
    "required": ({"required": ["id"]}, {}, "the field 'id'", "an object with 0 fields"),
    "maxItems": ({"maxItems": 1}, [1, 2], "an array of at most 1 item", "a list of 2"),
    "additionalProperties": ({"additionalProperties": False, "properties": {}}, {"a": 1}, "", ""),
}


@pytest.mark.parametrize("name", TYPED)
def test_expectations__say_what_is_allowed_and_what_came(name: str) -> None:
    """A keyword is reported in words with its values, and what came without its text."""
    schema, value, wanted, came = TYPED[name]
    (error,) = validator_for(schema, validate_formats=True).iter_errors(value)
    assert wanted in expected(error)
    assert came in got(error, "/field", frozenset({"field"}))
    if isinstance(value, str) and len(value) > 1:
        assert value not in got(error, "/x", frozenset())


def test_redaction__shows_nothing_that_the_contract_does_not_name() -> None:
    """A number or a truth value in a field that nobody documents may be anything; so may all below such a field."""
    known = frozenset({"status", "count", "data"})
    assert redacted(123456789, "/ssn", known) == "a number"
    assert redacted(7, "/data/ssn", known) == "a number"
    assert redacted(1974, "/extra/count", known) == "a number"
    assert redacted(True, "/data/is_pep", known) == "true or false"
    assert redacted(123456789, "", known) == "a number"
    assert redacted(7, "/data/0/count", known) == "7"
    assert redacted(False, "/data/status", known) == "false"
    assert redacted(500, "", known) == "500"
    assert shape({"data": {"ssn": 123456789}}, known) == {"data": {f"#{fingerprint('ssn')}": "a number"}}


def test_fingerprints__are_of_one_run(tmp_path: Path) -> None:
    """The same value has one fingerprint in a run and another in the next, so that trying all dates finds none."""
    code = "from specimen.contracts.redaction.values import fingerprint as f; print(f('1974-08-12'), f('1974-08-12'), f('x'))"
    one, other = (subprocess.check_output([sys.executable, "-c", code], text=True, cwd=tmp_path).split() for _ in range(2))
    assert one[0] == one[1] != one[2]
    assert one[0] != other[0]
    assert without_fingerprints(f"a string of 8 characters (#{one[0]}) at /#{one[0]}/x") == "a string of 8 characters at /#/x"


def test_expectations__of_many_values_tell_some_and_their_number() -> None:
    """A list of all countries is no sentence; the nearest value stands beside what came."""
    values = [f"{first}{second}" for first in "ABCDEFGHIJ" for second in "KLMNOPQRST"]
    (error,) = validator_for({"enum": values}).iter_errors("dmx")
    assert expected(error) == f"one of {', '.join(map(repr, values[:12]))}, … (100 values)"
    assert "; nearest is 'D" in got(error, "/x", frozenset())
