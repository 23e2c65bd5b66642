"""Drivers bring sessions into a state: none, our mock's `Prefer` header, or a user's command."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from specimen.contracts.client.transport import NoAnswer, Transport
from specimen.contracts.requests.known_sessions import given
from specimen.contracts.requests.request_encoder import send
from specimen.contracts.requests.request_templates import RequestTemplate, filled, ids_shown
from specimen.contracts.verify.drivers.movement import Driven
from specimen.specs import Provider
from specimen.specs.loading.lifecycle import Scenario


@dataclass(frozen=True)
class SessionRef:
    """A session: its ids by kind, and the facts by which it is read (such as its type)."""

    ids: Mapping[str, str]
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Journey:
    """A session to follow: `start` creates or names it, `rounds` says how often it is read.

    With `is_thorough` every round sends all reads; otherwise the first read, and the others in the last round.
    """

    name: str
    start: Callable[[], SessionRef | None]
    rounds: int
    is_thorough: bool = True


class Driver(Protocol):
    """Supplies sessions in a given state."""

    def session(self, state: str) -> str | None:
        """Returns the id of a session in a state; None where the state cannot be reached."""

    def known(self, state: str) -> SessionRef | None:
        """Returns a session in a state, with all its ids."""

    def journeys(self, most_requests: int) -> Sequence[Journey]:
        """Returns sessions to follow within the number of requests, those that show most first."""

    @property
    def drives(self) -> bool:
        """Whether the driver can bring a session into any state."""

    @property
    def supports_prefer(self) -> bool:
        """Whether the host is our mock, which honours `Prefer`."""


class NoDriver:
    """Moves no session; its sessions are those that the user gave, as `ID` or `KIND=ID`."""

    drives = False
    supports_prefer = False

    def __init__(self, provider: Provider, sessions: Sequence[str]) -> None:
        self.sessions = [SessionRef(given(provider, text)) for text in sessions]

    def session(self, state: str) -> str | None:
        """Returns None: the states of the sessions are unknown."""
        del state
        return None

    def known(self, state: str) -> SessionRef | None:
        """Returns None: the states of the sessions are unknown."""
        del state
        return None

    def journeys(self, most_requests: int) -> Sequence[Journey]:
        """Returns each given session, to be read three times."""
        del most_requests
        return [Journey(f"session {index + 1}", lambda one=one: one, 3) for index, one in enumerate(self.sessions)]  # type: ignore[misc]


class Joined:
    """Combines a driver with the sessions that the user gave."""

    def __init__(self, driver: Driver, given: NoDriver) -> None:
        self._driver = driver
        self._given = given

    @property
    def drives(self) -> bool:
        """As the driver says."""
        return self._driver.drives

    @property
    def supports_prefer(self) -> bool:
        """As the driver says."""
        return self._driver.supports_prefer

    def session(self, state: str) -> str | None:
        """Returns the driver's."""
        return self._driver.session(state)

    def known(self, state: str) -> SessionRef | None:
        """Returns the driver's."""
        return self._driver.known(state)

    def journeys(self, most_requests: int) -> Sequence[Journey]:
        """Returns the driver's journeys, within the requests that the given sessions leave, then the given sessions."""
        given = self._given.journeys(most_requests)
        rest = most_requests - sum(journey.rounds for journey in given)
        return [*self._driver.journeys(max(rest, most_requests // 3)), *given]


class PreferDriver:
    """Asks our mock for a scenario and its pace by the header `Prefer` on the creation of a session."""

    drives = True
    supports_prefer = True

    def __init__(
        self, transport: Transport, *, every_scenario: bool = False, on_driven: Callable[[Driven], None] = lambda _: None
    ) -> None:
        self.transport = transport
        self.provider = transport.provider
        self.every_scenario = every_scenario
        self._on_driven = on_driven

    def session(self, state: str) -> str | None:
        """Returns the id of a new session that stays in a state."""
        found = self.known(state)
        return None if found is None else found.ids["session"]

    def known(self, state: str) -> SessionRef | None:
        """Returns a new session that stays in a state."""
        scenario = self.provider.lifecycle.through(state)
        return None if scenario is None else self._create(scenario, f"status={state}", (state,), 1)

    def journeys(self, most_requests: int) -> Sequence[Journey]:
        """Returns scenarios that together show every state and transition, then facts, within the number of requests."""
        chosen: list[Journey] = []
        spent = 0
        covered: set[Any] = set()
        left = list(self.provider.lifecycle.scenarios.values())
        while left:
            # The happy path first, then what shows most for its length.
            best = max(left, key=lambda entry: _worth(entry, covered) / (len(entry.path) + 3)) if chosen else left[0]
            left.remove(best)
            journey = self._journey(best, covered, is_first=not chosen)
            reads = self._reads(best)
            cost = 1 + (journey.rounds * reads if journey.is_thorough else journey.rounds + reads - 1)
            # A state or a transition is worth more of the budget than a fact.
            bound = most_requests * 6 // 5 if _ways(best) - covered else most_requests
            if self.every_scenario or (_worth(best, covered) and spent + cost <= bound):
                covered |= _features(best)
                spent += cost
                chosen.append(journey)
        return chosen

    def _journey(self, scenario: Scenario, covered: set[Any], *, is_first: bool) -> Journey:
        """Chooses how often to read: the first session twice in each state, others once; a new end state once more.

        The first read at a pace of one shows the second state already, so a path of two states is read at a pace of two.
        """
        states, reads = len(scenario.path), self._reads(scenario)
        is_new_end = self.every_scenario or ("end", scenario.path[-1]) not in covered
        is_thorough = reads == 1 or is_first or self.every_scenario
        if is_first and reads == 1:
            polls, rounds = 2, 2 * states + 1
        elif is_thorough and reads > 1:
            polls, rounds = reads, states + 1
        elif states <= 2:
            polls, rounds = 2, states + is_new_end
        else:
            polls, rounds = 1, states - 1 + is_new_end
        name = f"scenario={scenario.name}, pace=polls:{polls}"
        passed = int(polls == 1)
        start = partial(self._create, scenario, name, scenario.path, rounds, passed)
        return Journey(scenario.name, start, rounds, is_thorough)

    def _reads(self, scenario: Scenario) -> int:
        return max(1, sum(read.fits(scenario.facts) for read in self.provider.lifecycle.reads))

    def _create(self, scenario: Scenario, prefer: str, path: tuple[str, ...], reads: int, passed: int = 0) -> SessionRef | None:
        """Makes a session that so many reads lead through these states."""
        wanted = creation(self.provider, scenario.facts)
        if wanted is None:
            return None
        try:
            exchange = send(self.transport, wanted, intent={"valid": True}, prefer=prefer)
        except NoAnswer:
            return None
        ids = ids_shown(self.provider, exchange)
        if "session" in ids:
            self._on_driven(Driven(ids["session"], f"the session of scenario '{scenario.name}'", path, reads, passed))
        return SessionRef(ids, scenario.facts) if ids else None


def creation(provider: Provider, facts: Mapping[str, Any]) -> RequestTemplate | None:
    """Returns the request that creates a session; facts such as a type fill the parameters of its path."""
    create = provider.lifecycle.create
    made = filled(provider, create.operation, create.request, {})
    if made is None:
        return None
    path = {name: str(facts.get(name, value)) for name, value in made.path.items()}
    return RequestTemplate(made.operation, path, made.query, made.headers, made.body, made.raw, made.content_type, made.parts)


def _ways(scenario: Scenario) -> set[Any]:
    """Returns the states and transitions of a path."""
    return {*scenario.path, *zip(scenario.path, scenario.path[1:], strict=False)}


def _features(scenario: Scenario) -> set[Any]:
    facts = {(name, json.dumps(value, sort_keys=True, default=str), scenario.path[-1]) for name, value in scenario.facts.items()}
    return {*_ways(scenario), *facts, ("end", scenario.path[-1])}


def _worth(scenario: Scenario, covered: set[Any]) -> int:
    """Weighs what a scenario shows that is not covered: states first, then transitions, then facts.

    In whole numbers: a sum of fractions depends on the order of a set, which differs from process to process.
    """
    new = _features(scenario) - covered
    return sum(100 if isinstance(feature, str) else 50 if len(feature) == 2 else 3 for feature in new)
