"""One operation on its way from the request to the answer."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.types import Receive, Scope, Send

from specimen.mockserver.errors import InvalidPreference
from specimen.mockserver.http import request_body
from specimen.mockserver.http.messages import Problem
from specimen.mockserver.http.request_body import Disconnected, RequestRejected
from specimen.mockserver.http.responses import Extra, send_problem, send_reply
from specimen.mockserver.preferences import prefer_header, preferences
from specimen.mockserver.preferences.preferences import NO_PREFERENCE, Preference
from specimen.mockserver.provider_api import Behaviour, Credential, Credentials, Reply, Request
from specimen.mockserver.routing.request_validation import RequestValidator
from specimen.mockserver.sessions.clock import Clock
from specimen.mockserver.sessions.request_log import RequestLog
from specimen.mockserver.sessions.service import Sessions
from specimen.mockserver.sessions.shared_state import SharedState
from specimen.mockserver.settings import Settings
from specimen.specs import Operation, Provider
from specimen.specs.core.multipart import FORM_TYPE
from specimen.specs.loading.openapi import COMPONENT_RESPONSES

REQUEST_CONTEXT = "specimen"
# The operation for which a request without one is rendered.
NO_OPERATION = Operation("", "", "", (), (), False, {}, (), "A", "", is_safe=True)
# Valid bodies remembered per operation, and the size of the largest.
_MOST_VALID = 1024
_MOST_VALID_BYTES = 2048


@dataclass(slots=True)
class RequestContext:
    """What the application knows of a request before an operation takes it; kept in the ASGI scope."""

    namespace: str
    clock: Clock
    request_log: RequestLog
    origin: str
    path: str
    headers: dict[str, str]
    extra: Extra = ()


class Endpoint:
    """An operation with everything compiled: credentials, validators, handler."""

    def __init__(self, provider: Provider, operation: Operation, behaviour: Behaviour, shared_state: SharedState) -> None:
        self.operation = operation
        self.provider = provider
        self.behaviour = behaviour
        self._shared = shared_state
        self.settings: Settings = shared_state.settings
        self._credentials = Credentials(provider)
        self._validator = RequestValidator(provider, operation)
        self.handler: Any = behaviour.handlers[operation.id]
        self.is_async = inspect.iscoroutinefunction(self.handler)
        self._has_body = bool(operation.bodies)
        # Bodies that were found valid, by their bytes and content type: a client that polls sends the same one again and again.
        self._valid_bodies: dict[tuple[bytes, str | None], dict[str, Any]] = {}
        self._has_parameters = bool(operation.parameters)
        self.takes_multipart = any(media.content_type == FORM_TYPE for media in operation.bodies)
        self.most_bytes = self.settings.multipart_bytes if self.takes_multipart else self.settings.json_bytes
        magic = provider.lifecycle.magic
        is_create = magic is not None and provider.lifecycle.create.operation == operation.id
        self._magic = magic.pointer.split("/")[1:] if magic is not None and is_create else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers the request; whatever it brings, the answer is one that the document lists."""
        visit: RequestContext = scope[REQUEST_CONTEXT]
        now = visit.clock.now()
        request = Request(self.operation, scope, now=now, origin=visit.origin, namespace=visit.namespace)
        request.headers = visit.headers
        preference, sessions, is_unread = NO_PREFERENCE, None, False
        try:
            if "content-length" in visit.headers or "transfer-encoding" in visit.headers:
                raw = request_body.read_available(visit.headers, receive, self.most_bytes)
                if not isinstance(raw, bytes):
                    raw = await request_body.read_remaining(
                        raw, receive, most_bytes=self.most_bytes, seconds=self.settings.body_seconds
                    )
                request.raw = raw
            request.credential = self.authenticated(request)
            if "prefer" in visit.headers:
                preference = preferences.from_prefer(prefer_header.parse(visit.headers["prefer"]), self.provider, self.operation)
                if preference.delay_seconds:
                    await asyncio.sleep(preference.delay_seconds)
            if preference.example is not None:
                reply = request.example(preference.example)
            else:
                if self._has_parameters:
                    self._validate_parameters(request, scope)
                if self._has_body:
                    known = self._valid_bodies.get((request.raw, visit.headers.get("content-type")))
                    if known is not None:
                        request.body = known.copy()
                    else:
                        await self._validate_body(request)
                sessions = self.sessions(request, visit, preference)
                reply = self.handler(request, sessions)
                if self.is_async:
                    reply = await reply
        except RequestRejected as refused:
            reply = self.refusal(refused.problem, request)
            is_unread = refused.is_unread
        except InvalidPreference as error:
            visit.request_log.add(now, self.provider.name, scope["method"], self.operation.id, 400, None)
            await send_problem(send, 400, str(error), {"wish": error.name, "possible": list(error.possible)}, visit.extra)
            return
        except Disconnected:
            return
        if self.behaviour.finish is not None:
            reply = self.behaviour.finish(reply, request)
        shown = reply.session
        visit.request_log.add(now, self.provider.name, scope["method"], self.operation.id, reply.status, shown and shown[1])
        applied = () if preference is NO_PREFERENCE else self.applied(preference, sessions)
        is_head = scope["method"] == "HEAD"
        await send_reply(send, reply, visit.extra, applied, is_head=is_head, receive=receive, is_unread=is_unread)

    def sessions(self, request: Request, visit: RequestContext, preference: Preference) -> Sessions:
        """The sessions as the handler of a request sees them."""
        sessions = Sessions(self._shared, visit.clock, visit.namespace, visit.origin, request.now, preference)
        if request.scope["method"] == "HEAD":
            sessions.counts_reads = False
        if self._magic is not None:
            sessions.magic_value = self._magic_value(request)
        return sessions

    def authenticated(self, request: Request) -> Credential:
        """Who asks.

        Raises:
            RequestRejected: nobody whom the vendor knows.
        """
        found = self.behaviour.authenticate(request, self._credentials)
        if isinstance(found, Problem):
            raise RequestRejected(found)
        return found

    @staticmethod
    def applied(preference: Preference, sessions: Sessions | None) -> list[str]:
        """The preferences that were honoured, as they were written."""
        honoured = {"delay", "example", "code"} if sessions is None else {"delay", *sessions.honoured}
        return [text for name, text in preference.as_written.items() if name in honoured]

    def _validate_parameters(self, request: Request, scope: Scope) -> None:
        request.path = scope.get("path_params") or {}
        self._validator.path(request.path)
        request.query = self._validator.query(scope["query_string"])
        self._validator.headers(request.headers)

    async def _validate_body(self, request: Request) -> None:
        validator = self._validator
        media = validator.media(request.headers.get("content-type"), request.raw)
        if media is None or (not request.raw and not self.takes_multipart):
            if self.operation.body_required:
                raise RequestRejected(Problem("body_required", "a body is required", "body"))
        elif media.content_type == FORM_TYPE:
            request.form = request_body.parse_multipart(request.raw, request.headers["content-type"])
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
        node: Any = {part.name: part.text for part in request.form if part.filename is None} or request.body
        for part in self._magic or ():
            if not isinstance(node, Mapping):
                return None
            node = node.get(part)
        return node

    def refusal(self, problem: Problem, request: Request) -> Reply:
        """The vendor's answer to a request that is refused."""
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
