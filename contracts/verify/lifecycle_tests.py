"""The guided walk: what a session's whole life and its usual mishaps look like, in few requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid5

from specimen.contracts.client.transport import MISSING
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.requests import request_discovery
from specimen.contracts.requests.request_templates import (
    RequestTemplate,
    draft,
    filled,
    ids_shown,
    names_in,
    request_examples,
    unknown,
)
from specimen.contracts.verify.drivers import Journey, SessionRef, creation
from specimen.contracts.verify.negative_tests import SMOKE_REQUESTS, Probes
from specimen.specs import Operation

__all__ = ["SMOKE_REQUESTS", "Step", "Walk"]

# A UUID of the URL namespace (RFC 9562, section 6.6) from which keys of idempotency are made, by seed.
_KEYS = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
LAWFUL = {"lawful": True}


@dataclass(frozen=True)
class Step:
    """A part of the walk; `run` sends its requests."""

    name: str
    run: Callable[[], None]


class Walk(Probes):
    """The steps for one provider at one place.

    `most` bounds the requests of all steps together (None: everything is sent).
    """

    def steps(self) -> Iterator[Step]:
        """The walk's parts, in their order; each is run before the next one is asked for."""
        for journey in self.driver.journeys(self._share()):
            yield Step(f"follow {journey.name}", lambda journey=journey: self._follow(journey))  # type: ignore[misc]
        if not self.transport.is_production:
            yield Step("a session of one's own", self._own)
        if self.transport.other_headers:
            yield Step("a second credential", self._other)
        yield Step("lists", self._lists)
        if self.transport.is_production:
            return
        yield Step("lawful bodies", self._bodies)
        yield Step("one's own name for a session", self._free)
        if self.most is None and self.driver.drives:
            yield Step("sessions that stay where they are", self._held)
        yield Step("repeated keys", self._keys)
        yield Step("operations that end a session", self._acts)
        yield Step("other ways to look", self._looks)
        yield Step("credentials", self.without_credentials)
        yield Step("ids that nobody issued", self.unknown_ids)
        yield Step("ids that are almost right", self.malformed_ids)
        yield Step("another kind or place", self.elsewhere)
        yield Step("unlawful requests", self.unlawful)
        yield Step("wrong methods", self.wrong_methods)
        if self.driver.wishes:
            yield Step("documented answers", self.examples)

    def _share(self) -> int:
        """How many requests the journeys may take: what the other steps leave, at least a third."""
        if self.most is None:
            return 10**9
        operations = len(self.provider.document.operations)
        others = (
            20
            + 9 * len(request_discovery.lists(self.provider))
            + 7 * len(request_discovery.session_actions(self.provider))
            + 2 * operations
        )
        others += 4 if self.transport.other_headers else 0
        others += 0 if self.transport.is_production else min(40, len(request_discovery.unlawful(self.provider, {})))
        return max(self.most * 34 // 100, min(self.most - others, self.most // 2))

    def _follow(self, journey: Journey) -> None:
        known = journey.start()
        if known is None:
            return
        known = self._with_more_ids(known)
        self.sessions.append(known)
        for turn in range(journey.rounds):
            last = self._read(known, only_first=not journey.is_thorough and turn < journey.rounds - 1)
        if (
            self.ended is None
            and last is not None
            and request_discovery.state(self.provider, last) in self.provider.lifecycle.terminal
        ):
            self.ended = known

    def _read(
        self, known: SessionRef, *, only_first: bool = False, intent: Mapping[str, Any] = LAWFUL, credentials: str = "good"
    ) -> Exchange | None:
        """All reads of a session, or the first; gives the first's answer."""
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
        """Ids of the other kinds that the first read shows."""
        if set(self.provider.lifecycle.ids) <= set(known.ids) or not any(
            names_in(self.provider, read.operation) - set(known.ids) for read in self.provider.lifecycle.reads
        ):
            return known
        read = self.provider.lifecycle.reads[0]
        exchange = self.ask(filled(self.provider, read.operation, read.request, known.ids), LAWFUL)
        return known if exchange is None else replace(known, ids={**request_discovery.ids(self.provider, exchange), **known.ids})

    def _lists(self) -> None:
        for operation in request_discovery.lists(self.provider):
            for query in request_discovery.list_queries(operation, is_short=self.most is not None):
                if not self.transport.is_production or not query:
                    exchange = self.ask(RequestTemplate(operation, query=query), LAWFUL)
                    if "limit" in "".join(query) and exchange is not None and not self.transport.is_production:
                        self._pages(operation, query, exchange)

    def _pages(self, operation: Operation, query: Mapping[str, Any], exchange: Exchange | None) -> None:
        for _ in range(2 if self.most is not None else 5):
            cursor = None if exchange is None else request_discovery.next_page(operation, exchange)
            if cursor is None or query.get(request_discovery.size_name(operation)) not in (1, 2):
                return
            exchange = self.ask(RequestTemplate(operation, query={**query, **cursor}), LAWFUL)

    def _own(self) -> None:
        """A session without a wish, read at once and again; what a service without a driver can be asked."""
        made = self.ask(creation(self.provider, {}), LAWFUL)
        if made is None or not (ids := ids_shown(self.provider, made)):
            return
        self.open = SessionRef(ids, request_discovery.path_facts(self.provider))
        self.sessions.append(self.open)
        self._read(self.open)
        if self.most is None:
            self._read(self.open)

    def _other(self) -> None:
        """Sessions and lists as a second credential sees them; and a session of the second's, as the first sees it.

        The lists that the first one asks for come after it.
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
        """Every body that the document shows, and each value of an enumeration in it."""
        for operation in self.provider.document.operations.values():
            base = draft(self.provider, operation.id, self.ids())
            if base is None or operation.id in {read.operation for read in self.provider.lifecycle.reads}:
                continue
            if names_in(self.provider, operation.id):
                continue
            for index, body in enumerate(request_examples(self.provider, operation)):
                if self.most is None or (index < 3 and body != base.body):
                    exchange = self.ask(replace(base, body=body), LAWFUL)
                    if exchange is not None and (ids := ids_shown(self.provider, exchange)):
                        self._read(SessionRef(ids, request_discovery.path_facts(self.provider)), only_first=self.most is not None)
            for query in request_discovery.query_edges(operation):
                self.ask(replace(base, query=query), LAWFUL)

    def _free(self) -> None:
        """Two sessions with the same value in the vendor's free field, one with another; each read, also by that value.

        Where a creation may answer a session that is there, and the second one does not, the first session is read once
        more: whoever still finds it as it was made knows that it was passed over.
        """
        base, is_short = creation(self.provider, {}), self.most is not None
        first: SessionRef | None = None
        for index, text in enumerate(("same", "same") if is_short else ("same", "same", "other", "same")):
            value = request_discovery.free_value(self.provider, f"{text} {self.seed} {self.transport.base_url}")
            wanted = None if base is None or value is None else request_discovery.with_free(self.provider, base, value)
            if wanted is None or value is None:
                return
            for draft_ in (wanted, *(() if is_short else request_discovery.elsewhere(self.provider, wanted))):
                exchange = self.ask(draft_, LAWFUL)
                ids = ids_shown(self.provider, exchange) if exchange is not None else {}
                if ids and (index or not is_short):
                    self._read(self._made(draft_, ids), only_first=is_short)
                if ids and draft_ is wanted and request_discovery.may_reuse(draft_.operation):
                    first = first or self._made(draft_, ids)
                    if index == 1 and ids != first.ids:
                        self._read(first, only_first=is_short)
            if index or not is_short:
                for other in request_discovery.by_free(self.provider, value):
                    self.ask(other, LAWFUL)
        if self.ended is not None and base is not None:
            self.ask(request_discovery.continued(self.provider, base, self.ended.ids["session"]), LAWFUL)

    def _made(self, wanted: RequestTemplate, ids: Mapping[str, str]) -> SessionRef:
        return SessionRef(ids, {name: wanted.path[name] for name in request_discovery.path_facts(self.provider)})

    def _held(self) -> None:
        """A session in each state, read three times: what does not move does not change."""
        for state in self.provider.lifecycle.states:
            known = self.driver.known(state)
            for _ in range(3 if known is not None else 0):
                self._read(known or SessionRef({}))

    def _keys(self) -> None:
        """The same key twice; then with another body; then the same body under another key."""
        for number, operation in enumerate(self.provider.document.operations.values()):
            header = request_discovery.key_header(operation)
            base = None
            if header is not None:
                known = self._in_open_state() if names_in(self.provider, operation.id) else None
                base = draft(self.provider, operation.id, known.ids if known else None)
            if base is None or header is None:
                continue
            examples = [body for body in request_examples(self.provider, operation) if body != base.body]
            first = {**base.headers, header: str(uuid5(_KEYS, f"specimen {self.seed} {number} {self.transport.sent}"))}
            one = replace(base, headers=first)
            self.ask(one, LAWFUL)
            self.ask(one, LAWFUL)
            for body in examples[: None if self.most is None else 1]:
                self.ask(replace(one, body=body), {"conflict": True})
            if base.body is not MISSING and self.most is None:
                self.ask(one, LAWFUL)
                self.ask(replace(base, headers={**base.headers, header: first[header] + "0"}), LAWFUL)

    def _acts(self) -> None:
        """Each operation that changes a session: on an open one twice, on one in each other state, reads in between."""
        for operation in request_discovery.session_actions(self.provider):
            known = self._in_open_state(fresh=True)
            if known is None:
                continue
            kinds = names_in(self.provider, operation.id)
            if kinds - {"session"} and kinds <= set(known.ids):
                wrong = {name: unknown(self.provider, name) for name in kinds - {"session"}}
                self.ask(draft(self.provider, operation.id, {**known.ids, **wrong}))
            is_short = self.most is not None
            for kind in ("none", "unknown") if operation.security and self.transport.headers else ():
                self.ask(draft(self.provider, operation.id, known.ids), credentials=kind)
            for _ in range(2):
                self.ask(draft(self.provider, operation.id, known.ids))
                if not is_short:
                    self._read(known)
            self._read(known, only_first=is_short)
            if self.ended is not None and is_short and kinds <= set(self.ended.ids):
                self.ask(draft(self.provider, operation.id, self.ended.ids))
                self._read(self.ended, only_first=True)
            for state in self.provider.lifecycle.states if self.driver.drives and self.most is None else ():
                held = self.driver.known(state)
                if held is not None:
                    self._read(held)
                    self.ask(draft(self.provider, operation.id, held.ids))
                    self._read(held)

    def _looks(self) -> None:
        """Safe operations on a session that are not the reads: a stream of one that ended ends by itself."""
        known = self.ended or self.open
        reads = {read.operation for read in self.provider.lifecycle.reads}
        for operation in self.provider.document.operations.values() if known is not None else ():
            kinds = names_in(self.provider, operation.id)
            if operation.is_safe and operation.id not in reads and kinds and known is not None and kinds <= set(known.ids):
                self.ask(draft(self.provider, operation.id, known.ids), LAWFUL)
        shown = self._read(known, only_first=True) if known is not None else None
        for wanted in request_discovery.about(self.provider, shown) if shown is not None else ():
            self.ask(wanted, LAWFUL)

    def _in_open_state(self, *, fresh: bool = False) -> SessionRef | None:
        if self.driver.drives:
            return self.driver.known(self.provider.lifecycle.initial)
        if fresh and self.left > 0:
            made = self.ask(creation(self.provider, {}), LAWFUL)
            ids = ids_shown(self.provider, made) if made is not None else {}
            return SessionRef(ids, request_discovery.path_facts(self.provider)) if ids else None
        return self.open
