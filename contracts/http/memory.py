"""What is worked out of an exchange once, however many rules ask for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from specimen.contracts.http.exchange import Exchange

_Value = TypeVar("_Value")
_UNKNOWN: Any = object()


def once_an_exchange(function: Callable[[Exchange], _Value]) -> Callable[[Exchange], _Value]:
    """What a function gives for an exchange, which the exchange keeps, as it does its cached properties."""
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def kept(exchange: Exchange) -> _Value:
        known = exchange.__dict__
        found: _Value = known.get(name, _UNKNOWN)
        if found is _UNKNOWN:
            found = known[name] = function(exchange)
        return found

    return kept
