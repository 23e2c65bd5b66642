"""Who moves sessions: nobody, our mock's `Prefer` header, or a command of the user's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from specimen.contracts.client.transport import NoAnswer, Transport
from specimen.contracts.requests.known_sessions import given
from specimen.contracts.requests.request_encoder import send
from specimen.contracts.requests.request_templates import RequestTemplate, filled, ids_shown
from specimen.specs import Provider
from specimen.specs.loading.lifecycle import Scenario


@dataclass(frozen=True)
class SessionRef:
    """A session: its ids by kind, and the facts by which it is read (such as its type)."""

    ids: Mapping[str, str]
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Journey:
    """A session to follow: `start` makes or names it, `rounds` is how often it is read to see all of it.

    `is_thorough`: by all reads every time, else by the first, and by the others at the end.
    """

    name: str
    start: Callable[[], SessionRef | None]
    rounds: int
    is_thorough: bool = True


class Driver(Protocol):
    """Gives sessions in a wanted state."""

    def session(self, state: str) -> str | None:
        """The id of a session in a state; None where there is no way to one."""

    def known(self, state: str) -> SessionRef | None:
        """A session in a state, with all its ids."""

    def journeys(self, most_requests: int) -> Sequence[Journey]:
        """Sessions to follow through their states, the most telling first, in so many requests."""

    @property
    def drives(self) -> bool:
        """Whether it can bring a session into any state."""

    @property
    def wishes(self) -> bool:
        """Whether the host is our mock, which takes wishes."""


class NoDriver:
    """Nothing moves; the sessions are those that the user gave, as `ID` or `KIND=ID`."""

    drives = False
    wishes = False

    def __init__(self, provider: Provider, sessions: Sequence[str]) -> None:
        self.sessions = [SessionRef(given(provider, text)) for text in sessions]

    def session(self, state: str) -> str | None:
        """None: nobody knows their states."""
        del state
        return None

    def known(self, state: str) -> SessionRef | None:
        """None: nobody knows their states."""
        del state
        return None

    def journeys(self, most_requests: int) -> Sequence[Journey]:
        """Each session that was given, read three times."""
        del most_requests
        return [Journey(f"session {index + 1}", lambda one=one: one, 3) for index, one in enumerate(self.sessions)]  # type: ignore[misc]


class Joined:
    """A driver, and after its sessions those that the user gave."""

    def __init__(self, driver: Driver, given: NoDriver) -> None:
        self._driver = driver
        self._given = given

    @property
    def drives(self) -> bool:
        """Whether the driver does."""
        return self._driver.drives

    @property
    def wishes(self) -> bool:
        """Whether the driver does."""
        return self._driver.wishes

    def session(self, state: str) -> str | None:
        """The driver's."""
        return self._driver.session(state)

    def known(self, state: str) -> SessionRef | None:
        """The driver's."""
        return self._driver.known(state)

    def journeys(self, most_requests: int) -> Sequence[Journey]:
        """The driver's, in what the given ones leave of the requests, then the given ones."""
        given = self._given.journeys(most_requests)
        rest = most_requests - sum(journey.rounds for journey in given)
        return [*self._driver.journeys(max(rest, most_requests // 3)), *given]


class PreferDriver:
    """Asks our mock, by the header `Prefer` on the creation of a session, for a scenario at a pace of reads."""

    drives = True
    wishes = True

    def __init__(self, transport: Transport, *, every_scenario: bool = False) -> None:
        self.transport = transport
        self.provider = transport.provider
        self.every_scenario = every_scenario

    def session(self, state: str) -> str | None:
        """The id of a new session that is held in a state."""
        found = self.known(state)
        return None if found is None else found.ids["session"]

    def known(self, state: str) -> SessionRef | None:
        """A new session that is held in a state."""
        scenario = self.provider.lifecycle.through(state)
        return None if scenario is None else self._create(scenario, f"status={state}")

    def journeys(self, most_requests: int) -> Sequence[Journey]:
        """Scenarios that together show every state and edge, then facts, in no more requests than that."""
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
            # A state or an edge is worth more of the budget than a fact.
            bound = most_requests * 6 // 5 if _ways(best) - covered else most_requests
            if self.every_scenario or (_worth(best, covered) and spent + cost <= bound):
                covered |= _features(best)
                spent += cost
                chosen.append(journey)
        return chosen

    def _journey(self, scenario: Scenario, covered: set[Any], *, is_first: bool) -> Journey:
        """How often to read: the first session twice in each state, others once; an end not seen before once more.

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
        return Journey(scenario.name, lambda: self._create(scenario, name), rounds, is_thorough)

    def _reads(self, scenario: Scenario) -> int:
        return max(1, sum(read.fits(scenario.facts) for read in self.provider.lifecycle.reads))

    def _create(self, scenario: Scenario, prefer: str) -> SessionRef | None:
        wanted = creation(self.provider, scenario.facts)
        if wanted is None:
            return None
        try:
            exchange = send(self.transport, wanted, intent={"lawful": True}, prefer=prefer)
        except NoAnswer:
            return None
        ids = ids_shown(self.provider, exchange)
        return SessionRef(ids, scenario.facts) if ids else None


def creation(provider: Provider, facts: Mapping[str, Any]) -> RequestTemplate | None:
    """The request that makes a session; a parameter of its path that is a fact says so (such as a type)."""
    create = provider.lifecycle.create
    made = filled(provider, create.operation, create.request, {})
    if made is None:
        return None
    path = {name: str(facts.get(name, value)) for name, value in made.path.items()}
    return RequestTemplate(made.operation, path, made.query, made.headers, made.body, made.raw, made.content_type, made.parts)


def _ways(scenario: Scenario) -> set[Any]:
    """States and edges of a path."""
    return {*scenario.path, *zip(scenario.path, scenario.path[1:], strict=False)}


def _features(scenario: Scenario) -> set[Any]:
    facts = {(name, json.dumps(value, sort_keys=True, default=str), scenario.path[-1]) for name, value in scenario.facts.items()}
    return {*_ways(scenario), *facts, ("end", scenario.path[-1])}


def _worth(scenario: Scenario, covered: set[Any]) -> float:
    """How much a scenario shows that was not yet seen: states first, then edges, then facts."""
    new = _features(scenario) - covered
    return sum(10.0 if isinstance(feature, str) else 5.0 if len(feature) == 2 else 0.3 for feature in new)
