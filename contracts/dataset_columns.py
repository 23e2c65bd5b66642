"""The columns of a dataset's Parquet file, read from the document so that every shard has the same ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from specimen.contracts.dataset_rows import Dataset
from specimen.contracts.exchange import at

# Every file has these columns, in this order, before those of the body's own fields.
ROW_COLUMNS = ("row", "scenario", "state", "created_at", "session_id", "operation", "body")
FIELD_PREFIX = "body_"
_SCALARS = frozenset({"string", "integer", "number", "boolean"})


def home(dataset: Dataset) -> str:
    """The JSON pointer of the object in the body whose fields become columns: where the session's id, or its status, stands."""
    return _shown(dataset).rpartition("/")[0]


def _shown(dataset: Dataset) -> str:
    for read in dataset.provider.lifecycle.reads:
        if read.operation == dataset.operation:
            return read.id or read.status or ""
    return ""


def field_types(dataset: Dataset) -> dict[str, str]:
    """By name, the JSON Schema type of each field of that object that is one text, number or truth value, or null."""
    document = dataset.provider.document
    response = document.operations[dataset.operation].responses.get("200")
    media = None if response is None else response.content("application/json")
    if media is None or media.pointer is None:
        return {}
    node: Any = document.at(media.pointer)
    for part in home(dataset).split("/")[1:]:
        node = document.resolve(node)[0].get("properties", {}).get(part, {})
    found: dict[str, set[str]] = {}
    for name, schema in _properties(dataset, node):
        kind = schema.get("type")
        kinds = {kind} if isinstance(kind, str) else set(kind or ())
        if kinds:
            found.setdefault(name, set()).update(kinds - {"null"})
    return {name: next(iter(kinds)) for name, kinds in found.items() if len(kinds) == 1 and kinds <= _SCALARS}


def fields(body: Any, pointer: str, names: Mapping[str, str]) -> Iterator[Any]:
    """The values of a body's fields, None for one that it has not; whole numbers stay what they are."""
    place = at(body, pointer)
    return (place.get(name) for name in names)


def _properties(dataset: Dataset, node: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The properties that a schema states itself, in all of its `allOf` and in the branches of its union that show a session."""
    document = dataset.provider.document
    node = document.resolve(node)[0]
    for name, schema in node.get("properties", {}).items():
        yield name, document.resolve(schema)[0]
    for part in node.get("allOf", ()):
        yield from _properties(dataset, part)
    shown = _shown(dataset).rpartition("/")[2]
    for part in (*node.get("oneOf", ()), *node.get("anyOf", ())):
        branch = dict(_properties(dataset, part))
        if shown in branch:
            yield from branch.items()
