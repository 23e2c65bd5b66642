"""What `kyc_mock.<provider>.create(...)` takes: preferences and facts of the person, and nothing that it does not know."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

import specimen
from specimen import specs
from specimen.mockserver.errors import InvalidFact, InvalidPreference
from specimen.mockserver.testing.sandbox import KycMock

ADA = {"given_names": "Ada", "family_name": "Lovelace", "birth_date": "1990-12-10", "sex": "F"}


@pytest.fixture
def mock() -> Iterator[KycMock]:
    """A sandbox that stands still."""
    with specimen.sandbox(now="2026-03-19T10:31:06Z", freeze=True, pace="manual") as found:
        yield found


@pytest.mark.parametrize("name", specs.names())
def test_create__takes_the_facts_of_a_person(mock: KycMock, name: str) -> None:
    """As the control API's creation does, with the same answers."""
    ends = mock.app.mounted[name].provider.lifecycle.default.path[-1]
    provider = getattr(mock, name)
    made = provider.session(provider.create(**ADA, status=ends, seed=7, locale="en_GB"))
    same = mock.control.create(name, state=ends, seed=7, facts={**ADA, "locale": "en_GB"})
    assert made.facts == same.facts
    assert {key: made.facts[key] for key in ADA} == ADA


def test_create__shows_the_person_in_answers(mock: KycMock) -> None:
    """The document and its MRZ follow, in the answer that creates the session too."""
    made = mock.neurovision.create(**ADA, status="success")
    text = json.dumps(made)
    assert "LOVELACE" in text.upper()
    assert "LOVELACE<<ADA" in text


def test_create__takes_a_person_after_another_session(mock: KycMock) -> None:
    """A request whose head came before is not answered without the facts."""

    def name_of(**wanted: str) -> str | None:
        session = mock.kyve.session(mock.kyve.create(**wanted))
        while not session.is_terminal:
            session = mock.kyve.advance(session.id)
        return session.facts.get("family_name")

    assert {name_of() for _ in range(3)} == {None}
    assert name_of(**ADA) == "Lovelace"
    assert name_of(family_name="Müller") == "Müller"
    assert name_of() is None
    mock.faults.add("status", status=503)
    with pytest.raises(RuntimeError, match="503"):
        mock.kyve.create(**ADA)


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"scenarioo": "x"}, "scenarioo=x: there is no such preference. Did you mean 'scenario'?"),
        ({"failurecode": "y"}, "failurecode=y: there is no such preference. Did you mean 'failure_code'?"),
        ({"given_name": None}, "given_name=null: there is no such preference. Did you mean 'given_names'?"),
        ({"zzz": object}, "there is no such preference. Possible: "),
    ],
)
def test_create__refuses_a_name_that_it_does_not_know(mock: KycMock, wanted: dict[str, Any], reason: str) -> None:
    """With what is possible; no session is made."""
    with pytest.raises(InvalidPreference) as refused:
        mock.kayle.create(**wanted)
    assert reason in str(refused.value)
    assert {"scenario", "fault", "locale", "failure_code", "birth_date"} <= set(refused.value.possible)
    assert mock.control.sessions() == []


def test_create__refuses_a_person_that_cannot_be(mock: KycMock) -> None:
    """As the control API does."""
    for facts in ({"birth_date": "10.12.1990"}, {"sex": "X"}, {"given_names": " "}, {"birth_date": "2095-01-01"}):
        with pytest.raises(InvalidFact, match=next(iter(facts))):
            mock.kayle.create(**facts)
    assert mock.control.sessions() == []
