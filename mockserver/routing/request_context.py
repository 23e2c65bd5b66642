"""What is known of a request before an operation takes it, and its entry in the request log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter

from starlette.types import Scope

from specimen.mockserver.http.messages import Problem
from specimen.mockserver.http.responses import Extra
from specimen.mockserver.preferences.faults.rules import FaultRule
from specimen.mockserver.provider_api import Reply, Request
from specimen.mockserver.sessions.namespaces import Namespace
from specimen.mockserver.sessions.request_log.log import size_of
from specimen.mockserver.sessions.store import StoreFull, StoreUnavailable

REQUEST_CONTEXT = "specimen"
# A preference that no header can hold; kept in the ASGI scope.
PREFERENCE = "specimen.preference"
# Facts of the person, which a `Prefer` header is sent with but cannot hold; in the scope too.
PERSON = "specimen.person"


@dataclass(slots=True)
class RequestContext:
    """What the application knows of a request before an operation takes it; kept in the ASGI scope."""

    namespace: Namespace
    origin: str
    path: str
    headers: dict[str, str]
    extra: Extra = ()
    refused: StoreFull | StoreUnavailable | None = None  # why the store did not give the namespace
    fault: str | None = None  # the id of the fault that was done on it
    faults_seen: tuple[FaultRule, ...] | None = None  # those by which it was decided that none is done
    seen_at: int | None = None  # the time of which a fault shows the sessions
    as_sent: Callable[[Reply], Reply] | None = None  # what a fault makes of the answer, for the request log
    made: Callable[[Reply], Awaitable[None]] | None = None  # called with the answer before it is sent
    preview: list[Reply] | None = None  # takes the answer, which is then neither sent nor noted, and changes nothing
    began: float = 0.0  # of the machine's clock that only runs


def log_exchange(
    visit: RequestContext,
    provider: str | None,
    operation_id: str | None,
    request: Request,
    reply: Reply,
    scope: Scope,
    problem: Problem | None = None,
) -> None:
    """Notes an exchange in the request log, as it is; it is masked when it is shown. What the control API sends is not noted."""
    if PREFERENCE in scope or not visit.namespace.request_log.is_on:
        return
    if visit.as_sent is not None:
        reply = visit.as_sent(reply)
    namespace, shown = visit.namespace, reply.session
    query: bytes = scope["query_string"]
    size = size_of(len(visit.path) + len(query) + sum(map(len, visit.headers.values())), request.raw, reply.body)
    exchange = (
        namespace.name, provider, scope["method"], visit.path, query, visit.headers, request.raw, operation_id,
        reply.status, reply.content_type, reply.body, shown and shown[1], problem, visit.fault, size,
    )  # fmt: skip
    now = request.now if visit.seen_at is None else namespace.clock.now()
    namespace.request_log.add(exchange, now, visit.began, perf_counter())
