"""Requests that were not sent: why, or what a dry run would have sent."""

from __future__ import annotations

from dataclasses import dataclass

from specimen.specs import SpecimenError


class Forbidden(SpecimenError):
    """A request that is not in the plan: it was not sent."""


class Unreachable(SpecimenError):
    """Nobody answers at the base URL."""


class NoAnswer(SpecimenError):
    """One request got no answer: the connection was dropped or the time ran out."""


class BudgetSpent(SpecimenError):
    """As many requests were sent as were allowed."""


class SuiteError(SpecimenError):
    """A tool that makes requests could not go on: a mistake of its own or of ours, not of who is judged."""


class Burst(SpecimenError):
    """The service answered 429 or 5xx several times in a row; nothing more is sent."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A request of a dry run: its method and where it would go, ids left as templates."""

    method: str
    path: str
    note: str
