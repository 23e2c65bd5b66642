"""A provider's lifecycle.yaml as frozen values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_UUID_END = ("[0-9a-fA-F]{4}", "[0-9a-fA-F]{12}")


def nothing() -> Mapping[str, Any]:
    """The empty mapping, shared."""
    return _NOTHING


@dataclass(frozen=True)
class IdForm:
    """The form of an identifier: a UUID of a version, or a prefix and `length` characters of an alphabet."""

    kind: str
    prefix: str = ""
    length: int = 0
    alphabet: str = ""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """A regular expression of this form; vendors may use other letters than the alphabet that ids are made of."""
        if self.kind == "prefixed":
            return re.compile(f"{re.escape(self.prefix)}[A-Za-z0-9]{{{self.length}}}")
        return re.compile("-".join(("[0-9a-fA-F]{8}", "[0-9a-fA-F]{4}", f"{self.kind[-1]}[0-9a-fA-F]{{3}}", *_UUID_END)))


@dataclass(frozen=True, slots=True)
class State:
    """A value of the status field. `mark` is its provenance: D documented, P public, A assumed."""

    name: str
    terminal: bool
    mark: str
    source: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Transition:
    """An allowed transition between two states; a session usually stays `seconds` in the first.

    With an `operation`, only a call of it makes this transition: then it may leave even a terminal state.
    """

    origin: str
    to: str
    cause: str
    seconds: float
    mark: str
    source: str
    operation: str | None = None


@dataclass(frozen=True, slots=True)
class Lifetime:
    """`seconds` after its creation, a session that is in one of `froms` moves to `to`."""

    seconds: int
    to: str
    froms: tuple[str, ...]
    mark: str
    source: str


@dataclass(frozen=True, slots=True)
class LifecycleRequest:
    """A request with placeholders such as `{session}`; `body` is meaningful when `has_body`."""

    path: Mapping[str, str] = field(default_factory=nothing)
    query: Mapping[str, Any] = field(default_factory=nothing)
    headers: Mapping[str, str] = field(default_factory=nothing)
    body: Any = None
    has_body: bool = False
    raw: str | None = None
    content_type: str | None = None
    multipart: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Create:
    """How a session is made, and where the answer shows its id (a JSON pointer).

    `only_given` are the members of a session that hold what its creation sent under that name, and nothing otherwise, with
    their marks.
    """

    operation: str
    request: LifecycleRequest
    session: str
    only_given: Mapping[str, str] = field(default_factory=nothing)


@dataclass(frozen=True, slots=True)
class Read:
    """How a session is read, and where the answer shows its status and its id (JSON pointers, or None).

    Only sessions with the given `facts` are read by it.
    """

    operation: str
    request: LifecycleRequest
    status: str | None
    facts: Mapping[str, Any] = field(default_factory=nothing)
    id: str | None = None

    def fits(self, facts: Mapping[str, Any]) -> bool:
        """Whether a session with these facts is read by it."""
        return all(facts.get(name) == value for name, value in self.facts.items())


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential that the mock knows; `fails` names the error example of the answer to an invalid one.

    `description` is a sentence for a reader, or empty.
    """

    name: str
    headers: Mapping[str, str]
    facts: Mapping[str, Any] = field(default_factory=nothing)
    fails: str | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Magic:
    """The free field of the create request that can ask for a scenario."""

    pointer: str
    form: str


@dataclass(frozen=True, slots=True)
class ValuePlace:
    """A place in the requests of an operation: a path parameter, or a field of the JSON body or the form, by its name."""

    operation: str
    location: str
    name: str


@dataclass(frozen=True, slots=True)
class ProbeValue:
    """A value of the requests that a verification sends, which another account or deployment may need to be another one.

    `part` is `host` where it is the host of the URL at its places, `lifetime` where it is the seconds that a session lives, which
    no request says, else empty. `in_creation`: where it is given, every creation of a session holds it; otherwise it replaces
    the value of the requests that have one. `names` says what of the provider's it names, such as a template, which must
    exist; empty where any text may stand.
    """

    name: str
    meaning: str
    places: tuple[ValuePlace, ...]
    part: str = ""
    in_creation: bool = False
    names: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A fact that a preference may set, with its possible values.

    `states` are those whose answers it decides: only a session that is, was or can come there has it. Empty: all states.
    """

    name: str
    values: tuple[Any, ...]
    source: str
    states: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named path through the lifecycle with its facts."""

    name: str
    alias: str
    summary: str
    path: tuple[str, ...]
    facts: Mapping[str, Any]
    mark: str
    source: str


@dataclass(frozen=True, slots=True)
class Setup:
    """A request to send before another."""

    operation: str
    request: LifecycleRequest
    credential: str | None = None


@dataclass(frozen=True, slots=True)
class ErrorCase:
    """A request that is answered with the named error example of its operation."""

    name: str
    example: str
    operation: str
    status: int
    request: LifecycleRequest
    setup: tuple[Setup, ...]
    credential: str | None
    mark: str
    source: str


@dataclass(frozen=True, slots=True)
class HostedStep:
    """What a person does on the hosted page, and the state to which that moves the session; None where it stays."""

    name: str
    to: str | None = None


@dataclass(frozen=True, slots=True)
class HostedOutcome:
    """How a hosted session may end or go on after the last step; a person picks a value of `choice`, where there is one."""

    to: str
    label: str
    choice: str | None = None


@dataclass(frozen=True, slots=True)
class FrameMessages:
    """What the hosted page posts to the window that embeds it: an envelope with placeholders, and types by occasion.

    `ended` has the types by the state at which the session ends; `cancel` is the type of the message by which the window ends it.
    """

    envelope: Mapping[str, Any]
    loaded: str
    moved: str
    resized: str
    ended: Mapping[str, str]
    cancel: str | None
    mark: str
    source: str


@dataclass(frozen=True, slots=True)
class Hosted:
    """The vendor's own page for its users: steps, outcomes, the state of who gives up, and states in which a person waits."""

    steps: tuple[HostedStep, ...]
    outcomes: tuple[HostedOutcome, ...]
    abandon: str | None
    waits: tuple[str, ...]
    is_framed: bool
    messages: FrameMessages | None
    mark: str
    source: str


@dataclass(frozen=True, eq=False)
class Lifecycle:
    """Everything that lifecycle.yaml states."""

    title: str
    homepage: str
    ids: Mapping[str, IdForm]
    lifetime: Lifetime | None
    create: Create
    reads: tuple[Read, ...]
    states: Mapping[str, State]
    initial: str
    transitions: tuple[Transition, ...]
    credentials: Mapping[str, Credential]
    magic: Magic | None
    choices: Mapping[str, Choice]
    scenarios: Mapping[str, Scenario]
    errors: Mapping[str, ErrorCase] = field(default_factory=dict)
    values: Mapping[str, ProbeValue] = field(default_factory=nothing)
    hosted_page: Hosted | None = None
    # What a user gave in their places, by name.
    given: Mapping[str, str] = field(default_factory=nothing)

    @cached_property
    def _edges(self) -> dict[tuple[str, str], Transition]:
        return {(edge.origin, edge.to): edge for edge in self.transitions}

    @cached_property
    def terminal(self) -> frozenset[str]:
        """The states that end a session: it leaves none, but by an operation that its transition names."""
        return frozenset(name for name, state in self.states.items() if state.terminal)

    def is_edge(self, before: str, after: str) -> bool:
        """Whether a session may move from one state to the other."""
        return (before, after) in self._edges

    def transition(self, before: str, after: str) -> Transition:
        """The edge between two states.

        Raises:
            KeyError: there is none.
        """
        return self._edges[before, after]

    def through(self, state: str) -> Scenario | None:
        """The first scenario whose path leads through `state`."""
        return next((scenario for scenario in self.scenarios.values() if state in scenario.path), None)

    @cached_property
    def hosted(self) -> Hosted:
        """The vendor's page for its users; where the file is silent, three steps, of which the last begins the work."""
        if self.hosted_page is not None:
            return self.hosted_page
        second = next((state for state in self.default.path[1:] if state not in self.terminal), None)
        steps = (HostedStep("consent"), HostedStep("document"), HostedStep("selfie", second))
        ends = dict.fromkeys(edge.to for edge in self.transitions if edge.to in self.terminal and edge.operation is None)
        by_state = {state: choice.name for choice in self.choices.values() for state in choice.states}
        ends.pop(self.lifetime.to if self.lifetime else "", None)
        outcomes = tuple(HostedOutcome(state, state.replace("_", " "), by_state.get(state)) for state in ends)
        return Hosted(steps, outcomes, None, (), False, None, "A", "Derived from the states.")

    @cached_property
    def default(self) -> Scenario:
        """The happy path: the scenario of a session without a preference."""
        return next(iter(self.scenarios.values()))
