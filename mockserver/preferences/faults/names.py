"""Whether what a fault's rule names is there: provider, operation, drift, states, and a way between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from specimen.mockserver.errors import did_you_mean
from specimen.mockserver.preferences.faults.drifts import Drift, drifts_of
from specimen.mockserver.preferences.faults.rules import FaultRule, InvalidFault
from specimen.specs import Provider
from specimen.specs.loading.lifecycle import Lifecycle


class UnknownName(InvalidFault):
    """A rule names what is not there; `possible` lists what is, by what it is."""

    def __init__(self, message: str, possible: Mapping[str, Sequence[str]]) -> None:
        super().__init__(message)
        self.possible = possible


def drift_of(provider: Provider, name: str) -> Drift | None:
    """The drift of that name, or the first that breaks the rule of that id; None where the provider has none."""
    drifts = drifts_of(provider)
    return drifts.get(name) or next((drift for drift in drifts.values() if drift.rule == name), None)


def check_names(rule: FaultRule, served: Mapping[str, Provider]) -> None:
    """Checks that one of the served providers has all that a rule names.

    Raises:
        UnknownName: none has.
    """
    title = f"fault '{rule.id or rule.kind}'"
    asked = rule.match.get("provider")
    if asked is not None and asked not in served:
        raise UnknownName(
            f"{title}: provider '{asked}' is not served here. {did_you_mean(asked, served)}", {"providers": list(served)}
        )
    providers = list(served.values()) if asked is None else [served[asked]]
    operation = rule.match.get("operation")
    if operation is not None:
        operations = sorted({name for provider in providers for name in provider.document.operations})
        if operation not in operations:
            what = f"operation '{operation}' is not there. {did_you_mean(operation, operations)}"
            raise UnknownName(f"{title}: {what}", {"operations": operations})
        providers = [provider for provider in providers if operation in provider.document.operations]
    if rule.kind == "drift":
        _check_drift(title, rule.what["drift"], providers)
    elif rule.kind == "script":
        _check_states(title, [step for step in rule.what["answers"] if isinstance(step, str)], providers)


def _check_drift(title: str, name: str, providers: Sequence[Provider]) -> None:
    if any(drift_of(provider, name) is not None for provider in providers):
        return
    possible = sorted({drift for provider in providers for drift in drifts_of(provider)})
    names = [provider.name for provider in providers]
    where = f"{names[0]} has none" if len(names) == 1 else f"none of {', '.join(names)} has it"
    raise UnknownName(f"{title}: drift '{name}': {where}. {did_you_mean(name, possible)}", {"drifts": possible})


def _check_states(title: str, steps: Sequence[str], providers: Iterable[Provider]) -> None:
    lifecycles = [provider.lifecycle for provider in providers]
    states = sorted({name for lifecycle in lifecycles for name in lifecycle.states})
    strange = next((step for step in steps if step not in states), None)
    if strange is not None:
        raise UnknownName(f"{title}: state '{strange}' is not there. {did_you_mean(strange, states)}", {"states": states})
    stops = [_first_without_way(steps, lifecycle) for lifecycle in lifecycles if lifecycle.states.keys() >= set(steps)]
    found = next(iter(stops), None)
    if found is not None and None not in stops:
        (before, after), reached = found
        raise UnknownName(f"{title}: no session comes from '{before}' to '{after}'.", {"states": sorted(reached)})


def _first_without_way(steps: Sequence[str], lifecycle: Lifecycle) -> tuple[tuple[str, str], set[str]] | None:
    """The first two steps between which no edges of the lifecycle lead, and the states that the former leads to."""
    for before, after in pairwise(steps):
        reached, waiting = {before}, [before]
        while waiting:
            here = waiting.pop()
            for edge in lifecycle.transitions:
                if edge.origin == here and edge.to not in reached:
                    reached.add(edge.to)
                    waiting.append(edge.to)
        if after not in reached:
            return (before, after), reached
    return None
