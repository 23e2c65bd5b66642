"""Which share of a dataset's sessions takes which scenario, and which part of it a shard is."""

from __future__ import annotations

import math
import re
from bisect import bisect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

from specimen.fixtures.lives import scenario_named
from specimen.specs import Lifecycle, Provider, SpecimenError
from specimen.specs.core.errors import did_you_mean
from specimen.specs.loading.lifecycle import Scenario

# Where no mix is given: so many sessions take the happy path, the others share the rest evenly.
HAPPY_SHARE = 0.8
_HAPPY = "success"


@dataclass(frozen=True, slots=True)
class Course:
    """What a session does: a scenario, and the number of moves it makes along its path."""

    scenario: Scenario
    steps: int


@dataclass(frozen=True, slots=True)
class Mix:
    """The courses of a dataset; `bounds` is where the share of each ends, the last at 1."""

    courses: tuple[Course, ...]
    bounds: tuple[float, ...]

    def at(self, share: float) -> Course:
        """The course of a number from 0 (included) to 1."""
        return self.courses[min(bisect(self.bounds, share), len(self.courses) - 1)]


@dataclass(frozen=True, slots=True)
class Shard:
    """Part number `index` (from 1) of `count` parts."""

    index: int = 1
    count: int = 1

    def __post_init__(self) -> None:
        """Refuses a part that is none of its whole."""
        if not 1 <= self.index <= self.count:
            raise SpecimenError(f"shard {self.index}/{self.count}: expected K/N with K from 1 to N, such as 3/16.")

    @classmethod
    def parse(cls, text: str) -> Shard:
        """The shard that `3/16` names.

        Raises:
            SpecimenError: the text has another form.
        """
        found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
        if found is None:
            raise SpecimenError(f"shard '{text}': expected K/N with K from 1 to N, of at most six digits, such as 3/16.")
        return cls(int(found[1]), int(found[2]))


def weights(text: str) -> dict[str, float]:
    """The weights that `success=0.8,failed=0.15` states.

    Raises:
        SpecimenError: a part is no `NAME=WEIGHT`, or a name stands twice.
    """
    found: dict[str, float] = {}
    for part in text.split(","):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not name or not equals:
            raise SpecimenError(f"mix '{part.strip()}': expected NAME=WEIGHT, such as success=0.8,failed=0.2.")
        if name in found:
            raise SpecimenError(f"mix '{name}': it stands twice; give it one weight.")
        try:
            found[name] = float(value)
        except ValueError:
            raise SpecimenError(f"mix '{name}={value}': expected a number as its weight, such as {name}=0.8.") from None
    return found


def mixed(provider: Provider, wanted: Mapping[str, float] | None) -> Mix:
    """The mix of weights by name; weights need not add up to 1.

    A name is a scenario's, or an alias; else a state's, whose weight is shared evenly by the scenarios that end in it. A state
    that none ends in is held there by the first scenario that passes it. `success` is the happy path, whatever the vendor calls
    it.

    Raises:
        SpecimenError: a name is neither, or a weight is negative or no number, or all of them are 0.
    """
    lifecycle = provider.lifecycle
    if wanted is None:
        wanted = _usual(lifecycle)
    for name, weight in wanted.items():
        if not math.isfinite(weight) or weight < 0:
            raise SpecimenError(f"mix '{name}={weight:g}': expected a weight of 0 or more.")
    try:
        total = math.fsum(wanted.values())
    except OverflowError:
        total = math.inf
    if not total:
        raise SpecimenError("mix: all weights are 0; give one scenario more.")
    if not math.isfinite(total):
        raise SpecimenError("mix: the weights are too large to be added up.")
    courses: list[Course] = []
    shares: list[float] = []
    for name, weight in wanted.items():
        found = list(_courses(provider, name))
        if not weight:
            continue
        courses += found
        shares += [weight / total / len(found)] * len(found)
    return Mix(tuple(courses), (*list(accumulate(shares))[:-1], 1.0))


def _usual(lifecycle: Lifecycle) -> dict[str, float]:
    happy, *others = lifecycle.scenarios
    return {happy: HAPPY_SHARE, **{name: (1 - HAPPY_SHARE) / len(others) for name in others}}


def _courses(provider: Provider, name: str) -> Iterator[Course]:
    lifecycle = provider.lifecycle
    scenario = scenario_named(lifecycle, name)
    if scenario is None and name == _HAPPY and name not in lifecycle.states:
        scenario = lifecycle.default
    if scenario is not None:
        yield Course(scenario, len(scenario.path) - 1)
        return
    ending = [entry for entry in lifecycle.scenarios.values() if entry.path[-1] == name]
    if ending:
        yield from (Course(entry, len(entry.path) - 1) for entry in ending)
        return
    passing = lifecycle.through(name)
    if passing is None:
        possible = did_you_mean(name, {*lifecycle.scenarios, *lifecycle.states})
        raise SpecimenError(f"mix '{name}': {provider.name} has no such scenario or state. {possible}")
    yield Course(passing, passing.path.index(name))
