"""Mutations of a JSON value: a field set, removed, renamed, or written as raw JSON text."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from specimen.specs.core.json_pointer import split, value_at

# Longer bytes are shown compressed: a case of 2 MiB fits into a line.
_PLAIN_BYTES = 64 * 1024
_HERE = "\ue000specimen\ue000"


class _Absent:
    """The value of an absent field."""

    def __repr__(self) -> str:
        return "ABSENT"

    def __deepcopy__(self, memo: object) -> _Absent:
        return self


ABSENT = _Absent()


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as JSON text: `1e0`, `-0`, half of a surrogate pair, a number longer than any serialiser writes."""

    text: str


@dataclass(frozen=True, slots=True)
class Whole:
    """All bytes of a body: in another encoding, with a byte order mark, cut off. `content_type` replaces the usual one."""

    data: bytes
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class Renamed:
    """The same value under another name."""

    name: str


@dataclass(frozen=True, slots=True)
class Also:
    """An additional field of the same object: unknown, or a duplicate name."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Fields:
    """Several fields of one payload, by JSON pointer: a combination that a rule forbids."""

    values: Mapping[str, Any]


# Changes whose result may be text that Python does not write.
_AS_TEXT = (Whole, Fields, Also, Literal)


def changed(value: Any, parts: Sequence[str], change: Any) -> Any:
    """Returns a copy of a JSON value with one change at `parts` (of a JSON pointer).

    A result that Python cannot hold as a JSON value is `bytes`.

    Raises:
        KeyError: the parent of the field is absent.
    """
    if isinstance(change, Whole):
        return change.data
    if isinstance(change, Fields):
        if not any(isinstance(new, _AS_TEXT) or pointer == "" for pointer, new in change.values.items()):
            return _all_set(copied(value), change)
        for pointer, new in change.values.items():
            value = changed(value, split(pointer), new)
        return value
    if isinstance(change, Also):
        return _also(value, parts, change)
    if isinstance(change, Literal):
        text = json.dumps(changed(value, parts, _HERE), ensure_ascii=False)
        return text.replace(json.dumps(_HERE, ensure_ascii=False), change.text).encode("utf-8", "surrogatepass")
    return copied(change) if not parts else _set(_copied_to(value, parts), parts, change)


def _all_set(out: Any, change: Fields) -> Any:
    for pointer, new in change.values.items():
        _set(out, split(pointer), new)
    return out


def _set(out: Any, parts: Sequence[str], change: Any) -> Any:
    """Changes a value at `parts`, and returns it."""
    node = value_at(out, parts[:-1])
    key: Any = int(parts[-1]) if isinstance(node, list) else parts[-1]
    if change is ABSENT:
        del node[key]
    elif isinstance(change, Renamed):
        node[change.name] = node.pop(key)
    else:
        node[key] = copied(change)
    return out


def _copied_to(value: Any, parts: Sequence[str]) -> Any:
    """A copy of a JSON value whose objects and arrays on the way to `parts` are its own; all others are those of the value."""
    out = node = value.copy()
    for part in parts[:-1]:
        key: Any = int(part) if isinstance(node, list) else part
        inner = node[key]
        if isinstance(inner, (dict, list)):
            inner = node[key] = inner.copy()
        node = inner
    return out


def copied(value: Any) -> Any:
    """A copy of a JSON value, in depth."""
    if isinstance(value, dict):
        return {name: copied(entry) for name, entry in value.items()}
    return [copied(entry) for entry in value] if isinstance(value, list) else value


def _also(value: Any, parts: Sequence[str], change: Also) -> Any:
    out = copied(value)
    node = value_at(out, parts)
    if change.name not in node:
        node[change.name] = change.value
        return out
    # The same name twice is JSON text that Python does not write.
    twice = json.dumps({change.name: change.value}, ensure_ascii=False)[1:-1]
    inner = json.dumps(node, ensure_ascii=False)
    text = json.dumps(changed(value, parts, _HERE), ensure_ascii=False)
    return text.replace(json.dumps(_HERE, ensure_ascii=False), f"{inner[:-1]}, {twice}}}").encode()


def as_bytes(payload: Any) -> bytes:
    """Returns the payload as it is sent."""
    if isinstance(payload, bytes):
        return payload
    return json.dumps(payload, ensure_ascii=False).encode("utf-8", "surrogatepass")


def shown(value: Any) -> Any:
    """A value as a case shows it in JSON: bytes as `{"$raw": text}`, `{"$base64": …}` or `{"$gzip": base64 of gzip}`.

    A field that is left out is `{"$absent": true}`, JSON text is `{"$raw": text}`, a new name `{"$renamed": name}`.
    """
    if value is ABSENT:
        return {"$absent": True}
    if isinstance(value, Literal):
        return shown(value.text.encode("utf-8", "surrogatepass"))
    if isinstance(value, Renamed):
        return {"$renamed": value.name}
    if isinstance(value, Also):
        return {value.name: value.value}
    if isinstance(value, Fields):
        return {pointer: shown(entry) for pointer, entry in value.values.items()}
    data = value.data if isinstance(value, Whole) else value
    return _bytes(data) if isinstance(data, bytes) else data


def _bytes(data: bytes) -> dict[str, str]:
    if len(data) > _PLAIN_BYTES:
        return {"$gzip": base64.b64encode(gzip.compress(data, mtime=0)).decode()}
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\ufeff"
    return {"$raw": text} if not text.startswith("\ufeff") else {"$base64": base64.b64encode(data).decode()}
