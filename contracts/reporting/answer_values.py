"""Shell commands that take values from an answer, for the requests that follow."""

from __future__ import annotations

import json
import re
from collections.abc import Collection

from specimen.contracts.judge.checks.precision import instant, shifted, unit

# Digits of a second that Python's `isoformat` writes, and its name for them.
_TIMESPECS = {1: "seconds", 1_000: "milliseconds", 1_000_000: "microseconds"}


def extraction(name: str, index: int) -> str:
    """Commands that print the n-th text in fields of a name from JSON."""
    return f"""grep -oE '"{name}" *: *"[^"]*"' | sed -n {index}p | cut -d'"' -f4"""


def shown_at(body: bytes, name: str, text: str) -> int | None:
    """Which of the texts in fields of a name is this one; None where the commands would not find it."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name) or json.dumps(text) != f'"{text}"':
        return None
    found = re.findall(rf'"{name}" *: *"([^"]*)"', body.decode("utf-8", "replace"))
    return found.index(text) + 1 if text in found else None


def is_moment(text: str) -> bool:
    """Whether a text is a time with its offset from UTC."""
    return instant(text) is not None


def shift(text: str, units: int, variable: str) -> str | None:
    """A command that prints the moment in a variable so many units of its last place later, in the form of `text`.

    None for a form that Python's `isoformat` does not write.
    """
    found = instant(text)
    timespec = _TIMESPECS.get(round(1 / unit(text).total_seconds()))
    if found is None or timespec is None:
        return None
    if found.isoformat(timespec=timespec).replace("+00:00", "Z") != text:
        return None
    moved = f't = d.datetime.fromisoformat(sys.argv[1].replace("Z", "+00:00")) + d.timedelta({timespec}={units})'
    shown = f't.isoformat(timespec="{timespec}").replace("+00:00", "Z")'
    return f"""python3 -c 'import datetime as d, sys; {moved}; print({shown})' "${variable}\""""


def neighbours(text: str) -> dict[int, str]:
    """The moments one unit of the last place before and after one; none for another text."""
    return {units: shifted(text, units) for units in (-1, 1)} if is_moment(text) else {}


def unused(base: str, taken: Collection[str]) -> str:
    """A name for a variable, with a number behind it where it is taken."""
    variable, number = base, 1
    while variable in taken:
        number += 1
        variable = f"{base}_{number}"
    return variable
