"""An OpenAPI document as code generators need it: the shapes of the vendor's values, without the rules between fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# What only constrains: a generator makes no field of it, and at worst a type that is named after the rule's sentence.
_CONSTRAINTS = frozenset(
    {"if", "then", "else", "not", "patternProperties", "propertyNames", "dependentSchemas", "dependentRequired", "contains",
     "minContains", "maxContains", "unevaluatedProperties", "unevaluatedItems"}
)  # fmt: skip
# A schema without any of these says nothing of its values' shape.
_SHAPE = frozenset(
    {"$ref", "type", "properties", "items", "prefixItems", "additionalProperties", "allOf", "anyOf", "oneOf", "enum", "const",
     "format", "contentEncoding", "contentMediaType"}
)  # fmt: skip
CLIENTS, CONTRACT = "clients", "contract"
AUDIENCES = (CLIENTS, CONTRACT)
_NAMED_SCHEMAS = ("properties", "$defs")
_SCHEMAS = ("items", "additionalProperties")
_SCHEMA_LISTS = ("anyOf", "oneOf", "prefixItems")
_DATA = frozenset({"value", "example", "examples", "const", "default", "enum"})
_RULE = re.compile(r"[A-Z]{2,}-[0-9]+\b")


def for_audience(document: Mapping[str, Any], audience: str) -> dict[str, Any]:
    """A document for code generators (`clients`), or with all its rules (`contract`); `info` says which one it is."""
    made = for_clients(document) if audience == CLIENTS else document
    return {**made, "info": {**made["info"], "x-specimen-for": audience}}


def with_server(document: Mapping[str, Any], url: str) -> dict[str, Any]:
    """A document whose first server is the mock's; the vendor's own follow."""
    return {**document, "servers": [{"url": url, "description": "this server"}, *document.get("servers", ())]}


def for_clients(document: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a document whose schemas hold no rule between fields and no pattern of property names.

    What a schema accepted it still accepts; operations, parameters, and the names of schemas and fields stay.
    """
    found: dict[str, Any] = _ClientDocument(document).part(document)
    return found


class _ClientDocument:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._schemas: Mapping[str, Any] = document.get("components", {}).get("schemas", {})

    def part(self, node: Any) -> Any:
        """A part of the document that is no schema."""
        if isinstance(node, list):
            return [self.part(entry) for entry in node]
        if not isinstance(node, Mapping):
            return node
        found = {}
        for key, value in node.items():
            if key == "schema":
                found[key] = self.schema(value)
            elif key == "links" and _are_links(value):
                continue  # generators make nothing of them, and OpenAPI Generator refuses a `requestBody` that is no text
            elif key == "schemas" and isinstance(value, Mapping):
                found[key] = {name: self.schema(entry) for name, entry in value.items()}
            else:
                found[key] = value if key in _DATA else self.part(value)
        return found

    def schema(self, schema: Any) -> Any:
        """A schema without its rules."""
        if not isinstance(schema, Mapping):
            return schema
        found: dict[str, Any] = {}
        for key, value in schema.items():
            if key in _CONSTRAINTS or key == "allOf" or (key == "title" and _is_rule(schema)):
                continue
            if key in _NAMED_SCHEMAS:
                found[key] = {name: self.schema(entry) for name, entry in value.items()}
            elif key in _SCHEMAS:
                found[key] = self.schema(value)
            elif key in _SCHEMA_LISTS:
                branches = [entry if entry == {"type": "null"} else self.schema(entry) for entry in value]
                if any(_has_shape(entry) for entry in branches):
                    # Without what told its branches apart a value may fit two of them.
                    found["anyOf" if key == "oneOf" and self._has_rules(value, set()) else key] = branches
            else:
                found[key] = value
        if "patternProperties" in schema and found.get("type") == "object" and "additionalProperties" not in found:
            found["additionalProperties"] = self._common(schema["patternProperties"])
        if found.get("type") == "null":
            found["type"] = ["object", "null"]  # several generators know null beside another type alone
        return self._with_parts(found, schema.get("allOf", ()))

    def _with_parts(self, found: dict[str, Any], entries: Any) -> dict[str, Any]:
        """A schema with those of its `allOf` entries that have a shape; a single one takes the place of the list."""
        parts = [self.schema(entry) for entry in entries if not _is_rule(entry)]
        shaped = [part for part in parts if _has_shape(part)]
        if "properties" in found:
            required = [name for part in parts if not _has_shape(part) for name in part.get("required", ())]
            if required:
                found["required"] = list(dict.fromkeys([*found.get("required", ()), *required]))
        if len(shaped) == 1 and not (_SHAPE & found.keys() - {"type"}):
            found = {key: value for key, value in found.items() if key != "required"}
            return {**found, **shaped[0]}
        return {**found, "allOf": shaped} if shaped else found

    def _common(self, patterns: Mapping[str, Any]) -> Any:
        """What all properties have whose names match a pattern, where that is one thing."""
        schemas = [self.schema(entry) for entry in patterns.values() if entry is not False]
        return schemas[0] if schemas and all(entry == schemas[0] for entry in schemas) else True

    def _has_rules(self, node: Any, seen: set[str]) -> bool:
        """Whether a schema loses anything, or one that it refers to does."""
        if isinstance(node, list):
            return any(self._has_rules(entry, seen) for entry in node)
        if not isinstance(node, Mapping):
            return False
        reference = node.get("$ref")
        if isinstance(reference, str) and reference not in seen:
            seen.add(reference)
            if self._has_rules(self._schemas.get(reference.rpartition("/")[2]), seen):
                return True
        return not _CONSTRAINTS.isdisjoint(node) or any(
            self._has_rules(value, seen) for key, value in node.items() if key not in _DATA
        )


def _are_links(value: Any) -> bool:
    return isinstance(value, Mapping) and all("operationId" in one or "operationRef" in one for one in value.values())


def _has_shape(schema: Any) -> bool:
    return not isinstance(schema, Mapping) or not _SHAPE.isdisjoint(schema)


def _is_rule(schema: Any) -> bool:
    """Whether a schema states a rule: its title begins with the rule's id."""
    return isinstance(schema, Mapping) and _RULE.match(str(schema.get("title", ""))) is not None
