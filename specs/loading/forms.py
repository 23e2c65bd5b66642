"""Converts multipart forms to the objects that a document describes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from specimen.specs.core.multipart import FormPart
from specimen.specs.loading.openapi import Document
from specimen.specs.loading.parameters import typed


def form_value(parts: Iterable[FormPart], schema: Mapping[str, Any], document: Document) -> dict[str, Any]:
    """The object that a form encodes: files as their names, repeated names as arrays where the schema has one."""
    found: dict[str, Any] = {}
    for part in parts:
        wanted = document.resolve(schema.get("properties", {}).get(part.name, {}))[0]
        is_array = wanted.get("type") == "array"
        items = document.resolve(wanted.get("items", {}))[0] if is_array else wanted
        # Python clients send a boolean in a form like this.
        text = {"True": "true", "False": "false"}.get(part.text, part.text) if items.get("type") == "boolean" else part.text
        value = part.filename if part.filename is not None else typed(text, items)
        if is_array:
            found.setdefault(part.name, []).append(value)
        else:
            found[part.name] = value
    return found
