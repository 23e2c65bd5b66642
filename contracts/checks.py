"""Building blocks of rules: the same check over other fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from contracts.exchange import Exchange, at
from contracts.history import History, read_subject
from contracts.rule import Check, Finding
from specs.lifecycle import Lifecycle, Read


def moment(text: Any) -> float | None:
    """Seconds since the epoch of an ISO 8601 moment with its offset; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if found.tzinfo is None else found.timestamp()


def is_read(exchange: Exchange, *operations: str) -> bool:
    """Whether an exchange is a successful read of a session by one of the operations (none named: by any)."""
    operation = exchange.operation
    return operation is not None and (not operations or operation.id in operations) and read_subject(exchange) is not None


def in_order(pointers: tuple[str, ...], *operations: str) -> Check:
    """The times at the pointers never go down from one to the next; those that are absent or null are passed over."""

    def check(exchange: Exchange, _: History) -> Iterator[Finding]:
        if not is_read(exchange, *operations):
            return
        before: tuple[str, float] | None = None
        for pointer in pointers:
            value = moment(at(exchange.response_json, pointer))
            if value is None:
                continue
            if before is not None and value < before[1]:
                yield Finding(pointer, f"not earlier than {before[0]}", at(exchange.response_json, pointer))
            before = (pointer, value)

    return check


def unchanged(pointers: tuple[str, ...], *operations: str) -> Check:
    """What the pointers show is the same in every read of a session."""

    def check(exchange: Exchange, history: History) -> Iterator[Finding]:
        earlier = history.reads(exchange) if is_read(exchange, *operations) else ()
        if not earlier:
            return
        for pointer in pointers:
            if at(exchange.response_json, pointer) != at(earlier[0].response_json, pointer):
                yield Finding(pointer, "the same value in every read", at(exchange.response_json, pointer))

    return check


def never_less(pointers: tuple[str, ...], *operations: str, grows: bool = True) -> Check:
    """Numbers or times at the pointers never go down from read to read (`grows=False`: never up)."""

    def check(exchange: Exchange, history: History) -> Iterator[Finding]:
        earlier = history.reads(exchange) if is_read(exchange, *operations) else ()
        if not earlier:
            return
        for pointer in pointers:
            now, before = (_number(at(one.response_json, pointer)) for one in (exchange, earlier[-1]))
            if now is not None and before is not None and (now < before if grows else now > before):
                wanted = "not less than in the read before" if grows else "not more than in the read before"
                yield Finding(pointer, wanted, at(exchange.response_json, pointer))

    return check


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    return float(value) if isinstance(value, (int, float)) else moment(value)


def terminal_stays(*operations: str) -> Check:
    """A status that is terminal in lifecycle.yaml is never followed by another one."""

    def check(exchange: Exchange, history: History) -> Iterator[Finding]:
        if not is_read(exchange, *operations):
            return
        pointer, lifecycle = status_pointer(exchange), exchange.provider.lifecycle
        for earlier in reversed(history.reads(exchange)):
            before = None if pointer is None else at(earlier.response_json, pointer)
            if before in lifecycle.terminal and at(exchange.response_json, str(pointer)) != before:
                yield Finding(str(pointer), f"'{before}', which is terminal", at(exchange.response_json, str(pointer)))
                return

    return check


def echoes(pointers: Mapping[str, str], *operations: str) -> Check:
    """The answer shows at a pointer what the path's parameter asked for; UUIDs may differ in case (RFC 9562)."""

    def check(exchange: Exchange, _: History) -> Iterator[Finding]:
        if not is_read(exchange, *operations):
            return
        for pointer, parameter in pointers.items():
            asked, shown = exchange.parameters.get(parameter), at(exchange.response_json, pointer)
            if asked is not None and not same_id(asked, shown):
                yield Finding(pointer, "what the path asked for", shown)

    return check


def same_id(asked: str, shown: Any) -> bool:
    """Whether an answer shows the id that was asked for; the case of a UUID does not matter."""
    if not isinstance(shown, str):
        return False
    return asked == shown or (len(asked) == 36 and asked.count("-") == 4 and asked.lower() == shown.lower())


def status_pointer(exchange: Exchange) -> str | None:
    """Where the answer to a read shows its status."""
    read = read_of(exchange)
    return None if read is None else read.status


def read_of(exchange: Exchange) -> Read | None:
    """The read in lifecycle.yaml that an exchange's operation is."""
    if exchange.operation is None:
        return None
    return next((read for read in exchange.provider.lifecycle.reads if read.operation == exchange.operation.id), None)


def reachable(lifecycle: Lifecycle, before: str) -> frozenset[str]:
    """The states that a session in `before` may be seen in later, some steps on or none."""
    found, todo = {before}, [before]
    while todo:
        state = todo.pop()
        for edge in lifecycle.transitions:
            if edge.origin == state and edge.to not in found:
                found.add(edge.to)
                todo.append(edge.to)
    return frozenset(found)


def every(*checks: Check) -> Check:
    """All that several checks find."""

    def check(exchange: Exchange, history: History) -> Iterable[Finding]:
        for one in checks:
            yield from one(exchange, history)

    return check


def at_null(exchange: Exchange, pointer: str) -> bool:
    """Whether the answer shows nothing or null at a pointer."""
    return at(exchange.response_json, pointer) is None
