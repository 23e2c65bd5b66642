"""Why a request was not sent, or got no answer."""

from __future__ import annotations

from specs import SpecimenError


class Forbidden(SpecimenError):
    """A request that is not in the plan: it was not sent."""


class Unreachable(SpecimenError):
    """Nobody answers at the base URL."""


class NoAnswer(SpecimenError):
    """One request got no answer: the connection was dropped or the time ran out."""


class BudgetSpent(SpecimenError):
    """As many requests were sent as were allowed."""


class Burst(SpecimenError):
    """The service answered 429 or 5xx several times in a row; nothing more is sent."""
