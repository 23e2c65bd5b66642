"""Documents brought down to OpenAPI 3.0: valid there, never stricter, and honest about what is lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV30SpecValidator

from specimen import specs
from specimen.mockserver.routing.openapi30 import downgrade, schema

KEYWORDS_OF_31 = {"if", "then", "else", "const", "patternProperties", "propertyNames", "contains", "webhooks", "prefixItems"}


def keys(node: Any) -> Iterator[str]:
    """All keys of a document."""
    if isinstance(node, dict):
        yield from node
        for value in node.values():
            yield from keys(value)
    elif isinstance(node, list):
        for value in node:
            yield from keys(value)


@pytest.mark.parametrize("name", specs.names())
def test_downgrade__is_valid_openapi_30(name: str) -> None:
    """A validator of OpenAPI 3.0 takes the document, and no keyword of 3.1 is left."""
    document = downgrade(specs.load(name).document.raw).document
    assert document["openapi"] == "3.0.3"
    assert not KEYWORDS_OF_31 & set(keys(document))
    assert [error.message for error in OpenAPIV30SpecValidator(document).iter_errors()] == []


def test_downgrade__lists_what_is_lost() -> None:
    """Place and keyword of each, the checks told apart from the rest."""
    given = {
        "openapi": "3.1.0",
        "info": {"title": "A", "version": "1", "summary": "a"},
        "webhooks": {},
        "paths": {"/a": {"get": {"responses": {"200": {"description": "a", "content": {"application/json": {
            "examples": {}, "schema": {"type": "object", "propertyNames": {"pattern": "a"}, "x-mark": 1}}}}}}}},
    }  # fmt: skip
    found = downgrade(given)
    place = "/paths/~1a/get/responses/200/content/application~1json"
    assert [(loss.pointer, loss.keyword) for loss in found.lost] == [
        ("/webhooks", "webhooks"),
        (f"{place}/examples", "examples"),
        (f"{place}/schema/propertyNames", "propertyNames"),
        ("/info/summary", "summary"),
    ]
    assert [loss.keyword for loss in found.lost_checks] == ["propertyNames"]
    assert "x-mark" not in set(keys(found.document))


A = {"$ref": "#/components/schemas/A"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        ({"type": "null"}, {"enum": [None], "nullable": True}),
        ({"type": ["string", "integer"]}, {"allOf": [{"anyOf": [{"type": "string"}, {"type": "integer"}]}]}),
        ({"const": 1}, {"enum": [1]}),
        ({"exclusiveMinimum": 0}, {"minimum": 0, "exclusiveMinimum": True}),
        ({"exclusiveMinimum": 0, "minimum": 5}, {"minimum": 5}),
        ({"exclusiveMaximum": 9, "maximum": 9}, {"maximum": 9, "exclusiveMaximum": True}),
        ({**A, "title": "B"}, A),
        ({**A, "minLength": 1}, {"allOf": [A, {"minLength": 1}]}),
        ({"properties": {"const": {"type": "array"}}}, {"properties": {"const": {"type": "array", "items": {}}}}),
        ({"anyOf": [{"contains": {}}, {"type": "string"}]}, {}),
        ({"oneOf": [{"type": "array", "contains": {}}, {"type": "string"}]},
         {"anyOf": [{"type": "array", "items": {}}, {"type": "string"}]}),
        ({"patternProperties": {"a": {}}, "additionalProperties": False}, {}),
        ({"not": {"contains": {}}}, {}),
        ({"not": {"type": "string"}}, {"not": {"type": "string"}}),
        ({"if": {"required": ["a"]}, "then": {"required": ["b"]}},
         {"allOf": [{"anyOf": [{"not": {"required": ["a"]}}, {"required": ["b"]}]}]}),
        ({"if": {"contains": {}}, "then": {"required": ["b"]}}, {}),
        ({"if": A, "then": {"required": ["b"]}}, {}),
        (False, {"not": {}}),
    ],
)  # fmt: skip
def test_schema__in_the_words_of_30(given: Any, expected: dict[str, Any]) -> None:
    """What 3.0 can say is said in its dialect; what it cannot is left out."""
    assert schema(given) == expected


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["", "a", "ab"]))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=6
)
LEAVES = st.one_of(
    st.booleans(),
    st.builds(lambda kind: {"type": kind}, st.sampled_from(["string", "integer", "object", "array", "null", "boolean"])),
    st.builds(lambda kinds: {"type": kinds}, st.lists(st.sampled_from(["string", "integer", "null"]), min_size=1, unique=True)),
    st.builds(lambda value: {"const": value}, SCALARS),
    st.builds(lambda name, number: {name: number}, st.sampled_from(
        ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]), st.integers(-2, 2)),
    st.builds(lambda name: {"required": [name]}, st.sampled_from("abc")),
)  # fmt: skip


def _larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    members = st.lists(inner, min_size=1, max_size=2)
    names = st.sampled_from("abc")
    return st.one_of(
        st.builds(lambda key, value: {key: value}, st.sampled_from(["allOf", "anyOf", "oneOf"]), members),
        st.builds(lambda key, value: {key: value}, st.sampled_from(["not", "contains", "propertyNames", "items"]), inner),
        st.builds(lambda one, two, three: {"if": one, "then": two, "else": three}, inner, inner, inner),
        st.builds(lambda name, value: {"properties": {name: value}}, names, inner),
        st.builds(lambda value, rest: {"patternProperties": {"^a": value}, "additionalProperties": rest}, inner, inner),
        st.builds(lambda one, two: {**one, **two} if isinstance(one, dict) and isinstance(two, dict) else one, inner, inner),
    )


def as_draft4(node: Any) -> Any:
    """A schema of OpenAPI 3.0 in JSON Schema Draft 4, as Connexion reads it: `nullable` beside `type` and `enum`."""
    if isinstance(node, list):
        return [as_draft4(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: value if key in ("enum", "required") else as_draft4(value) for key, value in node.items() if key != "nullable"}
    if node.get("nullable"):
        if "type" in found:
            found["type"] = [found["type"], "null"]
        if "enum" in found:
            found["enum"] = [*found["enum"], None]
    return found


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(st.recursive(LEAVES, _larger, max_leaves=6), st.lists(VALUES, min_size=1, max_size=8))
def test_schema__never_refuses_what_the_original_takes(original: Any, values: list[Any]) -> None:
    """The result is weaker or the same, and the same where no check is lost."""
    whole = downgrade({"openapi": "3.1.0", "info": {}, "components": {"schemas": {"A": original}}})
    before = jsonschema_rs.Draft202012Validator(original)
    after = jsonschema_rs.Draft4Validator(as_draft4(whole.document["components"]["schemas"]["A"]))
    for value in values:
        if before.is_valid(value):
            assert after.is_valid(value)
        elif not whole.lost_checks:
            assert not after.is_valid(value)
