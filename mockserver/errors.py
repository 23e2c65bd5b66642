"""Errors of the mock server that a user can correct."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specimen.specs.core.errors import SpecError, SpecimenError, did_you_mean

__all__ = [
    "Contradiction",
    "IllegalTransition",
    "InvalidFact",
    "InvalidPreference",
    "SettingError",
    "SpecError",
    "SpecimenError",
    "did_you_mean",
]


class SettingError(SpecimenError):
    """A setting has an invalid value."""


class InvalidPreference(SpecimenError):
    """A request asks for something that the provider does not have; `possible` lists what it has.

    Where `reason` says why, it does so instead of the name that comes nearest.
    """

    def __init__(self, name: str, given: str, possible: Sequence[str], reason: str = "") -> None:
        super().__init__(f"{name}={given}: {reason or f'not possible here. {did_you_mean(given, possible)}'}")
        self.name = name
        self.given = given
        self.possible = tuple(possible)


class IllegalTransition(SpecimenError):
    """The lifecycle has no edge between two states."""

    def __init__(self, before: str, after: str) -> None:
        super().__init__(f"a session does not move from '{before}' to '{after}'.")
        self.before = before
        self.after = after


class InvalidFact(SpecimenError):
    """A caller asks for a fact that no session of the provider has; `possible` lists the names, or the values of that name.

    Without any, `reason` says what is expected.
    """

    def __init__(self, name: str, given: str, possible: Sequence[str], reason: str = "") -> None:
        super().__init__(f"{name}={given}: {reason or f'not possible here. {did_you_mean(given, possible)}'}")
        self.name = name
        self.possible = tuple(possible)


class Contradiction(SpecimenError):
    """What a caller asks for contradicts what a session has shown; `possible` says what is left, by kind."""

    def __init__(self, message: str, possible: Mapping[str, Sequence[str]]) -> None:
        super().__init__(message)
        self.possible = {name: list(values) for name, values in possible.items()}
