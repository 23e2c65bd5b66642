"""What the walk asks to show what earlier requests left behind."""

from __future__ import annotations

import pytest

from specimen import specs
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.validation.request_validation import request_errors
from specimen.contracts.requests import creation_variants, request_discovery
from specimen.contracts.requests.exact_values import exact_values
from specimen.contracts.verify.drivers.driver import creation
from specimen.specs.core.json_pointer import at
from tests.contracts.verify.test_lifecycle_tests import as_exchange
from tests.contracts.verify.test_probes import walked


def of(seen: list[Exchange], operation: str) -> list[Exchange]:
    """The exchanges of one operation."""
    return [one for one in seen if one.operation is not None and one.operation.id == operation]


def test_refused_creations__have_keys_of_their_own_that_find_nothing() -> None:
    """neurovision: each refused upload has another clientKey, and no session is found by it."""
    seen = walked("neurovision", "refused creations")
    refused, lookups = of(seen, "processImages"), of(seen, "getSessionStatus")
    assert {one.status for one in refused} == {400}
    keys = [one.request_fields["clientKey"] for one in refused]
    assert len(set(keys)) == len(keys) > 0
    assert [one.request_json["clientKey"] for one in lookups] == keys
    assert {at(one.response_json, "/message") for one in lookups} == {"session not found"}


def test_whole_lists__end_with_a_page_that_is_exactly_full() -> None:
    """kayle: a page as large as the list says that nothing follows."""
    pages = of(walked("kayle", "whole lists"), "listSessions")
    count = len(pages[0].response_json["data"])
    assert [one.response_json["pagination"]["has_more"] for one in pages if one.queries["limit"] == str(count)] == [False]


def test_older_sessions__are_read_after_newer_ones_were_made() -> None:
    """idnow: two subjects, and each session shows its own."""
    seen = walked("idnow", "older sessions")
    made = {at(one.response_json, "/sessionContext/sessionId"): one.request_json["metadata"]["subjectId"]
            for one in of(seen, "createSession")}  # fmt: skip
    reads = {one.response_json["sessionId"]: one.response_json.get("subjectId") for one in of(seen, "getSession")}
    assert len(set(made.values())) == len(made) == 2
    assert {session: reads[session] for session in made} == made


def test_optional_values__are_those_that_reads_show() -> None:
    """neurovision: an upload with a schema of its own; kyve: a creation with everything at once is valid."""
    (shown,) = {one.request_fields["schemaId"] for one in of(walked("neurovision", "optional values"), "processImages")
                if "schemaId" in one.request_fields}  # fmt: skip
    assert shown
    kyve = specs.load("kyve")
    base = creation(kyve, {})
    assert base is not None
    body = as_exchange(kyve, creation_variants.with_all_values(kyve, base)).request_json
    assert {"metadata", "redirect_url"} <= set(body)


def test_questions__are_asked_twice_and_for_each_type() -> None:
    """predicate: of a session's wallet, without a type and with each."""
    asked = of(walked("predicate", "repeated questions"), "verifyWallet")
    bodies = [one.request_body for one in asked]
    assert {at(one.request_json, "/type") for one in asked} == {None, "individual", "business"}
    assert all(bodies.count(body) >= 2 for body in bodies)


def test_streams__are_read_in_every_state() -> None:
    """predicate: the stream of a session shows the status that its read shows."""
    seen = walked("predicate", "streams")
    reads = {one.parameters["sessionId"]: one.response_json["status"] for one in of(seen, "getStatus")}
    assert set(reads.values()) == set(specs.load("predicate").lifecycle.states)
    assert {one.parameters["sessionId"] for one in of(seen, "streamStatus")} == set(reads)


def test_exact_values__come_back_as_they_were_sent() -> None:
    """idnow: capitals, a plus, an escape and letters beyond ASCII, in a text and in a URL; every read shows them."""
    seen = walked("idnow", "values of which every letter counts")
    elsewhere, made = of(seen, "createSession")
    assert (elsewhere.parameters["environment"], elsewhere.response_json["environment"]) == ("staging", "staging")
    sent = made.request_json
    assert "+" in sent["state"]
    assert not sent["state"].isascii()
    assert "/Done/A+b%2Fc" in sent["redirectUrl"]
    reads = of(seen, "getSession")
    assert {(one.response_json["state"], one.response_json["redirectUrl"]) for one in reads} == {
        (sent["state"], sent["redirectUrl"])
    }


def test_exact_values__are_of_every_type_where_names_are_free() -> None:
    """kyve: the metadata hold each type of JSON, and a template is not named."""
    seen = walked("kyve", "values of which every letter counts")
    sent = of(seen, "createSession")[0].request_json
    assert {type(value) for value in sent["metadata"].values()} == {str, int, float, bool, list}
    assert not {"template_id", "template_slug"} & set(sent)
    assert of(seen, "listVerifications")


@pytest.mark.parametrize("name", [name for name in specs.names() if specs.load(name).is_builtin])
def test_exact_values__are_valid_and_of_the_seed(name: str) -> None:
    """Each provider has such a creation, a simpler one too, and another for another seed where a session is found by it."""
    provider = specs.load(name)
    base = creation(provider, {})
    assert base is not None
    found = [
        exact_values(provider, base, seed=seed, is_simple=is_simple) for seed, is_simple in ((1, False), (1, True), (2, False))
    ]
    sent = [as_exchange(provider, one) for one in found if one is not None]
    assert len(sent) == len(found)
    assert not [fault for one in sent for fault in request_errors(one)]
    assert sent[0].request_body != sent[1].request_body
    is_by_it = name in ("neurovision", "predicate")
    assert (sent[0].request_body != sent[2].request_body) is is_by_it


def test_full_sessions__are_asked_about_before_and_after_their_end() -> None:
    """predicate: one wallet for each end, which is looked up when its session is pending and when it has ended."""
    seen = walked("predicate", "sessions with all values")
    made = of(seen, "register")
    wallets = [one.request_json["walletAddress"] for one in made]
    assert len(set(wallets)) == len(wallets) > 1
    states = [[at(one.response_json, "/status") for one in of(seen, "verifyWallet") if one.request_json["address"] == wallet]
              for wallet in wallets]  # fmt: skip
    assert all(len(set(found)) == 2 for found in states)


def test_malformed_ids__of_uuids_have_no_dashes() -> None:
    """An id of another form has none to leave out."""
    uuid = "550e8400-e29b-41d4-a716-446655440000"
    assert uuid.replace("-", "") in request_discovery.malformed_ids(uuid)
    assert len(request_discovery.malformed_ids("vs_1")) == len(request_discovery.malformed_ids(uuid)) - 1
