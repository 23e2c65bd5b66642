"""The sessions that an answer shows: a read's, a creation's, the rows of a list, the events of a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from specimen.contracts.http.exchange import Exchange, parsed
from specimen.contracts.http.memory import once_an_exchange
from specimen.specs import Provider
from specimen.specs.core.json_pointer import at

_MOST_EVENTS = 20
_DEEPEST = 10


class SessionObject(NamedTuple):
    """A session's object in an answer: its pointer, its members, its id."""

    pointer: str
    members: Mapping[str, Any]
    id: str


@once_an_exchange
def session_objects(exchange: Exchange) -> tuple[SessionObject, ...]:
    """The sessions of a success with the ids that they show, or, where a read shows none, with the one asked for.

    Around the session of a creation stands what it was made with: both stand under its id.
    """
    return tuple(_session_objects(exchange))


def _session_objects(exchange: Exchange) -> Iterator[SessionObject]:
    operation, lifecycle = exchange.operation, exchange.provider.lifecycle
    if operation is None or not exchange.is_success or operation.part is not None:
        return
    body = exchange.response_json
    read = next((one for one in lifecycle.reads if one.operation == operation.id), None)
    if read is not None or operation.id == lifecycle.create.operation:
        pointer = lifecycle.create.session if read is None else read.id
        if pointer is None:
            asked = _asked(exchange)
            if asked is not None and isinstance(body, Mapping):
                yield SessionObject("", body, asked)
            return
        place, _, name = pointer.rpartition("/")
        found = at(body, place)
        if isinstance(found, Mapping) and isinstance(found.get(name), str):
            yield SessionObject(place, found, found[name])
            if read is None and place and isinstance(body, Mapping):
                yield SessionObject("", {key: value for key, value in body.items() if key != place[1:]}, found[name])
        return
    if not operation.is_safe:
        return
    names = _id_names(exchange.provider)
    for index, text in enumerate(exchange.events[:_MOST_EVENTS]):
        yield from _row(f"/{index}", parsed(text), names)
    for member, rows in body.items() if isinstance(body, Mapping) else ():
        for index, row in enumerate(rows if isinstance(rows, list) else ()):
            yield from _row(f"/{member}/{index}", row, names)


def _row(pointer: str, row: Any, names: tuple[str, ...]) -> Iterator[SessionObject]:
    for name in names:
        if isinstance(row, Mapping) and isinstance(row.get(name), str):
            yield SessionObject(pointer, row, row[name])
            return


@cache
def _id_names(provider: Provider) -> tuple[str, ...]:
    reads = provider.lifecycle.reads
    return tuple(dict.fromkeys(read.id.rpartition("/")[2] for read in reads if read.id is not None))


def _asked(exchange: Exchange) -> str | None:
    """The session's id in the path of a read that does not show it."""
    read = next(one for one in exchange.provider.lifecycle.reads if exchange.operation and one.operation == exchange.operation.id)
    name = next((name for name, value in read.request.path.items() if value == "{session}"), None)
    return None if name is None else exchange.parameters.get(name)


@cache
def request_names(provider: Provider) -> frozenset[str]:
    """The names of the fields with which a session is made: what stands under them in an answer is the caller's own."""
    operation = provider.document.operations[provider.lifecycle.create.operation]
    found: set[str] = {entry.name for entry in operation.parameters}
    for media in operation.bodies:
        if media.pointer is not None:
            found |= provider.document.resolve(provider.document.at(media.pointer))[0].get("properties", {}).keys()
    return frozenset(found)


@cache
def field_names(provider: Provider) -> frozenset[str]:
    """The names of all documented fields, at any depth, of the body with which a session is made."""
    operation = provider.document.operations[provider.lifecycle.create.operation]
    found: set[str] = set()
    todo: list[tuple[Any, int]] = [
        (provider.document.at(media.pointer), 0) for media in operation.bodies if media.pointer is not None
    ]
    while todo:
        node, depth = todo.pop()
        node = provider.document.resolve(node)[0] if isinstance(node, Mapping) else node
        if isinstance(node, Mapping) and isinstance(node.get("properties"), Mapping):
            found |= node["properties"].keys()
        entries = node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ()
        todo += [(entry, depth + 1) for entry in entries if depth < _DEEPEST and isinstance(entry, (Mapping, list))]
    return frozenset(found)


@cache
def shown_names(provider: Provider, operation_id: str) -> frozenset[str]:
    """The names of the fields that the documented successes of a read have beside the session's id."""
    pointer = next((read.id for read in provider.lifecycle.reads if read.operation == operation_id and read.id), "/")
    found: set[str] = set()
    for name, response in provider.document.operations[operation_id].responses.items():
        for media in response.media if name < "300" else ():
            for body in media.examples.values():
                node = at(body, pointer.rpartition("/")[0])
                found |= node.keys() if isinstance(node, Mapping) and at(body, pointer) is not None else set()
    return frozenset(found)


@cache
def documented_names(provider: Provider) -> frozenset[str]:
    """The names of all fields that the document describes or shows in an example."""
    found: set[str] = set()
    todo: list[Any] = [provider.document.raw]
    while todo:
        node = todo.pop()
        if isinstance(node, Mapping):
            found |= {name for name in node if isinstance(name, str)}
        entries = node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ()
        todo += [entry for entry in entries if isinstance(entry, (Mapping, list))]
    return frozenset(found)
