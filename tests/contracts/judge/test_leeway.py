"""What the vendors' pages leave open makes a note and never an error: a real implementation may do it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from specimen import specs
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import judge
from specimen.specs.core.json_pointer import at
from tests.contracts.golden_exchanges import REMOVED, Stage, changed

WALLET = "0xABCDEF7890abcdef1234567890abcdef12345678"
SOLANA = "4Ks1tuiYmVTRp7wc4KLP74F3eXshVVymjjpLvRbD6fNT"
DETAIL = {"state": "completed", "operation": "getVerification"}
FACES = "/results/2/checks/0/items/0"


def verification(status: str, **checks: str) -> Callable[[Stage], list[Exchange]]:
    """A verification in a status, of whose checks some say other words."""

    def make(stage: Stage) -> list[Exchange]:
        found = stage.read(state=status, operation="getVerification")
        values = {
            f"/checks/{index}/status": checks[check["type"]]
            for index, check in enumerate(found.response_json["checks"])
            if check["type"] in checks
        }
        assert len(values) == len(checks)
        return [changed(found, values)]

    return make


def read(values: Mapping[str, Any], **wanted: Any) -> Callable[[Stage], list[Exchange]]:
    """A session as it is read, with other values."""
    return lambda stage: [changed(stage.read(**wanted), values)]


def registered(first: str, then: str) -> Callable[[Stage], list[Exchange]]:
    """A wallet that is registered, and once more with its address in another spelling: its session with status 200."""

    def make(stage: Stage) -> list[Exchange]:
        made = stage.ask("register", path={"type": "individual"}, body={"walletAddress": first})
        again = stage.ask("register", path={"type": "individual"}, body={"walletAddress": then})
        return [made, changed(again, {"/sessionId": made.response_json["sessionId"]}, status=200)]

    return make


def almost(suffix: str) -> Callable[[Stage], list[Exchange]]:
    """A session that is found by an id with something behind it."""

    def make(stage: Stage) -> list[Exchange]:
        found = stage.read()
        shown = found.parameters["sessionId"]
        return [replace(found, path=found.path.replace(shown, f"{shown}{suffix}"))]

    return make


def malformed(stage: Stage) -> list[Exchange]:
    """An id in braces, refused as malformed."""
    found = stage.read()
    path = found.path.replace("/sessions/", "/sessions/%7B")
    return [changed(found, {"": {}}, status=400, path=path, intent={"malformed_id": "braces"})]


def listed(*ids: str) -> Callable[[Stage], list[Exchange]]:
    """A list of sessions with these ids, in this order."""

    def make(stage: Stage) -> list[Exchange]:
        for _ in ids:
            stage.create()
        found = stage.ask("listSessions", query={"limit": len(ids)})
        values: dict[str, Any] = {f"/data/{index}/id": f"vs_{each * 64}" for index, each in enumerate(ids)}
        return [changed(found, {**values, "/pagination/has_more": False, "/pagination/next_cursor": None})]

    return make


def endpoint(shown: Any) -> Callable[[Stage], list[Exchange]]:
    """A session for one webhook endpoint, answered otherwise."""
    return lambda stage: [
        changed(stage.ask("createSession", body={"webhook_endpoint_id": "we_1"}), {"/data/webhook_endpoint_id": shown})
    ]


# (provider, what it does, its exchanges, the rules that speak of the last one with their severity)
CASES = (
    ("predicate", "null for a user that there is not yet", read({"/userId": None}, state="pending"), {"PRE-018": "warning"}),
    ("predicate", "null for an end that there is not yet", read({"/completedAt": None}, state="pending"), {"PRE-018": "warning"}),
    ("predicate", "an end too early", read({"/completedAt": "2026-03-19T10:31:30Z"}, state="pending"), {"PRE-001": "error"}),
    ("predicate", "one wallet in two spellings", registered(WALLET, WALLET.lower()), {}),
    ("predicate", "base58 in two spellings is two wallets", registered(SOLANA, SOLANA.swapcase()), {"PRE-012": "error"}),
    ("kyve", "another word for passed", verification("completed", document="approved"), {"KYV-022": "note"}),
    ("kyve", "a check that was skipped", verification("completed", liveness="skipped"), {"KYV-022": "note"}),
    ("kyve", "a check that failed", verification("completed", liveness="failed"), {"KYV-001": "error"}),
    ("kyve", "a check that is still pending", verification("completed", liveness="pending"), {"KYV-022": "warning"}),
    ("kyve", "no checks in the answer", read({"/checks": REMOVED}, **DETAIL), {"GEN-005": "note"}),
    ("kyve", "checks by name", read({"/checks": {}}, **DETAIL), {"GEN-005": "note"}),
    ("kyve", "a check without a status", read({"/checks/0/status": REMOVED}, **DETAIL), {"GEN-005": "note"}),
    ("kyve", "media as links", read({"/media": ["https://kyc.example/1"]}, **DETAIL), {"GEN-005": "note"}),
    ("idnow", "found by its id and a line feed", almost("%0A"), {"GEN-009": "note"}),
    ("idnow", "an id called malformed", malformed, {"GEN-001": "note"}),
    ("neurovision", "a comparison without a result", read({f"{FACES}/value": REMOVED}), {"NEU-026": "note"}),
    ("neurovision", "a comparison without pictures", read({f"{FACES}/images": REMOVED}), {"NEU-026": "note"}),
    ("neurovision", "a match that is no percentage", read({f"{FACES}/value": "high"}), {"NEU-013": "error"}),
    ("kayle", "capitals beside small letters", listed("a", "B", "c"), {}),
    ("kayle", "capitals first", listed("B", "a", "c"), {}),
    ("kayle", "no order", listed("c", "a", "b"), {"KAY-022": "error"}),
    ("kayle", "a list of one endpoint", endpoint(["we_1"]), {}),
    ("kayle", "another endpoint", endpoint(["we_2"]), {"KAY-026": "error"}),
)  # fmt: skip


def test_judge__leaves_it_open_whether_an_old_verification_has_pictures() -> None:
    """They may have been deleted a day after its end."""
    found = changed(Stage(specs.load("kyve")).read(operation="getVerification"), {"/media": []})
    later = {**found.response_headers, "date": "Sat, 21 Mar 2026 10:31:30 GMT"}
    for exchange, is_found in ((found, True), (changed(found, response_headers=later), False)):
        assert ("KYV-024" in {one.rule for one in judge(exchange, History())}) is is_found


def test_judge__takes_the_order_of_answers_from_a_clock_that_stands() -> None:
    """A verification that was read in progress, and its session that waits for a review in two reads after that."""
    stage, history = Stage(specs.load("kyve")), History()
    session = stage.read("review_face_match", operation="getSession")
    verification = changed(stage.read("review_face_match", operation="getVerification"), {"/status": "in_progress"})
    for exchange in (verification, session, session):
        assert "GEN-056" not in {one.rule for one in judge(exchange, history)}
        history.add(exchange)


@pytest.mark.parametrize(("name", "what", "make", "reported"), CASES, ids=[f"{name}: {what}" for name, what, _, _ in CASES])
def test_judge__leaves_open_what_the_page_leaves_open(
    name: str, what: str, make: Callable[[Stage], list[Exchange]], reported: dict[str, str]
) -> None:
    """Beside each allowance stands what is none."""
    *earlier, last = make(Stage(specs.load(name)))
    history = History()
    for exchange in earlier:
        history.add(exchange)
    assert {one.rule: one.severity for one in judge(last, history)} == reported


def test_judge__an_environment_that_no_page_names() -> None:
    """Two are named in public; that there is no third is ours."""
    stage = Stage(specs.load("idnow"))
    found = stage.read()
    elsewhere = changed(found, {"/environment": "sandbox"}, path=found.path.replace("/live/", "/sandbox/"))
    assert at(elsewhere.response_json, "/environment") == "sandbox"
    assert {one.rule: one.severity for one in judge(elsewhere, History())} == {"GEN-015": "note"}


@pytest.mark.parametrize(
    ("status", "more", "expected"),
    [
        (500, {}, {"GEN-023": "error"}),
        (502, {}, {"GEN-001": "note", "GEN-023": "note"}),
        (503, {}, {}),
        (500, {"intent": {"asked_for": "internal_error"}}, {}),
        (500, {"wished": True}, {}),
        (500, {"query": "limit=0"}, {"GEN-023": "note"}),
        (500, {"intent": {"unknown_id": True}}, {"GEN-023": "error"}),
    ],
    ids=str,
)
def test_failure__of_the_server(status: int, more: dict[str, Any], expected: dict[str, str]) -> None:
    """A documented 500 to a valid request is a violation; a gateway's, and one to an invalid request, a note."""
    kyve = specs.load("kyve")
    operation = kyve.document.operations["listVerifications"]
    body = operation.example("internal_error" if status == 500 else "dependency_unavailable")[2]
    request = {"authorization": "Bearer ak_test_x", **({"prefer": "example=internal_error"} if more.get("wished") else {})}
    failed = Exchange(
        provider=kyve, method="GET", path="/v1/verifications", query=more.get("query", ""), request_headers=request,
        request_body=b"", status=status, response_body=json.dumps(body).encode(), at=0, intent=more.get("intent", {}),
        response_headers={"content-type": "application/json", "kyc-request-id": body["error"]["request_id"], "retry-after": "1"},
    )  # fmt: skip
    assert {one.rule: one.severity for one in judge(failed, History())} == expected


@pytest.mark.parametrize(("name", "severity"), [("idnow", "note"), ("kayle", "error")])
def test_refusal__as_a_page_is_as_certain_as_the_body_that_is_documented(name: str, severity: str) -> None:
    """What IDnow's refusals look like is assumed, and so is their content type; Kayle ID's are public."""
    refused = Stage(specs.load(name)).ask("getSession", path={"id": "none", "environment": "live"}, credential=None)
    assert refused.status == 401
    headers = {**refused.response_headers, "content-type": "text/html"}
    page = replace(refused, response_body=b"<h1>401</h1>", response_headers=headers)
    assert {one.rule: one.severity for one in judge(page, History())} == {"GEN-002": severity}
