"""Finds objects of another shape than the documented one: then there is one thing to say, not one for each field."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from specimen.contracts.redaction.values import Words
from specimen.specs.loading.schemas import Schemas

# So many missing fields, and at least half of the required ones, or all of them, are no oversight but another object.
_LEAST_MISSING = 3


class OtherShape(NamedTuple):
    """A place in an answer (the parts of its JSON pointer) whose object lacks `missing` of the `required` fields.

    `error` is the validation error of the first of them.
    """

    place: tuple[str, ...]
    missing: int
    required: int
    error: Any

    @property
    def expected(self) -> Words:
        """What was expected, in words."""
        return Words(f"the documented object; {self.missing} of its {self.required} required fields are missing")


def other_shapes(schemas: Schemas, errors: Iterable[Any]) -> list[OtherShape]:
    """Returns the objects of another shape among validation errors, outermost first; none inside another one."""
    missing: dict[tuple[tuple[str, ...], str], list[Any]] = {}
    for error in errors:
        if str(error.kind.name) == "required":
            place = tuple(str(part) for part in error.instance_path)
            missing.setdefault((place, error.absolute_keyword_location or ""), []).append(error)
    found: list[OtherShape] = []
    for (place, location), lacking in sorted(missing.items(), key=lambda entry: entry[0]):
        required = schemas.at_location(location)
        count = len(required) if isinstance(required, list) else 0
        is_other = len(lacking) == count > 1 or (len(lacking) >= _LEAST_MISSING and 2 * len(lacking) >= count)
        if is_other and not any(place[: len(one.place)] == one.place for one in found):
            found.append(OtherShape(place, len(lacking), count, lacking[0]))
    return found
