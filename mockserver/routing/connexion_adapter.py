"""The only module that knows Connexion's insides: drives it at OpenAPI 3.1, with a lean stack.

Connexion 3.3 knows OpenAPI 3.0. What is answered here, and tested in tests/mockserver/test_connexion_adapter.py: it checks files
against the 3.0 schema; `resolve_refs` lets a `$ref`'s target overwrite its siblings; path-item parameters are appended to a
shared list at each build; spec files pass through Jinja; it builds a Draft 4 validator per request; its security, parameter
and response layers inspect signatures per request; its router lets a trailing newline pass and redirects a trailing slash.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from starlette.types import ASGIApp, Receive, Scope, Send

from specimen.specs import Document, Provider
from specimen.specs.core.errors import SpecError

with warnings.catch_warnings():
    # Connexion imports Starlette's test client, which warns that it wants another HTTP client than the one installed.
    warnings.simplefilter("ignore")
    from connexion.middleware import ConnexionMiddleware
    from connexion.middleware.abstract import ROUTING_CONTEXT, RoutedAPI, RoutedMiddleware
    from connexion.middleware.main import API
    from connexion.middleware.routing import RoutingAPI, RoutingMiddleware
    from connexion.operations import AbstractOperation
    from connexion.resolver import Resolver
    from connexion.spec import OpenAPISpecification

PATH = "specimen.path"
ALLOW = "specimen.allow"
# Paths with parameters that are remembered, and the characters of the longest one.
_MOST_PATHS, _LONGEST_PATH = 1024, 256


def operation_id(scope: Scope) -> str | None:
    """The operation to which a request was routed; None where no operation takes it."""
    return scope["extensions"][ROUTING_CONTEXT]["operation_id"]  # type: ignore[no-any-return]  # Connexion is untyped


class Specification31(OpenAPISpecification):  # type: ignore[misc]  # Connexion is untyped
    """A document as Connexion's operations need it: every reference resolved, parameters merged, no schemas.

    Request schemas are compiled from the raw document, so that no rule beside a `$ref` gets lost.
    """

    def __init__(self, document: Document) -> None:
        self._raw_spec = dict(document.raw)  # Connexion writes its own `servers` into it
        self._base_uri = ""
        self._spec = {
            "openapi": document.raw["openapi"],
            "components": {"securitySchemes": document.raw.get("components", {}).get("securitySchemes", {})},
            "servers": [{"url": ""}],
            "paths": _paths(document),
        }


def _paths(document: Document) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for operation in document.operations.values():
        paths.setdefault(operation.path, {})[operation.method] = {
            "operationId": operation.id,
            "parameters": [
                {"name": entry.name, "in": entry.location, "required": entry.required, "schema": {"type": "string"}}
                for entry in operation.parameters
            ],
            "requestBody": {"content": {media.content_type: {} for media in operation.bodies}},
            "responses": {
                status: {"content": {media.content_type: {} for media in response.media}}
                for status, response in operation.responses.items()
            },
        }
    return paths


class _Operations(RoutedAPI[Any]):  # type: ignore[misc]
    """The endpoints of a document, by operation id."""

    def __init__(self, *args: Any, endpoints: Mapping[str, ASGIApp], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._endpoints = endpoints
        self.add_paths()

    def make_operation(self, operation: AbstractOperation) -> ASGIApp:
        return self._endpoints[operation.operation_id]


class OperationMiddleware(RoutedMiddleware[_Operations]):  # type: ignore[misc]
    """Hands a routed request to its endpoint, in place of Connexion's security, validation and response layers."""

    api_cls = _Operations

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app)
        self._by_id: dict[str | None, ASGIApp] = {None: app}

    def add_api(self, specification: Any, **kwargs: Any) -> Any:
        """Adds the endpoints of a document."""
        api = super().add_api(specification, **kwargs)
        self._by_id.update(api.operations)
        return api

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """One look-up in place of a search through base paths: there is one document."""
        return self._by_id[operation_id(scope)](scope, receive, send)


class Routing31(RoutingMiddleware):  # type: ignore[misc]
    """Connexion's routes as a table: a look-up for plain paths, one full match for those with parameters."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app)
        self._plain: dict[str, dict[str, str]] = {}
        self._patterns: list[tuple[re.Pattern[str], tuple[str, ...], dict[str, str]]] = []
        # A client that polls repeats a path.
        self._matched: dict[str, tuple[dict[str, str], dict[str, str]]] = {}

    def add_api(self, specification: Any, base_path: str | None = None, arguments: Any = None, **kwargs: Any) -> None:
        """Adds Connexion's own routes of a document, compiled."""
        kwargs.pop("endpoints", None)
        api = RoutingAPI(specification, base_path=base_path, arguments=arguments, next_app=self.app, **kwargs)
        patterns: dict[str, dict[str, str]] = {}
        for route in api.router.routes:
            table = patterns if "{" in route.path else self._plain
            methods = table.setdefault(route.path, {})
            operation_id = route.endpoint.operation_id
            for method in route.methods:
                methods.setdefault(method, operation_id)
        for path, methods in patterns.items():
            names = tuple(re.findall(r"{([^}:]+)", path))
            # `[^/]+` and a full match: a trailing newline is part of the parameter, never of the route.
            source = "".join("([^/]+)" if part.startswith("{") else re.escape(part) for part in re.split(r"({[^}]+})", path))
            self._patterns.append((re.compile(source, re.DOTALL), names, methods))

    def _match(self, path: str) -> tuple[dict[str, str], dict[str, str]] | None:
        """The operations of a path by method, and its parameters; remembered, where it leads to some."""
        for pattern, names, methods in self._patterns:
            match = pattern.fullmatch(path)
            if match is not None:
                found = methods, dict(zip(names, match.groups(), strict=True))
                if len(path) <= _LONGEST_PATH:
                    if len(self._matched) >= _MOST_PATHS:
                        self._matched.clear()
                    self._matched[path] = found
                return found
        return None

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Finds the operation and hands on; a request that no operation takes goes to the application below."""
        path: str = scope[PATH]
        methods = self._plain.get(path)
        if methods is None and (found := self._matched.get(path) or self._match(path)) is not None:
            methods, parameters = found
            scope["path_params"] = parameters.copy()
        operation_id = None if methods is None else methods.get(scope["method"])
        if operation_id is None:
            scope[ALLOW] = () if methods is None else tuple(sorted(methods))
        scope["extensions"] = {ROUTING_CONTEXT: {"api_base_path": "", "operation_id": operation_id}}
        return self.app(scope, receive, send)  # type: ignore[no-any-return]  # Connexion is untyped


class _Resolver(Resolver):  # type: ignore[misc]
    """Operation ids stand for themselves; the endpoints are found by `OperationMiddleware`."""

    def resolve_function_from_operation_id(self, operation_id: str) -> Callable[..., Any]:
        def answered_by_endpoint() -> None:
            raise RuntimeError(operation_id)

        return answered_by_endpoint


def build(provider: Provider, endpoints: Mapping[str, ASGIApp], otherwise: ASGIApp) -> ASGIApp:
    """The provider's document as an ASGI application driven by Connexion.

    `endpoints` answer by operation id; `otherwise` takes what no operation takes, with the allowed methods under `ALLOW` in
    the scope. The path to route is under `PATH` in the scope.

    Raises:
        SpecError: the document asks for something that is not supported.
    """
    _check(provider)
    middleware = ConnexionMiddleware(otherwise, middlewares=[Routing31, OperationMiddleware])
    options = {**middleware.options.__dict__, "resolver": _Resolver(), "endpoints": endpoints}
    middleware.apis.append(API(Specification31(provider.document), base_path="", name=provider.name, **options))
    middleware.app, middleware.middleware_stack = middleware._build_middleware_stack()
    return cast("ASGIApp", middleware.app)


def _check(provider: Provider) -> None:
    document = provider.document
    for operation in document.operations.values():
        described = {parameter.name for parameter in operation.parameters if parameter.location == "path"}
        for name in re.findall(r"\{([^}]*)\}", operation.path):
            if name not in described:
                raise SpecError(str(document.path), f"{operation.id}: its path has '{{{name}}}', that no parameter describes.")
        if any(parameter.location == "cookie" for parameter in operation.parameters):
            raise SpecError(str(document.path), f"{operation.id}: cookie parameters are not supported.")
