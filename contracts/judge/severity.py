"""Marks (how we know what a rule says) and the severities that follow from them."""

from __future__ import annotations

from specimen.specs import SpecimenError

ERROR, WARNING, NOTE = "error", "warning", "note"
# The most severe first.
SEVERITIES = (ERROR, WARNING, NOTE)
DEFAULT_FAIL_ON = WARNING
# The most certain first.
MARKS = {"D": "documented", "P": "public", "I": "implied", "A": "assumed"}
_SEVERITY_OF_MARK = {"D": ERROR, "P": ERROR, "I": WARNING, "A": NOTE}


def severity_of(mark: str) -> str:
    """The severity of a broken rule with this mark."""
    return _SEVERITY_OF_MARK[mark]


def weakest(*marks: str) -> str:
    """The mark of what rests on all of these together: the least certain of them."""
    return max(marks, key=list(MARKS).index)


def counts(severity: str, fail_on: str) -> bool:
    """Whether a severity is at least that of `fail_on`."""
    return SEVERITIES.index(severity) <= SEVERITIES.index(fail_on)


def fail_level(fail_on: str | None, *, strict: bool = False) -> str:
    """The least severity that fails a run: `fail_on`, by default warning, or note where the run is strict.

    Raises:
        SpecimenError: no such severity, or a strict run with another one than note.
    """
    if fail_on is not None and fail_on not in SEVERITIES:
        raise SpecimenError(f"--fail-on {fail_on}: expected one of {', '.join(SEVERITIES)}.")
    if strict and fail_on not in (None, NOTE):
        raise SpecimenError(f"--strict is --fail-on note, and --fail-on {fail_on} is given too. Leave one of them out.")
    return NOTE if strict else fail_on or DEFAULT_FAIL_ON
