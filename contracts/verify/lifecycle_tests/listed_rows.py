"""Which rows of a list are read by their ids, and with which ids."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.requests import request_discovery
from specimen.specs import Operation, Provider


def largest_page(operation: Operation) -> dict[str, int]:
    """Returns the query for as many rows as the document allows; empty where a list has no page size."""
    name = request_discovery.size_name(operation)
    sizes = [entry.schema.get("maximum") for entry in operation.parameters if entry.name == name]
    return {name: sizes[0]} if sizes and isinstance(sizes[0], int) else {}


def to_read(provider: Provider, listed: Exchange | None, own: Collection[str], most: int) -> list[dict[str, str]]:
    """Returns the ids by kind of at most so many rows of a list: first one that is not among the `own` ids, if there is any."""
    rows = [] if listed is None or not listed.is_success else [ids_of(provider, row) for row in _rows(listed.response_json)]
    rows = [ids for ids in rows if ids]
    foreign = [ids for ids in rows if not set(ids.values()) & set(own)]
    others = [ids for ids in rows if ids not in foreign]
    return [*foreign[:1], *others, *foreign[1:]][:most]


def ids_of(provider: Provider, row: Mapping[str, Any]) -> dict[str, str]:
    """Returns the ids that a row shows, by kind: those named after their kind, and the row's own, whose kind its prefix tells."""
    found: dict[str, str] = {}
    for name, value in row.items():
        plain = name.replace("_", "").lower()
        kind = next((one for one in provider.lifecycle.ids if plain == one.replace("_", "") + "id"), None)
        if kind is not None and isinstance(value, str) and value:
            found[kind] = value
    own = row.get("id")
    if isinstance(own, str) and own:
        forms = provider.lifecycle.ids
        fitting = [kind for kind in forms if kind not in found and own.startswith(forms[kind].prefix)]
        if fitting:
            found[max(fitting, key=lambda kind: len(forms[kind].prefix))] = own
    return found


def _rows(body: Any) -> Iterator[Mapping[str, Any]]:
    for value in body.values() if isinstance(body, Mapping) else ():
        yield from (row for row in (value if isinstance(value, list) else ()) if isinstance(row, Mapping))
