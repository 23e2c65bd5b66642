"""A provider as an application of Connexion itself, in which Connexion routes, secures and validates."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.types import Receive, Scope, Send

from specimen.mockserver.app import vendor_pages
from specimen.mockserver.app.application import build_app
from specimen.mockserver.app.forwarding import Front
from specimen.mockserver.app.request_headers import NO_NAMESPACE, namespace_name, request_headers
from specimen.mockserver.routing.request_context import REQUEST_CONTEXT, RequestContext
from specimen.mockserver.settings import Settings

if TYPE_CHECKING:
    from specimen.mockserver.routing import connexion_stack


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

    async def context_of(scope: Scope) -> RequestContext | str:
        headers = request_headers(scope["headers"])
        name = namespace_name(headers, scope.get("query_string", b""))
        if name is None:
            return NO_NAMESPACE
        prefix = scope.get("root_path", "") + base_path
        origin = app.places.origin(Front(scope.get("scheme", "http"), headers.get("host", ""), prefix))
        return await app.visit(name, origin, scope["path"], headers)

    class Pages:
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            rest = f"/_specimen/{scope['path_params']['rest']}"
            await vendor_pages.hosted(mounted, rest, scope, receive, send, scope[REQUEST_CONTEXT])

    stack = connexion_stack.Stack(mounted.provider, mounted.behaviour, mounted.endpoints)
    return connexion_stack.build(stack, context_of, base_path=base_path, pages=Pages(), options=options)
