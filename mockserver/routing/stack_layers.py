"""What a vendor on stock Connexion needs between Connexion's own layers: context, body, preferences, handlers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from specimen.mockserver.errors import InvalidPreference
from specimen.mockserver.http import request_body
from specimen.mockserver.http.messages import Problem, Reply
from specimen.mockserver.http.request_body import Disconnected, RequestRejected
from specimen.mockserver.http.responses import PROBLEM_TYPE, problem_reply, send_problem, send_reply
from specimen.mockserver.preferences import prefer_header, preferences
from specimen.mockserver.preferences.preferences import NO_PREFERENCE, Preference
from specimen.mockserver.provider_api import NO_CREDENTIAL, Behaviour, Request
from specimen.mockserver.routing.endpoint import NO_OPERATION, Endpoint, unrouted
from specimen.mockserver.routing.request_context import REQUEST_CONTEXT, RequestContext, log_exchange
from specimen.specs import Provider
from specimen.specs.core.multipart import FORM_TYPE

EXCHANGE = "specimen.exchange"
ContextOf = Callable[[Scope], Awaitable["RequestContext | str"]]


@dataclass(slots=True)
class Exchange:
    """A request on its way through the layers; all copies of its ASGI scope share it. `endpoint` is known once it is routed."""

    stack: Stack
    context: RequestContext
    request: Request
    endpoint: Endpoint | None = None
    preference: Preference = NO_PREFERENCE


class Stack:
    """A provider's operations, for layers that are not the mock's own."""

    def __init__(self, provider: Provider, behaviour: Behaviour, endpoints: Mapping[str, Endpoint]) -> None:
        self.provider = provider
        self.behaviour = behaviour
        self.endpoints = endpoints

    async def answer(self, exchange: Exchange, endpoint: Endpoint, path: Mapping[str, str], query: Mapping[str, Any]) -> Response:
        """The handler's answer, given the parameters of a request that is valid.

        Raises:
            RequestRejected: its body cannot be read, or its caller is unknown.
        """
        request = exchange.request
        if request.credential is NO_CREDENTIAL:  # an operation without security
            request.credential = endpoint.authenticated(request)
        request.path, request.query = dict(path), dict(query)
        content_type = request.headers.get("content-type", "")
        if content_type.partition(";")[0].strip().lower() == FORM_TYPE:
            request.form = request_body.parse_multipart(request.raw, content_type)
        elif request.raw and endpoint.operation.bodies:
            request.body = request_body.parse_json(request.raw, most_depth=endpoint.settings.json_depth)
        reply, sessions = await endpoint.handled(request, exchange.context, exchange.preference)
        return _Answer(self.finished(exchange, reply), exchange.context, endpoint.applied(exchange.preference, sessions))

    def finished(self, exchange: Exchange, reply: Reply) -> Reply:
        """The answer with what all of the vendor's answers carry, noted in the request log."""
        is_vendors = reply.content_type != PROBLEM_TYPE
        if exchange.endpoint is not None and self.behaviour.finish is not None and is_vendors:
            reply = self.behaviour.finish(reply, exchange.request)
        request = exchange.request
        operation_id = None if exchange.endpoint is None else request.operation.id
        log_exchange(exchange.context, self.provider.name, operation_id, request, reply, request.scope)
        return reply

    def refused(self, exchange: Exchange, problem: Problem) -> Reply:
        """The vendor's answer to a request that is refused."""
        if exchange.endpoint is None:
            return self.finished(exchange, unrouted(self.provider, self.behaviour, problem, exchange.request))
        return self.finished(exchange, exchange.endpoint.refusal(problem, exchange.request))


class _Answer(Response):
    """A reply in the form of a Starlette response."""

    def __init__(self, reply: Reply, context: RequestContext, applied: list[str]) -> None:
        super().__init__(status_code=reply.status)
        self._reply, self._context, self._applied = reply, context, applied

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_head = scope["method"] == "HEAD"
        await send_reply(send, self._reply, self._context.extra, self._applied, is_head=is_head, receive=receive)


class ContextLayer:
    """Finds namespace, clock and origin of a request to the vendor's paths. Stands before all others."""

    def __init__(self, app: ASGIApp, *, stack: Stack, context_of: ContextOf, base_path: str) -> None:
        self._app, self._stack, self._context_of, self._base_path = app, stack, context_of, base_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands the request on with its context; one that names no namespace is answered."""
        if scope["type"] == "http" and _local_path(scope).startswith(self._base_path + "/"):
            context = await self._context_of(scope)
            if isinstance(context, str):
                await send_problem(send, 400, context)
                return
            now = context.namespace.clock.now()
            request = Request(NO_OPERATION, scope, now=now, origin=context.origin, namespace=context.namespace.name)
            request.headers = context.headers
            scope[REQUEST_CONTEXT], scope[EXCHANGE] = context, Exchange(self._stack, context, request)
            scope["extensions"] = dict(scope.get("extensions") or {})  # Connexion keeps the matched route there
        await self._app(scope, receive, send)


def _local_path(scope: Scope) -> str:
    """The path below where the application is mounted; of one that ends with a newline Starlette cuts off a letter too much."""
    path: str = scope["path"]
    return "/" + path.removeprefix(scope.get("root_path", "")).lstrip("/")


class BodyLayer:
    """Reads the body of a routed request within the mock's limits, and hands it on whole. Stands before security."""

    def __init__(self, app: ASGIApp, *, operation_id_of: Callable[[Scope], str | None]) -> None:
        self._app, self._operation_id_of = app, operation_id_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands the request on with its endpoint and its body; one whose body is too large, or late, is answered."""
        exchange: Exchange | None = scope.get(EXCHANGE)
        endpoint = None if exchange is None else exchange.stack.endpoints.get(self._operation_id_of(scope) or "")
        if exchange is None or endpoint is None:
            await self._app(scope, receive, send)
            return
        request, context = exchange.request, exchange.context
        exchange.endpoint, request.operation, request.scope = endpoint, endpoint.operation, scope
        most, seconds = endpoint.most_bytes, endpoint.settings.body_seconds
        try:
            raw = request_body.read_available(context.headers, receive, most)
            if not isinstance(raw, bytes):
                raw = await request_body.read_remaining(raw, receive, most_bytes=most, seconds=seconds)
        except RequestRejected as refused:
            reply = exchange.stack.refused(exchange, refused.problem)
            await send_reply(send, reply, context.extra, receive=receive, is_unread=refused.is_unread)
            return
        except Disconnected:
            return
        request.raw = raw
        if raw:  # Connexion reads no body without a length
            length = (b"content-length", str(len(raw)).encode())
            scope["headers"] = [*(pair for pair in scope["headers"] if pair[0] != length[0]), length]
        await self._app(scope, _replayed(raw, receive), send)


def _replayed(raw: bytes, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": raw, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay


class PreferenceLayer:
    """Reads the `Prefer` header once the caller is known, as the mock does. Stands before validation."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands the request on with its preference, after the preferred delay; a preferred example is the answer."""
        exchange: Exchange | None = scope.get(EXCHANGE)
        endpoint = None if exchange is None else exchange.endpoint
        if exchange is None or endpoint is None or "prefer" not in exchange.context.headers:
            await self._app(scope, receive, send)
            return
        request, context, stack = exchange.request, exchange.context, exchange.stack
        asked = prefer_header.parse(context.headers["prefer"])
        try:
            exchange.preference = preferences.from_prefer(asked, stack.provider, endpoint.operation)
        except InvalidPreference as error:
            reply = problem_reply(400, str(error), {"wish": error.name, "possible": list(error.possible)})
            problem = Problem("invalid_preference", str(error))
            log_exchange(context, stack.provider.name, endpoint.operation.id, request, reply, scope, problem)
            await send_reply(send, reply, context.extra)
            return
        if exchange.preference.delay_seconds:
            await asyncio.sleep(exchange.preference.delay_seconds)
        if exchange.preference.example is None:
            await self._app(scope, receive, send)
            return
        reply = stack.finished(exchange, request.example(exchange.preference.example))
        applied = endpoint.applied(exchange.preference, None)
        await send_reply(send, reply, context.extra, applied, is_head=scope["method"] == "HEAD")
