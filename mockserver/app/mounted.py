"""A provider as the application serves it."""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from specimen.fixtures import recipes
from specimen.mockserver.http.messages import Problem
from specimen.mockserver.http.responses import send_reply
from specimen.mockserver.provider_api import Request, load_behaviour
from specimen.mockserver.routing import connexion_adapter
from specimen.mockserver.routing.endpoint import NO_OPERATION, Endpoint, unrouted
from specimen.mockserver.routing.faulty_endpoint import FaultyEndpoint
from specimen.mockserver.routing.pages.api_docs import ApiDocs
from specimen.mockserver.routing.request_context import REQUEST_CONTEXT, RequestContext, log_exchange
from specimen.mockserver.sessions.catalogue.scenario_requests import ScenarioRequests
from specimen.mockserver.sessions.catalogue.usable_document import usable, working_credentials
from specimen.mockserver.sessions.namespaces import Namespaces
from specimen.mockserver.sessions.shared_state import SharedState
from specimen.mockserver.sessions.store import Store
from specimen.mockserver.settings import Settings
from specimen.specs import Provider


class Mounted:
    """A provider as it is served."""

    def __init__(self, provider: Provider, store: Store, namespaces: Namespaces, settings: Settings) -> None:
        self.provider = provider
        self.base_path = provider.document.base_path
        # The paths at which the mock says who it is, where the vendor documents nothing there.
        taken = {self.base_path + operation.path for operation in provider.document.operations.values()}
        self.roots = frozenset({"/", self.base_path, f"{self.base_path}/"} - taken - {""})
        self.behaviour = load_behaviour(provider)
        self.shared_state = SharedState(provider, store, namespaces, recipes.answers(provider), settings)
        self.table = ScenarioRequests(provider, self.shared_state.catalogue)
        self.docs = ApiDocs(provider.lifecycle.title, lambda: usable(provider), working_credentials(provider))
        self.endpoints = {
            operation.id: Endpoint(provider, operation, self.behaviour, self.shared_state)
            for operation in provider.document.operations.values()
        }
        token = None if provider.webhooks is None else provider.webhooks.token
        self.key_set = None if token is None else token.jwks
        faulty = {name: FaultyEndpoint(endpoint) for name, endpoint in self.endpoints.items()}
        self.routed = connexion_adapter.build(provider, faulty, self.fallback)

    async def fallback(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answers what no operation takes: a wrong method or a wrong path, in the vendor's form."""
        visit: RequestContext = scope[REQUEST_CONTEXT]
        now = visit.namespace.clock.now()
        allow = scope.get(connexion_adapter.ALLOW, ())
        kind = "method_not_allowed" if allow else "route_not_found"
        detail = f"{scope['method']} {visit.path[:200]}"
        request = Request(NO_OPERATION, scope, now=now, origin=visit.origin, namespace=visit.namespace.name)
        request.headers = visit.headers
        problem = Problem(kind, detail, allow=allow)
        reply = unrouted(self.provider, self.behaviour, problem, request)
        log_exchange(visit, self.provider.name, None, request, reply, scope, problem)
        await send_reply(send, reply, visit.extra, is_head=scope["method"] == "HEAD")
