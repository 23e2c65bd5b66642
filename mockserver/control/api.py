"""Routes, checks and answers the calls of the control API by its own OpenAPI document."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from starlette.types import Receive, Scope, Send

from specimen.fixtures.recipes.recipe import DEFAULT_NAMESPACE
from specimen.mockserver.control.call import API, Call, Handler
from specimen.mockserver.control.handlers import HANDLERS
from specimen.mockserver.control.handlers.sessions import refused
from specimen.mockserver.control.problems import ControlProblem, rejected
from specimen.mockserver.control.security import Security
from specimen.mockserver.control.server import Server
from specimen.mockserver.control.shared_log import LogReader
from specimen.mockserver.errors import SettingError, SpecimenError, did_you_mean
from specimen.mockserver.http import request_body
from specimen.mockserver.http.dates import date_header
from specimen.mockserver.http.messages import Reply
from specimen.mockserver.http.request_body import Disconnected, RequestRejected
from specimen.mockserver.http.responses import send_reply
from specimen.mockserver.routing.pages import api_docs
from specimen.mockserver.routing.pages.api_docs import ApiDocs
from specimen.mockserver.routing.request_validation import RequestValidator
from specimen.mockserver.routing.store_problems import UNAVAILABLE, too_much
from specimen.mockserver.sessions.namespaces import is_namespace_name
from specimen.mockserver.sessions.store import NamespaceChanged, Space, StoreFull, StoreUnavailable
from specimen.specs import Operation
from specimen.specs.loading.openapi import Document, read_document
from specimen.specs.loading.schemas import Schemas

DOCUMENT_FILE = Path(__file__).with_name("openapi.yaml")
_MOST_BODY_BYTES = 64 * 1024 * 1024
_TRIES = 5
_ANY = "any"


@dataclass(frozen=True, slots=True)
class _Route:
    """An operation with the parts of its path and what checks its requests."""

    operation: Operation
    parts: tuple[str, ...]
    validator: RequestValidator


class _Answered(NamedTuple):
    """An answer, and whether a part of the request was left unread."""

    reply: Reply
    is_unread: bool = False


class ControlApi:
    """The control API of a server; `token` is None where its callers need none."""

    def __init__(self, server: Server, token: str | None) -> None:
        self._server = server
        self.security = Security(server.settings, token)
        providers = {name: server.mounted[name].provider for name in server.mounted}
        self.log = LogReader(server.store, server.namespaces.request_log, providers)

    @cached_property
    def document(self) -> Document:
        """The API's own document."""
        return read_document(DOCUMENT_FILE)

    @cached_property
    def _forms(self) -> dict[str, str]:
        """What the document says of its texts, by their patterns."""
        components = self.document.raw["components"]
        found = [*components["schemas"].values(), *(one["schema"] for one in components["parameters"].values())]
        return {one["pattern"]: one["description"] for one in found if "pattern" in one and "description" in one}

    @cached_property
    def _docs(self) -> ApiDocs:
        return ApiDocs("Specimen control API", lambda: self.document.raw, {})

    @cached_property
    def _routes(self) -> tuple[_Route, ...]:
        schemas = Schemas(self.document)
        return tuple(
            _Route(operation, tuple(operation.path.split("/")[1:]), RequestValidator(schemas, operation))
            for operation in self.document.operations.values()
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send, headers: Mapping[str, str], origin: str) -> None:
        """Answers one call; `headers` have lower-case names."""
        method, path = scope["method"], _path(scope).removeprefix(API)
        if method in ("GET", "HEAD"):
            prefix = urlsplit(origin).path + API
            server, user_agent = (origin + API if self._server.is_on_a_port else prefix), headers.get("user-agent", "")
            page = api_docs.answer(self._docs, prefix, path, server, scope["query_string"], user_agent)
            if page is not None:
                name, value = date_header(self._server.namespaces.clock.now())
                page.headers[name.decode()] = value.decode()
                await page(scope, receive, send)
                return
        try:
            answered = await self._answered(scope, receive, headers, origin, method, path)
        except Disconnected:
            return
        is_head = method == "HEAD"
        # After what was done: who sets a clock sees it at once.
        named = headers.get("specimen-namespace", DEFAULT_NAMESPACE)
        namespace = self._server.namespaces.known(named if is_namespace_name(named) else DEFAULT_NAMESPACE)
        dated = (date_header(namespace.clock.now()),)
        await send_reply(send, answered.reply, dated, is_head=is_head, receive=receive, is_unread=answered.is_unread)

    async def _answered(
        self, scope: Scope, receive: Receive, headers: Mapping[str, str], origin: str, method: str, path: str
    ) -> _Answered:
        async def asked() -> Reply:
            self.security.check_caller(headers)
            route, values = self._routed(method, path)
            self.security.check_change(method, headers)
            query = self._checked(route, values, scope["query_string"], headers)
            body = await self._body(route, receive, headers)
            name = headers.get("specimen-namespace", DEFAULT_NAMESPACE)
            return await self._done(HANDLERS[route.operation.id], name, origin, headers, values, query, body)

        try:
            return _Answered(await self._mended(asked))
        except RequestRejected as error:
            return _Answered(rejected(error.problem, self._forms).reply(), error.is_unread)

    async def run(self, handler: Handler, name: str, origin: str, query: Mapping[str, Any]) -> Reply:
        """Answers with a function like those of the API, without HTTP, in the namespace of that name."""
        return await self._mended(lambda: self._done(handler, name, origin, {"host": urlsplit(origin).netloc}, {}, query, None))

    async def operate(self, operation_id: str, name: str, origin: str, path: Mapping[str, str], body: Any = None) -> Reply:
        """Answers one of the document's operations, without HTTP: the path's values and the body are checked by the document."""

        async def asked() -> Reply:
            route = next(route for route in self._routes if route.operation.id == operation_id)
            route.validator.path(dict(path))
            if body is not None:
                media = route.validator.media("application/json", b"{}")
                if media is not None:
                    route.validator.json_body(media, body)
            host = {"host": urlsplit(origin).netloc}
            query = route.validator.query(b"")
            return await self._done(HANDLERS[operation_id], name, origin, host, path, query, body)

        try:
            return await self._mended(asked)
        except RequestRejected as error:
            return rejected(error.problem, self._forms).reply()

    async def _done(
        self,
        handler: Handler,
        name: str,
        origin: str,
        headers: Mapping[str, str],
        path: Mapping[str, str],
        query: Mapping[str, Any],
        body: Any,
    ) -> Reply:
        """What a handler answers in a namespace."""
        for _ in range(_TRIES):
            with contextlib.suppress(NamespaceChanged):  # by another process: begin anew
                namespace = await self._server.namespaces.get(name)
                await self._server.store.value(Space(name, ""), _ANY, 0)  # says whether that is still so
                return await handler(Call(self._server, self.log, namespace, origin, headers, path, query, body))
        raise StoreUnavailable(UNAVAILABLE)

    @staticmethod
    async def _mended(asked: Callable[[], Awaitable[Reply]]) -> Reply:
        """An answer, or the one to what went wrong."""
        try:
            return await asked()
        except ControlProblem as problem:
            return problem.reply()
        except StoreFull as error:
            return too_much(error)
        except StoreUnavailable:
            return ControlProblem(503, UNAVAILABLE, headers={"Retry-After": "1"}).reply()
        except SpecimenError as error:
            known = refused(error)
            if known is None and not isinstance(error, SettingError):
                raise
            return (known or ControlProblem(400, str(error))).reply()

    def _routed(self, method: str, path: str) -> tuple[_Route, dict[str, str]]:
        parts = path.split("/")[1:]
        allowed: list[str] = []
        for route in self._routes:
            values = _matched(route.parts, parts)
            if values is None:
                continue
            if route.operation.method == method.lower() or (route.operation.method == "get" and method == "HEAD"):
                return route, values
            allowed.append(route.operation.method.upper())
        if allowed:
            raise ControlProblem(405, f"this path takes {', '.join(allowed)}.", headers={"Allow": ", ".join(allowed)})
        raise ControlProblem(404, f"the control API has no such path; {API}/openapi.yaml has them all.")

    @staticmethod
    def _checked(route: _Route, values: dict[str, str], query: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        route.validator.path(values)
        names = [one.name for one in route.operation.parameters if one.location == "query"]
        given = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        unknown = next((name for name, _ in given if name not in names), None)
        if unknown is not None:  # a list would be answered without that filter
            raise ControlProblem(400, f"{unknown[:100]}: there is no such parameter. {did_you_mean(unknown[:100], names)}")
        found = route.validator.query(query)
        route.validator.headers(headers)
        return found

    async def _body(self, route: _Route, receive: Receive, headers: Mapping[str, str]) -> Any:
        if not route.operation.bodies:
            return None
        settings = self._server.settings
        raw = request_body.read_available(dict(headers), receive, _MOST_BODY_BYTES)
        if not isinstance(raw, bytes):
            raw = await request_body.read_remaining(raw, receive, most_bytes=_MOST_BODY_BYTES, seconds=settings.body_seconds)
        if not raw:
            raise ControlProblem(400, "expected a JSON body.")
        media = route.validator.media(headers.get("content-type"), raw)
        body = request_body.parse_json(raw, most_depth=settings.json_depth)
        if media is not None:
            route.validator.json_body(media, body)
        return body


def _path(scope: Scope) -> str:
    """The path as it was sent: an encoded slash is a part of its segment (RFC 3986, section 2.2)."""
    raw: bytes = scope.get("raw_path") or b""
    sent = raw.decode("latin-1") if raw else quote(scope["path"])
    start = sent.find(API)  # below the prefix of --root-path, where a proxy keeps it
    return sent[start:] if start > 0 and scope["path"].startswith(API) else sent


def _matched(template: tuple[str, ...], parts: list[str]) -> dict[str, str] | None:
    """The values of a path's parameters; None where the path is another one."""
    if len(template) != len(parts):
        return None
    values = {}
    for name, part in zip(template, parts, strict=True):
        if name.startswith("{"):
            if not part:
                return None
            values[name[1:-1]] = unquote(part)
        elif name != part:
            return None
    return values
