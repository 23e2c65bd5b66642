"""The sessions that an answer shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.checks.fields import read_of, state_of
from specimen.specs.core.json_pointer import at


class Shown(NamedTuple):
    """A session's object in an answer, with its pointer and the name of the member that holds its id."""

    pointer: str
    members: Mapping[str, Any]
    id: str


def shows_session(exchange: Exchange) -> bool:
    """Whether a success is one: some vendors answer "not found" with 200, without an id and with a status of its own."""
    read, create = read_of(exchange), exchange.provider.lifecycle.create
    if read is None and exchange.operation is not None and exchange.operation.id == create.operation:
        return at(exchange.response_json, create.session) is not None
    if read is None or read.status is None:
        return True
    shows_id = read.id is not None and at(exchange.response_json, read.id) is not None
    return shows_id or state_of(exchange) in exchange.provider.lifecycle.states


def shown_sessions(exchange: Exchange) -> Iterator[Shown]:
    """The sessions that an answer shows: a read's, a creation's, or the rows of a list."""
    read, create, operation = read_of(exchange), exchange.provider.lifecycle.create, exchange.operation
    pointer = read.id if read is not None else create.session if operation and operation.id == create.operation else None
    if pointer is not None:
        place, _, name = pointer.rpartition("/")
        found = at(exchange.response_json, place)
        if isinstance(found, Mapping) and isinstance(found.get(name), str):
            yield Shown(place, found, found[name])
        return
    if operation is None or not operation.is_safe:
        return
    for member, found in exchange.response_json.items() if isinstance(exchange.response_json, Mapping) else ():
        for index, row in enumerate(found if isinstance(found, list) else ()):
            for name in _id_names(exchange):
                if isinstance(row, Mapping) and isinstance(row.get(name), str):
                    yield Shown(f"/{member}/{index}", row, row[name])
                    break


def _id_names(exchange: Exchange) -> tuple[str, ...]:
    reads = exchange.provider.lifecycle.reads
    return tuple(dict.fromkeys(read.id.rpartition("/")[2] for read in reads if read.id is not None))


def is_plain(value: Any) -> bool:
    """Whether a value is neither an object nor an array, and is there."""
    return isinstance(value, (str, int, float, bool))
