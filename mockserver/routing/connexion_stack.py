"""A provider on Connexion as it comes: its routing, security and validation, with the mock's handlers and error bodies.

All of it goes through what Connexion documents: a resolver, `security_map`, `validator_map`, error handlers and middlewares.
"""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, cast

from jsonschema import Draft4Validator
from starlette.formparsers import MultiPartException
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope

from specimen.mockserver.http.messages import Problem, SchemaError
from specimen.mockserver.http.request_body import RequestRejected
from specimen.mockserver.routing.openapi30 import downgrade
from specimen.mockserver.routing.stack_layers import (
    EXCHANGE,
    BodyLayer,
    ContextLayer,
    ContextOf,
    Exchange,
    PreferenceLayer,
    Stack,
)
from specimen.specs.core.multipart import FORM_TYPE

with warnings.catch_warnings():
    # Connexion imports Starlette's test client, which warns that it wants another HTTP client than the one installed.
    warnings.simplefilter("ignore")
    import connexion
    from connexion import AsyncApp
    from connexion.datastructures import MediaTypeDict
    from connexion.decorators.parameter import sanitized
    from connexion.exceptions import BadRequestProblem, ProblemException, Unauthorized, UnsupportedMediaTypeProblem
    from connexion.lifecycle import ConnexionRequest, ConnexionResponse
    from connexion.middleware import MiddlewarePosition
    from connexion.middleware.abstract import ROUTING_CONTEXT
    from connexion.options import SwaggerUIOptions
    from connexion.problem import problem as problem_response
    from connexion.resolver import Resolver
    from connexion.security import AbstractSecurityHandler
    from connexion.validators import VALIDATOR_MAP, JSONRequestBodyValidator, MultiPartFormDataValidator, ParameterValidator

__all__ = ["AsyncApp", "Stack", "build"]

_MOST_ERRORS = 20


def build(stack: Stack, context_of: ContextOf, *, base_path: str, pages: ASGIApp, options: Mapping[str, Any]) -> AsyncApp:
    """The provider as a `connexion.AsyncApp`, under `base_path` and the path of the vendor's own base URL.

    `context_of` gives what is known of a request, or what is wrong with it; `pages` serves the pages under `/_specimen/`;
    `options` go to `connexion.AsyncApp` as they are.
    """
    document = downgrade(stack.provider.document.raw).document
    schemes = document.get("components", {}).get("securitySchemes", {}).values()
    kinds = {scheme["scheme"].lower() if scheme["type"] == "http" else scheme["type"] for scheme in schemes}
    app = AsyncApp(__name__, **{"swagger_ui_options": SwaggerUIOptions(swagger_ui=False), **options})
    outermost = MiddlewarePosition.BEFORE_EXCEPTION
    app.add_middleware(ContextLayer, position=outermost, stack=stack, context_of=context_of, base_path=base_path)
    app.add_middleware(BodyLayer, position=MiddlewarePosition.BEFORE_SECURITY, operation_id_of=_operation_id)
    app.add_middleware(PreferenceLayer, position=MiddlewarePosition.BEFORE_VALIDATION)
    for error in (404, 405, ProblemException, RequestRejected):
        app.add_error_handler(error, _on_error)
    app.add_url_rule(base_path + "/_specimen/{rest:path}", view_func=pages)
    app.add_api(
        document,
        base_path=base_path + stack.provider.document.base_path,
        name=stack.provider.name,
        resolver=Resolver(lambda operation_id: _function(stack, operation_id)),
        security_map=dict.fromkeys(kinds, _Credentials),
        validator_map={
            "parameter": _Parameters,
            "body": MediaTypeDict({**VALIDATOR_MAP["body"], "*/*json": _JSONBody, FORM_TYPE: _FormBody}),
        },
    )
    return app


def _operation_id(scope: Scope) -> str | None:
    return cast("str | None", scope["extensions"].get(ROUTING_CONTEXT, {}).get("operation_id"))


def _function(stack: Stack, operation_id: str) -> Callable[..., Awaitable[Response]]:
    """The function that Connexion calls for an operation, with the values that it read, under the names that it gives them."""
    endpoint = stack.endpoints[operation_id]
    arguments = {
        location: {entry.name: sanitized(entry.name) for entry in endpoint.operation.parameters if entry.location == location}
        for location in ("path", "query")
    }

    async def answer(**values: Any) -> Response:
        path = {name: str(values[argument]) for name, argument in arguments["path"].items()}
        query = {name: values[argument] for name, argument in arguments["query"].items() if argument in values}
        return await stack.answer(connexion.request.scope[EXCHANGE], endpoint, path, query)

    return answer


class _Credentials(AbstractSecurityHandler):  # type: ignore[misc]  # Connexion is untyped
    """Checks a request's credential as the vendor does, wherever the vendor looks for it."""

    def get_fn(self, _scheme: Mapping[str, Any], _scopes: object) -> Callable[[ConnexionRequest], dict[str, Any]]:
        """The function that Connexion calls for a security scheme."""

        def check(request: ConnexionRequest) -> dict[str, Any]:
            exchange: Exchange = request.scope[EXCHANGE]
            if exchange.endpoint is None:  # an API that the user added has its own security
                raise Unauthorized
            found = exchange.request.credential = exchange.endpoint.authenticated(exchange.request)
            return {"sub": found.name}

        return check


class _Refused(BadRequestProblem):  # type: ignore[misc]
    """A request that Connexion's validators refuse, with what the vendor's answer tells of it, and the body where it was read."""

    def __init__(self, problem: Problem, body: Any = None) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.body = body


class _Parameters(ParameterValidator):  # type: ignore[misc]
    """Connexion's check of parameters, which says of which one it speaks."""

    @staticmethod
    def validate_parameter(parameter_type: str, value: Any, param: Mapping[str, Any], param_name: str | None = None) -> None:
        """Checks one parameter.

        Raises:
            _Refused: it is missing or breaks its schema.
        """
        wrong = ParameterValidator.validate_parameter(parameter_type, value, param, param_name)
        if wrong:
            name, schema = param["name"], param.get("schema", {})
            if value is None:
                errors: tuple[SchemaError, ...] = (SchemaError(name, "required", f"{name} is missing", schema),)
                raise _Refused(Problem("invalid_parameter", errors[0].message, parameter_type, errors))
            errors = tuple(replace(_schema_error(error), pointer=name) for error in Draft4Validator(schema).iter_errors(value))
            errors = errors or (SchemaError(name, "format", wrong.partition("\n")[0], schema, value),)
            raise _Refused(Problem("invalid_parameter", f"{name}: {errors[0].message}", parameter_type, errors))


class _BodyErrors:
    """Says what is wrong with a body, before one of Connexion's checks of bodies."""

    async def wrap_receive(self, receive: Receive, *, scope: Scope) -> tuple[Receive, Scope]:
        """Checks a body.

        Raises:
            _Refused: it is missing, cannot be read, or breaks its schema.
        """
        try:
            return await super().wrap_receive(receive, scope=scope)  # type: ignore[misc, no-any-return]
        except _Refused:
            raise
        except BadRequestProblem as error:
            raise _Refused(Problem("body_required", "a body is required", "body")) from error

    async def _parse(self, stream: AsyncIterator[bytes], scope: Scope) -> Any:
        try:
            return await super()._parse(stream, scope)  # type: ignore[misc]
        except BadRequestProblem as error:
            raise _unreadable(error.detail) from error
        except (ValueError, LookupError, RecursionError, MultiPartException) as error:  # Connexion would answer 500
            raise _unreadable(str(error)) from error

    def _validate(self, body: Any) -> None:
        try:
            super()._validate(body)  # type: ignore[misc]
        except BadRequestProblem as error:
            if body is None:
                raise
            found = self._validator.iter_errors(body)  # type: ignore[attr-defined]
            errors = tuple(_schema_error(entry) for _, entry in zip(range(_MOST_ERRORS), found, strict=False))
            raise _Refused(Problem("invalid_body", "the body breaks its schema", "body", errors), body) from error


class _JSONBody(_BodyErrors, JSONRequestBodyValidator):  # type: ignore[misc]
    """Connexion's own check of JSON."""


class _FormBody(_BodyErrors, MultiPartFormDataValidator):  # type: ignore[misc]
    """Connexion's own check of forms."""


def _unreadable(detail: str) -> _Refused:
    detail = f"the body cannot be read: {detail}"
    return _Refused(Problem("not_json", detail, "body", (SchemaError("", "json", detail),)))


def _schema_error(error: Any) -> SchemaError:
    pointer = "".join(f"/{part}" for part in error.absolute_path)
    return SchemaError(pointer, str(error.validator), error.message, error.validator_value, error.instance)


async def _on_error(request: ConnexionRequest, error: Any) -> ConnexionResponse:
    """The vendor's answer to what Connexion or a handler refuses; outside of the vendor's paths Connexion's own."""
    exchange: Exchange | None = request.scope.get(EXCHANGE)
    problem = None if exchange is None else _problem(error, exchange)
    if exchange is None or problem is None:
        if isinstance(error, ProblemException):
            return error.to_problem()
        title = HTTPStatus(error.status_code).phrase
        return problem_response(title=title, detail=error.detail, status=error.status_code, headers=error.headers)
    if isinstance(error, _Refused):
        exchange.request.body = error.body
    reply = exchange.stack.refused(exchange, problem)
    return ConnexionResponse(reply.status, content_type=reply.content_type, body=reply.payload(), headers=dict(reply.headers))


def _problem(error: Any, exchange: Exchange) -> Problem | None:
    """Why a request was refused, for the vendor's answer; None for what Connexion answers itself."""
    if isinstance(error, RequestRejected | _Refused):
        return error.problem
    scope = exchange.request.scope
    if exchange.endpoint is None and _operation_id(scope) is not None:  # an operation of an API that the user added
        return None
    if not isinstance(error, ProblemException):  # Starlette's router found nothing
        detail = f"{scope['method']} {exchange.context.path[:200]}"
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            return Problem("method_not_allowed", detail, allow=tuple(sorted(error.headers["Allow"].split(", "))))
        return Problem("route_not_found", detail)
    if isinstance(error, UnsupportedMediaTypeProblem):
        return Problem("unsupported_media_type", error.detail, "header")
    if isinstance(error, Unauthorized):
        return Problem("unauthenticated")
    if isinstance(error, BadRequestProblem):  # a value that the URI parser cannot convert
        return Problem("invalid_parameter", error.detail, "query", (SchemaError("", "type", error.detail),))
    return None
