"""Parameters as a document describes them, and the text form of one value."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from specimen.specs.core.errors import SpecError, SpecimenError

# The styles of OpenAPI 3.1 ("Parameter Object", style) that are written and read here, the default first.
STYLES: Mapping[str, tuple[str, ...]] = {
    "path": ("simple",),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form",),
}
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,300})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,300})(\.[0-9]{1,300})?([eE][+-]?[0-9]{1,3})?")
# Below it, the digits of a float without a fraction fit what is read as an integer.
_MOST_INTEGER = 1e300
_NESTED = frozenset({"array", "object"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """A path, query or header parameter.

    Attributes:
        pointer: the place of its schema in the document.
        style: how an array or an object is written, by default what OpenAPI has for the location.
        explode: whether each entry is a parameter or pair of its own.
        allow_reserved: whether reserved characters stay as they are in a query.
        items: the schema of an array's entries.
        properties: the schemas of an object's properties.
    """

    name: str
    location: str
    required: bool
    schema: Mapping[str, Any]
    pointer: str
    style: str = ""
    explode: bool = False
    allow_reserved: bool = False
    items: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def is_composite(self) -> bool:
        """Whether its value is an array or an object."""
        return bool(kinds(self.schema) & _NESTED)


def parameter_of(node: Mapping[str, Any], pointer: str, where: str, resolve: Callable[[Any], Any]) -> Parameter:
    """A resolved Parameter Object at a JSON pointer, with the defaults of OpenAPI; `resolve` follows a `$ref`.

    Raises:
        SpecError: its serialization is not supported; the error begins with `where`.
    """
    location = node["in"]
    if location not in STYLES:
        raise SpecError(where, f"parameter '{node['name']}': in '{location}', expected one of {', '.join(STYLES)}.")
    schema = _schema(resolve(node.get("schema", {})))
    style = node.get("style", STYLES[location][0])
    found = Parameter(
        node["name"],
        location,
        bool(node.get("required")),
        schema,
        f"{pointer}/schema",
        style,
        bool(node.get("explode", style == "form")),
        bool(node.get("allowReserved")) and location == "query",
        _schema(resolve(schema.get("items", {}))),
        {name: _schema(resolve(entry)) for name, entry in schema.get("properties", {}).items()},
    )
    problem = "'content' is not supported, expected 'schema' and 'style'." if "content" in node else _problem(found)
    if problem:
        raise SpecError(where, f"{location} parameter '{found.name}': {problem}")
    return found


def _schema(node: Any) -> Mapping[str, Any]:
    """A schema's keywords; one that is `true` or `false` has none."""
    return node if isinstance(node, Mapping) else {}


def _problem(parameter: Parameter) -> str | None:
    """Why an array or an object cannot be written and read in the parameter's style."""
    style, possible = parameter.style, STYLES[parameter.location]
    if style not in possible:
        return f"style '{style}' is not supported, expected {' or '.join(possible)}."
    types = kinds(parameter.schema) if "type" in parameter.schema else frozenset()
    if style in ("spaceDelimited", "pipeDelimited"):
        if parameter.explode:
            return f"style '{style}' has no meaning with 'explode: true' (OpenAPI 3.1). Leave explode out."
        if types and not types & _NESTED:
            return f"style '{style}' is for arrays and objects, expected form."
    if style == "deepObject" and types and "object" not in types:
        return "style 'deepObject' is for objects, expected form."
    if style == "form" and parameter.explode and "object" in types and not parameter.properties:
        return (
            "an object of style 'form' that explodes needs 'properties', else its names are not distinct from other parameters."
        )
    entries = {"an entry": parameter.items, **{f"'{name}'": entry for name, entry in parameter.properties.items()}}
    for name, entry in entries.items():
        if types & _NESTED and "type" in entry and kinds(entry) & _NESTED:
            return f"{name} is an array or an object; OpenAPI has no style for one inside another. Describe it as a body."
    return None


def kinds(schema: Mapping[str, Any]) -> frozenset[str]:
    """The types of a schema; string where it names none, since a parameter is text."""
    kind = schema.get("type", "string")
    return frozenset(kind if isinstance(kind, list) else [kind])


def typed(text: str, schema: Mapping[str, Any]) -> Any:
    """The value of a parameter's text by its schema's type; text that is no such value stays text."""
    types = kinds(schema)
    if "integer" in types and _INTEGER.fullmatch(text):
        return int(text)
    if "number" in types and _NUMBER.fullmatch(text):
        return float(text)
    if "boolean" in types and text in ("true", "false"):
        return text == "true"
    if "null" in types and text == "null" and "string" not in types:
        return None
    return text


def text_of(value: Any) -> str:
    """The text of one value, which `typed` reads: a text as it is, another value as JSON, a float without fraction as an integer.

    Raises:
        SpecimenError: it is a number that JSON does not have.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise SpecimenError(f"a parameter's value is {value}: expected a number that JSON has.")
        if value.is_integer() and abs(value) < _MOST_INTEGER:
            return str(int(value))
    return json.dumps(value)
