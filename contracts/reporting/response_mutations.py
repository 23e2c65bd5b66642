"""Answers made wrong in every way that a rule could mind: whoever would have seen it was at work."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, repeat
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.checks.fields import moment, read_of, status_pointer
from specimen.specs.core.json_pointer import at

Change = Callable[[Any], Any]


def broken(exchange: Exchange, good: Mapping[str, Exchange]) -> Iterator[Exchange]:
    """The same exchange with its answer broken in ways that any rule about it would see."""
    body = exchange.response_json
    operation = exchange.operation
    yield exchange
    yield replace(exchange, status=599, response_body=b"Traceback (most recent call last)\n")
    yield replace(exchange, response_headers={"content-type": "application/x-broken"}, response_body=b"?")
    yield replace(exchange, response_body=b"{")
    if operation is not None and exchange.status >= 400:
        earlier = good.get(operation.id)
        answer = earlier.response_body if earlier is not None else b"{}"
        yield replace(exchange, status=200, response_body=answer)
        success = next((int(status) for status in operation.responses if status.startswith("2")), 200)
        yield replace(exchange, status=success, response_body=answer)
        yield replace(exchange, status=400)
    if exchange.is_success:
        others = [int(status) for status in operation.responses if status.startswith("2")] if operation is not None else []
        for status in (400, 404, *others):
            yield replace(exchange, status=status)
    if body is None:
        return
    yield replace(exchange, response_body=exchange.response_body + b" ")
    for change in (*_CHANGES, _later_than(exchange.at / 1000)):
        yield replace(exchange, response_body=_dumped(change, body, exchange.response_body))
    read = read_of(exchange)
    pointer = status_pointer(exchange) if read is not None else None
    for state in exchange.provider.lifecycle.states if pointer else ():
        yield replace(exchange, response_body=_dumped(_stated(pointer or "", state), body, exchange.response_body))


def _dumped(change: Change, body: Any, unchanged: bytes) -> bytes:
    try:
        return json.dumps(change(body)).encode()
    except RecursionError:  # nested as deep as a reader can go, no deeper
        return unchanged


def _texts(value: Any) -> Any:
    return _mapped(value, lambda leaf: "broken" if isinstance(leaf, str) and moment(leaf) is None else leaf)


def _emptied(value: Any) -> Any:
    return _mapped(value, lambda leaf: None if isinstance(leaf, (str, bool)) else leaf, lists=lambda found: found * 2)


def _numbers(number: float) -> Change:
    return lambda value: _mapped(
        value, lambda leaf: number if isinstance(leaf, (int, float)) and not isinstance(leaf, bool) else leaf
    )


def _falling(value: Any) -> Any:
    years = chain(range(1990, 1, -1), repeat(1))
    return _mapped(value, lambda leaf: f"{next(years):04}-01-01T00:00:00+00:00" if moment(leaf) is not None else leaf)


def _rising(value: Any) -> Any:
    years = chain(range(2100, 9999), repeat(9999))
    return _mapped(value, lambda leaf: f"{next(years):04}-01-01T00:00:00+00:00" if moment(leaf) is not None else leaf)


def _mapped(value: Any, leaf: Any, lists: Any = lambda found: found) -> Any:
    if isinstance(value, dict):
        return {name: _mapped(inner, leaf, lists) for name, inner in value.items()}
    if isinstance(value, list):
        return lists([_mapped(inner, leaf, lists) for inner in value])
    return leaf(value)


def _flipped(value: Any) -> Any:
    return _mapped(value, lambda leaf: not leaf if isinstance(leaf, bool) else leaf)


def _reversed(value: Any) -> Any:
    return _mapped(value, lambda leaf: leaf, lists=lambda found: found[::-1])


def _doubled(value: Any) -> Any:
    return _mapped(value, lambda leaf: leaf, lists=lambda found: found * 2)


def _pooled(value: Any) -> Any:
    """Every list of an object holds what all of them hold."""
    if not isinstance(value, dict):
        return value
    everything = [item for inner in value.values() if isinstance(inner, list) for item in inner]
    return {name: everything if isinstance(inner, list) else _pooled(inner) for name, inner in value.items()}


def _later_than(seconds: float) -> Change:
    """Times to come are far off."""

    def leaf(value: Any) -> Any:
        time = moment(value)
        return "2150-01-01T00:00:00+00:00" if time is not None and time > seconds else value

    return lambda value: _mapped(value, leaf)


def _stated(pointer: str, state: str) -> Change:
    """The status that is somewhere in the answer is another."""
    parent, _, last = pointer.rpartition("/")

    def change(body: Any) -> Any:
        found = copy.deepcopy(body)
        holder = at(found, parent)
        if isinstance(holder, dict):
            holder[last] = state
        return found

    return change


_CHANGES: tuple[Change, ...] = (
    _texts,
    _falling,
    _rising,
    lambda value: _falling(_texts(value)),
    _numbers(-1),
    _numbers(10**12),
    _numbers(0.5),
    _emptied,
    _flipped,
    _reversed,
    _doubled,
    _pooled,
)
