"""Pieces of JavaScript that the scripts of collections share."""

from __future__ import annotations

import json
from typing import Any

# A name of a namespace that nobody has used.
NEW_NAMESPACE = "'export-' + Math.random().toString(36).slice(2, 12)"


def literal(value: Any) -> str:
    """A JSON value as JavaScript."""
    return json.dumps(value, ensure_ascii=True)


def at(whole: str, keys: tuple[str, ...]) -> str:
    """The value at a path of keys, undefined where there is none."""
    return f"{whole}" + "".join(f"?.[{literal(key)}]" for key in keys)


def shown(keys: tuple[str, ...]) -> str:
    """A path of keys for people, such as `error.code`."""
    return ".".join(keys)
