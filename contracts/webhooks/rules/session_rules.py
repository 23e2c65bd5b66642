"""Judges the events of a session together: their order, and which must and must not be there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise

from specimen.contracts.judge.rule import Rule
from specimen.contracts.webhooks.rules.observed_sessions import ObservedSessions
from specimen.contracts.webhooks.rules.rule_set import MISSING, Line, violation_of
from specimen.contracts.webhooks.verification import VerifiedDelivery
from specimen.specs import Provider
from specimen.specs.core.json_pointer import at
from specimen.specs.core.terminal_text import shown
from specimen.specs.loading.webhooks import CREATION, TRANSITION, Webhooks

_NONE = object()


def of_sessions(
    provider: Provider,
    webhooks: Webhooks,
    known: Mapping[str, Rule],
    told: Mapping[str, Sequence[VerifiedDelivery]],
    observed: ObservedSessions | None,
    held: Collection[str],
) -> Iterator[Line]:
    """What is wrong with the events of each session, and the ids of the rules that compare.

    `told` are the events by session, `observed` the sessions that they should tell of. Nothing is missing of the sessions
    that are `held`: a failed delivery waits for its next attempt, and what follows it may wait too, or it is on its way.
    """
    seen = {} if observed is None else observed.states
    for session in {**told, **seen}:
        events = told.get(session, ())
        lines = [
            *_of_statuses(provider, webhooks, known, events),
            *_of_transitions(provider, webhooks, known, events, seen.get(session, ())),
        ]
        if observed is not None and session in seen:
            lines += _of_observed(provider, webhooks, known, events, observed, session)
        yield from (line for line in lines if session not in held or _rule(line) != MISSING)


def _rule(line: Line) -> str:
    return line if isinstance(line, str) else line.rule


def _of_observed(
    provider: Provider,
    webhooks: Webhooks,
    known: Mapping[str, Rule],
    events: Sequence[VerifiedDelivery],
    observed: ObservedSessions,
    session: str,
) -> Iterator[Line]:
    reachable, types = _reachable(provider), {event.type for event in events}
    for kind, why in dict(observed.promised(session)).items():
        yield MISSING
        if kind.name not in types:
            yield violation_of(known[MISSING], kind.name, "", f"{kind.name} for {why}", "no such event")
    for kind in webhooks.events.values():
        if not observed.excluded(session, kind, reachable):
            continue
        yield "WHK-008"
        if kind.name in types:
            state = observed.states[session][-1]
            yield violation_of(known["WHK-008"], kind.name, "", f"no {kind.name} of a session that ended {state}", "one came")


def _of_statuses(
    provider: Provider, webhooks: Webhooks, known: Mapping[str, Rule], events: Sequence[VerifiedDelivery]
) -> Iterator[Line]:
    if webhooks.status_at is None:
        return
    lifecycle = provider.lifecycle
    statuses = [str(at(event.body, webhooks.status_at)) for event in events]
    reachable = _reachable(provider)
    for before, after in pairwise(statuses):
        if before == after or after not in lifecycle.states:
            continue
        yield "WHK-005"
        if after not in reachable.get(before, ()):
            yield violation_of(known["WHK-005"], "session", webhooks.status_at, f"a status that follows {before}", shown(after))
    types = {event.type for event in events}
    for state in dict.fromkeys(statuses):
        for kind in webhooks.events.values():
            if state not in kind.after:
                continue
            yield MISSING
            if kind.name not in types:
                yield violation_of(known[MISSING], kind.name, "", f"{kind.name} for the status {state}", "no such event")


def _of_transitions(
    provider: Provider, webhooks: Webhooks, known: Mapping[str, Rule], events: Sequence[VerifiedDelivery], seen: Sequence[str]
) -> Iterator[Line]:
    """Each status that was seen or told, but the first, has an event of its transition, which may show a later status.

    An event of a creation that is sent late shows a status whose own event may still be on its way.
    """
    lifecycle, reachable = provider.lifecycle, _reachable(provider)
    first = {kind.name for kind in webhooks.events.values() if CREATION in kind.after}
    later = [] if webhooks.status_at is None else [event for event in events if event.type not in first]
    told = [str(at(event.body, webhooks.status_at or "")) for event in later]
    passed = [state for state in dict.fromkeys([*seen, *told]) if state in lifecycle.states and state != lifecycle.initial]
    for kind in (kind for kind in webhooks.events.values() if TRANSITION in kind.after):
        steps = [event for event in events if event.type == kind.name]
        left = [None if webhooks.status_at is None else at(event.body, webhooks.status_at) for event in steps]
        untold = []
        for state in passed:
            yield MISSING
            if state in left:
                left.remove(state)
            else:
                untold.append(state)
        for state in untold:
            late = next((one for one in left if one is None or one in reachable[state]), _NONE)
            if late is _NONE:
                yield violation_of(known[MISSING], kind.name, "", f"{kind.name} for the status {state}", "no such event")
            else:
                left.remove(late)


def _reachable(provider: Provider) -> dict[str, set[str]]:
    """For each state those that may come later: an event of a state between may be excluded, or was not subscribed to."""
    found = {state: set[str]() for state in provider.lifecycle.states}
    for edge in provider.lifecycle.transitions:
        found[edge.origin].add(edge.to)
    for between, further in found.items():
        for later in found.values():
            if between in later:
                later.update(further)
    return found
