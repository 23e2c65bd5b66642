"""Mutates answers in every way that a rule could find."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.checks.fields import epoch_seconds, read_of, status_pointer
from specimen.specs.core.json_pointer import at

Change = Callable[[Any], Any]
# What an exchange remembers of its answer once it was read.
_OF_THE_ANSWER = frozenset({"response_json", "events"})


def broken(exchange: Exchange, good: Exchange | None = None) -> Iterator[Exchange]:
    """Yields the exchange with invalid answers that any rule about it would find: `QUICK` that most rules find come first.

    `good` is a read that was answered: a refused request gets its answer.
    """
    changes = _changes_of(exchange)
    first = chain(_other_statuses(exchange, good), (_with_body(exchange, change) for change in changes[:_AT_ONCE]))
    yield from first
    yield exchange
    yield _changed(exchange, status=599, response_body=b"Traceback (most recent call last)\n")
    yield _changed(exchange, response_headers={"content-type": "application/x-broken"}, response_body=b"?")
    yield _changed(exchange, response_body=b"{")
    for change in changes[_AT_ONCE:]:
        yield _with_body(exchange, change)
    if changes:
        yield _changed(exchange, response_body=exchange.response_body + b" ")


def _other_statuses(exchange: Exchange, good: Exchange | None) -> Iterator[Exchange]:
    operation = exchange.operation
    successes = [int(status) for status in operation.responses if status.startswith("2")] if operation is not None else []
    if operation is not None and exchange.status >= 400:
        answer = good.response_body if good is not None else b"{}"
        for status in dict.fromkeys((200, *successes[:1])):
            yield _changed(exchange, status=status, response_body=answer)
        yield _changed(exchange, status=400)
    if exchange.is_success:
        for status in dict.fromkeys((400, 404, *successes)):
            if status != exchange.status:
                yield _changed(exchange, status=status)


def _changes_of(exchange: Exchange) -> list[Change]:
    """What is done to the answer's body: a few that change much, each state, then each thing alone."""
    if exchange.response_json is None:
        return []
    pointer = status_pointer(exchange) if read_of(exchange) is not None else None
    states = [_stated(pointer, state) for state in exchange.provider.lifecycle.states] if pointer is not None else []
    return [*_AT_ONCE_CHANGES, *states, *_CHANGES, _later_than(exchange.at / 1000)]


class _Mutated(Exchange):
    """An exchange whose answer is written when a rule reads its bytes."""

    def __getattr__(self, name: str) -> Any:
        if name != "response_body":
            raise AttributeError(name)
        found = vars(self)[name] = _written(self.response_json)
        return found


def _with_body(exchange: Exchange, change: Change) -> Exchange:
    try:
        value = change(exchange.response_json)
    except RecursionError:  # nested as deep as a reader can go, no deeper
        return exchange
    found = object.__new__(_Mutated)
    vars(found).update(vars(exchange), response_json=value)
    for name in ("response_body", "events"):
        vars(found).pop(name, None)
    return found


def _written(value: Any) -> bytes:
    try:
        return json.dumps(value).encode()
    except RecursionError:
        return b"["


def _changed(exchange: Exchange, **changes: Any) -> Exchange:
    """An exchange with another answer to the same request: what was read of the request stays read."""
    found = object.__new__(type(exchange))
    kept = {name: value for name, value in vars(exchange).items() if name not in _OF_THE_ANSWER}
    vars(found).update(kept, **changes)
    return found


Leaf = Callable[[Any], Any]


def _is_time(leaf: Any) -> bool:
    return isinstance(leaf, str) and leaf[:4].isdigit() and epoch_seconds(leaf) is not None


def _mapped(*leaves: Leaf, lists: Callable[[list[Any]], list[Any]] = lambda found: found) -> Change:
    """A change of each leaf by the functions one after the other, and of each list."""

    def change(value: Any) -> Any:
        kind = type(value)
        if kind is dict:
            return {name: change(inner) for name, inner in value.items()}
        if kind is list:
            return lists([change(inner) for inner in value])
        for leaf in leaves:
            value = leaf(value)
        return value

    return change


def _broken_text(leaf: Any) -> Any:
    return "broken" if isinstance(leaf, str) and not _is_time(leaf) else leaf


def _emptied(leaf: Any) -> Any:
    return None if isinstance(leaf, (str, bool)) else leaf


def _flipped(leaf: Any) -> Any:
    return not leaf if isinstance(leaf, bool) else leaf


def _number(number: float) -> Leaf:
    return lambda leaf: number if isinstance(leaf, (int, float)) and not isinstance(leaf, bool) else leaf


def _twice(found: list[Any]) -> list[Any]:
    return found * 2


def _times(
    years: Callable[[], Iterator[int]], *leaves: Leaf, lists: Callable[[list[Any]], list[Any]] = lambda found: found
) -> Change:
    """As `_mapped`, after each time got the next of the years."""

    def change(value: Any) -> Any:
        left = years()
        return _mapped(lambda leaf: f"{next(left):04}-01-01T00:00:00+00:00" if _is_time(leaf) else leaf, *leaves, lists=lists)(
            value
        )

    return change


def _falling() -> Iterator[int]:
    return chain(range(1990, 1, -1), repeat(1))


def _rising() -> Iterator[int]:
    return chain(range(2100, 9999), repeat(9999))


def _pooled(value: Any) -> Any:
    """Every list of an object holds what all of them hold."""
    if not isinstance(value, dict):
        return value
    everything = [item for inner in value.values() if isinstance(inner, list) for item in inner]
    return {name: everything if isinstance(inner, list) else _pooled(inner) for name, inner in value.items()}


def _later_than(seconds: float) -> Change:
    """Times to come are far off."""

    def leaf(value: Any) -> Any:
        time = epoch_seconds(value)
        return "2150-01-01T00:00:00+00:00" if time is not None and time > seconds else value

    return _mapped(leaf)


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


_AT_ONCE_CHANGES: tuple[Change, ...] = (
    _times(_falling, _flipped, _number(10**12), lists=_twice),
    _times(_falling, _broken_text),
    _times(_rising, _number(-1)),
)
_AT_ONCE = len(_AT_ONCE_CHANGES)
# With the states of a session these are what most rules find.
QUICK = 12
_CHANGES: tuple[Change, ...] = (
    _times(_falling),
    _mapped(lists=_twice),
    _mapped(_flipped),
    _times(_rising),
    _mapped(_number(10**12)),
    _mapped(_number(-1)),
    _pooled,
    _mapped(_emptied, lists=_twice),
)
