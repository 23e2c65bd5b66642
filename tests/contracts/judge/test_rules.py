"""Each rule fires on a valid exchange with one thing broken, and is silent on all that is valid."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from specimen import specs
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge import general_rules
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import judge, observe
from specimen.contracts.judge.registry import rulebook
from specimen.specs import Provider
from specimen.specs.core.json_pointer import at
from tests.contracts.golden_exchanges import Mutant, Stage, golden_lives
from tests.mockserver.calling import forward

NAMES = [name for name in specs.names() if specs.load(name).is_builtin]
EXTERNAL = Path(__file__).parents[2] / "providers" / "external_provider"


def mutants(name: str) -> tuple[Mutant, ...]:
    """The mutants of a provider, or the general ones."""
    found: tuple[Mutant, ...] = importlib.import_module(f"tests.contracts.judge.mutants.{name}").MUTANTS
    return found


def cases() -> Iterator[pytest.param]:
    """Every mutant of every provider, with the provider's name."""
    for name in NAMES:
        for index, mutant in enumerate(mutants(name)):
            yield pytest.param(name, index, id=f"{mutant.rule} {mutant.what}")


@pytest.fixture(scope="module", params=NAMES)
def provider(request: pytest.FixtureRequest) -> Provider:
    """Each provider in turn."""
    return specs.load(request.param)


@pytest.fixture
def external(monkeypatch: pytest.MonkeyPatch) -> Provider:
    """A provider from outside, which has no rules of its own."""
    monkeypatch.setenv("SPECIMEN_PATH", str(EXTERNAL))
    return specs.load("veritas")


def fired(exchanges: list[Exchange]) -> list[Counter[str]]:
    """The rules that each exchange breaks, judged in order."""
    history = History()
    return [Counter(one.rule for one in observe(exchange, history)) for exchange in exchanges]


def reported(exchanges: list[Exchange]) -> list[str]:
    """Every violation of a valid life, in words."""
    history, found = History(), []
    for exchange in exchanges:
        found += [f"{exchange.label} {exchange.status}: {one}" for one in observe(exchange, history)]
    return found


@pytest.mark.parametrize(("name", "index"), list(cases()))
def test_mutant__breaks_exactly_its_rule(name: str, index: int) -> None:
    """What is broken last breaks one rule, and nothing before it breaks any."""
    mutant = mutants(name)[index]
    *before, last = fired(mutant.make(Stage(specs.load(name))))
    assert not any(before), before
    assert set(last) == {mutant.rule, *mutant.also}, last


@pytest.mark.parametrize("mutant", [pytest.param(one, id=f"{one.rule} {one.what}") for one in mutants("general")])
def test_mutant__breaks_exactly_its_general_rule(mutant: Mutant, external: Provider) -> None:
    """A provider without rules of its own is held to all general ones."""
    *before, last = fired(mutant.make(Stage(external)))
    assert not any(before), before
    assert set(last) == {mutant.rule, *mutant.also}, last


def test_rules__each_of_a_module_has_a_mutant(provider: Provider) -> None:
    """A rule earns its place by firing."""
    own = {rule.id for rule in rulebook(provider).values() if rule.check is not None and not rule.id.startswith("GEN-")}
    assert own == {mutant.rule for mutant in mutants(provider.name)} & own
    assert {mutant.rule for mutant in mutants(provider.name)} <= set(rulebook(provider))


def test_rules__each_general_one_has_a_mutant() -> None:
    """So does a general one, with whichever provider it can be shown."""
    shown = {mutant.rule for name in (*NAMES, "general") for mutant in mutants(name)}
    assert {rule.id for rule in general_rules.RULES} <= shown


def test_rules__are_silent_on_golden_files(provider: Provider) -> None:
    """Every scenario, every state in its order, each read twice."""
    found = [f"{scenario}: {line}" for scenario, reads in golden_lives(provider) for line in reported(reads)]
    assert not found, "\n".join(found[:20])


def test_rules__are_silent_on_whole_session_histories(provider: Provider) -> None:
    """A session of every scenario, made and read in every way until it has ended, and twice more, while time goes on."""
    found, lives = [], 0
    for scenario in provider.lifecycle.scenarios:
        life = list(_life(Stage(provider, "polls:1"), scenario))
        lives += len(life) > 1
        found += [f"{scenario}: {line}" for line in reported(life)]
    assert not found, "\n".join(found[:20])
    assert lives > len(provider.lifecycle.scenarios) // 2


def _life(stage: Stage, scenario: str) -> Iterator[Exchange]:
    """Nothing but the refusal where a scenario needs more than the smallest request."""
    made = stage.create(scenario)
    yield made
    lifecycle = stage.provider.lifecycle
    found = lifecycle.scenarios[scenario]
    reads = [stage.read(scenario, operation=read.operation) for read in lifecycle.reads if read.fits(found.facts)]
    for _ in range(len(found.path) + 2) if made.is_success else ():
        for read in reads:
            forward(stage.app, 1700)
            old = {name: _catalogue_id(stage, name, scenario) for name in lifecycle.ids}
            yield stage.again(_renamed(read, old, made))


def _catalogue_id(stage: Stage, name: str, scenario: str) -> str:
    table = stage.app.mounted[stage.provider.name].table
    return str(table._filled(f"{{{name}:{scenario}}}", None))


def _renamed(read: Exchange, old: Mapping[str, str], made: Exchange) -> Exchange:
    """A read of the catalogue's session as one of the session that was made."""
    lifecycle = made.provider.lifecycle
    primary = next(iter(lifecycle.ids))
    for name, value in old.items():
        new = at(made.response_json, lifecycle.create.session if name == primary else f"/{name}_id")
        if isinstance(new, str):
            path, body = read.path.replace(value, new), read.request_body.replace(value.encode(), new.encode())
            read = replace(read, path=path, request_body=body)
    return read


def test_rules__are_silent_on_the_catalogue(provider: Provider) -> None:
    """Every entry of the wishes table, its setup too, in one history."""
    stage, exchanges = Stage(provider), []
    for entry in stage.entries:
        exchanges += [*(stage.send(step) for step in entry["setup"]), stage.send(entry)]
    found = reported(exchanges)
    assert not found, f"{len(found)}:\n" + "\n".join(found[:20])


def test_rules__are_silent_on_a_provider_from_outside(external: Provider) -> None:
    """The general rules judge it too."""
    stage = Stage(external)
    found = reported([stage.send(entry) for entry in stage.entries])
    assert not found, "\n".join(found[:20])


@pytest.mark.parametrize(("status", "severity"), [(418, "error"), (429, "note"), (502, "note"), (503, "note"), (504, "note")])
def test_undocumented_status__of_something_in_between_is_a_note(status: int, severity: str) -> None:
    """A rate limit or a gateway in front of the vendor breaks nothing that the vendor promised."""
    provider = specs.load("kayle")
    exchange = Exchange(
        provider,
        "GET",
        "/v1/sessions/vs_" + "a" * 64,
        "",
        {"authorization": "Bearer x"},
        b"",
        status,
        {"content-length": "0"},
        b"",
        0,
    )
    found = {violation.rule: violation.severity for violation in judge(exchange, History())}
    assert found["GEN-001"] == severity
