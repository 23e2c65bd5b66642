"""One operation on its way from the request to the answer."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any, cast

from starlette.types import Receive, Scope, Send

from specimen.mockserver.errors import InvalidPreference
from specimen.mockserver.http import request_body
from specimen.mockserver.http.messages import CONTENT_ENCODING, Problem
from specimen.mockserver.http.request_body import Begun, Disconnected, RequestRejected
from specimen.mockserver.http.responses import PROBLEM_TYPE, problem_reply, send_reply
from specimen.mockserver.preferences import prefer_header, preferences
from specimen.mockserver.preferences.faults.magic import names_fault
from specimen.mockserver.preferences.preferences import NO_PREFERENCE, Preference
from specimen.mockserver.provider_api import Behaviour, Credential, Credentials, Handler, Reply, Request
from specimen.mockserver.routing.request_context import PERSON, PREFERENCE, REQUEST_CONTEXT, RequestContext, log_exchange
from specimen.mockserver.routing.request_validation import RequestValidator
from specimen.mockserver.routing.store_problems import begun, too_much, unavailable
from specimen.mockserver.routing.vendor_errors import with_message
from specimen.mockserver.sessions.service import Sessions
from specimen.mockserver.sessions.shared_state import SharedState
from specimen.mockserver.sessions.store import NamespaceChanged, StoreFull, StoreUnavailable
from specimen.mockserver.settings import Settings
from specimen.specs import Operation, Provider
from specimen.specs.core.multipart import FORM_TYPE
from specimen.specs.loading.openapi import COMPONENT_RESPONSES

# The operation for which a request without one is rendered.
NO_OPERATION = Operation("", "", "", (), (), False, {}, (), "A", "", is_safe=True)
_OF_THE_STORE = (NamespaceChanged, StoreFull, StoreUnavailable)
# A request begins so often anew at most where others change or end its namespace all the time.
MOST_ANEW = 100
# Valid bodies remembered per operation, and the size of the largest.
_MOST_VALID = 1024
_MOST_VALID_BYTES = 2048


class FaultsChanged(Exception):
    """The namespace has other faults than those by which a request is served; `raw` is its body."""

    def __init__(self, raw: bytes) -> None:
        super().__init__("the faults changed")
        self.raw = raw


class Endpoint:
    """An operation with everything compiled: credentials, validators, handler."""

    def __init__(self, provider: Provider, operation: Operation, behaviour: Behaviour, shared_state: SharedState) -> None:
        self.operation = operation
        self.provider = provider
        self.behaviour = behaviour
        self.shared_state = shared_state
        self.store = shared_state.store
        self.is_read = any(read.operation == operation.id for read in provider.lifecycle.reads)
        self.settings: Settings = shared_state.settings
        self.credentials = Credentials(provider)
        self._validator = RequestValidator(provider.schemas, operation)
        self.handler = _awaited(behaviour.handlers[operation.id])
        self._has_body = bool(operation.bodies)
        # Bodies that were found valid, by their bytes and content type: a client that polls sends the same one again and again.
        self._valid_bodies: dict[tuple[bytes, str | None], dict[str, Any]] = {}
        self._has_parameters = bool(operation.parameters)
        self.takes_multipart = any(media.content_type == FORM_TYPE for media in operation.bodies)
        self.most_bytes = self.settings.multipart_bytes if self.takes_multipart else self.settings.json_bytes
        magic = provider.lifecycle.magic
        self.is_create = provider.lifecycle.create.operation == operation.id
        self._magic = magic.pointer.split("/")[1:] if magic is not None and self.is_create else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send, raw: bytes | Begun | None = None) -> None:
        """Answers the request; whatever it brings, the answer is one that the document lists. `raw` is a body that was read."""
        visit: RequestContext = scope[REQUEST_CONTEXT]
        now = visit.namespace.clock.now() if visit.seen_at is None else visit.seen_at
        request = Request(self.operation, scope, now=now, origin=visit.origin, namespace=visit.namespace.name)
        request.headers = visit.headers
        preference, sessions, is_unread = NO_PREFERENCE, None, False
        problem: Problem | None = None
        try:
            if "content-length" in visit.headers or "transfer-encoding" in visit.headers:
                if raw is None:
                    raw = request_body.read_available(visit.headers, receive, self.most_bytes)
                if not isinstance(raw, bytes):
                    raw = await request_body.read_remaining(
                        raw, receive, most_bytes=self.most_bytes, seconds=self.settings.body_seconds
                    )
                request.raw = raw
            request.credential = self.authenticated(request)
            if "prefer" in visit.headers or b"__" in scope["query_string"]:
                preference = self._preferred(visit, scope)
                if preference.delay_seconds and visit.preview is None:
                    await asyncio.sleep(preference.delay_seconds)
            elif PREFERENCE in scope:
                preference = scope[PREFERENCE]
            if preference.example is not None:
                reply = request.example(preference.example)
            else:
                if self._has_parameters:
                    self.validate_parameters(request, scope)
                if self._has_body and not self.is_known(request):
                    await self._validate_body(request)
                try:
                    sessions = self._sessions(request, visit, preference)
                    reply = await self.handler(request, sessions)
                    reply = reply if reply.stream is None else await begun(reply, request)
                except _OF_THE_STORE as error:
                    reply, sessions = await self._recovered(error, request, visit, preference)
        except RequestRejected as refused:
            problem = refused.problem
            reply = self.refusal(problem, request)
            is_unread = refused.is_unread
        except InvalidPreference as error:
            await self.send_invalid_preference(visit, error, scope, send)
            return
        except Disconnected:
            return
        applied = () if preference is NO_PREFERENCE else self.applied(preference, sessions)
        await self.send(
            visit, request, reply, scope, send, problem=problem, applied=applied, receive=receive, is_unread=is_unread
        )

    def _preferred(self, visit: RequestContext, scope: Scope) -> Preference:
        asked = prefer_header.parse(visit.headers.get("prefer", "")) | prefer_header.from_query(scope["query_string"])
        found = preferences.from_prefer(asked, self.provider, self.operation)
        return replace(found, facts={**found.facts, **scope[PERSON]}) if PERSON in scope else found

    async def send(
        self,
        visit: RequestContext,
        request: Request,
        reply: Reply,
        scope: Scope,
        send: Send,
        *,
        problem: Problem | None = None,
        applied: Iterable[str] = (),
        receive: Receive | None = None,
        is_unread: bool = False,
    ) -> None:
        """Sends a reply with what all of the vendor's answers carry, and notes it in the request log."""
        if self.behaviour.finish is not None and reply.content_type != PROBLEM_TYPE:
            reply = self.behaviour.finish(reply, request)
        if visit.preview is not None:
            visit.preview.append(reply)
            return
        if visit.made is not None:
            await visit.made(reply)
        log_exchange(visit, self.provider.name, self.operation.id, request, reply, scope, problem)
        is_head = scope["method"] == "HEAD"
        await send_reply(send, reply, visit.extra, applied, is_head=is_head, receive=receive, is_unread=is_unread)

    def log(self, visit: RequestContext, request: Request, reply: Reply, scope: Scope, problem: Problem | None = None) -> None:
        """Notes an exchange in the request log; a status of 0 is no answer at all."""
        log_exchange(visit, self.provider.name, self.operation.id, request, reply, scope, problem)

    async def send_invalid_preference(self, visit: RequestContext, error: InvalidPreference, scope: Scope, send: Send) -> None:
        """Says of a preference that it is not possible, and what is."""
        if visit.preview is not None:
            return
        now = visit.namespace.clock.now()
        request = Request(self.operation, scope, now=now, origin=visit.origin, namespace=visit.namespace.name)
        request.headers = visit.headers
        reply = problem_reply(400, str(error), {"wish": error.name, "possible": list(error.possible)})
        self.log(visit, request, reply, scope, Problem("invalid_preference", str(error)))
        await send_reply(send, reply, visit.extra)

    async def handled(self, request: Request, visit: RequestContext, preference: Preference) -> tuple[Reply, Sessions | None]:
        """The handler's answer, or the one that the store is full or does not answer, with the sessions as they were seen."""
        try:
            sessions = self._sessions(request, visit, preference)
            return await begun(await self.handler(request, sessions), request), sessions
        except _OF_THE_STORE as error:
            return await self._recovered(error, request, visit, preference)

    async def _recovered(
        self, error: Exception, request: Request, visit: RequestContext, preference: Preference
    ) -> tuple[Reply, Sessions | None]:
        """Runs a request anew where another process changed its namespace; else answers what the store said."""
        for _ in range(MOST_ANEW):
            if not isinstance(error, NamespaceChanged):
                break
            try:
                visit.namespace = await self.shared_state.namespaces.get(visit.namespace.name)
                if visit.faults_seen is not None and visit.namespace.faults != visit.faults_seen:
                    raise FaultsChanged(request.raw)
                request.now = visit.namespace.clock.now() if visit.seen_at is None else visit.seen_at
                sessions = self._sessions(request, visit, preference)
                return await begun(await self.handler(request, sessions), request), sessions
            except _OF_THE_STORE as another:
                error = another
        return (too_much(error) if isinstance(error, StoreFull) else unavailable(error, self.provider, request)), None

    def _sessions(self, request: Request, visit: RequestContext, preference: Preference) -> Sessions:
        """The sessions as the handler of a request sees them; raises what the store said instead of its namespace."""
        if visit.refused is not None:
            raise visit.refused
        sessions = Sessions(self.shared_state, visit.namespace, visit.origin, request.now, preference)
        sessions.counts_reads = request.scope["method"] != "HEAD"
        sessions.keeps_reads = visit.preview is None
        self.take_magic(request, sessions)
        return sessions

    def take_magic(self, request: Request, sessions: Sessions) -> None:
        """Tells the sessions the value of the vendor's free field in a create request."""
        if self._magic is not None:
            sessions.magic_value = self._magic_value(request)

    def names_fault(self, raw: bytes) -> bool:
        """Whether the body of a create request has the form of a magic value that asks for a fault."""
        return self._magic is not None and names_fault(raw, self.provider)

    def has_valid_headers(self, request: Request) -> bool:
        """Whether the headers that the operation documents are valid."""
        try:
            self._validator.headers(request.headers)
        except RequestRejected:
            return False
        return True

    def authenticated(self, request: Request) -> Credential:
        """Who asks.

        Raises:
            RequestRejected: nobody whom the vendor knows.
        """
        found = self.behaviour.authenticate(request, self.credentials)
        if isinstance(found, Problem):
            raise RequestRejected(found)
        return found

    @staticmethod
    def applied(preference: Preference, sessions: Sessions | None) -> list[str]:
        """The preferences that were honoured, as they were written."""
        honoured = {"delay", "example", "code"} if sessions is None else {"delay", *sessions.honoured}
        return [text for name, text in preference.as_written.items() if name in honoured]

    def validate_parameters(self, request: Request, scope: Scope) -> None:
        """Takes the parameters of the path, the query and the headers over.

        Raises:
            RequestRejected: one is missing or breaks its schema.
        """
        request.path = scope.get("path_params") or {}
        self._validator.path(request.path)
        request.query = self._validator.query(scope["query_string"])
        self._validator.headers(request.headers)

    def is_known(self, request: Request) -> bool:
        """Takes a body over that was found valid before."""
        known = self._valid_bodies.get((request.raw, request.headers.get("content-type")))
        if known is None or "content-encoding" in request.headers:
            return False
        request.body = known.copy()
        return True

    async def _validate_body(self, request: Request) -> None:
        validator = self._validator
        validator.check_encoding(request.headers.get("content-encoding"), request.raw)
        media = validator.media(request.headers.get("content-type"), request.raw)
        if media is None or (not request.raw and not self.takes_multipart):
            if self.operation.body_required:
                raise RequestRejected(Problem("body_required", "a body is required", "body"))
        elif media.content_type == FORM_TYPE:
            request.form = request_body.parse_multipart(request.raw, request.headers.get("content-type", ""))
            validator.form_body(media, request.form)
        else:
            if request.body is None:
                request.body = request_body.parse_json(request.raw, most_depth=self.settings.json_depth)
            validator.json_body(media, request.body)
            if type(request.body) is dict and len(request.raw) <= _MOST_VALID_BYTES:
                if len(self._valid_bodies) >= _MOST_VALID:
                    self._valid_bodies.pop(next(iter(self._valid_bodies)))
                self._valid_bodies[request.raw, request.headers.get("content-type")] = request.body.copy()

    def _magic_value(self, request: Request) -> Any:
        node: Any = request.body
        if request.form:
            node = {part.name: part.text for part in request.form if part.filename is None} or node
        for part in self._magic or ():
            if type(node) is not dict:  # a body is plain JSON
                return None
            node = node.get(part)
        return node

    def refusal(self, problem: Problem, request: Request) -> Reply:
        """The vendor's answer to a request that is refused."""
        reply = self._refusal(problem, request)
        if problem.location == CONTENT_ENCODING:  # the document's words are of the content type
            reply.body = with_message(reply.body, problem.detail)
            reply.headers = {**reply.headers, "Accept-Encoding": "identity"}  # RFC 9110, section 12.5.3
        return reply

    def _refusal(self, problem: Problem, request: Request) -> Reply:
        reply = self.behaviour.render_error(problem, request)
        if reply is not None:
            return reply
        if problem.kind == "failing_credential" and problem.credential is not None and problem.credential.fails:
            return request.example(problem.credential.fails)
        if problem.kind in COMPONENT_RESPONSES:
            found = self.provider.document.component(problem.kind)
            if found is not None:
                return Reply(found[0], found[2], content_type=found[1])
        status = {"unauthenticated": 401, "unknown_credential": 401}.get(problem.kind, 400)
        return next(
            (request.example(name) for name, code in self.operation.examples() if code == status),
            Reply(status, {"error": problem.detail}),
        )


def _awaited(handler: Handler) -> Callable[[Request, Sessions], Awaitable[Reply]]:
    """The handler as a coroutine function; one that asks nothing of its sessions may be a plain function."""
    if inspect.iscoroutinefunction(handler):
        return handler

    async def answer(request: Request, sessions: Sessions) -> Reply:
        return cast("Reply", handler(request, sessions))

    return answer


def unrouted(provider: Provider, behaviour: Behaviour, problem: Problem, request: Request) -> Reply:
    """The answer to a request that no operation takes."""
    reply = behaviour.render_error(problem, request)
    if reply is None:
        found = provider.document.component(problem.kind)
        if found is None:
            reply = Reply(COMPONENT_RESPONSES[problem.kind][1], {"error": problem.detail})
        else:
            reply = Reply(found[0], found[2], content_type=found[1])
    if behaviour.finish is not None:
        reply = behaviour.finish(reply, request)
    if problem.allow:
        reply.headers = {**reply.headers, "Allow": ", ".join(problem.allow)}
    return reply
