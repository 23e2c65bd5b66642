"""Makes the document that Schemathesis generates from: what is judged is the provider's own."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from specimen.specs import Provider

# Beside a `pattern`, Schemathesis 4.32 makes no string longer than this (its NEGATIVE_MODE_MAX_LENGTH_WITH_PATTERN). It does not
# look for patterns in `allOf`: from those it draws strings of the whole length until one fits: 15 seconds for a URL of 2,048.
LONGEST_WITH_PATTERN = 100


def generated_from(provider: Provider, base_url: str) -> dict[str, Any]:
    """Returns the provider's document with the base URL as its only server, and without lengths that no generator reaches.

    A string's `maxLength` is left out where it is over 100 and a member of `allOf` has a pattern. The requests are the same
    with it: none was ever longer.
    """
    document = copy.deepcopy(dict(provider.document.raw))
    document["servers"] = [{"url": base_url}]
    for schema in _objects(document):
        length = schema.get("maxLength")
        if isinstance(length, int) and length > LONGEST_WITH_PATTERN and _has_pattern(schema.get("allOf", [])):
            del schema["maxLength"]
    return document


def _has_pattern(members: Any) -> bool:
    return any("pattern" in found for found in _objects(members))


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yields every object in a JSON value."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _objects(inner)
