"""Conforming implementations that differ from the mock where one vendor's pages leave it open, and refusals by the account."""

from __future__ import annotations

from typing import Any

from tests.score.asgi import Answer, Ask, Call, Change
from tests.score.changes import Make, Variant, at

OPERATIONS = "createSession getSession listSessions"  # of Kayle ID, that show sessions
SESSIONS_ALLOWED = 5
RATE = 40  # requests to one that is refused
BOM = b"\xef\xbb\xbf"
# What a cancellation by token says of an error beside its code and message, where it says all that the errors page shows.
MORE_OF_AN_ERROR = {"hint": "Ask for a new session.", "docs": "https://kayle.id/docs/api/errors"}


def _with_key(name: str, operations: str = "", *, bare: bool = False, after: int = 0) -> Make:
    """Whoever has the first key is answered as one with another: in some operations, or all; after so many creations.

    `bare`: refusals of the account have two members and no envelope.
    """

    def make() -> Change:
        made = 0

        async def change(call: Call, ask: Ask) -> Answer:
            nonlocal made
            credentials = call.provider.lifecycle.credentials
            own = next(entry.headers["Authorization"] for entry in credentials.values() if entry.fails is None)
            is_other = call.headers.get("authorization") == own and made >= after and call.operation is not None
            if is_other and (not operations or call.operation in operations.split()):
                call.headers["authorization"] = credentials[name].headers["Authorization"]
            answer = await ask(call)
            if call.operation == call.provider.lifecycle.create.operation and answer.status < 300:
                made += 1
            if bare and answer.status == 403:
                answer.json = {"error": {key: at(answer.json, f"/error/{key}") for key in ("code", "message")}}
            return answer

        return change

    return make


def _no_domain_verified() -> Change:
    """A redirect that is well-formed is refused all the same: its domain is not verified."""

    async def change(call: Call, ask: Ask) -> Answer:
        sent = call.json
        if call.operation == "createSession" and isinstance(sent, dict) and sent.get("redirect_url"):
            trial = call.copy()
            trial.headers["specimen-namespace"] = "trial"  # a refused creation makes no session
            if (await ask(trial)).status == 200:
                call.headers["prefer"] = "example=redirect_url_domain_not_verified"
        return await ask(call)

    return change


def _rate_limited() -> Change:
    """Every fortieth request is refused, with the time to wait."""
    count = 0

    async def change(call: Call, ask: Ask) -> Answer:
        nonlocal count
        count += 1
        if count % RATE or call.operation is None:
            return await ask(call)
        call.headers["prefer"] = "example=rate_limited"
        answer = await ask(call)
        answer.set_header("retry-after", "1")
        return answer

    return change


def _four_members() -> Change:
    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        body = answer.json
        if call.operation == "cancelByToken" and answer.status in (400, 401, 404) and isinstance(at(body, "/error"), dict):
            body["error"] = {**body["error"], **MORE_OF_AN_ERROR}
            answer.json = body
        return answer

    return change


def _as_sent(name: str) -> Make:
    """What was sent at the creation is answered letter for letter."""

    def make() -> Change:
        sent: dict[str, Any] = {}

        async def change(call: Call, ask: Ask) -> Answer:
            answer = await ask(call)
            body = answer.json
            if call.operation not in OPERATIONS.split() or answer.status != 200 or call.has_preference:
                return answer
            if call.operation == "createSession" and isinstance(call.json, dict) and call.json.get(name) is not None:
                if body["data"][name] is None:  # a body of another content type is not read
                    return answer
                sent[body["data"]["id"]] = call.json[name]
            for entry in body["data"] if isinstance(body["data"], list) else [body["data"]]:
                entry[name] = sent.get(entry["id"], entry[name])
            answer.json = body
            return answer

        return change

    return make


def _late_sweep() -> Change:
    """The time of a session's end is over at once, and nothing ends it."""

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        body = answer.json
        if call.operation in OPERATIONS.split() and answer.status == 200:
            for entry in body["data"] if isinstance(body["data"], list) else [body["data"]]:
                entry["expires_at"] = entry["created_at"]
            answer.json = body
        return answer

    return change


def _says_json(call: Call) -> bool:
    return call.headers.get("content-type", "").partition(";")[0].strip().lower() in ("application/json", "")


def _others_unread() -> Change:
    """A body that is not sent as JSON is left unread, where an operation needs none."""

    async def change(call: Call, ask: Ask) -> Answer:
        if call.operation in ("createSession", "register") and call.body and not _says_json(call):
            call.body = b""
            call.headers.pop("content-type", None)
        return await ask(call)

    return change


def _others_refused() -> Change:
    """A body that is not sent as JSON is answered 415."""

    async def change(call: Call, ask: Ask) -> Answer:
        if call.operation in ("createSession", "cancelByToken") and call.body and not _says_json(call):
            call.headers["prefer"] = "example=unsupported_media_type"
        return await ask(call)

    return change


def _no_mark() -> Change:
    """A byte order mark makes a body no JSON (RFC 8259, section 8.1, lets a parser choose)."""

    async def change(call: Call, ask: Ask) -> Answer:
        if call.body.startswith(BOM) and _says_json(call):
            call.body = b"{"
        return await ask(call)

    return change


VENDOR_VARIANTS = (
    Variant("no_domain_verified", "every redirect's domain is unverified", _no_domain_verified, providers=("kayle",)),
    Variant(
        "key_may_only_read", "the key may not write: 403 with two members, without an envelope",
        _with_key("read_only", bare=True), providers=("kayle",),
    ),
    Variant("organization_is_frozen", "the organization is frozen: 410", _with_key("frozen"), providers=("kayle",)),
    Variant(
        "few_sessions_allowed", "after five creations the organization may make no more: 429",
        _with_key("unverified", "createSession", after=SESSIONS_ALLOWED), providers=("kayle",),
    ),
    Variant("rate_limited", "now and then a 429 with Retry-After", _rate_limited, providers=("kyve",)),
    Variant("errors_of_four_members", "a cancellation's errors have hint and docs", _four_members, providers=("kayle",)),
    Variant(
        "redirect_as_sent", "redirect_url is answered letter for letter, not as a browser's parser writes it",
        _as_sent("redirect_url"), providers=("kayle",),
    ),
    Variant(
        "endpoints_as_sent", "webhook_endpoint_id is answered with its duplicates, and one alone as a list",
        _as_sent("webhook_endpoint_id"), providers=("kayle",),
    ),
    Variant("late_sweep", "sessions are unfinished after expires_at", _late_sweep, providers=("kayle",)),
    Variant(
        "other_content_types_unread", "an optional body that is no JSON is not read", _others_unread, departs=True,
        providers=("kyve", "predicate"),
    ),
    Variant(
        "other_content_types_refused", "a body that is no JSON is answered 415 where it might be left unread", _others_refused,
        providers=("kayle",),
    ),
    Variant("byte_order_mark_refused", "a byte order mark before JSON is refused as malformed", _no_mark),
)  # fmt: skip
