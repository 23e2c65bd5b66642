"""The fields of a valid payload, each with its schemas and its meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from specimen.contracts.payloads.model.mutations import ABSENT
from specimen.specs import Provider
from specimen.specs.core.json_pointer import escape
from specimen.specs.loading.field_semantics import FieldMeaning
from specimen.specs.loading.openapi import mark_of
from specimen.specs.loading.schemas import is_rule

JSON_TYPES = ("string", "integer", "number", "boolean", "object", "array", "null")
# The fields that name the type of an array's item.
_TELLING = ("type", "caption", "title")
# The keywords that fix the format of a text.
_SETTLES = ("enum", "const", "pattern", "format")


@dataclass(frozen=True)
class PayloadField:
    """A field of a payload.

    Attributes:
        pointer: where it stands in the payload (RFC 6901); requests begin with /path, /query, /headers or /body.
        parts: the same, unescaped.
        label: the same for people and for ids: an array's item by its type (`document`), not by its index, which may move.
        value: its valid value; `ABSENT` for an optional field that is left out.
        nodes: its schemas, references resolved; none for an undocumented field.
        holds: what it holds, by the provider's field_semantics.yaml; None where that says nothing.
        required: whether its object must have it.
        is_twin: whether an earlier field has the same schemas, so that changes of the type add nothing.
        mark: A where the document only assumes the field or what contains it.
    """

    pointer: str
    parts: tuple[str, ...]
    value: Any
    nodes: tuple[Mapping[str, Any], ...]
    holds: str | None
    required: bool
    is_twin: bool
    mark: str
    label: str

    @property
    def name(self) -> str:
        """The field's own name."""
        return self.parts[-1] if self.parts else ""

    @property
    def is_present(self) -> bool:
        """Whether the payload has it."""
        return self.value is not ABSENT

    @property
    def is_text_only(self) -> bool:
        """Whether it travels as text whatever its type: in a path, a query or a header."""
        return bool(self.parts) and self.parts[0] in ("path", "query", "headers")

    @cached_property
    def types(self) -> frozenset[str]:
        """The JSON types that the schemas name; all where they name none."""
        named = [node["type"] for node in self.nodes if "type" in node]
        if not named:
            return frozenset(JSON_TYPES)
        return frozenset(each for entry in named for each in (entry if isinstance(entry, list) else [entry]))

    @cached_property
    def is_open_text(self) -> bool:
        """Whether it takes any text: a string without enumeration, pattern or format that is more than assumed."""
        return "string" in self.types and not any(
            key in node and key not in node.get("x-assumed", ()) for node in self.nodes for key in _SETTLES
        )

    def keyword(self, name: str) -> Any:
        """The value of a keyword in the first schema that has it, or None."""
        return next((node[name] for node in self.nodes if name in node), None)


def places(provider: Provider, payload: Any, pointer: str | None, prefix: tuple[str, ...] = ()) -> Iterator[PayloadField]:
    """Yields every field of a valid payload, the root first; of an array the items that differ in schemas or meaning.

    Args:
        provider: whose document and field_semantics.yaml describe it.
        payload: the whole payload, into which the pointers of field_semantics.yaml lead.
        pointer: the JSON pointer to its schema in the document; None where it has none.
        prefix: where in the payload the described value stands (`("body",)` in a request).
    """
    node = payload
    for part in prefix:
        node = node[part]
    schemas = () if pointer is None else flat(provider, provider.document.at(pointer), node)
    yield from _Walk(provider, payload).walk(node, schemas, prefix, prefix, required=True, mark="D")


class _Walk:
    def __init__(self, provider: Provider, payload: Any) -> None:
        self.provider = provider
        self.payload = payload
        self.seen: set[tuple[int, ...]] = set()
        self.held: set[tuple[tuple[int, ...], FieldMeaning | None]] = set()
        self.meanings: dict[tuple[str, ...], FieldMeaning | None] = {}

    def walk(
        self,
        value: Any,
        nodes: tuple[Mapping[str, Any], ...],
        parts: tuple[str, ...],
        labels: tuple[str, ...],
        *,
        required: bool,
        mark: str,
    ) -> Iterator[PayloadField]:
        mark = "A" if mark == "A" or any(mark_of(node) == "A" for node in nodes) else "D"
        holding = self.holding(parts)
        name = re.sub(r"\d+", "0", parts[-1]) if parts else ""
        key = (*sorted(id(node) for node in nodes), hash(name) if not nodes else 0)
        # What no schema describes is known by its place.
        known = key if nodes else (hash(re.sub(r"/\d+", "/0", "/".join(parts))),)
        if (known, holding) in self.held and parts and not isinstance(value, (dict, list)):
            return
        is_twin = known in self.seen
        self.seen.add(known)
        self.held.add((known, holding))
        pointer = "".join(f"/{escape(part)}" for part in parts)
        holds = None if holding is None else holding.holds
        yield PayloadField(pointer, parts, value, nodes, holds, required, is_twin, mark, ".".join(labels))
        if isinstance(value, Mapping) and "base64" not in value:  # that would be a form's file
            needed = {entry for node in nodes for entry in node.get("required", ())}
            for child in value:
                below = child_nodes(self.provider, nodes, child, value[child])
                here = (*parts, child), (*labels, slug(child))
                yield from self.walk(value[child], below, *here, required=child in needed, mark=mark)
            if not is_twin:
                for child in sorted({entry for node in nodes for entry in node.get("properties", {})} - set(value)):
                    below = child_nodes(self.provider, nodes, child, ABSENT)
                    if below:
                        here = (*parts, child), (*labels, slug(child))
                        yield from self.walk(ABSENT, below, *here, required=child in needed, mark=mark)
        elif isinstance(value, list):
            yield from self.items(value, nodes, parts, labels, mark)

    def items(
        self, value: list[Any], nodes: tuple[Mapping[str, Any], ...], parts: tuple[str, ...], labels: tuple[str, ...], mark: str
    ) -> Iterator[PayloadField]:
        shapes = set()
        for index, item in enumerate(value):
            below = tuple(each for node in nodes if "items" in node for each in flat(self.provider, node["items"], item))
            here = (*parts, str(index))
            names = frozenset(item) if isinstance(item, Mapping) else None
            shape = (tuple(id(node) for node in below), names, self.inside(item, here))
            if shape in shapes:
                continue
            shapes.add(shape)
            # Items of one type, such as both sides of a card, share their labels: a kind is made at the first of them.
            yield from self.walk(item, below, here, (*labels, kind_of(item) or str(index)), required=True, mark=mark)

    def inside(self, item: Any, parts: tuple[str, ...]) -> frozenset[FieldMeaning | None]:
        """Returns the meanings of an item and of everything in it."""
        found = {self.holding(parts)}
        entries = item.items() if isinstance(item, Mapping) else enumerate(item) if isinstance(item, list) else ()
        for key, entry in entries:
            found |= self.inside(entry, (*parts, str(key)))
        return frozenset(found)

    def holding(self, parts: tuple[str, ...]) -> FieldMeaning | None:
        """The first pattern of field_semantics.yaml that fits; looked up once, though each array around asks for it."""
        if parts not in self.meanings:
            self.meanings[parts] = self.provider.field_semantics.at(parts, self.payload)
        return self.meanings[parts]


def kind_of(item: Any) -> str | None:
    """Returns the type of an array's item as a part of an id; None where it has none."""
    found = next((item[name] for name in _TELLING if isinstance(item.get(name), str)), "") if isinstance(item, Mapping) else ""
    return slug(found) or None


def slug(text: str) -> str:
    """Replaces the characters that an id cannot have."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")


def flat(provider: Provider, node: Any, value: Any) -> tuple[Mapping[str, Any], ...]:
    """Flattens a schema with its parts: references, `allOf` but for named rules, and the branches of a union that fit."""
    node = provider.document.resolve(node)[0]
    if not isinstance(node, Mapping):
        return ()
    found: list[Mapping[str, Any]] = [node]
    for part in node.get("allOf", ()):
        entry = provider.document.resolve(part)[0]
        if isinstance(entry, Mapping) and not is_rule(entry):
            found += flat(provider, entry, value)
    for word in ("anyOf", "oneOf"):
        branches = [branch for entry in node.get(word, ()) for branch in flat(provider, entry, value)[:1]]
        fitting = [branch for branch in branches if value is ABSENT or fits(branch, value)]
        for branch in fitting or branches:
            found += flat(provider, branch, value)
    return tuple(found)


def fits(node: Mapping[str, Any], value: Any) -> bool:
    """Whether a schema's type, constant and required fields allow a value: enough to choose a branch of a union."""
    wanted = node.get("type")
    if wanted is not None and not any(is_of(value, each) for each in (wanted if isinstance(wanted, list) else [wanted])):
        return False
    if isinstance(value, Mapping):
        if any(name not in value for name in node.get("required", ())):
            return False
        for name, below in node.get("properties", {}).items():
            if isinstance(below, Mapping) and name in value:
                if "const" in below and below["const"] != value[name]:
                    return False
                if "enum" in below and value[name] not in below["enum"]:
                    return False
    return not ("const" in node and node["const"] != value) and not ("enum" in node and value not in node["enum"])


def is_of(value: Any, kind: str) -> bool:
    """Whether a JSON value is of a type as JSON Schema names it."""
    if kind == "null":
        return value is None
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in ("integer", "number"):
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return is_number and (kind == "number" or value == int(value))
    return isinstance(value, {"string": str, "object": Mapping, "array": list}[kind])


def child_nodes(provider: Provider, nodes: tuple[Mapping[str, Any], ...], name: str, value: Any) -> tuple[Mapping[str, Any], ...]:
    """Returns the schemas of an object's field."""
    found: list[Mapping[str, Any]] = []
    for node in nodes:
        own = [node["properties"][name]] if name in node.get("properties", {}) else []
        own += [each for pattern, each in node.get("patternProperties", {}).items() if re.search(pattern, name)]
        if not own and isinstance(node.get("additionalProperties"), Mapping):
            own = [node["additionalProperties"]]
        for each in own:
            found += flat(provider, each, value)
    return tuple(found)
