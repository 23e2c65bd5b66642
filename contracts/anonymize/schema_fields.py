"""The schemas of a field in a provider's document: types, listed values, and fields below."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import Any

from specimen.contracts.http.sse import event_pointer
from specimen.contracts.redaction.spelling import letters
from specimen.specs import Document, Operation, Provider
from specimen.specs.loading.schemas import is_rule

_UNIONS = ("allOf", "anyOf", "oneOf")
# `^ses_`: what a pattern spells out at its beginning.
_PREFIX = re.compile(r"\^([A-Za-z]{1,8}_)")


class SchemaLocation:
    """The combined schemas of one field, without named rules.

    A field without a schema is unknown.
    """

    def __init__(self, document: Document, nodes: tuple[Any, ...] = ()) -> None:
        self._document = document
        self._schemas = tuple(_flat(document, nodes, set()))
        self._below: dict[str, SchemaLocation] = {}

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The types that JSON Schema names here."""
        found: set[str] = set()
        for schema in self._schemas:
            kind = schema.get("type", ())
            found.update([kind] if isinstance(kind, str) else kind)
        return frozenset(found)

    @cached_property
    def words(self) -> frozenset[str]:
        """The texts that the document lists as possible values here."""
        listed = [value for schema in self._schemas for value in (*schema.get("enum", ()), schema.get("const"))]
        return frozenset(value for value in listed if isinstance(value, str))

    def is_word(self, value: str) -> bool:
        """Whether a text is a possible value that the document lists, or a word of the vendor's page in another spelling."""
        return value in self.words or letters(value) in self._spellings

    @cached_property
    def _spellings(self) -> frozenset[str]:
        return frozenset(letters(word) for schema in self._schemas for word in schema.get("x-words", ()))

    @property
    def is_text(self) -> bool:
        """Whether a text may stand here."""
        return "string" in self.kinds or (bool(self._schemas) and not self.kinds)  # a schema without a type is any value's

    @property
    def is_number(self) -> bool:
        """Whether a number may stand here."""
        return not self.kinds.isdisjoint(("integer", "number"))

    @cached_property
    def is_moment(self) -> bool:
        """Whether a date with its time stands here."""
        return any(schema.get("format") == "date-time" for schema in self._schemas)

    def field(self, name: str) -> SchemaLocation:
        """The place of an object's field."""
        found = self._below.get(name)
        if found is None:
            nodes = tuple(schema["properties"][name] for schema in self._schemas if name in schema.get("properties", {}))
            if not nodes:  # not kept by its name: what a vendor adds must not fill the memory
                return self._others
            found = self._below[name] = SchemaLocation(self._document, nodes)
        return found

    @cached_property
    def item(self) -> SchemaLocation:
        """The place of an array's items."""
        return SchemaLocation(self._document, tuple(schema["items"] for schema in self._schemas if "items" in schema))

    @cached_property
    def _others(self) -> SchemaLocation:
        return SchemaLocation(self._document, tuple(schema.get("additionalProperties") for schema in self._schemas))


def _flat(document: Document, nodes: tuple[Any, ...], seen: set[int]) -> Iterator[Mapping[str, Any]]:
    """The schemas, those that they refer to, and the branches of their unions."""
    for node in nodes:
        if not isinstance(node, Mapping) or id(node) in seen or is_rule(node):
            continue
        seen.add(id(node))
        yield node
        if "$ref" in node:
            yield from _flat(document, (document.resolve(node)[0],), seen)
        for union in _UNIONS:
            yield from _flat(document, tuple(node.get(union, ())), seen)


class Described:
    """The places where a provider's requests and answers begin; each is put together once."""

    def __init__(self, provider: Provider) -> None:
        self._document = provider.document
        self.unknown = SchemaLocation(self._document)
        self._places: dict[tuple[str, str], SchemaLocation] = {}

    def request(self, operation: Operation | None) -> SchemaLocation:
        """The body of an operation's requests, whatever its content type."""
        if operation is None:
            return self.unknown
        pointers = [media.pointer for media in operation.bodies if media.pointer is not None]
        return self._place((operation.id, "request"), pointers)

    def answer(self, operation: Operation | None, status: int) -> SchemaLocation:
        """The body of an operation's answers; for a status that is not documented, of all of its kind."""
        if operation is None:
            return self.unknown
        key = str(status) if str(status) in operation.responses else str(status)[0]
        media = [entry for name, one in operation.responses.items() if name.startswith(key) for entry in one.media]
        return self._place((operation.id, key), [entry.pointer for entry in media if entry.pointer is not None])

    def event(self, operation: Operation | None, status: int) -> SchemaLocation:
        """The data of an event in an operation's stream."""
        pointer = event_pointer(self._document, operation, status)
        return self.unknown if pointer is None else self._place((pointer, ""), [pointer])

    def parameter(self, operation: Operation | None, name: str, location: str) -> SchemaLocation:
        """A parameter of the path or the query."""
        for entry in operation.parameters if operation is not None else ():
            if (entry.name, entry.location) == (name, location):
                return self._place((entry.pointer, ""), [entry.pointer])
        return self.unknown

    def _place(self, key: tuple[str, str], pointers: list[str]) -> SchemaLocation:
        found = self._places.get(key)
        if found is None:
            nodes = tuple(self._document.at(pointer) for pointer in dict.fromkeys(pointers))
            found = self._places[key] = SchemaLocation(self._document, nodes)
        return found


@cache
def described(provider: Provider) -> Described:
    """The places of a provider's document."""
    return Described(provider)


def text_prefixes(provider: Provider) -> tuple[str, ...]:
    """What ids and credentials begin with, by the document's patterns and lifecycle.yaml; the longest first."""
    lifecycle = provider.lifecycle
    found = {form.prefix for form in lifecycle.ids.values() if form.prefix}
    found.update(text[1] for text in map(_PREFIX.match, _values(provider.document.raw, "pattern")) if text)
    for credential in lifecycle.credentials.values():
        for value in credential.headers.values():
            known = re.match(r"(?:[a-z]{1,4}_)+(?=[a-z]+$)", value.rpartition(" ")[2])
            found.update([known[0]] if known else [])
    return tuple(sorted(found, key=len, reverse=True))


def _values(node: Any, key: str) -> Iterator[Any]:
    """What stands under a key, anywhere."""
    if isinstance(node, Mapping):
        for name, value in node.items():
            if name == key and isinstance(value, (str, Mapping)):
                yield value
            yield from _values(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from _values(value, key)
