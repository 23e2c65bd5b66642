"""JSON pointers (RFC 6901)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any


def escape(part: str) -> str:
    """A key as a part of a JSON pointer (RFC 6901)."""
    return part.replace("~", "~0").replace("/", "~1")


def at(value: Any, pointer: str) -> Any:
    """The value at a JSON pointer (RFC 6901), or None where there is none."""
    for key in _keys(pointer):
        if type(value) is dict or isinstance(value, Mapping):  # the type check is faster, and is enough for most values
            value = value.get(key)
        elif isinstance(value, list) and key.isascii() and key.isdigit() and int(key[:9]) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


@lru_cache(maxsize=4096)
def _keys(pointer: str) -> tuple[str, ...]:
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
