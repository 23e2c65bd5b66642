"""The requests of the walk in random order, as a Hypothesis state machine that shrinks to what breaks a rule."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from specimen.contracts.client.transport import Forbidden, NoAnswer, Transport
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.requests import request_discovery
from specimen.contracts.requests.mutations import Mutation
from specimen.contracts.requests.request_encoder import send
from specimen.contracts.requests.request_templates import RequestTemplate, filled, ids_shown, minimal_request, names_in
from specimen.contracts.verify.drivers.driver import Driver, SessionRef, creation
from specimen.specs import Operation

EXAMPLES = 20
STEPS = 25
_ANY = st.integers(0, 10_000)  # an index, taken modulo the number of choices


class LifecycleMachine(RuleBasedStateMachine):
    """Creates, reads, ends and misuses sessions; `machine_of` gives the class its provider."""

    sender: ClassVar[Transport]
    driver: ClassVar[Driver]
    broken_rules: ClassVar[Callable[[], int]]
    states: ClassVar[list[str]]
    reading: ClassVar[list[Operation]]
    listing: ClassVar[list[tuple[Operation, dict[str, Any]]]]
    broken: ClassVar[list[Mutation]]
    secured: ClassVar[list[RequestTemplate]]

    sessions: Bundle[SessionRef] = Bundle("sessions")

    def __init__(self) -> None:
        super().__init__()
        self._before = type(self).broken_rules()

    def ask(self, wanted: RequestTemplate | None, **how: Any) -> Exchange | None:
        """Sends a request if it is given and allowed."""
        try:
            return None if wanted is None else send(self.sender, wanted, **how)
        except (NoAnswer, Forbidden):
            return None

    @rule(target=sessions)
    def create(self) -> Any:
        """Creates a session without a `Prefer` header."""
        provider = self.sender.provider
        exchange = self.ask(creation(provider, {}), intent={"valid": True})
        ids = {} if exchange is None else ids_shown(provider, exchange)
        return SessionRef(ids, request_discovery.path_facts(provider)) if ids else multiple()

    @precondition(lambda self: self.states)
    @rule(target=sessions, which=_ANY)
    def reach(self, which: int) -> Any:
        """Takes a session in a given state from the driver."""
        return self.driver.known(self.states[which % len(self.states)]) or multiple()

    @precondition(lambda self: self.states)
    @rule(target=sessions, which=_ANY)
    def travel(self, which: int) -> Any:
        """Starts a session that changes its state with each read."""
        journeys = self.driver.journeys(10**9)
        return journeys[which % len(journeys)].start() or multiple()

    @rule(session=sessions)
    def read(self, session: SessionRef) -> None:
        """Sends all reads of a session."""
        for entry in self.sender.provider.lifecycle.reads:
            if entry.fits(session.facts) or not session.facts:
                wanted = filled(self.sender.provider, entry.operation, entry.request, session.ids)
                self.ask(wanted, intent={"valid": True})

    @precondition(lambda self: self.reading)
    @rule(session=sessions, which=_ANY)
    def act(self, session: SessionRef, which: int) -> None:
        """Calls any operation on a session."""
        self.ask(minimal_request(self.sender.provider, self.reading[which % len(self.reading)].id, session.ids))

    @precondition(lambda self: self.reading)
    @rule(session=sessions, which=_ANY, form=_ANY)
    def miss(self, session: SessionRef, which: int, form: int) -> None:
        """Calls an operation with a malformed id."""
        operation = self.reading[which % len(self.reading)]
        kinds = names_in(self.sender.provider, operation.id)
        name = "session" if "session" in kinds else min(kinds)
        if name in session.ids:
            forms = request_discovery.malformed_ids(session.ids[name])
            wanted = minimal_request(self.sender.provider, operation.id, {**session.ids, name: forms[form % len(forms)]})
            self.ask(wanted, intent={"malformed_id": True})

    @precondition(lambda self: self.listing)
    @rule(which=_ANY)
    def page(self, which: int) -> None:
        """Asks for a list with a filter or a page size."""
        operation, query = self.listing[which % len(self.listing)]
        self.ask(RequestTemplate(operation, query=query), intent={"valid": True})

    @precondition(lambda self: self.broken)
    @rule(which=_ANY)
    def break_one(self, which: int) -> None:
        """Sends a request that breaks one constraint."""
        self.ask(self.broken[which % len(self.broken)].request, intent={"invalid": True})

    @precondition(lambda self: self.secured)
    @rule(which=_ANY, kind=st.sampled_from(["none", "unknown"]))
    def trespass(self, which: int, kind: str) -> None:
        """Sends a request without valid credentials."""
        self.ask(self.secured[which % len(self.secured)], credentials=kind)

    @rule(session=consumes(sessions))
    def forget(self, session: SessionRef) -> None:
        """Stops using a session."""

    @invariant()
    def no_rule_is_broken(self) -> None:
        """Fails as soon as an exchange broke a rule."""
        assert type(self).broken_rules() == self._before  # noqa: S101 - Hypothesis shrinks what raises


def machine_of(sender: Transport, driver: Driver, broken_rules: Callable[[], int] = lambda: 0) -> type[LifecycleMachine]:
    """Makes the state machine for a transport; an example fails, and shrinks, as soon as `broken_rules` counts more."""
    provider, lifecycle = sender.provider, sender.provider.lifecycle
    operations = list(provider.document.operations.values())
    secured = [minimal_request(provider, entry.id) for entry in operations if entry.security and sender.headers]
    members: dict[str, Any] = {
        "sender": sender,
        "driver": driver,
        "broken_rules": staticmethod(broken_rules),
        "states": [state for state in lifecycle.states if driver.drives and lifecycle.through(state) is not None],
        "reading": [entry for entry in operations if names_in(provider, entry.id)],
        "listing": [
            (entry, query)
            for entry in request_discovery.lists(provider)
            for query in request_discovery.list_queries(entry, is_short=False)
        ],
        "broken": request_discovery.invalid_requests(provider, {}),
        "secured": [wanted for wanted in secured if wanted is not None],
    }
    return type("Machine", (LifecycleMachine,), members)


def explore(
    sender: Transport,
    driver: Driver,
    *,
    seeds: Iterable[int],
    examples: int = EXAMPLES,
    steps: int = STEPS,
    on_progress: Callable[[str, int], None] | None = None,
) -> None:
    """Runs the state machine once for each seed; the transport reports the exchanges.

    Raises:
        Forbidden: the transport's host is a production host.
    """
    if sender.is_production:
        raise Forbidden(f"{sender.host}: no random steps against a production host.")
    settings = hypothesis.settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, database=None, derandomize=False,
        suppress_health_check=list(hypothesis.HealthCheck), phases=[hypothesis.Phase.generate],
    )  # fmt: skip
    sender.seen_by = "machine"
    for seed in seeds:
        if on_progress is not None:
            on_progress(f"random steps, seed {seed}", sender.sent)
        # A service need not answer alike to the same steps; what was seen until then was judged.
        with contextlib.suppress(hypothesis.errors.Flaky, hypothesis.errors.FlakyStrategyDefinition):
            run_state_machine_as_test(hypothesis.seed(seed)(machine_of(sender, driver)), settings=settings)
