"""Moves and narrows sessions as pure functions of their records.

A session that is steered keeps what it has answered: after the change, the answers for every state that it has been in are the
same bytes as before, and the answer for its new state fits the document. Where no facts allow that, the change is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from msgspec.structs import replace

from specimen.fixtures import recipes
from specimen.fixtures.primitives.timelines import Event, is_expiry
from specimen.fixtures.recipes.recipe import PERSON_FACTS, SessionSnapshot, answer
from specimen.fixtures.recipes.session_histories import expires_at
from specimen.mockserver.errors import Contradiction, InvalidFact
from specimen.mockserver.http.messages import encode
from specimen.mockserver.sessions.session_record import Record, timeline
from specimen.mockserver.sessions.steering.facts import checked_facts, possible_facts
from specimen.specs import Provider
from specimen.specs.loading.lifecycle import Scenario

_ORIGIN = "https://kyc.example"


class Possible(NamedTuple):
    """What can be done with a session now: the states that it can move to, and the facts that can still be narrowed."""

    states: tuple[str, ...]
    facts: tuple[str, ...]


class Steering:
    """Steers the sessions of one provider; `defaults` are facts of all its sessions."""

    def __init__(self, provider: Provider, defaults: Mapping[str, Any]) -> None:
        self._provider = provider
        self._lifecycle = provider.lifecycle
        self._defaults = defaults
        self._answers = recipes.answers(provider)
        self._primary, *self._others = provider.lifecycle.ids

    # -- what a caller can do -------------------------------------------------------------------------------------------

    def transition(self, record: Record, to: str, facts: Mapping[str, Any], now: int) -> Record:
        """The session moved to a state, with facts that narrow what its answers say there.

        Raises:
            InvalidFact: the provider has no such fact or value.
            Contradiction: the lifecycle has no such edge, or a fact contradicts the session.
        """
        wanted = checked_facts(self._provider, facts)
        events = self.events(record, now)
        if not self._lifecycle.is_edge(events[-1].state, to):
            raise Contradiction(
                f"a session does not move from '{events[-1].state}' to '{to}'.", {"states": self._targets(events[-1].state)}
            )
        return self._moved(record, events, to, wanted, now)

    def next_state(self, record: Record, now: int) -> str | None:
        """The state that follows in the session's scenario; None at its end, and for a session that has left it."""
        path = self._lifecycle.scenarios[record.scenario].path
        walked = tuple(event.state for event in self.events(record, now))
        return path[len(walked)] if len(walked) < len(path) and path[: len(walked)] == walked else None

    def advance(self, record: Record, facts: Mapping[str, Any], now: int) -> Record:
        """The session moved to the next state of its scenario.

        Raises:
            InvalidFact, Contradiction: as `transition`; also where its scenario is at its end, or the session has left it.
        """
        wanted = checked_facts(self._provider, facts)
        events = self.events(record, now)
        to = self.next_state(record, now)
        if to is None:
            state = events[-1].state
            is_over = tuple(event.state for event in events) == self._lifecycle.scenarios[record.scenario].path
            what = "is at its end" if is_over else f"does not lead on from '{state}'"
            raise Contradiction(f"scenario '{record.scenario}' {what}.", {"states": self._targets(state)})
        return self._moved(record, events, to, wanted, now)

    def brought_to(self, record: Record, to: str, now: int) -> Record:
        """The session moved to a state by the shortest way; as it is where it is there already.

        Raises:
            Contradiction: no way leads there.
        """
        state = self.events(record, now)[-1].state
        for step in self._way(state, to):
            record = self.transition(record, step, {}, now)
        return record

    def _way(self, state: str, to: str) -> tuple[str, ...]:
        """The states from one (left out) to another, by the fewest edges that need no call of an operation."""
        ways: list[tuple[str, ...]] = [()]
        seen = {state}
        while ways:
            way = ways.pop(0)
            here = way[-1] if way else state
            if here == to:
                return way
            for edge in self._lifecycle.transitions:
                if edge.origin == here and edge.operation is None and edge.to not in seen:
                    seen.add(edge.to)
                    ways.append((*way, edge.to))
        raise Contradiction(f"no way leads from '{state}' to '{to}'.", {"states": sorted(self.reachable(state))})

    def expire(self, record: Record, now: int) -> Record:
        """The session whose lifetime is over.

        Raises:
            Contradiction: it does not expire, or no longer.
        """
        lifetime, events = self._lifecycle.lifetime, self.events(record, now)
        if lifetime is None or not is_expiry(self._lifecycle, events[-1].state, lifetime.to):
            what = "never expires" if lifetime is None else f"does not expire in '{events[-1].state}'"
            raise Contradiction(f"a session of {self._provider.name} {what}.", {"states": self._targets(events[-1].state)})
        return self._moved(record, events, lifetime.to, {}, now)

    def narrowed(self, record: Record, facts: Mapping[str, Any], now: int) -> Record:
        """The session with other facts, which decide what it has not answered yet.

        Raises:
            InvalidFact: the provider has no such fact or value.
            Contradiction: its answers have shown another value, or it cannot come to a state that shows this one.
        """
        wanted = checked_facts(self._provider, facts)
        events = self.events(record, now)
        newer = _with(record, wanted)
        self._check_person(newer, events, wanted)
        self._check_choices(newer, events, wanted)
        changed = [name for name in wanted if not self._keeps(record, _with(record, {name: wanted[name]}), events)]
        if changed or not self._keeps(record, newer, events):
            raise self._has_shown_another(record, events, changed or list(wanted))
        return newer

    def possible(self, record: Record, now: int) -> Possible:
        """What can be done with the session."""
        events = self.events(record, now)
        return Possible(tuple(self._targets(events[-1].state)), tuple(self._open_facts(record, events)))

    def check_choices(self, record: Record, facts: Mapping[str, Any], now: int) -> None:
        """Checks that the session shows those of the facts that are the provider's choices, or can come to show them.

        Raises:
            Contradiction: it cannot, or shows another value.
        """
        self._check_choices(record, self.events(record, now), facts)

    def values_left(self, record: Record, name: str, now: int) -> list[Any]:
        """The values of one of the provider's choices that the session's answers so far leave open."""
        events = self.events(record, now)
        values = self._lifecycle.choices[name].values
        return [value for value in values if self._keeps(record, _with(record, {name: value}), events)]

    # -- how ------------------------------------------------------------------------------------------------------------

    def events(self, record: Record, now: int) -> tuple[Event, ...]:
        """The session's events so far."""
        return timeline(record, self._lifecycle, now).events

    def facts(self, record: Record) -> Mapping[str, Any]:
        """What holds for the session: its scenario's facts, then its own."""
        return {**self._defaults, **self._lifecycle.scenarios[record.scenario].facts, **record.facts}

    def _moved(self, record: Record, events: tuple[Event, ...], to: str, wanted: Mapping[str, Any], now: int) -> Record:
        before = events[-1]
        cause = self._lifecycle.transition(before.state, to).cause
        event = Event(to, max(now, before.at), cause)
        # The plan is replaced by what has come of it; from here on the session moves by steering, by its reads and its lifetime.
        still = replace(record, steps=0, events=events[1:])
        self._check_person(_with(record, wanted), events, wanted)
        tried = []
        for overlay in self._overlays(record, (*(entry.state for entry in events), to), wanted):
            facts = {**record.facts, **self._kept(still, overlay, events), **wanted}
            newer = replace(still, events=(*events[1:], event), facts=facts)
            self._check_choices(newer, (*events, event), wanted)
            if self._keeps(still, newer, events):
                if self._fits(newer, (*events, event)):
                    return newer
                tried.append(facts)
        if tried or not wanted:
            raise Contradiction(
                f"no answer of {self._provider.name} in '{to}' fits what the session has shown.",
                {"states": self._targets(before.state)},
            )
        raise self._has_shown_another(record, events, list(wanted))

    def _has_shown_another(self, record: Record, events: tuple[Event, ...], names: list[str]) -> Contradiction:
        """The refusal of facts of other values than shown, with the values that these may still have."""
        values = possible_facts(self._provider)
        left = {
            name: [str(entry) for entry in values[name] if self._keeps(record, _with(record, {name: entry}), events)]
            for name in names
            if values[name]
        }
        possible = {"facts": self._open_facts(record, events), "states": self._targets(events[-1].state), **left}
        return Contradiction(f"{', '.join(names)}: the session's answers have shown another value.", possible)

    def _overlays(self, record: Record, walked: tuple[str, ...], wanted: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Sets of facts for a session that has come this way, the likeliest first: its own, then those of other scenarios."""
        own = self._lifecycle.scenarios[record.scenario]
        chosen = {name: value for name, value in record.facts.items() if name in self._lifecycle.choices}
        agreed = {**chosen, **wanted}
        if own.path[: len(walked)] == walked:
            yield {}

        def rank(scenario: Scenario) -> tuple[int, ...]:
            path = scenario.path
            disagrees = sum(1 for name, value in agreed.items() if scenario.facts.get(name) != value)
            way = 0 if path == walked else 1 if path[: len(walked)] == walked else 2 if path[-1] == walked[-1] else 3
            return (disagrees, way)

        others = [entry for entry in self._lifecycle.scenarios.values() if walked[-1] in entry.path]
        others.sort(key=rank)
        for scenario in others:
            yield {name: value for name, value in scenario.facts.items() if name not in chosen}
        yield {}
        yield from (scenario.facts for scenario in others)

    def _kept(self, record: Record, overlay: Mapping[str, Any], events: tuple[Event, ...]) -> dict[str, Any]:
        """Those facts of an overlay that leave the answers so far as they are."""
        own = self.facts(record)
        found = {name: value for name, value in overlay.items() if name not in own or own[name] != value}
        if not found or self._keeps(record, _with(record, found), events):
            return found
        return {name: value for name, value in found.items() if self._keeps(record, _with(record, {name: value}), events)}

    def _check_person(self, record: Record, events: tuple[Event, ...], wanted: Mapping[str, Any]) -> None:
        if wanted.keys().isdisjoint((*PERSON_FACTS, "locale", "document")):
            return
        try:
            _ = self.snapshot(record, events).identity
        except ValueError as error:
            name = next(name for name in (*PERSON_FACTS, "locale", "document") if name in wanted)
            raise InvalidFact(name, str(wanted[name])[:100], (), str(error)) from error

    def _check_choices(self, record: Record, events: tuple[Event, ...], wanted: Mapping[str, Any]) -> None:
        """Checks that the session is, was or can come where its answers show the wanted choices.

        Raises:
            Contradiction: it cannot, or shows another value there.
        """
        lifecycle = self._lifecycle
        reached = {event.state for event in events}
        coming = self.reachable(events[-1].state)
        for name, value in wanted.items():
            choice = lifecycle.choices.get(name)
            if choice is None or value is None:
                continue
            if choice.states and not reached & set(choice.states) and not coming & set(choice.states):
                possible = {"facts": self._open_facts(record, events), "states": self._targets(events[-1].state)}
                where = " or ".join(f"'{state}'" for state in choice.states)
                raise Contradiction(f"{name}: only a session that comes to {where} shows it.", possible)
            if not choice.states or events[-1].state in choice.states:
                self._check_shown(record, events, name, value)
            elif reached.isdisjoint(choice.states):
                self._check_together(record, events, choice.states, wanted)

    def _check_together(
        self, record: Record, events: tuple[Event, ...], states: tuple[str, ...], wanted: Mapping[str, Any]
    ) -> None:
        """Checks that one of the states, which are still to come, shows all of the wanted choices that it shows at all.

        Raises:
            Contradiction: none of them does.
        """
        refusals = []
        for state in sorted(set(states) & self.reachable(events[-1].state)):
            ahead = (*events, *(Event(step, events[-1].at, "") for step in self._way(events[-1].state, state)))
            try:
                for name, value in wanted.items():
                    choice = self._lifecycle.choices.get(name)
                    if choice is not None and value is not None and (not choice.states or state in choice.states):
                        self._check_shown(record, ahead, name, value)
            except Contradiction as refusal:
                refusals.append(refusal)
            else:
                return
        if refusals:
            raise refusals[0]

    def _check_shown(self, record: Record, events: tuple[Event, ...], name: str, value: Any) -> None:
        """Checks that the session's answers show a value of one of the provider's choices.

        Raises:
            Contradiction: they show another one.
        """
        values = self._lifecycle.choices[name].values
        shown = [entry for entry in values if self._shows(record, events, name, entry)]
        if value not in shown:
            raise Contradiction(
                f"{name}={value}: this session's answers would show another one.", {name: [str(entry) for entry in shown]}
            )

    def _shows(self, record: Record, events: tuple[Event, ...], name: str, value: Any) -> bool:
        snapshot = self.snapshot(_with(record, {name: value}), events)
        return recipes.shows(self._provider, snapshot, name, value)

    def reachable(self, state: str) -> set[str]:
        """The states that may follow a state, at any distance."""
        found: set[str] = set()
        waiting = [state]
        while waiting:
            for after in self._targets(waiting.pop()):
                if after not in found:
                    found.add(after)
                    waiting.append(after)
        return found

    def _targets(self, state: str) -> list[str]:
        return [edge.to for edge in self._lifecycle.transitions if edge.origin == state]

    def _open_facts(self, record: Record, events: tuple[Event, ...]) -> list[str]:
        """The names of facts that could have another value without changing an answer so far."""
        found = []
        for name, values in possible_facts(self._provider).items():
            choice = self._lifecycle.choices.get(name)
            states = set(choice.states) if choice else set()
            if states and not states & self.reachable(events[-1].state):
                continue
            others = values or [_OTHER_PERSON[name]]
            if all(self._keeps(record, _with(record, {name: value}), events) for value in others):
                found.append(name)
        return found

    def _keeps(self, older: Record, newer: Record, events: tuple[Event, ...]) -> bool:
        """Whether the answers for each state so far are the same for both records."""
        return all(
            self._bodies(older, events[: count + 1]) == self._bodies(newer, events[: count + 1]) for count in range(len(events))
        )

    def _bodies(self, record: Record, events: tuple[Event, ...]) -> list[bytes]:
        snapshot = self.snapshot(record, events)
        found = []
        for recipe in self._answers.values():
            try:
                found.append(encode(answer(recipe, snapshot)))
            except ValueError:  # there can be no such person
                return []
        return found

    def _fits(self, record: Record, events: tuple[Event, ...]) -> bool:
        """Whether the answers of the session's reads are what the document allows."""
        snapshot = self.snapshot(record, events)
        for read in self._lifecycle.reads:
            if not read.fits(snapshot.facts):
                continue
            try:
                body = answer(self._answers[read.operation], snapshot)
            except ValueError:
                return False
            response = self._provider.document.operations[read.operation].responses.get("200")
            media = response.media[0] if response is not None and response.media else None
            if media is None or media.pointer is None:
                continue
            if not self._provider.strict_schemas.validator(media.pointer).is_valid(body):
                return False
        return True

    def snapshot(self, record: Record, events: tuple[Event, ...]) -> SessionSnapshot:
        """The session as recipes see it after some of its events."""
        named = dict(key.partition(":")[::2] for key in record.keys)
        return SessionSnapshot(
            provider=self._provider.name,
            id=record.id,
            ids={self._primary: record.id, **{name: named[name] for name in self._others if name in named}},
            scenario=record.scenario,
            seed=record.seed,
            facts=self.facts(record),
            events=events,
            expires_at=expires_at(self._lifecycle, record.created_at),
            now=events[-1].at,
            origin=f"{_ORIGIN}/{self._provider.name}",
            is_terminal=events[-1].state in self._lifecycle.terminal,
            namespace=record.namespace,
        )


def _with(record: Record, facts: Mapping[str, Any]) -> Record:
    return replace(record, facts={**record.facts, **facts})


# A person whom nobody is by chance.
_OTHER_PERSON: Mapping[str, Any] = {"given_names": "Zyxa Qwen", "family_name": "Vuxtor", "birth_date": "1981-02-03"}
