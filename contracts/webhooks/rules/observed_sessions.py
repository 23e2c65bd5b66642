"""The sessions that a run has made and read: what events must tell of them, and what none may."""

from __future__ import annotations

from collections.abc import Iterator

from specimen.contracts.http.exchange import Exchange
from specimen.specs import Provider
from specimen.specs.core.json_pointer import at
from specimen.specs.loading.webhooks import CREATION, TRANSITION, EventType, Webhooks

# So long an event may be on its way.
PATIENCE_SECONDS = 5.0


class ObservedSessions:
    """For each session that was made with the run's own credential, the states in which reads showed it, in their order.

    `moved_at` says when each was first seen in its last one, in seconds since the epoch.
    """

    def __init__(self, provider: Provider, webhooks: Webhooks) -> None:
        self._provider = provider
        self._webhooks = webhooks
        self.states: dict[str, list[str]] = {}
        self.moved_at: dict[str, float] = {}

    def see(self, exchange: Exchange) -> None:
        """Notes what an exchange shows."""
        lifecycle, operation = self._provider.lifecycle, exchange.operation
        if operation is None or not exchange.is_success:
            return
        body = exchange.response_json
        if operation.id == lifecycle.create.operation and exchange.intent.get("credentials") not in ("other", "none", "unknown"):
            fact, asked = self._webhooks.endpoint_fact, exchange.request_json
            names_endpoints = fact is not None and isinstance(asked, dict) and fact in asked
            made = at(body, lifecycle.create.session)
            if isinstance(made, str) and not names_endpoints:
                self.states.setdefault(made, [])
                self.moved_at.setdefault(made, exchange.at / 1000)
        for read in lifecycle.reads:
            if read.operation != operation.id or read.id is None or read.status is None or exchange.has_preference:
                continue
            session, state = at(body, read.id), at(body, read.status)
            if session in self.states and state in lifecycle.states and state not in self.states[session][-1:]:
                self.states[session].append(state)
                self.moved_at[session] = exchange.at / 1000

    def moved_since(self, at: float) -> set[str]:
        """The sessions that were first seen in their last state after a time (seconds since the epoch)."""
        return {session for session, moved_at in self.moved_at.items() if moved_at > at}

    def promised(self, session: str) -> Iterator[tuple[EventType, str]]:
        """The types of event of which one at least must tell of a session, each with the reason.

        Those of transitions are not among them: there must be one for each.
        """
        states = self.states[session]
        for kind in self._webhooks.events.values():
            if CREATION in kind.after:
                yield kind, "its creation"
            for state in states:
                if state in kind.after:
                    yield kind, f"the status {state}"

    def excluded(self, session: str, kind: EventType, reachable: dict[str, set[str]]) -> bool:
        """Whether no event of a type may tell of a session: it ended in a state that none of the type's leads to."""
        states = self.states.get(session)
        if not states or {CREATION, TRANSITION} & set(kind.after) or states[-1] not in self._provider.lifecycle.terminal:
            return False
        # It may have passed through a state that no read has shown.
        return not any(state in states or states[-1] in reachable.get(state, ()) for state in kind.after)
