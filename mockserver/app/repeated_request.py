"""Requests that came before with the same head: what follows from the head alone is not worked out again."""

from __future__ import annotations

from time import perf_counter
from typing import Any, NamedTuple

from starlette.types import Receive, Scope, Send

from specimen.mockserver.app.mounted import Mounted
from specimen.mockserver.app.places import Place
from specimen.mockserver.app.request_headers import IDEMPOTENCY_KEY, without_key
from specimen.mockserver.errors import InvalidPreference
from specimen.mockserver.http import request_body
from specimen.mockserver.http.dates import date_header, date_line
from specimen.mockserver.http.request_body import HEAD, KEY, Begun, RequestRejected
from specimen.mockserver.http.responses import PROBLEM_TYPE, send_reply, write_whole
from specimen.mockserver.provider_api import Problem, Reply, Request
from specimen.mockserver.routing import connexion_adapter
from specimen.mockserver.routing.endpoint import Endpoint
from specimen.mockserver.routing.request_context import PREFERENCE, REQUEST_CONTEXT, RequestContext
from specimen.mockserver.routing.store_problems import too_much
from specimen.mockserver.sessions.namespaces import Namespace
from specimen.mockserver.sessions.request_log.log import TOGETHER, Exchange, Untimed, size_of
from specimen.mockserver.sessions.service import Sessions
from specimen.mockserver.sessions.store import NamespaceChanged, StoreFull, StoreUnavailable

# Headers that announce a body (RFC 9112, section 6.3).
_DELIMITS = frozenset({"content-length", "transfer-encoding"})
# Bodies that a head is remembered with: of a client that creates, or asks for the same status, the first few are all.
_MOST_PLAIN = 4
# Heads that are remembered, and the characters of the longest one.
_MOST_HEADS, _LONGEST_HEAD = 1024, 2048
_KNOWN = "known"

_Asked = tuple[Any, ...]
_BODY, _SCENARIO = map(Exchange._fields.index, ("body", "scenario"))


def _resumed(begun: Begun | None, receive: Receive) -> Receive:
    return receive if begun is None else request_body.resumed(begun, receive)


class RepeatedRequest:
    """A read or a create without a preference: its operation and its valid parameters.

    Who asks, the time, the namespace, the Idempotency-Key, the body and the session are looked at anew each time.
    """

    def __init__(self, mounted: Mounted, place: Place, endpoint: Endpoint, headers: dict[str, str], request: Request) -> None:
        self._routed, self._endpoint = mounted.routed, endpoint
        self._in_document = place.in_document
        self._authenticate, self._credentials = endpoint.behaviour.authenticate, endpoint.credentials
        self._handler, self._finish = endpoint.handler, endpoint.behaviour.finish
        self._operation, self._provider, self._shared = endpoint.operation, endpoint.provider.name, endpoint.shared_state
        self._origin = request.origin
        self._method: str = request.scope["method"]
        self._takes_body = bool(endpoint.operation.bodies)
        self._has_body = not _DELIMITS.isdisjoint(headers)
        self._path: str = request.scope["path"]
        self._query: bytes = request.scope["query_string"]
        self._path_values, self._query_values = request.path, request.query
        self._has_parameters = bool(request.path or request.query)
        self._plain_bodies: dict[bytes, dict[str, Any]] = {}
        self._last: Untimed = (None,) * len(Exchange._fields)
        self._head_bytes = len(self._path) + len(self._query) + sum(map(len, headers.values()))

    @classmethod
    def of(cls, mounted: Mounted, place: Place, headers: dict[str, str], scope: Scope) -> RepeatedRequest | None:
        """The read or create that a routed request is; None for other requests."""
        endpoint = mounted.endpoints.get(connexion_adapter.operation_id(scope) or "")
        if endpoint is None or endpoint.store.is_shared or scope["method"] == "HEAD" or PREFERENCE in scope:
            return None
        if not endpoint.operation.bodies and not _DELIMITS.isdisjoint(headers):
            return None
        if not (endpoint.operation.is_safe or endpoint.is_read or endpoint.is_create):
            return None
        if b"__" in scope["query_string"] or "prefer" in headers:
            return None
        request = Request(endpoint.operation, scope, now=0, origin=place.origin, namespace="")
        request.headers = headers
        try:
            endpoint.validate_parameters(request, scope)
        except RequestRejected:
            return None
        return cls(mounted, place, endpoint, headers, request)

    async def answer(
        self, namespace: Namespace, scope: Scope, receive: Receive, send: Send, headers: dict[str, str], key: str | None
    ) -> None:
        """Answers it as its endpoint does, in a namespace that has no faults; `key` is the Idempotency-Key among `headers`."""
        began, now = perf_counter(), namespace.clock.now()
        endpoint, raw, begun = self._endpoint, scope.get(request_body.BODY, b""), None
        if self._has_body and not raw:
            begun = request_body.begin(receive)
            message = begun.message
            if message is None or message["type"] != "http.request" or message.get("more_body", False):
                await self._at_full_length(namespace, now, scope, request_body.resumed(begun, receive), send, headers)
                return
            raw = message.get("body", b"")
        request = Request(self._operation, scope, now=now, origin=self._origin, namespace=namespace.name)
        request.headers, request.raw = headers, raw
        found = self._authenticate(request, self._credentials)
        is_other = isinstance(found, Problem) or (self._takes_body and not self._is_plain(request))
        if is_other or (key is not None and not endpoint.has_valid_headers(request)):
            await self._at_full_length(namespace, now, scope, _resumed(begun, receive), send, headers)
            return
        request.credential = found  # type: ignore[assignment] # no problem by now
        if self._has_parameters:
            request.path, request.query = self._path_values.copy(), self._query_values.copy()
        sessions = Sessions(self._shared, namespace, self._origin, now)
        endpoint.take_magic(request, sessions)
        try:
            reply = await self._handler(request, sessions)
        except StoreFull as full:  # what the handler did until then is not to be done once more
            reply = too_much(full)
        except (NamespaceChanged, StoreUnavailable, InvalidPreference, RequestRejected):
            await self._at_full_length(namespace, now, scope, _resumed(begun, receive), send, headers)
            return
        if self._finish is not None and reply.content_type != PROBLEM_TYPE:
            reply = self._finish(reply, request)
        log = namespace.request_log
        if log.is_on:  # written out: each call costs a read a hundredth
            exchange, shown, new = self._last, reply.session and reply.session[1], log.new
            if reply.body is not exchange[_BODY] or shown != exchange[_SCENARIO] or raw or key is not None:
                exchange = self._exchange(namespace, reply, headers, raw, key)
            new += (exchange, now, began, perf_counter())
            if len(new) >= TOGETHER:
                log.settle()
        if not write_whole(send, reply, date_line(now)):
            await send_reply(send, reply, (date_header(now),), receive=_resumed(begun, receive))

    def _is_plain(self, request: Request) -> bool:
        """Takes a body over that was found valid before and asks for no fault."""
        plain = self._plain_bodies.get(request.raw)
        if plain is not None:
            request.body = plain.copy()
            return True
        if not self._endpoint.is_known(request) or self._endpoint.names_fault(request.raw):
            return False
        if len(self._plain_bodies) < _MOST_PLAIN:
            self._plain_bodies[request.raw] = request.body.copy()
        return True

    def _exchange(self, namespace: Namespace, reply: Reply, headers: dict[str, str], raw: bytes, key: str | None) -> Untimed:
        """What the request log keeps of an exchange; that of a read is kept for the next one, whose answer is mostly the same."""
        exchange = (
            namespace.name, self._provider, self._method, self._path, self._query, headers, raw, self._operation.id,
            reply.status, reply.content_type, reply.body, reply.session and reply.session[1], None, None,
            size_of(self._head_bytes + len(key or ""), raw, reply.body),
        )  # fmt: skip
        if not raw and key is None and type(reply.body) is bytes:  # of the same bytes the status and the type are the same
            self._last = exchange
        return exchange

    async def _at_full_length(
        self, namespace: Namespace, now: int, scope: Scope, receive: Receive, send: Send, headers: dict[str, str]
    ) -> None:
        """Answers it as if it came for the first time."""
        scope[REQUEST_CONTEXT] = RequestContext(namespace, self._origin, self._path, headers, (date_header(now),))
        scope[connexion_adapter.PATH] = self._in_document
        await self._routed(scope, receive, send)


class KnownHead(NamedTuple):
    """What follows from a head, its Idempotency-Key left out.

    `request` is what it asks for, where that is a read or a create of a store in this process.
    """

    place: Place
    mounted: Mounted
    namespace: str
    headers: dict[str, str]
    request: RepeatedRequest | None


class KnownHeads:
    """What follows from heads by all that they say but their Idempotency-Key; the latest ones, at most so many."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[_Asked, KnownHead] = {}

    def __len__(self) -> int:
        return len(self._known)

    def clear(self) -> None:
        """Forgets all but what connections remember themselves."""
        self._known.clear()

    def find(self, scope: Scope) -> tuple[KnownHead | None, str | None]:
        """What is known of a request's head, and its Idempotency-Key. Where its connection knows the head, no header is read."""
        of_connection: dict[str, Any] | None = scope.get(HEAD)
        if of_connection:
            known, key = of_connection[_KNOWN]
            return known, scope[KEY].decode("latin-1") if KEY in scope else key
        asked, key = _asked(scope)
        known = self._known.get(asked) if _has_headers(asked) else None
        if known is not None and of_connection is not None:
            of_connection[_KNOWN] = known, key
        return known, key

    def remember(self, scope: Scope, place: Place, mounted: Mounted, namespace: str, headers: dict[str, str]) -> None:
        """Keeps what the head of a request says that was routed to an operation; `headers` are its own, by their names."""
        asked, key = _asked(scope)
        if IDEMPOTENCY_KEY in headers and key is None:
            return  # it is in the head that would be remembered, and another one each time
        headers = {name: value for name, value in headers.items() if name != IDEMPOTENCY_KEY}
        length = sum(map(len, headers.values())) + len(scope["path"]) + len(scope["query_string"])
        if _has_headers(asked) and length <= _LONGEST_HEAD:
            if len(self._known) >= _MOST_HEADS:
                self._known.clear()
            request = RepeatedRequest.of(mounted, place, headers, scope)
            self._known[asked] = KnownHead(place, mounted, namespace, headers, request)


def _asked(scope: Scope) -> tuple[_Asked, str | None]:
    pairs, key = scope["headers"], None
    if scope["method"] == "POST":
        pairs, key = without_key(pairs)
    of_line = scope["path"], scope["query_string"], scope["method"], scope.get("scheme"), scope.get("raw_path")
    return (key is not None, *of_line, *pairs), key


def _has_headers(asked: _Asked) -> bool:
    """Whether its last part is a header, as servers give them: a name and a value that have a hash."""
    return type(asked[-1]) is tuple
