"""Kyve's rules, and its payloads in every scenario and state."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from typing import Any

import pytest

from specimen import specs
from specimen.fixtures.primitives import times
from specimen.fixtures.primitives.timelines import plan
from specimen.fixtures.recipes import kyve as recipe
from specimen.fixtures.recipes.recipe import SessionSnapshot, settle

KYVE = specs.load("kyve")
LIFECYCLE = KYVE.lifecycle
SCENARIOS = sorted(LIFECYCLE.scenarios)
NOW = 1_770_000_000_000  # 2026-02-02T02:40:00Z
SESSION_ID = "ses_" + "a" * 26
VERIFICATION_ID = "ver_" + "b" * 26
COMPLETED: dict[str, Any] = KYVE.document.operations["getVerification"].example("verification_completed")[2]
FULL, PASSPORT = "tpl_5v7x9z1b3d5f", "tpl_8h0j2l4n6q8s"
OUTCOMES = ("completed", "failed", "requires_review")


def broken_rules(body: Any, schema: str = "Verification", *, strict: bool = False) -> set[str]:
    """The ids of the rules that a body breaks; `schema` for what breaks the plain schema."""
    schemas = KYVE.strict_schemas if strict else KYVE.schemas
    errors = schemas.validator(f"/components/schemas/{schema}").iter_errors(body)
    return {(schemas.rule_title(error) or "schema").partition(" ")[0] for error in errors}


def with_checks(status: str, *checks: str) -> dict[str, Any]:
    """The completed example with another status and checks that came out so."""
    return {**COMPLETED, "status": status, "checks": [{**COMPLETED["checks"][0], "status": check} for check in checks]}


def moments(scenario: str, seed: int = 7, **facts: Any) -> list[SessionSnapshot]:
    """A session of a scenario in each of its states."""
    path = LIFECYCLE.scenarios[scenario].path
    events = plan(LIFECYCLE, path, NOW)
    return [
        SessionSnapshot(
            provider="kyve",
            id=SESSION_ID,
            ids={"session": SESSION_ID, "verification": VERIFICATION_ID},
            scenario=scenario,
            seed=seed,
            facts={**LIFECYCLE.scenarios[scenario].facts, **facts},
            events=events[: index + 1],
            expires_at=NOW + 1_800_000,
            now=events[index].at + 3,
            origin="http://127.0.0.1:8080/kyve",
            is_terminal=events[index].state in LIFECYCLE.terminal,
        )
        for index in range(len(path))
    ]


def verification(m: SessionSnapshot) -> dict[str, Any]:
    """The verification as it is read at the moment."""
    body: dict[str, Any] = settle(recipe.verification(m), m.now)
    return body


# -- rules --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        COMPLETED,
        with_checks("failed", "passed", "failed"),
        with_checks("requires_review", "review"),
        with_checks("created", "pending"),
    ],
)
def test_rules__are_silent_on_valid_bodies(body: dict[str, Any]) -> None:
    """No rule fires on a verification that holds them all."""
    assert broken_rules(body, strict=True) == set()


def test_overlay__refuses_a_field_that_the_contract_allows() -> None:
    """A vendor may add a field; our own mock may not."""
    body = {**COMPLETED, "added": 1}
    assert broken_rules(body) == set()
    assert broken_rules(body, strict=True) == {"schema"}


# -- payloads -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_payloads__every_state_fits_the_strict_schema(scenario: str) -> None:
    """Session and verification of every scenario are valid in each of its states, for several people."""
    for seed in range(5):
        for m in moments(scenario, seed):
            assert broken_rules(settle(recipe.session(m), m.now), "Session", strict=True) == set()
            assert broken_rules(verification(m), strict=True) == set()
            assert broken_rules(recipe.summary(m), "VerificationSummary", strict=True) == set()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_payloads__the_result_stands_when_the_person_is_done(scenario: str) -> None:
    """Checks are pending while open and skipped when given up; fields and media come with the outcome."""
    for m in moments(scenario):
        body = verification(m)
        found = {check["status"] for check in body["checks"]}
        if m.state in OUTCOMES:
            assert body["media"]
            assert "pending" not in found
        else:
            assert found == {"skipped" if m.is_terminal else "pending"}
            assert (body["media"], body["fields"], body["review"]) == ([], None, None)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_payloads__what_never_changes(scenario: str) -> None:
    """Over a session's life only status and times of change differ in the session and in the frame of the verification."""
    sessions = [settle(recipe.session(m), m.now) for m in moments(scenario)]
    assert len({json.dumps({**body, "status": ""}) for body in sessions}) == 1
    summaries = [recipe.summary(m) for m in moments(scenario)]
    moved = {"status", "updated_at", "closed_at"}
    assert len({json.dumps({key: value for key, value in body.items() if key not in moved}) for body in summaries}) == 1


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_payloads__times_are_in_order(scenario: str) -> None:
    """Created, checked, updated and closed follow each other; the session expires 30 minutes after its creation."""
    m = moments(scenario)[-1]
    body, session = verification(m), recipe.session(m)
    checked = [check["checked_at"] for check in body["checks"] if check["checked_at"]]
    assert all(body["created_at"] <= at <= body["updated_at"] for at in checked)
    assert body["closed_at"] in (None, body["updated_at"])
    assert times.parse(session["expires_at"]) - times.parse(session["created_at"]) == 1_800_000


@pytest.mark.parametrize(
    ("scenario", "expected"),
    [
        ("completed", {"document": "passed", "liveness": "passed", "face_match": "passed", "sanctions": "passed"}),
        (
            "failed_document_tampered",
            {"document": "failed", "liveness": "skipped", "face_match": "skipped", "sanctions": "skipped"},
        ),
        ("failed_liveness", {"document": "passed", "liveness": "failed", "face_match": "skipped", "sanctions": "skipped"}),
        ("failed_face_match", {"document": "passed", "liveness": "passed", "face_match": "failed", "sanctions": "skipped"}),
        ("failed_sanctions", {"document": "passed", "liveness": "passed", "face_match": "passed", "sanctions": "failed"}),
        (
            "failed_address",
            {"document": "passed", "liveness": "passed", "face_match": "passed", "sanctions": "passed", "address": "failed"},
        ),
        ("failed_several", {"document": "passed", "liveness": "failed", "face_match": "failed", "sanctions": "skipped"}),
        ("review_face_match", {"document": "passed", "liveness": "passed", "face_match": "review", "sanctions": "passed"}),
        ("review_sanctions", {"document": "passed", "liveness": "passed", "face_match": "passed", "sanctions": "review"}),
        ("review_document", {"document": "review", "liveness": "passed", "face_match": "passed", "sanctions": "passed"}),
        ("review_rejected", {"document": "passed", "liveness": "passed", "face_match": "failed", "sanctions": "passed"}),
        ("template_edited", {"document": "passed", "liveness": "passed", "face_match": "passed"}),
        ("template_passport_only", {"document": "passed"}),
    ],
)
def test_payloads__checks_of_a_scenario(scenario: str, expected: dict[str, str]) -> None:
    """The check that the scenario names has failed or is in review; what would follow a failure was not run."""
    body = verification(moments(scenario)[-1])
    assert {check["type"]: check["status"] for check in body["checks"]} == expected


def test_payloads__a_review_keeps_what_the_machine_said() -> None:
    """The reviewer's decision changes the check's status and time, not its score."""
    asked, decided = (verification(m) for m in moments("review_approved")[-2:])
    before, after = asked["checks"][2], decided["checks"][2]
    assert (before["status"], after["status"], before["score"]) == ("review", "passed", after["score"])
    assert asked["review"] == {"requested_at": asked["updated_at"], "decision": None, "decided_at": None}
    assert decided["review"] == {
        "requested_at": asked["updated_at"],
        "decision": "approved",
        "decided_at": decided["updated_at"],
    }
    assert decided["checks"][0] == asked["checks"][0]
    assert after["checked_at"] == decided["updated_at"]
    assert decided["checks"][-1]["checked_at"] == asked["updated_at"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_payloads__checks_are_decided_one_after_another(scenario: str) -> None:
    """In the flow's order while the person submitted, the last automatic one when the outcome is there; no two at once."""
    m = moments(scenario)[-1]
    body = verification(m)
    of_review = (body["review"] or {}).get("decided_at")
    checked = [check["checked_at"] for check in body["checks"] if check["checked_at"] not in (None, of_review)]
    assert checked == sorted(set(checked))
    if checked:
        begun, asked = m.at("in_progress"), m.at("requires_review")
        assert begun is not None
        assert times.iso_millis(begun) < checked[0]
        assert checked[-1] <= times.iso_millis(asked or m.updated_at)
    assert (m.state in ("completed", "failed", "requires_review")) == bool([one for one in body["checks"] if one["checked_at"]])


@pytest.mark.parametrize("document", ["passport", "id_card"])
def test_payloads__fields_are_the_person_of_the_session(document: str) -> None:
    """The fields show one person and the document that was wished; a card has a back, a passport has none."""
    m = moments("completed", document=document, locale="de_DE")[-1]
    body = verification(m)
    assert body["fields"]["document"]["type"] == document
    assert body["fields"]["document"]["mrz"] == list(m.identity.document.mrz)
    assert body["fields"]["family_name"] == m.identity.family_name
    assert ("document_back" in [entry["type"] for entry in body["media"]]) == (document == "id_card")


def test_payloads__an_unreadable_document_gives_no_fields() -> None:
    """Where nothing can be read nothing is answered, and no selfie was taken."""
    body = verification(moments("failed_document_unreadable")[-1])
    assert body["fields"] is None
    assert "selfie" not in [entry["type"] for entry in body["media"]]


def test_payloads__an_address_needs_a_proof() -> None:
    """The template full-kyc asks for a proof of address; only an accepted one gives an address."""
    assert verification(moments("template_by_slug")[-1])["fields"]["address"]["country"]
    assert verification(moments("completed")[-1])["fields"]["address"] is None
    assert verification(moments("failed_address")[-1])["fields"]["address"] is None


def test_payloads__a_reason_outside_the_flow_gives_way() -> None:
    """A wish for a failing check that the template does not have fails the flow's first check instead."""
    body = verification(moments("failed_sanctions", template={"id": PASSPORT, "version": 1})[-1])
    assert [(check["status"], check["reason"]) for check in body["checks"]] == [("failed", "document_tampered")]


@pytest.mark.parametrize("reason", LIFECYCLE.choices["failure_reason"].values)
def test_payloads__each_failure_reason(reason: str) -> None:
    """Every reason that a wish may name fails its own check where the flow has it."""
    body = verification(moments("failed_face_match", failure_reason=reason, template={"id": FULL, "version": 2})[-1])
    assert [check["type"] for check in body["checks"] if check["reason"] == reason] == [recipe.FAILURES[reason]]


@pytest.mark.parametrize("reason", LIFECYCLE.choices["review_reason"].values)
def test_payloads__each_review_reason(reason: str) -> None:
    """Every reason for a review that a wish may name puts its own check in review."""
    body = verification(moments("review_face_match", review_reason=reason)[-1])
    assert [check["type"] for check in body["checks"] if check["reason"] == reason] == [recipe.REVIEWS[reason]]


def test_payloads__the_token_is_for_one_session_and_half_an_hour() -> None:
    """The sdk_token is a JWT that names the session and ends with it."""
    parts = recipe.sdk_token(moments("completed")[0]).split(".")
    claims = json.loads(urlsafe_b64decode(parts[1] + "=="))
    assert len(parts) == 3
    assert (claims["session_id"], claims["exp"] - claims["iat"]) == (SESSION_ID, 1800)


def test_webhooks__events_carry_the_verification() -> None:
    """The five types are described, and a verification of the mock fits into each."""
    types = list(KYVE.document.raw["webhooks"])
    assert types == [f"verification.{name}" for name in ("created", "updated", "completed", "failed", "review_required")]
    event = {
        "id": "evt_1",
        "type": "verification.completed",
        "api_version": "2025-01",
        "created": NOW // 1000,
        "livemode": False,
        "data": {"object": verification(moments("completed")[-1])},
    }
    assert broken_rules(event, "WebhookEvent", strict=True) == set()
