"""Does faults on requests of an operation: late, refused, broken, wrong or outdated answers."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from statistics import NormalDist
from time import perf_counter
from urllib.parse import unquote

from starlette.types import Message, Receive, Scope, Send

from specimen.mockserver.errors import InvalidPreference
from specimen.mockserver.http import request_body
from specimen.mockserver.http.messages import Reply
from specimen.mockserver.http.request_body import RequestRejected
from specimen.mockserver.preferences import prefer_header
from specimen.mockserver.preferences.faults.magic import fault_in, is_for_reads, names_fault
from specimen.mockserver.preferences.faults.names import UnknownName, check_names
from specimen.mockserver.preferences.faults.rules import FaultRule, InvalidFault, due, from_text, kinds
from specimen.mockserver.routing.endpoint import MOST_ANEW, Endpoint, FaultsChanged
from specimen.mockserver.routing.faults.binding import bind, check_room
from specimen.mockserver.routing.faults.effects import CHANGES, as_changed, concerns, do
from specimen.mockserver.routing.faults.script_steps import script_step
from specimen.mockserver.routing.request_context import PREFERENCE, REQUEST_CONTEXT, RequestContext
from specimen.mockserver.sessions.store import NamespaceChanged, Space, StoreFull, StoreUnavailable
from specimen.specs import Provider

_FAULT = "fault"
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
        if PREFERENCE not in scope and (faults or is_asked_for or self._is_shared):
            return self._with_faults(visit, scope, receive, send)
        if PREFERENCE not in scope and self._takes_magic:
            return self._with_magic(visit, scope, receive, send)
        return self._endpoint(scope, receive, send)

    def _with_magic(self, visit: RequestContext, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """The answer where no fault is done but one that the body may name; one that is here already is read once."""
        endpoint = self._endpoint
        try:
            raw = request_body.read_available(visit.headers, receive, endpoint.most_bytes)
        except RequestRejected:  # the endpoint says so
            return endpoint(scope, receive, send)
        if not isinstance(raw, bytes):
            return self._with_faults(visit, scope, request_body.resumed(raw, receive), send)
        if names_fault(raw, endpoint.provider):
            return self._with_faults(visit, scope, request_body.resumed(request_body.Begun.whole(raw), receive), send)
        return endpoint(scope, receive, send, raw)

    async def _with_faults(self, visit: RequestContext, scope: Scope, receive: Receive, send: Send) -> None:
        incoming = _Replay(receive)
        try:
            for _ in range(MOST_ANEW):
                visit.faults_seen = visit.namespace.faults if self._is_shared else None
                try:
                    await _serve(self._endpoint, visit, scope, incoming, send, takes_magic=self._takes_magic)
                except FaultsChanged as changed:
                    # Another process changed the faults, and the store says so only once it is asked for a session,
                    incoming = _Replay(receive, changed.raw)
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
    visit.fault = visit.as_sent = visit.made = None
    takes_magic = takes_magic and _has_body(visit.headers, endpoint.most_bytes)
    rules: Sequence[FaultRule] = visit.namespace.faults
    raw = b""
    if takes_magic or any("session" in rule.match or rule.kind == "script" for rule in rules):
        raw = await incoming.read(endpoint.most_bytes, endpoint.settings.body_seconds)
    asked = _asked_for(visit, endpoint.provider)
    if asked is None and takes_magic:
        asked = _named(fault_in(raw, endpoint.provider), endpoint, visit)
    texts: tuple[str, ...] = ()
    if rules:
        texts = (unquote(visit.path), unquote(scope["query_string"].decode("latin-1")), raw.decode("utf-8", "replace"))
    fitting = [*((asked,) if asked is not None else ()), *due(rules, endpoint.provider.name, endpoint.operation.id, texts)]
    delay = await _delay(endpoint, visit, fitting, asked)
    fault = await _first(endpoint, visit, scope, fitting, raw, incoming)
    if delay:
        await asyncio.sleep(delay)
    if fault is None or fault.kind == "script":
        visit.fault = visit.fault if fault is None else fault.id
        await endpoint(scope, incoming if incoming.is_read else incoming.receive, send)
    else:
        await do(fault, endpoint, visit, scope, incoming, send)


async def _delay(endpoint: Endpoint, visit: RequestContext, rules: Sequence[FaultRule], asked: FaultRule | None) -> float:
    """How many seconds late the answer is: those of all rules that are done."""
    total = 0.0
    for rule in rules:
        if rule.kind == "delay":
            number = 1 if rule is asked else await _number(endpoint, visit, rule)
            if number and rule.is_due(number):
                visit.fault = rule.id
                total += _seconds(rule, number)
    return total


async def _first(
    endpoint: Endpoint, visit: RequestContext, scope: Scope, rules: Sequence[FaultRule], raw: bytes, incoming: _Replay
) -> FaultRule | None:
    """The first rule but delays that is done; of a script, the step is taken, or is the status that is given instead.

    A rule that has nothing to change in the answer is not done, does not count, and leaves the request to the next one. It is
    asked where that matters, and where the answer can be known before: not where the request changes something.
    """
    is_known = endpoint.operation.is_safe or endpoint.is_read
    coming: list[Reply] | None = None
    for place, rule in enumerate(rules, 1):
        if rule.kind == "delay" or not concerns(rule, endpoint, scope["method"]):
            continue
        if is_known and rule.kind in CHANGES and rule.what.get("of") != "answer" and (rule.is_counted or place < len(rules)):
            if coming is None:
                coming = await _preview(endpoint, visit, scope, incoming)
            if not any(as_changed(rule, reply, endpoint) for reply in coming):
                continue
        number = await _number(endpoint, visit, rule) if rule.is_counted else 1
        if not number or not rule.is_due(number):
            continue
        fault = rule if rule.kind != "script" else await script_step(endpoint, visit, scope, rule, raw)
        if fault is not None:
            return fault
    return None


async def _preview(endpoint: Endpoint, visit: RequestContext, scope: Scope, incoming: _Replay) -> list[Reply]:
    """The answer that a read would get; it is not sent, and counts as no read. None where it is no answer."""
    raw = await incoming.read(endpoint.most_bytes, endpoint.settings.body_seconds) if _may_have_body(visit.headers) else b""
    found: list[Reply] = []
    visit.preview = found
    try:
        await endpoint(scope, _Replay(incoming.receive, raw), _unheard)
    finally:
        visit.preview = None
    return found


async def _unheard(_: Message) -> None:
    """Sends nothing."""


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


def _named(rule: FaultRule | None, endpoint: Endpoint, visit: RequestContext) -> FaultRule | None:
    """The fault of a magic value, where it is for the request; one of later reads is bound to the session that it creates."""
    if rule is None or not is_for_reads(rule, endpoint.provider):
        return rule
    check_room(rule, visit)
    visit.made = partial(bind, rule, endpoint, visit)
    return None


def _may_have_body(headers: Mapping[str, str]) -> bool:
    return "content-length" in headers or "transfer-encoding" in headers


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


class _Replay:
    """A request's messages, which can be read before they are served."""

    def __init__(self, receive: Receive, raw: bytes | None = None) -> None:
        self.receive = receive
        self._kept: list[Message] = [] if raw is None else [{"type": "http.request", "body": raw, "more_body": False}]
        self._is_read = raw is not None
        self._bytes = 0

    @property
    def is_read(self) -> bool:
        """Whether messages were taken, which must be served again."""
        return self._is_read

    async def __call__(self) -> Message:
        return self._kept.pop(0) if self._kept else await self.receive()

    async def read(self, most_bytes: int, seconds: float) -> bytes:
        """The body, or what of it comes in time and fits; it is served again."""
        if not self._is_read:
            self._is_read = True
            begun = request_body.begin(self.receive)
            if not self._keep(begun.message, most_bytes):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        message = await begun if begun.message is None else await self.receive()
                        while not self._keep(message, most_bytes):
                            message = await self.receive()
        return b"".join([message.get("body", b"") for message in self._kept])

    def _keep(self, message: Message | None, most_bytes: int) -> bool:
        """Whether a message is the last one that is read; where there is none yet, it is not."""
        if message is None:
            return False
        self._kept.append(message)
        self._bytes += len(message.get("body", b""))
        return message["type"] != "http.request" or not message.get("more_body", False) or self._bytes > most_bytes
