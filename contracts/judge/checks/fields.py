"""Building blocks of rules: the same check over other fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.checks.precision import instant, unit
from specimen.contracts.judge.history import History, read_subject
from specimen.contracts.judge.rule import EXAMINED, Check, Examined, Finding
from specimen.specs.core.json_pointer import at
from specimen.specs.loading.lifecycle import Lifecycle, Read

# A malformed id: in braces, as a URN, or with white space at an end.
MALFORMED_ID = re.compile(r"\{.*\}|urn:uuid:.*|\s.*|.*\s", re.DOTALL | re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def epoch_seconds(text: Any) -> float | None:
    """Seconds since the epoch of an ISO 8601 moment with its offset; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
        return None if found.tzinfo is None else found.timestamp()
    except (ValueError, OverflowError):
        return None


def same_value(first: Any, second: Any) -> bool:
    """Whether two values are equal, one UUID in either case (RFC 9562, section 4), or one moment.

    A moment may stand at another offset, and with fewer digits of its second, cut off or rounded.
    """
    if first == second or not isinstance(first, str) or not isinstance(second, str):
        return bool(first == second)
    if _UUID.fullmatch(first):
        return first.lower() == second.lower()
    one, other, units = instant(first), instant(second), sorted((unit(first), unit(second)))
    if one is None or other is None:
        return False
    return one == other or (units[0] != units[1] and abs(one - other) < units[1])


def is_read(exchange: Exchange, *operations: str) -> bool:
    """Whether an exchange is a successful read of a session by one of the operations (none named: by any)."""
    operation = exchange.operation
    return operation is not None and (not operations or operation.id in operations) and read_subject(exchange) is not None


def in_order(pointers: tuple[str, ...], *operations: str) -> Check:
    """The times at the pointers never go down from one to the next; those that are absent or null are passed over.

    Of two that are shown with another precision each, one may seem earlier by less than the coarser unit.
    """

    def check(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
        if not is_read(exchange, *operations):
            return
        before: tuple[str, float, timedelta] | None = None
        for pointer in pointers:
            text = at(exchange.response_json, pointer)
            value, width = epoch_seconds(text), unit(text)
            if value is None:
                continue
            slack = 0.0 if before is None or before[2] == width else max(before[2], width).total_seconds()
            if before is not None:
                yield EXAMINED
                if value < before[1] and value + slack <= before[1]:
                    yield Finding(
                        pointer, f"not earlier than {before[0]}", at(exchange.response_json, pointer), rests_on=(before[0],)
                    )
            before = (pointer, value, width)

    return check


def unchanged(pointers: tuple[str, ...], *operations: str) -> Check:
    """What the pointers show is the same in every read of a session, and the same as when it was made.

    A creation that says null of a plain value says that there is none; one without the field says nothing.
    """

    def check(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
        if not is_read(exchange, *operations):
            return
        earlier, made = history.reads(exchange), made_by(exchange, history)
        for pointer in pointers:
            shown = at(exchange.response_json, pointer)
            first = at(made.response_json, pointer) if made is not None else None
            is_denied = first is None and isinstance(shown, (str, int, float)) and made is not None and _shows(made, pointer)
            if earlier or first is not None or is_denied:
                yield EXAMINED
            if is_denied:
                yield Finding(pointer, "null, as when the session was made", shown)
            elif earlier and not same_value(shown, at(earlier[0].response_json, pointer)):
                yield Finding(pointer, "the same value in every read", shown)
            elif first is not None and not same_value(first, shown):
                yield Finding(pointer, "the same value as when the session was made", shown)

    return check


def _shows(exchange: Exchange, pointer: str) -> bool:
    """Whether an answer has a member at a pointer, null or not."""
    place, _, name = pointer.rpartition("/")
    held = at(exchange.response_json, place)
    return isinstance(held, Mapping) and name in held


def never_less(pointers: tuple[str, ...], *operations: str, grows: bool = True) -> Check:
    """Numbers or times at the pointers never go down from read to read (`grows=False`: never up)."""

    def check(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
        earlier = history.reads(exchange) if is_read(exchange, *operations) else ()
        if not earlier:
            return
        for pointer in pointers:
            now, before = (_number(at(one.response_json, pointer)) for one in (exchange, earlier[-1]))
            if now is None or before is None:
                continue
            yield EXAMINED
            if now < before if grows else now > before:
                wanted = "not less than in the read before" if grows else "not more than in the read before"
                yield Finding(pointer, wanted, at(exchange.response_json, pointer))

    return check


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value) if isinstance(value, (int, float)) else epoch_seconds(value)
    except OverflowError:
        return None


def terminal_stays(*operations: str, assumed: tuple[str, ...] = ()) -> Check:
    """A status that is terminal in lifecycle.yaml is never followed by another one; `assumed`: ends only by our reading."""

    def check(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
        if not is_read(exchange, *operations):
            return
        pointer, lifecycle = str(status_pointer(exchange)), exchange.provider.lifecycle
        for earlier in reversed(history.reads(exchange)):
            before = state_of(earlier)
            if before not in lifecycle.terminal:
                continue
            yield EXAMINED
            if state_of(exchange) != before:
                shown = at(exchange.response_json, pointer)
                yield Finding(pointer, f"'{before}', which is terminal", shown, before in assumed)
                return

    return check


def echoes(pointers: Mapping[str, str], *operations: str) -> Check:
    """The answer shows at a pointer what the path's parameter asked for; UUIDs may differ in case (RFC 9562)."""

    def check(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
        if not is_read(exchange, *operations):
            return
        for pointer, parameter in pointers.items():
            asked, shown = exchange.parameters.get(parameter), at(exchange.response_json, pointer)
            if asked is None or MALFORMED_ID.fullmatch(asked):
                continue
            yield EXAMINED
            if not same_id(asked, shown):
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


def state_of(exchange: Exchange) -> str | None:
    """The state that an answer to a read shows; None where it shows none, or something else than text."""
    pointer = status_pointer(exchange)
    shown = None if pointer is None else at(exchange.response_json, pointer)
    return shown if isinstance(shown, str) else None


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


def made_by(exchange: Exchange, history: History) -> Exchange | None:
    """The exchange that made the session which an answer to a read shows by its own id."""
    read = read_of(exchange)
    shown = at(exchange.response_json, read.id) if read is not None and read.id is not None else None
    return history.created(shown) if isinstance(shown, str) else None


def every(*checks: Check) -> Check:
    """Combines several checks."""

    def check(exchange: Exchange, history: History) -> Iterable[Finding | Examined]:
        for one in checks:
            yield from one(exchange, history)

    return check


def at_null(exchange: Exchange, pointer: str) -> bool:
    """Whether the answer shows nothing or null at a pointer."""
    return at(exchange.response_json, pointer) is None


def asked_is_shown(operation: str, fields: Mapping[str, str]) -> Check:
    """What a request's body says (a JSON pointer) stands in the answer at another one; what it does not say is free."""

    def check(exchange: Exchange, _: History) -> Iterator[Finding | Examined]:
        if exchange.operation is None or exchange.operation.id != operation or not exchange.is_success:
            return
        for asked_at, shown_at in fields.items():
            asked = at(exchange.declared_json, asked_at)
            if asked is None:
                continue
            yield EXAMINED
            if not same_value(at(exchange.response_json, shown_at), asked):
                yield Finding(shown_at, "what the request said", at(exchange.response_json, shown_at))

    return check


def ended_by(operations: Mapping[str, str], parameter: str, *wanted: str) -> Check:
    """Once one of the operations succeeded on a session, reads of it show one of the wanted states.

    `operations` maps the call to the read whose path's `parameter` names the same session.
    """

    def check(exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
        pointer, asked = status_pointer(exchange), exchange.parameters.get(parameter)
        if pointer is None or asked is None or exchange.operation is None or exchange.operation.id not in operations.values():
            return
        if not is_read(exchange):
            return
        shown = at(exchange.response_json, pointer)
        for call, read in operations.items():
            calls = history.calls(call) if read == exchange.operation.id else ()
            if any(one.is_success and one.parameters.get(parameter) == asked for one in calls):
                yield EXAMINED
                if shown not in wanted:
                    yield Finding(pointer, f"one of {', '.join(wanted)}, after {call}", shown)

    return check


def asked_id(exchange: Exchange) -> Any:
    """The id in the place where the read's request in lifecycle.yaml has a placeholder for it."""
    read = read_of(exchange)
    if read is None:
        return None
    for name, value in read.request.path.items():
        if value in _placeholders(exchange):
            return exchange.parameters.get(name)
    if isinstance(read.request.body, Mapping) and isinstance(exchange.request_json, Mapping):
        for name, value in read.request.body.items():
            # Another identifier beside it may have decided.
            if value in _placeholders(exchange) and set(exchange.request_json) <= {name, "token"}:
                return exchange.request_json.get(name)
    return None


def _placeholders(exchange: Exchange) -> frozenset[str]:
    return frozenset("{" + name + "}" for name in exchange.provider.lifecycle.ids)
