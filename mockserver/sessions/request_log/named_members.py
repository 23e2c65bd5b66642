"""Which members of a request's body a provider's document names, and what may stand there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import Any

from specimen.specs import Document, Operation, Provider
from specimen.specs.loading.schemas import is_rule

_UNIONS = ("allOf", "anyOf", "oneOf")
_NUMBER = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?")


class Place:
    """The combined schemas of one place in a body; `is_named` is false below where an object may have members of any name."""

    def __init__(self, document: Document | None = None, nodes: tuple[Any, ...] = (), *, is_named: bool = True) -> None:
        self._document = document
        self._schemas = () if document is None else tuple(_flat(document, nodes, set()))
        self._members: dict[str, Place] = {}
        self.is_named = is_named and bool(self._schemas)

    @cached_property
    def _kinds(self) -> frozenset[str]:
        found: set[str] = set()
        for schema in self._schemas:
            kind = schema.get("type", ())
            found.update([kind] if isinstance(kind, str) else kind)
        return frozenset(found)

    @property
    def has_texts(self) -> bool:
        """Whether the document names this place, and a text may stand there."""
        return self.is_named and ("string" in self._kinds or not self._kinds)  # a schema without a type is any value's

    @property
    def has_numbers(self) -> bool:
        """Whether the document names this place, and a number or a text may stand there."""
        return self.has_texts or (self.is_named and not self._kinds.isdisjoint(("integer", "number")))

    def has_form_text(self, text: str) -> bool:
        """Whether the document names this part of a form, and a value written like this text may stand there."""
        if "array" in self._kinds:  # the part is one of its items
            return self.item.has_form_text(text)
        is_switch = self.is_named and "boolean" in self._kinds and text.lower() in ("true", "false")
        return self.has_texts or is_switch or (self.has_numbers and _NUMBER.fullmatch(text) is not None)

    def member(self, name: str) -> Place:
        """The place of an object's member."""
        found = self._members.get(name)
        if found is None:
            nodes = tuple(schema["properties"][name] for schema in self._schemas if name in schema.get("properties", {}))
            if not nodes:  # not kept by its name: what senders add must not fill the memory
                return self._others
            found = self._members[name] = Place(self._document, nodes)
        return found

    @cached_property
    def item(self) -> Place:
        """The place of an array's items."""
        nodes = tuple(schema["items"] for schema in self._schemas if "items" in schema)
        return Place(self._document, nodes, is_named=self.is_named)

    @cached_property
    def _others(self) -> Place:
        return Place(self._document, tuple(schema.get("additionalProperties") for schema in self._schemas), is_named=False)


def _flat(document: Document, nodes: tuple[Any, ...], seen: set[int]) -> Iterator[Mapping[str, Any]]:
    """The schemas, those that they refer to, and the branches of their unions, without named rules."""
    for node in nodes:
        if not isinstance(node, Mapping) or id(node) in seen or is_rule(node):
            continue
        seen.add(id(node))
        yield node
        if "$ref" in node:
            yield from _flat(document, (document.resolve(node)[0],), seen)
        for union in _UNIONS:
            yield from _flat(document, tuple(node.get(union, ())), seen)


_NOWHERE = Place()


def _operation(provider: Provider | None, operation_id: str | None) -> Operation | None:
    return None if provider is None or operation_id is None else provider.document.operations.get(operation_id)


@cache
def request_body(provider: Provider | None, operation_id: str | None) -> Place:
    """The place of a request's body; one that no document names where there is no such operation."""
    operation = _operation(provider, operation_id)
    if provider is None or operation is None:
        return _NOWHERE
    pointers = dict.fromkeys(media.pointer for media in operation.bodies if media.pointer is not None)
    return Place(provider.document, tuple(provider.document.at(pointer) for pointer in pointers))


@cache
def query_names(provider: Provider | None, operation_id: str | None) -> frozenset[str]:
    """The query parameters of an operation."""
    operation = _operation(provider, operation_id)
    parameters = () if operation is None else operation.parameters
    return frozenset(one.name for one in parameters if one.location == "query")


@cache
def header_names(provider: Provider | None) -> frozenset[str]:
    """The headers, in lower case, that are parameters of a provider's operations."""
    operations = () if provider is None else provider.document.operations.values()
    return frozenset(one.name.lower() for operation in operations for one in operation.parameters if one.location == "header")
