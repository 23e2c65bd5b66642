"""JSON pointers (RFC 6901), and places in JSON values: the keys and indices that lead to one."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any


def escape(part: str) -> str:
    """A key as a part of a JSON pointer (RFC 6901)."""
    return part.replace("~", "~0").replace("/", "~1")


def unescape(part: str) -> str:
    """The key that a part of a JSON pointer stands for."""
    return part.replace("~1", "/").replace("~0", "~")


def at(value: Any, pointer: str) -> Any:
    """The value at a JSON pointer (RFC 6901), or None where there is none."""
    for key in split(pointer):
        if type(value) is dict or isinstance(value, Mapping):  # the type check is faster, and is enough for most values
            value = value.get(key)
        elif isinstance(value, list) and key.isascii() and key.isdigit() and int(key[:9]) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


@lru_cache(maxsize=4096)
def split(pointer: str) -> tuple[str, ...]:
    """The keys of a JSON pointer, without its escapes."""
    return tuple(map(unescape, pointer.split("/")[1:]))


def places(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The place of every member and entry inside a JSON value, the outer first."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        yield (*place, key)
        yield from places(entry, (*place, key))


def value_at(value: Any, place: Sequence[str | int]) -> Any:
    """The value at a place that is there.

    Raises:
        KeyError, IndexError: it is not.
    """
    for key in place:
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


def with_value(value: Any, place: Sequence[str | int], new: Any) -> Any:
    """A copy of a JSON value that has another one at a place."""
    made = copy.deepcopy(value)
    value_at(made, place[:-1])[place[-1]] = new
    return made
