"""Reasons why a request was not sent or not answered, and the requests of a dry run."""

from __future__ import annotations

from dataclasses import dataclass

from specimen.specs import SpecimenError


class Forbidden(SpecimenError):
    """The request is not allowed against this host; it was not sent."""


class Unreachable(SpecimenError):
    """No service answers at the base URL."""


class Untrusted(Unreachable):
    """The certificate there is not trusted, which waiting does not mend."""


class NoAnswer(SpecimenError):
    """One request got no answer: the connection was dropped or the time ran out."""


class BudgetSpent(SpecimenError):
    """The budget of requests is spent."""


class SuiteError(SpecimenError):
    """A test suite could not go on, through its own or our fault, not the implementation's."""


class Burst(SpecimenError):
    """The service answered 429 or 5xx several times in a row; nothing more is sent."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A request of a dry run: its method and its path, with placeholders for ids."""

    method: str
    path: str
    note: str
