"""Multipart forms as the objects that a document describes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from specimen.specs import Document
from specimen.specs.loading.parameters import typed

_BOUNDARY = re.compile(r'^multipart/form-data.*boundary="?([^";,]+)', re.IGNORECASE)
_NAME = re.compile(r'[;\s]name="([^"\r\n]*)"')


class Part(NamedTuple):
    """A part of a form; a file is not read."""

    name: str
    text: str
    is_file: bool


def is_form(content_type: str, body: bytes) -> bool:
    """Whether a body has the boundary that its content type names; a recording may hold its size only."""
    boundary = _BOUNDARY.search(content_type)
    return boundary is not None and b"--" + boundary[1].encode("latin-1", "replace") in body


def parts(content_type: str, body: bytes) -> Iterator[Part]:
    """The named parts of a form (RFC 7578), in their order; what cannot be read is left out."""
    boundary = _BOUNDARY.search(content_type)
    for part in body.split(b"--" + boundary[1].encode("latin-1", "replace"))[1:] if boundary else ():
        head, _, data = part.partition(b"\r\n\r\n")
        shown = head.decode("latin-1")
        name = _NAME.search(shown)
        if name:
            yield Part(name[1], data.removesuffix(b"\r\n").decode("utf-8", "replace"), "filename" in shown)


def value(content_type: str, body: bytes, schema: Mapping[str, Any], document: Document) -> dict[str, Any]:
    """The object that a form stands for: files as a text, repeated names as arrays where the schema has one."""
    found: dict[str, Any] = {}
    for part in parts(content_type, body):
        wanted = document.resolve(schema.get("properties", {}).get(part.name, {}))[0]
        is_array = wanted.get("type") == "array"
        items = document.resolve(wanted.get("items", {}))[0] if is_array else wanted
        # What Python clients send for a boolean in a form.
        text = {"True": "true", "False": "false"}.get(part.text, part.text) if items.get("type") == "boolean" else part.text
        shown = "a file" if part.is_file else typed(text, items)
        if is_array:
            found.setdefault(part.name, []).append(shown)
        else:
            found[part.name] = shown
    return found
