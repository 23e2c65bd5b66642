"""The base class of all errors, and the error of a provider's files."""

from __future__ import annotations

from collections.abc import Iterable


class SpecimenError(Exception):
    """An error that the user can correct; its text says where, what was expected, what was found and what to do."""


class SpecError(SpecimenError):
    """A provider's file is invalid.

    `where` is the file and the place inside it, `what` the sentence that explains it.
    """

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what


def did_you_mean(given: object, possible: Iterable[str]) -> str:
    """The end of an error sentence: the nearest possible value, or all of them."""
    from difflib import get_close_matches  # noqa: PLC0415 - the pytest plugins import this module in every run

    names = sorted(possible)
    close = get_close_matches(str(given), names, n=1)
    if close:
        return f"Did you mean '{close[0]}'?"
    return f"Possible: {', '.join(names) or 'nothing'}."
