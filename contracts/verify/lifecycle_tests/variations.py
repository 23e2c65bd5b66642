"""Valid requests that differ from the usual ones, and questions that show two sessions of one caller's key apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.history.session_objects import SessionObject, session_objects
from specimen.contracts.requests import creation_variants, request_discovery, varied_values
from specimen.contracts.requests.request_templates import RequestTemplate, filled, ids_shown, minimal_request, unknown
from specimen.contracts.verify.drivers.driver import SessionRef, creation
from specimen.contracts.verify.lifecycle_tests.after_effects import AfterEffects
from specimen.contracts.verify.lifecycle_tests.probes import VALID
from specimen.specs import Operation
from specimen.specs.loading.lifecycle import Credential, ErrorCase

_MOST_PAGES = 4


class Variations(AfterEffects):
    """Such requests against one provider at one base URL; not within a limit of requests."""

    def other_texts(self) -> None:
        """Makes sessions of texts that look like something else; reads each, also by the caller's own key in it."""
        base = creation(self.provider, {})
        for wanted in varied_values.with_other_texts(self.provider, base) if base is not None else ():
            known = self._made_by(wanted)
            if known is not None:
                self.first_read(known)
                for lookup in self._lookups(wanted):
                    self.ask(lookup, VALID)

    def _lookups(self, wanted: RequestTemplate) -> Iterator[RequestTemplate]:
        magic = self.provider.lifecycle.magic
        name = "" if magic is None else magic.pointer.rpartition("/")[2]
        value = next((part["value"] for part in wanted.parts if part["name"] == name and "value" in part), None)
        yield from creation_variants.by_free(self.provider, value) if value else ()

    def fewer_values(self) -> None:
        """Makes sessions with each optional value alone, with empty objects, flags set in turn and names at their limits."""
        base = creation(self.provider, {})
        if base is None:
            return
        flags = varied_values.with_alternating_flags(self.provider, base)
        for wanted in (*varied_values.with_fewer_values(self.provider, base), *flags):
            known = self._made_by(wanted)
            if known is not None:
                self.first_read(known)
        for wanted in varied_values.with_numbers_in_names(self.provider, base):
            self.ask(wanted, VALID)

    def other_encodings(self) -> None:
        """Sends the body of each operation in other bytes that mean the same."""
        for operation in self.provider.document.operations.values():
            base = minimal_request(self.provider, operation.id, self.ids())
            if base is None or operation in request_discovery.session_actions(self.provider):
                continue
            for wanted in varied_values.in_other_encodings(base):
                self.ask(wanted, VALID)

    def _made_by(self, wanted: RequestTemplate, **how: Any) -> SessionRef | None:
        exchange = self.ask(wanted, VALID, **how)
        ids = ids_shown(self.provider, exchange) if exchange is not None else {}
        facts = request_discovery.path_facts(self.provider)
        return SessionRef(ids, {name: wanted.path[name] for name in facts}) if ids else None

    def two_of_one_key(self) -> None:
        """Makes two sessions with one caller's key, ended where the driver can; reads all of each and asks for the key.

        Then it makes one in every other place of the creation's path, such as the other type, and asks for each choice. The
        first one is sent images or values of another key where the creation may name a session.
        """
        base = creation(self.provider, {})
        lifecycle = self.provider.lifecycle
        value = creation_variants.free_value(self.provider, f"two of one {self.seed}")
        wanted = None if base is None or value is None else creation_variants.with_free(self.provider, base, value)
        if wanted is None or value is None:
            return
        ended = next((state for state in lifecycle.default.path if state in lifecycle.terminal), None)
        opened = next((state for state in lifecycle.default.path[1:] if state not in lifecycle.terminal), lifecycle.initial)
        others = [state for state in lifecycle.states if state not in (ended, opened, lifecycle.initial)]
        apart = others[-1] if others else opened
        made: list[SessionRef] = []
        for state in (ended, ended, opened):
            known = self._made_by(wanted, **({"prefer": f"status={state}"} if self.driver.supports_prefer else {}))
            made += [known] if known is not None else []
        for other in creation_variants.elsewhere(self.provider, wanted):
            known = self._made_by(other, **({"prefer": f"status={apart}"} if self.driver.supports_prefer else {}))
            made += [known] if known is not None else []
        shown = [self._read_all_of(known) for known in made]
        for about in self._about(next((one for one in shown if one is not None), None)):
            self.ask(about, VALID)
        for lookup in creation_variants.by_free(self.provider, value):
            self.ask(lookup, VALID)

    def _read_all_of(self, known: SessionRef) -> Exchange | None:
        found = self.ask(self._first(known), VALID)
        first = self._first(known)
        for read in self.provider.lifecycle.reads:
            if read.fits(known.facts) and (first is None or read.operation != first.operation.id):
                self.ask(filled(self.provider, read.operation, read.request, known.ids), VALID)
        return found

    def other_values_for_a_session(self) -> None:
        """Names an open session in a creation that has another caller's key; what the session was made with stays."""
        base = creation(self.provider, {})
        made = creation_variants.free_value(self.provider, f"one of a session {self.seed}")
        other = creation_variants.free_value(self.provider, f"two of a session {self.seed}")
        if base is None or made is None or other is None:
            return
        first = creation_variants.with_free(self.provider, base, made)
        second = creation_variants.with_free(self.provider, base, other)
        if first is None or second is None or creation_variants.continued(self.provider, second, "") is None:
            return
        known = self._made_by(first)
        if known is not None:
            self.first_read(known)
            self.ask(creation_variants.continued(self.provider, second, known.ids["session"]))
            self.first_read(known)

    def questions_about_nothing(self) -> None:
        """Asks the other operations twice for what nobody made: asking makes nothing."""
        value = creation_variants.free_value(self.provider, f"nothing {self.seed}")
        shown = next((one for one in (self._first(known) for known in self.sessions) if one is not None), None)
        magic = self.provider.lifecycle.magic
        if value is None or shown is None or magic is None:
            return
        for operation in self.provider.document.operations.values():
            media = operation.body("application/json")
            needed = () if media is None or media.pointer is None else self._needed(media.pointer)
            if len(needed) == 1 and magic.form == "address" and "address" in needed[0].lower():
                for _ in range(2):
                    self.ask(RequestTemplate(operation, body={needed[0]: value}), {**VALID, "nothing": True})

    def _needed(self, pointer: str) -> tuple[str, ...]:
        document = self.provider.document
        return tuple(document.resolve(document.at(pointer))[0].get("required", ()))

    def unknown_without_credentials(self) -> None:
        """Asks for unknown ids without credentials and with wrong ones: who may not ask is not told what is there."""
        wrong = self.transport.wrong_credentials
        for operation in self.provider.document.operations.values():
            if not operation.security or not self.transport.headers or not request_discovery.kinds_of(self.provider, operation):
                continue
            ids = {name: unknown(self.provider, name, self.ids().get(name)) for name in self.provider.lifecycle.ids}
            for kind in ("none", *wrong[:1]):
                self.ask(minimal_request(self.provider, operation.id, ids), credentials=kind)

    def pages_of_filters(self) -> None:
        """Lists each state after sessions of another state, and with every bound of time that finds all, page by page."""
        for operation in request_discovery.lists(self.provider):
            cursor = request_discovery.cursor_name(operation)
            largest = request_discovery.largest_page(operation)
            listed = self.ask(RequestTemplate(operation, query=largest), VALID) if cursor and largest else None
            rows = session_objects(listed) if listed is not None else ()
            self._pages_of_a_time(operation, rows)
            for entry in operation.parameters if rows else ():
                for state in entry.schema.get("enum", ()) if entry.location == "query" else ():
                    places = [index for index, row in enumerate(rows) if row.members.get(entry.name) == state]
                    before = [index for index in range(len(rows)) if index not in places and places and index < places[-1]]
                    if before:
                        after = rows[before[len(before) // 2]].id
                        self.ask(RequestTemplate(operation, query={**largest, entry.name: state, cursor: after}))

    def _pages_of_a_time(self, operation: Operation, rows: Sequence[SessionObject]) -> None:
        """Asks page by page for the older and for the later half of what a list showed: the bound holds for each page."""
        size = request_discovery.size_name(operation)
        names = {entry.name for entry in operation.parameters if entry.location == "query"}
        for name in sorted(names):
            stem = name.removesuffix("_from").removesuffix("_to")
            shown = [row.members.get(f"{stem}_at") for row in rows] if stem != name else []
            times = sorted(text for text in shown if isinstance(text, str))
            query: dict[str, Any] | None = {size: 2, name: times[len(times) // 2]} if size and times else None
            for _ in range(_MOST_PAGES):
                exchange = self.ask(RequestTemplate(operation, query=query), VALID) if query is not None else None
                cursor = None if exchange is None else request_discovery.next_page(operation, exchange)
                query = None if cursor is None or query is None else {**query, **cursor}

    def open_sessions(self) -> None:
        """Reads the sessions that are still open once more, long after they were read first, and after others have ended."""
        states = [state for state in self.provider.lifecycle.states if state not in self.provider.lifecycle.terminal]
        known = [self.driver.known(state) for state in states] if self.driver.drives else []
        for one in (*known, self.open):
            if one is not None:
                self.first_read(one)

    def other_places(self) -> None:
        """Streams a session of each other place of the creation's path, such as the other type, there and in the first place."""
        base = creation(self.provider, {})
        for wanted in creation_variants.elsewhere(self.provider, base) if base is not None else ():
            known = self._made_by(wanted)
            if known is not None and base is not None:
                self.first_read(known)
                self.other_reads_of(known)
                facts = request_discovery.path_facts(self.provider)
                self.other_reads_of(replace(known, facts=facts), {"elsewhere": True})

    def documented_credentials(self) -> None:
        """Sends what lifecycle.yaml documents of its other credentials to a service that takes one of them, such as our mock."""
        known = self.provider.lifecycle.credentials
        if self.transport.is_production or not any(self._is_ours(one) for one in known.values()):
            return
        for case in self.provider.lifecycle.errors.values():
            wanted = self._of_case(case)
            is_of_sessions = self.provider.document.operations[case.operation].part is None
            if wanted is not None and case.credential is not None and is_of_sessions:
                self.ask(wanted, {"case": case.name, "as": case.credential}, credentials=f"documented {case.credential}")

    def _is_ours(self, credential: Credential) -> bool:
        headers = {name.lower(): value for name, value in credential.headers.items()}
        return bool(headers) and headers.items() <= self.transport.headers.items()

    def _of_case(self, case: ErrorCase) -> RequestTemplate | None:
        if case.credential in (None, "none") or case.setup or any(name.lower() == "prefer" for name in case.request.headers):
            return None
        ids: Mapping[str, str] = self.ids()
        template = filled(self.provider, case.operation, case.request, ids)
        return None if template is None else replace(template, headers={})
