"""A steered session never contradicts what it has answered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specimen import specs
from specimen.fixtures import recipes
from specimen.fixtures.recipes.recipe import answer
from specimen.mockserver.errors import Contradiction, InvalidFact
from specimen.mockserver.sessions.session_creation import create_record
from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.steering.facts import possible_facts
from specimen.mockserver.sessions.steering.steering import Steering
from specimen.mockserver.settings import Pace
from specimen.specs import Provider

NOW = 1_773_916_266_000  # 2026-03-19T10:31:06Z
STEP = 5_000


def steering(name: str) -> Steering:
    """What steers a provider's sessions."""
    return Steering(specs.load(name), {})


def made(name: str, scenario: str | None = None, seed: int = 3) -> Record:
    """A session that has just been created and does not move by itself."""
    provider = specs.load(name)
    found = provider.lifecycle.default if scenario is None else provider.lifecycle.scenarios[scenario]
    return create_record(
        provider, found, Pace("manual"), None, NOW, namespace="default", seed=seed, key=f"k{seed}", facts={}, keys={}, owner=""
    )


def states(steers: Steering, record: Record, now: int) -> list[str]:
    """The states that a session has been in."""
    return [event.state for event in steers.events(record, now)]


def scenarios() -> Iterator[tuple[str, str]]:
    """Every scenario with its provider."""
    for name in specs.names():
        yield from ((name, scenario) for scenario in specs.load(name).lifecycle.scenarios)


def check_answers(provider: Provider, steers: Steering, record: Record, now: int) -> None:
    """The session's reads answer what the document allows."""
    snapshot = steers.snapshot(record, steers.events(record, now))
    for read in provider.lifecycle.reads:
        if read.fits(snapshot.facts):
            media = provider.document.operations[read.operation].responses["200"].media[0]
            assert media.pointer is not None
            provider.strict_schemas.validator(media.pointer).validate(answer(steers._answers[read.operation], snapshot))


@pytest.mark.parametrize(("name", "scenario"), list(scenarios()))
def test_transition__takes_every_edge_from_every_scenario(name: str, scenario: str) -> None:
    """From wherever a session stands, each edge leads to a session whose answers are valid and whose past is the same."""
    provider, steers = specs.load(name), steering(name)
    waiting = [(made(name, scenario), NOW, 0)]
    taken = set()
    while waiting:
        record, now, depth = waiting.pop()
        events = steers.events(record, now)
        for edge in provider.lifecycle.transitions:
            if edge.origin != events[-1].state or depth == 4:
                continue
            newer = steers.transition(record, edge.to, {}, now + STEP)
            assert steers.events(newer, now + STEP)[:-1] == events
            assert steers.events(newer, now + STEP)[-1].state == edge.to
            check_answers(provider, steers, newer, now + STEP)
            for count in range(1, len(events) + 1):
                assert steers._bodies(newer, events[:count]) == steers._bodies(record, events[:count])
            taken.add((edge.origin, edge.to))
            if (newer.scenario, depth) != (scenario, 3):
                waiting.append((newer, now + STEP, depth + 1))
    assert taken


@pytest.mark.parametrize("name", specs.names())
def test_facts__of_an_ended_session_are_those_that_its_answers_show(name: str) -> None:
    """A plan that did not come true is none: no reason of a failure that never came, no more tries than were read."""
    provider, steers = specs.load(name), steering(name)
    lifecycle, ended = provider.lifecycle, 0
    for scenario in lifecycle.scenarios.values():
        waiting = [(made(name, scenario.name), NOW)]
        while waiting:
            record, now = waiting.pop()
            events = steers.events(record, now)
            snapshot = steers.snapshot(record, events)
            facts, reached = recipes.shown_facts(provider, snapshot), {event.state for event in events}
            if not snapshot.is_terminal:
                if len(events) < 4:
                    edges = [edge.to for edge in lifecycle.transitions if edge.origin == snapshot.state]
                    waiting += [(steers.transition(record, to, {}, now + STEP), now + STEP) for to in edges]
                continue
            ended += 1
            for choice in lifecycle.choices.values():
                value = facts.get(choice.name)
                if value is not None:
                    assert not choice.states or reached & set(choice.states), (choice.name, value, events)
                    assert recipes.shows(provider, snapshot, choice.name, value), (choice.name, value, events)
    assert ended


@pytest.mark.parametrize("name", specs.names())
def test_advance__follows_the_scenario_to_its_end(name: str) -> None:
    """Advancing a session step by step gives the states of its scenario, and then is refused with what is possible."""
    steers = steering(name)
    for scenario in specs.load(name).lifecycle.scenarios.values():
        record, now = made(name, scenario.name), NOW
        for _ in scenario.path[1:]:
            now += STEP
            record = steers.advance(record, {}, now)
        assert states(steers, record, now) == list(scenario.path)
        with pytest.raises(Contradiction) as refused:
            steers.advance(record, {}, now)
        assert set(refused.value.possible) == {"states"}


def test_advance__is_refused_off_the_scenario() -> None:
    """A session that has left its scenario has no next state; the refusal names the possible ones."""
    steers = steering("kyve")
    record = steers.transition(made("kyve"), "requires_input", {}, NOW + STEP)
    record = steers.transition(record, "canceled", {}, NOW + STEP)
    with pytest.raises(Contradiction, match="does not lead on from 'canceled'"):
        steers.advance(record, {}, NOW + STEP)


def test_transition__without_an_edge_names_the_possible_states() -> None:
    """`succeeded` leads nowhere but to a withdrawal."""
    steers = steering("kayle")
    record = steers.transition(made("kayle"), "succeeded", {}, NOW + STEP)
    with pytest.raises(Contradiction) as refused:
        steers.transition(record, "failed", {}, NOW + STEP)
    assert refused.value.possible == {"states": ["cancelled"]}


@pytest.mark.parametrize("code", specs.load("kayle").lifecycle.choices["failure_code"].values)
def test_transition__narrows_what_the_new_state_says(code: str) -> None:
    """Each failure code can be asked for, and the counter of its family is the code's own."""
    steers = steering("kayle")
    record = steers.transition(made("kayle"), "in_progress", {}, NOW + STEP)
    record = steers.transition(record, "failed", {"failure_code": code}, NOW + 2 * STEP)
    body = answer(steers._answers["getSession"], steers.snapshot(record, steers.events(record, NOW + 2 * STEP)))["data"]
    family = {"liveness_failed": "liveness", "selfie_face_mismatch": "liveness"}.get(code, "nfc" if "authentic" in code else None)
    assert body["failure_code"] == code
    assert (body["nfc_tries_used"] == 3, body["liveness_tries_used"] == 3) == (family == "nfc", family == "liveness")


def test_transition__refuses_a_check_that_has_passed() -> None:
    """A document that was shown as finished does not fail later; the refusal lists the checks that still can."""
    steers = steering("neurovision")
    record = steers.advance(made("neurovision"), {}, NOW + STEP)
    with pytest.raises(Contradiction) as refused:
        steers.transition(record, "failed", {"failing_check": "document.isPrinted"}, NOW + STEP)
    possible = refused.value.possible["failing_check"]
    assert possible
    assert not any(entry.startswith("document.") for entry in possible)
    for check in possible:
        newer = steers.transition(record, "failed", {"failing_check": check}, NOW + STEP)
        assert newer.facts["failing_check"] == check


def test_transition__refuses_a_reason_that_no_check_of_the_flow_has() -> None:
    """The default template checks no address."""
    steers = steering("kyve")
    record = made("kyve")
    for _ in range(2):
        record = steers.advance(record, {}, NOW + STEP)
    with pytest.raises(Contradiction) as refused:
        steers.transition(record, "failed", {"failure_reason": "address_mismatch"}, NOW + STEP)
    assert "address_mismatch" not in refused.value.possible["failure_reason"]
    assert "sanctions_hit" in refused.value.possible["failure_reason"]


def test_narrowed__refuses_a_choice_of_a_state_that_cannot_come() -> None:
    """A session that succeeded has no failure code."""
    steers = steering("kayle")
    record = steers.transition(made("kayle"), "succeeded", {}, NOW + STEP)
    with pytest.raises(Contradiction, match="only a session that comes to 'failed' shows it"):
        steers.narrowed(record, {"failure_code": "liveness_failed"}, NOW + STEP)


def test_narrowed__decides_what_comes_later() -> None:
    """A code given to an open session is the one that it fails with."""
    steers = steering("kayle")
    record = steers.narrowed(made("kayle"), {"failure_code": "selfie_face_mismatch"}, NOW)
    record = steers.transition(record, "failed", {}, NOW + STEP)
    body = answer(steers._answers["getSession"], steers.snapshot(record, steers.events(record, NOW + STEP)))
    assert body["data"]["failure_code"] == "selfie_face_mismatch"


def test_narrowed__person__all_data_follow() -> None:
    """Name and birth date stand in the fields and in the MRZ of the document."""
    steers = steering("kyve")
    record = steers.narrowed(
        made("kyve"),
        {
            "given_names": "Åsa Märta",
            "family_name": "Öberg",
            "birth_date": "1990-02-03",
            "sex": "F",
            "locale": "de_DE",
            "document": "passport",
        },
        NOW,
    )
    for _ in range(3):
        record = steers.advance(record, {}, NOW + STEP)
    body = answer(steers._answers["getVerification"], steers.snapshot(record, steers.events(record, NOW + STEP)))
    fields = body["fields"]
    assert (fields["given_names"], fields["family_name"], fields["birth_date"], fields["sex"]) == (
        "Åsa Märta",
        "Öberg",
        "1990-02-03",
        "F",
    )
    first, second = fields["document"]["mrz"]
    assert first.startswith("P<D<<OEBERG<<AASA<MAERTA<")
    assert second[13:19] == "900203"
    with pytest.raises(Contradiction, match="birth_date"):
        steers.narrowed(record, {"birth_date": "1991-02-03"}, NOW + STEP)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"birth_date": "2020-01-01"}, "expected a day from 19"),
        ({"birth_date": "yesterday"}, "expected a day such as"),
        ({"birth_date": 3}, "expected a day such as"),
        ({"given_names": "42"}, "expected 1 to 100 letters"),
        ({"given_names": ""}, "expected 1 to 100 letters"),
        ({"sex": "X"}, "Possible: F, M"),
        ({"locale": "xx_XX"}, "not possible here"),
        ({"failure_code": "tired"}, "not possible here"),
        ({"nfc_tries_used": True}, "not possible here"),
        ({"failure_kode": "liveness_failed"}, "Did you mean 'failure_code'"),
    ],
)
def test_facts__that_cannot_be_are_refused(facts: dict[str, object], message: str) -> None:
    """The refusal says which name, what was given, and what is possible."""
    with pytest.raises(InvalidFact, match=message):
        steering("kayle").narrowed(made("kayle"), facts, NOW)


def test_expire__takes_open_sessions_only() -> None:
    """An open session expires now; one that is over is refused, as is one of a vendor without a lifetime."""
    steers = steering("kayle")
    record = steers.expire(made("kayle"), NOW + STEP)
    assert states(steers, record, NOW + STEP) == ["created", "expired"]
    with pytest.raises(Contradiction, match="does not expire in 'expired'"):
        steers.expire(record, NOW + STEP)
    with pytest.raises(Contradiction, match="never expires"):
        steering("predicate").expire(made("predicate"), NOW)


def test_steered__session_moves_by_steering_alone() -> None:
    """Under a pace of time, what was planned does not come after a transition; the lifetime still ends the session."""
    provider, steers = specs.load("kayle"), steering("kayle")
    record = create_record(
        provider,
        provider.lifecycle.default,
        Pace("speed"),
        None,
        NOW,
        namespace="default",
        seed=1,
        key="k",
        facts={},
        keys={},
        owner="",
    )
    steered = steers.transition(record, "in_progress", {}, NOW + 1000)
    assert states(steers, record, NOW + 600_000) == ["created", "in_progress", "succeeded"]
    assert states(steers, steered, NOW + 600_000) == ["created", "in_progress"]
    assert states(steers, steered, NOW + 3_600_000) == ["created", "in_progress", "expired"]


@settings(max_examples=60)
@given(data=st.data(), name=st.sampled_from(specs.names()))
def test_steering__law_of_any_way(data: st.DataObject, name: str) -> None:
    """However a session is steered, what it has answered stays, and its answers fit the document."""
    provider, steers = specs.load(name), steering(name)
    record, now = made(name, seed=data.draw(st.integers(0, 9))), NOW
    possible = possible_facts(provider)
    for _ in range(5):
        events = steers.events(record, now)
        facts = data.draw(
            st.dictionaries(st.sampled_from([key for key, values in possible.items() if values]), st.integers(0, 99), max_size=2)
        )
        wanted = {key: possible[key][index % len(possible[key])] for key, index in facts.items()}
        targets = [edge.to for edge in provider.lifecycle.transitions if edge.origin == events[-1].state]
        to = data.draw(st.sampled_from([None, *targets]))
        try:
            newer = steers.narrowed(record, wanted, now) if to is None else steers.transition(record, to, wanted, now + STEP)
        except Contradiction:
            continue
        now += STEP if to is not None else 0
        for count in range(1, len(events) + 1):
            assert steers._bodies(newer, events[:count]) == steers._bodies(record, events[:count])
        check_answers(provider, steers, newer, now)
        record = newer
