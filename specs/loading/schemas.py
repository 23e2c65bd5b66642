"""Compiled validators for the schemas of a document, and the strict overlay for the mock's own answers."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs

from specimen.specs.core.json_pointer import unescape
from specimen.specs.loading.openapi import Document

_DOCUMENT_URI = "urn:specimen:document"
# Under these a closed schema would suppress the rule beside it.
_NEVER_CLOSED = frozenset({"if", "then", "else", "not"})


class Schemas:
    """The validators of one document, each compiled once: JSON Schema 2020-12, formats on.

    `strict` closes every schema marked `x-closed: true`. The contract is open (a vendor may add a field at any time);
    the mock's own answers are closed.
    """

    def __init__(self, document: Document, *, strict: bool = False) -> None:
        self.document = document
        self.raw: Mapping[str, Any] = closed(document.raw) if strict else document.raw
        self._registry = jsonschema_rs.Registry([(_DOCUMENT_URI, dict(self.raw))], draft=jsonschema_rs.Draft202012)
        self._compiled: dict[str, jsonschema_rs.Draft202012Validator] = {}

    def validator(self, pointer: str) -> jsonschema_rs.Draft202012Validator:
        """The validator of the schema at a JSON pointer of the document."""
        found = self._compiled.get(pointer)
        if found is None:
            found = self._compiled[pointer] = self.compiled(self.reference(pointer))
        return found

    def reference(self, pointer: str) -> dict[str, str]:
        """A schema that is the one at a JSON pointer of the document, for `compiled`."""
        fragment = pointer.replace("%", "%25").replace("{", "%7B").replace("}", "%7D")
        return {"$ref": f"{_DOCUMENT_URI}#{fragment}"}

    def compiled(self, schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
        """The validator of a schema that is not in the document, and may refer to it."""
        return jsonschema_rs.Draft202012Validator(dict(schema), registry=self._registry, validate_formats=True)

    def rule_node(self, error: jsonschema_rs.ValidationError) -> Mapping[str, Any] | None:
        """The rule that a validation error broke (`title: KAY-004 …`), read from the failing schema's path.

        Several schemas may state one rule, each with its own mark.
        """
        node: Any = self.raw
        found = None
        for part in _parts(error.absolute_keyword_location or ""):
            node = node[int(part)] if isinstance(node, list) else node.get(part, {})
            if isinstance(node, Mapping) and is_rule(node):
                found = node
        return found

    def at_location(self, location: str) -> Any:
        """What stands at the location of a keyword, as a validation error has it."""
        node: Any = self.raw
        for part in _parts(location):
            node = node[int(part)] if isinstance(node, list) else node.get(part, {})
        return node

    def rule_title(self, error: jsonschema_rs.ValidationError) -> str | None:
        """The title of the rule that a validation error broke."""
        found = self.rule_node(error)
        return None if found is None else found["title"]


def is_rule(node: Mapping[str, Any]) -> bool:
    """Whether a schema is a named rule: its title begins with an id of three capitals and three digits."""
    title = node.get("title")
    return (
        isinstance(title, str)
        and len(title) > 8
        and title[:3].isupper()
        and title[3] == "-"
        and title[4:7].isdigit()
        and title[7] == " "
    )


def rules(raw: Any) -> Iterator[Mapping[str, Any]]:
    """Every named rule in a document, in its order."""
    if isinstance(raw, Mapping):
        if is_rule(raw):
            yield raw
        for value in raw.values():
            yield from rules(value)
    elif isinstance(raw, list):
        for value in raw:
            yield from rules(value)


def closed(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a document in which schemas marked `x-closed: true` allow no further fields."""
    document: dict[str, Any] = copy.deepcopy(dict(raw))
    _close(document)
    return document


def _close(node: Any) -> None:
    if isinstance(node, list):
        for item in node:
            _close(item)
        return
    if not isinstance(node, dict) or is_rule(node):
        return
    if node.get("x-closed") is True and "unevaluatedProperties" not in node:
        node["unevaluatedProperties"] = False
    for key, value in node.items():
        if key not in _NEVER_CLOSED and key not in ("examples", "example", "enum", "const"):
            _close(value)


def _parts(location: str) -> Iterator[str]:
    fragment = location.partition("#")[2].replace("%7B", "{").replace("%7D", "}").replace("%25", "%")
    for part in fragment.split("/")[1:]:
        yield unescape(part)
