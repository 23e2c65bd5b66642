"""Reads a caller's preferences from the `Prefer` header or from a magic value in the vendor's free field."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

from specimen.fixtures.people.identities import LOCALES
from specimen.fixtures.recipes import session_histories
from specimen.mockserver.errors import InvalidPreference, SettingError
from specimen.mockserver.preferences.faults.magic import ALIAS_PREFIX
from specimen.mockserver.settings import Pace
from specimen.specs import Operation, Provider
from specimen.specs.loading.lifecycle import Scenario

MAGIC_PREFIX = "specimen"
DOCUMENTS = ("passport", "id_card")
MOST_DELAY_SECONDS = 60.0
_OF_PERSON = ("locale", "document")


@dataclass(frozen=True, slots=True)
class Preference:
    """A request's preferences. `facts` narrow the scenario; `as_written` has each preference by name."""

    scenario: Scenario | None = None
    status: str | None = None
    example: str | None = None
    seed: int | None = None
    delay_seconds: float = 0.0
    pace: Pace | None = None
    is_dynamic: bool = True
    facts: Mapping[str, Any] = field(default_factory=dict)
    as_written: Mapping[str, str] = field(default_factory=dict)


NO_PREFERENCE = Preference()


def from_prefer(preferences: Mapping[str, str], provider: Provider, operation: Operation) -> Preference:
    """The preference of a `Prefer` header; unknown tokens are ignored.

    Raises:
        InvalidPreference: a known token has a value that is not possible for this provider and operation.
    """
    found: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    as_written: dict[str, str] = {}
    for name, value in preferences.items():
        if name in _READERS:
            field_name, read = _READERS[name]
            found[field_name] = read(value, provider, operation)
        elif name in _OF_PERSON or name in provider.lifecycle.choices:
            facts[name] = _choice(name, value, provider)
        else:
            continue
        as_written[name] = f"{name}={value}" if re.fullmatch(r"[A-Za-z0-9_.:+-]+", value) else f'{name}="{value}"'
    scenario, wanted = found.get("scenario"), found.get("status")
    if scenario is not None and wanted is not None and wanted not in scenario.path:
        raise InvalidPreference("status", wanted, scenario.path)
    return Preference(**found, facts=facts, as_written=as_written) if as_written else NO_PREFERENCE


def preference_names(provider: Provider) -> tuple[str, ...]:
    """The names that a `Prefer` header may have for a provider."""
    return (*_READERS, "fault", *_OF_PERSON, *provider.lifecycle.choices)


def from_magic(value: Any, provider: Provider) -> Scenario | None:
    """The scenario that a magic value asks for, or None where the value is an ordinary one, or names a fault.

    Raises:
        InvalidPreference: it has the magic prefix, but no scenario has the alias.
    """
    magic = provider.lifecycle.magic
    if magic is None or not isinstance(value, str):
        return None
    if magic.form == "address":
        return addresses(provider).get(value[2:10].lower()) if re.fullmatch(r"0x[0-9a-fA-F]{40}", value) else None
    if magic.form == "query":
        try:
            value = next(iter(parse_qs(urlsplit(value).query).get(MAGIC_PREFIX, [""])))
        except ValueError:
            return None
        return _magic_scenario(provider, value)
    prefix, _, rest = value.partition(".")
    return _magic_scenario(provider, rest) if prefix == MAGIC_PREFIX else None


def _magic_scenario(provider: Provider, text: str) -> Scenario | None:
    """The scenario whose alias a magic value begins with; faults are read before, from the bytes (`faults/magic.py`)."""
    return scenario_named(provider, text.partition(".")[0]) if text and not text.startswith(ALIAS_PREFIX) else None


def magic_value(provider: Provider, scenario: Scenario, free: str = "1") -> str | None:
    """A magic value that asks for a scenario; `free` (hexadecimal digits) makes it unique."""
    magic = provider.lifecycle.magic
    if magic is None:
        return None
    if magic.form == "address":
        return "0x" + address_prefix(scenario) + free.rjust(32, "0")[-32:]
    if magic.form == "query":
        return f"https://example.com/done?{MAGIC_PREFIX}={scenario.alias}.{free}"
    return f"{MAGIC_PREFIX}.{scenario.alias}.{free}"


def address_prefix(scenario: Scenario) -> str:
    """The first four bytes of a magic wallet address, as eight hexadecimal digits."""
    return sha256(f"{MAGIC_PREFIX}.{scenario.alias}".encode()).hexdigest()[:8]


def addresses(provider: Provider) -> dict[str, Scenario]:
    """The scenarios by the first four bytes of their magic wallet addresses."""
    return {address_prefix(scenario): scenario for scenario in provider.lifecycle.scenarios.values()}


def scenario_for(provider: Provider, preference: Preference) -> Scenario:
    """The first scenario with the preferred status on its path and the preferred facts; the happy path without a preference."""
    scenarios = provider.lifecycle.scenarios.values()
    through = [entry for entry in scenarios if preference.status is None or preference.status in entry.path]
    wanted = {name: value for name, value in preference.facts.items() if name in provider.lifecycle.choices}
    for entry in through:
        if all(entry.facts.get(name) == value for name, value in wanted.items()):
            return entry
    return through[0]


def scenario_named(provider: Provider, name: str) -> Scenario:
    """The scenario of that name or alias.

    Raises:
        InvalidPreference: there is none.
    """
    found = session_histories.scenario_named(provider.lifecycle, name)
    if found is None:
        raise InvalidPreference("scenario", name, tuple(provider.lifecycle.scenarios))
    return found


def _scenario(value: str, provider: Provider, _: Operation) -> Scenario:
    return scenario_named(provider, value)


def reachable_states(provider: Provider) -> list[str]:
    """The states that some scenario comes to."""
    return [state for state in provider.lifecycle.states if provider.lifecycle.through(state)]


def _status(value: str, provider: Provider, _: Operation) -> str:
    reachable = reachable_states(provider)
    if value not in reachable:
        raise InvalidPreference("status", value, reachable)
    return value


def _example(value: str, _: Provider, operation: Operation) -> str:
    if operation.example(value) is None:
        raise InvalidPreference("example", value, [name for name, _ in operation.examples()])
    return value


def _example_of_code(value: str, _: Provider, operation: Operation) -> str | None:
    codes = {str(status): name for name, status in reversed(tuple(operation.examples()))}
    if value not in codes and not (value in operation.responses and value.startswith("2")):
        raise InvalidPreference("code", value, sorted({*codes, *operation.responses}))
    # A success comes from the handler: its example would show another session.
    return None if value.startswith("2") else codes[value]


def _seed(value: str, _: Provider, __: Operation) -> int:
    if re.fullmatch(r"[0-9]{1,18}", value) is None:
        raise InvalidPreference("seed", value, ("a number from 0 to 999999999999999999",))
    return int(value)


def _delay(value: str, _: Provider, __: Operation) -> float:
    if re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,3})?", value) is None or float(value) > MOST_DELAY_SECONDS:
        raise InvalidPreference("delay", value, (f"seconds from 0 to {MOST_DELAY_SECONDS:g}",))
    return float(value)


def _pace(value: str, _: Provider, __: Operation) -> Pace:
    try:
        return Pace.parse(value)
    except SettingError:
        raise InvalidPreference("pace", value, ("instant", "manual", "realtime", "10x", "polls:3")) from None


def _dynamic(value: str, _: Provider, __: Operation) -> bool:
    """Prism's name for synthetic answers; here they always are."""
    if value.lower() not in ("", "true", "false"):
        raise InvalidPreference("dynamic", value, ("true", "false"))
    return value.lower() != "false"


_READERS: dict[str, tuple[str, Callable[[str, Provider, Operation], Any]]] = {
    "scenario": ("scenario", _scenario),
    "status": ("status", _status),
    "example": ("example", _example),
    "code": ("example", _example_of_code),
    "seed": ("seed", _seed),
    "delay": ("delay_seconds", _delay),
    "pace": ("pace", _pace),
    "dynamic": ("is_dynamic", _dynamic),
}


def _choice(name: str, value: str, provider: Provider) -> Any:
    possible: Mapping[str, Any]
    if name in provider.lifecycle.choices:
        possible = {_as_text(entry): entry for entry in provider.lifecycle.choices[name].values}
    else:
        possible = {entry: entry for entry in (LOCALES if name == "locale" else DOCUMENTS)}
    if value not in possible:
        raise InvalidPreference(name, value, tuple(possible))
    return possible[value]


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
