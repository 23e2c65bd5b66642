"""The walk covers what the provider's files promise in few requests, and calls nothing invalid that is valid."""

from __future__ import annotations

import itertools
from itertools import pairwise
from typing import Any

import pytest

from specimen import specs
from specimen.contracts.client.transport import Transport
from specimen.contracts.http.credentials import of_lifecycle
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.validation.request_validation import request_errors
from specimen.contracts.requests import request_discovery
from specimen.contracts.requests.mutations import mutations
from specimen.contracts.requests.parameter_overrides import with_values
from specimen.contracts.requests.request_encoder import send
from specimen.contracts.requests.request_templates import ids_shown, minimal_request, names_in, template_of, unknown
from specimen.contracts.verify.drivers.command_driver import CommandDriver
from specimen.contracts.verify.drivers.driver import NoDriver, PreferDriver
from specimen.contracts.verify.lifecycle_tests.steps import SMOKE_REQUESTS, Walk
from specimen.specs import Provider, SpecimenError
from tests.contracts.servers import place

NAMES = specs.names()


def dry(provider: Provider) -> Transport:
    """A transport that sends nothing."""
    return Transport("http://127.0.0.1:1", provider, headers={**of_lifecycle(provider)}, dry_run=True)


def as_exchange(provider: Provider, wanted) -> Exchange:
    """A draft as the exchange that it would become."""
    found: list[Exchange] = []
    sender = dry(provider)
    answer = send(sender, wanted)
    found.append(answer)
    return found[0]


@pytest.mark.parametrize("name", NAMES)
def test_drafts__are_valid_for_every_operation(name: str) -> None:
    """The files show one valid request of each operation."""
    provider = specs.load(name)
    for operation in provider.document.operations:
        wanted = minimal_request(provider, operation)
        assert wanted is not None, operation
        assert request_errors(as_exchange(provider, wanted)) == []
        assert template_of(provider, operation) is not None


@pytest.mark.parametrize("name", NAMES)
def test_mutations__are_invalid_each_in_one_place(name: str) -> None:
    """The judge's own reading of the document says so; none is sent twice."""
    provider = specs.load(name)
    seen = set()
    for operation in provider.document.operations:
        wanted = minimal_request(provider, operation)
        assert wanted is not None
        for mutation in mutations(provider, wanted):
            broken = request_errors(as_exchange(provider, mutation.request))
            if not mutation.place.startswith("case "):
                assert broken, (operation, mutation.place, mutation.keyword)
                seen.add((operation, mutation.place))
    constrained = {
        (entry.id, f"{one.location} {one.name}")
        for entry in provider.document.operations.values()
        for one in entry.parameters
        if {"enum", "pattern", "minimum"} & set(one.schema)
    }
    assert constrained <= seen


@pytest.mark.parametrize("name", NAMES)
def test_journeys__lead_through_every_state_and_edge(name: str) -> None:
    """All that scenarios lead through, when the budget is no matter; every state in a third of the walk's requests."""
    provider = specs.load(name)
    lifecycle = provider.lifecycle
    edges = {pair for entry in lifecycle.scenarios.values() for pair in pairwise(entry.path)}
    states = {state for entry in lifecycle.scenarios.values() for state in entry.path}
    everything = PreferDriver(dry(provider), every_scenario=True).journeys(10**9)
    few = PreferDriver(dry(provider)).journeys(SMOKE_REQUESTS // 3)
    paths = [lifecycle.scenarios[journey.name].path for journey in everything]
    assert {pair for path in paths for pair in pairwise(path)} == edges
    assert {state for journey in few for state in lifecycle.scenarios[journey.name].path} == states
    assert few[0].name == lifecycle.default.name


@pytest.mark.parametrize("name", NAMES)
def test_walk__stays_within_its_requests(name: str) -> None:
    """A hundred in the smoke profile, also where nothing answers as hoped."""
    sender = dry(specs.load(name))
    walk = Walk(sender, PreferDriver(sender), most=SMOKE_REQUESTS)
    for step in walk.steps():
        step.run()
    assert 50 < sender.sent <= SMOKE_REQUESTS
    asked = {entry.path.partition("?")[0] for entry in sender.planned}
    assert asked == {operation.path for operation in specs.load(name).document.operations.values()}


def test_kinds_of_request__are_all_sent() -> None:
    """Near misses, made-up credentials, repeated keys, wrong methods, pages and other kinds are in the walk."""
    provider = specs.load("kyve")
    with place("kyve") as there:
        seen: list[Exchange] = []
        sender = Transport(there.url, provider, headers=there.auth, seen=seen.append)
        for step in Walk(sender, PreferDriver(sender, every_scenario=True), most=None).steps():
            step.run()
        sender.close()
    intents = {key for exchange in seen for key in exchange.intent}
    assert {"valid", "malformed_id", "either", "invalid", "credentials", "conflict", "wrong_method", "asked_for"} <= intents
    keys = [exchange.request_headers["idempotency-key"] for exchange in seen if "idempotency-key" in exchange.request_headers]
    assert len(keys) > len(set(keys)) > 2
    assert {exchange.queries.get("limit") for exchange in seen} >= {"1", "100", "0", "101"}
    assert any(exchange.queries.get("starting_after", "").startswith("ver_") for exchange in seen)
    assert {409} & {exchange.status for exchange in seen}
    assert any("%0A" in exchange.path for exchange in seen)


def test_ids__are_read_from_the_answer_to_a_creation() -> None:
    """Kyve's verification and Kayle's cancel token come with the session."""
    for name, kinds in (("kyve", {"session", "verification"}), ("kayle", {"session", "cancel_token"})):
        provider = specs.load(name)
        with place(name) as there:
            sender = Transport(there.url, provider, headers=there.auth)
            wanted = minimal_request(provider, provider.lifecycle.create.operation)
            assert wanted is not None
            assert set(ids_shown(provider, send(sender, wanted))) >= kinds
            sender.close()
    assert names_in(specs.load("kayle"), "cancelByToken") == {"session", "cancel_token"}


def test_given_sessions__may_be_of_any_kind() -> None:
    """`ID`, `id=ID` and `verification=ID`."""
    provider = specs.load("kyve")
    found = NoDriver(provider, ["ses_1", "id=ses_2", "verification=ver_3"])
    assert [dict(one.ids) for one in found.sessions] == [{"session": "ses_1"}, {"session": "ses_2"}, {"verification": "ver_3"}]
    with pytest.raises(SpecimenError, match="nonsense"):
        NoDriver(provider, ["nonsense=1"])


def test_command__is_asked_for_a_session_in_a_state(tmp_path) -> None:
    """It prints an id, or ids by kind, or nothing; what fails is a mistake of the user's."""
    script = tmp_path / "sessions"
    script.write_text(
        '#!/bin/sh\ncase "$1" in created) echo vs_1;; failed) echo \'{"session": "vs_2", "cancel_token": "ct"}\';; '
        "expired) exit 3;; esac\n"
    )
    script.chmod(0o755)
    sender = dry(specs.load("kayle"))
    found = CommandDriver(sender, str(script))
    assert found.session("created") == "vs_1"
    held = found.known("failed")
    assert held is not None
    assert dict(held.ids) == {"session": "vs_2", "cancel_token": "ct"}
    assert found.session("succeeded") is None
    assert sender.sessions >= {"vs_1", "vs_2"}
    assert found.session("expired") is None
    with pytest.raises(SpecimenError, match="cannot be run"):
        CommandDriver(sender, "/nowhere/at/all").session("created")


def test_malformed_ids__are_no_ids() -> None:
    """None of them is the id, nor a valid id of the vendor's pattern where it has one."""
    provider = specs.load("kayle")
    good = unknown(provider)
    pointer = provider.document.operations["getSession"].parameters[0].pointer
    for form in request_discovery.malformed_ids(good):
        assert form != good
        assert not provider.schemas.validator(pointer).is_valid(form)


@pytest.mark.parametrize("most", [SMOKE_REQUESTS, None])
def test_session_that_ought_to_be_used_again__is_read_once_more(most: int | None) -> None:
    """Where a creation documents 200 and 201 and the second one with the same value makes another session."""
    provider, turn = specs.load("predicate"), itertools.count()

    def another(value: Any, reported: dict[str, Any]) -> Any:
        if reported["path"].endswith("/register/individual") and reported["status"] == 200:
            reported["status"] = 201
            value["sessionId"] = f"00000000-0000-4000-8000-{next(turn):012}"
        return value

    seen: list[Exchange] = []
    with place("predicate", change=another) as there:
        sender = Transport(there.url, provider, headers=there.auth, seen=seen.append)
        walk = Walk(sender, PreferDriver(sender), most=most)
        for step in walk.steps():
            if step.name == "the caller's own key of a session":
                step.run()
        sender.close()
    first, second = [exchange for exchange in seen if exchange.request_body == seen[0].request_body and exchange.status == 201
                     and exchange.parameters == {"type": "individual"}][:2]  # fmt: skip
    session = first.response_json["sessionId"]
    assert second.response_json["sessionId"] != session
    assert session in {exchange.parameters.get("sessionId") for exchange in seen[seen.index(second) :]}


def test_second_credential__reads_what_the_first_made_and_the_other_way() -> None:
    """Each asks for the other's session; the second lists too. Without a second one nothing of it is sent."""
    provider = specs.load("kyve")
    with place("kyve") as there:
        for other in ({}, {"Authorization": "Bearer ak_live_specimen"}):
            seen: list[Exchange] = []
            sender = Transport(there.url, provider, headers=there.auth, other_headers=other, seen=seen.append)
            for step in Walk(sender, PreferDriver(sender)).steps():
                step.run()
            sender.close()
            assert sender.sent <= SMOKE_REQUESTS
            asked = [one for one in seen if one.intent.get("credentials") == "other"]
            assert bool(asked) == bool(other)
    first = {one.response_json["id"] for one in seen if one.status == 201 and one not in asked}
    second = {one.response_json["id"] for one in asked if one.status == 201}
    assert {one.request_headers["authorization"] for one in asked} == {"Bearer ak_live_specimen"}
    assert [one.operation.id for one in asked if one.operation] == ["getSession", "createSession", "listVerifications"]
    assert {one.parameters["id"] for one in asked if one.operation and one.operation.id == "getSession"} <= first
    assert [one.status for one in seen if one not in asked and one.parameters.get("id") in second] == [404]


def test_values__take_the_place_of_those_in_lifecycle_yaml() -> None:
    """In every request that has them; of several kinds of session the one is left."""
    idnow = with_values(specs.load("idnow"), {"environment": "staging"})
    for operation in idnow.document.operations:
        wanted = minimal_request(idnow, operation)
        assert wanted is not None
        assert wanted.path["environment"] == "staging"
    assert specs.load("idnow").lifecycle.create.request.path["environment"] == "live"
    predicate = with_values(specs.load("predicate"), {"type": "business"})
    assert [read.request.path["type"] for read in predicate.lifecycle.reads] == ["business"]
    assert {scenario.facts["type"] for scenario in predicate.lifecycle.scenarios.values()} == {"business"}
    with pytest.raises(SpecimenError, match=r"--set 'enviroment': idnow has no such value\. Did you mean 'environment'"):
        with_values(specs.load("idnow"), {"enviroment": "staging"})
    with pytest.raises(SpecimenError, match=r"--set 'id': kayle has no such value\. Possible: lifetime, redirect_host\."):
        with_values(specs.load("kayle"), {"id": "vs_1"})
