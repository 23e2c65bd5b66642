"""Parses options of a name with a value: `--set NAME=VALUE`, `--header 'NAME: VALUE'`."""

from __future__ import annotations

from collections.abc import Iterable

from specimen.specs import SpecimenError


def settings(given: Iterable[str] | None) -> dict[str, str]:
    """Returns the values of `--set` by their names.

    Raises:
        SpecimenError: one has no name or no `=`.
    """
    return _pairs(given, "=", "--set: expected NAME=VALUE.")


def headers(given: Iterable[str] | None) -> dict[str, str]:
    """Returns the values of `--header` by their names.

    Raises:
        SpecimenError: one has no name or no colon.
    """
    return _pairs(given, ":", "--header: expected 'NAME: VALUE'.")


def _pairs(given: Iterable[str] | None, separator: str, mistake: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in given or ():
        name, sign, value = text.partition(separator)
        if not sign or not name.strip():
            raise SpecimenError(mistake)  # the value is not repeated: it may be a credential
        found[name.strip()] = value.strip()
    return found
