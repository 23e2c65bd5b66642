"""What a fault does to the answer to a request: a status, a broken connection, a changed body, sessions as they were."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from starlette.types import Message, Receive, Scope, Send

from specimen.mockserver.http.messages import Reply, encode
from specimen.mockserver.preferences.faults import bodies, connection
from specimen.mockserver.preferences.faults.bodies import Answer
from specimen.mockserver.preferences.faults.names import drift_of
from specimen.mockserver.preferences.faults.rules import FaultRule
from specimen.mockserver.provider_api import Request
from specimen.mockserver.routing.endpoint import Endpoint
from specimen.mockserver.routing.request_context import RequestContext
from specimen.mockserver.routing.vendor_errors import vendors_error

# The kinds that change what comes of a request, each of them some answers only.
CHANGES = frozenset({"truncated_body", "malformed_json", "content_type", "slow_drip", "empty", "duplicated_row", "drift"})


class ReplayedRequest(Protocol):
    """A request's messages, whose body can be read before it is served."""

    async def __call__(self) -> Message:
        """The next message."""

    async def read(self, most_bytes: int, seconds: float) -> bytes:
        """The body, or what of it comes in time and fits."""


def concerns(fault: FaultRule, endpoint: Endpoint, method: str) -> bool:
    """Whether a fault can do something to requests of an operation; where it cannot, the next rule is done."""
    if fault.kind in ("stuck", "stale"):
        return endpoint.operation.is_safe or endpoint.is_read
    if fault.kind == "script":
        return endpoint.is_read and method != "HEAD"
    if fault.kind == "drift":
        drift = drift_of(endpoint.provider, fault.what["drift"])
        return drift is not None and endpoint.operation.id in drift.operations
    return True


async def do(
    fault: FaultRule, endpoint: Endpoint, visit: RequestContext, scope: Scope, receive: ReplayedRequest, send: Send
) -> None:
    """Answers a request as the fault makes it."""
    earlier, visit.fault = visit.fault, fault.id  # that of a delay
    if fault.kind == "reset" or (fault.kind == "empty" and fault.what.get("of") == "answer"):
        await receive.read(endpoint.most_bytes, endpoint.settings.body_seconds)
        endpoint.log(visit, _request(endpoint, visit, scope), Reply(0, None, content_type=""), scope)
        await (connection.reset if fault.kind == "reset" else connection.close)(send)
    elif fault.kind == "status":
        raw = await receive.read(endpoint.most_bytes, endpoint.settings.body_seconds)
        request = _request(endpoint, visit, scope)
        request.raw = raw
        await endpoint.send(visit, request, _refusal(fault, endpoint, request), scope, send)
    elif fault.kind in ("stuck", "stale"):
        now = visit.namespace.clock.now()
        seen = now - round(fault.what.get("seconds", 5) * 1000) if fault.kind == "stale" else fault.since
        visit.seen_at = min(seen, now)
        await endpoint(scope, receive, send)
    else:
        visit.as_sent = _for_the_log(fault, endpoint, visit, earlier)
        await _with_changed_answer(fault, endpoint, scope, receive, send)


async def _with_changed_answer(fault: FaultRule, endpoint: Endpoint, scope: Scope, receive: Receive, send: Send) -> None:
    """Serves the request, and sends its answer as the fault makes it; a stream is left as it is."""
    start: Message | None = None
    chunks: list[bytes] = []
    is_stream = False

    async def collect(message: Message) -> None:
        nonlocal start, is_stream
        if message["type"] == "http.response.start":
            start = message
            is_stream = any(name == b"content-type" and b"event-stream" in value for name, value in message["headers"])
        elif not is_stream:
            chunks.append(message.get("body", b""))
        if is_stream:
            await send(message)

    await endpoint(scope, receive, collect)
    if start is None or is_stream:
        return
    content_type = next((value.decode("latin-1") for name, value in start["headers"] if name == b"content-type"), "")
    answer = _changed(fault, Answer(start["status"], content_type, b"".join(chunks)), endpoint)
    headers = [pair for pair in start["headers"] if pair[0] not in (b"content-length", b"content-type")]
    if content_type:
        headers.append((b"content-type", answer.content_type.encode("latin-1", "replace")))
    has_length = any(name == b"content-length" for name, _ in start["headers"])
    if has_length:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({**start, "headers": headers})
    if scope["method"] == "HEAD" or not answer.body:
        await send({"type": "http.response.body", "body": b""})
    elif fault.kind == "truncated_body":
        await send({"type": "http.response.body", "body": _sent_part(fault, answer.body), "more_body": True})
        await connection.close(send)
    elif fault.kind == "slow_drip":
        await _drip(answer.body, fault, send)
    else:
        await send({"type": "http.response.body", "body": answer.body})


def _for_the_log(fault: FaultRule, endpoint: Endpoint, visit: RequestContext, earlier: str | None) -> Callable[[Reply], Reply]:
    """How the request log gets an answer as it is sent; where the fault has nothing to change, an earlier one is noted."""

    def as_sent(reply: Reply) -> Reply:
        changed = as_changed(fault, reply, endpoint)
        if changed is None:
            visit.fault = earlier
        return reply if changed is None else changed

    return as_sent


def as_changed(fault: FaultRule, reply: Reply, endpoint: Endpoint) -> Reply | None:
    """An answer as a fault of `CHANGES` sends it; None where it has nothing to change in this one."""
    if reply.stream is not None:
        return None
    before = Answer(reply.status, reply.content_type, reply.payload())
    after = _changed(fault, before, endpoint)
    if fault.kind == "truncated_body":
        after = after._replace(body=_sent_part(fault, after.body))
    if (after == before and fault.kind != "slow_drip") or not before.body:
        return None
    return replace(reply, body=after.body, content_type=after.content_type)


def _changed(fault: FaultRule, answer: Answer, endpoint: Endpoint) -> Answer:
    return bodies.changed(fault, answer, endpoint.provider, endpoint.operation.id)


def _sent_part(fault: FaultRule, body: bytes) -> bytes:
    """What is sent of a body that is cut."""
    return body[: max(0, min(int(len(body) * fault.what.get("share_sent", 0.5)), len(body) - 1))]


async def _drip(body: bytes, fault: FaultRule, send: Send) -> None:
    pieces = min(fault.what.get("pieces", 10), len(body))
    size = math.ceil(len(body) / pieces)
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    pause = fault.what.get("seconds", 5) / max(1, len(parts) - 1)
    for index, part in enumerate(parts):
        if index:
            await asyncio.sleep(pause)
        await send({"type": "http.response.body", "body": part, "more_body": index + 1 < len(parts)})


def _refusal(fault: FaultRule, endpoint: Endpoint, request: Request) -> Reply:
    """The answer of a status, in the vendor's form where the rule has no body of its own."""
    status = fault.what["status"]
    if "body" in fault.what:
        body = fault.what["body"]
        text = isinstance(body, str)
        content_type = fault.what.get("content_type", "text/plain; charset=utf-8" if text else "application/json")
        reply = Reply(status, body.encode() if text else encode(body), content_type=content_type)
    else:
        reply = vendors_error(endpoint.provider, request, status)
    if "retry_after" in fault.what:
        reply.headers = {**reply.headers, "Retry-After": str(fault.what["retry_after"])}
    return reply


def _request(endpoint: Endpoint, visit: RequestContext, scope: Scope) -> Request:
    now = visit.namespace.clock.now()
    request = Request(endpoint.operation, scope, now=now, origin=visit.origin, namespace=visit.namespace.name)
    request.headers = visit.headers
    return request
