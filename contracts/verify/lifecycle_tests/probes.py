"""Requests that show what one answer alone does not: values at their limits, near misses of a key, another session's token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.requests import creation_variants, request_discovery
from specimen.contracts.requests.limits import at_limits, with_several
from specimen.contracts.requests.mutations import CASE, mutations
from specimen.contracts.requests.parameter_overrides import with_unknown_references
from specimen.contracts.requests.request_templates import RequestTemplate, filled, ids_shown, minimal_request, names_in
from specimen.contracts.verify.drivers.driver import SessionRef, creation
from specimen.contracts.verify.lifecycle_tests import time_filters
from specimen.contracts.verify.lifecycle_tests.negative_tests import NegativeTests
from specimen.specs import Operation

VALID = {"valid": True}
_MOST_PAGES = 3


class Probes(NegativeTests):
    """Probes against one provider at one base URL, each derived from the document and lifecycle.yaml."""

    def limits(self) -> None:
        """Sends valid values exactly at the documented limits, and several values where one or several may stand; reads them.

        Within a limit of requests one of the creation and one of the first read.
        """
        create, read = self.provider.lifecycle.create.operation, self.provider.lifecycle.reads[0].operation
        actions = request_discovery.session_actions(self.provider)
        for operation in self.provider.document.operations.values():
            base = minimal_request(self.provider, operation.id, self.ids())
            is_main = operation.id in (create, read)
            if base is None or operation in actions or (self.most is not None and not is_main):
                continue
            several = with_several(self.provider, base) if operation.id == create else ()
            for index, wanted in enumerate((*at_limits(self.provider, base), *several)):
                if self.most is None or index == 0:
                    exchange = self.ask(wanted, VALID)
                    ids = ids_shown(self.provider, exchange) if exchange is not None and operation.id == create else {}
                    if ids and self.most is None:
                        self.first_read(SessionRef(ids, request_discovery.path_facts(self.provider)))

    def first_read(self, known: SessionRef) -> None:
        """Sends the first read that fits a session."""
        read = next((read for read in self.provider.lifecycle.reads if read.fits(known.facts)), None)
        if read is not None:
            self.ask(filled(self.provider, read.operation, read.request, known.ids), VALID)

    def unknown_references(self) -> None:
        """Sends the creation with names of things that the provider does not have, such as a template."""
        base = creation(self.provider, {})
        for wanted in with_unknown_references(self.provider, base) if base is not None else ():
            self.ask(wanted, {"unknown_reference": True})

    def near_lookups(self, value: str, known: Mapping[str, str]) -> None:
        """Looks for a session by the caller's own key in other capitals, and a character longer; and by one that is unknown.

        The unknown one comes with the id of a session, and the known one with that of another: it is one of the two that counts.
        """
        for near in creation_variants.near_values(self.provider, value)[: None if self.most is None else 2]:
            for wanted in creation_variants.by_free(self.provider, near):
                self.ask(wanted, {"unknown_id": True})
        nobody = creation_variants.free_value(self.provider, f"nobody {self.seed}")
        for other in creation_variants.by_free(self.provider, nobody) if nobody is not None and nobody != value else ():
            base = minimal_request(self.provider, other.operation.id, known)
            if base is not None and isinstance(base.body, dict) and known:
                self.ask(replace(base, body={**base.body, **other.body}))
        for other in creation_variants.by_free(self.provider, value) if self.most is None else ():
            base = minimal_request(self.provider, other.operation.id, self.ids())
            if base is not None and isinstance(base.body, dict) and self.ids():
                self.ask(replace(base, body={**base.body, **other.body}), VALID)

    def another_sessions_ids(self, operation: str, known: SessionRef, others: Iterator[SessionRef]) -> None:
        """Calls an operation on a session with what another session was given, such as its token."""
        kinds = names_in(self.provider, operation) - {"session"}
        for other in others:
            if kinds and kinds <= set(other.ids) and other.ids.get("session") != known.ids["session"]:
                wrong = {name: other.ids[name] for name in kinds}
                self.ask(minimal_request(self.provider, operation, {**known.ids, **wrong}), {"foreign_id": True})
                return

    def malformed_without_credentials(self) -> None:
        """Sends a malformed request without credentials, to each operation; within a limit of requests to the first read."""
        first = self.provider.lifecycle.reads[0].operation
        for operation in self.provider.document.operations.values():
            base = minimal_request(self.provider, operation.id, self.ids())
            if base is None or not operation.security or not self.transport.headers:
                continue
            wrong = [one for one in mutations(self.provider, base) if not one.place.startswith(CASE)]
            for mutation in wrong[:1] if self.most is None or operation.id == first else ():
                self.ask(mutation.request, {"invalid": True}, credentials="none")

    def one_value_in_every_state(self) -> None:
        """Makes a session with the caller's own key in each state, asks each other operation for it, and makes it once more.

        An ended one is asked for in another spelling that means the same too; it is made again in every other place of the
        creation's path, and asked for again.
        """
        base = creation(self.provider, {})
        for state in self.provider.lifecycle.states:
            value = creation_variants.free_value(self.provider, f"{state} {self.seed}")
            wanted = None if base is None or value is None else creation_variants.with_free(self.provider, base, value)
            scenario = self.provider.lifecycle.through(state)
            if wanted is None or value is None or scenario is None:
                continue
            made = self.ask(wanted, VALID, prefer=f"status={state}")
            ids = ids_shown(self.provider, made) if made is not None else {}
            for known in [SessionRef(ids, request_discovery.path_facts(self.provider))] if ids else ():
                shown = self.ask(self._first(known), VALID)
                for lookup in creation_variants.by_free(self.provider, value):
                    self.ask(lookup, VALID)
                self._ask_about(shown)
                again = self.ask(wanted, VALID) if request_discovery.may_reuse(wanted.operation) else None
                found = ids_shown(self.provider, again) if again is not None else {}
                if found:
                    self.first_read(SessionRef(found, known.facts))
                if found.get("session", ids["session"]) != ids["session"]:
                    self.first_read(known)
                if state in self.provider.lifecycle.terminal:
                    self._ask_about(shown, spelling=value)
                    others = [self.ask(one) for one in creation_variants.elsewhere(self.provider, wanted)]
                    if others:
                        self._ask_about(shown)

    def _ask_about(self, shown: Exchange | None, *, spelling: str | None = None) -> None:
        """Asks what the other operations say of a session that was read; where given, of its key in another spelling alone."""
        for about in request_discovery.about(self.provider, shown) if shown is not None else ():
            if spelling is None:
                self.ask(about, VALID)
            else:
                self.ask(creation_variants.in_another_spelling(self.provider, about, spelling), VALID)

    def _first(self, known: SessionRef) -> RequestTemplate | None:
        read = next((read for read in self.provider.lifecycle.reads if read.fits(known.facts)), None)
        return None if read is None else filled(self.provider, read.operation, read.request, known.ids)

    def lists_after_reads(self) -> None:
        """Reads a session in each state, then the lists, which must not be behind, then the sessions again."""
        lists = request_discovery.lists(self.provider)
        seen: list[SessionRef] = []
        for state in self.provider.lifecycle.states if lists else ():
            known = self.driver.known(state)
            if known is not None:
                seen.append(known)
                for read in self.provider.lifecycle.reads:
                    if read.fits(known.facts):
                        self.ask(filled(self.provider, read.operation, read.request, known.ids), VALID)
        for operation in lists:
            size = request_discovery.largest_page(operation)
            query: dict[str, Any] | None = dict(size)
            for _ in range(_MOST_PAGES):
                exchange = self.ask(RequestTemplate(operation, query=query), VALID) if query is not None else None
                cursor = None if exchange is None else request_discovery.next_page(operation, exchange)
                query = None if cursor is None else {**size, **cursor}
            for entry in operation.parameters if size else ():
                states = [state for state in entry.schema.get("enum", ()) if state in self.provider.lifecycle.states]
                for state in states if entry.location == "query" else ():
                    self.ask(RequestTemplate(operation, query={**size, entry.name: state}), VALID)
        for known in seen:
            for read in self.provider.lifecycle.reads:
                if read.fits(known.facts):
                    self.ask(filled(self.provider, read.operation, read.request, known.ids), VALID)

    def lists(self) -> None:
        """Sends the lists without and with each filter, and pages of them; within a limit of requests some."""
        for operation in request_discovery.lists(self.provider):
            own_time = () if self.made is None else time_filters.own_time(operation, self.made)
            for query in own_time[: None if self.most is None else 1]:
                self.ask(RequestTemplate(operation, query=query), VALID)
            for query in request_discovery.list_queries(operation, is_short=self.most is not None):
                if not self.transport.is_production or not query:
                    exchange = self.ask(RequestTemplate(operation, query=query), VALID)
                    if not query:
                        self.listed[operation.id] = exchange
                    if "limit" in "".join(query) and exchange is not None and not self.transport.is_production:
                        self._pages(operation, query, exchange)

    def _pages(self, operation: Operation, query: Mapping[str, Any], exchange: Exchange | None) -> None:
        for _ in range(2 if self.most is not None else 5):
            cursor = None if exchange is None else request_discovery.next_page(operation, exchange)
            if cursor is None or query.get(request_discovery.size_name(operation)) not in (1, 2):
                return
            exchange = self.ask(RequestTemplate(operation, query={**query, **cursor}), VALID)

    def twins(self, base: RequestTemplate) -> tuple[RequestTemplate, RequestTemplate | None]:
        """Returns a creation with a value in the caller's own field, and one of the same length with another; else the base."""
        if base.operation.id != self.provider.lifecycle.create.operation or base.parts:
            return base, None
        values = [creation_variants.free_value(self.provider, f"key {which} {self.seed}") for which in ("one", "two")]
        made = [None if value is None else creation_variants.with_free(self.provider, base, value) for value in values]
        one, two = made
        return (base, None) if one is None or two is None or one.body == two.body else (one, two)

    def move(self, ids: Mapping[str, str]) -> None:
        """Moves a session by the first operation that takes no more than its ids."""
        for operation in request_discovery.session_actions(self.provider):
            if ids and names_in(self.provider, operation.id) <= set(ids):
                self.ask(minimal_request(self.provider, operation.id, ids))
                return
