"""Handlers of Kyve: sessions made from templates, their verifications, idempotent calls, test and live keys."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from specimen import specs
from specimen.fixtures.recipes import kyve as recipe
from specimen.fixtures.recipes.kyve_templates import templates
from specimen.mockserver.provider_api import (
    IllegalTransition,
    Problem,
    Reply,
    Request,
    SchemaError,
    Session,
    Sessions,
    changed,
    operation,
)

REQUEST_ID = "KYC-Request-Id"
# Source: kyve.dev Sessions, Idempotency.
IDEMPOTENCY_SECONDS = 24 * 3600
# What a session keeps of the request that made it.
_ASKED = ("metadata", "redirect_url")
# Source: kyve.dev Error codes, Catalog names the header; how long is assumed.
RETRY_AFTER_SECONDS = 30
# Bodies up to this length are remembered with their digest.
_MOST_KNOWN_BYTES = 2048
REFUSALS = {
    "unauthenticated": "authentication_required",
    "unknown_credential": "invalid_api_key",
    "invalid_parameter": "validation_error",
    "invalid_body": "validation_error",
    "not_json": "validation_error",
    "body_required": "validation_error",
}


@operation("createSession")
async def create_session(request: Request, sessions: Sessions) -> Reply:
    """Makes a session from the pinned template, else from the default one."""
    return await _once(request, sessions, _create, creates=True)


@operation("getSession")
async def get_session(request: Request, sessions: Sessions) -> Reply:
    """The session, if the key sees it."""
    session = _visible(request, await sessions.get(request.path["id"]))
    if session is None:
        return _example(request, "not_found")
    return await sessions.answer(session, "getSession")


@operation("cancelSession")
async def cancel_session(request: Request, sessions: Sessions) -> Reply:
    """Ends an open session."""
    return await _once(request, sessions, _cancel)


@operation("listVerifications")
async def list_verifications(request: Request, sessions: Sessions) -> Reply:
    """One page of the verifications that the key sees, newest first (assumed)."""
    after, limit = request.query.get("starting_after"), request.query["limit"]
    last = None
    if after is not None:
        last = _visible(request, await sessions.get(after, by="verification", poll=False))
        if last is None:
            return _example(request, "verification_not_found")
    try:
        found = await sessions.page(
            "newest",
            limit + 1,
            after=None if last is None else last.id,
            owner=_owner(request),
            state=request.query.get("status"),
        )
    except KeyError:  # a catalogue session that nobody wrote to is in no list
        return _example(request, "verification_not_found")
    return Reply(200, recipe.page([session.snapshot for session in found[:limit]], limit, len(found) > limit))


@operation("getVerification")
async def get_verification(request: Request, sessions: Sessions) -> Reply:
    """The verification in full, if the key sees it."""
    session = _visible(request, await sessions.get(request.path["id"], by="verification"))
    if session is None:
        return _example(request, "verification_not_found")
    return await sessions.answer(session, "getVerification")


def render_error(problem: Problem, request: Request) -> Reply | None:
    """The vendor's error body of a refused request.

    Source: kyve.dev Error codes.
    """
    if problem.kind == "failing_credential" and problem.credential is not None and problem.credential.fails:
        return _example(request, problem.credential.fails)
    if problem.kind in REFUSALS:
        name = REFUSALS[problem.kind]
        return None if request.operation.example(name) is None else _example(request, name, _fields(problem))
    found = specs.load("kyve").document.component(problem.kind)
    if found is None:
        return None
    status, content_type, value = found
    return Reply(status, changed(value, {"/error/request_id": request_id(request)}), content_type=content_type)


def finish(reply: Reply, request: Request) -> Reply:
    """The answer with the headers that all of the vendor's answers carry; one that has them already stays as it is.

    Source: kyve.dev Error codes; that successes carry the request's id too is assumed.
    """
    if REQUEST_ID in reply.headers:
        return reply
    shown = reply.body["error"]["request_id"] if reply.status >= 400 else request_id(request)
    reply.headers = {**reply.headers, REQUEST_ID: shown}
    if reply.status == 429:
        reply.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return reply


def request_id(request: Request) -> str:
    """The id of a request: it depends on the time and the request only, so that a frozen clock repeats it."""
    scope = request.scope
    before, after = _asked(
        request.namespace, request.credential.name, scope["method"], scope["path"], scope.get("query_string", b"")
    )
    asked = f"{before}{request.now}{after}".encode()
    return f"req_{blake2b(request.raw + asked, digest_size=13).hexdigest()}"


@lru_cache(maxsize=256)
def _asked(namespace: str, credential: str, *place: str | bytes) -> tuple[str, str]:
    """What a request's id depends on beside its body, before and after the time."""
    return f"({namespace!r}, ", f", {credential!r}, {place!r})"


async def _once(
    request: Request, sessions: Sessions, run: Callable[[Request, Sessions], Awaitable[Reply]], *, creates: bool = False
) -> Reply:
    """The reply of a call; with an Idempotency-Key the call runs once in 24 hours, and its reply is repeated.

    A key counts for one API key and one path; a 422 is not kept, so that the caller can correct the request and
    use the key again (all assumed). Source: kyve.dev Sessions, Idempotency: the body's hash is compared.
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        return await run(request, sessions)
    place = f"idempotency {request.credential.name} {request.operation.id} {request.path.get('id', '')} {key}"
    fingerprint = _fingerprint(request.raw) if len(request.raw) <= _MOST_KNOWN_BYTES else _fingerprint.__wrapped__(request.raw)

    async def first() -> tuple[Any, Reply]:
        reply = finish(await run(request, sessions), request)  # now, so that the request's id is kept too
        if reply.status == 422:
            return None, reply
        return (fingerprint, reply.status, reply.payload(), reply.headers, reply.session), reply

    kept, reply = await sessions.once(place, IDEMPOTENCY_SECONDS, first, creates=creates)
    if reply is not None:
        return reply
    asked, status, body, headers, shown = kept
    if asked != fingerprint:
        return _example(request, "idempotency_conflict")
    return Reply(status, body, headers, session=None if shown is None else tuple(shown))


@lru_cache(maxsize=256)
def _fingerprint(raw: bytes) -> str:
    """What tells a body from others: a client that creates often sends the same one."""
    return blake2b(raw, digest_size=16).hexdigest()


async def _create(request: Request, sessions: Sessions) -> Reply:
    asked: dict[str, Any] = request.body or {}
    key = request.credential.facts
    template_id, slug = asked.get("template_id"), asked.get("template_slug")
    is_pinned = template_id is not None or slug is not None
    if is_pinned:
        template = templates().pinned(key["workspace"], key["livemode"], template_id=template_id, slug=slug)
    else:
        template = templates().default(key["workspace"], key["livemode"])
    if template is None:
        return _example(request, "not_found" if is_pinned else "template_required")
    facts: dict[str, Any] = {**key, "template" if is_pinned else "default_template": template.snapshot}
    for name in _ASKED if asked else ():
        if name in asked:
            facts[name] = asked[name]
    if len(template.accepted_documents) == 1:
        facts["document"] = template.accepted_documents[0]
    return await sessions.answer(await sessions.create(facts, owner=_owner(request)), "createSession", 201)


async def _cancel(request: Request, sessions: Sessions) -> Reply:
    session = _visible(request, await sessions.get(request.path["id"], poll=False))
    if session is None:
        return _example(request, "not_found")
    try:
        session = await sessions.transition(session, "canceled", "canceled", owner=_owner(request))
    except IllegalTransition:
        return _example(request, "verification_not_cancelable")
    return await sessions.answer(session, "cancelSession")


def _visible(request: Request, session: Session | None) -> Session | None:
    return session if session is not None and _is_visible(request, session) else None


def _is_visible(request: Request, session: Session) -> bool:
    """Whether the key may see a session: of its own workspace and mode only (assumed)."""
    facts, key = session.facts, request.credential.facts
    return bool(facts.get("workspace", "specimen") == key["workspace"] and facts.get("livemode", False) == key["livemode"])


def _owner(request: Request) -> str:
    """The account whose lists show what the key makes: a workspace in one mode."""
    key = request.credential.facts
    return f"{key['workspace']} {'live' if key['livemode'] else 'test'}"


def _example(request: Request, name: str, fields: list[dict[str, str]] | None = None) -> Reply:
    changes: dict[str, Any] = {"/error/request_id": request_id(request)}
    if fields is not None:
        changes["/error/fields"] = fields
    return request.example(name, changes)


def _fields(problem: Problem) -> list[dict[str, str]] | None:
    """The request's invalid fields, in an assumed form; None where the problem is not with a field."""
    if REFUSALS[problem.kind] != "validation_error":
        return None
    found = problem.errors or (SchemaError("", problem.kind, problem.detail),)
    return [
        {
            "location": problem.location,
            "field": ".".join(part for part in error.pointer.split("/") if part),
            "message": error.message,
        }
        for error in found
    ]
