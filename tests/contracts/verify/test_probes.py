"""Requests of the walk that show what one answer alone does not."""

from __future__ import annotations

import pytest

from specimen import specs
from specimen.contracts.client.transport import Transport
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.validation.request_validation import request_errors
from specimen.contracts.requests.limits import at_limits, with_several
from specimen.contracts.requests.mutations import mutations
from specimen.contracts.requests.request_discovery import list_queries
from specimen.contracts.requests.request_templates import minimal_request
from specimen.contracts.verify.drivers.driver import PreferDriver
from specimen.contracts.verify.lifecycle_tests.steps import SMOKE_REQUESTS, Walk
from specimen.specs.core.json_pointer import at
from tests.contracts.servers import place
from tests.contracts.verify.test_lifecycle_tests import NAMES, as_exchange


def walked(name: str, step_name: str, most: int | None = None) -> list[Exchange]:
    """The exchanges of one step of a walk, after a session with default values."""
    seen: list[Exchange] = []
    with place(name) as there:
        sender = Transport(there.url, name, headers=there.auth, seen=seen.append)
        for step in Walk(sender, PreferDriver(sender), most=most).steps():
            if step.name in ("a session with default values", step_name):
                seen.clear()
                step.run()
            if step.name == step_name:
                break
        sender.close()
    return seen


@pytest.mark.parametrize("name", NAMES)
def test_limits__are_valid_and_one_further_is_not(name: str) -> None:
    """By the judge's own reading of the document; the longest caller's key and page are among them."""
    provider = specs.load(name)
    found = []
    for operation in provider.document.operations:
        base = minimal_request(provider, operation)
        assert base is not None
        for wanted in (*at_limits(provider, base), *with_several(provider, base)):
            assert request_errors(as_exchange(provider, wanted)) == []
            found.append(repr((wanted.body, wanted.query, wanted.parts)))
    at_most = {"neurovision": f"'{'a' * 36}'", "kyve": "'limit': 100", "kayle": "['specimen_webhook_endpoint_id_1'"}
    assert at_most.get(name, "") in "".join(found)


def test_lookups__near_a_callers_key_find_nothing() -> None:
    """In other capitals, longer, shorter, with a wildcard or a blank; an unknown key counts before an id, a known one too."""
    seen = walked("neurovision", "the caller's own key of a session")
    keys = [one.request_json["clientKey"] for one in seen if one.intent.get("unknown_id")]
    known = keys[1][:-1]
    assert keys == [known.swapcase(), known + "0", known[:-1], known[1:], known[:-2] + "%", known[:-1] + "_",
                    f"{known} "]  # fmt: skip
    assert {at(one.response_json, "/message") for one in seen if one.intent.get("unknown_id")} == {"session not found"}
    both = [one for one in seen if one.operation and one.operation.id == "getSessionStatus"
            and {"sessionId", "clientKey"} <= set(one.request_json)]  # fmt: skip
    assert [at(one.response_json, "/message") for one in both] == ["session not found", None]
    assert both[1].response_json["clientKey"] == known
    assert both[1].response_json["sessionId"] != both[1].request_json["sessionId"]


def test_tokens__of_another_session_are_refused() -> None:
    """kayle: made-up ones, ones that are almost right, and the token of the default session, at a session of its own."""
    seen = walked("kayle", "operations that end a session")
    foreign = [one for one in seen if one.intent.get("foreign_id")]
    made = [one.response_json["data"] for one in seen if one.operation and one.operation.id == "createSession"]
    (issued,) = [data["cancel_token"] for data in made if data["id"] == foreign[0].parameters["id"]]
    tokens = [one.request_json["cancel_token"] for one in foreign]
    assert {one.status for one in foreign} == {401}
    assert len({*tokens}) == len(tokens) == 4
    assert sum(token[:32] == issued[:32] for token in tokens) == 1


def test_without_credentials__get_401_for_malformed_requests() -> None:
    """As neurovision documents: access comes first."""
    seen = walked("neurovision", "malformed requests without credentials", most=SMOKE_REQUESTS)
    assert [(one.status, one.has_credentials, bool(request_errors(one))) for one in seen] == [(401, False, True)]


def test_keys__stand_for_one_body_and_the_first_answer() -> None:
    """kyve: another body of the same length conflicts; after a cancellation the first answer comes again."""
    seen = [one for one in walked("kyve", "repeated keys") if "idempotency-key" in one.request_headers]
    first, again, twin, *rest = [one for one in seen if one.operation and one.operation.id == "createSession"]
    assert again.response_body == first.response_body
    assert twin.status == 409
    assert twin.request_body != first.request_body
    assert len(twin.request_body) == len(first.request_body)
    assert next(one.response_json["status"] for one in rest if one.request_body == first.request_body) == "created"


def test_keys__that_are_almost_alike_make_sessions_of_their_own() -> None:
    """kyve: a character longer, in capitals, and with another end; no two of them answer one session."""
    made = [one for one in walked("kyve", "repeated keys") if one.operation is not None and one.operation.id == "createSession"]
    sessions: dict[str, set[str]] = {}
    for one in made:
        if one.is_success and "idempotency-key" in one.request_headers:
            sessions.setdefault(one.request_headers["idempotency-key"], set()).add(one.response_json["id"])
    assert len({key.lower()[:16] for key in sessions}) == 1
    assert len(sessions) == len(set().union(*sessions.values())) >= 4


def test_references__unknown_ones_are_refused() -> None:
    """kyve: a template by id and by slug."""
    seen = walked("kyve", "unknown references")
    assert [set(one.request_json) for one in seen] == [{"template_id"}, {"template_slug"}]
    assert {one.status for one in seen} == {404}


def test_sessions__of_one_key_are_made_again_in_every_state() -> None:
    """predicate: a wallet that is pending, to retry or completed gets its session, a rejected one a new one."""
    seen = walked("predicate", "the caller's own key in every state")
    calls = [one for one in seen if one.operation and one.operation.id == "register" and not one.has_preference]
    again = [one.status for one in calls if one.parameters["type"] == "individual"]
    states = list(specs.load("predicate").lifecycle.states)
    assert dict(zip(states, again, strict=True))["rejected"] == 201
    assert dict(zip(states, again, strict=True))["completed"] == 200
    reported = [one.response_json for one in seen if one.operation and one.operation.id == "verifyWallet"]
    assert {answer["verified"] for answer in reported} == {True, False}
    asked = [one.request_json["address"] for one in seen if one.operation and one.operation.id == "verifyWallet"]
    others = [one for one in calls if one.parameters["type"] == "business"]
    assert len(others) == len(specs.load("predicate").lifecycle.terminal)
    assert sum(address[2:] == address[2:].upper() for address in asked) == len(others)


def test_lists__come_after_reads_of_every_state() -> None:
    """kayle: each session that was read stands in a list as it was read."""
    seen = walked("kayle", "lists after reads")
    shown = {one.response_json["data"]["id"]: one.response_json["data"]["status"] for one in seen if one.parameters}
    rows = {row["id"]: row["status"] for one in seen if not one.parameters and one.is_success and one.operation
            and one.operation.id == "listSessions" for row in one.response_json["data"]}  # fmt: skip
    assert set(shown.values()) == set(specs.load("kayle").lifecycle.states)
    assert {rows[session] for session in shown} == set(shown.values())
    assert {one.queries["status"] for one in seen if "status" in one.queries} == set(shown.values())


def test_unknown_ids__of_another_kind_are_among_them() -> None:
    """kyve: a verification is asked for by its session's id, and the reverse."""
    asked = [one for one in walked("kyve", "unknown ids") if one.operation is not None and one.intent.get("unknown_id")]
    prefixes = {(one.operation.id, one.parameters["id"][:4]) for one in asked if one.operation is not None}
    assert prefixes >= {("getVerification", "ses_"), ("getSession", "ver_"), ("cancelSession", "ver_")}
    assert {one.status for one in asked} == {404}


@pytest.mark.parametrize(("name", "operation", "shown"), [("neurovision", "getSessionStatus", 5), ("predicate", "getStatus", 0)])
def test_mutations__have_a_uuid_of_each_other_version_where_one_is_documented(name: str, operation: str, shown: int) -> None:
    """Versions 3, 5, 6 and 7, and another variant; version 4 is among the other texts."""
    provider = specs.load(name)
    base = minimal_request(provider, operation, {"session": "9fac6ed3-edea-11f1-82ff-697d6f678ea0"})
    assert base is not None
    bodies = [one.request.body for one in mutations(provider, base) if isinstance(one.request.body, dict)]
    ids = {body["sessionId"] for body in bodies if str(body.get("sessionId")).startswith("9fac6ed3-edea-")}
    assert len({text for text in ids if text.endswith("-697d6f678ea0") and len(text) == 36}) == shown


def test_mutations__have_a_number_with_letters_behind_it() -> None:
    """kyve: a limit that a reader may end at its first letter."""
    base = minimal_request(specs.load("kyve"), "listVerifications")
    assert base is not None
    assert "10abc" in {one.request.query.get("limit") for one in mutations(specs.load("kyve"), base)}


def test_lists__are_asked_for_by_both_bounds_of_a_time() -> None:
    """kayle: two days long ago and two days to come, of which none has a session."""
    queries = [*list_queries(specs.load("kayle").document.operations["listSessions"], is_short=False)]
    both = [one for one in queries if {"created_from", "created_to"} <= set(one)]
    assert [one["created_from"][:4] for one in both] == ["2001", "2101"]
