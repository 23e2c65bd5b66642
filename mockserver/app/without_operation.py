"""Notes in the request log what was answered without an operation."""

from __future__ import annotations

from starlette.types import Scope

from specimen.mockserver.http.messages import Problem, Reply
from specimen.mockserver.provider_api import Request
from specimen.mockserver.routing.endpoint import NO_OPERATION
from specimen.mockserver.routing.request_context import RequestContext, log_exchange


def log_without_operation(
    visit: RequestContext, provider: str | None, reply: Reply, scope: Scope, problem: Problem | None = None
) -> None:
    """Notes an exchange whose body was not read; `provider` is None where the request reached none."""
    namespace = visit.namespace
    request = Request(NO_OPERATION, scope, now=namespace.clock.now(), origin=visit.origin, namespace=namespace.name)
    log_exchange(visit, provider, None, request, reply, scope, problem)
