"""Does faults on requests of an operation: late, refused, broken, wrong or outdated answers."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from statistics import NormalDist
from time import perf_counter
from typing import Any
from urllib.parse import unquote

from starlette.types import Message, Receive, Scope, Send

from specimen.mockserver.errors import Contradiction, InvalidPreference
from specimen.mockserver.http.messages import Reply, encode
from specimen.mockserver.preferences import prefer_header
from specimen.mockserver.preferences.faults import bodies, connection
from specimen.mockserver.preferences.faults.bodies import Answer
from specimen.mockserver.preferences.faults.magic import fault_in
from specimen.mockserver.preferences.faults.names import UnknownName, check_names
from specimen.mockserver.preferences.faults.rules import FaultRule, InvalidFault, due, from_text, kinds
from specimen.mockserver.provider_api import Request
from specimen.mockserver.routing.endpoint import MOST_ANEW, PREFERENCE, REQUEST_CONTEXT, Endpoint, FaultsChanged, RequestContext
from specimen.mockserver.sessions.service import Sessions
from specimen.mockserver.sessions.session import Session
from specimen.mockserver.sessions.steering.steering import Steering
from specimen.mockserver.sessions.store import NamespaceChanged, Space, StoreFull, StoreUnavailable
from specimen.specs import Provider

_FAULT = "fault"
# Done on the bytes of an answer that is otherwise as it would be.
_OF_BODIES = frozenset({"malformed_json", "content_type", "duplicated_row", "drift"})
_P99 = NormalDist().inv_cdf(0.99)


class FaultyEndpoint:
    """An endpoint on whose requests faults are done."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self.operation = endpoint.operation
        self._is_shared = endpoint.store.is_shared
        lifecycle = endpoint.provider.lifecycle
        self._takes_magic = lifecycle.magic is not None and lifecycle.create.operation == endpoint.operation.id

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """The answer to a request, to be awaited: as the endpoint gives it, or with the faults that are for it.

        Raises:
            ConnectionFault: the fault breaks the connection, and the request is served in process.
        """
        visit: RequestContext = scope[REQUEST_CONTEXT]
        visit.began = perf_counter()
        faults = visit.namespace.faults
        is_asked_for = "prefer" in visit.headers and _FAULT in visit.headers["prefer"]
        if PREFERENCE in scope or not (faults or is_asked_for or self._takes_magic or self._is_shared):
            return self._endpoint(scope, receive, send)
        return self._with_faults(visit, scope, receive, send)

    async def _with_faults(self, visit: RequestContext, scope: Scope, receive: Receive, send: Send) -> None:
        incoming, takes_magic = _Replay(receive), self._takes_magic
        try:
            for _ in range(MOST_ANEW):
                visit.faults_seen = visit.namespace.faults if self._is_shared else None
                try:
                    await _serve(self._endpoint, visit, scope, incoming, send, takes_magic=takes_magic)
                except FaultsChanged as changed:
                    # Another process changed the faults, and the store says so only once it is asked for a session,
                    incoming, takes_magic = _Replay(receive, changed.raw), False
                except NamespaceChanged:  # or for the number of a request: others may be due on it.
                    visit.namespace = await self._endpoint.shared_state.namespaces.get(visit.namespace.name)
                else:
                    return
            visit.refused = StoreUnavailable(f"namespace {visit.namespace.name}: others change it all the time")
        except InvalidPreference as error:
            await self._endpoint.send_invalid_preference(visit, error, scope, send)
            return
        except (StoreFull, StoreUnavailable) as error:
            visit.refused = error
        await self._endpoint(scope, incoming, send)


async def _serve(
    endpoint: Endpoint, visit: RequestContext, scope: Scope, incoming: _Replay, send: Send, *, takes_magic: bool
) -> None:
    takes_magic = takes_magic and _has_body(visit.headers, endpoint.most_bytes)
    rules: Sequence[FaultRule] = visit.namespace.faults
    raw = b""
    if takes_magic or any("session" in rule.match or rule.kind == "script" for rule in rules):
        raw = await incoming.read(endpoint.most_bytes, endpoint.settings.body_seconds)
    fault, delay = _asked_for(visit, endpoint.provider) or (fault_in(raw, endpoint.provider) if takes_magic else None), 0.0
    texts: tuple[str, ...] = ()
    if rules:
        texts = (unquote(visit.path), unquote(scope["query_string"].decode("latin-1")), raw.decode("utf-8", "replace"))
    for rule in due(rules, endpoint.provider.name, endpoint.operation.id, texts):
        if rule.kind != "delay" and fault is not None:
            continue
        number = await _number(endpoint, visit, rule) if rule.is_counted or rule.kind == "delay" else 1
        if not number or not rule.is_due(number):
            continue
        if rule.kind == "delay":
            visit.fault = rule.id
            delay += _seconds(rule, number)
        else:
            fault = rule
    if fault is not None and fault.kind == "delay":
        visit.fault = fault.id
        delay, fault = delay + _seconds(fault, 1), None
    if delay:
        await asyncio.sleep(delay)
    if fault is not None and fault.kind == "script":
        fault = await _script_step(endpoint, visit, scope, fault, raw)
    if fault is None:
        await endpoint(scope, incoming if incoming.is_read else incoming.receive, send)
        return
    visit.fault = fault.id
    await _do(fault, endpoint, visit, scope, incoming, send)


async def _do(fault: FaultRule, endpoint: Endpoint, visit: RequestContext, scope: Scope, receive: _Replay, send: Send) -> None:
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
        if endpoint.operation.is_safe or endpoint.is_read:
            visit.seen_at = min(seen, now)
        await endpoint(scope, receive, send)
    else:
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
    answer = Answer(start["status"], content_type, b"".join(chunks))
    if fault.kind in _OF_BODIES or fault.kind == "empty":
        answer = bodies.changed(fault, answer, endpoint.provider, endpoint.operation.id)
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
        part = answer.body[: min(int(len(answer.body) * fault.what.get("share_sent", 0.5)), len(answer.body) - 1)]
        await send({"type": "http.response.body", "body": part, "more_body": True})
        await connection.close(send)
    elif fault.kind == "slow_drip":
        await _drip(answer.body, fault, send)
    else:
        await send({"type": "http.response.body", "body": answer.body})


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
        reply = vendors_error(endpoint, request, status)
    if "retry_after" in fault.what:
        reply.headers = {**reply.headers, "Retry-After": str(fault.what["retry_after"])}
    return reply


def vendors_error(endpoint: Endpoint, request: Request, status: int) -> Reply:
    """An answer of that status in the vendor's form: a documented one, else the nearest documented error of the operation."""
    own = dict(reversed([(code, name) for name, code in endpoint.operation.examples()]))
    if status in own:
        return request.example(own[status])
    for operation in endpoint.provider.document.operations.values():
        for name, code in operation.examples():
            found = operation.example(name) if code == status else None
            if found is not None:
                return _shown(status, found[1], found[2])
    errors = [code for code in own if code >= 400]
    nearest = min(errors, key=lambda code: (code // 100 != status // 100, abs(code - status)), default=None)
    if nearest is None:
        return Reply(status, {"error": "fault"})
    found = endpoint.operation.example(own[nearest])
    return Reply(status, {"error": "fault"}) if found is None else _shown(status, found[1], found[2])


def _shown(status: int, content_type: str, body: Any) -> Reply:
    return Reply(
        status, body.encode() if isinstance(body, str) and "json" not in content_type else body, content_type=content_type
    )


def _asked_for(visit: RequestContext, provider: Provider) -> FaultRule | None:
    """The fault that the request's own `Prefer` header names."""
    if "prefer" not in visit.headers:
        return None
    text = prefer_header.parse(visit.headers["prefer"]).get(_FAULT)
    if text is None:
        return None
    try:
        rule = replace(from_text(text), since=0)
    except InvalidFault:
        raise InvalidPreference(_FAULT, text, tuple(kinds())) from None
    try:
        check_names(rule, {provider.name: provider})
    except UnknownName as error:
        possible = [name for names in error.possible.values() for name in names]
        raise InvalidPreference(_FAULT, text, possible, str(error)) from None
    return rule


def _has_body(headers: Mapping[str, str], most_bytes: int) -> bool:
    """Whether a request has a body in which a magic value can stand: one whose length is known, and not too great."""
    length = headers.get("content-length", "")
    return length.isdecimal() and 0 < int(length[:18]) <= most_bytes


def _seconds(rule: FaultRule, number: int) -> float:
    """How late the answer to the matching request of that number is."""
    seconds = rule.what["seconds"]
    if isinstance(seconds, (int, float)):
        return float(seconds)
    share = rule.fraction(f"delay/{number}")
    if "from" in seconds:
        return float(seconds["from"] + (seconds["to"] - seconds["from"]) * share)
    sigma = math.log(max(seconds["p99"], seconds["median"]) / seconds["median"]) / _P99
    return float(seconds["median"] * math.exp(sigma * NormalDist().inv_cdf(min(max(share, 1e-9), 1 - 1e-9))))


async def _number(endpoint: Endpoint, visit: RequestContext, rule: FaultRule) -> int:
    """Which of the matching requests this one is, in all processes; 0 where the store does not say.

    Raises:
        NamespaceChanged: by another process, so that other faults may be due.
    """
    try:
        return await endpoint.store.increment(Space(visit.namespace.name, ""), f"fault:{rule.id}:{rule.change}")
    except (StoreUnavailable, StoreFull):
        return 0


async def _script_step(endpoint: Endpoint, visit: RequestContext, scope: Scope, rule: FaultRule, raw: bytes) -> FaultRule | None:
    """Does the next step of a script for the session that a read is about; gives the fault of a step that is a status.

    Raises:
        NamespaceChanged: by another process, before the step was taken.
    """
    reference = _session_of(endpoint, scope, raw)
    if reference is None or not endpoint.is_read or scope["method"] == "HEAD":
        return None
    try:
        session = await _sessions(endpoint, visit).get(reference[1], reference[0], poll=False)
        if session is None:
            return None
        key = f"script:{rule.id}:{rule.change}:{session.id}"
        number = await endpoint.store.increment(Space(visit.namespace.name, endpoint.provider.name), key)
        answers = rule.what["answers"]
        if number > len(answers):
            return None
        step = answers[number - 1]
        if isinstance(step, int):
            return replace(rule, kind="status", what={"status": step})
        await _brought_to(endpoint, visit, session, step)
    except (Contradiction, StoreUnavailable, StoreFull):
        return None
    return None


async def _brought_to(endpoint: Endpoint, visit: RequestContext, session: Session, state: str) -> None:
    """Brings a session to the state of a step, which is taken once, however often other processes change the namespace."""
    for _ in range(MOST_ANEW):
        sessions = _sessions(endpoint, visit)
        steering = Steering(endpoint.provider, sessions.defaults)
        try:
            await sessions.steer(session, lambda record, at: steering.brought_to(record, state, at))  # noqa: B023 - called here
        except NamespaceChanged:
            visit.namespace = await endpoint.shared_state.namespaces.get(visit.namespace.name)
        else:
            return


def _sessions(endpoint: Endpoint, visit: RequestContext) -> Sessions:
    return Sessions(endpoint.shared_state, visit.namespace, visit.origin, visit.namespace.clock.now())


def _session_of(endpoint: Endpoint, scope: Scope, raw: bytes) -> tuple[str | None, str] | None:
    """Name and value of the id by which a read names its session."""
    lifecycle = endpoint.provider.lifecycle
    path: Mapping[str, str] = scope.get("path_params") or {}
    try:
        body = json.loads(raw) if raw else None
    except (ValueError, RecursionError):
        body = None
    for read in lifecycle.reads:
        if read.operation != endpoint.operation.id:
            continue
        places: list[tuple[Any, Any]] = [(template, path.get(name)) for name, template in read.request.path.items()]
        if isinstance(read.request.body, Mapping) and isinstance(body, Mapping):
            places += [(template, body.get(name)) for name, template in read.request.body.items()]
        for template, value in places:
            name = template[1:-1] if isinstance(template, str) and template.startswith("{") else None
            if name in lifecycle.ids and isinstance(value, str):
                return name, value
    return None


def _request(endpoint: Endpoint, visit: RequestContext, scope: Scope) -> Request:
    now = visit.namespace.clock.now()
    request = Request(endpoint.operation, scope, now=now, origin=visit.origin, namespace=visit.namespace.name)
    request.headers = visit.headers
    return request


class _Replay:
    """A request's messages, which can be read before they are served."""

    def __init__(self, receive: Receive, raw: bytes | None = None) -> None:
        self.receive = receive
        self._kept: list[Message] = [] if raw is None else [{"type": "http.request", "body": raw, "more_body": False}]
        self._is_read = raw is not None

    @property
    def is_read(self) -> bool:
        """Whether messages were taken, which must be served again."""
        return self._is_read

    async def __call__(self) -> Message:
        return self._kept.pop(0) if self._kept else await self.receive()

    async def read(self, most_bytes: int, seconds: float) -> bytes:
        """The body, or what of it comes in time and fits; it is served again."""
        total, more = 0, not self._is_read
        self._is_read = True
        try:
            async with asyncio.timeout(seconds):
                while more and total <= most_bytes:
                    message = await self.receive()
                    self._kept.append(message)
                    total += len(message.get("body", b""))
                    more = message["type"] == "http.request" and message.get("more_body", False)
        except TimeoutError:
            pass
        return b"".join(message.get("body", b"") for message in self._kept)
