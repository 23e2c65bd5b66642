"""Each implied rule is silent on a conforming answer that comes close to breaking it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specimen import specs
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import observe
from specimen.contracts.judge.registry import rulebook
from specimen.contracts.judge.severity import NOTE
from specimen.specs.core.json_pointer import at
from tests.contracts.golden_exchanges import REMOVED, Stage, changed

EXTERNAL = Path(__file__).parent.parent / "providers" / "external_provider"
Make = Callable[[Stage], list[Exchange]]
WALLET = {"id": "w-1", "address": "0xABCDEF7890abcdef1234567890abcdef12345678", "chain": "ethereum"}
ON_POLYGON = {**WALLET, "id": "w-2", "chain": "polygon"}
DETAIL = {"operation": "getVerification"}


def read(values: Mapping[str, Any] | None = None, **wanted: Any) -> Make:
    """One read, with other values."""
    return lambda stage: [changed(stage.read(**wanted), values or {})]


def twice(values: Mapping[str, Any], first: Mapping[str, Any] | None = None, **wanted: Any) -> Make:
    """A session that is read twice; the second answer has other values."""

    def make(stage: Stage) -> list[Exchange]:
        found = changed(stage.read(**wanted), first or {})
        return [found, changed(found, values)]

    return make


def same_times(pointers: list[str], **wanted: Any) -> Make:
    """All times of an answer are one."""

    def make(stage: Stage) -> list[Exchange]:
        found = stage.read(**wanted)
        return [changed(found, dict.fromkeys(pointers, at(found.response_json, pointers[0])))]

    return make


def withdrawn(stage: Stage) -> list[Exchange]:
    """A session that succeeded and is cancelled by its holder's token: its end stays."""
    made = stage.create("succeeded")
    path = {"id": made.response_json["data"]["id"]}
    wished = stage.ask("getSession", path=path, headers={"Prefer": "status=succeeded"})
    ended = replace(wished, request_headers={name: value for name, value in wished.request_headers.items() if name != "prefer"})
    token = {"cancel_token": made.response_json["data"]["cancel_token"]}
    used = changed(stage.ask("cancelByToken", path=path, body=token), status=204)
    return [ended, used, changed(ended, {"/data/status": "cancelled"})]


def fields_by_default(stage: Stage) -> list[Exchange]:
    """A session with one field of the request, beside the one that is always there."""
    return [stage.ask("createSession", body={"share_fields": {"family_name": {"required": True, "reason": "To greet."}}})]


def withdrawn_and_listed(stage: Stage) -> list[Exchange]:
    """A session that is withdrawn after its last read, and then listed."""
    *_, after = found = withdrawn(stage)
    page = stage.ask("listSessions", query={"limit": 1})
    return [*found, changed(page, {"/data/0": after.response_json["data"]})]


def over_at_once(stage: Stage) -> list[Exchange]:
    """A session that is completed in the second in which it was made."""
    made = stage.create()
    read = stage.ask("getStatus", path={"type": "individual", "sessionId": made.response_json["sessionId"]})
    wallets = {"/verifiedWallets": at(read.response_json, "/unverifiedWallets"), "/unverifiedWallets": []}
    return [made, changed(read, {"/status": "completed", "/completedAt": "2026-03-19T10:31:30Z", "/userId": "u-1", **wallets})]


def of_another_key(stage: Stage) -> list[Exchange]:
    """A verification that a list shows to one key, and that another key cannot read."""
    stage.create()
    page = stage.ask("listVerifications")
    shown = page.response_json["data"][0]["id"]
    other = next(name for name, one in stage.provider.lifecycle.credentials.items() if one.fails is None and "live" in name)
    return [page, stage.ask("getVerification", path={"id": shown}, credential=other)]


def after_a_minute(stage: Stage) -> list[Exchange]:
    """A session that was deleted a while after its creation."""
    made = stage.create()
    lost = stage.ask("getSession", path={"id": f"vs_{'z' * 64}"})
    path = f"/v1/sessions/{made.response_json['data']['id']}"
    return [made, replace(lost, path=path, at=made.at + 61_000)]


def other_place(stage: Stage) -> list[Exchange]:
    """A session that is not found in the other environment."""
    found = stage.read(operation="getSession")
    path = {**found.parameters, "environment": "staging"}
    return [found, stage.ask("getSession", path=path, intent={"elsewhere": True})]


def without_metadata(stage: Stage) -> list[Exchange]:
    """A creation whose answer leaves out what was sent: that it is answered is assumed."""
    made = stage.ask("createSession", body={"metadata": {"a": "1"}})
    return [changed(made, {"/metadata": None})]


def other_type(stage: Stage) -> list[Exchange]:
    """A session that is not found under the other type."""
    found = stage.read(operation="getStatus")
    other = "business" if found.parameters["type"] == "individual" else "individual"
    return [found, stage.ask("getStatus", path={**found.parameters, "type": other})]


def answered_at_once(stage: Stage) -> list[Exchange]:
    """A session whose task is started, and which is answered, when it is made; two seconds were spent, as they are rounded."""
    (found,) = same_times(["/createdAt", "/results/0/startedAt", "/responseTime"])(stage)
    tasks = {f"/results/{index}/spent": 0.1 for index in range(len(found.response_json["results"]))}
    return [changed(found, {"/spent": 1.9, **tasks})]


def two_clocks(stage: Stage) -> list[Exchange]:
    """An answer of a server whose clock is behind that of the server before it."""
    found = stage.read(state="processing")
    return [changed(found, {"/responseTime": "2026-03-19T10:31:31.000Z"}), found]


def newer_session(stage: Stage) -> list[Exchange]:
    """A client's key that names a newer session the next time."""
    found = stage.read()
    first = replace(found, request_body=b'{"clientKey": "customer-1"}')
    shown = {"/clientKey": "customer-1"}
    later = {**shown, "/sessionId": "a1b2c3d4-7b57-11f0-8000-0123456789ab", "/createdAt": at(found.response_json, "/createdAt")}
    return [changed(first, shown), changed(first, later)]


def type_in_capitals(stage: Stage) -> list[Exchange]:
    """A body that is left unread, since its content type is not spelled as the service knows it."""
    made = stage.create()
    wanted = replace(
        made,
        request_headers={**made.request_headers, "content-type": "APPLICATION/JSON"},
        request_body=b'{"share_fields": {"family_name": {"required": true, "reason": "To greet."}}}',
    )
    return [wanted]


def row_of(detail: Exchange) -> dict[str, Any]:
    """The row of a list for a verification that was read: as on the page, with fewer members."""
    names = ("id", "session_id", "status", "template_id", "template_version", "metadata", "livemode")
    return {name: detail.response_json[name] for name in (*names, "created_at", "updated_at", "closed_at")}


def listed_less_exactly(detail: str, listed: str) -> Make:
    """A verification whose creation is shown more exactly by its read than by a list."""

    def make(stage: Stage) -> list[Exchange]:
        found = changed(stage.read(**DETAIL), {"/created_at": detail})
        page = stage.ask("listVerifications", query={"limit": 1})
        return [found, changed(page, {"/data": [{**row_of(found), "created_at": listed}]})]

    return make


def id_in_capitals(stage: Stage) -> list[Exchange]:
    """A user whose UUID is shown in capitals the next time (RFC 9562, section 4: either case)."""
    user = "3f2c8a52-0c5e-4b59-9d0a-7a1de5b8c0de"
    return twice({"/userId": user.upper()}, {"/userId": user})(stage)


def summary_listed(stage: Stage) -> list[Exchange]:
    """A list whose rows leave out what their reads show."""
    found = stage.read(**DETAIL)
    page = stage.ask("listVerifications", query={"limit": 1})
    return [found, changed(page, {"/data": [row_of(found)]})]


def repeated_creation(stage: Stage) -> list[Exchange]:
    """A creation that is repeated under its key after the session was cancelled: the first answer comes again."""
    made = stage.ask("createSession", body={}, headers={"Idempotency-Key": "key-of-one-creation"})
    path = {"id": made.response_json["id"]}
    return [made, stage.ask("cancelSession", path=path), stage.ask("getSession", path=path), stage.again(made)]


# Provider, rule, what comes close, and the exchanges.
CASES: tuple[tuple[str, str, str, Make], ...] = (
    ("kayle", "KAY-010", "never changed", same_times(["/data/created_at", "/data/updated_at"], state="created")),
    ("kayle", "KAY-011", "over at once",
     same_times(["/data/created_at", "/data/completed_at", "/data/updated_at"], scenario="succeeded")),
    ("kayle", "KAY-012", "expires as it is made, as on the page",
     same_times(["/data/created_at", "/data/expires_at"], state="created")),
    ("kayle", "KAY-013", "another failed try",
     twice({"/data/nfc_tries_used": 2}, {"/data/nfc_tries_used": 1}, state="in_progress")),
    ("kayle", "KAY-014", "a change of the rest", twice({"/data/updated_at": "2027-01-01T00:00:00.000Z"}, state="in_progress")),
    ("kayle", "KAY-016", "a withdrawal by the token", withdrawn),
    ("kayle", "GEN-012", "the same time of the last change", twice({}, state="in_progress")),
    ("kayle", "GEN-019", "deleted after a minute", after_a_minute),
    ("kayle", "GEN-021", "a withdrawal keeps its end", withdrawn),
    ("kyve", "KYV-008", "another key", of_another_key),
    ("kyve", "KYV-012", "a review that is decided",
     twice({"/status": "failed"}, scenario="review_face_match", **DETAIL)),
    ("kyve", "KYV-013", "read twice", twice({}, operation="getSession")),
    ("kyve", "KYV-015", "another status under the same snapshot",
     twice({"/status": "in_progress"}, state="created", operation="getSession")),
    ("kyve", "KYV-020", "not answered at all", without_metadata),
    ("idnow", "IDN-005", "over as it was changed", same_times(["/completedAt", "/updatedAt"], operation="getSession")),
    ("idnow", "IDN-007", "running before its first step", read({"/lastStep": REMOVED}, scenario="accepted", state="RUNNING")),
    ("idnow", "IDN-008", "a broken off session that was rejected", read({"/outcome": "rejected"}, scenario="aborted")),
    ("idnow", "IDN-010", "all at once",
     same_times(["/createdAt", "/startedAt", "/updatedAt", "/completedAt"], operation="getSession")),
    ("idnow", "IDN-011", "not changed since", twice({}, operation="getSession")),
    ("idnow", "IDN-012", "over and read again", twice({}, operation="getSession")),
    ("idnow", "IDN-017", "expired before it was started", read({"/startedAt": None, "/lastStep": REMOVED}, scenario="expired")),
    ("idnow", "IDN-018", "broken off before its first step", read({"/lastStep": REMOVED}, scenario="aborted")),
    ("idnow", "GEN-020", "not found in the other environment", other_place),
    ("idnow", "GEN-021", "the same end", twice({}, operation="getSession")),
    ("neurovision", "NEU-004", "nothing started", read(state="idle")),
    ("neurovision", "NEU-007", "half a second to live", read({"/secondsToLive": 0.5}, state="processing")),
    ("neurovision", "NEU-009", "an error before the faces were compared", read(scenario="exception")),
    ("neurovision", "NEU-010", "a first try with a history, as on the page",
     read({"/results/0/tries": 1, "/results/0/history": [{}]})),
    ("neurovision", "NEU-012", "started as it was made, answered at once",
     answered_at_once),
    ("neurovision", "NEU-018", "a newer session of the client", newer_session),
    ("neurovision", "NEU-020", "a failed session that is tried again",
     twice({"/status": "processing", "/secondsToLive": 10}, scenario="document_is_cropped_failed")),
    ("neurovision", "NEU-023", "a 400 to a known token",
     lambda stage: [stage.ask("getSessionStatus", body={"sessionId": "no-uuid"})]),
    ("neurovision", "GEN-012", "two servers' clocks", two_clocks),
    ("predicate", "PRE-002", "no end in an open session", read(state="pending")),
    ("predicate", "PRE-004", "no user yet", read(state="pending")),
    ("predicate", "PRE-005", "no list of wallets that are not verified", read({"/unverifiedWallets": REMOVED})),
    ("predicate", "PRE-006", "one address on two chains",
     read({"/verifiedWallets": [], "/unverifiedWallets": [WALLET, ON_POLYGON]}, state="pending")),
    ("predicate", "PRE-007", "a wallet more than before",
     lambda stage: (
         (opened := changed(stage.read(state="pending"), {"/unverifiedWallets": [WALLET]})),
         (ended := stage.read()),
         [opened, changed(replace(ended, path=opened.path),
                          {"/sessionId": at(opened.response_json, "/sessionId"), "/verifiedWallets": [ON_POLYGON, WALLET]})],
     )[-1]),
    ("predicate", "PRE-009", "not found under the other type", other_type),
    ("predicate", "PRE-010", "tried again", twice({"/status": "pending"}, scenario="retry")),
    ("predicate", "PRE-016", "one address on two chains", read({"/verifiedWallets": [WALLET, ON_POLYGON]})),
    ("predicate", "GEN-020", "not found under the other type", other_type),
    ("predicate", "GEN-021", "the same end", twice({})),
    ("idnow", "IDN-019", "broken off before its first step",
     twice({"/sessionStatus": "RUNNING"}, {"/lastStep": REMOVED}, scenario="accepted", state="RUNNING")),
    ("kayle", "KAY-029", "a field that was not asked for", fields_by_default),
    ("neurovision", "NEU-028", "another session of the client", newer_session),
    ("neurovision", "NEU-029", "a session that is answered at once", answered_at_once),
    ("idnow", "GEN-013", "read twice", twice({}, operation="getSession")),
    ("kyve", "GEN-024", "a code that the page does not name yet",
     lambda stage: [changed(stage.ask("getVerification", path={"id": "ver_00000000000000000000000000"}),
                            {"/error/code": "verification_archived"})]),
    ("kayle", "GEN-025", "withdrawn between a read and a list", withdrawn_and_listed),
    ("kayle", "KAY-029", "a content type in capitals", type_in_capitals),
    ("kyve", "GEN-025", "rows that are summaries", summary_listed),
    ("kyve", "GEN-025", "milliseconds in a list, microseconds in a read",
     listed_less_exactly("2026-03-19T10:31:06.123456Z", "2026-03-19T10:31:06.123Z")),
    ("kyve", "GEN-025", "rounded to milliseconds in a list",
     listed_less_exactly("2026-03-19T10:31:06.123956Z", "2026-03-19T10:31:06.124Z")),
    ("kyve", "GEN-025", "one moment at two offsets",
     listed_less_exactly("2026-03-19T10:31:06.123Z", "2026-03-19T12:31:06.123+02:00")),
    ("predicate", "GEN-027", "a UUID in capitals", id_in_capitals),
    ("predicate", "GEN-028", "a UUID in capitals", id_in_capitals),
    ("kyve", "GEN-027", "a time that is written at another offset",
     twice({"/created_at": "2026-03-19T12:31:06.123+02:00"}, {"/created_at": "2026-03-19T10:31:06.123Z"}, **DETAIL)),
    ("kyve", "GEN-025", "repeated under its key", repeated_creation),
    ("neurovision", "GEN-026", "a session of another client", read()),
    ("kyve", "GEN-027", "links signed anew", twice({"/media/0/url": "https://kyc.example/other"}, **DETAIL)),
    ("predicate", "GEN-028", "a user, once there is one",
     twice({"/userId": "user-1"}, {"/userId": REMOVED}, scenario="submitted")),
    ("predicate", "GEN-029", "over as it was made", over_at_once),
    ("kyve", "GEN-030", "an unknown template that is refused",
     lambda stage: [stage.ask("createSession", body={"template_id": "tpl_000000000000"}, intent={"unknown_reference": True})]),
    ("predicate", "GEN-025", "pending again after a retry",
     twice({"/status": "pending"}, scenario="retry")),
    ("veritas", "GEN-010", "another flag of the same end", twice({})),
)  # fmt: skip


@pytest.mark.parametrize(("name", "rule", "what", "make"), CASES, ids=[f"{name} {rule}: {what}" for name, rule, what, _ in CASES])
def test_implied_rule__is_silent_close_to_its_break(
    name: str, rule: str, what: str, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither an error nor a warning of any rule."""
    monkeypatch.setenv("SPECIMEN_PATH", str(EXTERNAL))
    provider, history = specs.load(name), History()
    exchanges = make(Stage(provider))
    assert rule in rulebook(provider), what
    found = [one for exchange in exchanges for one in observe(exchange, history) if one.severity != NOTE]
    assert found == []
    assert any(exchange.operation is not None for exchange in exchanges)


def test_implied_rules__each_has_a_conforming_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule of one provider with that provider, a general one with any that has it."""
    monkeypatch.setenv("SPECIMEN_PATH", str(EXTERNAL))
    implied = {rule.id for name in specs.names() for rule in rulebook(specs.load(name)).values() if rule.mark == "I"}
    assert implied == {rule for _, rule, _, _ in CASES}
