"""The base class of all errors, and the error of a provider's files."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


class SpecimenError(Exception):
    """An error that the user can correct; its text says where, what was expected, what was found and what to do."""

    @property
    def problem(self) -> Mapping[str, Any]:
        """The error for programs, with the members of a problem (RFC 9457): `detail` is its sentence."""
        return {"detail": str(self)}


class Unreachable(SpecimenError):
    """What a command asks does not answer: a server, a store."""


class SpecError(SpecimenError):
    """A provider's file is invalid.

    `where` is the file and the place inside it, `what` the sentence that explains it.
    """

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what


def bug(error: BaseException) -> str:
    """Returns a sentence for an error of our own: its type and place, no text of it, which may quote what was received."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "specimen" in Path(frame.filename).parts] or frames
    place = f" at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    return (
        f"{type(error).__name__}{place}. This is a bug in Specimen, not in what was judged: please report it. "
        "SPECIMEN_TRACEBACK=1 shows where it came from."
    )


def did_you_mean(given: object, possible: Iterable[str]) -> str:
    """The end of an error sentence: the nearest possible value, or all of them."""
    from difflib import get_close_matches  # noqa: PLC0415 - the pytest plugins import this module in every run

    names = sorted(possible)
    close = get_close_matches(str(given), names, n=1)
    if close:
        return f"Did you mean '{close[0]}'?"
    return f"Possible: {', '.join(names) or 'nothing'}."
