"""The interface of provider modules: operations, requests, credentials, and the vendor's error bodies."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from specimen.mockserver.errors import IllegalTransition, SpecError, did_you_mean
from specimen.mockserver.http.messages import Problem, Reply, SchemaError
from specimen.mockserver.sessions.service import Sessions
from specimen.mockserver.sessions.session import Session
from specimen.mockserver.webhooks.account import AccountWebhooks
from specimen.specs import Operation, Provider
from specimen.specs.core.multipart import FormPart
from specimen.specs.loading.lifecycle import Credential

__all__ = [
    "AccountWebhooks",
    "Behaviour",
    "Credential",
    "FormPart",
    "IllegalTransition",
    "Problem",
    "Reply",
    "Request",
    "SchemaError",
    "Session",
    "Sessions",
    "operation",
]

Handler = Callable[["Request", Sessions], "Reply | Awaitable[Reply]"]
_MARK = "__specimen_operation__"


class Request:
    """A request that Connexion routed to an operation. `path`, `query`, `headers`, `body` and `form` are validated."""

    __slots__ = (
        "body",
        "credential",
        "form",
        "headers",
        "namespace",
        "now",
        "operation",
        "origin",
        "path",
        "query",
        "raw",
        "scope",
    )

    def __init__(self, operation: Operation, scope: Any, *, now: int, origin: str, namespace: str) -> None:
        self.operation = operation
        self.scope = scope
        self.now = now
        self.origin = origin
        self.namespace = namespace
        self.path: dict[str, str] = {}
        self.query: dict[str, Any] = {}
        self.headers: Mapping[str, str] = {}
        self.body: Any = None
        self.raw = b""
        self.form: tuple[FormPart, ...] = ()
        self.credential: Credential = NO_CREDENTIAL

    def example(self, name: str, changes: Mapping[str, Any] | None = None) -> Reply:
        """The answer that the operation documents under that name, with the values at some JSON pointers replaced.

        Raises:
            SpecError: the operation has no such example.
        """
        found = self.operation.example(name)
        if found is None:
            names = [example for example, _ in self.operation.examples()]
            raise SpecError(f"operation '{self.operation.id}'", f"no example '{name}'. {did_you_mean(name, names)}")
        status, content_type, value = found
        body = changed(value, changes or {})
        if isinstance(body, str) and not content_type.endswith("json"):
            body = body.encode()
        return Reply(status, body, content_type=content_type)


NO_CREDENTIAL = Credential("none", {})


def changed(value: Any, changes: Mapping[str, Any]) -> Any:
    """A copy of a JSON value with the values at some JSON pointers replaced."""
    value = copy.deepcopy(value)
    for pointer, new in changes.items():
        *parents, last = pointer.split("/")[1:]
        node = value
        for part in parents:
            node = node[int(part)] if isinstance(node, list) else node[part]
        node[int(last) if isinstance(node, list) else last] = new
    return value


def operation(operation_id: str) -> Callable[[Handler], Handler]:
    """Marks a function as the handler of an operation."""

    def mark(function: Handler) -> Handler:
        setattr(function, _MARK, operation_id)
        return function

    return mark


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The functions of a provider module: its handlers by operationId, and its optional hooks."""

    handlers: Mapping[str, Handler]
    authenticate: Callable[[Request, Credentials], Credential | Problem]
    render_error: Callable[[Problem, Request], Reply | None]
    finish: Callable[[Reply, Request], Reply] | None


class Credentials:
    """The credentials that lifecycle.yaml lists; all others are unknown."""

    def __init__(self, provider: Provider) -> None:
        self.listed = tuple(provider.lifecycle.credentials.values())
        schemes = provider.document.raw.get("components", {}).get("securitySchemes", {})
        self._headers = {
            name: "authorization" if scheme["type"] == "http" else scheme["name"].lower()
            for name, scheme in schemes.items()
            if scheme["type"] == "http" or scheme.get("in") == "header"
        }
        self._known: dict[tuple[str, str], Credential] = {}
        for credential in self.listed:
            for name, value in credential.headers.items():
                self._known[name.lower(), value] = self._known[name.lower(), _normal(value)] = credential

    def find(self, header: str, value: str) -> Credential | None:
        """The credential that a header (lower-case name) carries as its value."""
        return self._known.get((header, _normal(value)))

    def check(self, request: Request) -> Credential | Problem:
        """The request's valid credential by the document's security schemes, or the problem."""
        shown = False
        for scheme in request.operation.security:
            header = self._headers.get(scheme)
            value = None if header is None else request.headers.get(header)
            if header is None or not value:
                continue
            shown = True
            found = self._known.get((header, value)) or self.find(header, value)
            if found is not None:
                return found if found.fails is None else Problem("failing_credential", credential=found)
        if not request.operation.security:
            return NO_CREDENTIAL
        return Problem("unknown_credential" if shown else "unauthenticated")


def _normal(value: str) -> str:
    # The scheme's name is case-insensitive (RFC 9110, section 11.1); the token is not.
    scheme, space, token = value.partition(" ")
    return f"{scheme.lower()} {token.strip()}" if space else value


def load_behaviour(provider: Provider) -> Behaviour:
    """The provider's handlers, one for each operation of its document; those of the modules in `parts` are handlers too.

    Raises:
        SpecError: the module cannot be imported, an operation has no handler or two, or a handler no operation.
    """
    module = provider.module("specimen.mockserver.providers", "handlers")
    handlers: dict[str, Handler] = {}
    modules = (module, *getattr(module, "parts", ()))
    functions = [found for each in modules for found in inspect.getmembers(each, inspect.isfunction)]
    for name, function in functions:
        operation_id = getattr(function, _MARK, None)
        other = handlers.setdefault(operation_id, function) if operation_id is not None else function
        if other is not function:
            raise SpecError(str(module.__file__), f"operation '{operation_id}' has two handlers: {other.__name__} and {name}.")
    documented = set(provider.document.operations)
    for operation_id in sorted(documented ^ set(handlers)):
        what = "has no handler" if operation_id in documented else "is not in openapi.yaml"
        raise SpecError(str(module.__file__), f"operation '{operation_id}' {what}.")
    return Behaviour(
        handlers,
        _function(module, "authenticate") or (lambda request, credentials: credentials.check(request)),
        _function(module, "render_error") or (lambda _problem, _request: None),
        _function(module, "finish"),
    )


def _function(module: ModuleType, name: str) -> Any:
    """A module's function of that name, or None."""
    found = getattr(module, name, None)
    if found is not None and not callable(found):
        raise SpecError(str(module.__file__), f"`{name}` is {type(found).__name__}; expected a function.")
    return found
