"""The composition root: settings in, one ASGI application out."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from starlette.types import Receive, Scope, Send

from specimen import specs
from specimen.fixtures import recipes
from specimen.fixtures.recipes.recipe import DEFAULT_NAMESPACE, NAMESPACE_PARAMETER
from specimen.mockserver.errors import SettingError, did_you_mean
from specimen.mockserver.http.messages import Problem, Reply
from specimen.mockserver.http.responses import Extra, send_problem, send_reply
from specimen.mockserver.pages import api_docs, hosted_pages
from specimen.mockserver.provider_api import Request, load_behaviour
from specimen.mockserver.routing import connexion_adapter
from specimen.mockserver.routing.endpoint import NO_OPERATION, REQUEST_CONTEXT, Endpoint, RequestContext, unrouted
from specimen.mockserver.sessions.clock import Clock
from specimen.mockserver.sessions.namespaces import NAME_RULE, Namespace, is_namespace_name
from specimen.mockserver.sessions.request_log import RequestLog
from specimen.mockserver.sessions.scenario_requests import VERSION as TABLE_VERSION
from specimen.mockserver.sessions.scenario_requests import ScenarioRequests
from specimen.mockserver.sessions.service import Sessions
from specimen.mockserver.sessions.shared_state import SharedState
from specimen.mockserver.sessions.store import Store
from specimen.mockserver.sessions.store.memory import MemoryStore
from specimen.mockserver.settings import Settings
from specimen.specs import Provider
from specimen.specs.core.version import product_version

if TYPE_CHECKING:
    from specimen.mockserver.routing import connexion_stack

logger = logging.getLogger("specimen")
NAMESPACE_HEADER = "specimen-namespace"
_NO_NAMESPACE = f"{NAMESPACE_HEADER}: {NAME_RULE}"
_NAMESPACE_QUERY = re.compile(rb"(?:^|&)" + NAMESPACE_PARAMETER.encode() + rb"=([^&]*)")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")
# Places remembered, and the characters of the longest one: a client that polls repeats it.
_MOST_PLACES, _LONGEST_PLACE = 1024, 256
_ANYBODY: Extra = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"*"),
)


class Mounted:
    """A provider as it is served."""

    def __init__(self, provider: Provider, store: Store, settings: Settings, start: int, clocks: Callable[[str], Clock]) -> None:
        self.provider = provider
        self.base_path = provider.document.base_path
        self.behaviour = load_behaviour(provider)
        self.shared_state = SharedState(provider, store, recipes.answers(provider), settings, start, clocks)
        self.table = ScenarioRequests(provider, self.shared_state.catalogue)
        self.endpoints = {
            operation.id: Endpoint(provider, operation, self.behaviour, self.shared_state)
            for operation in provider.document.operations.values()
        }
        self.routed = connexion_adapter.build(provider, self.endpoints, self.fallback)

    async def fallback(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answers what no operation takes: a wrong method or a wrong path, in the vendor's form."""
        visit: RequestContext = scope[REQUEST_CONTEXT]
        now = visit.clock.now()
        allow = scope.get(connexion_adapter.ALLOW, ())
        kind = "method_not_allowed" if allow else "route_not_found"
        detail = f"{scope['method']} {visit.path[:200]}"
        request = Request(NO_OPERATION, scope, now=now, origin=visit.origin, namespace=visit.namespace)
        request.headers = visit.headers
        reply = unrouted(self.provider, self.behaviour, Problem(kind, detail, allow=allow), request)
        visit.request_log.add(now, self.provider.name, scope["method"], None, reply.status, None)
        await send_reply(send, reply, visit.extra, is_head=scope["method"] == "HEAD")


class _Place(NamedTuple):
    """Where a path leads. `rest` is what follows `prefix`, `in_document` what of it the document's paths are compared with."""

    mounted: Mounted | None
    prefix: str
    rest: str
    origin: str
    is_hosted: bool
    may_be_page: bool
    in_document: str | None


class App:
    """All providers under their mounts, on one port."""

    def __init__(self, settings: Settings, providers: Iterable[Provider], store: Store | None = None) -> None:
        self.settings = settings
        self.clock = Clock(settings.now, frozen=settings.freeze)
        self.store = MemoryStore() if store is None else store
        start = self.clock.started_at
        self.mounted = {entry.name: Mounted(entry, self.store, settings, start, self._clock_of) for entry in providers}
        self._at_root = next(iter(self.mounted.values())) if len(self.mounted) == 1 else None
        self._namespaces: dict[str, Namespace] = {}
        self._places: dict[tuple[str, str, str], _Place] = {}

    def namespace(self, name: str) -> Namespace:
        """A namespace, made when first asked for."""
        found = self._namespaces.get(name)
        if found is None:
            clock = self.clock if name == DEFAULT_NAMESPACE else self.clock.fork()
            found = self._namespaces[name] = Namespace(clock, RequestLog(self.settings.request_log_entries))
        return found

    def _clock_of(self, namespace: str) -> Clock:
        return self.namespace(namespace).clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request, or the server's own start and stop."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            try:
                await self._serve(scope, receive, send)
            except Exception:
                # Nothing of the request is logged but its method: paths and bodies may hold ids and tokens.
                logger.exception("a %s request was not answered; this is a bug in Specimen", scope["method"])
                with contextlib.suppress(RuntimeError):  # an answer had begun: the server closes the connection
                    await send_problem(send, 500, "Specimen has a bug; its log says where.")
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1000})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        pairs = list(scope["headers"])
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}
        if len(headers) < len(pairs):
            headers = _joined(pairs)
        extra: Extra = ()
        if "origin" in headers and self.settings.is_loopback:
            extra = _ANYBODY
            if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
                await send_reply(send, Reply(204), _preflight(headers))
                return
        path: str = scope["path"]
        key = (path, headers.get("host", ""), scope.get("scheme", "http"))
        place = self._places.get(key) or self._place(*key)
        if place.mounted is None:
            await self._own(path, send, extra)
            return
        name = namespace_name(headers, scope["query_string"])
        if name is None:
            await send_problem(send, 400, _NO_NAMESPACE, extra=extra)
            return
        space = self.namespace(name)
        visit = scope[REQUEST_CONTEXT] = RequestContext(name, space.clock, space.request_log, place.origin, path, headers, extra)
        mounted = place.mounted
        if place.is_hosted:
            await self.hosted(mounted, place.rest, scope, send, visit)
        elif place.may_be_page and await self._page(mounted, place.prefix, place.rest, scope, receive, send):
            return
        elif place.in_document is None:
            await mounted.fallback(scope, receive, send)
        else:
            scope[connexion_adapter.PATH] = place.in_document
            await mounted.routed(scope, receive, send)

    def _place(self, path: str, host: str, scheme: str) -> _Place:
        first, slash, rest = path[1:].partition("/")
        mounted, prefix = self.mounted.get(first), f"/{first}"
        if mounted is None or not slash:
            mounted, prefix, rest = self._without_mount(host, path)
        else:
            rest = "/" + rest
        base = "" if mounted is None else mounted.base_path
        shown_host = host if _HOST.fullmatch(host) else f"127.0.0.1:{self.settings.port}"
        found = _Place(
            mounted, prefix, rest, f"{scheme}://{shown_host}{prefix}",
            is_hosted=rest.startswith("/_specimen/"),
            may_be_page=rest.startswith(("/openapi.", "/ui")),
            in_document=rest[len(base) :] if rest.startswith(base) else None,
        )  # fmt: skip
        if len(path) + len(host) <= _LONGEST_PLACE:
            if len(self._places) >= _MOST_PLACES:  # callers choose paths and hosts
                self._places.clear()
            self._places[path, host, scheme] = found
        return found

    def _without_mount(self, host: str, path: str) -> tuple[Mounted | None, str, str]:
        """The provider that the host's first label names, else the only one; none for the server's own paths."""
        label = host.partition(":")[0].partition(".")[0].lower()
        mounted = self.mounted.get(label) or self._at_root
        if mounted is None or (
            path.startswith("/_specimen/") and not path.startswith(("/_specimen/flow/", "/_specimen/images/"))
        ):
            return None, "", path
        return mounted, "", path

    async def _page(self, mounted: Mounted, prefix: str, rest: str, scope: Scope, receive: Receive, send: Send) -> bool:
        if scope["method"] not in ("GET", "HEAD"):
            return False
        page = api_docs.answer(mounted.provider, prefix, rest)
        if page is None:
            return False
        for name, value in scope[REQUEST_CONTEXT].extra:
            page.headers[name.decode()] = value.decode()
        await page(scope, receive, send)
        return True

    async def hosted(self, mounted: Mounted, rest: str, scope: Scope, send: Send, visit: RequestContext) -> None:
        """Answers for one of the vendor's pages that the mock shows: `rest` is its path, beginning with `/_specimen/`."""
        sessions = Sessions(mounted.shared_state, visit.clock, visit.namespace, visit.origin, visit.clock.now())
        reply = None
        if scope["method"] in ("GET", "HEAD"):
            title = mounted.provider.lifecycle.title
            path = rest.removeprefix("/_specimen/")
            reply = hosted_pages.answer(title, path, scope["query_string"], visit.path, sessions)
        if reply is None:
            await send_problem(send, 404, "there is no such page, or no such session in this namespace", extra=visit.extra)
        else:
            await send_reply(send, reply, visit.extra, is_head=scope["method"] == "HEAD")

    async def _own(self, path: str, send: Send, extra: Extra) -> None:
        if path == "/_specimen/health":
            await send_reply(send, Reply(200, self.health()), extra)
        elif path == "/_specimen/scenarios":
            await send_reply(send, Reply(200, self.scenarios()), extra)
        elif path in ("", "/"):
            await send_reply(send, Reply(200, {"providers": {name: f"/{name}" for name in self.mounted}}), extra)
        else:
            mounts = [entry.provider.mount for entry in self.mounted.values()]
            detail = f"no provider is served at this path. {did_you_mean(path, mounts)}"
            await send_problem(send, 404, detail, {"mounts": mounts}, extra)

    def health(self) -> dict[str, Any]:
        """That the server is up, its version, its providers and its time."""
        return {"status": "ok", "version": product_version(), "providers": list(self.mounted), "now": self.clock.now()}

    def scenarios(self) -> dict[str, Any]:
        """The scenario requests of all providers."""
        return {
            "version": TABLE_VERSION,
            "entries": [entry for mounted in self.mounted.values() for entry in mounted.table.entries()],
        }


def build_app(settings: Settings | None = None) -> App:
    """The application for the settings' providers (none named: all).

    Raises:
        SpecError: a provider does not exist, or its files state what cannot be.
        SettingError: the locale is unknown.
    """
    settings = settings or Settings()
    from specimen.fixtures.people.identities import LOCALES

    if settings.locale is not None and settings.locale not in LOCALES:
        raise SettingError(f"locale '{settings.locale}': there is none. {did_you_mean(settings.locale, LOCALES)}")
    return App(settings, [specs.load(name) for name in settings.providers or specs.names()])


def connexion_app(
    provider: str, settings: Settings | None = None, *, base_path: str = "", **options: Any
) -> connexion_stack.AsyncApp:
    """A provider as a stock `connexion.AsyncApp`, for an application of your own to mount or to add APIs to.

    Routing, security and validation are Connexion's own, on the document brought down to OpenAPI 3.0; handlers, credentials,
    sessions, preferences and error bodies are the mock's. `base_path` is put before the paths of the vendor; `options` go to
    `connexion.AsyncApp` as they are (`lifespan`, `validate_responses`, ...). See docs/connexion.md.

    Raises:
        SpecError: there is no such provider, or its files state what cannot be.
        SettingError: the locale is unknown.
    """
    from specimen.mockserver.routing import connexion_stack

    app = build_app(replace(settings or Settings(), providers=(provider,)))
    mounted, base_path = app.mounted[provider], base_path.rstrip("/")

    def context_of(scope: Scope) -> RequestContext | str:
        headers = _joined(scope["headers"])
        name = namespace_name(headers, scope.get("query_string", b""))
        if name is None:
            return _NO_NAMESPACE
        host = headers.get("host", "")
        host = host if _HOST.fullmatch(host) else f"127.0.0.1:{app.settings.port}"
        origin = f"{scope.get('scheme', 'http')}://{host}{scope.get('root_path', '')}{base_path}"
        space = app.namespace(name)
        return RequestContext(name, space.clock, space.request_log, origin, scope["path"], headers)

    class Pages:
        async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
            rest = f"/_specimen/{scope['path_params']['rest']}"
            await app.hosted(mounted, rest, scope, send, scope[REQUEST_CONTEXT])

    stack = connexion_stack.Stack(mounted.provider, mounted.behaviour, mounted.endpoints)
    return connexion_stack.build(stack, context_of, base_path=base_path, pages=Pages(), options=options)


def namespace_name(headers: Mapping[str, str], query: bytes) -> str | None:
    """The namespace that a request names, in its header or else in its query; None for a name that cannot be."""
    name = headers.get(NAMESPACE_HEADER)
    if name is None:
        match = _NAMESPACE_QUERY.search(query) if query else None
        if match is None:
            return DEFAULT_NAMESPACE
        name = match[1].decode("latin-1")
    return name if is_namespace_name(name) else None


def _joined(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers of which one comes twice, its values in one line (RFC 9110, section 5.3)."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _preflight(headers: dict[str, str]) -> Extra:
    asked = headers.get("access-control-request-headers", "*")
    return (
        *_ANYBODY,
        (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
        (b"access-control-allow-headers", re.sub(r"[^A-Za-z0-9,* _-]", "", asked).encode()),
        (b"access-control-max-age", b"600"),
    )


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        else:
            await send({"type": "lifespan.shutdown.complete"})
            return
