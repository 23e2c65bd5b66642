"""Requests that must be refused: without credentials, with unknown ids, invalid in one field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from specimen.contracts.client.client_errors import Forbidden, NoAnswer
from specimen.contracts.client.transport import Transport
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.requests import request_discovery
from specimen.contracts.requests.mutations import CASE
from specimen.contracts.requests.request_encoder import send
from specimen.contracts.requests.request_templates import RequestTemplate, filled, minimal_request, names_in, unknown_values
from specimen.contracts.verify.drivers.driver import Driver, SessionRef
from specimen.specs import Operation

SMOKE_REQUESTS = 140


class NegativeTests:
    """Negative tests against one provider at one base URL.

    `most` limits the requests (None: no limit); `ended` and `open` are the sessions that the requests name, `made` is the
    creation of the second.
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
        self.made: Exchange | None = None
        self.listed: dict[str, Exchange | None] = {}

    @property
    def left(self) -> int:
        """The number of requests that may still be sent."""
        return 10**9 if self.most is None else self.most - (self.transport.sent - self._sent_before)

    def ask(self, wanted: RequestTemplate | None, intent: Mapping[str, Any] | None = None, **how: Any) -> Exchange | None:
        """Sends a request if it is given and allowed; None where there is no answer, which the transport reports."""
        if wanted is None or self.left <= 0:
            return None
        try:
            return send(self.transport, wanted, intent=dict(intent or {}), **how)
        except (NoAnswer, Forbidden):
            return None

    def ids(self) -> Mapping[str, str]:
        """Returns the ids of a known session; empty before there is one."""
        known = self.ended or self.open
        return known.ids if known is not None else {}

    def without_credentials(self) -> None:
        """Calls each secured operation without credentials and with invalid ones."""
        known = self.ended or self.open
        tried = 0
        for operation in self.provider.document.operations.values():
            base = minimal_request(self.provider, operation.id, known.ids if known else None)
            if (
                base is None
                or not operation.security
                or not self.transport.headers
                or operation in request_discovery.session_actions(self.provider)
            ):
                continue
            tried += 1
            for kind in self.unknown_credentials(tried):
                self.ask(base, credentials=kind)

    def unknown_credentials(self, turn: int) -> tuple[str, ...]:
        """Returns the credentials that must be refused: none and all wrong ones, within a limit two of them in turn."""
        wrong = self.transport.wrong_credentials
        if self.most is None:
            return ("none", *wrong)
        return ("none", *(wrong[2 * turn - 2 : 2 * turn] if turn <= 3 else ()))

    def unknown_ids(self) -> None:
        """Calls each operation on a session with unknown ids, then sends what is documented to find nothing.

        The ids are of the form of a known one, and a known one with one character or its case changed; within a limit one of
        the first two in turn.
        """
        known = self.ids()
        for turn, operation in enumerate(self.provider.document.operations.values()):
            kinds = names_in(self.provider, operation.id)
            tried = {name: unknown_values(self.provider, name, known.get(name)) for name in kinds}
            every = range(max(map(len, tried.values()), default=0))
            for index in every if self.most is None or not every else [turn % len(every[:2])]:
                ids = {name: values[index % len(values)] for name, values in tried.items()}
                self.ask(minimal_request(self.provider, operation.id, ids), {"unknown_id": True})
            for other in self._of_other_kinds(operation, known) if self.most is None else ():
                self.ask(other, {"unknown_id": True})
        for case in self.provider.lifecycle.errors.values():
            is_plain = not (case.setup or case.credential or case.request.headers)
            if case.status == 404 and is_plain and not names_in(self.provider, case.operation):
                self.ask(filled(self.provider, case.operation, case.request, known), {"refused": True})

    def _of_other_kinds(self, operation: Operation, known: Mapping[str, str]) -> Iterator[RequestTemplate]:
        """Yields an operation on a session with the ids of its other kinds in place of its own, where the document takes them."""
        kinds = names_in(self.provider, operation.id)
        for name, value in known.items() if len(kinds) == 1 else ():
            kind = next(iter(kinds))
            base = minimal_request(self.provider, operation.id, {**known, kind: value}) if name != kind else None
            entries = [] if base is None else [entry for entry in operation.parameters if base.path.get(entry.name) == value]
            if base is not None and all(self.provider.schemas.validator(entry.pointer).is_valid(value) for entry in entries):
                yield from [base] if entries else []

    def malformed_ids(self) -> None:
        """Sends an id in braces, as a URN, with a line break; and in upper case, for which the answer is unspecified."""
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
                self.ask(minimal_request(self.provider, operation.id, {**known.ids, name: form}), {"malformed_id": True})
            if is_first or self.most is None:
                upper = {**known.ids, name: known.ids[name].upper()}
                self.ask(minimal_request(self.provider, operation.id, upper), {"either": True})
            is_first = False

    def elsewhere(self) -> None:
        """Reads a session with another valid value in its path: another type, another environment."""
        known = self.ended or self.open
        for read in self.provider.lifecycle.reads if known is not None else ():
            base = filled(self.provider, read.operation, read.request, known.ids) if known is not None else None
            if base is None or known is None or not read.fits(known.facts):
                continue
            for entry in base.operation.parameters:
                for value in entry.schema.get("enum", ()) if entry.location == "path" else ():
                    if value != base.path[entry.name]:
                        self.ask(replace(base, path={**base.path, entry.name: value}), {"elsewhere": True})

    def invalid_requests(self) -> None:
        """Breaks each documented constraint once, as far as the limit of requests allows."""
        rest = self.left - 3
        for mutation in request_discovery.invalid_requests(self.provider, self.ids()):
            if rest <= 0:
                return
            rest -= 1
            case = mutation.place.removeprefix(CASE) if mutation.place.startswith(CASE) else None
            self.ask(mutation.request, {"invalid": True, **({"case": case} if case is not None else {})})

    def wrong_methods(self) -> None:
        """Sends a method that the document does not list for a path."""
        seen: set[str] = set()
        for operation in self.provider.document.operations.values():
            if operation.path in seen or (self.most is not None and seen):
                continue
            seen.add(operation.path)
            taken = {entry.method for entry in self.provider.document.operations.values() if entry.path == operation.path}
            base = minimal_request(self.provider, operation.id, self.ids())
            for method in [m for m in ("delete", "put", "patch") if m not in taken][: 1 if self.most is not None else 3]:
                if base is not None:
                    self.ask(RequestTemplate(operation, base.path), {"wrong_method": True}, method=method.upper())

    def examples(self) -> None:
        """Asks our mock by name for documented answers that no other request leads to."""
        for operation in self.provider.document.operations.values():
            base = minimal_request(self.provider, operation.id, self.ids())
            for name, status in operation.examples():
                if base is not None and status >= 300:
                    self.ask(base, {"asked_for": name}, prefer=f"example={name}")
