"""Requests about sessions: to follow, create, repeat, end and read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid5

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.requests import creation_variants, request_discovery
from specimen.contracts.requests.parameter_overrides import without_refused
from specimen.contracts.requests.request_templates import (
    MISSING,
    RequestTemplate,
    filled,
    ids_shown,
    minimal_request,
    names_in,
    request_examples,
    unknown_values,
)
from specimen.contracts.verify.drivers.driver import Journey, SessionRef, creation
from specimen.contracts.verify.lifecycle_tests import listed_rows
from specimen.contracts.verify.lifecycle_tests.probes import VALID
from specimen.contracts.verify.lifecycle_tests.variations import Variations

# The URL namespace of UUIDs (RFC 9562, section 6.6); idempotency keys are derived from it, by seed.
_KEYS = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")


class SessionTests(Variations):
    """Sends valid and repeated requests about sessions of one provider at one base URL."""

    def _follow(self, journey: Journey) -> None:
        known = journey.start()
        if known is None:
            return
        known = self._with_more_ids(known)
        self.sessions.append(known)
        for turn in range(journey.rounds):
            last = self._read(known, only_first=not journey.is_thorough and turn < journey.rounds - 1)
        usual = request_discovery.path_facts(self.provider)
        if self.most is None and any(known.facts.get(name, value) != value for name, value in usual.items()):
            self._ask_about(last)  # other sessions are asked about in later steps
        if (
            self.ended is None
            and last is not None
            and request_discovery.state(self.provider, last) in self.provider.lifecycle.terminal
        ):
            self.ended = known

    def _read(
        self, known: SessionRef, *, only_first: bool = False, intent: Mapping[str, Any] = VALID, credentials: str = "good"
    ) -> Exchange | None:
        """Sends all reads of a session, or the first one; returns the answer to the first."""
        found: Exchange | None = None
        for read in self.provider.lifecycle.reads:
            if read.fits(known.facts) or not known.facts:
                template = filled(self.provider, read.operation, read.request, known.ids)
                exchange = self.ask(template, intent, credentials=credentials)
                found = found or exchange
                if only_first:
                    break
        return found

    def _with_more_ids(self, known: SessionRef) -> SessionRef:
        """Adds the ids of other kinds that the first read shows."""
        if set(self.provider.lifecycle.ids) <= set(known.ids) or not any(
            names_in(self.provider, read.operation) - set(known.ids) for read in self.provider.lifecycle.reads
        ):
            return known
        read = self.provider.lifecycle.reads[0]
        exchange = self.ask(filled(self.provider, read.operation, read.request, known.ids), VALID)
        return known if exchange is None else replace(known, ids={**request_discovery.ids(self.provider, exchange), **known.ids})

    def _listed_rows(self) -> None:
        """Reads a row of each list by its ids (two where there is room), first one that the walk did not make, if any."""
        own = {value for one in self.sessions for value in one.ids.values()}
        for operation in request_discovery.lists(self.provider):
            listed = self.listed.get(operation.id)
            if not self.transport.is_production:
                listed = self.ask(RequestTemplate(operation, query=listed_rows.largest_page(operation)), VALID)
            for ids in listed_rows.to_read(self.provider, listed, own, 2 if self.most is None else 1):
                for value in ids.values():
                    self.transport.admit(value)
                self._read(SessionRef(ids))

    def _default_session(self) -> None:
        """Creates a session without a `Prefer` header and reads it, which needs no driver."""
        made = self.ask(creation(self.provider, {}), VALID)
        if made is None or not (ids := ids_shown(self.provider, made)):
            return
        self.made = made
        self.open = SessionRef(ids, request_discovery.path_facts(self.provider))
        self.sessions.append(self.open)
        self._read(self.open)
        if self.most is None:
            self._read(self.open)

    def _second_credential(self) -> None:
        """Reads sessions and lists with the second credential, and a session of the second with the first.

        The first credential reads its lists in a later step.
        """
        known, is_short = self.open or self.ended or next(iter(self.sessions), None), self.most is not None
        if known is not None:
            self._read(known, only_first=is_short, intent={}, credentials="other")
        made = None if self.transport.is_production else self.ask(creation(self.provider, {}), credentials="other")
        for operation in request_discovery.lists(self.provider):
            self.ask(RequestTemplate(operation), credentials="other")
        if made is not None and (ids := ids_shown(self.provider, made)):
            self._read(SessionRef(ids, request_discovery.path_facts(self.provider)), only_first=is_short, intent={})

    def _bodies(self) -> None:
        """Sends every example body of the document, and each value of an enumeration in it."""
        for operation in self.provider.document.operations.values():
            base = minimal_request(self.provider, operation.id, self.ids())
            if base is None or operation.id in {read.operation for read in self.provider.lifecycle.reads}:
                continue
            if names_in(self.provider, operation.id):
                continue
            for index, body in enumerate(request_examples(self.provider, operation)):
                if self.most is None or (index < 3 and body != base.body):
                    wanted = replace(base, body=body)
                    exchange = self.ask(wanted, VALID)
                    if exchange is not None and (rest := without_refused(self.provider, wanted, exchange)) is not None:
                        exchange = self.ask(rest, VALID)
                    if exchange is not None and (ids := ids_shown(self.provider, exchange)):
                        self._read(SessionRef(ids, request_discovery.path_facts(self.provider)), only_first=self.most is not None)
            for query in request_discovery.query_edges(operation):
                self.ask(replace(base, query=query), VALID)
            if not operation.body_required and base.body is not MISSING and self.most is None:
                self.ask(replace(base, body=MISSING), {})  # that the body may be missing is our reading of pages that show one

    def _free(self) -> None:
        """Creates two sessions with the same caller's key and one with another; reads each, also by that key.

        Where a creation may return an existing session, and the second one does not, the first session is read once more:
        an unchanged first session shows that it was not reused.
        """
        base, is_short = creation(self.provider, {}), self.most is not None
        first: SessionRef | None = None
        same: tuple[str, Mapping[str, str]] | None = None
        for index, text in enumerate(("same", "same") if is_short else ("same", "same", "other", "same")):
            value = creation_variants.free_value(self.provider, f"{text} {self.seed}")
            wanted = None if base is None or value is None else creation_variants.with_free(self.provider, base, value)
            if wanted is None or value is None:
                return
            for request in (wanted, *(() if is_short else creation_variants.elsewhere(self.provider, wanted))):
                exchange = self.ask(request, VALID)
                ids = ids_shown(self.provider, exchange) if exchange is not None else {}
                same = same or ((value, ids) if ids else None)
                if ids and (index or not is_short):
                    self._read(self._made(request, ids), only_first=is_short)
                if ids and request is wanted and request_discovery.may_reuse(request.operation):
                    first = first or self._made(request, ids)
                    if index == 1 and ids != first.ids:
                        self._read(first, only_first=is_short)
            if index or not is_short:
                for other in creation_variants.by_free(self.provider, value):
                    self.ask(other, VALID)
        if same is not None:
            self.near_lookups(*same)
        if self.ended is not None and base is not None:
            self.ask(creation_variants.continued(self.provider, base, self.ended.ids["session"]), VALID)

    def _made(self, wanted: RequestTemplate, ids: Mapping[str, str]) -> SessionRef:
        return SessionRef(ids, {name: wanted.path[name] for name in request_discovery.path_facts(self.provider)})

    def _fixed_states(self) -> None:
        """Reads a session in each state three times: it must not change."""
        for state in self.provider.lifecycle.states:
            known = self.driver.known(state)
            for _ in range(3 if known is not None else 0):
                self._read(known or SessionRef({}))

    def _keys(self) -> None:
        """Sends the same idempotency key twice, then with another body, then the same body with another key."""
        for number, operation in enumerate(self.provider.document.operations.values()):
            header = request_discovery.key_header(operation)
            base = None
            if header is not None:
                known = self._in_open_state() if names_in(self.provider, operation.id) else None
                base = minimal_request(self.provider, operation.id, known.ids if known else None)
            if base is None or header is None:
                continue
            base, twin = self.twins(base)
            examples = [body for body in request_examples(self.provider, operation) if body != base.body]
            first = {**base.headers, header: str(uuid5(_KEYS, f"specimen {self.seed} {number} {self.transport.sent}"))}
            one = replace(base, headers=first)
            made = self.ask(one, VALID)
            self.ask(one, VALID)
            if twin is not None:
                self.ask(replace(one, body=twin.body), {"conflict": True})
            for body in examples[: None if self.most is None else 1]:
                self.ask(replace(one, body=body), {"conflict": True})
            if made is not None and self.most is None:
                self.move(ids_shown(self.provider, made))
            if base.body is not MISSING and self.most is None:
                self.ask(one, VALID)
                for other in (first[header] + "0", first[header].upper(), first[header][:-1] + "zZ"):
                    self.ask(replace(base, headers={**base.headers, header: other}), VALID)
                if self.transport.other_headers:
                    self.ask(one, credentials="other")
                self.ask(one, VALID)

    def _session_actions(self) -> None:
        """Calls each operation that changes a session: twice on an open one, once in each other state, with reads between."""
        for operation in request_discovery.session_actions(self.provider):
            known = self._in_open_state(fresh=True)
            if known is None:
                continue
            kinds, is_short = names_in(self.provider, operation.id), self.most is not None
            if not is_short:
                self._read(known)  # what refused calls change shows beside it
            if kinds - {"session"} and kinds <= set(known.ids):
                others = {name: unknown_values(self.provider, name, known.ids[name]) for name in kinds - {"session"}}
                for index in range(2 if is_short else max(map(len, others.values()))):
                    wrong = {name: values[index % len(values)] for name, values in others.items()}
                    self.ask(minimal_request(self.provider, operation.id, {**known.ids, **wrong}), {"foreign_id": True})
                self.another_sessions_ids(operation.id, known, iter((*([self.open] if self.open else ()), *self.sessions)))
            if not is_short and operation.security and self.transport.other_headers:
                self.ask(minimal_request(self.provider, operation.id, known.ids), credentials="other")
            for kind in self.unknown_credentials(1) if operation.security and self.transport.headers else ():
                self.ask(minimal_request(self.provider, operation.id, known.ids), credentials=kind)
            if not is_short:
                self._read(known)
            for _ in range(2):
                self.ask(minimal_request(self.provider, operation.id, known.ids))
                if not is_short:
                    self._read(known)
            self._other_actions(operation.id, known)
            self._read(known, only_first=is_short)
            if self.ended is not None and is_short and kinds <= set(self.ended.ids):
                self.ask(minimal_request(self.provider, operation.id, self.ended.ids))
                self._read(self.ended, only_first=True)
            for state in self.provider.lifecycle.states if self.driver.drives and self.most is None else ():
                fixed = self.driver.known(state)
                if fixed is not None:
                    self._read(fixed)
                    self.ask(minimal_request(self.provider, operation.id, fixed.ids))
                    self._read(fixed)

    def _other_actions(self, done: str, known: SessionRef) -> None:
        """Calls the other operations that change a session on one that an operation has ended; not within a limit of requests."""
        for other in request_discovery.session_actions(self.provider) if self.most is None else ():
            if other.id != done and names_in(self.provider, other.id) <= set(known.ids):
                self.ask(minimal_request(self.provider, other.id, known.ids))

    def _other_reads(self) -> None:
        """Calls the safe operations on a session that are not its reads; the stream of an ended session ends by itself."""
        known = self.ended or self.open
        reads = {read.operation for read in self.provider.lifecycle.reads}
        for operation in self.provider.document.operations.values() if known is not None else ():
            kinds = names_in(self.provider, operation.id)
            if operation.is_safe and operation.id not in reads and kinds and known is not None and kinds <= set(known.ids):
                self.ask(minimal_request(self.provider, operation.id, known.ids), VALID)
        shown = self._read(known, only_first=True) if known is not None else None
        for wanted in request_discovery.about(self.provider, shown) if shown is not None else ():
            self.ask(wanted, VALID)

    def _in_open_state(self, *, fresh: bool = False) -> SessionRef | None:
        if self.driver.drives:
            return self.driver.known(self.provider.lifecycle.initial)
        if fresh and self.left > 0:
            made = self.ask(creation(self.provider, {}), VALID)
            ids = ids_shown(self.provider, made) if made is not None else {}
            return SessionRef(ids, request_discovery.path_facts(self.provider)) if ids else None
        return self.open
