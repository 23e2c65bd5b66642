"""Applies a drift to the body of an answer."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from specimen.mockserver.preferences.faults.drifts import Change, Drift
from specimen.specs.core import json_pointer
from specimen.specs.core.json_pointer import split


def drifted(drift: Drift, operation: str, status: int, body: Any) -> Any:
    """A changed copy of an answer's JSON body; the body itself where the drift does not concern it."""
    if operation not in drift.operations or status != drift.status:
        return body
    if not all(json_pointer.at(body, pointer) in values for pointer, values in drift.when.items()):
        return body
    changed = copy.deepcopy(body)
    for change in drift.changes:
        for parent, key in tuple(_places(changed, split(change.pointer))):
            _apply(changed, change, parent, key)
    return changed


def _places(node: Any, parts: Sequence[str]) -> Iterator[tuple[Any, Any]]:
    """The containers and keys that a pointer names; a last key need not be there."""
    part, *rest = parts
    if isinstance(node, dict):
        keys: list[Any] = list(node) if part == "*" else [part]
    elif isinstance(node, list):
        keys = list(range(len(node))) if part == "*" else [int(part)] if part.isdecimal() and int(part) < len(node) else []
    else:
        return
    for key in keys:
        if not rest:
            yield node, key
        elif isinstance(node, list) or key in node:
            yield from _places(node[key], rest)


def _apply(root: Any, change: Change, parent: Any, key: Any) -> None:
    if change.action == "set":
        parent[key] = copy.deepcopy(change.value)
    elif change.action == "copy":
        parent[key] = copy.deepcopy(json_pointer.at(root, change.value))
    elif isinstance(parent, dict) and key not in parent:
        return
    elif change.action == "remove":
        del parent[key]
    else:
        parent[key] += change.value
