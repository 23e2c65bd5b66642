"""Requests that ought to be refused: without credentials, for ids that nobody issued, broken in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from specimen.contracts.client.client_errors import Forbidden, NoAnswer
from specimen.contracts.client.transport import Transport
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.requests import request_discovery
from specimen.contracts.requests.request_encoder import send
from specimen.contracts.requests.request_templates import RequestTemplate, draft, filled, names_in
from specimen.contracts.verify.drivers import Driver, SessionRef

SMOKE_REQUESTS = 100


class Probes:
    """What is sent to one provider at one place, within a number of requests.

    `most` bounds the requests (None: everything is sent); `ended` and `open` are sessions that the probes are about.
    """

    def __init__(self, transport: Transport, driver: Driver, *, most: int | None = SMOKE_REQUESTS, seed: int = 1) -> None:
        self.transport = transport
        self.provider = transport.provider
        self.driver = driver
        self.most = most
        self.seed = seed
        self.sessions: list[SessionRef] = []
        self.ended: SessionRef | None = None
        self._sent_before = transport.sent
        self.open: SessionRef | None = None

    @property
    def left(self) -> int:
        """How many more requests this walk may send."""
        return 10**9 if self.most is None else self.most - (self.transport.sent - self._sent_before)

    def ask(self, wanted: RequestTemplate | None, intent: Mapping[str, Any] | None = None, **how: Any) -> Exchange | None:
        """Sends a request if there is one and it is in the plan; None where there is no answer, which the transport tells."""
        if wanted is None or self.left <= 0:
            return None
        try:
            return send(self.transport, wanted, intent=dict(intent or {}), **how)
        except (NoAnswer, Forbidden):
            return None

    def ids(self) -> Mapping[str, str]:
        """The ids of a session that is known; empty before there is one."""
        known = self.ended or self.open
        return known.ids if known is not None else {}

    def without_credentials(self) -> None:
        """Each secured operation without credentials, and with made-up ones."""
        known = self.ended or self.open
        tried = 0
        for operation in self.provider.document.operations.values():
            base = draft(self.provider, operation.id, known.ids if known else None)
            if (
                base is None
                or not operation.security
                or not self.transport.headers
                or operation in request_discovery.session_actions(self.provider)
            ):
                continue
            tried += 1
            for kind in ("none", "unknown") if self.most is None or tried <= 3 else ("none",):
                self.ask(base, credentials=kind)

    def unknown_ids(self) -> None:
        """Each operation on a session, with an id that nobody issued."""
        for operation in self.provider.document.operations.values():
            if names_in(self.provider, operation.id):
                self.ask(draft(self.provider, operation.id), {"unknown_id": True})

    def malformed_ids(self) -> None:
        """An id in braces, as a URN, with a line break; in capitals, which is neither right nor wrong."""
        known = self.ended or self.open
        if known is None:
            return
        is_first = True
        for operation in self.provider.document.operations.values():
            kinds = names_in(self.provider, operation.id)
            if not kinds or not kinds <= set(known.ids):
                continue
            name = "session" if "session" in kinds else min(kinds)
            forms = request_discovery.malformed_ids(known.ids[name])
            for form in forms[: None if self.most is None else 4 if is_first else 1]:
                self.ask(draft(self.provider, operation.id, {**known.ids, name: form}), {"near_miss": True})
            if is_first or self.most is None:
                self.ask(draft(self.provider, operation.id, {**known.ids, name: known.ids[name].upper()}), {"either": True})
            is_first = False

    def elsewhere(self) -> None:
        """A session asked for with another lawful value in its path: another type, another environment."""
        known = self.ended or self.open
        for read in self.provider.lifecycle.reads if known is not None else ():
            base = filled(self.provider, read.operation, read.request, known.ids) if known is not None else None
            if base is None or known is None or not read.fits(known.facts):
                continue
            for entry in base.operation.parameters:
                for value in entry.schema.get("enum", ()) if entry.location == "path" else ():
                    if value != base.path[entry.name]:
                        self.ask(replace(base, path={**base.path, entry.name: value}), {"elsewhere": True})

    def unlawful(self) -> None:
        """Each documented constraint broken once, as far as the requests reach."""
        rest = self.left - 3
        for mutation in request_discovery.unlawful(self.provider, self.ids()):
            if rest <= 0:
                return
            rest -= 1
            self.ask(mutation.draft, {"unlawful": True})

    def wrong_methods(self) -> None:
        """A method that the document does not list for a path."""
        seen: set[str] = set()
        for operation in self.provider.document.operations.values():
            if operation.path in seen or (self.most is not None and seen):
                continue
            seen.add(operation.path)
            taken = {entry.method for entry in self.provider.document.operations.values() if entry.path == operation.path}
            base = draft(self.provider, operation.id, self.ids())
            for method in [m for m in ("delete", "put", "patch") if m not in taken][: 1 if self.most is not None else 3]:
                if base is not None:
                    self.ask(RequestTemplate(operation, base.path), {"wrong_method": True}, method=method.upper())

    def examples(self) -> None:
        """Documented answers that nothing natural leads to, asked of our mock by name."""
        for operation in self.provider.document.operations.values():
            base = draft(self.provider, operation.id, self.ids())
            for name, status in operation.examples():
                if base is not None and status >= 300:
                    self.ask(base, {"asked_for": name}, prefer=f"example={name}")
