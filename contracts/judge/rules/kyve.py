"""Kyve: templates, lists, keys that repeat an answer, what a key sees, what never changes."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.checks import fields, idempotency, pagination
from specimen.contracts.judge.checks.precision import unit
from specimen.contracts.judge.checks.service_clock import date_of
from specimen.contracts.judge.history import History, same_caller
from specimen.contracts.judge.rule import EXAMINED, Examined, Finding, rule
from specimen.contracts.judge.rules import kyve_details
from specimen.contracts.judge.validation.request_validation import invalid_fields, invalid_parameters
from specimen.contracts.redaction.values import Words
from specimen.specs.core.json_pointer import at

PAGE = "kyve.dev Sessions"
CODES = "kyve.dev Error codes"
REQUEST_ID = "kyc-request-id"
MEDIA_SECONDS = 15 * 60
KEY_SECONDS = 24 * 3600
# By how much two machines' clocks may differ, in seconds.
_SKEW_SECONDS = 60
TOKEN_SECONDS = 30 * 60
# In so many of the latest answers of each operation a request id is looked for.
_ANSWERS_BEFORE = 20
# So many letters of a name tell it from another one; a zone may cut the rest off.
_NAME_LETTERS = 6
_ROUNDING_SECONDS = 1
# In so many of the latest lists a verification that was read is looked for.
_LISTS_BEFORE = 5
# What the page says that a detail returns, by the names that our document has for it.
_DETAILS = ("checks", "media")
_SESSION_OPERATIONS = frozenset({"createSession", "getSession", "cancelSession"})
# Rules of the other module, which the judge finds by the names of this one.
fields_are_shown, checks_are_whole = kyve_details.fields_are_shown, kyve_details.checks_are_whole


@rule("KYV-003", "a media URL expires within 15 minutes of the read", source=f"{PAGE}, Fetching verifications")
def media_expire_soon(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """By the answer's own field, and by what a pre-signed URL says of itself; and it has not expired when it is given."""
    if not fields.is_read(exchange, "getVerification"):
        return
    body, now, answered = exchange.response_json, exchange.at / 1000, date_of(exchange)
    shown = [fields.epoch_seconds(at(body, f"/{name}")) for name in ("created_at", "updated_at", "closed_at")]
    # A server whose clock is ahead of ours cannot be measured by ours.
    is_ahead = any(time is not None and time > now + _SKEW_SECONDS for time in shown)
    for index, entry in _objects(at(body, "/media")):
        ends, signed = fields.epoch_seconds(entry.get("expires_at")), _signed_seconds(entry.get("url"))
        if (ends is not None and not is_ahead) or signed is not None:
            yield EXAMINED
        if ends is not None and not is_ahead and ends > now + MEDIA_SECONDS + _SKEW_SECONDS:
            yield Finding(f"/media/{index}/expires_at", "at most 15 minutes after the answer", entry["expires_at"])
        elif ends is not None and answered is not None and ends < answered - _SKEW_SECONDS:
            yield Finding(f"/media/{index}/expires_at", "after the answer, by its header Date", entry["expires_at"], mark="I")
        elif signed is not None and signed > MEDIA_SECONDS:
            yield Finding(f"/media/{index}/url", "X-Amz-Expires of at most 900", Words(f"{signed} seconds"))


@rule("KYV-004", "the template_id answered is the one asked for", source=f"{PAGE}, Template-driven sessions")
def template_is_the_asked_one(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """A pinned template is taken; where a slug stands beside it, KYV-014 looks."""
    if at(exchange.declared_json, "/template_slug") is not None:
        return ()
    return fields.asked_is_shown("createSession", {"/template_id": "/template_id"})(exchange, history)


@rule(
    "KYV-005",
    "expires_at is created_at and the lifetime",
    mark="I",
    source=f"{PAGE}, Session lifecycle",
    quote="expired — session TTL exceeded (default 30 minutes)",
    replaces=("GEN-057",),
)
def lifetime_is_kept(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Of a session that was asked for without a template; that another one has no lifetime of its own is assumed."""
    operation, lifetime = exchange.operation, exchange.provider.lifecycle.lifetime
    if operation is None or operation.id not in _SESSION_OPERATIONS or not exchange.is_success or lifetime is None:
        return
    shown_at = [at(exchange.response_json, f"/{name}") for name in ("created_at", "expires_at")]
    made, ends = (fields.epoch_seconds(value) for value in shown_at)
    if made is None or ends is None:
        return
    yield EXAMINED
    if abs(ends - made - lifetime.seconds) > max(_ROUNDING_SECONDS, *(unit(value).total_seconds() for value in shown_at)):
        shown = at(exchange.response_json, "/expires_at")
        expected = f"{lifetime.seconds} seconds after created_at"
        yield Finding("/expires_at", expected, shown, not _is_by_default(exchange, history), rests_on=("/created_at",))


def _is_by_default(exchange: Exchange, history: History) -> bool:
    """Whether a session was seen to be asked for without a template, which may have settings of its own."""
    is_creation = exchange.operation is not None and exchange.operation.id == "createSession"
    made = exchange if is_creation else history.created(str(at(exchange.response_json, "/id")))
    sent = made.declared_json if made is not None and made.request_body else {}
    return made is not None and isinstance(sent, Mapping) and not {"template_id", "template_slug"} & sent.keys()


@rule("KYV-006", "a list holds only verifications with the status asked for", source=f"{PAGE}, Fetching verifications, List")
def lists_are_filtered(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """The filter filters."""
    return pagination.only("listVerifications", "status", "status")(exchange, history)


@rule("KYV-007", "a list holds at most as many verifications as asked for", source=f"{PAGE}, Fetching verifications, List")
def lists_are_limited(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """The limit limits."""
    return pagination.at_most("listVerifications")(exchange, history)


@rule(
    "KYV-008",
    "every listed verification is readable by its id",
    mark="I",
    source=f"{PAGE}, Fetching verifications",
    quote="List: GET /v1/verifications … Detail: GET /v1/verifications/ver_...",
)
def listed_is_readable(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """What a key was shown in a list, it can read."""
    operation, asked = exchange.operation, exchange.parameters.get("id")
    is_lost = exchange.status == 404
    if operation is None or operation.id != "getVerification" or not (is_lost or exchange.is_success):
        return
    lists = history.calls("listVerifications")
    for earlier in lists if is_lost else lists[-_LISTS_BEFORE:]:
        rows = pagination.rows(earlier, "listVerifications")
        if same_caller(earlier, exchange) and any(at(row, "/id") == asked for row in rows):
            yield EXAMINED
            if is_lost:
                yield Finding("", "the verification that a list showed to the same key", exchange.status)
            return


@rule("KYV-009", "the same Idempotency-Key with the same body gives the same answer", source=f"{PAGE}, Idempotency")
def repetition_changes_nothing(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """Replaying returns the original response."""
    return idempotency.answers_again(KEY_SECONDS)(exchange, history)


@rule("KYV-010", "the same Idempotency-Key with another body gives idempotency_conflict", source=f"{PAGE}, Idempotency")
def another_body_conflicts(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """A key stands for one request. A body that is refused for itself, or a call that gets no further, may say so first."""
    if not idempotency.has_other_body(exchange, history, KEY_SECONDS):
        return
    yield EXAMINED
    code = at(exchange.response_json, "/error/code")
    if exchange.is_success:
        yield Finding("", "409 idempotency_conflict", exchange.status)
    elif exchange.status == 409 and code not in ("idempotency_conflict", "verification_not_cancelable"):
        yield Finding("/error/code", "idempotency_conflict", code)


@rule(
    "KYV-011",
    "a test key never sees live objects, nor a live key test objects",
    mark="A",
    source=f"{PAGE}, Creating a session",
    reason="the pages give each mode its keys without saying what they see",
)
def modes_are_apart(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """By what objects say of themselves, and by the key that made them."""
    mode = _mode(exchange)
    if mode is None or not exchange.is_success:
        return
    body = exchange.response_json
    for pointer, row in (("", body), *((f"/data/{index}", row) for index, row in _objects(at(body, "/data")))):
        is_creation = exchange.operation is not None and exchange.operation.id == "createSession"
        if not isinstance(at(row, "/livemode"), bool) or is_creation:
            continue  # of what the key makes KYV-030 speaks
        yield EXAMINED
        if at(row, "/livemode") is (not mode):
            yield Finding(f"{pointer}/livemode", "the mode of the key", not mode)
            return
    made = fields.made_by(exchange, history) if fields.is_read(exchange, "getSession") else None
    if made is None or _mode(made) is None:
        return
    yield EXAMINED
    if _mode(made) is (not mode):
        yield Finding("", "404: the session was made in the other mode", exchange.status)


@rule(
    "KYV-030",
    "what a key makes is of the key's mode",
    mark="I",
    source=f"{PAGE}, Creating a session, Template-driven sessions",
    quote="Authorization: Bearer ak_test_... … In test mode",
)
def creations_are_of_the_mode(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """By the key's prefix."""
    mode, shown = _mode(exchange), at(exchange.response_json, "/livemode")
    is_creation = exchange.operation is not None and exchange.operation.id == "createSession" and exchange.is_success
    if not is_creation or mode is None or not isinstance(shown, bool):
        return
    yield EXAMINED
    if shown is not mode:
        yield Finding("/livemode", "the mode of the key", shown)


@rule(
    "KYV-031",
    "the fields of a validation_error name a field that is invalid",
    mark="A",
    source=CODES,
    reason="the page names `fields`; its form is on no public page",
)
def fields_name_what_is_invalid(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Where the request's own fields or parameters break the document; what is wrong elsewhere may be named as it is."""
    if exchange.status != 422 or at(exchange.response_json, "/error/code") != "validation_error":
        return
    named = {str(entry.get("field")).partition(".")[0] for _, entry in _objects(at(exchange.response_json, "/error/fields"))}
    broken = invalid_fields(exchange) | invalid_parameters(exchange)
    if not broken or not named:
        return
    yield EXAMINED
    if not broken & named:
        yield Finding("/error/fields", "the name of a field that is invalid", Words(f"{len(named)} others"))


@rule(
    "KYV-012",
    "a terminal status never changes",
    mark="I",
    source=f"{PAGE}, Session lifecycle",
    quote="(completed | failed | requires_review | canceled | expired)",
    replaces=("GEN-010",),
)
def terminal_stays(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """completed, failed, canceled and expired are ends."""
    return fields.terminal_stays()(exchange, history)


@rule(
    "KYV-013",
    "created_at and template_version never change",
    mark="I",
    source=f"{PAGE}, Template-driven sessions",
    quote="we snapshot the template's flow_config onto the session",
    replaces=("GEN-013",),
)
def creation_never_changes(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """Neither for the session nor for its verification."""
    return fields.unchanged(("/created_at", "/template_version"))(exchange, history)


@rule(
    "KYV-014",
    "of template_id and template_slug the id wins",
    mark="A",
    source=f"{PAGE}, Template-driven sessions",
    reason="the page says to pass one of them",
)
def template_id_wins(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """Both given: the id is answered."""
    if at(exchange.declared_json, "/template_slug") is None:
        return ()
    return fields.asked_is_shown("createSession", {"/template_id": "/template_id"})(exchange, history)


@rule(
    "KYV-015",
    "the snapshot of the template never changes",
    mark="I",
    source=f"{PAGE}, Template-driven sessions",
    quote="immutable snapshot, so edits to the template never change an in-flight session",
)
def snapshot_never_changes(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """Edits to the template never change an open session."""
    return fields.unchanged(("/template_id", "/flow_config"), "getSession")(exchange, history)


@rule(
    "KYV-016",
    "a repeated answer has the bytes and the KYC-Request-Id of the first",
    mark="A",
    source=f"{PAGE}, Idempotency",
    reason='"the original response" is taken at its word',
)
def repetition_is_exact(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """What differs in meaning is for KYV-009."""
    return idempotency.answers_exactly(KEY_SECONDS, REQUEST_ID)(exchange, history)


@rule(
    "KYV-017",
    "a session's verification exists from its creation and carries its status",
    mark="I",
    source=f"{PAGE}; kyve.dev Webhooks, Event types (verification.created)",
    quote="the platform writes the result to a verification record",
)
def verification_follows(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Only ends are compared: between two reads an open session may have moved. That it exists at once is assumed."""
    asked = exchange.parameters.get("id")
    operation = exchange.operation
    if operation is None or operation.id != "getVerification" or not (exchange.is_success or exchange.status == 404):
        return
    sessions = [
        one
        for name in ("createSession", "getSession")
        for one in history.calls(name)
        if at(one.response_json, "/verification_id") == asked and same_caller(one, exchange) and one.is_success
    ]
    terminal = exchange.provider.lifecycle.terminal
    ends = [state for one in sessions if (state := fields.state_of(one)) in terminal]
    if sessions:
        yield EXAMINED
    if exchange.status == 404 and sessions:
        yield Finding("", "the verification that the session names", exchange.status, is_assumed=True)
    elif ends and fields.state_of(exchange) != ends[-1]:
        yield Finding("/status", f"'{ends[-1]}', as its session", at(exchange.response_json, "/status"))


@rule(
    "KYV-026",
    "closed_at is set exactly when the status is final",
    mark="A",
    source=PAGE,
    reason="the page shows no times of a verification",
)
def closed_means_final(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Of a verification that has the field, in its detail and in a list."""
    rows = [("", exchange.response_json)] if fields.is_read(exchange, "getVerification") else []
    rows += [(f"/data/{index}", row) for index, row in _objects(pagination.rows(exchange, "listVerifications"))]
    known = exchange.provider.lifecycle.states
    for pointer, row in rows:
        if not isinstance(row, Mapping):
            continue
        status = row.get("status")
        is_asked = exchange.queries.get("status") in (None, status)
        if "closed_at" not in row or not is_asked or not isinstance(status, str) or status not in known:
            continue
        yield EXAMINED
        is_final = status in exchange.provider.lifecycle.terminal
        if is_final is (row["closed_at"] is None):
            yield Finding(f"{pointer}/closed_at", "a time" if is_final else "null until the status is final", row["closed_at"])


@rule("KYV-018", "KYC-Request-Id is the error's request_id", mark="P", source=CODES)
def request_id_is_echoed(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """One id for the vendor's support, wherever it is read."""
    shown, header = at(exchange.response_json, "/error/request_id"), exchange.response_headers.get(REQUEST_ID)
    if exchange.status < 400 or not isinstance(shown, str) or header is None:
        return
    yield EXAMINED
    if header != shown:
        yield Finding("/error/request_id", "the value of KYC-Request-Id", shown)


@rule(
    "KYV-019",
    "a page begins after starting_after and ends with next_cursor where there are more",
    mark="A",
    source=f"{PAGE}, Fetching verifications, List",
    reason="no public page describes how to reach the next page",
)
def pages_follow(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """Nothing is listed twice."""
    return fields.every(
        pagination.follows_cursor("listVerifications"),
        pagination.has_cursor("listVerifications", more="/has_more", cursor="/next_cursor"),
    )(exchange, history)


@rule(
    "KYV-020",
    "metadata and redirect_url are answered as they were sent",
    mark="I",
    source=f"{PAGE}, Creating a session",
    quote='"metadata": { "customer_id": "cus_123" }, "redirect_url":',
    replaces=("GEN-026",),
)
def sent_is_answered(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """What the tenant wants to find again is there, also in every read; that it is answered at all is assumed."""
    shown = fields.every(
        fields.asked_is_shown("createSession", {"/metadata": "/metadata", "/redirect_url": "/redirect_url"}),
        fields.unchanged(("/metadata", "/redirect_url"), "getSession"),
    )
    for finding in shown(exchange, history):
        yield finding if finding is EXAMINED else finding._replace(is_assumed=finding.got is None)


@rule(
    "KYV-021",
    "a session that was canceled is canceled",
    mark="I",
    source=f"{PAGE}, Session lifecycle",
    quote="canceled — user or tenant aborted",
)
def cancel_cancels(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """In the answer to the call, and in every read after it. No page names the call; where there is none, nothing is said."""
    if exchange.operation is not None and exchange.operation.id == "cancelSession" and exchange.is_success:
        shown = at(exchange.response_json, "/status")
        if shown is not None:
            yield EXAMINED
        if shown not in (None, "canceled"):
            yield Finding("/status", "canceled", shown)
    yield from fields.ended_by({"cancelSession": "getSession"}, "id", "canceled")(exchange, history)


@rule(
    "KYV-024",
    "the detail of a verification has more than its entry in a list",
    source=f"{PAGE}, Fetching verifications: returns every check, the resolved fields extracted from the ID, and media URLs",
)
def details_are_detailed(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Once it is completed or under review there are checks, fields and media, whatever their names are."""
    body = exchange.response_json
    if not fields.is_read(exchange, "getVerification") or at(body, "/status") not in ("completed", "requires_review"):
        return
    yield EXAMINED
    if not any(value for name, value in body.items() if name != "metadata" and isinstance(value, (Mapping, list))):
        yield Finding("", "checks, fields and media", Words("none of them"))
    elif body["status"] == "completed" and kyve_details.has_just_ended(exchange):
        pictures = [str(entry.get("type")) for _, entry in _objects(body.get("media"))]
        names = (*_DETAILS, *(["fields"] if any(one.startswith("document") for one in pictures) else []))
        empty = next((name for name in names if name in body and body[name] in (None, [], {})), None)
        if empty is not None:
            yield Finding(f"/{empty}", "what the detail of a completed verification returns", body[empty], mark="I")


@rule("KYV-025", "a media URL is signed", source=f"{PAGE}, Fetching verifications: media URLs (R2 pre-signed")
def media_are_signed(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """A pre-signed URL has its signature in its query; of what is no http URL, GEN-051 speaks."""
    for index, entry in _objects(at(exchange.response_json, "/media")) if fields.is_read(exchange, "getVerification") else ():
        url = entry.get("url")
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            continue
        yield EXAMINED
        if "=" not in url.partition("?")[2]:
            yield Finding(f"/media/{index}/url", "a URL with a signature in its query", Words("a URL without one"))


@rule(
    "KYV-027",
    "each answer has a request id of its own",
    mark="I",
    source=CODES,
    quote='{"error":{"code","message","request_id":"req_',
)
def request_ids_differ(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """By the header, else by the body. Not where a key, or a clock that stands, makes one answer of the same request."""
    shown = _request_id(exchange)
    operation = exchange.operation
    if operation is None or shown is None or exchange.request_headers.get("idempotency-key") or exchange.has_preference:
        return
    for name in exchange.provider.document.operations:
        for earlier in history.calls(name)[-_ANSWERS_BEFORE:]:
            if _request_id(earlier) is None or _same_request(earlier, exchange):
                continue
            yield EXAMINED
            if _request_id(earlier) == shown:
                yield Finding("", "a request id that no answer before had", Words("that of an earlier answer"))
                return


def _same_request(first: Exchange, second: Exchange) -> bool:
    one, other = ((each.method, each.path, each.query, each.request_body) for each in (first, second))
    return one == other


def _request_id(exchange: Exchange) -> str | None:
    """The id of an answer; None where there is none, or what stands before the service may have answered."""
    if exchange.status == 429 or exchange.status >= 500:
        return None
    shown = exchange.response_headers.get(REQUEST_ID) or at(exchange.response_json, "/error/request_id")
    return shown if isinstance(shown, str) and shown else None


@rule(
    "KYV-028",
    "an sdk_token ends after 30 minutes at most",
    mark="P",
    source="kyve.dev Authentication, SDK tokens",
)
def tokens_end_soon(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """By the claim exp of a JWT, from the answer on or, where there is one, from its claim iat on."""
    token = at(exchange.response_json, "/sdk_token")
    if exchange.operation is None or exchange.operation.id not in _SESSION_OPERATIONS or not exchange.is_success:
        return
    claims = _claims(token)
    ends, issued = claims.get("exp"), claims.get("iat")
    if not isinstance(ends, (int, float)) or exchange.has_preference:
        return
    made = fields.epoch_seconds(at(exchange.response_json, "/created_at"))
    since = issued if isinstance(issued, (int, float)) else max(exchange.at / 1000, made or 0)
    yield EXAMINED
    if ends - since > TOKEN_SECONDS + _SKEW_SECONDS:
        yield Finding("/sdk_token", "a token for at most 30 minutes", Words(f"one for {round((ends - since) / 60)} minutes"))


def _claims(token: Any) -> Mapping[str, Any]:
    """The claims of a JWT (RFC 7519); none of another text."""
    parts = token.split(".") if isinstance(token, str) else []
    try:
        found = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))) if len(parts) == 3 else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}


@rule(
    "KYV-029",
    "the fields of a document are those of its machine-readable zone",
    mark="A",
    source=f"{PAGE}, Fetching verifications: the resolved fields extracted from the ID",
    reason="no page shows the fields, and a zone may abbreviate",
)
def fields_are_of_the_document(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Family name before given names (ICAO 9303), where the answer has both in Latin letters."""
    found = at(exchange.response_json, "/fields") if fields.is_read(exchange, "getVerification") else None
    lines = at(found, "/document/mrz")
    if not isinstance(lines, list) or len(lines) not in (2, 3) or not all(isinstance(one, str) for one in lines):
        return
    # Of three lines (TD1) the last has the names, of two the first, behind five letters (ICAO 9303, parts 4 and 5).
    family, _, given = (lines[2] if len(lines) == 3 else lines[0][5:]).strip("<").partition("<<")
    for name, text, opposite in (("family_name", family, given), ("given_names", given, family)):
        shown = _letters(at(found, f"/{name}")) or _letters(at(found, f"/{name}_latin"))
        if not shown or not family or not given:
            continue
        yield EXAMINED
        theirs, others = _letters(text.replace("<", "")), _letters(opposite.replace("<", ""))
        if shown[:_NAME_LETTERS] not in theirs and shown[:_NAME_LETTERS] in others:
            yield Finding(f"/fields/{name}", "the name that the machine-readable zone has there", Words("the other name"))


def _letters(text: Any) -> str:
    """The letters of a name in capitals; nothing where there are others than those of a machine-readable zone."""
    found = "".join(one for one in text.upper() if one.isalpha()) if isinstance(text, str) else ""
    return found if found.isascii() else ""


def _mode(exchange: Exchange) -> bool | None:
    """Whether the request shows a live key (True) or a test key (False)."""
    key = exchange.request_headers.get("authorization", "").rpartition(" ")[2]
    return {"ak_live": True, "ak_test": False}.get(key[:7])


def _objects(value: Any) -> list[tuple[int, Mapping[str, Any]]]:
    return [(index, one) for index, one in enumerate(value) if isinstance(one, Mapping)] if isinstance(value, list) else []


def _signed_seconds(url: Any) -> int | None:
    """How long a pre-signed URL says that it lasts."""
    try:
        shown = parse_qs(urlsplit(url).query).get("X-Amz-Expires", [""])[0] if isinstance(url, str) else ""
    except ValueError:
        return None
    return int(shown) if shown.isascii() and shown.isdigit() and len(shown) < 12 else None
