"""The lines of a zone as separate fields of a payload: those that differ, or the array that holds them with more or fewer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from specimen.contracts.payloads.families.mrz.change import Lines
from specimen.contracts.payloads.model.mutations import Fields
from specimen.specs.core.json_pointer import at


def replaced(payload: Any, pointers: Sequence[str], made: Lines) -> Fields | None:
    """Returns the change that puts other lines in the place of those at the pointers, from the first line to the last.

    An entry that comes is the last line's, counted on (`MRZ line 3` after `MRZ line 2`). None where lines come or go and the
    pointers do not lead into neighbours of one array.
    """
    if len(made) == len(pointers):
        both = zip(pointers, made, strict=True)
        return Fields({pointer: line for pointer, line in both if at(payload, pointer) != line})
    array, first, name = pointers[0].rsplit("/", 2)
    entries, start, count = at(payload, array), int(first) if first.isdigit() else 0, len(pointers)
    if not isinstance(entries, list) or list(pointers) != [f"{array}/{start + row}/{name}" for row in range(count)]:
        return None
    last = entries[start + count - 1]
    others = [_counted_on(last, count, row + 1) for row in range(count, len(made))]
    shown = [{**entry, name: line} for entry, line in zip([*entries[start : start + count], *others], made, strict=False)]
    return Fields({array: [*entries[:start], *shown, *entries[start + count :]]})


def _counted_on(entry: Mapping[str, Any], number: int, other: int) -> dict[str, Any]:
    return {key: value.replace(str(number), str(other)) if isinstance(value, str) else value for key, value in entry.items()}
