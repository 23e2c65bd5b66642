"""What is known of a request before an operation takes it, and its entry in the request log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from starlette.types import Scope

from specimen.mockserver.http.messages import Problem
from specimen.mockserver.http.responses import Extra
from specimen.mockserver.preferences.faults.rules import FaultRule
from specimen.mockserver.provider_api import Reply, Request
from specimen.mockserver.sessions.namespaces import Namespace
from specimen.mockserver.sessions.store import StoreFull, StoreUnavailable

REQUEST_CONTEXT = "specimen"
# A preference that no header can hold; kept in the ASGI scope.
PREFERENCE = "specimen.preference"
# What a body that is not rendered yet counts in the request log.
SOME_BYTES = 4096


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
    preview: list[Reply] | None = None  # takes the answer, which is then neither sent nor noted, and changes nothing
    began: float = 0.0  # of the machine's clock that only runs


def log_exchange(
    visit: RequestContext,
    provider: str,
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
    namespace, shown, raw, body = visit.namespace, reply.session, request.raw, reply.body
    namespace.request_log.add(
        (
            request.now if visit.seen_at is None else namespace.clock.now(), namespace.name, provider, scope["method"],
            visit.path, scope["query_string"], visit.headers, raw, operation_id, reply.status, reply.content_type,
            body, shown and shown[1], problem, visit.fault, visit.began, perf_counter(),
        ),
        len(raw) + (len(body) if type(body) is bytes else SOME_BYTES)
        + len(visit.path) + len(scope["query_string"]) + sum(map(len, visit.headers.values())),
    )  # fmt: skip
