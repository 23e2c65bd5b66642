"""A fault's rule: its kind and parameters, and the requests that it is for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema_rs

from specimen.mockserver.errors import SettingError, did_you_mean
from specimen.specs.core.yaml_files import read_yaml

SCHEMA_FILE = Path(__file__).with_name("faults.schema.yaml")
PRESET_FILE = Path(__file__).with_name("presets.yaml")
MOST_RULES = 200  # of a namespace
# What decides about a request by its place in the order of those that match.
_COUNTED = frozenset({"share", "after", "count"})


class InvalidFault(SettingError):
    """A fault's rule has another form than the schema says."""


@dataclass(frozen=True, slots=True)
class FaultRule:
    """One rule: `what` are the kind's parameters, `match` which requests it is for.

    `since` is when it began (milliseconds); `change` is which change of the namespace's faults set it, from which it counts anew.
    """

    id: str
    kind: str
    what: Mapping[str, Any]
    match: Mapping[str, Any] = field(default_factory=dict)
    since: int = 0
    change: int = 0

    @property
    def is_counted(self) -> bool:
        """Whether it matters which of the matching requests one is."""
        return not _COUNTED.isdisjoint(self.match)

    def fits(self, provider: str, operation: str | None, texts: Sequence[str]) -> bool:
        """Whether the rule is for a request, but for share and count; `texts` are where an id of a session can stand."""
        match = self.match
        if match.get("provider", provider) != provider or match.get("operation", operation) != operation:
            return False
        session = match.get("session")
        if session is None:
            return True
        return any(one in text for one in ([session] if isinstance(session, str) else session) for text in texts)

    def is_of(self, namespace: str) -> bool:
        """Whether a namespace gets the rule."""
        return bool(self.match.get("namespace", namespace) == namespace)

    def is_due(self, number: int) -> bool:
        """Whether the rule is done on the matching request of that number, counted from 1."""
        match = self.match
        number -= match.get("after", 0)
        if number < 1:
            return False
        share, most = match.get("share"), match.get("count")
        if share is None:
            return most is None or number <= most
        if most is not None and sum(self._is_drawn(earlier, share) for earlier in range(1, number)) >= most:
            return False
        return self._is_drawn(number, share)

    def _is_drawn(self, number: int, share: float) -> bool:
        return self.fraction(f"share/{number}") < share

    def fraction(self, name: str) -> float:
        """A number from 0 to 1 that depends on the rule, its seed and a name."""
        digest = sha256(f"{self.match.get('seed', 0)}/{self.id}/{name}".encode()).digest()
        return int.from_bytes(digest[:7], "big") / 2**56

    def as_json(self) -> dict[str, Any]:
        """The rule in the form of a faults file."""
        return {"id": self.id, "kind": self.kind, **self.what, **({"match": dict(self.match)} if self.match else {})}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of faults: what it does, its parameters with their descriptions, and which one `Prefer: fault=kind:value` sets.

    `request` says whether the request is done: what it changes is then changed, whatever its caller gets to see.
    """

    name: str
    summary: str
    parameters: Mapping[str, Any]
    value: str | None
    request: str


@cache
def schema() -> Mapping[str, Any]:
    """The JSON Schema of a faults file."""
    found: Mapping[str, Any] = read_yaml(SCHEMA_FILE)
    return found


@cache
def kinds() -> Mapping[str, Kind]:
    """All kinds by name, in the order of the schema."""
    found = {}
    for entry in schema()["$defs"]["rule"]["oneOf"]:
        name = entry["$ref"].rpartition("/")[2]
        node = schema()["$defs"][name]
        parameters = {key: value for key, value in node["properties"].items() if key != "kind"}
        found[name] = Kind(name, node["description"], parameters, node.get("x-value"), node["x-request"])
    return found


@cache
def presets() -> Mapping[str, Any]:
    """Named lists of rules."""
    found: Mapping[str, Any] = read_yaml(PRESET_FILE)
    return found


@cache
def _validator(kind: str) -> jsonschema_rs.Draft202012Validator:
    """One kind's own schema: its errors say more than those of the union."""
    defs = schema()["$defs"]
    rule = {key: value for key, value in defs["rule"].items() if key != "oneOf"}
    return jsonschema_rs.Draft202012Validator({**rule, "allOf": [defs[kind]], "$defs": dict(defs)})


def parsed(value: Any, *, since: int = 0, default_id: str = "") -> FaultRule:
    """A rule in the form of a faults file.

    Raises:
        InvalidFault: it has another form; the message names the place.
    """
    if not isinstance(value, Mapping):
        raise InvalidFault("fault: expected an object with `kind`.")
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in kinds():
        raise InvalidFault(f"fault kind {json.dumps(kind)[:60]}: there is none. {did_you_mean(str(kind), kinds())}")
    error = next(_validator(kind).iter_errors(dict(value)), None)
    if error is not None:
        place = "/".join(str(part) for part in error.instance_path)
        raise InvalidFault(f"fault '{kind}'{f', {place}' if place else ''}: {error.message[:300]}.")
    what = {name: entry for name, entry in value.items() if name not in ("id", "kind", "match")}
    return FaultRule(value.get("id") or default_id, kind, what, dict(value.get("match", {})), since)


def parsed_all(values: Sequence[Any], *, since: int = 0) -> tuple[FaultRule, ...]:
    """Rules in the form of a faults file; those without an id get one of their place.

    Raises:
        InvalidFault: one has another form, or two have one id.
    """
    found = tuple(parsed(value, since=since, default_id=f"fault-{number}") for number, value in enumerate(values, 1))
    names: set[str] = set()
    for rule in found:
        if rule.id in names:
            raise InvalidFault(f"fault '{rule.id}': two rules have this id.")
        names.add(rule.id)
    return found


def read(name: str) -> list[Any]:
    """The rules of a preset, or of a file (JSON or YAML) that the name leads to.

    Raises:
        InvalidFault: there is neither, or the file has another form.
    """
    if name in presets():
        return list(presets()[name])
    path = Path(name)
    if not path.is_file():
        raise InvalidFault(f"faults '{name}': neither a file nor a preset. {did_you_mean(name, presets())}")
    value = read_yaml(path)
    if not isinstance(value, Mapping) or not isinstance(value.get("faults"), list):
        raise InvalidFault(f"{path}: expected an object with `faults`, a list of rules.")
    stray = next((key for key in value if key not in ("faults", "$schema")), None)
    if stray is not None:
        raise InvalidFault(f"{path}: unknown key '{stray}'. {did_you_mean(stray, ('faults', '$schema'))}")
    try:
        parsed_all(value["faults"])
    except InvalidFault as error:
        raise InvalidFault(f"{path}: {error}") from None
    return list(value["faults"])


def from_text(text: str) -> FaultRule:
    """A rule as a header or a magic value names it: `reset`, `status:503`, `delay:0.5`, `drift:KAY-004`, `script:created+503`.

    Raises:
        InvalidFault: there is no such kind, or it takes no such value.
    """
    name, _, value = text.partition(":")
    kind = kinds().get(name)
    if kind is None:
        raise InvalidFault(f"fault '{name[:60]}': there is none. {did_you_mean(name, kinds())}")
    if not value:
        return parsed({"kind": name, "id": "asked-for"})
    if kind.value is None:
        raise InvalidFault(f"fault '{name}' takes no value.")
    return parsed({"kind": name, kind.value: _value(kind, value), "id": "asked-for"})


def _value(kind: Kind, text: str) -> Any:
    if kind.value == "answers":
        return [int(part) if part.isdecimal() else part for part in re.split(r"[+\s]+", text)]
    if re.fullmatch(r"[0-9]{1,9}", text):
        return int(text)
    return float(text) if re.fullmatch(r"[0-9]{1,9}\.[0-9]{1,6}", text) else text


def due(rules: Sequence[FaultRule], provider: str, operation: str | None, texts: Sequence[str]) -> Iterator[FaultRule]:
    """The rules that are for a request, in their order; whether counted ones are done is another question."""
    return (rule for rule in rules if rule.fits(provider, operation, texts))
