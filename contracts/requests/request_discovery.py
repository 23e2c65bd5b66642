"""Finds in a provider's document what can be requested: lists and filters, malformed ids, session actions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.requests.mutations import Mutation, mutations
from specimen.contracts.requests.request_templates import (
    RequestTemplate,
    filled,
    ids_shown,
    minimal_request,
    names_in,
    strings,
)
from specimen.specs import Operation, Provider
from specimen.specs.core.json_pointer import at
from specimen.specs.loading.lifecycle import Read

_SIZE = re.compile(r"(?:page_?)?(?:limit|size)|per_?page", re.IGNORECASE)
_CURSOR = re.compile(r"starting_after|cursor|page_?token|after", re.IGNORECASE)
_NEXT = re.compile(r"next_?(?:cursor|page_?token)?", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HALF = re.compile("[\ud800-\udfff]")
_SINCE = re.compile(r".*(?:from|since|after|min)", re.IGNORECASE)


def lists(provider: Provider) -> list[Operation]:
    """Returns the safe operations that list sessions: they take no id."""
    reads = {read.operation for read in provider.lifecycle.reads}
    return [
        operation
        for operation in provider.document.operations.values()
        if operation.is_safe and operation.id not in reads and not names_in(provider, operation.id) and "{" not in operation.path
    ]


def session_actions(provider: Provider) -> list[Operation]:
    """Returns the operations that change the session in their path."""
    return [
        operation
        for operation in provider.document.operations.values()
        if not operation.is_safe
        and operation.id != provider.lifecycle.create.operation
        and names_in(provider, operation.id)
        and "{" in operation.path
    ]


def list_queries(operation: Operation, *, is_short: bool) -> Iterator[dict[str, Any]]:
    """Yields queries of a list: none, each value of each filter, page sizes at and near their limits."""
    yield {}
    sizes = [entry for entry in operation.parameters if entry.location == "query" and _SIZE.fullmatch(entry.name)]
    for entry in sizes:
        low, high = entry.schema.get("minimum", 1), entry.schema.get("maximum", 100)
        for size in (1, high) if is_short else dict.fromkeys((low, 2, 3, high)):
            yield {entry.name: size}
    for entry in operation.parameters:
        if entry.location == "query":
            values = entry.schema.get("enum", ())
            for value in (*values[:1], *values[-1:]) if is_short else values:
                yield {entry.name: value}
                if not is_short and sizes:
                    yield {entry.name: value, sizes[0].name: 1}
            if re.search("date-time|T", str(entry.schema.get("format", "")) + str(entry.schema.get("pattern", ""))):
                far = "2001-01-01T00:00:00.000Z" if _SINCE.fullmatch(entry.name) else "2101-01-01T00:00:00.000Z"
                near = "2101-01-01T00:00:00.000Z" if _SINCE.fullmatch(entry.name) else "2001-01-01T00:00:00.000Z"
                yield {entry.name: near}
                if not is_short:
                    for other in operation.parameters:
                        yield from ({other.name: value, entry.name: near} for value in other.schema.get("enum", ())[:2])
                if not is_short:
                    yield {entry.name: far}
                    both = _bounds(operation, entry.name)
                    if both is not None:
                        yield {both[0]: "2001-01-01T00:00:00.000Z", both[1]: "2001-01-02T00:00:00.000Z"}
                        yield {both[0]: "2101-01-01T00:00:00.000Z", both[1]: "2101-01-02T00:00:00.000Z"}


def _bounds(operation: Operation, name: str) -> tuple[str, str] | None:
    """The names of two bounds of one time, given the first, such as created_from and created_to; None where there are none."""
    stem = name.removesuffix("_from")
    names = {entry.name for entry in operation.parameters if entry.location == "query"}
    return (name, f"{stem}_to") if stem != name and f"{stem}_to" in names else None


def size_name(operation: Operation) -> str:
    """Returns the name of the page-size parameter; empty where there is none."""
    return next((entry.name for entry in operation.parameters if _SIZE.fullmatch(entry.name)), "")


def largest_page(operation: Operation) -> dict[str, Any]:
    """Returns the query for as many rows as a page may have; empty where there is no page size."""
    name = size_name(operation)
    return next(({name: entry.schema.get("maximum", 100)} for entry in operation.parameters if entry.name == name), {})


def cursor_name(operation: Operation) -> str:
    """Returns the name of the parameter that a page begins after; empty where there is none."""
    return next((entry.name for entry in operation.parameters if _CURSOR.fullmatch(entry.name)), "")


def next_page(operation: Operation, exchange: Exchange) -> dict[str, str] | None:
    """Returns the query for the page after an answer; None after the last page."""
    name = cursor_name(operation)
    body = exchange.response_json
    nodes = [body, *body.values()] if isinstance(body, Mapping) else []
    for node in nodes if name and exchange.is_success else ():
        for key, value in node.items() if isinstance(node, Mapping) else ():
            if _NEXT.fullmatch(key) and isinstance(value, str) and value:
                return {name: value}
    return None


def query_edges(operation: Operation) -> Iterator[dict[str, Any]]:
    """Yields the valid numbers at the limits of an unsafe operation's query parameters."""
    for entry in operation.parameters:
        if entry.location == "query" and not operation.is_safe:
            for limit in ("minimum", "maximum"):
                if limit in entry.schema:
                    yield {entry.name: entry.schema[limit]}


def key_header(operation: Operation) -> str | None:
    """Returns the name of the operation's idempotency-key header, or None."""
    return next(
        (entry.name for entry in operation.parameters
         if entry.location == "header" and entry.name.lower() == "idempotency-key"), None,
    )  # fmt: skip


def may_reuse(operation: Operation) -> bool:
    """Whether an operation documents both a created resource (201) and an existing one (200)."""
    return {"200", "201"} <= operation.responses.keys()


def malformed_ids(good: str) -> list[str]:
    """Returns malformed variants of an id: in braces, as a URN, with white space, without its last character or its dashes."""
    found = [good + "\n", "{" + good + "}", f"urn:uuid:{good}", good[:-1], good + " ", " " + good, good + "0"]
    return [*found, good.replace("-", "")] if _UUID.fullmatch(good) else found


def state(provider: Provider, exchange: Exchange) -> Any:
    """Returns the status in the answer to the first read."""
    pointer = next((read.status for read in provider.lifecycle.reads if read.status is not None), None)
    return None if pointer is None else at(exchange.response_json, pointer)


def ids(provider: Provider, exchange: Exchange) -> dict[str, str]:
    """Returns the ids of other kinds in the answer to a read."""
    return {name: value for name, value in ids_shown(provider, exchange, needs_own=False).items() if name != "session"}


@cache
def _path_facts(provider: Provider) -> tuple[tuple[str, str], ...]:
    names = {name for read in provider.lifecycle.reads for name in read.facts}
    return tuple((name, value) for name, value in provider.lifecycle.create.request.path.items() if name in names)


def path_facts(provider: Provider) -> dict[str, Any]:
    """Returns the facts of a session made by the default creation, as far as reads depend on them."""
    return dict(_path_facts(provider))


def invalid_requests(provider: Provider, known: Mapping[str, str]) -> list[Mutation]:
    """Returns invalid requests to all operations, alternating between the operations.

    An id with half of a surrogate pair, which no validator reads, is replaced by a synthetic one.
    """
    known = {name: value for name, value in known.items() if not _HALF.search(value)}
    found = []
    for operation in provider.document.operations.values():
        base = minimal_request(provider, operation.id, known)
        if base is not None:
            found.append(mutations(provider, base))
    # An operation with many constraints contributes several requests in each turn.
    out: list[Mutation] = []
    steps = {id(entries): max(1, len(entries) // 8) for entries in found}
    position = {id(entries): 0 for entries in found}
    while any(position[id(entries)] < len(entries) for entries in found):
        for entries in found:
            start = position[id(entries)]
            out += entries[start : start + steps[id(entries)]]
            position[id(entries)] = start + steps[id(entries)]
    return out


def about(provider: Provider, shown: Exchange) -> Iterator[RequestTemplate]:
    """Yields requests of other operations whose required fields a session's answer has under the same names."""
    values = dict(strings(shown.response_json))
    create = provider.lifecycle.create.operation
    for operation in provider.document.operations.values():
        media = operation.body("application/json")
        if media is None or media.pointer is None or operation.id == create or names_in(provider, operation.id):
            continue
        needed = provider.document.resolve(provider.document.at(media.pointer))[0].get("required", ())
        if needed and set(needed) <= set(values):
            yield RequestTemplate(operation, body={name: values[name] for name in needed})


def with_choices(provider: Provider, wanted: RequestTemplate) -> Iterator[RequestTemplate]:
    """Yields a request with each value of each field of its body that has a choice of them."""
    media = wanted.operation.body("application/json")
    if media is None or media.pointer is None or not isinstance(wanted.body, dict):
        return
    for name, node in provider.document.resolve(provider.document.at(media.pointer))[0].get("properties", {}).items():
        for value in provider.document.resolve(node)[0].get("enum", ()):
            if value is not None and name not in wanted.body:
                yield replace(wanted, body={**wanted.body, name: value})


def read_request(provider: Provider, read: Read, known: Mapping[str, str]) -> RequestTemplate | None:
    """Returns the request of a read for a session with these ids."""
    return filled(provider, read.operation, read.request, known)


def kinds_of(provider: Provider, operation: Operation) -> frozenset[str]:
    """Returns the kinds of id that an operation's request needs."""
    return names_in(provider, operation.id)


def row_count(exchange: Exchange) -> int:
    """Returns how many entries a page has: those of its longest array."""
    body = exchange.response_json
    return max((len(value) for value in body.values() if isinstance(value, list)), default=0) if isinstance(body, Mapping) else 0
