"""What the walk asks in other ways that are valid, and of two sessions of one caller's key."""

from __future__ import annotations

from specimen import specs
from specimen.contracts.client.transport import Transport
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.requests.request_encoder import send
from specimen.contracts.requests.request_templates import RequestTemplate
from specimen.contracts.verify.drivers.driver import PreferDriver, creation
from specimen.contracts.verify.lifecycle_tests.steps import Walk
from tests.contracts.servers import place
from tests.contracts.verify.test_after_effects import of
from tests.contracts.verify.test_probes import walked


def creation_of(name: str) -> RequestTemplate:
    """The smallest creation."""
    found = creation(specs.load(name), {})
    assert found is not None
    return found


def test_unknown_ids__without_credentials_are_refused_like_known_ones() -> None:
    """idnow: who has no token is not told which sessions there are."""
    seen = walked("idnow", "unknown ids without credentials")
    assert {one.status for one in seen} == {401}
    assert {one.operation.id for one in seen if one.operation is not None} == {"getSession", "listDatablocks"}


def test_documented_credentials__are_sent_as_lifecycle_yaml_has_them() -> None:
    """kyve: a test key without a default template gets a session, one that may not gets none."""
    seen = of(walked("kyve", "documented credentials"), "createSession")
    answers = {one.request_headers["authorization"]: one.status for one in seen}
    assert answers["Bearer ak_test_nodefault"] == 201
    assert answers["Bearer ak_test_restricted"] == 403
    assert all("credentials" not in one.intent and one.intent["as"] for one in seen)


def test_pages_of_filters__begin_behind_a_session_of_another_state() -> None:
    """kayle: each list of a state has a cursor that is not of that state."""
    seen: list[Exchange] = []
    with place("kayle") as there:
        sender = Transport(there.url, "kayle", headers=there.auth, seen=seen.append)
        walk = Walk(sender, PreferDriver(sender), most=None)
        for _ in range(2):
            for state in walk.provider.lifecycle.states:
                send(sender, creation_of("kayle"), prefer=f"status={state}")
        seen.clear()
        walk.pages_of_filters()
        sender.close()
    first, *pages = seen
    states = {row["id"]: row["status"] for row in first.response_json["data"]}
    after = [one.queries for one in pages if {"status", "starting_after"} <= set(one.queries)]
    asked = [(queries["status"], states[queries["starting_after"]]) for queries in after]
    assert len(asked) > 2
    assert all(wanted != shown for wanted, shown in asked)
    names = ("created_from", "created_to")
    bounds = {(name, "starting_after" in one.queries) for one in pages for name in names if name in one.queries}
    assert bounds == {("created_from", False), ("created_from", True), ("created_to", False), ("created_to", True)}


def test_two_of_one_key__are_asked_for_by_each_type() -> None:
    """predicate: a wallet of persons and of a business."""
    seen = walked("predicate", "two sessions of one key")
    assert {one.request_json.get("type") for one in of(seen, "verifyWallet")} == {None, "individual", "business"}
    assert {one.parameters["type"] for one in of(seen, "getStatus")} == {"individual", "business"}


def test_questions_about_nothing__are_asked_twice() -> None:
    """predicate: an unregistered wallet has no session either time."""
    first, second = of(walked("predicate", "questions about nothing"), "verifyWallet")
    assert first.request_body == second.request_body
    assert [one.response_json["status"] for one in (first, second)] == [None, None]
    assert first.intent["nothing"]


def test_other_places__have_streams_of_their_own() -> None:
    """predicate: a business's session is streamed, and its id leads nowhere among persons."""
    streams = of(walked("predicate", "sessions of other places"), "streamStatus")
    assert [(one.parameters["type"], one.status) for one in streams] == [("business", 200), ("individual", 404)]


def test_open_sessions__are_read_once_more() -> None:
    """neurovision: one that waits, one in process, and the session that was made with default values."""
    reads = of(walked("neurovision", "sessions that are still open"), "getSessionStatus")
    assert [one.response_json["status"] for one in reads][:2] == ["idle", "processing"]
    assert len({one.response_json["sessionId"] for one in reads}) == 3


def test_other_values__do_not_reach_a_session_that_was_made_before() -> None:
    """neurovision: images with another clientKey go into the session, and its key stays."""
    made, _, sent, read = walked("neurovision", "other values for a session")
    assert sent.declared_fields["sessionId"] == made.response_json["sessionId"]
    assert sent.declared_fields["clientKey"] != made.response_json["clientKey"]
    assert read.response_json["clientKey"] == made.response_json["clientKey"]
