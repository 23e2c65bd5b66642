"""Kayle ID: order in time, counters, what never changes, lists, and tokens that work once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.url_equivalence import same_url
from specimen.contracts.judge.checks import fields, pagination
from specimen.contracts.judge.checks.own_time import OwnTime
from specimen.contracts.judge.history import History
from specimen.contracts.judge.rule import EXAMINED, Examined, Finding, rule
from specimen.contracts.judge.rules import kayle_links
from specimen.contracts.redaction.values import Words
from specimen.specs.core.json_pointer import at, escape

PAGE = "Get a session by ID, OpenAPI"
CREATE = "Kayle ID documentation, Create a session"
LIST = "Kayle ID documentation, List sessions"
CANCEL = "Kayle ID documentation, Cancel a session"
# What the holder of the token may withdraw once it is over, which cancels it.
WITHDRAWN_FROM = ("succeeded", "failed")
# Public source of Kayle ID: what a session shares that names no fields, beside kayle_document_id, of which KAY-001 speaks.
DEFAULT_FIELDS = frozenset({
    "document_type_code", "issuing_country_code", "family_name", "given_names", "document_number", "nationality_code",
    "date_of_birth", "sex_marker", "document_expiry_date", "mrz_optional_data", "kayle_human_id",
})  # fmt: skip
REDIRECT = "/data/redirect_url"
ENDPOINT = "/data/webhook_endpoint_id"
SHARED = "/data/share_fields"
# A rule of the other module, which the judge finds by the names of this one.
links_have_the_token = kayle_links.links_have_the_token


@rule(
    "KAY-010",
    "created_at is not later than updated_at",
    mark="I",
    source=PAGE,
    quote="The time the verification session was last updated",
)
def created_before_updated(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """A session is made before it changes."""
    return fields.in_order(("/data/created_at", "/data/updated_at"))(exchange, history)


@rule(
    "KAY-011",
    "completed_at lies between created_at and updated_at",
    mark="I",
    source=PAGE,
    quote="The time the verification session reached a terminal state",
)
def completed_in_between(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """A session ends after it was made, and its end is a change."""
    if fields.at_null(exchange, "/data/completed_at"):
        return ()
    return fields.every(
        fields.in_order(("/data/created_at", "/data/completed_at")), fields.in_order(("/data/completed_at", "/data/updated_at"))
    )(exchange, history)


@rule(
    "KAY-012",
    "expires_at is not earlier than created_at",
    mark="I",
    source=PAGE,
    quote="The expiration time of the verification session",
)
def expires_after_creation(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """A session does not expire before it exists."""
    return fields.in_order(("/data/created_at", "/data/expires_at"))(exchange, history)


@rule(
    "KAY-013",
    "the counters of failed tries never go down",
    mark="I",
    source=PAGE,
    quote="Number of NFC chip-read failures the session has consumed",
)
def counters_never_go_down(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """A failed try stays failed."""
    return fields.never_less(("/data/nfc_tries_used", "/data/liveness_tries_used"))(exchange, history)


@rule(
    "KAY-014",
    "share_fields, contract_version and created_at never change",
    mark="I",
    source=PAGE,
    quote="Effective normalized share fields used by this session",
    replaces=("GEN-013",),
)
def contract_never_changes(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """What a session was made with stays."""
    return fields.unchanged(("/data/share_fields", "/data/contract_version", "/data/created_at"))(exchange, history)


@rule("KAY-015", "the id in the answer is the id in the path", source=f"{PAGE}, parameter id", replaces=("GEN-014",))
def id_is_echoed(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """An answer shows the session that was asked for."""
    return fields.echoes({"/data/id": "id"})(exchange, history)


@rule(
    "KAY-016",
    "a terminal status never changes",
    mark="I",
    source=f"{PAGE}, completed_at",
    replaces=("GEN-010",),
    quote="The time the verification session reached a terminal state (i.e., succeeded, failed, expired or cancelled)",
)
def terminal_stays(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """succeeded, failed, expired and cancelled are ends, but for a withdrawal: its holder's token cancels what had ended.

    A withdrawal that was not seen is a note, for the user's browser may have made it; it counts where the API key's
    cancel was seen in its stead, which leaves an end alone.
    """
    for finding in fields.terminal_stays()(exchange, history):
        if finding is EXAMINED:
            yield finding
            continue
        seen = {fields.state_of(one) for one in history.reads(exchange)} & exchange.provider.lifecycle.terminal
        if finding.got != "cancelled" or not seen <= {"cancelled", *WITHDRAWN_FROM}:
            yield finding
        elif not _succeeded("cancelByToken", exchange, history):
            yield finding._replace(is_assumed=not _succeeded("cancelSession", exchange, history))


@rule("KAY-019", "a list holds at most as many sessions as asked for", mark="P", source=f"{LIST}, limit")
def lists_are_limited(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """The limit limits."""
    return pagination.at_most("listSessions")(exchange, history)


@rule("KAY-020", "a list holds only sessions with the status asked for", mark="P", source=f"{LIST}, status")
def lists_are_filtered(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """The filter filters."""
    return pagination.only("listSessions", "status", "status")(exchange, history)


@rule("KAY-021", "a list holds only sessions created in the time asked for", mark="P", source=f"{LIST}, created_from, created_to")
def lists_keep_to_the_time(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """Both ends are included."""
    return pagination.within("listSessions", "created_at", earliest="created_from", latest="created_to")(exchange, history)


@rule("KAY-022", "a list is in the order of the ids, and a page begins after starting_after", mark="P", source=LIST)
def lists_are_in_order(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """Nothing is listed twice."""
    return fields.every(pagination.ascending("listSessions", "id"), pagination.follows_cursor("listSessions"))(exchange, history)


@rule("KAY-023", "next_cursor is the page's last id where there are more, else null", mark="P", source=f"{LIST}, pagination")
def pages_follow(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """The way to the next page."""
    found = pagination.has_cursor("listSessions", more="/pagination/has_more", cursor="/pagination/next_cursor")
    return found(exchange, history)


@rule("KAY-024", "a used cancel_token cancels nothing more", source=f"{PAGE}, cancel_token")
def tokens_work_once(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """One-shot. Once the session is cancelled or expired, a success is none: there is nothing more to cancel."""
    if exchange.operation is None or exchange.operation.id != "cancelByToken":
        return
    reads = history.of(f"read getSession {exchange.parameters.get('id')}")
    if not reads or fields.state_of(reads[-1]) not in WITHDRAWN_FROM:
        return
    token = at(exchange.declared_json, "/cancel_token")
    uses = [one for one in history.calls("cancelByToken") if one.is_success and one.parameters == exchange.parameters]
    used = next((one for one in uses if token is not None and at(one.declared_json, "/cancel_token") == token), None)
    if used is None or reads[-1].started < used.at:
        return
    yield EXAMINED
    if exchange.is_success:
        yield Finding("", "401 CANCEL_TOKEN_USED", exchange.status)


@rule("KAY-032", "the right cancel_token finds a session that is cancelled or expired as it is", mark="P", source=CANCEL)
def right_tokens_find_the_end(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Used before or not: 204. Whatever cancelled the session, there is nothing more to cancel."""
    if exchange.operation is None or exchange.operation.id != "cancelByToken" or exchange.has_preference:
        return
    session = str(exchange.parameters.get("id"))
    reads, made = history.of(f"read getSession {session}"), history.created(session)
    token = at(exchange.declared_json, "/cancel_token")
    if made is None or not isinstance(token, str) or at(made.response_json, "/data/cancel_token") != token:
        return
    if not reads or fields.state_of(reads[-1]) not in ("cancelled", "expired"):
        return
    yield EXAMINED
    if exchange.status in (401, 404, 409):
        yield Finding("", "204: the session is cancelled now, or has expired", exchange.status)


@rule(
    "KAY-033",
    "a session that names its fields asks for no others",
    mark="I",
    source=CREATE,
    quote="Effective normalized share fields used by this session. … the field came from defaults or RC request",
)
def nothing_else_is_shared(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Beside kayle_document_id, of which KAY-001 speaks."""
    is_creation = exchange.operation is not None and exchange.operation.id == "createSession" and exchange.is_success
    made = exchange if is_creation else fields.made_by(exchange, history)
    asked, shown = (None, None) if made is None else (at(made.declared_json, "/share_fields"), at(exchange.response_json, SHARED))
    if made is None or made.has_preference or not isinstance(asked, Mapping) or not asked or not isinstance(shown, Mapping):
        return
    yield EXAMINED
    for name in shown:
        if name not in asked and name != "kayle_document_id":
            yield Finding(f"{SHARED}/{escape(name)}", "nothing: the field was not asked for", shown[name])
            return


@rule("KAY-025", "a session that was cancelled is over", mark="P", source=CANCEL)
def cancel_ends(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """By key or by token; one that was over stays as it was."""
    calls = {"cancelSession": "getSession", "cancelByToken": "getSession"}
    return fields.ended_by(calls, "id", *sorted(exchange.provider.lifecycle.terminal))(exchange, history)


@rule(
    "KAY-026",
    "redirect_url and webhook_endpoint_id are answered as they were sent",
    mark="P",
    source=CREATE,
    replaces=("GEN-026",),
)
def sent_is_answered(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """In the answer to the creation, and in every read.

    A URL may be answered as a parser writes it, and endpoints without their duplicates, one alone as a text.
    """
    found = fields.every(
        fields.asked_is_shown("createSession", {"/redirect_url": REDIRECT, "/webhook_endpoint_id": ENDPOINT}),
        fields.unchanged((REDIRECT, ENDPOINT)),
    )
    for finding in found(exchange, history):
        if finding is EXAMINED:
            yield finding
            continue
        is_same = _leads_there if finding.pointer == REDIRECT else _are_those_endpoints
        if not is_same(exchange, history):
            yield finding


@rule(
    "KAY-029",
    "a share field that was asked for comes from the request",
    mark="I",
    source=f"{PAGE}, share_fields, source",
    quote="Whether the field came from defaults or RC request",
)
def asked_fields_are_of_the_request(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Of kayle_document_id, which is always there, no page says which it is."""
    if exchange.operation is None or exchange.operation.id != "createSession" or not exchange.is_success:
        return
    asked = at(exchange.declared_json, "/share_fields")
    for name in asked if isinstance(asked, Mapping) else ():
        source = at(exchange.response_json, f"/data/share_fields/{escape(str(name))}/source")
        if name == "kayle_document_id":
            continue
        yield EXAMINED
        if source == "default":
            yield Finding(f"/data/share_fields/{escape(str(name))}/source", "rc", Words("default"))


@rule(
    "KAY-030",
    "a session that asks for no field shares the twelve default ones",
    mark="P",
    source=f"{CREATE}, share_fields",
)
def default_fields_are_all(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """All of them, where it shows no others."""
    if exchange.operation is None or exchange.operation.id != "createSession" or not exchange.is_success:
        return
    shown, sent = at(exchange.response_json, "/data/share_fields"), exchange.declared_json
    is_known = not exchange.request_body or (isinstance(sent, Mapping) and not exchange.has_bom)
    if not isinstance(shown, Mapping) or exchange.has_preference or not is_known or at(sent, "/share_fields") is not None:
        return
    if "kayle_document_id" not in shown or shown.keys() - DEFAULT_FIELDS - {"kayle_document_id"}:
        return  # it is without the field that always is there, or has some that are no defaults: other rules speak of those
    yield EXAMINED
    if not shown.keys() >= DEFAULT_FIELDS:
        yield Finding("/data/share_fields", "every default field", Words(f"{len(DEFAULT_FIELDS & shown.keys())} of them"))


@rule(
    "KAY-034",
    "a share field that was not asked for comes from the defaults",
    mark="I",
    source=f"{PAGE}, share_fields, source",
    quote="Whether the field came from defaults or RC request",
)
def other_fields_are_defaults(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Each field of a session that asked for none."""
    if exchange.operation is None or exchange.operation.id != "createSession" or not exchange.is_success:
        return
    shown, sent = at(exchange.response_json, SHARED), exchange.declared_json
    is_known = not exchange.request_body or (isinstance(sent, Mapping) and not exchange.has_bom)
    is_known = is_known and not exchange.intent.get("stand_in")
    if not isinstance(shown, Mapping) or exchange.has_preference or not is_known or at(sent, "/share_fields") is not None:
        return
    for name in shown:
        yield EXAMINED
        if at(shown, f"/{escape(str(name))}/source") == "rc":
            yield Finding(f"{SHARED}/{escape(str(name))}/source", "default", Words("rc"))
            return


@rule(
    "KAY-031",
    "a share field that was asked for as optional need not be shared",
    mark="I",
    source=f"{PAGE}, share_fields, required",
    quote="Whether this field must always be shared.",
)
def optional_fields_stay_optional(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """But for kayle_document_id, and for what is required beside another field: an age gate and the date of birth."""
    if exchange.operation is None or exchange.operation.id != "createSession" or not exchange.is_success:
        return
    asked = at(exchange.declared_json, "/share_fields")
    for name, field in asked.items() if isinstance(asked, Mapping) else ():
        if not isinstance(field, Mapping) or field.get("required") is not False or _is_tied(str(name), asked):
            continue
        pointer = f"/data/share_fields/{escape(str(name))}/required"
        yield EXAMINED
        if at(exchange.response_json, pointer) is True:
            yield Finding(pointer, "false, as the request said", True)


def _is_tied(name: str, asked: Mapping[str, Any]) -> bool:
    """Whether a field is required for another reason than that it was asked for so."""
    ages = [field for other, field in asked.items() if other == "date_of_birth" or str(other).startswith("age_over_")]
    is_age = name == "date_of_birth" or name.startswith("age_over_")
    return name == "kayle_document_id" or (is_age and any(isinstance(one, Mapping) and one.get("required") for one in ages))


def _leads_there(exchange: Exchange, history: History) -> bool:
    """Whether the redirect_url answered means what was sent, or what was answered before."""
    shown = at(exchange.response_json, REDIRECT)
    return all(same_url(value, shown) for value in _before(exchange, history, REDIRECT, "/redirect_url"))


def _are_those_endpoints(exchange: Exchange, history: History) -> bool:
    """Whether the endpoints answered are those that were sent, or answered before, in their order."""
    shown = _endpoints(at(exchange.response_json, ENDPOINT))
    return all(_endpoints(value) == shown for value in _before(exchange, history, ENDPOINT, "/webhook_endpoint_id"))


def _endpoints(value: Any) -> list[Any]:
    found: list[Any] = []
    for one in value if isinstance(value, list) else [value]:
        found += [] if one in found else [one]
    return found


def _before(exchange: Exchange, history: History, shown: str, sent: str) -> list[Any]:
    """What was answered before at a pointer, and what the creation sends at another."""
    made = fields.made_by(exchange, history)
    found = [at(one.response_json, shown) for one in (*history.reads(exchange)[:1], *([made] if made is not None else []))]
    if exchange.operation is not None and exchange.operation.id == "createSession":
        found.append(at(exchange.declared_json, sent))
    return found


@rule(
    "KAY-027",
    "created_from and created_to find the session created at that moment",
    mark="P",
    source=f"{LIST}, created_from, created_to",
)
def times_are_inclusive(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """A session is found from one unit of its created_at before it, and to one after it: it may be kept finer than shown."""
    return OwnTime("listSessions", "createSession", "created_at", "created_from", "created_to")(exchange, history)


@rule("KAY-028", "a session is shown to its own organisation only", mark="P", source="Kayle ID public source, session queries")
def organizations_are_apart(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """A run with a second credential states that it must not see or cancel what the first one made, nor the other way round."""
    if exchange.intent.get("credentials") not in (None, "other"):
        return
    if _may_show_others(exchange, history):
        yield EXAMINED
    for pointer, shown in _shown_ids(exchange):
        made = history.created(shown) if isinstance(shown, str) else None
        if made is not None and _is_other(made) != _is_other(exchange):
            yield Finding(pointer, "nothing of the other organisation's session", Words("a session that the other one made"))
    if exchange.operation is not None and exchange.operation.id == "cancelSession":
        made = history.created(exchange.parameters.get("id", ""))
        if made is not None and _is_other(made) != _is_other(exchange):
            yield EXAMINED
            if exchange.is_success:
                yield Finding("", "404, for the session is the other organisation's", exchange.status)


def _may_show_others(exchange: Exchange, history: History) -> bool:
    """Whether a read asks for a session of the other organisation, or the other one lists sessions while the first has one."""
    operation = exchange.operation.id if exchange.operation is not None else ""
    if operation == "listSessions" and exchange.is_success and _is_other(exchange):
        return any(one.is_success and not _is_other(one) for one in history.calls("createSession"))
    made = history.created(exchange.parameters.get("id", "")) if operation == "getSession" else None
    return made is not None and _is_other(made) != _is_other(exchange)


def _is_other(exchange: Exchange) -> bool:
    return exchange.intent.get("credentials") == "other"


def _shown_ids(exchange: Exchange) -> Iterator[tuple[str, Any]]:
    if exchange.operation is not None and exchange.operation.id == "getSession" and exchange.is_success:
        yield "", at(exchange.response_json, "/data/id")
    for index, row in enumerate(pagination.rows(exchange, "listSessions")):
        yield f"/data/{index}", at(row, "/id")


def _succeeded(operation: str, exchange: Exchange, history: History) -> bool:
    """Whether a call of an operation on the session of a read has succeeded before it."""
    return any(one.is_success and one.parameters == exchange.parameters for one in history.known.calls(operation))
