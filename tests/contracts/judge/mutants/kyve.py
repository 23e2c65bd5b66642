"""Kyve: each rule of contracts/judge/rules with what breaks it, and general rules that can be shown here."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

from specimen.contracts.http.exchange import Exchange
from tests.contracts.golden_exchanges import Mutant, Stage, changed, without

TEMPLATE = "tpl_2n8k4r6t0w1y"
CHARGED = {"Idempotency-Key": "5b41362b-0000-4000-8000-000000000000"}
IN_A_MINUTE = "2026-03-19T10:32:30.000Z"
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
    recorded_headers = {**lost.response_headers, "content-type": content_type, "kyc-request-id": body["error"]["request_id"]}
    return changed(lost, {"": body}, status=status, response_headers=recorded_headers)


def of_another_session(stage: Stage) -> list[Exchange]:
    """A verification that names another session than the one that names it."""
    first, second = made(stage), made(stage)
    read = stage.ask(VERIFICATION, path={"id": first.response_json["verification_id"]})
    return [first, second, changed(read, {"/session_id": second.response_json["id"]})]


def refused_and_listed(stage: Stage) -> list[Exchange]:
    """A creation that is refused, and a list with a session that has what it sent."""
    refused = stage.ask("createSession", body={"metadata": {"specimen": "walk-refused-1"}, "redirect_url": 42})
    made(stage, {"metadata": {"specimen": "walk-refused-1"}})
    return [refused, stage.ask("listVerifications", query={"limit": 1})]


def dates_swapped(stage: Stage) -> list[Exchange]:
    """A document that expires before it is issued."""
    found = stage.read(operation=VERIFICATION)
    document = found.response_json["fields"]["document"]
    swapped = {"issued_on": document["expires_on"], "expires_on": document["issued_on"]}
    return [changed(found, {f"/fields/document/{name}": value for name, value in swapped.items()})]


def promised(stage: Stage) -> list[Exchange]:
    """A page that says there are more, and the next one."""
    *sessions, page = listed(stage, 2, limit=1)
    follow = stage.ask("listVerifications", query={"limit": 1, "starting_after": page.response_json["next_cursor"]})
    return [*sessions, page, changed(follow, {"/data": [], "/has_more": False, "/next_cursor": None})]


def canceled_and_hidden(stage: Stage) -> list[Exchange]:
    """A list that leaves out a session which was read as canceled."""
    one, other, page = listed(stage, 2)
    path = {"id": one.response_json["id"]}
    cancel = stage.ask("cancelSession", path=path)
    read = stage.ask(VERIFICATION, path={"id": one.response_json["verification_id"]})
    third, after = listed(stage, 1)
    rows = [row for row in after.response_json["data"] if row["id"] != one.response_json["verification_id"]]
    return [one, other, page, cancel, read, third, changed(after, {"/data": rows})]


def twice(stage: Stage) -> Exchange:
    """A verification that lists one of its media twice."""
    read = stage.read(operation=VERIFICATION)
    media = read.response_json["media"]
    return changed(read, {"/media": [*media, media[0]]})


def read_and_gone(stage: Stage) -> list[Exchange]:
    """A session under review, whose cancellation does not find it."""
    read = stage.read("review_face_match", operation=SESSION)
    lost = stage.ask("cancelSession", path={"id": "ses_00000000000000000000000000"})
    return [read, changed(lost, path=read.path + "/cancel")]


def closed_in_review(stage: Stage) -> list[Exchange]:
    """A verification that waits for its review and has an end."""
    values = dict.fromkeys(("/closed_at", "/updated_at"), IN_A_MINUTE)
    return [changed(stage.read("review_face_match", operation=VERIFICATION), values)]


def under_another_key(first: Exchange) -> Exchange:
    """The answer of a creation, to one under another key."""
    return changed(first, request_headers={**first.request_headers, "idempotency-key": CHARGED["Idempotency-Key"] + "0"})


def canceled_and_gone(stage: Stage) -> list[Exchange]:
    """A canceled session whose second cancellation does not find it."""
    found = canceled(stage)
    lost = stage.ask("cancelSession", path={"id": "ses_00000000000000000000000000"})
    return [*found, changed(lost, path=found[1].path)]


def never_canceled(stage: Stage) -> list[Exchange]:
    """An open session whose cancellation is refused as if it were over."""
    found = canceled(stage)
    refused = stage.again(found[1])
    first = made(stage)
    path = {"id": first.response_json["id"]}
    read = stage.ask(SESSION, path=path)
    return [first, read, changed(refused, path=f"/v1/sessions/{path['id']}/cancel"), stage.again(read)]


def one_link(stage: Stage) -> list[Exchange]:
    """Two pictures of a verification with the link of the first."""
    found = stage.read(operation=VERIFICATION)
    return [changed(found, {"/media/1/url": found.response_json["media"][0]["url"]})]


def without_a_host(stage: Stage) -> list[Exchange]:
    """A picture whose link begins with the path."""
    found = stage.read(operation=VERIFICATION)
    return [changed(found, {"/media/0/url": "/" + found.response_json["media"][0]["url"].split("/", 3)[3]})]


def behind(stage: Stage) -> list[Exchange]:
    """A verification in progress between two reads of its session, which waits for a review."""
    session = stage.read("review_face_match", operation=SESSION)
    verification = stage.read("review_face_match", operation=VERIFICATION)
    return [session, changed(verification, {"/status": "in_progress"}), stage.again(session)]


def unlisted_in_its_state(stage: Stage) -> list[Exchange]:
    """A verification that was created, and is not in the list of those, between two reads."""
    session = made(stage)
    path = {"id": session.response_json["verification_id"]}
    before, whole = stage.ask(VERIFICATION, path=path), stage.ask("listVerifications", query={"limit": 100})
    page = stage.ask("listVerifications", query={"status": "created"})
    rows = [row for row in page.response_json["data"] if row["id"] != path["id"]]
    return [session, before, whole, changed(page, {"/data": rows}), stage.ask(VERIFICATION, path=path)]


def check_gone(stage: Stage) -> list[Exchange]:
    """A verification under review that has lost its last check since it was read."""
    found = stage.read("review_face_match", operation=VERIFICATION)
    checks = found.response_json["checks"][:-1]
    return [found, changed(found, {"/checks": checks, "/updated_at": "2026-03-19T10:33:00.000Z"})]


def page_with_a_gap(stage: Stage, *, whole: bool = False) -> list[Exchange]:
    """The page behind the first of four verifications, without the second."""
    *sessions, page = listed(stage, 4, limit=100)
    rows = page.response_json["data"]
    follow = stage.ask("listVerifications", query={"limit": 100, "starting_after": rows[0]["id"]})
    return [*sessions, page, follow if whole else changed(follow, {"/data": rows[2:]})]


def before_the_cursor(stage: Stage) -> list[Exchange]:
    """A page that begins from the start again."""
    *sessions, page = listed(stage, 4, limit=100)
    rows = page.response_json["data"]
    follow = stage.ask("listVerifications", query={"limit": 100, "starting_after": rows[2]["id"]})
    return [*sessions, page, changed(follow, {"/data": [rows[0], *rows[3:]]})]


def same_request_id(stage: Stage) -> list[Exchange]:
    """Two errors with one request id."""
    first, other = missing(stage, "ver_x"), missing(stage, "ver_y")
    shown = first.response_json["error"]["request_id"]
    headers = {**other.response_headers, "kyc-request-id": shown}
    return [first, changed(other, {"/error/request_id": shown}, response_headers=headers)]


def with_token(stage: Stage, seconds: int) -> list[Exchange]:
    """A session whose sdk_token is good for so many seconds."""
    first = made(stage)
    claims = json.dumps({"iat": first.at // 1000, "exp": first.at // 1000 + seconds}).encode()
    return [changed(first, {"/sdk_token": f"eyJhbGciOiJIUzI1NiJ9.{urlsafe_b64encode(claims).decode().rstrip('=')}.c2ln"})]


def with_names(stage: Stage, *, is_right: bool = False) -> Exchange:
    """A completed verification whose names stand in one another's place, or in their own."""
    found = stage.read(operation=VERIFICATION)
    names = {
        "/fields/family_name": "ERIKSSON", "/fields/given_names": "ANNA MARIA",
        "/fields/family_name_latin": None, "/fields/given_names_latin": None,
        "/fields/document/mrz": [
            ("P<UTOERIKSSON<<ANNA<MARIA" if is_right else "P<UTOANNA<MARIA<<ERIKSSON").ljust(44, "<"),
            "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
        ],
    }  # fmt: skip
    return changed(found, names)


def without_fields(stage: Stage, scenario: str) -> Exchange:
    """The detail of a verification that shows no fields."""
    return changed(stage.read(scenario, operation=VERIFICATION), {"/fields": None})


def checks_that_ran(stage: Stage) -> list[Exchange]:
    """A completed verification, and one that failed, of which only the checks that ran are shown."""
    failed = stage.read("failed_face_match", operation=VERIFICATION)
    ran = [check for check in failed.response_json["checks"] if check["status"] != "skipped"]
    return [stage.read("completed", operation=VERIFICATION), changed(failed, {"/checks": ran})]


MUTANTS = (
    Mutant("GEN-063", "a page with a gap", page_with_a_gap),
    Mutant("GEN-063", "a page from the start again", before_the_cursor),
    Mutant("KYV-027", "one request id for two answers", same_request_id),
    Mutant("KYV-028", "a token for a day", lambda stage: with_token(stage, 86_400)),
    Mutant("KYV-029", "names in one another's place", lambda stage: [with_names(stage)]),
    Mutant(
        "GEN-030",
        "the default in place of an unknown template",
        lambda stage: [changed(made(stage), request_body=b'{"template_slug": "nobodys"}', intent={"unknown_reference": True})],
    ),
    Mutant("GEN-023", "a failure for a valid read, as documented", lambda stage: [failed(stage)]),
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
    Mutant(
        "GEN-031",
        "the token of the session before",
        lambda stage: [first := made(stage), changed(made(stage), {"/sdk_token": first.response_json["sdk_token"]})],
    ),
    Mutant(
        "GEN-031",
        "the verification of the session before",
        lambda stage: [first := made(stage), changed(made(stage), {"/verification_id": first.response_json["verification_id"]})],
    ),
    Mutant("GEN-031", "a verification that names another session", of_another_session),
    Mutant("GEN-035", "a refused creation is listed", refused_and_listed),
    Mutant(
        "GEN-040",
        "closed before it was made",
        lambda stage: [changed(stage.read(operation=VERIFICATION), {"/closed_at": EARLIER})],
        also=("GEN-048",),
    ),
    Mutant("GEN-041", "issued and expiring in one another's place", dates_swapped),
    Mutant("GEN-043", "an empty page after one that says there are more", promised),
    Mutant(
        "GEN-045",
        "one entry where there were two",
        lambda stage: [
            *listed(stage, 2, limit=2),
            changed(page := listed(stage, 0, limit=2)[-1], {"/data": page.response_json["data"][:1]}),
        ],
    ),
    Mutant("GEN-046", "a canceled session is not listed", canceled_and_hidden),
    Mutant("GEN-042", "one of the media twice", lambda stage: [twice(stage)]),
    Mutant(
        "KYV-024",
        "a detail without details",
        lambda stage: [changed(stage.read(operation=VERIFICATION), {"/checks": [], "/fields": None, "/media": []})],
    ),
    Mutant(
        "KYV-025",
        "a link that is not signed",
        lambda stage: [changed(stage.read(operation=VERIFICATION), {"/media/0/url": "https://media.example/ver_1/front.png"})],
    ),
    Mutant("GEN-058", "a session that is read and cannot be canceled", read_and_gone),
    Mutant("KYV-026", "closed while it is reviewed", closed_in_review),
    Mutant("GEN-034", "another key makes nothing", lambda stage: [first := keyed(stage), under_another_key(first)]),
    Mutant(
        "GEN-049",
        "an unknown verification is refused as another kind of thing",
        lambda stage: [changed(missing(stage, "ver_x"), {"/error/code": "not_found"}, intent={"unknown_id": True})],
    ),
    Mutant("GEN-049", "an ended session is not found", canceled_and_gone, also=("GEN-058",)),
    Mutant("GEN-050", "a new session cannot be canceled", never_canceled),
    Mutant("GEN-051", "a picture without a host", without_a_host),
    Mutant("GEN-052", "one link for two pictures", one_link),
    Mutant("GEN-056", "the verification is behind its session", behind),
    Mutant("GEN-065", "a list of its state leaves it out", unlisted_in_its_state),
    Mutant("GEN-067", "a check is gone", check_gone),
    Mutant(
        "KYV-003",
        "a picture that has expired",
        lambda stage: [changed(stage.read(operation=VERIFICATION), {"/media/0/expires_at": "2026-03-19T10:15:00.000Z"})],
    ),
    Mutant("KYV-024", "no pictures", lambda stage: [changed(stage.read(operation=VERIFICATION), {"/media": []})]),
    Mutant("KYV-024", "no fields of the document", lambda stage: [changed(stage.read(operation=VERIFICATION), {"/fields": {}})]),
    Mutant("KYV-032", "no fields of a document that passed", lambda stage: [without_fields(stage, "failed_face_match")]),
    Mutant("KYV-033", "the checks that ran alone", checks_that_ran),
    Mutant("KYV-030", "a live session of a test key", lambda stage: [changed(made(stage), {"/livemode": True})]),
    Mutant(
        "KYV-031",
        "another field is named",
        lambda stage: [changed(made(stage, {"redirect_url": 42}), {"/error/fields/0/field": "metadata"})],
    ),
)
