"""Watches what an implementation sends while `verify` walks through its sessions."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.reporting.model import Found, Report, Sample
from specimen.contracts.webhooks.errors import WebhookError
from specimen.contracts.webhooks.listener import MOST_BYTES
from specimen.contracts.webhooks.rules.delivery_rules import Judgement, judged
from specimen.contracts.webhooks.rules.observed_sessions import PATIENCE_SECONDS, ObservedSessions
from specimen.contracts.webhooks.rules.rule_set import Sent, counted, rules
from specimen.contracts.webhooks.sender_clock import SenderClock, hint
from specimen.contracts.webhooks.verification import Keys, verify, webhooks_of
from specimen.specs import Provider
from specimen.specs.core.listening import Server, listen, url_of

# So long the first retry is waited for once the walk is over, beside the time that an event may be on its way.
RETRY_PATIENCE_SECONDS = 15.0
_START_SECONDS = 20.0
_LOOK_SECONDS = 0.2


@dataclass
class Watch:
    """What came, and the sessions that were seen. The first delivery of all is answered 503, so that it must come again."""

    provider: Provider
    keys: Any
    refuses_first: bool = True
    clock: SenderClock | None = None
    types: tuple[str, ...] | None = None  # those that the endpoint is subscribed to, where it is not all
    sent: list[Sent] = field(default_factory=list)
    observed: ObservedSessions = field(init=False)

    def __post_init__(self) -> None:
        """Checks the keys.

        Raises:
            SpecimenError: the provider sends no webhooks, or a key is missing.
        """
        _, self.webhooks = webhooks_of(self.provider)
        self.keys = Keys.of(self.webhooks, self.keys)
        self.observed = ObservedSessions(self.provider, self.webhooks)
        self._lock = threading.Lock()
        self._over_at: float | None = None  # seconds since the epoch; what comes later is not judged

    def now(self) -> float:
        """The sender's time, in seconds since the epoch."""
        return time.time() if self.clock is None else self.clock.now()

    def take(self, headers: Mapping[str, str], body: bytes, at: float) -> int:
        """Keeps a delivery; gives the status that it is answered with."""
        with self._lock:
            if self._over_at is not None:
                return 200
            status = 503 if self.refuses_first and not self.sent else 200
            self.sent.append(Sent(at, headers, body, status))
            return status

    def see(self, exchange: Exchange) -> None:
        """Notes which session an exchange of the walk shows, and in which state."""
        if self._over_at is None:
            self.observed.see(exchange)

    def wait(self, sleep: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.monotonic) -> None:
        """Ends the watch once every promised event came, and the one that was refused came again, or patience is over."""
        until = clock() + PATIENCE_SECONDS
        waits = self.webhooks.retry_seconds
        if self._is_waiting() and waits and waits[0] <= RETRY_PATIENCE_SECONDS:
            until += waits[0]
        while clock() < until and (self._is_waiting() or self._is_missing()):
            sleep(_LOOK_SECONDS)
        self.end(self.now())

    def end(self, at: float) -> None:
        """Ends the watch (seconds since the epoch)."""
        with self._lock:
            self._over_at = at

    def _is_waiting(self) -> bool:
        with self._lock:
            sent = list(self.sent)
        if not sent or sent[0].answered != 503:
            return False
        refused = self._event(sent[0])
        return all(self._event(one) != refused for one in sent[1:])

    def _event(self, one: Sent) -> str | bytes:
        """Which event a delivery tells of, as its body may differ each time; of what is not genuine the body."""
        try:
            return verify(self.provider, one.headers, one.body, self.keys, now=one.at).event_id
        except WebhookError:
            return one.body

    def _is_missing(self) -> bool:
        return any(violation.rule == "WHK-006" for violation in self.judgement().violations)

    def judgement(self) -> Judgement:
        """What is wrong with what came, and what did not come."""
        with self._lock:
            sent = list(self.sent)
        return judged(
            self.provider, self.webhooks, sent, self.keys, observed=self.observed, until=self._over_at,
            hint=hint("--webhook-clock") if self.clock is None else "", types=self.types,
        )  # fmt: skip

    def added(self, report: Report) -> Report:
        """A report with what was found; where nothing came, it is incomplete."""
        judgement = self.judgement() if self.sent else Judgement([], frozenset())
        known = tuple(rules(self.webhooks).values())
        found = tuple(
            Found(violation, count, Sample("POST", "the webhook", 0, "", "", report.started_at))
            for violation, count in counted(judgement.violations).items()
        )
        missing = () if self.sent else ("No webhook came: register the address of --webhook-port with the implementation.",)
        covered = replace(
            report.reach.rules,
            seen=(*report.reach.rules.seen, *(rule.id for rule in known if rule.id in judgement.examined)),
            possible=(*report.reach.rules.possible, *(rule.id for rule in known)),
        )
        remarks = (*report.remarks, f"{len(self.sent)} deliveries of webhooks came.")
        if self._is_waiting():
            remarks = (*remarks, "The first delivery, which was answered 503, did not come again meanwhile.")
        return replace(
            report, found=(*report.found, *found), rules=(*report.rules, *known), remarks=remarks,
            reach=replace(report.reach, rules=covered), incomplete=(*report.incomplete, *missing),
        )  # fmt: skip


class WatchServer:
    """Listens on a port of this machine for a watch, until it is closed."""

    def __init__(self, watch: Watch, port: int) -> None:
        self._socket: socket.socket = listen("127.0.0.1", port)
        self.url = url_of(self._socket)

        async def receive(request: Request) -> Response:
            body = b""
            async for part in request.stream():
                body += part
                if len(body) > MOST_BYTES:
                    return Response(status_code=413)
            return Response(status_code=watch.take(dict(request.headers), body, watch.now()))

        routes = [Route("/{path:path}", receive, methods=["POST"])]
        started = threading.Event()
        config = uvicorn.Config(Starlette(routes=routes), log_level="error", access_log=False, lifespan="off")
        self._server = Server(config, started.set)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)
        self._thread.start()
        started.wait(_START_SECONDS)

    def close(self) -> None:
        """Ends it."""
        self._server.should_exit = True
        self._thread.join(_START_SECONDS)
        self._socket.close()
