"""A session at the time of a request, as handlers see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from specimen.fixtures.primitives.timelines import Event
from specimen.fixtures.recipes.recipe import SessionSnapshot
from specimen.mockserver.sessions.response_template import ResponseTemplate
from specimen.mockserver.sessions.session_record import Record, Timeline
from specimen.specs import Lifecycle


class Owner(Protocol):
    """The part of `Sessions` that a session uses."""

    lifecycle: Lifecycle

    @property
    def defaults(self) -> Mapping[str, Any]:
        """Facts of every session that its scenario and its caller leave open."""

    def ids_of(self, record: Record) -> Iterator[tuple[str, str]]:
        """The names and values of all ids of a session."""

    def snapshot(self, session: Session) -> SessionSnapshot:
        """The snapshot of a session that recipes get."""


class Session:
    """A session at the time of a request, as handlers see it."""

    __slots__ = ("_owner", "answers", "counts", "record", "timeline")

    def __init__(
        self,
        record: Record,
        line: Timeline,
        owner: Owner,
        answers: dict[tuple[str, str], ResponseTemplate] | None = None,
        *,
        counts: bool = False,
    ) -> None:
        self.record = record
        self.timeline = line
        self.counts = counts
        self.answers = answers
        self._owner = owner

    @property
    def id(self) -> str:
        """The session's own id."""
        return self.record.id

    @property
    def ids(self) -> Mapping[str, str]:
        """All ids of the session by their names in lifecycle.yaml."""
        return dict(self._owner.ids_of(self.record))

    @property
    def state(self) -> str:
        """The state it is in."""
        return self.timeline.state

    @property
    def events(self) -> tuple[Event, ...]:
        """Its events so far, oldest first."""
        return self.timeline.events

    @property
    def scenario(self) -> str:
        """The name of its scenario."""
        return self.record.scenario

    @property
    def seed(self) -> int:
        """The seed of its person and of all random values."""
        return self.record.seed

    @property
    def facts(self) -> Mapping[str, Any]:
        """The scenario's facts, overridden by those of the preference and of the create request."""
        scenario = self._owner.lifecycle.scenarios[self.record.scenario]
        return {**self._owner.defaults, **scenario.facts, **self.record.facts}

    @property
    def created_at(self) -> int:
        """When it was made, in milliseconds since the epoch."""
        return self.record.created_at

    @property
    def is_terminal(self) -> bool:
        """Whether it is in a terminal state."""
        return self.state in self._owner.lifecycle.terminal

    @property
    def snapshot(self) -> SessionSnapshot:
        """The snapshot of the session that recipes get."""
        return self._owner.snapshot(self)
