"""Each implied rule is silent on a conforming answer that comes close to breaking it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from specimen import specs
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.checks.precision import shifted
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import observe
from specimen.contracts.judge.registry import rulebook
from specimen.contracts.judge.severity import NOTE
from specimen.specs.core.json_pointer import at
from tests.contracts.golden_exchanges import REMOVED, Stage, changed
from tests.contracts.judge.mutants import kayle, kyve, neurovision, predicate
from tests.mockserver.calling import forward

EXTERNAL = Path(__file__).parents[2] / "providers" / "external_provider"
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


def deleted_block(stage: Stage) -> list[Exchange]:
    """Data blocks that are listed, and then listed again after the first was deleted."""
    first = stage.read(operation="listDatablocks")
    return [first, changed(first, {"/dataBlocks/0/status": "DELETED", "/dataBlocks/0/content": None})]


def moved_on_behind_a_list(stage: Stage) -> list[Exchange]:
    """A verification that is not in a list of its first state, and is shown in another one from then on."""
    made = stage.ask("createSession", body={})
    path = {"id": made.response_json["verification_id"]}
    before, whole = stage.ask("getVerification", path=path), stage.ask("listVerifications", query={"limit": 100})
    page = changed(stage.ask("listVerifications", query={"status": "created"}), {"/data": []})
    return [made, before, whole, page, changed(stage.ask("getVerification", path=path), {"/status": "requires_input"})]


def cancelled_beside_another(stage: Stage) -> list[Exchange]:
    """Two sessions that are both cancelled, each by a call of its own."""
    first, second = stage.create(), stage.create()
    path, other = ({"id": one.response_json["data"]["id"]} for one in (first, second))
    read = stage.ask("getSession", path=path)
    calls = [stage.ask("cancelSession", path=one) for one in (other, path)]
    return [replace(one, seen_by="walk") for one in (first, second, read, *calls, stage.ask("getSession", path=path))]


def asked_and_registered(stage: Stage) -> list[Exchange]:
    """A wallet that is asked for, registered, and asked for again."""
    question = {"address": predicate.OTHER_WALLET}
    first = stage.ask("verifyWallet", body=question)
    made = predicate.register(stage, predicate.OTHER_WALLET)
    found = [first, made, predicate.status(stage, made), stage.ask("verifyWallet", body=question)]
    return [replace(one, seen_by="walk") for one in found]


def withdrawn(stage: Stage) -> list[Exchange]:
    """A session that succeeded and is cancelled by its holder's token: its end stays."""
    made = stage.create("succeeded")
    path = {"id": made.response_json["data"]["id"]}
    preferred = stage.ask("getSession", path=path, headers={"Prefer": "status=succeeded"})
    ended = replace(
        preferred, request_headers={name: value for name, value in preferred.request_headers.items() if name != "prefer"}
    )
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


def token_by_another_name(stage: Stage) -> list[Exchange]:
    """A new session whose link has the token as `t`."""
    made = stage.create()
    shown = made.response_json["data"]
    return [changed(made, {"/data/verification_url": f"https://verify.kayle.id/{shown['id']}?t={shown['cancel_token']}"})]


def of_another_version(stage: Stage) -> list[Exchange]:
    """A completed verification, and one that failed, whose version of the template has fewer checks."""
    failed = stage.read("failed_face_match", operation="getVerification")
    fewer = {"/template_version": 1, "/checks": failed.response_json["checks"][:3]}
    return [stage.read("completed", operation="getVerification"), changed(failed, fewer)]


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
    newer = changed(first, later)
    old, new = (str(one).encode() for one in (at(found.response_json, "/sessionId"), later["/sessionId"]))
    return [changed(first, shown), replace(newer, response_body=newer.response_body.replace(old, new))]


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


def creations(body: Any = None, **path: str) -> Make:
    """Two creations of one kind."""
    operation = {"flowId": "createSession", "type": "register"}.get(next(iter(path), ""), "createSession")
    return lambda stage: [stage.ask(operation, path=path, body={} if body is None else body) for _ in range(2)]


def made_and_read(stage: Stage) -> list[Exchange]:
    """A session whose token its reads show too."""
    made = stage.ask("createSession", body={})
    return [made, stage.ask("getSession", path={"id": made.response_json["id"]})]


def mended(stage: Stage) -> list[Exchange]:
    """A creation that is refused, sent again as it should be, and listed."""
    body = {"metadata": {"specimen": "walk-mended-1"}}
    refused = stage.ask("createSession", body={**body, "redirect_url": 42})
    return [refused, stage.ask("createSession", body=body), stage.ask("listVerifications")]


def of_another_creation(stage: Stage) -> list[Exchange]:
    """A creation that is refused, and a list with a session that somebody else made with another value."""
    refused = stage.ask("createSession", body={"metadata": {"specimen": "walk-refused-2"}, "redirect_url": 42})
    stage.ask("createSession", body={"metadata": {"specimen": "walk-another-2"}})
    return [refused, stage.ask("listVerifications", query={"limit": 1})]


def expired_after_a_refusal(stage: Stage) -> list[Exchange]:
    """A session that expires after a cancel was refused."""
    made = stage.create()
    path = {"id": made.response_json["data"]["id"]}
    before = stage.ask("getSession", path=path)
    refused = stage.ask("cancelByToken", path=path, body={"cancel_token": "0" * 49})
    forward(stage.app, 3_600_000)
    at_its_end = "2026-03-19T11:31:30.000Z"
    after = {"/data/status": "expired", "/data/completed_at": at_its_end, "/data/updated_at": at_its_end}
    return [made, before, refused, changed(stage.again(before), after)]


def unpromised_page(stage: Stage) -> list[Exchange]:
    """A page after the last entry, which no page has promised."""
    stage.create()
    page = stage.ask("listVerifications")
    last = page.response_json["data"][-1]["id"]
    return [page, stage.ask("listVerifications", query={"starting_after": last})]


def smaller_page(stage: Stage) -> list[Exchange]:
    """Two entries of a list, then one."""
    for _ in range(2):
        stage.create()
    return [stage.ask("listVerifications", query={"limit": limit}) for limit in (2, 1)]


def default_of_its_own(stage: Stage) -> list[Exchange]:
    """A list without a limit that shows more than the default, which we assume."""
    for _ in range(21):
        stage.create()
    return [replace(stage.ask("listVerifications", query={"limit": 100}), query="")]


def pages_without_a_word_of_more(stage: Stage) -> list[Exchange]:
    """A smaller page that says nothing of what follows."""
    larger, smaller = smaller_page(stage)
    return [larger, changed(smaller, {"/has_more": REMOVED, "/next_cursor": REMOVED})]


def listed_by_another_status(stage: Stage) -> list[Exchange]:
    """A canceled verification, and a list of those that failed."""
    made = stage.ask("createSession", body={})
    page = stage.ask("listVerifications")
    cancel = stage.ask("cancelSession", path={"id": made.response_json["id"]})
    read = stage.ask("getVerification", path={"id": made.response_json["verification_id"]})
    return [made, page, cancel, read, stage.ask("listVerifications", query={"status": "failed"})]


def verified_in_between(stage: Stage) -> list[Exchange]:
    """A wallet that is verified between two questions."""
    asked = stage.ask("verifyWallet", body={"address": WALLET["address"]})
    wallets = [{"address": WALLET["address"], "chain": "ethereum"}]
    told = {"/verified": True, "/status": "completed", "/checkType": "kyc", "/verifiedAt": "2026-03-19T10:31:30Z"}
    values = {**told, "/wallets": wallets}
    return [asked, changed(asked, values)]


def blocks_at_the_end(stage: Stage) -> list[Exchange]:
    """A session whose end is shown to the second, and a block that was made within that second."""
    session = changed(stage.read(operation="getSession"), {"/completedAt": "2026-03-19T10:31:30Z"})
    return [session, changed(stage.read(operation="listDatablocks"), {"/dataBlocks/4/createdAt": "2026-03-19T10:31:30.900Z"})]


def beside_output(stage: Stage) -> list[Exchange]:
    """The data blocks of an ended session, with one of a type that no session refers to."""
    blocks = stage.read(operation="listDatablocks")
    other = {**blocks.response_json["dataBlocks"][0], "dataBlockId": str(UUID(int=7)), "type": "captureEvents"}
    return [changed(blocks, {"/dataBlocks": [other, *blocks.response_json["dataBlocks"]]}), stage.read(operation="getSession")]


def last_block_last(stage: Stage) -> list[Exchange]:
    """A session whose last step is the one that made its last data block."""
    blocks = stage.read(operation="listDatablocks")
    step = max((block["createdBy"] for block in blocks.response_json["dataBlocks"]), key=lambda one: one["clock"])["stepId"]
    return [blocks, changed(stage.read(operation="getSession"), {"/lastStep/stepId": step})]


def of_its_session(stage: Stage) -> list[Exchange]:
    """A wallet of a session that was completed, whose answer leaves the user out."""
    made, read = over_at_once(stage)
    read = changed(read, {"/verifiedWallets": [WALLET]})
    body = {"address": WALLET["address"], "verified": True, "status": "completed", "checkType": "kyc"}
    asked = stage.ask("verifyWallet", body={"address": WALLET["address"]})
    return [made, read, changed(asked, {"": {**body, "verifiedAt": "2026-03-19T10:31:30Z", "wallets": [WALLET]}})]


def moved_on(stage: Stage) -> list[Exchange]:
    """A session that is read as it was made, and its verification a moment later."""
    made = stage.ask("createSession", body={})
    read = stage.ask("getVerification", path={"id": made.response_json["verification_id"]})
    return [made, changed(read, {"/status": "requires_input"})]


def cancelled_and_read(stage: Stage) -> list[Exchange]:
    """A session that is canceled, and read."""
    made = stage.ask("createSession", body={})
    path = {"id": made.response_json["id"]}
    return [made, stage.ask("cancelSession", path=path), stage.ask("getSession", path=path)]


def refused_in_review(stage: Stage) -> list[Exchange]:
    """A session that waits for its review, and can no longer be canceled."""
    session = stage.read("review_face_match", operation="getSession")
    made = replace(stage.ask("createSession", body={}), response_body=session.response_body)
    return [made, session, stage.ask("cancelSession", path={"id": session.response_json["id"]}), stage.again(session)]


def refused_having_gone_on(stage: Stage) -> list[Exchange]:
    """A session that went on by itself after it was read, and can no longer be canceled."""
    made, read, refused, again = kyve.never_canceled(stage)
    return [made, read, refused, changed(again, {"/status": "in_progress"})]


def refused_and_not_read(stage: Stage) -> list[Exchange]:
    """A session that is not read after its cancellation was refused: whether it has gone on is not known."""
    return kyve.never_canceled(stage)[:3]


def refused_of_another(stage: Stage) -> list[Exchange]:
    """An open session between whose reads the cancellation of another was refused, which has gone on unseen."""
    made = stage.ask("createSession", body={})
    read = stage.ask("getSession", path={"id": made.response_json["id"]})
    return [made, read, *kyve.never_canceled(stage)[:3], stage.again(read)]


def refused_without_credentials(stage: Stage) -> list[Exchange]:
    """An open session whose cancellation lacks the key."""
    made, read, refused, again = kyve.never_canceled(stage)
    return [made, read, stage.ask("cancelSession", path=refused.parameters, credential=None), again]


def made_without_time(stage: Stage) -> list[Exchange]:
    """A session whose announced end is its creation."""
    made = stage.create()
    return [changed(made, {"/data/expires_at": made.response_json["data"]["created_at"]})]


def behind_its_own_clock(stage: Stage) -> list[Exchange]:
    """A session that was made by a machine four minutes behind the one that answers."""
    made = stage.create()
    times = {
        name: value for name, value in made.response_json["data"].items() if name in ("created_at", "updated_at", "expires_at")
    }
    return [changed(made, {f"/data/{name}": shifted(value, -240_000) for name, value in times.items()})]


def changed_after_the_clock_was_set(stage: Stage) -> list[Exchange]:
    """Two tries of one moment, by a clock that stands and was set forward by an hour a second before."""
    first, made = stage.create(), stage.create()
    later = {**made.response_headers, "date": "Thu, 19 Mar 2026 11:31:30 GMT"}
    hour = {name: shifted(made.response_json["data"][name], 3_600_000) for name in ("created_at", "updated_at", "expires_at")}
    read = changed(stage.read("succeeded", "in_progress"), {"/data/nfc_tries_used": 0})
    forward = changed(replace(made, response_headers=later), {f"/data/{name}": hour[name] for name in hour})
    after = [forward, read, changed(read, {"/data/nfc_tries_used": 1})]
    return [first, *(replace(one, at=one.at + 1000) for one in after)]


def long_ago(stage: Stage) -> list[Exchange]:
    """A session that is not found by its key any more, a while after it was made."""
    made, lost = neurovision.not_found(stage)
    return [made, replace(lost, at=lost.at + 61_000)]


def lost_after_a_minute(stage: Stage) -> list[Exchange]:
    """A session under review that was deleted a while after it was read."""
    read = stage.read("review_face_match", operation="getSession")
    lost = stage.ask("cancelSession", path={"id": "ses_00000000000000000000000000"})
    return [read, replace(lost, path=f"{read.path}/cancel", at=read.at + 61_000)]


def with_a_template_of_its_own(stage: Stage) -> list[Exchange]:
    """A session of a template, which lasts two hours."""
    made = stage.ask("createSession", body={"template_id": "tpl_abc123def456"})
    return [changed(made, {"/expires_at": "2026-03-19T12:31:30.000Z"})]


def moved_on_in_between(stage: Stage) -> list[Exchange]:
    """A verification that has moved on after its session was read, and the session read again."""
    made = stage.ask("createSession", body={})
    session = stage.ask("getSession", path={"id": made.response_json["id"]})
    verification = stage.ask("getVerification", path={"id": made.response_json["verification_id"]})
    later = {"/status": "requires_input"}
    return [made, session, changed(verification, later), changed(session, later)]


def stream_behind_nothing(stage: Stage) -> list[Exchange]:
    """A session that is submitted when its stream begins, and was pending when it was read."""
    ended = stage.read()
    read = changed(ended, {"": {"sessionId": ended.parameters["sessionId"], "status": "pending"}})
    event = b'data: {"sessionId": "%s", "status": "submitted"}\n\n' % read.parameters["sessionId"].encode()
    return [read, replace(stage.ask("streamStatus", path=read.parameters), response_body=event)]


def rounded_code(stage: Stage) -> list[Exchange]:
    """A code whose modules do not fill the size that was asked for: 290 of 300 pixels."""
    made = stage.ask("register", path={"type": "individual"}, query={"size": 300}, body={})
    head = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + 2 * (290).to_bytes(4, "big") + b"\x08\x00\x00\x00\x00"
    return [changed(made, {"/qrCode": "data:image/png;base64," + b64encode(head).decode()})]


def client_of_another_caller(stage: Stage) -> list[Exchange]:
    """A client that two callers call alike, new to each of them."""
    picture = {"name": "images", "filename": "a.png", "content_type": "image/png", "base64": "iVBORw0KGgo="}
    body = {"$multipart": [picture, {"name": "clientKey", "value": "order-44"}]}
    first = changed(stage.ask("processImages", body=body), {"/createdAt": "2026-03-19T10:31:00.000Z"})
    other = {**first.request_headers, "token": "another.of.them"}
    return [replace(first, request_headers=other), changed(stage.ask("processImages", body=body), {"/isClientNew": True})]


def other_words_for_a_check(stage: Stage) -> list[Exchange]:
    """A failed verification whose checks have values that we do not know."""
    found = stage.read("failed_face_match", **DETAIL)
    checks = [
        {**one, "status": {"failed": "declined"}.get(one["status"], one["status"])} for one in found.response_json["checks"]
    ]
    return [changed(found, {"/checks": checks})]


def verified_in_other_capitals(stage: Stage) -> list[Exchange]:
    """A verified wallet that its identity lists as a checksum writes it."""
    asked = stage.ask("verifyWallet", body={"address": WALLET["address"].lower()})
    wallets = [{"address": WALLET["address"], "chain": "ethereum"}]
    body = {"address": WALLET["address"].lower(), "verified": True, "status": "completed", "checkType": "kyc"}
    return [changed(asked, {"": {**body, "verifiedAt": "2026-03-19T10:31:30Z", "wallets": wallets}})]


def unknown_instead_of_malformed(stage: Stage) -> list[Exchange]:
    """A malformed id that is answered as an unknown one is."""
    malformed = stage.ask("getSession", path={"id": "vs_too_short"}, intent={"case": "invalid_parameter.getSession"})
    unknown = stage.ask("getSession", path={"id": f"vs_{'z' * 64}"})
    return [replace(malformed, status=404, response_body=unknown.response_body, response_headers=unknown.response_headers)]


# Provider, rule, what comes close, and the exchanges.
CASES: tuple[tuple[str, str, str, Make], ...] = (
    ("kayle", "GEN-062", "over four minutes after it was read", lambda stage: kayle.dated(stage, "2026-03-19T10:35:30.000Z")),
    ("kyve", "GEN-063", "a page behind the first entry", lambda stage: kyve.page_with_a_gap(stage, whole=True)),
    ("kayle", "GEN-064", "what was given",
     lambda stage: [stage.ask("createSession", body={"redirect_url": "https://shop.example/"})]),
    ("kayle", "KAY-033", "the field that is always there", kayle.asked_for_one),
    ("kyve", "KYV-027", "the same request once more", lambda stage: [found := kyve.missing(stage, "ver_x"), found]),
    ("idnow", "IDN-023", "a data block that was deleted", deleted_block),
    ("idnow", "IDN-024", "broken off before it was started",
     read({"/startedAt": None, "/lastStep": REMOVED, "/results": {}}, scenario="aborted")),
    ("kyve", "GEN-065", "moved on between the list and the read", moved_on_behind_a_list),
    ("kayle", "GEN-066", "four minutes ahead of the answer",
     read({"/data/updated_at": "2026-03-19T10:35:30.000Z"}, state="in_progress")),
    ("kyve", "GEN-067", "pictures that are deleted",
     twice({"/media": [], "/updated_at": "2026-03-19T10:35:00.000Z"}, scenario="review_face_match", **DETAIL)),
    ("kayle", "GEN-068", "cancelled beside another one", cancelled_beside_another),
    ("kayle", "GEN-069", "a token that is no longer taken", lambda stage: kayle.taken_and_refused(stage)[:2]),
    ("kayle", "KAY-034", "the one field of the request among others", fields_by_default),
    ("kyve", "KYV-030", "a live session of a live key",
     lambda stage: [stage.ask("createSession", body={"template_id": "tpl_abc123def456"}, credential="live")]),
    ("neurovision", "NEU-039", "another try", twice({"/results/0/tries": 2, "/results/0/history": [{}]}, state="processing")),
    ("neurovision", "NEU-040", "a task that is idle beside one that is not",
     read({"/results/1/status": "idle", "/results/1/tries": 1}, state="processing")),
    ("neurovision", "NEU-042", "sure of it", read({"/results/0/checks/0/items/0/confidence": 1})),
    ("neurovision", "NEU-035", "not identified the second time", lambda stage: neurovision.of_one_key(stage, "")),
    ("neurovision", "NEU-036", "a second less after ten", lambda stage: neurovision.still(stage, left=1)),
    ("neurovision", "NEU-037", "a UUID in capitals", lambda stage: [changed(
        neurovision.status(stage, sessionId="550e8400-e29b-41d4-a716-44665544000a"),
        {"/details/0/actual": "550E8400-E29B-41D4-A716-44665544000A"})]),
    ("neurovision", "NEU-037", "cut off", lambda stage: neurovision.told_of(stage, "not-a\u2026")),
    ("predicate", "PRE-025", "registered in between", asked_and_registered),
    ("predicate", "PRE-026", "another wallet of the user", lambda stage: predicate.as_its_session(
        stage, {"/wallets": [*predicate.OF_ASKED, {"address": predicate.OTHER_WALLET, "chain": "polygon"}]})),
    ("kayle", "KAY-010", "never changed", same_times(["/data/created_at", "/data/updated_at"], state="created")),
    ("kayle", "KAY-011", "over at once",
     same_times(["/data/created_at", "/data/completed_at", "/data/updated_at"], scenario="succeeded")),
    ("kayle", "KAY-012", "expires as it is made, as on the page",
     same_times(["/data/created_at", "/data/expires_at"], state="created")),
    ("kayle", "KAY-013", "another failed try",
     twice({"/data/nfc_tries_used": 2, "/data/updated_at": "2026-03-19T10:35:00.000Z"}, {"/data/nfc_tries_used": 1},
           state="in_progress")),
    ("kayle", "KAY-014", "a change of the rest", twice({"/data/updated_at": "2026-03-19T10:35:00.000Z"}, state="in_progress")),
    ("kayle", "KAY-016", "a withdrawal by the token", withdrawn),
    ("kayle", "GEN-012", "the same time of the last change", twice({}, state="in_progress")),
    ("kayle", "GEN-019", "deleted after a minute", after_a_minute),
    ("kayle", "GEN-021", "a withdrawal keeps its end", withdrawn),
    ("kyve", "KYV-008", "another key", of_another_key),
    ("kyve", "KYV-012", "a review that is decided",
     twice({"/status": "failed", "/updated_at": "2026-03-19T10:35:00.000Z"}, scenario="review_face_match", **DETAIL)),
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
    ("idnow", "IDN-017", "expired before it was started",
     read({"/startedAt": None, "/lastStep": REMOVED, "/results": {}}, scenario="expired")),
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
    ("kayle", "KAY-035", "a token under another name",
     token_by_another_name),
    ("idnow", "IDN-025", "null before the start", read({"/startedAt": None}, state="CREATED", operation="getSession")),
    ("idnow", "GEN-070", "an outcome of the flow's own", read({"/outcome": "ACCEPTED_BY_HAND"}, operation="getSession")),
    ("predicate", "PRE-018", "left out until then",
     read({"/userId": REMOVED}, scenario="submitted", state="submitted")),
    ("kyve", "KYV-032", "a document that did not pass",
     read({"/fields": None}, scenario="failed_document_tampered", operation="getVerification")),
    ("kyve", "KYV-022", "a check in other words", read({"/checks/0/status": "approved"}, **DETAIL)),
    ("kyve", "KYV-033", "fewer checks, of another version", of_another_version),
    ("kayle", "KAY-029", "a content type in capitals", type_in_capitals),
    ("kayle", "KAY-031", "an optional age gate beside a required date of birth",
     lambda stage: [kayle.asked_as_optional(stage, "age_over_18", date_of_birth=True)]),
    ("neurovision", "GEN-060", "an old key", long_ago),
    ("neurovision", "GEN-061", "an answer of the second before",
     lambda stage: neurovision.seconds_later(stage, "Thu, 19 Mar 2026 10:31:31 GMT")),
    ("neurovision", "NEU-034", "images that go on with a session",
     lambda stage: [first := neurovision.upload(stage), neurovision.upload(stage, sessionId=first.response_json["sessionId"])]),
    ("predicate", "PRE-023", "verified, and not as a business",
     lambda stage: predicate.beside_a_business(stage, "business")),
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
    ("kyve", "GEN-027", "links signed anew", twice({"/media/0/url": "https://kyc.example/other?sig=2"}, **DETAIL)),
    ("predicate", "GEN-028", "a user, once there is one",
     twice({"/userId": "user-1"}, {"/userId": REMOVED}, scenario="submitted")),
    ("predicate", "GEN-029", "over as it was made", over_at_once),
    ("kyve", "GEN-030", "an unknown template that is refused",
     lambda stage: [stage.ask("createSession", body={"template_id": "tpl_000000000000"}, intent={"unknown_reference": True})]),
    ("predicate", "GEN-025", "pending again after a retry",
     twice({"/status": "pending"}, scenario="retry")),
    ("veritas", "GEN-010", "another flag of the same end", twice({})),
    ("kyve", "GEN-031", "two sessions of one template", creations()),
    ("kayle", "GEN-032", "a link without the token", read(state="created")),
    ("kyve", "GEN-033", "a token that reads show too", made_and_read),
    ("idnow", "GEN-034", "two sessions without a subject", creations(flowId="flow-1", environment="live")),
    ("kyve", "GEN-035", "refused, and taken when it is mended", mended),
    ("kyve", "GEN-035", "another value than the refused one", of_another_creation),
    ("kayle", "GEN-036", "the reason of a failure that is withdrawn",
     twice({"/data/status": "cancelled", "/data/failure_code": None}, scenario="liveness_failed")),
    ("kyve", "GEN-037", "links signed anew", twice({"/media/0/url": "https://kyc.example/front.png?sig=2"}, **DETAIL)),
    ("kayle", "GEN-038", "expired after a refused cancel", expired_after_a_refusal),
    ("kayle", "GEN-039", "a URL as a parser writes it",
     lambda stage: [stage.ask("createSession", body={"redirect_url": "https://shop.example"})]),
    ("idnow", "GEN-040", "all at once",
     same_times(["/createdAt", "/startedAt", "/updatedAt", "/completedAt"], operation="getSession")),
    ("predicate", "GEN-042", "one address on two chains", read({"/verifiedWallets": [WALLET, ON_POLYGON]})),
    ("kyve", "GEN-043", "a page that was not promised", unpromised_page),
    ("kayle", "GEN-044", "the default", lambda stage: [stage.ask("listSessions")]),
    ("kyve", "GEN-045", "fewer entries than before, as asked for", smaller_page),
    ("kyve", "GEN-044", "more than the default that we assume", default_of_its_own),
    ("kyve", "GEN-045", "no word of what follows", pages_without_a_word_of_more),
    ("kyve", "GEN-046", "a list of another status", listed_by_another_status),
    ("predicate", "GEN-047", "verified between two questions", verified_in_between),
    ("idnow", "GEN-048", "a block made as the session ended, to the second", blocks_at_the_end),
    ("idnow", "IDN-020", "no step produced output", read(scenario="completed_without_results", operation="getSession")),
    ("idnow", "IDN-020", "a step stored what is no output", beside_output),
    ("idnow", "IDN-021", "the step of the last data block", last_block_last),
    ("neurovision", "NEU-031", "a task that has not begun", read(state="idle")),
    ("predicate", "PRE-020", "a wallet that is not verified",
     lambda stage: [stage.ask("verifyWallet", body={"address": WALLET["address"], "type": "business"})]),
    ("predicate", "PRE-021", "a user that is not told", of_its_session),
    ("kyve", "KYV-017", "an open session that has moved on", moved_on),
    ("kyve", "KYV-021", "canceled and read", cancelled_and_read),
    ("kyve", "KYV-005", "a template of its own", with_a_template_of_its_own),
    ("kyve", "KYV-023", "other words for a check", other_words_for_a_check),
    ("kyve", "GEN-049", "a documented refusal",
     lambda stage: [stage.ask("getVerification", path={"id": "ver_00000000000000000000000000"}, intent={"unknown_id": True})]),
    ("kayle", "GEN-049", "an unknown id for a malformed one", unknown_instead_of_malformed),
    ("kyve", "GEN-050", "a session under review", refused_in_review),
    ("kyve", "GEN-050", "a session that has gone on", refused_having_gone_on),
    ("kyve", "GEN-050", "a session that is not read again", refused_and_not_read),
    ("kyve", "GEN-050", "another session", refused_of_another),
    ("kyve", "GEN-050", "a call without credentials", refused_without_credentials),
    ("kyve", "GEN-051", "a host that is an address", read({"/url": "https://[::1]:8443/flow/1"}, operation="getSession")),
    ("kyve", "GEN-052", "two sides at one path",
     read({"/media/1/url": "https://m.example/1?side=back&X-Amz-Expires=900&X-Amz-Signature=a",
           "/media/0/url": "https://m.example/1?side=front&X-Amz-Expires=900&X-Amz-Signature=a"}, **DETAIL)),
    ("kayle", "GEN-053", "one moment at another offset",
     twice({"/data/expires_at": "2026-03-19T12:31:06.000+01:00"}, {"/data/expires_at": "2026-03-19T11:31:06.000Z"},
           state="in_progress")),
    ("kayle", "GEN-054", "two changes of one second",
     twice({"/data/nfc_tries_used": 1, "/data/updated_at": "2026-03-19T10:31:26Z"}, {"/data/updated_at": "2026-03-19T10:31:26Z"},
           state="in_progress")),
    ("kayle", "GEN-054", "two changes by a clock that stands",
     twice({"/data/nfc_tries_used": 1}, {"/data/nfc_tries_used": 0}, state="in_progress")),
    ("kayle", "GEN-054", "two changes by a clock that stands and was set", changed_after_the_clock_was_set),
    ("predicate", "GEN-055", "a stream that is ahead of the read", stream_behind_nothing),
    ("predicate", "GEN-055", "a stream that was left at a comment",
     lambda stage: [changed(predicate.stream(stage), response_body=b": keep-alive\n\n: keep-alive\n\n")]),
    ("predicate", "GEN-055", "a stream that was left within its first event",
     lambda stage: [changed(predicate.stream(stage), response_body=b'retry: 3000\ndata: {"sessionId"')]),
    ("kayle", "GEN-057", "expires as it is made, as on the page", made_without_time),
    ("kayle", "GEN-059", "four minutes between two machines", behind_its_own_clock),
    ("kyve", "GEN-058", "lost after a minute", lost_after_a_minute),
    ("kyve", "GEN-056", "moved on between two reads", moved_on_in_between),
    ("neurovision", "NEU-032", "tasks at the same time", read({"/spent": 3})),
    ("neurovision", "NEU-033", "a client of another caller", client_of_another_caller),
    ("predicate", "PRE-017", "an address in other capitals", verified_in_other_capitals),
    ("predicate", "PRE-022", "whole modules", rounded_code),
)  # fmt: skip


# Where the rule itself leaves a note: what it rests on there is assumed.
NOTED = {
    ("predicate", "PRE-026", "another wallet of the user"),
    ("idnow", "IDN-008", "a broken off session that was rejected"),
    ("neurovision", "NEU-010", "a first try with a history, as on the page"),
    ("neurovision", "NEU-020", "a failed session that is tried again"),
    ("neurovision", "GEN-012", "two servers' clocks"),
    ("kyve", "KYV-022", "a check in other words"),
    ("kyve", "GEN-044", "more than the default that we assume"),
    ("idnow", "IDN-020", "a step stored what is no output"),
    ("kyve", "KYV-005", "a template of its own"),
}


@pytest.mark.parametrize(("name", "rule", "what", "make"), CASES, ids=[f"{name} {rule}: {what}" for name, rule, what, _ in CASES])
def test_implied_rule__is_silent_close_to_its_break(
    name: str, rule: str, what: str, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither an error nor a warning of any rule; of its own not even a note, but where NOTED says so."""
    monkeypatch.setenv("SPECIMEN_PATH", str(EXTERNAL))
    provider, history = specs.load(name), History()
    exchanges = make(Stage(provider))
    assert rule in rulebook(provider), what
    found = [one for exchange in exchanges for one in observe(exchange, history)]
    assert [one for one in found if one.severity != NOTE] == []
    assert any(one.rule == rule for one in found) == ((name, rule, what) in NOTED)
    assert any(exchange.operation is not None for exchange in exchanges)


def test_implied_rules__each_has_a_conforming_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule of one provider with that provider, a general one with any that has it."""
    monkeypatch.setenv("SPECIMEN_PATH", str(EXTERNAL))
    implied = {rule.id for name in specs.names() for rule in rulebook(specs.load(name)).values() if rule.mark == "I"}
    assert implied == {rule for _, rule, _, _ in CASES}
