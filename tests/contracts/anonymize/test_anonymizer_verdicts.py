"""Anonymized exchanges are judged as the recorded ones are: whole session histories, and everything that breaks a rule."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from specimen import specs
from specimen.contracts.anonymize.anonymizer import Anonymizer
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import observe
from specimen.contracts.judge.severity import ERROR
from specimen.contracts.traffic.har_reader import check, read_har
from specimen.contracts.traffic.har_writer import Recorder
from specimen.contracts.traffic.monitor import JudgedExchange, Monitor
from tests.contracts.golden_exchanges import Stage, golden_lives
from tests.contracts.judge.test_rules import EXTERNAL, NAMES, cases, mutants

SECRETS = (b"one", b"another")
# What these break lies in values that are replaced: steps and tokens that no longer are those of another field, and a key of
# the caller's own beside others. Masked they break nothing.
UNSEEN_WHEN_MASKED = {
    "IDN-021 the first step is said to be the last",
    "GEN-032 another token in the link than beside it",
    "GEN-035 a refused creation is listed",
    "KAY-035 a link without the token",
    "KYV-028 a token for a day",
    "KYV-029 names in one another's place",
    "NEU-038 the month before the day",
}


def _reported(exchanges: list[Exchange]) -> list[list[tuple[str, str, str]]]:
    """What each exchange breaks, judged in order: rule, severity and place, names of fields aside that the contract lacks."""
    history = History()
    return [
        [(one.rule, one.severity, re.sub("#[0-9a-f]{8}", "#", one.pointer)) for one in observe(exchange, history)]
        for exchange in exchanges
    ]


def _masked(exchanges: list[Exchange], secret: bytes) -> list[Exchange]:
    mask = Anonymizer(exchanges[0].provider, secret)
    return [mask.exchange(exchange) for exchange in exchanges]


@pytest.mark.parametrize("name", NAMES)
def test_valid__nothing_new(name: str) -> None:
    """Every golden life breaks nothing, and nothing when masked."""
    for scenario, exchanges in golden_lives(specs.load(name)):
        assert _reported(_masked(exchanges, SECRETS[0])) == _reported(exchanges), scenario


@pytest.mark.sample(10)
@pytest.mark.parametrize("secret", [SECRETS[0], pytest.param(SECRETS[1], marks=pytest.mark.long("as with the first"))])
@pytest.mark.parametrize(("name", "index"), list(cases()))
def test_mutant__is_judged_the_same(name: str, index: int, secret: bytes) -> None:
    """Each mutant breaks when masked what it breaks, in the same place, and nothing else."""
    mutant = mutants(name)[index]
    exchanges = mutant.make(Stage(specs.load(name)))
    expected = _reported(exchanges)
    if f"{mutant.rule} {mutant.what}" in UNSEEN_WHEN_MASKED:
        expected = [[one for one in found if one[0] != mutant.rule] for found in expected]
    assert _reported(_masked(exchanges, secret)) == expected


@pytest.mark.parametrize("mutant", [pytest.param(one, id=f"{one.rule} {one.what}") for one in mutants("general")])
def test_general_mutant__is_judged_the_same(mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    """So it is for a provider of which there is a document and no more."""
    monkeypatch.setenv("SPECIMEN_PATH", str(EXTERNAL))
    exchanges = mutant.make(Stage(specs.load("veritas")))
    assert _reported(_masked(exchanges, SECRETS[0])) == _reported(exchanges)


@pytest.mark.parametrize(("name", "form"), [("kyve", "ses_Real.form-{}"), ("idnow", "ses:real/{}"), ("predicate", "REAL {} é")])
def test_valid__other_ids(name: str, form: str) -> None:
    """Ids of a form that we do not expect are replaced, and still lead from answer to answer."""
    facts = specs.load(name)
    for scenario, exchanges in golden_lives(facts):
        first = next(str(value) for one in exchanges for value in one.parameters.values() if len(value) > 20)
        new = form.format("anna")
        renamed = [
            replace(
                one,
                path=one.path.replace(first, quote(new, safe="")),
                response_body=one.response_body.replace(first.encode(), json.dumps(new)[1:-1].encode()),
            )
            for one in exchanges
        ]
        masked = _masked(renamed, SECRETS[0])
        assert _reported(masked) == _reported(renamed), scenario
        assert not any("anna" in one.path or b"anna" in one.response_body for one in masked)


@pytest.mark.parametrize("name", NAMES)
def test_valid__more_times(name: str) -> None:
    """Times of the session that the document does not have are compared by rules too; they stay in their order."""
    _, exchanges = next(golden_lives(specs.load(name)))
    more = []
    for number, one in enumerate(exchanges):
        body = json.loads(one.response_body)
        if isinstance(body, dict):
            body |= {"updated_at": f"2026-03-19T10:{number:02}:00Z", "responseTime": f"2026-03-19T11:{number:02}:00Z"}
        more.append(replace(one, response_body=json.dumps(body).encode()))
    assert _reported(_masked(more, SECRETS[0])) == _reported(more)


@pytest.mark.parametrize("name", NAMES)
def test_recording__is_judged_the_same(name: str, tmp_path: Path) -> None:
    """Lives and mutants by way of a file: `specimen check` finds in it the errors that the proxy found, and no others."""
    facts = specs.load(name)
    broken = [one for one in mutants(name) if f"{one.rule} {one.what}" not in UNSEEN_WHEN_MASKED]
    runs = [exchanges for _, exchanges in golden_lives(facts)] + [one.make(Stage(facts)) for one in broken]
    for run, exchanges in enumerate(runs):
        live, path = Monitor(facts), tmp_path / f"{run}.har"
        recorder = Recorder(path, facts)
        for number, exchange in enumerate(exchanges):
            plain = replace(exchange, intent={}, seen_by="proxy", at=1_780_000_000_000 + (exchange.at - exchanges[0].at) + number)
            recorder.add(live.judge(plain), "https://vendor.example", plain.at)
        recorder.close()
        later = Monitor(facts)
        list(check(read_har(path, facts, "https://vendor.example"), later))
        shown, known = ({entry.violation for entry in bench.found} for bench in (later, live))
        shown, known = ({(one.rule, one.severity, one.operation) for one in found} for found in (shown, known))
        assert shown == known, exchanges[-1].label


def test_verdict__is_reported_without_values() -> None:
    """What an entry says of violations holds nothing of what came, not even as a fingerprint."""
    from specimen.contracts.traffic.har_writer import as_entry

    facts = specs.load("kayle")
    exchange = Stage(facts).read()
    body = json.loads(exchange.response_body)
    body["data"] |= {"status": "Annsurname", "share_fields": {"annsurname": 1}}
    exchange = replace(exchange, response_body=json.dumps(body).encode())
    found = Monitor(facts).judge(exchange)
    assert any(one.severity == ERROR for one in found.found)
    entry = as_entry(JudgedExchange(exchange, found.found), "http://x", 0, Anonymizer(facts, b"a"))
    assert "nnsurname" not in json.dumps(entry)
    assert re.search(r"#[0-9a-f]{8}", json.dumps(entry["_specimen"])) is None
