"""Kyve: each rule of contracts/rules with what breaks it, and general rules that can be shown here."""

from __future__ import annotations

from typing import Any

from specimen.contracts.http.exchange import Exchange
from tests.contracts.golden_exchanges import Mutant, Stage, changed, without

TEMPLATE = "tpl_2n8k4r6t0w1y"
CHARGED = {"Idempotency-Key": "5b41362b-0000-4000-8000-000000000000"}
LATER = "2026-03-19T11:40:00.000Z"
EARLIER = "2026-03-19T09:00:00.000Z"
SESSION, VERIFICATION = "getSession", "getVerification"


def made(stage: Stage, body: Any = None, **headers: str) -> Exchange:
    """A new session."""
    return stage.ask("createSession", body={} if body is None else body, headers=headers)


def keyed(stage: Stage, body: Any = None) -> Exchange:
    """A new session under a key."""
    return made(stage, body, **CHARGED)


def listed(stage: Stage, count: int, **query: Any) -> list[Exchange]:
    """So many sessions, and their list."""
    return [*(made(stage) for _ in range(count)), stage.ask("listVerifications", query=query)]


def second(stage: Stage, values: dict[str, Any], operation: str, state: str = "in_progress") -> list[Exchange]:
    """A session read twice, the second time with other values."""
    first = stage.read("completed", state, operation)
    return [first, changed(first, values)]


def missing(stage: Stage, verification: str) -> Exchange:
    """A verification that is not found."""
    unknown = stage.ask(VERIFICATION, path={"id": "ver_00000000000000000000000000"})
    return changed(unknown, path=f"/v1/verifications/{verification}")


def too_many(stage: Stage) -> list[Exchange]:
    """Two entries where one was asked for."""
    *_, page = listed(stage, 2, limit=2)
    asked = stage.ask("listVerifications", query={"limit": 1})
    first, last = reversed(page.response_json["data"])
    return [changed(asked, {"/data": [first, last]})]


def listed_and_lost(stage: Stage) -> list[Exchange]:
    """A verification that a list shows and a read does not."""
    *_, page = listed(stage, 1)
    return [page, missing(stage, page.response_json["data"][0]["id"])]


def other_body(stage: Stage) -> list[Exchange]:
    """A second session under the same key."""
    first = keyed(stage, {"metadata": {"customer": "1"}})
    other = made(stage, {"metadata": {"customer": "2"}})
    return [first, changed(other, request_headers={**other.request_headers, "idempotency-key": CHARGED["Idempotency-Key"]})]


def other_code(stage: Stage) -> list[Exchange]:
    """A conflict by another name."""
    return [keyed(stage, {"metadata": {"a": "1"}}), changed(keyed(stage, {"metadata": {"a": "2"}}), {"/error/code": "conflict"})]


def replayed(stage: Stage, **rest: Any) -> list[Exchange]:
    """A request under a key, sent twice, the second answer changed."""
    first = keyed(stage)
    again = stage.again(first)
    return [first, changed(again, rest.pop("values", None), **{name: change(again) for name, change in rest.items()})]


def both_templates(stage: Stage) -> Exchange:
    """A session asked for by id and by slug."""
    return made(stage, {"template_id": TEMPLATE, "template_slug": "full-kyc"})


def other_mode(stage: Stage) -> list[Exchange]:
    """A session of a live key, read with a test key; the answer does not tell its mode."""
    live = stage.ask("createSession", body={"template_id": TEMPLATE}, credential="live")
    read = stage.ask(SESSION, path={"id": live.response_json["id"]}, credential="live")
    shown = {name: value for name, value in read.response_json.items() if name != "livemode"}
    test = {**read.request_headers, "authorization": "Bearer ak_test_specimen"}
    return [live, changed(read, {"": shown}, request_headers=test)]


def second_page(stage: Stage) -> list[Exchange]:
    """A page that shows what the page before it showed."""
    *sessions, page = listed(stage, 3, limit=2)
    follow = stage.ask("listVerifications", query={"limit": 2, "starting_after": page.response_json["next_cursor"]})
    return [*sessions, page, changed(follow, {"/data": page.response_json["data"][:1]})]


def canceled(stage: Stage) -> tuple[Exchange, Exchange, Exchange]:
    """A session, its cancel, and a read after it."""
    first = made(stage)
    path = {"id": first.response_json["id"]}
    return first, stage.ask("cancelSession", path=path), stage.ask(SESSION, path=path)


def failed(stage: Stage, *, operation: str = VERIFICATION) -> Exchange:
    """A read that the document allows, answered with its documented 500."""
    status, content_type, body = stage.provider.document.operations[operation].example("internal_error") or (0, "", None)
    lost = stage.ask(operation, path={"id": "ver_00000000000000000000000000"})
    told = {**lost.response_headers, "content-type": content_type, "kyc-request-id": body["error"]["request_id"]}
    return changed(lost, {"": body}, status=status, response_headers=told)


MUTANTS = (
    Mutant(
        "GEN-030",
        "the default in place of an unknown template",
        lambda stage: [changed(made(stage), request_body=b'{"template_slug": "nobodys"}', intent={"unknown_reference": True})],
    ),
    Mutant("GEN-023", "a failure for a lawful read, as documented", lambda stage: [failed(stage)]),
    Mutant(
        "KYV-003",
        "links for hours",
        lambda stage: [changed(stage.read(operation=VERIFICATION), {"/media/0/expires_at": LATER})],
    ),
    Mutant(
        "KYV-003",
        "links signed for a day",
        lambda stage: [
            changed(stage.read(operation=VERIFICATION), {"/media/0/url": "https://m.example/a.png?X-Amz-Expires=86400"})
        ],
    ),
    Mutant(
        "KYV-004", "another template", lambda stage: [changed(made(stage, {"template_id": TEMPLATE}), {"/template_id": "tpl_x"})]
    ),
    Mutant("KYV-005", "an hour of life", lambda stage: [changed(made(stage), {"/expires_at": LATER})]),
    Mutant(
        "KYV-006",
        "an unfiltered list",
        lambda stage: [changed(listed(stage, 2, status="created")[-1], {"/data/0/status": "failed"})],
    ),
    Mutant("KYV-007", "an unlimited list", too_many),
    Mutant("KYV-008", "listed and not found", listed_and_lost),
    Mutant("KYV-009", "another session for the same key", lambda stage: replayed(stage, values={"/id": "ses_other"})),
    Mutant("KYV-009", "another status for the same key", lambda stage: replayed(stage, status=lambda _: 200), also=("GEN-001",)),
    Mutant("KYV-010", "a second body is taken", other_body),
    Mutant("KYV-010", "a conflict by another name", other_code),
    Mutant("KYV-011", "a live session for a test key", lambda stage: [changed(stage.read(), {"/livemode": True})]),
    Mutant("KYV-011", "a live list for a test key", lambda stage: [changed(listed(stage, 1)[-1], {"/data/0/livemode": True})]),
    Mutant("KYV-011", "a live key's session for a test key", other_mode),
    Mutant("KYV-012", "completed becomes canceled", lambda stage: second(stage, {"/status": "canceled"}, SESSION, "completed")),
    Mutant("KYV-013", "another version", lambda stage: second(stage, {"/template_version": 99}, SESSION)),
    Mutant("KYV-013", "another creation", lambda stage: second(stage, {"/created_at": EARLIER}, VERIFICATION)),
    Mutant("KYV-014", "the slug wins", lambda stage: [changed(both_templates(stage), {"/template_id": "tpl_other"})]),
    Mutant("KYV-015", "the template was edited", lambda stage: second(stage, {"/flow_config": {"checks": []}}, SESSION)),
    Mutant("KYV-016", "other bytes", lambda stage: replayed(stage, response_body=lambda one: one.response_body + b" ")),
    Mutant(
        "KYV-016",
        "another request id",
        lambda stage: replayed(stage, response_headers=lambda one: {**one.response_headers, "kyc-request-id": "req_other"}),
    ),
    Mutant(
        "KYV-017",
        "no verification yet",
        lambda stage: [first := made(stage), missing(stage, first.response_json["verification_id"])],
    ),
    Mutant(
        "KYV-017",
        "an expired verification of a completed session",
        lambda stage: [
            stage.read(operation=SESSION),
            changed(stage.read(operation=VERIFICATION), {"/status": "expired"}),
        ],
    ),
    Mutant(
        "KYV-018",
        "two request ids",
        lambda stage: [changed(missing(stage, "ver_x"), {"/error/request_id": "req_other"})],
    ),
    Mutant("KYV-019", "a page repeats the one before", second_page),
    Mutant("KYV-019", "a cursor to nowhere", lambda stage: [changed(listed(stage, 2, limit=1)[-1], {"/next_cursor": "ver_x"})]),
    Mutant("KYV-020", "metadata is lost", lambda stage: [changed(made(stage, {"metadata": {"a": "b"}}), {"/metadata": {}})]),
    Mutant(
        "KYV-021",
        "canceled and still open",
        lambda stage: [(found := canceled(stage))[0], changed(found[1], {"/status": "created"})],
    ),
    Mutant(
        "KYV-021",
        "canceled and read as open",
        lambda stage: [*(found := canceled(stage))[:2], changed(found[2], {"/status": "created"})],
    ),
    Mutant("GEN-003", "an error without its id", lambda stage: [without(missing(stage, "ver_x"), "kyc-request-id")]),
    Mutant("GEN-009", "a line break after the id", lambda stage: [changed(found := stage.read(), path=found.path + "%0A")]),
    Mutant(
        "GEN-009",
        "an id in braces",
        lambda stage: [changed(found := stage.read(), path=found.path.replace("ses_", "%7Bses_") + "%7D")],
    ),
    Mutant("GEN-011", "back to the beginning", lambda stage: second(stage, {"/status": "created"}, SESSION)),
    Mutant("GEN-012", "an earlier change", lambda stage: second(stage, {"/updated_at": EARLIER}, VERIFICATION)),
    Mutant("GEN-014", "another session", lambda stage: [changed(stage.read(), {"/id": "ses_other"})]),
)
