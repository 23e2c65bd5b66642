"""Readers of JSON text for tests, from RFC 8259: numbers as they are written, members that come twice, what is no JSON."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

GONE = "\ue000gone\ue000"


class Token(str):
    """A number of JSON text, or what Python takes for one, as it is written."""

    __slots__ = ()


class Members(dict[str, Any]):
    """An object, with all its members in their order, those of one name too."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def tokens(data: bytes) -> Any:
    """JSON text with its numbers as they are written and every member of its objects."""
    return json.loads(
        data.decode("utf-8", "surrogatepass"), object_pairs_hook=Members, parse_int=Token, parse_float=Token, parse_constant=Token
    )


def is_json(data: bytes) -> bool:
    """Whether bytes are JSON in UTF-8, without what Python forgives."""

    def refuse(name: str) -> Any:
        raise ValueError(f"{name} is no JSON")

    try:
        json.loads(data.decode("utf-8"), parse_constant=refuse)
    except (ValueError, RecursionError):
        return False
    return True


def value_at(value: Any, pointer: str) -> Any:
    """What stands at a JSON pointer; `GONE` where nothing does."""
    for part in pointer.split("/")[1:]:
        key: Any = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, Mapping) and key in value:
            value = value[key]
        else:
            return GONE
    return value


def in_order(value: Any) -> str:
    """A value with the order of its fields, to be compared."""
    return json.dumps(value)


def levels(value: Any) -> int:
    """How many objects stand inside one another."""
    count = 0
    while isinstance(value, Mapping):
        count += 1
        value = next(iter(value.values()), None)
    return count


def twice(new: Any) -> list[tuple[Any, Any]]:
    """The two values of each name that comes twice."""
    assert isinstance(new, Members)
    names = [name for name, _ in new.pairs]
    many = {name for name in names if names.count(name) > 1}
    return [tuple(value for name, value in new.pairs if name == each) for each in many]  # type: ignore[misc]


def is_value(data: bytes, value: Any) -> bool:
    """Whether bytes are JSON of a value, its fields in their order."""
    return is_json(data) and in_order(json.loads(data)) == in_order(value)


def texts_without_escapes(data: bytes) -> list[bytes]:
    """Every text of JSON text, without what is escaped by a number in it."""
    return re.findall(rb'"[^"]*"', re.sub(rb"\\u[0-9a-fA-F]{4}", b"", data))


def plain(value: Any) -> bytes:
    """JSON as the valid bodies are written."""
    return json.dumps(value, ensure_ascii=False).encode()


def depths(data: bytes) -> Iterator[int]:
    """How deep each bracket leaves the reader."""
    return itertools.accumulate(1 if byte == ord("[") else -1 for byte in data)
