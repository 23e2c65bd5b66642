"""The composition root: settings in, one ASGI application out."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Awaitable, Iterable
from typing import Any, cast
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from specimen import specs
from specimen.fixtures.recipes.recipe import DEFAULT_NAMESPACE
from specimen.mockserver.app import vendor_pages
from specimen.mockserver.app.cross_origin import ANYBODY, preflight
from specimen.mockserver.app.forwarding import Front, checked_root_path, forwarded
from specimen.mockserver.app.mounted import Mounted
from specimen.mockserver.app.own_paths import OwnPaths, base_urls
from specimen.mockserver.app.places import Place, Places
from specimen.mockserver.app.repeated_request import KnownHeads
from specimen.mockserver.app.request_headers import IDEMPOTENCY_KEY, NO_NAMESPACE, namespace_name, request_headers
from specimen.mockserver.app.standing_webhooks import StandingWebhooks
from specimen.mockserver.app.store_opening import StoreOpening
from specimen.mockserver.control.api import ControlApi
from specimen.mockserver.control.call import API
from specimen.mockserver.control.page.page import Page
from specimen.mockserver.control.security import new_token
from specimen.mockserver.errors import SettingError, SpecimenError, did_you_mean
from specimen.mockserver.http.dates import date_header
from specimen.mockserver.http.messages import Reply
from specimen.mockserver.http.responses import Extra, send_problem, send_reply
from specimen.mockserver.preferences.faults.connection import ConnectionFault
from specimen.mockserver.preferences.faults.names import check_names
from specimen.mockserver.preferences.faults.rules import parsed_all
from specimen.mockserver.routing import connexion_adapter
from specimen.mockserver.routing.request_context import REQUEST_CONTEXT, RequestContext
from specimen.mockserver.sessions.clock import Clock
from specimen.mockserver.sessions.namespaces import Namespace, Namespaces
from specimen.mockserver.sessions.store import Bounds, Store, StoreFull, StoreUnavailable
from specimen.mockserver.sessions.store.factory import open_store
from specimen.mockserver.settings import Settings
from specimen.mockserver.webhooks.dispatcher import Dispatcher
from specimen.mockserver.webhooks.endpoints import Endpoint as WebhookEndpoint
from specimen.mockserver.webhooks.registration import Registration
from specimen.specs import Provider

logger = logging.getLogger("specimen")
OWN = "/_specimen/"
CONTROL = f"{API}/"
_SLASH = re.compile(r"%(2[Ff])")


class App:
    """All providers under their mounts, on one port.

    Every answer has a `Date`, by the clock of its namespace. A server of your own is to send none (uvicorn: `date_header=False`).
    """

    def __init__(self, settings: Settings, providers: Iterable[Provider], store: Store | None = None) -> None:
        self.settings = settings
        self.store = open_store(settings.store, _bounds(settings)) if store is None else store
        clock = Clock(settings.now, frozen=settings.freeze)
        self.namespaces = Namespaces(self.store, clock, settings.request_log_entries, settings.faults)
        self.mounted = {entry.name: Mounted(entry, self.store, self.namespaces, settings) for entry in providers}
        self.webhooks = Dispatcher(self.store, self.namespaces, {name: one.shared_state for name, one in self.mounted.items()})
        self.standing = StandingWebhooks(settings, self.mounted, self.namespaces, self.webhooks)
        self.places = Places(self.mounted, settings.port)
        self._known = KnownHeads()
        self.root_path = checked_root_path(settings.root_path, self.mounted)
        # Whether a server of ours listens for it.
        self.is_on_a_port = False
        # Where others reach the server, who steers it needs a token.
        self.control_token = settings.control_token or (None if settings.is_private else new_token())
        self.control = ControlApi(self, self.control_token) if settings.control else None
        self.page = None if self.control is None else Page(self.control, self)
        self._opening = StoreOpening(self.store, self._is_open)
        self._own = OwnPaths(self.mounted, self.namespaces, self.store, self.open, self._visited)

    @property
    def application(self) -> ASGIApp:
        """What answers the vendors' requests: itself."""
        return self

    @property
    def answers_at_once(self) -> bool:
        """Whether most requests are answered without waiting for anything: the store is in this process."""
        return not self.store.is_shared

    @property
    def clock(self) -> Clock:
        """The default namespace's clock, as this process last saw it; `forward` moves it."""
        return self.namespaces.clock

    async def open(self) -> None:
        """Opens the store, once in each event loop; a request does so where the server did not.

        Raises:
            StoreUnavailable: it does not answer.
        """
        await self._opening.open()

    async def _is_open(self) -> None:
        await self.namespaces.get(DEFAULT_NAMESPACE)
        if self.control is not None:
            self.control.log.start()

    async def close(self) -> None:
        """Lets go of the store."""
        self._opening.forget()
        if self.control is not None:
            await self.control.log.stop()
        await self.store.close()

    def served_at(self, url: str) -> None:
        """Says where the server is reached: links in webhooks begin there, and documents name whole URLs."""
        self.webhooks.base_url = url + self.root_path
        self.is_on_a_port = True

    async def add_webhook(self, wanted: Registration) -> tuple[WebhookEndpoint, dict[str, Any]]:
        """Sends a provider's webhooks to a target from now on; gives the endpoint, and the keys that its receiver needs.

        Raises:
            EndpointExists: they go there already.
            SettingError: the provider is not served, or the target is not allowed.
            SpecimenError: the provider sends no webhooks, or the extra that it needs is missing.
        """
        await self.open()
        return await self.standing.add(wanted)

    async def register_webhooks(self) -> None:
        """Adds the endpoints that the settings name, where they are not there yet; `standing.endpoints` has them then.

        Raises:
            SpecimenError: one cannot be added.
        """
        await self.open()
        await self.standing.register()

    async def restore_webhooks(self) -> None:
        """Adds the endpoints of the settings again, after the namespace that they are in was ended or replaced."""
        await self.standing.restore()

    async def forward(self, milliseconds: int, namespace: str = DEFAULT_NAMESPACE) -> None:
        """Moves the clock of a namespace forward; its sessions move along, in all processes that share the store.

        Raises:
            SettingError: `milliseconds` is negative, or leads beyond the year 2199.
        """
        await self.open()
        await self.namespaces.forward(namespace, milliseconds)

    async def visit(self, name: str, origin: str, path: str, headers: dict[str, str], extra: Extra = ()) -> RequestContext:
        """What is known of a request in a namespace; where the store does not give that, what is answered in its place."""
        try:
            if not self._opening.is_done:
                await self.open()
            return RequestContext(await self.namespaces.get(name), origin, path, headers, extra)
        except (StoreFull, StoreUnavailable) as error:
            return RequestContext(self.namespaces.known(name), origin, path, headers, extra, error)

    async def _visited(self, name: str, origin: str, scope: Scope, headers: dict[str, str], extra: Extra) -> RequestContext:
        """What is known of a request, kept in its scope; the `Date` of its answer is by its namespace's clock."""
        visit = scope[REQUEST_CONTEXT] = await self.visit(name, origin, scope["path"], headers, extra)
        visit.extra = _dated(extra, visit.namespace)
        return visit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request, or the server's own start and stop."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            try:
                await self._answer(scope, receive, send)
            except ConnectionFault:
                raise  # asked for; in process the client sees it
            except Exception:
                # Nothing of the request is logged but its method: paths and bodies may hold ids and tokens.
                logger.exception("a %s request was not answered; this is a bug in Specimen", scope["method"])
                with contextlib.suppress(RuntimeError):  # an answer had begun: the server closes the connection
                    dated = (date_header(self.clock.now()),)
                    await send_problem(send, 500, "Specimen has a bug; its log says where.", extra=dated)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1000})

    def _answer(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """The answer to a request, to be awaited; each coroutine between here and the handler costs a read a hundredth."""
        known, key = self._known.find(scope)
        if known is not None:
            place, mounted, name, headers, request = known
            home = self.namespaces.at_hand(name)
            if home is not None:
                if key is not None:
                    headers = {**headers, IDEMPOTENCY_KEY: key}
                if request is not None and not home.faults:
                    return request.answer(home, scope, receive, send, headers, key)
                extra: Extra = (date_header(home.clock.now()),)
                scope[REQUEST_CONTEXT] = RequestContext(home, place.origin, scope["path"], headers, extra)
                scope[connexion_adapter.PATH] = place.in_document
                return mounted.routed(scope, receive, send)
        return self._answer_anew(scope, receive, send)

    def _answer_anew(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        headers = request_headers(scope["headers"])
        extra: Extra = (date_header(self.clock.now()),)
        front = Front(scope.get("scheme", "http"), headers.get("host", ""), self.root_path)
        if self.settings.trust_proxy:
            front = forwarded(front, headers)
        path = as_sent = scope["path"]
        if self.root_path:
            path = scope["path"] = self._below_root(path)
        if (path.startswith(CONTROL) or path == API) and self.control is not None:
            return self._steer(self.control, scope, receive, send, headers, front)
        if self.page is not None and (path == "/" or path.startswith(OWN)) and self.page.is_asked_for(path, headers):
            return self._steer(self.page, scope, receive, send, headers, front)
        if "origin" in headers and self.settings.is_loopback:
            extra += ANYBODY
            if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
                return send_reply(send, Reply(204), (*extra, *preflight(headers)))
        raw: bytes = scope.get("raw_path") or b""
        if b"%2" in raw:  # an encoded slash is a part of its segment (RFC 3986, section 2.2), and stays encoded
            path = scope["path"] = self._below_root(unquote(_SLASH.sub(r"%25\1", raw.decode("latin-1"))))
        place = self.places.find(path, front)
        if place.mounted is None:
            if self.page is not None and self.page.is_asked_for(path, headers):
                return self._steer(self.page, scope, receive, send, headers, front)
            return self._own.answer(scope, place.origin, headers, send, extra)
        name = namespace_name(headers, scope["query_string"])
        if name is None:
            return send_problem(send, 400, NO_NAMESPACE, extra=extra)
        home = self.namespaces.at_hand(name)
        if home is None or place.in_document is None or place.is_hosted or place.may_be_page:
            return self._serve(scope, receive, send, place, name, headers, extra)
        scope[REQUEST_CONTEXT] = RequestContext(home, place.origin, path, headers, _dated(extra, home))
        scope[connexion_adapter.PATH] = place.in_document
        answer = place.mounted.routed(scope, receive, send)
        if len(extra) == 1 and scope["path"] is as_sent:
            self._known.remember(scope, place, place.mounted, name, headers)
        return answer

    def _below_root(self, path: str) -> str:
        """A path without the prefix of a reverse proxy; some proxies take it away themselves."""
        root = self.root_path
        return path[len(root) :] or "/" if path == root or path.startswith(f"{root}/") else path

    async def _steer(
        self, control: ControlApi | Page, scope: Scope, receive: Receive, send: Send, headers: dict[str, str], front: Front
    ) -> None:
        """Answers a call of the control API, or a request for the page."""
        if not self._opening.is_done:
            await self.open()
        await control(scope, receive, send, headers, self.places.origin(front))

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, place: Place, name: str, headers: dict[str, str], extra: Extra
    ) -> None:
        """Answers where the store is asked for the namespace, or the path is one of the mock's own beside the vendor's."""
        mounted = cast("Mounted", place.mounted)
        visit = await self._visited(name, place.origin, scope, headers, extra)
        if place.is_hosted:
            await vendor_pages.hosted(mounted, place.rest, scope, receive, send, visit)
        elif place.rest in mounted.roots and scope["method"] in ("GET", "HEAD"):
            await self._say_who(scope, receive, send, place, headers, visit.extra)
        elif place.may_be_page and await vendor_pages.documentation(
            mounted, place, scope, receive, send, is_on_a_port=self.is_on_a_port
        ):
            return
        elif place.rest == mounted.key_set and scope["method"] in ("GET", "HEAD"):
            await vendor_pages.key_set(mounted, scope, send, visit)
        elif place.in_document is None:
            await mounted.fallback(scope, receive, send)
        else:
            scope[connexion_adapter.PATH] = place.in_document
            await mounted.routed(scope, receive, send)

    async def _say_who(
        self, scope: Scope, receive: Receive, send: Send, place: Place, headers: dict[str, str], extra: Extra
    ) -> None:
        """Answers for a vendor's base URL, with or without a slash behind it; browsers are led to the page."""
        mounted = cast("Mounted", place.mounted)
        if self.page is not None and self.page.is_asked_for(f"/{mounted.provider.name}", headers):
            scope["path"] = f"/{mounted.provider.name}"
            await self.page(scope, receive, send, headers, place.origin.removesuffix(scope["path"]))
        elif self.places.is_alone(mounted) and place.rest == scope["path"] == "/":
            await self._own.answer(scope, place.origin, headers, send, extra)
        else:
            await send_reply(send, Reply(200, base_urls(mounted, place.origin)), extra, is_head=scope["method"] == "HEAD")

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while (await receive())["type"] == "lifespan.startup":
            try:
                await self.open()
                await self.register_webhooks()
                self.webhooks.start()
            except (SpecimenError, StoreUnavailable) as error:
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            await send({"type": "lifespan.startup.complete"})
        await self.webhooks.stop()
        await self.close()
        await send({"type": "lifespan.shutdown.complete"})

    def health(self) -> dict[str, Any]:
        """That the server is up, its version, its providers and its time."""
        return self._own.health()

    def scenarios(self) -> dict[str, Any]:
        """The scenario requests of all providers."""
        return self._own.scenarios()


def build_app(settings: Settings | None = None) -> App:
    """The application for the settings' providers (none named: all).

    Raises:
        SpecError: a provider does not exist, or its files state what cannot be.
        SettingError: the locale is unknown, or a fault names what the providers do not have.
    """
    settings = settings or Settings()
    from specimen.fixtures.people.identities import LOCALES

    if settings.locale is not None and settings.locale not in LOCALES:
        raise SettingError(f"locale '{settings.locale}': there is none. {did_you_mean(settings.locale, LOCALES)}")
    providers = {name: specs.load(name) for name in settings.providers or specs.names()}
    for rule in parsed_all(settings.faults):
        check_names(rule, providers)
    return App(settings, providers.values())


def _dated(extra: Extra, namespace: Namespace) -> Extra:
    """Headers that begin with the `Date`, by the clock of a namespace."""
    return date_header(namespace.clock.now()), *extra[1:]


def _bounds(settings: Settings) -> Bounds:
    return Bounds(
        settings.most_sessions,
        settings.most_namespaces,
        settings.most_values,
        settings.most_value_bytes,
        settings.request_log_entries,
        settings.most_tasks,
    )
