"""Neuro-Vision: sums and order in time, who is answered, what never changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from math import inf
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.checks import fields
from specimen.contracts.judge.history import History, same_caller
from specimen.contracts.judge.rule import EXAMINED, Examined, Finding, rule
from specimen.contracts.judge.validation.request_validation import invalid_fields
from specimen.contracts.redaction.values import Words
from specimen.specs.core.json_pointer import at

PAGE = "Get session status"
FIELDS = f"{PAGE}, Description of response fields"
READ, UPLOAD = "getSessionStatus", "processImages"
# The fields of the request, which a path may name.
_FIELDS = {"sessionId", "clientKey", "token"}
# A sandbox may let sessions run faster than they say; milliseconds are three orders of magnitude away.
_LEEWAY_SECONDS = 600
# A part of a UUID, which is read without regard to its case (RFC 9562, section 4).
_HEXADECIMAL = re.compile("[0-9a-f]{8}", re.IGNORECASE)
# By which two answers are surely apart, where secondsToLive has no parts of a second.
_SECONDS_APART = 2
# Beyond it JSON libraries differ in what they read (RFC 8259, section 6): of such a number the form alone is judged.
_NO_COUNT = 2**53
# What rounding each time to milliseconds can add up to, in seconds.
_ROUNDING_SECONDS = 0.01


@rule(
    "NEU-010",
    "a document's history holds one entry for each earlier try",
    mark="I",
    source=f"{PAGE}, document type task",
    quote="History of previous attempts (if tries > 1)",
)
def history_counts_tries(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """That there is one is in the schema; how many there are is assumed, there for up to five tries, and here for more."""
    for index, task in _tasks(exchange):
        tries, entries = task.get("tries"), task.get("history")
        if task.get("type") != "document" or not isinstance(tries, int) or not isinstance(entries, list):
            continue
        if tries <= 5 or not entries:
            continue
        yield EXAMINED
        if len(entries) != tries - 1:
            yield Finding(f"/results/{index}/history", f"{tries - 1} entries", entries, is_assumed=True)


@rule(
    "NEU-011",
    "a session spent at least what its tasks spent together",
    mark="A",
    source=FIELDS,
    reason='"Total processing time" is read as: of all tasks.',
)
def spent_adds_up(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """The whole is not less than its parts. Of a whole that is less than one of them NEU-032 speaks."""
    total = at(exchange.response_json, "/spent")
    parts: dict[str, float] = {
        f"/results/{index}/spent": task["spent"] for index, task in _tasks(exchange) if _is_number(task.get("spent"))
    }
    if not _is_number(total) or not parts or total < max(parts.values()) - _ROUNDING_SECONDS:
        return
    yield EXAMINED
    if total < sum(parts.values()) - _ROUNDING_SECONDS:
        yield Finding("/spent", "at least the sum of the tasks' spent", total, rests_on=tuple(parts))


@rule(
    "NEU-012",
    "a task starts neither before its session was made nor after the answer was",
    mark="I",
    source=FIELDS,
    quote="Session creation date and time … Processing start time … Response generation time",
)
def tasks_start_in_between(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """createdAt, startedAt, responseTime."""
    body = exchange.response_json
    made, answered = fields.epoch_seconds(at(body, "/createdAt")), fields.epoch_seconds(at(body, "/responseTime"))
    if made is not None and answered is not None and _tasks(exchange):
        yield EXAMINED
        if answered < made:
            yield Finding("/responseTime", "not earlier than /createdAt", at(body, "/responseTime"), rests_on=("/createdAt",))
    for index, task in _tasks(exchange):
        started = fields.epoch_seconds(task.get("startedAt"))
        if started is None:
            continue
        if made is not None or answered is not None:
            yield EXAMINED
        if made is not None and started < made:
            yield Finding(
                f"/results/{index}/startedAt", "not earlier than /createdAt", task["startedAt"], rests_on=("/createdAt",)
            )
        elif answered is not None and started > answered:
            rests_on = ("/responseTime",)
            yield Finding(f"/results/{index}/startedAt", "not later than /responseTime", task["startedAt"], rests_on=rests_on)


@rule(
    "NEU-017",
    "the session answered is the one asked for, by clientKey before sessionId",
    source=f"{PAGE}, Parameter Priority",
    replaces=("GEN-014",),
)
def asked_session_is_answered(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """An answer is about the requested session. To an upload the session's id is what says where it belongs."""
    if not _shows_session(exchange):
        return
    asked, body = exchange.declared_fields, exchange.response_json
    key, session = asked.get("clientKey"), asked.get("sessionId")
    is_upload = exchange.operation is not None and exchange.operation.id == UPLOAD
    if isinstance(key, str) and not (is_upload and session):
        yield EXAMINED
        if at(body, "/clientKey") != key:
            yield Finding("/clientKey", "the clientKey that was asked for", at(body, "/clientKey"))
    elif isinstance(session, str) and not fields.MALFORMED_ID.fullmatch(session):
        yield EXAMINED
        if not fields.same_id(session, body["sessionId"]):
            yield Finding("/sessionId", "the sessionId that was asked for", body["sessionId"])


@rule(
    "NEU-018",
    "createdAt, schemaId and sessionId never change",
    mark="I",
    source=FIELDS,
    quote="Session creation date and time … KYC schema UUID … Session UUID v1",
    replaces=("GEN-013",),
)
def session_never_changes(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """The id is what reads are compared by; under one clientKey another id means a newer session, which NEU-022 looks at."""
    return fields.unchanged(("/createdAt", "/schemaId", "/sessionId"))(exchange, history)


@rule("NEU-019", "secondsToLive never grows", mark="A", source=FIELDS, reason="a lifetime that is left only gets shorter")
def life_gets_shorter(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """From read to read."""
    return fields.never_less(("/secondsToLive",), grows=False)(exchange, history)


@rule(
    "NEU-020",
    "a terminal status never changes",
    mark="I",
    source=f"{PAGE}, Session Statuses",
    quote="All tasks completed successfully … Session lifetime expired",
    replaces=("GEN-010",),
)
def terminal_stays(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """Success and expired are ends by their words; that failed and exception are, is assumed: a user may try again."""
    return fields.terminal_stays(assumed=("failed", "exception"))(exchange, history)


@rule(
    "NEU-022",
    "of several sessions with one clientKey the newest is answered",
    mark="A",
    source=f"{PAGE}, Parameter Priority",
    reason="the page does not say which one is meant",
)
def newest_is_answered(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Once a session of a key was seen, an older one of the same key is not answered any more."""
    key = exchange.declared_fields.get("clientKey")
    if not isinstance(key, str) or not fields.is_read(exchange, READ):
        return
    shown, made = at(exchange.response_json, "/sessionId"), fields.epoch_seconds(at(exchange.response_json, "/createdAt"))
    for earlier in (*history.calls(READ), *history.calls(UPLOAD)):
        before = earlier.response_json
        if not _shows_session(earlier) or before["sessionId"] == shown or at(before, "/clientKey") != key:
            continue
        known = fields.epoch_seconds(at(before, "/createdAt"))
        if made is None or known is None:
            continue
        yield EXAMINED
        if made < known:
            yield Finding("/sessionId", "the newest session of the clientKey", shown)
            return


@rule(
    "NEU-023",
    "without a token the answer is 401, whatever else is wrong",
    mark="I",
    source=f"{PAGE}, Authorization",
    quote='Without a token (neither in the header nor in the body), the request will return "access denied"',
)
def access_comes_first(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """A refusal for another reason shows the fields to a caller without a token."""
    if exchange.operation is None or exchange.has_credentials:
        return
    yield EXAMINED
    if exchange.status == 400:
        yield Finding("", "401", exchange.status)


@rule(
    "NEU-024",
    "a wrong token is refused like a missing one",
    mark="A",
    source=f"{PAGE}, No authorization (401)",
    reason="the page describes the missing token only",
    replaces=("GEN-017",),
)
def wrong_token_is_refused(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """An invalid token is refused."""
    if exchange.intent.get("credentials") != "unknown" or exchange.operation is None:
        return
    yield EXAMINED
    if exchange.is_success:
        yield Finding("", "a refusal of an invalid token", exchange.status)


@rule(
    "NEU-025",
    "a body that is no JSON object breaks the schema",
    mark="A",
    source=f"{PAGE}, Invalid schema (400)",
    reason="the page shows the refusal of a field only",
)
def other_bodies_are_invalid(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Then no identifier is missing: there is nowhere to look for one."""
    if exchange.operation is None or exchange.operation.id != READ or exchange.status != 400:
        return
    message = at(exchange.response_json, "/message")
    is_object = isinstance(exchange.request_json, Mapping) or isinstance(exchange.declared_json, Mapping)
    if is_object or message is None:
        return
    yield EXAMINED
    if message != "invalid schema":
        yield Finding("/message", "invalid schema", message)


@rule(
    "NEU-028",
    "reading a session is no visit of its client",
    mark="I",
    source=FIELDS,
    quote="true — first client visit, false — repeat visit",
)
def reading_is_no_visit(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
    """It was the client's first visit or it was not."""
    return fields.unchanged(("/isClientNew",))(exchange, history)


@rule(
    "NEU-029",
    "spent is not more than the time that has passed",
    mark="I",
    source=FIELDS,
    quote="Total processing time in seconds",
)
def spent_fits_the_clock(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """From createdAt to responseTime, give or take ten minutes: milliseconds do not fit."""
    body = exchange.response_json
    made, answered = fields.epoch_seconds(at(body, "/createdAt")), fields.epoch_seconds(at(body, "/responseTime"))
    if not _shows_session(exchange) or made is None or answered is None or answered < made:
        return
    spent = at(body, "/spent")
    if not _is_number(spent):
        return
    yield EXAMINED
    if spent > answered - made + _LEEWAY_SECONDS:
        yield Finding("/spent", "seconds, at most those from createdAt to responseTime", spent)


@rule(
    "NEU-030",
    "the details of an invalid schema name a field that is invalid",
    source=f"{PAGE}, Invalid schema (400)",
)
def details_name_the_field(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Where the request's own fields break the document; what is wrong elsewhere may be named as it is."""
    details = at(exchange.response_json, "/details")
    if exchange.status != 400 or not isinstance(details, list):
        return
    named = {str(at(detail, "/path")).split(".")[0] for detail in details}
    broken = invalid_fields(exchange)
    if not broken or not named:
        return
    yield EXAMINED
    if not broken & named:
        yield Finding("/details", "the path of a field that is invalid", Words(", ".join(sorted(named & _FIELDS)) or "another"))


@rule(
    "NEU-031",
    "a task that has ended was tried at least once",
    mark="I",
    source=f"{PAGE}, document type task",
    quote="Number of recognition attempts",
)
def ended_tasks_were_tried(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Its first attempt is the one that succeeded or failed."""
    for index, task in _tasks(exchange):
        tries = task.get("tries")
        if task.get("status") not in ("success", "failed") or not isinstance(tries, int):
            continue
        yield EXAMINED
        if tries < 1:
            yield Finding(f"/results/{index}/tries", "at least 1", tries)


@rule(
    "NEU-032",
    "a session spent at least what its longest task spent",
    mark="I",
    source=FIELDS,
    quote="Total processing time in seconds … Processing time in seconds",
)
def spent_covers_each_task(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Tasks may be worked on at the same time; the whole is not shorter than one of them."""
    total = at(exchange.response_json, "/spent")
    parts = {index: task["spent"] for index, task in _tasks(exchange) if _is_number(task.get("spent")) and task["spent"] < inf}
    if not _is_number(total) or not parts:
        return
    yield EXAMINED
    longest = max(parts, key=lambda index: parts[index])
    if total < parts[longest] - _ROUNDING_SECONDS:
        yield Finding("/spent", "at least the longest of the tasks' spent", total, rests_on=(f"/results/{longest}/spent",))


@rule(
    "NEU-033",
    "a client that was seen before is not new",
    mark="I",
    source=FIELDS,
    quote="true — first client visit, false — repeat visit",
)
def known_clients_are_not_new(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """A client whose id, which another session was shown with, or whose key came before: to the same caller."""
    body = exchange.response_json
    if not _shows_session(exchange) or exchange.has_preference or not isinstance(at(body, "/isClientNew"), bool):
        return
    made = fields.epoch_seconds(at(body, "/createdAt"))
    for earlier in history.calls(UPLOAD):
        before = earlier.response_json
        if not _shows_session(earlier) or not same_caller(earlier, exchange) or before["sessionId"] == body["sessionId"]:
            continue
        known = fields.epoch_seconds(at(before, "/createdAt"))
        named = [name for name in ("/clientKey", "/clientId") if at(body, name) and at(body, name) == at(before, name)]
        if not named or made is None or known is None or known >= made:
            continue
        yield EXAMINED
        if body["isClientNew"]:
            yield Finding("/isClientNew", f"false: another session with this {named[0][1:]} was made before", True)
        return


@rule(
    "NEU-034",
    "images that name no session make one",
    mark="I",
    source="Neuro-Vision, public description of the processing of images, sessionId",
    quote="a new session when absent",
)
def images_make_a_session(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """Also where their client has one already."""
    is_upload = exchange.operation is not None and exchange.operation.id == UPLOAD
    if not is_upload or not _shows_session(exchange) or exchange.has_preference or history.under_key(exchange):
        return
    if exchange.declared_fields.get("sessionId"):
        return
    yield EXAMINED
    shown = at(exchange.response_json, "/sessionId")
    if history.created(shown) is not None:
        yield Finding("/sessionId", "a new session", shown)


@rule(
    "NEU-035",
    "the sessions of one clientKey are of one client",
    mark="I",
    source=FIELDS,
    quote="Client UUID … Client key passed during session creation … false — repeat visit",
)
def clients_keep_their_id(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """A client that was identified under a key has the same id in its other sessions, to the same caller."""
    body = exchange.response_json
    key, client = at(body, "/clientKey"), at(body, "/clientId")
    if not _shows_session(exchange) or exchange.has_preference or not (isinstance(key, str) and key and client):
        return
    for earlier in history.calls(UPLOAD):
        before = earlier.response_json
        is_of_key = _shows_session(earlier) and at(before, "/clientKey") == key and same_caller(earlier, exchange)
        if not is_of_key or before["sessionId"] == body["sessionId"] or not at(before, "/clientId"):
            continue
        yield EXAMINED
        if not fields.same_value(at(before, "/clientId"), client):
            yield Finding("/clientId", "the client that another session of this clientKey has", client)
        return


@rule(
    "NEU-036",
    "secondsToLive of an open session gets less while time passes",
    mark="I",
    source=FIELDS,
    quote="Remaining session lifetime in seconds (0 = expired)",
)
def life_passes(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """By responseTime, from two seconds on, of a session whose status stays and that got nothing in between.

    It gets less by no more than what passes, give or take two seconds. That it has more than before is what NEU-019 says.
    """
    earlier = history.reads(exchange)[-1:] if fields.is_read(exchange, READ) else ()
    if not earlier or fields.state_of(exchange) in exchange.provider.lifecycle.terminal:
        return
    bodies = (earlier[0].response_json, exchange.response_json)
    times = [fields.epoch_seconds(at(body, "/responseTime")) for body in bodies]
    before, now = (at(body, "/secondsToLive") for body in bodies)
    if fields.state_of(earlier[0]) != fields.state_of(exchange) or not (_is_number(before) and _is_number(now)):
        return
    if times[0] is None or times[1] is None or times[1] < times[0]:
        return
    passed = times[1] - times[0]
    shown = at(exchange.response_json, "/sessionId")
    if any(one.declared_fields.get("sessionId") == shown for one in history.calls(UPLOAD) if one.started >= earlier[0].at):
        return
    yield EXAMINED
    if passed >= _SECONDS_APART and now == before and now > 0:
        yield Finding("/secondsToLive", "less than in the read before", now)
    elif now > 0 and before - now > passed + _SECONDS_APART:
        yield Finding("/secondsToLive", "less by no more than the seconds that passed", now)


@rule(
    "NEU-039",
    "what was spent and tried only grows",
    mark="I",
    source=FIELDS,
    quote="Total processing time in seconds … Number of recognition attempts",
)
def counts_grow(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
    """From read to read: of the session its time, of each task its tries."""
    earlier = history.reads(exchange)[-1:] if fields.is_read(exchange, READ) else ()
    known = dict(_tasks(earlier[0])) if earlier else {}
    alike = [index for index, task in _tasks(exchange) if index in known and known[index].get("type") == task.get("type")]
    yield from fields.never_less(("/spent", *(f"/results/{index}/tries" for index in alike)), READ)(exchange, history)


@rule(
    "NEU-040",
    "in an idle session no task was started or tried",
    mark="I",
    source=f"{PAGE}, Session Statuses",
    quote="Session created, processing not started",
)
def idle_tasks_have_nothing(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Neither a time of its start, nor a try, nor a check; of a task that has left idle, and of the time, NEU-004 speaks."""
    for index, task in _tasks(exchange) if at(exchange.response_json, "/status") == "idle" else ():
        if task.get("status") != "idle":
            continue
        yield EXAMINED
        tried = _is_number(task.get("tries")) and 0 < task["tries"] < _NO_COUNT
        found = {"startedAt": isinstance(task.get("startedAt"), str), "tries": tried, "checks": _has_items(task.get("checks"))}
        wrong = next((name for name, is_there in found.items() if is_there), None)
        if wrong is not None:
            yield Finding(f"/results/{index}/{wrong}", "none: processing has not started", task[wrong])
            return


def _has_items(checks: Any) -> bool:
    return any(_list(at(group, "/items")) for group in _list(checks))


@rule(
    "NEU-041",
    "a task with full-size images has their thumbnails, and the reverse",
    mark="A",
    source=f"{PAGE}, Task Results",
    reason="the page describes both lists and does not say that an image is in both",
)
def images_have_thumbnails(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Where the task has both lists; how many there are of an image is not said."""
    for index, task in _tasks(exchange):
        small, full = task.get("images"), task.get("imagesFull")
        if not isinstance(small, list) or not isinstance(full, list) or not (small or full):
            continue
        if not all(isinstance(one, str) for one in (*small, *full)):
            continue  # that these are no links is what the schema says
        yield EXAMINED
        if not small or not full:
            name = "images" if not small else "imagesFull"
            yield Finding(f"/results/{index}/{name}", "a link for each image", Words("no link"))


@rule(
    "NEU-042",
    "a confidence is a part of one",
    mark="I",
    source=f"{PAGE}, document type task, checks",
    quote='"confidence": 0.938',
)
def confidences_are_parts(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """From 0 to 1, as in each of the page's examples: no percentage."""
    for index, task in _tasks(exchange):
        for check, group in enumerate(_list(task.get("checks"))):
            for place, item in enumerate(_list(at(group, "/items"))):
                value = at(item, "/confidence")
                if not _is_number(value) or abs(value) >= _NO_COUNT:
                    continue
                yield EXAMINED
                if not 0 <= value <= 1:
                    yield Finding(f"/results/{index}/checks/{check}/items/{place}/confidence", "a number from 0 to 1", value)
                    return


@rule(
    "NEU-037",
    "the details of an invalid schema show what came",
    mark="I",
    source=f"{PAGE}, Invalid schema (400)",
    quote='"actual": "not-a-uuid", "path": "sessionId"',
)
def details_show_what_came(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Of a text that was sent in the field that is named; one that looks like a UUID may come back in another form."""
    details = at(exchange.response_json, "/details")
    for index, detail in enumerate(details if exchange.status == 400 and isinstance(details, list) else ()):
        sent = exchange.declared_fields.get(str(at(detail, "/path")))
        actual = at(detail, "/actual")
        if not isinstance(sent, str) or actual is None or _HEXADECIMAL.search(sent):
            continue
        yield EXAMINED
        shown = actual.rstrip(".\u2026") if isinstance(actual, str) else ""
        if actual != sent and (not shown or not sent.startswith(shown)):
            yield Finding(f"/details/{index}/actual", "the value that was sent", actual)


@rule(
    "NEU-038",
    "a date that was read from a document is a day",
    mark="A",
    source=f"{PAGE}, document type task, ocr",
    reason="the page shows 01.01.1970, and what is read from a false document may be anything",
)
def dates_are_days(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
    """Day, month, year."""
    for index, task in _tasks(exchange):
        found = at(task, "/ocr/fields")
        for place, field in enumerate(found if isinstance(found, list) else ()):
            value = at(field, "/value")
            parts = value.split(".") if isinstance(value, str) else []
            if [len(part) for part in parts] != [2, 2, 4] or not all(part.isascii() and part.isdigit() for part in parts):
                continue
            yield EXAMINED
            if not (1 <= int(parts[0]) <= 31 and 1 <= int(parts[1]) <= 12):
                yield Finding(f"/results/{index}/ocr/fields/{place}/value", "a day as dd.mm.yyyy", value)


def _shows_session(exchange: Exchange) -> bool:
    is_ours = exchange.operation is not None and exchange.operation.id in (READ, UPLOAD)
    return is_ours and exchange.is_success and isinstance(at(exchange.response_json, "/sessionId"), str)


def _tasks(exchange: Exchange) -> list[tuple[int, Mapping[str, Any]]]:
    found = at(exchange.response_json, "/results") if _shows_session(exchange) else None
    return [(index, task) for index, task in enumerate(found) if isinstance(task, Mapping)] if isinstance(found, list) else []


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
