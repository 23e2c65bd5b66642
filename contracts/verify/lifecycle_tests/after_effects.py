"""Requests that show what others left behind: refused creations, older sessions, whole lists, questions asked again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.requests import creation_variants, request_discovery
from specimen.contracts.requests.exact_values import exact_values
from specimen.contracts.requests.mutations import CASE, mutations
from specimen.contracts.requests.request_templates import RequestTemplate, ids_shown, minimal_request
from specimen.contracts.verify.drivers.driver import SessionRef, creation
from specimen.contracts.verify.lifecycle_tests.probes import VALID, Probes
from specimen.specs import Operation

_MOST_REFUSED = 4
_MOST_PAGES = 12
_MOST_SESSIONS = 6


class AfterEffects(Probes):
    """Requests whose answers depend on earlier ones, against one provider at one base URL; not within a limit of requests."""

    def refused_creations(self) -> None:
        """Sends invalid creations, each with a key of the caller's own, and looks whether they made a session."""
        base = creation(self.provider, {})
        magic = self.provider.lifecycle.magic
        if base is None or magic is None:
            return
        sent = 0
        for mutation in mutations(self.provider, base):
            value = creation_variants.free_value(self.provider, f"refused {sent} {self.seed}")
            is_apart = mutation.request.raw is None and not mutation.place.startswith((CASE, magic.pointer))
            wanted = creation_variants.with_free_anyhow(self.provider, mutation.request, value) if value and is_apart else None
            if wanted is None or value is None:
                continue
            self.ask(wanted, {"invalid": True})
            for lookup in creation_variants.by_free(self.provider, value):
                self.ask(lookup, {"unknown_id": True})
            sent += 1
            if sent >= _MOST_REFUSED:
                return

    def whole_lists(self) -> None:
        """Lists everything page by page, then exactly as many entries as there are: nothing may be promised after them."""
        for operation in request_discovery.lists(self.provider):
            size = request_discovery.largest_page(operation)
            if not size:
                continue
            count, name = self._count(operation, size), request_discovery.size_name(operation)
            for number in {count, count // 2 if count % 2 == 0 else 0} - {0}:
                if number <= size[name]:
                    self._count(operation, {name: number})

    def _count(self, operation: Operation, size: dict[str, Any]) -> int:
        query: dict[str, Any] | None = dict(size)
        found = 0
        for _ in range(_MOST_PAGES):
            exchange = self.ask(RequestTemplate(operation, query=query), VALID) if query is not None else None
            if exchange is None:
                break
            found += request_discovery.row_count(exchange)
            cursor = request_discovery.next_page(operation, exchange)
            query = None if cursor is None else {**size, **cursor}
        return found

    def deletions(self) -> None:
        """Makes what can be deleted, lists it, deletes it, and looks for it by its id and in the list."""
        operations = self.provider.document.operations.values()
        for deletion in operations:
            parent, _, last = deletion.path.rpartition("/")
            near = {one.method: one for one in operations if one.path == parent}
            base = minimal_request(self.provider, near["post"].id, self.ids()) if "post" in near else None
            if deletion.method != "delete" or not last.startswith("{") or base is None:
                continue
            made = self.ask(base, VALID)
            found = _id_of(made.response_json) if made is not None and made.is_success else None
            if found is None:
                continue
            page = RequestTemplate(near["get"], path=base.path) if "get" in near else None
            one = {**base.path, last.strip("{}"): found}
            self.ask(page, VALID)
            self.ask(RequestTemplate(deletion, path=one), VALID)
            self.ask(page, VALID)
            for read in operations:
                if read.method == "get" and read.path == deletion.path:
                    self.ask(RequestTemplate(read, path=one))

    def older_sessions(self) -> None:
        """Makes two sessions of other values, then reads the first, and sessions that were made long before."""
        made = [known for known in (self._made_with(which) for which in ("older", "newer")) if known is not None]
        for known in (*made, *self.sessions[:_MOST_SESSIONS]):
            self._read_all(known)

    def _made_with(self, which: str) -> SessionRef | None:
        base = creation(self.provider, {})
        value = creation_variants.free_value(self.provider, f"{which} {self.seed}")
        wanted = None if base is None or value is None else creation_variants.with_free(self.provider, base, value)
        exchange = self.ask(wanted or base, VALID)
        ids = ids_shown(self.provider, exchange) if exchange is not None else {}
        return SessionRef(ids, request_discovery.path_facts(self.provider)) if ids else None

    def _read_all(self, known: SessionRef) -> None:
        for read in self.provider.lifecycle.reads:
            if read.fits(known.facts) or not known.facts:
                self.ask(request_discovery.read_request(self.provider, read, known.ids), VALID)

    def optional_values(self) -> None:
        """Makes sessions with each optional value that reads show, as the documented answers have it; reads them."""
        base = creation(self.provider, {})
        for wanted in creation_variants.with_shown_values(self.provider, base) if base is not None else ():
            exchange = self.ask(wanted)
            ids = ids_shown(self.provider, exchange) if exchange is not None else {}
            if ids:
                self._read_all(SessionRef(ids, request_discovery.path_facts(self.provider)))

    def exact_values(self) -> None:
        """Makes a session of values that a service may normalise, escape or cut; reads it in every way, and lists.

        Before it one for each other choice in the path, such as another environment.
        """
        base = creation(self.provider, {})
        for elsewhere in creation_variants.in_other_places(self.provider, base) if base is not None else ():
            self.ask(elsewhere)
        for is_simple in (False, True):
            wanted = None if base is None else exact_values(self.provider, base, seed=self.seed, is_simple=is_simple)
            exchange = self.ask(wanted)
            if exchange is None or not exchange.is_success:
                continue
            known = SessionRef(ids_shown(self.provider, exchange), request_discovery.path_facts(self.provider))
            for _ in range(2 if known.ids else 0):
                shown = self.ask(self._first(known), VALID)
            for about in request_discovery.about(self.provider, shown) if known.ids and shown is not None else ():
                self.ask(about, VALID)
            self._read_all(replace(known, ids={**known.ids}))
            for operation in request_discovery.lists(self.provider):
                self.ask(RequestTemplate(operation, query=request_discovery.largest_page(operation)), VALID)
            return

    def full_sessions(self) -> None:
        """Makes sessions with all optional values and reads them from their beginning to each end."""
        base = creation(self.provider, {})
        wanted = None if base is None else creation_variants.with_all_values(self.provider, base)
        lifecycle = self.provider.lifecycle
        for state in lifecycle.states if wanted is not None else ():  # in the document's order, which a set has not
            if state not in lifecycle.terminal:
                continue
            scenario = lifecycle.through(state)
            if scenario is None:
                continue
            value = creation_variants.free_value(self.provider, f"full {state} {self.seed}")
            of_its_own = creation_variants.with_free_anyhow(self.provider, wanted, value) if wanted and value else wanted
            exchange = self.ask(of_its_own or wanted, prefer=f"scenario={scenario.name}, pace=polls:2")
            ids = ids_shown(self.provider, exchange) if exchange is not None else {}
            known = SessionRef(ids, request_discovery.path_facts(self.provider))
            rounds = len(scenario.path) + 1 if ids else 0
            for turn in range(rounds):
                if turn:
                    self._read_all(known)
                if turn in (0, rounds - 1):  # what was answered before must not be answered for good
                    shown = self.ask(self._first(known), VALID)
                    for about in request_discovery.about(self.provider, shown) if shown is not None else ():
                        self.ask(about, VALID)

    def repeated_questions(self) -> None:
        """Asks what the other operations say of a session in each state, twice."""
        for state in self.provider.lifecycle.states:
            known = self.driver.known(state)
            shown = self.ask(self._first(known), VALID) if known is not None else None
            for wanted in (*self._about(shown),) if shown is not None else ():
                for _ in range(2):
                    self.ask(wanted, VALID)

    def _about(self, shown: Exchange | None) -> Iterator[RequestTemplate]:
        for wanted in request_discovery.about(self.provider, shown) if shown is not None else ():
            yield wanted
            yield from request_discovery.with_choices(self.provider, wanted)

    def other_reads_of(self, known: SessionRef, intent: Mapping[str, Any] = VALID) -> None:
        """Calls the safe operations on a session that are not its reads, such as its stream."""
        reads = {read.operation for read in self.provider.lifecycle.reads}
        for operation in self.provider.document.operations.values():
            kinds = request_discovery.kinds_of(self.provider, operation)
            if operation.is_safe and operation.id not in reads and kinds and kinds <= set(known.ids):
                wanted = minimal_request(self.provider, operation.id, known.ids)
                path = (
                    None if wanted is None else {**wanted.path, **{k: str(v) for k, v in known.facts.items() if k in wanted.path}}
                )
                self.ask(None if wanted is None or path is None else replace(wanted, path=path), intent)

    def streams_of_every_state(self) -> None:
        """Reads a session in each state, then by the operations that show it otherwise."""
        for state in self.provider.lifecycle.states:
            known = self.driver.known(state)
            if known is not None:
                self._read_all(known)
                self.other_reads_of(known)


def _id_of(made: Any) -> str | None:
    """The id of what a creation answers: its own, or that of the one thing that it holds."""
    held = list(made.values()) if isinstance(made, Mapping) else []
    if isinstance(made, Mapping) and isinstance(made.get("id"), str):
        return str(made["id"])
    return next((found for one in held if (found := _id_of(one)) is not None), None)
