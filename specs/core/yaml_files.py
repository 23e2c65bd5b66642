"""Reads YAML files as plain JSON values, with the file's name in every error, and writes such values."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from specimen.specs.core.errors import SpecError

# libyaml's loader is ten times faster; the pure Python one is for a PyYAML that was built without it.
_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


_TEXT, _LIST, _MAP = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))
_RESOLVERS = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in _BASE.yaml_implicit_resolvers.items()
}


@lru_cache(maxsize=4096)  # the same keys and types stand in a file hundreds of times
def _tag(text: str) -> str:
    """What a scalar without quotes is."""
    resolvers = (*_RESOLVERS.get(text[:1], ()), *_RESOLVERS.get(None, ()))
    return next((tag for tag, pattern in resolvers if pattern.match(text)), _TEXT)


class _Loader(_BASE):  # type: ignore[misc]  # the base is chosen at run time
    """YAML's JSON part: timestamps stay the text that the file shows; a repeated key is an error.

    Values are made from nodes directly, in a third of the time that PyYAML's constructors take.
    """

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        return _tag(value) if kind is yaml.ScalarNode and implicit[0] else super().resolve(kind, value, implicit)

    def construct_document(self, node: Any) -> Any:
        return self._value(node, {})

    def _value(self, node: Any, made: dict[int, Any]) -> Any:
        """The value of a node; `made` are the lists and mappings so far by the node's identity: an alias is the same object."""
        tag = node.tag
        if tag == _TEXT and type(node) is yaml.ScalarNode:
            return node.value
        if tag not in (_LIST, _MAP):
            return self.construct_object(node, deep=True)
        key = id(node)
        if key not in made:
            made[key] = _UNFINISHED
            made[key] = self._mapping(node, made) if tag == _MAP else [self._value(entry, made) for entry in node.value]
        elif made[key] is _UNFINISHED:
            raise yaml.constructor.ConstructorError(None, None, "a value holds itself", node.start_mark)
        return made[key]

    def _mapping(self, node: Any, made: dict[int, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(self._value(key_node, made))
            if key in found:
                raise yaml.constructor.ConstructorError(None, None, f"the key '{key}' stands twice", key_node.start_mark)
            found[key] = self._value(value_node, made)
        return found


_UNFINISHED = object()


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
