"""What Kayle ID's running API does where its page is silent breaks no rule; beside each allowance stands what is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from specimen import specs
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.checks.account_refusals import is_account_dependent
from specimen.contracts.judge.checks.precision import shifted
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import observe
from tests.contracts.golden_exchanges import Stage, changed
from tests.contracts.judge.mutants.kayle import by_token, made

KAYLE = specs.load("kayle")
VALID = {"valid": True}
BOM = b"\xef\xbb\xbf"
Told = Mapping[str, str]


def reported(exchanges: list[Exchange]) -> Told:
    """The rules that the last exchange breaks, with their severity; those before it break none."""
    history = History()
    *before, last = [observe(exchange, history) for exchange in exchanges]
    assert not any(before), before
    return {one.rule: one.severity for one in last}


def read(stage: Stage, first: Exchange) -> Exchange:
    """The session that was made."""
    return stage.ask("getSession", path={"id": first.response_json["data"]["id"]})


def withdrawn(scenario: str, *, seen: bool = True, **values: Any) -> list[Exchange]:
    """A session that has ended and is then cancelled by its user."""
    stage = Stage(KAYLE)
    first = stage.create(scenario)
    path = {"id": first.response_json["data"]["id"]}
    end = stage.ask("getSession", path=path, headers={"Prefer": f"status={KAYLE.lifecycle.scenarios[scenario].path[-1]}"})
    ended = replace(end, request_headers={k: v for k, v in end.request_headers.items() if k != "prefer"})
    first = replace(first, request_headers=ended.request_headers)
    used = by_token(stage, first)
    after = changed(ended, {"/data/status": "cancelled", "/data/failure_code": None, **values})
    return [ended, *([used] if seen else []), after]


@pytest.mark.parametrize(
    ("exchanges", "expected"),
    [
        (lambda: withdrawn("succeeded"), {}),
        (lambda: withdrawn("liveness_failed"), {}),
        (lambda: withdrawn("document_authenticity_failed"), {}),
        (lambda: [*withdrawn("succeeded"), withdrawn("succeeded")[-1]], {}),
        (lambda: withdrawn("succeeded", seen=False), {"KAY-016": "note"}),
        (lambda: withdrawn("expired"), {"KAY-016": "warning"}),
        (lambda: withdrawn("liveness_failed", **{"/data/failure_code": "liveness_failed"}), {"KAY-004": "error"}),
        (lambda: withdrawn("liveness_failed", **{"/data/status": "in_progress", "/data/completed_at": None}),
         {"KAY-006": "error", "KAY-016": "warning", "KAY-025": "error", "GEN-036": "warning"}),
    ],
)  # fmt: skip
def test_withdrawal__cancels_what_had_ended(exchanges: Callable[[], list[Exchange]], expected: Told) -> None:
    """By its token a session that succeeded or failed may become cancelled, and nothing else; unseen, that is a note."""
    assert reported(exchanges()) == expected


def test_token__used_again_on_a_cancelled_session() -> None:
    """The second use changes nothing, so that it may succeed; it may be refused as used, too."""
    stage = Stage(KAYLE)
    first = made(stage)
    used = by_token(stage, first)
    assert reported([first, used, read(stage, first), used]) == {}
    error = {"data": None, "error": {"code": "CANCEL_TOKEN_USED", "message": "Used."}}
    refused = changed(stage.read(), {"": error}, status=401, path=used.path)
    assert reported([first, used, replace(refused, method="POST", request_body=used.request_body)]) == {}


@pytest.mark.parametrize("members", [{}, {"hint": "Open the link.", "docs": "https://kayle.id/docs"}])
def test_token__errors_of_two_or_four_members(members: dict[str, str]) -> None:
    """The verify routes leave hint and docs out; the errors page shows them. A code there must be."""
    found = Stage(KAYLE).ask("cancelByToken", path={"id": f"vs_{'z' * 64}"}, body={"cancel_token": "a" * 48}, credential=None)
    assert reported([changed(found, {"/error": {"code": "SESSION_NOT_FOUND", "message": "None.", **members}})]) == {}
    assert reported([changed(found, {"/error": {"message": "None.", **members}})]) == {"GEN-006": "error"}


@pytest.mark.parametrize(
    ("sent", "shown", "expected"),
    [
        ("https://shop.example", "https://shop.example/", {}),
        ("https://shop.example/\u00e9 b?\u00e9", "https://shop.example/%C3%A9%20b?%C3%A9", {}),
        ("https:/shop.example\\a", "https://shop.example/a", {}),
        ("https://shop.example/a", "https://shop.example/a", {}),
        ("https://shop.example/a", "https://shop.example/a/", {"KAY-026": "error"}),
        ("https://shop.example/a", None, {"KAY-026": "error"}),
    ],
)
def test_redirect_url__as_a_parser_writes_it(sent: str, shown: str | None, expected: Told) -> None:
    """Verbatim or as the WHATWG URL Standard serialises it."""
    first = made(Stage(KAYLE), {"redirect_url": sent})
    assert reported([changed(first, {"/data/redirect_url": shown})]) == expected


@pytest.mark.parametrize(
    ("sent", "shown", "expected"),
    [
        (["we_1", "we_2", "we_1"], ["we_1", "we_2"], {}),
        (["we_1", "we_1"], "we_1", {}),
        (["we_1", "we_2"], ["we_2", "we_1"], {"KAY-026": "error"}),
        (["we_1", "we_2"], "we_1", {"KAY-026": "error"}),
    ],
)
def test_endpoints__without_duplicates(sent: list[str], shown: Any, expected: Told) -> None:
    """Each once, one alone as a text; none is lost."""
    first = made(Stage(KAYLE), {"webhook_endpoint_id": ["we_1", "we_2"]})
    first = replace(first, request_body=b'{"webhook_endpoint_id": ["' + '", "'.join(sent).encode() + b'"]}')
    assert reported([changed(first, {"/data/webhook_endpoint_id": shown})]) == expected


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
@pytest.mark.parametrize("body", [b'{"redirect_url": "https://shop.example/"}', b'{"share_fields": []}', b"{"])
def test_body__of_another_type_is_not_judged_as_read(content_type: str | None, body: bytes) -> None:
    """Taken without being read, or refused, it breaks nothing; as JSON it would."""
    first = made(Stage(KAYLE))
    headers = {name: value for name, value in first.request_headers.items() if name != "content-type"}
    other = {**headers, **({} if content_type is None else {"content-type": content_type})}
    assert reported([replace(first, request_headers=other, request_body=body)]) == {}
    as_json = reported([replace(first, request_headers={**headers, "content-type": "application/json"}, request_body=body)])
    assert as_json == {"KAY-026" if b"redirect" in body else "GEN-015": "error"}


@pytest.mark.parametrize("status", [200, 400])
def test_body__with_a_byte_order_mark(status: int) -> None:
    """Neither who passes over it nor who refuses it breaks anything; what stands behind it is judged."""
    first = replace(made(Stage(KAYLE)), request_body=BOM + b"{}", intent=VALID)
    refusal = {"success": False, "error": {"name": "ZodError", "message": "[]"}}
    assert reported([first if status == 200 else changed(first, {"": refusal}, status=400)]) == {}
    assert reported([replace(first, request_body=BOM + b"[]")]) == {"GEN-015": "error"}


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_body__that_is_empty_and_says_it_is_json(body: bytes) -> None:
    """Nothing is no JSON: it may be refused, or taken for no body. An empty object may not be refused."""
    first = replace(made(Stage(KAYLE)), request_body=body, intent=VALID)
    refusal = {"success": False, "error": {"name": "ZodError", "message": "[]"}}
    assert reported([first]) == {}
    assert reported([changed(first, {"": refusal}, status=400)]) == ({"GEN-016": "error"} if body else {})


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "REDIRECT_URL_DOMAIN_NOT_VERIFIED", {}),
        (400, "REDIRECT_URL_PATTERN_NOT_REGISTERED", {}),
        (400, "ONBOARDING_INCOMPLETE", {}),
        (400, "RP_TERMS_ACCEPTANCE_REQUIRED", {}),
        (400, "WEBHOOK_ENDPOINT_UNAVAILABLE", {}),
        (403, "FORBIDDEN", {}),
        (410, "ORGANIZATION_FROZEN", {}),
        (429, "ORG_NOT_VERIFIED_LIMIT_EXCEEDED", {}),
        (400, "UNKNOWN_CLAIM_KEY", {"GEN-016": "error"}),
        (422, "REDIRECT_URL_DOMAIN_NOT_VERIFIED", {"GEN-001": "error", "GEN-016": "error"}),
    ],
)
def test_refusal__of_the_account_says_nothing_of_the_request(status: int, code: str, expected: Told) -> None:
    """A valid request may meet it; other refusals of a valid request are violations."""
    first = replace(made(Stage(KAYLE), {"redirect_url": "https://shop.example/"}), intent=VALID)
    error = {"code": code, "message": "No.", "hint": "Ask.", "docs": "https://kayle.id/docs"}
    refused = changed(first, {"": {"data": None, "error": error}}, status=status)
    assert reported([refused]) == expected
    assert is_account_dependent(refused) is (not expected)


@pytest.mark.parametrize(("cursor", "expected"), [("abc", {"GEN-015": "error"}), (f"vs_{'0' * 64}", {})])
def test_cursor__has_the_form_of_an_id(cursor: str, expected: Told) -> None:
    """A cursor of another form is refused."""
    page = Stage(KAYLE).ask("listSessions")
    assert reported([replace(page, query=f"starting_after={cursor}")]) == expected


def test_path__with_dots_is_no_operation() -> None:
    """A server takes dot segments away before it looks for an operation."""
    unknown = Stage(KAYLE).ask("getSession", path={"id": f"vs_{'z' * 64}"})
    assert replace(unknown, path="/v1/sessions/.").operation is None
    assert replace(unknown, path="/v1/sessions/..").operation is None
    assert replace(unknown, path="/v1/sessions/.x").operation is not None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("created_from={before}", {"KAY-027": "error"}),
        ("created_to={later}", {"KAY-027": "error"}),
        ("created_from={before}&created_to={later}", {"KAY-027": "error"}),
        ("created_from={before}&limit=1", {"KAY-027": "error"}),
        ("created_from={at}", {}),
        ("created_to={at}", {}),
        ("created_from={at}&created_to={at}", {}),
        ("created_from={before}&created_to={at}", {}),
        ("created_to={at}&status=failed", {}),
        ("created_from={later}", {}),
        ("created_to={at}&starting_after={id}", {}),
    ],
)
def test_list__of_a_session_of_its_own_time(query: str, expected: Told) -> None:
    """A list that asks for more than the time, or for another, need not show the session.

    Nor need one that begins or ends at the moment shown: the service may have cut off or rounded what it keeps.
    """
    stage = Stage(KAYLE)
    first = made(stage)
    shown = first.response_json["data"]
    at = shown["created_at"]
    values = {"at": at, "before": shifted(at, -1), "later": shifted(at, 1), "id": shown["id"]}
    page = changed(stage.ask("listSessions", query={"limit": 1} if "limit" in query else None), {"/data": []})
    assert reported([first, replace(page, query=query.format(**values))]) == expected
    of_another = replace(first, request_headers={**first.request_headers, "authorization": "Bearer kk_other"})
    assert reported([of_another, replace(page, query=query.format(**values))]) == {}


def two_lists(first_query: str, second_query: str, *, shown: tuple[bool, bool] = (False, False), **changes: Any) -> Told:
    """What is reported of two lists after a creation; `shown` says which of them show the session."""
    stage = Stage(KAYLE)
    first = made(stage)
    time = first.response_json["data"]["created_at"]
    values = {"at": time, "before": shifted(time, -1), "later": shifted(time, 1)}
    whole = stage.ask("listSessions")
    pages = [
        replace(whole if is_shown else changed(whole, {"/data": []}), query=query.format(**values), **changes)
        for query, is_shown in zip((first_query, second_query), shown, strict=True)
    ]
    return reported([first, *pages])


@pytest.mark.parametrize("seen_by", ["walk", "client"])
@pytest.mark.parametrize(
    ("until", "since", "expected"),
    [
        ("created_to={at}", "created_from={at}", {"KAY-027": "error"}),
        ("created_from={before}&created_to={at}", "created_from={at}&created_to={later}", {"KAY-027": "error"}),
        ("created_to={before}", "created_from={at}", {}),  # it was made between them
        ("created_from={at}&created_to={at}", "created_from={at}", {}),  # before them both
        ("created_to={at}", "created_from={at}&created_to={at}", {}),  # after them both
        ("created_to={at}&status=failed", "created_from={at}", {}),
    ],
)
def test_lists__that_meet_at_a_time_show_its_session(until: str, since: str, expected: Told, seen_by: str) -> None:
    """However finely a time is kept, it lies on one side of the moment shown, or on it, and both lists are inclusive."""
    is_walk = {} if seen_by == "walk" else {"at": Stage(KAYLE).ask("listSessions").at + 3_600_000}
    assert two_lists(until, since, seen_by=seen_by, **is_walk) == expected
    assert two_lists(since, until, seen_by=seen_by, **is_walk) == expected


@pytest.mark.parametrize("shown", [(True, False), (False, True), (True, True)])
def test_lists__that_meet_at_a_time_need_not_both_show_its_session(shown: tuple[bool, bool]) -> None:
    """A service that cuts off what it shows, or rounds it, has the session on one side alone."""
    assert two_lists("created_to={at}", "created_from={at}", shown=shown, seen_by="walk") == {}


def test_lists__on_their_way_while_a_session_was_made_say_nothing_of_it() -> None:
    """Traffic of others is not in one line: the list may have been asked for before the session was there."""
    assert two_lists("created_to={at}", "created_from={at}", seen_by="proxy") == {}
