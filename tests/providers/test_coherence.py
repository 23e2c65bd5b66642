"""Laws over 200 seeds of every scenario in every state: what one session says of a person agrees with itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from specimen import specs
from specimen.fixtures import recipes
from specimen.fixtures.primitives import times
from specimen.fixtures.primitives.timelines import plan
from specimen.fixtures.recipes.recipe import SessionSnapshot, settle
from specimen.fixtures.recipes.session_histories import secondary_id
from specimen.fixtures.standards import mrz
from specimen.mockserver.sessions.catalogue.catalogue import ID_TIME, Catalogue
from specimen.specs import Provider
from specimen.specs.loading.lifecycle import Scenario

SEEDS = 2 * settings.default.max_examples
NOW = times.parse("2026-03-19T10:31:30Z")
# A line of a TD3 zone has 44 characters, one of a TD1 zone 30 (ICAO 9303, parts 4 and 5).
ZONE_LINE = re.compile(r"[A-Z0-9<]{30}|[A-Z0-9<]{44}")
CASES = [(name, scenario) for name in specs.names() for scenario in specs.load(name).lifecycle.scenarios]


def moments(provider: Provider, scenario: Scenario, session_id: str) -> Iterator[SessionSnapshot]:
    """The scenario's session in each state along it, once per seed."""
    lifecycle = provider.lifecycle
    primary, *others = lifecycle.ids
    ids = {primary: session_id} | {name: secondary_id(provider, name, session_id, ID_TIME) for name in others}
    length = plan(lifecycle, scenario.path, 0)[-1].at
    events = plan(lifecycle, scenario.path, NOW - length)
    lifetime = lifecycle.lifetime
    for seed in range(SEEDS):
        for count in range(1, len(events) + 1):
            yield SessionSnapshot(
                provider=provider.name,
                id=session_id,
                ids=ids,
                scenario=scenario.name,
                seed=seed,
                facts=scenario.facts,
                events=events[:count],
                expires_at=None if lifetime is None else events[0].at + lifetime.seconds * 1000,
                # As late as the session can be in this state.
                now=NOW if count == len(events) else events[count].at - 1,
                origin="http://127.0.0.1:8080/x",
                is_terminal=events[count - 1].state in lifecycle.terminal,
            )


@pytest.mark.hypothesis  # over all seeds in `make test-long`
@pytest.mark.parametrize(("name", "scenario_name"), CASES)
def test_sessions__agree_with_themselves(name: str, scenario_name: str) -> None:
    """Every rule of the spec holds, every MRZ reads back as the session's person, and the person's dates are in order."""
    provider = specs.load(name)
    scenario = provider.lifecycle.scenarios[scenario_name]
    session_id = Catalogue(provider, 0).id_of(scenario_name)
    reads = [read.operation for read in provider.lifecycle.reads if read.fits(scenario.facts)]
    validators = {}
    for operation_id in reads:
        media = provider.document.operations[operation_id].responses["200"].media[0]
        validators[operation_id] = provider.strict_schemas.validator(str(media.pointer))
    for moment in moments(provider, scenario, session_id):
        for operation_id in reads:
            body = settle(recipes.answers(provider)[operation_id](moment), moment.now)
            for error in validators[operation_id].iter_errors(body):
                pytest.fail(f"seed {moment.seed} {moment.state} {operation_id}: {list(error.instance_path)} {error.message}")
            zones = list(zone_lines(body))
            if zones:
                zone_agrees(zones, moment)
            text = json.dumps(body)
            for place in times_in(text):
                assert place <= moment.now, f"seed {moment.seed} {moment.state}: {times.iso_millis(place)} is in the future"
        person_agrees(moment)


def zone_lines(value: Any) -> Iterator[str]:
    """Every line of a machine readable zone in a body, in its order."""
    if isinstance(value, str):
        for line in value.split("\n"):
            if ZONE_LINE.fullmatch(line):
                yield line
    elif isinstance(value, dict):
        for item in value.values():
            yield from zone_lines(item)
    elif isinstance(value, list):
        for item in value:
            yield from zone_lines(item)


def times_in(text: str) -> Iterator[int]:
    """Moments of things that happened: every time in a body but those of an end to come and of the document's own dates."""
    for key, moment in re.findall(r'"(\w+)": "(\d{4}-\d\d-\d\dT[0-9:.]+Z)"', text):
        if "expire" not in key.lower():
            yield times.parse(moment)


def zone_agrees(lines: list[str], moment: SessionSnapshot) -> None:
    """The zone in the answer is the document's own, and its check digits hold; one that was tampered with does not pass."""
    document, person = moment.identity.document, moment.identity
    size = len(document.mrz)
    assert len(lines) % size == 0
    for start in range(0, len(lines), size):
        shown = tuple(lines[start : start + size])
        if shown != document.mrz:
            assert not mrz.parse(shown).is_valid
            assert moment.state != specs.load(moment.provider).lifecycle.default.path[-1]
    read = mrz.parse(document.mrz)
    assert read.is_valid
    assert read.birth_date == person.birth_date.strftime("%y%m%d")


def person_agrees(moment: SessionSnapshot) -> None:
    """Born, then given the document, which is still good on the day of the session, or for ever; a few are minors."""
    person, day = moment.identity, times.day(moment.created_at)
    document = person.document
    assert person.birth_date < document.issued_on <= day
    assert document.expires_on is None or day < document.expires_on
    age = day.year - person.birth_date.year - ((day.month, day.day) < (person.birth_date.month, person.birth_date.day))
    assert 14 <= age < 100
    assert abs(person.selfie.apparent_age - age) <= 15
    assert document.country in (person.nationality, person.country)
