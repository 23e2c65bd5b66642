"""Mutates answers in every way that a rule could find; a rule that finds one was exercised."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, repeat
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.checks.fields import moment, read_of, status_pointer
from specimen.specs.core.json_pointer import at

Change = Callable[[Any], Any]
# What an exchange remembers of its answer once it was read.
_OF_THE_ANSWER = frozenset({"response_json", "events"})


def broken(exchange: Exchange, good: Mapping[str, Exchange]) -> Iterator[Exchange]:
    """Yields the exchange with invalid answers that any rule about it would find."""
    body = exchange.response_json
    operation = exchange.operation
    yield exchange
    yield _changed(exchange, status=599, response_body=b"Traceback (most recent call last)\n")
    yield _changed(exchange, response_headers={"content-type": "application/x-broken"}, response_body=b"?")
    yield _changed(exchange, response_body=b"{")
    if operation is not None and exchange.status >= 400:
        earlier = good.get(operation.id)
        answer = earlier.response_body if earlier is not None else b"{}"
        yield _changed(exchange, status=200, response_body=answer)
        success = next((int(status) for status in operation.responses if status.startswith("2")), 200)
        yield _changed(exchange, status=success, response_body=answer)
        yield _changed(exchange, status=400)
    if exchange.is_success:
        others = [int(status) for status in operation.responses if status.startswith("2")] if operation is not None else []
        for status in {400, 404, *others} - {exchange.status}:
            yield _changed(exchange, status=status)
    if body is None:
        return
    read = read_of(exchange)
    pointer = status_pointer(exchange) if read is not None else None
    states = [_stated(pointer, state) for state in exchange.provider.lifecycle.states] if pointer is not None else []
    # In the order of how many rules each meets: so that a search for one that fires ends soon.
    for change in (_falling, *states, *_CHANGES, _later_than(exchange.at / 1000)):
        try:
            value = change(body)
            yield _changed(exchange, response_body=json.dumps(value).encode(), response_json=value)
        except RecursionError:  # nested as deep as a reader can go, no deeper
            yield exchange
    yield _changed(exchange, response_body=exchange.response_body + b" ")


def _changed(exchange: Exchange, **changes: Any) -> Exchange:
    """An exchange with another answer to the same request: what was read of the request stays read."""
    found = object.__new__(type(exchange))
    kept = {name: value for name, value in vars(exchange).items() if name not in _OF_THE_ANSWER}
    vars(found).update(kept, **changes)
    return found


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
    kind = type(value)
    if kind is list:
        return lists([_mapped(inner, leaf, lists) for inner in value])
    if kind is not dict:
        return leaf(value)
    found = {}
    for name, inner in value.items():
        kind = type(inner)
        found[name] = _mapped(inner, leaf, lists) if kind is dict or kind is list else leaf(inner)
    return found


def _flipped(value: Any) -> Any:
    return _mapped(value, lambda leaf: not leaf if isinstance(leaf, bool) else leaf)


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
        holder = at(body, parent)
        return _put(body, parent.split("/")[1:], {**holder, last: state}) if isinstance(holder, dict) else body

    return change


def _put(body: Any, parts: list[str], value: Any) -> Any:
    """The body with another value in a place that is there; what lies beside the way to it is shared."""
    if not parts:
        return value
    key: Any = int(parts[0]) if isinstance(body, list) else parts[0].replace("~1", "/").replace("~0", "~")
    found = body.copy()
    found[key] = _put(body[key], parts[1:], value)
    return found


_CHANGES: tuple[Change, ...] = (
    _doubled,
    lambda value: _falling(_texts(value)),
    _flipped,
    _rising,
    _numbers(10**12),
    _numbers(-1),
    _pooled,
    _emptied,
)
