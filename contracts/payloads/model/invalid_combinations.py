"""A combination of fields that a rule forbids, as the tables of `specimen.contracts.payloads.invalid_states` write it."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from specimen.contracts.payloads.model.mutations import ABSENT, Fields, changed, split
from specimen.specs import Provider
from specimen.specs.core.json_pointer import escape

# What stands in a field of a combination: a value, ABSENT, or what is made of the lawful object around it.
Made = Callable[[Any], Any]


class NotHere(LookupError):
    """The lawful object lacks what the combination is made of."""


@dataclass(frozen=True, eq=False)
class State:
    """A combination of fields that breaks one rule, in the states of the session in which it does.

    Attributes:
        name: unique beside its rule, the same for ever.
        rule: the id of the rule that it breaks, it alone.
        shown: by operation, where its answer shows the object that the pointers lead into (a JSON pointer).
        when: the states in which it is a combination of its own; None: once, in whatever state.
        change: by JSON pointer into the object, a value, ABSENT, or a function of the lawful object. A part `[type=selfie]` is
            the first item of an array that has it so.
        why: why anybody should care, in one sentence.
    """

    name: str
    rule: str
    shown: Mapping[str, str]
    when: tuple[str, ...] | None
    change: Mapping[str, Any]
    why: str

    def fields(self, payload: Any, prefix: str) -> Fields:
        """The change of a whole lawful answer whose object is at `prefix`.

        Raises:
            NotHere: the answer lacks what the combination is made of, or is it already.
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
            is_same = changed(payload, (), Fields(values)) == payload
        except (LookupError, TypeError) as error:
            raise NotHere(self.name) from error
        if is_same:
            raise NotHere(self.name)
        return Fields(values)


def value_at(value: Any, pointer: str) -> Any:
    """What stands at a pointer; a part `[type=selfie]` is the first item that has it so.

    Raises:
        NotHere: nothing does.
    """
    for part in split(_concrete(value, pointer)):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (LookupError, TypeError, ValueError) as error:
            raise NotHere(pointer) from error
    return value


def _concrete(value: Any, pointer: str) -> str:
    """A pointer with the items' numbers in it."""
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
    """The time at a pointer, so many seconds before, in the vendor's own form."""
    return lambda shown: shifted(value_at(shown, pointer), -seconds)


def later(pointer: str, seconds: float) -> Made:
    """The time at a pointer, so many seconds after, in the vendor's own form."""
    return lambda shown: shifted(value_at(shown, pointer), seconds)


def same(pointer: str) -> Made:
    """What stands at another pointer of the object."""

    def made(shown: Any) -> Any:
        found = value_at(shown, pointer)
        if found is None:
            raise NotHere(pointer)
        return found

    return made


def shifted(text: Any, seconds: float) -> str:
    """A moment moved, written with the same number of decimals and the same offset.

    Raises:
        NotHere: it is none.
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
    """A provider's table `STATES`: of its module here, or of states.py in an outside provider's folder; none without a file."""
    if provider.is_builtin:
        name = f"specimen.contracts.payloads.invalid_states.{provider.name}"
        if importlib.util.find_spec(name) is None:
            return ()
        return tuple(importlib.import_module(name).STATES)
    path = provider.folder / "states.py"
    spec = importlib.util.spec_from_file_location(f"_specimen_{provider.name}_states", path) if path.is_file() else None
    if spec is None or spec.loader is None:
        return ()
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return tuple(module.STATES)
