"""Whether a document is OpenAPI 3.1: the specification's own JSON Schema, and JSON Schema's for the schemas in it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema_rs

from specimen import vendor
from specimen.specs.core.json_pointer import escape

_LONGEST = 300


def mistake(raw: Any) -> str | None:
    """Where and why a value is no OpenAPI 3.1 document, in one line; None where it is one."""
    found = [(error.instance_path, error.message) for error in _validator().iter_errors(raw)]
    # A value that is wrong makes all that holds it wrong; the innermost says why.
    path, message = max(found, key=lambda each: len(each[0]), default=((), ""))
    if not message:
        return None
    place = "".join(f"/{escape(str(part))}" for part in path)
    what = message.partition("\n")[0][:_LONGEST]
    return f"{place}: {what}" if place else what


@cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    document = json.loads((vendor.FOLDER / "openapi-3.1" / "schema.json").read_text(encoding="utf-8"))
    # The specification leaves the dialect of schemas open; the outermost `meta` decides which it is.
    dialect = {"$dynamicAnchor": "meta", "$ref": "https://json-schema.org/draft/2020-12/schema"}
    schema = {"$id": "urn:specimen:openapi-3.1", "$ref": document["$id"], "$defs": {"schema": dialect}}
    registry = jsonschema_rs.Registry([(document["$id"], document)], draft=jsonschema_rs.Draft202012)
    return jsonschema_rs.Draft202012Validator(schema, registry=registry)
