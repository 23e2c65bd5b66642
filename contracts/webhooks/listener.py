"""Listens for deliveries: verifies each, shows what it says, records it, passes it on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from specimen.contracts.http.har_file import entry_of, request_of
from specimen.contracts.webhooks.errors import OutsideTolerance, Replayed, WebhookError
from specimen.contracts.webhooks.sender_clock import SenderClock, hint
from specimen.contracts.webhooks.verification import VerifiedDelivery, verify
from specimen.specs import Provider, SpecimenError
from specimen.specs.core.terminal_text import shown

MOST_BYTES = 4 * 1024 * 1024
_MOST_SEEN = 10_000
_HOP = frozenset({"host", "connection", "content-length", "transfer-encoding", "keep-alive", "upgrade"})


@dataclass(frozen=True, slots=True)
class Heard:
    """A delivery that came: what it says, or why it was refused; the form's faults; what the forward target answered."""

    at: float
    headers: Mapping[str, str]
    body: bytes
    delivery: VerifiedDelivery | None = None
    error: str = ""
    is_repeated: bool = False
    faults: tuple[str, ...] = ()
    forwarded: int | None = None
    is_judged: bool = True

    @property
    def status(self) -> int:
        """What is answered: 200 for what is genuine, also when it comes again; 503 where no key was at hand; else 400."""
        if not self.is_judged:
            return 503
        return 200 if self.delivery is not None or self.is_repeated else 400


@dataclass
class Listener:
    """Judges deliveries of a provider with a receiver's keys, which are asked for anew for each, by the sender's clock."""

    provider: Provider
    keys: Callable[[], Any]
    heard: Callable[[Heard], None]
    forward_url: str | None = None
    clock: SenderClock | None = None
    _seen: dict[str, None] = field(default_factory=dict)

    async def receive(self, request: Request) -> Response:
        """Answers one request."""
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES:
                return JSONResponse({"error": f"more than {MOST_BYTES} bytes"}, 413)
        headers = dict(request.headers)
        heard = self.judged(headers, body)
        if self.forward_url is not None:
            heard = await self._forwarded(self.forward_url, heard)
        self.heard(heard)
        if heard.forwarded is not None:
            return Response(status_code=heard.forwarded)
        return JSONResponse({"error": heard.error} if heard.status != 200 else {"received": True}, heard.status)

    def judged(self, headers: Mapping[str, str], body: bytes) -> Heard:
        """What is to be said of a delivery."""
        now = time.time() if self.clock is None else self.clock.now()
        try:
            found = verify(self.provider, headers, body, self.keys(), now=now)
        except Replayed as error:
            return Heard(now, headers, body, error=str(error), is_repeated=True)
        except WebhookError as error:
            more = hint("--clock") if isinstance(error, OutsideTolerance) and self.clock is None else ""
            return Heard(now, headers, body, error=f"{type(error).__name__}: {error}{more}")
        except SpecimenError as error:  # the keys are not there now, such as a key set that cannot be fetched
            return Heard(now, headers, body, error=str(error), is_judged=False)
        is_repeated = found.event_id in self._seen
        self._seen[found.event_id] = None
        if len(self._seen) > _MOST_SEEN:
            del self._seen[next(iter(self._seen))]
        return Heard(now, headers, body, found, is_repeated=is_repeated, faults=tuple(self._faults(found)))

    def _faults(self, found: VerifiedDelivery) -> Iterable[str]:
        """Where the cleartext differs from the documented form."""
        webhooks = self.provider.webhooks
        kind = None if webhooks is None else webhooks.events.get(found.type)
        if kind is None:
            yield f"the type '{shown(found.type)}' is not documented"
            return
        for error in self.provider.schemas.validator(kind.schema).iter_errors(dict(found.body)):
            yield f"{'/'.join(map(str, error.instance_path)) or 'the cleartext'}: {shown(error.message)}"

    async def _forwarded(self, url: str, heard: Heard) -> Heard:
        headers = {name: value for name, value in heard.headers.items() if name.lower() not in _HOP}
        try:
            async with httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=30) as client:
                status = (await client.post(url, content=heard.body, headers=headers)).status_code
        except httpx.HTTPError:
            status = 502
        return replace(heard, forwarded=status)


def listening_app(listener: Listener) -> Starlette:
    """An application that takes deliveries at any path."""
    return Starlette(routes=[Route("/{path:path}", listener.receive, methods=["POST"])])


def as_entry(heard: Heard, url: str) -> dict[str, Any]:
    """A delivery as an entry of a HAR file: the signature, the body as it came, and no secret."""
    status = heard.forwarded if heard.forwarded is not None else heard.status
    request = request_of("POST", url, "", heard.headers, heard.body, heard.body.decode("utf-8", "replace"))
    return entry_of(request, status, {}, b"", int(heard.at * 1000))
