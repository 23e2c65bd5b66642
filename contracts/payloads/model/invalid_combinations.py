"""Combinations of fields that a rule forbids, for the tables of `specimen.contracts.payloads.invalid_states`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

from specimen.contracts.judge.registry import rulebook
from specimen.contracts.payloads.model.mutations import ABSENT, Also, Fields, Literal, Renamed, Whole, changed
from specimen.specs import Provider, SpecError
from specimen.specs.core.errors import did_you_mean
from specimen.specs.core.json_pointer import escape, split

# Makes the value of a field from the valid object around it.
Made = Callable[[Any], Any]


class NotHere(LookupError):
    """The valid object lacks a field that the combination needs."""


@dataclass(frozen=True, eq=False)
class State:
    """A combination of fields that breaks one rule, in the states of the session in which it does.

    Attributes:
        name: unique beside its rule, never changed.
        rule: the id of the only rule that it breaks.
        shown: by operation, where its answer shows the object that the pointers lead into (a JSON pointer).
        when: the states in which it is a combination of its own; None: once, in any state.
        change: by JSON pointer into the object, a value, ABSENT, or a function of the valid object. A part `[type=selfie]` is
            the first item of an array that has it so.
        why: why the case matters, in one sentence.
    """

    name: str
    rule: str
    shown: Mapping[str, str]
    when: tuple[str, ...] | None
    change: Mapping[str, Any]
    why: str

    def fields(self, payload: Any, prefix: str) -> Fields:
        """Returns the change of a whole valid answer whose object is at `prefix`.

        Raises:
            NotHere: the answer lacks a field that the combination needs, or has the combination already.
        """
        shown = value_at(payload, prefix)
        values: dict[str, Any] = {}
        for pointer, wanted in self.change.items():
            way = _concrete(shown, pointer)
            value = wanted(shown) if callable(wanted) else wanted
            if value is ABSENT:
                value_at(shown, way)
            values[prefix + way] = value
        try:
            is_same = _is_same(payload, values)
        except (LookupError, TypeError) as error:
            raise NotHere(self.name) from error
        if is_same:
            raise NotHere(self.name)
        return Fields(values)


def _is_same(payload: Any, values: Mapping[str, Any]) -> bool:
    """Whether fields have these values already; the payload is copied only where one field is inside another.

    Raises:
        LookupError, TypeError: the payload has no such fields.
    """
    pointers = sorted(values)
    is_nested = any(after == before or after.startswith(f"{before}/") for before, after in pairwise(pointers))
    if is_nested or any(isinstance(value, (Also, Fields, Literal, Renamed, Whole)) for value in values.values()):
        found: bool = changed(payload, (), Fields(values)) == payload
        return found
    is_same = True
    for pointer, value in values.items():
        *above, last = split(pointer)
        node = payload
        for part in above:
            node = node[int(part)] if isinstance(node, list) else node[part]
        key: Any = int(last) if isinstance(node, list) else last
        is_present = key in node if isinstance(node, dict) else node[key] is not ABSENT
        is_same = is_same and value is not ABSENT and is_present and node[key] == value
    return is_same


def value_at(value: Any, pointer: str) -> Any:
    """Returns the value at a pointer; a part `[type=selfie]` is the first item that has it so.

    Raises:
        NotHere: there is nothing at the pointer.
    """
    for part in split(_concrete(value, pointer)):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (LookupError, TypeError, ValueError) as error:
            raise NotHere(pointer) from error
    return value


def _concrete(value: Any, pointer: str) -> str:
    """Replaces the filters of a pointer by the indexes of the items."""
    found, node = "", value
    for part in split(pointer):
        if part.startswith("["):
            name, _, wanted = part.strip("[]").partition("=")
            items = node if isinstance(node, list) else []
            number = next((at for at, item in enumerate(items) if isinstance(item, Mapping) and item.get(name) == wanted), None)
            if number is None:
                raise NotHere(pointer)
            part = str(number)  # noqa: PLW2901 - from here on it is known
        found += f"/{escape(part)}"
        if isinstance(node, list):
            node = node[int(part)] if part.isdigit() and int(part) < len(node) else None
        else:
            node = node.get(part) if isinstance(node, Mapping) else None
    return found


def earlier(pointer: str, seconds: float) -> Made:
    """Makes the time at a pointer, so many seconds before, in the vendor's own form."""
    return lambda shown: shifted(value_at(shown, pointer), -seconds)


def later(pointer: str, seconds: float) -> Made:
    """Makes the time at a pointer, so many seconds after, in the vendor's own form."""
    return lambda shown: shifted(value_at(shown, pointer), seconds)


def same(pointer: str) -> Made:
    """Makes the value at another pointer of the object."""

    def made(shown: Any) -> Any:
        found = value_at(shown, pointer)
        if found is None:
            raise NotHere(pointer)
        return found

    return made


def shifted(text: Any, seconds: float) -> str:
    """Moves a timestamp; the number of decimals and the offset stay.

    Raises:
        NotHere: the text is no timestamp.
    """
    try:
        moved = datetime.fromisoformat(text) + timedelta(seconds=seconds)
    except (TypeError, ValueError, OverflowError) as error:
        raise NotHere("a time") from error
    whole, _, rest = text.partition(".")
    digits = len(rest) - len(rest.lstrip("0123456789"))
    offset = rest[digits:] if rest else whole[19:]
    fraction = f".{moved.microsecond:06d}"[: digits + 1] if digits else ""
    return f"{moved:%Y-%m-%dT%H:%M:%S}{fraction}{offset}"


@cache
def states_of(provider: Provider) -> tuple[State, ...]:
    """A provider's table `STATES`: of its module here, or of states.py in an outside provider's folder; none without a file.

    Raises:
        SpecError: the module cannot be imported, or the table is invalid.
    """
    module = provider.find_module("specimen.contracts.payloads.invalid_states", "states")
    if module is None:
        return ()
    wrong = next(_faults(getattr(module, "STATES", None), provider), None)
    if wrong is not None:
        raise SpecError(str(module.__file__), wrong)
    return tuple(module.STATES)


def _faults(table: Any, provider: Provider) -> Iterator[str]:
    if table is None:
        yield "has no `STATES`: a tuple of State."
    elif not isinstance(table, (tuple, list)):
        yield f"`STATES` is {type(table).__name__}; expected a tuple of State."
    else:
        seen = set()
        for state in table:
            if not isinstance(state, State):
                yield f"`STATES` has {type(state).__name__}; expected State."
                return
            yield from _unknown(state, provider)
            if (state.rule, state.name) in seen:
                yield f"state '{state.name}' of rule '{state.rule}' stands twice."
            seen.add((state.rule, state.name))


def _unknown(state: State, provider: Provider) -> Iterator[str]:
    """Yields the unknown names in a combination."""
    rules, operations, states = rulebook(provider), provider.document.operations, provider.lifecycle.states
    if state.rule not in rules:
        yield f"state '{state.name}': there is no rule '{state.rule}'. {did_you_mean(state.rule, rules)}"
    for name in state.shown:
        if name not in operations:
            yield f"state '{state.name}': operation '{name}' is not in openapi.yaml. {did_you_mean(name, operations)}"
    for name in state.when or ():
        if name not in states:
            yield f"state '{state.name}': lifecycle.yaml has no state '{name}'. {did_you_mean(name, states)}"
