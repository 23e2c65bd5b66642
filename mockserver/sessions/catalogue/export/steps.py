"""What a collection says, in the terms of no tool: requests, what they are answered, and the values that later ones need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Stands in paths, header values and bodies for a variable, as Postman, Bruno and HTTP files write it: {{base_url}}.
BASE_URL = "base_url"
# Each run is in a namespace of its own, so that one finds nothing of an earlier one; no variable that users set.
NAMESPACE = "namespace"
NAMESPACE_HEADER = "Specimen-Namespace"
MOST_POLLS = 60


@dataclass(frozen=True, slots=True)
class Step:
    """A request and what is expected of its answer.

    `path` follows the base URL and includes the query; `body` has the forms of `specimen ids --json`. The answer has one of
    `statuses`, and at each path of keys in `equal` that value. `captures` names variables for values of the answer. A step
    with `until` is sent again until the answer has that value at that path of keys; `polls` is how often that is needed.
    """

    name: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    statuses: tuple[int, ...]
    equal: tuple[tuple[tuple[str, ...], Any], ...] = ()
    captures: tuple[tuple[str, tuple[str, ...]], ...] = ()
    until: tuple[tuple[str, ...], str] | None = None
    polls: int = 1


@dataclass(frozen=True, slots=True)
class Chapter:
    """Steps that belong together, in their order; their names are unique in the collection."""

    name: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Collection:
    """All steps for one provider, and the variables that the user sets: the base URL and the working credential."""

    provider: str
    title: str
    variables: Mapping[str, str]
    chapters: tuple[Chapter, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of all chapters."""
        return tuple(step for chapter in self.chapters for step in chapter.steps)
