"""Reads drifts.yaml: how an answer is changed such that it breaks one rule of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jsonschema_rs

from specimen.specs import Provider
from specimen.specs.core.errors import SpecError, did_you_mean
from specimen.specs.core.yaml_files import read_yaml

SCHEMA_FILE = Path(__file__).with_name("drifts.schema.yaml")


@dataclass(frozen=True, slots=True)
class Change:
    """One change at a JSON pointer (`*` stands for each entry): `action` is set, remove, add or copy; `value` is its operand."""

    pointer: str
    action: str
    value: Any


@dataclass(frozen=True, slots=True)
class Drift:
    """A named way to break one rule: in answers of some operations, where `when` has its values, `changes` are made."""

    name: str
    rule: str
    summary: str
    operations: tuple[str, ...]
    changes: tuple[Change, ...]
    status: int = 200
    when: Mapping[str, tuple[Any, ...]] = field(default_factory=lambda: MappingProxyType({}))


@cache
def _schema() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(read_yaml(SCHEMA_FILE))


@cache
def drifts_of(provider: Provider) -> Mapping[str, Drift]:
    """The drifts of a provider by name, of the drifts.yaml beside its document.

    Raises:
        SpecError: the file states what cannot be.
    """
    return read_drifts(provider.folder / "drifts.yaml", provider.document.operations)


def read_drifts(path: Path, operations: Mapping[str, Any]) -> Mapping[str, Drift]:
    """The drifts of a file by name; none where there is no such file.

    Raises:
        SpecError: an unknown key, a value of the wrong form, or an operation that is not among `operations`.
    """
    if not path.is_file():
        return MappingProxyType({})
    data = read_yaml(path)
    error = next(_schema().iter_errors(data), None)
    if error is not None:
        place = "/".join(str(part) for part in error.instance_path) or "top level"
        raise SpecError(f"{path}: {place}", f"{error.message}.")
    found = {name: _drift(name, entry) for name, entry in data.items()}
    for drift in found.values():
        for operation in drift.operations:
            if operation not in operations:
                what = f"operation '{operation}' is not in openapi.yaml. {did_you_mean(operation, operations)}"
                raise SpecError(f"{path}: {drift.name}", what)
    return MappingProxyType(found)


def _drift(name: str, entry: Mapping[str, Any]) -> Drift:
    changes = []
    for change in entry["changes"]:
        action = next(key for key in ("set", "remove", "add", "copy") if key in change)
        changes.append(Change(change["pointer"], action, change[action]))
    when = {pointer: tuple(values) for pointer, values in entry.get("when", {}).items()}
    return Drift(
        name,
        entry["rule"],
        entry["summary"],
        tuple(entry["operations"]),
        tuple(changes),
        entry.get("status", 200),
        MappingProxyType(when),
    )
