"""Kayle ID: each rule of contracts/judge/rules with what breaks it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.checks.precision import shifted
from tests.contracts.golden_exchanges import REMOVED, Mutant, Stage, changed

EARLIER = "2026-03-19T09:00:00.000Z"
LATER = "2026-03-19T10:31:31.000Z"
OTHER_ID = "vs_" + "a" * 64


def second(stage: Stage, values: dict[str, Any], state: str = "in_progress") -> list[Exchange]:
    """A session read twice, the second time with other values."""
    first = stage.read("succeeded", state)
    return [first, changed(first, values)]


def made(stage: Stage, body: Any = None) -> Exchange:
    """A new session."""
    return stage.ask("createSession", body={} if body is None else body)


def listed(stage: Stage, count: int, **query: Any) -> list[Exchange]:
    """So many sessions, and their list."""
    return [*(made(stage) for _ in range(count)), stage.ask("listSessions", query=query)]


def data(exchange: Exchange) -> list[Any]:
    """What a list lists."""
    found: list[Any] = exchange.response_json["data"]
    return found


def too_many(stage: Stage) -> list[Exchange]:
    """Two entries where one was asked for."""
    *_, page = listed(stage, 2)
    return [changed(stage.ask("listSessions", query={"limit": 1}), {"/data": data(page), "/pagination/has_more": False,
                                                                    "/pagination/next_cursor": None})]  # fmt: skip


def second_page(stage: Stage) -> list[Exchange]:
    """A page that shows what the page before it showed."""
    *sessions, page = listed(stage, 3, limit=2)
    cursor = page.response_json["pagination"]["next_cursor"]
    follow = stage.ask("listSessions", query={"limit": 2, "starting_after": cursor})
    return [*sessions, page, changed(follow, {"/data": data(page)[-1:]})]


def by_token(stage: Stage, made: Exchange) -> Exchange:
    """A new session cancelled by its token."""
    shown = made.response_json["data"]
    return stage.ask("cancelByToken", path={"id": shown["id"]}, body={"cancel_token": shown["cancel_token"]}, credential=None)


def token_twice(stage: Stage) -> list[Exchange]:
    """A used token that cancels once more a session which succeeded all the same."""
    first = made(stage)
    used = by_token(stage, first)
    read = stage.ask("getSession", path={"id": first.response_json["data"]["id"]})
    return [first, used, changed(read, {"/data/status": "succeeded"}), used]


def cancelled_by_key(stage: Stage) -> list[Exchange]:
    """The API key's cancel of a session that had succeeded, which leaves it alone."""
    read = stage.read("succeeded", "succeeded")
    done = stage.ask("cancelSession", path={"id": read.response_json["data"]["id"]})
    return [read, done, changed(read, {"/data/status": "cancelled"})]


def own_time(name: str, units: int) -> Callable[[Stage], list[Exchange]]:
    """A list that asks from or to one unit beside the moment of a session and does not show it."""

    def make(stage: Stage) -> list[Exchange]:
        first = made(stage)
        page = stage.ask("listSessions", query={name: shifted(first.response_json["data"]["created_at"], units)})
        return [first, changed(page, {"/data": []})]

    return make


def in_neither_list(stage: Stage) -> list[Exchange]:
    """Two lists that meet at the moment of a session, and neither shows it; the walk asks for one after the other."""
    first = made(stage)
    time = first.response_json["data"]["created_at"]
    pages = [stage.ask("listSessions", query={name: time}) for name in ("created_to", "created_from")]
    return [first, *(replace(changed(page, {"/data": []}), seen_by="walk") for page in pages)]


def of_the_other(stage: Stage) -> list[Exchange]:
    """A session that a second organization made, shown to the first."""
    first = made(stage)
    read = stage.ask("getSession", path={"id": first.response_json["data"]["id"]})
    return [replace(first, intent={"credentials": "other"}), read]


def listed_to_the_other(stage: Stage) -> list[Exchange]:
    """The first organization's session in the list of the second."""
    first, page = listed(stage, 1)
    return [first, replace(page, intent={"credentials": "other"})]


def cancelled_by_the_other(stage: Stage) -> list[Exchange]:
    """A session that the second organization's key cancels."""
    first = made(stage)
    done = stage.ask("cancelSession", path={"id": first.response_json["data"]["id"]})
    return [first, replace(done, intent={"credentials": "other"})]


def cancelled(stage: Stage) -> list[Exchange]:
    """A session that goes on after its cancel."""
    first = made(stage)
    path = {"id": first.response_json["data"]["id"]}
    done, read = stage.ask("cancelSession", path=path), stage.ask("getSession", path=path)
    return [first, done, changed(read, {"/data/status": "created", "/data/completed_at": None})]


def asked_for(stage: Stage, source: str) -> Exchange:
    """A session with a share field that was asked for, and where the answer says that it comes from."""
    body = {"share_fields": {"family_name": {"required": True, "reason": "To greet."}}}
    return changed(stage.ask("createSession", body=body), {"/data/share_fields/family_name/source": source})


def behind(stage: Stage) -> list[Exchange]:
    """A session that a read shows under way, and a list as it was made."""
    first = made(stage)
    page = stage.ask("listSessions", query={"limit": 1})
    read = stage.ask("getSession", path={"id": first.response_json["data"]["id"]})
    return [changed(read, {"/data/status": "in_progress"}), page]


def anybodys_token(stage: Stage) -> list[Exchange]:
    """A session that is cancelled by the token of another one."""
    first, other = made(stage), made(stage)
    token = {"cancel_token": other.response_json["data"]["cancel_token"]}
    path = {"id": first.response_json["data"]["id"]}
    used = changed(stage.ask("cancelByToken", path=path, body=token, intent={"foreign_id": True}), status=204)
    return [first, other, used]


def with_another_token(found: Exchange) -> str:
    """The link of a new session with another token in it."""
    data = found.response_json["data"]
    return str(data["verification_url"]).replace(data["cancel_token"], data["cancel_token"][::-1])


def token_again(stage: Stage) -> list[Exchange]:
    """A read that shows the link as the creation did."""
    first = made(stage)
    data = first.response_json["data"]
    read = stage.ask("getSession", path={"id": data["id"]})
    return [first, changed(read, {"/data/verification_url": data["verification_url"]})]


def refused_and_cancelled(stage: Stage) -> list[Exchange]:
    """A session that is cancelled after a token was refused."""
    first = made(stage)
    path = {"id": first.response_json["data"]["id"]}
    before = stage.ask("getSession", path=path)
    token = first.response_json["data"]["cancel_token"]
    refused = stage.ask("cancelByToken", path=path, body={"cancel_token": token[:-1] + ("a" if token[-1] != "a" else "b")})
    values = {"/data/status": "cancelled", "/data/completed_at": before.response_json["data"]["updated_at"]}
    return [first, before, refused, changed(stage.again(before), values)]


def made_an_hour_ago(stage: Stage) -> list[Exchange]:
    """A session whose times are those of another zone."""
    found = made(stage)
    times = {
        name: value for name, value in found.response_json["data"].items() if name in ("created_at", "updated_at", "expires_at")
    }
    return [changed(found, {f"/data/{name}": shifted(value, -3_600_000) for name, value in times.items()})]


def redirected(stage: Stage) -> list[Exchange]:
    """A session whose creation says that there is no redirect, read with one."""
    first = made(stage)
    read = stage.ask("getSession", path={"id": first.response_json["data"]["id"]})
    return [first, changed(read, {"/data/redirect_url": "https://shop.example/done"})]


def right_token_refused(stage: Stage) -> list[Exchange]:
    """A new session that its own token does not cancel: it is open before and after."""
    first = made(stage)
    read = stage.ask("getSession", path={"id": first.response_json["data"]["id"]})
    wrong = stage.ask("cancelByToken", path=read.parameters, body={"cancel_token": "a" * 48}, credential=None)
    token = json.dumps({"cancel_token": first.response_json["data"]["cancel_token"]}).encode()
    return [first, read, changed(wrong, request_body=token), stage.again(read)]


def another_token_taken(stage: Stage) -> list[Exchange]:
    """A session that is cancelled by a token whose last letters are others."""
    first = made(stage)
    shown = first.response_json["data"]
    path, token = {"id": shown["id"]}, {"cancel_token": shown["cancel_token"][:-2] + "00"}
    used = stage.ask("cancelByToken", path=path, body=token, intent={"foreign_id": True})
    return [first, changed(used, response_body=b"", status=204)]


def asked_as_optional(stage: Stage, name: str = "family_name", **others: bool) -> Exchange:
    """A session with a share field that is asked for as optional, beside others."""
    fields = {one: {"required": others.get(one, False), "reason": "To greet."} for one in (name, *others)}
    return stage.ask("createSession", body={"share_fields": fields})


def by_a_running_clock(stage: Stage, *later: Exchange) -> list[Exchange]:
    """The exchanges after two creations, the second of them answered two seconds after the first."""
    first, second = made(stage), made(stage)
    dated = replace(second, response_headers={**second.response_headers, "date": "Thu, 19 Mar 2026 10:31:32 GMT"})
    after = [dated, *later]
    return [first, *(replace(one, at=one.at + 2000) for one in after)]


def shifted_by(found: Exchange, seconds: int) -> str:
    """The announced end of a session, so many seconds later."""
    return shifted(found.response_json["data"]["expires_at"], seconds * 1000)


def cancelled_and_refused(stage: Stage) -> list[Exchange]:
    """A session that was cancelled by its id, and whose right token is refused."""
    first = made(stage)
    path = {"id": first.response_json["data"]["id"]}
    done, read = stage.ask("cancelSession", path=path), stage.ask("getSession", path=path)
    refused = stage.ask("cancelByToken", path=path, body={"cancel_token": "a" * 48}, credential=None)
    return [first, done, read, replace(refused, request_body=by_token(stage, first).request_body)]


def dated(stage: Stage, completed: str) -> list[Exchange]:
    """A session in progress that is read again once it has succeeded, each answer with its Date."""
    headers = {"date": "Thu, 19 Mar 2026 10:31:30 GMT"}
    first = stage.read("succeeded", "in_progress")
    first = changed(first, response_headers={**first.response_headers, **headers})
    ended = {"/data/status": "succeeded", "/data/completed_at": completed, "/data/updated_at": completed}
    return [first, changed(first, ended)]


def asked_for_one(stage: Stage, **more: Any) -> list[Exchange]:
    """A session that names one field, and asks for others beside it."""
    first = made(stage, {"share_fields": {"family_name": {"required": True, "reason": "To greet."}}})
    return [changed(first, {f"/data/share_fields/{name}": field for name, field in more.items()})]


def taken_and_refused(stage: Stage) -> list[Exchange]:
    """A read, the same read refused as if its token were none, and the read once more."""
    found, refused = stage.read(), stage.ask("getSession", path={"id": OTHER_ID}, credential=None)
    answer = {"status": 401, "response_body": refused.response_body, "response_headers": refused.response_headers}
    return [found, replace(found, **answer), found]


def cancelled_with_another(stage: Stage) -> list[Exchange]:
    """A session that is cancelled as another one is."""
    first, other = made(stage), made(stage)
    path = {"id": first.response_json["data"]["id"]}
    read = stage.ask("getSession", path=path)
    cancel = stage.ask("cancelSession", path={"id": other.response_json["data"]["id"]})
    values = {"/data/status": "cancelled", "/data/completed_at": LATER, "/data/updated_at": LATER}
    found = [first, other, read, cancel, changed(stage.ask("getSession", path=path), values)]
    return [replace(one, seen_by="walk") for one in found]


def endpoint(stage: Stage) -> tuple[Exchange, Exchange]:
    """The list of a new webhook endpoint, and its deletion."""
    created = stage.ask("createWebhookEndpoint", body={"url": "https://shop.example/hooks"})
    page = stage.ask("listWebhookEndpoints")
    return page, stage.ask("deleteWebhookEndpoint", path={"endpoint_id": created.response_json["data"]["endpoint"]["id"]})


def deleted_and_listed(stage: Stage) -> list[Exchange]:
    """A webhook endpoint that is in the list before it is deleted and after."""
    page, deleted = endpoint(stage)
    return [page, deleted, page]


def deleted_and_read(stage: Stage, *, is_there: bool) -> list[Exchange]:
    """A webhook endpoint that is read before it is deleted, and after."""
    created = stage.ask("createWebhookEndpoint", body={"url": "https://shop.example/hooks"})
    path = {"endpoint_id": created.response_json["data"]["endpoint"]["id"]}
    read, deleted = stage.ask("getWebhookEndpoint", path=path), stage.ask("deleteWebhookEndpoint", path=path)
    return [read, deleted, read if is_there else stage.ask("getWebhookEndpoint", path=path)]


MUTANTS = (
    Mutant("GEN-068", "cancelled with another", cancelled_with_another),
    Mutant("GEN-069", "a token that is refused once", taken_and_refused),
    Mutant("GEN-071", "an endpoint that was deleted is listed", deleted_and_listed),
    Mutant("GEN-071", "an endpoint that was deleted is read", lambda stage: deleted_and_read(stage, is_there=True)),
    Mutant(
        "KAY-035",
        "a link without the token",
        lambda stage: [
            changed(found := made(stage), {"/data/verification_url": f"https://verify.kayle.id/{found.response_json['data']['id']}"})
        ],
    ),
    Mutant(
        "KAY-034",
        "a default that the request is said to have",
        lambda stage: [changed(made(stage), {"/data/share_fields/family_name/source": "rc"})],
    ),
    Mutant("GEN-050", "the right token of a new session is refused", right_token_refused),
    Mutant("KAY-032", "the right token of a cancelled session is refused", cancelled_and_refused),
    Mutant(
        "KAY-033",
        "a field that nobody asked for",
        lambda stage: asked_for_one(stage, given_names={"required": False, "reason": "x", "source": "default"}),
    ),
    Mutant("GEN-062", "over an hour after it was read", lambda stage: dated(stage, "2026-03-19T11:41:30.000Z")),
    Mutant("GEN-064", "a redirect that nobody gave", lambda stage: [changed(made(stage), {"/data/redirect_url": "https://kayle.id/"})]),
    Mutant("GEN-025", "a list behind the detail", behind),
    Mutant("GEN-018", "another session's token", anybodys_token),
    Mutant("KAY-029", "a field of the request is said to be a default", lambda stage: [asked_for(stage, "default")]),
    Mutant(
        "KAY-010",
        "changed before it was made",
        lambda stage: [changed(stage.read(state="created"), {"/data/updated_at": EARLIER})],
    ),
    Mutant("KAY-011", "ended before it was made", lambda stage: [changed(stage.read(), {"/data/completed_at": EARLIER})]),
    Mutant("KAY-011", "ended after its last change", lambda stage: [changed(stage.read(), {"/data/completed_at": LATER})]),
    Mutant("KAY-012", "expires before it was made", lambda stage: [changed(stage.read(), {"/data/expires_at": EARLIER})]),
    Mutant(
        "KAY-013",
        "a try is given back",
        lambda stage: [second(stage, {"/data/nfc_tries_used": 1})[1], second(stage, {})[0]],
    ),
    Mutant("KAY-014", "another contract", lambda stage: second(stage, {"/data/contract_version": 2})),
    Mutant("KAY-014", "another creation", lambda stage: second(stage, {"/data/created_at": EARLIER})),
    Mutant(
        "KAY-014",
        "another contract than it was made with",
        lambda stage: [
            first := made(stage),
            changed(stage.ask("getSession", path={"id": first.response_json["data"]["id"]}), {"/data/contract_version": 2}),
        ],
    ),
    Mutant("KAY-015", "another session", lambda stage: [changed(stage.read(), {"/data/id": OTHER_ID})]),
    Mutant("KAY-016", "an end becomes another", lambda stage: second(stage, {"/data/status": "expired"}, "succeeded")),
    Mutant("KAY-016", "an end that the key cancelled", cancelled_by_key),
    Mutant("KAY-019", "an unlimited list", too_many),
    Mutant(
        "KAY-020",
        "an unfiltered list",
        lambda stage: [changed(listed(stage, 2, status="created")[-1], {"/data/0/status": "in_progress"})],
    ),
    Mutant(
        "KAY-021",
        "older than asked for",
        lambda stage: [changed(listed(stage, 2, created_from="2026-03-19T10:00:00Z")[-1], {"/data/0/created_at": EARLIER})],
    ),
    Mutant("KAY-022", "out of order", lambda stage: [changed(page := listed(stage, 2)[-1], {"/data": data(page)[::-1]})]),
    Mutant("KAY-022", "a page repeats the one before", second_page),
    Mutant(
        "KAY-023",
        "a cursor to nowhere",
        lambda stage: [changed(listed(stage, 2, limit=1)[-1], {"/pagination/next_cursor": OTHER_ID})],
    ),
    Mutant("KAY-024", "a used token cancels", token_twice),
    Mutant("KAY-025", "cancelled and open", cancelled),
    Mutant(
        "KAY-026",
        "another way back",
        lambda stage: [
            changed(made(stage, {"redirect_url": "https://a.example/x"}), {"/data/redirect_url": "https://b.example/x"})
        ],
    ),
    Mutant("KAY-027", "not from its own time on", own_time("created_from", -1)),
    Mutant("KAY-027", "not until its own time", own_time("created_to", 1)),
    Mutant("KAY-027", "neither until nor from its own time", in_neither_list),
    Mutant("KAY-028", "read by another organization", of_the_other),
    Mutant("KAY-028", "cancelled by another organization", cancelled_by_the_other),
    Mutant("KAY-028", "listed to another organization", listed_to_the_other),
    Mutant(
        "GEN-032",
        "another token in the link than beside it",
        lambda stage: [changed(found := made(stage), {"/data/verification_url": with_another_token(found)})],
    ),
    Mutant("GEN-033", "a read with the creation's link and its token", token_again),
    Mutant(
        "GEN-037", "a later deadline of a session that was not updated", lambda stage: second(stage, {"/data/expires_at": LATER})
    ),
    Mutant("GEN-038", "a refused token cancels", refused_and_cancelled),
    Mutant(
        "GEN-039",
        "a required field is said to be optional",
        lambda stage: [changed(asked_for(stage, "rc"), {"/data/share_fields/family_name/required": False})],
    ),
    Mutant(
        "GEN-044",
        "another size than was asked for",
        lambda stage: [changed(listed(stage, 1, limit=2)[-1], {"/pagination/limit": 10})],
    ),
    Mutant(
        "GEN-053",
        "the hour begins anew",
        lambda stage: second(stage, {"/data/expires_at": "2026-03-19T12:00:00.000Z", "/data/updated_at": LATER}),
    ),
    Mutant(
        "GEN-057",
        "two hours to live",
        lambda stage: [changed(found := made(stage), {"/data/expires_at": shifted_by(found, 3600)})],
    ),
    Mutant("GEN-059", "made an hour ago, by its own clock", made_an_hour_ago),
    Mutant("KAY-030", "a default is missing", lambda stage: [changed(made(stage), {"/data/share_fields/sex_marker": REMOVED})]),
    Mutant("KAY-026", "a redirect of a session that was made without one", redirected),
    Mutant("GEN-018", "another token of the same beginning", another_token_taken),
    Mutant(
        "KAY-031",
        "an optional field is required",
        lambda stage: [changed(asked_as_optional(stage), {"/data/share_fields/family_name/required": True})],
    ),
    Mutant(
        "GEN-054",
        "a try that was not noted",
        lambda stage: by_a_running_clock(stage, *second(stage, {"/data/nfc_tries_used": 1})),
    ),
)
