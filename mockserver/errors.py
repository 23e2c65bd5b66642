"""Errors of the mock server that a user can correct."""

from __future__ import annotations

from collections.abc import Sequence

from specimen.specs.core.errors import SpecError, SpecimenError, did_you_mean

__all__ = ["IllegalTransition", "InvalidPreference", "SettingError", "SpecError", "SpecimenError", "did_you_mean"]


class SettingError(SpecimenError):
    """A setting has an invalid value."""


class InvalidPreference(SpecimenError):
    """A request asks for something that the provider does not have; `possible` lists what it has."""

    def __init__(self, name: str, given: str, possible: Sequence[str]) -> None:
        super().__init__(f"{name}={given}: not possible here. {did_you_mean(given, possible)}")
        self.name = name
        self.given = given
        self.possible = tuple(possible)


class IllegalTransition(SpecimenError):
    """The lifecycle has no edge between two states."""

    def __init__(self, before: str, after: str) -> None:
        super().__init__(f"a session does not move from '{before}' to '{after}'.")
        self.before = before
        self.after = after
