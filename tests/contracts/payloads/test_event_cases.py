"""Cases of events: each keeps or breaks what its vendor documents, and is signed where it is not about the signature."""

from __future__ import annotations

import json
import time

import pytest
from typer.testing import CliRunner

from specimen import specs
from specimen.cli import app
from specimen.contracts.payloads import cases
from specimen.contracts.payloads.model.mutations import as_bytes
from specimen.contracts.payloads.output.signed import signed
from specimen.specs import SpecimenError
from specimen.webhooks import WebhookError, verify
from tests.contracts.webhooks.receivers import SECRET, forger, receiver_keys

SENDERS = ("kyve", "kayle", "idnow")
NOW = 1_773_916_290
# One type of each vendor; the others are made by the same code.
TYPES = {"kyve": "verification.completed", "kayle": "verification.session.failed", "idnow": "session.completed"}


@pytest.mark.parametrize("name", SENDERS)
def test_events__verdicts_are_those_of_the_documents(name):
    """What is accepted has the documented form, what is rejected has not; ids are the cases' own."""
    provider = specs.load(name)
    validator = provider.schemas.validator(provider.webhooks.events[TYPES[name]].schema)
    found = list(cases(name, direction="webhook", operation=TYPES[name]))
    assert {case.verdict for case in found} == {"accept", "reject", "either"}
    assert len({case.id for case in found}) == len(found)
    for case in found:
        assert case.id.startswith(f"{name}.{TYPES[name]}.webhook:")
        if not isinstance(case.payload, bytes):
            is_valid = validator.is_valid(json.loads(as_bytes(case.payload)))
            assert is_valid or case.verdict == "reject", case.id
        if case.verdict == "reject":
            assert case.rule == "WHK-002"


@pytest.mark.parametrize("name", SENDERS)
def test_events__every_type_has_cases(name):
    """None is forgotten."""
    types = specs.load(name).webhooks.events
    kinds = ["structure.missing"] if name != "kayle" else ["structure.*"]
    assert {case.operation for case in cases(name, direction="webhook", kinds=kinds)} == set(types)


@pytest.mark.parametrize("name", SENDERS)
def test_deliveries__are_signed_where_the_case_is_not_about_the_signature(name):
    """A receiver verifies each, and refuses those of the delivery itself that it must refuse."""
    provider = specs.load(name)
    some = cases(name, direction="webhook", operation=TYPES[name], count=60)
    for case in signed(provider, some, forger(name).keys, NOW):
        body, headers = case["delivery"]["body"], case["delivery"]["headers"]
        if not isinstance(body, str):
            continue
        try:
            verify(name, headers, body.encode(), receiver_keys(name), now=NOW)
            is_accepted = True
        except WebhookError as error:
            # Nothing but the cleartext may be wrong with a case of the event.
            is_accepted = type(error).__name__ == "InvalidBody" and not case["kind"].startswith("delivery.")
            is_accepted = is_accepted or (case["field"].startswith(("/iat", "/exp")) and name == "idnow")
        if case["kind"].startswith("delivery."):
            assert is_accepted == (case["verdict"] == "accept") or case["verdict"] == "either", case["id"]
        else:
            assert is_accepted, case["id"]


def test_command__prints_events_and_deliveries():
    """With a secret each line has a delivery; without one it has not."""
    arguments = ["payloads", "kyve", "--direction", "webhook", "--operation", "verification.created", "--count", "5"]
    plain = CliRunner().invoke(app, arguments)
    assert plain.exit_code == 0
    lines = [json.loads(line) for line in plain.stdout.splitlines()]
    assert len(lines) == 5
    assert {line["direction"] for line in lines} == {"webhook"}
    sealed = CliRunner().invoke(app, [*arguments, "--secret", SECRET, "--now", time.strftime("%FT%TZ", time.gmtime(NOW))])
    lines = [json.loads(line) for line in sealed.stdout.splitlines()]
    assert all("KYC-Signature" in line["delivery"]["headers"] for line in lines if line["kind"] != "delivery.unsigned")
    assert {"delivery.stale-timestamp", "delivery.wrong-secret"} <= {line["kind"] for line in lines}
    assert "cases in events" in CliRunner().invoke(app, ["payloads", "kayle", "--direction", "webhook", "--summary"]).stdout


def test_command__says_what_cannot_be():
    """Providers without webhooks, unknown types, and secrets for what is not signed."""
    for arguments, words in (
        (["predicate", "--direction", "webhook"], "name no event"),
        (["kyve", "--direction", "webhook", "--operation", "verification.complete"], "Did you mean"),
        (["kyve", "--secret", SECRET], "--direction webhook"),
        (["kyve", "--direction", "webhook", "--format", "curl"], "is not sent"),
    ):
        answer = CliRunner().invoke(app, ["payloads", *arguments])
        assert answer.exit_code == 2
        assert words in answer.output.replace("\n", " ")
    with pytest.raises(SpecimenError, match="there is none"):
        cases("kyve", direction="webhooks")
