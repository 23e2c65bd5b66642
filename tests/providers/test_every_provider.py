"""The same promises for every provider."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specimen import specs
from specimen.fixtures.primitives import times
from specimen.mockserver.app import App, build_app
from specimen.mockserver.provider_api import load_behaviour
from specimen.mockserver.sessions.session_record import Record, timeline
from specimen.mockserver.settings import Pace, Settings
from specimen.specs import Provider
from tests import golden
from tests.providers import mutants, provider_contract_tests
from tests.providers.provider_contract_tests import Exchange

NAMES = specs.names()
NOW = times.parse("2026-03-19T10:31:30Z")


@pytest.fixture(scope="module", params=NAMES)
def provider(request: pytest.FixtureRequest) -> Provider:
    """Each provider in turn."""
    return specs.load(request.param)


@pytest.fixture(scope="module")
def app(provider: Provider) -> App:
    """The mock of one provider, its clock frozen."""
    return build_app(Settings(providers=(provider.name,), now=NOW, freeze=True))


@pytest.fixture(scope="module")
def found(app: App, provider: Provider) -> list[Exchange]:
    """Every entry of the wishes table with its answer."""
    return asyncio.run(provider_contract_tests.exchanges(app, provider))


def kept(broken: Iterator[str]) -> None:
    """Fails with everything that breaks a promise."""
    lines = list(broken)
    assert not lines, f"{len(lines)} broken:\n" + "\n".join(lines[:25])


def test_operations__each_has_a_handler_and_each_handler_one(provider: Provider) -> None:
    """`load_behaviour` refuses any other module."""
    assert set(load_behaviour(provider).handlers) == set(provider.document.operations)


def test_catalogue__announced_status_is_answered(found: list[Exchange]) -> None:
    """`expect_status` is true for every entry."""
    kept(provider_contract_tests.expected_status(found))


def test_catalogue__announced_state_is_shown(provider: Provider, found: list[Exchange]) -> None:
    """`status` is what the vendor's field shows."""
    kept(provider_contract_tests.expected_state(provider, found))


def test_catalogue__every_documented_status_code_is_produced(provider: Provider, found: list[Exchange]) -> None:
    """No documented answer is out of reach."""
    kept(provider_contract_tests.every_status_code(provider, found))


def test_catalogue__every_status_value_is_produced(provider: Provider, found: list[Exchange]) -> None:
    """No state is out of reach."""
    kept(provider_contract_tests.every_status_value(provider, found))


def test_catalogue__every_scenario_and_state_is_produced(provider: Provider, found: list[Exchange]) -> None:
    """One entry per scenario and state along it."""
    kept(provider_contract_tests.every_scenario(provider, found))


def test_catalogue__every_error_example_is_produced(provider: Provider, found: list[Exchange]) -> None:
    """One entry per documented error."""
    kept(provider_contract_tests.every_error_example(provider, found))


def test_answers__validate_under_jsonschema(provider: Provider, found: list[Exchange]) -> None:
    """2020-12 with the strict overlay."""
    kept(provider_contract_tests.valid_by_jsonschema(provider, found))


def test_answers__validate_under_openapi_core(provider: Provider, found: list[Exchange]) -> None:
    """A second, independent validator agrees."""
    kept(provider_contract_tests.valid_by_openapi_core(provider, found))


def test_document__examples_validate(provider: Provider) -> None:
    """Of parameters, of bodies and of answers, under the contract and the strict overlay."""
    kept(provider_contract_tests.valid_examples(provider))


def test_document__has_the_vendors_own_examples(provider: Provider) -> None:
    """Each names its page and section; a documented operation without one says why."""
    kept(provider_contract_tests.vendor_examples(provider))


def test_document__lists_where_the_vendors_examples_contradict_the_page(provider: Provider) -> None:
    """What was changed in them had to be, and nothing else was wrong."""
    kept(provider_contract_tests.listed_contradictions(provider))


def test_document__shows_no_accepted_credential(provider: Provider) -> None:
    """Schemathesis would take it for an open door."""
    kept(provider_contract_tests.no_accepted_credential(provider))


def test_document__rules_have_ids_and_sources(provider: Provider) -> None:
    """A rule cites where it comes from, and its name is found from an error's path."""
    kept(provider_contract_tests.rule_titles(provider))


def test_rules__each_fires_alone_on_its_mutants(provider: Provider) -> None:
    """A valid answer with one thing broken breaks exactly the rule that says so, under the strict overlay too."""
    kept(mutants.each_rule_fires(provider))


def test_rules__are_silent_on_the_golden_files(provider: Provider) -> None:
    """No answer that the mock gives breaks a rule."""
    kept(mutants.rules_are_silent(provider))


def test_golden_files__are_remade_byte_for_byte(provider: Provider) -> None:
    """Seed and clock are all that the data depends on."""
    for scenario in provider.lifecycle.scenarios:
        path = golden.FOLDER / provider.name / f"{scenario}.json"
        assert path.read_text(encoding="utf-8") == golden.golden(provider, scenario), f"{path.name}: run `make fixtures`"


@given(data=st.data())
def test_lifecycle__terminal_states_never_move(provider: Provider, data: st.DataObject) -> None:
    """Whatever the scenario, the pace and the two times: once terminal, the events stay what they are."""
    lifecycle = provider.lifecycle
    scenario = data.draw(st.sampled_from(sorted(lifecycle.scenarios)))
    steps = data.draw(st.integers(0, len(lifecycle.scenarios[scenario].path) - 1))
    speed = data.draw(st.sampled_from([Pace.parse(text).speed for text in ("realtime", "10x", "1000x")]))
    record = Record("default", "x", scenario, 1, NOW, NOW, speed, steps)
    week = 7 * 86_400_000
    first = timeline(record, lifecycle, NOW + data.draw(st.integers(0, week)))
    later = timeline(record, lifecycle, first.events[-1].at + data.draw(st.integers(0, week)))
    if first.state in lifecycle.terminal and later.events[-1].at >= first.events[-1].at:
        assert later.events == first.events


@given(data=st.data())
def test_lifecycle__two_steps_equal_one(provider: Provider, data: st.DataObject) -> None:
    """What happened up to a time does not depend on who looked before."""
    lifecycle = provider.lifecycle
    scenario = data.draw(st.sampled_from(sorted(lifecycle.scenarios)))
    record = Record("default", "x", scenario, 1, NOW, NOW, 10.0, len(lifecycle.scenarios[scenario].path) - 1)
    early = data.draw(st.integers(0, 86_400_000))
    late = early + data.draw(st.integers(0, 86_400_000))
    before = timeline(record, lifecycle, NOW + early)
    after = timeline(record, lifecycle, NOW + late)
    assert after.events[: len(before.events)] == before.events
    assert all(event.at > NOW + early for event in after.events[len(before.events) :])
