"""Reads YAML files as plain JSON values, with the file's name in every error, and writes such values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from specimen.specs.core.errors import SpecError

# libyaml's loader is ten times faster; the pure Python one is for a PyYAML that was built without it.
_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Loader(_BASE):  # type: ignore[misc]  # the base is chosen at run time
    """YAML's JSON part: timestamps stay the text that the file shows; a repeated key is an error."""


def _mapping(loader: Any, node: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(loader.construct_object(key_node, deep=True))
        if key in found:
            raise yaml.constructor.ConstructorError(None, None, f"the key '{key}' stands twice", key_node.start_mark)
        found[key] = loader.construct_object(value_node, deep=True)
    return found


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in _BASE.yaml_implicit_resolvers.items()
}
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read_yaml(path: Path) -> Any:
    """The value in a YAML file, its keys as text.

    Raises:
        SpecError: the file is missing, is not UTF-8 or is not YAML; the text names the line.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - derived from the safe loader
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SpecError(str(path), " ".join(str(error).split())) from error


class _Dumper(_DUMPER):  # type: ignore[misc]  # as above
    """Writes what stands at two places twice: readers limit the number of aliases, or know none."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def yaml_text(value: Any) -> str:
    """A JSON value as YAML."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    return text
